//! Primary jumps in a band of rows.

use ndarray::{ArrayView2, ArrayView4, ArrayViewMut4, Axis};

use super::diffs::{Block, Differences, QualityRow, Usable, row_of};
use super::error::JumpError;
use super::iterative::{Column, Iterative};
use super::median::{LANES, Lane, LaneStats};
use super::params::SigmaClipGroups;
use super::plan::{Hits, JumpPlan, Method};
use super::sigma_clip::SigmaClip;
use crate::flags::{GroupFlags, all_set};
use crate::plane_rows::PlaneRows;
use crate::sample_bits::{SampleBits, columns_of};
use crate::simd::{Kernel, pack_bits, run_vectorised};

/// What a band of rows found; see [`Hits::join`].
#[derive(Debug, Clone, PartialEq)]
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
            brackets: Vec::new(),
            full: vec![false; integrations * groups],
        };
        if self.method == Method::None {
            return Ok(BandHits(hits));
        }
        let mut worker = Worker::new(self);
        let mut signal = PlaneRows::default();
        for row in 0..rows {
            signal.load(ramp_dn.index_axis(Axis(2), row));
            let (gain, noise) = (row_of(gain_e_per_dn, row), row_of(read_noise_dn, row));
            worker.dq.load(group_dq.index_axis(Axis(2), row));
            run_vectorised(DetectRow {
                worker: &mut worker,
                row,
                signal_dn: &signal,
                gain_and_noise: (&gain, &noise),
                hits: &mut hits,
            });
            worker.dq.store(group_dq.index_axis_mut(Axis(2), row));
        }
        if matches!(self.method, Method::SigmaClip(_)) {
            let bit = self.flags.jump | self.flags.do_not_use;
            let planes = group_dq.outer_iter().flat_map(|integration| {
                let full: Vec<bool> = integration
                    .outer_iter()
                    .map(|plane| all_set(plane, bit))
                    .collect();
                full
            });
            hits.full = planes.collect();
        }
        Ok(BandHits(hits))
    }
}

/// Finds the jumps of a row whose quality has been loaded.
struct DetectRow<'a, 'p> {
    worker: &'a mut Worker<'p>,
    row: usize,
    signal_dn: &'a PlaneRows<f32>,
    gain_and_noise: (&'a [f32], &'a [f32]),
    hits: &'a mut Hits,
}

impl Kernel for DetectRow<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self {
            worker,
            row,
            signal_dn,
            gain_and_noise,
            hits,
        } = self;
        for block in Block::of_row(row, gain_and_noise.0.len()) {
            worker.load(block, signal_dn, gain_and_noise, hits.unusable.as_mut());
            worker.block(block, hits);
        }
    }
}

/// Masks by the flags "do not use" and "saturated"; remembers where.
struct Flagged<'a> {
    flags: GroupFlags,
    unusable: Option<&'a mut SampleBits>,
}

impl Usable for Flagged<'_> {
    #[inline(always)]
    fn unusable(&mut self, block: Block, plane: usize, dq: &[u8; LANES]) -> [bool; LANES] {
        let bad = self.flags.do_not_use | self.flags.saturated;
        let mut set = [false; LANES];
        for (set, dq) in set.iter_mut().zip(dq) {
            *set = dq & bad != 0;
        }
        if let Some(unusable) = &mut self.unusable {
            unusable.put_word(block.row, plane, block.column / LANES, pack_bits(set));
        }
        set
    }
}

/// The scratch space of a band.
struct Worker<'a> {
    plan: &'a JumpPlan,
    /// The quality of the row at work.
    dq: QualityRow,
    diffs: Differences,
    stats: LaneStats,
    read_variance: [f32; LANES],
    sorted: Vec<[f32; LANES]>,
    iterative: Iterative,
    sigma_clip: SigmaClip,
    /// For each column of the block: which differences are jumps.
    found: Vec<Vec<usize>>,
}

impl<'a> Worker<'a> {
    fn new(plan: &'a JumpPlan) -> Self {
        let diffs = plan.integrations * (plan.groups - 1);
        Self {
            plan,
            dq: QualityRow::default(),
            diffs: Differences::default(),
            stats: LaneStats::default(),
            read_variance: [0.0; LANES],
            sorted: Vec::new(),
            iterative: Iterative::default(),
            sigma_clip: SigmaClip::new(match plan.method {
                Method::SigmaClip(compared) => diffs / plan.clipped_step(compared),
                _ => 0,
            }),
            found: vec![Vec::new(); LANES],
        }
    }

