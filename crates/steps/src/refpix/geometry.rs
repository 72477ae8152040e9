//! How detectors are read: their sizes, amplifiers and reference pixels, and which of them an exposure has.

use datamodels::RampModel;
use datamodels::stripes::StripeLayout;
use ndarray::{CowArray, Ix2, s};
use stcal::refpix::{AmplifierGeometry, InterleavedGeometry, ReadoutAxes, ScatteredGeometry};
use stpipe::{SkipReason, StepError};

use crate::flags;

/// Rows and columns of a near-infrared detector.
const NEAR_INFRARED: (usize, usize) = (2048, 2048);
/// First columns of its four amplifiers, and the end of the last, along the fast axis of the readout.
const AMPLIFIER_EDGES: [usize; 5] = [0, 512, 1024, 1536, 2048];
/// Rows and columns of reference pixels at each of its edges.
pub(super) const BORDER: usize = 4;

/// Rows and columns of a MIRI detector.
const MIRI: (usize, usize) = (1024, 1032);
/// Its four amplifiers take turns from column to column.
const MIRI_AMPLIFIERS: InterleavedGeometry = InterleavedGeometry {
    n_amplifiers: 4,
    right: 1028,
};

/// Subarrays of the near-infrared spectrograph without reference pixels, whose first and last columns stand in for them.
const WITHOUT_REFERENCE_PIXELS: [&str; 3] = ["SUB512", "SUB512S", "SUB32"];

/// How an exposure was read, as far as its reference pixels are concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readout {
    /// Several amplifiers read a block of columns each.
    Amplifiers {
        /// Directions of the readout.
        axes: ReadoutAxes,
        /// Amplifiers and reference pixels in the frame of the detector.
        geometry: AmplifierGeometry,
    },
    /// One amplifier reads a subarray.
    SingleOutput {
        /// Directions of the readout.
        axes: ReadoutAxes,
        /// The first column of the image on the detector, along the fast axis, counted from 0.
        first_column: usize,
    },
    /// Stripes of the detector are read, and lines of reference pixels between them.
    Stripes {
        /// Directions of the readout.
        axes: ReadoutAxes,
        /// Amplifiers in the frame of the detector.
        geometry: ScatteredGeometry,
        /// Which lines are read.
        layout: StripeLayout,
    },
    /// Amplifiers take turns from column to column (MIRI).
    Interleaved(InterleavedGeometry),
}

impl Readout {
    /// How an exposure was read, or why its reference pixels cannot be used.
    ///
    /// # Errors
    /// A keyword of the subarray, the detector or the readout is absent or no such value.
    pub fn of(ramp: &RampModel) -> Result<Result<Self, SkipReason>, StepError> {
        let (_, _, rows, columns) = ramp.data.dim();
        let is_part_of = |full: (usize, usize)| rows < full.0 || columns < full.1;
        if crate::readout::is_miri(ramp)? {
            if is_part_of(MIRI) {
                return Ok(Err(SkipReason::not_applicable(
                    "MIRI subarrays are not corrected",
                )));
            }
            return Ok(Ok(Self::Interleaved(MIRI_AMPLIFIERS)));
        }
        let subarray = ramp.meta.subarray();
        let start = |path| {
            ramp.meta
                .require_integer(path, i64::MIN)
                .map_err(crate::metadata_error)
        };
        let (x, y) = (
            start("meta.subarray.xstart")?,
            start("meta.subarray.ystart")?,
        );
        let layout =
            StripeLayout::of(&ramp.meta, (rows, columns)).map_err(crate::metadata_error)?;
        if let Some(layout) = layout {
            return Self::of_stripes(ramp, layout).map(Ok);
        }
        let place = |start: i64, size: usize, full: usize| {
            let first = usize::try_from(start - 1).ok()?;
            (first + size <= full).then_some(first)
        };
        let origin = place(y, rows, NEAR_INFRARED.0).zip(place(x, columns, NEAR_INFRARED.1));
        let Some(origin) = origin else {
            return Ok(Err(SkipReason::not_applicable(
                "the subarray does not lie on the detector",
            )));
        };
        let (fast, slow) = subarray.axes().map_err(crate::metadata_error)?;
        let axes = ReadoutAxes::new(fast, slow).map_err(StepError::algorithm)?;
        let origin = axes.origin_on_detector(origin, (rows, columns), NEAR_INFRARED);
        let outputs = ramp.meta.integer("meta.exposure.noutputs");
        if is_part_of(NEAR_INFRARED) && outputs != Some(4) {
            return Ok(Ok(Self::SingleOutput {
                axes,
                first_column: origin.1,
            }));
        }
        let geometry = AmplifierGeometry {
            detector: NEAR_INFRARED,
            amplifier_edges: AMPLIFIER_EDGES.to_vec(),
            border: BORDER,
            origin,
        };
        Ok(Ok(Self::Amplifiers { axes, geometry }))
    }
}

impl Readout {
    fn of_stripes(ramp: &RampModel, layout: StripeLayout) -> Result<Self, StepError> {
        let subarray = ramp.meta.subarray();
        let (fast, slow) = subarray.axes().map_err(crate::metadata_error)?;
        let frame = subarray.frame().map_err(crate::metadata_error)?;
        // Parity: jwst refpix/reference_pixels.py, do_multistripe_corrections counts the columns of the detector from
        // the start of the image, also where the readout runs the other way.
        let start = if layout.slow.columns {
            frame.y_start
        } else {
            frame.x_start
        };
        Ok(Self::Stripes {
            axes: ReadoutAxes::new(fast, slow).map_err(StepError::algorithm)?,
            geometry: ScatteredGeometry {
                amplifier_edges: AMPLIFIER_EDGES.to_vec(),
                // The frame is checked: it starts at 1 or later.
                first_column: usize::try_from(start - 1).unwrap_or(0),
            },
            layout,
        })
    }
}

/// The pixel quality with the reference pixels that the step is to use.
///
/// Where a subarray has none, the first and the last four columns of its images stand in for them.
pub(super) fn reference_pixels(ramp: &RampModel) -> CowArray<'_, u32, Ix2> {
    let name = ramp.meta.subarray().name();
    let columns = ramp.pixeldq.ncols();
    let mut dq = CowArray::from(&ramp.pixeldq);
    if WITHOUT_REFERENCE_PIXELS.contains(&name.as_str()) && columns >= BORDER {
        tracing::info!(
            "Subarray {name} has no reference pixels: taking its outer {BORDER} columns for them"
        );
        for edge in [0..BORDER, columns - BORDER..columns] {
            dq.slice_mut(s![.., edge])
                .mapv_inplace(|dq| dq | flags::PIXEL.reference_pixel);
        }
    }
    dq
}
