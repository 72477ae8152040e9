//! `charge_migration`: leaves out groups from which charge spills into the neighbours.

use datamodels::RampModel;
use ndarray::Axis;
use ndarray::parallel::prelude::*;
use stcal::charge_migration::flag_charge_migration;
use stpipe::{Outcome, Prepared, ReferenceFiles, SkipReason, Step, StepError};

use crate::flags;

stpipe::params! {
    /// Parameters of `charge_migration`.
    pub struct ChargeMigrationParams {
        /// Signal above which charge migrates [DN]
        pub signal_threshold: f64 = 25000.0;
    }
}

/// Marks the groups above a threshold, and those of the four neighbours, as unusable.
#[derive(Debug, Clone, Copy)]
pub struct ChargeMigration;

impl Step for ChargeMigration {
    const NAME: &'static str = "charge_migration";
    const CLASS: &'static str = "jwst.charge_migration.charge_migration_step.ChargeMigrationStep";
    const ABOUT: &'static str = "Leaves out groups from which charge spills into the neighbours";
    const STATUS_KEY: &'static str = "charge_migration";
    const SKIP_BY_DEFAULT: bool = true;
    type Params = ChargeMigrationParams;
    type References = ();
    type Input = RampModel;
    type Output = RampModel;

    fn prepare(
        _params: &ChargeMigrationParams,
        ramp: &RampModel,
        _files: &ReferenceFiles,
    ) -> Result<Prepared<()>, StepError> {
        if ramp.data.dim().1 < 3 {
            return Ok(Prepared::Skip(SkipReason::not_applicable(
                "it needs at least three groups",
            )));
        }
        Ok(Prepared::Ready(()))
    }

    fn run(
        params: &ChargeMigrationParams,
        (): (),
        mut ramp: RampModel,
    ) -> Result<Outcome<RampModel, RampModel>, StepError> {
        let ChargeMigrationParams { signal_threshold } = *params;
        tracing::info!("Using signal_threshold: {signal_threshold:.2}");
        let integrations = ramp.data.axis_iter(Axis(0)).into_par_iter();
        let flagged = integrations
            .zip(ramp.groupdq.axis_iter_mut(Axis(0)).into_par_iter())
            .map(|(data, dq)| flag_charge_migration(data, dq, signal_threshold, &flags::GROUP))
            .try_reduce(|| 0, |a, b| Ok(a + b))
            .map_err(StepError::algorithm)?;
        tracing::info!("Samples marked as losing charge: {flagged}");
        ramp.meta
            .note(Self::STATUS_KEY, "flagged_samples", flagged as i64);
        Ok(Outcome::Complete(ramp))
    }
}
