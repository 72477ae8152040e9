//! The samples of a few columns of a row, side by side.

use std::borrow::Cow;

use ndarray::{ArrayView1, ArrayView2, ArrayView3, Axis};

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

/// A row of everything that goes into the fit, without copies where values lie side by side.
#[derive(Debug)]
pub(super) struct RampRow<'a> {
    /// Of each plane, `(integration, group)`.
    data: Vec<Cow<'a, [f32]>>,
    dq: Vec<Cow<'a, [u8]>>,
    pub(super) gain: Cow<'a, [f32]>,
    pub(super) read_noise: Cow<'a, [f32]>,
    pub(super) dark_rate: Option<Cow<'a, [f32]>>,
    pub(super) pixel_dq: Cow<'a, [u32]>,
}

impl<'a> RampRow<'a> {
    /// A row of the band.
    pub(super) fn of(ramp: &Ramp<'a>, row: usize) -> Self {
        Self {
            data: planes(ramp.data_dn.index_axis_move(Axis(2), row)),
            dq: planes(ramp.group_dq.index_axis_move(Axis(2), row)),
            gain: contiguous(ramp.gain_e_per_dn.index_axis_move(Axis(0), row)),
            read_noise: contiguous(ramp.read_noise_dn.index_axis_move(Axis(0), row)),
            dark_rate: ramp
                .dark_rate
                .map(|dark| contiguous(dark.index_axis_move(Axis(0), row))),
            pixel_dq: contiguous(ramp.pixel_dq.index_axis_move(Axis(0), row)),
        }
    }
}

fn planes<T: Clone>(row: ArrayView3<'_, T>) -> Vec<Cow<'_, [T]>> {
    row.into_outer_iter()
        .flat_map(ArrayView2::into_outer_iter)
        .map(contiguous)
        .collect()
}

fn contiguous<T: Clone>(row: ArrayView1<'_, T>) -> Cow<'_, [T]> {
    row.to_slice()
        .map_or_else(|| Cow::Owned(row.to_vec()), Cow::Borrowed)
}

/// Copies a piece of a row; what lies behind its end stays as it was.
#[inline(always)]
pub(super) fn load<T: Copy, U>(
    row: &[T],
    piece: Piece,
    lanes: &mut Lanes<U>,
    convert: impl Fn(T) -> U,
) {
    // A loop over slices: one over arrays is unrolled before it can become vector instructions.
    let row = &row[piece.start..piece.end];
    for (lane, value) in lanes[..row.len()].iter_mut().zip(row) {
        *lane = convert(*value);
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
    pub(super) fn load(&mut self, row: &RampRow<'_>, piece: Piece) {
        let here = piece.start..piece.end;
        let width = here.len();
        for (lanes, data) in self.data.iter_mut().zip(&row.data) {
            lanes[..width].copy_from_slice(&data[here.clone()]);
        }
        for (lanes, dq) in self.dq.iter_mut().zip(&row.dq) {
            lanes[..width].copy_from_slice(&dq[here.clone()]);
        }
    }

    /// All flags and the sum of the samples of each ramp.
    #[inline(always)]
    pub(super) fn summary(&self) -> (Lanes<u8>, Lanes<f64>) {
        let (mut flags, mut sums) = ([0; LANES], [0.0; LANES]);
        for (data, dq) in self.data.iter().zip(&self.dq) {
            for lane in 0..LANES {
                flags[lane] |= dq[lane];
                sums[lane] += f64::from(data[lane]);
            }
        }
        (flags, sums)
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
