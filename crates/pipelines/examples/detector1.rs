//! Calibrates an exposure in memory: nothing is written.
//!
//! `CRDS_PATH=tests/golden/nrcb1_sub64p/crds_cache cargo run --release -p pipelines --example detector1 -- \
//!  tests/golden/nrcb1_sub64p/input/jw90011001001_02101_00001_nrcb1_uncal.fits`
#![expect(clippy::print_stdout, reason = "an example shows its result")]

use std::error::Error;

use crds::{Client, Config, Observatory};
use datamodels::{Model, RampModel};
use pipelines::{Detector1, Detector1Output};
use steps::jump::{Jump, JumpParams};

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args()
        .nth(1)
        .ok_or("usage: detector1 X_uncal.fits")?;
    let ramp = RampModel::open(path.as_ref())?;
    let references = Client::open(Config::from_env(Observatory::jwst())?)?;

    let mut detector1 = Detector1::new();
    detector1.set::<Jump>(&JumpParams {
        rejection_threshold: 5.0,
        ..JumpParams::default()
    })?;
    match detector1.run(ramp, &references)? {
        Detector1Output::Rates { rate, rateints } => {
            let good = rate.data.iter().filter(|value| value.is_finite());
            let (sum, count) =
                good.fold((0.0, 0), |(sum, n), value| (sum + f64::from(*value), n + 1));
            println!(
                "{count} pixels have a rate; their mean is {:.4} DN/s",
                sum / f64::from(count)
            );
            println!("integrations: {}", rateints.data.dim().0);
        }
        Detector1Output::Ramp(ramp) => println!("calibrated ramp of shape {:?}", ramp.data.shape()),
        Detector1Output::Nothing => println!("every ramp is saturated: there is nothing to fit"),
    }
    Ok(())
}
