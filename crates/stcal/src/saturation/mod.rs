//! Flags for samples at the upper and the lower end of the detector's range.
//!
//! For each integration, group by group:
//!
//! 1. A sample at or above the threshold of its pixel is saturated, and so are all later samples of the pixel.
//! 2. A sample at or below 0 lies on the floor of the A/D converter; it must not be used.
//! 3. Saturation spills over: the `(2n + 1)^2` pixels around a saturated one count as saturated in the same group.
//!
//! Where a group is the mean of several reads, saturation in its last reads hides in the mean. With a read pattern:
//!
//! 4. A usable sample just before a saturated one must not be used if it reaches the threshold diluted by the mean:
//!    `signal >= threshold * mean(reads) / last(reads)`; its neighbours neither.
//! 5. The second group must not be used if the third is saturated and the second is not, although the first group,
//!    extrapolated from the superbias, stays below the threshold until the third, and the step from the first to the
//!    second is more than one read's share of what was left: `s1 - s0 > (threshold - s0) / reads`.
//!
//! In a zero frame, which has no flags, bad samples are set to 0.
//!
//! # Source
//! stcal 1.20.0 `saturation/saturation.py::flag_saturated_pixels`. Exact.

use ndarray::{
    ArrayView1, ArrayView2, ArrayView3, ArrayView4, ArrayViewMut2, ArrayViewMut3, Axis, Zip, s,
};

use crate::flags::{GroupFlags, PixelFlags};
use crate::read_pattern::ReadPattern;
use crate::sample_bits::{SampleBits, columns_near};
use crate::shape::{ShapeError, check_shape};
use crate::simd::{Kernel, pack_bits, run_vectorised, vectorised};

mod averaged;
mod band;
#[cfg(test)]
mod tests;

pub use band::{Seeds, find_hidden, flag_hidden, flag_samples, join, spread_saturation};

/// The saturation thresholds of an image, as [`replace_unchecked_thresholds`] leaves them.
#[derive(Debug, Clone, Copy)]
pub struct SaturationReference<'a> {
    /// The lowest signal that is saturated, `(row, column)` \[DN\].
    pub threshold_dn: ArrayView2<'a, f32>,
    /// Quality, `(row, column)`: tells the pixels that cannot be checked.
    pub dq: ArrayView2<'a, u32>,
}

/// How to flag.
#[derive(Debug, Clone, Copy)]
pub struct SaturationOptions<'a> {
    /// Layers of pixels around a saturated one that are saturated, too.
    pub grow: usize,
    /// The reads of each group, if saturation that hides in a mean is to be looked for.
    pub read_pattern: Option<&'a ReadPattern>,
    /// Superbias, `(row, column)` \[DN\], as it is in its file; used with a read pattern only. `None` is 0 everywhere.
    pub bias_dn: Option<ArrayView2<'a, f32>>,
    /// Bits of the groups.
    pub group_flags: GroupFlags,
    /// Bits of the pixels.
    pub pixel_flags: PixelFlags,
}

/// Lifts the threshold of pixels that cannot be checked above the range of the converter, and flags them.
///
/// These are the pixels that the reference flags so and those whose threshold is not a number; `reference_dq` gains
/// the flag for the latter, and `pixel_dq` gains all bits of the reference. All arrays are `(row, column)`;
/// `converter_limit_dn` is the largest number that the A/D converter can give. A band of rows will do.
///
/// # Errors
/// [`ShapeError`] if the shapes differ; nothing has been modified then.
///
/// ```
/// use ndarray::{Array2, arr2};
/// use stcal::{flags::PixelFlags, saturation::replace_unchecked_thresholds};
/// let mut threshold = arr2(&[[50_000.0_f32, f32::NAN]]);
/// let (mut reference_dq, mut dq) = (Array2::zeros((1, 2)), Array2::zeros((1, 2)));
/// let flags = PixelFlags::default();
/// replace_unchecked_thresholds(
///     threshold.view_mut(), reference_dq.view_mut(), dq.view_mut(), 65_535.0, &flags)?;
/// assert_eq!(threshold, arr2(&[[50_000.0, 65_536.0]]));
/// assert_eq!(dq, arr2(&[[0, flags.no_sat_check]]));
/// # Ok::<(), stcal::shape::ShapeError>(())
/// ```
pub fn replace_unchecked_thresholds(
    mut threshold_dn: ArrayViewMut2<'_, f32>,
    mut reference_dq: ArrayViewMut2<'_, u32>,
    mut pixel_dq: ArrayViewMut2<'_, u32>,
    converter_limit_dn: f32,
    flags: &PixelFlags,
) -> Result<(), ShapeError> {
    let shape = threshold_dn.shape();
    check_shape("quality of the saturation", shape, reference_dq.shape())?;
    check_shape("pixel quality", shape, pixel_dq.shape())?;
    Zip::from(&mut threshold_dn)
        .and(&mut reference_dq)
        .and(&mut pixel_dq)
        .for_each(|threshold, reference_dq, dq| {
            if threshold.is_nan() {
                *reference_dq |= flags.no_sat_check;
            }
            if *reference_dq & flags.no_sat_check != 0 {
                *threshold = converter_limit_dn + 1.0;
            }
            *dq |= *reference_dq;
        });
    Ok(())
}

