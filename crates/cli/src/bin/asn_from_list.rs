//! The program `asn_from_list`.

use std::process::ExitCode;

fn main() -> ExitCode {
    jwst::main("asn_from_list", jwst::asn_from_list, &pipelines::Jwst)
}
