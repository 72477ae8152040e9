//! Which row of the conversion factors belongs to an exposure, and how its throughput has changed.

use datamodels::io::fits::Table;
use datamodels::metadata::Metadata;
use datamodels::models::RateModel;
use datamodels::reference::{PhotomReference, TimeCoefficients};
use stcal::photom::{Exponential, Linear, PowerLaw};
use stpipe::StepError;

use crate::metadata_error;

/// What the table has for an exposure.
#[derive(Debug, PartialEq)]
pub(super) enum Choice {
    /// A row.
    Row(usize),
    /// Nothing.
    None,
    /// The step does not convert products of this kind.
    Unsupported(String),
}

/// Finds the row of an exposure: by filter, pupil and subarray, as the instrument has them.
pub(super) fn choose(rate: &RateModel, table: &Table) -> Result<Choice, StepError> {
    let meta = rate.meta();
    let filter = ("filter", "meta.instrument.filter");
    let pupil = ("pupil", "meta.instrument.pupil");
    let subarray = ("subarray", "meta.subarray.name");
    let find = |columns: &[(&'static str, &str)]| {
        let wanted: Vec<_> = columns
            .iter()
            .map(|(column, path)| (*column, upper(meta, path)))
            .collect();
        find_row(table, &wanted)
    };
    let instrument = meta.instrument().name().map_err(metadata_error)?;
    let row = match instrument.as_str() {
        // Products of each integration are not converted, nor are spectra that were not extracted yet.
        "NIRISS" => {
            let kind = meta.exposure().kind().map_err(metadata_error)?;
            let model = match rate {
                RateModel::Cube(_) => "CubeModel",
                RateModel::Image(_) if kind == "NIS_SOSS" => "ImageModel",
                RateModel::Image(_) => return find(&[filter, pupil]),
            };
            let why = format!("Unexpected data model type {model} for NIRISS");
            return Ok(Choice::Unsupported(why));
        }
        "NIRCAM" if table.column("subarray").is_some() => find(&[filter, pupil, subarray])?,
        "NIRCAM" => find(&[filter, pupil])?,
        "MIRI" => match find(&[subarray, filter])? {
            Choice::None => {
                let generic = ("subarray", Some("GENERIC".to_string()));
                let filter = (filter.0, upper(meta, filter.1));
                find_row(table, &[generic, filter])?
            }
            found => found,
        },
        "FGS" if table.rows() > 0 => Choice::Row(0),
        "FGS" => Choice::None,
        other => {
            let expected = "NIRCAM, NIRISS, MIRI or FGS";
            return Err(StepError::input("keyword INSTRUME", expected, other));
        }
    };
    Ok(row)
}

fn upper(meta: &Metadata, path: &str) -> Option<String> {
    meta.text(path).map(str::to_uppercase)
}

/// The only row whose columns hold these values; a value that the exposure does not have fits no row.
fn find_row(table: &Table, wanted: &[(&'static str, Option<String>)]) -> Result<Choice, StepError> {
    let mut fits = vec![true; table.rows()];
    for (column, value) in wanted {
        let Some(found) = table.strings(column) else {
            let what = format!("HDU PHOTOM has no column {column} of strings");
            return Err(StepError::reference("photom", "(table)", what));
        };
        for (fits, found) in fits.iter_mut().zip(found) {
            *fits &= value.as_ref() == Some(&found.to_uppercase());
        }
    }
    let mut rows = (0..table.rows()).filter(|row| fits[*row]);
    match (rows.next(), rows.next()) {
        (None, _) => Ok(Choice::None),
        (Some(row), None) => Ok(Choice::Row(row)),
        (Some(first), Some(second)) => {
            let what = format!(
                "HDU PHOTOM: expected one row for {wanted:?}, found rows {} and {}",
                first + 1,
                second + 1
            );
            Err(StepError::reference("photom", "(table)", what))
        }
    }
}

/// The throughput in the middle of the exposure relative to that at the reference time, by all that is known of a row.
pub(super) fn throughput(
    rate: &RateModel,
    photom: &PhotomReference,
    row: usize,
) -> Result<f64, StepError> {
    let TimeCoefficients {
        linear,
        exponential,
        power_law,
    } = &photom.time;
    if linear.is_none() && exponential.is_none() && power_law.is_none() {
        return Ok(1.0);
    }
    let time = rate.meta().require_number("meta.exposure.mid_time");
    let time = time.map_err(metadata_error)?;
    let mut product = 1.0;
    if let Some(table) = linear {
        let [t0, loss_per_year] = cells(table, ["t0", "lossperyear"], row)?;
        let change = Linear { t0, loss_per_year };
        product *= f64::from(change.throughput(time));
    }
    if let Some(table) = exponential {
        let columns = ["t0", "amplitude", "tau", "const"];
        let [t0, amplitude, tau_days, constant] = cells(table, columns, row)?;
        let change = Exponential {
            t0,
            amplitude,
            tau_days,
            constant,
        };
        product *= f64::from(change.throughput(time));
    }
    if let Some(table) = power_law {
        let columns = ["t0", "year1value", "tsoft", "alpha"];
        let [t0, year1_value, t_soft_days, alpha] = cells(table, columns, row)?;
        let change = PowerLaw {
            t0,
            year1_value,
            t_soft_days,
            alpha,
        };
        product *= f64::from(change.throughput(time));
    }
    Ok(product)
}

/// Numbers of a row, in single precision as the reference package has them.
fn cells<const N: usize>(
    table: &Table,
    columns: [&str; N],
    row: usize,
) -> Result<[f32; N], StepError> {
    let mut numbers = [0.0; N];
    for (number, column) in numbers.iter_mut().zip(columns) {
        let found = table
            .numbers(column)
            .and_then(|values| values.get(row).copied());
        let Some(found) = found else {
            let what = format!("time coefficients: expected a number in column {column}");
            return Err(StepError::reference("photom", "(table)", what));
        };
        *number = found as f32;
    }
    Ok(numbers)
}
