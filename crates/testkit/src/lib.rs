//! What the tests of this workspace share: comparison of products, golden cases, synthetic ramps.

pub mod compare;
pub mod golden;
pub mod ramp;
pub mod random;
