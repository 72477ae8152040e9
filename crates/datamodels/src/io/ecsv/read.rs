//! A table from text.

use asdf::yaml::{Limits, parse as parse_yaml};
use asdf::{Mapping, Node};

use super::{Column, Table, Values};

/// What may surround a value.
const BLANKS: [char; 2] = [' ', '\t'];

/// What the header of an ECSV table says.
struct Declared {
    delimiter: Delimiter,
    /// The columns; none if the text is not ECSV.
    columns: Option<Vec<Declaration>>,
}

struct Declaration {
    name: String,
    datatype: String,
    unit: Option<String>,
    format: Option<String>,
    description: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Delimiter {
    Blanks,
    Comma,
}

pub(super) fn parse(text: &str) -> Result<Table, String> {
    let mut lines = text.lines().enumerate();
    let mut header = String::new();
    let mut rest: Vec<(usize, &str)> = Vec::new();
    for (index, line) in lines.by_ref() {
        let number = index + 1;
        if let Some(comment) = line.strip_prefix('#') {
            if rest.is_empty() {
                header.push_str(comment.strip_prefix(' ').unwrap_or(comment));
                header.push('\n');
            }
        } else if !line.trim_matches(BLANKS).is_empty() {
            rest.push((number, line));
        }
    }
    let declared = declared(&header)?;
    let delimiter = match &declared.columns {
        Some(_) => declared.delimiter,
        None => guess_delimiter(rest.first().map(|(_, line)| *line)),
    };
    let records = records(&rest, delimiter)?;
    let Some(((_, names), rows)) = records.split_first() else {
        return Err("no line with the names of columns".to_owned());
    };
    let names: Vec<&str> = names.iter().map(|field| field.text.as_str()).collect();
    for (number, fields) in rows {
        if fields.len() != names.len() {
            return Err(format!(
                "line {number}: expected {} values, found {}",
                names.len(),
                fields.len()
            ));
        }
    }
    let declarations = match declared.columns {
        Some(columns) => {
            let expected: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
            if expected != names {
                return Err(format!(
                    "the header declares columns {expected:?}, the first line names {names:?}"
                ));
            }
            columns
        }
        None => names.iter().map(|name| guess(name)).collect(),
    };
    let columns = declarations
        .into_iter()
        .enumerate()
        .map(|(index, declaration)| column(declaration, index, rows))
        .collect::<Result<Vec<_>, String>>()?;
    Ok(Table {
        meta: Vec::new(),
        columns,
    })
}

fn guess_delimiter(first: Option<&str>) -> Delimiter {
    if first.is_some_and(|line| line.contains(',')) {
        Delimiter::Comma
    } else {
        Delimiter::Blanks
    }
}

fn guess(name: &str) -> Declaration {
    Declaration {
        name: name.to_owned(),
        datatype: String::new(),
        unit: None,
        format: None,
        description: None,
    }
}

fn declared(header: &str) -> Result<Declared, String> {
    let Some(body) = header.trim_start().strip_prefix("%ECSV") else {
        return Ok(Declared {
            delimiter: Delimiter::Blanks,
            columns: None,
        });
    };
    let (_, body) = body.split_once('\n').unwrap_or_default();
    // Metadata may hold anything, and nothing of it is needed here.
    let body = without_metadata(body.trim_start_matches("---"));
    let node = parse_yaml(&body, &Limits::default()).map_err(|error| format!("header: {error}"))?;
    let delimiter = match node.get_path("delimiter").and_then(Node::as_str) {
        Some(",") => Delimiter::Comma,
        None | Some(" ") => Delimiter::Blanks,
        Some(other) => {
            return Err(format!(
                "header: expected the delimiter to be a blank or a comma, found {other:?}"
            ));
        }
    };
    let columns = node.get_path("datatype").and_then(Node::as_sequence);
    let columns = columns.ok_or("header: no list \"datatype\" of columns")?;
    let columns = columns
        .iter()
        .map(|column| {
            let column = column
                .as_mapping()
                .ok_or("header: a column is no mapping")?;
            declaration(column).ok_or("header: a column lacks name or datatype")
        })
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Declared {
        delimiter,
        columns: Some(columns),
    })
}

fn declaration(column: &Mapping) -> Option<Declaration> {
    let text = |key: &str| column.get(key).and_then(Node::as_str).map(str::to_owned);
    Some(Declaration {
        name: text("name")?,
        datatype: text("datatype")?,
        unit: text("unit"),
        format: text("format"),
        description: text("description"),
    })
}

