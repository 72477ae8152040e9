//! Runs one step of stage 1 on a ramp, with reference files of your choice: library use without a runner.
//!
//! ```text
//! cargo run --example one_step -- linearity jw0_refpix.fits jw0_linearity.fits linearity=lin.fits
//! ```
//!
//! After the step, the input and the output come the references, `type=file`; types that are not named do not exist.

#![expect(clippy::print_stdout, reason = "the example's result")]

use std::collections::BTreeMap;
use std::path::Path;

use datamodels::RampModel;
use datamodels::models::Model;
use steps::dark_current::DarkCurrent;
use steps::ipc::Ipc;
use steps::linearity::Linearity;
use steps::refpix::Refpix;
use steps::saturation::Saturation;
use stpipe::{Outcome, Prepared, Product, Reference, ReferenceFiles, Step};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [step, input, output, references @ ..] = arguments.as_slice() else {
        return Err("usage: one_step STEP INPUT OUTPUT [TYPE=FILE ...]".into());
    };
    let ramp = RampModel::open(Path::new(input))?;
    let mut ramp = match step.as_str() {
        "saturation" => apply::<Saturation>(ramp, references)?,
        "ipc" => apply::<Ipc>(ramp, references)?,
        "refpix" => apply::<Refpix>(ramp, references)?,
        "linearity" => apply::<Linearity>(ramp, references)?,
        "dark_current" => apply::<DarkCurrent>(ramp, references)?,
        other => return Err(format!("unknown step {other}").into()),
    };
    if let Some(name) = Path::new(output).file_name().and_then(|name| name.to_str()) {
        ramp.set_file_name(name);
    }
    Model::save(&ramp, Path::new(output))?;
    Ok(())
}

/// Runs a step with default parameters and enters what became of it.
fn apply<S: Step<Input = RampModel, Output = RampModel>>(
    ramp: RampModel,
    references: &[String],
) -> Result<RampModel, Failure> {
    let mut known: BTreeMap<String, Reference> = S::REFERENCES
        .iter()
        .map(|kind| ((*kind).to_string(), Reference::NotApplicable))
        .collect();
    for given in references {
        let (kind, path) = given.split_once('=').ok_or("a reference reads TYPE=FILE")?;
        known.insert(kind.to_string(), Reference::Override(path.into()));
    }
    let files = ReferenceFiles::new(known);
    let params = S::Params::default();
    let started = std::time::Instant::now();
    let outcome = match S::prepare(&params, &ramp, &files)? {
        Prepared::Ready(references) => {
            println!(
                "references read in {:.3} s",
                started.elapsed().as_secs_f64()
            );
            S::run(&params, references, ramp)?
        }
        Prepared::Skip(reason) => Outcome::Skipped {
            input: ramp,
            reason,
        },
    };
    println!(
        "{} in {:.3} s",
        outcome.status(),
        started.elapsed().as_secs_f64()
    );
    if let Outcome::Skipped { reason, .. } = &outcome {
        println!("{reason}");
    }
    let status = outcome.status();
    let mut ramp = outcome.into_model();
    ramp.set_status(S::STATUS_KEY, status);
    for (kind, name) in files.used() {
        println!("used {kind}: {name}");
        ramp.meta.set(&format!("meta.ref_file.{kind}.name"), name);
    }
    Ok(ramp)
}
