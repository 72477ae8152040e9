//! `jwst`: everything that is not `strun`, as subcommands.

use clap::{Parser, Subcommand};
use stpipe::{Kind, Mission, ParamSpec, Settings, TaskSpec};
use tracing::level_filters::LevelFilter;

use crate::asn::AsnCommand;
use crate::crds::CrdsCommand;
#[cfg(feature = "demo")]
use crate::demo::{self, DemoArgs};
use crate::logging::{self, LogOptions};
use crate::strun::{
    self, Sources, choose, disabled_by_environment, open_references, parameter_options,
};
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
    /// Run a step or a pipeline, as the program strun does
    #[command(disable_help_flag = true)]
    Run {
        /// Arguments of strun
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// List pipelines and steps
    Steps,
    /// Show the parameters of a step or pipeline, and with a file their values and origins
    Params {
        /// Step, pipeline, class or parameter file
        step: String,
        /// An exposure, and parameters as --NAME=VALUE
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
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
        Command::Run { args } => return strun::run(mission, &args, streams),
        Command::Steps => streams
            .print(help::tasks(mission).trim_start())
            .map_err(Failure::from),
        Command::Params { step, args } => params(mission, &step, &args, streams),
        Command::Crds { command } => crate::crds::run(mission, &command, streams),
        Command::Asn { command } => crate::asn::run(mission, &command, streams),
        Command::SetVelocityAberration(args) => set_all(&args, streams),
        Command::Version => streams
            .print(&help::versions(mission))
            .map_err(Failure::from),
    };
    match done {
        Ok(()) => 0,
        Err(failure) => failure.report("jwst", streams),
    }
}

/// `jwst params`: declarations, or effective values with their origins.
fn params(
    mission: &dyn Mission,
    step: &str,
    args: &[String],
    streams: &Streams,
) -> Result<(), Failure> {
    let chosen = choose(mission, step)?;
    let words: Vec<String> = std::iter::once(step.to_owned())
        .chain(args.iter().cloned())
        .collect();
    let (options, inputs) = parameter_options(&words, &chosen)?;
    if inputs.is_empty() && options.is_empty() && chosen.file.is_none() {
        let mut text = String::new();
        declarations(chosen.task.spec(), "", &mut text);
        return Ok(streams.print(&text)?);
    }
    let references = open_references(mission, None);
    let sources = Sources {
        mission,
        references: (!disabled_by_environment()).then_some(references.as_ref()),
        chosen: &chosen,
        options: &options,
        input: inputs.first().map(String::as_str),
        members_anywhere: false,
    };
    let warnings = LogOptions {
        level: Some(LevelFilter::WARN),
        ..LogOptions::default()
    };
    let (dispatch, _) = logging::subscriber(&warnings, streams)?;
    let settings = tracing::dispatcher::with_default(&dispatch, || sources.settings())?;
    let mut text = String::new();
    effective(&settings, "", &mut text);
    Ok(streams.print(&text)?)
}

/// One line for each parameter: name, kind, default, purpose.
fn declarations(spec: &TaskSpec, prefix: &str, text: &mut String) {
    for parameter in spec.all_parameters() {
        let kind = kind_of(&parameter);
        let default = parameter.default.to_string();
        let name = format!("{prefix}{}", parameter.name);
        *text += format!("{name:44} {kind:14} {default:12} {}", parameter.help).trim_end();
        *text += "\n";
    }
    for step in &spec.steps {
        declarations(step, &format!("{prefix}steps.{}.", step.name), text);
    }
}

fn kind_of(parameter: &ParamSpec) -> String {
    match parameter.kind {
        Kind::List(kind) => format!("{} list", kind.name()),
        kind => kind.name().to_owned(),
    }
}

/// One line for each parameter: name, value, origin.
fn effective(settings: &Settings, prefix: &str, text: &mut String) {
    for (name, setting) in settings.iter() {
        let name = format!("{prefix}{name}");
        let value = setting.value.to_string();
        *text += format!("{name:44} {value:20} {}", setting.origin).trim_end();
        *text += "\n";
    }
    for step in settings.steps() {
        effective(step, &format!("{prefix}steps.{}.", step.name()), text);
    }
}
