//! Ramps without any flag, many columns at once.
//!
//! All samples are good, so each integration is one segment that holds the whole window. The arithmetic is that of
//! `pixel`, value by value: a ramp gives the same bits on either path, and a test says so.

use ndarray::{ArrayView1, ArrayViewMut1, s};

use super::super::arrays::Ramp;
use super::pixel::Output;
use super::plan::OlsPlan;
use super::sums::{Rate, Sums};
use super::weights::{SLOTS, signal_to_noise, snr_class};
use crate::median::median_f64;

/// Columns that are fitted together.
pub(super) const LANES: usize = 64;

/// One value for each column.
type Lanes<T> = [T; LANES];

/// Columns `start..end` of a row, at most [`LANES`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece {
    pub(super) row: usize,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// Memory for the fit of one group of columns after the other.
#[derive(Debug)]
pub(super) struct CleanFitter<'p> {
    plan: &'p OlsPlan,
    gain: Lanes<f64>,
    noise: Lanes<f64>,
    dark_rate: Lanes<f64>,
    median_rate: Lanes<f64>,
    /// Samples of an integration \[DN\], then over the group time.
    samples: Vec<Lanes<f64>>,
    /// Slope of each integration \[DN/s\].
    slopes: Vec<Lanes<f64>>,
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
fn store<T: Copy>(lanes: &Lanes<T>, mut row: ArrayViewMut1<'_, T>) {
    for (value, lane) in row.iter_mut().zip(lanes) {
        *value = *lane;
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
            samples: vec![[0.0; LANES]; plan.length()],
            slopes: vec![[0.0; LANES]; integrations],
            fitted: [false; LANES],
        })
    }

    /// Fits the clean ramps of a piece and tells which they are. The rates of the others are not valid.
    pub(super) fn fit(
        &mut self,
        ramp: &Ramp<'_>,
        piece: Piece,
        output: &mut Output<'_>,
    ) -> &Lanes<bool> {
        self.find_clean(ramp, piece);
        if self.fitted.contains(&true) {
            self.median_rate = [0.0; LANES];
            for integration in 0..self.slopes.len() {
                self.load_samples(ramp, integration, piece);
                self.fit_slopes(integration);
                self.add_medians();
            }
            self.store_rates(ramp, piece, output);
        }
        &self.fitted
    }

    /// Finds the ramps without flags and with a gain and a noise that ordinary arithmetic can take.
    fn find_clean(&mut self, ramp: &Ramp<'_>, piece: Piece) {
        let plan = self.plan;
        let image = s![piece.row, piece.start..piece.end];
        load(&ramp.gain_e_per_dn.slice(image), &mut self.gain, f64::from);
        load(&ramp.read_noise_dn.slice(image), &mut self.noise, f64::from);
        if let Some(dark_rate) = &ramp.dark_rate {
            load(&dark_rate.slice(image), &mut self.dark_rate, f64::from);
        }
        let mut flags = [0_u8; LANES];
        let mut quality = [0_u8; LANES];
        for integration in 0..self.slopes.len() {
            for group in plan.window.groups.clone() {
                let row = s![integration, group, piece.row, piece.start..piece.end];
                load(&ramp.group_dq.slice(row), &mut quality, |dq| dq);
                for (flags, dq) in flags.iter_mut().zip(quality) {
                    *flags |= dq;
                }
            }
        }
        for (lane, flags) in flags.into_iter().enumerate() {
            let (gain, noise) = (self.gain[lane], &mut self.noise[lane]);
            *noise = plan.group_noise(*noise as f32, gain as f32);
            self.fitted[lane] = lane < piece.end - piece.start
                && flags == 0
                && gain > 0.0
                && gain.is_finite()
                && *noise != 0.0
                && noise.is_finite();
        }
    }

    /// Copies the samples of one integration; infinite and unknown ones are left to the other path.
    fn load_samples(&mut self, ramp: &Ramp<'_>, integration: usize, piece: Piece) {
        let mut sum = [0.0; LANES];
        for (lanes, group) in self.samples.iter_mut().zip(self.plan.window.groups.clone()) {
            let row = s![integration, group, piece.row, piece.start..piece.end];
            load(&ramp.data_dn.slice(row), lanes, f64::from);
            for (sum, sample) in sum.iter_mut().zip(lanes) {
                *sum += *sample;
            }
        }
        for (fitted, sum) in self.fitted.iter_mut().zip(sum) {
            *fitted &= f64::is_finite(sum);
        }
    }

    /// Slopes of one integration.
    fn fit_slopes(&mut self, integration: usize) {
        let plan = self.plan;
        let length = plan.length();
        let class = self.classes();
        let table = plan.weights.of(length);
        let mut slope = [0.0; LANES];
        for (index, factors) in table.pair_slope.iter().enumerate() {
            let (early, late) = (&self.samples[index], &self.samples[length - 1 - index]);
            for lane in 0..LANES {
                let factor = factors[class[lane] as usize % SLOTS];
                slope[lane] += factor * (late[lane] - early[lane]);
            }
        }
        for slope in &mut slope {
            *slope /= plan.group_time;
        }
        self.slopes[integration] = slope;
    }

    /// Class of the signal-to-noise ratio of each ramp.
    fn classes(&self) -> Lanes<u8> {
        let (first, last) = (&self.samples[0], &self.samples[self.samples.len() - 1]);
        let mut ratio = [0.0; LANES];
        for lane in 0..LANES {
            let difference = last[lane] - first[lane];
            ratio[lane] = signal_to_noise(difference, self.noise[lane], self.gain[lane]);
        }
        ratio.map(|ratio| snr_class(ratio) as u8)
    }

    /// Adds the medians of the differences of an integration. Consumes the samples.
    fn add_medians(&mut self) {
        let group_time = self.plan.group_time;
        for rate in self.samples.as_flattened_mut() {
            *rate /= group_time;
        }
        for index in 1..self.samples.len() {
            let (head, tail) = self.samples.split_at_mut(index);
            for (early, late) in head[index - 1].iter_mut().zip(&tail[0]) {
                *early = late - *early;
            }
        }
        let differences = self.samples.len() - 1;
        let differences = &mut self.samples[..differences];
        if let Some(network) = &self.plan.network {
            let medians = network.medians(differences);
            for (sum, median) in self.median_rate.iter_mut().zip(medians) {
                *sum += median;
            }
            return;
        }
        let mut values = Vec::with_capacity(differences.len());
        for lane in (0..LANES).filter(|&lane| self.fitted[lane]) {
            values.clear();
            values.extend(differences.iter().map(|lanes| lanes[lane]));
            self.median_rate[lane] += median_f64(&mut values);
        }
    }

    /// Variances due to photons and to reading, the same for all integrations.
    fn variances(&self) -> (Lanes<f64>, Lanes<f64>) {
        let plan = self.plan;
        let length = plan.length();
        let count = self.slopes.len() as f64;
        let (mut var_poisson, mut var_read) = ([0.0; LANES], [0.0; LANES]);
        for lane in 0..LANES {
            let (gain, noise) = (self.gain[lane], self.noise[lane]);
            let time = plan.group_time * gain * (length - 1) as f64;
            let median_rate = self.median_rate[lane] / count;
            var_poisson[lane] = OlsPlan::poisson_variance(median_rate, self.dark_rate[lane], time);
            var_read[lane] = OlsPlan::read_variance(noise, gain, plan.group_time, length);
        }
        (var_poisson, var_read)
    }

    /// Combines the integrations and writes all rates.
    fn store_rates(&self, ramp: &Ramp<'_>, piece: Piece, output: &mut Output<'_>) {
        let (var_poisson, var_read) = self.variances();
        let columns = piece.start..piece.end;
        let mut dq = [0; LANES];
        let image = s![piece.row, columns.clone()];
        load(&ramp.pixel_dq.slice(image), &mut dq, |dq| dq);
        let flags = self.plan.params.flags.pixel;
        let mut rates = RateLanes::new(dq, flags.do_not_use | flags.saturated);
        let mut exposure = SumLanes::default();
        for (integration, slope) in self.slopes.iter().enumerate() {
            for lane in 0..LANES {
                let mut sums = Sums::default();
                sums.add_segment(slope[lane], var_poisson[lane], var_read[lane]);
                exposure.add(lane, &sums);
                rates.set(lane, &sums.integration_rate());
            }
            let row = s![integration, piece.row, columns.clone()];
            let into = &mut output.integrations;
            store(&rates.slope, into.slope.slice_mut(row));
            store(&rates.dq, into.dq.slice_mut(row));
            store(&rates.var_poisson, into.var_poisson.slice_mut(row));
            store(&rates.var_read, into.var_rnoise.slice_mut(row));
            store(&rates.err, into.err.slice_mut(row));
        }
        for lane in 0..LANES {
            rates.set(lane, &exposure.of(lane).exposure_rate());
        }
        let row = s![piece.row, columns];
        let into = &mut output.exposure;
        store(&rates.slope, into.slope.slice_mut(row));
        store(&rates.dq, into.dq.slice_mut(row));
        store(&rates.var_poisson, into.var_poisson.slice_mut(row));
        store(&rates.var_read, into.var_rnoise.slice_mut(row));
        store(&rates.err, into.err.slice_mut(row));
    }
}

