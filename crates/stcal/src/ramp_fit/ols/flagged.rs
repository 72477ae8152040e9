//! Ramps with flags, many pixels at once.
//!
//! Pixels are collected until a pack is full. Integrations in which a pixel has no flags of its own are known already, see
//! `clean`; of the others, where the segments of a ramp begin and end is found in words of bits, one
//! for each group; the sums over the samples of a segment are taken one after the other; medians, variances and
//! quotients of all ramps and segments of the pack are worked out side by side. The arithmetic is that of `pixel`,
//! value by value: a ramp gives the same bits on either path, and a test says so.

use super::block::{Block, LANES, Lanes};
use super::clean::{CleanFitter, CleanRamp};
use super::pixel::{Output, small_median, store_rate};
use super::plan::OlsPlan;
use super::sums::{Rate, Sums};
use super::weights::{SLOTS, signal_to_noise, snr_class};
use crate::simd::{Kernel, pack_bits, run_vectorised};

/// Pixels of a pack, and memory for their fit.
#[derive(Debug)]
pub(super) struct FlaggedFitter<'p> {
    plan: &'p OlsPlan,
    integrations: usize,
    /// Groups that take part, rounded up to whole words of bits.
    stride: usize,
    pixels: Vec<PackedPixel>,
    /// Of each pixel and integration, `(pixel, integration)`.
    ramps: Vec<PackedRamp>,
    /// Samples of the groups that take part, `(flagged ramp, group)` with `stride` groups.
    samples: Vec<f32>,
    /// Their quality; "do not use" behind the last group.
    dq: Vec<u8>,
    /// Medians of the flagged ramps \[DN/s\].
    medians: Vec<f64>,
    noise: NoiseLanes,
    bits: GroupBits,
    differences: DifferenceLanes,
    segments: Segments,
}

/// A pixel of a pack.
#[derive(Debug, Clone, Copy)]
pub(super) struct PackedPixel {
    /// Row and column in the band.
    pub(super) place: [usize; 2],
    /// Gain \[e-/DN\], positive and finite.
    pub(super) gain: f64,
    /// Read noise of a group \[e-\], neither zero nor infinite.
    pub(super) noise: f64,
    /// Dark rate.
    pub(super) dark_rate: f64,
    /// Quality of the pixel.
    pub(super) dq: u32,
}

/// A ramp of a pack.
#[derive(Debug, Clone, Copy)]
enum PackedRamp {
    /// Without flags of its own.
    Clean(CleanRamp),
    /// With flags; its samples follow those of the flagged ramp before.
    Flagged,
}

/// What the fits of segments need to know of the pixels.
#[derive(Debug)]
struct NoiseLanes {
    gain: Lanes<f64>,
    noise: Lanes<f64>,
    dark_rate: Lanes<f64>,
    median_rate: Lanes<f64>,
}

/// What the quality of a ramp says about its rate.
#[derive(Debug, Clone, Copy, Default)]
struct RampFlags {
    /// Flags of the pixel for what happens in some group.
    some: u32,
    /// Flags that forbid a rate.
    unusable: u32,
}

/// Differences of the rates of neighbouring groups, of some ramps side by side.
#[derive(Debug)]
struct DifferenceLanes {
    /// Count rates of a ramp \[DN/s\].
    rates: Vec<f64>,
    /// By group and ramp, infinite where there is none.
    values: Vec<Lanes<f64>>,
    /// Their number.
    counts: Lanes<usize>,
    /// Rate of the first group, if it is usable; it stands in where there is no difference.
    first_rates: Lanes<f64>,
}

/// One bit for each group of a ramp, 64 to a word.
#[derive(Debug, Default)]
struct GroupBits {
    /// Groups that can be fitted.
    good: Vec<u64>,
    /// Groups with a jump and nothing else: a ramp may start anew there.
    restarts: Vec<u64>,
}

/// The segments of a pack, quantity by quantity.
#[derive(Debug, Default)]
struct Segments {
    /// Place of the first sample among those of the pack; none, if the slope is known.
    start: Vec<Option<usize>>,
    length: Vec<usize>,
    lane: Vec<usize>,
    /// \[DN/s\].
    slope: Vec<f64>,
    /// Of each ramp: what its quality says, and the end of its segments, which begin where those of the ramp before end.
    ramps: Vec<(RampFlags, usize)>,
    /// Differences of last and first sample.
    difference: Vec<f64>,
    gain: Vec<f64>,
    noise: Vec<f64>,
    class: Vec<u8>,
    /// Rate that makes the Poisson variance.
    poisson_rate: Vec<f64>,
    terms: Vec<Sums>,
}

