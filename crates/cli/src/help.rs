//! Help texts, made from the declarations of the parameters.

use std::fmt::Write as _;

use stpipe::{BaseParams, Mission, ParamSpec, ParamValue, Parameters as _, TaskSpec};

use crate::strun::PROGRAM_OPTIONS;

/// Widest column of option names.
const WIDTH: usize = 40;

/// Versions of the programs' packages, one a line.
pub fn versions(mission: &dyn Mission) -> String {
    let (name, version) = mission.software();
    format!("stpipe: {}\n{name}: {version}\n", env!("CARGO_PKG_VERSION"))
}

/// What `strun --help` says.
pub fn general(mission: &dyn Mission) -> String {
    let mut text = "Run a step or a pipeline on a file.\n\n\
        Usage: strun [OPTIONS] <STEP, PIPELINE, CLASS OR PARAMETER FILE> [PARAMETERS] <INPUT>...\n\
        \nOptions:\n"
        .to_owned();
    add_program_options(&mut text);
    text += "\n`strun <STEP> --help` lists the parameters of a step or pipeline.\n";
    text + &tasks(mission)
}

/// Pipelines and steps with one sentence each.
pub fn tasks(mission: &dyn Mission) -> String {
    let mut text = String::new();
    for (title, of_pipelines) in [("Pipelines", true), ("Steps", false)] {
        let specs = mission.tasks().iter().map(|task| task.spec());
        let specs: Vec<_> = specs
            .filter(|spec| spec.is_pipeline() == of_pipelines)
            .collect();
        if specs.is_empty() {
            continue;
        }
        add(&mut text, &format!("\n{title}:\n"));
        for spec in specs {
            let names = format!("{} ({})", spec.alias, spec.class_name());
            add_row(&mut text, &names, &spec.about);
        }
    }
    text
}

/// What `strun <task> --help` says.
pub fn task(spec: &TaskSpec) -> String {
    let mut text = format!(
        "{}\n\nUsage: strun {} [OPTIONS] [PARAMETERS] <INPUT>...\n\nOptions:\n",
        spec.about, spec.alias
    );
    add_program_options(&mut text);
    text += "\nParameters, as --NAME=VALUE:\n";
    let own = spec.all_parameters();
    own.for_each(|parameter| add_parameter(&mut text, "", &parameter));
    for step in &spec.steps {
        add(&mut text, &format!("\n{}: {}\n", step.name, step.about));
        let prefix = format!("steps.{}.", step.name);
        for parameter in step.all_parameters().filter(|parameter| is_own(parameter)) {
            add_parameter(&mut text, &prefix, &parameter);
        }
    }
    if spec.is_pipeline() {
        let base: Vec<_> = BaseParams::specs()
            .iter()
            .map(|p| p.name.as_ref())
            .collect();
        add(
            &mut text,
            &format!(
                "\nEvery step also has --steps.<STEP>.<NAME> for config_file (a parameter file for it) and\n{}.\n",
                base.join(", ")
            ),
        );
    }
    text
}

/// A parameter that differs from what every step has.
fn is_own(parameter: &ParamSpec) -> bool {
    !BaseParams::specs().contains(parameter)
}

/// A parameter with its kind, limits, default and purpose.
pub(crate) fn add_parameter(text: &mut String, prefix: &str, parameter: &ParamSpec) {
    let name = format!("--{prefix}{}", parameter.name);
    let default = match &parameter.default {
        ParamValue::Null => String::new(),
        ParamValue::String(value) if value.is_empty() => String::new(),
        ParamValue::List(items) if items.is_empty() => String::new(),
        value => format!("; default {}", value.to_text()),
    };
    let help = if parameter.help.is_empty() {
        String::new()
    } else {
        format!("{} ", parameter.help)
    };
    add_row(
        text,
        &name,
        &format!("{help}({}{default})", parameter.expected()),
    );
}

fn add_program_options(text: &mut String) {
    for (name, takes_value, about) in PROGRAM_OPTIONS {
        let short = match *name {
            "help" => ", -h",
            "verbose" => ", -v",
            _ => "",
        };
        let value = if *takes_value { "=VALUE" } else { "" };
        add_row(text, &format!("--{name}{value}{short}"), about);
    }
}

fn add_row(text: &mut String, name: &str, about: &str) {
    if name.len() > WIDTH {
        add(text, &format!("  {name}\n  {:WIDTH$}  {about}\n", ""));
    } else {
        add(text, &format!("  {name:WIDTH$}  {about}\n"));
    }
}

fn add(text: &mut String, more: &str) {
    let written = text.write_str(more);
    debug_assert!(written.is_ok(), "writing to a string cannot fail");
}
