//! Golden and end-to-end tests across the crates; see `tests/`.
