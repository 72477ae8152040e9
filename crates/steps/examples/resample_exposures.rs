//! Combines calibrated exposures on a common image and saves it: `resample_exposures OUTPUT INPUT...`.

use std::io::Write;
use std::path::Path;

use datamodels::{ImageModel, Model};
use steps::resample::{OutputGrid, ResampleInput, ResampleParams, Resampler};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let files: Vec<String> = std::env::args().skip(1).collect();
    let [output, inputs @ ..] = files.as_slice() else {
        writeln!(
            std::io::stdout(),
            "usage: resample_exposures OUTPUT INPUT..."
        )?;
        return Ok(());
    };
    let params = ResampleParams::default();
    let open = |name: &String| -> Result<ResampleInput, Box<dyn std::error::Error>> {
        let mut input = ResampleInput::new(ImageModel::open(Path::new(name))?)?;
        input.match_invalid();
        Ok(input)
    };
    // The grid needs the outlines of all inputs, the sums only one input at a time.
    let known = inputs.iter().map(open).collect::<Result<Vec<_>, _>>()?;
    let outlines = known
        .iter()
        .map(ResampleInput::outline)
        .collect::<Result<Vec<_>, _>>()?;
    let grid = OutputGrid::for_inputs(&outlines, &params.grid()?)?;
    let regions: Vec<String> = known
        .iter()
        .filter_map(|input| input.region().map(str::to_string))
        .collect();
    let Some(first) = known.first() else {
        return Ok(());
    };
    let meta = first.meta.clone();
    let mut resampler = Resampler::new(grid, params.settings()?);
    for input in known {
        resampler.add(input)?;
    }
    let combined = resampler.finish(&meta, &regions)?;
    combined.save(Path::new(output))?;
    let (rows, columns) = combined.data.dim();
    writeln!(
        std::io::stdout(),
        "{output}: {rows} rows, {columns} columns"
    )?;
    Ok(())
}
