//! A known waveform and the ramps, fitted at once.
//!
//! Every usable pixel is a line in the group number `j` plus `c` times the waveform at its phase:
//!
//! ```text
//! y_j = p + q j + c z_j,     z_j = wave(phase + j * group_step + offset)
//! ```
//!
//! With the line eliminated, chi squared of all pixels is `A c² + B c` plus a constant, and `A` and `B` are sums over
//! groups of pixels that share a phase ([`PhaseSums`]): [`trial`] makes them for one offset of a grid, [`fit`] finds
//! the best offset by a parabola through the best three, and its amplitude. [`subtract`] applies the result.

#![allow(
    clippy::needless_range_loop,
    reason = "an interval is an index into several arrays at once"
)]

use std::borrow::Cow;

use ndarray::{Array2, ArrayView2, ArrayView3, ArrayViewMut2, Axis};

use super::timing::{fraction, subtract_noise};
use super::{EmiError, Outputs, Timing, Waveform};
use crate::shape::check_shape;
use crate::simd::{Kernel, run_vectorised};

/// Offsets of phase that are tried, evenly spaced.
pub const TRIALS: usize = 500;

/// Writes the standard deviation of each pixel's samples.
///
/// `ramp_dn` is `(group, row, column)`, any band of rows of an integration; `scatter_dn` is `(row, column)`.
///
/// # Errors
/// [`EmiError::Shape`].
///
/// ```
/// use ndarray::{Array2, array};
/// let ramp = array![[[1.0_f32]], [[3.0]]];
/// let mut scatter = Array2::zeros((1, 1));
/// stcal::emicorr::joint::scatter(ramp.view(), scatter.view_mut())?;
/// assert_eq!(scatter[[0, 0]], 1.0);
/// # Ok::<(), stcal::emicorr::EmiError>(())
/// ```
pub fn scatter(
    ramp_dn: ArrayView3<'_, f32>,
    mut scatter_dn: ArrayViewMut2<'_, f32>,
) -> Result<(), EmiError> {
    let (groups, rows, columns) = ramp_dn.dim();
    check_shape("scatter", &[rows, columns], scatter_dn.shape())?;
    let (mut mean, mut squares) = (vec![0.0_f32; columns], vec![0.0_f32; columns]);
    for (row, mut out) in scatter_dn.outer_iter_mut().enumerate() {
        let ramp = ramp_dn.index_axis(Axis(1), row);
        let groups: Vec<Cow<'_, [f32]>> = (0..groups)
            .map(|group| {
                let row = ramp.index_axis_move(Axis(0), group);
                row.to_slice()
                    .map_or_else(|| Cow::Owned(row.to_vec()), Cow::Borrowed)
            })
            .collect();
        run_vectorised(ScatterRow {
            groups: &groups,
            mean: &mut mean,
            squares: &mut squares,
        });
        out.iter_mut()
            .zip(&squares)
            .for_each(|(out, sum)| *out = *sum);
    }
    Ok(())
}

/// The standard deviations of the samples of a row.
struct ScatterRow<'a, 's> {
    groups: &'a [Cow<'s, [f32]>],
    mean: &'a mut [f32],
    /// Sums of squares, then the deviations.
    squares: &'a mut [f32],
}

impl Kernel for ScatterRow<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self {
            groups,
            mean,
            squares,
        } = self;
        // In single precision: a threshold on the result decides which pixels are used.
        let count = groups.len() as f32;
        mean.fill(0.0);
        for group in groups {
            for (mean, value) in mean.iter_mut().zip(group.iter()) {
                *mean += value;
            }
        }
        for mean in mean.iter_mut() {
            *mean /= count;
        }
        squares.fill(0.0);
        for group in groups {
            for ((sum, value), mean) in squares.iter_mut().zip(group.iter()).zip(mean.iter()) {
                let deviation = value - mean;
                *sum += deviation * deviation;
            }
        }
        for sum in squares {
            *sum = (*sum / count).sqrt();
        }
    }
}

