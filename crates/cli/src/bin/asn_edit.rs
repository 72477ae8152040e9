//! The program `asn_edit`.

use std::process::ExitCode;

fn main() -> ExitCode {
    jwst::main("asn_edit", jwst::asn_edit, &pipelines::Jwst)
}