/// The index of the first bit from `from` on that is set, or clear with `flip` all ones; `end` if there is none before.
#[inline(always)]
fn next_bit(words: &[u64], flip: u64, from: usize, end: usize) -> usize {
    let mut index = from / 64;
    let Some(first) = words.get(index) else {
        return end;
    };
    let mut word = (first ^ flip) & (!0 << (from % 64));
    while word == 0 {
        index += 1;
        let Some(next) = words.get(index) else {
            return end;
        };
        word = next ^ flip;
    }
    (index * 64 + word.trailing_zeros() as usize).min(end)
}

impl GroupBits {
    /// Reads the quality of a ramp, a whole number of words.
    #[inline(always)]
    fn load(&mut self, dq: &[u8], jump: u8, persistence: u8) {
        self.good.clear();
        self.restarts.clear();
        for dq in dq.as_chunks::<64>().0 {
            self.good
                .push(pack_bits(dq.map(|dq| dq & !persistence == 0)));
            self.restarts
                .push(pack_bits(dq.map(|dq| dq & !persistence == jump)));
        }
    }

    /// Finds the segments of a ramp of `end` groups, as `segment::find_segments` does.
    #[inline(always)]
    fn segments(&self, end: usize, mut found: impl FnMut(usize, usize)) {
        let (mut single, mut many) = (None, false);
        let mut at = next_bit(&self.good, 0, 0, end);
        while at < end {
            let stop = next_bit(&self.good, !0, at, end);
            let restarts = at > 0 && self.restarts[(at - 1) / 64] >> ((at - 1) % 64) & 1 != 0;
            let begin = at - usize::from(restarts);
            if stop - begin > 1 {
                many = true;
                found(begin, stop - begin);
            } else if single.is_none() {
                single = Some(begin);
            }
            at = next_bit(&self.good, 0, stop, end);
        }
        if let (Some(begin), false) = (single, many) {
            found(begin, 1);
        }
    }
}

impl<'p> FlaggedFitter<'p> {
    /// A fitter for ramps of `integrations` integrations; none if the plan wants what this path does not know.
    pub(super) fn new(plan: &'p OlsPlan, integrations: usize) -> Option<Self> {
        if plan.length() < 2 || plan.params.optional_results || !plan.params.suppress_one_group {
            return None;
        }
        let stride = plan.length().next_multiple_of(64);
        Some(Self {
            plan,
            integrations,
            stride,
            pixels: Vec::with_capacity(LANES),
            ramps: Vec::with_capacity(LANES * integrations),
            samples: Vec::new(),
            dq: Vec::new(),
            medians: Vec::new(),
            noise: NoiseLanes {
                gain: [1.0; LANES],
                noise: [1.0; LANES],
                dark_rate: [0.0; LANES],
                median_rate: [0.0; LANES],
            },
            bits: GroupBits::default(),
            differences: DifferenceLanes {
                rates: vec![0.0; plan.length()],
                values: vec![[0.0; LANES]; plan.length() - 1],
                counts: [0; LANES],
                first_rates: [0.0; LANES],
            },
            segments: Segments::default(),
        })
    }

    /// Adds a pixel whose samples are all finite and have lost no charge; fits the pack when it is full.
    pub(super) fn add(
        &mut self,
        block: &Block,
        clean: &CleanFitter<'_>,
        (lane, pixel): (usize, PackedPixel),
        output: &mut Output<'_>,
    ) {
        for integration in 0..self.integrations {
            let ramp = clean.ramp(integration, lane);
            if ramp.is_none() {
                self.add_samples(block.data(integration), block.dq(integration), lane);
            }
            self.ramps
                .push(ramp.map_or(PackedRamp::Flagged, PackedRamp::Clean));
        }
        let slot = self.pixels.len();
        self.noise.gain[slot] = pixel.gain;
        self.noise.noise[slot] = pixel.noise;
        self.noise.dark_rate[slot] = pixel.dark_rate;
        self.pixels.push(pixel);
        if self.pixels.len() == LANES {
            self.finish(output);
        }
    }

