//! Bits of the quality arrays of JWST products, and their names.

/// Bits of the pixel quality array (`DQ`, `PIXELDQ`), four bytes a pixel.
pub mod pixel {
    /// Bad pixel: do not use.
    pub const DO_NOT_USE: u32 = 1;
    /// Saturated during the exposure.
    pub const SATURATED: u32 = 1 << 1;
    /// A jump was found.
    pub const JUMP_DET: u32 = 1 << 2;
    /// Data were lost.
    pub const DROPOUT: u32 = 1 << 3;
    /// Found by outlier detection.
    pub const OUTLIER: u32 = 1 << 4;
    /// Persistence is high.
    pub const PERSISTENCE: u32 = 1 << 5;
    /// Below the floor of the A/D converter.
    pub const AD_FLOOR: u32 = 1 << 6;
    /// Charge migrated out of the pixel.
    pub const CHARGELOSS: u32 = 1 << 7;
    /// Not on the science part of the detector.
    pub const NON_SCIENCE: u32 = 1 << 9;
    /// The value is an estimate.
    pub const FLUX_ESTIMATED: u32 = 1 << 28;
    /// The linearity correction is not available.
    pub const NO_LIN_CORR: u32 = 1 << 20;
    /// The saturation check is not available.
    pub const NO_SAT_CHECK: u32 = 1 << 21;
    /// The flat field cannot be measured.
    pub const NO_FLAT_FIELD: u32 = 1 << 18;
    /// The gain cannot be measured.
    pub const NO_GAIN_VALUE: u32 = 1 << 19;
    /// A reference pixel that cannot be used.
    pub const BAD_REF_PIXEL: u32 = 1 << 17;
    /// A reference pixel.
    pub const REFERENCE_PIXEL: u32 = 1 << 31;
}

/// Bits of the group quality array (`GROUPDQ`), one byte a sample.
pub mod group {
    /// Bad sample: do not use.
    pub const DO_NOT_USE: u8 = 1;
    /// Saturated.
    pub const SATURATED: u8 = 1 << 1;
    /// A jump was found.
    pub const JUMP_DET: u8 = 1 << 2;
    /// Data were lost.
    pub const DROPOUT: u8 = 1 << 3;
    /// Persistence is high.
    pub const PERSISTENCE: u8 = 1 << 5;
    /// Below the floor of the A/D converter.
    pub const AD_FLOOR: u8 = 1 << 6;
    /// Charge migrated out of the pixel.
    pub const CHARGELOSS: u8 = 1 << 7;
}

/// Names of the pixel bits, from bit 0 on.
pub const PIXEL_NAMES: [&str; 32] = [
    "DO_NOT_USE",
    "SATURATED",
    "JUMP_DET",
    "DROPOUT",
    "OUTLIER",
    "PERSISTENCE",
    "AD_FLOOR",
    "CHARGELOSS",
    "RESERVED",
    "NON_SCIENCE",
    "DEAD",
    "HOT",
    "WARM",
    "LOW_QE",
    "RC",
    "TELEGRAPH",
    "NONLINEAR",
    "BAD_REF_PIXEL",
    "NO_FLAT_FIELD",
    "NO_GAIN_VALUE",
    "NO_LIN_CORR",
    "NO_SAT_CHECK",
    "UNRELIABLE_BIAS",
    "UNRELIABLE_DARK",
    "UNRELIABLE_SLOPE",
    "UNRELIABLE_FLAT",
    "OPEN",
    "ADJ_OPEN",
    "FLUX_ESTIMATED",
    "MSA_FAILED_OPEN",
    "OTHER_BAD_PIXEL",
    "REFERENCE_PIXEL",
];

/// The value of a pixel bit by its name; 0 for `GOOD`.
pub fn pixel_bit(name: &str) -> Option<u32> {
    if name == "GOOD" {
        return Some(0);
    }
    PIXEL_NAMES
        .iter()
        .position(|known| *known == name)
        .map(|bit| 1 << bit)
}

/// How often each bit is set in the elements of a quality array, from bit 0 on, and how many elements have none.
///
/// ```
/// use datamodels::dq::{count_bits, pixel};
/// let (counts, good) = count_bits([0, pixel::SATURATED, pixel::SATURATED | pixel::DO_NOT_USE]);
/// assert_eq!((counts[0], counts[1], good), (1, 2, 1));
/// ```
pub fn count_bits(quality: impl IntoIterator<Item = u32>) -> ([usize; 32], usize) {
    let (mut counts, mut good) = ([0; 32], 0);
    for mut flags in quality {
        good += usize::from(flags == 0);
        while flags != 0 {
            counts[flags.trailing_zeros() as usize] += 1;
            flags &= flags - 1;
        }
    }
    (counts, good)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_agree() {
        for (name, value) in [
            ("DO_NOT_USE", pixel::DO_NOT_USE),
            ("CHARGELOSS", pixel::CHARGELOSS),
            ("BAD_REF_PIXEL", pixel::BAD_REF_PIXEL),
            ("NO_GAIN_VALUE", pixel::NO_GAIN_VALUE),
            ("NO_SAT_CHECK", pixel::NO_SAT_CHECK),
            ("FLUX_ESTIMATED", pixel::FLUX_ESTIMATED),
            ("REFERENCE_PIXEL", pixel::REFERENCE_PIXEL),
        ] {
            assert_eq!(pixel_bit(name), Some(value), "{name}");
        }
        assert_eq!(pixel_bit("NO_SUCH_BIT"), None);
    }
}
