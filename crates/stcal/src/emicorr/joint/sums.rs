//! Sums of the pixels that are read at the same phase of the wave.

use std::ops::Range;

use ndarray::{Array2, ArrayView2};

use crate::emicorr::{EmiError, Outputs, Timing, Waveform};
use crate::shape::check_shape;
use crate::simd::{Kernel, run_vectorised};

/// The interval of the waveform that each sample of the first group falls into, `(row, sample)`.
pub fn intervals(timing: &Timing, wave: &Waveform) -> Array2<u32> {
    timing
        .phase()
        .mapv(|phase| (phase * wave.len() as f64) as u32)
}

/// Sums of the selected pixels of one group by the interval of their phase in the first group.
///
/// `image` and `weights` (of [`super::select_pixels`]) are `(row, column)`. To count pixels, give an image of ones.
///
/// # Errors
/// [`EmiError::Shape`].
pub fn sum_by_phase(
    image: ArrayView2<'_, f32>,
    weights: ArrayView2<'_, f32>,
    intervals: &Array2<u32>,
    outputs: &Outputs,
    wave: &Waveform,
) -> Result<Vec<f64>, EmiError> {
    let (rows, samples) = intervals.dim();
    let shape = [rows, samples * outputs.count];
    check_shape("group", &shape, image.shape())?;
    check_shape("weights", &shape, weights.shape())?;
    let mut sums = vec![0.0; wave.len()];
    let mut used = vec![0.0_f32; samples * outputs.count];
    let bad = outputs.bad_samples.start * outputs.count..outputs.bad_samples.end * outputs.count;
    let rows = image.outer_iter().zip(weights.outer_iter());
    for ((image, weights), intervals) in rows.zip(intervals.outer_iter()) {
        let (image, weights) = (image.as_standard_layout(), weights.as_standard_layout());
        run_vectorised(SumRow {
            image: image.as_slice().unwrap_or_default(),
            weights: weights.as_slice().unwrap_or_default(),
            intervals: intervals.to_slice().unwrap_or_default(),
            outputs: outputs.count,
            bad: bad.clone(),
            used: &mut used,
            sums: &mut sums,
        });
    }
    Ok(sums)
}

/// Sums the pixels of a row by interval.
struct SumRow<'a> {
    image: &'a [f32],
    weights: &'a [f32],
    intervals: &'a [u32],
    outputs: usize,
    /// Columns that are left out.
    bad: Range<usize>,
    used: &'a mut [f32],
    sums: &'a mut [f64],
}

impl Kernel for SumRow<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let pixels = self.image.iter().zip(self.weights);
        for (used, (value, weight)) in self.used.iter_mut().zip(pixels) {
            *used = value * weight;
        }
        self.used[self.bad].fill(0.0);
        let mut rest = &*self.used;
        for same in self.intervals.chunk_by(|a, b| a == b) {
            let (here, later) = rest.split_at(same.len() * self.outputs);
            self.sums[same[0] as usize] += sum(here);
            rest = later;
        }
    }
}

/// The sum of neighbouring pixels, eight at a time.
#[inline(always)]
fn sum(pixels: &[f32]) -> f64 {
    let (eights, rest) = pixels.as_chunks::<8>();
    let mut sums = [0.0_f64; 8];
    for eight in eights {
        for (sum, pixel) in sums.iter_mut().zip(eight) {
            *sum += f64::from(*pixel);
        }
    }
    let rest: f64 = rest.iter().map(|pixel| f64::from(*pixel)).sum();
    let [a, b, c, d, e, f, g, h] = sums;
    ((a + e) + (b + f)) + ((c + g) + (d + h)) + rest
}
