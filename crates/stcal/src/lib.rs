//! Detector calibration algorithms on plain arrays, for any mission.
//!
//! Every function takes array views and plain structs, works in place where it can, does no I/O, prints nothing,
//! starts no thread and knows no instrument. A ramp is `(integration, group, row, column)`; callers that want
//! parallelism split it into bands of rows, integrations or images and call the same functions on the parts.

pub mod flags;
pub mod jump;
pub mod ramp_fit;
