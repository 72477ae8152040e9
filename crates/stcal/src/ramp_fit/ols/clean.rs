//! Ramps without any flag of their own, many columns at once.
//!
//! All samples are good but those that are not to be used in any of the columns, which are at the ends of an integration;
//! so each integration is one segment. The arithmetic is that of `pixel`, value by value: a ramp gives the same bits on
//! either path, and a test says so. Pixels with flags in some of their integrations are left to `flagged`, which takes
//! slopes and medians of the others from here.

use std::ops::Range;

use ndarray::{ArrayViewMut1, s};

use super::block::{Block, LANES, Lanes, Piece, RampRow, load};
use super::flagged::PackedPixel;
use super::pixel::Output;
use super::plan::OlsPlan;
use super::sums::{Rate, SumLanes, Sums};
use super::weights::{SLOTS, signal_to_noise, snr_class};
use crate::median::median_f64;
use crate::simd::pack_bits;

/// Memory for the fit of one group of columns after the other.
#[derive(Debug)]
pub(super) struct CleanFitter<'p> {
    plan: &'p OlsPlan,
    gain: Lanes<f64>,
    noise: Lanes<f64>,
    dark_rate: Lanes<f64>,
    median_rate: Lanes<f64>,
    /// The groups of each integration that are used.
    windows: Vec<Range<usize>>,
    /// Samples of an integration \[DN\], then over the group time.
    samples: Vec<Lanes<f64>>,
    /// What is found of each integration.
    ramps: Vec<CleanRamps>,
    /// Columns with an ordinary gain and noise.
    ordinary: Lanes<bool>,
    /// Columns that this path may fit.
    fitted: Lanes<bool>,
}

/// The ramps of one integration.
#[derive(Debug, Clone)]
struct CleanRamps {
    /// Those without flags of their own, one bit for each column; of the others nothing is valid.
    clean: u64,
    /// Slope \[DN/s\].
    slope: Lanes<f64>,
    /// Median of the differences of neighbouring samples \[DN/s\].
    median: Lanes<f64>,
}

/// A ramp without flags of its own.
#[derive(Debug, Clone, Copy)]
pub(super) struct CleanRamp {
    /// Slope \[DN/s\].
    pub(super) slope: f64,
    /// Median of the differences of neighbouring samples \[DN/s\].
    pub(super) median: f64,
    /// Samples that are used.
    pub(super) length: usize,
}

