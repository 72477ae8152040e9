//! Values between pixels.

use crate::kernel::{LANCZOS_STEP, lanczos_table};

use super::{Interpolation, Points, SIDE_BY_SIDE, polynomial};

/// An image as a slice.
pub(super) struct Image<'a> {
    pixels: &'a [f32],
    columns: usize,
}

impl<'a> Image<'a> {
    pub(super) fn new(pixels: &'a [f32], columns: usize) -> Self {
        Self { pixels, columns }
    }

    pub(super) fn columns(&self) -> usize {
        self.columns
    }

    pub(super) fn rows(&self) -> usize {
        self.pixels.len() / self.columns
    }

    #[inline(always)]
    pub(super) fn at(&self, column: i64, row: i64) -> f32 {
        self.pixels[row as usize * self.columns + column as usize]
    }
}

/// Pixels on each side of a sinc.
const SINC_HALF: i64 = 7;
/// Offsets from a pixel below which a sinc takes its value.
const SINC_AT_PIXEL: f32 = 0.001;

/// An interpolation with what it prepares once.
pub(super) enum Sampler {
    Nearest,
    Linear,
    Poly3,
    Poly5,
    Sinc { scale: f32 },
    Lanczos { order: u8, table: Vec<f64> },
}

impl Sampler {
    pub(super) fn new(interpolation: Interpolation, sinc_scale: f32) -> Self {
        let lanczos = |order: u8| Self::Lanczos {
            order,
            table: lanczos_table(order),
        };
        match interpolation {
            Interpolation::Nearest => Self::Nearest,
            Interpolation::Linear => Self::Linear,
            Interpolation::Poly3 => Self::Poly3,
            Interpolation::Poly5 => Self::Poly5,
            Interpolation::Sinc => Self::Sinc { scale: sinc_scale },
            Interpolation::Lanczos3 => lanczos(3),
            Interpolation::Lanczos5 => lanczos(5),
        }
    }

    /// The value at a point, which must lie on the image.
    pub(super) fn sample(&self, image: &Image<'_>, x: f32, y: f32) -> f32 {
        match self {
            Self::Nearest => nearest(image, x, y),
            Self::Linear => linear(image, x, y),
            Self::Poly3 => polynomial::interpolate::<4>(image, x, y),
            Self::Poly5 => polynomial::interpolate::<6>(image, x, y),
            Self::Sinc { scale } => sinc(image, x, y, *scale),
            Self::Lanczos { order, table } => lanczos(image, x, y, i64::from(*order), table),
        }
    }
}

/// The nearest pixel; beyond the centre of the last one, that one.
fn nearest(image: &Image<'_>, x: f32, y: f32) -> f32 {
    let whole = |x: f32, count: usize| ((f64::from(x) + 0.5) as i64).min(count as i64 - 1);
    image.at(whole(x, image.columns()), whole(y, image.rows()))
}

/// Bilinear; beyond the centres of the last row or column, along that only.
#[inline(always)]
pub(super) fn linear(image: &Image<'_>, x: f32, y: f32) -> f32 {
    let (column, row) = (x as i64, y as i64);
    let (right, up) = (x - column as f32, y - row as f32);
    let (left, down) = (1.0 - right, 1.0 - up);
    let pair = |row: i64| {
        let is_last = column + 1 == image.columns as i64;
        let from = row as usize * image.columns + column as usize;
        let pair = image.pixels.get(from..)?.first_chunk::<2>();
        pair.filter(|_| !is_last)
    };
    match (pair(row), pair(row + 1)) {
        (Some(low), Some(high)) => {
            left * down * low[0]
                + right * down * low[1]
                + up * left * high[0]
                + right * up * high[1]
        }
        (Some(low), None) => left * low[0] + right * low[1],
        (None, _) if row + 1 == image.rows() as i64 => image.at(column, row),
        (None, _) => down * image.at(column, row) + up * image.at(column, row + 1),
    }
}

/// As [`linear`] for several points, if all of them have pixels on all sides; with the same bits.
#[inline(always)]
pub(super) fn linear_inside(image: &Image<'_>, x: &Points, y: &Points) -> Option<Points> {
    let (width, height) = (image.columns - 1, image.rows() - 1);
    if width.max(height) >= MOST_WHOLE {
        return None;
    }
    let (width, height) = (width as f32, height as f32);
    let mut are_inside = true;
    for (x, y) in x.iter().zip(y) {
        are_inside &= *x >= 0.0 && *x < width && *y >= 0.0 && *y < height;
    }
    if !are_inside {
        return None;
    }
    let ((columns, right), (rows, up)) = (split(x), split(y));
    let mut corners = [[0.0; SIDE_BY_SIDE]; 4];
    for k in 0..SIDE_BY_SIDE {
        let from = rows[k] as usize * image.columns + columns[k] as usize;
        let low = image.pixels.get(from..)?.first_chunk::<2>()?;
        let high = image
            .pixels
            .get(from + image.columns..)?
            .first_chunk::<2>()?;
        (corners[0][k], corners[1][k]) = (low[0], low[1]);
        (corners[2][k], corners[3][k]) = (high[0], high[1]);
    }
    let mut values = [0.0; SIDE_BY_SIDE];
    for (k, value) in values.iter_mut().enumerate() {
        let (right, up) = (right[k], up[k]);
        let (left, down) = (1.0 - right, 1.0 - up);
        *value = left * down * corners[0][k]
            + right * down * corners[1][k]
            + up * left * corners[2][k]
            + right * up * corners[3][k];
    }
    Some(values)
}

