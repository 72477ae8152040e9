//! Detector calibration algorithms on plain arrays, for any mission.
//!
//! Every function takes array views and plain structs, works in place where it can, does no I/O, prints nothing,
//! starts no thread and knows no instrument. A ramp is `(integration, group, row, column)`; callers that want
//! parallelism split it into bands of rows, integrations or images and call the same functions on the parts.

#![allow(
    clippy::needless_pass_by_value,
    reason = "a view is handed over by value, as it is all over ndarray: it is a pointer with a shape"
)]
#![expect(
    clippy::inline_always,
    reason = "vector instructions are chosen when the program runs: only what is inlined there is compiled for them"
)]

pub mod background;
pub mod bias;
mod box_mesh;
pub mod charge_migration;
pub mod clean_flicker_noise;
pub mod dark;
pub mod dq_init;
pub mod emicorr;
pub mod flags;
pub mod flat_field;
pub mod group_flags;
pub mod guider;
pub mod ipc;
pub mod irs2;
pub mod jump;
pub mod linearity;
mod median;
pub mod outlier_detection;
pub mod persistence;
pub mod photom;
pub mod picture_frame;
mod plane_rows;
pub mod ramp_fit;
pub mod ranks;
pub mod rate_image;
pub mod read_pattern;
pub mod refpix;
pub mod reset;
pub mod rscd;
mod sample_bits;
pub mod saturation;
pub mod scaling;
pub mod shape;
mod sigma_clip;
pub mod simd;
pub mod skymatch;
mod sorting_network;
pub mod source_finding;
pub mod source_photometry;
pub mod spherical_polygon;
pub mod tweakreg;
pub mod velocity_aberration;
