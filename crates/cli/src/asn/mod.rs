//! Programs for associations, each alone and as a subcommand of `jwst asn`.

mod edit;
mod from_list;
mod gather;
mod make_pool;

use clap::{Args, Subcommand};
use stpipe::Mission;

use crate::{Failure, Streams};

/// The programs as subcommands.
#[derive(Debug, Subcommand)]
pub(crate) enum AsnCommand {
    /// Create an association from a list of files
    FromList(from_list::FromList),
    /// Add files to an association, or remove them
    Edit(edit::Edit),
    /// Copy an association and its members to another folder
    Gather(gather::Gather),
    /// Create a pool from exposures
    MakePool(make_pool::MakePool),
}

/// A program: its arguments and what it does with them.
trait Tool: Args {
    const NAME: &'static str;

    fn run(&self, mission: &dyn Mission, streams: &Streams) -> Result<(), Failure>;
}

/// The command lines of the programs.
pub(crate) fn commands() -> Vec<clap::Command> {
    vec![
        command::<from_list::FromList>(),
        command::<edit::Edit>(),
        command::<gather::Gather>(),
        command::<make_pool::MakePool>(),
    ]
}

fn command<T: Tool>() -> clap::Command {
    T::augment_args(clap::Command::new(T::NAME))
}

/// Runs a subcommand of `jwst asn`.
pub(crate) fn run(
    mission: &dyn Mission,
    command: &AsnCommand,
    streams: &Streams,
) -> Result<(), Failure> {
    match command {
        AsnCommand::FromList(tool) => tool.run(mission, streams),
        AsnCommand::Edit(tool) => tool.run(mission, streams),
        AsnCommand::Gather(tool) => tool.run(mission, streams),
        AsnCommand::MakePool(tool) => tool.run(mission, streams),
    }
}

/// Runs `asn_from_list` with the arguments after its name, and gives the exit status: 0, 1 for an error, 2 for wrong
/// usage.
pub fn asn_from_list(mission: &dyn Mission, args: &[String], streams: &Streams) -> u8 {
    program::<from_list::FromList>(mission, args, streams)
}

/// Runs `asn_edit`; as [`asn_from_list`].
pub fn asn_edit(mission: &dyn Mission, args: &[String], streams: &Streams) -> u8 {
    program::<edit::Edit>(mission, args, streams)
}

/// Runs `asn_gather`; as [`asn_from_list`].
pub fn asn_gather(mission: &dyn Mission, args: &[String], streams: &Streams) -> u8 {
    program::<gather::Gather>(mission, args, streams)
}

/// Runs `asn_make_pool`; as [`asn_from_list`].
pub fn asn_make_pool(mission: &dyn Mission, args: &[String], streams: &Streams) -> u8 {
    program::<make_pool::MakePool>(mission, args, streams)
}

fn program<T: Tool>(mission: &dyn Mission, args: &[String], streams: &Streams) -> u8 {
    let words = std::iter::once(T::NAME).chain(args.iter().map(String::as_str));
    let parsed = command::<T>()
        .try_get_matches_from(words)
        .and_then(|matches| T::from_arg_matches(&matches));
    let tool = match parsed {
        Ok(tool) => tool,
        Err(error) if error.use_stderr() => {
            streams.complain(&error.render().to_string());
            return 2;
        }
        Err(help) => return u8::from(streams.print(&help.render().to_string()).is_err()),
    };
    match tool.run(mission, streams) {
        Ok(()) => 0,
        Err(failure) => failure.report(T::NAME, streams),
    }
}
