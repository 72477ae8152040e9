//! Directions as angles and as vectors, many at once.
//!
//! Sines, cosines and arc tangents are computed for [`LANES`] points side by side and without branches, so that the
//! compiler makes vector instructions of them. They are exact to one or two units in the last place.
//!
//! # Source
//! Polynomials and argument reduction of Moshier's Cephes library, `sin.c` and `atan.c`.

use std::f64::consts::{FRAC_2_PI, FRAC_PI_2, FRAC_PI_4, PI};

use super::vectorised;

/// Points that are computed side by side.
const LANES: usize = 32;
type Lanes = [f64; LANES];

/// A model that takes or gives directions on a sphere, longitude and latitude \[deg\]. Between two such models vectors
/// (x, y, z) of any length, x at the longitude 0 and z at the pole, spare the angles.
pub trait Directional {
    /// Whether its inputs are a direction.
    fn takes(&self) -> bool;

    /// Whether its outputs are a direction.
    fn gives(&self) -> bool;

    /// As [`super::Model::evaluate`], with three lists for a vector in place of two for the angles where asked for.
    fn evaluate_vectors(&self, vectors: Vectors, inputs: &[&[f64]], outputs: &mut [&mut [f64]]);
}

/// Which sides of a model are vectors in place of angles.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Vectors {
    /// The inputs.
    pub taken: bool,
    /// The outputs.
    pub given: bool,
}

/// Longitudes begin again at 180° or at 360°.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Circle {
    Half,
    Full,
}

/// Applies a function of vectors to directions: angles or vectors on either side.
pub(super) fn transform_directions(
    vectors: Vectors,
    circle: Circle,
    inputs: &[&[f64]],
    outputs: &mut [&mut [f64]],
    function: impl Fn([Lanes; 3]) -> [Lanes; 3],
) {
    vectorised(
        #[inline(always)]
        || transform_lanes(vectors, circle, inputs, outputs, &function),
    );
}

#[inline(always)]
fn transform_lanes(
    vectors: Vectors,
    circle: Circle,
    inputs: &[&[f64]],
    outputs: &mut [&mut [f64]],
    function: &impl Fn([Lanes; 3]) -> [Lanes; 3],
) {
    let count = outputs.first().map_or(0, |output| output.len());
    for start in (0..count).step_by(LANES) {
        let end = count.min(start + LANES);
        let load = |list: &[f64]| super::load(&list[start..end]);
        let vector = match (vectors.taken, inputs) {
            (true, [x, y, z, ..]) => [load(x), load(y), load(z)],
            (_, [lon, lat, ..]) => vector_lanes(load(lon), load(lat)),
            _ => return,
        };
        let vector = function(vector);
        let mut store = |number: usize, lanes: &Lanes| {
            super::store(lanes, &mut outputs[number][start..end]);
        };
        if vectors.given {
            for (number, lanes) in vector.iter().enumerate() {
                store(number, lanes);
            }
        } else {
            let [lon, lat] = angle_lanes(vector, circle);
            store(0, &lon);
            store(1, &lat);
        }
    }
}

/// The product of a matrix and vectors.
#[inline(always)]
pub(super) fn rotated(matrix: &[[f64; 3]; 3], [x, y, z]: [Lanes; 3]) -> [Lanes; 3] {
    matrix.map(|[a, b, c]| std::array::from_fn(|k| a * x[k] + b * y[k] + c * z[k]))
}

/// Vectors of the length 1.
#[inline(always)]
pub(super) fn normalized([x, y, z]: [Lanes; 3]) -> [Lanes; 3] {
    let length: Lanes = std::array::from_fn(|k| (x[k] * x[k] + y[k] * y[k] + z[k] * z[k]).sqrt());
    [x, y, z].map(|list| std::array::from_fn(|k| list[k] / length[k]))
}

/// Unit vectors of directions \[deg\].
#[inline(always)]
fn vector_lanes(lon: Lanes, lat: Lanes) -> [Lanes; 3] {
    let (sin_lon, cos_lon) = sin_cos_lanes(lon.map(f64::to_radians));
    let (sin_lat, cos_lat) = sin_cos_lanes(lat.map(f64::to_radians));
    [
        std::array::from_fn(|k| cos_lat[k] * cos_lon[k]),
        std::array::from_fn(|k| cos_lat[k] * sin_lon[k]),
        sin_lat,
    ]
}

