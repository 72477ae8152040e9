//! Tables of parameters, references and pipelines, from their declarations.

use std::fmt::Write as _;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use pipelines::{Jwst, detector1, guider, image2, image3};
use stpipe::run::Entry;
use stpipe::{BaseParams, Mission as _, ParamSpec, ParamValue, Parameters as _, TaskSpec};

use super::cell;

fn spec(name: &str) -> Result<Arc<TaskSpec>> {
    let task = Jwst.tasks().iter().find(|task| {
        let spec = task.spec();
        spec.name == name || spec.alias == name
    });
    let task = task.with_context(|| format!("no step or pipeline {name}"))?;
    Ok(Arc::clone(task.spec()))
}

/// What a step does, its class, and the pipelines that have it.
pub(super) fn about(name: &str) -> Result<String> {
    let spec = spec(name)?;
    let tasks = Jwst.tasks().iter().map(|task| task.spec());
    let of = tasks.filter(|task| task.steps.iter().any(|step| step.name == spec.name));
    let pipelines: Vec<String> = of.map(|task| format!("`{}`", task.alias)).collect();
    let skip = spec
        .parameters
        .iter()
        .find(|parameter| parameter.name == "skip");
    let off = skip.is_some_and(|skip| skip.default == ParamValue::Bool(true));
    let places = if pipelines.is_empty() {
        "a step of its own".to_owned()
    } else {
        format!("in {}", pipelines.join(", "))
    };
    let state = if off {
        "; off unless asked for (`skip`)"
    } else {
        ""
    };
    Ok(format!(
        "{}.\n\n`strun {} FILE` (`{}`), {places}{state}.\n",
        spec.about,
        spec.alias,
        spec.class_name()
    ))
}

/// The parameters of a step or pipeline that not every step has.
pub(super) fn parameters(name: &str) -> Result<String> {
    let spec = spec(name)?;
    let own = spec
        .parameters
        .iter()
        .filter(|parameter| !BaseParams::specs().contains(parameter));
    let rows: Vec<&ParamSpec> = own.collect();
    if rows.is_empty() {
        return Ok("No parameters but those that every step has.\n".to_owned());
    }
    Ok(parameter_table(&rows))
}

/// The parameters that every step and pipeline has.
pub(super) fn base_parameters() -> String {
    parameter_table(&BaseParams::specs().iter().collect::<Vec<_>>())
}

fn parameter_table(rows: &[&ParamSpec]) -> String {
    let mut text =
        "| parameter | default | accepts | what it does |\n|---|---|---|---|\n".to_owned();
    for parameter in rows {
        let default = match &parameter.default {
            ParamValue::String(value) if value.is_empty() => "empty".to_owned(),
            ParamValue::List(items) if items.is_empty() => "none".to_owned(),
            ParamValue::Null => "None".to_owned(),
            value => format!("`{}`", value.to_text()),
        };
        let line = [
            &parameter.name,
            default.as_str(),
            &parameter.expected(),
            &parameter.help,
        ];
        let [name, default, accepts, help] = line.map(cell);
        add(
            &mut text,
            &format!("| `{name}` | {default} | {accepts} | {help} |\n"),
        );
    }
    text
}

/// The reference types that a step may ask for.
pub(super) fn references(name: &str) -> Result<String> {
    let spec = spec(name)?;
    if spec.references.is_empty() {
        return Ok("No reference files.\n".to_owned());
    }
    let kinds: Vec<String> = spec
        .references
        .iter()
        .map(|kind| format!("`{kind}`"))
        .collect();
    Ok(format!("Reference files: {}.\n", kinds.join(", ")))
}

/// The steps of a pipeline in their order, with the conditions under which they run.
pub(super) fn pipeline(name: &str) -> Result<String> {
    Ok(match name {
        "detector1 MIRI" => rows(detector1::MIRI),
        "detector1 NEAR_INFRARED" => rows(detector1::NEAR_INFRARED),
        "guider" => rows(guider::STEPS),
        "image2" => rows(image2::STEPS),
        "image3" => rows(image3::STEPS),
        other => bail!("no table of a pipeline {other}"),
    })
}

fn rows<M>(table: &[Entry<M>]) -> String {
    let mut text = "| | step | what it does | when |\n|---|---|---|---|\n".to_owned();
    for (index, entry) in table.iter().enumerate() {
        let condition = if entry.condition.is_empty() {
            "always"
        } else {
            entry.condition
        };
        let line = format!(
            "| {} | [{}](steps/{}.md) | {} | {} |\n",
            index + 1,
            entry.name,
            entry.name,
            cell(entry.about),
            cell(condition)
        );
        add(&mut text, &line);
    }
    text
}

/// Every pipeline and step with its page.
#[expect(clippy::unnecessary_wraps, reason = "like the other tables")]
pub(super) fn steps() -> Result<String> {
    let mut text = "| name | class | what it does |\n|---|---|---|\n".to_owned();
    for spec in own_specs() {
        let name = &spec.name;
        add(
            &mut text,
            &format!(
                "| [{name}]({name}.md) | `{}` | {} |\n",
                spec.class_name(),
                cell(&spec.about)
            ),
        );
    }
    Ok(text)
}

/// Steps that the book has no page for.
pub(super) fn steps_without_page() -> Vec<String> {
    let folder = super::workspace().join("docs/src/steps");
    let mut missing = Vec::new();
    for spec in own_specs() {
        let page = folder.join(format!("{}.md", spec.name));
        let text = std::fs::read_to_string(&page).unwrap_or_default();
        if !text.contains(&format!("<!-- begin parameters {} -->", spec.name)) {
            missing.push(format!(
                "{}: no table of the parameters of {}",
                page.display(),
                spec.name
            ));
        }
    }
    missing
}

/// The steps by name.
fn own_specs() -> Vec<TaskSpec> {
    let tasks = Jwst.tasks().iter().map(|task| task.spec().as_ref().clone());
    let mut specs: Vec<TaskSpec> = tasks.filter(|spec| !spec.is_pipeline()).collect();
    specs.sort_by(|a, b| a.name.cmp(&b.name));
    specs
}

fn add(text: &mut String, more: &str) {
    let written = text.write_str(more);
    debug_assert!(written.is_ok(), "writing to a string cannot fail");
}
