//! The directions in which the crates of the workspace may depend on each other.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

/// What each crate may use of the workspace in its library and programs. Tests and examples may use more, but only
/// what [`FOR_TESTS`] names.
const ARROWS: [(&str, &[&str]); 16] = [
    ("drizzle", &[]),
    ("stcal", &["drizzle"]),
    ("asdf", &[]),
    ("gwcs", &["asdf"]),
    ("crds", &[]),
    ("stpipe", &["crds", "asdf"]),
    // With the feature `stpipe`, which makes models products of the runner.
    ("datamodels", &["gwcs", "asdf", "stpipe"]),
    ("associations", &[]),
    (
        "steps",
        &["stcal", "drizzle", "gwcs", "asdf", "datamodels", "stpipe"],
    ),
    (
        "pipelines",
        &["steps", "associations", "datamodels", "stpipe", "crds"],
    ),
    ("quicklook", &["datamodels", "gwcs", "asdf"]),
    (
        "jwst",
        &[
            "quicklook",
            "pipelines",
            "steps",
            "associations",
            "datamodels",
            "stpipe",
            "crds",
            "asdf",
            "compare",
            "gwcs",
            // Of these only the errors, for their hints.
            "drizzle",
            "stcal",
        ],
    ),
    ("compare", &["asdf", "datamodels"]),
    ("testkit", &["asdf", "compare", "datamodels"]),
    (
        "end-to-end",
        &[
            "jwst",
            "pipelines",
            "datamodels",
            "gwcs",
            "testkit",
            "crds",
            "steps",
        ],
    ),
    (
        "xtask",
        &[
            "testkit",
            "stcal",
            "jwst",
            "pipelines",
            "stpipe",
            "datamodels",
        ],
    ),
];

/// What tests and examples of any crate may use besides.
const FOR_TESTS: [&str; 1] = ["testkit"];

/// What only one crate may use: cfitsio keeps global state that one module guards; drawing is heavy.
const GUARDED: [(&str, &str); 7] = [
    ("fitsio", "datamodels"),
    ("fitsio-sys", "datamodels"),
    ("tiny-skia", "quicklook"),
    ("ab_glyph", "quicklook"),
    ("dejavu", "quicklook"),
    ("png", "quicklook"),
    ("maud", "quicklook"),
];

/// What must not come into the libraries that other missions use: no I/O of JWST's, no threads, no logs in kernels.
const BANNED: [(&str, &[&str]); 3] = [
    ("stcal", &["rayon", "tracing", "fitsio", "fitsio-sys"]),
    ("drizzle", &["rayon", "tracing", "fitsio", "fitsio-sys"]),
    ("asdf", &["tracing", "fitsio", "fitsio-sys"]),
];

#[derive(Debug, Clone, Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Debug, Clone, Deserialize)]
struct Package {
    name: String,
    dependencies: Vec<Dependency>,
}

#[derive(Debug, Clone, Deserialize)]
struct Dependency {
    name: String,
    kind: Option<String>,
    path: Option<String>,
}

/// Reads `cargo metadata` and fails with all dependencies that point the wrong way.
pub(crate) fn check() -> Result<()> {
    let packages = workspace_packages()?;
    let wrong = violations(&packages);
    if !wrong.is_empty() {
        bail!(
            "dependencies against ARCHITECTURE.md:\n  {}",
            wrong.join("\n  ")
        );
    }
    crate::say(&format!(
        "{} crates, all dependencies as in ARCHITECTURE.md",
        packages.len()
    ));
    Ok(())
}

fn workspace_packages() -> Result<Vec<Package>> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml");
    let output = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".into()))
        .args([
            "metadata",
            "--format-version=1",
            "--no-deps",
            "--offline",
            "--manifest-path",
        ])
        .arg(manifest)
        .output()
        .context("cannot run cargo metadata")?;
    if !output.status.success() {
        bail!(
            "cargo metadata failed: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    let metadata: Metadata = serde_json::from_slice(&output.stdout).context("cargo metadata")?;
    Ok(metadata.packages)
}

fn violations(packages: &[Package]) -> Vec<String> {
    let arrows: BTreeMap<&str, &[&str]> = ARROWS.into_iter().collect();
    let mut wrong = Vec::new();
    for package in packages {
        let name = package.name.as_str();
        let Some(allowed) = arrows.get(name) else {
            wrong.push(format!("{name}: a crate without a place in the layers"));
            continue;
        };
        for dependency in &package.dependencies {
            let to = dependency.name.as_str();
            let own = dependency.path.is_some();
            let for_tests = dependency.kind.as_deref() == Some("dev");
            let passes = allowed.contains(&to) || (for_tests && FOR_TESTS.contains(&to));
            if own && !passes {
                wrong.push(format!("{name} -> {to}: may use {allowed:?}"));
            }
            if !for_tests {
                let guarded = GUARDED.iter().any(|(what, by)| *what == to && *by != name);
                let banned = BANNED
                    .iter()
                    .any(|(by, what)| *by == name && what.contains(&to));
                if guarded || banned {
                    wrong.push(format!("{name} -> {to}: not in this crate"));
                }
            }
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_keeps_its_layers() {
        let packages = workspace_packages().expect("cargo metadata runs");
        assert!(packages.iter().any(|package| package.name == "stcal"));
        assert_eq!(violations(&packages), Vec::<String>::new());
    }

    #[test]
    fn wrong_arrows_are_found() {
        let dependency = |name: &str, kind: Option<&str>, own: bool| Dependency {
            name: name.into(),
            kind: kind.map(str::to_string),
            path: own.then(|| "somewhere".to_string()),
        };
        let package = |name: &str, dependencies: &[Dependency]| Package {
            name: name.into(),
            dependencies: dependencies.to_vec(),
        };
        let packages = [
            package(
                "stcal",
                &[
                    dependency("datamodels", None, true),
                    dependency("ndarray", None, false),
                ],
            ),
            package(
                "asdf",
                &[
                    dependency("testkit", Some("dev"), true),
                    dependency("crds", Some("dev"), true),
                ],
            ),
            package(
                "steps",
                &[
                    dependency("fitsio", None, false),
                    dependency("stcal", None, true),
                ],
            ),
            package("drizzle", &[dependency("rayon", None, false)]),
            package("newcomer", &[]),
        ];
        let wrong = violations(&packages);
        let named: Vec<&str> = wrong
            .iter()
            .filter_map(|line| line.split(':').next())
            .collect();
        assert_eq!(
            named,
            [
                "stcal -> datamodels",
                "asdf -> crds",
                "steps -> fitsio",
                "drizzle -> rayon",
                "newcomer"
            ]
        );
    }
}
