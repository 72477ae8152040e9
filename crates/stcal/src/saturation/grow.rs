//! Flags that spread to the pixels around.

use ndarray::{Array2, ArrayViewMut1, ArrayViewMut2};

/// A buffer that holds the seeds of one image and spreads them over squares.
pub(super) struct Spill {
    /// The bit to spread, or 0.
    seeds: Array2<u8>,
    /// One row of seeds, spread along the row.
    wide: Vec<u8>,
    layers: usize,
}

impl Spill {
    pub(super) fn new(shape: (usize, usize), layers: usize) -> Self {
        Self {
            seeds: Array2::zeros(shape),
            wide: vec![0; shape.1],
            layers,
        }
    }

    /// The seeds of one row, to be written by the caller: the bit to spread, or 0.
    pub(super) fn seeds(&mut self, row: usize) -> ArrayViewMut1<'_, u8> {
        self.seeds.row_mut(row)
    }

    /// Enters the seeds and their surroundings into `dq`.
    pub(super) fn grow_into(&mut self, mut dq: ArrayViewMut2<'_, u8>) {
        let (rows, columns) = self.seeds.dim();
        for (row, seeds) in self.seeds.outer_iter().enumerate() {
            if seeds.iter().fold(0, |any, &seed| any | seed) == 0 {
                continue;
            }
            let seeds = seeds.as_slice().unwrap_or(&[]);
            self.wide.copy_from_slice(seeds);
            for shift in 1..=self.layers.min(columns.saturating_sub(1)) {
                let (left, right) = (&seeds[shift..], &seeds[..columns - shift]);
                or_into(&mut self.wide[..columns - shift], left);
                or_into(&mut self.wide[shift..], right);
            }
            let first = row.saturating_sub(self.layers);
            let last = (row + self.layers).min(rows - 1);
            for row in first..=last {
                dq.row_mut(row)
                    .iter_mut()
                    .zip(&self.wide)
                    .for_each(|(dq, &bit)| *dq |= bit);
            }
        }
    }
}

fn or_into(target: &mut [u8], bits: &[u8]) {
    for (target, &bits) in target.iter_mut().zip(bits) {
        *target |= bits;
    }
}
