//! Tests with models made in memory.
