//! Comparison of catalogues in ECSV.

use datamodels::io::ecsv::{Column, Table, Values};

use super::report::Report;
use super::table::{layout, texts};
use super::tolerance::{Tolerance, ToleranceSpec};
use super::values::ValueDifference;

/// Compares two catalogues by column; what a catalogue says of itself, such as its date, is left out.
pub(super) fn compare(ours: &Table, reference: &Table, spec: &ToleranceSpec, report: &mut Report) {
    if ours.len() != reference.len() {
        let rows = |table: &Table| format!("{} rows", table.len());
        let finding = layout("rows".to_owned(), rows(ours), rows(reference));
        report.findings.push(finding);
        return;
    }
    for column in &reference.columns {
        report.compared += 1;
        match ours.column(&column.name) {
            None => {
                let finding = layout(column.name.clone(), NONE.to_owned(), describe(column));
                report.findings.push(finding);
            }
            Some(own) if describe(own) != describe(column) => {
                let finding = layout(column.name.clone(), describe(own), describe(column));
                report.findings.push(finding);
            }
            Some(own) => cells(own, column, spec, report),
        }
    }
    for column in &ours.columns {
        if reference.column(&column.name).is_none() {
            let finding = layout(column.name.clone(), describe(column), NONE.to_owned());
            report.findings.push(finding);
        }
    }
}

const NONE: &str = "no such column";

/// Type and unit.
fn describe(column: &Column) -> String {
    let kind = match column.values {
        Values::Bool(_) => "truth values",
        Values::I32(_) => "32-bit integers",
        Values::I64(_) => "64-bit integers",
        Values::F32(_) => "32-bit numbers",
        Values::F64(_) => "64-bit numbers",
        Values::Text(_) => "text",
        Values::Sky(_) => "positions",
    };
    match &column.unit {
        Some(unit) if !unit.is_empty() => format!("a column of {kind} in {unit}"),
        _ => format!("a column of {kind}"),
    }
}

fn cells(ours: &Column, reference: &Column, spec: &ToleranceSpec, report: &mut Report) {
    let name = reference.name.clone();
    let exact = Tolerance::relative(0.0);
    let mut numbers = |part: String, a: &[f64], b: &[f64], tolerance: Tolerance| {
        let difference = ValueDifference::of(a, b, &[b.len()], tolerance);
        report.values(part, difference, spec);
    };
    match (&ours.values, &reference.values) {
        (Values::Text(a), Values::Text(b)) => report.findings.extend(texts(name, a, b)),
        (Values::Bool(a), Values::Bool(b)) => {
            let number = |values: &[bool]| values.iter().map(|v| f64::from(*v)).collect::<Vec<_>>();
            numbers(name, &number(a), &number(b), exact);
        }
        (Values::Sky(a), Values::Sky(b)) => {
            let axis = |values: &[(f64, f64)], axis: usize| {
                let pick = |(ra, dec): &(f64, f64)| if axis == 0 { *ra } else { *dec };
                values.iter().map(pick).collect::<Vec<_>>()
            };
            for (number, ending) in ["ra", "dec"].into_iter().enumerate() {
                let part = format!("{name}.{ending}");
                numbers(part, &axis(a, number), &axis(b, number), spec.wcs);
            }
        }
        (a, b) => {
            let is_integer = matches!(b, Values::I32(_) | Values::I64(_));
            let of_column = if is_integer { exact } else { spec.of(&name) };
            let (a, b) = (
                a.to_f64().unwrap_or_default(),
                b.to_f64().unwrap_or_default(),
            );
            numbers(name, &a, &b, of_column);
        }
    }
}
