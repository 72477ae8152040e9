//! The noise that showers stand out of.

use std::borrow::Cow;
use std::ops::Range;

use ndarray::{Array3, ArrayView1, ArrayView4, Axis, s};

use super::{ShowerInput, Unflagged};
use crate::jump::diffs::{Block, Differences, QualityRow, row_of};
use crate::jump::error::JumpError;
use crate::jump::median::{LANES, LaneStats, Networks};
use crate::jump::sigma_clip::SigmaClip;
use crate::plane_rows::PlaneRows;
use crate::simd::{Kernel, run_vectorised};

/// Threshold of the clipping that measures the noise across integrations [sigma].
const NOISE_CLIP_SIGMA: f64 = 5.0;

/// Median and noise of the differences of each pixel [e-].
#[derive(Debug, Clone, PartialEq)]
pub struct ShowerNoise {
    /// In the order of their rows.
    bands: Vec<NoiseBand>,
}

/// Some rows of the image: `(1, row, column)`, or `(difference, row, column)` if there are enough integrations to measure
/// each difference.
#[derive(Debug, Clone, PartialEq)]
struct NoiseBand {
    median: Array3<f32>,
    sigma: Array3<f32>,
}

impl ShowerNoise {
    /// Measures a band of rows.
    ///
    /// `rows` are the rows of the image; `group_dq` is the whole exposure `(integration, group, row, column)`.
    ///
    /// # Errors
    /// [`JumpError::Shape`] if the arrays do not agree.
    ///
    /// # Source
    /// stcal 1.20.0 `jump/jump.py::find_faint_extended`. Tolerance: exact.
    pub fn of_band(
        input: &ShowerInput<'_>,
        group_dq: ArrayView4<'_, u8>,
        rows: Range<usize>,
    ) -> Result<Self, JumpError> {
        let (integrations, groups, _, columns) = input.ramp_dn.dim();
        input.check(group_dq.shape())?;
        let ramp = input.ramp_dn.slice(s![.., .., rows.clone(), ..]);
        let group_dq = group_dq.slice(s![.., .., rows.clone(), ..]);
        let gain = input.gain_e_per_dn.slice(s![rows.clone(), ..]);
        let noise = input.read_noise_dn.slice(s![rows.clone(), ..]);
        let is_clipped = integrations >= input.params.minimum_sigma_clip_integrations;
        let mut clip = is_clipped.then(|| SigmaClip::new(integrations));
        let depth = if is_clipped { groups - 1 } else { 1 };
        let mut band = NoiseBand {
            median: Array3::zeros((depth, rows.len(), columns)),
            sigma: Array3::zeros((depth, rows.len(), columns)),
        };
        let networks = Networks::new(integrations * (groups - 1));
        let (mut diffs, mut scratch, mut stats) =
            (Differences::default(), Vec::new(), LaneStats::default());
        let mut mask = Unflagged {
            hits: input.hits,
            first_row: rows.start,
            flags: input.flags,
        };
        let (mut signal, mut dq) = (PlaneRows::default(), QualityRow::default());
        for row in 0..rows.len() {
            signal.load(ramp.index_axis(Axis(2), row));
            dq.load(group_dq.index_axis(Axis(2), row));
            let (gain, noise) = (row_of(gain, row), row_of(noise, row));
            run_vectorised(NoiseRow {
                noise: &mut band,
                row,
                clip: clip.as_mut(),
                planes: (&signal, &dq, groups),
                gain: &gain,
                read_noise: &noise,
                frames_per_group: input.params.frames_per_group,
                mask: &mut mask,
                networks: &networks,
                diffs: &mut diffs,
                scratch: &mut scratch,
                stats: &mut stats,
            });
        }
        Ok(Self { bands: vec![band] })
    }

    /// Puts bands together, in the order of their rows.
    ///
    /// # Errors
    /// [`JumpError::Bands`] if they have not the same number of columns or differences, or if there is none.
    pub fn join(parts: impl IntoIterator<Item = Self>) -> Result<Self, JumpError> {
        let bands: Vec<_> = parts.into_iter().flat_map(|part| part.bands).collect();
        let shape = |band: &NoiseBand| (band.median.len_of(Axis(0)), band.median.len_of(Axis(2)));
        if bands.is_empty() {
            return Err(JumpError::Bands {
                index: 0,
                what: "there is no band",
            });
        }
        match bands
            .iter()
            .position(|band| shape(band) != shape(&bands[0]))
        {
            Some(index) => Err(JumpError::Bands {
                index,
                what: "another number of columns or differences",
            }),
            None => Ok(Self { bands }),
        }
    }

