//! What each step of a run took, found from outside: the program's log tells when a step begins and ends, and `/proc`
//! what it had used by then.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::process::Usage;

/// What happened between two lines of the log.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Stage {
    /// The step, `save` of a product, or what came before a step.
    pub(super) name: String,
    pub(super) usage: Usage,
    /// Bytes that were read from and written to files.
    pub(super) file_bytes: f64,
    /// Bytes of one pass over the ramp and its quality, where a step worked on a ramp.
    pub(super) ramp_bytes: f64,
}

/// Totals since the program started.
#[derive(Debug, Clone, Copy)]
struct Totals {
    time: Instant,
    cpu_s: f64,
    file_bytes: f64,
}

/// Runs a pipeline; gives its stages and what it used in all.
pub(super) fn run(command: &mut Command) -> Result<(Vec<Stage>, Usage)> {
    let name = command.get_program().to_string_lossy().into_owned();
    let failed = || format!("cannot run {name}");
    let start = Instant::now();
    let (reader, writer) = std::io::pipe().with_context(failed)?;
    let errors = writer.try_clone().with_context(failed)?;
    let mut child = command
        .stdin(Stdio::null())
        .stdout(writer)
        .stderr(errors)
        .spawn()
        .with_context(failed)?;
    // The command holds the pipe's end for writing as long as it lives.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut log = Log::new(child.id(), start);
    for line in BufReader::new(reader).lines() {
        log.see(&line.with_context(failed)?);
    }
    let status = child.wait().with_context(failed)?;
    if !status.success() {
        bail!("{name} ended with {status}");
    }
    let stages = log.stages;
    if stages.is_empty() {
        bail!("{name}: its log names no step");
    }
    let usage = Usage {
        wall_s: start.elapsed().as_secs_f64(),
        cpu_s: stages.iter().map(|stage| stage.usage.cpu_s).sum(),
        peak_mib: stages
            .iter()
            .map(|stage| stage.usage.peak_mib)
            .fold(0.0, f64::max),
    };
    Ok((stages, usage))
}

/// Follows the log of a running program.
struct Log {
    folder: String,
    last: Totals,
    ramp_bytes: f64,
    stages: Vec<Stage>,
}

impl Log {
    fn new(process: u32, start: Instant) -> Self {
        Self {
            folder: format!("/proc/{process}"),
            last: Totals {
                time: start,
                cpu_s: 0.0,
                file_bytes: 0.0,
            },
            ramp_bytes: 0.0,
            stages: Vec::new(),
        }
    }

    fn see(&mut self, line: &str) {
        let Some((name, event)) = event(line) else {
            return;
        };
        let mut ramp_bytes = 0.0;
        let name = match event {
            Event::Begins => {
                self.ramp_bytes = ramp_samples(line).map_or(0.0, |samples| 5.0 * samples);
                format!("before {name}")
            }
            Event::Ends => {
                ramp_bytes = std::mem::take(&mut self.ramp_bytes);
                name.to_string()
            }
            Event::Saved => format!("save {name}"),
        };
        // The program may have ended by now.
        let Some((totals, peak_mib)) = self.totals() else {
            return;
        };
        let stage = Stage {
            name,
            usage: Usage {
                wall_s: (totals.time - self.last.time).as_secs_f64(),
                cpu_s: totals.cpu_s - self.last.cpu_s,
                peak_mib,
            },
            file_bytes: totals.file_bytes - self.last.file_bytes,
            ramp_bytes,
        };
        self.last = totals;
        self.stages.push(stage);
    }

    /// Totals, and the largest resident memory since the last call [MiB].
    fn totals(&self) -> Option<(Totals, f64)> {
        let read = |file: &str| fs::read_to_string(format!("{}/{file}", self.folder)).ok();
        let mut cpu_ns = 0.0;
        for task in fs::read_dir(format!("{}/task", self.folder)).ok()? {
            let times = fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
            cpu_ns += times.split(' ').next()?.parse::<f64>().ok()?;
        }
        let peak_kib = field(&read("status")?, "VmHWM:")?;
        // From here on the peak is that of the next stage; a kernel that refuses keeps the one of the whole run.
        let _ = fs::write(format!("{}/clear_refs", self.folder), "5");
        let io = read("io")?;
        let totals = Totals {
            time: Instant::now(),
            cpu_s: cpu_ns * 1e-9,
            file_bytes: field(&io, "rchar:")? + field(&io, "wchar:")?,
        };
        Some((totals, peak_kib / 1024.0))
    }
}

