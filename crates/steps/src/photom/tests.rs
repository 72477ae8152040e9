//! Tests of the choice of rows and factors.