    /// Loads the differences of a block of the row, and its noise.
    #[inline(always)]
    fn load(
        &mut self,
        block: Block,
        signal_dn: &PlaneRows<f32>,
        (gain, noise): (&[f32], &[f32]),
        unusable: Option<&mut SampleBits>,
    ) {
        let flags = self.plan.flags;
        let (gain, noise) = (block.lanes(gain, 0.0), block.lanes(noise, 0.0));
        let row = (signal_dn, &self.dq);
        let mut mask = Flagged { flags, unusable };
        self.diffs
            .load(block, row, self.plan.groups, &gain, &mut mask);
        for lane in 0..LANES {
            let noise_e = noise[lane] * gain[lane];
            self.read_variance[lane] = noise_e * noise_e;
        }
    }

    #[inline(always)]
    fn block(&mut self, block: Block, hits: &mut Hits) {
        let plan = self.plan;
        plan.networks
            .stats(&self.diffs.lists, &mut self.sorted, &mut self.stats);
        if plan.keep_unusable && plan.networks.are_long(self.diffs.lists.len()) {
            hits.brackets.push(self.stats.brackets.clone());
        }
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
        self.find(&candidates);
        for lane in 0..block.width {
            let flagged_before = self.diffs.any_dq[lane] & plan.flags.jump != 0;
            if flagged_before || !self.found[lane].is_empty() {
                self.record(block, lane, flagged_before, hits);
            }
        }
        if !plan.after_jump.is_empty() {
            self.record_large(block, hits);
        }
    }

    /// Columns whose smallest or largest difference may be a jump: the others need no closer look.
    #[inline(always)]
    fn single_pass_candidates(&self) -> [bool; LANES] {
        let (plan, stats) = (self.plan, &self.stats);
        let threshold = plan.threshold(usize::MAX);
        let mut candidates = [false; LANES];
        for lane in 0..LANES {
            let median =
                (f64::from(stats.middle[0][lane]) + f64::from(stats.middle[1][lane])) / 2.0;
            let (min, max) = (f64::from(stats.min[lane]), f64::from(stats.max[lane]));
            let sigma =
                (median.abs() + f64::from(self.read_variance[lane]) / plan.frames_per_group).sqrt();
            // A noise of zero finds nothing later on.
            candidates[lane] = ((max - median) / sigma > threshold)
                | ((median - min) / sigma > threshold)
                | (max - min == f64::INFINITY);
        }
        candidates
    }

    /// Finds the jumps of the columns that may have some.
    #[inline(always)]
    fn find(&mut self, candidates: &[bool; LANES]) {
        self.found.iter_mut().for_each(Vec::clear);
        if !candidates.contains(&true) {
            return;
        }
        let lanes = (0..LANES).filter(|lane| candidates[*lane]);
        match self.plan.method {
            Method::None => {}
            Method::SinglePass => self.find_together(candidates),
            Method::Iterative => lanes.for_each(|lane| self.find_iteratively(lane)),
            Method::SigmaClip(compared) => self.clip(compared),
        }
    }

    /// Finds the jumps of all columns at once, each difference against the median of its column.
    #[inline(always)]
    fn find_together(&mut self, candidates: &[bool; LANES]) {
        let plan = self.plan;
        let threshold = plan.threshold(usize::MAX);
        let (mut low, mut high) = ([f32::NAN; LANES], [f32::NAN; LANES]);
        for lane in (0..LANES).filter(|lane| candidates[*lane]) {
            let median = self.stats.median(lane);
            let reach = threshold * plan.sigma(median, self.read_variance[lane]);
            // What lies between these is no jump, whatever the roundings; the others are looked at again.
            let margin = 1e-6 * (median.abs() + reach);
            low[lane] = (median - reach + margin) as f32;
            high[lane] = (median + reach - margin) as f32;
        }
        for (index, list) in self.diffs.lists.iter().enumerate() {
            let mut outside = [false; LANES];
            for lane in 0..LANES {
                outside[lane] = (list[lane] <= low[lane]) | (list[lane] >= high[lane]);
            }
            let mut word = pack_bits(outside);
            while word != 0 {
                let lane = word.trailing_zeros() as usize;
                word &= word - 1;
                let median = self.stats.median(lane);
                let sigma = plan.sigma(median, self.read_variance[lane]);
                let ratio = (f64::from(list[lane]) - median).abs() / sigma;
                if ratio > threshold && list[lane].is_finite() {
                    self.found[lane].push(index);
                }
            }
        }
    }

