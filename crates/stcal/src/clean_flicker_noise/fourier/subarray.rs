//! Subarrays: sections of some hundred background pixels, which overlap by half.

use ndarray::{Array1, Array2, ArrayView2, ArrayViewMut2, Axis, Zip, s};

use super::super::CleanError;
use super::Readout;
use super::section::SectionFit;
use crate::median::median_f32;

/// Background pixels of a section.
const SECTION: usize = 512;
/// Pixels further than this from the median take no part, nor do their neighbours [sigma].
const OUTLIER_SIGMA: f32 = 4.0;
/// Standard deviation over median absolute deviation, in the digits of the reference.
const SIGMA_OF_DEVIATION: f32 = 1.4825;
/// Least share of background pixels in a section that is fitted.
const LEAST_SHARE: f64 = 0.05;

/// Corners of the filter [Hz]: all passes below the first and above the fourth, nothing between the second and the
/// third.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LowPass(pub [f32; 4]);

/// Fits the lowest and the highest frequencies of the readout of a subarray.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SubarrayFit {
    /// Where the lines are.
    pub readout: Readout,
    /// The filter.
    pub low_pass: LowPass,
}

/// The lines of a section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Section {
    start: usize,
    length: usize,
}

impl SubarrayFit {
    /// Subtracts the noise from an image, in place.
    ///
    /// Sections with too few background pixels, or where these do not determine the fit, get no correction.
    ///
    /// # Errors
    /// [`CleanError::NoBackground`] if no pixel is left to fit; the image is unchanged then.
    ///
    /// # Source
    /// jwst 3.0.0 `clean_flicker_noise.py::fft_clean_subarray` and `nsclean.py::NSCleanSubarray`.
    pub fn subtract(
        &self,
        image: ArrayViewMut2<'_, f32>,
        mask: ArrayView2<'_, bool>,
    ) -> Result<(), CleanError> {
        let data = self.readout.lines(image.view());
        let mask = without_outliers(data.view(), self.readout.lines(mask));
        let sections = sections(mask.view()).ok_or(CleanError::NoBackground)?;
        let mut fit = SectionFit::new(self.low_pass);
        let mut model = Array2::<f64>::zeros(data.dim());
        let mut weights = Array1::<f64>::zeros(data.nrows());
        for Section { start, length } in sections {
            let lines = s![start..start + length, ..];
            let (data, mask) = (data.slice(lines), mask.slice(lines));
            let used = mask.iter().filter(|used| **used).count();
            let fitted = used as f64 / mask.len() as f64 > LEAST_SHARE;
            let found = fitted.then(|| fit.model(data, mask));
            for line in 0..length {
                let weight = 1.001 - (2.0 * line as f64 / (length.max(2) - 1) as f64 - 1.0).abs();
                weights[start + line] += weight;
                if let Some(found) = &found {
                    let mut sum = model.row_mut(start + line);
                    Zip::from(&mut sum)
                        .and(found.row(line))
                        .for_each(|sum, &value| *sum += weight * f64::from(value));
                }
            }
        }
        let mut noise = Array2::<f32>::zeros(model.dim());
        for ((mut noise, model), &weight) in
            noise.axis_iter_mut(Axis(0)).zip(model.rows()).zip(&weights)
        {
            Zip::from(&mut noise).and(&model).for_each(|noise, &sum| {
                *noise = if sum == 0.0 {
                    0.0
                } else {
                    (sum / weight) as f32
                };
            });
        }
        self.readout.subtract(image, noise.view());
        Ok(())
    }
}

/// The mask without outliers and their four neighbours.
fn without_outliers(data: ArrayView2<'_, f32>, mask: Array2<bool>) -> Array2<bool> {
    let mut used: Vec<f32> = data
        .iter()
        .zip(&mask)
        .filter(|(_, m)| **m)
        .map(|(v, _)| *v)
        .collect();
    let centre = median_f32(&mut used);
    for value in &mut used {
        *value = (*value - centre).abs();
    }
    let reach = OUTLIER_SIGMA * (SIGMA_OF_DEVIATION * median_f32(&mut used));
    let (lines, pixels) = data.dim();
    let is_outlier = |(line, pixel): (usize, usize)| {
        mask[(line, pixel)] && (data[(line, pixel)] - centre).abs() > reach
    };
    let mut kept = mask.clone();
    for (line, pixel) in ndarray::indices((lines, pixels)) {
        if is_outlier((line, pixel)) {
            kept[(line, pixel)] = false;
            kept[(line.saturating_sub(1), pixel)] = false;
            kept[((line + 1).min(lines - 1), pixel)] = false;
            kept[(line, pixel.saturating_sub(1))] = false;
            kept[(line, (pixel + 1).min(pixels - 1))] = false;
        }
    }
    kept
}

/// Sections of about [`SECTION`] background pixels; `None` if there are none.
fn sections(mask: ArrayView2<'_, bool>) -> Option<Vec<Section>> {
    let mut before = vec![0];
    for line in mask.rows() {
        let used = line.iter().filter(|used| **used).count();
        before.push(before[before.len() - 1] + used);
    }
    let total = before[before.len() - 1];
    let has = |line: &usize| before[line + 1] > before[*line];
    let first = (0..mask.nrows()).find(has)?;
    let last = (0..mask.nrows()).rev().find(has)?;
    let mut sections = Vec::new();
    let mut start = first;
    while start <= last {
        let rest = total - before[start];
        let full = |end: &usize| before[*end] - before[start] > SECTION && 2 * rest > 3 * SECTION;
        let end = (start + 1..=last + 1).find(full).unwrap_or(last + 1);
        let length = end - start;
        sections.push(Section { start, length });
        if end == last + 1 {
            break;
        }
        // Half an interval on; a half is rounded to the even number, as numpy does.
        start += ((length as f64 / 2.0).round_ties_even() as usize).max(1);
    }
    Some(sections)
}
