//! The program `asn_gather`.

use std::process::ExitCode;

fn main() -> ExitCode {
    jwst::main("asn_gather", jwst::asn_gather, &pipelines::Jwst)
}
