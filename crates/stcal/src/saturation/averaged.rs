//! Saturation that hides in the mean of several reads.

use ndarray::{ArrayView1, ArrayView3, ArrayViewMut3, Axis, s};

use super::{SaturationOptions, SaturationReference, Seeds};
use crate::read_pattern::ReadPattern;
use crate::sample_bits::SampleBits;

/// The samples that point 4 of the module's list is about, before their neighbours.
pub(super) fn groups_before_saturation(
    ramp_dn: ArrayView3<'_, f32>,
    group_dq: ArrayView3<'_, u8>,
    reference: &SaturationReference<'_>,
    (options, pattern): (&SaturationOptions<'_>, &ReadPattern),
) -> Seeds {
    let flags = options.group_flags;
    let unusable = flags.saturated | flags.do_not_use;
    let (n_groups, rows, columns) = ramp_dn.dim();
    let mut seeds = SampleBits::new(rows, n_groups, columns);
    for group in 0..n_groups.saturating_sub(1) {
        let dilution = pattern.mean(group) / pattern.last(group);
        if dilution == 1.0 {
            continue;
        }
        for row in 0..rows {
            let next = group_dq.slice(s![group + 1, row, ..]);
            if !any_bit(next, flags.saturated) {
                continue;
            }
            let signal = ramp_dn.slice(s![group, row, ..]);
            let this = group_dq.slice(s![group, row, ..]);
            for (column, next) in next.iter().enumerate() {
                if next & flags.saturated == 0 || this[column] & unusable != 0 {
                    continue;
                }
                let unchecked = reference.dq[[row, column]] & options.pixel_flags.no_sat_check != 0;
                let dilution = if unchecked { 1.0 } else { dilution };
                let threshold = f64::from(reference.threshold_dn[[row, column]]);
                if f64::from(signal[column]) >= threshold * dilution {
                    seeds.put(row, group, column, true);
                }
            }
        }
    }
    Seeds(seeds)
}

/// Point 5 of the module's list; needs three groups.
pub(super) fn flag_second_group(
    ramp_dn: ArrayView3<'_, f32>,
    mut group_dq: ArrayViewMut3<'_, u8>,
    reference: &SaturationReference<'_>,
    options: &SaturationOptions<'_>,
    pattern: &ReadPattern,
) {
    let flags = options.group_flags;
    let hidden_in_second = HiddenInSecond::new(pattern);
    let (mut second_dq, third_dq) = group_dq.multi_slice_mut((s![1, .., ..], s![2, .., ..]));
    for (row, mut second_dq) in second_dq.outer_iter_mut().enumerate() {
        let third_dq = third_dq.row(row);
        if !any_bit(third_dq, flags.saturated) {
            continue;
        }
        let threshold = reference.threshold_dn.row(row);
        let bias = options
            .bias_dn
            .map(|bias| bias.index_axis_move(Axis(0), row));
        for (column, second_dq) in second_dq.iter_mut().enumerate() {
            let hidden =
                third_dq[column] & flags.saturated != 0 && *second_dq & flags.saturated == 0;
            if !hidden {
                continue;
            }
            let bias = bias.map_or(0.0, |bias| bias[column]);
            let (first, second) = (ramp_dn[[0, row, column]], ramp_dn[[1, row, column]]);
            if hidden_in_second.test(first, second, threshold[column], bias) {
                *second_dq |= flags.do_not_use;
            }
        }
    }
}

/// The pixels whose second group is saturated, by point 5, together with its neighbours, whether it was saturated before
/// or not. Needs three groups.
pub(super) fn hidden_in_second_group(
    ramp_dn: ArrayView3<'_, f32>,
    reference: &SaturationReference<'_>,
    options: &SaturationOptions<'_>,
    pattern: &ReadPattern,
) -> Seeds {
    let hidden_in_second = HiddenInSecond::new(pattern);
    let (_, rows, columns) = ramp_dn.dim();
    let mut seeds = SampleBits::new(rows, 1, columns);
    for row in 0..rows {
        let bias = options
            .bias_dn
            .map(|bias| bias.index_axis_move(Axis(0), row));
        let thresholds = reference.threshold_dn.row(row);
        let samples = |group: usize| ramp_dn.slice_move(s![group, row, ..]);
        let (first, second, third) = (samples(0), samples(1), samples(2));
        for (column, &threshold) in thresholds.iter().enumerate() {
            if third[column] >= threshold {
                let bias = bias.map_or(0.0, |bias| bias[column]);
                if hidden_in_second.test(first[column], second[column], threshold, bias) {
                    seeds.put(row, 0, column, true);
                }
            }
        }
    }
    Seeds(seeds)
}

/// Whether saturation may hide in the second group of a pixel whose third group is saturated.
struct HiddenInSecond {
    first_mean: f64,
    third_last: f64,
    second_reads: f32,
}

impl HiddenInSecond {
    fn new(pattern: &ReadPattern) -> Self {
        Self {
            first_mean: pattern.mean(0),
            third_last: pattern.last(2),
            second_reads: pattern.reads(1).len() as f32,
        }
    }

    /// Single and double precision as in the reference, so that thresholds fall alike.
    fn test(&self, first: f32, second: f32, threshold: f32, bias: f32) -> bool {
        let above_bias = f64::from(first - bias);
        let expected = above_bias / self.first_mean * self.third_last + f64::from(bias);
        let stays_below = expected < f64::from(threshold);
        let leaps = second - first > (threshold - first) / self.second_reads;
        stays_below && leaps
    }
}

fn any_bit(dq: ArrayView1<'_, u8>, bit: u8) -> bool {
    dq.iter().fold(0, |any, &dq| any | dq) & bit != 0
}
