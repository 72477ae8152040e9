//! The quality bits that the algorithms read and set, as values that a mission chooses.

use ndarray::ArrayView2;

use crate::simd::vectorised;

/// Bits of the group quality array, one byte a sample.
///
/// The default holds the values that JWST's products use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupFlags {
    /// The sample must not enter any fit.
    pub do_not_use: u8,
    /// The sample is at or above full well.
    pub saturated: u8,
    /// A cosmic ray or another sudden change arrived just before the sample.
    pub jump: u8,
    /// The sample lies at or below the floor of the A/D converter.
    pub ad_floor: u8,
    /// Charge migrated out of the pixel.
    pub charge_loss: u8,
}

impl Default for GroupFlags {
    fn default() -> Self {
        Self {
            do_not_use: 1,
            saturated: 2,
            jump: 4,
            ad_floor: 64,
            charge_loss: 128,
        }
    }
}

/// Bits of the pixel quality array, four bytes a pixel.
///
/// The default holds the values that JWST's products use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PixelFlags {
    /// The pixel must not be used.
    pub do_not_use: u32,
    /// All samples of the pixel are saturated.
    pub saturated: u32,
    /// A jump was found in the pixel.
    pub jump: u32,
    /// Charge migrated out of the pixel.
    pub charge_loss: u32,
    /// The value is an estimate.
    pub flux_estimated: u32,
    /// The gain of the pixel is unknown.
    pub no_gain_value: u32,
    /// The linearity correction does not exist for the pixel.
    pub no_lin_corr: u32,
    /// Saturation cannot be checked for the pixel.
    pub no_sat_check: u32,
    /// The pixel is a reference pixel: it sees no light.
    pub reference_pixel: u32,
    /// The reference pixel is bad.
    pub bad_ref_pixel: u32,
}

impl Default for PixelFlags {
    fn default() -> Self {
        Self {
            do_not_use: 1,
            saturated: 1 << 1,
            jump: 1 << 2,
            charge_loss: 1 << 7,
            flux_estimated: 1 << 28,
            no_gain_value: 1 << 19,
            no_lin_corr: 1 << 20,
            no_sat_check: 1 << 21,
            reference_pixel: 1 << 31,
            bad_ref_pixel: 1 << 17,
        }
    }
}

/// True if every pixel has one of the bits.
pub(crate) fn all_set(plane: ArrayView2<'_, u8>, bit: u8) -> bool {
    plane.rows().into_iter().all(|row| match row.to_slice() {
        Some(row) => {
            vectorised(|| row.iter().fold(1, |all, dq| all & u8::from(dq & bit != 0)) != 0)
        }
        None => row.iter().all(|dq| dq & bit != 0),
    })
}