/// Twice the median of the scatter of all pixels of all integrations; not-a-number if one is.
///
/// Values are not negative. Nothing is sorted or copied.
pub fn scatter_limit<'a>(scatter_dn: impl Iterator<Item = &'a f32> + Clone) -> f32 {
    let mut counts = vec![0_usize; 1 << 16];
    let mut total = 0;
    for value in scatter_dn.clone() {
        if value.is_nan() {
            return f32::NAN;
        }
        counts[(value.to_bits() >> 16) as usize] += 1;
        total += 1;
    }
    if total == 0 {
        return f32::NAN;
    }
    let upper = select(&mut counts, scatter_dn.clone(), total / 2);
    let lower = if total % 2 == 0 {
        select(&mut counts, scatter_dn, total / 2 - 1)
    } else {
        upper
    };
    2.0 * f32::midpoint(lower, upper)
}

/// The value of a rank. Numbers that are not negative are ordered as their bits are: `counts` has those of the upper half.
fn select<'a>(counts: &mut [usize], values: impl Iterator<Item = &'a f32>, rank: usize) -> f32 {
    let (high, rank) = bucket(counts, rank);
    let mut low_counts = vec![0_usize; 1 << 16];
    for value in values.filter(|value| (value.to_bits() >> 16) as usize == high) {
        low_counts[(value.to_bits() & 0xffff) as usize] += 1;
    }
    let (low, _) = bucket(&low_counts, rank);
    f32::from_bits((high << 16 | low) as u32)
}

/// The bucket that holds a rank, and the rank in it.
fn bucket(counts: &[usize], mut rank: usize) -> (usize, usize) {
    for (bucket, &count) in counts.iter().enumerate() {
        if rank < count {
            return (bucket, rank);
        }
        rank -= count;
    }
    (counts.len() - 1, 0)
}

/// Makes weights of the scatter, in place: 1 for pixels without flags whose scatter is below a limit, else 0.
///
/// # Errors
/// [`EmiError::Shape`].
pub fn select_pixels(
    mut scatter_dn: ArrayViewMut2<'_, f32>,
    limit_dn: f32,
    pixel_dq: ArrayView2<'_, u32>,
) -> Result<(), EmiError> {
    check_shape("pixel quality", scatter_dn.shape(), pixel_dq.shape())?;
    scatter_dn.zip_mut_with(&pixel_dq, |weight, dq| {
        *weight = if *weight < limit_dn && *dq == 0 {
            1.0
        } else {
            0.0
        };
    });
    Ok(())
}

/// The interval of the waveform that each sample of the first group falls into, `(row, sample)`.
pub fn intervals(timing: &Timing, wave: &Waveform) -> Array2<u32> {
    timing
        .phase()
        .mapv(|phase| (phase * wave.len() as f64) as u32)
}

/// Sums of the selected pixels of one group by the interval of their phase in the first group.
///
/// `image` and `weights` (of [`select_pixels`]) are `(row, column)`. To count pixels, give an image of ones.
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
    let mut together = vec![0.0; samples];
    let rows = image.outer_iter().zip(weights.outer_iter());
    for ((image, weights), intervals) in rows.zip(intervals.outer_iter()) {
        let (image, weights) = (image.as_standard_layout(), weights.as_standard_layout());
        let values = image.as_slice().unwrap_or_default();
        let weights = weights.as_slice().unwrap_or_default();
        for ((used, value), weight) in used.iter_mut().zip(values).zip(weights) {
            *used = value * weight;
        }
        add_outputs(&used, outputs.count, &mut together);
        for bad in outputs.bad_samples.clone() {
            together[bad] = 0.0;
        }
        for (sum, interval) in together.iter().zip(intervals) {
            sums[*interval as usize] += sum;
        }
    }
    Ok(sums)
}

/// Sums of the pixels of a row that are read at the same time.
///
/// Without [`run_vectorised`]: of four neighbours, wider registers only make more to shuffle.
fn add_outputs(pixels: &[f32], outputs: usize, sums: &mut [f64]) {
    let sum = |pixels: &[f32]| {
        let start = -0.0;
        pixels
            .iter()
            .fold(start, |sum, pixel| sum + f64::from(*pixel))
    };
    if outputs == 4 {
        for (total, pixels) in sums.iter_mut().zip(pixels.as_chunks::<4>().0) {
            *total = sum(pixels);
        }
    } else {
        for (total, pixels) in sums.iter_mut().zip(pixels.chunks_exact(outputs)) {
            *total = sum(pixels);
        }
    }
}

