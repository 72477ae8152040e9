//! Snowballs: large events with a saturated core and a wide halo of jumps.

use std::ops::Range;

use ndarray::{ArrayView3, ArrayViewMut3, Axis, s};

use super::ellipse::{Ellipse, Stamp};
use super::error::JumpError;
use super::params::{CoreExtension, SnowballParams};
use super::region::{Regions, samples};
use crate::flags::GroupFlags;

/// The saturated cores of an integration, as pixels `(row, column)`; a pixel may come twice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CoreMask(Vec<(usize, usize)>);

/// What was found in an integration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snowballs {
    /// Number of snowballs; one that shows in several groups counts in each.
    pub count: usize,
    /// Pixels of their saturated cores, for the next integration.
    pub cores: CoreMask,
}

/// Flags the snowballs of one integration, with a [`SnowballSearch`].
///
/// `group_dq` is `(group, row, column)` after the detection of single jumps.
///
/// # Source
/// stcal 1.20.0 `jump/jump.py::flag_large_events`. Tolerance: exact.
pub fn flag_snowballs(
    mut group_dq: ArrayViewMut3<'_, u8>,
    params: &SnowballParams,
    flags: GroupFlags,
) -> Snowballs {
    let (groups, rows, _) = group_dq.dim();
    let mut search = SnowballSearch::new(params, flags);
    for group in 1..groups {
        let whole = search.band(group_dq.view(), group, 0..rows);
        search.flag(group_dq.view_mut(), group, whole);
    }
    search.found
}

/// The search for the snowballs of an integration, group after group.
///
/// In each group after the first, connected jumps of at least `min_jump_area` pixels are a snowball if the centre of a
/// core that saturates in this group or the next lies within their ellipse, or if they are close to an edge. The grown
/// ellipse is flagged as a jump, and the grown core as saturated in this and all later groups.
///
/// For each group from 1 on, [`band`](Self::band) looks at bands of rows, which can be done at the same time, and
/// [`flag_group`](Self::flag_group) flags what they hold together.
#[derive(Debug)]
pub struct SnowballSearch<'a> {
    params: &'a SnowballParams,
    flags: GroupFlags,
    found: Snowballs,
    /// Cores of the group that comes next, if they are known.
    cores: Option<Vec<Ellipse>>,
}

/// The regions of a group in a band of rows.
#[derive(Debug)]
pub struct SnowballBand {
    jumps: Regions,
    /// New cores, unless they are known.
    cores: Option<Regions>,
    /// New cores of the next group.
    next_cores: Option<Regions>,
}

impl<'a> SnowballSearch<'a> {
    /// For an integration.
    pub fn new(params: &'a SnowballParams, flags: GroupFlags) -> Self {
        Self {
            params,
            flags,
            found: Snowballs::default(),
            cores: None,
        }
    }

    /// Finds the regions of a group in a band of rows.
    ///
    /// `group_dq` is the integration `(group, row, column)`, with the flags of the groups before.
    pub fn band(
        &self,
        group_dq: ArrayView3<'_, u8>,
        group: usize,
        rows: Range<usize>,
    ) -> SnowballBand {
        let (params, flags) = (self.params, self.flags);
        let saturated = |group: usize| {
            new_cores(group_dq, group, rows.clone(), flags.saturated)
                .without_small(params.min_sat_area)
        };
        let has_core = params.saturated_core.is_some();
        let has_next = has_core && group + 1 < group_dq.len_of(Axis(0));
        SnowballBand {
            jumps: jumps(group_dq, group, rows.clone(), flags.jump)
                .without_small(params.min_jump_area),
            cores: (has_core && self.cores.is_none()).then(|| saturated(group)),
            next_cores: has_next.then(|| saturated(group + 1)),
        }
    }

