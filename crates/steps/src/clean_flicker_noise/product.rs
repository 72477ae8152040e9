//! A corrected exposure and what was saved on the way.

use datamodels::models::{ExposureModel, IntermediateModel};
use stpipe::{Product, Products};

/// A corrected exposure with the masks, backgrounds and patterns that are to be saved with it.
#[derive(Debug, Clone)]
pub struct WithIntermediates {
    /// The corrected exposure.
    pub exposure: ExposureModel,
    /// What else is saved, by its suffix.
    pub intermediates: Vec<(&'static str, IntermediateModel)>,
}

impl Products for WithIntermediates {
    fn products(&mut self) -> Vec<Option<&mut dyn Product>> {
        vec![Some(&mut self.exposure)]
    }

    fn side_products(&mut self) -> Vec<(&'static str, &mut dyn Product)> {
        self.intermediates
            .iter_mut()
            .map(|(suffix, model)| (*suffix, model as &mut dyn Product))
            .collect()
    }
}
