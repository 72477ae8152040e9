//! The `strun` program.

fn main() {}