    /// Adds the samples of a ramp, and their quality.
    fn add_samples(&mut self, data: &[Lanes<f32>], quality: &[Lanes<u8>], lane: usize) {
        let flags = &self.plan.params.flags;
        let persistence = flags.group_persistence;
        let window = self.plan.window.groups.clone();
        let good = quality
            .iter()
            .map(|dq| u32::from(dq[lane] & !persistence == 0));
        let added = if good.sum::<u32>() == 1 {
            flags.group.do_not_use
        } else {
            0
        };
        let at = self.samples.len();
        let data = data[window.clone()].iter().map(|data| data[lane]);
        self.samples.extend(data);
        self.samples.resize(at + self.stride, 0.0);
        let quality = quality[window].iter().map(|dq| dq[lane] | added);
        self.dq.extend(quality);
        self.dq.resize(at + self.stride, flags.group.do_not_use);
        if self.plan.window.ignore_first_jump {
            self.dq[at] &= !flags.group.jump;
        }
    }

    /// Fits the pixels that have been added since the last pack.
    pub(super) fn finish(&mut self, output: &mut Output<'_>) {
        if !self.pixels.is_empty() {
            run_vectorised(FitPack(self));
            self.store_rates(output);
            self.pixels.clear();
            self.ramps.clear();
            self.samples.clear();
            self.dq.clear();
        }
    }

    /// Finds the medians of all flagged ramps, as many at once as there are lanes.
    #[inline(always)]
    fn find_medians(&mut self) {
        let network = self.plan.lower_networks.of(self.differences.values.len());
        let packs = self.samples.chunks(LANES * self.stride);
        self.medians.clear();
        for (samples, dq) in packs.zip(self.dq.chunks(LANES * self.stride)) {
            let ramps = samples.chunks(self.stride).zip(dq.chunks(self.stride));
            let mut count = 0;
            for (samples, dq) in ramps {
                self.differences.load(count, (samples, dq), self.plan);
                count += 1;
            }
            if let Some(network) = network {
                network.sort(&mut self.differences.values);
            }
            for lane in 0..count {
                let median = self.differences.median(lane, network.is_some());
                self.medians.push(median);
            }
        }
    }

    /// Finds the segments of all ramps, and sums the medians of each pixel.
    #[inline(always)]
    fn find_segments(&mut self) {
        self.segments.clear();
        self.noise.median_rate = [0.0; LANES];
        let mut flagged = 0;
        for slot in 0..self.pixels.len() {
            let ramps = slot * self.integrations..(slot + 1) * self.integrations;
            for index in ramps {
                self.noise.median_rate[slot] += match self.ramps[index] {
                    PackedRamp::Clean(ramp) => {
                        self.segments.push(None, ramp.length, slot, ramp.slope);
                        self.segments.end_ramp(RampFlags::default());
                        ramp.median
                    }
                    PackedRamp::Flagged => {
                        self.find_flagged_segments(slot, flagged * self.stride);
                        flagged += 1;
                        self.medians[flagged - 1]
                    }
                };
            }
        }
    }

    /// Reads the flags of a ramp that begins `at` a sample, and finds its segments.
    #[inline(always)]
    fn find_flagged_segments(&mut self, slot: usize, at: usize) {
        let plan = self.plan;
        let flags = &plan.params.flags;
        let (jump, saturated) = (flags.group.jump, flags.group.saturated);
        let unusable = flags.group.do_not_use | saturated;
        let dq = &self.dq[at..at + self.stride];
        let ramp_dq = &dq[..plan.length()];
        let (mut any, mut all, mut usable) = (0, !0, false);
        for &dq in ramp_dq {
            any |= dq;
            all &= dq;
            usable |= dq & unusable == 0;
        }
        let mut ramp = RampFlags::default();
        for (group, pixel) in [
            (jump, flags.pixel.jump),
            (flags.group_persistence, flags.pixel_persistence),
            (saturated, flags.pixel.saturated),
        ] {
            ramp.some |= if any & group != 0 { pixel } else { 0 };
        }
        if !usable {
            ramp.unusable |= flags.pixel.do_not_use;
            if all & saturated != 0 {
                ramp.unusable |= flags.pixel.saturated;
            }
        }
        if ramp_dq[0] & saturated != 0 {
            ramp.unusable |= flags.pixel.do_not_use | flags.pixel.saturated;
        } else {
            self.bits.load(dq, jump, flags.group_persistence);
            let segments = &mut self.segments;
            self.bits.segments(plan.length(), |begin, length| {
                segments.push(Some(at + begin), length, slot, 0.0);
            });
        }
        self.segments.end_ramp(ramp);
    }

