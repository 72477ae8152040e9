//! Count rates band by band.

use std::ops::Range;

use datamodels::models::{RateModel, RatePlanesMut};
use datamodels::reference::Science;
use ndarray::Axis;
use ndarray::parallel::prelude::*;
use stcal::rate_image::RateImageMut;

use crate::bands;

/// Count rates as a reference has to fit them.
pub(crate) fn science(rate: &RateModel) -> Science<'_> {
    let (rows, columns) = rate.image_shape();
    Science {
        meta: rate.meta(),
        rows,
        columns,
    }
}

/// Works on the bands of rows of every integration, in any order; `work` is told which rows they are.
pub(crate) fn for_each_band<E: Send>(
    rate: &mut RateModel,
    work: impl Fn(Range<usize>, &mut RateImageMut<'_>) -> Result<(), E> + Sync,
) -> Result<(), E> {
    let RatePlanesMut {
        mut data,
        mut err,
        mut dq,
        mut var_poisson,
        mut var_rnoise,
        mut var_flat,
    } = rate.planes_mut();
    let mut parts = Vec::new();
    let mut var_flat = var_flat
        .as_mut()
        .map(|variance| variance.axis_iter_mut(Axis(0)));
    let planes = data
        .axis_iter_mut(Axis(0))
        .zip(err.axis_iter_mut(Axis(0)))
        .zip(dq.axis_iter_mut(Axis(0)))
        .zip(var_poisson.axis_iter_mut(Axis(0)))
        .zip(var_rnoise.axis_iter_mut(Axis(0)));
    for ((((data, err), dq), var_poisson), var_rnoise) in planes {
        let image = RateImageMut {
            data,
            err,
            dq,
            var_poisson,
            var_rnoise,
            var_flat: var_flat.as_mut().and_then(Iterator::next),
        };
        split(image, &mut parts);
    }
    parts
        .into_par_iter()
        .try_for_each(|(rows, mut band)| work(rows, &mut band))
}

/// Splits an image into bands of rows.
fn split<'a>(image: RateImageMut<'a>, parts: &mut Vec<(Range<usize>, RateImageMut<'a>)>) {
    let (mut rest, mut start) = (image, 0);
    while rest.data.nrows() > bands::ROWS {
        let (band, below) = rest.split_at(bands::ROWS);
        parts.push((start..start + bands::ROWS, band));
        (rest, start) = (below, start + bands::ROWS);
    }
    parts.push((start..start + rest.data.nrows(), rest));
}
