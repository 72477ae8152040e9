//! The program `strun`, on JWST.

use std::process::ExitCode;

fn main() -> ExitCode {
    jwst::main("strun", jwst::strun::run, &pipelines::Jwst)
}
