//! The stages for a band of rows.
//!
//! Saturation spreads over the edges of a band, so the bands of an image wait for each other between the stages:
//!
//! | stage | what it does |
//! |---|---|
//! | [`flag_samples`] | points 1 and 2 of the module's list; tells where saturation spreads from |
//! | [`spread_saturation`] | point 3 |
//! | [`find_hidden`] | point 4, with a read pattern: tells where unusable samples spread from |
//! | [`flag_hidden`] | points 4 and 5 |
//!
//! What a stage tells of each band is put together by [`join`].

use std::borrow::Cow;

use ndarray::{ArrayView1, ArrayView3, ArrayViewMut3, Axis};

use super::averaged;
use super::{SaturationOptions, SaturationReference, check_ramp};
use crate::sample_bits::{SampleBits, columns_near};
use crate::shape::{ShapeError, check_shape};
use crate::simd::{Kernel, pack_bits, run_vectorised};

/// Columns that are worked on together.
const LANES: usize = 64;

/// Samples from which a flag spreads, one bit each, `(row, group, column)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seeds(pub(super) SampleBits);

/// Puts the seeds of bands together, in the order of their rows; `None` if there are no bands.
pub fn join(bands: impl IntoIterator<Item = Seeds>) -> Option<Seeds> {
    bands.into_iter().reduce(|mut whole, band| {
        whole.0.append(band.0);
        whole
    })
}

/// Flags samples at their threshold or on the floor, and all behind the former, in a band of rows.
///
/// `ramp_dn` and `group_dq` are `(group, row, column)` of the band, `reference` and the bias in `options` its
/// `(row, column)`. Returns the samples that saturation spreads from; that was flagged before spreads as well.
///
/// # Errors
/// [`ShapeError`] if the shapes differ; nothing has been modified then.
pub fn flag_samples(
    ramp_dn: ArrayView3<'_, f32>,
    mut group_dq: ArrayViewMut3<'_, u8>,
    reference: &SaturationReference<'_>,
    options: &SaturationOptions<'_>,
) -> Result<Seeds, ShapeError> {
    check_ramp(ramp_dn, group_dq.view(), reference, options)?;
    let (groups, rows, columns) = ramp_dn.dim();
    let mut seeds = SampleBits::new(rows, groups, columns);
    // The saturated bit of pixels that have reached their threshold in this or an earlier group.
    let mut reached = vec![0_u8; rows * columns];
    let thresholds = reference.threshold_dn.outer_iter().map(contiguous);
    let thresholds: Vec<_> = thresholds.collect();
    let planes = ramp_dn.outer_iter().zip(group_dq.outer_iter_mut());
    for (group, (signal, mut group_dq)) in planes.enumerate() {
        let rows = signal.into_outer_iter().zip(group_dq.outer_iter_mut());
        let reached = reached.chunks_mut(columns.max(1)).zip(&thresholds);
        for (row, ((signal, mut row_dq), (reached, threshold))) in rows.zip(reached).enumerate() {
            let mut copy = Vec::new();
            let dq = if let Some(dq) = row_dq.as_slice_mut() {
                dq
            } else {
                copy.extend(row_dq.iter());
                &mut copy
            };
            run_vectorised(FlagRow {
                signal: &contiguous(signal),
                threshold,
                dq,
                reached,
                saturated: options.group_flags.saturated,
                floor: options.group_flags.ad_floor | options.group_flags.do_not_use,
                seeds: seeds.row_mut(row, group),
            });
            if !copy.is_empty() {
                row_dq.assign(&ArrayView1::from(&copy));
            }
        }
    }
    Ok(Seeds(seeds))
}

/// A row of one group.
struct FlagRow<'a> {
    signal: &'a [f32],
    threshold: &'a [f32],
    dq: &'a mut [u8],
    reached: &'a mut [u8],
    saturated: u8,
    floor: u8,
    seeds: &'a mut [u64],
}

