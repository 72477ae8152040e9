//! Interleaved reference pixels that misbehave: found by their statistics, listed in tables, replaced by others.

use ndarray::{ArrayView3, ArrayViewMut2, Axis, s};

use super::layout::OUTPUTS;
use super::{Interleaving, Irs2Error};
use crate::median::median_f64;
use crate::shape::check_shape;

/// Rounds of clipping.
const ROUNDS: usize = 5;

/// Finds bad reference pixels of one output and one integration.
///
/// `ramp_dn` is `(group, position, line)`: the pixels of a line of the detector run along the second axis and start
/// with the output's first. Pixels are read in pairs; a pair is bad if the mean difference of its two readings, its mean
/// or its standard deviation over all groups and lines exceeds that of the output's pairs by more than `n_sigma`
/// standard deviations, all from clipped values. Pairs with a pixel in `already_bad`, one element for each position, do
/// not count. Returns whether each position was found to be bad.
///
/// # Errors
/// [`Irs2Error::Shape`] if the output has another number of positions.
///
/// ```
/// use ndarray::Array3;
/// use stcal::irs2::{Interleaving, find_bad};
/// let layout = Interleaving::new(5 * 24, 4, 2)?;
/// // Pairs at 2, 8, 14 and 20; the one at 14 is higher than the others.
/// let ramp = Array3::from_shape_fn((3, 24, 8), |(_, x, _)| [0.0, 0.1, 5.0, 0.2][x / 6] as f32);
/// let bad = find_bad(ramp.view(), layout, &[false; 24], 1.5)?;
/// let bad: Vec<usize> = (0..24).filter(|&x| bad[x]).collect();
/// assert_eq!(bad, [14, 15]);
/// # Ok::<(), stcal::irs2::Irs2Error>(())
/// ```
///
/// # Source
/// jwst 3.0.0 `refpix/irs2_subtract_reference.py::flag_bad_refpix`; the clipping is astropy's `sigma_clipped_stats`.
pub fn find_bad(
    ramp_dn: ArrayView3<'_, f32>,
    layout: Interleaving,
    already_bad: &[bool],
    n_sigma: f64,
) -> Result<Vec<bool>, Irs2Error> {
    let width = layout.output_width();
    let (groups, positions, lines) = ramp_dn.dim();
    check_shape(
        "output with interleaved reference pixels",
        &[groups, width, lines],
        &[groups, positions, lines],
    )?;
    check_shape("bad reference pixels", &[width], &[already_bad.len()])?;
    let pairs: Vec<usize> = (layout.first_reference()..width)
        .step_by(layout.block())
        .flat_map(|start| (start..start + layout.reference_per_block()).step_by(2))
        .filter(|&pair| !already_bad[pair] && !already_bad[pair + 1])
        .collect();
    let statistics: Vec<[f64; 3]> = pairs
        .iter()
        .map(|&pair| statistics(ramp_dn.slice(s![.., pair..pair + 2, ..])))
        .collect();
    let mut bad = vec![false; width];
    for kind in 0..3 {
        let values: Vec<f64> = statistics.iter().map(|all| all[kind]).collect();
        let (mean, sigma) = clipped_statistics(&values, n_sigma);
        for (&pair, value) in pairs.iter().zip(values) {
            if value - mean > n_sigma * sigma {
                bad[pair..pair + 2].fill(true);
            }
        }
    }
    Ok(bad)
}

/// Mean absolute difference of the two readings, mean and standard deviation of both; `(group, 2, line)`.
fn statistics(pair: ArrayView3<'_, f32>) -> [f64; 3] {
    let n = (pair.len() / 2) as f64;
    let (mut differences, mut sum) = (0.0, 0.0);
    for group in pair.outer_iter() {
        for (&first, &second) in group.row(0).iter().zip(group.row(1)) {
            differences += f64::from((second - first).abs());
            sum += f64::from(first) + f64::from(second);
        }
    }
    let mean = sum / (2.0 * n);
    let squares: f64 = pair
        .iter()
        .map(|&value| (f64::from(value) - mean).powi(2))
        .sum();
    [differences / n, mean, (squares / (2.0 * n)).sqrt()]
}