/// What the fit needs to know of an integration.
#[derive(Debug, Clone)]
pub struct PhaseSums {
    /// Selected pixels by interval.
    counts: Vec<f64>,
    /// Sum of their values, `(group, interval)`.
    values: Array2<f64>,
    /// `values` summed over groups, plain and times the group's number.
    sum: Vec<f64>,
    sum_t: Vec<f64>,
}

impl PhaseSums {
    /// Puts together the sums of the groups of an integration, each of [`sum_by_phase`].
    ///
    /// # Errors
    /// [`EmiError::Shape`] if they have different numbers of intervals.
    pub fn new(counts: Vec<f64>, groups: &[Vec<f64>]) -> Result<Self, EmiError> {
        for group in groups {
            check_shape("intervals of a group", &[counts.len()], &[group.len()])?;
        }
        let values = Array2::from_shape_fn((counts.len(), groups.len()), |(i, j)| groups[j][i]);
        let sum = values.outer_iter().map(|y| y.iter().sum()).collect();
        let weighted =
            |y: ndarray::ArrayView1<'_, f64>| y.iter().enumerate().map(|(j, y)| j as f64 * y).sum();
        let sum_t = values.outer_iter().map(weighted).collect();
        let values = values.reversed_axes().as_standard_layout().into_owned();
        Ok(Self {
            counts,
            values,
            sum,
            sum_t,
        })
    }
}

/// Chi squared as a function of the amplitude `c`: `a c² + b c` and a constant.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Normal {
    /// Coefficient of the square.
    pub a: f64,
    /// Coefficient of the amplitude.
    pub b: f64,
    /// Square of the wave, summed over the same samples as `a`, with its straight part.
    pub square: f64,
}

/// The part of a wave's square that has to be left beside a straight line: less is rounding.
///
/// A wave in phase with the groups is the same in all groups of a pixel. Such are those of 390.625 Hz in MIRI's full
/// frames, BRIGHTSKY and SUB256, whose groups are whole numbers of its periods.
const LEAST_SHARE: f64 = 1e-12;

impl Normal {
    /// The best chi squared, not-a-number if there is none, and its amplitude.
    fn best(self) -> (f64, f64) {
        if self.a.abs() <= 1e-8 || !self.a.is_finite() || !self.b.is_finite() {
            return (f64::NAN, 0.0);
        }
        if self.a <= LEAST_SHARE * self.square {
            return (f64::NAN, 0.0);
        }
        let c = -self.b / (2.0 * self.a);
        (self.a * c * c + self.b * c, c)
    }
}

/// Chi squared of each integration with the waveform at trial offset number `trial` of [`TRIALS`].
pub fn trial(
    wave: &Waveform,
    timing: &Timing,
    integrations: &[PhaseSums],
    trial: usize,
) -> Vec<Normal> {
    let Some(groups) = integrations.first().map(|sums| sums.values.nrows()) else {
        return Vec::new();
    };
    run_vectorised(Trial {
        wave,
        step: timing.group_step(),
        offset: trial as f64 / TRIALS as f64,
        groups,
        integrations,
    })
}

/// Intervals that are worked on together.
const LANES: usize = 64;

/// One trial offset.
struct Trial<'a> {
    wave: &'a Waveform,
    /// Phase from a group to the next.
    step: f64,
    offset: f64,
    groups: usize,
    integrations: &'a [PhaseSums],
}

/// Sums over groups for each of some intervals.
struct GroupSums {
    z: [f64; LANES],
    tz: [f64; LANES],
    zz: [f64; LANES],
    /// For each integration.
    yz: Vec<[f64; LANES]>,
}

impl Kernel for Trial<'_> {
    type Output = Vec<Normal>;

    #[inline(always)]
    fn run(self) -> Vec<Normal> {
        let mut normals = vec![Normal::default(); self.integrations.len()];
        let mut sums = GroupSums {
            z: [0.0; LANES],
            tz: [0.0; LANES],
            zz: [0.0; LANES],
            yz: vec![[0.0; LANES]; self.integrations.len()],
        };
        for start in (0..self.wave.len()).step_by(LANES) {
            let here = start..self.wave.len().min(start + LANES);
            self.sum_groups(here.clone(), &mut sums);
            self.add_intervals(here, &sums, &mut normals);
        }
        normals
    }
}

