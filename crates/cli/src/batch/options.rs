//! What `jwst run` takes besides the command line of `strun`.

use std::num::NonZeroUsize;

use crate::Failure;

/// Said before the help of `strun`.
pub(super) const HELP: &str = "\
Run a step or a pipeline on files, each in a process of its own.

Usage: jwst run [--jobs=N] [--resume] [--memory=LIMIT] <what strun takes, with any number of inputs>

  --jobs=N        Files at the same time; 1 if not given
  --resume        Leave out files whose products are there as the same run would make them: same input, parameters,
                  references, versions
  --memory=LIMIT  Memory of all jobs together, such as 16G or 800M: limits how many run at the same time

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
                "--memory" => options.memory_bytes = Some(bytes(needed()?)?),
                "--resume" if value.is_none() => options.resume = true,
                _ => rest.push(word.clone()),
            }
        }
        Ok((options, rest))
    }

    /// Threads of each of some jobs that run at the same time.
    pub(super) fn threads_of_job(&self, jobs: usize) -> NonZeroUsize {
        let all = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        NonZeroUsize::new(all / jobs.max(1)).unwrap_or(NonZeroUsize::MIN)
    }
}

fn count(text: &str) -> Result<NonZeroUsize, Failure> {
    text.parse().map_err(|_| {
        Failure::Usage(format!(
            "--jobs: expected a whole number > 0, found {text:?}"
        ))
    })
}

/// `800M`, `16G`, `2GiB` or a number of bytes.
fn bytes(text: &str) -> Result<u64, Failure> {
    const UNITS: [(&str, u64); 4] = [("k", 1), ("M", 2), ("G", 3), ("T", 4)];
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let factor = match unit.trim_end_matches('B') {
        "" => Some(1),
        unit => UNITS.iter().find_map(|(letter, power)| {
            let power = *power as u32;
            let lower = unit
                .eq_ignore_ascii_case(letter)
                .then(|| 1000_u64.pow(power));
            lower.or_else(|| {
                (unit.strip_suffix('i')?.eq_ignore_ascii_case(letter)).then(|| 1024_u64.pow(power))
            })
        }),
    };
    let value = number.parse::<f64>().ok().zip(factor);
    let value = value.map(|(number, factor)| number * factor as f64);
    let value = value.filter(|value| *value >= 1e6 && *value < 1e18);
    value.map(|value| value as u64).ok_or_else(|| {
        Failure::Usage(format!(
            "--memory: expected an amount of at least 1M such as 800M or 16G, found {text:?}"
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

    #[test]
    fn amounts_have_units() {
        let amounts = [
            ("1.5M", 1_500_000),
            ("2000000", 2_000_000),
            ("1GiB", 1 << 30),
            ("3gb", 3_000_000_000),
        ];
        for (text, expected) in amounts {
            assert_eq!(bytes(text).ok(), Some(expected), "{text}");
        }
    }
}
