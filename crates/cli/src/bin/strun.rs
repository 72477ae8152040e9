//! The program `strun`.

use std::process::ExitCode;

fn main() -> ExitCode {
    jwst::main("strun", jwst::strun::run)
}