/// Rates in the precision of the products, quantity by quantity.
struct RateLanes {
    slope: Lanes<f32>,
    dq: Lanes<u32>,
    var_poisson: Lanes<f32>,
    var_read: Lanes<f32>,
    err: Lanes<f32>,
    /// Bits of `dq` that forbid a rate.
    invalid: u32,
}

impl RateLanes {
    /// No rates yet, for pixels of quality `dq`.
    fn new(dq: Lanes<u32>, invalid: u32) -> Self {
        Self {
            slope: [0.0; LANES],
            dq,
            var_poisson: [0.0; LANES],
            var_read: [0.0; LANES],
            err: [0.0; LANES],
            invalid,
        }
    }

    /// Keeps the rate of a column, unless its quality forbids.
    #[inline]
    fn set(&mut self, lane: usize, rate: &Rate) {
        let valid = self.dq[lane] & self.invalid == 0;
        let choose = |value: f64, none: f64| if valid { value as f32 } else { none as f32 };
        self.slope[lane] = choose(rate.slope, Rate::NONE.slope);
        self.var_poisson[lane] = choose(rate.var_poisson, Rate::NONE.var_poisson);
        self.var_read[lane] = choose(rate.var_read, Rate::NONE.var_read);
        self.err[lane] = choose(rate.err, Rate::NONE.err);
    }
}

