//! The integrations of a coronagraphic exposure or of a time series.

use datamodels::CubeModel;
use datamodels::dq::pixel;
use datamodels::metadata::Metadata;
use ndarray::{Array2, Array3, ArrayViewMut2, Axis, Zip};
use rayon::prelude::*;
use stcal::outlier_detection::{flag_aligned, rolling_median, weight_threshold};
use stpipe::{Outcome, Prepared, Product, Products, ReferenceFiles, Step, StepError};

use super::intermediate::CubeMedian;
use super::quality::OUTLIER;
use super::{OutlierDetection, OutlierDetectionParams, exposure_type};
use crate::good_bits::bad_bits;

/// `EXP_TYPE` of coronagraphic exposures.
const CORONAGRAPHS: [&str; 3] = ["NRC_CORON", "MIR_LYOT", "MIR_4QPM"];

/// `EXP_TYPE` of time series.
const TIME_SERIES: [&str; 5] = [
    "NRC_TSIMAGE",
    "NRC_TSGRISM",
    "NIS_SOSS",
    "MIR_LRS-SLITLESS",
    "NRS_BRIGHTOBJ",
];

/// Flags outliers among the integrations of one exposure.
#[derive(Debug, Clone, Copy)]
pub struct CubeOutlierDetection;

/// Integrations with their outliers flagged.
pub struct CubeOutliers {
    /// The integrations.
    pub cube: CubeModel,
    /// Their median, where it is to be saved.
    pub median: Option<Box<dyn Product>>,
}

impl Products for CubeOutliers {
    fn products(&mut self) -> Vec<Option<&mut dyn Product>> {
        vec![Some(&mut self.cube)]
    }

    fn side_products(&mut self) -> Vec<(&'static str, &mut dyn Product)> {
        match &mut self.median {
            Some(median) => vec![("median", median.as_mut())],
            None => Vec::new(),
        }
    }
}

/// What the exposure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Coronagraph,
    TimeSeries,
}

impl Mode {
    fn of(meta: &Metadata) -> Result<Self, StepError> {
        let kind = exposure_type(meta);
        let several = meta
            .integer("meta.exposure.nints")
            .is_none_or(|count| count >= 2);
        let series = meta.flag("meta.visit.tsovisit") == Some(true) || TIME_SERIES.contains(&kind);
        if series && several {
            return Ok(Self::TimeSeries);
        }
        if CORONAGRAPHS.contains(&kind) {
            return Ok(Self::Coronagraph);
        }
        let expected = "that of a time series or a coronagraph; outliers of other cubes cannot be found in this version";
        Err(StepError::input("keyword EXP_TYPE", expected, kind))
    }
}

impl Step for CubeOutlierDetection {
    const NAME: &'static str = OutlierDetection::NAME;
    const CLASS: &'static str = OutlierDetection::CLASS;
    const ABOUT: &'static str = OutlierDetection::ABOUT;
    const STATUS_KEY: &'static str = OutlierDetection::STATUS_KEY;
    type Params = OutlierDetectionParams;
    type References = ();
    type Input = CubeModel;
    type Output = CubeOutliers;

    fn prepare(
        _params: &OutlierDetectionParams,
        cube: &CubeModel,
        _files: &ReferenceFiles,
    ) -> Result<Prepared<()>, StepError> {
        Mode::of(&cube.meta).map(|_| Prepared::Ready(()))
    }

    fn run(
        params: &OutlierDetectionParams,
        (): (),
        mut cube: CubeModel,
    ) -> Result<Outcome<CubeModel, CubeOutliers>, StepError> {
        let [snr, _] = OutlierDetectionParams::pair("snr", &params.snr)?;
        let mode = Mode::of(&cube.meta)?;
        let name = if mode == Mode::TimeSeries {
            "tso"
        } else {
            "coron"
        };
        tracing::info!("Outlier Detection mode: {name}");
        let integrations = cube.data.len_of(Axis(0));
        let width = usize::try_from(params.rolling_window_width).unwrap_or(0);
        let rolling = mode == Mode::TimeSeries && width > 1 && width < integrations;
        // Parity: jwst/outlier_detection/tso.py masks bad pixels only for the moving median.
        let masked = if rolling || mode == Mode::Coronagraph {
            let bad = bad_bits("good_bits", &params.good_bits)?.unwrap_or(0);
            Some(masked(&cube, bad, params.maskpt))
        } else {
            None
        };
        let data = masked.as_ref().unwrap_or(&cube.data);
        tracing::info!("Flagging outliers");
        let mut dq = std::mem::take(&mut cube.dq);
        let (count, median) = if rolling {
            let save = params.save_intermediate_results;
            let (count, medians) = flag_rolling(&cube, data, &mut dq, (width, snr, save))?;
            (count, medians.map(CubeMedian::Cube))
        } else {
            let median = cube_median(data);
            let count = flag_all(&cube, &median, snr, &mut dq)?;
            (count, Some(median_product(mode, median, integrations)))
        };
        cube.dq = dq;
        match_invalid(&mut cube);
        tracing::info!("{count} pixels marked as outliers");
        super::note(&mut cube.meta, count);
        let median = median.filter(|_| params.save_intermediate_results);
        let median = median.map(|median| median.product(&cube));
        Ok(Outcome::Complete(CubeOutliers { cube, median }))
    }
}

