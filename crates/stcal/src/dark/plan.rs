//! From the read pattern of a dark to that of an exposure.

use std::borrow::Cow;
use std::ops::Range;

use ndarray::{ArrayView1, ArrayView3, Axis, s};

use super::{DarkError, GroupPattern};
use crate::simd::vectorised;

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

    /// The groups of the dark that a group of the exposure is made of. A dark that stays in its file need not be read
    /// elsewhere.
    ///
    /// ```
    /// use stcal::dark::{DarkPlan, GroupPattern};
    /// let one = GroupPattern { n_groups: 5, n_frames: 1.try_into()?, group_gap: 0 };
    /// let two = GroupPattern { n_groups: 2, n_frames: 2.try_into()?, group_gap: 1 };
    /// let plan = DarkPlan::new(two, one)?.expect("the dark is finer than the exposure");
    /// assert_eq!([plan.dark_groups(0), plan.dark_groups(1)], [0..2, 3..5]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn dark_groups(&self, group: usize) -> Range<usize> {
        let groups = match &self.averaged {
            None => group..group + 1,
            Some(ranges) => ranges[group].clone(),
        };
        if groups.end > self.n_dark {
            // An extrapolated group takes the rate from the last two.
            return groups.start.min(self.n_dark - 2)..self.n_dark;
        }
        groups
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

    /// One row of the dark for one group of the exposure, from the groups `first..` of the dark, `(group, row, column)`.
    pub(super) fn row_of_group<'a>(
        &self,
        frames: ArrayView3<'a, f32>,
        first: usize,
        (group, row): (usize, usize),
        buffer: &'a mut RowBuffer,
    ) -> Level<'a> {
        let frame = |group: usize| contiguous(frames.slice_move(s![group - first, row, ..]));
        if self.averaged.is_some() || group >= self.n_dark {
            buffer.fit(frames.len_of(Axis(2)));
        }
        match &self.averaged {
            None if group < self.n_dark => Level::AsItIs(frame(group)),
            None => {
                self.extrapolate(frame, group, &mut buffer.level);
                Level::Double(&buffer.level)
            }
            Some(ranges) if self.n_extrapolated == 0 => {
                mean_single(frame, &ranges[group], &mut buffer.single);
                Level::Single(&buffer.single)
            }
            Some(ranges) => {
                self.mean_double(frame, &ranges[group], buffer);
                Level::Double(&buffer.level)
            }
        }
    }

    /// One row of a group behind the end of the dark.
    fn extrapolate<'f>(
        &self,
        frame: impl Fn(usize) -> Cow<'f, [f32]>,
        group: usize,
        level: &mut [f64],
    ) {
        let steps = (group + 1 - self.n_dark) as f64;
        let (last, before) = (frame(self.n_dark - 1), frame(self.n_dark - 2));
        for ((level, &last), &before) in level.iter_mut().zip(last.iter()).zip(before.iter()) {
            let value = steps * f64::from(last - before) + f64::from(last);
            *level = if value.is_nan() { 0.0 } else { value };
        }
    }

    /// The mean of groups of an extrapolated dark, which is in double precision, rounded.
    fn mean_double<'f>(
        &self,
        frame: impl Fn(usize) -> Cow<'f, [f32]>,
        groups: &Range<usize>,
        buffer: &mut RowBuffer,
    ) {
        buffer.sum.fill(0.0);
        for group in groups.clone() {
            if group < self.n_dark {
                for (level, &sample) in buffer.level.iter_mut().zip(frame(group).iter()) {
                    *level = f64::from(number_or_zero(sample));
                }
            } else {
                self.extrapolate(&frame, group, &mut buffer.level);
            }
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

/// One row of a dark.
pub(super) enum Level<'a> {
    /// Samples that are not a number count as 0.
    AsItIs(Cow<'a, [f32]>),
    Single(&'a [f32]),
    Double(&'a [f64]),
}

impl Level<'_> {
    /// Subtracts the row from samples, as if in double precision.
    pub(super) fn subtract_from(&self, samples: &mut [f32]) {
        match self {
            // The difference of two numbers in single precision is rounded alike by way of double precision.
            Self::AsItIs(level) => vectorised(|| {
                for (sample, &level) in samples.iter_mut().zip(&**level) {
                    *sample -= number_or_zero(level);
                }
            }),
            Self::Single(level) => vectorised(|| {
                for (sample, &level) in samples.iter_mut().zip(*level) {
                    *sample -= level;
                }
            }),
            Self::Double(level) => vectorised(|| {
                for (sample, &level) in samples.iter_mut().zip(*level) {
                    *sample = (f64::from(*sample) - level) as f32;
                }
            }),
        }
    }

    /// Copies the row.
    pub(super) fn copy_to(&self, row: &mut [f32]) {
        match self {
            Self::AsItIs(level) => {
                for (value, &level) in row.iter_mut().zip(&**level) {
                    *value = number_or_zero(level);
                }
            }
            Self::Single(level) => row.copy_from_slice(level),
            Self::Double(level) => row
                .iter_mut()
                .zip(*level)
                .for_each(|(value, &level)| *value = level as f32),
        }
    }
}

/// Room for one row of a dark; none is taken for a dark that is subtracted as it is.
#[derive(Default)]
pub(super) struct RowBuffer {
    level: Vec<f64>,
    sum: Vec<f64>,
    single: Vec<f32>,
}

impl RowBuffer {
    fn fit(&mut self, columns: usize) {
        self.level.resize(columns, 0.0);
        self.sum.resize(columns, 0.0);
        self.single.resize(columns, 0.0);
    }
}

/// The mean of groups of the dark as it is, in single precision.
fn mean_single<'f>(
    frame: impl Fn(usize) -> Cow<'f, [f32]>,
    groups: &Range<usize>,
    mean: &mut [f32],
) {
    mean.fill(0.0);
    for group in groups.clone() {
        let samples = frame(group);
        vectorised(|| {
            for (sum, &sample) in mean.iter_mut().zip(samples.iter()) {
                *sum += number_or_zero(sample);
            }
        });
    }
    let n = groups.len() as f32;
    vectorised(|| mean.iter_mut().for_each(|sum| *sum /= n));
}

fn contiguous(row: ArrayView1<'_, f32>) -> Cow<'_, [f32]> {
    row.to_slice()
        .map_or_else(|| Cow::Owned(row.to_vec()), Cow::Borrowed)
}

#[inline(always)]
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
