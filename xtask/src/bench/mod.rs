//! `cargo xtask bench stage1 | image2 | image3 | growth`: time and memory of ours and of the reference, run in turn on the
//! same cases.

mod growth;
mod steps;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use testkit::golden::Case;

use crate::process::{self, Usage};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// What to measure.
    what: Subject,
    /// The reference's `strun`, to be measured in turn with ours.
    #[arg(long)]
    reference: Option<PathBuf>,
    /// Folder of cases; the committed ones by default.
    #[arg(long)]
    cases: Option<PathBuf>,
    /// Association of calibrated exposures, for image3.
    #[arg(long, required_if_eq("what", "image3"))]
    association: Option<PathBuf>,
    /// Cache with their references, for image3.
    #[arg(long, required_if_eq("what", "image3"))]
    crds_cache: Option<PathBuf>,
    /// Only cases whose name contains this text.
    #[arg(long)]
    only: Option<String>,
    /// Runs of each program on each case.
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// Our `strun`; by default the one that `cargo build --release` makes, which is run first.
    #[arg(long)]
    ours: Option<PathBuf>,
    /// Threads of ours; all cores by default.
    #[arg(long)]
    threads: Option<usize>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Subject {
    /// `calwebb_detector1`.
    Stage1,
    /// `calwebb_image2`, of cases that have the references for it; rates that a case does not hold are made by ours
    /// before.
    Image2,
    /// `calwebb_image3` on `--association` with the references in `--crds-cache`.
    Image3,
    /// `calwebb_detector1` of ours on variants of each case: fewer integrations and groups, more cosmic rays, one thread.
    Growth,
}

impl Subject {
    fn pipeline(self) -> &'static str {
        match self {
            Self::Stage1 | Self::Growth => "calwebb_detector1",
            Self::Image2 => "calwebb_image2",
            Self::Image3 => "calwebb_image3",
        }
    }
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    if arguments.runs == 0 {
        bail!("--runs: expected at least 1");
    }
    let ours = match &arguments.ours {
        Some(program) => program.clone(),
        None => build()?,
    };
    if let (Some(association), Some(cache)) = (&arguments.association, &arguments.crds_cache) {
        let path = |path: &Path| std::path::absolute(path).context("cannot find the folder");
        let run = Run {
            name: association
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
            input: path(association)?,
            crds_cache: path(cache)?,
            parameters: Vec::new(),
        };
        crate::say(HEADING);
        return compare(&run, &ours, arguments);
    }
    let folder = arguments
        .cases
        .clone()
        .unwrap_or_else(crate::golden::committed);
    crate::say(HEADING);
    for case in Case::all(&folder)? {
        if arguments
            .only
            .as_ref()
            .is_some_and(|part| !case.name.contains(part.as_str()))
        {
            continue;
        }
        match arguments.what {
            Subject::Growth => growth::measure(&case, &ours, arguments)?,
            Subject::Stage1 | Subject::Image2 | Subject::Image3 => {
                measure(&case, &ours, arguments)?;
            }
        }
    }
    Ok(())
}

/// Builds our program and says where it is.
fn build() -> Result<PathBuf> {
    let status = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".into()))
        .args(["build", "--release", "--package", "jwst", "--bin", "strun"])
        .status()
        .context("cannot run cargo build")?;
    if !status.success() {
        bail!("cargo build failed");
    }
    // This program is in the same folder of the same target directory.
    let own = std::env::current_exe().context("cannot find this program")?;
    Ok(own.with_file_name(format!("strun{}", std::env::consts::EXE_SUFFIX)))
}

const HEADING: &str =
    "case                        program     wall s    cpu s   peak MiB   (medians)";

/// What is run.
struct Run {
    name: String,
    input: PathBuf,
    crds_cache: PathBuf,
    parameters: Vec<String>,
}

fn measure(case: &Case, ours: &Path, arguments: &Arguments) -> Result<()> {
    let rates = tempfile::TempDir::new().context("cannot make a folder for rates")?;
    let input = match arguments.what {
        Subject::Stage1 | Subject::Growth => case.inputs[0].clone(),
        Subject::Image2 | Subject::Image3 => rate(case, ours, rates.path())?,
    };
    compare(&of_case(case, arguments.what, input), ours, arguments)
}

/// A pipeline on an input of a case.
fn of_case(case: &Case, subject: Subject, input: PathBuf) -> Run {
    Run {
        name: case.name.clone(),
        input,
        crds_cache: case.crds_cache.clone(),
        // Parameters of a case are those of its stage 1.
        parameters: match subject {
            Subject::Stage1 | Subject::Growth => case.parameter_arguments(),
            Subject::Image2 | Subject::Image3 => Vec::new(),
        },
    }
}

/// The runs of one program.
#[derive(Default)]
struct Measured {
    totals: Vec<Usage>,
    stages: Vec<Vec<steps::Stage>>,
}

impl Measured {
    /// Runs the program once more; stage 1 is looked at step by step.
    fn add(&mut self, command: &mut Command, what: Subject) -> Result<()> {
        if let Subject::Stage1 | Subject::Growth = what {
            let (stages, total) = steps::run(command)?;
            self.stages.push(stages);
            self.totals.push(total);
        } else {
            self.totals.push(process::run(command)?);
        }
        Ok(())
    }

