//! The scene as the median of the integrations, scaled to the brightness of each.

use datamodels::models::{ExposureModel, RateModel};
use ndarray::parallel::prelude::*;
use ndarray::{Array3, Array4, Axis};
use stcal::clean_flicker_noise::{flux_scale, median_across_integrations};

use super::draft::DraftRate;

/// The median over the integrations of each group, `(group, row, column)`, and the factor of each integration.
#[derive(Debug, Clone)]
pub(super) struct MedianImage {
    pub(super) median: Array3<f32>,
    pub(super) scale: Vec<f32>,
}

impl MedianImage {
    /// `None` if no integration has a brightness; the exposure has at least two.
    pub(super) fn new(exposure: &ExposureModel, rate: &DraftRate) -> Option<Self> {
        let scale = flux_scale(rate.data.view())?;
        tracing::info!("Making a scaled median image");
        let median = match exposure {
            ExposureModel::Ramp(ramp) => medians(&ramp.data),
            ExposureModel::Rate(model) => match &**model {
                RateModel::Cube(cube) => {
                    let mut median = Array3::zeros((1, cube.data.dim().1, cube.data.dim().2));
                    median_across_integrations(cube.data.view(), median.index_axis_mut(Axis(0), 0));
                    median
                }
                RateModel::Image(_) => return None,
            },
        };
        Some(Self { median, scale })
    }

    /// Whether groups can be cleaned from the first on: nothing is left of their signal.
    pub(super) fn of(&self, integration: usize, group: usize) -> ndarray::Array2<f32> {
        let factor = self.scale[integration];
        self.median
            .index_axis(Axis(0), group)
            .mapv(|value| factor * value)
    }
}

fn medians(data: &Array4<f32>) -> Array3<f32> {
    let (_, groups, rows, columns) = data.dim();
    let mut median = Array3::zeros((groups, rows, columns));
    median
        .axis_iter_mut(Axis(0))
        .into_par_iter()
        .enumerate()
        .for_each(|(group, median)| {
            median_across_integrations(data.index_axis(Axis(1), group), median);
        });
    median
}
