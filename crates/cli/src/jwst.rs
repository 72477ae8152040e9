//! `jwst`: everything that is not `strun`, as subcommands.

use clap::{CommandFactory as _, Parser, Subcommand};
use stpipe::Mission;

use crate::asn::AsnCommand;
use crate::batch;
use crate::crds::CrdsCommand;
#[cfg(feature = "demo")]
use crate::demo::{self, DemoArgs};
use crate::diff::{self, DiffArgs};
use crate::explain::{self, ExplainArgs};
use crate::info::{self, InfoArgs};
use crate::manual::{self, CompletionsArgs, ManArgs};
use crate::parameters::{self, ParamsArgs};
use crate::preview::{self, PreviewArgs};
use crate::run_report::{self, ReportArgs};
use crate::velocity_aberration::{VelocityAberrationArgs, set_all};
use crate::{Failure, Streams, help};

/// Calibrate JWST exposures
#[derive(Debug, Parser)]
#[command(name = "jwst", disable_version_flag = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Calibrate bundled exposures to a mosaic and a catalogue, and compare them with what was simulated
    #[cfg(feature = "demo")]
    Demo(DemoArgs),
    /// Run a step or a pipeline on files, as the program strun does on one: side by side, resumed, within a memory limit
    #[command(disable_help_flag = true)]
    Run {
        /// Arguments of strun; --jobs=N, --resume, --memory=LIMIT
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// List pipelines and steps
    Steps,
    Explain(ExplainArgs),
    Params(ParamsArgs),
    Info(InfoArgs),
    Diff(DiffArgs),
    /// Draw a product as a picture
    Preview(Box<PreviewArgs>),
    /// Write a page about a run: pictures, and what each step flagged and changed
    Report(ReportArgs),
    /// Ask the reference system, and care for its cache
    Crds {
        #[command(subcommand)]
        command: CrdsCommand,
    },
    /// Make and change associations
    Asn {
        #[command(subcommand)]
        command: AsnCommand,
    },
    /// Write the keywords of velocity aberration into exposures
    SetVelocityAberration(VelocityAberrationArgs),
    Completions(CompletionsArgs),
    Man(ManArgs),
    /// Show versions
    Version,
}

/// Runs `jwst` with the arguments after its name, and gives the exit status: 0, 1 for an error, 2
/// for wrong usage.
pub fn run(mission: &dyn Mission, args: &[String], streams: &Streams) -> u8 {
    let words = std::iter::once("jwst").chain(args.iter().map(String::as_str));
    let command = match Cli::try_parse_from(words) {
        Ok(cli) => cli.command,
        Err(error) if error.use_stderr() => {
            streams.complain(&error.render().to_string());
            return 2;
        }
        Err(help) => return u8::from(streams.print(&help.render().to_string()).is_err()),
    };
    let done = match command {
        #[cfg(feature = "demo")]
        Command::Demo(args) => demo::run(mission, &args, streams),
        Command::Run { args } => return batch::run(mission, &args, streams),
        Command::Steps => streams
            .print(help::tasks(mission).trim_start())
            .map_err(Failure::from),
        Command::Explain(args) => explain::run(mission, &args, streams),
        Command::Params(args) => parameters::run(mission, &args, streams),
        Command::Info(args) => info::run(&args, streams),
        Command::Diff(args) => return diff::run(&args, streams),
        Command::Preview(args) => preview::run(*args, streams),
        Command::Report(args) => run_report::run(args, streams),
        Command::Crds { command } => crate::crds::run(mission, &command, streams),
        Command::Asn { command } => crate::asn::run(mission, &command, streams),
        Command::SetVelocityAberration(args) => set_all(&args, streams),
        Command::Completions(args) => manual::completions(mission, Cli::command(), &args, streams),
        Command::Man(args) => manual::man(mission, Cli::command(), &args, streams),
        Command::Version => streams
            .print(&help::versions(mission))
            .map_err(Failure::from),
    };
    match done {
        Ok(()) => 0,
        Err(failure) => failure.report("jwst", streams),
    }
}
