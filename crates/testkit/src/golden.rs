//! Golden cases: an exposure, the references it needs, and the products of the reference package.
//!
//! A case is a folder of the layout that `tests/golden/README.md` describes. Cases made by the simulator and not packed
//! (`ref/direct_params.json`, products as plain files in `detector1/`, `dark/`,
//! `guider/` or `image2/`) are read as well; stage 3 has packed cases only.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// What is wrong with a case.
#[derive(Debug, thiserror::Error)]
pub enum CaseError {
    /// A file cannot be read or written.
    #[error("cannot read or write {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// A file is not what a case has there.
    #[error("{}: {message}", path.display())]
    Content {
        /// The file or folder.
        path: PathBuf,
        /// What was expected.
        message: String,
    },
}

type Result<T> = std::result::Result<T, CaseError>;

/// A pipeline that cases are made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pipeline {
    /// Its name on the command line.
    pub name: &'static str,
    /// The folder in which the simulator leaves its products.
    folder: &'static str,
    /// What the names of its inputs contain.
    inputs: &'static [&'static str],
    steps: &'static [&'static str],
    /// Further arguments that save all there is.
    more: &'static [&'static str],
}

/// One case.
#[derive(Debug, Clone)]
pub struct Case {
    /// Name of its folder.
    pub name: String,
    /// The pipeline that made its products.
    pub pipeline: Pipeline,
    /// What the pipeline starts from: one uncalibrated exposure; for stage 2 rates of integrations and of the exposure,
    /// which are run in this order; for stage 3 an association, whose members are among the products.
    pub inputs: Vec<PathBuf>,
    /// The cache of references, for `CRDS_PATH`.
    pub crds_cache: PathBuf,
    /// Parameters by step that the reference ran with, beside those of the cache and of [`Case::saving_arguments`].
    pub parameters: serde_json::Map<String, Value>,
    folder: PathBuf,
}

#[derive(Deserialize)]
struct PackedProduct {
    sha256: String,
    /// Start and length of each in the store; with a third number, the piece is what the store has from there on but for
    /// the bits that are set in the first place.
    pieces: Vec<Vec<usize>>,
}

impl Case {
    /// Opens a case.
    ///
    /// # Errors
    /// It has no exposure, no cache or no parameters.
    pub fn open(folder: &Path) -> Result<Self> {
        let pipeline = Pipeline::of(folder)?;
        let mut inputs = Vec::new();
        for ending in pipeline.inputs {
            let found = files(&folder.join("input"))?;
            inputs.extend(
                found
                    .into_iter()
                    .filter(|file| file_name(file).contains(ending)),
            );
        }
        if inputs.is_empty() {
            let expected = format!("expected input/*{}", pipeline.inputs.join(" or input/*"));
            return Err(content(folder, &expected));
        }
        let candidates = ["direct_params.json", "ref/direct_params.json"];
        let parameters = candidates
            .map(|name| folder.join(name))
            .into_iter()
            .find(|file| file.is_file())
            .ok_or_else(|| content(folder, "expected direct_params.json"))?;
        let text = fs::read_to_string(&parameters).map_err(|e| at(&parameters, e))?;
        let parameters =
            serde_json::from_str(&text).map_err(|e| content(&parameters, &e.to_string()))?;
        Ok(Self {
            name: file_name(folder),
            pipeline,
            inputs,
            crds_cache: folder.join("crds_cache"),
            parameters,
            folder: folder.to_path_buf(),
        })
    }

    /// All cases in a folder, by name.
    ///
    /// # Errors
    /// A folder that has an `input` is no case, or there is none at all.
    pub fn all(folder: &Path) -> Result<Vec<Self>> {
        let entries = files(folder)?;
        let cases: Vec<Self> = entries
            .iter()
            .filter(|entry| entry.join("input").is_dir())
            .map(|entry| Self::open(entry))
            .collect::<Result<_>>()?;
        if cases.is_empty() {
            return Err(content(folder, "expected folders of golden cases"));
        }
        Ok(cases)
    }