/// The header without its entry `meta`.
fn without_metadata(header: &str) -> String {
    let mut kept = String::new();
    let mut is_metadata = false;
    for line in header.lines() {
        let continues = line.starts_with([' ', '-']);
        if !continues {
            is_metadata = line.starts_with("meta:");
        }
        if !is_metadata {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

/// One value of a line.
struct Field {
    text: String,
    /// It stood in quotes, so that an empty one is a text rather than a missing value.
    is_quoted: bool,
}

/// A line's number and its values.
type Record = (usize, Vec<Field>);

fn records(lines: &[(usize, &str)], delimiter: Delimiter) -> Result<Vec<Record>, String> {
    let split = |(number, line): &(usize, &str)| {
        let fields = fields(line, delimiter);
        let fields = fields.ok_or_else(|| format!("line {number}: a quote is not closed"))?;
        Ok((*number, fields))
    };
    lines.iter().map(split).collect()
}

fn fields(line: &str, delimiter: Delimiter) -> Option<Vec<Field>> {
    let is_delimiter = |c: char| match delimiter {
        Delimiter::Comma => c == ',',
        Delimiter::Blanks => c == ' ' || c == '\t',
    };
    let mut fields = Vec::new();
    let mut rest = line.trim_end_matches(['\r', '\n']);
    loop {
        rest = rest.trim_start_matches(BLANKS);
        if rest.is_empty() && delimiter == Delimiter::Blanks {
            return Some(fields);
        }
        let field = if let Some(quoted) = rest.strip_prefix('"') {
            let (text, after) = unquote(quoted)?;
            rest = after;
            Field {
                text,
                is_quoted: true,
            }
        } else {
            let end = rest.find(is_delimiter).unwrap_or(rest.len());
            let text = rest[..end].trim_matches(BLANKS).to_owned();
            rest = &rest[end..];
            Field {
                text,
                is_quoted: false,
            }
        };
        fields.push(field);
        rest = rest.trim_start_matches(BLANKS);
        if rest.is_empty() {
            return Some(fields);
        }
        if delimiter == Delimiter::Comma {
            rest = rest.strip_prefix(',')?;
        }
    }
}

/// The text up to the closing quote, and what is behind it.
fn unquote(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut rest = text;
    loop {
        let end = rest.find('"')?;
        value.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        let Some(after) = rest.strip_prefix('"') else {
            return Some((value, rest));
        };
        value.push('"');
        rest = after;
    }
}

fn column(declaration: Declaration, index: usize, rows: &[Record]) -> Result<Column, String> {
    let values = values(&declaration, index, rows)?;
    Ok(Column {
        name: declaration.name,
        is_quantity: declaration.unit.is_some(),
        unit: declaration.unit,
        format: declaration.format,
        description: declaration.description,
        values,
    })
}

fn values(declaration: &Declaration, index: usize, rows: &[Record]) -> Result<Values, String> {
    let name = &declaration.name;
    Ok(match declaration.datatype.as_str() {
        "" => guess_values(index, rows),
        "bool" => Values::Bool(read(name, index, rows, |text| match text {
            "True" | "true" => Some(true),
            "False" | "false" => Some(false),
            _ => None,
        })?),
        "int8" | "int16" | "int32" | "uint8" | "uint16" => {
            Values::I32(read(name, index, rows, |text| text.parse().ok())?)
        }
        "int64" | "uint32" | "uint64" => {
            Values::I64(read(name, index, rows, |text| text.parse().ok())?)
        }
        "float16" | "float32" => Values::F32(read(name, index, rows, |text| {
            if text.is_empty() {
                Some(f32::NAN)
            } else {
                text.parse().ok()
            }
        })?),
        "float64" | "float128" => Values::F64(read(name, index, rows, float)?),
        "string" => {
            let text = |(_, fields): &Record| fields[index].text.clone();
            Values::Text(rows.iter().map(text).collect())
        }
        other => return Err(format!("column {name}: unknown datatype {other:?}")),
    })
}

fn float(text: &str) -> Option<f64> {
    if text.is_empty() {
        return Some(f64::NAN);
    }
    text.parse().ok()
}

fn read<T>(
    name: &str,
    index: usize,
    rows: &[Record],
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Vec<T>, String> {
    rows.iter()
        .map(|(number, fields)| {
            let text = &fields[index].text;
            parse(text).ok_or_else(|| format!("line {number}, column {name}: cannot use {text:?}"))
        })
        .collect()
}

/// Integers if all are, else floats if all are, else text.
fn guess_values(index: usize, rows: &[Record]) -> Values {
    let fields = || rows.iter().map(|(_, fields)| &fields[index]);
    if fields().any(|field| field.is_quoted) {
        return Values::Text(fields().map(|field| field.text.clone()).collect());
    }
    if let Some(values) = fields().map(|field| field.text.parse().ok()).collect() {
        return Values::I64(values);
    }
    match fields().map(|field| float(&field.text)).collect() {
        Some(values) => Values::F64(values),
        None => Values::Text(fields().map(|field| field.text.clone()).collect()),
    }
}
