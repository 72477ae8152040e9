//! What a file says, for people.

use serde_json::Value;

use super::Info;
use super::coordinates::Coordinates;
use super::history::{Parameter, StepRecord};
use super::structure::Hdu;

pub(super) fn of(info: &Info, all_parameters: bool) -> String {
    let model = info
        .model
        .as_deref()
        .map_or(String::new(), |model| format!("{model}, "));
    let mut text = format!(
        "{}: {model}{}, {}\n",
        info.file.display(),
        info.format,
        crate::crds::bytes(info.bytes)
    );
    let exposure = info.exposure.iter();
    let lines = exposure.map(|(name, value)| format!("{name:18} {value}"));
    section(&mut text, "Exposure", lines);
    section(&mut text, "HDUs", info.hdus.iter().enumerate().map(hdu));
    section(
        &mut text,
        "Tree",
        info.tree
            .iter()
            .map(|leaf| format!("{:50} {}", leaf.path, leaf.value)),
    );
    section(&mut text, "Steps", info.steps.iter().map(step));
    references(info, &mut text);
    section(
        &mut text,
        "Parameters that are not at their defaults",
        info.parameters
            .iter()
            .filter(|parameter| !all_parameters && parameter.origin != "default")
            .map(parameter),
    );
    let every = info.parameters.iter().filter(|_| all_parameters);
    section(&mut text, "Parameters", every.map(parameter));
    if let Some(coordinates) = &info.coordinates {
        section(
            &mut text,
            "Coordinates",
            coordinates_lines(coordinates).into_iter(),
        );
    }
    for quality in &info.quality {
        let title = format!("Quality in {}", quality.hdu);
        let share = |count: usize| 100.0 * count as f64 / quality.elements.max(1) as f64;
        let line =
            |name: &str, count: usize| format!("{name:18} {count:>12} {:>9.4} %", share(count));
        let bits = quality.bits.iter().map(|(name, count)| line(name, *count));
        let good = std::iter::once(line("(no flag)", quality.good));
        section(&mut text, &title, good.chain(bits));
    }
    text
}

fn section(text: &mut String, title: &str, lines: impl Iterator<Item = String>) {
    let mut lines = lines.peekable();
    if lines.peek().is_none() {
        return;
    }
    let line = format!("\n{title}\n");
    *text += &line;
    for line in lines {
        let line = format!("  {}\n", line.trim_end());
        *text += &line;
    }
}

fn hdu((number, hdu): (usize, &Hdu)) -> String {
    let name = match hdu.version {
        1 => hdu.name.clone(),
        version => format!("{},{version}", hdu.name),
    };
    let unit = hdu
        .unit
        .as_deref()
        .map_or(String::new(), |unit| format!(" [{unit}]"));
    let content = match hdu.kind {
        "image" => {
            let kind = hdu.datatype.as_deref().unwrap_or_default();
            let shape: Vec<String> = hdu.shape.iter().map(usize::to_string).collect();
            format!("{kind:8} {}{unit}", shape.join(" x "))
        }
        "table" => {
            let columns: Vec<String> = hdu
                .columns
                .iter()
                .map(|(name, kind)| format!("{name} {kind}"))
                .collect();
            let rows = hdu.shape.first().unwrap_or(&0);
            let word = if *rows == 1 { "row" } else { "rows" };
            format!("{rows} {word}: {}", shortened(&columns.join(", "), 120))
        }
        _ => "-".to_owned(),
    };
    format!("{number:3} {name:14} {:6} {content}", hdu.kind)
}

fn shortened(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((end, _)) => format!("{} ...", &text[..end]),
        None => text.to_owned(),
    }
}

fn step(step: &StepRecord) -> String {
    let found: Vec<String> = step
        .found
        .iter()
        .map(|(name, value)| format!("{} {}", name.replace('_', " "), plain(value)))
        .collect();
    let detail = step.reason.clone().unwrap_or_else(|| found.join(", "));
    format!("{:20} {:10} {detail}", step.step, step.status)
}

fn references(info: &Info, text: &mut String) {
    let made = info
        .context
        .iter()
        .map(|context| format!("{:18} {context}", "context"));
    let version = info
        .version
        .iter()
        .map(|version| format!("{:18} {version}", "jwst"));
    let files = info
        .references
        .iter()
        .map(|file| format!("{:18} {}", file.kind, file.name));
    section(
        text,
        "References and versions",
        version.chain(made).chain(files),
    );
}

fn parameter(parameter: &Parameter) -> String {
    let value = plain(&parameter.value);
    format!("{:60} {value:20} {}", parameter.name, parameter.origin)
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "None".to_owned(),
        value => value.to_string(),
    }
}

fn coordinates_lines(coordinates: &Coordinates) -> Vec<String> {
    let mut lines = Vec::new();
    let mut add = |name: &str, value: String| {
        if !value.is_empty() {
            lines.push(format!("{name:18} {value}"));
        }
    };
    let numbers = |values: &[f64]| {
        let values: Vec<String> = values.iter().map(|value| format!("{value:.8}")).collect();
        values.join(", ")
    };
    add("frames", coordinates.frames.join(" -> "));
    let bounds: Vec<String> = coordinates
        .bounding_box
        .iter()
        .map(|[low, high]| format!("{low} to {high}"))
        .collect();
    add("pixels", bounds.join(", "));
    let unit = coordinates.units.join(", ");
    if !coordinates.center.is_empty() {
        add(
            "centre",
            format!("{} [{unit}]", numbers(&coordinates.center)),
        );
    }
    for corner in &coordinates.footprint {
        add("corner", numbers(corner));
    }
    let scale = coordinates.pixel_scale_arcsec;
    add(
        "pixel scale",
        scale.map_or(String::new(), |scale| format!("{scale:.6} arcsec")),
    );
    if coordinates.frames.is_empty() {
        add("reference point", numbers(&coordinates.reference_point_deg));
        add("outline", coordinates.s_region.clone().unwrap_or_default());
    }
    lines
}
