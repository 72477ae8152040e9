//! Sizes of pixels on the sky.

use super::MosaicError;
use crate::wcs::{InvertOptions, Wcs};

/// Side of a pixel \[deg\] at a point of the sky (right ascension, declination \[deg\]): the square root of the product of
/// the distances to the neighbours along x and y. Bounding boxes do not matter.
///
/// # Errors
/// The point has no pixel, or it is no world coordinate system of an image.
pub fn pixel_scale(wcs: &Wcs, sky_deg: [f64; 2]) -> Result<f64, MosaicError> {
    let [lon, lat] = sky_deg;
    let pixel = match wcs.backward() {
        Ok(backward) => backward.evaluate(&[&[lon], &[lat]])?,
        Err(_) => wcs.invert_numerically(&[&[lon], &[lat]], &InvertOptions::default())?,
    };
    let [x, y] = pixel.as_slice() else {
        return Err(MosaicError::NotImaging);
    };
    let (x, y) = (x[0], y[0]);
    // The point may lie beside the image, as the reference point of an aperture does for a subarray.
    let sky = wcs
        .forward()?
        .with_bounding_box(None)?
        .evaluate(&[&[x, x + 1.0, x], &[y, y, y + 1.0]])?;
    let [lon, lat] = sky.as_slice() else {
        return Err(MosaicError::NotImaging);
    };
    let distance = |k: usize| separation_deg([lon[0], lat[0]], [lon[k], lat[k]]);
    Ok((distance(1) * distance(2)).sqrt())
}

/// Angle between two directions (Vincenty's formula) \[deg\].
fn separation_deg(a: [f64; 2], b: [f64; 2]) -> f64 {
    let (sin_d, cos_d) = (b[0] - a[0]).to_radians().sin_cos();
    let (sin_a, cos_a) = a[1].to_radians().sin_cos();
    let (sin_b, cos_b) = b[1].to_radians().sin_cos();
    let across = (cos_b * sin_d).hypot(cos_a * sin_b - sin_a * cos_b * cos_d);
    across
        .atan2(sin_a * sin_b + cos_a * cos_b * cos_d)
        .to_degrees()
}

/// Most pixels between two vertices of an outline.
const LONGEST_STEP: i64 = 15;

/// Mean area of a pixel \[sr\] within the bounding box, or within an image of `shape` rows and columns if there is none:
/// the area of the outline on the sky over the number of pixels in it. The outline shrinks as long as it holds pixels
/// that have no sky coordinates.
///
/// # Errors
/// [`MosaicError::Area`] if no outline with sky coordinates is left.
pub fn mean_pixel_area(wcs: &Wcs, shape: (usize, usize)) -> Result<f64, MosaicError> {
    let (rows, columns) = (shape.0 as f64, shape.1 as f64);
    let limits = match wcs.bounding_box().map(|bbox| bbox.intervals.as_slice()) {
        Some([Some(x), Some(y)]) => [(x.low, x.high), (y.low, y.high)],
        _ => [(-0.5, columns - 0.5), (-0.5, rows - 0.5)],
    };
    let ends = |(low, high): (f64, f64), size: f64| {
        let (low, high) = (low.min(high), low.max(high));
        let last = (size as i64 - 1).min((high - 0.5) as i64);
        (((low + 0.5) as i64).max(0), last)
    };
    let mut x = ends(limits[0], columns);
    let mut y = ends(limits[1], rows);
    let mut side = 0;
    while x.0 < x.1 && y.0 < y.1 {
        let outline = Outline::new(x, y);
        let (px, py): (Vec<f64>, Vec<f64>) = outline.points.iter().copied().unzip();
        let sky = wcs.evaluate(&[&px, &py])?;
        let [lon, lat] = sky.as_slice() else {
            return Err(MosaicError::NotImaging);
        };
        let finite = |side: usize| {
            let range = outline.sides[side].clone();
            let (lon, lat) = (&lon[range.clone()], &lat[range]);
            lon.iter().chain(lat).all(|value| value.is_finite())
        };
        let blind = (0..4).map(|k| (side + k) % 4).find(|&side| !finite(side));
        let Some(blind) = blind else {
            let pixels = (x.1 - x.0) as f64 * (y.1 - y.0) as f64;
            return Ok(sky_area(lon, lat) / pixels);
        };
        match blind {
            0 => y.0 += 1,
            1 => x.1 -= 1,
            2 => y.1 -= 1,
            _ => x.0 += 1,
        }
        side = (blind + 1) % 4;
    }
    Err(MosaicError::Area("no outline with sky coordinates"))
}

