//! The methods of the steps: the documentation of the modules that hold their algorithms.

/// Modules by step: the text of each source file, whose documentation is shown.
const MODULES: &[(&str, &[&str])] = &[
    (
        "assign_mtwcs",
        &[include_str!("../../../steps/src/assign_mtwcs/mod.rs")],
    ),
    (
        "assign_wcs",
        &[
            include_str!("../../../steps/src/assign_wcs/mod.rs"),
            include_str!("../../../gwcs/src/fits/mod.rs"),
        ],
    ),
    (
        "bkg_subtract",
        &[include_str!("../../../stcal/src/background/mod.rs")],
    ),
    (
        "charge_migration",
        &[include_str!("../../../stcal/src/charge_migration/mod.rs")],
    ),
    (
        "clean_flicker_noise",
        &[include_str!(
            "../../../stcal/src/clean_flicker_noise/mod.rs"
        )],
    ),
    (
        "dark_current",
        &[include_str!("../../../stcal/src/dark/mod.rs")],
    ),
    (
        "dq_init",
        &[include_str!("../../../stcal/src/dq_init/mod.rs")],
    ),
    (
        "emicorr",
        &[
            include_str!("../../../stcal/src/emicorr/mod.rs"),
            include_str!("../../../stcal/src/emicorr/joint/mod.rs"),
            include_str!("../../../stcal/src/emicorr/sequential.rs"),
        ],
    ),
    (
        "firstframe",
        &[include_str!("../../../steps/src/firstframe/mod.rs")],
    ),
    (
        "flat_field",
        &[include_str!("../../../stcal/src/flat_field/mod.rs")],
    ),
    (
        "gain_scale",
        &[include_str!("../../../stcal/src/scaling/mod.rs")],
    ),
    (
        "group_scale",
        &[include_str!("../../../stcal/src/scaling/mod.rs")],
    ),
    (
        "guider_cds",
        &[include_str!("../../../stcal/src/guider/mod.rs")],
    ),
    ("ipc", &[include_str!("../../../stcal/src/ipc/mod.rs")]),
    ("jump", &[include_str!("../../../stcal/src/jump/mod.rs")]),
    (
        "lastframe",
        &[include_str!("../../../steps/src/lastframe/mod.rs")],
    ),
    (
        "linearity",
        &[include_str!("../../../stcal/src/linearity/mod.rs")],
    ),
    (
        "outlier_detection",
        &[
            include_str!("../../../steps/src/outlier_detection/mod.rs"),
            include_str!("../../../stcal/src/outlier_detection/mod.rs"),
        ],
    ),
    (
        "persistence",
        &[include_str!("../../../stcal/src/persistence/mod.rs")],
    ),
    (
        "photom",
        &[include_str!("../../../stcal/src/photom/mod.rs")],
    ),
    (
        "picture_frame",
        &[include_str!("../../../stcal/src/picture_frame/mod.rs")],
    ),
    (
        "ramp_fit",
        &[
            include_str!("../../../stcal/src/ramp_fit/mod.rs"),
            include_str!("../../../stcal/src/ramp_fit/ols/mod.rs"),
            include_str!("../../../stcal/src/ramp_fit/likely/mod.rs"),
        ],
    ),
    (
        "refpix",
        &[
            include_str!("../../../stcal/src/refpix/mod.rs"),
            include_str!("../../../stcal/src/irs2/mod.rs"),
        ],
    ),
    (
        "resample",
        &[
            include_str!("../../../drizzle/src/lib.rs"),
            include_str!("../../../steps/src/resample/mod.rs"),
        ],
    ),
    ("reset", &[include_str!("../../../stcal/src/reset/mod.rs")]),
    ("rscd", &[include_str!("../../../stcal/src/rscd/mod.rs")]),
    (
        "saturation",
        &[include_str!("../../../stcal/src/saturation/mod.rs")],
    ),
    (
        "skymatch",
        &[
            include_str!("../../../stcal/src/skymatch/mod.rs"),
            include_str!("../../../stcal/src/spherical_polygon/mod.rs"),
        ],
    ),
    (
        "source_catalog",
        &[
            include_str!("../../../steps/src/source_catalog/mod.rs"),
            include_str!("../../../stcal/src/source_finding/mod.rs"),
            include_str!("../../../stcal/src/source_photometry/mod.rs"),
        ],
    ),
    (
        "superbias",
        &[include_str!("../../../stcal/src/bias/mod.rs")],
    ),
    (
        "tweakreg",
        &[
            include_str!("../../../steps/src/tweakreg/mod.rs"),
            include_str!("../../../stcal/src/tweakreg/mod.rs"),
        ],
    ),
];

