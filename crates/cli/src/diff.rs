//! `jwst diff`: two products compared within tolerances.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use compare::{Report, Tolerance, ToleranceSpec, compare_files};
use serde_json::json;

use crate::{Failure, Streams};

/// Exit status for files that differ.
const DIFFERENT: u8 = 1;

/// Exit status for files that cannot be compared.
const TROUBLE: u8 = 2;

/// Degrees in a milliarcsecond.
const DEGREES_PER_MAS: f64 = 1e-3 / 3600.0;

/// Compare two products: arrays and tables within tolerances, quality bit by bit, headers, metadata, coordinates
///
/// A number a passes beside b if |a - b| <= atol + rtol |b|; NaN has to be in the same places. B is the reference. Dates,
/// versions and names of files are not compared. FITS, ASDF and ECSV.
///
/// Exit status: 0 for no difference, 1 for differences, 2 for files that cannot be compared.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct DiffArgs {
    /// A product
    a: PathBuf,
    /// The product that it should be like
    b: PathBuf,
    /// Tolerance of numbers in arrays and tables, relative to B; of variances ten times as much
    #[arg(long, default_value_t = 1e-5, value_parser = not_negative)]
    rtol: f64,
    /// Tolerance of numbers in arrays and tables, in their unit
    #[arg(long, default_value_t = 0.0, value_parser = not_negative)]
    atol: f64,
    /// Tolerance of one HDU, or column of a catalogue: NAME=RTOL or NAME=RTOL,ATOL
    #[arg(long = "array", value_name = "NAME=RTOL[,ATOL]", value_parser = named_tolerance)]
    arrays: Vec<(String, Tolerance)>,
    /// Relative tolerance of numbers in headers and metadata
    #[arg(long, default_value_t = 1e-9, value_parser = not_negative)]
    header_rtol: f64,
    /// Tolerance of positions given by coordinate systems [mas]
    #[arg(long, default_value_t = 1e-3, value_parser = not_negative)]
    wcs_mas: f64,
    /// Share of the values of each array that may be outside of its tolerance, from 0 to 1
    #[arg(long, default_value_t = 0.0, value_parser = share)]
    max_bad: f64,
    /// Do not compare this keyword, or path of the metadata with all below it
    #[arg(long, value_name = "KEYWORD|PATH")]
    ignore: Vec<String>,
    /// Compare neither headers nor metadata
    #[arg(long)]
    only_data: bool,
    /// Everything has to be equal to the last bit but for the date and the name of the file
    #[arg(long, conflicts_with_all = ["rtol", "atol", "arrays", "header_rtol", "wcs_mas", "max_bad"])]
    exact: bool,
    /// Show how far all arrays differ, those that pass included
    #[arg(long)]
    all: bool,
    /// Print nothing; the exit status tells
    #[arg(short, long)]
    quiet: bool,
    /// Print the comparison as JSON
    #[arg(long, conflicts_with = "quiet")]
    json: bool,
}

/// Compares, prints what differs, and gives the exit status.
pub(crate) fn run(args: &DiffArgs, streams: &Streams) -> u8 {
    match compared(args, streams) {
        Ok(true) => 0,
        Ok(false) => DIFFERENT,
        Err(failure) => {
            failure.report("jwst", streams);
            TROUBLE
        }
    }
}

fn compared(args: &DiffArgs, streams: &Streams) -> Result<bool, Failure> {
    let report = compare_files(&args.a, &args.b, &tolerances(args)).context("cannot compare")?;
    if args.json {
        let mut value = serde_json::to_value(&report)?;
        if let Some(object) = value.as_object_mut() {
            object.insert("equal".to_owned(), json!(report.is_equal()));
        }
        streams.print(&(serde_json::to_string_pretty(&value)? + "\n"))?;
    } else if !args.quiet {
        streams.print(&text(&report, args.all))?;
    }
    Ok(report.is_equal())
}

fn tolerances(args: &DiffArgs) -> ToleranceSpec {
    let mut spec = if args.exact {
        ToleranceSpec::exact()
    } else {
        let (relative, absolute) = (args.rtol, args.atol);
        let of_variances = Tolerance {
            relative: 10.0 * relative,
            absolute,
        };
        let mut spec = ToleranceSpec::exposures();
        spec.default = Tolerance { absolute, relative };
        for (_, tolerance) in &mut spec.arrays {
            *tolerance = of_variances;
        }
        // The first that fits counts.
        spec.arrays.splice(0..0, args.arrays.iter().cloned());
        spec.header = Tolerance::relative(args.header_rtol);
        spec.wcs = Tolerance {
            absolute: args.wcs_mas * DEGREES_PER_MAS,
            relative: 0.0,
        };
        spec.allowed_fraction = args.max_bad;
        spec
    };
    spec.ignored_keywords.extend(args.ignore.iter().cloned());
    spec.ignored_paths.extend(args.ignore.iter().cloned());
    spec.only_data = args.only_data;
    spec
}

fn text(report: &Report, all: bool) -> String {
    let mut text = format!("{report}\n");
    if all {
        let line = format!(
            "{:28} {:>10} {:>10} {:>12} {:>12}\n",
            "part", "values", "outside", "max abs", "max rel"
        );
        text += &line;
        let number =
            |value: Option<f64>| value.map_or(String::new(), |value| format!("{value:.3e}"));
        for part in &report.measured {
            let line = format!(
                "{:28} {:>10} {:>10} {:>12} {:>12}\n",
                part.part,
                part.count,
                part.outside,
                number(part.largest_absolute),
                number(part.largest_relative)
            );
            text += &line;
        }
    }
    text
}

fn not_negative(text: &str) -> Result<f64, String> {
    let value = text.parse::<f64>().ok();
    let value = value.filter(|value| *value >= 0.0 && value.is_finite());
    value.ok_or_else(|| "expected a number that is not negative".to_owned())
}

fn share(text: &str) -> Result<f64, String> {
    let value = not_negative(text).ok().filter(|value| *value <= 1.0);
    value.ok_or_else(|| "expected a number from 0 to 1".to_owned())
}

fn named_tolerance(text: &str) -> Result<(String, Tolerance), String> {
    let (name, numbers) = text
        .split_once('=')
        .ok_or("expected NAME=RTOL or NAME=RTOL,ATOL")?;
    let (relative, absolute) = numbers.split_once(',').unwrap_or((numbers, "0"));
    let tolerance = Tolerance {
        relative: not_negative(relative)?,
        absolute: not_negative(absolute)?,
    };
    Ok((name.to_owned(), tolerance))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tolerances_of_arrays_are_read() {
        let expected = Tolerance {
            relative: 1e-4,
            absolute: 0.5,
        };
        assert_eq!(
            named_tolerance("ERR=1e-4,0.5"),
            Ok(("ERR".to_owned(), expected))
        );
        assert_eq!(
            named_tolerance("SCI=0"),
            Ok(("SCI".to_owned(), Tolerance::relative(0.0)))
        );
        for wrong in ["SCI", "SCI=-1", "SCI=1,x", "SCI=inf"] {
            assert!(named_tolerance(wrong).is_err(), "{wrong}");
        }
        assert!(share("1.5").is_err() && share("0.5") == Ok(0.5));
    }
}
