//! `jwst completions` and `jwst man`: made from the same definitions as help.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, Args, Command, ValueHint};
use clap_complete::Shell;
use stpipe::{Kind, Mission, ParamSpec, TaskSpec};

use crate::strun::PROGRAM_OPTIONS;
use crate::{Failure, Streams};

/// Print what completes the command lines of a program in a shell
#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    shell: Shell,
    /// The program
    #[arg(long, default_value = "jwst")]
    program: String,
    /// Write a file for each program to this folder instead
    #[arg(short, long, value_name = "FOLDER", conflicts_with = "program")]
    output: Option<PathBuf>,
}

/// Print the manual page of a program
#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// The program, or a subcommand of jwst such as jwst-run
    #[arg(default_value = "jwst")]
    page: String,
    /// Write the pages of all programs to this folder instead
    #[arg(short, long, value_name = "FOLDER", conflicts_with = "page")]
    output: Option<PathBuf>,
}

/// Prints or writes completions.
pub(crate) fn completions(
    mission: &dyn Mission,
    jwst: Command,
    args: &CompletionsArgs,
    streams: &Streams,
) -> Result<(), Failure> {
    let mut programs = programs(mission, jwst);
    if let Some(folder) = &args.output {
        make(folder)?;
        for program in &mut programs {
            let name = program.get_name().to_owned();
            let written = clap_complete::generate_to(args.shell, program, name, folder);
            written.with_context(|| format!("cannot write to {}", folder.display()))?;
        }
        return Ok(());
    }
    let program = named(&mut programs, &args.program)?;
    let mut text = Vec::new();
    let name = args.program.clone();
    clap_complete::generate(args.shell, program, name, &mut text);
    Ok(streams.print(&String::from_utf8_lossy(&text))?)
}

/// Prints or writes manual pages.
pub(crate) fn man(
    mission: &dyn Mission,
    jwst: Command,
    args: &ManArgs,
    streams: &Streams,
) -> Result<(), Failure> {
    let mut programs = programs(mission, jwst);
    if let Some(folder) = &args.output {
        make(folder)?;
        for program in programs {
            let written = clap_mangen::generate_to(program, folder);
            written.with_context(|| format!("cannot write to {}", folder.display()))?;
        }
        return Ok(());
    }
    let mut subcommands = Vec::new();
    for program in &mut programs {
        program.build();
        let below = program.get_subcommands().map(|command| {
            let name = format!("{}-{}", program.get_name(), command.get_name());
            command.clone().name(name)
        });
        subcommands.extend(below);
    }
    programs.extend(subcommands);
    let page = named(&mut programs, &args.page)?.clone();
    let mut text = Vec::new();
    clap_mangen::Man::new(page).render(&mut text)?;
    Ok(streams.print(&String::from_utf8_lossy(&text))?)
}

fn make(folder: &Path) -> anyhow::Result<()> {
    let made = std::fs::create_dir_all(folder);
    made.with_context(|| format!("cannot make the folder {}", folder.display()))
}

fn named<'a>(programs: &'a mut [Command], name: &str) -> Result<&'a mut Command, Failure> {
    let known: Vec<String> = programs
        .iter()
        .map(|program| program.get_name().to_owned())
        .collect();
    let found = programs
        .iter_mut()
        .find(|program| program.get_name() == name);
    found.ok_or_else(|| {
        let known = known.join(", ");
        Failure::Usage(format!("unknown program {name:?}; known are {known}"))
    })
}

/// The command lines of all programs.
fn programs(mission: &dyn Mission, jwst: Command) -> Vec<Command> {
    let (_, version) = mission.software();
    let dated = |program: Command| program.version(version.to_owned());
    let velocity_aberration = crate::velocity_aberration::command();
    let mut programs = vec![jwst, strun(mission), velocity_aberration];
    programs = programs.into_iter().map(dated).collect();
    programs.extend(crate::asn::commands());
    programs
}

/// `strun` as far as shells and manuals need it; it reads its command line itself.
fn strun(mission: &dyn Mission) -> Command {
    let tasks = mission.tasks().iter().map(|task| task.spec());
    let commands = tasks.map(|spec| task(spec));
    Command::new("strun")
        .about("Run a step or a pipeline on a file")
        .disable_help_subcommand(true)
        .disable_help_flag(true)
        .disable_version_flag(true)
        .args(PROGRAM_OPTIONS.iter().map(|(name, takes_value, about)| {
            option((*name).to_owned(), *takes_value, (*about).to_owned())
        }))
        .subcommands(commands)
}

fn task(spec: &TaskSpec) -> Command {
    let mut command = Command::new(spec.alias.to_string())
        .about(spec.about.to_string())
        .disable_help_flag(true)
        .disable_version_flag(true);
    command = with_parameters(command, spec, "");
    for step in &spec.steps {
        command = with_parameters(command, step, &format!("steps.{}.", step.name));
    }
    let input = Arg::new("input")
        .help("Exposure or association")
        .value_hint(ValueHint::FilePath)
        .action(ArgAction::Append);
    command.arg(input)
}

fn with_parameters(command: Command, spec: &TaskSpec, prefix: &str) -> Command {
    let parameters = spec.all_parameters();
    let options = parameters.map(|parameter| parameter_option(&parameter, prefix));
    command.args(options.collect::<Vec<_>>())
}

fn parameter_option(parameter: &ParamSpec, prefix: &str) -> Arg {
    let name = format!("{prefix}{}", parameter.name);
    let help = format!("{} ({})", parameter.help, parameter.expected());
    let arg = option(name, true, help);
    match parameter.kind {
        Kind::Bool => arg.value_parser(PossibleValuesParser::new(["true", "false"])),
        _ if !parameter.choices.is_empty() && !matches!(parameter.kind, Kind::List(_)) => {
            arg.value_parser(PossibleValuesParser::new(parameter.choices))
        }
        _ => arg,
    }
}

fn option(name: String, takes_value: bool, help: String) -> Arg {
    let action = if takes_value {
        ArgAction::Set
    } else {
        ArgAction::SetTrue
    };
    let arg = Arg::new(name.clone()).long(name).help(help).action(action);
    if takes_value {
        arg.value_name("VALUE")
    } else {
        arg
    }
}