/// Flags the saturated samples and those on the converter's floor in one integration.
///
/// `ramp_dn` and `group_dq` are `(group, row, column)` and must hold whole images, because saturation spreads to
/// neighbours. Samples that are not a number get no flag of their own.
///
/// # Errors
/// [`ShapeError`] if the shapes differ or the read pattern has another number of groups; nothing has been modified
/// then.
///
/// ```
/// use ndarray::{Array2, Array3};
/// use stcal::saturation::{SaturationOptions, SaturationReference, flag_saturated};
/// let mut ramp = Array3::from_elem((3, 1, 3), 10.0_f32);
/// ramp[[1, 0, 2]] = 60_000.0;
/// ramp[[0, 0, 0]] = 0.0;
/// let mut dq = Array3::zeros((3, 1, 3));
/// let (threshold, flags) = (Array2::from_elem((1, 3), 50_000.0_f32), Array2::zeros((1, 3)));
/// let reference = SaturationReference { threshold_dn: threshold.view(), dq: flags.view() };
/// let options = SaturationOptions {
///     grow: 1, read_pattern: None, bias_dn: None,
///     group_flags: Default::default(), pixel_flags: Default::default(),
/// };
/// flag_saturated(ramp.view(), dq.view_mut(), &reference, &options)?;
/// assert_eq!(dq.as_slice(), Some([65, 0, 0, 0, 2, 2, 0, 2, 2].as_slice()));
/// # Ok::<(), stcal::shape::ShapeError>(())
/// ```
pub fn flag_saturated(
    ramp_dn: ArrayView3<'_, f32>,
    mut group_dq: ArrayViewMut3<'_, u8>,
    reference: &SaturationReference<'_>,
    options: &SaturationOptions<'_>,
) -> Result<(), ShapeError> {
    let seeds = flag_samples(ramp_dn, group_dq.view_mut(), reference, options)?;
    spread_saturation(group_dq.view_mut(), 0, &seeds, options)?;
    if let Some(hidden) = find_hidden(ramp_dn, group_dq.view(), reference, options)? {
        flag_hidden(ramp_dn, group_dq, reference, options, (&hidden, 0))?;
    }
    Ok(())
}

/// As [`flag_saturated`], but with a read pattern, point 4 of the module's list is left out, and instead of point 5, the
/// second group and its neighbours are saturated where it holds.
///
/// # Errors
/// As [`flag_saturated`].
///
/// # Source
/// jwst 3.0.0 `saturation/saturation.py::irs2_flag_saturation`. Exact.
pub fn flag_saturated_with_second_group(
    ramp_dn: ArrayView3<'_, f32>,
    mut group_dq: ArrayViewMut3<'_, u8>,
    reference: &SaturationReference<'_>,
    options: &SaturationOptions<'_>,
) -> Result<(), ShapeError> {
    let seeds = flag_samples(ramp_dn, group_dq.view_mut(), reference, options)?;
    spread_saturation(group_dq.view_mut(), 0, &seeds, options)?;
    let several = ramp_dn.len_of(Axis(0)) > 2;
    if let Some(pattern) = options.read_pattern.filter(|_| several) {
        let seeds = averaged::hidden_in_second_group(ramp_dn, reference, options, pattern);
        let second = group_dq.slice_mut(s![1..2, .., ..]);
        band::spread(
            second,
            0,
            &seeds,
            options.grow,
            options.group_flags.saturated,
        )?;
    }
    Ok(())
}

