//! Reads a ramp or a rate image and writes it again: nothing that the file held may be lost.
//!
//! `cargo run --example rewrite -- IN.fits OUT.fits`

use std::path::Path;

use datamodels::io::fits::FitsReader;
use datamodels::{ImageModel, Model, RampModel};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, input, output] = arguments.as_slice() else {
        return Err("usage: rewrite IN.fits OUT.fits".into());
    };
    let (input, output) = (Path::new(input), Path::new(output));
    let dimensions = FitsReader::open(input)?.require("SCI")?.shape().len();
    if dimensions == 2 {
        ImageModel::open(input)?.save(output)?;
    } else {
        RampModel::open(input)?.save(output)?;
    }
    Ok(())
}
