//! NIRSpec's IRS2 readout, in which rows of reference pixels lie between those of normal pixels until `refpix` removes
//! them.

use datamodels::RampModel;
use ndarray::{Array2, Array4, ArrayBase, ArrayView2, ArrayViewMut2, Axis, Ix2, RawData};
use stcal::irs2::{Interleaving, PlannedReplacement, Replacement};
use stcal::refpix::ReadoutAxes;
use stpipe::StepError;

/// Longest side of an image without interleaved reference pixels.
const LONGEST_SIDE: usize = 2048;
/// Normal and reference pixels of a block where the header does not say.
const BLOCK: (i64, i64) = (16, 4);

/// How an exposure in the IRS2 mode was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Irs2Readout {
    pub(crate) layout: Interleaving,
    /// Whether images are turned by 180° with respect to the detector, apart from the exchange of its axes.
    pub(crate) reversed: bool,
}

impl Irs2Readout {
    /// How an exposure was read; `None` if it was not read in this mode, as the length of its images tells.
    pub(crate) fn of(ramp: &RampModel) -> Result<Option<Self>, StepError> {
        let (_, _, rows, columns) = ramp.data.dim();
        if rows.max(columns) <= LONGEST_SIDE {
            return Ok(None);
        }
        let detector = ramp.meta.instrument().detector();
        let reversed = match detector.map_err(crate::metadata_error)?.as_str() {
            "NRS1" => false,
            "NRS2" => true,
            other => {
                let what = format!("images of {rows} x {columns} pixels");
                return Err(StepError::input(
                    what,
                    "detector NRS1 or NRS2",
                    other.to_owned(),
                ));
            }
        };
        let number = |path, usual| {
            let number = ramp.meta.integer(path).unwrap_or(usual);
            usize::try_from(number).unwrap_or(0)
        };
        let normal = number("meta.exposure.nrs_normal", BLOCK.0);
        let reference = number("meta.exposure.nrs_reference", BLOCK.1);
        let layout = Interleaving::new(rows, normal, reference).map_err(StepError::algorithm)?;
        Ok(Some(Self { layout, reversed }))
    }

    /// Rows of normal pixels, in the order of the image.
    pub(crate) fn normal_rows(self) -> Vec<usize> {
        let mut normal = self.layout.normal();
        if self.reversed {
            normal.reverse();
        }
        (0..normal.len()).filter(|&row| normal[row]).collect()
    }

    /// A part of an image in the frame of the detector; nothing is copied.
    pub(crate) fn to_detector<S: RawData>(self, image: ArrayBase<S, Ix2>) -> ArrayBase<S, Ix2> {
        let mut image = image;
        image.swap_axes(0, 1);
        if self.reversed {
            image.invert_axis(Axis(0));
            image.invert_axis(Axis(1));
        }
        image
    }

    /// Directions of the readout.
    pub(crate) fn axes(self) -> Result<ReadoutAxes, StepError> {
        let (fast, slow) = if self.reversed { (-2, -1) } else { (2, 1) };
        ReadoutAxes::new(fast, slow).map_err(StepError::algorithm)
    }

    /// A replacement by positions on the detector as one by rows of the image.
    pub(crate) fn planned_in_rows(self, planned: PlannedReplacement) -> PlannedReplacement {
        if !self.reversed {
            return planned;
        }
        let last = self.layout.length() - 1;
        PlannedReplacement {
            position: last - planned.position,
            by: match planned.by {
                Replacement::Mean(a, b) => Replacement::Mean(last - a, last - b),
                Replacement::Copy(a) => Replacement::Copy(last - a),
                Replacement::Nothing => Replacement::Nothing,
            },
        }
    }

    /// Reduces the samples and both quality arrays to the rows of normal pixels, in place.
    pub(crate) fn cut_out_normal_rows(self, ramp: &mut RampModel) {
        let rows = self.normal_rows();
        keep_rows(&mut ramp.data, &rows);
        keep_rows(&mut ramp.groupdq, &rows);
        ramp.pixeldq = ramp.pixeldq.select(Axis(0), &rows);
    }
}

