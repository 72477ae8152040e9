//! The book: parts that are made from the code, links, included files.
//!
//! A page holds made parts between `<!-- begin KIND ARGUMENT -->` and `<!-- end -->`; `cargo xtask docs` writes them anew, and
//! `--check` fails if that would change anything. Pages stay readable where no mdBook is at hand.

mod errors;
mod links;
mod method;
mod requirements;
mod sources;
mod tables;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Change nothing; fail if something would change.
    #[arg(long)]
    check: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let mut changed = Vec::new();
    for page in pages()? {
        let text = read(&page)?;
        let made = remade(&text).with_context(|| page.display().to_string())?;
        if made != text {
            if !arguments.check {
                fs::write(&page, &made).with_context(|| page.display().to_string())?;
            }
            changed.push(page.display().to_string());
        }
    }
    let mut wrong = links::check(&workspace())?;
    wrong.extend(tables::steps_without_page());
    let unknown = errors::missing()?;
    wrong.extend(
        unknown
            .iter()
            .map(|error| format!("the catalogue of errors does not know {error}")),
    );
    if !wrong.is_empty() {
        bail!("the book:\n  {}", wrong.join("\n  "));
    }
    if arguments.check && !changed.is_empty() {
        bail!(
            "not as the code says (run `cargo xtask docs`):\n  {}",
            changed.join("\n  ")
        );
    }
    crate::say(&format!(
        "{} pages, {} written anew",
        pages()?.len(),
        changed.len()
    ));
    Ok(())
}

/// The folder of the workspace.
pub(crate) fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| path.display().to_string())
}

/// Every page of the book.
fn pages() -> Result<Vec<PathBuf>> {
    let mut pages = sources::files(&workspace().join("docs"), "md")?;
    pages.sort();
    Ok(pages)
}

/// The page with its made parts written anew.
fn remade(text: &str) -> Result<String> {
    const BEGIN: &str = "<!-- begin ";
    const END: &str = "<!-- end -->";
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(BEGIN) {
        let (before, after) = rest.split_at(start + BEGIN.len());
        let (mark, after) = after.split_once("-->").context("a mark without end")?;
        let (_, after) = after
            .split_once(END)
            .with_context(|| format!("`{BEGIN}{mark}-->` without `{END}`"))?;
        out += before;
        out += mark;
        out += "-->\n";
        let (kind, argument) = mark.trim().split_once(' ').unwrap_or((mark.trim(), ""));
        out += &made(kind, argument.trim())?;
        out += END;
        rest = after;
    }
    Ok(out + rest)
}

fn made(kind: &str, argument: &str) -> Result<String> {
    match kind {
        "parameters" => tables::parameters(argument),
        "base-parameters" => Ok(tables::base_parameters()),
        "about" => tables::about(argument),
        "method" => method::of_module(argument),
        "deviations" => method::deviations(argument),
        "references" => tables::references(argument),
        "pipeline" => tables::pipeline(argument),
        "steps" => tables::steps(),
        "errors" => errors::table(),
        "requirements" => requirements::table(),
        other => bail!("nothing is made for {other:?}"),
    }
}

/// A text in a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::{Arguments, remade, run};

    #[test]
    fn the_book_says_what_the_code_says() {
        run(&Arguments { check: true }).expect("a book that is up to date");
    }

    #[test]
    fn parts_are_replaced_and_unknown_ones_refused() {
        let page = "a\n<!-- begin parameters superbias -->\nold\n<!-- end -->\nb\n";
        let made = remade(page).expect("a page");
        assert!(made.starts_with("a\n<!-- begin parameters superbias -->\n"));
        assert!(made.ends_with("<!-- end -->\nb\n") && !made.contains("old"));
        assert_eq!(remade(&made).expect("a page"), made);
        assert!(remade("<!-- begin weather -->\n<!-- end -->").is_err());
        assert!(remade("<!-- begin errors -->").is_err());
    }
}