/// Mean and standard deviation of the values within `n_sigma` standard deviations of their median, found in a few
/// rounds; values that are not finite do not count.
fn clipped_statistics(values: &[f64], n_sigma: f64) -> (f64, f64) {
    let mut kept: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
    for _ in 0..ROUNDS {
        let n = kept.len();
        let (_, sigma) = mean_and_sigma(&kept);
        let middle = median_f64(&mut kept);
        let (low, high) = (middle - n_sigma * sigma, middle + n_sigma * sigma);
        kept.retain(|&value| value >= low && value <= high);
        if kept.len() == n {
            break;
        }
    }
    mean_and_sigma(&kept)
}

fn mean_and_sigma(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (mean, (squares / n).sqrt())
}

/// What takes the place of a bad pixel, by positions in a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replacement {
    /// The mean of two pixels.
    Mean(usize, usize),
    /// Another pixel.
    Copy(usize),
    /// 0, which stands for no sample.
    Nothing,
}

/// A bad pixel and what takes its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlannedReplacement {
    /// Position of the bad pixel in a line.
    pub position: usize,
    /// What takes its place.
    pub by: Replacement,
}

/// Finds what takes the place of bad pixels: one element of `bad` for each position of a line.
///
/// In order of preference: the mean of the pixels at the same place of the blocks before and after, one of these, the
/// pixel of the other parity in the same block; all good and of the same output. Bad normal pixels are replaced like
/// the others.
///
/// # Errors
/// [`Irs2Error::Shape`] if `bad` has another length than a line.
///
/// ```
/// use stcal::irs2::{Interleaving, Replacement, plan_replacements};
/// let layout = Interleaving::new(5 * 60, 16, 4)?;
/// let mut bad = vec![false; 300];
/// bad[8] = true;
/// let plan = plan_replacements(&bad, layout)?;
/// assert_eq!((plan[0].position, plan[0].by), (8, Replacement::Copy(28)));
/// # Ok::<(), stcal::irs2::Irs2Error>(())
/// ```
///
/// # Source
/// jwst 3.0.0 `refpix/irs2_subtract_reference.py::replace_refpix`.
pub fn plan_replacements(
    bad: &[bool],
    layout: Interleaving,
) -> Result<Vec<PlannedReplacement>, Irs2Error> {
    check_shape("bad reference pixels", &[layout.length()], &[bad.len()])?;
    let positions = (0..bad.len()).filter(|&position| bad[position]);
    Ok(positions
        .map(|position| planned(position, bad, layout))
        .collect())
}

fn planned(position: usize, bad: &[bool], layout: Interleaving) -> PlannedReplacement {
    let width = layout.output_width();
    let first = position / width * width;
    let good = |other: Option<usize>| {
        other.filter(|&other| other >= first && other < first + width && !bad[other])
    };
    let before = good(position.checked_sub(layout.block()));
    let after = good(Some(position + layout.block()));
    let neighbour = |other| good(other).filter(|&other| layout.is_interleaved(other));
    let by = match (before, after) {
        (Some(before), Some(after)) => Replacement::Mean(before, after),
        (Some(other), None) | (None, Some(other)) => Replacement::Copy(other),
        (None, None) => neighbour(position.checked_sub(2))
            .or_else(|| neighbour(Some(position + 2)))
            .map_or(Replacement::Nothing, Replacement::Copy),
    };
    PlannedReplacement { position, by }
}

/// A row of a table of bad interleaved reference pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadPairs {
    /// Number of the output, from 1; 0 is the reference output.
    pub output: usize,
    /// 1 for the first half of a block's reference pixels in the order of reading, 2 for the second.
    pub pair: usize,
    /// The blocks: bit 0 is the first one in the frame of the detector.
    pub blocks: u32,
}