    /// Fits all segments and keeps what each of them adds to the sums of its ramp.
    #[inline(always)]
    fn fit_segments(&mut self) {
        let Self {
            plan,
            samples,
            noise,
            segments,
            integrations,
            ..
        } = self;
        let count = *integrations as f64;
        let mut poisson_rate = [0.0; LANES];
        for (lane, rate) in poisson_rate.iter_mut().enumerate() {
            let median = noise.median_rate[lane] / count;
            *rate = if median > 0.0 {
                median + noise.dark_rate[lane]
            } else {
                noise.dark_rate[lane]
            };
        }
        segments.load(samples, noise, &poisson_rate);
        segments.classify();
        segments.find_slopes(samples, plan);
        segments.find_terms(plan);
    }

    /// Combines the segments and writes the rates.
    fn store_rates(&self, output: &mut Output<'_>) {
        let flags = self.plan.params.flags.pixel;
        let invalid = flags.do_not_use | flags.saturated;
        let mut ramps = self.segments.ramps.iter();
        let mut start = 0;
        for pixel in &self.pixels {
            let [row, column] = pixel.place;
            let mut exposure = Sums::default();
            let (mut all, mut some) = (!0, 0);
            let of_pixel = ramps.by_ref().take(self.integrations);
            for (integration, (ramp, end)) in of_pixel.enumerate() {
                let terms = &self.segments.terms[start..*end];
                start = *end;
                let mut sums = Sums::default();
                for term in terms {
                    sums.add_term(term);
                }
                exposure.add(&sums);
                let dq = pixel.dq | ramp.unusable;
                let rate = if dq & invalid != 0 {
                    Rate::NONE
                } else if terms.is_empty() {
                    Rate::default()
                } else {
                    sums.integration_rate()
                };
                all &= dq;
                some |= ramp.some;
                let rate = Rate {
                    dq: dq | ramp.some,
                    ..rate
                };
                store_rate(&mut output.integrations, [integration, row, column], &rate);
            }
            // A saturated group makes the exposure flagged as saturated, but only after its rate has been judged.
            let dq = pixel.dq | (all & invalid) | (some & !flags.saturated);
            let rate = if dq & invalid == 0 {
                exposure.exposure_rate()
            } else {
                Rate::NONE
            };
            let rate = Rate {
                dq: dq | some,
                ..rate
            };
            store_rate(&mut output.exposure, pixel.place, &rate);
        }
    }
}

impl DifferenceLanes {
    /// Finds the differences of the rates of a ramp.
    #[inline(always)]
    fn load(&mut self, lane: usize, (samples, dq): (&[f32], &[u8]), plan: &OlsPlan) {
        let flags = &plan.params.flags.group;
        let unusable = flags.do_not_use | flags.saturated;
        for (rate, sample) in self.rates.iter_mut().zip(samples) {
            *rate = f64::from(*sample);
        }
        plan.group_time_divisor.divide(&mut self.rates);
        let mut count = 0;
        let pairs = self.rates.windows(2).zip(dq.windows(2));
        for (difference, (rates, dq)) in self.values.iter_mut().zip(pairs) {
            let known = dq[0] & unusable == 0 && dq[1] & (unusable | flags.jump) == 0;
            difference[lane] = if known {
                rates[1] - rates[0]
            } else {
                f64::INFINITY
            };
            count += usize::from(known);
        }
        self.counts[lane] = count;
        self.first_rates[lane] = if dq[0] & unusable == 0 {
            self.rates[0]
        } else {
            0.0
        };
    }

    /// The median of a ramp whose differences are sorted up to the middle, or not at all.
    #[inline(always)]
    fn median(&mut self, lane: usize, sorted: bool) -> f64 {
        let count = self.counts[lane];
        if count == 0 {
            return self.first_rates[lane];
        }
        if !sorted {
            let differences = self.values.iter().map(|lanes| lanes[lane]);
            let length = self.rates.len();
            self.rates.clear();
            self.rates.extend(differences.filter(|d| d.is_finite()));
            let median = small_median(&mut self.rates);
            self.rates.resize(length, 0.0);
            return median;
        }
        let (lower, upper) = (
            self.values[(count - 1) / 2][lane],
            self.values[count / 2][lane],
        );
        if count.is_multiple_of(2) {
            f64::midpoint(lower, upper)
        } else {
            upper
        }
    }
}

