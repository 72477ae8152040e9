//! Superstripes become an ordinary ramp.

use datamodels::dq::pixel;
use datamodels::metadata::Metadata;
use datamodels::stripes::{CollatedFrame, Read, StripeLayout, remove_keywords};
use datamodels::{Model, RampModel};
use ndarray::parallel::prelude::*;
use ndarray::{Array2, Array3, Array4, ArrayView2, ArrayViewMut2, Axis, Slice};
use stpipe::StepError;

use super::{part, read_times, times};
use crate::readout;

/// Where the lines of a stripe go.
struct Placing<'a> {
    layout: &'a StripeLayout,
    frame: CollatedFrame,
}

/// Puts the lines that the superstripes see in their places on the detector.
///
/// So many integrations as there are stripes become one. Lines that a stripe reads several times become so many groups,
/// and the times of the reads are written down. What no stripe sees is not a number, and flagged as reference pixel.
/// Where stripes overlap, the later one stays.
///
/// # Source
/// jwst 3.0.0 `lib/stripe_utils.py::collate_superstripes`.
pub(crate) fn collate(ramp: RampModel, layout: &StripeLayout) -> Result<RampModel, StepError> {
    tracing::info!("Reassembling striped data to standard ramp format");
    let place = Placing {
        layout,
        frame: layout.collated(),
    };
    let n = layout.n_superstripes();
    let zeroframe = match &ramp.zeroframe {
        Some(frames) if readout::has_zero_frame(&ramp) => Some(place.zero_frames(frames)),
        _ => None,
    };
    let mut meta = ramp.meta.derive(RampModel::MODEL_TYPE);
    let data = place.groups(&ramp.data, f32::NAN);
    let times = times::collate(ramp.int_times.as_ref(), &meta, n)?;
    rewrite(&mut meta, data.dim(), place.frame, layout)?;
    if layout.n_repeats() > 1 {
        meta.set("meta.exposure.read_times", read_times::of(&ramp.meta)?);
    }
    Ok(RampModel {
        groupdq: place.groups(&ramp.groupdq, 0),
        pixeldq: place.pixel_dq(&ramp.pixeldq, ramp.data.dim().2),
        zeroframe,
        int_times: times.integrations,
        int_times_stripe: times.stripes,
        extra: ramp.extra,
        ..RampModel::new(meta, data)
    })
}

impl Placing<'_> {
    fn shape(&self, (rows, columns): (usize, usize)) -> (usize, usize) {
        if self.layout.slow.columns {
            (rows, self.frame.lines)
        } else {
            (self.frame.lines, columns)
        }
    }

    fn groups<T: Copy + Send + Sync>(&self, stripes: &Array4<T>, nothing: T) -> Array4<T> {
        let (integrations, groups, rows, columns) = stripes.dim();
        let (n, n_repeats) = (self.layout.n_superstripes(), self.layout.n_repeats());
        let (rows, columns) = self.shape((rows, columns));
        let shape = (integrations / n, groups * n_repeats, rows, columns);
        let mut collated = Array4::from_elem(shape, nothing);
        let integrations = collated.axis_iter_mut(Axis(0)).into_par_iter().enumerate();
        integrations.for_each(|(integration, mut groups)| {
            let groups = groups.axis_iter_mut(Axis(0)).into_par_iter().enumerate();
            groups.for_each(|(group, mut image)| {
                for (stripe, reads) in self.layout.stripes.iter().enumerate() {
                    let stripes = stripes.index_axis(Axis(0), integration * n + stripe);
                    let old = stripes.index_axis_move(Axis(0), group / n_repeats);
                    self.copy(&old, image.view_mut(), &reads.science[group % n_repeats]);
                }
            });
        });
        collated
    }

    // Parity: jwst lib/stripe_utils.py, collate_superstripes means to keep the first repeat of the zero frame, as its
    // comment says, but each one overwrites the one before. The same goes for the pixel quality.
    fn zero_frames(&self, stripes: &Array3<f32>) -> Array3<f32> {
        let (integrations, rows, columns) = stripes.dim();
        let n = self.layout.n_superstripes();
        let (rows, columns) = self.shape((rows, columns));
        let mut collated = Array3::from_elem((integrations / n, rows, columns), f32::NAN);
        let integrations = collated.axis_iter_mut(Axis(0)).into_par_iter().enumerate();
        integrations.for_each(|(integration, mut image)| {
            for (stripe, read) in self.in_order() {
                let old = stripes.index_axis(Axis(0), integration * n + stripe);
                self.copy(&old, image.view_mut(), read);
            }
        });
        collated
    }

    fn pixel_dq(&self, stripes: &Array2<u32>, rows: usize) -> Array2<u32> {
        let shape = self.shape((rows, stripes.ncols()));
        let mut collated = Array2::from_elem(shape, pixel::REFERENCE_PIXEL);
        for (stripe, read) in self.in_order() {
            self.copy(&part(stripes, stripe, rows), collated.view_mut(), read);
        }
        collated
    }

    /// All reads with the number of their stripe, repeat by repeat.
    fn in_order(&self) -> impl Iterator<Item = (usize, &Read)> {
        (0..self.layout.n_repeats()).flat_map(|repeat| {
            let stripes = self.layout.stripes.iter().enumerate();
            stripes.map(move |(stripe, reads)| (stripe, &reads.science[repeat]))
        })
    }

    fn copy<T: Copy>(
        &self,
        stripe: &ArrayView2<'_, T>,
        mut image: ArrayViewMut2<'_, T>,
        read: &Read,
    ) {
        let (slow, frame) = (self.layout.slow, self.frame);
        let axis = Axis(slow.of(2));
        let place = read.detector.start - frame.first_line..read.detector.end - frame.first_line;
        let old = Slice::from(slow.in_image(&read.image, self.layout.lines));
        let new = Slice::from(slow.in_image(&place, frame.lines));
        image
            .slice_axis_mut(axis, new)
            .assign(&stripe.slice_axis(axis, old));
    }
}

/// The header of the ordinary ramp.
fn rewrite(
    meta: &mut Metadata,
    (_, groups, rows, columns): (usize, usize, usize, usize),
    frame: CollatedFrame,
    layout: &StripeLayout,
) -> Result<(), StepError> {
    const START: &str = "meta.exposure.integration_start";
    const END: &str = "meta.exposure.integration_end";
    const COUNT: &str = "meta.exposure.nints";
    let n = layout.n_superstripes() as i64;
    let count = meta
        .require_integer(COUNT, 1)
        .map_err(crate::metadata_error)?;
    let end = meta.integer(END).unwrap_or(count);
    let whole = |stripes: i64| (stripes + n - 1).div_euclid(n);
    meta.set(START, whole(times::first_stripe(meta)));
    meta.set(END, whole(end));
    meta.set(COUNT, whole(count));
    meta.set("meta.exposure.ngroups", groups as i64);
    remove_keywords(meta);
    meta.set("meta.subarray.xsize", columns as i64);
    meta.set("meta.subarray.ysize", rows as i64);
    let start = if layout.slow.columns {
        "meta.subarray.xstart"
    } else {
        "meta.subarray.ystart"
    };
    meta.set(start, frame.start as i64);
    Ok(())
}
