//! Differences of neighbouring groups for a block of columns of one row.

use std::borrow::Cow;

use ndarray::{ArrayView1, ArrayView2, ArrayView3, ArrayViewMut3, Axis};

use super::median::{LANES, Lane};
use crate::plane_rows::PlaneRows;

/// The columns of a row that are worked on together.
#[derive(Debug, Clone, Copy)]
pub(super) struct Block {
    pub(super) row: usize,
    /// First column.
    pub(super) column: usize,
    /// Number of columns, at most [`LANES`].
    pub(super) width: usize,
}

impl Block {
    /// The blocks of a row.
    pub(super) fn of_row(row: usize, columns: usize) -> impl Iterator<Item = Self> {
        (0..columns).step_by(LANES).map(move |column| Self {
            row,
            column,
            width: LANES.min(columns - column),
        })
    }

    /// The values of the block in a row, filled up with `rest`.
    #[inline(always)]
    pub(super) fn lanes<T: Copy>(&self, row: &[T], rest: T) -> [T; LANES] {
        let mut spare = [rest; LANES];
        *self.view(row, &mut spare)
    }

    /// The values of the block in a row: where they lie, or in `spare`, the rest of which is left as it is.
    #[inline(always)]
    pub(super) fn view<'a, T: Copy>(
        &self,
        row: &'a [T],
        spare: &'a mut [T; LANES],
    ) -> &'a [T; LANES] {
        let values = &row[self.column..self.column + self.width];
        if let Ok(values) = <&[T; LANES]>::try_from(values) {
            return values;
        }
        spare[..values.len()].copy_from_slice(values);
        spare
    }
}

/// A row without a copy if its samples lie side by side.
pub(super) fn row_of<T: Clone>(image: ArrayView2<'_, T>, row: usize) -> Cow<'_, [T]> {
    slice(image.index_axis_move(Axis(0), row))
}

fn slice<T: Clone>(row: ArrayView1<'_, T>) -> Cow<'_, [T]> {
    row.to_slice()
        .map_or_else(|| Cow::Owned(row.to_vec()), Cow::Borrowed)
}

/// The quality of a row of all planes, copied side by side.
#[derive(Debug, Default)]
pub(super) struct QualityRow {
    values: PlaneRows<u8>,
    /// Planes with new flags.
    changed: Vec<bool>,
}

impl QualityRow {
    /// Copies a row of `(integration, group, column)`.
    pub(super) fn load(&mut self, row: ArrayView3<'_, u8>) {
        self.values.load(row);
        self.changed.clear();
        self.changed.resize(self.values.count(), false);
    }

    /// The quality of a plane.
    #[inline(always)]
    pub(super) fn plane(&self, plane: usize) -> &[u8] {
        self.values.plane(plane)
    }

    /// The quality of a sample.
    pub(super) fn get(&self, plane: usize, column: usize) -> u8 {
        self.values.plane(plane)[column]
    }

    /// Adds a flag to a sample.
    pub(super) fn flag(&mut self, plane: usize, column: usize, bit: u8) {
        self.values.plane_mut(plane)[column] |= bit;
        self.changed[plane] = true;
    }

    /// Writes the planes with new flags back to where they came from.
    pub(super) fn store(&self, mut row: ArrayViewMut3<'_, u8>) {
        for (plane, mut into) in row.rows_mut().into_iter().enumerate() {
            if self.changed[plane] {
                into.assign(&ArrayView1::from(self.plane(plane)));
            }
        }
    }
}

/// The differences of a block, NaN where one of the groups is unusable.
#[derive(Debug)]
pub(super) struct Differences {
    /// In electrons, one list for each column, ordered `(integration, group)`.
    pub(super) lists: Vec<Lane>,
    /// All bits that the samples of a column have.
    pub(super) any_dq: [u8; LANES],
}

impl Default for Differences {
    fn default() -> Self {
        Self {
            lists: Vec::new(),
            any_dq: [0; LANES],
        }
    }
}

/// What makes a sample unusable.
pub(super) trait Usable {
    /// Sees the quality of all samples of a plane of the block; tells which are unusable.
    fn unusable(&mut self, block: Block, plane: usize, dq: &[u8; LANES]) -> [bool; LANES];
}

impl Differences {
    /// Loads a block of a row, given as its planes of `groups` an integration.
    #[inline(always)]
    pub(super) fn load(
        &mut self,
        block: Block,
        (signal_dn, dq): (&PlaneRows<f32>, &QualityRow),
        groups: usize,
        gain: &Lane,
        usable: &mut impl Usable,
    ) {
        self.lists.clear();
        self.any_dq = [0; LANES];
        let mut before = [f32::NAN; LANES];
        let (mut spare_signal, mut spare_dq) = ([f32::NAN; LANES], [0; LANES]);
        for plane in 0..signal_dn.count() {
            let signal = block.view(signal_dn.plane(plane), &mut spare_signal);
            let dq = block.view(dq.plane(plane), &mut spare_dq);
            let unusable = usable.unusable(block, plane, dq);
            let mut now = [0.0; LANES];
            for lane in 0..LANES {
                let electrons = signal[lane] * gain[lane];
                now[lane] = if unusable[lane] { f32::NAN } else { electrons };
                self.any_dq[lane] |= dq[lane];
            }
            if plane % groups > 0 {
                let mut differences = [0.0; LANES];
                for lane in 0..LANES {
                    differences[lane] = now[lane] - before[lane];
                }
                self.lists.push(differences);
            }
            before = now;
        }
    }
}
