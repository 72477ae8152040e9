//! The first hour of a user, as it happens: each command with what it prints, for the book.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::docs::workspace;

/// Headings, and the commands below them. `!` marks a command that must fail.
const COMMANDS: &str = include_str!("transcript.txt");

/// The page of the book.
const PAGE: &str = "docs/src/transcript.md";

/// Lines of a command that are shown from its beginning and its end.
const SHOWN: usize = 18;

/// Runs all commands in an empty folder with the programs of a release build and the golden exposures, and writes the page.
pub(crate) fn run() -> Result<()> {
    let root = workspace().canonicalize()?;
    let built = Command::new("cargo")
        .args([
            "build",
            "--release",
            "--locked",
            "--bins",
            "--package",
            "jwst",
        ])
        .current_dir(&root)
        .status()?;
    if !built.success() {
        bail!("the programs do not build");
    }
    let folder = tempfile::tempdir()?;
    let golden = root.join("tests/golden");
    prepare(&golden, folder.path())?;
    let programs = program_folder(&root);
    let mut page = "# The first hour, as it happened\n\nWritten by `cargo xtask transcript`, which runs each command and keeps what it prints; \
                    long outputs are cut in the middle. The exposures and the small cache of reference files are those of `tests/golden`.\n"
        .to_owned();
    for line in COMMANDS.lines().filter(|line| !line.is_empty()) {
        if let Some(text) = line.strip_prefix("# ") {
            add(&mut page, &format!("\n## {text}\n"));
        } else if let Some(text) = line.strip_prefix("- ") {
            add(&mut page, &format!("\n{text}\n"));
        } else {
            let (command, fails) = line
                .strip_prefix("! ")
                .map_or((line, false), |line| (line, true));
            let said = shell(command, folder.path(), &programs, fails)?;
            let said = without_times(&without_paths(&said, folder.path(), &root));
            add(
                &mut page,
                &format!("\n```text\n$ {command}\n{}```\n", cut(&said)),
            );
        }
    }
    fs::write(root.join(PAGE), page).context(PAGE)?;
    crate::say(&format!("{PAGE} is written"));
    Ok(())
}

fn program_folder(root: &Path) -> String {
    let target = std::env::var("CARGO_TARGET_DIR").map_or_else(|_| root.join("target"), Into::into);
    target.join("release").display().to_string()
}

/// An exposure, a cache and an association with its members.
fn prepare(golden: &Path, folder: &Path) -> Result<()> {
    let case = golden.join("nrcb1_sub64p");
    for entry in fs::read_dir(case.join("input"))? {
        let entry = entry?;
        fs::copy(entry.path(), folder.join(entry.file_name()))?;
    }
    copy(&case.join("crds_cache"), &folder.join("crds_cache"))?;
    let mosaic = testkit::golden::Case::open(&golden.join("nrc_dither4"))?;
    let members = folder.join("mosaic");
    fs::create_dir(&members)?;
    mosaic.official_products(&members)?;
    for entry in fs::read_dir(&members)? {
        let path = entry?.path();
        let keep = path.to_string_lossy().ends_with("_cal.fits");
        match (keep, path.is_dir()) {
            (true, _) => {}
            (false, true) => fs::remove_dir_all(&path)?,
            (false, false) => fs::remove_file(&path)?,
        }
    }
    copy(&mosaic.crds_cache, &members.join("crds_cache"))
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// What a command writes to both streams, in order.
fn shell(command: &str, folder: &Path, programs: &str, fails: bool) -> Result<String> {
    let path = std::env::var("PATH").unwrap_or_default();
    let output = Command::new("bash")
        .args(["-c", &format!("{{ {command}\n}} 2>&1")])
        .env("PATH", format!("{programs}:{path}"))
        .env("CRDS_PATH", folder.join("crds_cache"))
        .env("COLUMNS", "120")
        .env("TZ", "UTC")
        .env_remove("CRDS_CONTEXT")
        .env_remove("CRDS_SERVER_URL")
        .current_dir(folder)
        .output()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() == fails {
        bail!("{command}: {}\n{said}", output.status);
    }
    Ok(said)
}

fn without_paths(text: &str, folder: &Path, root: &Path) -> String {
    text.replace(&folder.display().to_string(), "~/jwst")
        .replace(&root.display().to_string(), "~/jwst-rs")
}

/// Times of the clock at the beginning of log lines are others each time, and say nothing.
fn without_times(text: &str) -> String {
    const FORM: &str = "0000-00-00 00:00:00,000";
    let is_time = |start: &str| {
        start
            .chars()
            .zip(FORM.chars())
            .all(|(found, form)| match form {
                '0' => found.is_ascii_digit(),
                other => found == other,
            })
    };
    let lines = text
        .split_inclusive('\n')
        .map(|line| match line.get(..FORM.len()) {
            Some(start) if is_time(start) => format!("(date and time){}", &line[FORM.len()..]),
            _ => line.to_owned(),
        });
    lines.collect()
}

/// The beginning and the end of a long text; lines that end in a line break.
fn cut(text: &str) -> String {
    let lines: Vec<&str> = text.trim_end().lines().collect();
    let mut out = String::new();
    let all = lines.len() <= 2 * SHOWN + 4;
    for (index, line) in lines.iter().enumerate() {
        if all || index < SHOWN || index >= lines.len() - SHOWN {
            add(&mut out, &format!("{}\n", line.trim_end()));
        } else if index == SHOWN {
            add(
                &mut out,
                &format!("... {} lines ...\n", lines.len() - 2 * SHOWN),
            );
        }
    }
    out
}

fn add(text: &mut String, more: &str) {
    let written = text.write_str(more);
    debug_assert!(written.is_ok(), "writing to a string cannot fail");
}

#[cfg(test)]
mod tests {
    use super::{SHOWN, cut, without_times};

    #[test]
    fn times_of_log_lines_are_left_out() {
        let said = "a\n2026-11-30 14:27:04,825 - stpipe - WARNING - b\n2026-11-30 c\n";
        assert_eq!(
            without_times(said),
            "a\n(date and time) - stpipe - WARNING - b\n2026-11-30 c\n"
        );
    }

    #[test]
    fn long_outputs_are_cut_in_the_middle() {
        assert_eq!(cut("a\nb\n\n"), "a\nb\n");
        let numbers: Vec<String> = (0..100).map(|line| line.to_string()).collect();
        let long = numbers.join("\n") + "\n";
        let shown = cut(&long);
        assert_eq!(shown.lines().count(), 2 * SHOWN + 1);
        assert!(shown.contains("\n... 64 lines ...\n") && shown.ends_with("\n99\n"));
    }
}
