//! JWST for programs: every pipeline and step by name.

use std::path::Path;
use std::sync::{Arc, LazyLock};

use crds::{Client, Config, Observatory};
use datamodels::io::fits::FitsReader;
use datamodels::metadata::Metadata;
use datamodels::models::{ExposureModel, Model, RampModel, RateModel, ResampledModel};
use steps::clean_flicker_noise::CleanFlickerNoise;
use steps::dq_init::{DqInit, GuiderDqInit};
use steps::emicorr::Emicorr;
use steps::flat_field::{FlatField, GuiderFlatField};
use steps::persistence::Persistence;
use steps::picture_frame::PictureFrame;
use stpipe::run::Order;
use stpipe::{
    ActionTask, BoxError, Mission, ReferenceSource, StepError, StepTask, Task, TaskSpec, Values,
};

use crate::association::{InputKind, association_of, first_science, kind_of};
use crate::guider::open_guider;
use crate::suffixes::SUFFIXES;
use crate::{dark, detector1, guider, image2, image3, library, side_products};

/// The James Webb Space Telescope.
#[derive(Debug, Clone, Copy, Default)]
pub struct Jwst;

static TASKS: LazyLock<Vec<Arc<dyn Task>>> = LazyLock::new(|| {
    vec![
        Arc::new(detector1::task()),
        Arc::new(dark::task()),
        Arc::new(guider::task()),
        Arc::new(image2::task()),
        Arc::new(image3::task()),
        Arc::new(library::task::<steps::assign_mtwcs::AssignMtwcs>()),
        Arc::new(StepTask::<steps::group_scale::GroupScale>::new(open_ramp)),
        Arc::new(ActionTask::new(
            TaskSpec::step::<DqInit>(),
            |context, settings, inputs| {
                guider::either::<DqInit, GuiderDqInit>(context, settings, inputs, open_ramp)
            },
        )),
        Arc::new(side_products::task::<Emicorr>()),
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
        Arc::new(side_products::task::<Persistence>()),
        Arc::new(StepTask::<steps::charge_migration::ChargeMigration>::new(
            open_ramp,
        )),
        Arc::new(StepTask::<steps::jump::Jump>::new(open_ramp)),
        Arc::new(StepTask::<PictureFrame>::new(open_exposure)),
        Arc::new(StepTask::<CleanFlickerNoise>::new(open_exposure)),
        Arc::new(detector1::ramp_fit_task()),
        Arc::new(StepTask::<steps::gain_scale::GainScale>::new(open_rate)),
        Arc::new(StepTask::<steps::assign_wcs::AssignWcs>::new(open_rate)),
        Arc::new(library::task::<steps::skymatch::SkyMatch>()),
        Arc::new(library::outlier_detection_task()),
        Arc::new(library::resample_task()),
        Arc::new(StepTask::<steps::guider_cds::GuiderCds>::new(open_guider)),
        Arc::new(image2::background_task()),
        Arc::new(ActionTask::new(
            TaskSpec::step::<FlatField>(),
            |context, settings, inputs| {
                guider::either::<FlatField, GuiderFlatField>(context, settings, inputs, open_image)
            },
        )),
        Arc::new(StepTask::<steps::photom::Photom>::new(open_image)),
        Arc::new(StepTask::<steps::source_catalog::SourceCatalog>::new(
            open_resampled,
        )),
        Arc::new(library::tweakreg_task()),
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

    fn orders(&self, pipeline: &str) -> Vec<Order> {
        let other = "instruments other than MIRI";
        match pipeline {
            "calwebb_detector1" => vec![detector1::order("MIRI"), detector1::order(other)],
            "calwebb_dark" => ["MIRI", other]
                .map(|exposures| Order::of_table(exposures, dark::table(exposures)))
                .into(),
            "calwebb_guider" => vec![Order::of_table("", guider::STEPS)],
            "calwebb_image2" => vec![Order::of_table("", image2::STEPS)],
            "calwebb_image3" => vec![image3::order()],
            _ => Vec::new(),
        }
    }

    fn selection(&self, path: &Path, files_anywhere: bool) -> Result<Values, BoxError> {
        let meta = if kind_of(path) == InputKind::Association {
            let science = first_science(&association_of(path)?, files_anywhere)?;
            Metadata::read(&FitsReader::open(&science)?)?
        } else {
            Metadata::read(&FitsReader::open(path)?)?
        };
        Ok(datamodels::product::selection(&meta))
    }

    fn references(&self, context: Option<&str>) -> Result<Box<dyn ReferenceSource>, BoxError> {
        let mut config = Config::from_env(Observatory::jwst())?;
        config.context = context.map(str::to_owned).or(config.context);
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

/// Opens a resampled image.
fn open_resampled(path: &Path) -> Result<ResampledModel, BoxError> {
    Ok(ResampledModel::open(path)?)
}

/// Opens count rates of images; products of spectra are refused.
pub(crate) fn open_image(path: &Path) -> Result<RateModel, BoxError> {
    let meta = Metadata::read(&FitsReader::open(path)?)?;
    let model = meta.model_type();
    if ["Slit", "Spec", "IFU"]
        .iter()
        .any(|word| model.contains(word))
    {
        let expected = "ImageModel or CubeModel; spectra cannot be calibrated in this version";
        return Err(StepError::input("keyword DATAMODL", expected, model).into());
    }
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn orders_name_all_steps_of_a_pipeline_and_no_others() {
        for task in Jwst.tasks() {
            let spec = task.spec();
            let orders = Jwst.orders(&spec.alias);
            assert_eq!(orders.is_empty(), !spec.is_pipeline(), "{}", spec.alias);
            let named: BTreeSet<&str> = orders
                .iter()
                .flat_map(|order| order.turns.iter().map(|turn| turn.name))
                .collect();
            let steps: BTreeSet<&str> = spec.steps.iter().map(|step| step.name.as_ref()).collect();
            assert_eq!(named, steps, "{}", spec.alias);
        }
    }
}
