//! Linear transforms between matched positions.
//!
//! Positions `u` of an image and `x` of the reference are related by `x = M (u − c) + s + c`, where `c` is the mean of the
//! `u`. The fit makes `Σ w |x − M (u − c) − s − c|²` least; [`Geometry`] says which matrices `M` are allowed.
//!
//! Sums are of double precision over positions relative to their mean. The reference package sums in the extended
//! precision of its processor where it has one; the difference is of the order of the rounding of the positions.

mod solve;
mod statistics;
#[cfg(test)]
mod tests;

use super::TweakregError;

pub use statistics::Scatter;

/// What a fit may adjust.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Geometry {
    /// The shift only.
    Shift,
    /// Shift and rotation.
    ShiftRotation,
    /// Shift, rotation and one scale.
    ShiftRotationScale,
    /// Any matrix: scales and rotations of both axes.
    General,
}

impl Geometry {
    /// The fewest positions that determine it.
    pub fn fewest(self) -> usize {
        match self {
            Self::Shift => 1,
            Self::ShiftRotation | Self::ShiftRotationScale => 2,
            Self::General => 3,
        }
    }

    /// The name that parameters give it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Shift => "shift",
            Self::ShiftRotation => "rshift",
            Self::ShiftRotationScale => "rscale",
            Self::General => "general",
        }
    }

    /// The geometry of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        [
            Self::Shift,
            Self::ShiftRotation,
            Self::ShiftRotationScale,
            Self::General,
        ]
        .into_iter()
        .find(|geometry| geometry.name() == name)
    }
}

/// A statistic of the residuals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Statistic {
    /// Root mean square of their lengths.
    Rmse,
    /// Mean of their lengths.
    Mae,
    /// Standard deviation.
    Std,
    /// Median of their lengths, scaled to the root mean square of normal residuals.
    Mad,
}

/// When positions are left out of a fit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Clipping {
    /// Fits with positions left out, at most.
    pub iterations: usize,
    /// The limit for the length of a residual, in units of the statistic.
    pub sigma: f64,
    /// The statistic.
    pub statistic: Statistic,
    /// Whether a position that was left out stays out.
    pub accumulate: bool,
}

/// Positions that belong together.
#[derive(Debug, Clone, Copy)]
pub struct MatchedPositions<'a> {
    /// Of the reference.
    pub reference: &'a [[f64; 2]],
    /// Of the image.
    pub image: &'a [[f64; 2]],
    /// Weights of those of the reference.
    pub reference_weights: Option<&'a [f64]>,
    /// Weights of those of the image.
    pub image_weights: Option<&'a [f64]>,
}

/// A linear transform from positions of an image to those of the reference.
#[derive(Debug, Clone, PartialEq)]
pub struct LinearFit {
    /// What was adjusted.
    pub geometry: Geometry,
    /// Rows of the matrix.
    pub matrix: [[f64; 2]; 2],
    /// The shift about the origin of the coordinates: `x = matrix u + shift`.
    pub shift: [f64; 2],
    /// The mean position of the image.
    pub center: [f64; 2],
    /// How the matrix turns, stretches and mirrors.
    pub decomposition: Decomposition,
    /// Statistics of the residuals.
    pub scatter: Scatter,
    /// Residuals of the positions that were used, in their order.
    pub residuals: Vec<[f64; 2]>,
    /// Which positions were used.
    pub used: Vec<bool>,
    /// Fits with positions left out that were made.
    pub clippings: usize,
}

/// A matrix in terms of angles and scales.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Decomposition {
    /// Angle as if it were a rotation and nothing else \[deg\].
    pub proper_rotation_deg: f64,
    /// Rotation of the x and of the y axis \[deg\].
    pub rotation_deg: [f64; 2],
    /// Mean rotation \[deg\].
    pub mean_rotation_deg: f64,
    /// Scales along both axes.
    pub scale: [f64; 2],
    /// Their geometric mean.
    pub mean_scale: f64,
    /// Difference of the rotations of both axes, from −180 to 180 \[deg\].
    pub skew_deg: f64,
    /// Whether it does not mirror.
    pub proper: bool,
}

/// Fits a linear transform, leaving out positions with large residuals.
///
/// Positions whose weight is zero or below are not used.
///
/// # Errors
/// The lists differ in length, fewer positions remain than the geometry needs, or they lie on a line.
///
/// # Source
/// tweakwcs 0.9.3 `linearfit.iter_linear_fit`.
///
/// ```
/// use stcal::tweakreg::{Clipping, Geometry, MatchedPositions, Statistic, fit};
/// let image = [[0.0, 0.0], [10.0, 0.0], [0.0, 10.0], [7.0, 5.0]];
/// // Turned by a right angle and shifted.
/// let reference = image.map(|[x, y]: [f64; 2]| [2.0 - y, x - 1.0]);
/// let positions = MatchedPositions { reference: &reference, image: &image, reference_weights: None, image_weights: None };
/// let clipping = Clipping { iterations: 0, sigma: 3.0, statistic: Statistic::Rmse, accumulate: false };
/// let found = fit(&positions, Geometry::ShiftRotation, &clipping)?;
/// assert!((found.matrix[0][1] + 1.0).abs() < 1e-14 && (found.shift[0] - 2.0).abs() < 1e-14);
/// # Ok::<(), stcal::tweakreg::TweakregError>(())
/// ```
pub fn fit(
    positions: &MatchedPositions<'_>,
    geometry: Geometry,
    clipping: &Clipping,
) -> Result<LinearFit, TweakregError> {
    let weighted = Weighted::new(positions)?;
    let center = weighted.mean_of_image();
    let fewest = geometry.fewest();
    let mut used = weighted.usable.clone();
    let iterations = if count(&used) == fewest {
        0
    } else {
        clipping.iterations
    };
    let mut solution = weighted.solve(&used, center, geometry)?;
    let mut clippings = 0;
    for _ in 0..iterations {
        let cutoff = clipping.sigma * solution.scatter.of(clipping.statistic);
        let near = solution
            .residuals
            .iter()
            .map(|[x, y]| (x * x + y * y).sqrt() < cutoff);
        let near: Vec<bool> = near.collect();
        if count(&near) < fewest || near.iter().all(|near| *near) {
            break;
        }
        clippings += 1;
        // Parity: tweakwcs lets positions that were left out take part again without a look at their residuals.
        let mut next = if clipping.accumulate {
            used.clone()
        } else {
            weighted.usable.clone()
        };
        let of_used = (0..used.len()).filter(|index| used[*index]);
        for (index, near) in of_used.zip(near) {
            next[index] = near;
        }
        used = next;
        solution = weighted.solve(&used, center, geometry)?;
    }
    Ok(solution.finish(geometry, center, used, clippings))
}

