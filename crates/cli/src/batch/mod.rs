//! `jwst run`: what `strun` does, on many files: side by side, resumed, within a limit of memory.
//!
//! Every file is a process of its own, so that one that fails, however badly, does not touch the others. Products are those of
//! `strun` on the file.

mod display;
mod job;
mod memory;
mod options;
mod record;
mod table;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Condvar, Mutex, PoisonError};

use anyhow::Context as _;
use stpipe::Mission;

use crate::strun::{self, Chosen, CommandLine, SplitLine, choose, parse, split_inputs};
use crate::{Failure, Streams};
use display::Display;
use job::{Job, Outcome};
use memory::Budget;
use options::{BatchOptions, threads_of_job};
use record::Expected;

/// Runs `jwst run` with the words after it, and gives the exit status: 0, 1 if a file failed, 2 for wrong usage.
pub(crate) fn run(mission: &dyn Mission, args: &[String], streams: &Streams) -> u8 {
    match attempt(mission, args, streams) {
        Ok(status) => status,
        Err(failure) => failure.report("jwst", streams),
    }
}

fn attempt(mission: &dyn Mission, args: &[String], streams: &Streams) -> Result<u8, Failure> {
    let (options, words) = BatchOptions::take(args)?;
    let is_plain = options == BatchOptions::default();
    let Some(task) = strun::identifier(&words) else {
        if strun::asks_for_help(&words) {
            streams.print(options::HELP)?;
        }
        return Ok(strun::run(mission, &words, streams));
    };
    let chosen = choose(mission, task)?;
    let line = parse(&words, Some(chosen.task.spec()))?;
    let split = split_inputs(&words, chosen.task.spec())?;
    if line.program.help || is_plain && split.inputs.len() < 2 {
        return Ok(strun::run(mission, &words, streams));
    }
    if split.inputs.is_empty() {
        let message = "name input files after the step or pipeline";
        return Err(Failure::Usage(message.to_owned()));
    }
    refuse_shared_files(&split)?;
    let batch = Batch {
        mission,
        chosen,
        line,
        split,
        options,
        display: Display::new(streams),
    };
    batch.run(streams)
}

/// Options that name one file cannot be those of several runs.
fn refuse_shared_files(split: &SplitLine) -> Result<(), Failure> {
    const SHARED: [&str; 5] = [
        "lock",
        "locked",
        "log-file",
        "save-parameters",
        "output_file",
    ];
    let mut given = split.options.iter().map(|(name, _)| name.as_str());
    let shared = given.find(|name| SHARED.contains(name));
    match shared.filter(|name| split.inputs.len() > 1 || *name == "lock") {
        None => Ok(()),
        Some(name) => Err(Failure::Usage(format!(
            "--{name} names one file and cannot be used with several inputs; use strun for each"
        ))),
    }
}

/// Runs of one task on several inputs.
struct Batch<'a> {
    mission: &'a dyn Mission,
    chosen: Chosen,
    line: CommandLine,
    split: SplitLine,
    options: BatchOptions,
    display: Display,
}

/// What workers share.
struct Shared {
    waiting: VecDeque<usize>,
    outcomes: Vec<Option<Outcome>>,
    budget: Budget,
}

impl Batch<'_> {
    fn run(mut self, streams: &Streams) -> Result<u8, Failure> {
        let scratch = tempfile::tempdir().context("cannot make a folder for temporary files")?;
        let inputs: Vec<PathBuf> = self.split.inputs.iter().map(PathBuf::from).collect();
        self.display.prepare(&self.line.program.log, inputs.len());
        let jobs = self.options.jobs.get().min(inputs.len());
        let shared = Mutex::new(Shared {
            waiting: (0..inputs.len()).collect(),
            outcomes: inputs.iter().map(|_| None).collect(),
            budget: Budget::new(self.options.memory_bytes, &inputs),
        });
        let changed = Condvar::new();
        let worker = || self.work(jobs, scratch.path(), &shared, &changed);
        std::thread::scope(|scope| {
            for _ in 0..jobs {
                scope.spawn(worker);
            }
        });
        self.display.finish();
        let shared = shared.into_inner().unwrap_or_else(PoisonError::into_inner);
        let rows: Vec<_> = self.split.inputs.iter().zip(&shared.outcomes).collect();
        if !self.line.program.log.quiet {
            streams.print(&table::of(&rows))?;
        }
        let is_well = |outcome: &Option<Outcome>| outcome.as_ref().is_some_and(Outcome::is_success);
        Ok(u8::from(!shared.outcomes.iter().all(is_well)))
    }

    /// Takes one input after the other as memory allows.
    fn work(
        &self,
        jobs: usize,
        scratch: &std::path::Path,
        shared: &Mutex<Shared>,
        changed: &Condvar,
    ) {
        let lock = || shared.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let mut state = lock();
            let (index, needed) = loop {
                let Some(index) = state.waiting.front().copied() else {
                    return;
                };
                if let Some(needed) = state.budget.take(index) {
                    break (index, needed);
                }
                let woken = changed.wait(state);
                state = woken.unwrap_or_else(PoisonError::into_inner);
            };
            state.waiting.pop_front();
            drop(state);
            // A large input takes the room of several jobs, and may have it.
            let memory = self.options.memory_bytes;
            let memory_bytes = memory.map(|all| (all / jobs as u64).max(needed.min(all)));
            let outcome = self.one(index, (jobs, memory_bytes), scratch);
            let mut state = lock();
            state.budget.give_back(index, outcome.peak_memory_bytes());
            self.display.ended(&self.split.inputs[index], &outcome);
            state.outcomes[index] = Some(outcome);
            drop(state);
            changed.notify_all();
        }
    }

    /// Runs one input, unless its products are what they should be.
    fn one(
        &self,
        index: usize,
        (jobs, memory_bytes): (usize, Option<u64>),
        scratch: &std::path::Path,
    ) -> Outcome {
        let input = &self.split.inputs[index];
        let line = CommandLine {
            inputs: vec![input.clone()],
            ..self.line.clone()
        };
        let expected = Expected::new(self.mission, &self.chosen, &line);
        if self.options.resume
            && let Ok(expected) = &expected
            && let Some(products) = expected.up_to_date()
        {
            return Outcome::UpToDate { products };
        }
        let job = Job {
            split: &self.split,
            input,
            threads: threads_of_job(jobs),
            memory_bytes,
            lock: &scratch.join(format!("{index}.lock")),
            display: &self.display,
        };
        let outcome = job.run();
        if let (Outcome::Done { products, .. }, Ok(expected)) = (&outcome, &expected)
            && let Err(error) = expected.keep(job.lock, products)
        {
            self.display
                .warn(input, &format!("cannot record the run: {error:#}"));
        }
        outcome
    }
}
