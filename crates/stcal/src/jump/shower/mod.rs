//! Showers: faint extended emission that a cosmic ray leaves around its track.
//!
//! [`ShowerNoise`] is measured first, band by band; [`find_showers`] looks for what deviates by more than it over a wide
//! area; [`flag_showers`] flags that.

mod flag;
mod noise;
mod search;
#[cfg(test)]
mod tests;

use ndarray::{ArrayView2, ArrayView4};

pub use flag::flag_showers;
pub use noise::ShowerNoise;
pub use search::find_showers;

use super::census::GroupCensus;
use super::diffs::{Block, Usable};
use super::error::JumpError;
use super::median::LANES;
use super::params::ShowerParams;
use super::plan::Hits;
use crate::flags::{GroupFlags, PixelFlags};

/// Fewest usable differences of an exposure.
const MIN_DIFFERENCES: usize = 10;

/// The exposure that is searched, whole; the group quality is handed over beside it.
#[derive(Debug, Clone, Copy)]
pub struct ShowerInput<'a> {
    /// Signal, `(integration, group, row, column)` [DN].
    pub ramp_dn: ArrayView4<'a, f32>,
    /// Quality of the pixels, `(row, column)`.
    pub pixel_dq: ArrayView2<'a, u32>,
    /// Gain, `(row, column)` [e-/DN].
    pub gain_e_per_dn: ArrayView2<'a, f32>,
    /// Read noise of the difference of two frames, `(row, column)` [DN].
    pub read_noise_dn: ArrayView2<'a, f32>,
    /// What the detection of single jumps remembered.
    pub hits: &'a Hits,
    /// Bits of the group quality.
    pub flags: GroupFlags,
    /// Bits of the pixel quality.
    pub pixel_flags: PixelFlags,
    /// Settings.
    pub params: &'a ShowerParams,
}

/// True if the exposure has enough usable differences for the search.
pub fn showers_possible(group_dq: ArrayView4<'_, u8>, do_not_use: u8) -> bool {
    let census = GroupCensus::of(group_dq, do_not_use);
    census.total_usable >= MIN_DIFFERENCES + census.integrations
}

impl ShowerInput<'_> {
    fn check(&self, group_dq: &[usize]) -> Result<(), JumpError> {
        let (integrations, groups, rows, columns) = self.ramp_dn.dim();
        if groups < 2 {
            return Err(JumpError::TooFewGroups { found: groups });
        }
        JumpError::check("the group quality", self.ramp_dn.shape(), group_dq)?;
        JumpError::check("the pixel quality", &[rows, columns], self.pixel_dq.shape())?;
        JumpError::check("the gain", &[rows, columns], self.gain_e_per_dn.shape())?;
        JumpError::check(
            "the read noise",
            &[rows, columns],
            self.read_noise_dn.shape(),
        )?;
        self.hits.unusable.as_ref().map_or(Ok(()), |bits| {
            let found = [bits.rows(), bits.width().0, bits.width().1];
            JumpError::check(
                "the result of the detection",
                &[rows, integrations * groups, columns],
                &found,
            )
        })
    }

    /// Parity: stcal 1.20.0 `jump/jump.py::find_faint_extended` knows reference pixels only if they have no other flag.
    fn is_reference(&self, pixel_dq: u32) -> bool {
        pixel_dq == self.pixel_flags.reference_pixel
    }

    fn was_unusable(&self, plane: usize, row: usize, column: usize) -> bool {
        self.hits
            .unusable
            .as_ref()
            .is_some_and(|bits| bits.get(row, plane, column))
    }
}

/// Masks what the detection found unusable, and samples with certain flags.
struct Unflagged<'a> {
    hits: &'a Hits,
    first_row: usize,
    flags: GroupFlags,
}

impl Unflagged<'_> {
    /// Parity: stcal 1.20.0 `jump/jump.py::nan_invalid_data` compares whole values, so that samples with a further
    /// flag stay.
    #[inline(always)]
    fn masks(&self, dq: u8) -> bool {
        let GroupFlags {
            do_not_use,
            saturated,
            jump,
            ..
        } = self.flags;
        (dq == (jump | do_not_use))
            | (dq == (saturated | do_not_use))
            | (dq == saturated)
            | (dq == jump)
            | (dq == do_not_use)
    }
}

impl Usable for Unflagged<'_> {
    #[inline(always)]
    fn unusable(&mut self, block: Block, plane: usize, dq: &[u8; LANES]) -> [bool; LANES] {
        let word = self.hits.unusable.as_ref().map_or(0, |bits| {
            bits.row(self.first_row + block.row, plane)[block.column / LANES]
        });
        let mut unusable = [false; LANES];
        for (unusable, dq) in unusable.iter_mut().zip(dq) {
            *unusable = self.masks(*dq);
        }
        if word != 0 {
            for (lane, unusable) in unusable.iter_mut().enumerate() {
                *unusable |= word >> lane & 1 != 0;
            }
        }
        unusable
    }
}