/// Points along the outline of a rectangle of pixels, counter-clockwise from the lower left.
struct Outline {
    points: Vec<(f64, f64)>,
    /// Points of the bottom, right, top and left side.
    sides: [std::ops::Range<usize>; 4],
}

impl Outline {
    fn new(x: (i64, i64), y: (i64, i64)) -> Self {
        let steps = |(low, high): (i64, i64)| {
            let size = high - low + 1;
            let step = LONGEST_STEP.min((high - low) / 4);
            let step = if step <= 0 { size } else { step };
            ((size + step - 1) / step).max(1) as usize
        };
        let (nx, ny) = (steps(x), steps(y));
        let between = |from: i64, to: i64, count: usize| {
            let step = (to - from) as f64 / count as f64;
            (0..count).map(move |k| from as f64 + k as f64 * step)
        };
        let (bottom, top) = (y.0 as f64, y.1 as f64);
        let (left, right) = (x.0 as f64, x.1 as f64);
        let points = between(x.0, x.1, nx)
            .map(|x| (x, bottom))
            .chain(between(y.0, y.1, ny).map(|y| (right, y)))
            .chain(between(x.1, x.0, nx).map(|x| (x, top)))
            .chain(between(y.1, y.0, ny).map(|y| (left, y)))
            .collect();
        Self {
            points,
            sides: [
                0..nx,
                nx..nx + ny,
                nx + ny..2 * nx + ny,
                2 * nx + ny..2 * (nx + ny),
            ],
        }
    }
}

/// Area of a polygon on the sphere \[sr\]: the sum of the triangles that its sides make with its first vertex.
///
/// # Source
/// Eriksson 1990, Mathematics Magazine 63, 184 (doi:10.1080/0025570X.1990.11977515), with differences of vectors in the
/// triple product, so that small triangles keep their digits.
fn sky_area(lon_deg: &[f64], lat_deg: &[f64]) -> f64 {
    let vectors: Vec<[f64; 3]> = lon_deg
        .iter()
        .zip(lat_deg)
        .map(|(lon, lat)| {
            let (sin_lon, cos_lon) = lon.to_radians().sin_cos();
            let (sin_lat, cos_lat) = lat.to_radians().sin_cos();
            [cos_lat * cos_lon, cos_lat * sin_lon, sin_lat]
        })
        .collect();
    let dot = |a: [f64; 3], b: [f64; 3]| a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
    let minus = |a: [f64; 3], b: [f64; 3]| [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
    let cross = |a: [f64; 3], b: [f64; 3]| {
        [
            a[1] * b[2] - a[2] * b[1],
            a[2] * b[0] - a[0] * b[2],
            a[0] * b[1] - a[1] * b[0],
        ]
    };
    let Some((&first, others)) = vectors.split_first() else {
        return 0.0;
    };
    let triangles = others.windows(2).map(|pair| {
        let (b, c) = (pair[0], pair[1]);
        let triple = dot(first, cross(minus(b, first), minus(c, first)));
        let denominator = 1.0 + dot(first, b) + dot(b, c) + dot(c, first);
        2.0 * triple.atan2(denominator)
    });
    triangles.sum::<f64>().abs()
}