/// Finds what takes the place of the pixels of a table that are not bad already; marks them in `bad`.
///
/// Positions, and those of `bad`, are in the frame of the detector. The replacements must be made in order.
///
/// # Errors
/// [`Irs2Error::NoSuchPixel`] if the table names a pixel that does not exist, [`Irs2Error::Shape`] if `bad` has another
/// length than a line.
///
/// # Source
/// jwst 3.0.0 `refpix/irs2_subtract_reference.py::clobber_ref`.
pub fn plan_table(
    table: &[BadPairs],
    layout: Interleaving,
    bad: &mut [bool],
) -> Result<Vec<PlannedReplacement>, Irs2Error> {
    check_shape("bad reference pixels", &[layout.length()], &[bad.len()])?;
    let mut plan = Vec::new();
    for &BadPairs {
        output,
        pair,
        blocks,
    } in table
    {
        let mut new = Vec::new();
        for block in (0..32).filter(|block| blocks >> block & 1 == 1) {
            if output > OUTPUTS || !matches!(pair, 1 | 2) || block >= layout.blocks() {
                return Err(Irs2Error::NoSuchPixel {
                    output,
                    pair,
                    block,
                });
            }
            // Even outputs are read backwards.
            let pair = if output % 2 == 0 { 3 - pair } else { pair };
            let first = output * layout.output_width()
                + block * layout.block()
                + layout.first_reference()
                + 2 * (pair - 1);
            for position in [first, first + 1] {
                if !std::mem::replace(&mut bad[position], true) {
                    new.push(position);
                }
            }
        }
        plan.extend(
            new.into_iter()
                .map(|position| planned(position, bad, layout)),
        );
    }
    Ok(plan)
}

/// Replaces bad pixels of an image in order; `image_dn` is `(position, line)`.
///
/// # Errors
/// [`Irs2Error::Shape`] if a position lies outside; nothing has been modified then.
///
/// ```
/// use ndarray::arr2;
/// use stcal::irs2::{PlannedReplacement, Replacement, replace};
/// let mut image = arr2(&[[1.0_f32, 2.0], [9.0, 9.0], [3.0, 5.0]]);
/// replace(image.view_mut(), &[PlannedReplacement { position: 1, by: Replacement::Mean(0, 2) }])?;
/// assert_eq!(image.row(1), ndarray::arr1(&[2.0, 3.5]));
/// # Ok::<(), stcal::irs2::Irs2Error>(())
/// ```
pub fn replace(
    mut image_dn: ArrayViewMut2<'_, f32>,
    plan: &[PlannedReplacement],
) -> Result<(), Irs2Error> {
    let (positions, lines) = image_dn.dim();
    let furthest = plan
        .iter()
        .map(|planned| match planned.by {
            Replacement::Mean(a, b) => a.max(b).max(planned.position),
            Replacement::Copy(a) => a.max(planned.position),
            Replacement::Nothing => planned.position,
        })
        .max();
    let needed = furthest.map_or(positions, |furthest| positions.max(furthest + 1));
    check_shape("image", &[needed, lines], &[positions, lines])?;
    let mut values = vec![0.0_f32; lines];
    for planned in plan {
        match planned.by {
            Replacement::Nothing => values.fill(0.0),
            Replacement::Copy(other) => {
                let other = image_dn.index_axis(Axis(0), other);
                values.iter_mut().zip(other).for_each(|(v, &a)| *v = a);
            }
            Replacement::Mean(a, b) => {
                let both = image_dn.row(a).into_iter().zip(image_dn.row(b));
                values
                    .iter_mut()
                    .zip(both)
                    .for_each(|(v, (&a, &b))| *v = f32::midpoint(a, b));
            }
        }
        let mut row = image_dn.row_mut(planned.position);
        row.iter_mut().zip(&values).for_each(|(to, &v)| *to = v);
    }
    Ok(())
}