/// The number after a name in a file of `/proc`.
fn field(text: &str, name: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Event {
    Begins,
    Ends,
    Saved,
}

/// What a line of the log tells, of which step or product.
fn event(line: &str) -> Option<(&str, Event)> {
    if let Some((_, path)) = line.split_once("Saved model in ") {
        let suffix = path.trim_end().trim_end_matches(".fits").rsplit('_').next();
        return Some((suffix?, Event::Saved));
    }
    let (_, rest) = line.split_once("- Step ")?;
    let (name, rest) = rest.split_once(' ')?;
    if rest.starts_with("running") {
        Some((name, Event::Begins))
    } else {
        (rest.trim_end() == "done").then_some((name, Event::Ends))
    }
}

/// The samples of the ramp that a step begins with.
fn ramp_samples(line: &str) -> Option<f64> {
    let (_, shape) = line.split_once("<RampModel(")?;
    let (shape, _) = shape.split_once(')')?;
    shape
        .split(',')
        .map(|length| length.trim().parse::<f64>().ok())
        .product()
}

/// The medians of several runs, stage by stage. Runs that have other stages than the first are left out.
pub(super) fn medians(runs: &[Vec<Stage>]) -> Vec<Stage> {
    let Some(first) = runs.first() else {
        return Vec::new();
    };
    let alike: Vec<&Vec<Stage>> = runs
        .iter()
        .filter(|run| {
            run.iter()
                .map(|s| &s.name)
                .eq(first.iter().map(|s| &s.name))
        })
        .collect();
    let of_stage = |index: usize| {
        let usages: Vec<Usage> = alike.iter().map(|run| run[index].usage).collect();
        Stage {
            usage: super::medians(&usages),
            ..first[index].clone()
        }
    };
    (0..first.len()).map(of_stage).collect()
}

/// One line for each stage that took time, with the part of the copy bandwidth [bytes/s] that it reached.
pub(super) fn table(stages: &[Stage], bandwidth: f64) -> Vec<String> {
    const LEAST_S: f64 = 0.01;
    let mut lines = Vec::new();
    for stage in stages.iter().filter(|stage| stage.usage.wall_s >= LEAST_S) {
        let Usage {
            wall_s,
            cpu_s,
            peak_mib,
        } = stage.usage;
        let reached = (stage.file_bytes + stage.ramp_bytes) / wall_s / bandwidth;
        lines.push(format!(
            "    {:34} {wall_s:8.3} {cpu_s:8.2} {peak_mib:10.1} {:9.0} %",
            stage.name,
            100.0 * reached
        ));
    }
    lines
}

/// Bytes that all cores copy in a second, the best of a few tries.
pub(super) fn copy_bandwidth() -> f64 {
    const BYTES: usize = 64 << 20;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut from = vec![vec![1_u8; BYTES]; cores];
    let mut to = vec![vec![2_u8; BYTES]; cores];
    let mut best = f64::INFINITY;
    for _ in 0..5 {
        let start = Instant::now();
        std::thread::scope(|scope| {
            for (from, to) in from.iter().zip(&mut to) {
                scope.spawn(|| to.copy_from_slice(from));
            }
        });
        best = best.min(start.elapsed().as_secs_f64());
        std::mem::swap(&mut from, &mut to);
    }
    (cores * BYTES) as f64 / best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_found_in_the_log() {
        let begins = "2026-01-01 - stpipe.step - INFO - Step jump running with args (<RampModel(1, 10, 4, 8) from x.fits>,).";
        assert_eq!(event(begins), Some(("jump", Event::Begins)));
        assert_eq!(ramp_samples(begins), Some(320.0));
        let ends = "2026-01-01 - stpipe.step - INFO - Step jump done";
        assert_eq!(event(ends), Some(("jump", Event::Ends)));
        let saved = "2026-01-01 - stpipe.step - INFO - Saved model in out/jw1_nrcb1_rateints.fits";
        assert_eq!(event(saved), Some(("rateints", Event::Saved)));
        assert_eq!(
            event("2026-01-01 - stpipe.step - INFO - Step skipped."),
            None
        );
    }

    #[test]
    fn medians_are_taken_stage_by_stage() {
        let run = |wall_s| {
            let usage = Usage {
                wall_s,
                cpu_s: 1.0,
                peak_mib: 1.0,
            };
            vec![Stage {
                name: "jump".into(),
                usage,
                file_bytes: 0.0,
                ramp_bytes: 1e9,
            }]
        };
        let medians = medians(&[run(3.0), run(1.0), run(2.0)]);
        assert_eq!(medians[0].usage.wall_s, 2.0);
        assert!(table(&medians, 1e9)[0].ends_with("50 %"));
    }
}
