//! Links between the pages, files that pages include, and the table of contents.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::{read, sources};

/// What is wrong with links, included files and the table of contents.
pub(super) fn check(workspace: &Path) -> Result<Vec<String>> {
    let source = workspace.join("docs/src");
    let mut pages = sources::files(&source, "md")?;
    for page in [
        "README.md",
        "ARCHITECTURE.md",
        "CHANGELOG.md",
        "THREATS.md",
        "docs/deviations.md",
    ] {
        pages.push(workspace.join(page));
    }
    let mut wrong = Vec::new();
    for page in &pages {
        let text = without_code(&read(page)?);
        for target in targets(&text) {
            wrong.extend(problem(page, &target).map(|why| format!("{}: {why}", page.display())));
        }
        for file in included(&read(page)?) {
            wrong.extend(
                missing_include(page, &file).map(|why| format!("{}: {why}", page.display())),
            );
        }
    }
    let contents = source.join("SUMMARY.md");
    let listed: BTreeSet<PathBuf> = targets(&read(&contents)?)
        .iter()
        .map(|target| source.join(target))
        .collect();
    for page in &pages {
        if page.starts_with(&source) && *page != contents && !listed.contains(page) {
            wrong.push(format!("{} is not in SUMMARY.md", page.display()));
        }
    }
    Ok(wrong)
}

/// The text without blocks and spans of code, in which brackets mean no links.
fn without_code(text: &str) -> String {
    let mut in_block = false;
    let mut out = String::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_block = !in_block;
        } else if !in_block {
            let parts = line.split('`').step_by(2);
            out += &parts.collect::<Vec<_>>().join("code");
            out.push('\n');
        }
    }
    out
}

/// Targets of `[text](target)` in this project.
fn targets(text: &str) -> Vec<String> {
    let ends = text
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'));
    ends.map(|(target, _)| target.to_owned())
        .filter(|target| !target.contains("://") && !target.is_empty())
        .collect()
}

fn problem(page: &Path, target: &str) -> Option<String> {
    let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
    let path = if file.is_empty() {
        page.to_path_buf()
    } else {
        page.parent().unwrap_or(Path::new("")).join(file)
    };
    if !path.exists() {
        return Some(format!("the link {target} leads nowhere"));
    }
    if anchor.is_empty() || path.extension().is_none_or(|ending| ending != "md") {
        return None;
    }
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    let headings = text
        .lines()
        .filter(|line| line.starts_with('#'))
        .map(anchor_of);
    let marked = text.contains(&format!("<a id=\"{anchor}\">"));
    let found = marked || headings.into_iter().any(|heading| heading == anchor);
    (!found).then(|| format!("the link {target} leads to no heading"))
}

/// The anchor that mdBook and GitHub give to a heading.
fn anchor_of(heading: &str) -> String {
    let words = heading.trim_start_matches('#').trim().to_lowercase();
    words
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

/// Files of `{{#include FILE}}` and its relatives.
fn included(text: &str) -> Vec<String> {
    let parts = text
        .split("{{#")
        .skip(1)
        .filter_map(|rest| rest.split_once("}}"));
    let mut files = Vec::new();
    for (inner, _) in parts {
        if let Some((kind, file)) = inner.split_once(' ')
            && ["include", "rustdoc_include", "playground"].contains(&kind)
        {
            files.push(file.trim().to_owned());
        }
    }
    files
}

fn missing_include(page: &Path, file: &str) -> Option<String> {
    let (path, part) = file.split_once(':').unwrap_or((file, ""));
    let path = page.parent().unwrap_or(Path::new("")).join(path);
    let Ok(text) = std::fs::read_to_string(&path) else {
        return Some(format!("the included file {file} is not there"));
    };
    let is_anchor = part.starts_with(|c: char| c.is_alphabetic());
    let found = !is_anchor || text.contains(&format!("ANCHOR: {part}"));
    (!found).then(|| format!("{file}: there is no such part"))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{anchor_of, included, problem, targets, without_code};

    #[test]
    fn broken_links_are_found() {
        let folder = tempfile::tempdir().expect("a folder");
        let page = folder.path().join("a.md");
        fs::write(&page, "# One Two\n").expect("a page");
        assert_eq!(problem(&page, "a.md#one-two"), None);
        assert_eq!(problem(&page, "#one-two"), None);
        assert!(problem(&page, "a.md#three").is_some());
        assert!(problem(&page, "b.md").is_some());
    }

    #[test]
    fn links_in_code_are_none() {
        let text = "[a](b.md) `x](c.md)` [w](https://e.org)\n```\n[d](e.md)\n```\n";
        assert_eq!(targets(&without_code(text)), ["b.md"]);
        assert_eq!(
            included("x {{#include ../a.rs:part}} {{#title T}}"),
            ["../a.rs:part"]
        );
        assert_eq!(
            anchor_of("## Where to `add` a step?"),
            "where-to-add-a-step"
        );
    }
}
