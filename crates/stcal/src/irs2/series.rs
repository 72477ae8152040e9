//! The samples of one output and one group in the order of time.

/// Lines at the beginning and at the end of the detector through which a line is fitted.
pub(super) const EDGE_LINES: usize = 4;
/// Width of the cosine that fills gaps, in samples.
const COSINE: usize = 32;

/// Subtracts a straight line in time, fitted to the first and the last lines of the detector.
///
/// `row` samples make up a line. Samples that are 0 do not exist: they neither count nor change.
pub(super) fn remove_slope(series: &mut [f32], row: usize) {
    let middle = 0.5 * (series.len() as f64 - 1.0);
    let edge = (EDGE_LINES * row).min(series.len());
    let last = series.len() - edge;
    let mut fit = Line::default();
    for (offset, part) in [(0, &series[..edge]), (last, &series[last..])] {
        for (k, &value) in part.iter().enumerate() {
            if value != 0.0 {
                fit.add((offset + k) as f64 - middle, f64::from(value));
            }
        }
    }
    let (intercept, slope) = fit.solve();
    let (intercept, slope) = (intercept as f32, slope as f32);
    for (k, value) in series.iter_mut().enumerate() {
        if *value != 0.0 {
            *value -= intercept + (k as f64 - middle) as f32 * slope;
        }
    }
}

/// Sums of a straight fit.
#[derive(Default)]
struct Line {
    n: f64,
    x: f64,
    y: f64,
    xx: f64,
    xy: f64,
}

impl Line {
    fn add(&mut self, x: f64, y: f64) {
        self.n += 1.0;
        self.x += x;
        self.y += y;
        self.xx += x * x;
        self.xy += x * y;
    }

    /// Intercept and slope, both 0 without points.
    fn solve(&self) -> (f64, f64) {
        if self.n < 1.0 {
            return (0.0, 0.0);
        }
        let (x, y) = (self.x / self.n, self.y / self.n);
        let slope = (self.xy - self.n * x * y) / (self.xx - self.n * x * x);
        (y - slope * x, slope)
    }
}

/// Copies `series` to `filled` and replaces samples that are 0 by the mean of those around them, weighted with a cosine.
///
/// The series is taken to be periodic. Where nothing is near, the sample stays 0.
pub(super) fn fill_gaps(series: &[f32], filled: &mut [f32]) {
    let reach = COSINE / 2 - 1;
    let weights: [f64; COSINE - 1] = std::array::from_fn(|k| {
        let phase = (k + 1) as f32 / COSINE as f32 * std::f32::consts::PI;
        f64::from(phase.sin())
    });
    let n = series.len();
    filled.copy_from_slice(series);
    for (place, value) in filled.iter_mut().enumerate() {
        if *value != 0.0 {
            continue;
        }
        let (mut sum, mut sum_of_weights) = (0.0, 0.0);
        let mut add = |sample: f32, weight: f64| {
            sum += f64::from(sample) * weight;
            sum_of_weights += if sample == 0.0 { 0.0 } else { weight };
        };
        if place >= reach && place + reach < n {
            let around = &series[place - reach..=place + reach];
            around
                .iter()
                .zip(weights)
                .for_each(|(&sample, weight)| add(sample, weight));
        } else {
            for (k, weight) in weights.into_iter().enumerate() {
                add(series[(place + n * COSINE + k - reach) % n], weight);
            }
        }
        if sum_of_weights > 0.0 {
            *value = sum as f32 / sum_of_weights as f32;
        }
    }
}

/// A low-pass filter for the frequencies from 0 to the highest of `2 * half` samples.
///
/// The first `pass` frequencies pass, then a cosine falls to 0 over `taper` frequencies. `None` if there is no room.
pub(super) fn low_pass(half: usize, pass: usize, taper: usize) -> Option<Vec<f32>> {
    let stop = half.checked_sub(2 * (pass + taper))?;
    let fall = |k: usize| 0.5 * ((k as f64 * std::f64::consts::PI / taper as f64).cos() + 1.0);
    let ones = || std::iter::repeat_n(1.0, pass);
    // Parity: jwst refpix/irs2_subtract_reference.py::fill_bad_regions lets the highest frequencies pass as well.
    let filter = ones()
        .chain((0..taper).map(fall))
        .chain(std::iter::repeat_n(0.0, stop))
        .chain((0..taper).rev().map(fall))
        .chain(ones())
        .chain(std::iter::once(1.0));
    Some(filter.map(|weight| weight as f32).collect())
}
