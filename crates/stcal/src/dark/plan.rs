//! From the read pattern of a dark to that of an exposure.

use std::ops::Range;

use ndarray::{ArrayView3, ArrayViewMut1, Zip, s};

use super::{DarkError, GroupPattern};

/// Which groups of a dark make each group of an exposure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DarkPlan {
    /// Groups of the exposure.
    n_groups: usize,
    /// Groups of the dark as it is.
    n_dark: usize,
    /// Groups to be added to the dark.
    n_extrapolated: usize,
    /// Groups of the dark that are averaged for each group of the exposure; none if the patterns are the same.
    averaged: Option<Vec<Range<usize>>>,
}

impl DarkPlan {
    /// Compares the patterns; `None` if the dark averages or drops more frames than the exposure, and is of no use.
    ///
    /// If they differ, each group of the exposure becomes the mean of `n_frames` groups of the dark, after which
    /// `group_gap` groups are dropped, both as in the exposure. A dark that covers fewer frames than the exposure is
    /// extrapolated by the step between its last two groups.
    ///
    /// # Errors
    /// [`DarkError`] if the dark has too few groups for that.
    pub fn new(exposure: GroupPattern, dark: GroupPattern) -> Result<Option<Self>, DarkError> {
        if dark.n_frames > exposure.n_frames || dark.group_gap > exposure.group_gap {
            return Ok(None);
        }
        let missing = exposure.total_frames() - dark.total_frames();
        let mut n_extrapolated = 0;
        if missing > 0 {
            let gap = i64::from(dark.group_gap);
            let step = i64::from(dark.n_frames.get()) + gap;
            n_extrapolated = ((missing + gap + step - 1) / step) as usize;
            if dark.n_groups < 2 {
                return Err(DarkError::CannotExtrapolate {
                    extra: n_extrapolated,
                    found: dark.n_groups,
                });
            }
        }
        let same = exposure.n_frames == dark.n_frames && exposure.group_gap == dark.group_gap;
        let found = dark.n_groups + n_extrapolated;
        let averaged = if same {
            None
        } else {
            Some(ranges(exposure, found)?)
        };
        Ok(Some(Self {
            n_groups: exposure.n_groups,
            n_dark: dark.n_groups,
            n_extrapolated,
            averaged,
        }))
    }

    /// Groups that are added to the dark because it is too short.
    pub fn n_extrapolated(&self) -> usize {
        self.n_extrapolated
    }

    /// Whether the patterns differ, so that groups of the dark are averaged or dropped.
    pub fn averages(&self) -> bool {
        self.averaged.is_some()
    }

    /// Whether a group of the dark, counted from 0, goes into what is subtracted. A dark that stays in its file need
    /// not be read elsewhere.
    pub fn needs_group(&self, dark_group: usize) -> bool {
        // An extrapolated group takes the rate from the last two.
        let extrapolates = self.n_extrapolated > 0 && dark_group + 2 >= self.n_dark;
        extrapolates
            || match &self.averaged {
                None => dark_group < self.n_groups,
                Some(ranges) => ranges.iter().any(|range| range.contains(&dark_group)),
            }
    }

    pub(super) fn n_groups(&self) -> usize {
        self.n_groups
    }

    pub(super) fn n_dark_groups(&self) -> usize {
        self.n_dark
    }

    pub(super) fn n_resampled_groups(&self) -> usize {
        match &self.averaged {
            Some(ranges) => ranges.len(),
            None => self.n_dark + self.n_extrapolated,
        }
    }