impl Trial<'_> {
    /// Sums of the wave and of its products with the pixels.
    #[inline(always)]
    fn sum_groups(&self, here: std::ops::Range<usize>, sums: &mut GroupSums) {
        (sums.z, sums.tz, sums.zz) = ([0.0; LANES], [0.0; LANES], [0.0; LANES]);
        sums.yz.fill([-0.0; LANES]);
        let mut z = [0.0; LANES];
        for group in 0..self.groups {
            let later = group as f64 * self.step;
            for (lane, z) in z.iter_mut().enumerate() {
                let middle = ((here.start + lane) as f64 + 0.5) / self.wave.len() as f64;
                *z = fraction(fraction(middle + later) + self.offset);
            }
            self.wave.replace(&mut z);
            for lane in 0..LANES {
                sums.z[lane] += z[lane];
                sums.tz[lane] += group as f64 * z[lane];
                sums.zz[lane] += z[lane] * z[lane];
            }
            for (yz, integration) in sums.yz.iter_mut().zip(self.integrations) {
                let values = integration.values.row(group).to_slice().unwrap_or_default();
                for ((yz, y), z) in yz.iter_mut().zip(&values[here.clone()]).zip(&z) {
                    *yz += y * z;
                }
            }
        }
    }

    /// Adds some intervals to chi squared.
    #[inline(always)]
    fn add_intervals(
        &self,
        here: std::ops::Range<usize>,
        sums: &GroupSums,
        normals: &mut [Normal],
    ) {
        let n = self.groups as f64;
        let sum_t: f64 = (0..self.groups).map(|j| j as f64).sum();
        let sum_tt: f64 = (0..self.groups).map(|j| (j * j) as f64).sum();
        let delta = n * sum_tt - sum_t * sum_t;
        for (lane, interval) in here.enumerate() {
            let (sum_z, sum_tz, sum_zz) = (sums.z[lane], sums.tz[lane], sums.zz[lane]);
            let square = (sum_zz * delta - sum_tt * sum_z * sum_z + 2.0 * sum_t * sum_z * sum_tz
                - n * sum_tz * sum_tz)
                / delta;
            for ((normal, y), yz) in normals.iter_mut().zip(self.integrations).zip(&sums.yz) {
                let (sum_y, sum_ty) = (y.sum[interval], y.sum_t[interval]);
                let line = sum_tt * sum_z * sum_y - sum_t * (sum_tz * sum_y + sum_z * sum_ty)
                    + n * sum_tz * sum_ty;
                normal.a += y.counts[interval] * square;
                normal.square += y.counts[interval] * sum_zz;
                normal.b += 2.0 * (line / delta - yz[lane]);
            }
        }
    }
}

/// The wave in one integration.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fitted {
    /// What the waveform is multiplied with.
    pub amplitude: f64,
    /// Phase of the first sample of the integration.
    pub phase: f64,
}

/// Finds amplitude and phase from the results of all trials, in order: one wave for all integrations, whose phases
/// follow from the clock, or one for each.
///
/// Where nothing can be fitted (no pixel is usable, a value is not a number, the wave is in phase with the groups) the
/// amplitude is 0.
pub fn fit(
    trials: &[Vec<Normal>],
    timing: &Timing,
    groups: usize,
    each_integration: bool,
) -> Vec<Fitted> {
    let integrations = trials.first().map_or(0, Vec::len);
    let step = timing.integration_step(groups);
    if each_integration {
        let fitted = (0..integrations).map(|i| {
            let (phase, amplitude) = fit_together(trials, i..i + 1, step);
            Fitted {
                amplitude,
                phase: phase + i as f64 * step,
            }
        });
        return fitted.collect();
    }
    let (phase, amplitude) = fit_together(trials, 0..integrations, step);
    let fitted = (0..integrations).map(|i| Fitted {
        amplitude,
        phase: (phase + i as f64 * step).rem_euclid(1.0),
    });
    fitted.collect()
}

