//! Tests of ramp fitting.
