//! The `jwst` program.

fn main() {}