fn count(flags: &[bool]) -> usize {
    flags.iter().filter(|flag| **flag).count()
}

/// Positions with one weight each.
struct Weighted<'a> {
    reference: &'a [[f64; 2]],
    image: &'a [[f64; 2]],
    weights: Option<Vec<f64>>,
    usable: Vec<bool>,
}

/// A fit without its bookkeeping.
struct Solution {
    matrix: [[f64; 2]; 2],
    /// About the mean of the positions of the image.
    shift: [f64; 2],
    scatter: Scatter,
    residuals: Vec<[f64; 2]>,
}

impl<'a> Weighted<'a> {
    fn new(positions: &MatchedPositions<'a>) -> Result<Self, TweakregError> {
        let MatchedPositions {
            reference,
            image,
            reference_weights,
            image_weights,
        } = *positions;
        let expected = reference.len();
        let lengths = [
            Some(image.len()),
            reference_weights.map(<[f64]>::len),
            image_weights.map(<[f64]>::len),
        ];
        if let Some(found) = lengths
            .into_iter()
            .flatten()
            .find(|found| *found != expected)
        {
            return Err(TweakregError::Lengths { expected, found });
        }
        let positive = |weights: Option<&[f64]>, index: usize| {
            weights.is_none_or(|weights| weights[index] > 0.0)
        };
        let usable = (0..expected)
            .map(|index| positive(reference_weights, index) && positive(image_weights, index))
            .collect();
        let weights = match (reference_weights, image_weights) {
            (None, None) => None,
            (Some(weights), None) | (None, Some(weights)) => Some(weights.to_vec()),
            (Some(a), Some(b)) => Some(a.iter().zip(b).map(|(a, b)| a * b / (a + b)).collect()),
        };
        Ok(Self {
            reference,
            image,
            weights,
            usable,
        })
    }

    fn mean_of_image(&self) -> [f64; 2] {
        let used = self
            .image
            .iter()
            .zip(&self.usable)
            .filter(|(_, usable)| **usable);
        let (sum, n) = used.fold(([0.0; 2], 0.0), |(sum, n), (p, _)| {
            ([sum[0] + p[0], sum[1] + p[1]], n + 1.0)
        });
        sum.map(|sum| sum / n)
    }

    fn solve(
        &self,
        used: &[bool],
        center: [f64; 2],
        geometry: Geometry,
    ) -> Result<Solution, TweakregError> {
        let (needed, found) = (geometry.fewest(), count(used));
        if found < needed {
            return Err(TweakregError::TooFewPositions { needed, found });
        }
        let pick = |points: &[[f64; 2]]| -> Vec<[f64; 2]> {
            let used = points.iter().zip(used).filter(|(_, used)| **used);
            used.map(|(p, _)| [p[0] - center[0], p[1] - center[1]])
                .collect()
        };
        let (reference, image) = (pick(self.reference), pick(self.image));
        let weights: Option<Vec<f64>> = self.weights.as_ref().map(|weights| {
            let used = weights.iter().zip(used).filter(|(_, used)| **used);
            let picked: Vec<f64> = used.map(|(weight, _)| *weight).collect();
            let sum: f64 = picked.iter().sum();
            picked.into_iter().map(|weight| weight / sum).collect()
        });
        let moments = solve::Moments::new(&reference, &image, weights.as_deref());
        let matrix = moments.matrix(geometry).ok_or(TweakregError::OnALine)?;
        let shift = moments.shift(&matrix);
        let residuals: Vec<[f64; 2]> = reference
            .iter()
            .zip(&image)
            .map(|(x, u)| {
                let at = solve::apply(&matrix, *u);
                [x[0] - at[0] - shift[0], x[1] - at[1] - shift[1]]
            })
            .collect();
        Ok(Solution {
            matrix,
            shift,
            scatter: Scatter::of_residuals(&residuals, weights.as_deref()),
            residuals,
        })
    }
}

impl Solution {
    fn finish(
        self,
        geometry: Geometry,
        center: [f64; 2],
        used: Vec<bool>,
        clippings: usize,
    ) -> LinearFit {
        let turned = solve::apply(&self.matrix, center);
        LinearFit {
            geometry,
            matrix: self.matrix,
            shift: [0, 1].map(|axis| self.shift[axis] + (center[axis] - turned[axis])),
            center,
            decomposition: Decomposition::new(&self.matrix, geometry),
            scatter: self.scatter,
            residuals: self.residuals,
            used,
            clippings,
        }
    }
}
