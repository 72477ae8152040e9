//! Tests of the fit with fixed weights.
