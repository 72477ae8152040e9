//! The samples of a few columns of a row, side by side.

use ndarray::{ArrayView1, s};

use super::super::arrays::Ramp;

/// Columns that are fitted together.
pub(super) const LANES: usize = 64;

/// One value for each column.
pub(super) type Lanes<T> = [T; LANES];

/// Columns `start..end` of a row, at most [`LANES`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece {
    pub(super) row: usize,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// Samples and quality of a piece, `(integration, group)` with all groups of the ramp.
///
/// They are copied once: pixels that are fitted one by one find theirs in the nearest cache.
#[derive(Debug)]
pub(super) struct Block {
    groups: usize,
    data: Vec<Lanes<f32>>,
    dq: Vec<Lanes<u8>>,
}

/// Copies a piece of a row; what lies behind its end stays as it was.
#[inline(always)]
pub(super) fn load<T: Copy, U>(
    row: &ArrayView1<'_, T>,
    lanes: &mut Lanes<U>,
    convert: impl Fn(T) -> U,
) {
    if let Some(row) = row.to_slice() {
        if let Ok(row) = <&Lanes<T>>::try_from(row) {
            for (lane, value) in lanes.iter_mut().zip(row) {
                *lane = convert(*value);
            }
            return;
        }
        for (lane, value) in lanes.iter_mut().zip(row) {
            *lane = convert(*value);
        }
    } else {
        for (lane, value) in lanes.iter_mut().zip(*row) {
            *lane = convert(*value);
        }
    }
}

impl Block {
    /// Room for ramps of some integrations and groups.
    pub(super) fn new(integrations: usize, groups: usize) -> Self {
        Self {
            groups,
            data: vec![[0.0; LANES]; integrations * groups],
            dq: vec![[0; LANES]; integrations * groups],
        }
    }

    /// Copies a piece.
    #[inline(always)]
    pub(super) fn load(&mut self, ramp: &Ramp<'_>, piece: Piece) {
        let columns = piece.start..piece.end;
        for (plane, (data, dq)) in self.data.iter_mut().zip(&mut self.dq).enumerate() {
            let (integration, group) = (plane / self.groups, plane % self.groups);
            let place = s![integration, group, piece.row, columns.clone()];
            load(&ramp.data_dn.slice(place), data, |sample| sample);
            load(&ramp.group_dq.slice(place), dq, |dq| dq);
        }
    }

    /// Samples of an integration, group by group.
    #[inline(always)]
    pub(super) fn data(&self, integration: usize) -> &[Lanes<f32>] {
        &self.data[integration * self.groups..(integration + 1) * self.groups]
    }

    /// Their quality.
    #[inline(always)]
    pub(super) fn dq(&self, integration: usize) -> &[Lanes<u8>] {
        &self.dq[integration * self.groups..(integration + 1) * self.groups]
    }
}