    /// Says the medians; gives those of whole runs.
    fn say(&self, case: &str, program: &str, bandwidth: f64) -> Usage {
        let total = medians(&self.totals);
        let stages = steps::medians(&self.stages);
        crate::say(&line(case, program, total));
        if !stages.is_empty() {
            let moved: f64 = stages.iter().map(|s| s.file_bytes + s.ramp_bytes).sum();
            crate::say(&format!(
                "{:28}copies {:.1} GB/s; moved {:.2} GB, {:.0} % of that (of each stage on the right)",
                "",
                bandwidth * 1e-9,
                moved * 1e-9,
                100.0 * moved / total.wall_s / bandwidth
            ));
        }
        for line in steps::table(&stages, bandwidth) {
            crate::say(&line);
        }
        total
    }
}

/// Runs both programs in turn, and says what they took.
fn compare(run: &Run, ours: &Path, arguments: &Arguments) -> Result<()> {
    let (mut own, mut reference) = (Measured::default(), Measured::default());
    for _ in 0..arguments.runs {
        let own_command = || own_pipeline(ours, run, arguments.what, arguments.threads);
        if arguments.reference.is_some() {
            // In the minutes that the reference takes, some kernels take files out of memory that ours reads.
            process::run(&mut own_command()?.0)?;
        }
        let mut command = own_command()?;
        own.add(&mut command.0, arguments.what)?;
        if let Some(program) = &arguments.reference {
            let mut command = pipeline(program, run, arguments.what)?;
            reference.add(&mut command.0, arguments.what)?;
        }
    }
    let bandwidth = match arguments.what {
        Subject::Stage1 | Subject::Growth => steps::copy_bandwidth(),
        Subject::Image2 | Subject::Image3 => f64::NAN,
    };
    let used = own.say(&run.name, "ours", bandwidth);
    if !reference.totals.is_empty() {
        let reference = reference.say("", "reference", bandwidth);
        crate::say(&format!(
            "{:28}{:10} {:8.1}x {:7.1}x {:9.1}x",
            "",
            "ratio",
            reference.wall_s / used.wall_s,
            reference.cpu_s / used.cpu_s,
            reference.peak_mib / used.peak_mib
        ));
        crate::say(&format!(
            "{:28}reference's CPU seconds over our wall seconds: {:.1}",
            "",
            reference.cpu_s / used.wall_s
        ));
    }
    Ok(())
}

/// The count rate of a case: its own, or the one that ours makes of it.
fn rate(case: &Case, ours: &Path, folder: &Path) -> Result<PathBuf> {
    if let Some(rate) = case.rates()?.into_iter().next() {
        return Ok(rate);
    }
    let run = of_case(case, Subject::Stage1, case.inputs[0].clone());
    let (mut command, output) = pipeline(ours, &run, Subject::Stage1)?;
    process::run(&mut command)?;
    for entry in std::fs::read_dir(output.path()).context("cannot read the products")? {
        let path = entry.context("cannot read the products")?.path();
        let name = path.file_name().unwrap_or_default().to_owned();
        if name.to_string_lossy().ends_with("_rate.fits") {
            let kept = folder.join(name);
            std::fs::copy(&path, &kept).context("cannot keep the rate")?;
            return Ok(kept);
        }
    }
    bail!("{}: no _rate product", case.name)
}

/// The command and the folder of its products, which is removed with it.
fn pipeline(program: &Path, run: &Run, subject: Subject) -> Result<(Command, tempfile::TempDir)> {
    let output = tempfile::TempDir::new().context("cannot make a folder for the products")?;
    let mut command = Command::new(program);
    command
        .arg(subject.pipeline())
        .arg(&run.input)
        .arg(format!("--output_dir={}", output.path().display()));
    command
        .args(&run.parameters)
        .current_dir(output.path())
        .env("CRDS_PATH", &run.crds_cache)
        .env("CRDS_SERVER_URL", "https://crds-serverless-mode.stsci.edu")
        .env_remove("CRDS_CONTEXT")
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    Ok((command, output))
}

/// As [`pipeline`], of ours: with a log that tells when steps begin, and with so many threads.
fn own_pipeline(
    ours: &Path,
    run: &Run,
    subject: Subject,
    threads: Option<usize>,
) -> Result<(Command, tempfile::TempDir)> {
    let (mut command, output) = pipeline(ours, run, subject)?;
    // Without it the log has a line at the end of each step only.
    command.arg("--verbose");
    if let Some(threads) = threads {
        command.env("RAYON_NUM_THREADS", threads.to_string());
    }
    Ok((command, output))
}

fn line(case: &str, program: &str, usage: Usage) -> String {
    let Usage {
        wall_s,
        cpu_s,
        peak_mib,
    } = usage;
    format!("{case:28}{program:10} {wall_s:8.3} {cpu_s:8.2} {peak_mib:10.1}")
}

fn medians(runs: &[Usage]) -> Usage {
    let median = |value: fn(&Usage) -> f64| {
        let mut values: Vec<f64> = runs.iter().map(value).collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    Usage {
        wall_s: median(|run| run.wall_s),
        cpu_s: median(|run| run.cpu_s),
        peak_mib: median(|run| run.peak_mib),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_are_taken_of_each_quantity() {
        let run = |wall_s, cpu_s, peak_mib| Usage {
            wall_s,
            cpu_s,
            peak_mib,
        };
        let runs = [run(3.0, 1.0, 5.0), run(1.0, 2.0, 9.0), run(2.0, 3.0, 7.0)];
        assert_eq!(medians(&runs), run(2.0, 2.0, 7.0));
    }
}