/// Sets samples of a zero frame to 0 that are saturated, near a saturated one, or on the converter's floor.
///
/// `zero_frame_dn` is `(row, column)` of one integration, a whole image; `grow` as in [`SaturationOptions`].
///
/// # Errors
/// [`ShapeError`] if the shapes differ; nothing has been modified then.
pub fn clear_saturated(
    mut zero_frame_dn: ArrayViewMut2<'_, f32>,
    reference: &SaturationReference<'_>,
    grow: usize,
) -> Result<(), ShapeError> {
    check_reference(reference, zero_frame_dn.dim())?;
    let (rows, columns) = zero_frame_dn.dim();
    let mut seeds = SampleBits::new(rows, 1, columns);
    let mut copy = Vec::new();
    for (row, mut signal) in zero_frame_dn.outer_iter_mut().enumerate() {
        copy.clear();
        copy.extend(&signal);
        let threshold = reference.threshold_dn.row(row);
        run_vectorised(ClearFloor {
            signal: &mut copy,
            threshold: &band::contiguous(threshold),
            seeds: seeds.row_mut(row, 0),
        });
        signal.assign(&ArrayView1::from(&copy));
    }
    let mut scratch = Vec::new();
    for (row, mut signal) in zero_frame_dn.outer_iter_mut().enumerate() {
        for column in columns_near(&seeds, (row, 0), grow, &mut scratch) {
            signal[column] = 0.0;
        }
    }
    Ok(())
}

/// A row of a zero frame: what is on the floor becomes 0, what is saturated is found.
struct ClearFloor<'a> {
    signal: &'a mut [f32],
    threshold: &'a [f32],
    seeds: &'a mut [u64],
}

impl Kernel for ClearFloor<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let pieces = self.signal.chunks_mut(64).zip(self.threshold.chunks(64));
        for ((signal, threshold), seeds) in pieces.zip(self.seeds) {
            let mut saturated = [false; 64];
            let samples = signal.iter_mut().zip(threshold);
            for ((signal, threshold), saturated) in samples.zip(&mut saturated) {
                *saturated = *signal >= *threshold;
                *signal = if *signal <= 0.0 { 0.0 } else { *signal };
            }
            *seeds = pack_bits(saturated);
        }
    }
}

/// Counts the pixels that have a bit set in any group of any integration, for each of some bits.
///
/// `group_dq` is `(integration, group, row, column)`.
///
/// ```
/// let dq = ndarray::Array4::from_elem((2, 3, 1, 4), 6_u8);
/// assert_eq!(stcal::saturation::count_pixels(dq.view(), [2, 1]), [4, 0]);
/// ```
pub fn count_pixels<const N: usize>(group_dq: ArrayView4<'_, u8>, bits: [u8; N]) -> [usize; N] {
    let mut any = vec![0_u8; group_dq.len_of(Axis(3))];
    let mut counts = [0; N];
    for row in group_dq.axis_iter(Axis(2)) {
        any.fill(0);
        for integration in row.outer_iter() {
            for dq in integration.outer_iter() {
                match dq.to_slice() {
                    Some(dq) => {
                        vectorised(|| any.iter_mut().zip(dq).for_each(|(any, dq)| *any |= dq));
                    }
                    None => any.iter_mut().zip(dq).for_each(|(any, dq)| *any |= dq),
                }
            }
        }
        for (count, bit) in counts.iter_mut().zip(bits) {
            *count += any.iter().filter(|&&dq| dq & bit != 0).count();
        }
    }
    counts
}

fn check_ramp(
    ramp_dn: ArrayView3<'_, f32>,
    group_dq: ArrayView3<'_, u8>,
    reference: &SaturationReference<'_>,
    options: &SaturationOptions<'_>,
) -> Result<(), ShapeError> {
    let (n_groups, rows, columns) = ramp_dn.dim();
    check_shape("group quality", ramp_dn.shape(), group_dq.shape())?;
    check_reference(reference, (rows, columns))?;
    if let Some(bias) = options.bias_dn {
        check_shape("superbias", &[rows, columns], bias.shape())?;
    }
    if let Some(pattern) = options.read_pattern {
        check_shape(
            "groups of the read pattern",
            &[n_groups],
            &[pattern.n_groups()],
        )?;
    }
    Ok(())
}

fn check_reference(
    reference: &SaturationReference<'_>,
    (rows, columns): (usize, usize),
) -> Result<(), ShapeError> {
    check_shape(
        "saturation",
        &[rows, columns],
        reference.threshold_dn.shape(),
    )?;
    check_shape(
        "quality of the saturation",
        &[rows, columns],
        reference.dq.shape(),
    )
}
