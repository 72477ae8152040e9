//! Combines calibrated exposures on a common image and saves it: `resample_exposures OUTPUT INPUT...`.

use std::io::Write;
use std::path::Path;

use datamodels::Model;
use datamodels::library::{AssociationInfo, Changes, Library, MemberFile};
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
    let members: Vec<MemberFile> = inputs
        .iter()
        .map(|file| MemberFile {
            path: file.into(),
            role: "science".into(),
            ..MemberFile::default()
        })
        .collect();
    // Only metadata are read here; there is one exposure at a time in memory below.
    let library = Library::open(
        &members,
        AssociationInfo::default(),
        Changes::InMemory,
        &std::env::temp_dir(),
    )?;
    let params = ResampleParams::default();
    let grid = OutputGrid::for_library(&library, &params.grid()?)?;
    let mut resampler = Resampler::new(grid, params.settings()?).with_blended_metadata();
    let mut regions = Vec::new();
    for exposure in library.exposures() {
        let mut input = ResampleInput::read(exposure)?;
        input.match_invalid();
        regions.extend(
            exposure
                .meta
                .text("meta.wcsinfo.s_region")
                .map(str::to_string),
        );
        resampler.add(input)?;
    }
    let combined = resampler.finish(&regions)?;
    combined.save(Path::new(output))?;
    let (rows, columns) = combined.data.dim();
    writeln!(
        std::io::stdout(),
        "{output}: {rows} rows, {columns} columns"
    )?;
    Ok(())
}
