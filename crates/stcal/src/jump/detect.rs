//! Primary jumps in a band of rows.

use ndarray::{ArrayView2, ArrayView4, ArrayViewMut4};

use super::bits::SampleBits;
use super::diffs::{Block, Differences, Usable};
use super::error::JumpError;
use super::iterative::Iterative;
use super::median::{LANES, LaneStats};
use super::plan::{Hits, JumpPlan, Method};
use super::sigma_clip::SigmaClip;
use crate::flags::GroupFlags;

/// What a band of rows found; see [`Hits::join`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BandHits(pub(super) Hits);

impl JumpPlan {
    /// Flags the primary jumps of a band of rows.
    ///
    /// `ramp_dn` [DN] and `group_dq` are the band's rows `(integration, group, row, column)`; `gain_e_per_dn` and
    /// `read_noise_dn` [DN, of the difference of two frames] its `(row, column)`. Values that are not finite, and
    /// groups that are saturated or not to be used, take no part. The ramp is not changed.
    ///
    /// # Errors
    /// [`JumpError::Shape`] if the arrays do not agree with each other or with the plan; nothing has been modified
    /// then.
    ///
    /// # Source
    /// stcal 1.20.0 `jump/twopoint_difference.py::run_jump_detection`. Tolerance: exact.
    pub fn detect_band(
        &self,
        ramp_dn: ArrayView4<'_, f32>,
        mut group_dq: ArrayViewMut4<'_, u8>,
        gain_e_per_dn: ArrayView2<'_, f32>,
        read_noise_dn: ArrayView2<'_, f32>,
    ) -> Result<BandHits, JumpError> {
        let (integrations, groups, rows, columns) = ramp_dn.dim();
        JumpError::check(
            "the ramp",
            &[self.integrations, self.groups, rows, columns],
            ramp_dn.shape(),
        )?;
        JumpError::check("the group quality", ramp_dn.shape(), group_dq.shape())?;
        JumpError::check("the gain", &[rows, columns], gain_e_per_dn.shape())?;
        JumpError::check("the read noise", &[rows, columns], read_noise_dn.shape())?;

        let bits = || SampleBits::new(rows, integrations * groups, columns);
        let mut hits = Hits {
            primary: (self.method != Method::None).then_some(0),
            seeds: self.neighbours.map(|_| bits()),
            large: self.after_jump.iter().map(|_| bits()).collect(),
            unusable: (self.keep_unusable && self.method != Method::None).then(bits),
            full: vec![false; integrations * groups],
        };
        if self.method == Method::None {
            return Ok(BandHits(hits));
        }
        let mut worker = Worker::new(self);
        for block in Block::all(rows, columns) {
            let gain = block.of(gain_e_per_dn);
            let mut mask = Flagged {
                flags: self.flags,
                unusable: hits.unusable.as_mut(),
            };
            worker
                .diffs
                .load(block, ramp_dn, group_dq.view(), &gain, &mut mask);
            let noise = block.of(read_noise_dn);
            for ((variance, noise), gain) in worker
                .read_variance
                .iter_mut()
                .zip(noise.iter())
                .zip(gain.iter())
            {
                let noise_e = noise * gain;
                *variance = noise_e * noise_e;
            }
            worker.block(block, &mut group_dq, &mut hits);
        }
        if matches!(self.method, Method::SigmaClip(_)) {
            let bit = self.flags.jump | self.flags.do_not_use;
            let planes = group_dq.outer_iter().flat_map(|integration| {
                let full: Vec<bool> = integration
                    .outer_iter()
                    .map(|plane| super::census::all_set(plane, bit))
                    .collect();
                full
            });
            hits.full = planes.collect();
        }
        Ok(BandHits(hits))
    }
}

/// Masks by the flags "do not use" and "saturated"; remembers where.
struct Flagged<'a> {
    flags: GroupFlags,
    unusable: Option<&'a mut SampleBits>,
}

impl Usable for Flagged<'_> {
    fn mask(&mut self, block: Block, plane: usize, dq: &[u8], values: &mut [f32]) {
        let bad = self.flags.do_not_use | self.flags.saturated;
        for (value, dq) in values.iter_mut().zip(dq) {
            *value = if dq & bad == 0 { *value } else { f32::NAN };
        }
        if let Some(unusable) = &mut self.unusable {
            let word = dq.iter().enumerate().fold(0, |word, (lane, dq)| {
                word | u64::from(dq & bad != 0) << lane
            });
            unusable.put_word(block.row, plane, block.column / LANES, word);
        }
    }
}

/// The scratch space of a band.
struct Worker<'a> {
    plan: &'a JumpPlan,
    diffs: Differences,
    stats: LaneStats,
    read_variance: [f32; LANES],
    sorted: Vec<[f32; LANES]>,
    iterative: Iterative,
    sigma_clip: SigmaClip,
    /// Which differences of the column at work are jumps.
    jumps: Vec<bool>,
}

impl<'a> Worker<'a> {
    fn new(plan: &'a JumpPlan) -> Self {
        Self {
            plan,
            diffs: Differences::default(),
            stats: LaneStats::default(),
            read_variance: [0.0; LANES],
            sorted: Vec::new(),
            iterative: Iterative::default(),
            sigma_clip: SigmaClip::default(),
            jumps: vec![false; plan.integrations * (plan.groups - 1)],
        }
    }

