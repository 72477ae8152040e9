//! `jump`: finds cosmic rays and other sudden changes in ramps, snowballs and showers among them.

mod params;
mod stages;

use datamodels::RampModel;
use datamodels::reference::{GainReference, ReadNoiseReference};
use stcal::jump::JumpSummary;
use stpipe::{Outcome, Prepared, ReferenceFiles, SkipReason, Step, StepError};

pub use params::JumpParams;

/// Gain and read noise of the exposure's pixels.
#[derive(Debug, Clone)]
pub struct JumpReferences {
    /// Gain.
    pub gain: GainReference,
    /// Read noise.
    pub read_noise: ReadNoiseReference,
}

/// Flags jumps in the group quality.
#[derive(Debug, Clone, Copy)]
pub struct Jump;

impl Step for Jump {
    const NAME: &'static str = "jump";
    const CLASS: &'static str = "jwst.jump.jump_step.JumpStep";
    const ABOUT: &'static str = "Finds cosmic rays, snowballs and showers";
    const STATUS_KEY: &'static str = "jump";
    const REFERENCES: &'static [&'static str] = &["gain", "readnoise"];
    type Params = JumpParams;
    type References = JumpReferences;
    type Input = RampModel;
    type Output = RampModel;

    fn prepare(
        _params: &JumpParams,
        ramp: &RampModel,
        files: &ReferenceFiles,
    ) -> Result<Prepared<JumpReferences>, StepError> {
        if ramp.data.dim().1 <= 2 {
            return Ok(Prepared::Skip(SkipReason::not_applicable(
                "it needs at least three groups",
            )));
        }
        // Parity: jwst jump/jump_step.py hands over the times of unevenly read groups, but stcal jump/jump.py does not
        // look at them: differences count as if all groups were equally far apart.
        let science = crate::science(ramp);
        let (gain, read_noise) = crate::load_both(
            files,
            ("gain", |path| GainReference::load(path, &science)),
            ("readnoise", |path| ReadNoiseReference::load(path, &science)),
        )?;
        match (gain, read_noise) {
            (Some(gain), Some(read_noise)) => {
                Ok(Prepared::Ready(JumpReferences { gain, read_noise }))
            }
            (None, _) => Err(StepError::reference(
                "gain",
                "N/A",
                "jump detection cannot do without it",
            )),
            (_, None) => Err(StepError::reference(
                "readnoise",
                "N/A",
                "jump detection cannot do without it",
            )),
        }
    }

    fn run(
        params: &JumpParams,
        references: JumpReferences,
        mut ramp: RampModel,
    ) -> Result<Outcome<RampModel, RampModel>, StepError> {
        let group_time_s = ramp
            .meta
            .exposure()
            .group_time_s()
            .map_err(crate::metadata_error)?;
        let frames_per_group = ramp
            .meta
            .exposure()
            .frames_per_group()
            .map_err(crate::metadata_error)?;
        let kernel = params.for_exposure(group_time_s, frames_per_group as u32);
        tracing::info!(
            "CR rejection threshold = {} sigma",
            params.rejection_threshold
        );
        let found =
            stages::detect(&mut ramp, &references, &kernel).map_err(StepError::algorithm)?;
        log_summary(found);
        note(&mut ramp, found);
        record_rates(&mut ramp, found, group_time_s);
        Ok(Outcome::Complete(ramp))
    }
}

fn log_summary(found: JumpSummary) {
    if let Some(count) = found.primary {
        tracing::info!("Cosmic rays, before neighbours and later groups were flagged: {count}");
    } else {
        tracing::warn!("Too few usable groups: no jump was searched");
    }
    for (count, what) in [(found.snowballs, "snowballs"), (found.showers, "showers")] {
        if let Some(count) = count {
            tracing::info!("Total {what} = {count}");
        }
    }
}

/// Notes what was found in the product.
fn note(ramp: &mut RampModel, found: JumpSummary) {
    let counts = [
        ("jumps", found.primary.map(|count| count as i64)),
        ("snowballs", found.snowballs.map(|count| count as i64)),
        ("showers", found.showers.map(|count| count as i64)),
    ];
    for (name, count) in counts {
        if let Some(count) = count {
            ramp.meta.note(Jump::STATUS_KEY, name, count);
        }
    }
}

/// Writes the rates of events: cosmic rays per thousand pixels and second, extended events per million.
fn record_rates(ramp: &mut RampModel, found: JumpSummary, group_time_s: f64) {
    let (integrations, groups, rows, columns) = ramp.data.dim();
    let unusable =
        stcal::jump::count_do_not_use_groups(ramp.groupdq.view(), crate::flags::GROUP.do_not_use);
    let differences = (integrations * groups) as i64 - unusable as i64 - integrations as i64;
    if differences < 1 {
        return;
    }
    let pixel_seconds = group_time_s * differences as f64 * (rows * columns) as f64;
    let primary = 1000.0 * found.reported_primary() as f64 / pixel_seconds;
    let extended = 1e6 * found.reported_extended() as f64 / pixel_seconds;
    ramp.meta.set("meta.exposure.primary_cosmic_rays", primary);
    ramp.meta
        .set("meta.exposure.extended_emission_events", extended);
}
