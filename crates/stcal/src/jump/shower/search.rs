//! The search for pixels that deviate together.

use std::borrow::Cow;
use std::ops::Range;

use ndarray::{ArrayView2, ArrayView3, Axis};

use super::{ShowerInput, ShowerNoise, Unflagged};
use crate::flags::PixelFlags;
use crate::jump::diffs::{Block, Usable, row_of};
use crate::jump::ellipse::Ellipse;
use crate::jump::error::JumpError;
use crate::jump::median::LANES;
use crate::jump::region::Regions;
use crate::jump::smooth::{Ring, Smoother};
use crate::simd::{Kernel, run_vectorised};

/// The first group in which some pixel can be used; 0 if there is none.
fn first_good_group(input: &ShowerInput<'_>, group_dq: ArrayView3<'_, u8>) -> usize {
    let usable = |plane: ArrayView2<'_, u8>| {
        (0..plane.nrows()).any(|row| {
            run_vectorised(AnyUsable {
                dq: &row_of(plane, row),
                pixel_dq: &row_of(input.pixel_dq, row),
                do_not_use: input.flags.do_not_use,
                reference_pixel: input.pixel_flags.reference_pixel,
            })
        })
    };
    group_dq.outer_iter().position(usable).unwrap_or(0)
}

/// Whether a row has a pixel that can be used.
struct AnyUsable<'a> {
    dq: &'a [u8],
    pixel_dq: &'a [u32],
    do_not_use: u8,
    reference_pixel: u32,
}

impl Kernel for AnyUsable<'_> {
    type Output = bool;

    #[inline(always)]
    fn run(self) -> bool {
        let mut any = false;
        for (dq, pixel_dq) in self.dq.iter().zip(self.pixel_dq) {
            any |= (dq & self.do_not_use == 0) & (*pixel_dq != self.reference_pixel);
        }
        any
    }
}

/// The search of groups that follow each other, row by row: what they share is read once.
struct Search<'a, 'i> {
    input: &'a ShowerInput<'i>,
    noise: &'a ShowerNoise,
    /// Of the integration, `(group, row, column)`.
    group_dq: ArrayView3<'a, u8>,
    signal_dn: ArrayView3<'a, f32>,
    integration: usize,
    groups: Range<usize>,
    found: Vec<GroupSearch>,
}

/// What is known of a group.
struct GroupSearch {
    /// Deviations of the differences that end in the group from the median, in units of the noise; NaN where flagged. A
    /// row of them.
    deviation: Vec<f32>,
    /// Pixels of an earlier row that are extended emission.
    extended: Vec<u8>,
    smoother: Smoother,
    regions: Regions,
}

/// A row of everything that goes in.
struct SearchRow<'a> {
    /// Of the group before the first one, and of each group.
    signal_dn: Vec<Cow<'a, [f32]>>,
    dq: Vec<Cow<'a, [u8]>>,
    /// Of each group: median and noise.
    noise: Vec<[Cow<'a, [f32]>; 2]>,
    pixel_dq: Cow<'a, [u32]>,
    gain: Cow<'a, [f32]>,
}

impl<'a, 'i> Search<'a, 'i> {
    fn new(
        input: &'a ShowerInput<'i>,
        noise: &'a ShowerNoise,
        group_dq: &'a ArrayView3<'_, u8>,
        (integration, groups): (usize, Range<usize>),
    ) -> Self {
        let columns = input.ramp_dn.len_of(Axis(3));
        let (inner, width) = (input.params.ring_inner_radius, input.params.ring_width);
        let search = |_| GroupSearch {
            deviation: vec![f32::NAN; columns],
            extended: vec![0; columns],
            smoother: Smoother::new(Ring::new(inner, width), input.params.snr_threshold, columns),
            regions: Regions::default(),
        };
        Self {
            input,
            noise,
            group_dq: group_dq.view(),
            signal_dn: input.ramp_dn.index_axis(Axis(0), integration),
            integration,
            found: groups.clone().map(search).collect(),
            groups,
        }
    }

    /// Finds a row, if the image has it.
    fn row(&self, row: usize) -> Option<SearchRow<'a>> {
        let input = self.input;
        if row >= input.pixel_dq.nrows() {
            return None;
        }
        let planes = self.groups.start - 1..self.groups.end;
        let noise = self.groups.clone().map(|group| self.noise.row(group, row));
        Some(SearchRow {
            signal_dn: planes
                .clone()
                .map(|plane| row_of(self.signal_dn.index_axis_move(Axis(0), plane), row))
                .collect(),
            dq: planes
                .map(|plane| row_of(self.group_dq.index_axis_move(Axis(0), plane), row))
                .collect(),
            noise: noise.collect(),
            pixel_dq: row_of(input.pixel_dq, row),
            gain: row_of(input.gain_e_per_dn, row),
        })
    }

    /// Finds the deviations of a row in all groups.
    #[inline(always)]
    fn find_deviations(&mut self, row: usize, loaded: &SearchRow<'_>) {
        let flags = self.input.flags;
        let flags = flags.jump | flags.saturated | flags.do_not_use;
        let mut electrons = Electrons {
            mask: Unflagged {
                hits: self.input.hits,
                first_row: 0,
                flags: self.input.flags,
            },
            gain: [0.0; LANES],
        };
        let first = self.integration * self.input.ramp_dn.len_of(Axis(1)) + self.groups.start - 1;
        // Of the last block.
        let (mut medians, mut sigmas, mut bytes) = ([0.0; LANES], [0.0; LANES], [0; LANES]);
        for block in Block::of_row(row, loaded.gain.len()) {
            electrons.load_gain(block, loaded, self.input.pixel_flags);
            let mut before = electrons.of_plane(block, loaded, 0, first);
            for (index, found) in self.found.iter_mut().enumerate() {
                let now = electrons.of_plane(block, loaded, index + 1, first);
                let [median, sigma] = &loaded.noise[index];
                let median = block.view(median, &mut medians);
                let sigma = block.view(sigma, &mut sigmas);
                let dq = block.view(&loaded.dq[index + 1], &mut bytes);
                let mut deviation = [f32::NAN; LANES];
                for lane in 0..LANES {
                    let difference = now[lane] - before[lane];
                    let ratio = (difference - median[lane]).abs() / sigma[lane];
                    let flagged = dq[lane] & flags != 0;
                    deviation[lane] = if flagged { f32::NAN } else { ratio };
                }
                found.deviation[block.column..block.column + block.width]
                    .copy_from_slice(&deviation[..block.width]);
                before = now;
            }
        }
    }
}

