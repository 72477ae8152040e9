//! Ramps with photon noise, read noise and cosmic rays, from fixed seeds.

use ndarray::parallel::prelude::*;
use ndarray::{Array4, ArrayViewMut3, Axis};
use serde::Serialize;
use testkit::random::Generator;

/// Ramps side by side in a row.
pub(crate) const COLUMNS: usize = 1000;

/// Share of ramps that a cosmic ray hits.
const HIT_PROBABILITY: f64 = 0.1;
/// Charge of a cosmic ray, even in its logarithm \[e-\].
const HIT_E: (f64, f64) = (30.0, 30_000.0);

/// A detector and its read pattern.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Detector {
    pub(crate) groups: usize,
    pub(crate) frames_per_group: usize,
    pub(crate) group_gap: usize,
    pub(crate) frame_time_s: f64,
    pub(crate) gain_e_per_dn: f64,
    /// Noise of one read \[e-\].
    pub(crate) read_noise_e: f64,
}

impl Default for Detector {
    fn default() -> Self {
        Self {
            groups: 10,
            frames_per_group: 2,
            group_gap: 3,
            frame_time_s: 2.0,
            gain_e_per_dn: 2.0,
            read_noise_e: 12.0,
        }
    }
}

/// What another program has to know of dumped ramps.
#[derive(Debug, Serialize)]
pub(crate) struct Description<'a> {
    #[serde(flatten)]
    detector: &'a Detector,
    rows: usize,
    columns: usize,
    rates_e_per_s: &'a [f64],
}

impl Detector {
    /// Time between groups \[s\].
    pub(crate) fn group_time_s(&self) -> f64 {
        (self.frames_per_group + self.group_gap) as f64 * self.frame_time_s
    }

    /// Noise of the difference of two reads, as reference files have it \[DN\].
    pub(crate) fn read_noise_dn(&self) -> f32 {
        (self.read_noise_e * std::f64::consts::SQRT_2 / self.gain_e_per_dn) as f32
    }

    pub(crate) fn describe<'a>(&'a self, rows: usize, rates_e_per_s: &'a [f64]) -> Description<'a> {
        Description {
            detector: self,
            rows,
            columns: COLUMNS,
            rates_e_per_s,
        }
    }
}

/// Simulated ramps.
#[derive(Debug)]
pub(crate) struct Ramps {
    /// `(1, group, row, column)` \[DN\].
    pub(crate) data_dn: Array4<f32>,
    pub(crate) with_jumps: bool,
}

impl Ramps {
    /// `rows` times [`COLUMNS`] ramps. The ramps of a level are the same with and without jumps, but for these.
    pub(crate) fn simulate(
        detector: &Detector,
        rate_e_per_s: f64,
        level: usize,
        rows: usize,
        with_jumps: bool,
    ) -> Self {
        let mut data_dn = Array4::zeros((1, detector.groups, rows, COLUMNS));
        data_dn
            .axis_chunks_iter_mut(Axis(2), 1)
            .into_par_iter()
            .enumerate()
            .for_each(|(row, mut ramps)| {
                let seed = ((level * rows + row) * 2) as u64;
                let mut noise = Generator::new(Generator::new(seed).bits());
                let mut hits = Generator::new(Generator::new(seed + 1).bits());
                let ramps = ramps.index_axis_mut(Axis(0), 0);
                let hits = with_jumps.then_some(&mut hits);
                fill(detector, rate_e_per_s, ramps, &mut noise, hits);
            });
        Self {
            data_dn,
            with_jumps,
        }
    }
}

/// Fills a row of ramps `(group, 1, column)`.
fn fill(
    detector: &Detector,
    rate_e_per_s: f64,
    mut ramps: ArrayViewMut3<'_, f32>,
    noise: &mut Generator,
    mut hits: Option<&mut Generator>,
) {
    let per_frame = rate_e_per_s * detector.frame_time_s;
    let frames = detector.groups * (detector.frames_per_group + detector.group_gap);
    for column in 0..ramps.len_of(Axis(2)) {
        let mut charge = 0.0;
        let hit = hits.as_deref_mut().and_then(|hits| draw_hit(hits, frames));
        let mut frame = 0;
        for group in 0..detector.groups {
            let mut sum = 0.0;
            for read in 0..detector.frames_per_group {
                let skipped = if read == 0 && group > 0 {
                    detector.group_gap
                } else {
                    0
                };
                charge += noise.poisson(per_frame * (1 + skipped) as f64);
                frame += 1 + skipped;
                let extra = hit.map_or(
                    0.0,
                    |(from, charge)| if frame > from { charge } else { 0.0 },
                );
                sum += charge + extra + detector.read_noise_e * noise.normal();
            }
            let mean = sum / detector.frames_per_group as f64;
            ramps[[group, 0, column]] = (mean / detector.gain_e_per_dn) as f32;
        }
    }
}

/// The frame after which a cosmic ray hits, and its charge.
fn draw_hit(hits: &mut Generator, frames: usize) -> Option<(usize, f64)> {
    let (hit, frame, size) = (hits.uniform(), hits.below(frames), hits.uniform());
    let charge = HIT_E.0 * (HIT_E.1 / HIT_E.0).powf(size);
    (hit < HIT_PROBABILITY).then_some((frame, charge))
}
