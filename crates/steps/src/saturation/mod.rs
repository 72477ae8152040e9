//! `saturation`: flags samples at the upper and the lower end of the range of the A/D converter.

use datamodels::RampModel;
use datamodels::reference::{SaturationReference, Science, SuperbiasReference};
use ndarray::parallel::prelude::*;
use ndarray::{Array2, ArrayView3, ArrayViewMut2, ArrayViewMut3, Axis, s};
use stcal::read_pattern::ReadPattern;
use stcal::saturation::{
    self as kernel, SaturationOptions, clear_saturated, count_pixels, replace_unchecked_thresholds,
};
use stcal::shape::{ShapeError, check_shape};
use stpipe::{Outcome, Prepared, ReferenceFiles, SkipReason, Step, StepError};

use crate::irs2::{self, Irs2Readout};
use crate::stripes::{self, Plane};
use crate::{bands, flags};

mod interleaved;
#[cfg(test)]
mod tests;

stpipe::params! {
    /// Parameters of `saturation`.
    pub struct SaturationParams {
        /// Layers of pixels around a saturated one that are flagged, too
        pub n_pix_grow_sat: i64 = 1;
        /// Look for saturation that hides in groups averaged from several frames
        pub use_readpatt: bool = true;
    }
}

/// The largest number that the 16-bit A/D converter gives [DN].
const CONVERTER_LIMIT_DN: f32 = 65_535.0;

/// Flags saturated samples, their neighbours and samples on the floor of the converter.
#[derive(Debug, Clone, Copy)]
pub struct Saturation;

/// What `saturation` needs.
#[derive(Debug, Clone)]
pub struct SaturationReferences {
    /// Thresholds.
    pub saturation: SaturationReference,
    /// Superbias, `(row, column)` [DN], without which it counts as 0; only averaged groups need it.
    pub bias: Option<Array2<f32>>,
}

impl Step for Saturation {
    const NAME: &'static str = "saturation";
    const CLASS: &'static str = "jwst.saturation.saturation_step.SaturationStep";
    const ABOUT: &'static str =
        "Flags saturated samples and those on the floor of the A/D converter";
    const STATUS_KEY: &'static str = "saturation";
    const REFERENCES: &'static [&'static str] = &["saturation", "superbias"];
    type Params = SaturationParams;
    type References = SaturationReferences;
    type Input = RampModel;
    type Output = RampModel;

    fn prepare(
        params: &SaturationParams,
        ramp: &RampModel,
        files: &ReferenceFiles,
    ) -> Result<Prepared<SaturationReferences>, StepError> {
        let science = crate::science(ramp);
        let (rows, columns) = irs2::size(ramp)?;
        let normal = Science {
            rows,
            columns,
            ..science
        };
        let saturation = crate::load(files, "saturation", |path| {
            SaturationReference::load(path, &normal)
        })?;
        // Parity: jwst saturation/saturation_step.py asks for the superbias, and records it, for every exposure.
        files.path("superbias")?;
        let Some(saturation) = saturation else {
            return Ok(Prepared::Skip(SkipReason::NoReference("saturation")));
        };
        // Only the third group can tell that the second one hides saturation.
        let bias = match averaged_groups(params, ramp)? {
            Some(pattern) if pattern.n_groups() > 2 => {
                let superbias = crate::load(files, "superbias", |path| {
                    SuperbiasReference::load(path, &science)
                })?;
                let interleaved = Irs2Readout::of(ramp)?;
                superbias.map(|superbias| match interleaved {
                    Some(readout) => {
                        irs2::select_rows(&superbias.bias.view(), &readout.normal_rows())
                    }
                    None => superbias.bias,
                })
            }
            _ => None,
        };
        Ok(Prepared::Ready(SaturationReferences { saturation, bias }))
    }

    fn run(
        params: &SaturationParams,
        references: SaturationReferences,
        mut ramp: RampModel,
    ) -> Result<Outcome<RampModel, RampModel>, StepError> {
        let SaturationReferences {
            mut saturation,
            bias,
        } = references;
        let read_pattern = averaged_groups(params, &ramp)?;
        if let Some(readout) = Irs2Readout::of(&ramp)? {
            interleaved::check_thresholds(&mut saturation, &mut ramp, readout)?;
            let reference = kernel::SaturationReference {
                threshold_dn: saturation.threshold.view(),
                dq: saturation.dq.view(),
            };
            let options = SaturationOptions {
                grow: usize::try_from(params.n_pix_grow_sat).unwrap_or(0),
                read_pattern: read_pattern.as_ref(),
                bias_dn: bias.as_ref().map(|bias| bias.view()),
                group_flags: flags::GROUP,
                pixel_flags: flags::PIXEL,
            };
            interleaved::flag(&mut ramp, &reference, &options, readout)
                .map_err(StepError::algorithm)?;
            note_counts(&mut ramp);
            return Ok(Outcome::Complete(ramp));
        }
        check_thresholds(&mut saturation, ramp.pixeldq.view_mut())?;
        let rows = ramp.data.dim().2;
        stripes::for_each_plane(&mut ramp, |plane| {
            let reference = kernel::SaturationReference {
                threshold_dn: stripes::part(&saturation.threshold, plane.number, rows),
                dq: stripes::part(&saturation.dq, plane.number, rows),
            };
            let options = SaturationOptions {
                grow: usize::try_from(params.n_pix_grow_sat).unwrap_or(0),
                read_pattern: read_pattern.as_ref(),
                bias_dn: bias
                    .as_ref()
                    .map(|bias| stripes::part(bias, plane.number, rows)),
                group_flags: flags::GROUP,
                pixel_flags: flags::PIXEL,
            };
            flag(plane, &reference, &options)
        })
        .map_err(StepError::algorithm)?;
        note_counts(&mut ramp);
        Ok(Outcome::Complete(ramp))
    }
}

