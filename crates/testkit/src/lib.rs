//! What the tests of this workspace share: comparison of products, golden cases, synthetic ramps.

pub mod golden;
pub mod ramp;
pub mod random;

pub use compare;
