//! Comparison of tables, column by column.

use datamodels::io::fits::{Column, Table};

use super::report::{Finding, Report};
use super::tolerance::ToleranceSpec;
use super::values::ValueDifference;

/// Compares two tables; columns count by their names.
pub(super) fn tables(
    hdu: &str,
    ours: &Table,
    reference: &Table,
    spec: &ToleranceSpec,
    report: &mut Report,
) {
    if ours.rows() != reference.rows() {
        let rows = |table: &Table| format!("{} rows", table.rows());
        let finding = layout(hdu.to_owned(), rows(ours), rows(reference));
        report.findings.push(finding);
        return;
    }
    for column in reference.columns() {
        let name = format!("{hdu}.{}", column.name);
        match ours.column(&column.name) {
            None => report
                .findings
                .push(layout(name, "no such column".into(), describe(column))),
            Some(own) if describe(own) != describe(column) => {
                let finding = layout(name, describe(own), describe(column));
                report.findings.push(finding);
            }
            Some(_) => cells(name, [ours, reference], column, spec, report),
        }
    }
    for column in ours.columns() {
        if reference.column(&column.name).is_none() {
            let name = format!("{hdu}.{}", column.name);
            let finding = layout(name, describe(column), "no such column".into());
            report.findings.push(finding);
        }
    }
}

pub(super) fn layout(hdu: String, ours: String, reference: String) -> Finding {
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
    [ours, reference]: [&Table; 2],
    column: &Column,
    spec: &ToleranceSpec,
    report: &mut Report,
) {
    if let (Some(a), Some(b)) = (ours.strings(&column.name), reference.strings(&column.name)) {
        report.findings.extend(texts(hdu, &a, &b));
        return;
    }
    let (Some(a), Some(b)) = (ours.numbers(&column.name), reference.numbers(&column.name)) else {
        let finding = layout(
            hdu,
            "a column that cannot be compared".into(),
            describe(column),
        );
        report.findings.push(finding);
        return;
    };
    let table = hdu.split(['.', ',']).next().unwrap_or_default();
    let shape = [reference.rows(), column.repeat];
    let difference = ValueDifference::of(&a, &b, &shape, spec.of(table));
    report.values(hdu, difference, spec);
}

/// The first row in which texts differ but for blanks around them.
pub(super) fn texts(hdu: String, ours: &[String], reference: &[String]) -> Option<Finding> {
    let mut rows = ours.iter().zip(reference).enumerate();
    let (row, (ours, reference)) = rows.find(|(_, (a, b))| a.trim() != b.trim())?;
    Some(Finding::Strings {
        hdu,
        row,
        ours: ours.clone(),
        reference: reference.clone(),
    })
}
