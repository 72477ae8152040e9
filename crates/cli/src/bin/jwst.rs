//! The program `jwst`, on JWST.

use std::process::ExitCode;

fn main() -> ExitCode {
    jwst::main("jwst", jwst::jwst, &pipelines::Jwst)
}
