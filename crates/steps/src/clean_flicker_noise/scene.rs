//! The scene mask: which pixels show background.

use datamodels::dq::pixel;
use ndarray::parallel::prelude::*;
use ndarray::{Array2, Array3, Axis, Zip};
use stcal::clean_flicker_noise::scene::{SceneLimits, mask_scene};

use super::draft::DraftRate;

/// True for background pixels.
#[derive(Debug, Clone)]
pub(crate) struct SceneMask {
    /// A plane for each integration, or one for all.
    pub(crate) planes: Array3<bool>,
    /// Whether integrations have masks of their own.
    pub(crate) by_integration: bool,
}

/// Pixels that are left out whatever their values.
#[derive(Debug, Clone, Default)]
pub(crate) struct Regions {
    /// Illuminated pixels.
    pub(crate) illuminated: Option<Array2<bool>>,
    /// Whether flags of the quality say which pixels do not see the sky (MIRI).
    pub(crate) by_quality: bool,
}

/// Makes the mask of rates; a single one takes the pixels that are background in all integrations.
pub(crate) fn scene_mask(
    rate: &DraftRate,
    regions: &Regions,
    n_sigma: f64,
    fit_histogram: bool,
    single: bool,
) -> SceneMask {
    tracing::info!("Creating mask");
    let limits = (n_sigma > 0.0).then_some(SceneLimits {
        n_sigma,
        fit_histogram,
    });
    let mut planes = Array3::from_elem(rate.data.raw_dim(), true);
    let images = rate.data.axis_iter(Axis(0)).into_par_iter();
    let quality = rate.dq.axis_iter(Axis(0)).into_par_iter();
    let masks = planes.axis_iter_mut(Axis(0)).into_par_iter();
    (masks, images, quality)
        .into_par_iter()
        .for_each(|(mut mask, image, dq)| {
            if let Some(illuminated) = &regions.illuminated {
                Zip::from(&mut mask)
                    .and(illuminated)
                    .for_each(|mask, &lit| *mask &= !lit);
            }
            if regions.by_quality {
                let bits = pixel::DO_NOT_USE | pixel::NON_SCIENCE;
                Zip::from(&mut mask)
                    .and(&dq)
                    .for_each(|mask, &dq| *mask &= dq & bits == 0);
            }
            mask_scene(image, mask, limits);
        });
    if single && rate.by_integration {
        let all = planes.map_axis(Axis(0), |lane| lane.iter().all(|&used| used));
        return SceneMask {
            planes: all.insert_axis(Axis(0)),
            by_integration: false,
        };
    }
    SceneMask {
        planes,
        by_integration: rate.by_integration,
    }
}

impl SceneMask {
    /// The mask as it is saved: 1 for background.
    pub(crate) fn to_values(&self) -> ndarray::ArrayD<f32> {
        let values = self.planes.mapv(|used| f32::from(u8::from(used)));
        if self.by_integration {
            values.into_dyn()
        } else {
            values.index_axis_move(Axis(0), 0).into_dyn()
        }
    }
}
