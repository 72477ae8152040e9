//! Times of integrations, from those of their stripes.

use datamodels::io::fits::{ColumnValues, Table};
use datamodels::metadata::Metadata;
use stpipe::StepError;

/// Start, middle and end in one time scale.
const SCALES: [[&str; 3]; 2] = [
    ["int_start_MJD_UTC", "int_mid_MJD_UTC", "int_end_MJD_UTC"],
    ["int_start_BJD_TDB", "int_mid_BJD_TDB", "int_end_BJD_TDB"],
];

/// The tables of a collated exposure.
#[derive(Debug, Default)]
pub(super) struct Times {
    /// One row for each integration.
    pub(super) integrations: Option<Table>,
    /// One row for each stripe, as the exposure had them.
    pub(super) stripes: Option<Table>,
}

/// Number of the first image of the file within the exposure, from 1.
pub(super) fn first_stripe(meta: &Metadata) -> i64 {
    meta.integer("meta.exposure.integration_start").unwrap_or(1)
}

/// Joins the times of every `n` stripes: from the start of the first to the end of the last, the middle between them.
///
/// # Source
/// jwst 3.0.0 `lib/stripe_utils.py::generate_stripe_int_times`.
pub(super) fn collate(
    stripes: Option<&Table>,
    meta: &Metadata,
    n: usize,
) -> Result<Times, StepError> {
    let Some(table) = stripes.filter(|table| table.rows() > 0) else {
        return Ok(Times {
            integrations: stripes.cloned(),
            stripes: None,
        });
    };
    let rows = table.rows();
    if !rows.is_multiple_of(n) {
        let expected = format!("a multiple of {n}, the number of superstripes (SSTR_NST)");
        return Err(StepError::input("rows of INT_TIMES", expected, rows));
    }
    let first = (first_stripe(meta) + n as i64 - 1).div_euclid(n as i64);
    let numbers = |per_integration: usize| {
        let numbers = (0..rows / n).flat_map(|k| std::iter::repeat_n(k, per_integration));
        ColumnValues::I32(numbers.map(|k| (first + k as i64) as i32).collect())
    };
    let turns = (0..rows).map(|row| (row % n) as i32 + 1).collect();
    let mut of_stripes = vec![
        ("integration_number", numbers(n)),
        ("stripe_number", ColumnValues::I32(turns)),
    ];
    let mut of_integrations = vec![("integration_number", numbers(1))];
    for names in SCALES {
        let [start, middle, end] = names.map(|name| column(table, name));
        let (start, middle, end) = (start?, middle?, end?);
        let starts: Vec<f64> = start.iter().copied().step_by(n).collect();
        let ends: Vec<f64> = end.iter().copied().skip(n - 1).step_by(n).collect();
        let middles = starts.iter().zip(&ends);
        let middles = middles
            .map(|(start, end)| (end - start) / 2.0 + start)
            .collect();
        for (name, values) in names.into_iter().zip([starts, middles, ends]) {
            of_integrations.push((name, ColumnValues::F64(values)));
        }
        for (name, values) in names.into_iter().zip([start, middle, end]) {
            of_stripes.push((name, ColumnValues::F64(values)));
        }
    }
    Ok(Times {
        integrations: Table::new(&of_integrations),
        stripes: Table::new(&of_stripes),
    })
}

fn column(table: &Table, name: &str) -> Result<Vec<f64>, StepError> {
    let values = table
        .numbers(name)
        .filter(|values| values.len() == table.rows());
    values.ok_or_else(|| {
        StepError::input(
            "INT_TIMES",
            format!("a column {name} of numbers"),
            "no such column",
        )
    })
}