    /// One row of the dark for one group of the exposure, from `(group, row, column)`.
    pub(super) fn row_of_group<'a>(
        &self,
        frames: ArrayView3<'_, f32>,
        group: usize,
        row: usize,
        buffer: &'a mut RowBuffer,
    ) -> &'a [f64] {
        match &self.averaged {
            None => self.fill_group(frames, group, row, &mut buffer.level),
            Some(ranges) if self.n_extrapolated == 0 => {
                mean_single(frames, &ranges[group], row, buffer);
            }
            Some(ranges) => self.mean_double(frames, &ranges[group], row, buffer),
        }
        &buffer.level
    }

    /// One row of a group of the dark, extrapolated or not.
    fn fill_group(&self, frames: ArrayView3<'_, f32>, group: usize, row: usize, level: &mut [f64]) {
        if group < self.n_dark {
            let samples = frames.slice(s![group, row, ..]);
            Zip::from(ArrayViewMut1::from(level))
                .and(samples)
                .for_each(|level, &sample| *level = f64::from(number_or_zero(sample)));
            return;
        }
        let steps = (group + 1 - self.n_dark) as f64;
        let last = frames.slice(s![self.n_dark - 1, row, ..]);
        let before = frames.slice(s![self.n_dark - 2, row, ..]);
        for ((level, &last), &before) in level.iter_mut().zip(last).zip(before) {
            let value = steps * f64::from(last - before) + f64::from(last);
            *level = if value.is_nan() { 0.0 } else { value };
        }
    }

    /// The mean of groups of an extrapolated dark, which is in double precision, rounded.
    fn mean_double(
        &self,
        frames: ArrayView3<'_, f32>,
        groups: &Range<usize>,
        row: usize,
        buffer: &mut RowBuffer,
    ) {
        buffer.sum.fill(0.0);
        for group in groups.clone() {
            self.fill_group(frames, group, row, &mut buffer.level);
            for (sum, &level) in buffer.sum.iter_mut().zip(&buffer.level) {
                *sum += level;
            }
        }
        let n = groups.len() as f64;
        for (level, &sum) in buffer.level.iter_mut().zip(&buffer.sum) {
            *level = f64::from((sum / n) as f32);
        }
    }
}

/// Room for one row of a dark.
pub(super) struct RowBuffer {
    level: Vec<f64>,
    sum: Vec<f64>,
    sum_single: Vec<f32>,
}

impl RowBuffer {
    pub(super) fn new(columns: usize) -> Self {
        Self {
            level: vec![0.0; columns],
            sum: vec![0.0; columns],
            sum_single: vec![0.0; columns],
        }
    }
}

/// The mean of groups of the dark as it is, in single precision.
fn mean_single(
    frames: ArrayView3<'_, f32>,
    groups: &Range<usize>,
    row: usize,
    buffer: &mut RowBuffer,
) {
    buffer.sum_single.fill(0.0);
    for group in groups.clone() {
        let samples = frames.slice(s![group, row, ..]);
        Zip::from(ArrayViewMut1::from(&mut buffer.sum_single))
            .and(samples)
            .for_each(|sum, &sample| *sum += number_or_zero(sample));
    }
    let n = groups.len() as f32;
    for (level, &sum) in buffer.level.iter_mut().zip(&buffer.sum_single) {
        *level = f64::from(sum / n);
    }
}

fn number_or_zero(value: f32) -> f32 {
    if value.is_nan() { 0.0 } else { value }
}

/// The groups of the dark, of which there are `found`, for each group of the exposure.
///
/// Parity: stcal `dark_current/dark_sub.py::average_dark_frames_3d` counts groups of the dark as if each were a single
/// frame, whatever it averages. Groups past the end are left out of a mean; the mean of none is not a number.
fn ranges(exposure: GroupPattern, found: usize) -> Result<Vec<Range<usize>>, DarkError> {
    let n_frames = exposure.n_frames.get() as usize;
    let step = n_frames + exposure.group_gap as usize;
    (0..exposure.n_groups)
        .map(|group| {
            let start = group * step;
            if n_frames == 1 && start >= found {
                return Err(DarkError::TooShort {
                    group: start,
                    found,
                });
            }
            Ok(start.min(found)..(start + n_frames).min(found))
        })
        .collect()
}