/// Sums over segments, sum by sum.
struct SumLanes {
    inverse_poisson: Lanes<f64>,
    inverse_read: Lanes<f64>,
    inverse_total: Lanes<f64>,
    weighted_slope: Lanes<f64>,
}

impl Default for SumLanes {
    fn default() -> Self {
        Self {
            inverse_poisson: [0.0; LANES],
            inverse_read: [0.0; LANES],
            inverse_total: [0.0; LANES],
            weighted_slope: [0.0; LANES],
        }
    }
}

impl SumLanes {
    /// Sums of a column.
    #[inline]
    fn of(&self, lane: usize) -> Sums {
        Sums {
            inverse_poisson: self.inverse_poisson[lane],
            inverse_read: self.inverse_read[lane],
            inverse_total: self.inverse_total[lane],
            weighted_slope: self.weighted_slope[lane],
        }
    }

    /// Adds an integration of a column.
    #[inline]
    fn add(&mut self, lane: usize, integration: &Sums) {
        let mut sums = self.of(lane);
        sums.add(integration);
        self.inverse_poisson[lane] = sums.inverse_poisson;
        self.inverse_read[lane] = sums.inverse_read;
        self.inverse_total[lane] = sums.inverse_total;
        self.weighted_slope[lane] = sums.weighted_slope;
    }
}
