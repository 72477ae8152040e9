//! How many jobs fit into memory.

use std::path::PathBuf;

/// Memory of a job beside what grows with its input [bytes].
const BASE: u64 = 100_000_000;

/// Memory of a job in units of its input's size, before any has been measured: a raw file of 16-bit numbers becomes ramps of
/// 32-bit numbers with flags and working space. A full frame of ten groups, 84 MB, has been measured at 600 MiB.
const PER_BYTE: f64 = 7.0;

/// The memory that jobs may have together.
#[derive(Debug)]
pub(super) struct Budget {
    limit: Option<u64>,
    sizes: Vec<u64>,
    per_byte: f64,
    /// What jobs that run are thought to need, by input.
    taken: Vec<(usize, u64)>,
}

impl Budget {
    pub(super) fn new(limit: Option<u64>, inputs: &[PathBuf]) -> Self {
        let size = |path: &PathBuf| path.metadata().map_or(0, |meta| meta.len());
        Self {
            limit,
            sizes: inputs.iter().map(size).collect(),
            per_byte: PER_BYTE,
            taken: Vec::new(),
        }
    }

    /// Takes the memory of an input's job, if there is enough left; gives what it is thought to need. One job may always
    /// run.
    pub(super) fn take(&mut self, input: usize) -> Option<u64> {
        let needed = BASE + (self.per_byte * self.sizes[input] as f64) as u64;
        let used: u64 = self.taken.iter().map(|(_, bytes)| bytes).sum();
        let fits = self.limit.is_none_or(|limit| used + needed <= limit);
        if fits || self.taken.is_empty() {
            self.taken.push((input, needed));
            return Some(needed);
        }
        None
    }

    /// Gives it back, and learns from what the job had in truth: the next ones are thought to need as much for each byte.
    pub(super) fn give_back(&mut self, input: usize, peak: Option<u64>) {
        self.taken.retain(|(taken, _)| *taken != input);
        let size = self.sizes[input];
        if let (Some(peak), true) = (peak, size > 1_000_000) {
            let grown = peak.saturating_sub(BASE) as f64 / size as f64;
            self.per_byte = self.per_byte.max(grown);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget(limit: u64) -> Budget {
        Budget {
            sizes: vec![100_000_000; 3],
            ..Budget::new(Some(limit), &[])
        }
    }

    #[test]
    fn jobs_wait_for_memory_but_one_always_runs() {
        let mut budget = budget(1_700_000_000);
        assert_eq!(budget.take(0), Some(800_000_000));
        assert!(budget.take(1).is_some() && budget.take(2).is_none());
        budget.give_back(0, Some(2_100_000_000));
        // The first one needed 20 bytes for each of its input.
        assert_eq!(budget.take(2), None);
        budget.give_back(1, None);
        assert_eq!(budget.take(2), Some(2_100_000_000));
    }

    #[test]
    fn without_a_limit_all_run() {
        let mut budget = Budget {
            limit: None,
            ..budget(1)
        };
        assert!((0..3).all(|input| budget.take(input).is_some()));
    }
}