    /// Rows and columns of the image.
    pub(super) fn dim(&self) -> (usize, usize) {
        let rows = self.bands.iter().map(NoiseBand::rows).sum();
        (rows, self.bands[0].median.len_of(Axis(2)))
    }

    /// Median and noise of the difference that ends in a group, in a row of the image, which must have it.
    pub(super) fn row(&self, group: usize, mut row: usize) -> [Cow<'_, [f32]>; 2] {
        let mut number = 0;
        while row >= self.bands[number].rows() {
            row -= self.bands[number].rows();
            number += 1;
        }
        let band = &self.bands[number];
        let depth = (group - 1).min(band.median.len_of(Axis(0)) - 1);
        [
            row_of(band.median.index_axis(Axis(0), depth), row),
            row_of(band.sigma.index_axis(Axis(0), depth), row),
        ]
    }
}

impl NoiseBand {
    fn rows(&self) -> usize {
        self.median.len_of(Axis(1))
    }

    /// Keeps median and noise of a block.
    #[inline(always)]
    fn store(
        &mut self,
        block: Block,
        stats: &LaneStats,
        read_noise_e: &[f32; LANES],
        frames_per_group: u32,
    ) {
        let columns = block.column..block.column + block.width;
        let mut medians = self.median.slice_mut(s![0, block.row, columns.clone()]);
        let mut sigmas = self.sigma.slice_mut(s![0, block.row, columns]);
        for (lane, (median, sigma)) in medians.iter_mut().zip(&mut sigmas).enumerate() {
            let noise_e = read_noise_e[lane];
            *median = f32::midpoint(stats.middle[0][lane], stats.middle[1][lane]);
            *sigma = (median.abs() + noise_e * noise_e / frames_per_group as f32).sqrt();
        }
    }

    /// Keeps median and noise of a block, of each difference across integrations.
    #[inline(always)]
    fn store_clipped(&mut self, block: Block, diffs: &Differences, clip: &mut SigmaClip) {
        let depth = self.median.len_of(Axis(0));
        let columns = block.column..block.column + block.width;
        for diff in 0..depth {
            let lists = || diffs.lists.iter().skip(diff).step_by(depth);
            let limits = clip.limits(lists(), NOISE_CLIP_SIGMA);
            let stats = clip.stats_within(lists(), &limits);
            let at = s![diff, block.row, columns.clone()];
            let store = |image: &mut Array3<f32>, values: &[f32; LANES]| {
                image
                    .slice_mut(at)
                    .assign(&ArrayView1::from(&values[..block.width]));
            };
            store(&mut self.median, &stats.median);
            store(&mut self.sigma, &stats.deviation);
        }
    }
}

/// Measures a row.
struct NoiseRow<'a, 'm> {
    noise: &'a mut NoiseBand,
    row: usize,
    /// What clips, if each difference is measured by itself.
    clip: Option<&'a mut SigmaClip>,
    /// Signal and quality of all planes, and the number of groups.
    planes: (&'a PlaneRows<f32>, &'a QualityRow, usize),
    gain: &'a [f32],
    read_noise: &'a [f32],
    frames_per_group: u32,
    mask: &'a mut Unflagged<'m>,
    networks: &'a Networks,
    diffs: &'a mut Differences,
    scratch: &'a mut Vec<[f32; LANES]>,
    stats: &'a mut LaneStats,
}

impl Kernel for NoiseRow<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        let (signal, dq, groups) = self.planes;
        for block in Block::of_row(self.row, self.gain.len()) {
            let gain = block.lanes(self.gain, 0.0);
            let read_noise = block.lanes(self.read_noise, 0.0);
            self.diffs
                .load(block, (signal, dq), groups, &gain, self.mask);
            if let Some(clip) = &mut self.clip {
                self.noise.store_clipped(block, self.diffs, clip);
                continue;
            }
            let place = (self.mask.first_row + block.row, block.column);
            let brackets = self.mask.hits.brackets_at(place, self.gain.len());
            self.networks
                .middle_near(&self.diffs.lists, brackets, self.scratch, self.stats);
            let mut read_noise_e = [0.0; LANES];
            for lane in 0..LANES {
                read_noise_e[lane] = read_noise[lane] * gain[lane];
            }
            self.noise
                .store(block, self.stats, &read_noise_e, self.frames_per_group);
        }
    }
}
