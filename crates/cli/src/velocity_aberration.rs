//! `set_velocity_aberration`, alone and as a subcommand of `jwst`.

use std::path::PathBuf;

use clap::{Args, CommandFactory as _, Parser};
use stpipe::Mission;

use crate::{Failure, Streams};

/// Write the keywords of velocity aberration (`VA_SCALE`, `VA_RA`, `VA_DEC`) into exposures
///
/// They follow from the telescope's velocity (`JWST_DX`, `JWST_DY`, `JWST_DZ`) and the reference point (`RA_REF`, `DEC_REF`).
#[derive(Debug, Parser)]
#[command(name = "set_velocity_aberration", disable_version_flag = true)]
struct Cli {
    #[command(flatten)]
    args: VelocityAberrationArgs,
}

/// Arguments.
#[derive(Debug, Args)]
pub(crate) struct VelocityAberrationArgs {
    /// Exposures, changed in place
    #[arg(required = true)]
    filename: Vec<PathBuf>,
    /// Kept for scripts; every kind of file is handled as what it is
    #[arg(short, long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(0..=1))]
    force_level1bmodel: u8,
}

/// Runs the program with the arguments after its name, and gives the exit status: 0, 1 for an error, 2 for wrong usage.
pub fn run(_mission: &dyn Mission, args: &[String], streams: &Streams) -> u8 {
    let name = "set_velocity_aberration";
    let words = std::iter::once(name).chain(args.iter().map(String::as_str));
    let cli = match Cli::try_parse_from(words) {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() => {
            streams.complain(&error.render().to_string());
            return 2;
        }
        Err(help) => return u8::from(streams.print(&help.render().to_string()).is_err()),
    };
    match set_all(&cli.args, streams) {
        Ok(()) => 0,
        Err(failure) => failure.report(name, streams),
    }
}

/// The command line of the program.
pub(crate) fn command() -> clap::Command {
    Cli::command()
}

/// Sets the keywords of all files, and prints the scale of each.
pub(crate) fn set_all(args: &VelocityAberrationArgs, streams: &Streams) -> Result<(), Failure> {
    for path in &args.filename {
        let done = steps::velocity_aberration::set_velocity_aberration(path)?;
        let scale = done.scale_factor;
        streams.print(&format!("{}: VA_SCALE = {scale}\n", path.display()))?;
    }
    Ok(())
}
