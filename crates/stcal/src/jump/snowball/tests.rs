//! Values worked by hand, and groups by themselves against groups one after another.

use ndarray::{Array3, ArrayView3, Axis, s};
use proptest::prelude::*;

use super::*;
use crate::jump::params::CoreExtension;

fn params() -> SnowballParams {
    SnowballParams {
        min_sat_area: 1.0,
        min_jump_area: 5.0,
        expand_factor: 2.0,
        saturated_core: Some(CoreExtension {
            min_axis: 2.5,
            expand: 4.0,
            edge_size: 0.0,
            groups_masked_next_integration: 3,
        }),
        max_width: 400.0,
    }
}

#[test]
fn snowball_grows_and_its_core_lasts() {
    let flags = GroupFlags::default();
    let mut dq = ndarray::Array3::<u8>::zeros((4, 40, 40));
    for ((row, column), dq) in dq.index_axis_mut(ndarray::Axis(0), 2).indexed_iter_mut() {
        let distance =
            (usize::abs_diff(row, 20).pow(2) + usize::abs_diff(column, 20).pow(2)) as f64;
        *dq = if distance <= 9.0 {
            2
        } else if distance <= 36.0 {
            4
        } else {
            0
        };
    }
    let found = flag_snowballs(dq.view_mut(), &params(), flags);
    assert_eq!(found.count, 1);
    // Core: grown from a radius of 3 to 5, in this group and the next. Halo: grown from 6 to about 12.
    assert_eq!(
        [dq[[2, 20, 24]], dq[[3, 20, 24]], dq[[3, 20, 26]]],
        [2, 2, 0]
    );
    assert_eq!(
        [dq[[2, 20, 30]], dq[[2, 20, 33]], dq[[1, 20, 24]]],
        [4, 0, 0]
    );
    let mut next = ndarray::Array3::<u8>::zeros((4, 40, 40));
    flag_cores_of_previous_integration(next.view_mut(), &found.cores, 3, flags.jump);
    assert_eq!(next.slice(s![.., 20, 20]).to_vec(), [0, 4, 4, 0]);
}

/// An event: group, row and column, radius of the saturated core and of the jumps around it.
type Event = (usize, [usize; 2], [f64; 2]);

fn event() -> impl Strategy<Value = Event> {
    (1_usize..5, [0_usize..30, 0..70], [0.0_f64..5.0, 0.0..9.0])
}

/// Cores stay saturated; jumps are in their group only, but for what is saturated.
fn exposure(events: &[Event]) -> Array3<u8> {
    let mut dq = Array3::zeros((5, 30, 70));
    for &(group, [row, column], [core, halo]) in events {
        for ((at, r, c), dq) in dq.indexed_iter_mut() {
            let distance = f64::hypot(r.abs_diff(row) as f64, c.abs_diff(column) as f64);
            if at >= group && distance < core {
                *dq |= 2;
            } else if at == group && distance < halo {
                *dq |= 4;
            }
        }
    }
    dq.mapv_inplace(|dq| if dq & 2 != 0 { dq & !4 } else { dq });
    dq
}

fn fresh(dq: ArrayView3<'_, u8>, group: usize, min_area: f64) -> Vec<Ellipse> {
    let mut regions = Regions::default();
    for row in 0..dq.dim().1 {
        let now = dq.slice(s![group, row, ..]);
        let before = dq.slice(s![group - 1, row, ..]);
        let mask: Vec<u8> = now
            .iter()
            .zip(before)
            .map(|(now, before)| now & !before)
            .collect();
        regions.add_row(row, &mask, 2);
    }
    regions.ellipses(min_area)
}

/// The groups one after another, each looking at what the ones before have left in the array.
fn one_after_another(dq: &mut Array3<u8>, params: &SnowballParams) -> usize {
    let (groups, rows, columns) = dq.dim();
    let core = params.saturated_core.as_ref().unwrap();
    let mut count = 0;
    for group in 1..groups {
        let mut jumps = jump_ellipses(dq.index_axis(Axis(0), group), params.min_jump_area, 4);
        let here = fresh(dq.view(), group, params.min_sat_area);
        let next = if group + 1 < groups {
            fresh(dq.view(), group + 1, params.min_sat_area)
        } else {
            Vec::new()
        };
        jumps.retain(|jump| {
            is_near_edge(jump, core.edge_size, rows)
                || here
                    .iter()
                    .chain(&next)
                    .any(|core| jump.contains(core.column, core.row))
        });
        for ellipse in here.iter().filter(|e| e.minor.min(e.major) > core.min_axis) {
            let grown = |axis: f64| (axis + core.expand).min(params.max_width);
            let stamp = ellipse.stamp(grown(ellipse.minor), grown(ellipse.major), (rows, columns));
            for (row, column) in stamp.covered() {
                dq.slice_mut(s![group.., row, column]).fill(2);
            }
        }
        count += jumps.len();
        for jump in jumps {
            let (minor, major) = jump.grown(params.expand_factor, params.max_width);
            for (row, column) in jump.stamp(minor, major, (rows, columns)).covered() {
                let dq = &mut dq[[group, row, column]];
                *dq |= if *dq & 2 == 0 { 4 } else { 0 };
            }
        }
    }
    count
}

proptest! {
    #[test]
    fn groups_by_themselves_are_flagged_as_one_after_another(
        events in prop::collection::vec(event(), 0..9),
        min_axis in 0.5_f64..4.0,
        edge_size in 0.0_f64..6.0,
        band in 1_usize..40,
    ) {
        let mut params = params();
        if let Some(core) = &mut params.saturated_core {
            core.min_axis = min_axis;
            core.edge_size = edge_size;
        }
        let core = params.saturated_core.as_ref().unwrap();
        let mut expected = exposure(&events);
        let mut whole = expected.clone();
        let mut parts = expected.clone();
        let count = one_after_another(&mut expected, &params);

        let found = flag_snowballs(whole.view_mut(), &params, GroupFlags::default());
        prop_assert_eq!(found.count, count);
        prop_assert_eq!(&whole, &expected);

        let bands = parts.axis_chunks_iter(Axis(1), band);
        let fresh = FreshSaturation::join(bands.map(|band| FreshSaturation::of_band(band, 2))).unwrap();
        let cores = SaturatedCores::find(&fresh, &params, core);
        prop_assert_eq!(cores.mask(), &found.cores);
        // The last group first: none looks at another.
        for group in (0..5).rev() {
            let plane = parts.index_axis_mut(Axis(0), group);
            flag_group(plane, group, Some(&cores), &params, GroupFlags::default()).unwrap();
        }
        prop_assert_eq!(&parts, &expected);
    }
}

#[test]
fn cores_of_a_shorter_integration_are_refused() {
    let mut dq = Array3::<u8>::zeros((5, 4, 4));
    let fresh = FreshSaturation::of_band(dq.slice(s![..3, .., ..]), 2);
    let core = params().saturated_core.unwrap();
    let cores = SaturatedCores::find(&fresh, &params(), &core);
    let plane = dq.index_axis_mut(Axis(0), 3);
    let refused = flag_group(plane, 3, Some(&cores), &params(), GroupFlags::default());
    assert_eq!(
        refused,
        Err(JumpError::Groups {
            found: 3..4,
            expected: 3
        })
    );
}
