//! The method of a step: the documentation of its module, and what docs/deviations.md says of it.

use anyhow::{Context, Result, bail};

use super::{read, workspace};

/// The documentation at the top of a source, with links to items as plain code.
pub(super) fn of_module(path: &str) -> Result<String> {
    let source = read(&workspace().join("crates").join(path))?;
    let lines = source.lines().take_while(|line| line.starts_with("//!"));
    let doc: Vec<&str> = lines
        .map(|line| line[3..].strip_prefix(' ').unwrap_or(&line[3..]))
        .collect();
    if doc.is_empty() {
        bail!("{path} has no documentation at its top");
    }
    let mut text = String::new();
    let mut in_code = Code::None;
    for line in doc {
        if line.starts_with("```") {
            in_code = match (in_code, line) {
                (Code::None, "```text") => Code::Text,
                // A program is for readers of the documentation of the crate.
                (Code::None, _) => Code::Program,
                (before, _) => {
                    if before == Code::Text {
                        text += "```\n";
                    }
                    Code::None
                }
            };
            if in_code == Code::Text {
                text += "```text\n";
            }
            continue;
        }
        match in_code {
            Code::Program => {}
            Code::Text => {
                let line = format!("{line}\n");
                text += &line;
            }
            Code::None if line.starts_with('#') => {
                let line = format!("##{line}\n");
                text += &line;
            }
            Code::None => {
                let line = format!("{}\n", without_item_links(line));
                text += &line;
            }
        }
    }
    Ok(text.trim().to_owned() + "\n")
}

#[derive(Clone, Copy, PartialEq)]
enum Code {
    None,
    Text,
    Program,
}

/// The line with links to items of Rust as their text.
fn without_item_links(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(start) = rest.find('[') {
        let (before, after) = rest.split_at(start);
        out += before;
        let Some((inside, tail)) = after[1..].split_once(']') else {
            rest = after;
            break;
        };
        let target = tail.strip_prefix('(').and_then(|tail| tail.split_once(')'));
        match target {
            Some((url, tail)) if url.starts_with("http") => {
                let line = format!("[{inside}]({url})");
                out += &line;
                rest = tail;
            }
            Some((_, tail)) => {
                out += inside;
                rest = tail;
            }
            None if inside.starts_with('`') => {
                out += inside;
                rest = tail;
            }
            None => {
                let line = format!("[{inside}]");
                out += &line;
                rest = tail;
            }
        }
    }
    out + rest
}

/// The lines of the table of docs/deviations.md that are about a step.
pub(super) fn deviations(step: &str) -> Result<String> {
    let text = read(&workspace().join("docs/deviations.md"))?;
    let (_, numbers) = text
        .split_once("## Numbers")
        .context("docs/deviations.md: no section Numbers")?;
    let rows = numbers.lines().filter(|line| {
        let place = line
            .strip_prefix("| ")
            .and_then(|line| line.split_once(" |"));
        let place = place.map_or("", |(place, _)| place);
        place
            .strip_prefix(step)
            .is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
    });
    let rows: Vec<&str> = rows.collect();
    let all = "[All differences](../deviations.md) has those of metadata and files, too.\n";
    if rows.is_empty() {
        return Ok(format!("None in numbers. {all}"));
    }
    Ok(format!(
        "| where | difference | measured |\n|---|---|---|\n{}\n\n{all}",
        rows.join("\n")
    ))
}

#[cfg(test)]
mod tests {
    use super::without_item_links;

    #[test]
    fn links_to_items_become_code_and_units_stay() {
        let line = "[`X`] and [`y`](crate::y) [DN/s], see [paper](https://e.org/a).";
        assert_eq!(
            without_item_links(line),
            "`X` and `y` [DN/s], see [paper](https://e.org/a)."
        );
    }
}
