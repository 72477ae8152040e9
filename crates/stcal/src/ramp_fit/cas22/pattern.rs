//! What the fits of all pixels share.

use super::jumps::JumpThreshold;
use super::segment::{POWERS, Segment};
use crate::flags::{GroupFlags, PixelFlags};
use crate::read_pattern::ReadPattern;

/// Choices of the fit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cas22Params {
    /// Look for jumps, and from which size on.
    pub jumps: Option<JumpThreshold>,
    /// Quality bits of a resultant; a resultant with any bit is not used.
    pub resultant_flags: GroupFlags,
    /// Quality bits of a pixel.
    pub pixel_flags: PixelFlags,
}

impl Default for Cas22Params {
    /// No search for jumps.
    fn default() -> Self {
        Self {
            jumps: None,
            resultant_flags: GroupFlags::default(),
            pixel_flags: PixelFlags::default(),
        }
    }
}

/// The part of a fit that is the same for all pixels.
///
/// Built once for an exposure and shared by all bands and threads.
#[derive(Debug)]
pub struct Cas22Plan {
    pub(super) params: Cas22Params,
    pub(super) times: Times,
    /// Coefficients of the whole ramp, for each power.
    pub(super) whole: [Vec<f64>; POWERS.len()],
}

/// Times and numbers of reads of the resultants.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Times {
    /// Mean time t̄ \[s\].
    pub(super) mean: Vec<f64>,
    /// Variance-weighted time τ \[s\].
    pub(super) tau: Vec<f64>,
    /// Number of reads N.
    pub(super) reads: Vec<f64>,
}

impl Times {
    /// Casertano 2022, eq. 14 and 17, for reads that take `read_time_s` each.
    fn new(pattern: &ReadPattern, read_time_s: f64) -> Self {
        let groups = 0..pattern.n_groups();
        let tau = |group| {
            let reads = pattern.reads(group);
            let count = reads.len();
            let weights = (0..count).map(|k| (2 * (count - k) - 1) as f64);
            let sum: f64 = weights
                .zip(reads)
                .map(|(weight, &read)| weight * f64::from(read))
                .sum();
            sum * read_time_s / (count * count) as f64
        };
        Self {
            mean: groups
                .clone()
                .map(|k| read_time_s * pattern.mean(k))
                .collect(),
            tau: groups.clone().map(tau).collect(),
            reads: groups.map(|k| pattern.reads(k).len() as f64).collect(),
        }
    }
}

impl Cas22Plan {
    /// Prepares the fit of ramps with the resultants of `pattern`, whose reads take `read_time_s` seconds each.
    pub fn new(pattern: &ReadPattern, read_time_s: f64, params: Cas22Params) -> Self {
        let times = Times::new(pattern, read_time_s);
        let count = pattern.n_groups();
        let whole = POWERS.map(|power| {
            let mut coefficients = vec![0.0; count];
            if count > 1 {
                Segment {
                    first: 0,
                    last: count - 1,
                }
                .coefficients(&times, power, &mut coefficients);
            }
            coefficients
        });
        Self {
            params,
            times,
            whole,
        }
    }

    /// Number of resultants of a ramp.
    pub fn resultants(&self) -> usize {
        self.times.mean.len()
    }
}