/// Copies values into a piece of a row.
#[inline(always)]
fn store<T: Copy>(lanes: &Lanes<T>, mut row: ArrayViewMut1<'_, T>) {
    if let Some(row) = row.as_slice_mut() {
        row.copy_from_slice(&lanes[..row.len()]);
        return;
    }
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
            windows: vec![plan.window.groups.clone(); integrations],
            samples: vec![[0.0; LANES]; plan.length()],
            ramps: vec![
                CleanRamps {
                    clean: 0,
                    slope: [0.0; LANES],
                    median: [0.0; LANES],
                };
                integrations
            ],
            ordinary: [false; LANES],
            fitted: [false; LANES],
        })
    }

    /// Fits the clean ramps of a piece and tells which they are. The rates of the others are not valid.
    #[inline(always)]
    pub(super) fn fit(
        &mut self,
        row: &RampRow<'_>,
        block: &Block,
        piece: Piece,
        output: &mut Output<'_>,
    ) -> &Lanes<bool> {
        self.fitted = [false; LANES];
        self.load_noise(row, piece);
        self.find_windows_and_clean(block, piece.end - piece.start);
        for integration in 0..self.ramps.len() {
            if self.ramps[integration].clean != 0 {
                self.load_samples(block, integration);
                self.fit_slopes(integration);
                self.find_medians(integration);
            }
        }
        if self.fitted.contains(&true) {
            self.add_medians();
            self.store_rates(row, piece, output);
        }
        &self.fitted
    }

    /// Finds the groups that are used, and the ramps that are clean; none, if those groups do not lie side by side.
    #[inline(always)]
    fn find_windows_and_clean(&mut self, block: &Block, width: usize) {
        if self.find_windows(block, width) {
            self.find_clean(block);
        } else {
            self.ramps.iter_mut().for_each(|ramps| ramps.clean = 0);
        }
    }

    /// Finds the groups that are used: those that are flagged as not to be used, and as nothing else, in most columns are
    /// not. False if they do not lie side by side, or are less than two.
    #[inline(always)]
    fn find_windows(&mut self, block: &Block, width: usize) -> bool {
        let plan = self.plan;
        let unused = plan.params.flags.group.do_not_use;
        for (integration, window) in self.windows.iter_mut().enumerate() {
            let dq = block.dq(integration);
            let is_used = |group: &usize| {
                let columns = dq[*group].iter().take(width);
                2 * columns.filter(|dq| **dq == unused).count() <= width
            };
            let whole = plan.window.groups.clone();
            let Some(first) = whole.clone().find(is_used) else {
                return false;
            };
            let end = (first..whole.end).find(|group| !is_used(group));
            let end = end.unwrap_or(whole.end);
            *window = first..end;
            if window.len() < 2 || (end..whole.end).any(|group| is_used(&group)) {
                return false;
            }
        }
        true
    }

    /// Loads gain and noise, and finds the columns where they are such that ordinary arithmetic can take them.
    #[inline(always)]
    fn load_noise(&mut self, row: &RampRow<'_>, piece: Piece) {
        let plan = self.plan;
        load(&row.gain, piece, &mut self.gain, f64::from);
        load(&row.read_noise, piece, &mut self.noise, f64::from);
        if let Some(dark_rate) = &row.dark_rate {
            load(dark_rate, piece, &mut self.dark_rate, f64::from);
        }
        for lane in 0..LANES {
            let (gain, noise) = (self.gain[lane], &mut self.noise[lane]);
            *noise = plan.group_noise(*noise as f32, gain as f32);
            self.ordinary[lane] = lane < piece.end - piece.start
                && gain > 0.0
                && gain.is_finite()
                && *noise != 0.0
                && noise.is_finite();
        }
    }

    /// Finds the ramps without flags of their own, and the columns in which all ramps are such.
    #[inline(always)]
    fn find_clean(&mut self, block: &Block) {
        let plan = self.plan;
        self.fitted = self.ordinary;
        let windows = self.windows.iter().enumerate();
        for ((integration, window), ramps) in windows.zip(&mut self.ramps) {
            let mut flags = [0_u8; LANES];
            for group in plan.window.groups.clone() {
                let expected = if window.contains(&group) {
                    0
                } else {
                    plan.params.flags.group.do_not_use
                };
                let quality = &block.dq(integration)[group];
                for (flags, dq) in flags.iter_mut().zip(quality) {
                    *flags |= dq ^ expected;
                }
            }
            let mut clean = [false; LANES];
            for lane in 0..LANES {
                clean[lane] = self.ordinary[lane] && flags[lane] == 0;
                self.fitted[lane] &= clean[lane];
            }
            ramps.clean = pack_bits(clean);
        }
    }

    /// The ramp of a column in an integration, if it is clean; valid if all its samples are finite.
    pub(super) fn ramp(&self, integration: usize, lane: usize) -> Option<CleanRamp> {
        let ramps = &self.ramps[integration];
        (ramps.clean >> lane & 1 != 0).then(|| CleanRamp {
            slope: ramps.slope[lane],
            median: ramps.median[lane],
            length: self.windows[integration].len(),
        })
    }

    /// Finds the ramps that are left over and that a pack can take: all samples are finite, and no charge was lost.
    #[inline(always)]
    pub(super) fn packable(&self, block: &Block) -> Lanes<bool> {
        if self.fitted == self.ordinary {
            return [false; LANES];
        }
        let (flags, sums) = block.summary();
        let lost = self.plan.params.flags.group.charge_loss;
        std::array::from_fn(|lane| {
            let wanted = self.ordinary[lane] && !self.fitted[lane];
            wanted && flags[lane] & lost == 0 && sums[lane].is_finite()
        })
    }

    /// What a pack needs to know of a column of the piece.
    pub(super) fn pixel(&self, row: &RampRow<'_>, place: [usize; 2], lane: usize) -> PackedPixel {
        PackedPixel {
            place,
            gain: self.gain[lane],
            noise: self.noise[lane],
            dark_rate: self.dark_rate[lane],
            dq: row.pixel_dq[place[1]],
        }
    }

    /// Copies the samples of one integration; infinite and unknown ones are left to the other path.
    #[inline(always)]
    fn load_samples(&mut self, block: &Block, integration: usize) {
        let mut sum = [0.0; LANES];
        let data = &block.data(integration)[self.windows[integration].clone()];
        for (lanes, data) in self.samples.iter_mut().zip(data) {
            // Written where they stay: an array made first would be copied.
            for (sample, data) in lanes.iter_mut().zip(data) {
                *sample = f64::from(*data);
            }
            for (sum, sample) in sum.iter_mut().zip(lanes) {
                *sum += *sample;
            }
        }
        for (fitted, sum) in self.fitted.iter_mut().zip(sum) {
            *fitted &= f64::is_finite(sum);
        }
    }

    /// Slopes of one integration.
    #[inline(always)]
    fn fit_slopes(&mut self, integration: usize) {
        let plan = self.plan;
        let samples = &self.samples[..self.windows[integration].len()];
        let (first, last) = (&samples[0], &samples[samples.len() - 1]);
        let mut class = [0_u8; LANES];
        for lane in 0..LANES {
            let difference = last[lane] - first[lane];
            let ratio = signal_to_noise(difference, self.noise[lane], self.gain[lane]);
            class[lane] = snr_class(ratio) as u8;
        }
        let table = plan.weights.of(samples.len());
        let mut slope = [0.0; LANES];
        for (index, factors) in table.pair_slope.iter().enumerate() {
            let (early, late) = (&samples[index], &samples[samples.len() - 1 - index]);
            for lane in 0..LANES {
                let factor = factors[class[lane] as usize % SLOTS];
                slope[lane] += factor * (late[lane] - early[lane]);
            }
        }
        for (rate, slope) in self.ramps[integration].slope.iter_mut().zip(slope) {
            *rate = slope / plan.group_time;
        }
    }

    /// Finds the medians of the differences of an integration. Consumes the samples.
    #[inline(always)]
    fn find_medians(&mut self, integration: usize) {
        let samples = &mut self.samples[..self.windows[integration].len()];
        self.plan
            .group_time_divisor
            .divide(samples.as_flattened_mut());
        for index in 1..samples.len() {
            let (head, tail) = samples.split_at_mut(index);
            for (early, late) in head[index - 1].iter_mut().zip(&tail[0]) {
                *early = late - *early;
            }
        }
        let count = samples.len() - 1;
        let differences = &mut samples[..count];
        let CleanRamps { clean, median, .. } = &mut self.ramps[integration];
        if let Some(network) = self.plan.networks.of(count) {
            network.medians(differences, median);
            return;
        }
        let mut values = Vec::with_capacity(differences.len());
        for (lane, median) in median.iter_mut().enumerate() {
            if *clean >> lane & 1 != 0 {
                values.clear();
                values.extend(differences.iter().map(|lanes| lanes[lane]));
                *median = median_f64(&mut values);
            }
        }
    }

    /// Sums the medians of all integrations.
    #[inline(always)]
    fn add_medians(&mut self) {
        self.median_rate = [0.0; LANES];
        for ramps in &self.ramps {
            for (sum, median) in self.median_rate.iter_mut().zip(&ramps.median) {
                *sum += median;
            }
        }
    }

    /// Variances due to photons and to reading of integrations with `length` used groups.
    #[inline(always)]
    fn variances(&self, length: usize) -> (Lanes<f64>, Lanes<f64>) {
        let plan = self.plan;
        let count = self.ramps.len() as f64;
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
    #[inline(always)]
    fn store_rates(&self, row: &RampRow<'_>, piece: Piece, output: &mut Output<'_>) {
        let mut length = self.windows[0].len();
        let (mut var_poisson, mut var_read) = self.variances(length);
        let columns = piece.start..piece.end;
        let mut dq = [0; LANES];
        load(&row.pixel_dq, piece, &mut dq, |dq| dq);
        let flags = self.plan.params.flags.pixel;
        let mut rates = RateLanes::new(dq, flags.do_not_use | flags.saturated);
        let mut exposure = SumLanes::default();
        for (integration, ramps) in self.ramps.iter().enumerate() {
            if self.windows[integration].len() != length {
                length = self.windows[integration].len();
                (var_poisson, var_read) = self.variances(length);
            }
            for lane in 0..LANES {
                let mut sums = Sums::default();
                sums.add_segment(ramps.slope[lane], var_poisson[lane], var_read[lane]);
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
    #[inline(always)]
    fn set(&mut self, lane: usize, rate: &Rate) {
        let valid = self.dq[lane] & self.invalid == 0;
        let choose = |value: f64, none: f64| if valid { value as f32 } else { none as f32 };
        self.slope[lane] = choose(rate.slope, Rate::NONE.slope);
        self.var_poisson[lane] = choose(rate.var_poisson, Rate::NONE.var_poisson);
        self.var_read[lane] = choose(rate.var_read, Rate::NONE.var_read);
        self.err[lane] = choose(rate.err, Rate::NONE.err);
    }
}
