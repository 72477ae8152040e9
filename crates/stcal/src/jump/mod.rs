//! Detection of cosmic rays and other jumps in ramps.
//!
//! A cosmic ray adds charge between two groups of a ramp, so the difference of the two stands out from the median
//! difference of the pixel:
//!
//! ```text
//! d_g     = s_(g+1) - s_g                                   difference [e-]
//! sigma^2 = |median(d)| + read_noise^2 / n_frames           [e-^2]
//! jump    where |d_g - median(d)| > threshold * sigma
//! ```
//!
//! The signal is taken times the gain, because photon noise needs electrons; `read_noise` is that of a difference of
//! two frames. The jump is flagged in the later of the two groups.
//!
//! # The stages
//! Each stage is a serial function of a part of the exposure; callers run the parts in parallel if they like. The
//! result has the same bits whatever the parts are.
//!
//! | stage | part | what it does |
//! |---|---|---|
//! | [`flag_bad_gain`] | image | marks pixels without a usable gain |
//! | [`JumpPlan::new`] | exposure, cheap | picks the method from the number of usable groups |
//! | [`JumpPlan::detect_band`] | band of rows | flags primary jumps, remembers one bit a sample for the next stages |
//! | [`Hits::join`], [`Hits::release_full_groups`] | exposure, cheap | puts the bands together |
//! | [`JumpPlan::follow_band`] | band of rows | flags neighbours and the groups after large jumps, tidies the flags |
//! | [`flag_snowballs`] | integration | large events with a saturated core |
//! | [`flag_cores_of_previous_integration`] | integration | the persistence of those cores |
//! | [`ShowerNoise::of_band`], [`find_showers`], [`flag_showers`] | band, groups that follow each other, integration | faint extended showers |
//!
//! [`detect_jumps`] runs them one after another.
//!
//! # Source
//! stcal 1.20.0, `jump/jump.py::detect_jumps_data` and `jump/twopoint_difference.py`; Anderson & Gordon 2011, PASP 123,
//! 1237, doi:10.1086/662593 (two-point difference method); Regan 2024, PASP 136, 114503 and
//! JWST-STScI-008545 (snowballs and showers). The group flags are those of the reference bit for bit, but for the
//! smoothing of showers (see [`find_showers`]).

#![allow(
    clippy::needless_pass_by_value,
    reason = "views of arrays are handed over by value, as ndarray's own functions do"
)]
#![allow(
    clippy::needless_range_loop,
    reason = "a column is an index into several arrays at once"
)]
#![allow(
    clippy::needless_bitwise_bool,
    clippy::manual_midpoint,
    reason = "without branches and calls, loops over columns become vector instructions"
)]

mod after;
mod census;
mod detect;
mod diffs;
mod ellipse;
mod error;
mod iterative;
mod median;
mod params;
mod plan;
mod region;
mod run;
mod selection;
mod shower;
mod sigma_clip;
mod smooth;
mod snowball;

#[cfg(test)]
mod tests;

pub use crate::sample_bits::SampleBits;
pub use census::{GroupCensus, count_do_not_use_groups};
pub use detect::BandHits;
pub use ellipse::Ellipse;
pub use error::JumpError;
pub use params::{
    AfterJump, CoreExtension, DetectionParams, JumpParams, NeighbourWindow, ShowerParams,
    SigmaClipGroups, SnowballParams,
};
pub use plan::{Hits, JumpPlan, Method};
pub use run::{Exposure, JumpSummary, detect_jumps, flag_bad_gain};
pub use shower::{ShowerInput, ShowerNoise, find_showers, flag_showers, showers_possible};
pub use snowball::{
    CoreMask, FreshSaturation, SaturatedCores, Snowballs, flag_cores_of_previous_integration,
    flag_group, flag_snowballs,
};