/// A number of 32 bits with this one added has no bits left for fractions.
const NO_FRACTION: f32 = (1 << 23) as f32;

/// Whole numbers below this one can be told by [`NO_FRACTION`].
const MOST_WHOLE: usize = 1 << 22;

/// The whole parts and the fractions of numbers from 0 to [`MOST_WHOLE`], without conversions, of which the compiler makes no
/// vector instructions.
#[inline(always)]
fn split(numbers: &Points) -> ([u32; SIDE_BY_SIDE], Points) {
    let (mut wholes, mut fractions) = ([0; SIDE_BY_SIDE], [0.0; SIDE_BY_SIDE]);
    for (k, number) in numbers.iter().enumerate() {
        let nearest = (number + NO_FRACTION) - NO_FRACTION;
        let whole = nearest - if nearest > *number { 1.0 } else { 0.0 };
        wholes[k] = (whole + NO_FRACTION).to_bits() - NO_FRACTION.to_bits();
        fractions[k] = number - whole;
    }
    (wholes, fractions)
}

/// A Lanczos function of the distances along both axes.
fn lanczos(image: &Image<'_>, x: f32, y: f32, order: i64, table: &[f64]) -> f32 {
    let extent = |x: f32, count: usize| {
        let (low, high) = ((x - order as f32).floor(), (x + order as f32).floor());
        (low as i64 + 1).max(0)..=(high as i64).min(count as i64 - 1)
    };
    let value = |x: f32, cell: i64| {
        let step = ((f64::from(x) - cell as f64) / LANCZOS_STEP).abs() as usize;
        table.get(step).copied()
    };
    let mut sum = 0.0_f64;
    for row in extent(y, image.rows()) {
        let Some(along_y) = value(y, row) else {
            continue;
        };
        for column in extent(x, image.columns()) {
            if let Some(along_x) = value(x, column) {
                sum += f64::from(image.at(column, row)) * along_x * along_y;
            }
        }
    }
    sum as f32
}

/// A tapered sinc along both axes, normalised; pixels on the edge are repeated outwards.
fn sinc(image: &Image<'_>, x: f32, y: f32, scale: f32) -> f32 {
    let (column, row) = (f64::from(x).round() as i64, f64::from(y).round() as i64);
    let (rows, columns) = (image.rows() as i64, image.columns() as i64);
    if column >= columns || row >= rows {
        return 0.0;
    }
    let dx = (x - column as f32) * scale;
    let dy = (y - row as f32) * scale;
    if dx.abs() < SINC_AT_PIXEL && dy.abs() < SINC_AT_PIXEL {
        return image.at(column, row);
    }
    let (along_x, along_y) = (sinc_weights(dx), sinc_weights(dy));
    let mut sum = 0.0_f32;
    for (k, weight_y) in along_y.iter().enumerate() {
        let row = (row + k as i64 - SINC_HALF).clamp(0, rows - 1);
        let line: f32 = along_x
            .iter()
            .enumerate()
            .map(|(k, weight_x)| {
                let column = (column + k as i64 - SINC_HALF).clamp(0, columns - 1);
                weight_x * image.at(column, row)
            })
            .sum();
        sum += weight_y * line;
    }
    sum / along_x.iter().sum::<f32>() / along_y.iter().sum::<f32>()
}

/// Weights of the pixels from 7 before to 7 behind the nearest, for a point `offset` behind it.
fn sinc_weights(offset: f32) -> [f32; 2 * SINC_HALF as usize + 1] {
    let step = (std::f32::consts::FRAC_PI_2 / SINC_HALF as f32).powi(2);
    std::array::from_fn(|k| {
        let place = k as i64 - SINC_HALF;
        let distance = offset - place as f32;
        if distance == 0.0 {
            return 1.0;
        }
        if offset == 0.0 {
            return 0.0;
        }
        // A polynomial close to the squared cosine that falls to zero at the ends.
        let squared = step * (place * place) as f32;
        let cosine = 1.0 - 0.496_70 * squared + 0.037_05 * squared * squared;
        let sign = if place % 2 == 0 { 1.0 } else { -1.0 };
        sign * cosine * cosine / distance
    })
}