/// Directions \[deg\] of vectors.
#[inline(always)]
fn angle_lanes([x, y, z]: [Lanes; 3], circle: Circle) -> [Lanes; 2] {
    let across: Lanes = std::array::from_fn(|k| (x[k] * x[k] + y[k] * y[k]).sqrt());
    let mut lon = arc_tangent_lanes(y, x).map(f64::to_degrees);
    if circle == Circle::Full {
        for lon in &mut lon {
            *lon += if *lon < 0.0 { 360.0 } else { 0.0 };
        }
    }
    [lon, arc_tangent_lanes(z, across).map(f64::to_degrees)]
}

/// Angles \[rad\] of the vectors (x, y), as `atan2`.
#[inline(always)]
fn arc_tangent_lanes(y: Lanes, x: Lanes) -> Lanes {
    const P: [f64; 5] = [
        -8.750_608_600_031_904e-1,
        -1.615_753_718_733_365_2e1,
        -7.500_855_792_314_705e1,
        -1.228_866_684_490_136_1e2,
        -6.485_021_904_942_025e1,
    ];
    /// The first coefficient is 1.
    const Q: [f64; 5] = [
        2.485_846_490_142_306_3e1,
        1.650_270_098_316_988_6e2,
        4.328_810_604_912_903e2,
        4.853_903_996_359_137e2,
        1.945_506_571_482_614e2,
    ];
    /// The tangent of π/8.
    const EIGHTH: f64 = 0.414_213_562_373_095_03;
    let mut angles = [0.0; LANES];
    for ((found, x), y) in angles.iter_mut().zip(&x).zip(&y) {
        let (x_size, y_size) = (x.abs(), y.abs());
        let steep = y_size > x_size;
        let (low, high) = if steep {
            (x_size, y_size)
        } else {
            (y_size, x_size)
        };
        // Below π/8 the angle itself, above its distance from π/4.
        let upper = low > EIGHTH * high;
        let (above, below) = if upper {
            (low - high, low + high)
        } else {
            (low, high)
        };
        let tangent = above / if below == 0.0 { 1.0 } else { below };
        let square = tangent * tangent;
        let over = (((P[0] * square + P[1]) * square + P[2]) * square + P[3]) * square + P[4];
        let under =
            ((((square + Q[0]) * square + Q[1]) * square + Q[2]) * square + Q[3]) * square + Q[4];
        let angle = tangent * (square * over / under) + tangent;
        let angle = angle + if upper { FRAC_PI_4 } else { 0.0 };
        let angle = if steep { FRAC_PI_2 - angle } else { angle };
        let angle = if x.is_sign_negative() {
            PI - angle
        } else {
            angle
        };
        *found = angle.copysign(*y);
    }
    angles
}

/// Sines and cosines of angles \[rad\].
#[inline(always)]
fn sin_cos_lanes(angle: Lanes) -> (Lanes, Lanes) {
    /// Beyond, the reduction to a quadrant loses digits.
    const LARGEST: f64 = 1e5;
    /// Up to here, a little below π/4, there is nothing to reduce.
    const SMALL: f64 = 0.78;
    /// Half of π in three parts, the first two with trailing zeros so that multiples are exact.
    const PARTS: [f64; 3] = [
        2.0 * 7.853_981_256_484_985e-1,
        2.0 * 3.774_894_707_930_798e-8,
        2.0 * 2.695_151_429_079_059_5e-15,
    ];
    /// A number so large that adding it rounds to an integer, which its last bits then hold.
    const ROUND: f64 = 1.5 * (1_u64 << 52) as f64;
    if !are_below(LARGEST, &angle) {
        let both = angle.map(f64::sin_cos);
        return (both.map(|(sin, _)| sin), both.map(|(_, cos)| cos));
    }
    let (mut sines, mut cosines) = ([0.0; LANES], [0.0; LANES]);
    let places = sines.iter_mut().zip(&mut cosines);
    if are_below(SMALL, &angle) {
        for (angle, (sine, cosine)) in angle.iter().zip(places) {
            (*sine, *cosine) = sin_cos_of_reduced(*angle);
        }
        return (sines, cosines);
    }
    for (angle, (sine_out, cosine_out)) in angle.iter().zip(places) {
        let shifted = angle * FRAC_2_PI + ROUND;
        let quadrant = shifted.to_bits();
        let quarters = shifted - ROUND;
        let rest = ((angle - quarters * PARTS[0]) - quarters * PARTS[1]) - quarters * PARTS[2];
        let (sine, cosine) = sin_cos_of_reduced(rest);
        let (sine, cosine) = if quadrant & 1 == 0 {
            (sine, cosine)
        } else {
            (cosine, sine)
        };
        *sine_out = f64::from_bits(sine.to_bits() ^ ((quadrant & 2) << 62));
        *cosine_out = f64::from_bits(cosine.to_bits() ^ ((quadrant.wrapping_add(1) & 2) << 62));
    }
    (sines, cosines)
}

