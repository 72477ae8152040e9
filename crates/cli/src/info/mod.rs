//! `jwst info`: what a file holds and how it came about.

mod asdf_tree;
mod coordinates;
mod history;
mod quality;
mod structure;
mod text;

use std::path::{Path, PathBuf};

use ::asdf::AsdfFile;
use anyhow::Context as _;
use clap::Args;
use datamodels::io::fits::FitsReader;
use datamodels::metadata::Metadata;
use serde::Serialize;

use crate::{Failure, Streams};
use asdf_tree::Leaf;
use coordinates::Coordinates;
use history::{Parameter, ReferenceFile, StepRecord};
use quality::Quality;
use structure::Hdu;

/// Show what a product holds and how it came about: HDUs, steps, references, coordinates, quality
///
/// FITS and ASDF files, whoever wrote them.
#[derive(Debug, Args)]
pub(crate) struct InfoArgs {
    /// Files
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Show every parameter of the steps, not only those that differ from the defaults
    #[arg(long)]
    parameters: bool,
    /// Print JSON: an object for each file, one a line
    #[arg(long)]
    json: bool,
}

/// What a file says. Parts that it has not are empty.
#[derive(Debug, Default, Serialize)]
struct Info {
    file: PathBuf,
    /// `FITS` or `ASDF`.
    format: &'static str,
    bytes: u64,
    /// The data model that wrote it.
    model: Option<String>,
    /// What was observed, and with what, by the names of the metadata.
    exposure: Vec<(&'static str, String)>,
    hdus: Vec<Hdu>,
    tree: Vec<Leaf>,
    steps: Vec<StepRecord>,
    references: Vec<ReferenceFile>,
    /// The context that selected the references.
    context: Option<String>,
    /// The version of the package that calibrated it.
    version: Option<String>,
    parameters: Vec<Parameter>,
    coordinates: Option<Coordinates>,
    quality: Vec<Quality>,
}

/// Prints what is known of the files. One that cannot be read does not hide the others.
pub(crate) fn run(args: &InfoArgs, streams: &Streams) -> Result<(), Failure> {
    let mut failed = None;
    for (number, path) in args.files.iter().enumerate() {
        match Info::of(path) {
            Ok(info) if args.json => {
                streams.print(&(serde_json::to_string(&info)? + "\n"))?;
            }
            Ok(info) => {
                let gap = if number == 0 { "" } else { "\n" };
                let text = text::of(&info, args.parameters);
                streams.print(&format!("{gap}{text}"))?;
            }
            Err(error) => {
                if let Some(earlier) = failed.replace(Failure::from(error)) {
                    earlier.report("jwst", streams);
                }
            }
        }
    }
    failed.map_or(Ok(()), Err)
}

impl Info {
    fn of(path: &Path) -> anyhow::Result<Self> {
        let cannot_read = || format!("cannot read {}", path.display());
        let bytes = path.metadata().with_context(cannot_read)?.len();
        let info = Self {
            file: path.to_owned(),
            bytes,
            ..Self::default()
        };
        let is_asdf = path
            .extension()
            .is_some_and(|ending| ending.eq_ignore_ascii_case("asdf"));
        if is_asdf {
            let file = AsdfFile::open(path).with_context(cannot_read)?;
            return Ok(info.with_tree(&file));
        }
        let reader = FitsReader::open(path)?;
        info.with_fits(&reader).with_context(cannot_read)
    }

    fn with_tree(self, file: &AsdfFile) -> Self {
        let text = |path: &str| {
            let node = file.tree.get_path(path)?;
            node.as_str().map(str::to_owned)
        };
        Self {
            format: "ASDF",
            model: text("meta.model_type").or_else(|| text("meta.reftype")),
            exposure: history::exposure(&text),
            tree: asdf_tree::leaves(&file.tree),
            ..self
        }
    }

    fn with_fits(self, reader: &FitsReader) -> anyhow::Result<Self> {
        let meta = Metadata::read(reader)?;
        let text = |path: &str| history::scalar_text(meta.get(path)?);
        Ok(Self {
            format: "FITS",
            model: text("meta.model_type").filter(|name| name != "JwstDataModel"),
            exposure: history::exposure(&text),
            hdus: structure::hdus(reader)?,
            steps: history::steps(&meta),
            references: history::references(&meta),
            context: text("meta.ref_file.crds.context_used"),
            version: text("meta.calibration_software_version"),
            parameters: history::parameters(&meta),
            coordinates: coordinates::of(&meta, reader)?,
            quality: quality::of(reader)?,
            ..self
        })
    }
}
