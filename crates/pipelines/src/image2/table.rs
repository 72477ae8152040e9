//! The order of the steps.

use datamodels::models::RateModel;
use steps::assign_wcs::AssignWcs;
use steps::bkg_subtract::BkgSubtract;
use steps::flat_field::FlatField;
use steps::photom::Photom;
use steps::resample::Resample;
use stpipe::TaskSpec;
use stpipe::run::Entry;

use super::{Image2Params, background, resampled};

/// From count rates to calibrated images.
pub const STEPS: &[Entry<RateModel>] = &[
    background::ENTRY,
    Entry::of::<AssignWcs>(),
    Entry::of::<FlatField>(),
    Entry::of::<Photom>(),
    resampled::ENTRY,
];

/// Names, parameters and steps of the pipeline.
pub fn spec() -> TaskSpec {
    TaskSpec::pipeline::<Image2Params>(
        "calwebb_image2",
        "jwst.pipeline.calwebb_image2.Image2Pipeline",
        "Calibrates count rates of images",
        vec![
            TaskSpec::step::<BkgSubtract>(),
            TaskSpec::step::<AssignWcs>(),
            TaskSpec::step::<FlatField>(),
            TaskSpec::step::<Photom>(),
            TaskSpec::step::<Resample>(),
        ],
    )
}

#[cfg(test)]
mod tests {
    use stpipe::run::describe_table;

    use super::STEPS;

    #[test]
    fn the_table_says_when_backgrounds_are_subtracted() {
        assert_eq!(
            describe_table(STEPS),
            "bkg_subtract  Subtracts the mean of background exposures \
             (if the association names background exposures)\n\
             assign_wcs    Attaches the world coordinate system of the exposure\n\
             flat_field    Divides by the response of the pixels\n\
             photom        Converts count rates to surface brightness\n\
             resample      Puts exposures onto a common image without distortion (if a single image with EXP_TYPE \
             MIR_IMAGE, NRC_IMAGE, NIS_IMAGE or FGS_IMAGE)\n"
        );
    }
}
