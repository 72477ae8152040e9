//! What `jwst run` takes besides the command line of `strun`.

use std::num::NonZeroUsize;

use crate::{Failure, amount};

/// Said before the help of `strun`.
pub(super) const HELP: &str = "\
Run a step or a pipeline on files, each in a process of its own.

Usage: jwst run [--jobs=N] [--resume] [--memory=LIMIT] <what strun takes, with any number of inputs>

  --jobs=N        Files at the same time; 1 if not given
  --resume        Leave out files whose products are there as the same run would make them: same input, parameters,
                  references, versions
  --memory=LIMIT  Memory of all jobs together, such as 16G or 800M: limits how many run at the same time, and each of
                  them has its share, or what its input is thought to need, as --max-memory

";

/// Options of the batch.
#[derive(Debug, PartialEq)]
pub(super) struct BatchOptions {
    /// How many files at the same time.
    pub(super) jobs: NonZeroUsize,
    /// Leave out what is complete and consistent.
    pub(super) resume: bool,
    /// Memory of all jobs together.
    pub(super) memory_bytes: Option<u64>,
}

impl Default for BatchOptions {
    fn default() -> Self {
        Self {
            jobs: NonZeroUsize::MIN,
            resume: false,
            memory_bytes: None,
        }
    }
}

impl BatchOptions {
    /// Takes the batch's options out of a command line; gives the rest.
    pub(super) fn take(args: &[String]) -> Result<(Self, Vec<String>), Failure> {
        let (mut options, mut rest) = (Self::default(), Vec::new());
        let mut words = args.iter();
        while let Some(word) = words.next() {
            if word == "--" {
                rest.push(word.clone());
                rest.extend(words.cloned());
                break;
            }
            let (name, value) = match word.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (word.as_str(), None),
            };
            let mut needed = || {
                let value = value.or_else(|| words.next().map(String::as_str));
                value.ok_or_else(|| Failure::Usage(format!("{name}: a value is needed")))
            };
            match name {
                "--jobs" => options.jobs = count(needed()?)?,
                "--memory" => options.memory_bytes = Some(amount::parse("--memory", needed()?)?),
                "--resume" if value.is_none() => options.resume = true,
                _ => rest.push(word.clone()),
            }
        }
        Ok((options, rest))
    }
}

/// Threads of each of some jobs that run at the same time.
pub(super) fn threads_of_job(jobs: usize) -> NonZeroUsize {
    let all = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    NonZeroUsize::new(all / jobs.max(1)).unwrap_or(NonZeroUsize::MIN)
}

fn count(text: &str) -> Result<NonZeroUsize, Failure> {
    text.parse().map_err(|_| {
        Failure::Usage(format!(
            "--jobs: expected a whole number > 0, found {text:?}"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(text: &str) -> Result<(BatchOptions, Vec<String>), Failure> {
        let words: Vec<String> = text.split(' ').map(str::to_owned).collect();
        BatchOptions::take(&words)
    }

    #[test]
    fn options_are_taken_wherever_they_stand() {
        let (options, rest) =
            take("jump --jobs 3 a.fits --memory=2G --resume --x=1 -- --jobs=2").unwrap();
        assert_eq!(options.jobs.get(), 3);
        assert_eq!(
            (options.resume, options.memory_bytes),
            (true, Some(2_000_000_000))
        );
        assert_eq!(rest.join(" "), "jump a.fits --x=1 -- --jobs=2");
        for wrong in [
            "--jobs 0",
            "--jobs",
            "--memory=x",
            "--memory=3",
            "--memory=5X",
        ] {
            assert!(matches!(take(wrong), Err(Failure::Usage(_))), "{wrong}");
        }
    }
}
