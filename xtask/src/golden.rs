//! Golden cases: packed products as plain files.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Subcommand;
use testkit::golden::Case;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Write the reference's products of every committed case below a folder.
    Unpack {
        /// The folder; one below it for each case.
        folder: PathBuf,
    },
}

/// The folder of the committed cases.
pub(crate) fn committed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden")
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let Action::Unpack { folder } = &arguments.action;
    for case in Case::all(&committed())? {
        let target = folder.join(&case.name);
        std::fs::create_dir_all(&target)
            .with_context(|| format!("cannot make {}", target.display()))?;
        let products = case.official_products(&target)?;
        crate::say(&format!(
            "{}: {} products",
            target.display(),
            products.len()
        ));
    }
    Ok(())
}
