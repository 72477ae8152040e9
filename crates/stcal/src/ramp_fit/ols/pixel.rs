//! The fit of one pixel, whatever its flags.

use std::ops::Range;

use super::super::arrays::{Ramp, RatesMut};
use super::super::groups::has_single_good_group;
use super::block::Block;
use super::charge_loss;
use super::optional::BandSegments;
use super::plan::{OlsPlan, bounded};
use super::segment::{PixelNoise, SegmentFit, SingleSample, find_segments};
use super::sums::{Rate, Sums};
use crate::median::{median_f64, sort_few};
use ndarray::{Ix2, Ix3};

/// Where the rates of a band go.
#[derive(Debug)]
pub(super) struct Output<'a> {
    pub(super) exposure: RatesMut<'a, Ix2>,
    pub(super) integrations: RatesMut<'a, Ix3>,
    pub(super) segments: Option<BandSegments>,
}

/// What the quality of a ramp says about it as a whole.
#[derive(Debug, Clone, Copy)]
struct RampSummary {
    /// Flags of the pixel for what happens in some group.
    flags: u32,
    has_charge_loss: bool,
    /// All groups are saturated.
    is_all_saturated: bool,
    /// All groups are saturated or must not be used.
    is_unusable: bool,
    single: SingleSample,
}

/// Memory for the fit of one pixel after the other.
#[derive(Debug)]
pub(super) struct PixelFitter<'p> {
    plan: &'p OlsPlan,
    /// Samples of all integrations, those of the window only; NaN where saturated.
    data: Vec<f64>,
    /// Their quality as the fit sees it.
    dq: Vec<u8>,
    /// Their quality as it came in.
    original_dq: Vec<u8>,
    summaries: Vec<RampSummary>,
    rates: Vec<Rate>,
    segments: Vec<Range<usize>>,
    values: Vec<f64>,
}

impl<'p> PixelFitter<'p> {
    /// A fitter for pixels of a band.
    pub(super) fn new(plan: &'p OlsPlan, integrations: usize) -> Self {
        let samples = plan.length() * integrations;
        Self {
            plan,
            data: vec![0.0; samples],
            dq: vec![0; samples],
            original_dq: vec![0; samples],
            summaries: Vec::with_capacity(integrations),
            rates: Vec::with_capacity(integrations),
            segments: Vec::with_capacity(plan.length()),
            values: Vec::with_capacity(plan.length()),
        }
    }

    /// Fits the pixel at `(row, column)` of the band, which is a lane of a block.
    pub(super) fn fit(
        &mut self,
        ramp: &Ramp<'_>,
        (block, lane): (&Block, usize),
        pixel: [usize; 2],
        output: &mut Output<'_>,
    ) {
        let flags = self.plan.params.flags;
        let gain = ramp.gain_e_per_dn[pixel];
        let mut dq = ramp.pixel_dq[pixel];
        if gain <= 0.0 || gain.is_nan() {
            dq |= flags.pixel.do_not_use | flags.pixel.no_gain_value;
        }
        self.summaries.clear();
        for integration in 0..ramp.data_dn.shape()[0] {
            self.load(block, integration, lane);
            if let Some(segments) = output.segments.as_mut() {
                self.store_jumps(integration, pixel, segments);
            }
            let summary = self.summarise(ramp, integration, pixel);
            self.summaries.push(summary);
        }
        let noise = PixelNoise {
            gain: f64::from(gain),
            noise: self.plan.group_noise(ramp.read_noise_dn[pixel], gain),
            dark_rate: ramp.dark_rate.map_or(0.0, |dark| f64::from(dark[pixel])),
            median_rate: self.median_rate(),
        };
        let mut exposure = self.fit_exposure(&noise, dq, pixel, output);
        if self.summaries.iter().any(|ramp| ramp.has_charge_loss) {
            self.restore_read_variance(&noise, &mut exposure);
        }
        store_rate(&mut output.exposure, pixel, &exposure);
        for (integration, rate) in self.rates.iter().enumerate() {
            let place = [integration, pixel[0], pixel[1]];
            store_rate(&mut output.integrations, place, rate);
        }
    }