    /// Count rates of the exposure, where the simulator has left them as plain files.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn rates(&self) -> Result<Vec<PathBuf>> {
        let folder = self.folder.join("detector1");
        if !folder.is_dir() {
            return Ok(Vec::new());
        }
        let mut rates = files(&folder)?;
        rates.retain(|file| file_name(file).ends_with("_rate.fits"));
        Ok(rates)
    }

    /// Arguments of the pipeline that save every step's product.
    pub fn saving_arguments(&self) -> Vec<String> {
        let steps = self.pipeline.steps.iter();
        let mut arguments: Vec<String> = steps
            .map(|step| format!("--steps.{step}.save_results=true"))
            .collect();
        arguments.extend(self.pipeline.more.iter().map(|more| (*more).to_string()));
        arguments
    }

    /// The case's own parameters as arguments; those of steps that its pipeline does not have are left out.
    pub fn parameter_arguments(&self) -> Vec<String> {
        let mut arguments = Vec::new();
        let own = |step: &str| self.pipeline.steps.contains(&step);
        for (step, parameters) in self.parameters.iter().filter(|(step, _)| own(step)) {
            for (name, value) in parameters.as_object().into_iter().flatten() {
                let value = match value {
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                };
                arguments.push(format!("--steps.{step}.{name}={value}"));
            }
        }
        arguments
    }

    /// The reference's products as plain files; packed ones are put into `scratch`.
    ///
    /// # Errors
    /// They are missing, damaged or cannot be written.
    pub fn official_products(&self, scratch: &Path) -> Result<Vec<PathBuf>> {
        let packed = self.folder.join("official/products.json");
        let products = if packed.is_file() {
            self.unpack(&packed, scratch)?
        } else {
            let plain = files(&self.folder.join(self.pipeline.folder))?;
            plain
                .into_iter()
                .filter(|file| {
                    file.extension()
                        .is_some_and(|extension| extension == "fits")
                })
                .collect()
        };
        if products.is_empty() {
            return Err(content(&self.folder, "expected products of the reference"));
        }
        Ok(products)
    }

    fn unpack(&self, list: &Path, scratch: &Path) -> Result<Vec<PathBuf>> {
        let text = fs::read_to_string(list).map_err(|e| at(list, e))?;
        let packed: BTreeMap<String, PackedProduct> =
            serde_json::from_str(&text).map_err(|e| content(list, &e.to_string()))?;
        let store = self.folder.join("official/pieces.gz");
        let mut pieces = Vec::new();
        File::open(&store)
            .and_then(|file| GzDecoder::new(file).read_to_end(&mut pieces))
            .map_err(|e| at(&store, e))?;
        let mut products = Vec::new();
        for (name, product) in packed {
            let bytes = product
                .join(&pieces)
                .ok_or_else(|| content(&store, &format!("does not hold {name}")))?;
            let path = scratch.join(name);
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder).map_err(|e| at(folder, e))?;
            }
            fs::write(&path, bytes).map_err(|e| at(&path, e))?;
            products.push(path);
        }
        Ok(products)
    }
}

impl Pipeline {
    /// The pipeline that the file `pipeline` names, or else the simulator's folder of products; `calwebb_detector1` if
    /// there is neither.
    fn of(folder: &Path) -> Result<Self> {
        let named = folder.join("pipeline");
        if named.is_file() {
            let name = fs::read_to_string(&named).map_err(|e| at(&named, e))?;
            let known = PIPELINES
                .into_iter()
                .find(|pipeline| pipeline.name == name.trim());
            return known.ok_or_else(|| content(&named, "expected the name of a pipeline"));
        }
        let made = PIPELINES
            .into_iter()
            .find(|pipeline| folder.join(pipeline.folder).is_dir());
        Ok(made.unwrap_or(DETECTOR1))
    }
}

impl PackedProduct {
    /// The product's bytes, where the store has them all and they are the right ones.
    fn join(&self, store: &[u8]) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        let part = |start: usize, length: usize| store.get(start..start.checked_add(length)?);
        for piece in &self.pieces {
            match piece[..] {
                [start, length] => bytes.extend_from_slice(part(start, length)?),
                [start, length, base] => {
                    let (bits, base) = (part(start, length)?, part(base, length)?);
                    bytes.extend(bits.iter().zip(base).map(|(bits, base)| bits ^ base));
                }
                _ => return None,
            }
        }
        let mut digits = String::new();
        for byte in Sha256::digest(&bytes) {
            let _ = write!(digits, "{byte:02x}");
        }
        (digits == self.sha256).then_some(bytes)
    }
}

