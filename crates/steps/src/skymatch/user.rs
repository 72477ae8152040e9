//! Levels from a list of the user's.

use std::path::Path;

use datamodels::library::Library;
use stpipe::StepError;

use super::SkyMatchParams;

/// Names of exposures and their levels [BUNIT].
#[derive(Debug, Clone, PartialEq)]
pub struct SkyList(Vec<(String, f32)>);

/// Suffixes in which names may differ.
const SUFFIXES: [&str; 12] = [
    "_cal",
    "_calints",
    "_crf",
    "_crfints",
    "_i2d",
    "_outlier_detection",
    "_outlierdetectionstep",
    "_rate",
    "_skymatch",
    "_skymatchstep",
    "_tweakreg",
    "_tweakregstep",
];

impl SkyList {
    /// Reads a text file with a name and a level in each line; `#` begins a comment.
    ///
    /// # Errors
    /// The file cannot be read, or a line has another form.
    pub fn read(path: &Path) -> Result<Self, StepError> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            StepError::input("skylist", "a file", format!("{}: {error}", path.display()))
        })?;
        Self::parse(&text)
    }

    fn parse(text: &str) -> Result<Self, StepError> {
        let lines = text
            .lines()
            .map(|line| line.split('#').next().unwrap_or_default().trim());
        let entries = lines.filter(|line| !line.is_empty()).map(|line| {
            let parts: Vec<&str> = line.split_whitespace().collect();
            let [name, level] = parts[..] else {
                return Err(StepError::input(
                    "line of skylist",
                    "a name and a level",
                    line,
                ));
            };
            let level = level.parse();
            let level = level.map_err(|_| StepError::input("line of skylist", "a level", line))?;
            Ok((stem(name).to_owned(), level))
        });
        entries.collect::<Result<_, _>>().map(Self)
    }

    /// Sets the levels of all exposures, and subtracts them if that is wanted.
    pub(super) fn apply(
        &self,
        params: &SkyMatchParams,
        library: &mut Library,
    ) -> Result<(), StepError> {
        tracing::info!(" ");
        tracing::info!(
            "Setting sky background of input images to user-provided values from `skylist` ({}).",
            params.skylist.as_deref().unwrap_or_default()
        );
        if self.0.len() != library.len() {
            let expected = format!("an entry for each of the {} images", library.len());
            return Err(StepError::input("skylist", expected, self.0.len()));
        }
        for exposure in library.exposures_mut() {
            let name = stem(exposure.file_name());
            let entries: Vec<f32> = (self.0.iter())
                .filter(|(entry, _)| entry == name)
                .map(|(_, level)| *level)
                .collect();
            let [level] = entries[..] else {
                let found = if entries.is_empty() {
                    "none"
                } else {
                    "several"
                };
                return Err(StepError::input(
                    "skylist",
                    format!("one entry for '{name}'"),
                    found,
                ));
            };
            if params.subtract {
                let mut data = exposure.data().map_err(StepError::algorithm)?;
                data.par_mapv_inplace(|value| value - level);
                exposure.set_data(data).map_err(StepError::algorithm)?;
            }
            let meta = &mut exposure.meta;
            meta.set("meta.background.level", f64::from(level));
            meta.set("meta.background.subtracted", params.subtract);
            meta.set("meta.background.method", params.skymethod.as_str());
        }
        Ok(())
    }
}

/// The name without directory, extension and suffix.
fn stem(name: &str) -> &str {
    let stem = Path::new(name)
        .file_stem()
        .and_then(|stem| stem.to_str())
        .unwrap_or(name);
    let longest = SUFFIXES
        .iter()
        .filter_map(|suffix| stem.strip_suffix(suffix));
    longest.min_by_key(|rest| rest.len()).unwrap_or(stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_levels_are_read() {
        let list = SkyList::parse(
            "# levels\ndir/jw1_a_cal.fits 1.5\n\njw1_b_tweakreg.fits  -2e-1 # low\n",
        )
        .unwrap();
        assert_eq!(
            list,
            SkyList(vec![("jw1_a".into(), 1.5), ("jw1_b".into(), -0.2)])
        );
        assert!(SkyList::parse("jw1_a_cal.fits").is_err());
        assert!(SkyList::parse("jw1_a_cal.fits bright").is_err());
    }
}
