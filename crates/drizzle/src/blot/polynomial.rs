//! Polynomials through the pixels around a point.

use super::sampling::Image;

/// Central differences of the values on both sides of a gap, and the value in it (Everett's formula) to an order of 3
/// (four values) or 5 (six values). `s` is the position in the gap, 0 to 1.
fn everett<const N: usize>(v: [f32; N], s: f32) -> f32 {
    let (low, high) = (N / 2 - 1, N / 2);
    let second = |k: usize| 1.0 / 6.0 * (v[k + 1] - 2.0 * v[k] + v[k - 1]);
    let fourth = |k: usize| {
        1.0 / 120.0 * (v[k - 2] - 4.0 * v[k - 1] + 6.0 * v[k] - 4.0 * v[k + 1] + v[k + 2])
    };
    let side = |k: usize, s: f32| {
        let s2 = s * s;
        let bend = if N == 4 {
            second(k)
        } else {
            second(k) + (s2 - 4.0) * fourth(k)
        };
        s * (v[k] + (s2 - 1.0) * bend)
    };
    side(high, s) + side(low, 1.0 - s)
}

/// Values around a point, reflected at the sides of the image through the pixels on its edge.
fn neighbourhood<const N: usize>(image: &Image<'_>, column: i64, row: i64) -> [[f32; N]; N] {
    let before = N as i64 / 2 - 1;
    let (rows, columns) = (image.rows() as i64, image.columns() as i64);
    let line = |row: i64| {
        std::array::from_fn(|k| {
            let column = column - before + k as i64;
            if column < 0 {
                2.0 * image.at(0, row) - image.at(-column, row)
            } else if column >= columns {
                2.0 * image.at(columns - 1, row) - image.at(2 * columns - 2 - column, row)
            } else {
                image.at(column, row)
            }
        })
    };
    let reflected = |edge: [f32; N], inside: [f32; N]| -> [f32; N] {
        std::array::from_fn(|k| edge[k] * 2.0 - inside[k])
    };
    std::array::from_fn(|k| {
        let row = row - before + k as i64;
        if row < 0 {
            reflected(line(0), line(-row))
        } else if row < rows {
            line(row)
        } else if N == 6 && k == 5 {
            // Parity: drizzle 2.2.0 src/cdrizzleblot.c interpolate_poly5 leaves the sixth row unreflected, as the fourth
            // row from the top of the image.
            line(rows - 4)
        } else {
            reflected(line(rows - 1), line(2 * rows - 2 - row))
        }
    })
}

/// The polynomial of `N - 1` order in both directions.
pub(super) fn interpolate<const N: usize>(image: &Image<'_>, x: f32, y: f32) -> f32 {
    let (column, row) = (x as i64, y as i64);
    let pixels = neighbourhood::<N>(image, column, row);
    // Positions are counted from the first pixel of the neighbourhood, which costs some of their bits.
    let offset = (N / 2) as f32;
    let part = |x: f32, whole: i64| (offset + (x - whole as f32)) - offset;
    let (sx, sy) = (part(x, column), part(y, row));
    everett(pixels.map(|line| everett(line, sx)), sy)
}
