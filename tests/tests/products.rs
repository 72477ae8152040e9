//! The products of the reference package through our models: nothing is lost in reading and writing.

use std::path::{Path, PathBuf};

use datamodels::io::fits::FitsReader;
use datamodels::metadata::Metadata;
use datamodels::models::{
    GuiderCalModel, GuiderRawModel, IntermediateModel, PlainImageModel, ResampledModel,
    SegmentationMapModel,
};
use datamodels::{CubeModel, ImageModel, Model, RampFitOutputModel, RampModel, Result};
use tempfile::TempDir;
use testkit::compare::{ToleranceSpec, compare_products};
use testkit::golden::Case;

fn committed() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
    Case::all(&folder).expect("the golden cases are part of this package")
}

/// Reads a product as the model that it is and writes it.
fn rewrite(input: &Path, output: &Path) -> Result<()> {
    let reader = FitsReader::open(input)?;
    let kind = reader.hdus()[0]
        .header
        .get("DATAMODL")
        .and_then(|card| card.as_str());
    match kind {
        Some("RampModel" | "SuperstripeRampModel" | "Level1bModel") => {
            RampModel::open(input)?.save(output)
        }
        Some("GuiderRawModel") => GuiderRawModel::open(input)?.save(output),
        Some("GuiderCalModel") => GuiderCalModel::open(input)?.save(output),
        Some("ImageModel") if reader.find("WHT", 1).is_some() => {
            ResampledModel::open(input)?.save(output)
        }
        // Masks and χ² are images without the arrays of a count rate.
        Some("ImageModel") if reader.find("VAR_POISSON", 1).is_none() => {
            PlainImageModel::open(input)?.save(output)
        }
        Some("ImageModel") => ImageModel::open(input)?.save(output),
        Some("CubeModel") if reader.find("VAR_POISSON", 1).is_none() => {
            let mask = reader.image(reader.require("SCI")?)?;
            IntermediateModel::new(&Metadata::read(&reader)?, mask).save(output)
        }
        Some("CubeModel") => CubeModel::open(input)?.save(output),
        Some("SegmentationMapModel") => SegmentationMapModel::open(input)?.save(output),
        Some("RampFitOutputModel") => RampFitOutputModel::open(input)?.save(output),
        other => panic!("{}: DATAMODL is {other:?}", input.display()),
    }
}

#[test]
fn products_are_the_same_after_reading_and_writing() {
    let mut differences = Vec::new();
    for case in committed() {
        let (official, ours) = (
            TempDir::new().expect("a folder"),
            TempDir::new().expect("a folder"),
        );
        let products = case
            .official_products(official.path())
            .expect("the products unpack");
        // A guide star exposure goes through three steps, a rate through four.
        let least = match case.pipeline.name {
            "calwebb_guider" => 4,
            "calwebb_image2" => 5,
            _ => 8,
        };
        assert!(products.len() >= least, "{}: {products:?}", case.name);
        let is_fits = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "fits");
        for product in products.into_iter().filter(is_fits) {
            let written: PathBuf = ours.path().join(product.file_name().expect("a name"));
            rewrite(&product, &written).expect("it is read and written");
            let report = compare_products(&written, &product, &ToleranceSpec::exact());
            let report = report.expect("both are read");
            if !report.is_equal() {
                differences.push(report.to_string());
            }
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn raw_exposures_open_as_ramps() {
    let later = ["calwebb_image2", "calwebb_image3"];
    let raw = |case: &Case| !later.contains(&case.pipeline.name);
    for case in committed().into_iter().filter(raw) {
        let ramp = RampModel::open(&case.inputs[0]).expect("it is read");
        let (integrations, groups, rows, columns) = ramp.data.dim();
        let exposure = ramp.meta.exposure();
        assert_eq!(
            exposure.integrations().ok(),
            Some(integrations),
            "{}",
            case.name
        );
        assert_eq!(exposure.groups().ok(), Some(groups), "{}", case.name);
        let frame = ramp.meta.subarray().frame().expect("a subarray");
        assert_eq!(
            (frame.y_size as usize, frame.x_size as usize),
            (rows, columns)
        );
    }
}

#[test]
fn a_compressed_reference_opens_under_the_name_that_the_cache_prescribes() {
    for case in committed() {
        let folder = case.crds_cache.join("references/jwst");
        let mut count = 0;
        for instrument in std::fs::read_dir(folder).expect("a folder") {
            for file in std::fs::read_dir(instrument.expect("an entry").path()).expect("a folder") {
                let path = file.expect("an entry").path();
                if path
                    .extension()
                    .is_some_and(|extension| extension == "fits")
                {
                    FitsReader::open(&path).expect("it is read");
                    count += 1;
                }
            }
        }
        let least = match case.pipeline.name {
            // Its other references are ASDF files.
            "calwebb_image3" => 1,
            _ => 3,
        };
        assert!(count >= least, "{}: {count} references", case.name);
    }
}
