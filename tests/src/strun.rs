//! The program `strun`, for the tests of this package.

use std::process::ExitCode;

fn main() -> ExitCode {
    jwst::main("strun", jwst::strun::run, &pipelines::Jwst)
}