fn flag(
    plane: Plane<'_>,
    reference: &kernel::SaturationReference<'_>,
    options: &SaturationOptions<'_>,
) -> Result<(), ShapeError> {
    let Plane {
        data,
        mut group_dq,
        zero_frame,
        ..
    } = plane;
    for (data, group_dq) in data.outer_iter().zip(group_dq.outer_iter_mut()) {
        let integration = Integration {
            data,
            group_dq,
            reference,
            options,
        };
        integration.flag()?;
    }
    let Some(mut frames) = zero_frame else {
        return Ok(());
    };
    let frames = frames.axis_iter_mut(Axis(0)).into_par_iter();
    frames.try_for_each(|frame| clear_saturated(frame, reference, options.grow))
}

/// One integration, whose bands of rows are flagged in parallel.
struct Integration<'a, 'r, 'o> {
    data: ArrayView3<'a, f32>,
    group_dq: ArrayViewMut3<'a, u8>,
    reference: &'a kernel::SaturationReference<'r>,
    options: &'a SaturationOptions<'o>,
}

/// A band of rows of an integration, which begins at `first_row` of the image.
struct Band<'a> {
    first_row: usize,
    data: ArrayView3<'a, f32>,
    group_dq: ArrayViewMut3<'a, u8>,
    reference: kernel::SaturationReference<'a>,
    options: SaturationOptions<'a>,
}

