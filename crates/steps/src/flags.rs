//! JWST's quality bits as the algorithms take them.

use datamodels::dq::{group, pixel};
use stcal::flags::{GroupFlags, PixelFlags};

/// Bits of the group quality.
pub(crate) const GROUP: GroupFlags = GroupFlags {
    do_not_use: group::DO_NOT_USE,
    saturated: group::SATURATED,
    jump: group::JUMP_DET,
    ad_floor: group::AD_FLOOR,
    charge_loss: group::CHARGELOSS,
};

/// Bits of the pixel quality.
pub(crate) const PIXEL: PixelFlags = PixelFlags {
    do_not_use: pixel::DO_NOT_USE,
    saturated: pixel::SATURATED,
    jump: pixel::JUMP_DET,
    charge_loss: pixel::CHARGELOSS,
    flux_estimated: pixel::FLUX_ESTIMATED,
    no_gain_value: pixel::NO_GAIN_VALUE,
    no_lin_corr: pixel::NO_LIN_CORR,
    no_sat_check: pixel::NO_SAT_CHECK,
    reference_pixel: pixel::REFERENCE_PIXEL,
    bad_ref_pixel: pixel::BAD_REF_PIXEL,
};
