//! The program `jwst`.

use std::process::ExitCode;

fn main() -> ExitCode {
    jwst::main("jwst", jwst::jwst)
}
