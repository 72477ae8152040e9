//! Snowballs: large events with a saturated core and a wide halo of jumps.

use ndarray::{ArrayView3, ArrayViewMut3, Axis};

use super::ellipse::{Ellipse, Stamp};
use super::params::{CoreExtension, SnowballParams};
use super::region::{Regions, samples};
use crate::flags::GroupFlags;

/// The saturated cores of an integration, as pixels `(row, column)`; a pixel may come twice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CoreMask(Vec<(usize, usize)>);

/// What was found in an integration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snowballs {
    /// Number of snowballs; one that shows in several groups counts in each.
    pub count: usize,
    /// Pixels of their saturated cores, for the next integration.
    pub cores: CoreMask,
}

/// Flags the snowballs of one integration.
///
/// In each group after the first, connected jumps of at least `min_jump_area` pixels are a snowball if the centre of a
/// core that saturates in this group or the next lies within their ellipse, or if they are close to an edge. The grown
/// ellipse is flagged as a jump, and the grown core as saturated in this and all later groups.
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
    let mut found = Snowballs {
        count: 0,
        cores: CoreMask::default(),
    };
    let (groups, rows, columns) = group_dq.dim();
    for group in 1..groups {
        let jumps = jump_ellipses(group_dq.view(), group, params.min_jump_area, flags.jump);
        let snowballs = match &params.saturated_core {
            None => jumps,
            Some(core) => {
                let cores = new_cores(group_dq.view(), group, params.min_sat_area, flags.saturated);
                let next = |dq: ArrayView3<'_, u8>| {
                    if group + 1 < groups {
                        new_cores(dq, group + 1, params.min_sat_area, flags.saturated)
                    } else {
                        Vec::new()
                    }
                };
                let snowballs = with_core(
                    jumps,
                    &cores,
                    || next(group_dq.view()),
                    core.edge_size,
                    rows,
                );
                grow_cores(
                    &mut group_dq,
                    group,
                    &cores,
                    core,
                    params.max_width,
                    flags.saturated,
                    &mut found.cores,
                );
                snowballs
            }
        };
        found.count += snowballs.len();
        for snowball in snowballs {
            let (minor, major) = snowball.grown(params.expand_factor, params.max_width);
            let mut stamp = snowball.stamp(minor, major, (rows, columns));
            flag_stamp(
                &mut group_dq,
                group..group + 1,
                &mut stamp,
                flags,
                |_, _| {},
            );
        }
    }
    found
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
    groups: std::ops::Range<usize>,
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

/// Ellipses of the connected jumps of a group.
fn jump_ellipses(
    group_dq: ArrayView3<'_, u8>,
    group: usize,
    min_area: f64,
    jump: u8,
) -> Vec<Ellipse> {
    let mut regions = Regions::default();
    let mut mask = vec![0; group_dq.len_of(Axis(2))];
    for (row, dq) in group_dq.index_axis(Axis(0), group).outer_iter().enumerate() {
        for (mask, dq) in mask.iter_mut().zip(samples(&dq).iter()) {
            *mask = dq & jump;
        }
        regions.add_row(row, &mask);
    }
    regions.ellipses(min_area)
}

/// Ellipses of the connected pixels that are saturated in a group and were not in the one before.
fn new_cores(
    group_dq: ArrayView3<'_, u8>,
    group: usize,
    min_area: f64,
    saturated: u8,
) -> Vec<Ellipse> {
    let mut regions = Regions::default();
    let mut mask = vec![0; group_dq.len_of(Axis(2))];
    let planes = (
        group_dq.index_axis(Axis(0), group),
        group_dq.index_axis(Axis(0), group - 1),
    );
    for (row, (now, before)) in planes.0.outer_iter().zip(planes.1.outer_iter()).enumerate() {
        let (now, before) = (samples(&now), samples(&before));
        for ((mask, now), before) in mask.iter_mut().zip(now.iter()).zip(before.iter()) {
            *mask = now & !before & saturated;
        }
        regions.add_row(row, &mask);
    }
    regions.ellipses(min_area)
}

/// The jumps that are close to an edge or have a saturated core in this group or in the next.
///
/// Parity: stcal 1.20.0 `jump/jump.py::make_snowballs` takes the number of rows for both directions.
fn with_core(
    jumps: Vec<Ellipse>,
    cores: &[Ellipse],
    next_cores: impl Fn() -> Vec<Ellipse>,
    edge_size: f64,
    rows: usize,
) -> Vec<Ellipse> {
    let high = (rows as f64 - edge_size).max(0.0);
    let near_edge = |place: f64| place < edge_size || place > high;
    let mut next: Option<Vec<Ellipse>> = None;
    jumps
        .into_iter()
        .filter(|jump| {
            let has_core = |core: &Ellipse| jump.contains(core.column, core.row);
            near_edge(jump.column)
                || near_edge(jump.row)
                || cores.iter().any(has_core)
                || next.get_or_insert_with(&next_cores).iter().any(has_core)
        })
        .collect()
}

/// Flags the grown cores as saturated from a group on; remembers the cores as they are.
///
/// Parity: stcal 1.20.0 `jump/jump.py::extend_saturation` replaces all other flags of the sample.
fn grow_cores(
    group_dq: &mut ArrayViewMut3<'_, u8>,
    group: usize,
    cores: &[Ellipse],
    params: &CoreExtension,
    max_width: f64,
    saturated: u8,
    found: &mut CoreMask,
) {
    let (groups, rows, columns) = group_dq.dim();
    for core in cores
        .iter()
        .filter(|core| core.minor.min(core.major) > params.min_axis)
    {
        let grown = |axis: f64| (axis + params.expand).min(max_width);
        let stamp = core.stamp(grown(core.minor), grown(core.major), (rows, columns));
        for later in group..groups {
            for (row, column) in stamp.covered() {
                group_dq[[later, row, column]] = saturated;
            }
        }
        found.0.extend(
            core.stamp(core.minor, core.major, (rows, columns))
                .covered(),
        );
    }
}
