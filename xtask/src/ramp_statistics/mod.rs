//! `cargo xtask ramp-statistics`: bias and scatter of the ramp fits on simulated ramps, as a table in markdown.

mod fits;
mod simulate;
mod summary;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use fits::{Fitted, fit_all};
use simulate::{Detector, Ramps};
use summary::{Row, Summary};

/// Count rates, from ramps that are all read noise to ramps that are all photon noise \[e-/s\].
const RATES_E_PER_S: [f64; 6] = [0.02, 0.2, 1.0, 5.0, 50.0, 500.0];

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Rows of a thousand ramps for each count rate.
    #[arg(long, default_value_t = 1000)]
    rows: usize,
    /// Write the ramps and our fits here, for `reference.py`.
    #[arg(long)]
    dump: Option<PathBuf>,
    /// What `reference.py` made of the ramps, to stand beside our numbers.
    #[arg(long)]
    reference: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let detector = Detector::default();
    if let Some(folder) = &arguments.dump {
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        let rows = arguments.rows;
        let text = serde_json::to_string_pretty(&detector.describe(rows, &RATES_E_PER_S))?;
        fs::write(folder.join("ramps.json"), text)?;
    }
    let mut rows = Vec::new();
    for (level, &rate) in RATES_E_PER_S.iter().enumerate() {
        for with_jumps in [false, true] {
            let ramps = Ramps::simulate(&detector, rate, level, arguments.rows, with_jumps);
            let name = format!("{level}_{}", if with_jumps { "jumps" } else { "clean" });
            if let Some(folder) = &arguments.dump {
                write_floats(
                    &folder.join(format!("{name}_ramps.f32")),
                    ramps.data_dn.iter(),
                )?;
            }
            for fitted in fit_all(&detector, &ramps)? {
                if let Some(folder) = &arguments.dump {
                    dump(folder, &name, &fitted)?;
                }
                rows.push(Row {
                    rate_e_per_s: rate,
                    with_jumps,
                    algorithm: fitted.algorithm.to_string(),
                    summary: Summary::of(&fitted, rate / detector.gain_e_per_dn),
                });
            }
        }
    }
    let reference = match &arguments.reference {
        Some(path) => {
            let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
            Some(serde_json::from_str(&text).with_context(|| path.display().to_string())?)
        }
        None => None,
    };
    crate::say(&summary::table(&rows, reference.as_ref()));
    Ok(())
}

fn dump(folder: &Path, name: &str, fitted: &Fitted) -> Result<()> {
    let path = |what: &str| folder.join(format!("{name}_{}_{what}.f32", fitted.algorithm));
    write_floats(&path("slope"), fitted.slope.iter())?;
    write_floats(&path("err"), fitted.err.iter())
}

/// Writes numbers in the machine's byte order.
fn write_floats<'a>(path: &Path, values: impl Iterator<Item = &'a f32>) -> Result<()> {
    let bytes: Vec<u8> = values.flat_map(|value| value.to_ne_bytes()).collect();
    fs::write(path, bytes).with_context(|| path.display().to_string())
}