const DETECTOR1: Pipeline = Pipeline {
    name: "calwebb_detector1",
    folder: "detector1",
    inputs: &["_uncal.fits"],
    steps: &[
        "group_scale",
        "dq_init",
        "emicorr",
        "saturation",
        "ipc",
        "superbias",
        "refpix",
        "rscd",
        "firstframe",
        "lastframe",
        "linearity",
        "dark_current",
        "reset",
        "persistence",
        "charge_migration",
        "jump",
        "picture_frame",
        "clean_flicker_noise",
        "ramp_fit",
        "gain_scale",
    ],
    more: &["--steps.ramp_fit.save_opt=true"],
};

const PIPELINES: [Pipeline; 5] = [
    DETECTOR1,
    Pipeline {
        name: "calwebb_dark",
        folder: "dark",
        inputs: &["_uncal.fits"],
        steps: &[
            "group_scale",
            "dq_init",
            "emicorr",
            "saturation",
            "ipc",
            "superbias",
            "refpix",
            "reset",
            "rscd",
            "firstframe",
            "lastframe",
            "linearity",
        ],
        // The pipeline itself saves its result where a program runs it.
        more: &[],
    },
    Pipeline {
        name: "calwebb_guider",
        folder: "guider",
        inputs: &["_uncal.fits"],
        steps: &["dq_init", "guider_cds", "flat_field"],
        more: &[],
    },
    Pipeline {
        name: "calwebb_image2",
        folder: "image2",
        inputs: &["_rateints.fits", "_rate.fits"],
        steps: &["assign_wcs", "flat_field"],
        more: &[],
    },
    Pipeline {
        name: "calwebb_image3",
        folder: "image3",
        inputs: &["_asn.json"],
        // The names of later products depend on what is saved before.
        steps: &["tweakreg", "skymatch"],
        more: &["--steps.outlier_detection.save_intermediate_results=true"],
    },
];

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).map_err(|e| at(folder, e))?;
    let mut paths = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<Vec<_>>>()
        .map_err(|e| at(folder, e))?;
    paths.sort();
    Ok(paths)
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

fn at(path: &Path, source: io::Error) -> CaseError {
    CaseError::Io {
        path: path.to_path_buf(),
        source,
    }
}

fn content(path: &Path, message: &str) -> CaseError {
    CaseError::Content {
        path: path.to_path_buf(),
        message: message.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_become_arguments() {
        let folder = tempfile::TempDir::new().expect("a temporary folder");
        let path = |name: &str| folder.path().join(name);
        fs::create_dir(path("input")).expect("made");
        fs::write(path("input/x_uncal.fits"), b"").expect("written");
        let parameters =
            r#"{"jump": {"min_sat_area": 7.5, "use_ellipses": false}, "emicorr": {"skip": true}}"#;
        fs::write(path("direct_params.json"), parameters).expect("written");
        let case = Case::open(folder.path()).expect("a case");
        assert_eq!(
            case.parameter_arguments(),
            [
                "--steps.jump.min_sat_area=7.5",
                "--steps.jump.use_ellipses=false",
                "--steps.emicorr.skip=true"
            ]
        );
        let missing = case.official_products(folder.path());
        assert!(missing.is_err_and(|e| e.to_string().contains("detector1")));
    }

    #[test]
    fn damaged_packs_are_noticed() {
        let product = PackedProduct {
            sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad".into(),
            pieces: vec![vec![1, 2], vec![0, 1]],
        };
        assert_eq!(product.join(b"cab"), Some(b"abc".to_vec()));
        assert_eq!(product.join(b"cax"), None);
        assert_eq!(product.join(b"ca"), None);
    }

    #[test]
    fn pieces_are_differences_from_others() {
        let product = PackedProduct {
            sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad".into(),
            // `a`, and what differs from `xc` by the bits of `b ^ x`.
            pieces: vec![vec![0, 1], vec![3, 2, 1]],
        };
        assert_eq!(product.join(b"axc\x1a\0"), Some(b"abc".to_vec()));
        assert_eq!(product.join(b"axc\x1a"), None);
    }
}
