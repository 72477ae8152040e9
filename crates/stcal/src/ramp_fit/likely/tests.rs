//! Tests of the likelihood fit.