/// Whether all angles are numbers below a limit, without regard to sign; without a branch for each.
#[inline(always)]
fn are_below(limit: f64, angles: &Lanes) -> bool {
    let below = angles.iter().map(|angle| angle.abs() < limit);
    below.fold(true, |all, below| all & below)
}

/// Sine and cosine of an angle between -π/4 and π/4 \[rad\].
#[inline(always)]
fn sin_cos_of_reduced(angle: f64) -> (f64, f64) {
    const SINE: [f64; 6] = [
        1.589_623_015_765_465_7e-10,
        -2.505_074_776_285_780_7e-8,
        2.755_731_362_138_572_5e-6,
        -1.984_126_982_958_954e-4,
        8.333_333_333_322_118e-3,
        -1.666_666_666_666_663e-1,
    ];
    const COSINE: [f64; 6] = [
        -1.135_853_652_138_768_2e-11,
        2.087_570_084_197_473e-9,
        -2.755_731_417_929_674e-7,
        2.480_158_728_885_170_5e-5,
        -1.388_888_888_887_305_6e-3,
        4.166_666_666_666_659e-2,
    ];
    let square = angle * angle;
    let horner = |c: &[f64; 6]| {
        let low = (c[0] * square + c[1]) * square + c[2];
        ((low * square + c[3]) * square + c[4]) * square + c[5]
    };
    let sine = angle + angle * (square * horner(&SINE));
    let cosine = 1.0 - 0.5 * square + square * square * horner(&COSINE);
    (sine, cosine)
}

#[cfg(test)]
mod tests {
    use super::{LANES, arc_tangent_lanes, sin_cos_lanes};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn as_exact_as_the_library(y in -1e3..1e3_f64, x in -1e3..1e3_f64, scale in -200..200_i32) {
            let x = x * 2.0_f64.powi(scale);
            let found = arc_tangent_lanes([y; LANES], [x; LANES])[LANES - 1];
            let expected = y.atan2(x);
            prop_assert!((found - expected).abs() <= 3e-16 * expected.abs().max(1e-300), "{found} {expected}");
            let (sin, cos) = sin_cos_lanes([y; LANES]);
            prop_assert!((sin[0] - y.sin()).abs() <= 2.3e-16 && (cos[0] - y.cos()).abs() <= 2.3e-16);
        }
    }

    proptest! {
        /// Where all angles are small nothing is reduced; beside a large one they are, with the same result.
        #[test]
        fn small_angles_have_the_same_bits_in_any_company(angle in -0.79..0.79_f64) {
            let (sin, cos) = sin_cos_lanes([angle; LANES]);
            let mut mixed = [angle; LANES];
            mixed[0] = 2.0;
            let (mixed_sin, mixed_cos) = sin_cos_lanes(mixed);
            prop_assert_eq!(sin[1].to_bits(), mixed_sin[1].to_bits());
            prop_assert_eq!(cos[1].to_bits(), mixed_cos[1].to_bits());
        }
    }

    #[test]
    fn special_angles() {
        let values = [0.0, -0.0, 1.0, -1.0, f64::NAN];
        for y in values {
            for x in values {
                let (found, expected) = (arc_tangent_lanes([y; LANES], [x; LANES])[0], y.atan2(x));
                assert!(
                    found.to_bits() == expected.to_bits() || found.is_nan() && expected.is_nan(),
                    "{y} {x}: {found} {expected}"
                );
            }
        }
        let (sin, cos) = sin_cos_lanes([1e9; LANES]);
        assert_eq!((sin[0], cos[0]), 1e9_f64.sin_cos());
        assert!(sin_cos_lanes([f64::NAN; LANES]).0[0].is_nan());
    }
}
