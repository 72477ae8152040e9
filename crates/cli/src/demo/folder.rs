//! Where the demonstration has its files.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use flate2::read::GzDecoder;

use crate::Failure;

/// Exposures, references and the truth, made by `demo/make.py`.
const ARCHIVE: &[u8] = include_bytes!("../../demo/demo.tar.gz");

const ASSOCIATION: &str = "image3_asn.json";

/// The folder of a demonstration: `input`, `crds_cache` and `truth` come from the archive, `products` from the pipelines.
#[derive(Debug)]
pub(super) struct Folder(PathBuf);

impl Folder {
    /// Unpacks the archive into a folder, which is made if absent; what it has of an earlier demonstration is replaced.
    pub(super) fn unpack(path: &Path) -> Result<Self, Failure> {
        let folder = Self(path.to_owned());
        let unpacked = std::fs::create_dir_all(folder.products())
            .and_then(|()| tar::Archive::new(GzDecoder::new(ARCHIVE)).unpack(path));
        unpacked.with_context(|| format!("cannot unpack the exposures to {}", path.display()))?;
        Ok(folder)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    pub(super) fn input(&self) -> PathBuf {
        self.0.join("input")
    }

    pub(super) fn crds_cache(&self) -> PathBuf {
        self.0.join("crds_cache")
    }

    pub(super) fn products(&self) -> PathBuf {
        self.0.join("products")
    }

    pub(super) fn log(&self) -> PathBuf {
        self.0.join("demo.log")
    }

    pub(super) fn truth(&self, name: &str) -> PathBuf {
        self.0.join("truth").join(name)
    }

    /// The raw file of an exposure.
    pub(super) fn raw(&self, exposure: &str) -> PathBuf {
        self.input().join(format!("{exposure}_uncal.fits"))
    }

    /// A product of an exposure by its suffix.
    pub(super) fn product(&self, exposure: &str, suffix: &str) -> PathBuf {
        self.products().join(format!("{exposure}_{suffix}.fits"))
    }

    /// The association of the dithered exposures, put beside its members.
    pub(super) fn association(&self) -> Result<PathBuf, Failure> {
        let beside = self.products().join(ASSOCIATION);
        let copied: io::Result<_> = std::fs::copy(self.input().join(ASSOCIATION), &beside);
        copied.with_context(|| format!("cannot write {}", beside.display()))?;
        Ok(beside)
    }
}
