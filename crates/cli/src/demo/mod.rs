//! `jwst demo`: bundled exposures, from raw ramps to a mosaic and a catalogue, with pictures, a report, and how they compare with
//! what was simulated.

mod folder;
mod pictures;
mod stages;
mod summary;
mod truth;

use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use stpipe::Mission;

use crate::{Failure, Streams};
use folder::Folder;
use pictures::Pictures;
use stages::Bench;
use summary::Summary;
use truth::Truth;

/// Arguments of `jwst demo`.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Folder for inputs, references, products and the log; made if absent
    #[arg(short, long, default_value = "jwst-demo")]
    output: PathBuf,
}

/// Runs the demonstration.
pub(crate) fn run(
    mission: &dyn Mission,
    args: &DemoArgs,
    streams: &Streams,
) -> Result<(), Failure> {
    let begun = Instant::now();
    let folder = Folder::unpack(&args.output)?;
    streams.print(&format!(
        "Simulated exposures are in {}; nothing of them comes from the observatory.\n",
        folder.input().display()
    ))?;
    let truth = Truth::read(&folder)?;
    let bench = Bench::open(mission, &folder, streams)?;
    let mut products = Vec::new();
    for exposure in truth.exposures() {
        products.extend(bench.run("calwebb_detector1", &folder.raw(exposure))?);
    }
    for exposure in truth.exposures() {
        products.extend(bench.run("calwebb_image2", &folder.product(exposure, "rate"))?);
    }
    products.extend(bench.run("calwebb_image3", &folder.association()?)?);
    let elapsed = begun.elapsed();
    let mut summary = Summary::of(&folder, &truth, products, elapsed)?;
    let exposure = truth.exposures().next().map_or("", String::as_str);
    summary.show(Pictures::make(&folder, exposure, &summary)?);
    summary.save(&folder)?;
    Ok(streams.print(&summary.to_text(&folder, &truth))?)
}
