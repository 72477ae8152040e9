//! The program `set_velocity_aberration`.

use std::process::ExitCode;

fn main() -> ExitCode {
    let program = "set_velocity_aberration";
    jwst::main(program, jwst::set_velocity_aberration, &pipelines::Jwst)
}
