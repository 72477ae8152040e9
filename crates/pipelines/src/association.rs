//! Inputs that are exposures or associations of them.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use associations::{Association, AssociationError, MemberPaths, Role};
use stpipe::run::Context;

/// What an input file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InputKind {
    /// A product in FITS, or what claims to be one.
    Exposure,
    /// A list of such files.
    Association,
}

/// Tells exposures from associations by the extension, and where that says nothing by the first character.
pub(crate) fn kind_of(path: &Path) -> InputKind {
    let extension = path.extension().and_then(|extension| extension.to_str());
    match extension.unwrap_or_default() {
        "fits" => InputKind::Exposure,
        "json" => InputKind::Association,
        _ => {
            let mut start = [0; 64];
            let read = File::open(path).and_then(|mut file| file.read(&mut start));
            let text = start.get(..read.unwrap_or(0)).unwrap_or_default();
            if text.trim_ascii_start().starts_with(b"{") {
                InputKind::Association
            } else {
                InputKind::Exposure
            }
        }
    }
}

/// Reads an association; an exposure is one of a single member.
pub(crate) fn association_of(path: &Path) -> Result<Association, AssociationError> {
    match kind_of(path) {
        InputKind::Exposure => Ok(Association::of_exposure(path)),
        InputKind::Association => Association::open(path),
    }
}

/// Where the members of a run's association may be.
pub(crate) fn allowed(context: &Context<'_>) -> MemberPaths {
    paths(context.files_anywhere)
}

fn paths(files_anywhere: bool) -> MemberPaths {
    if files_anywhere {
        MemberPaths::Anywhere
    } else {
        MemberPaths::Inside
    }
}

/// The first science exposure of an association.
pub(crate) fn first_science(
    association: &Association,
    files_anywhere: bool,
) -> Result<PathBuf, AssociationError> {
    let product = &association.products[0];
    let member = association.only(product, &Role::Science)?;
    association
        .path_of(member, paths(files_anywhere))
        .map_err(advise)
}

/// Says with a member that lies outside how to allow it.
pub(crate) fn advise(error: AssociationError) -> AssociationError {
    if let AssociationError::Outside { .. } = &error {
        tracing::error!("Use --members-anywhere for associations of files in other directories");
    }
    error
}
