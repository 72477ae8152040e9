//! The program `asn_make_pool`.

use std::process::ExitCode;

fn main() -> ExitCode {
    jwst::main("asn_make_pool", jwst::asn_make_pool, &pipelines::Jwst)
}
