//! Ramps without any flag, many columns at once.
//!
//! All samples are good, so each integration is one segment that holds the whole window. The arithmetic is that of
//! `pixel`, value by value: a ramp gives the same bits on either path, and a test says so.

use std::ops::Range;

use ndarray::{ArrayView1, ArrayViewMut1, s};

use super::super::arrays::Ramp;
use super::median::median;
use super::pixel::Output;
use super::plan::OlsPlan;
use super::sums::{Rate, Sums};
use super::weights::{SLOTS, signal_to_noise, snr_class};

/// Columns that are fitted together.
pub(super) const LANES: usize = 64;

/// One value for each column.
type Lanes<T> = [T; LANES];

/// Memory for the fit of one group of columns after the other.
#[derive(Debug)]
pub(super) struct CleanFitter<'p> {
    plan: &'p OlsPlan,
    gain: Lanes<f64>,
    noise: Lanes<f64>,
    dark_rate: Lanes<f64>,
    median_rate: Lanes<f64>,
    /// Slope per group time of each integration.
    slopes: Vec<Lanes<f64>>,
    /// Differences of neighbouring samples of an integration \[DN/s\].
    differences: Vec<Lanes<f64>>,
    /// Columns that this path may fit.
    fitted: Lanes<bool>,
}

/// Copies a piece of a row; what lies behind its end stays as it was.
fn load<T: Copy, U>(row: &ArrayView1<'_, T>, lanes: &mut Lanes<U>, convert: impl Fn(T) -> U) {
    if let Some(row) = row.to_slice() {
        for (lane, value) in lanes.iter_mut().zip(row) {
            *lane = convert(*value);
        }
    } else {
        for (lane, value) in lanes.iter_mut().zip(*row) {
            *lane = convert(*value);
        }
    }
}

/// Copies values into a piece of a row.
fn store<T: Copy, U>(lanes: &Lanes<T>, mut row: ArrayViewMut1<'_, U>, convert: impl Fn(T) -> U) {
    if let Some(row) = row.as_slice_mut() {
        for (value, lane) in row.iter_mut().zip(lanes) {
            *value = convert(*lane);
        }
    } else {
        for (value, lane) in row.iter_mut().zip(lanes) {
            *value = convert(*lane);
        }
    }
}

impl<'p> CleanFitter<'p> {
    /// A fitter for ramps of `integrations` integrations; none if the plan has no clean ramps.
    pub(super) fn new(plan: &'p OlsPlan, integrations: usize) -> Option<Self> {
        // A single group and the results of segments are left to the other path.
        if plan.length() < 2 || plan.params.optional_results {
            return None;
        }
        Some(Self {
            plan,
            gain: [0.0; LANES],
            noise: [0.0; LANES],
            dark_rate: [0.0; LANES],
            median_rate: [0.0; LANES],
            slopes: vec![[0.0; LANES]; integrations],
            differences: vec![[0.0; LANES]; plan.length() - 1],
            fitted: [false; LANES],
        })
    }

    /// Fits the clean ramps at `columns` of a row and tells which they are. The rates of the others are not valid.
    pub(super) fn fit(
        &mut self,
        ramp: &Ramp<'_>,
        row: usize,
        columns: Range<usize>,
        output: &mut Output<'_>,
    ) -> &Lanes<bool> {
        self.find_clean(ramp, row, columns.clone());
        if self.fitted.contains(&true) {
            self.median_rate = [0.0; LANES];
            for integration in 0..self.slopes.len() {
                self.fit_integration(ramp, integration, row, columns.clone());
            }
            self.store_rates(ramp, row, columns, output);
        }
        &self.fitted
    }

    /// Finds the ramps without flags and with a gain and a noise that ordinary arithmetic can take.
    fn find_clean(&mut self, ramp: &Ramp<'_>, row: usize, columns: Range<usize>) {
        let plan = self.plan;
        let piece = s![row, columns.start..columns.end];
        load(&ramp.gain_e_per_dn.slice(piece), &mut self.gain, f64::from);
        load(&ramp.read_noise_dn.slice(piece), &mut self.noise, f64::from);
        if let Some(dark_rate) = &ramp.dark_rate {
            load(&dark_rate.slice(piece), &mut self.dark_rate, f64::from);
        }
        let mut flags = [0_u8; LANES];
        for integration in 0..self.slopes.len() {
            for group in plan.window.groups.clone() {
                let columns = columns.start..columns.end;
                let mut lanes = [0_u8; LANES];
                let quality = ramp.group_dq.slice(s![integration, group, row, columns]);
                load(&quality, &mut lanes, |dq| dq);
                for (flags, dq) in flags.iter_mut().zip(lanes) {
                    *flags |= dq;
                }
            }
        }
        for (lane, flags) in flags.into_iter().enumerate() {
            let (gain, noise) = (self.gain[lane], &mut self.noise[lane]);
            *noise = plan.group_noise(*noise as f32, gain as f32);
            self.fitted[lane] = lane < columns.len()
                && flags == 0
                && gain > 0.0
                && gain.is_finite()
                && *noise != 0.0
                && noise.is_finite();
        }
    }

