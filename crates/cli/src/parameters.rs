//! `jwst params`: what can be set, and with files what is in effect and where it comes from.

use clap::Args;
use serde_json::{Value, json};
use stpipe::{Kind, Mission, ParamSpec, ParamValue, Settings, TaskSpec};
use tracing::level_filters::LevelFilter;

use crate::logging::{self, LogOptions};
use crate::strun::{
    Chosen, Sources, choose, disabled_by_environment, open_references, parameter_options,
};
use crate::{Failure, Streams};

/// Show the parameters of a step or pipeline, and with files their values and origins
#[derive(Debug, Args)]
pub(crate) struct ParamsArgs {
    /// Step, pipeline, class or parameter file
    step: String,
    /// Exposures or associations, and parameters as --NAME=VALUE; --json for an object on each line
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    args: Vec<String>,
}

/// Prints declarations, or the effective values for each file.
pub(crate) fn run(
    mission: &dyn Mission,
    args: &ParamsArgs,
    streams: &Streams,
) -> Result<(), Failure> {
    let mut words = vec![args.step.clone()];
    words.extend(args.args.iter().filter(|word| *word != "--json").cloned());
    let as_json = words.len() <= args.args.len();
    let chosen = choose(mission, &args.step)?;
    let (options, inputs) = parameter_options(&words, &chosen)?;
    let is_bare = inputs.is_empty() && chosen.file.is_none();
    if is_bare && options == stpipe::ConfigTree::default() {
        let text = declarations(chosen.task.spec(), as_json);
        return Ok(streams.print(&text)?);
    }
    let references = open_references(mission, None);
    let warnings = LogOptions {
        level: Some(LevelFilter::WARN),
        ..LogOptions::default()
    };
    let log = logging::start(&warnings, streams)?;
    let files: Vec<Option<&str>> = match inputs.as_slice() {
        [] => vec![None],
        inputs => inputs.iter().map(|input| Some(input.as_str())).collect(),
    };
    for (number, input) in files.iter().enumerate() {
        let sources = Sources {
            mission,
            references: (!disabled_by_environment()).then_some(references.as_ref()),
            chosen: &chosen,
            options: &options,
            input: *input,
            members_anywhere: false,
        };
        let settings = tracing::dispatcher::with_default(&log.dispatch, || sources.settings())?;
        let text = if as_json {
            format!("{}\n", effective_json(&chosen, *input, &settings))
        } else {
            let title = input.filter(|_| files.len() > 1);
            let gap = if number == 0 { "" } else { "\n" };
            let title = title.map_or(String::new(), |input| format!("{gap}{input}\n"));
            let mut text = title;
            each(&settings, "", &mut |name, value, origin| {
                let value = value.to_string();
                text += format!("{name:44} {value:20} {origin}").trim_end();
                text += "\n";
            });
            text
        };
        streams.print(&text)?;
    }
    Ok(())
}

/// One line for each parameter: name, kind, default, purpose; or an object each.
fn declarations(spec: &TaskSpec, as_json: bool) -> String {
    let mut text = String::new();
    each_declaration(spec, "", &mut |name, parameter| {
        let line = if as_json {
            declaration_json(name, parameter).to_string()
        } else {
            let (kind, default) = (kind_of(parameter), parameter.default.to_string());
            format!("{name:44} {kind:14} {default:12} {}", parameter.help)
        };
        text += line.trim_end();
        text += "\n";
    });
    text
}

fn each_declaration(spec: &TaskSpec, prefix: &str, visit: &mut dyn FnMut(&str, &ParamSpec)) {
    for parameter in spec.all_parameters() {
        visit(&format!("{prefix}{}", parameter.name), &parameter);
    }
    for step in &spec.steps {
        each_declaration(step, &format!("{prefix}steps.{}.", step.name), visit);
    }
}

fn declaration_json(name: &str, parameter: &ParamSpec) -> Value {
    json!({
        "name": name,
        "kind": kind_of(parameter),
        "optional": parameter.optional,
        "default": value_json(&parameter.default),
        "min": parameter.min,
        "max": parameter.max,
        "choices": parameter.choices,
        "help": parameter.help,
    })
}

fn kind_of(parameter: &ParamSpec) -> String {
    match parameter.kind {
        Kind::List(kind) => format!("{} list", kind.name()),
        kind => kind.name().to_owned(),
    }
}

/// Every parameter with its value and origin, the steps' after the task's own.
fn each(
    settings: &Settings,
    prefix: &str,
    visit: &mut dyn FnMut(&str, &ParamValue, &stpipe::Origin),
) {
    for (name, setting) in settings.iter() {
        visit(&format!("{prefix}{name}"), &setting.value, &setting.origin);
    }
    for step in settings.steps() {
        each(step, &format!("{prefix}steps.{}.", step.name()), visit);
    }
}

fn effective_json(chosen: &Chosen, input: Option<&str>, settings: &Settings) -> Value {
    let mut parameters = Vec::new();
    each(settings, "", &mut |name, value, origin| {
        let origin = origin.to_string();
        parameters.push(json!({"name": name, "value": value_json(value), "origin": origin}));
    });
    json!({
        "task": chosen.task.spec().alias,
        "file": input,
        "parameters": parameters,
    })
}

fn value_json(value: &ParamValue) -> Value {
    match value {
        ParamValue::Null => Value::Null,
        ParamValue::Bool(value) => json!(value),
        ParamValue::Int(value) => json!(value),
        ParamValue::Float(value) => json!(value),
        ParamValue::String(text) => json!(text),
        ParamValue::List(items) => items.iter().map(value_json).collect(),
    }
}