/// Fits the pixels of a pack, up to the sums over their segments.
struct FitPack<'a, 'p>(&'a mut FlaggedFitter<'p>);

impl Kernel for FitPack<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        self.0.find_medians();
        self.0.find_segments();
        self.0.fit_segments();
    }
}

impl Segments {
    fn clear(&mut self) {
        self.start.clear();
        self.length.clear();
        self.lane.clear();
        self.slope.clear();
        self.ramps.clear();
    }

    /// Adds a segment of the pixel in a lane.
    #[inline(always)]
    fn push(&mut self, start: Option<usize>, length: usize, lane: usize, slope: f64) {
        self.start.push(start);
        self.length.push(length);
        self.lane.push(lane);
        self.slope.push(slope);
    }

    /// The segments that were added since the last ramp are those of a ramp.
    #[inline(always)]
    fn end_ramp(&mut self, flags: RampFlags) {
        self.ramps.push((flags, self.start.len()));
    }

    /// Collects what belongs to each segment.
    #[inline(always)]
    fn load(&mut self, samples: &[f32], pixels: &NoiseLanes, poisson_rate: &Lanes<f64>) {
        let count = self.start.len();
        for values in [
            &mut self.difference,
            &mut self.gain,
            &mut self.noise,
            &mut self.poisson_rate,
        ] {
            values.resize(count, 0.0);
        }
        self.class.resize(count, 0);
        self.terms.resize(count, Sums::default());
        for index in 0..count {
            let lane = self.lane[index] % LANES;
            if let Some(start) = self.start[index] {
                let last = samples[start + self.length[index] - 1];
                self.difference[index] = f64::from(last) - f64::from(samples[start]);
            }
            self.gain[index] = pixels.gain[lane];
            self.noise[index] = pixels.noise[lane];
            self.poisson_rate[index] = poisson_rate[lane];
        }
    }

    /// Finds the classes of signal-to-noise ratio.
    #[inline(always)]
    fn classify(&mut self) {
        let noises = self.noise.iter().zip(&self.gain);
        let differences = self.difference.iter().zip(noises);
        for (class, (difference, (noise, gain))) in self.class.iter_mut().zip(differences) {
            *class = snr_class(signal_to_noise(*difference, *noise, *gain)) as u8;
        }
    }

    /// Finds the slopes that are not known: sums of the samples with the weights of their class, over the group time.
    #[inline(always)]
    fn find_slopes(&mut self, samples: &[f32], plan: &OlsPlan) {
        for index in 0..self.start.len() {
            let Some(start) = self.start[index] else {
                continue;
            };
            let samples = &samples[start..][..self.length[index]];
            let sum = match *samples {
                // The group time stands in for the time since the reset.
                [only] => f64::from(only),
                [_, _] => self.difference[index],
                _ => {
                    let class = self.class[index] as usize % SLOTS;
                    let pairs = samples.iter().zip(samples.iter().rev());
                    let factors = plan.weights.of(samples.len()).pair_slope.iter();
                    let mut sum = 0.0;
                    for (factor, (early, late)) in factors.zip(pairs) {
                        sum += factor[class] * (f64::from(*late) - f64::from(*early));
                    }
                    sum
                }
            };
            self.slope[index] = sum / plan.group_time;
        }
    }

    /// Finds the variances, and what the segments add to the sums of a ramp.
    #[inline(always)]
    fn find_terms(&mut self, plan: &OlsPlan) {
        let noises = self.gain.iter().zip(&self.noise).zip(&self.poisson_rate);
        let segments = self.slope.iter().zip(&self.length).zip(noises);
        for (terms, ((slope, length), ((gain, noise), poisson_rate))) in
            self.terms.iter_mut().zip(segments)
        {
            let steps = (*length as u32 - 1).max(1);
            let time = plan.group_time * gain * f64::from(steps);
            let var_poisson = poisson_rate / time;
            let var_read = OlsPlan::read_variance(*noise, *gain, plan.group_time, *length);
            let mut term = Sums::default();
            term.add_segment(*slope, var_poisson, var_read);
            *terms = term;
        }
    }
}
