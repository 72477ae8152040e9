//! The list of everything that the programs are made of, as `CycloneDX` 1.5.
//!
//! Made from `cargo metadata` and Cargo.lock for the target given; without times or random numbers, so that it is the same for the
//! same sources.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::docs::workspace;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The file to write; standard output without.
    #[arg(long, short)]
    output: Option<PathBuf>,
    /// The target whose dependencies count.
    #[arg(long, default_value = "x86_64-unknown-linux-gnu")]
    target: String,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let text = serde_json::to_string_pretty(&bill(&arguments.target)?)? + "\n";
    match &arguments.output {
        Some(path) => fs::write(path, text).with_context(|| path.display().to_string())?,
        None => crate::say(text.trim_end()),
    }
    Ok(())
}

/// Components of the package `jwst`, with what each depends on; tests and builds left out.
fn bill(target: &str) -> Result<Value> {
    let metadata = metadata(target)?;
    let packages = by_id(&metadata["packages"], "id")?;
    let nodes = by_id(&metadata["resolve"]["nodes"], "id")?;
    let sums = sums()?;
    let root = packages
        .values()
        .find(|package| package["name"] == "jwst")
        .and_then(|package| package["id"].as_str())
        .context("cargo metadata names no package jwst")?;
    let mut seen = BTreeSet::from([root]);
    let mut ahead = vec![root];
    let mut links = Vec::new();
    while let Some(id) = ahead.pop() {
        let used = linked(nodes.get(id).with_context(|| format!("no node {id}"))?);
        for id in &used {
            if seen.insert(id) {
                ahead.push(id);
            }
        }
        let names: Result<BTreeSet<String>> = used.iter().map(|id| purl(packages[id])).collect();
        links.push(json!({ "ref": purl(packages[id])?, "dependsOn": names? }));
    }
    links.sort_by_key(|link| link["ref"].to_string());
    let mut components = Vec::new();
    for id in seen.iter().filter(|id| **id != root) {
        components.push(component(packages[id], &sums)?);
    }
    components.sort_by_key(|component| component["bom-ref"].to_string());
    Ok(json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": { "component": component(packages[root], &sums)? },
        "components": components,
        "dependencies": links,
    }))
}

fn metadata(target: &str) -> Result<Value> {
    let output = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".into()))
        .args([
            "metadata",
            "--format-version=1",
            "--locked",
            "--filter-platform",
            target,
            "--manifest-path",
        ])
        .arg(workspace().join("Cargo.toml"))
        .output()
        .context("cannot run cargo metadata")?;
    if !output.status.success() {
        bail!(
            "cargo metadata failed: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn by_id<'a>(list: &'a Value, key: &str) -> Result<BTreeMap<&'a str, &'a Value>> {
    let items = list.as_array().context("cargo metadata: expected a list")?;
    Ok(items
        .iter()
        .filter_map(|item| Some((item[key].as_str()?, item)))
        .collect())
}

/// Packages that a node is linked with: neither for its tests nor for its build.
fn linked(node: &Value) -> Vec<&str> {
    let is_linked = |dependency: &&Value| {
        let kinds = dependency["dep_kinds"].as_array();
        kinds.is_some_and(|kinds| kinds.iter().any(|kind| kind["kind"].is_null()))
    };
    let dependencies = node["deps"].as_array().into_iter().flatten();
    dependencies
        .filter(is_linked)
        .filter_map(|dependency| dependency["pkg"].as_str())
        .collect()
}

fn purl(package: &Value) -> Result<String> {
    let of = |key: &str| {
        package[key]
            .as_str()
            .with_context(|| format!("a package without {key}"))
    };
    Ok(format!("pkg:cargo/{}@{}", of("name")?, of("version")?))
}

fn component(package: &Value, sums: &BTreeMap<(String, String), String>) -> Result<Value> {
    let of = |key: &str| package[key].as_str().unwrap_or_default().to_owned();
    let purl = purl(package)?;
    let kind = if package["name"] == "jwst" {
        "application"
    } else {
        "library"
    };
    let mut component = json!({
        "type": kind,
        "bom-ref": purl,
        "name": of("name"),
        "version": of("version"),
        "licenses": [{ "expression": of("license").replace('/', " OR ") }],
        "purl": purl,
    });
    if let Some(sum) = sums.get(&(of("name"), of("version"))) {
        component["hashes"] = json!([{ "alg": "SHA-256", "content": sum }]);
    }
    Ok(component)
}

/// The sums of Cargo.lock by name and version.
fn sums() -> Result<BTreeMap<(String, String), String>> {
    let text = fs::read_to_string(workspace().join("Cargo.lock")).context("Cargo.lock")?;
    let mut sums = BTreeMap::new();
    for entry in text.split("[[package]]").skip(1) {
        let of = |key: &str| {
            let line = entry
                .lines()
                .find_map(|line| line.strip_prefix(&format!("{key} = \"")));
            line.map(|line| line.trim_end_matches('"').to_owned())
        };
        if let (Some(name), Some(version), Some(sum)) = (of("name"), of("version"), of("checksum"))
        {
            sums.insert((name, version), sum);
        }
    }
    Ok(sums)
}

#[cfg(test)]
mod tests {
    use super::bill;

    #[test]
    fn the_bill_names_what_is_linked_and_nothing_of_tests() {
        let bill = bill("x86_64-unknown-linux-gnu").expect("a bill");
        let components = bill["components"].as_array().expect("a list");
        let find = |name: &str| {
            components
                .iter()
                .find(|component| component["name"] == name)
        };
        let fitsio = find("fitsio-sys").expect("cfitsio is linked");
        assert_eq!(fitsio["hashes"][0]["alg"], "SHA-256");
        assert!(find("stcal").is_some_and(|own| own.get("hashes").is_none()));
        for other in ["criterion", "proptest", "testkit", "autotools"] {
            assert!(find(other).is_none(), "{other} is only for tests or builds");
        }
        let all: Vec<_> = components
            .iter()
            .map(|component| component["bom-ref"].as_str())
            .collect();
        for link in bill["dependencies"].as_array().expect("a list") {
            for target in link["dependsOn"].as_array().expect("a list") {
                assert!(all.contains(&target.as_str()), "{target} is a component");
            }
        }
    }
}
