//! Calibrate JWST exposures: what the programs `strun` and `jwst` share.
//!
//! Nothing in here is science: arguments become settings, settings a run, errors an exit status.
//! Everything works on a [`Mission`] and on [`Streams`], so that tests can give
//! their own.

mod amount;
mod asn;
mod batch;
pub mod crds;
#[cfg(feature = "demo")]
mod demo;
mod diff;
mod explain;
mod heap;
pub mod help;
mod info;
mod jwst;
pub mod logging;
mod manual;
mod output;
mod parameters;
mod preview;
mod progress;
mod report;
mod run_report;
mod streams;
pub mod strun;
mod velocity_aberration;

pub use asn::{asn_edit, asn_from_list, asn_gather, asn_make_pool};
pub use jwst::run as jwst;
pub use report::{Failure, catalogue};
pub use streams::Streams;
pub use velocity_aberration::run as set_velocity_aberration;

use std::process::ExitCode;

use stpipe::Mission;

/// What a program does with the arguments after its name; gives the exit status.
pub type Program = fn(&dyn Mission, &[String], &Streams) -> u8;

/// Runs a program on the arguments of the process and the standard streams.
pub fn main(name: &str, program: Program, mission: &dyn Mission) -> ExitCode {
    heap::share();
    let streams = Streams::standard();
    match strun::arguments() {
        Ok(args) => ExitCode::from(program(mission, &args, &streams)),
        Err(error) => ExitCode::from(Failure::from(error).report(name, &streams)),
    }
}
