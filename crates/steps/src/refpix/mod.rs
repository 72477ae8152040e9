//! `refpix`: removes drifts of the readout with the help of reference pixels, which see no light.

use datamodels::RampModel;
use datamodels::reference::SirsReference;
use ndarray::parallel::prelude::*;
use ndarray::{ArrayViewMut2, Axis};
use stcal::refpix::{
    AmplifierCorrection, AmplifierGeometry, AmplifierOptions, Arithmetic, InterleavedCorrection,
    InterleavedGeometry, ReadoutAxes, RefpixError, ScatteredCorrection, ScatteredGeometry,
    SideOptions, SingleOutputCorrection, SirsKernels, SirsOptions,
};
use stpipe::{Outcome, Prepared, ReferenceFiles, Step, StepError};

use crate::irs2::Irs2Readout;
use crate::{flags, readout, stripes};

mod geometry;
mod irs2;
#[cfg(test)]
mod tests;

pub use geometry::Readout;
pub use irs2::Irs2References;

stpipe::choices! {
    /// How the reference columns at the sides of near-infrared full frames are used.
    pub enum SideAlgorithm {
        /// Their running median is subtracted.
        Median = "median",
        /// They are convolved with an optimised kernel (Simple Improved Reference Subtraction).
        Sirs = "sirs",
    }
}

stpipe::params! {
    /// Parameters of `refpix`.
    pub struct RefpixParams {
        /// Treat odd and even columns apart (near infrared)
        pub odd_even_columns: bool = true;
        /// Use the reference pixels at the sides for a level of each row (near infrared)
        pub use_side_ref_pixels: bool = true;
        /// Rows in the running median of the reference pixels at the sides
        pub side_smoothing_length: usize = 11, min(1.0);
        /// Factor by which the level of the sides is multiplied before it is subtracted
        pub side_gain: f64 = 1.0;
        /// Treat odd and even rows apart (MIRI)
        pub odd_even_rows: bool = true;
        /// Factor that limits the correction of bad reference pixels (NIRSpec IRS2)
        pub ovr_corr_mitigation_ftr: f64 = 3.0;
        /// Keep the interleaved reference pixels in the product (NIRSpec IRS2)
        pub preserve_irs2_refpix: bool = false;
        /// Subtract mean levels before the correction (NIRSpec IRS2)
        pub irs2_mean_subtraction: bool = false;
        /// Use of the sides of near-infrared full frames
        pub refpix_algorithm: SideAlgorithm = SideAlgorithm::Median;
        /// Outliers are rejected beyond this many standard deviations (sirs) [sigma]
        pub sigreject: f64 = 4.0;
        /// Width of the Gaussian of the low-pass filter (sirs) [pixel]
        pub gaussmooth: f64 = 1.0;
        /// Half width of the kernel (sirs) [pixel]
        pub halfwidth: i64 = 30;
        /// Values further from the mean of reference pixels are left out of it [sigma]
        pub siglimit: f64 = 3.0;
        /// Find the reference pixels of each superstripe by its own flags, not by those of the first
        pub superstripe_own_flags: bool = false;
    }
}

/// Takes the levels of reference pixels from each group and from the zero frames.
#[derive(Debug, Clone, Copy)]
pub struct Refpix;

/// What `refpix` needs.
#[derive(Debug)]
pub enum RefpixReferences {
    /// How the exposure was read, and kernels for the reference pixels at the sides, if they are to be used.
    Images(Readout, Option<SirsKernels>),
    /// Reference pixels are interleaved with the others (NIRSpec IRS2).
    Irs2(Box<Irs2References>),
}

