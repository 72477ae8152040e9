//! Differences of neighbouring groups for a block of columns of one row.

use std::borrow::Cow;

use ndarray::{ArrayView1, ArrayView2, ArrayView4, Axis};

use super::median::{LANES, Lane};

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
    /// The blocks of an image, row by row.
    pub(super) fn all(rows: usize, columns: usize) -> impl Iterator<Item = Self> {
        (0..rows).flat_map(move |row| {
            (0..columns).step_by(LANES).map(move |column| Self {
                row,
                column,
                width: LANES.min(columns - column),
            })
        })
    }

    /// The samples of the block in an image.
    pub(super) fn of<'a, T: Clone>(&self, image: ArrayView2<'a, T>) -> Cow<'a, [T]> {
        slice(
            image
                .index_axis_move(Axis(0), self.row)
                .slice_move(ndarray::s![self.column..self.column + self.width]),
        )
    }
}

/// The samples without a copy if they lie side by side.
fn slice<T: Clone>(row: ArrayView1<'_, T>) -> Cow<'_, [T]> {
    row.to_slice()
        .map_or_else(|| Cow::Owned(row.to_vec()), Cow::Borrowed)
}

/// The differences of a block, NaN where one of the groups is unusable.
#[derive(Debug, Default)]
pub(super) struct Differences {
    /// In electrons, one list for each column, ordered `(integration, group)`.
    pub(super) lists: Vec<Lane>,
    /// All bits that the samples of a column have.
    pub(super) any_dq: Vec<u8>,
}

/// What makes a sample unusable.
pub(super) trait Usable {
    /// Sees the quality of all samples of a plane of the block; sets the unusable values to NaN.
    fn mask(&mut self, block: Block, plane: usize, dq: &[u8], values: &mut [f32]);
}

impl Differences {
    /// Loads a block of a band.
    pub(super) fn load(
        &mut self,
        block: Block,
        ramp_dn: ArrayView4<'_, f32>,
        group_dq: ArrayView4<'_, u8>,
        gain: &[f32],
        usable: &mut impl Usable,
    ) {
        let groups = ramp_dn.len_of(Axis(1));
        self.lists.clear();
        self.any_dq.clear();
        self.any_dq.resize(block.width, 0);
        let (mut now, mut before) = ([f32::NAN; LANES], [f32::NAN; LANES]);
        for (integration, (ramp, dq)) in ramp_dn.outer_iter().zip(group_dq.outer_iter()).enumerate()
        {
            for (group, (ramp, dq)) in ramp.outer_iter().zip(dq.outer_iter()).enumerate() {
                let (signal, dq) = (block.of(ramp), block.of(dq));
                for ((now, signal), gain) in now.iter_mut().zip(signal.iter()).zip(gain) {
                    *now = signal * gain;
                }
                usable.mask(
                    block,
                    integration * groups + group,
                    &dq,
                    &mut now[..block.width],
                );
                for (any, dq) in self.any_dq.iter_mut().zip(dq.iter()) {
                    *any |= dq;
                }
                if group > 0 {
                    self.lists
                        .push(std::array::from_fn(|lane| now[lane] - before[lane]));
                }
                before = now;
            }
        }
    }
}