/// The data with NaN in pixels of low weight; the weight is 1, or 0 for bad pixels.
fn masked(cube: &CubeModel, bad: u32, fraction: f64) -> Array3<f32> {
    let usable = cube.dq.iter().any(|dq| dq & bad == 0);
    let threshold = weight_threshold(&[f32::from(u8::from(usable))], fraction) as f32;
    let mut data = cube.data.clone();
    Zip::from(&mut data)
        .and(&cube.dq)
        .par_for_each(|value, &dq| {
            let weight = f32::from(u8::from(dq & bad == 0));
            if weight < threshold {
                *value = f32::NAN;
            }
        });
    data
}

/// The median over the integrations.
fn cube_median(data: &Array3<f32>) -> Array2<f32> {
    let (_, rows, columns) = data.dim();
    let mut median = Array2::zeros((rows, columns));
    let lines = median.axis_iter_mut(Axis(0)).into_par_iter().enumerate();
    lines.for_each(|(row, mut line)| {
        let stack = data.index_axis(Axis(1), row);
        let planes: Option<Vec<&[f32]>> = stack.outer_iter().map(|line| line.to_slice()).collect();
        if let (Some(planes), Some(line)) = (planes, line.as_slice_mut()) {
            let fits = stcal::outlier_detection::nan_median(&planes, line);
            debug_assert!(fits.is_ok(), "rows of one cube are of one length");
        }
    });
    median
}

/// The product of a median: a time series has one for each integration.
fn median_product(mode: Mode, median: Array2<f32>, integrations: usize) -> CubeMedian {
    let (rows, columns) = median.dim();
    match (mode, median.broadcast((integrations, rows, columns))) {
        (Mode::TimeSeries, Some(cube)) => CubeMedian::Cube(cube.to_owned()),
        _ => CubeMedian::Image(median),
    }
}

/// Flags all integrations against one median.
fn flag_all(
    cube: &CubeModel,
    median: &Array2<f32>,
    snr: f32,
    dq: &mut Array3<u32>,
) -> Result<usize, StepError> {
    let integrations = dq.axis_iter_mut(Axis(0)).into_par_iter();
    let integrations = integrations
        .zip(cube.data.axis_iter(Axis(0)))
        .zip(cube.err.axis_iter(Axis(0)));
    integrations
        .map(|((dq, data), err)| {
            flag_aligned(data, err, median.view(), snr, OUTLIER, dq).map_err(StepError::algorithm)
        })
        .try_reduce(|| 0, |a, b| Ok(a + b))
}

/// Flags integrations against the median of those around them; gives back the medians if they are to be saved.
fn flag_rolling(
    cube: &CubeModel,
    data: &Array3<f32>,
    dq: &mut Array3<u32>,
    (width, snr, save): (usize, f32, bool),
) -> Result<(usize, Option<Array3<f32>>), StepError> {
    let (integrations, _, columns) = data.dim();
    let mut medians = Array3::zeros(if save { data.dim() } else { (0, 0, 0) });
    let mut saved: Vec<Option<ArrayViewMut2<'_, f32>>> = if save {
        medians.axis_iter_mut(Axis(1)).map(Some).collect()
    } else {
        (0..data.len_of(Axis(1))).map(|_| None).collect()
    };
    let rows = dq
        .axis_iter_mut(Axis(1))
        .into_par_iter()
        .zip(saved.par_iter_mut())
        .enumerate();
    let counts = rows.map_init(
        || (Vec::new(), Array2::<f64>::zeros((columns, integrations))),
        |(sorted, medians), (row, (dq, saved))| {
            let series = data.index_axis(Axis(1), row);
            for (series, mut medians) in series.axis_iter(Axis(1)).zip(medians.rows_mut()) {
                if let Some(medians) = medians.as_slice_mut() {
                    rolling_median(&series.to_vec(), width, sorted, medians);
                }
            }
            if let Some(saved) = saved {
                saved.zip_mut_with(&medians.t(), |saved, median| *saved = *median as f32);
            }
            let (data, err) = (
                cube.data.index_axis(Axis(1), row),
                cube.err.index_axis(Axis(1), row),
            );
            flag_aligned(data, err, medians.t(), snr, OUTLIER, dq).map_err(StepError::algorithm)
        },
    );
    let count = counts.try_reduce(|| 0, |a, b| Ok(a + b))?;
    Ok((count, save.then_some(medians)))
}

/// Makes pixels that are NaN in any array, or that must not be used, both in all arrays.
fn match_invalid(cube: &mut CubeModel) {
    let mut arrays = vec![
        &mut cube.data,
        &mut cube.err,
        &mut cube.var_poisson,
        &mut cube.var_rnoise,
    ];
    arrays.extend(cube.var_flat.as_mut());
    arrays.retain(|array| array.dim() == cube.dq.dim());
    for array in &arrays {
        Zip::from(&mut cube.dq)
            .and(&**array)
            .par_for_each(|dq, value| {
                *dq |= u32::from(value.is_nan()) * pixel::DO_NOT_USE;
            });
    }
    for array in arrays {
        Zip::from(array).and(&cube.dq).par_for_each(|value, dq| {
            if dq & pixel::DO_NOT_USE != 0 {
                *value = f32::NAN;
            }
        });
    }
}