impl Step for Refpix {
    const NAME: &'static str = "refpix";
    const CLASS: &'static str = "jwst.refpix.refpix_step.RefPixStep";
    const ABOUT: &'static str = "Removes drifts of the readout with the help of reference pixels";
    const STATUS_KEY: &'static str = "refpix";
    const REFERENCES: &'static [&'static str] = &["refpix", "sirskernel"];
    type Params = RefpixParams;
    type References = RefpixReferences;
    type Input = RampModel;
    type Output = RampModel;

    fn prepare(
        params: &RefpixParams,
        ramp: &RampModel,
        files: &ReferenceFiles,
    ) -> Result<Prepared<RefpixReferences>, StepError> {
        if let Some(readout) = Irs2Readout::of(ramp)? {
            return Ok(match irs2::prepare(ramp, readout, files)? {
                Prepared::Ready(references) => {
                    Prepared::Ready(RefpixReferences::Irs2(Box::new(references)))
                }
                Prepared::Skip(reason) => Prepared::Skip(reason),
            });
        }
        let kernels = kernels(params, ramp, files)?;
        Ok(match Readout::of(ramp)? {
            Ok(readout) => Prepared::Ready(RefpixReferences::Images(readout, kernels)),
            Err(reason) => Prepared::Skip(reason),
        })
    }

    fn run(
        params: &RefpixParams,
        references: RefpixReferences,
        mut ramp: RampModel,
    ) -> Result<Outcome<RampModel, RampModel>, StepError> {
        let (readout, kernels) = match references {
            RefpixReferences::Images(readout, kernels) => (readout, kernels),
            RefpixReferences::Irs2(references) => return irs2::run(params, &references, ramp),
        };
        let done = match readout {
            Readout::Amplifiers { axes, geometry } => {
                correct_amplifiers(params, axes, (&geometry, kernels.as_ref()), &mut ramp)
            }
            Readout::SingleOutput { axes, first_column } => {
                correct_single_output(params, axes, first_column, &mut ramp)
            }
            Readout::Interleaved(geometry) => correct_interleaved(params, geometry, &mut ramp),
            Readout::Stripes {
                axes,
                geometry,
                layout,
            } => {
                correct_stripes(params, axes, &geometry, &mut ramp)
                    .map_err(StepError::algorithm)?;
                if layout.superstripes {
                    ramp = stripes::collate(ramp, &layout)?;
                }
                Ok(())
            }
        };
        done.map_err(StepError::algorithm)?;
        Ok(Outcome::Complete(ramp))
    }
}

/// The kernels for the reference pixels at the sides; `None` where the running median is to be used.
fn kernels(
    params: &RefpixParams,
    ramp: &RampModel,
    files: &ReferenceFiles,
) -> Result<Option<SirsKernels>, StepError> {
    if params.refpix_algorithm != SideAlgorithm::Sirs {
        return Ok(None);
    }
    if readout::is_miri(ramp)? || !ramp.meta.subarray().name().contains("FULL") {
        tracing::info!(
            "Simple Improved Reference Subtraction (SIRS) is for full frames of near-infrared detectors: not applied"
        );
        return Ok(None);
    }
    let detector = ramp.meta.instrument().detector();
    let detector = detector.map_err(crate::metadata_error)?;
    let load = |path: &std::path::Path| SirsReference::load(path, &detector);
    let Some(reference) = crate::load(files, "sirskernel", load)?.flatten() else {
        tracing::warn!("No kernels for {detector}: the running median is used at the sides");
        return Ok(None);
    };
    let options = SirsOptions {
        reject_sigma: params.sigreject,
        smoothing: params.gaussmooth,
        half_width: usize::try_from(params.halfwidth).map_err(StepError::algorithm)?,
    };
    let kernels = SirsKernels::new(&reference.amplifiers, options);
    Ok(Some(kernels.map_err(StepError::algorithm)?))
}

fn correct_amplifiers(
    params: &RefpixParams,
    axes: ReadoutAxes,
    (geometry, kernels): (&AmplifierGeometry, Option<&SirsKernels>),
    ramp: &mut RampModel,
) -> Result<(), RefpixError> {
    let side = SideOptions {
        smoothing_length: params.side_smoothing_length,
        gain: params.side_gain,
    };
    let options = AmplifierOptions {
        odd_even_columns: params.odd_even_columns,
        side: params.use_side_ref_pixels.then_some(side),
        sigma_limit: params.siglimit,
    };
    let kernels = kernels.filter(|_| params.use_side_ref_pixels);
    let dq = geometry::reference_pixels(ramp);
    let correction = AmplifierCorrection::new(
        axes.to_detector(dq.view()),
        geometry,
        options,
        &flags::PIXEL,
    )?;
    drop(dq);
    let (rows, sides) = correction.n_usable();
    note_usable(rows + sides);
    correct_images(ramp, |(integration, group), image| {
        // The very first image is corrected in single precision, see `Arithmetic`.
        let arithmetic = if (integration, group) == (0, 0) {
            Arithmetic::Single
        } else {
            Arithmetic::Double
        };
        let image = axes.to_detector(image);
        match kernels {
            Some(kernels) => correction.correct_with_kernels(image, kernels, arithmetic, false),
            None => correction.correct(image, arithmetic),
        }
    })?;
    correct_zero_frames(ramp, |_, frame| {
        let (frame, arithmetic) = (axes.to_detector(frame), Arithmetic::Double);
        match kernels {
            Some(kernels) => correction.correct_with_kernels(frame, kernels, arithmetic, true),
            None => correction.correct_zero_frame(frame, arithmetic),
        }
    })
}

