//! The order of the steps, for MIRI and for the others.

use datamodels::RampModel;
use steps::charge_migration::ChargeMigration;
use steps::clean_flicker_noise::CleanFlickerNoise;
use steps::dark_current::DarkCurrent;
use steps::dq_init::DqInit;
use steps::emicorr::Emicorr;
use steps::firstframe::FirstFrame;
use steps::gain_scale::GainScale;
use steps::group_scale::GroupScale;
use steps::ipc::Ipc;
use steps::jump::Jump;
use steps::lastframe::LastFrame;
use steps::linearity::Linearity;
use steps::persistence::Persistence;
use steps::picture_frame::PictureFrame;
use steps::ramp_fit::RampFit;
use steps::refpix::Refpix;
use steps::reset::Reset;
use steps::rscd::Rscd;
use steps::saturation::Saturation;
use steps::superbias::Superbias;
use stpipe::TaskSpec;
use stpipe::run::{Entry, Order};

use super::Detector1Params;
use super::patterns::pattern_entry;
use crate::side_products;

/// From ramp to ramp, for MIRI. `ramp_fit` and `gain_scale` follow.
pub const MIRI: &[Entry<RampModel>] = &[
    Entry::of::<GroupScale>(),
    Entry::of::<DqInit>(),
    side_products::entry::<Emicorr>(),
    Entry::of::<Saturation>(),
    Entry::of::<Ipc>(),
    Entry::of::<FirstFrame>(),
    Entry::of::<LastFrame>(),
    Entry::of::<Reset>(),
    Entry::of::<Linearity>(),
    Entry::of::<Rscd>(),
    Entry::of::<DarkCurrent>(),
    Entry::of::<Refpix>(),
    Entry::of::<ChargeMigration>(),
    Entry::of::<Jump>(),
    pattern_entry::<PictureFrame>(),
    pattern_entry::<CleanFlickerNoise>(),
    side_products::entry::<Persistence>(),
];

/// From ramp to ramp, for all other instruments. `ramp_fit` and `gain_scale` follow.
pub const NEAR_INFRARED: &[Entry<RampModel>] = &[
    Entry::of::<GroupScale>(),
    Entry::of::<DqInit>(),
    Entry::of::<Saturation>(),
    Entry::of::<Ipc>(),
    Entry::of::<Superbias>(),
    Entry::of::<Refpix>(),
    Entry::of::<Linearity>(),
    Entry::of::<DarkCurrent>(),
    Entry::of::<ChargeMigration>(),
    Entry::of::<Jump>(),
    pattern_entry::<PictureFrame>(),
    pattern_entry::<CleanFlickerNoise>(),
    side_products::entry::<Persistence>(),
];

/// The order of all steps for an instrument; whatever is not MIRI has that of the others.
pub(crate) fn order(exposures: &'static str) -> Order {
    let table = if exposures == "MIRI" {
        MIRI
    } else {
        NEAR_INFRARED
    };
    Order::of_table(exposures, table)
        .then::<RampFit>("")
        .then::<GainScale>("rates were fitted")
}

/// Names, parameters and steps of the pipeline.
pub fn spec() -> TaskSpec {
    TaskSpec::pipeline::<Detector1Params>(
        "calwebb_detector1",
        "jwst.pipeline.calwebb_detector1.Detector1Pipeline",
        "Makes count rates from the raw ramps of a detector",
        vec![
            TaskSpec::step::<GroupScale>(),
            TaskSpec::step::<DqInit>(),
            TaskSpec::step::<Emicorr>(),
            TaskSpec::step::<Saturation>(),
            TaskSpec::step::<Ipc>(),
            TaskSpec::step::<Superbias>(),
            TaskSpec::step::<Refpix>(),
            TaskSpec::step::<Rscd>(),
            TaskSpec::step::<FirstFrame>(),
            TaskSpec::step::<LastFrame>(),
            TaskSpec::step::<Linearity>(),
            TaskSpec::step::<DarkCurrent>(),
            TaskSpec::step::<Reset>(),
            TaskSpec::step::<Persistence>(),
            TaskSpec::step::<ChargeMigration>(),
            TaskSpec::step::<Jump>(),
            TaskSpec::step::<PictureFrame>(),
            TaskSpec::step::<CleanFlickerNoise>(),
            TaskSpec::step::<RampFit>(),
            TaskSpec::step::<GainScale>(),
        ],
    )
}
