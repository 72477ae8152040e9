//! Tests of the parameters.