    /// Indices of an integration in the arrays of samples.
    fn range(&self, integration: usize) -> Range<usize> {
        let length = self.plan.length();
        integration * length..(integration + 1) * length
    }

    /// Copies the ramp of one integration, flags what the fit must not see.
    fn load(&mut self, block: &Block, integration: usize, lane: usize) {
        let plan = self.plan;
        let flags = &plan.params.flags;
        let ramp_dq = block.dq(integration).iter().map(|dq| dq[lane]);
        let samples = block.data(integration).iter().map(|data| data[lane]);
        let suppressed = plan.params.suppress_one_group
            && has_single_good_group(ramp_dq.clone(), flags.group_persistence);
        let added = if suppressed {
            flags.group.do_not_use
        } else {
            0
        };
        let range = self.range(integration);
        let window = &plan.window.groups;
        let input = ramp_dq.zip(samples).skip(window.start);
        let data = self.data[range.clone()].iter_mut();
        let quality = self.dq[range.clone()].iter_mut();
        let original_dq = self.original_dq[range.clone()].iter_mut();
        let output = data.zip(quality).zip(original_dq);
        for ((original, sample), ((data, dq), original_dq)) in input.zip(output) {
            *original_dq = original;
            *dq = original | added;
            *data = if original & flags.group.saturated == 0 {
                f64::from(sample)
            } else {
                f64::NAN
            };
        }
        if plan.window.ignore_first_jump {
            self.dq[range.start] &= !flags.group.jump;
        }
    }

    /// Keeps the heights of the jumps.
    fn store_jumps(&self, integration: usize, pixel: [usize; 2], segments: &mut BandSegments) {
        let jump = self.plan.params.flags.group.jump;
        let data = &self.data[self.range(integration)];
        let dq = &self.dq[self.range(integration)];
        let jumps = (1..data.len()).filter(|&index| dq[index] & jump != 0);
        for (k, index) in jumps.enumerate() {
            let place = [integration, pixel[0], pixel[1]];
            segments.set_jump(k, place, data[index] - data[index - 1]);
        }
    }

    /// Counts flags and puts the zero frame in place of a first group that is lost.
    fn summarise(
        &mut self,
        ramp: &Ramp<'_>,
        integration: usize,
        [row, column]: [usize; 2],
    ) -> RampSummary {
        let range = self.range(integration);
        let flags = &self.plan.params.flags;
        let (dnu, saturated) = (flags.group.do_not_use, flags.group.saturated);
        let data = &mut self.data[range.clone()];
        let dq = &mut self.dq[range];
        let (mut any, mut good, mut saturated_groups, mut unusable) = (0, 0, 0, 0);
        for &dq in dq.iter() {
            any |= dq;
            good += usize::from(dq == 0);
            saturated_groups += usize::from(dq & saturated != 0);
            unusable += usize::from(dq & (dnu | saturated) != 0);
        }
        let mut summary = RampSummary {
            flags: 0,
            has_charge_loss: any & flags.group.charge_loss != 0,
            is_all_saturated: saturated_groups == dq.len(),
            is_unusable: unusable == dq.len(),
            single: SingleSample::OneOfMany,
        };
        let pairs = [
            (flags.group.jump, flags.pixel.jump),
            (flags.group_persistence, flags.pixel_persistence),
            (flags.group.saturated, flags.pixel.saturated),
        ];
        for (_, bit) in pairs.iter().filter(|(group, _)| any & group != 0) {
            summary.flags |= bit;
        }
        if self.plan.params.suppress_one_group {
            return summary;
        }
        let zero_frame = ramp
            .zero_frame_dn
            .map_or(0.0, |frame| frame[[integration, row, column]]);
        if good == 1 && dq[0] == 0 {
            summary.single = SingleSample::FirstGroup;
        } else if good == 0 && zero_frame != 0.0 {
            data[0] = f64::from(zero_frame);
            dq[0] = 0;
            summary.single = SingleSample::ZeroFrame;
            // Parity: slope_fitter.c::get_pixel_ramp counts one saturated group less only if all were.
            if summary.is_all_saturated && dq.len() == 1 {
                summary.flags &= !flags.pixel.saturated;
            }
            summary.is_all_saturated = false;
            summary.is_unusable = false;
        }
        summary
    }