/// Signals in electrons, NaN where they cannot be used.
struct Electrons<'a> {
    mask: Unflagged<'a>,
    /// Of a block of columns; NaN in pixels that cannot be used.
    gain: [f32; LANES],
}

impl Electrons<'_> {
    #[inline(always)]
    fn load_gain(&mut self, block: Block, row: &SearchRow<'_>, flags: PixelFlags) {
        let bad = flags.jump | flags.saturated | flags.do_not_use;
        let gain = block.lanes(&row.gain, f32::NAN);
        let pixel_dq = block.lanes(&row.pixel_dq, 0);
        for lane in 0..LANES {
            let flagged = (pixel_dq[lane] & bad != 0) | (pixel_dq[lane] == flags.reference_pixel);
            self.gain[lane] = if flagged { f32::NAN } else { gain[lane] };
        }
    }

    /// Those of the plane with an index in the row; `first` is the number of its first plane among all of the exposure.
    #[inline(always)]
    fn of_plane(
        &mut self,
        block: Block,
        row: &SearchRow<'_>,
        index: usize,
        first: usize,
    ) -> [f32; LANES] {
        let (mut reals, mut bytes) = ([f32::NAN; LANES], [0; LANES]);
        let signal = block.view(&row.signal_dn[index], &mut reals);
        let dq = block.view(&row.dq[index], &mut bytes);
        let unusable = self.mask.unusable(block, first + index, dq);
        let mut electrons = [0.0; LANES];
        for lane in 0..LANES {
            let signal = signal[lane] * self.gain[lane];
            electrons[lane] = if unusable[lane] { f32::NAN } else { signal };
        }
        electrons
    }
}

/// Takes the next row of deviations and marks those pixels of an earlier row that are extended emission.
struct SmoothRow<'a, 'd, 'i, 'r> {
    search: &'a mut Search<'d, 'i>,
    row: usize,
    loaded: Option<&'a SearchRow<'r>>,
}

impl Kernel for SmoothRow<'_, '_, '_, '_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        if let Some(loaded) = self.loaded {
            self.search.find_deviations(self.row, loaded);
        }
        for found in &mut self.search.found {
            let deviation = self.loaded.map(|_| &*found.deviation);
            found.smoother.push(deviation);
            if self.row >= found.smoother.delay() {
                found.smoother.mark(&mut found.extended);
            }
        }
    }
}

/// Finds the showers that arrived just before each of some groups that follow each other.
///
/// `group_dq` is the integration's, `(group, row, column)`, before any shower has been flagged. Groups searched together
/// take less time than one by one; four of them fit into a second-level cache.
///
/// # Errors
/// [`JumpError::Shape`] if the arrays do not agree, [`JumpError::Groups`] if the integration does not have the groups.
///
/// # Source
/// stcal 1.20.0 `jump/jump.py::get_bigellipses`. The smoothed ratios agree to about 1e-6: the reference transforms them
/// in single precision, here the ring is summed in double precision. A pixel that close to the threshold may fall on the
/// other side of it.
pub fn find_showers(
    input: &ShowerInput<'_>,
    noise: &ShowerNoise,
    group_dq: ArrayView3<'_, u8>,
    integration: usize,
    groups: Range<usize>,
) -> Result<Vec<Vec<Ellipse>>, JumpError> {
    let (_, depth, rows, columns) = input.ramp_dn.dim();
    JumpError::check(
        "the group quality",
        &[depth, rows, columns],
        group_dq.shape(),
    )?;
    let found = noise.dim();
    JumpError::check("the noise", &[rows, columns], &[found.0, found.1])?;
    if groups.start > groups.end || groups.end > depth {
        return Err(JumpError::Groups {
            found: groups,
            expected: depth,
        });
    }
    let first = (first_good_group(input, group_dq) + 1).clamp(groups.start, groups.end);
    let mut showers = vec![Vec::new(); first - groups.start];
    if first == groups.end {
        return Ok(showers);
    }
    let mut search = Search::new(input, noise, &group_dq, (integration, first..groups.end));
    let delay = search.found[0].smoother.delay();
    for row in 0..rows + delay {
        let loaded = search.row(row);
        run_vectorised(SmoothRow {
            search: &mut search,
            row,
            loaded: loaded.as_ref(),
        });
        if let Some(row) = row.checked_sub(delay) {
            for found in &mut search.found {
                found.regions.add_row(row, &found.extended, u8::MAX);
            }
        }
    }
    let found = search.found.into_iter();
    showers.extend(found.map(|found| found.regions.ellipses(input.params.min_area)));
    Ok(showers)
}
