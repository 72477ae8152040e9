//! `rscd`: leaves out the first groups of integrations, which the reset before them disturbs (MIRI).

use datamodels::RampModel;
use datamodels::reference::RscdReference;
use ndarray::parallel::prelude::*;
use ndarray::{Axis, s};
use stcal::rscd::{EarlySaturation, GroupsToSkip, RscdSummary};
use stpipe::{Outcome, Prepared, ReferenceFiles, SkipReason, Step, StepError};

use crate::{bands, flags};

stpipe::params! {
    /// Parameters of `rscd`; it has none of its own.
    pub struct RscdParams {}
}

/// Marks the first groups of each integration as unusable, fewer where a pixel saturates early.
#[derive(Debug, Clone, Copy)]
pub struct Rscd;

impl Step for Rscd {
    const NAME: &'static str = "rscd";
    const CLASS: &'static str = "jwst.rscd.rscd_step.RscdStep";
    const ABOUT: &'static str = "Leaves out the first groups of integrations (MIRI)";
    const STATUS_KEY: &'static str = "rscd";
    const REFERENCES: &'static [&'static str] = &["rscd"];
    type Params = RscdParams;
    /// How many groups the exposure can spare.
    type References = GroupsToSkip;
    type Input = RampModel;
    type Output = RampModel;

    fn prepare(
        _params: &RscdParams,
        ramp: &RampModel,
        files: &ReferenceFiles,
    ) -> Result<Prepared<GroupsToSkip>, StepError> {
        if let Some(reason) = crate::only_miri(ramp)? {
            return Ok(Prepared::Skip(reason));
        }
        let Some(reference) = crate::load(files, "rscd", RscdReference::load)? else {
            return Ok(Prepared::Skip(SkipReason::NoReference("rscd")));
        };
        let Some(listed) = listed_groups(&reference, ramp) else {
            let reason = "the RSCD reference does not list this READPATT and SUBARRAY";
            return Ok(Prepared::Skip(SkipReason::not_applicable(reason)));
        };
        match listed.limited(ramp.data.dim().1) {
            Some(groups) => Ok(Prepared::Ready(groups)),
            None => Ok(Prepared::Skip(SkipReason::not_applicable(
                "it needs at least three groups",
            ))),
        }
    }

    fn run(
        _params: &RscdParams,
        groups: GroupsToSkip,
        mut ramp: RampModel,
    ) -> Result<Outcome<RampModel, RampModel>, StepError> {
        let GroupsToSkip {
            first_integration,
            later_integrations,
        } = groups;
        let integrations = ramp.data.dim().0;
        // A segment of a long exposure may start with a later integration.
        let starts = usize::from(crate::first_integration(&ramp)? == 0).min(integrations);
        if starts == 1 {
            let summary = flag(&mut ramp, 0..1, first_integration)?;
            note(&mut ramp, "int1", first_integration, summary);
        }
        // NINTS counts the integrations of the whole exposure, also in a segment.
        let in_exposure = ramp
            .meta
            .integer("meta.exposure.nints")
            .unwrap_or(integrations as i64);
        if in_exposure > 1 {
            let summary = flag(&mut ramp, starts..integrations, later_integrations)?;
            note(&mut ramp, "int2p", later_integrations, summary);
        }
        Ok(Outcome::Complete(ramp))
    }
}

/// The groups that the table lists for the exposure's read pattern and subarray.
fn listed_groups(reference: &RscdReference, ramp: &RampModel) -> Option<GroupsToSkip> {
    let table = &reference.table;
    let pattern = ramp.meta.text("meta.exposure.readpatt")?;
    let subarray = match ramp.meta.text("meta.subarray.name")? {
        // The low-resolution spectrometer's slitless subarray under its other name.
        name if name.eq_ignore_ascii_case("SUBPRISM") => "SLITLESSPRISM",
        name => name,
    };
    let (subarrays, patterns) = (table.strings("subarray")?, table.strings("readpatt")?);
    let row = subarrays
        .iter()
        .zip(&patterns)
        .position(|(s, p)| s == subarray && p == pattern)?;
    let skip = |column: &str| {
        table
            .numbers(column)
            .and_then(|values| values.get(row).copied())
    };
    // Files of an older format have no number for the first integration; the reference package takes 1 then.
    let first_integration = skip("group_skip1").map_or(1, |n| if n < 0.0 { 1 } else { n as usize });
    Some(GroupsToSkip {
        first_integration,
        later_integrations: skip("group_skip")?.max(0.0) as usize,
    })
}

/// Flags a range of integrations, bands of rows in parallel.
fn flag(
    ramp: &mut RampModel,
    range: std::ops::Range<usize>,
    skip: usize,
) -> Result<RscdSummary, StepError> {
    let mut group_dq = ramp.groupdq.slice_mut(s![range, .., .., ..]);
    let early = group_dq
        .axis_chunks_iter(Axis(2), bands::ROWS)
        .into_par_iter()
        .map(|band| EarlySaturation::of_band(band, skip, flags::GROUP.saturated))
        .try_reduce_with(|a, b| Ok(a.or(&b)));
    let Some(early) = early.transpose().map_err(StepError::algorithm)? else {
        return Ok(RscdSummary::default());
    };
    let pixel_dq = ramp
        .pixeldq
        .axis_chunks_iter_mut(Axis(0), bands::ROWS)
        .into_par_iter();
    group_dq
        .axis_chunks_iter_mut(Axis(2), bands::ROWS)
        .into_par_iter()
        .zip(pixel_dq)
        .map(|(group_dq, pixel_dq)| {
            early.flag_band(group_dq, pixel_dq, &flags::GROUP, &flags::PIXEL)
        })
        .try_reduce(RscdSummary::default, |a, b| Ok(a.plus(b)))
        .map_err(StepError::algorithm)
}

fn note(ramp: &mut RampModel, which: &str, skip: usize, summary: RscdSummary) {
    let RscdSummary {
        n_lowered,
        n_nothing_skipped,
    } = summary;
    tracing::info!(
        "Groups left out at the start ({which}): {skip}; pixels with fewer: {n_lowered}"
    );
    for (name, value) in [
        ("keep_bright_firstgroup", n_nothing_skipped),
        ("keep_groups_saturation", n_lowered),
        ("ngroups_skip", skip),
    ] {
        ramp.meta
            .set(&format!("meta.rscd.{name}_{which}"), value as i64);
    }
}
