//! `linearity`: corrects the non-linear response of the detector.

use datamodels::RampModel;
use datamodels::reference::{LinearityReference, StreamedImage};
use ndarray::parallel::prelude::*;
use ndarray::{Array2, ArrayView2, ArrayView4, ArrayViewMut2, ArrayViewMut3, ArrayViewMut4, Axis};
use stcal::linearity::{
    linearize, linearize_reads, linearize_zero_frame, replace_bad_coefficients,
};
use stcal::read_pattern::ReadPattern;
use stpipe::{Outcome, Prepared, ReferenceFiles, SkipReason, Step, StepError};

use crate::{bands, flags, readout, stripes};

#[cfg(test)]
mod tests;

stpipe::params! {
    /// Parameters of `linearity`; it has none of its own.
    pub struct LinearityParams {}
}

/// Applies a polynomial to every sample that is not saturated, and to the zero frames.
#[derive(Debug, Clone, Copy)]
pub struct Linearity;

impl Step for Linearity {
    const NAME: &'static str = "linearity";
    const CLASS: &'static str = "jwst.linearity.linearity_step.LinearityStep";
    const ABOUT: &'static str = "Corrects the non-linear response of the detector";
    const STATUS_KEY: &'static str = "linearity";
    const REFERENCES: &'static [&'static str] = &["linearity"];
    type Params = LinearityParams;
    type References = LinearityReference;
    type Input = RampModel;
    type Output = RampModel;

    fn prepare(
        _params: &LinearityParams,
        ramp: &RampModel,
        files: &ReferenceFiles,
    ) -> Result<Prepared<LinearityReference>, StepError> {
        stripes::require_collated(Self::NAME, ramp)?;
        let science = crate::science(ramp);
        let reference = crate::load(files, "linearity", |path| {
            LinearityReference::load(path, &science)
        })?;
        Ok(reference.map_or(
            Prepared::Skip(SkipReason::NoReference("linearity")),
            Prepared::Ready,
        ))
    }

    fn run(
        _params: &LinearityParams,
        mut reference: LinearityReference,
        mut ramp: RampModel,
    ) -> Result<Outcome<RampModel, RampModel>, StepError> {
        let pattern = match reference.inverse {
            Some(_) => averaged_reads(&ramp)?,
            None => None,
        };
        if pattern.is_some() {
            tracing::info!(
                "Correcting the single frames of averaged groups with the inverse coefficients"
            );
        } else {
            // Not even its bad coefficients count then.
            reference.inverse = None;
        }
        check_size(&reference, &ramp)?;
        bands_of(&mut ramp, &reference.dq)
            .into_par_iter()
            .try_for_each_init(Vec::new, |bytes, band| {
                band.correct(&reference, pattern.as_ref(), bytes)
            })?;
        Ok(Outcome::Complete(ramp))
    }
}

/// The reads of each group, if groups are means of reads that can be told apart.
///
/// A ramp of a single group tells no rate, from which its reads could be rebuilt; it is corrected as it is.
fn averaged_reads(ramp: &RampModel) -> Result<Option<ReadPattern>, StepError> {
    let n_groups = ramp.data.dim().1;
    let n_frames = ramp
        .meta
        .exposure()
        .frames_per_group()
        .map_err(crate::metadata_error)?;
    let read_times = ramp.meta.get("meta.exposure.read_times");
    // Times of single reads say that the groups are no longer those of the pattern.
    let has_times =
        read_times.is_some_and(|times| times.as_sequence().is_none_or(|times| !times.is_empty()));
    if n_frames == 1 || has_times || n_groups < 2 {
        return Ok(None);
    }
    Ok(Some(ReadPattern::contiguous(n_groups, n_frames as u32)))
}