    /// Slopes and medians of one integration.
    fn fit_integration(
        &mut self,
        ramp: &Ramp<'_>,
        integration: usize,
        row: usize,
        columns: Range<usize>,
    ) {
        let plan = self.plan;
        let group = |group: usize, lanes: &mut Lanes<f64>| {
            let group = group + plan.window.groups.start;
            let columns = columns.start..columns.end;
            let samples = ramp.data_dn.slice(s![integration, group, row, columns]);
            load(&samples, lanes, f64::from);
        };
        let length = plan.length();
        let (mut sample, mut last) = ([0.0; LANES], [0.0; LANES]);
        group(0, &mut sample);
        group(length - 1, &mut last);
        let class = self.classes(&sample, &last);
        let table = plan.weights.of(length);
        let (mut sum, mut slope) = ([0.0; LANES], [0.0; LANES]);
        let mut previous = [0.0; LANES];
        for index in 0..length {
            group(index, &mut sample);
            let factors = &table.slope[index];
            for lane in 0..LANES {
                sum[lane] += sample[lane];
                slope[lane] += factors[class[lane] as usize % SLOTS] * sample[lane];
            }
            let mut rate = sample;
            for rate in &mut rate {
                *rate /= plan.group_time;
            }
            if index > 0 {
                let difference = &mut self.differences[index - 1];
                for lane in 0..LANES {
                    difference[lane] = rate[lane] - previous[lane];
                }
            }
            previous = rate;
        }
        for lane in 0..LANES {
            // Infinite and unknown samples are left to the other path.
            self.fitted[lane] &= f64::is_finite(sum[lane]);
            slope[lane] /= plan.group_time;
        }
        if length == 2 {
            // Parity with the fit of a pair, which is free of rounding.
            group(0, &mut sample);
            for lane in 0..LANES {
                slope[lane] = (last[lane] - sample[lane]) / plan.group_time;
            }
        }
        self.slopes[integration] = slope;
        self.add_medians();
    }

    /// Class of the signal-to-noise ratio of each ramp.
    fn classes(&self, first: &Lanes<f64>, last: &Lanes<f64>) -> Lanes<u8> {
        let mut classes = [0; LANES];
        for lane in 0..LANES {
            let difference = last[lane] - first[lane];
            let snr = signal_to_noise(difference, self.noise[lane], self.gain[lane]);
            classes[lane] = snr_class(snr) as u8;
        }
        classes
    }

    /// Adds the medians of the differences of an integration.
    fn add_medians(&mut self) {
        if let Some(network) = &self.plan.network {
            let medians = network.medians(&mut self.differences);
            for (sum, median) in self.median_rate.iter_mut().zip(medians) {
                *sum += median;
            }
            return;
        }
        let mut values = Vec::with_capacity(self.differences.len());
        for lane in (0..LANES).filter(|&lane| self.fitted[lane]) {
            values.clear();
            values.extend(self.differences.iter().map(|lanes| lanes[lane]));
            self.median_rate[lane] += median(&mut values);
        }
    }

    /// Variances and combination, and the way into the products.
    fn store_rates(
        &mut self,
        ramp: &Ramp<'_>,
        row: usize,
        columns: Range<usize>,
        output: &mut Output<'_>,
    ) {
        let plan = self.plan;
        let length = plan.length();
        let (mut var_poisson, mut var_read) = ([0.0; LANES], [0.0; LANES]);
        let count = self.slopes.len() as f64;
        for lane in 0..LANES {
            let (gain, noise) = (self.gain[lane], self.noise[lane]);
            let time = plan.group_time * gain * (length - 1) as f64;
            let median_rate = self.median_rate[lane] / count;
            var_poisson[lane] = OlsPlan::poisson_variance(median_rate, self.dark_rate[lane], time);
            var_read[lane] = OlsPlan::read_variance(noise, gain, plan.group_time, length);
        }
        let mut dq = [0; LANES];
        let piece = columns.start..columns.end;
        load(&ramp.pixel_dq.slice(s![row, piece]), &mut dq, |dq| dq);
        let flags = plan.params.flags.pixel;
        let invalid = flags.do_not_use | flags.saturated;
        let mut exposure = [Sums::default(); LANES];
        let mut rates = [Rate::default(); LANES];
        for (integration, slope) in self.slopes.iter().enumerate() {
            for lane in 0..LANES {
                let mut sums = Sums::default();
                sums.add_segment(slope[lane], var_poisson[lane], var_read[lane]);
                exposure[lane].add(&sums);
                rates[lane] = sums.integration_rate().or_none(dq[lane], invalid);
            }
            let into = &mut output.integrations;
            let piece = s![integration, row, columns.start..columns.end];
            store(&rates, into.slope.slice_mut(piece), |rate| {
                rate.slope as f32
            });
            store(&rates, into.dq.slice_mut(piece), |rate| rate.dq);
            store(&rates, into.var_poisson.slice_mut(piece), |rate| {
                rate.var_poisson as f32
            });
            store(&rates, into.var_rnoise.slice_mut(piece), |rate| {
                rate.var_read as f32
            });
            store(&rates, into.err.slice_mut(piece), |rate| rate.err as f32);
        }
        for lane in 0..LANES {
            rates[lane] = exposure[lane].exposure_rate().or_none(dq[lane], invalid);
        }
        let into = &mut output.exposure;
        let piece = s![row, columns.start..columns.end];
        store(&rates, into.slope.slice_mut(piece), |rate| {
            rate.slope as f32
        });
        store(&rates, into.dq.slice_mut(piece), |rate| rate.dq);
        store(&rates, into.var_poisson.slice_mut(piece), |rate| {
            rate.var_poisson as f32
        });
        store(&rates, into.var_rnoise.slice_mut(piece), |rate| {
            rate.var_read as f32
        });
        store(&rates, into.err.slice_mut(piece), |rate| rate.err as f32);
    }
}