    fn block(&mut self, block: Block, group_dq: &mut ArrayViewMut4<'_, u8>, hits: &mut Hits) {
        let plan = self.plan;
        plan.network
            .stats(&self.diffs.lists, &mut self.sorted, &mut self.stats);
        let candidates = match plan.method {
            Method::None => return,
            Method::SinglePass => self.single_pass_candidates(),
            Method::Iterative => self.iterative.candidates(
                plan,
                &self.diffs.lists,
                &self.stats.count,
                &self.read_variance,
                &mut self.sorted,
            ),
            Method::SigmaClip(_) => [true; LANES],
        };
        for lane in 0..block.width {
            let flagged_before = self.diffs.any_dq[lane] & plan.flags.jump != 0;
            if candidates[lane] || flagged_before {
                self.jumps.fill(false);
                if candidates[lane] {
                    self.detect(lane);
                }
                self.record(block, lane, group_dq, hits);
            }
        }
        self.record_large(block, hits);
    }

    /// Columns whose smallest or largest difference may be a jump: the others need no closer look.
    fn single_pass_candidates(&self) -> [bool; LANES] {
        let (plan, stats) = (self.plan, &self.stats);
        let threshold = plan.threshold(usize::MAX);
        std::array::from_fn(|lane| {
            let median =
                (f64::from(stats.middle[0][lane]) + f64::from(stats.middle[1][lane])) / 2.0;
            let (min, max) = (f64::from(stats.min[lane]), f64::from(stats.max[lane]));
            let sigma =
                (median.abs() + f64::from(self.read_variance[lane]) / plan.frames_per_group).sqrt();
            // A noise of zero finds nothing later on.
            ((max - median) / sigma > threshold)
                | ((median - min) / sigma > threshold)
                | (max - min == f64::INFINITY)
        })
    }

    /// Finds the jumps of one column.
    fn detect(&mut self, lane: usize) {
        let plan = self.plan;
        let lists = &self.diffs.lists;
        match plan.method {
            Method::None => {}
            Method::SinglePass => {
                let median = self.stats.median(lane);
                let sigma = plan.sigma(median, self.read_variance[lane]);
                for (jump, list) in self.jumps.iter_mut().zip(lists) {
                    let ratio = (f64::from(list[lane]) - median).abs() / sigma;
                    *jump = ratio > plan.threshold(usize::MAX) && list[lane].is_finite();
                }
            }
            Method::Iterative => {
                self.iterative
                    .detect(plan, lists, lane, self.read_variance[lane], &mut self.jumps);
            }
            Method::SigmaClip(compared) => {
                let threshold = plan.threshold(usize::MAX);
                self.sigma_clip.detect(
                    lists,
                    lane,
                    plan.groups - 1,
                    compared,
                    threshold,
                    &mut self.jumps,
                );
            }
        }
    }

    /// Flags the jumps of one column, counts them, and remembers those whose neighbours will be flagged.
    fn record(
        &mut self,
        block: Block,
        lane: usize,
        group_dq: &mut ArrayViewMut4<'_, u8>,
        hits: &mut Hits,
    ) {
        let plan = self.plan;
        let (jump_bit, column) = (plan.flags.jump, block.column + lane);
        let median = self.stats.median(lane);
        let sigma = plan.sigma(median, self.read_variance[lane]);
        let mut count = 0;
        for integration in 0..plan.integrations {
            for group in 0..plan.groups {
                let dq = &mut group_dq[[integration, group, block.row, column]];
                if group == 0 {
                    count += u64::from(*dq & jump_bit != 0);
                    continue;
                }
                let index = integration * (plan.groups - 1) + group - 1;
                if self.jumps[index] {
                    *dq |= jump_bit;
                }
                if *dq & jump_bit == 0 {
                    continue;
                }
                count += 1;
                if let (Some(seeds), Some(window)) = (&mut hits.seeds, plan.neighbours) {
                    let ratio = (f64::from(self.diffs.lists[index][lane]) - median).abs() / sigma;
                    if ratio < window.max_sigma && ratio > window.min_sigma {
                        seeds.put(block.row, integration * plan.groups + group, column, true);
                    }
                }
            }
        }
        hits.primary = hits.primary.map(|sum| sum + count);
    }

    /// Remembers the differences that count as large should they turn out to be jumps.
    fn record_large(&self, block: Block, hits: &mut Hits) {
        let median: [f64; LANES] = std::array::from_fn(|lane| self.stats.median(lane));
        let diffs = self.plan.groups - 1;
        for ((amplitude, _), large) in self.plan.after_jump.iter().zip(&mut hits.large) {
            for (index, list) in self.diffs.lists.iter().enumerate() {
                let word = pack(std::array::from_fn(|lane| {
                    f64::from(list[lane]) - median[lane] >= *amplitude
                }));
                if word != 0 {
                    let plane = index / diffs * self.plan.groups + index % diffs + 1;
                    large.put_word(block.row, plane, block.column / LANES, word);
                }
            }
        }
    }
}

/// One bit for each column, without a branch.
fn pack(set: [bool; LANES]) -> u64 {
    let mut word = 0;
    for (index, eight) in set.as_chunks::<8>().0.iter().enumerate() {
        // The product moves the lowest bit of each byte into the highest byte.
        let bytes = u64::from_le_bytes(eight.map(u8::from));
        word |= (bytes.wrapping_mul(0x0102_0408_1020_4080) >> 56) << (8 * index);
    }
    word
}