/// Whether the coefficients are those of the images of the ramp.
fn check_size(reference: &LinearityReference, ramp: &RampModel) -> Result<(), StepError> {
    let (_, _, rows, columns) = ramp.data.dim();
    let images = std::iter::once(&reference.coefficients).chain(&reference.inverse);
    for (_, _, found_rows, found_columns) in images.map(StreamedImage::dim) {
        if (found_rows, found_columns) != (rows, columns) {
            return Err(StepError::input(
                "coefficients of the linearity",
                format!("{rows} rows and {columns} columns, as the exposure has"),
                format!("{found_rows} and {found_columns}"),
            ));
        }
    }
    Ok(())
}

/// A band of rows of the ramp, and of the quality of its reference.
struct Band<'a> {
    /// Its first row in the image.
    first_row: usize,
    data: ArrayViewMut4<'a, f32>,
    group_dq: ArrayView4<'a, u8>,
    pixel_dq: ArrayViewMut2<'a, u32>,
    zero_frame: Option<ArrayViewMut3<'a, f32>>,
    reference_dq: ArrayView2<'a, u32>,
}

fn bands_of<'a>(ramp: &'a mut RampModel, reference_dq: &'a Array2<u32>) -> Vec<Band<'a>> {
    let zero_frame = if readout::has_zero_frame(ramp) {
        ramp.zeroframe.as_mut()
    } else {
        None
    };
    let mut zero_frame = zero_frame.map(|frame| frame.axis_chunks_iter_mut(Axis(1), bands::ROWS));
    let data = ramp.data.axis_chunks_iter_mut(Axis(2), bands::ROWS);
    let group_dq = ramp.groupdq.axis_chunks_iter(Axis(2), bands::ROWS);
    let pixel_dq = ramp.pixeldq.axis_chunks_iter_mut(Axis(0), bands::ROWS);
    let reference_dq = reference_dq.axis_chunks_iter(Axis(0), bands::ROWS);
    let science = data.zip(group_dq).zip(pixel_dq).zip(reference_dq);
    science
        .enumerate()
        .map(
            |(index, (((data, group_dq), pixel_dq), reference_dq))| Band {
                first_row: index * bands::ROWS,
                data,
                group_dq,
                pixel_dq,
                zero_frame: zero_frame.as_mut().and_then(Iterator::next),
                reference_dq,
            },
        )
        .collect()
}

impl Band<'_> {
    /// Corrects the band; `bytes` is room that is used again from call to call.
    fn correct(
        self,
        reference: &LinearityReference,
        pattern: Option<&ReadPattern>,
        bytes: &mut Vec<u8>,
    ) -> Result<(), StepError> {
        let Self {
            first_row,
            data,
            group_dq,
            mut pixel_dq,
            zero_frame,
            reference_dq,
        } = self;
        let here = first_row..first_row + data.dim().2;
        let mut read = |image: &StreamedImage| {
            image
                .read_band(here.clone(), bytes)
                .map_err(StepError::algorithm)
        };
        let mut coefficients = read(&reference.coefficients)?;
        let inverse = reference.inverse.as_ref().map(&mut read).transpose()?;
        let mut check = |coefficients: ArrayViewMut3<'_, f32>| {
            replace_bad_coefficients(
                coefficients,
                reference_dq,
                pixel_dq.view_mut(),
                &flags::PIXEL,
            )
            .map_err(StepError::algorithm)
        };
        check(coefficients.view_mut())?;
        match (inverse, pattern) {
            (Some(mut inverse), Some(pattern)) => {
                check(inverse.view_mut())?;
                let (coefficients, inverse) = (coefficients.view(), inverse.view());
                linearize_reads(
                    data,
                    group_dq,
                    coefficients,
                    inverse,
                    pattern,
                    &flags::GROUP,
                )
                .map_err(StepError::algorithm)?;
            }
            _ => linearize(data, group_dq, coefficients.view(), &flags::GROUP)
                .map_err(StepError::algorithm)?,
        }
        match zero_frame {
            Some(frame) => {
                linearize_zero_frame(frame, coefficients.view()).map_err(StepError::algorithm)
            }
            None => Ok(()),
        }
    }
}
