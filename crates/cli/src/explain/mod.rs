//! `jwst explain`: what a step or pipeline does, from its declarations and the documentation of the code that does it.

mod method;

use std::fmt::Write as _;

use clap::Args;
use stpipe::{BaseParams, Mission, Parameters as _, TaskSpec};

use crate::strun::choose;
use crate::{Failure, Streams, help};

/// Explain a step or pipeline: its method in words and formulas, parameters, reference files, sources
#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// Step, pipeline or class
    step: String,
}

/// Prints the explanation.
pub(crate) fn run(
    mission: &dyn Mission,
    args: &ExplainArgs,
    streams: &Streams,
) -> Result<(), Failure> {
    let chosen = choose(mission, &args.step)?;
    let spec = chosen.task.spec();
    let text = if spec.is_pipeline() {
        pipeline(mission, spec)
    } else {
        step(mission, spec)
    };
    Ok(streams.print(&text)?)
}

fn pipeline(mission: &dyn Mission, spec: &TaskSpec) -> String {
    let mut text = heading(spec);
    let orders = mission.orders(&spec.alias);
    for order in &orders {
        let whose = match order.exposures {
            "" => String::new(),
            exposures => format!(" for {exposures}"),
        };
        add(&mut text, &format!("\nSteps in their order{whose}\n"));
        for turn in &order.turns {
            add(&mut text, &turn_line(spec, turn.name, turn.condition));
        }
    }
    if orders.is_empty() {
        text += "\nSteps, in the order of the parameters\n";
        for step in &spec.steps {
            add(&mut text, &turn_line(spec, &step.name, ""));
        }
    }
    text += "\n`jwst explain STEP` says more of a step, and for which exposures it does nothing.\n";
    parameters(spec, &mut text);
    text
}

/// A step of a pipeline with the condition under which it runs.
fn turn_line(pipeline: &TaskSpec, name: &str, condition: &str) -> String {
    let step = pipeline.sub_step(name);
    let about = step.map_or("", |step| step.about.as_ref());
    let is_off = step
        .and_then(|step| step.parameter("skip"))
        .is_some_and(|skip| skip.default.as_bool() == Some(true));
    let off = if is_off {
        " (off unless asked for)"
    } else {
        ""
    };
    let condition = match condition {
        "" => String::new(),
        words => format!(" (if {words})"),
    };
    format!("  {name:20} {about}{condition}{off}\n")
}

fn step(mission: &dyn Mission, spec: &TaskSpec) -> String {
    let mut text = heading(spec);
    let tasks = mission.tasks().iter().map(|task| task.spec());
    let pipelines: Vec<&str> = tasks
        .filter(|pipeline| pipeline.sub_step(&spec.name).is_some())
        .map(|pipeline| pipeline.alias.as_ref())
        .collect();
    row(&mut text, "pipelines", &pipelines.join(", "));
    row(&mut text, "references", &spec.references.join(", "));
    for section in method::of(&spec.name) {
        add(&mut text, &format!("\n{section}"));
    }
    parameters(spec, &mut text);
    text
}

fn heading(spec: &TaskSpec) -> String {
    let mut text = format!("{}: {}\n\n", spec.alias, spec.about);
    row(&mut text, "class", &spec.class);
    text
}

fn row(text: &mut String, name: &str, value: &str) {
    if !value.is_empty() {
        add(text, &format!("  {name:12} {value}\n"));
    }
}

/// What the task has beside the parameters of all.
fn parameters(spec: &TaskSpec, text: &mut String) {
    let base = BaseParams::specs();
    let own: Vec<_> = spec
        .all_parameters()
        .filter(|parameter| !base.iter().any(|base| base.name == parameter.name))
        .collect();
    if !own.is_empty() {
        text.push_str("\nParameters, beside those that every step has\n");
    }
    for parameter in own {
        help::add_parameter(text, "", &parameter);
    }
}

fn add(text: &mut String, more: &str) {
    let written = text.write_str(more);
    debug_assert!(written.is_ok(), "writing to a string cannot fail");
}
