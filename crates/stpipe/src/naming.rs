//! Names of output files: a pure function of the input's name and the parameters.
//!
//! Source: stpipe 1.1.0 `Step._make_output_path` and jwst 3.0.0 `lib.suffix.remove_suffix`.

use std::path::{Path, PathBuf};

/// What to do about the suffix, the last part of a product's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suffix<'a> {
    /// Put this one in the place of a known suffix, or add it.
    Replace(&'a str),
    /// Leave the name as it is.
    Keep,
}

/// What an output name is made of.
///
/// ```
/// use stpipe::naming::{OutputName, Suffix};
/// let name = OutputName {
///     base: "data/jw1_nrca1_uncal.fits",
///     suffix: Suffix::Replace("rate"),
///     extension: ".fits",
///     components: &[],
///     directory: "out",
///     known_suffixes: &["uncal", "rate"],
/// };
/// assert_eq!(name.path(), std::path::Path::new("out/jw1_nrca1_rate.fits"));
/// ```
#[derive(Debug, Clone, Copy)]
pub struct OutputName<'a> {
    /// The file that the name is derived from; its directory and last extension are dropped.
    pub base: &'a str,
    /// The suffix.
    pub suffix: Suffix<'a>,
    /// The extension, with or without its dot.
    pub extension: &'a str,
    /// Further parts between base and suffix: an index, the number of an association.
    pub components: &'a [String],
    /// Directory of the file; empty for the current one.
    pub directory: &'a str,
    /// Suffixes that [`Suffix::Replace`] takes away.
    pub known_suffixes: &'a [&'a str],
}

impl OutputName<'_> {
    /// The path.
    pub fn path(&self) -> PathBuf {
        let file = self.base.rsplit('/').next().unwrap_or_default();
        // Parity: only the last extension goes, so that `x_uncal.fits.gz` becomes `x_uncal.fits_rate.fits`.
        let stem = file_stem(file);
        let extension = self.extension.strip_prefix('.').unwrap_or(self.extension);
        let components = self
            .components
            .iter()
            .fold(String::new(), |all, c| all + "_" + c);
        let name = match self.suffix {
            Suffix::Keep => format!("{stem}{components}.{extension}"),
            Suffix::Replace(suffix) => {
                let (root, separator) = remove_suffix(stem, self.known_suffixes);
                let separator = separator.unwrap_or('_');
                format!("{root}{components}{separator}{suffix}.{extension}")
            }
        };
        Path::new(self.directory).join(name)
    }
}

/// Name without its last extension; dots at the beginning are part of the name.
fn file_stem(file: &str) -> &str {
    let leading = file.len() - file.trim_start_matches('.').len();
    match file.rfind('.') {
        Some(dot) if dot > leading => &file[..dot],
        _ => file,
    }
}

/// Takes a known suffix and the `_` or `-` before it from a name, and says which separator it was.
///
/// Of several that match, the longest goes. The name never becomes empty.
///
/// ```
/// use stpipe::naming::remove_suffix;
/// let known = ["fringe", "residual_fringe"];
/// assert_eq!(remove_suffix("x_residual_fringe", &known), ("x", Some('_')));
/// assert_eq!(remove_suffix("fringe", &known), ("fringe", None));
/// ```
pub fn remove_suffix<'a>(name: &'a str, known: &[&str]) -> (&'a str, Option<char>) {
    let roots = known.iter().filter_map(|suffix| {
        let rest = name.strip_suffix(suffix)?;
        let root = rest.strip_suffix(['_', '-'])?;
        let separator = rest[root.len()..].chars().next()?;
        (!root.is_empty()).then_some((root, separator))
    });
    match roots.min_by_key(|(root, _)| root.len()) {
        Some((root, separator)) => (root, Some(separator)),
        None => (name, None),
    }
}

/// Replaces a leading `~` and `$NAME` or `${NAME}` in a path by what `lookup` gives; unknown names stay.
///
/// ```
/// let lookup = |name: &str| (name == "HOME").then(|| "/home/x".to_owned());
/// assert_eq!(stpipe::naming::expand_variables("~/$HOME/${NO}", lookup), "/home/x//home/x/${NO}");
/// ```
pub fn expand_variables(path: &str, lookup: impl Fn(&str) -> Option<String>) -> String {
    let mut expanded = String::new();
    let mut rest = path;
    if let Some(after) = rest
        .strip_prefix('~')
        .filter(|r| r.is_empty() || r.starts_with('/'))
    {
        expanded += &lookup("HOME").unwrap_or_else(|| "~".to_owned());
        rest = after;
    }
    while let Some(start) = rest.find('$') {
        expanded += &rest[..start];
        let after = &rest[start + 1..];
        let (name, end) = variable_name(after);
        match lookup(name).filter(|_| !name.is_empty()) {
            Some(value) => expanded += &value,
            None => expanded += &rest[start..start + 1 + end],
        }
        rest = &after[end..];
    }
    expanded + rest
}

