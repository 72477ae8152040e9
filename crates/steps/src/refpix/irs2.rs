//! NIRSpec's IRS2 readout: reference pixels interleaved with the others, and an output that reads nothing else.

use datamodels::RampModel;
use datamodels::reference::{Irs2BadPixels, Irs2Reference};
use ndarray::parallel::prelude::*;
use ndarray::{Array2, ArrayView2, ArrayView3, ArrayViewMut2, Axis, s};
use stcal::irs2::{
    BadPairs, Irs2Correction, Irs2Error, Irs2Options, OutputWeights, PlannedReplacement, Weights,
    find_bad, plan_replacements, plan_table, replace,
};
use stcal::refpix::{AmplifierCorrection, AmplifierGeometry, AmplifierOptions, Arithmetic};
use stpipe::{Outcome, Prepared, ReferenceFiles, SkipReason, StepError};

use super::{RefpixParams, correct_images};
use crate::irs2::Irs2Readout;
use crate::{bands, flags};

/// Outputs of an image, the first of which reads reference pixels only.
const OUTPUTS: usize = 5;

/// What the correction needs.
pub struct Irs2References {
    readout: Irs2Readout,
    correction: Irs2Correction,
    /// Bad interleaved pixels of the reference file, if it has a table of them.
    bad: Option<Vec<BadPairs>>,
}

impl std::fmt::Debug for Irs2References {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Irs2References")
            .field("readout", &self.readout)
            .field("bad", &self.bad)
            .finish_non_exhaustive()
    }
}

/// Loads the weights of the outputs.
pub(super) fn prepare(
    ramp: &RampModel,
    readout: Irs2Readout,
    files: &ReferenceFiles,
) -> Result<Prepared<Irs2References>, StepError> {
    let Some(reference) = crate::load(files, "refpix", Irs2Reference::load)? else {
        return Ok(Prepared::Skip(SkipReason::NoReference("refpix")));
    };
    let options = Irs2Options::default();
    let lines = ramp.data.dim().3;
    let expected = 2 * readout.layout.samples(options.padding) * lines;
    if reference.rows() != expected {
        return Ok(Prepared::Skip(SkipReason::not_applicable(format!(
            "the refpix reference has {} rows, but it should be {expected}",
            reference.rows()
        ))));
    }
    // One column after the other, so that there is never more than one at full length.
    let weights = std::array::from_fn(|output| OutputWeights {
        reference_output: Weights::from_full(&reference.alpha(output)),
        interleaved: Weights::from_full(&reference.beta(output)),
    });
    let correction = Irs2Correction::new(readout.layout, lines, options, weights)
        .map_err(StepError::algorithm)?;
    if reference.bad.is_none() {
        tracing::warn!("DQ extension not found in reference file");
    }
    let pairs = |row: &Irs2BadPixels| BadPairs {
        output: row.output,
        pair: row.odd_even,
        blocks: row.mask,
    };
    Ok(Prepared::Ready(Irs2References {
        readout,
        correction,
        bad: reference.bad.map(|rows| rows.iter().map(pairs).collect()),
    }))
}

/// Flags and replaces bad reference pixels, subtracts the noise, and cuts out the normal pixels.
pub(super) fn run(
    params: &RefpixParams,
    references: &Irs2References,
    mut ramp: RampModel,
) -> Result<Outcome<RampModel, RampModel>, StepError> {
    let readout = references.readout;
    let bad = flag_bad_pixels(params, readout, &mut ramp).map_err(StepError::algorithm)?;
    if params.irs2_mean_subtraction {
        subtract_means(params, readout, &mut ramp)?;
    }
    let plan =
        replacements(&bad, readout, references.bad.as_deref()).map_err(StepError::algorithm)?;
    correct_images(&mut ramp, |_, image| replace(image, &plan)).map_err(StepError::algorithm)?;
    subtract_noise(params, references, &mut ramp).map_err(StepError::algorithm)?;
    if !params.preserve_irs2_refpix {
        readout.cut_out_normal_rows(&mut ramp);
    }
    Ok(Outcome::Complete(ramp))
}

/// Marks rows with a bad reference pixel, new or known, as bad and not to be used. Returns which these are.
///
/// Parity: jwst `refpix/irs2_subtract_reference.py::flag_bad_refpix`. One bad reference pixel spoils its whole row, also
/// where that is a row of normal pixels with reference pixels at its ends.
fn flag_bad_pixels(
    params: &RefpixParams,
    readout: Irs2Readout,
    ramp: &mut RampModel,
) -> Result<Vec<bool>, Irs2Error> {
    let known: Vec<bool> = ramp
        .pixeldq
        .outer_iter()
        .map(|row| row.iter().any(|dq| dq & flags::PIXEL.bad_ref_pixel != 0))
        .collect();
    let layout = readout.layout;
    let width = layout.output_width();
    let mut bad = known.clone();
    for integration in ramp.data.outer_iter() {
        let outputs: Vec<usize> = (0..OUTPUTS).map(|output| output * width).collect();
        let found = outputs.into_par_iter().map(|first| {
            let rows = first..first + width;
            let output = integration.slice(s![.., rows.clone(), ..]);
            find_bad(output, layout, &known[rows], params.ovr_corr_mitigation_ftr)
        });
        let found: Vec<Vec<bool>> = found.collect::<Result<_, _>>()?;
        let found = found.into_iter().flatten();
        bad.iter_mut().zip(found).for_each(|(bad, new)| *bad |= new);
    }
    for (mut row, _) in ramp
        .pixeldq
        .outer_iter_mut()
        .zip(&bad)
        .filter(|(_, bad)| **bad)
    {
        row.mapv_inplace(|dq| dq | flags::PIXEL.bad_ref_pixel | flags::PIXEL.do_not_use);
    }
    let count = bad.iter().filter(|bad| **bad).count();
    tracing::info!("Total bad reference pixels flagged: {count}");
    Ok(bad)
}

