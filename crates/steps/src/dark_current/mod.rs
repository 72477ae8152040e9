//! `dark_current`: subtracts the dark current.

use std::num::NonZeroU32;

use datamodels::RampModel;
use datamodels::reference::DarkReference;
use ndarray::parallel::prelude::*;
use ndarray::{ArrayViewMut3, Axis, s};
use stcal::dark::{self as kernel, DarkPlan, GroupPattern, collapse_dq, subtract_dark_group};
use stpipe::{Outcome, Prepared, ReferenceFiles, SkipReason, Step, StepError};

use crate::{bands, stripes};

mod average;
#[cfg(test)]
mod tests;

pub use average::ReferenceAverage;

stpipe::params! {
    /// Parameters of `dark_current`.
    pub struct DarkCurrentParams {
        /// File for the dark as it was subtracted
        pub dark_output: Option<String> = None, output_path();
        /// Average dark current, which takes the place of the reference's [e-/s]
        pub average_dark_current: Option<f64> = None;
    }
}

/// Subtracts a dark ramp, brought to the read pattern of the exposure.
#[derive(Debug, Clone, Copy)]
pub struct DarkCurrent;

/// What `dark_current` needs.
#[derive(Debug, Clone)]
pub struct DarkCurrentReferences {
    /// The dark ramp.
    pub dark: DarkReference,
    /// The average dark current that the reference names.
    pub average: ReferenceAverage,
}

impl Step for DarkCurrent {
    const NAME: &'static str = "dark_current";
    const CLASS: &'static str = "jwst.dark_current.dark_current_step.DarkCurrentStep";
    const ABOUT: &'static str = "Subtracts the dark current";
    const STATUS_KEY: &'static str = "dark_sub";
    const REFERENCES: &'static [&'static str] = &["dark"];
    type Params = DarkCurrentParams;
    type References = DarkCurrentReferences;
    type Input = RampModel;
    type Output = RampModel;

    fn prepare(
        params: &DarkCurrentParams,
        ramp: &RampModel,
        files: &ReferenceFiles,
    ) -> Result<Prepared<DarkCurrentReferences>, StepError> {
        stripes::require_collated(Self::NAME, ramp)?;
        if let Some(path) = &params.dark_output {
            return Err(StepError::input(
                "dark_output",
                "None: this version cannot save the dark",
                path,
            ));
        }
        let science = crate::science(ramp);
        let references = crate::load(files, "dark", |path| {
            let dark = DarkReference::load(path, &science)?;
            let average = ReferenceAverage::load(path, dark.average_dark_current)?;
            Ok(DarkCurrentReferences { dark, average })
        })?;
        Ok(references.map_or(
            Prepared::Skip(SkipReason::NoReference("dark")),
            Prepared::Ready,
        ))
    }

    fn run(
        params: &DarkCurrentParams,
        references: DarkCurrentReferences,
        mut ramp: RampModel,
    ) -> Result<Outcome<RampModel, RampModel>, StepError> {
        let DarkCurrentReferences { dark, average } = references;
        // Parity: jwst dark_current/dark_current_step.py sets the average also where the dark is not subtracted.
        average::set(&mut ramp, params.average_dark_current, average);
        let Some(plan) = plan(&dark, &ramp)? else {
            let reason = "NFRAMES or GROUPGAP of the dark is greater than that of the exposure";
            return Ok(Outcome::Skipped {
                input: ramp,
                reason: SkipReason::not_applicable(reason),
            });
        };
        subtract(&dark, &plan, &mut ramp)?;
        Ok(Outcome::Complete(ramp))
    }
}