    /// Mean over the integrations of the median rate \[DN/s\].
    fn median_rate(&mut self) -> f64 {
        let count = self.summaries.len() as f64;
        let mut sum = 0.0;
        for integration in 0..self.summaries.len() {
            sum += self.integration_median(integration);
        }
        sum / count
    }

    /// Median rate of an integration; 0 if unknown, but see below.
    fn integration_median(&mut self, integration: usize) -> f64 {
        let plan = self.plan;
        let flags = &plan.params.flags.group;
        let data = &self.data[self.range(integration)];
        let dq = &self.dq[self.range(integration)];
        if data.len() == 1 {
            // Parity: slope_fitter.c::median_rate_1ngroup takes this time for the zero frame, too, and lets NaN through.
            return data[0] / plan.first_group_time;
        }
        let known = match self.summaries[integration].single {
            SingleSample::FirstGroup => data[0] / plan.first_group_time,
            SingleSample::ZeroFrame => data[0] / plan.frame_time,
            SingleSample::OneOfMany => {
                let rates = data.iter().zip(dq).map(|(sample, dq)| {
                    let used = dq & flags.do_not_use == 0;
                    if used {
                        sample / plan.group_time
                    } else {
                        f64::NAN
                    }
                });
                self.values.clear();
                let mut previous = f64::NAN;
                let mut first = f64::NAN;
                for (index, rate) in rates.enumerate() {
                    let difference = rate - previous;
                    if index == 0 {
                        first = rate;
                    } else if dq[index] & flags.jump == 0 && !difference.is_nan() {
                        self.values.push(difference);
                    }
                    previous = rate;
                }
                if self.values.is_empty() {
                    first
                } else {
                    small_median(&mut self.values)
                }
            }
        };
        if known.is_nan() { 0.0 } else { known }
    }

    /// Fits all integrations and combines them.
    fn fit_exposure(
        &mut self,
        noise: &PixelNoise,
        pixel_dq: u32,
        pixel: [usize; 2],
        output: &mut Output<'_>,
    ) -> Rate {
        let flags = self.plan.params.flags.pixel;
        let invalid = flags.do_not_use | flags.saturated;
        let (mut sums, mut exposure_dq) = (Sums::default(), pixel_dq);
        let (mut all_flags, mut some_flags) = (invalid, 0);
        self.rates.clear();
        for integration in 0..self.summaries.len() {
            let place = [integration, pixel[0], pixel[1]];
            let segments = output.segments.as_mut();
            let rate = self.fit_integration(noise, pixel_dq, place, &mut sums, segments);
            all_flags &= rate.dq;
            let summary = &self.summaries[integration];
            some_flags |= summary.flags;
            self.rates.push(Rate {
                dq: rate.dq | summary.flags,
                ..rate
            });
        }
        // A saturated group makes the exposure flagged as saturated, but only after its rate has been judged.
        exposure_dq |= all_flags | (some_flags & !flags.saturated);
        let rate = if exposure_dq & invalid == 0 {
            sums.exposure_rate()
        } else {
            Rate::NONE
        };
        Rate {
            dq: exposure_dq | some_flags,
            ..rate
        }
    }