/// What takes the place of bad pixels, by rows of the image: first those flagged, then those of the reference file.
fn replacements(
    bad: &[bool],
    readout: Irs2Readout,
    table: Option<&[BadPairs]>,
) -> Result<Vec<PlannedReplacement>, Irs2Error> {
    let layout = readout.layout;
    let mut plan = plan_replacements(bad, layout)?;
    let mut bad = bad.to_vec();
    if readout.reversed {
        bad.reverse();
    }
    let listed = plan_table(table.unwrap_or_default(), layout, &mut bad)?;
    plan.extend(
        listed
            .into_iter()
            .map(|planned| readout.planned_in_rows(planned)),
    );
    Ok(plan)
}

/// Subtracts the means of each output's reference pixels at the top and the bottom, as from full frames of the other
/// detectors.
fn subtract_means(
    params: &RefpixParams,
    readout: Irs2Readout,
    ramp: &mut RampModel,
) -> Result<(), StepError> {
    if params.use_side_ref_pixels {
        tracing::info!("Turning off side pixel correction for IRS2");
    }
    let (_, _, rows, columns) = ramp.data.dim();
    let layout = readout.layout;
    let geometry = AmplifierGeometry {
        detector: (columns, rows),
        amplifier_edges: (0..=OUTPUTS).map(|k| k * layout.output_width()).collect(),
        border: super::geometry::BORDER,
        origin: (0, 0),
    };
    let options = AmplifierOptions {
        odd_even_columns: params.odd_even_columns,
        side: None,
        sigma_limit: params.siglimit,
    };
    // Interleaved pixels are read in pairs: the first is odd.
    let is_odd = |column: usize| {
        if layout.is_interleaved(column) {
            column % 4 < 2
        } else {
            column.is_multiple_of(2)
        }
    };
    let axes = readout.axes()?;
    let correction = AmplifierCorrection::with_parities(
        axes.to_detector(ramp.pixeldq.view()),
        &geometry,
        options,
        &flags::PIXEL,
        is_odd,
    )
    .map_err(StepError::algorithm)?;
    correct_images(ramp, |_, image| {
        correction.correct(axes.to_detector(image), Arithmetic::Single)
    })
    .map_err(StepError::algorithm)
}

/// Corrects integration by integration; groups, and the outputs of a group, are tasks of their own.
fn subtract_noise(
    params: &RefpixParams,
    references: &Irs2References,
    ramp: &mut RampModel,
) -> Result<(), Irs2Error> {
    let n = ramp.data.dim().0;
    for (number, mut integration) in ramp.data.outer_iter_mut().enumerate() {
        tracing::info!("Working on integration {} out of {n}", number + 1);
        let mean = mean_of_groups(&integration.view());
        let group = Group {
            references,
            mean: mean.view(),
            keep: params.preserve_irs2_refpix,
        };
        let images = integration.axis_iter_mut(Axis(0)).into_par_iter();
        images.try_for_each(|image| group.correct(image))?;
    }
    Ok(())
}

/// The mean of all groups, `(row, column)`.
fn mean_of_groups(integration: &ArrayView3<'_, f32>) -> Array2<f64> {
    let (groups, rows, columns) = integration.dim();
    let mut mean = Array2::<f64>::zeros((rows, columns));
    let bands = integration.axis_chunks_iter(Axis(1), bands::ROWS);
    mean.axis_chunks_iter_mut(Axis(0), bands::ROWS)
        .into_par_iter()
        .zip(bands.into_par_iter())
        .for_each(|(mut mean, band)| {
            for group in band.outer_iter() {
                mean.zip_mut_with(&group, |sum, &value| *sum += f64::from(value));
            }
            mean.mapv_inplace(|sum| sum / groups as f64);
        });
    mean
}

/// What all groups of an integration have in common.
struct Group<'a> {
    references: &'a Irs2References,
    mean: ArrayView2<'a, f64>,
    keep: bool,
}

impl Group<'_> {
    fn correct(&self, mut image: ArrayViewMut2<'_, f32>) -> Result<(), Irs2Error> {
        let Irs2References {
            readout,
            correction,
            ..
        } = self.references;
        let width = readout.layout.output_width();
        let outputs = image.axis_chunks_iter_mut(Axis(0), width);
        let mut outputs: Vec<_> = outputs
            .zip(self.mean.axis_chunks_iter(Axis(0), width))
            .collect();
        if readout.reversed {
            outputs.reverse();
        }
        let mut outputs = outputs
            .into_iter()
            .map(|(image, mean)| (readout.to_detector(image), readout.to_detector(mean)));
        let Some((image, mean)) = outputs.next() else {
            return Ok(());
        };
        let reference = {
            let mut work = correction.workspace();
            correction.reference_output(image, mean, self.keep, &mut work)?
        };
        let outputs: Vec<_> = outputs.collect();
        outputs.into_par_iter().enumerate().try_for_each_init(
            || correction.workspace(),
            |work, (k, (image, mean))| {
                correction.correct_output(k + 1, image, mean, (&reference, self.keep), work)
            },
        )
    }
}
