//! Where the sources of each exposure come from: catalogues of the user, or the image.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use datamodels::library::{Exposure, Library};
use stcal::tweakreg::Sources;
use stpipe::StepError;

use super::TweakRegParams;
use super::table::NumberTable;

/// A catalogue that the user gave for an exposure.
#[derive(Debug, Clone, PartialEq)]
pub struct UserCatalog {
    /// Its file.
    pub path: PathBuf,
    /// Its sources.
    pub(super) sources: Sources,
}

/// The catalogues of the user, one for each exposure that has one.
///
/// # Errors
/// A file cannot be read or has no columns of pixels.
pub(super) fn user_catalogs(
    params: &TweakRegParams,
    library: &Library,
) -> Result<Vec<Option<UserCatalog>>, StepError> {
    let exposures = library.exposures();
    if !params.use_custom_catalogs {
        return Ok(vec![None; exposures.len()]);
    }
    let catfile = params.catfile.trim();
    let mut listed = HashMap::new();
    if !catfile.is_empty() {
        listed = read_list(Path::new(catfile))?;
        if listed.is_empty() {
            tracing::warn!(
                "'use_custom_catalogs' is set to True but 'catfile' contains no user catalogs. Turning on built-in catalog creation."
            );
            return Ok(vec![None; exposures.len()]);
        }
    }
    let path_for = |exposure: &Exposure| {
        if let Some(entry) = listed.get(exposure.file_name()) {
            return entry.clone();
        }
        let named = exposure.meta.text("meta.tweakreg_catalog").map(str::trim);
        let named = named.filter(|name| !name.is_empty()).map(PathBuf::from);
        exposure.catalog().map(Path::to_path_buf).or(named)
    };
    exposures
        .iter()
        .map(|exposure| {
            path_for(exposure)
                .map(|path| load(exposure, path))
                .transpose()
        })
        .collect()
}

fn load(exposure: &Exposure, path: PathBuf) -> Result<UserCatalog, StepError> {
    let unreadable =
        |source| StepError::reference("tweakreg_catalog", path.display().to_string(), source);
    let sources = NumberTable::read(&path)
        .map_err(unreadable)?
        .sources(catalog_name(exposure.file_name()))?;
    Ok(UserCatalog { path, sources })
}

/// The name of the catalogue of a file: its stem.
pub(super) fn catalog_name(file_name: &str) -> String {
    let stem = Path::new(file_name)
        .file_stem()
        .and_then(|stem| stem.to_str())
        .unwrap_or(file_name);
    stem.trim_matches(['_', '-', ' ']).to_string()
}

/// A list of files and their catalogues, which are relative to the list; a file without one has `None`.
fn read_list(path: &Path) -> Result<HashMap<String, Option<PathBuf>>, StepError> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| StepError::reference("catfile", path.display().to_string(), error))?;
    let directory = path.parent().unwrap_or(Path::new(""));
    let lines = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            match words.as_slice() {
                [file] => Ok(((*file).to_string(), None)),
                [file, catalog] => Ok(((*file).to_string(), Some(directory.join(catalog)))),
                _ => Err(StepError::input("'catfile'", "at most two columns", line)),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_names_catalogues_beside_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("list.txt");
        std::fs::write(&path, "# files\n\n a_cal.fits  a.ecsv\nb_cal.fits\n").unwrap();
        let found = read_list(&path).unwrap();
        assert_eq!(found["a_cal.fits"], Some(directory.path().join("a.ecsv")));
        assert_eq!((found["b_cal.fits"].as_ref(), found.len()), (None, 2));
        std::fs::write(&path, "a_cal.fits a.ecsv more\n").unwrap();
        let error = read_list(&path).unwrap_err().to_string();
        assert!(error.contains("at most two columns"), "{error}");
    }

    #[test]
    fn names_of_catalogues_are_stems() {
        assert_eq!(catalog_name("jw01_nrcb1_cal.fits"), "jw01_nrcb1_cal");
        assert_eq!(catalog_name("_a-.fits"), "a");
    }
}