/// Reduces all images to some of their rows, ascending, without a second array.
fn keep_rows<T: Copy + Default>(array: &mut Array4<T>, rows: &[usize]) {
    let (integrations, groups, old_rows, columns) = array.dim();
    let samples = std::mem::take(array);
    // The order of memory is that of the indices already, unless somebody has turned the array.
    let mut samples = if samples.is_standard_layout() {
        let (samples, offset) = samples.into_raw_vec_and_offset();
        match offset {
            None | Some(0) => samples,
            Some(offset) => samples[offset..].to_vec(),
        }
    } else {
        samples.iter().copied().collect()
    };
    let mut to = 0;
    for image in 0..integrations * groups {
        for row in rows {
            let from = (image * old_rows + row) * columns;
            samples.copy_within(from..from + columns, to);
            to += columns;
        }
    }
    samples.truncate(to);
    samples.shrink_to_fit();
    let shape = (integrations, groups, rows.len(), columns);
    if let Ok(kept) = Array4::from_shape_vec(shape, samples) {
        *array = kept;
    }
}

/// Copies rows of an image.
pub(crate) fn select_rows<T: Copy>(image: &ArrayView2<'_, T>, rows: &[usize]) -> Array2<T> {
    image.select(Axis(0), rows)
}

/// Copies rows back into the image that they came from.
pub(crate) fn restore_rows<T: Copy>(
    mut image: ArrayViewMut2<'_, T>,
    rows: &[usize],
    from: &ArrayView2<'_, T>,
) {
    for (&row, from) in rows.iter().zip(from.outer_iter()) {
        image.row_mut(row).assign(&from);
    }
}

/// Rows and columns of the exposure's images without interleaved reference pixels.
pub(crate) fn size(ramp: &RampModel) -> Result<(usize, usize), StepError> {
    let (_, _, rows, columns) = ramp.data.dim();
    Ok(match Irs2Readout::of(ramp)? {
        Some(readout) => (readout.normal_rows().len(), columns),
        None => (rows, columns),
    })
}

#[cfg(test)]
mod tests {
    use ndarray::Array4;

    use super::{Irs2Readout, keep_rows};
    use crate::readout::ramps::ramp;

    fn irs2(detector: &str) -> Irs2Readout {
        let mut ramp = ramp("NIRSPEC", (1, 1, 3200, 2), &[]);
        ramp.meta.set("meta.instrument.detector", detector);
        Irs2Readout::of(&ramp).unwrap().unwrap()
    }

    #[test]
    fn images_longer_than_a_detector_are_interleaved() {
        let of = |rows| {
            Irs2Readout::of(&ramp("NIRSPEC", (1, 1, rows, 1), &[])).map_err(|e| e.to_string())
        };
        assert_eq!(of(2048), Ok(None));
        assert!(of(3200).unwrap_err().contains("detector NRS1 or NRS2"));
    }

    #[test]
    fn rows_of_normal_pixels_lie_around_four() {
        let rows = irs2("NRS1").normal_rows();
        assert_eq!(rows.len(), 2048);
        assert_eq!(
            rows[..10],
            [640, 641, 642, 643, 644, 645, 646, 647, 652, 653]
        );
        assert_eq!(rows[2047], 3199);
        let rows = irs2("NRS2").normal_rows();
        assert_eq!((rows[0], rows[2047]), (0, 2559));
    }

    #[test]
    fn rows_are_kept_in_all_groups() {
        let mut array = Array4::from_shape_fn((2, 3, 5, 2), |(i, g, y, x)| {
            (1000 * i + 100 * g + 10 * y + x) as f32
        });
        let expected = array.select(ndarray::Axis(2), &[1, 2, 4]);
        keep_rows(&mut array, &[1, 2, 4]);
        assert_eq!(array, expected);
    }
}