impl Kernel for FlagRow<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let signals = self.signal.chunks(LANES).zip(self.threshold.chunks(LANES));
        let flags = self
            .dq
            .chunks_mut(LANES)
            .zip(self.reached.chunks_mut(LANES));
        for (((signal, threshold), (dq, reached)), seeds) in signals.zip(flags).zip(self.seeds) {
            let mut set = [false; LANES];
            let limits = signal.iter().zip(threshold);
            let marks = dq.iter_mut().zip(reached).zip(&mut set);
            for ((signal, threshold), ((dq, reached), set)) in limits.zip(marks) {
                *reached |= u8::from(signal >= threshold) * self.saturated;
                *dq |= *reached | (u8::from(*signal <= 0.0) * self.floor);
                *set = *dq & self.saturated != 0;
            }
            *seeds = pack_bits(set);
        }
    }
}

/// Flags the surroundings of saturated samples in a band of rows.
///
/// `first_row` is the band's first row in the image whose `seeds` are given.
///
/// # Errors
/// [`ShapeError`] if the band is not part of the image; nothing has been modified then.
pub fn spread_saturation(
    group_dq: ArrayViewMut3<'_, u8>,
    first_row: usize,
    seeds: &Seeds,
    options: &SaturationOptions<'_>,
) -> Result<(), ShapeError> {
    spread(
        group_dq,
        first_row,
        seeds,
        options.grow,
        options.group_flags.saturated,
    )
}

/// Sets a flag around the seeds.
pub(super) fn spread(
    mut group_dq: ArrayViewMut3<'_, u8>,
    first_row: usize,
    Seeds(seeds): &Seeds,
    reach: usize,
    bit: u8,
) -> Result<(), ShapeError> {
    let (groups, rows, columns) = group_dq.dim();
    let last = (first_row + rows).max(seeds.rows());
    check_shape(
        "image of the seeds",
        &[last, groups, columns],
        &[seeds.rows(), seeds.width().0, seeds.width().1],
    )?;
    let mut scratch = Vec::new();
    for (group, mut plane) in group_dq.outer_iter_mut().enumerate() {
        for (row, mut dq) in plane.outer_iter_mut().enumerate() {
            for column in columns_near(seeds, (first_row + row, group), reach, &mut scratch) {
                dq[column] |= bit;
            }
        }
    }
    Ok(())
}

/// Finds the samples of a band of rows in which saturation may hide just before a saturated one; `None` without a read
/// pattern.
///
/// The arrays are those of [`flag_samples`], after saturation has spread.
///
/// # Errors
/// [`ShapeError`] if the shapes differ.
pub fn find_hidden(
    ramp_dn: ArrayView3<'_, f32>,
    group_dq: ArrayView3<'_, u8>,
    reference: &SaturationReference<'_>,
    options: &SaturationOptions<'_>,
) -> Result<Option<Seeds>, ShapeError> {
    check_ramp(ramp_dn, group_dq, reference, options)?;
    Ok(options.read_pattern.map(|pattern| {
        averaged::groups_before_saturation(ramp_dn, group_dq, reference, (options, pattern))
    }))
}

/// Flags hidden saturation and its surroundings in a band of rows.
///
/// `hidden` is of the whole image, in which the band begins at row `first_row`; the other arrays are the band's.
///
/// # Errors
/// [`ShapeError`] if the shapes differ; nothing has been modified then.
pub fn flag_hidden(
    ramp_dn: ArrayView3<'_, f32>,
    mut group_dq: ArrayViewMut3<'_, u8>,
    reference: &SaturationReference<'_>,
    options: &SaturationOptions<'_>,
    (hidden, first_row): (&Seeds, usize),
) -> Result<(), ShapeError> {
    check_ramp(ramp_dn, group_dq.view(), reference, options)?;
    let bit = options.group_flags.do_not_use;
    spread(group_dq.view_mut(), first_row, hidden, options.grow, bit)?;
    if let Some(pattern) = options.read_pattern.filter(|_| ramp_dn.len_of(Axis(0)) > 2) {
        averaged::flag_second_group(ramp_dn, group_dq, reference, options, pattern);
    }
    Ok(())
}

/// A row without a copy if its values lie side by side.
pub(super) fn contiguous<T: Clone>(row: ArrayView1<'_, T>) -> Cow<'_, [T]> {
    row.to_slice()
        .map_or_else(|| Cow::Owned(row.to_vec()), Cow::Borrowed)
}
