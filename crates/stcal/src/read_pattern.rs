//! Which reads of the detector were averaged into each group.

/// The reads of each group, numbered from 1.
///
/// A group that averages several reads dilutes a jump or a saturation that happened in the last of them, so some
/// algorithms want to know more than the group's mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadPattern {
    groups: Vec<Vec<u32>>,
}

/// A read pattern that no detector can have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadPatternError {
    /// A group without reads has no mean.
    #[error("group {group} of the read pattern holds no read")]
    EmptyGroup {
        /// Index of the group, from 0.
        group: usize,
    },
    /// Reads count from 1.
    #[error("group {group} of the read pattern names read 0; reads count from 1")]
    ReadZero {
        /// Index of the group, from 0.
        group: usize,
    },
}

impl ReadPattern {
    /// A pattern from the list of reads of every group.
    ///
    /// # Errors
    /// [`ReadPatternError`] if a group is empty or names read 0.
    pub fn new(groups: Vec<Vec<u32>>) -> Result<Self, ReadPatternError> {
        for (group, reads) in groups.iter().enumerate() {
            if reads.is_empty() {
                return Err(ReadPatternError::EmptyGroup { group });
            }
            if reads.contains(&0) {
                return Err(ReadPatternError::ReadZero { group });
            }
        }
        Ok(Self { groups })
    }

    /// Groups of `n_frames` reads that follow each other without a gap; at least one read each.
    ///
    /// ```
    /// use stcal::read_pattern::ReadPattern;
    /// let pattern = ReadPattern::contiguous(3, 4);
    /// assert_eq!(pattern.reads(1), [5, 6, 7, 8]);
    /// assert_eq!(pattern.mean(1), 6.5);
    /// ```
    pub fn contiguous(n_groups: usize, n_frames: u32) -> Self {
        let n = n_frames.max(1);
        let groups = (0..n_groups as u32)
            .map(|group| (group * n + 1..=group * n + n).collect())
            .collect();
        Self { groups }
    }

    /// Number of groups.
    pub fn n_groups(&self) -> usize {
        self.groups.len()
    }

    /// The reads of one group.
    ///
    /// # Panics
    /// If there is no such group.
    pub fn reads(&self, group: usize) -> &[u32] {
        &self.groups[group]
    }

    /// Mean of the numbers of the reads of one group.
    ///
    /// # Panics
    /// If there is no such group.
    pub fn mean(&self, group: usize) -> f64 {
        let reads = self.reads(group);
        reads.iter().map(|&read| f64::from(read)).sum::<f64>() / reads.len() as f64
    }

    /// The last read of one group.
    ///
    /// # Panics
    /// If there is no such group.
    pub fn last(&self, group: usize) -> f64 {
        let reads = self.reads(group);
        f64::from(reads[reads.len() - 1])
    }
}