fn correct_single_output(
    params: &RefpixParams,
    axes: ReadoutAxes,
    first_column: usize,
    ramp: &mut RampModel,
) -> Result<(), RefpixError> {
    let dq = geometry::reference_pixels(ramp);
    let dq_on_detector = axes.to_detector(dq.view());
    let RefpixParams {
        odd_even_columns,
        siglimit,
        ..
    } = *params;
    let correction = SingleOutputCorrection::new(
        dq_on_detector,
        first_column,
        odd_even_columns,
        siglimit,
        &flags::PIXEL,
    );
    drop(dq);
    note_usable(correction.n_usable());
    correct_images(ramp, |_, image| correction.correct(axes.to_detector(image)))?;
    correct_zero_frames(ramp, |_, frame| {
        correction.correct_zero_frame(axes.to_detector(frame))
    })
}

/// Substripes share the quality of their only image; of superstripes, each has its own.
fn correct_stripes(
    params: &RefpixParams,
    axes: ReadoutAxes,
    geometry: &ScatteredGeometry,
    ramp: &mut RampModel,
) -> Result<(), RefpixError> {
    let RefpixParams {
        odd_even_columns,
        siglimit,
        superstripe_own_flags,
        ..
    } = *params;
    let rows = ramp.data.dim().2;
    // Parity: jwst refpix/reference_pixels.py, do_multistripe_corrections binds `n > 0` to the number of superstripes, by
    // which it then divides: the remainder is always that of the first stripe.
    let n_planes = if superstripe_own_flags {
        ramp.n_planes()
    } else {
        1
    };
    let corrections: Vec<ScatteredCorrection> = (0..n_planes)
        .map(|plane| {
            let dq = axes.to_detector(stripes::part(&ramp.pixeldq, plane, rows));
            ScatteredCorrection::new(dq, geometry, odd_even_columns, siglimit, &flags::PIXEL)
        })
        .collect();
    note_usable(corrections.iter().map(ScatteredCorrection::n_usable).sum());
    let of = |integration: usize| &corrections[integration % n_planes];
    correct_images(ramp, |(integration, _), image| {
        of(integration).correct(axes.to_detector(image))
    })?;
    correct_zero_frames(ramp, |integration, frame| {
        of(integration).correct_zero_frame(axes.to_detector(frame))
    })
}

/// The first group of each integration stays as it is, so zero frames do, too.
fn correct_interleaved(
    params: &RefpixParams,
    geometry: InterleavedGeometry,
    ramp: &mut RampModel,
) -> Result<(), RefpixError> {
    let RefpixParams {
        odd_even_rows,
        siglimit,
        ..
    } = *params;
    let correction = InterleavedCorrection::new(
        ramp.pixeldq.view(),
        geometry,
        odd_even_rows,
        siglimit,
        &flags::PIXEL,
    )?;
    if !correction.is_complete() {
        tracing::warn!("An amplifier has no usable reference pixels: nothing is corrected");
    }
    let integrations = ramp.data.axis_iter_mut(Axis(0)).into_par_iter();
    integrations
        .filter(|groups| !groups.is_empty())
        .try_for_each(|groups| {
            let (mut first, mut others) = groups.split_at(Axis(0), 1);
            let first = first.index_axis_mut(Axis(0), 0);
            let others = others.axis_iter_mut(Axis(0)).into_par_iter();
            others.try_for_each(|group| correction.correct_group(group, first.view()))?;
            correction.settle_first(first);
            Ok(())
        })
}

fn note_usable(n_usable: usize) {
    match n_usable {
        0 => tracing::info!("No valid reference pixels. This step will have no effect."),
        n => tracing::info!("Using {n} reference pixels"),
    }
}

/// Corrects every image of the ramp; `correct` is told the integration and the group.
fn correct_images<E: Send>(
    ramp: &mut RampModel,
    correct: impl Fn((usize, usize), ArrayViewMut2<'_, f32>) -> Result<(), E> + Send + Sync,
) -> Result<(), E> {
    let integrations = ramp.data.axis_iter_mut(Axis(0)).into_par_iter().enumerate();
    integrations.try_for_each(|(integration, mut groups)| {
        let groups = groups.axis_iter_mut(Axis(0)).into_par_iter().enumerate();
        groups.try_for_each(|(group, image)| correct((integration, group), image))
    })
}

/// Corrects the zero frame of every integration, if there are any; `correct` is told the integration.
fn correct_zero_frames(
    ramp: &mut RampModel,
    correct: impl Fn(usize, ArrayViewMut2<'_, f32>) -> Result<(), RefpixError> + Send + Sync,
) -> Result<(), RefpixError> {
    if !readout::has_zero_frame(ramp) {
        return Ok(());
    }
    match &mut ramp.zeroframe {
        Some(frames) => frames
            .axis_iter_mut(Axis(0))
            .into_par_iter()
            .enumerate()
            .try_for_each(|(integration, frame)| correct(integration, frame)),
        None => Ok(()),
    }
}