    /// Finds the jumps of one column, one after another.
    fn find_iteratively(&mut self, lane: usize) {
        let column = Column {
            lane,
            lists: &self.diffs.lists,
            sorted: &self.sorted,
            count: self.stats.count[lane],
            read_variance: self.read_variance[lane],
        };
        let found = &mut self.found[lane];
        self.iterative.detect(self.plan, &column, found);
    }

    /// Finds the jumps of all columns by sigma clipping.
    #[inline(always)]
    fn clip(&mut self, compared: SigmaClipGroups) {
        let (lists, step) = (&self.diffs.lists, self.plan.clipped_step(compared));
        let threshold = self.plan.threshold(usize::MAX);
        for part in 0..step {
            let compared = || lists.iter().skip(part).step_by(step);
            let limits = self.sigma_clip.limits(compared(), threshold);
            for (index, list) in compared().enumerate() {
                for lane in columns_of(std::iter::once(limits.outliers(list))) {
                    self.found[lane].push(part + index * step);
                }
            }
        }
    }

    /// Flags the jumps of one column, counts them, and remembers those whose neighbours will be flagged; so does it with
    /// what was flagged as a jump before.
    fn record(&mut self, block: Block, lane: usize, flagged_before: bool, hits: &mut Hits) {
        let plan = self.plan;
        let (jump_bit, column) = (plan.flags.jump, block.column + lane);
        let diffs = plan.groups - 1;
        let median = self.stats.median(lane);
        let sigma = plan.sigma(median, self.read_variance[lane]);
        let mut count = 0;
        let found = &mut self.found[lane];
        if flagged_before {
            for plane in 0..plan.integrations * plan.groups {
                let (integration, group) = (plane / plan.groups, plane % plan.groups);
                if self.dq.get(plane, column) & jump_bit == 0 {
                    continue;
                }
                if group == 0 {
                    count += 1;
                } else {
                    found.push(integration * diffs + group - 1);
                }
            }
            found.sort_unstable();
            found.dedup();
        }
        for &index in &*found {
            count += 1;
            let plane = index / diffs * plan.groups + index % diffs + 1;
            self.dq.flag(plane, column, jump_bit);
            if let (Some(seeds), Some(window)) = (&mut hits.seeds, plan.neighbours) {
                let ratio = (f64::from(self.diffs.lists[index][lane]) - median).abs() / sigma;
                if ratio < window.max_sigma && ratio > window.min_sigma {
                    seeds.put(block.row, plane, column, true);
                }
            }
        }
        hits.primary = hits.primary.map(|sum| sum + count);
    }

    /// Remembers the differences that count as large should they turn out to be jumps.
    #[inline(always)]
    fn record_large(&self, block: Block, hits: &mut Hits) {
        let mut median = [0.0; LANES];
        for (lane, median) in median.iter_mut().enumerate() {
            let middle = &self.stats.middle;
            *median = (f64::from(middle[0][lane]) + f64::from(middle[1][lane])) / 2.0;
        }
        let diffs = self.plan.groups - 1;
        for ((amplitude, _), large) in self.plan.after_jump.iter().zip(&mut hits.large) {
            let above = |values: &Lane| {
                let mut above = [false; LANES];
                for lane in 0..LANES {
                    above[lane] = f64::from(values[lane]) - median[lane] >= *amplitude;
                }
                pack_bits(above)
            };
            if above(&self.stats.max) == 0 {
                continue;
            }
            for (index, list) in self.diffs.lists.iter().enumerate() {
                let word = above(list);
                if word != 0 {
                    let plane = index / diffs * self.plan.groups + index % diffs + 1;
                    large.put_word(block.row, plane, block.column / LANES, word);
                }
            }
        }
    }
}
