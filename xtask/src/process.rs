//! A program run to its end, with what it used.

use std::fs;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// What one run used.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Usage {
    /// Time on the clock [s].
    pub(crate) wall_s: f64,
    /// Time of all its threads and of its own children that ended [s].
    pub(crate) cpu_s: f64,
    /// Largest resident memory [MiB].
    pub(crate) peak_mib: f64,
}

/// How often the program is looked at; its CPU time may be that much short.
const INTERVAL: Duration = Duration::from_millis(5);

/// Runs a program; fails where it does.
///
/// CPU time and peak memory come from `/proc` while the program lives, and the kernel keeps both current until it
/// ends, so nothing but the last interval is missed.
pub(crate) fn run(command: &mut Command) -> Result<Usage> {
    let name = command.get_program().to_string_lossy().into_owned();
    let start = Instant::now();
    let mut child = command
        .spawn()
        .with_context(|| format!("cannot run {name}"))?;
    let process = child.id();
    let ended = AtomicBool::new(false);
    let (status, wall_s, mut usage) = std::thread::scope(|scope| {
        let watcher = scope.spawn(|| watch(process, &ended));
        let status = child.wait();
        let wall_s = start.elapsed().as_secs_f64();
        ended.store(true, Ordering::Relaxed);
        (status, wall_s, watcher.join().expect("it has no panic"))
    });
    let status = status.with_context(|| format!("cannot wait for {name}"))?;
    usage.wall_s = wall_s;
    if !status.success() {
        bail!("{name} ended with {status}");
    }
    Ok(usage)
}

/// Looks at a process until it has ended.
fn watch(process: u32, ended: &AtomicBool) -> Usage {
    let mut usage = Usage {
        wall_s: 0.0,
        cpu_s: 0.0,
        peak_mib: 0.0,
    };
    while !ended.load(Ordering::Relaxed) {
        look(process, &mut usage);
        std::thread::sleep(INTERVAL);
    }
    usage
}

fn look(process: u32, usage: &mut Usage) {
    let read = |file: &str| fs::read_to_string(format!("/proc/{process}/{file}"));
    if let Some(kib) = read("status").ok().and_then(|text| peak_kib(&text)) {
        usage.peak_mib = usage.peak_mib.max(kib / 1024.0);
    }
    if let Some(ticks) = read("stat").ok().and_then(|text| cpu_ticks(&text)) {
        usage.cpu_s = usage.cpu_s.max(ticks / TICKS_PER_S);
    }
}

/// `USER_HZ`, which Linux fixes at 100 for user programs on all common architectures.
const TICKS_PER_S: f64 = 100.0;

/// `VmHWM` of `/proc/<pid>/status`.
fn peak_kib(status: &str) -> Option<f64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// The sum of utime, stime, cutime and cstime of `/proc/<pid>/stat`.
fn cpu_ticks(stat: &str) -> Option<f64> {
    // The name in parentheses may hold spaces; the fields after it begin with the third.
    let (_, fields) = stat.rsplit_once(')')?;
    let numbers: Vec<f64> = fields
        .split_whitespace()
        .skip(11)
        .take(4)
        .map_while(|field| field.parse().ok())
        .collect();
    (numbers.len() == 4).then(|| numbers.iter().sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_proc_are_found() {
        assert_eq!(
            peak_kib("Name:\tx\nVmHWM:\t  2048 kB\nVmRSS:\t 1 kB\n"),
            Some(2048.0)
        );
        let stat = "77 (a (b) c) S 1 77 77 0 -1 4194560 100 0 0 0 150 25 3 2 20 0 4 0 1000 0 0";
        assert_eq!(cpu_ticks(stat), Some(180.0));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_run_is_measured_and_a_failure_told() {
        let usage = run(Command::new("sleep").arg("0.1")).expect("it runs");
        assert!(usage.wall_s >= 0.1 && usage.peak_mib > 0.1, "{usage:?}");
        assert!(run(&mut Command::new("false")).is_err());
    }
}
