//! The text of a table.

use std::fmt::Write as _;

use rayon::prelude::*;

use super::header::{flow_map, write_entry, yaml_text};
use super::number::write_float;
use super::{Column, Table, Values};

pub(super) fn ecsv(table: &Table) -> String {
    let mut lines = vec![
        "%ECSV 1.0".to_owned(),
        "---".to_owned(),
        "datatype:".to_owned(),
    ];
    for column in &table.columns {
        datatype(column, &mut lines);
    }
    metadata(table, &mut lines);
    lines.push("schema: astropy-2.0".to_owned());
    let mut text = String::new();
    for line in lines.iter().flat_map(|line| line.split('\n')) {
        text.push_str("# ");
        text.push_str(line);
        text.push('\n');
    }
    let names = table.columns.iter().flat_map(|column| match column.values {
        Values::Sky(_) => sky_names(&column.name).to_vec(),
        _ => vec![column.name.clone()],
    });
    let names: Vec<String> = names.map(|name| quoted(&name)).collect();
    text.push_str(&names.join(" "));
    text.push('\n');
    let starts = (0..table.len()).into_par_iter().step_by(ROWS);
    let parts: Vec<String> = starts.map(|start| rows(table, start)).collect();
    text.push_str(&parts.concat());
    text
}

/// Rows that a task writes.
const ROWS: usize = 128;

/// The text of some rows.
fn rows(table: &Table, start: usize) -> String {
    let mut text = String::new();
    for row in start..(start + ROWS).min(table.len()) {
        for (index, column) in table.columns.iter().enumerate() {
            if index > 0 {
                text.push(' ');
            }
            write_value(&mut text, &column.values, row);
        }
        text.push('\n');
    }
    text
}

fn sky_names(name: &str) -> [String; 2] {
    [format!("{name}.ra"), format!("{name}.dec")]
}

fn datatype(column: &Column, lines: &mut Vec<String>) {
    let kind = match column.values {
        Values::Bool(_) => "bool",
        Values::I32(_) => "int32",
        Values::I64(_) => "int64",
        Values::F32(_) => "float32",
        Values::F64(_) => "float64",
        Values::Text(_) => "string",
        Values::Sky(_) => {
            for name in sky_names(&column.name) {
                let name = yaml_text(&name);
                lines.push(format!("- {{name: {name}, unit: deg, datatype: float64}}"));
            }
            return;
        }
    };
    let mut entries = vec![("name".to_owned(), yaml_text(&column.name))];
    if let Some(unit) = column.unit.as_deref().filter(|unit| !unit.is_empty()) {
        entries.push(("unit".to_owned(), yaml_text(unit)));
    }
    entries.push(("datatype".to_owned(), kind.to_owned()));
    if let Some(format) = &column.format {
        entries.push(("format".to_owned(), yaml_text(format)));
    }
    if let Some(description) = &column.description {
        entries.push(("description".to_owned(), yaml_text(description)));
    }
    lines.push(flow_map("- ", &entries, 4));
}

fn metadata(table: &Table, lines: &mut Vec<String>) {
    let mut mixed: Vec<&Column> = table
        .columns
        .iter()
        .filter(|column| column.is_quantity || matches!(column.values, Values::Sky(_)))
        .collect();
    if table.meta.is_empty() && mixed.is_empty() {
        return;
    }
    lines.push("meta: !!omap".to_owned());
    for (key, value) in &table.meta {
        if value.is_scalar() {
            let mut entry = Vec::new();
            write_entry(&mut entry, "", key, value);
            lines.push(format!("- {{{}}}", entry.concat()));
        } else {
            let start = lines.len();
            write_entry(lines, "  ", key, value);
            lines[start].replace_range(..1, "-");
        }
    }
    if mixed.is_empty() {
        return;
    }
    mixed.sort_by(|a, b| a.name.cmp(&b.name));
    lines.push("- __serialized_columns__:".to_owned());
    for column in mixed {
        lines.push(format!("    {}:", yaml_text(&column.name)));
        match column.values {
            Values::Sky(_) => sky(column, lines),
            _ => quantity(column, lines),
        }
    }
}

fn quantity(column: &Column, lines: &mut Vec<String>) {
    let unit = yaml_text(column.unit.as_deref().unwrap_or_default());
    let name = yaml_text(&column.name);
    lines.extend([
        "      __class__: astropy.units.quantity.Quantity".to_owned(),
        format!("      unit: !astropy.units.Unit {{unit: {unit}}}"),
        format!("      value: !astropy.table.SerializedColumn {{name: {name}}}"),
    ]);
}

fn sky(column: &Column, lines: &mut Vec<String>) {
    let degree = "unit: !astropy.units.Unit {unit: deg}";
    let [ra, dec] = sky_names(&column.name);
    lines.push("      __class__: astropy.coordinates.sky_coordinate.SkyCoord".to_owned());
    if let Some(description) = &column.description {
        let entries = [("description".to_owned(), yaml_text(description))];
        lines.push(flow_map("      __info__: ", &entries, 8));
    }
    let angle = |class: &str, name: &str| {
        [
            format!("        __class__: astropy.coordinates.angles.core.{class}"),
            format!("        {degree}"),
            format!(
                "        value: !astropy.table.SerializedColumn {{name: {}}}",
                yaml_text(name)
            ),
        ]
    };
    lines.push("      dec: !astropy.table.SerializedColumn".to_owned());
    lines.extend(angle("Latitude", &dec));
    lines.push("      frame: icrs".to_owned());
    lines.push("      ra: !astropy.table.SerializedColumn".to_owned());
    lines.extend(angle("Longitude", &ra));
    lines.extend([
        "        wrap_angle: !astropy.coordinates.Angle".to_owned(),
        format!("          {degree}"),
        "          value: 360.0".to_owned(),
        "      representation_type: spherical".to_owned(),
    ]);
}

fn write_value(text: &mut String, values: &Values, row: usize) {
    match values {
        Values::Bool(values) => text.push_str(if values[row] { "True" } else { "False" }),
        // Writing to a string does not fail.
        Values::I32(values) => drop(write!(text, "{}", values[row])),
        Values::I64(values) => drop(write!(text, "{}", values[row])),
        Values::F32(values) => write_float(text, values[row]),
        Values::F64(values) => write_float(text, values[row]),
        Values::Text(values) => text.push_str(&quoted(&values[row])),
        Values::Sky(values) => {
            let (ra, dec) = values[row];
            write_float(text, ra);
            text.push(' ');
            write_float(text, dec);
        }
    }
}

/// Text in quotes if it holds a delimiter or a quote, or nothing.
fn quoted(text: &str) -> String {
    let needs_quotes = text.is_empty() || text.contains([' ', '"', '\n', '\r', '\t', '#']);
    if needs_quotes {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}
