//! `calwebb_image2`: from count rates of images to calibrated images.

mod background;
mod resampled;
mod table;

use std::path::PathBuf;

use associations::{Association, Product as AssociationProduct, Role};
use datamodels::models::RateModel;
use steps::bkg_subtract::BkgSubtract;
use stpipe::run::{Context, Run, RunError};
use stpipe::{ActionTask, BoxError, Origin, ParamValue, Product, Settings, Step};

use crate::association::{advise, allowed, association_of};
use crate::mission::open_image;

pub use background::background_task;
pub use table::{STEPS, spec};

stpipe::params! {
    /// Parameters of `calwebb_image2` itself.
    pub struct Image2Params {
        /// Deprecated: use the parameter save_results of the step bkg_subtract
        pub save_bsub: bool = false;
    }
}

/// `calwebb_image2` for programs.
pub fn task() -> ActionTask {
    ActionTask::new(spec(), run)
}

fn run(
    context: &Context<'_>,
    settings: Settings,
    inputs: &[PathBuf],
) -> Result<Vec<PathBuf>, RunError> {
    let [path] = inputs else {
        return Err(RunError::InputCount {
            task: settings.name().to_owned(),
            expected: "one exposure or association",
            found: inputs.len(),
        });
    };
    let mut run = Run::begin(context, settings, path.to_str())?;
    let unusable = |source: BoxError| RunError::Input {
        path: path.clone(),
        source,
    };
    let association = association_of(path).map_err(|error| unusable(error.into()))?;
    let members = association.check_members(allowed(context)).map_err(advise);
    members.map_err(|error| unusable(error.into()))?;
    if run.settings().params::<Image2Params>()?.save_bsub {
        tracing::warn!(
            "The --save_bsub parameter is deprecated. To save background-subtracted data, use the \
             --steps.bkg_subtract.save_results parameter instead."
        );
        set_for_backgrounds(&mut run, "save_results", true)?;
    }
    let own = run.settings().base()?;
    let has_own_name = own.output_file.is_some() && association.products.len() == 1;
    if own.output_file.is_some() && !has_own_name {
        tracing::warn!("Multiple products in input association. Output file name will be ignored.");
    }
    run.settings_mut()
        .set("output_use_model", false, Origin::Caller)?;
    for product in &association.products {
        tracing::info!("Processing product {}", product.name);
        if !has_own_name {
            let name = own.save_results.then(|| product.name.clone());
            let name = name.map_or(ParamValue::Null, ParamValue::from);
            run.settings_mut()
                .set("output_file", name, Origin::Caller)?;
        }
        let rate = open_product(&mut run, context, &association, product)?;
        let mut calibrated = process(&mut run, rate)?;
        let suffix = match calibrated {
            RateModel::Image(_) => "cal",
            RateModel::Cube(_) => "calints",
        };
        run.deliver(&mut calibrated, suffix)?;
        tracing::info!("Finished processing product {}", product.name);
    }
    Ok(run.close())
}

/// Opens the science exposure of a product, and tells the steps which backgrounds belong to it.
fn open_product(
    run: &mut Run<'_>,
    context: &Context<'_>,
    association: &Association,
    product: &AssociationProduct,
) -> Result<RateModel, RunError> {
    let unusable = |source: BoxError| RunError::Input {
        path: PathBuf::from(association.file_name()),
        source,
    };
    if product.members_of(&Role::Science).count() > 1 {
        tracing::warn!(
            "Wrong number of science files found in {}; using only the first one.",
            product.name
        );
    }
    let science = association
        .only(product, &Role::Science)
        .and_then(|member| association.path_of(member, allowed(context)))
        .map_err(|error| unusable(error.into()))?;
    let backgrounds = association
        .paths_of(product, &Role::Background, allowed(context))
        .map_err(|error| unusable(error.into()))?;
    tracing::info!("Working on input {} ...", science.display());
    let mut rate = open_image(&science).map_err(|source| RunError::Input {
        path: science,
        source,
    })?;
    rate.meta_mut()
        .set("meta.asn.pool_name", association.pool());
    rate.meta_mut()
        .set("meta.asn.table_name", association.file_name());
    let suffix = match &rate {
        RateModel::Image(_) => "bsub",
        RateModel::Cube(_) => "bsubints",
    };
    set_for_backgrounds(run, "suffix", suffix)?;
    set_for_backgrounds(run, "bkg_list", background::list(&backgrounds))?;
    Ok(rate)
}

/// Sends an exposure through the steps.
fn process(run: &mut Run<'_>, rate: RateModel) -> Result<RateModel, RunError> {
    let planned: Vec<&str> = STEPS.iter().map(|entry| entry.name).collect();
    run.prefetch(&rate.selection(), &planned)?;
    run.table(STEPS, rate)
}

fn set_for_backgrounds(
    run: &mut Run<'_>,
    name: &str,
    value: impl Into<ParamValue>,
) -> Result<(), RunError> {
    if let Some(settings) = run.settings_mut().step_mut(BkgSubtract::NAME) {
        settings.set(name, value, Origin::Caller)?;
    }
    Ok(())
}