/// What the documentation says of a step, module by module; nothing for steps that are not known.
pub(super) fn of(step: &str) -> Vec<String> {
    let modules = MODULES.iter().find(|(name, _)| *name == step);
    let modules = modules.map_or(&[][..], |(_, modules)| modules);
    modules.iter().map(|source| documentation(source)).collect()
}

/// The documentation of a module as plain text: headings on lines of their own, formulas indented, no examples.
fn documentation(source: &str) -> String {
    let mut text = String::from("Method\n");
    let mut fence = Fence::Outside;
    let lines = source.lines().map_while(|line| line.strip_prefix("//!"));
    for line in lines.map(|line| line.strip_prefix(' ').unwrap_or(line)) {
        if let Some(language) = line.trim_start().strip_prefix("```") {
            fence = match fence {
                Fence::Outside if language == "text" || language == "math" => Fence::Formula,
                Fence::Outside => Fence::Example,
                Fence::Formula | Fence::Example => Fence::Outside,
            };
            continue;
        }
        match fence {
            Fence::Example => {}
            Fence::Formula => {
                let line = format!("      {line}\n");
                text += &line;
            }
            Fence::Outside => text += &prose(line),
        }
    }
    text.truncate(text.trim_end().len());
    text + "\n"
}

enum Fence {
    Outside,
    /// Shown as it is.
    Formula,
    /// Code for programmers.
    Example,
}

fn prose(line: &str) -> String {
    if let Some(heading) = line.strip_prefix('#') {
        let heading = heading.trim_start_matches('#').trim();
        return format!("{heading}\n");
    }
    // The rule below the head of a table.
    if line.starts_with("|-") || line.starts_with("| -") || line.starts_with("|:") {
        return String::new();
    }
    let line = without_links(line);
    if line.is_empty() {
        "\n".to_owned()
    } else {
        format!("  {line}\n")
    }
}

/// `[`name`]`, `[text](target)` and `\\[unit\\]` as what a reader wants to see of them.
fn without_links(line: &str) -> String {
    let line = line.replace("\\[", "[").replace("\\]", "]");
    let mut text = String::new();
    let mut rest = line.as_str();
    while let Some(start) = rest.find('[') {
        let Some(length) = rest[start..].find(']') else {
            break;
        };
        let (inside, after) = (
            &rest[start + 1..start + length],
            &rest[start + length + 1..],
        );
        text += &rest[..start];
        let target = after.strip_prefix('(').and_then(|target| target.find(')'));
        match target {
            Some(end) => {
                text += inside;
                rest = &after[end + 2..];
            }
            None if inside.starts_with('`') => {
                text += inside;
                rest = after;
            }
            None => {
                let line = format!("[{inside}]");
                text += &line;
                rest = after;
            }
        }
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use stpipe::Mission as _;

    #[test]
    fn every_step_has_a_method() {
        for task in pipelines::Jwst.tasks() {
            let spec = task.spec();
            if spec.is_pipeline() {
                continue;
            }
            let method = of(&spec.name).concat();
            assert!(method.len() > 200, "{}: {method:?}", spec.name);
            assert!(
                !method.contains("//!") && !method.contains("```"),
                "{method}"
            );
        }
    }

    #[test]
    fn documentation_becomes_plain_text() {
        let source = "//! Finds [`jumps`](Self::x) of [`Ramp`], in \\[DN\\] or [DN/s].\n//!\n//! # Source\n//! A paper.\n\
            //! ```text\n//! a = b\n//! ```\n//! ```\n//! let x = 1;\n//! ```\n\nuse x;\n//! not this\n";
        let expected = "Method\n  Finds `jumps` of `Ramp`, in [DN] or [DN/s].\n\nSource\n  A paper.\n      a = b\n";
        assert_eq!(documentation(source), expected);
    }
}