    /// Flags the snowballs of a group.
    ///
    /// `bands` are those of this group, which follow each other and cover the image.
    ///
    /// # Errors
    /// [`JumpError::Bands`] if they do not; nothing has been modified then.
    pub fn flag_group(
        &mut self,
        group_dq: ArrayViewMut3<'_, u8>,
        group: usize,
        bands: impl IntoIterator<Item = SnowballBand>,
    ) -> Result<(), JumpError> {
        let (mut jumps, mut cores, mut next_cores) = (Vec::new(), Vec::new(), Vec::new());
        for band in bands {
            jumps.push(band.jumps);
            cores.extend(band.cores);
            next_cores.extend(band.next_cores);
        }
        let rows = group_dq.len_of(Axis(1));
        let joined = |bands: Vec<Regions>| Regions::of_bands(bands, rows);
        let some = |bands: Vec<Regions>| (!bands.is_empty()).then(|| joined(bands)).transpose();
        let whole = SnowballBand {
            jumps: joined(jumps)?,
            cores: some(cores)?,
            next_cores: some(next_cores)?,
        };
        self.flag(group_dq, group, whole);
        Ok(())
    }

    /// As [`Self::flag_group`], with regions of the whole image.
    fn flag(&mut self, mut group_dq: ArrayViewMut3<'_, u8>, group: usize, whole: SnowballBand) {
        let params = self.params;
        let cores_of = |regions: Option<Regions>| {
            regions.map_or_else(Vec::new, |regions| regions.ellipses(params.min_sat_area))
        };
        let mut snowballs = whole.jumps.ellipses(params.min_jump_area);
        let (cores, next_cores) = (cores_of(whole.cores), cores_of(whole.next_cores));
        let (_, rows, columns) = group_dq.dim();
        if let Some(core) = &params.saturated_core {
            let cores = self.cores.take().unwrap_or(cores);
            snowballs = with_core(snowballs, [&cores, &next_cores], core.edge_size, rows);
            let mut growth = CoreGrowth {
                params: core,
                max_width: params.max_width,
                saturated: self.flags.saturated,
                found: &mut self.found.cores,
            };
            // Where cores have grown, some of the next group's are not new any more.
            if !growth.flag(&mut group_dq, group, &cores) {
                self.cores = Some(next_cores);
            }
        }
        self.found.count += snowballs.len();
        for snowball in snowballs {
            let (minor, major) = snowball.grown(params.expand_factor, params.max_width);
            let mut stamp = snowball.stamp(minor, major, (rows, columns));
            flag_stamp(
                &mut group_dq,
                group..group + 1,
                &mut stamp,
                self.flags,
                |_, _| {},
            );
        }
    }

    /// What has been found in all groups.
    pub fn found(self) -> Snowballs {
        self.found
    }
}

/// Flags the cores of an integration as jumps at the start of the next one.
///
/// `group_dq` is the next integration `(group, row, column)`, after [`flag_snowballs`]. Group 0 is left alone, and the
/// groups from `groups_masked` on. Saturated samples get the flag, too.
///
/// # Source
/// stcal 1.20.0 `jump/jump.py::flag_large_events`.
pub fn flag_cores_of_previous_integration(
    mut group_dq: ArrayViewMut3<'_, u8>,
    cores: &CoreMask,
    groups_masked: usize,
    jump: u8,
) {
    for group in 1..groups_masked.min(group_dq.len_of(Axis(0))) {
        for (row, column) in &cores.0 {
            group_dq[[group, *row, *column]] |= jump;
        }
    }
}

/// Sets the jump flag where a stamp covers samples that are not saturated; `set` hears of those that did not have it.
///
/// Once a pixel is found saturated, the stamp leaves it alone in the later groups as well.
pub(super) fn flag_stamp(
    group_dq: &mut ArrayViewMut3<'_, u8>,
    groups: Range<usize>,
    stamp: &mut Stamp,
    flags: GroupFlags,
    mut set: impl FnMut(usize, (usize, usize)),
) {
    for group in groups {
        for ((row, column), covered) in stamp.pixels_mut() {
            let dq = &mut group_dq[[group, row, column]];
            *covered &= *dq & flags.saturated == 0;
            if *covered && *dq & flags.jump == 0 {
                *dq |= flags.jump;
                set(group, (row, column));
            }
        }
    }
}