/// The best phase of the first sample of the exposure, and the amplitude there.
fn fit_together(
    trials: &[Vec<Normal>],
    integrations: std::ops::Range<usize>,
    step: f64,
) -> (f64, f64) {
    let at = |phase: f64| {
        let parts = integrations
            .clone()
            .map(|i| trials[closest(phase, step * i as f64)][i]);
        let sum = parts.fold(Normal::default(), |sum, part| Normal {
            a: sum.a + part.a,
            b: sum.b + part.b,
            square: sum.square + part.square,
        });
        sum.best()
    };
    let chi_squared: Vec<f64> = (0..TRIALS)
        .map(|k| at(k as f64 / TRIALS as f64).0)
        .collect();
    let phase = best_phase(&chi_squared);
    (phase, at(phase).1)
}

/// The first trial offset that is not before a phase.
fn closest(phase: f64, more: f64) -> usize {
    // Parity: jwst emicorr/emicorr.py calc_chisq_amplitudes takes the smallest distance modulo 1 without regard to its
    // sign, that is the next trial and not the nearest one.
    let distance = |k: usize| (k as f64 / TRIALS as f64 - phase - more).rem_euclid(1.0);
    let guess = ((phase + more).rem_euclid(1.0) * TRIALS as f64).ceil() as usize % TRIALS;
    let around = [(guess + TRIALS - 1) % TRIALS, guess, (guess + 1) % TRIALS];
    around
        .into_iter()
        .min_by(|a, b| distance(*a).total_cmp(&distance(*b)))
        .unwrap_or(guess)
}

/// The minimum of a parabola through the smallest chi squared and its neighbours.
pub(super) fn best_phase(chi_squared: &[f64]) -> f64 {
    let phase = |k: usize| k as f64 / chi_squared.len() as f64;
    let finite = chi_squared
        .iter()
        .enumerate()
        .filter(|(_, chi)| !chi.is_nan());
    let Some((best, _)) = finite.min_by(|a, b| a.1.total_cmp(b.1)) else {
        return 0.0;
    };
    let before = (best + chi_squared.len() - 1) % chi_squared.len();
    let after = (best + 1) % chi_squared.len();
    let [y0, y1, y2] = [before, best, after].map(|k| chi_squared[k]);
    if !(y0.is_finite() && y1.is_finite() && y2.is_finite()) || (y0 == y1 && y1 == y2) {
        return phase(best);
    }
    // Parity: jwst emicorr/emicorr.py get_best_phase does not unwrap the phases of the neighbours of the first and the
    // last trial: there the parabola runs through points that are almost a period apart.
    let [x0, x1, x2] = [before, best, after].map(phase);
    let (left, right) = ((y1 - y0) / (x1 - x0), (y2 - y1) / (x2 - x1));
    let curvature = (right - left) / (x2 - x0);
    f64::midpoint(x0, x1) - left / (2.0 * curvature)
}

/// Subtracts the wave from one group, in place.
///
/// `image_dn` is `(row, column)` of group number `group` of the integration that `fitted` belongs to.
///
/// # Errors
/// [`EmiError::Shape`].
pub fn subtract(
    mut image_dn: ArrayViewMut2<'_, f32>,
    group: usize,
    fitted: &Fitted,
    (wave, timing, outputs): (&Waveform, &Timing, &Outputs),
) -> Result<(), EmiError> {
    timing.check("group", image_dn.shape(), outputs.count)?;
    if fitted.amplitude == 0.0 {
        return Ok(());
    }
    let start = timing.group_step() * group as f64;
    let offset = fitted.phase.rem_euclid(1.0);
    let mut noise = vec![0.0; timing.phase().ncols()];
    for (row, phases) in image_dn.outer_iter_mut().zip(timing.phase().outer_iter()) {
        let phases = phases.to_slice().unwrap_or_default();
        run_vectorised(NoiseOfRow {
            wave,
            amplitude: fitted.amplitude,
            phases,
            later: (start, offset),
            noise: &mut noise,
        });
        subtract_noise(row, &noise, outputs.count);
    }
    Ok(())
}

/// The wave at the samples of a row.
struct NoiseOfRow<'a> {
    wave: &'a Waveform,
    amplitude: f64,
    phases: &'a [f64],
    /// What is to be added to the phases, one after the other.
    later: (f64, f64),
    noise: &'a mut [f64],
}

impl Kernel for NoiseOfRow<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (noise, phase) in self.noise.iter_mut().zip(self.phases) {
            *noise = fraction(phase + self.later.0 + self.later.1);
        }
        self.wave.replace(self.noise);
        for noise in self.noise {
            *noise *= self.amplitude;
        }
    }
}
