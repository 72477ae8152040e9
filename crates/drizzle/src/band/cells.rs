//! Cells of a grid as bits.

use crate::kernel::CELLS;

/// The cells of a grid that bits stand for: the band's pixel and the number of the cell.
pub(super) struct Cells {
    bits: u64,
    first: usize,
    width: usize,
}

impl Cells {
    #[inline(always)]
    pub(super) fn of(bits: u64, first: usize, width: usize) -> Self {
        Self { bits, first, width }
    }
}

impl Iterator for Cells {
    type Item = (usize, usize);

    #[inline(always)]
    fn next(&mut self) -> Option<(usize, usize)> {
        if self.bits == 0 {
            return None;
        }
        let cell = self.bits.trailing_zeros() as usize % (CELLS * CELLS);
        self.bits &= self.bits - 1;
        Some((self.first + cell / CELLS * self.width + cell % CELLS, cell))
    }
}