/// The name at the beginning of what follows a `$`, and where it ends.
fn variable_name(text: &str) -> (&str, usize) {
    if let Some(inner) = text.strip_prefix('{') {
        let end = inner.find('}');
        return end.map_or(("", 0), |end| (&inner[..end], end + 2));
    }
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let end = text.find(|c| !is_name(c)).unwrap_or(text.len());
    (&text[..end], end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KNOWN: &[&str] = &[
        "uncal",
        "rate",
        "cal",
        "jump",
        "jumpstep",
        "rateints",
        "fringe",
        "residual_fringe",
        "ami",
        "oi",
        "ami-oi",
        "gain_scale",
    ];

    fn path(base: &str, suffix: Suffix<'_>, components: &[&str], extension: &str) -> String {
        let components: Vec<_> = components.iter().map(|c| (*c).to_owned()).collect();
        let name = OutputName {
            base,
            suffix,
            extension,
            components: &components,
            directory: "",
            known_suffixes: KNOWN,
        };
        name.path().display().to_string()
    }

    /// Expected names from `JumpStep(...).make_output_path(...)` of stpipe 1.1.0 with jwst 3.0.0.
    #[test]
    fn names_are_those_of_the_reference() {
        let replaced = [
            ("jw1_nrca1_uncal.fits", "jump", "jw1_nrca1_jump.fits"),
            ("a/b/jw1-nrca1-uncal.fits", "jump", "jw1-nrca1-jump.fits"),
            ("jw1_rate_cal.fits", "jump", "jw1_rate_jump.fits"),
            ("jw1_uncal.fits.gz", "jump", "jw1_uncal.fits_jump.fits"),
            ("uncal.fits", "jump", "uncal_jump.fits"),
            ("_uncal.fits", "jump", "_uncal_jump.fits"),
            ("x_UNCAL.fits", "jump", "x_UNCAL_jump.fits"),
            ("/tmp/hello.asdf", "jumpstep", "hello_jumpstep.fits"),
            ("/tmp/hello_rate.fits", "jump", "hello_jump.fits"),
            ("step_JumpStep.fits", "jump", "step_JumpStep_jump.fits"),
            (".fits", "jump", ".fits_jump.fits"),
            ("jw1_uncal.fits", "", "jw1_.fits"),
            ("jw1_uncal", "rate", "jw1_rate.fits"),
            ("jw1.v2_uncal.fits", "rate", "jw1.v2_rate.fits"),
            ("jw1_rateints.fits", "rate", "jw1_rate.fits"),
            ("jw1_residual_fringe.fits", "rate", "jw1_rate.fits"),
            ("jw1_ami-oi.fits", "rate", "jw1_rate.fits"),
            (
                "jw1_gain_scaleints.fits",
                "rate",
                "jw1_gain_scaleints_rate.fits",
            ),
        ];
        for (base, suffix, expected) in replaced {
            assert_eq!(path(base, Suffix::Replace(suffix), &[], ".fits"), expected);
        }
        let rate = Suffix::Replace("rate");
        assert_eq!(
            path("jw1_uncal.fits", rate, &["0"], ".fits"),
            "jw1_0_rate.fits"
        );
        assert_eq!(
            path("jw1-uncal.fits", rate, &["3", "o001"], "fits"),
            "jw1_3_o001-rate.fits"
        );
        assert_eq!(path("jw1_uncal.fits", rate, &[], "asdf"), "jw1_rate.asdf");
        assert_eq!(path("jw1_uncal.fits", rate, &[], ""), "jw1_rate.");
        assert_eq!(
            path("jw1_uncal.fits", Suffix::Keep, &[], ".fits"),
            "jw1_uncal.fits"
        );
        assert_eq!(
            path("jw1_uncal.fits", Suffix::Keep, &["1"], ".fits"),
            "jw1_uncal_1.fits"
        );
    }

    proptest! {
        #[test]
        fn replacing_a_suffix_twice_is_replacing_it_once(root in "[a-z][a-z0-9]{0,5}(_[a-z0-9]{1,4}){0,2}") {
            let once = path(&format!("{root}.fits"), Suffix::Replace("rate"), &[], ".fits");
            prop_assert_eq!(path(&once, Suffix::Replace("rate"), &[], ".fits"), once);
        }

        #[test]
        fn no_path_panics(text in "\\PC{0,12}") {
            path(&text, Suffix::Replace("rate"), &[], ".fits");
            expand_variables(&text, |_| None);
        }

        #[test]
        fn unknown_variables_stay(text in "[a-z${}/_]{0,12}") {
            prop_assert_eq!(expand_variables(&text, |_| None), text);
        }
    }
}