/// How the dark is brought to the read pattern of the exposure; `None` where that is impossible.
fn plan(dark: &DarkReference, ramp: &RampModel) -> Result<Option<DarkPlan>, StepError> {
    let exposure = ramp.meta.exposure();
    let frames = exposure.frames_per_group().map_err(crate::metadata_error)?;
    let gap = exposure.group_gap().map_err(crate::metadata_error)?;
    let of_exposure = pattern("exposure", ramp.data.dim().1, frames, gap)?;
    let of_dark = pattern(
        "dark",
        dark.signal.dim().1,
        dark.frames_per_group,
        dark.group_gap,
    )?;
    tracing::info!("Groups of the exposure: {of_exposure:?}; of the dark: {of_dark:?}");
    let plan = DarkPlan::new(of_exposure, of_dark).map_err(StepError::algorithm)?;
    if let Some(n) = plan
        .as_ref()
        .map(DarkPlan::n_extrapolated)
        .filter(|&n| n > 0)
    {
        tracing::warn!("The dark is shorter than the exposure: extrapolated by {n} groups");
    }
    Ok(plan)
}

fn pattern(
    whose: &str,
    n_groups: usize,
    frames: usize,
    gap: usize,
) -> Result<GroupPattern, StepError> {
    let wrong = || {
        let found = format!("NFRAMES {frames}, GROUPGAP {gap}");
        StepError::input(
            format!("read pattern of the {whose}"),
            "at least one frame in each group",
            found,
        )
    };
    let n_frames = u32::try_from(frames)
        .ok()
        .and_then(NonZeroU32::new)
        .ok_or_else(wrong)?;
    let group_gap = u32::try_from(gap).map_err(|_| wrong())?;
    Ok(GroupPattern {
        n_groups,
        n_frames,
        group_gap,
    })
}

fn subtract(dark: &DarkReference, plan: &DarkPlan, ramp: &mut RampModel) -> Result<(), StepError> {
    let is_first_segment = crate::first_integration(ramp)? == 0;
    let (n_integrations, _, rows, columns) = ramp.data.dim();
    let (n_dark, _, dark_rows, dark_columns) = dark.signal.dim();
    check_size((dark_rows, dark_columns), (rows, columns))?;
    let data = ramp
        .data
        .axis_chunks_iter_mut(Axis(2), bands::ROWS)
        .into_par_iter();
    let pixel_dq = ramp
        .pixeldq
        .axis_chunks_iter_mut(Axis(0), bands::ROWS)
        .into_par_iter();
    let dark_dq = dark
        .dq
        .axis_chunks_iter(Axis(1), bands::ROWS)
        .into_par_iter();
    // Parity: of a dark that must be averaged, only as many integrations are as the ramp has; see `stcal::dark`.
    let n_averaged = if plan.averages() {
        n_dark.min(n_integrations)
    } else {
        n_dark
    };
    data.zip(pixel_dq)
        .zip(dark_dq)
        .enumerate()
        .try_for_each_init(
            || (Vec::new(), Vec::new()),
            |(bytes, frames), (index, ((mut data, mut pixel_dq), dq))| {
                pixel_dq |= &collapse_dq(dq.insert_axis(Axis(1)));
                let first = index * bands::ROWS;
                let here = first..first + data.dim().2;
                for k in 0..n_averaged {
                    let users: Vec<usize> = (0..n_integrations)
                        .filter(|&i| kernel::dark_integration(i, n_dark, is_first_segment) == k)
                        .collect();
                    for group in (0..data.dim().1).filter(|_| !users.is_empty()) {
                        let wanted = plan.dark_groups(group);
                        let shape = (wanted.len(), here.len(), columns);
                        frames.resize(shape.0 * shape.1 * shape.2, 0.0);
                        let mut frames = ArrayViewMut3::from_shape(shape, &mut frames[..])
                            .map_err(StepError::algorithm)?;
                        dark.signal
                            .read_groups(k, wanted, here.clone(), bytes, frames.view_mut())
                            .map_err(StepError::algorithm)?;
                        for &i in &users {
                            let samples = data.slice_mut(s![i, group, .., ..]);
                            subtract_dark_group(samples, frames.view(), plan, group)
                                .map_err(StepError::algorithm)?;
                        }
                    }
                }
                Ok(())
            },
        )
}

fn check_size(dark: (usize, usize), ramp: (usize, usize)) -> Result<(), StepError> {
    if dark == ramp {
        return Ok(());
    }
    let expected = format!(
        "{} rows and {} columns, as the exposure has",
        ramp.0, ramp.1
    );
    let found = format!("{} and {}", dark.0, dark.1);
    Err(StepError::input("images of the dark", expected, found))
}
