//! JWST for programs: every pipeline and step by name.

use std::path::Path;
use std::sync::{Arc, LazyLock};

use crds::{Client, Config, Observatory};
use datamodels::io::fits::FitsReader;
use datamodels::metadata::Metadata;
use datamodels::models::{ExposureModel, Model, RampModel, RateModel};
use steps::clean_flicker_noise::CleanFlickerNoise;
use steps::emicorr::Emicorr;
use steps::persistence::Persistence;
use steps::picture_frame::PictureFrame;
use stpipe::{BoxError, Mission, ReferenceSource, StepTask, Task, Values};

use crate::dark::DarkTask;
use crate::detector1::{Detector1Task, RampFitTask};
use crate::guider::{DqInitTask, GuiderTask, open_guider};
use crate::side_products::SideProductTask;
use crate::suffixes::SUFFIXES;

/// The James Webb Space Telescope.
#[derive(Debug, Clone, Copy, Default)]
pub struct Jwst;

static TASKS: LazyLock<Vec<Arc<dyn Task>>> = LazyLock::new(|| {
    vec![
        Arc::new(Detector1Task::new()),
        Arc::new(DarkTask::new()),
        Arc::new(GuiderTask::new()),
        Arc::new(StepTask::<steps::group_scale::GroupScale>::new(open_ramp)),
        Arc::new(DqInitTask::new()),
        Arc::new(SideProductTask::<Emicorr>::new()),
        Arc::new(StepTask::<steps::saturation::Saturation>::new(open_ramp)),
        Arc::new(StepTask::<steps::ipc::Ipc>::new(open_ramp)),
        Arc::new(StepTask::<steps::superbias::Superbias>::new(open_ramp)),
        Arc::new(StepTask::<steps::refpix::Refpix>::new(open_ramp)),
        Arc::new(StepTask::<steps::rscd::Rscd>::new(open_ramp)),
        Arc::new(StepTask::<steps::firstframe::FirstFrame>::new(open_ramp)),
        Arc::new(StepTask::<steps::lastframe::LastFrame>::new(open_ramp)),
        Arc::new(StepTask::<steps::linearity::Linearity>::new(open_ramp)),
        Arc::new(StepTask::<steps::dark_current::DarkCurrent>::new(open_ramp)),
        Arc::new(StepTask::<steps::reset::Reset>::new(open_ramp)),
        Arc::new(SideProductTask::<Persistence>::new()),
        Arc::new(StepTask::<steps::charge_migration::ChargeMigration>::new(
            open_ramp,
        )),
        Arc::new(StepTask::<steps::jump::Jump>::new(open_ramp)),
        Arc::new(StepTask::<PictureFrame>::new(open_exposure)),
        Arc::new(StepTask::<CleanFlickerNoise>::new(open_exposure)),
        Arc::new(RampFitTask::new()),
        Arc::new(StepTask::<steps::gain_scale::GainScale>::new(open_rate)),
        Arc::new(StepTask::<steps::assign_wcs::AssignWcs>::new(open_rate)),
        Arc::new(StepTask::<steps::guider_cds::GuiderCds>::new(open_guider)),
        Arc::new(StepTask::<steps::flat_field::FlatField>::new(open_guider)),
    ]
});

impl Mission for Jwst {
    fn software(&self) -> (&str, &str) {
        ("jwst", env!("CARGO_PKG_VERSION"))
    }

    fn suffixes(&self) -> &[&str] {
        SUFFIXES
    }

    fn tasks(&self) -> &[Arc<dyn Task>] {
        &TASKS
    }

    fn selection(&self, path: &Path) -> Result<Values, BoxError> {
        let meta = Metadata::read(&FitsReader::open(path)?)?;
        Ok(datamodels::product::selection(&meta))
    }

    fn references(&self) -> Result<Box<dyn ReferenceSource>, BoxError> {
        let config = Config::from_env(Observatory::jwst())?;
        Ok(Box::new(Client::open(config)?))
    }
}

/// Opens an exposure as a ramp.
pub(crate) fn open_ramp(path: &Path) -> Result<RampModel, BoxError> {
    let ramp = RampModel::open(path)?;
    ramp.check_dimensions()?;
    Ok(ramp)
}

fn open_rate(path: &Path) -> Result<RateModel, BoxError> {
    Ok(RateModel::open(path)?)
}

/// Opens an exposure as ramps or as rates, whatever it is.
fn open_exposure(path: &Path) -> Result<ExposureModel, BoxError> {
    let exposure = ExposureModel::open(path)?;
    if let ExposureModel::Ramp(ramp) = &exposure {
        ramp.check_dimensions()?;
    }
    Ok(exposure)
}
