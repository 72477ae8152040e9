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

mod scatter;
mod sums;

use ndarray::{Array2, ArrayViewMut2};

pub use scatter::{scatter, scatter_limit, select_pixels};
pub use sums::{intervals, sum_by_phase};

use super::timing::{fraction, subtract_noise};
use super::{EmiError, Outputs, Timing, Waveform};
use crate::shape::check_shape;
use crate::simd::{Kernel, run_vectorised};

/// Offsets of phase that are tried, evenly spaced.
pub const TRIALS: usize = 500;

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
