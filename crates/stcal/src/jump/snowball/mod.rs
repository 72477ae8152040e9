//! Snowballs: large events with a saturated core and a wide halo of jumps.
//!
//! The cores of an integration are found first, group after group ([`SaturatedCores`]): they depend on saturation
//! alone. With them known, each group can be searched for snowballs by itself ([`flag_group`]).

mod cores;
#[cfg(test)]
mod tests;

use ndarray::{ArrayView2, ArrayViewMut2, ArrayViewMut3, Axis};

pub use cores::{FreshSaturation, SaturatedCores};

use super::ellipse::{Ellipse, Stamp};
use super::error::JumpError;
use super::params::SnowballParams;
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
/// `group_dq` is `(group, row, column)` after the detection of single jumps. Those who have several threads do the same
/// with [`FreshSaturation`], [`SaturatedCores`] and [`flag_group`].
///
/// # Source
/// stcal 1.20.0 `jump/jump.py::flag_large_events`. Tolerance: exact.
pub fn flag_snowballs(
    mut group_dq: ArrayViewMut3<'_, u8>,
    params: &SnowballParams,
    flags: GroupFlags,
) -> Snowballs {
    let cores = cores::cores_of(group_dq.view(), params, flags);
    let mut count = 0;
    for (group, plane) in group_dq.outer_iter_mut().enumerate() {
        count += flag_plane(plane, group, cores.as_ref(), params, flags);
    }
    Snowballs {
        count,
        cores: cores.map_or_else(CoreMask::default, |cores| cores.mask().clone()),
    }
}

/// Flags the snowballs of one group, and what saturated cores have grown over; says how many snowballs there are.
///
/// `dq` is the group's plane `(row, column)` after the detection of single jumps, `cores` those of the integration, if
/// the settings ask for saturated cores.
///
/// # Errors
/// [`JumpError::Groups`] if the cores are those of an integration without that group.
pub fn flag_group(
    dq: ArrayViewMut2<'_, u8>,
    group: usize,
    cores: Option<&SaturatedCores>,
    params: &SnowballParams,
    flags: GroupFlags,
) -> Result<usize, JumpError> {
    if let Some(expected) = cores.map(SaturatedCores::groups).filter(|n| group >= *n) {
        return Err(JumpError::Groups {
            found: group..group + 1,
            expected,
        });
    }
    Ok(flag_plane(dq, group, cores, params, flags))
}

/// As [`flag_group`], for cores that have the group.
fn flag_plane(
    mut dq: ArrayViewMut2<'_, u8>,
    group: usize,
    cores: Option<&SaturatedCores>,
    params: &SnowballParams,
    flags: GroupFlags,
) -> usize {
    if group == 0 {
        return 0;
    }
    if let Some(cores) = cores {
        saturate(&mut dq, cores.grown(0..group), flags.saturated);
    }
    let mut snowballs = jump_ellipses(dq.view(), params.min_jump_area, flags.jump);
    if let (Some(cores), Some(core)) = (cores, &params.saturated_core) {
        let rows = dq.nrows();
        let near = cores.of_group(group);
        snowballs.retain(|jump| is_near_edge(jump, core.edge_size, rows) || has_core(jump, near));
        saturate(&mut dq, cores.grown(group..group + 1), flags.saturated);
    }
    let shape = dq.dim();
    let mut plane = dq.insert_axis(Axis(0));
    for snowball in &snowballs {
        let (minor, major) = snowball.grown(params.expand_factor, params.max_width);
        let mut stamp = snowball.stamp(minor, major, shape);
        flag_stamp(&mut plane, 0..1, &mut stamp, flags, |_, _| {});
    }
    snowballs.len()
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

/// Ellipses of the connected jumps of a plane.
fn jump_ellipses(dq: ArrayView2<'_, u8>, min_area: f64, jump: u8) -> Vec<Ellipse> {
    let mut regions = Regions::default();
    for (row, dq) in dq.outer_iter().enumerate() {
        regions.add_row(row, &samples(&dq), jump);
    }
    regions.ellipses(min_area)
}

/// Whether jumps are close to an edge.
///
/// Parity: stcal 1.20.0 `jump/jump.py::make_snowballs` takes the number of rows for both directions.
fn is_near_edge(jump: &Ellipse, edge_size: f64, rows: usize) -> bool {
    let high = (rows as f64 - edge_size).max(0.0);
    let near_edge = |place: f64| place < edge_size || place > high;
    near_edge(jump.column) || near_edge(jump.row)
}

/// Whether jumps have a saturated core in their group or in the next.
fn has_core(jump: &Ellipse, cores: &cores::GroupCores) -> bool {
    let mut cores = cores.here.iter().chain(&cores.next);
    cores.any(|core| jump.contains(core.column, core.row))
}

/// Marks what cores have grown over as saturated.
///
/// Parity: stcal 1.20.0 `jump/jump.py::extend_saturation` replaces all other flags of the sample.
fn saturate<'a>(
    dq: &mut ArrayViewMut2<'_, u8>,
    grown: impl Iterator<Item = &'a Stamp>,
    saturated: u8,
) {
    for (row, column) in grown.flat_map(Stamp::covered) {
        dq[[row, column]] = saturated;
    }
}
