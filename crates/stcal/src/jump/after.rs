//! What follows from primary jumps: their neighbours, the groups after them.

use ndarray::{ArrayViewMut3, ArrayViewMut4, Axis};

use super::error::JumpError;
use super::plan::{Hits, JumpPlan};
use crate::sample_bits::{SampleBits, columns_of};
use crate::simd::vectorised;

impl JumpPlan {
    /// Flags neighbours and groups after large jumps in a band of rows, and takes the jump flag from samples that are
    /// saturated or not to be used.
    ///
    /// `group_dq` are the band's rows `(integration, group, row, column)`, `first_row` the band's first row in the
    /// image, `hits` those of the whole image.
    ///
    /// # Errors
    /// [`JumpError::Shape`] if the band does not fit into the image that `hits` describe; nothing has been modified
    /// then.
    ///
    /// # Source
    /// stcal 1.20.0 `jump/twopoint_difference.py::flag_four_neighbors` and `transient_jumps`,
    /// `jump/jump.py::detect_jumps_data`. Tolerance: exact.
    pub fn follow_band(
        &self,
        mut group_dq: ArrayViewMut4<'_, u8>,
        first_row: usize,
        hits: &Hits,
    ) -> Result<(), JumpError> {
        let (integrations, groups, rows, columns) = group_dq.dim();
        JumpError::check(
            "the group quality",
            &[self.integrations, self.groups],
            &[integrations, groups],
        )?;
        for bits in hits
            .seeds
            .iter()
            .chain(&hits.large)
            .filter(|_| hits.primary.is_some())
        {
            JumpError::check(
                "the band",
                &[integrations * groups, columns],
                &[bits.width().0, bits.width().1],
            )?;
            if first_row + rows > bits.rows() {
                return JumpError::check("the band", &[bits.rows()], &[first_row + rows]);
            }
        }
        for (integration, mut cube) in group_dq.outer_iter_mut().enumerate() {
            for row in 0..rows {
                let mut dq = cube.index_axis_mut(Axis(1), row);
                let at = RowOfHits {
                    plan: self,
                    row: first_row + row,
                    first_plane: integration * groups,
                };
                if hits.primary.is_some() {
                    if let Some(seeds) = &hits.seeds {
                        at.flag_neighbours(seeds, &mut dq);
                    }
                    at.flag_later_groups(&hits.large, &mut dq);
                }
            }
            self.drop_redundant_jumps(&mut cube);
        }
        Ok(())
    }

    /// A sample that cannot be used has no use for a jump flag.
    fn drop_redundant_jumps(&self, cube: &mut ArrayViewMut3<'_, u8>) {
        let unusable = self.flags.do_not_use | self.flags.saturated;
        let jump = self.flags.jump;
        let tidy = |dq: &mut u8| {
            *dq &= if *dq & unusable == 0 { 0xff } else { !jump };
        };
        for mut row in cube.rows_mut() {
            match row.as_slice_mut() {
                Some(row) => vectorised(|| row.iter_mut().for_each(tidy)),
                None => row.map_inplace(tidy),
            }
        }
    }
}

/// A row of one integration; `dq` below is `(group, column)`.
struct RowOfHits<'a> {
    plan: &'a JumpPlan,
    row: usize,
    first_plane: usize,
}

impl RowOfHits<'_> {
    fn flag(&self, dq: &mut u8) {
        let flags = &self.plan.flags;
        if *dq & (flags.saturated | flags.do_not_use) == 0 {
            *dq |= flags.jump;
        }
    }

    fn flag_neighbours(&self, seeds: &SampleBits, dq: &mut ndarray::ArrayViewMut2<'_, u8>) {
        for (group, mut dq) in dq.outer_iter_mut().enumerate() {
            let plane = self.first_plane + group;
            let here = seeds.row(self.row, plane);
            let below = self.row.checked_sub(1).map(|row| seeds.row(row, plane));
            let above = (self.row + 1 < seeds.rows()).then(|| seeds.row(self.row + 1, plane));
            let words = (0..here.len()).map(|w| {
                let carried =
                    |index: Option<usize>| index.and_then(|w| here.get(w)).copied().unwrap_or(0);
                let left = here[w] << 1 | carried(w.checked_sub(1)) >> 63;
                let right = here[w] >> 1 | carried(Some(w + 1)) << 63;
                below.map_or(0, |row| row[w])
                    | above.map_or(0, |row| row[w])
                    | here[w]
                    | left
                    | right
            });
            let columns = dq.len();
            for column in columns_of(words).take_while(|column| *column < columns) {
                self.flag(&mut dq[column]);
            }
        }
    }

    /// Flags the groups after each jump that is large.
    ///
    /// From the last group to the first: what is flagged lies behind and is never taken for a jump itself.
    fn flag_later_groups(&self, large: &[SampleBits], dq: &mut ndarray::ArrayViewMut2<'_, u8>) {
        let groups = dq.nrows();
        for group in (1..groups).rev() {
            for (large, (_, count)) in large.iter().zip(&self.plan.after_jump) {
                let words = large
                    .row(self.row, self.first_plane + group)
                    .iter()
                    .copied();
                for column in columns_of(words) {
                    if dq[[group, column]] & self.plan.flags.jump != 0 {
                        let last = group.saturating_add(*count).min(groups - 1);
                        (group + 1..=last).for_each(|later| self.flag(&mut dq[[later, column]]));
                    }
                }
            }
        }
    }
}