impl Integration<'_, '_, '_> {
    /// The same stages as [`kernel::flag_saturated`].
    fn flag(mut self) -> Result<(), ShapeError> {
        let seeds = self.bands()?.into_par_iter().map(|band| {
            kernel::flag_samples(band.data, band.group_dq, &band.reference, &band.options)
        });
        let Some(seeds) = kernel::join(seeds.collect::<Result<Vec<_>, _>>()?) else {
            return Ok(());
        };
        // Every band is worked on, also where none has anything to tell: options are not collected as one.
        let hidden = self.bands()?.into_par_iter().map(|mut band| {
            let dq = band.group_dq.view_mut();
            kernel::spread_saturation(dq, band.first_row, &seeds, &band.options)?;
            let dq = band.group_dq.view();
            kernel::find_hidden(band.data, dq, &band.reference, &band.options)
        });
        let hidden = hidden.collect::<Result<Vec<_>, _>>()?;
        let Some(hidden) = kernel::join(hidden.into_iter().flatten()) else {
            return Ok(());
        };
        self.bands()?.into_par_iter().try_for_each(|band| {
            let hidden = (&hidden, band.first_row);
            kernel::flag_hidden(
                band.data,
                band.group_dq,
                &band.reference,
                &band.options,
                hidden,
            )
        })
    }

    /// The bands from the first row to the last.
    fn bands(&mut self) -> Result<Vec<Band<'_>>, ShapeError> {
        let &SaturationOptions {
            grow,
            read_pattern,
            bias_dn,
            group_flags,
            pixel_flags,
        } = self.options;
        let (_, rows, columns) = self.data.dim();
        let image = [rows, columns];
        check_shape("saturation", &image, self.reference.threshold_dn.shape())?;
        check_shape(
            "quality of the saturation",
            &image,
            self.reference.dq.shape(),
        )?;
        if let Some(bias) = bias_dn {
            check_shape("superbias", &image, bias.shape())?;
        }
        let data = self.data.axis_chunks_iter(Axis(1), bands::ROWS);
        let group_dq = self.group_dq.axis_chunks_iter_mut(Axis(1), bands::ROWS);
        let bands = data
            .zip(group_dq)
            .enumerate()
            .map(|(index, (data, group_dq))| {
                let first_row = index * bands::ROWS;
                let here = s![first_row..first_row + data.len_of(Axis(1)), ..];
                Band {
                    first_row,
                    data,
                    group_dq,
                    reference: kernel::SaturationReference {
                        threshold_dn: self.reference.threshold_dn.slice_move(here),
                        dq: self.reference.dq.slice_move(here),
                    },
                    options: SaturationOptions {
                        grow,
                        read_pattern,
                        bias_dn: bias_dn.map(|bias| bias.slice_move(here)),
                        group_flags,
                        pixel_flags,
                    },
                }
            });
        Ok(bands.collect())
    }
}

/// The reads of each group, if saturation that hides in a mean is to be looked for and groups are means.
///
/// A group of a single read hides nothing.
fn averaged_groups(
    params: &SaturationParams,
    ramp: &RampModel,
) -> Result<Option<ReadPattern>, StepError> {
    if !params.use_readpatt {
        return Ok(None);
    }
    let n_frames = ramp
        .meta
        .exposure()
        .frames_per_group()
        .map_err(crate::metadata_error)?;
    if n_frames == 1 {
        return Ok(None);
    }
    tracing::info!("Groups average {n_frames} frames: looking for saturation that hides in them");
    Ok(Some(ReadPattern::contiguous(
        ramp.data.dim().1,
        n_frames as u32,
    )))
}

/// Lifts thresholds that do not exist out of reach and enters the quality of the reference.
fn check_thresholds(
    saturation: &mut SaturationReference,
    mut pixel_dq: ArrayViewMut2<'_, u32>,
) -> Result<(), StepError> {
    let threshold = saturation
        .threshold
        .axis_chunks_iter_mut(Axis(0), bands::ROWS)
        .into_par_iter();
    let reference_dq = saturation
        .dq
        .axis_chunks_iter_mut(Axis(0), bands::ROWS)
        .into_par_iter();
    let pixel_dq = pixel_dq
        .axis_chunks_iter_mut(Axis(0), bands::ROWS)
        .into_par_iter();
    threshold
        .zip(reference_dq)
        .zip(pixel_dq)
        .try_for_each(|((threshold, reference_dq), pixel_dq)| {
            replace_unchecked_thresholds(
                threshold,
                reference_dq,
                pixel_dq,
                CONVERTER_LIMIT_DN,
                &flags::PIXEL,
            )
        })
        .map_err(StepError::algorithm)
}

/// Counts what was flagged, for the log and the product.
fn note_counts(ramp: &mut RampModel) {
    let bits = [flags::GROUP.saturated, flags::GROUP.ad_floor];
    let bands = ramp
        .groupdq
        .axis_chunks_iter(Axis(2), bands::ROWS)
        .into_par_iter();
    let [saturated, floor] = bands
        .map(|band| count_pixels(band, bits))
        .reduce(|| [0; 2], |a, b| [a[0] + b[0], a[1] + b[1]]);
    tracing::info!("Detected {saturated} saturated pixels");
    tracing::info!("Detected {floor} A/D floor pixels");
    let counts = [("saturated_pixels", saturated), ("floor_pixels", floor)];
    for (name, count) in counts {
        ramp.meta.note(Saturation::STATUS_KEY, name, count as i64);
    }
}
