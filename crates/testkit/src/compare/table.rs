//! Comparison of tables, column by column.

use datamodels::io::fits::{Column, Table};

use super::report::Finding;
use super::tolerance::ToleranceSpec;
use super::values::ValueDifference;

/// Compares two tables; columns count by their names.
pub(super) fn tables(
    hdu: &str,
    ours: &Table,
    reference: &Table,
    spec: &ToleranceSpec,
) -> Vec<Finding> {
    if ours.rows() != reference.rows() {
        return vec![Finding::Layout {
            hdu: hdu.to_string(),
            ours: format!("{} rows", ours.rows()),
            reference: format!("{} rows", reference.rows()),
        }];
    }
    let mut findings = Vec::new();
    for column in reference.columns() {
        let name = format!("{hdu}.{}", column.name);
        match ours.column(&column.name) {
            None => findings.push(layout(name, "no such column".into(), describe(column))),
            Some(own) if describe(own) != describe(column) => {
                findings.push(layout(name, describe(own), describe(column)));
            }
            Some(_) => findings.extend(cells(name, ours, reference, column, spec)),
        }
    }
    for column in ours.columns() {
        if reference.column(&column.name).is_none() {
            let name = format!("{hdu}.{}", column.name);
            findings.push(layout(name, describe(column), "no such column".into()));
        }
    }
    findings
}

fn layout(hdu: String, ours: String, reference: String) -> Finding {
    Finding::Layout {
        hdu,
        ours,
        reference,
    }
}

fn describe(column: &Column) -> String {
    let kind = column.datatype().map_or("no plain type", |(name, _)| name);
    format!("column of {kind}, {} a row", column.repeat)
}

fn cells(
    hdu: String,
    ours: &Table,
    reference: &Table,
    column: &Column,
    spec: &ToleranceSpec,
) -> Option<Finding> {
    if let (Some(a), Some(b)) = (ours.strings(&column.name), reference.strings(&column.name)) {
        let row = a.iter().zip(&b).position(|(a, b)| a.trim() != b.trim())?;
        let (ours, reference) = (a[row].clone(), b[row].clone());
        return Some(Finding::Strings {
            hdu,
            row,
            ours,
            reference,
        });
    }
    let (Some(a), Some(b)) = (ours.numbers(&column.name), reference.numbers(&column.name)) else {
        return Some(layout(
            hdu,
            "a column that cannot be compared".into(),
            describe(column),
        ));
    };
    let table = hdu.split(['.', ',']).next().unwrap_or_default();
    let shape = [reference.rows(), column.repeat];
    let difference = ValueDifference::of(&a, &b, &shape, spec.of(table));
    (difference.outside > 0).then_some(Finding::Values { hdu, difference })
}