    /// Fits one integration. The quality in the result lacks the flag of partial saturation.
    fn fit_integration(
        &mut self,
        noise: &PixelNoise,
        pixel_dq: u32,
        place: [usize; 3],
        exposure: &mut Sums,
        mut optional: Option<&mut BandSegments>,
    ) -> Rate {
        let plan = self.plan;
        let flags = &plan.params.flags;
        let invalid = flags.pixel.do_not_use | flags.pixel.saturated;
        let summary = self.summaries[place[0]];
        let range = self.range(place[0]);
        let (data, dq) = (&self.data[range.clone()], &self.dq[range]);
        let mut rate_dq = pixel_dq;
        self.segments.clear();
        if dq[0] & flags.group.saturated != 0 {
            rate_dq |= invalid;
        } else {
            let (jump, persistence) = (flags.group.jump, flags.group_persistence);
            let count = find_segments(dq, jump, persistence, &mut self.segments);
            if let Some(optional) = optional.as_deref_mut() {
                optional.declare(count.declared);
            }
        }
        if summary.is_unusable {
            rate_dq |= flags.pixel.do_not_use;
            if summary.is_all_saturated {
                rate_dq |= flags.pixel.saturated;
            }
        }
        let mut sums = Sums::default();
        for (k, segment) in self.segments.iter().enumerate() {
            let fit = SegmentFit::new(plan, noise, data, segment, summary.single);
            sums.add_segment(fit.slope, fit.var_poisson, fit.var_read);
            if let Some(optional) = optional.as_deref_mut() {
                optional.set_segment(k, place, &fit);
            }
        }
        exposure.add(&sums);
        let rate = if rate_dq & invalid != 0 {
            Rate::NONE
        } else if self.segments.is_empty() {
            Rate::default()
        } else {
            sums.integration_rate()
        };
        if let (Some(optional), 0) = (optional, rate_dq & flags.pixel.saturated) {
            optional.set_pedestal(place, data[0] - rate.slope * plan.pedestal_groups);
        }
        Rate {
            dq: rate_dq,
            ..rate
        }
    }

    /// Replaces the variances due to reading where charge was lost.
    fn restore_read_variance(&mut self, noise: &PixelNoise, exposure: &mut Rate) {
        let mut inverse_sum = 0.0;
        for integration in 0..self.summaries.len() {
            let summary = self.summaries[integration];
            let range = self.range(integration);
            if summary.has_charge_loss {
                let inverse = charge_loss::inverse_read_variance(
                    self.plan,
                    noise,
                    &mut self.original_dq[range],
                    summary.single,
                    &mut self.segments,
                );
                self.rates[integration].var_read = charge_loss::integration_variance(inverse);
                inverse_sum += inverse;
            } else if self.rates[integration].var_read > 0.0 {
                inverse_sum += 1.0 / self.rates[integration].var_read;
            }
        }
        if inverse_sum > 0.0 {
            exposure.var_read = 1.0 / inverse_sum;
        }
        exposure.var_read = bounded(exposure.var_read);
    }
}

/// Median of a few values; sorting them by insertion is faster than selection.
pub(super) fn small_median(values: &mut [f64]) -> f64 {
    if values.len() > 24 {
        return median_f64(values);
    }
    sort_few(values);
    let (lower, upper) = (values[(values.len() - 1) / 2], values[values.len() / 2]);
    if values.len().is_multiple_of(2) {
        f64::midpoint(lower, upper)
    } else {
        upper
    }
}

/// Writes a rate in the precision of the products.
pub(super) fn store_rate<D, I>(rates: &mut RatesMut<'_, D>, place: I, rate: &Rate)
where
    D: ndarray::Dimension,
    I: ndarray::NdIndex<D> + Copy,
{
    rates.slope[place] = rate.slope as f32;
    rates.dq[place] = rate.dq;
    rates.var_poisson[place] = rate.var_poisson as f32;
    rates.var_rnoise[place] = rate.var_read as f32;
    rates.err[place] = rate.err as f32;
}