/// The connected jumps of a group in a band of rows.
fn jumps(group_dq: ArrayView3<'_, u8>, group: usize, rows: Range<usize>, jump: u8) -> Regions {
    let mut regions = Regions::from_row(rows.start);
    let mut mask = vec![0; group_dq.len_of(Axis(2))];
    for dq in group_dq.slice(s![group, rows, ..]).outer_iter() {
        for (mask, dq) in mask.iter_mut().zip(samples(&dq).iter()) {
            *mask = dq & jump;
        }
        regions.add_row(&mask);
    }
    regions
}

/// The connected pixels of a band of rows that are saturated in a group and were not in the one before.
fn new_cores(
    group_dq: ArrayView3<'_, u8>,
    group: usize,
    rows: Range<usize>,
    saturated: u8,
) -> Regions {
    let mut regions = Regions::from_row(rows.start);
    let mut mask = vec![0; group_dq.len_of(Axis(2))];
    let now = group_dq.slice(s![group, rows.clone(), ..]);
    let before = group_dq.slice(s![group - 1, rows, ..]);
    for (now, before) in now.outer_iter().zip(before.outer_iter()) {
        let (now, before) = (samples(&now), samples(&before));
        for ((mask, now), before) in mask.iter_mut().zip(now.iter()).zip(before.iter()) {
            *mask = now & !before & saturated;
        }
        regions.add_row(&mask);
    }
    regions
}

/// The jumps that are close to an edge or have a saturated core in this group or in the next.
///
/// Parity: stcal 1.20.0 `jump/jump.py::make_snowballs` takes the number of rows for both directions.
fn with_core(
    jumps: Vec<Ellipse>,
    cores: [&[Ellipse]; 2],
    edge_size: f64,
    rows: usize,
) -> Vec<Ellipse> {
    let high = (rows as f64 - edge_size).max(0.0);
    let near_edge = |place: f64| place < edge_size || place > high;
    let is_snowball = |jump: &Ellipse| {
        let mut cores = cores.into_iter().flatten();
        near_edge(jump.column)
            || near_edge(jump.row)
            || cores.any(|core| jump.contains(core.column, core.row))
    };
    jumps.into_iter().filter(is_snowball).collect()
}

/// How cores are flagged, and what keeps them as they are.
struct CoreGrowth<'a> {
    params: &'a CoreExtension,
    max_width: f64,
    saturated: u8,
    found: &'a mut CoreMask,
}

impl CoreGrowth<'_> {
    /// Flags the grown cores as saturated from a group on; false if none is large enough for that.
    ///
    /// Parity: stcal 1.20.0 `jump/jump.py::extend_saturation` replaces all other flags of the sample.
    fn flag(
        &mut self,
        group_dq: &mut ArrayViewMut3<'_, u8>,
        group: usize,
        cores: &[Ellipse],
    ) -> bool {
        let (groups, rows, columns) = group_dq.dim();
        let min_axis = self.params.min_axis;
        let mut any = false;
        for core in cores
            .iter()
            .filter(|core| core.minor.min(core.major) > min_axis)
        {
            any = true;
            let grown = |axis: f64| (axis + self.params.expand).min(self.max_width);
            let stamp = core.stamp(grown(core.minor), grown(core.major), (rows, columns));
            for later in group..groups {
                for (row, column) in stamp.covered() {
                    group_dq[[later, row, column]] = self.saturated;
                }
            }
            let core = core.stamp(core.minor, core.major, (rows, columns));
            self.found.0.extend(core.covered());
        }
        any
    }
}
