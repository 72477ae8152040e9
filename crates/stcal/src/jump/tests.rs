//! Values worked by hand, and what must hold for any input.

use ndarray::{Array2, Array4, s};
use proptest::prelude::*;

use super::ellipse::Ellipse;
use super::median::{LANES, LaneStats, Networks};
use super::region::Regions;
use super::*;
use crate::flags::{GroupFlags, PixelFlags};

/// Settings without neighbours and groups after jumps.
pub(super) fn detection() -> DetectionParams {
    DetectionParams {
        rejection_threshold: 4.0,
        four_group_rejection_threshold: 5.0,
        three_group_rejection_threshold: 6.0,
        frames_per_group: 1,
        min_diffs_single_pass: 10,
        minimum_groups: 3,
        minimum_sigma_clip_groups: 100,
        sigma_clip_groups: SigmaClipGroups::AcrossIntegrations,
        neighbours: None,
        after_jump: [AfterJump {
            amplitude_dn: 0.0,
            groups: 0,
        }; 2],
    }
}

/// Gain 1, read noise 5 [DN].
fn run(ramp: &Array4<f32>, group_dq: &mut Array4<u8>, detection: DetectionParams) -> JumpSummary {
    let (.., rows, columns) = ramp.dim();
    let mut pixel_dq = Array2::zeros((rows, columns));
    let (gain, noise) = (
        Array2::from_elem((rows, columns), 1.0),
        Array2::from_elem((rows, columns), 5.0),
    );
    let exposure = Exposure {
        ramp_dn: ramp.view(),
        group_dq: group_dq.view_mut(),
        pixel_dq: pixel_dq.view_mut(),
        gain_e_per_dn: gain.view(),
        read_noise_dn: noise.view(),
    };
    let params = JumpParams {
        detection,
        snowballs: None,
        showers: None,
    };
    detect_jumps(
        exposure,
        &params,
        GroupFlags::default(),
        PixelFlags::default(),
    )
    .expect("the shapes agree")
}

/// A 5 x 5 image whose centre has these samples, all others a flat ramp.
fn centre(samples: &[f32]) -> Array4<f32> {
    let mut ramp = Array4::zeros((1, samples.len(), 5, 5));
    for (group, sample) in samples.iter().enumerate() {
        ramp[[0, group, 2, 2]] = *sample;
    }
    ramp
}

fn flags_of(dq: &Array4<u8>, row: usize, column: usize) -> Vec<u8> {
    dq.slice(s![0, .., row, column]).to_vec()
}

#[test]
fn threshold_depends_on_the_number_of_differences() {
    // Median 0, noise 5: a step of 27 is 5.4 sigma, above the limit of four groups but not of three.
    for (samples, expected) in [
        (&[0.0, 0.0, 27.0][..], 0),
        (&[0.0, 0.0, 27.0, 27.0], 1),
        (&[0.0, 0.0, 22.0, 22.0], 0),
    ] {
        let mut dq = Array4::zeros((1, samples.len(), 5, 5));
        assert_eq!(
            run(&centre(samples), &mut dq, detection()).primary,
            Some(expected),
            "{samples:?}"
        );
    }
}

#[test]
fn neighbours_within_the_window_are_flagged_unless_saturated() {
    let mut dq = Array4::zeros((1, 4, 5, 5));
    dq[[0, 2, 2, 3]] = 2;
    dq[[0, 3, 2, 3]] = 2;
    let window = NeighbourWindow {
        min_sigma: 10.0,
        max_sigma: 1000.0,
    };
    let params = DetectionParams {
        neighbours: Some(window),
        ..detection()
    };
    let found = run(&centre(&[0.0, 0.0, 500.0, 500.0]), &mut dq, params);
    assert_eq!(found.primary, Some(1));
    let flagged: Vec<_> = dq
        .index_axis(ndarray::Axis(0), 0)
        .index_axis(ndarray::Axis(0), 2)
        .indexed_iter()
        .filter(|(_, dq)| **dq != 0)
        .map(|(at, dq)| (at, *dq))
        .collect();
    assert_eq!(
        flagged,
        [
            ((1, 2), 4),
            ((2, 1), 4),
            ((2, 2), 4),
            ((2, 3), 2),
            ((3, 2), 4)
        ]
    );
}

#[test]
fn groups_after_a_large_jump_are_flagged() {
    let after = [
        AfterJump {
            amplitude_dn: 400.0,
            groups: 2,
        },
        AfterJump {
            amplitude_dn: 600.0,
            groups: 9,
        },
    ];
    let mut dq = Array4::zeros((1, 7, 5, 5));
    dq[[0, 3, 2, 2]] = 1;
    run(
        &centre(&[0.0, 500.0, 500.0, 500.0, 500.0, 500.0, 500.0]),
        &mut dq,
        DetectionParams {
            after_jump: after,
            ..detection()
        },
    );
    assert_eq!(flags_of(&dq, 2, 2), [0, 4, 4, 1, 0, 0, 0]);
}

#[test]
fn too_few_usable_groups_leave_the_flags_alone() {
    let mut dq = Array4::zeros((1, 4, 5, 5));
    dq.slice_mut(s![.., 2.., .., ..]).fill(1);
    let found = run(&centre(&[0.0, 1000.0, 0.0, 0.0]), &mut dq, detection());
    assert_eq!((found.primary, found.reported_primary()), (None, -99));
    assert_eq!(flags_of(&dq, 2, 2), [0, 0, 1, 1]);
}

#[test]
fn sigma_clipping_compares_integrations_and_releases_full_groups() {
    // 8 integrations that differ a little, one with a jump. In group 2 of integration 3 every pixel jumps.
    let mut ramp = Array4::from_shape_fn((8, 3, 1, 2), |(integration, group, ..)| {
        (group * (integration % 2)) as f32
    });
    ramp[[5, 1, 0, 0]] += 90.0;
    ramp[[5, 2, 0, 0]] += 90.0;
    ramp.slice_mut(s![3, 2, .., ..])
        .mapv_inplace(|value| value + 90.0);
    let mut dq = Array4::zeros(ramp.dim());
    let params = DetectionParams {
        minimum_sigma_clip_groups: 8,
        rejection_threshold: 2.5,
        ..detection()
    };
    let found = run(&ramp, &mut dq, params);
    assert_eq!(found.primary, Some(1));
    let flagged: Vec<_> = dq
        .indexed_iter()
        .filter(|(_, dq)| **dq != 0)
        .map(|(at, _)| at)
        .collect();
    assert_eq!(flagged, [(5, 1, 0, 0)]);
}

/// The ellipses of a picture.
fn ellipses(picture: &[&str], min_area: f64) -> Vec<Ellipse> {
    let mut regions = Regions::default();
    for (row, line) in picture.iter().enumerate() {
        let mask: Vec<u8> = line
            .bytes()
            .map(|letter| u8::from(letter == b'#'))
            .collect();
        regions.add_row(row, &mask, u8::MAX);
    }
    regions.ellipses(min_area)
}

#[test]
fn region_has_the_moments_of_its_pixels() {
    // scikit-image 0.26.0: regionprops(label(...)) gives centroid (1, 2), axis_major_length 4 sqrt(2), minor 4 sqrt(2/3).
    let found = ellipses(&["#####", "#####", "#####"], 1.0);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].row, found[0].column), (1.0, 2.0));
    approx::assert_relative_eq!(
        found[0].major,
        4.0 * 2.0_f64.sqrt() - 1.0,
        max_relative = 1e-15
    );
    approx::assert_relative_eq!(
        found[0].minor,
        4.0 * (2.0_f64 / 3.0).sqrt() - 1.0,
        max_relative = 1e-15
    );
    assert_eq!(found[0].angle_deg.abs(), 90.0);
}

#[test]
fn holes_count_and_diagonals_connect() {
    // A ring of 12 pixels around a hole of 4, and a single pixel.
    let ring = ["####...", "#..#...", "#..#..#", "####..."];
    assert_eq!(ellipses(&ring, 16.0).len(), 1);
    assert_eq!(ellipses(&ring, 17.0).len(), 0);
    assert_eq!(ellipses(&ring, 1.0).len(), 2);
    // A diamond is one region of 8 pixels, but what it surrounds leaks out at its corners.
    let diamond = ["..#..", ".#.#.", "#...#", ".#.#.", "..#.."];
    assert_eq!(ellipses(&diamond, 8.0).len(), 1);
    assert_eq!(ellipses(&diamond, 9.0).len(), 0);
    // Two arms that meet below are one region.
    assert_eq!(ellipses(&["#.#", "#.#", "###"], 1.0).len(), 1);
}

#[test]
fn stamp_is_the_open_disk() {
    let circle = Ellipse {
        column: 3.0,
        row: 2.0,
        minor: 4.0,
        major: 4.0,
        angle_deg: 0.0,
    };
    let covered: Vec<_> = circle.stamp(4.0, 4.0, (5, 7)).covered().collect();
    // skimage.draw.ellipse(2, 3, 2, 2): the points at distance 2 are not in it.
    let expected: Vec<_> = (1..4)
        .flat_map(|row| (2..5).map(move |column| (row, column)))
        .collect();
    assert_eq!(covered, expected);
}

#[test]
fn shapes_are_checked() {
    let dq = Array4::<u8>::zeros((1, 1, 2, 2));
    let plan = JumpPlan::new(
        &detection(),
        GroupFlags::default(),
        dq.view(),
        || 1.0,
        false,
    );
    assert_eq!(plan.err(), Some(JumpError::TooFewGroups { found: 1 }));
}

fn sample() -> impl Strategy<Value = f32> {
    prop_oneof![8 => (-50_i16..50).prop_map(f32::from), 1 => Just(f32::NAN), 1 => 0.0_f32..5000.0]
}

/// Compares count, middle values and ends of the lists with those of sorted ones.
fn check_stats(columns: &[Vec<f32>]) -> Result<(), TestCaseError> {
    let lane_of = |list: &Vec<f32>| std::array::from_fn(|lane| list[lane]);
    let lists: Vec<[f32; LANES]> = columns.iter().map(lane_of).collect();
    let mut stats = LaneStats::default();
    Networks::new(lists.len()).stats(&lists, &mut Vec::new(), &mut stats);
    for lane in 0..LANES {
        let values = lists.iter().map(|list| list[lane]);
        let mut values: Vec<f32> = values.filter(|value| !value.is_nan()).collect();
        values.sort_by(f32::total_cmp);
        let count = values.len();
        prop_assert_eq!(stats.count[lane] as usize, count);
        if count > 0 {
            prop_assert_eq!(stats.middle[0][lane], values[(count - 1) / 2]);
            prop_assert_eq!(stats.middle[1][lane], values[count / 2]);
            prop_assert_eq!(
                (stats.min[lane], stats.max[lane]),
                (values[0], values[count - 1])
            );
        } else {
            prop_assert!(stats.middle[0][lane].is_nan() && stats.max[lane].is_nan());
        }
    }
    Ok(())
}

/// Values of a smooth distribution, of a few numbers, sorted ones, and hardly any.
fn long_lists() -> impl Strategy<Value = Vec<Vec<f32>>> {
    let lists = |value: BoxedStrategy<f32>| {
        prop::collection::vec(prop::collection::vec(value, LANES), 97..500)
    };
    prop_oneof![
        lists((-100.0_f32..100.0).boxed()),
        lists(sample().boxed()),
        lists(prop_oneof![Just(1.0_f32), Just(-0.0), Just(0.0), Just(f32::INFINITY)].boxed()),
        lists(prop_oneof![20 => Just(f32::NAN), 1 => 0.0_f32..9.0].boxed()),
        lists((-100.0_f32..100.0).boxed()).prop_map(|mut lists| {
            lists.sort_by(|a, b| a[0].total_cmp(&b[0]));
            lists
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn middles_are_found_in_brackets_of_lists_much_like_them(columns in long_lists(), lost in 0.0_f64..0.5, seed: u64) {
        let lane_of = |list: &Vec<f32>| std::array::from_fn(|lane| list[lane]);
        let mut lists: Vec<[f32; LANES]> = columns.iter().map(lane_of).collect();
        let networks = Networks::new(lists.len());
        let (mut before, mut expected, mut found) = (LaneStats::default(), LaneStats::default(), LaneStats::default());
        networks.stats(&lists, &mut Vec::new(), &mut before);
        // The columns lose more and more of their values, the first none, half of them the large ones first.
        for (index, list) in lists.iter_mut().enumerate() {
            for (lane, value) in list.iter_mut().enumerate() {
                let draw = (index as u64 * 7919 + lane as u64).wrapping_mul(seed | 1) >> 40;
                let share = lost * lane as f64 / LANES as f64;
                if (draw as f64) < share * f64::from(1 << 24) && (lane % 2 == 0 || *value > 0.0) {
                    *value = f32::NAN;
                }
            }
        }
        networks.stats(&lists, &mut Vec::new(), &mut expected);
        networks.middle_near(&lists, Some(&before.brackets), &mut Vec::new(), &mut found);
        // Either zero may stand for the other.
        let bits = |stats: &LaneStats| stats.middle.map(|lane| lane.map(|value| (value + 0.0).to_bits()));
        prop_assert_eq!(bits(&found), bits(&expected));
    }

    #[test]
    fn selection_of_long_lists_agrees_with_sorting(columns in long_lists()) {
        check_stats(&columns)?;
    }
}

proptest! {
    #[test]
    fn network_and_selection_agree_with_sorting(columns in prop::collection::vec(prop::collection::vec(sample(), LANES), 1..120)) {
        check_stats(&columns)?;
    }

    #[test]
    fn bands_do_not_change_a_bit(samples in prop::collection::vec(sample(), 5 * 9 * 70), cut in 1_usize..8) {
        let ramp = Array4::from_shape_vec((1, 5, 9, 70), samples).expect("the length fits");
        let (gain, noise) = (Array2::<f32>::ones((9, 70)), Array2::<f32>::from_elem((9, 70), 5.0));
        let window = NeighbourWindow { min_sigma: 4.0, max_sigma: 1000.0 };
        let after_jump = [AfterJump { amplitude_dn: 100.0, groups: 1 }; 2];
        let params = DetectionParams { neighbours: Some(window), after_jump, ..detection() };
        let work = |bands: &[std::ops::Range<usize>]| {
            let mut dq = Array4::<u8>::zeros(ramp.dim());
            let plan = JumpPlan::new(&params, GroupFlags::default(), dq.view(), || 1.0, true).expect("five groups");
            let found: Vec<_> = bands
                .iter()
                .map(|band| {
                    let rows = s![.., .., band.clone(), ..];
                    let image = s![band.clone(), ..];
                    plan.detect_band(ramp.slice(rows), dq.slice_mut(rows), gain.slice(image), noise.slice(image))
                        .expect("the shapes agree")
                })
                .collect();
            let hits = Hits::join(found).expect("the bands agree");
            for band in bands {
                plan.follow_band(dq.slice_mut(s![.., .., band.clone(), ..]), band.start, &hits).expect("the band fits");
            }
            (dq, hits)
        };
        prop_assert!(work(std::slice::from_ref(&(0..9))) == work(&[0..cut, cut..9]));
    }
}
proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Regions by flood filling, pixel by pixel.
    #[test]
    fn regions_are_the_connected_pixels(
        columns in 1_usize..150, rows in 1_usize..12, density in 0.02..0.98_f64, seed in any::<u32>(), min_area in 1_u8..12,
    ) {
        let limit = (density * f64::from(u32::MAX)) as u32;
        let is_set = |row: usize, column: usize| {
            let mixed = (row as u32 * 7919 + column as u32 * 104_729).wrapping_add(seed).wrapping_mul(2_654_435_761);
            (mixed ^ mixed >> 15).wrapping_mul(2_246_822_519) < limit
        };
        let mut regions = Regions::default();
        for row in 0..rows {
            let mask: Vec<u8> = (0..columns).map(|column| 4 * u8::from(is_set(row, column))).collect();
            regions.add_row(row, &mask, u8::MAX);
        }
        let found: Vec<(f64, f64)> = regions.ellipses(min_area.into()).iter().map(|e| (e.row, e.column)).collect();
        // With a margin of one pixel.
        let flood = |from: (usize, usize), free: &mut Array2<bool>| {
            let (mut stack, mut reached) = (vec![from], Vec::new());
            while let Some((row, column)) = stack.pop() {
                let near = (row.max(1) - 1..row + 2).flat_map(|r| (column.max(1) - 1..column + 2).map(move |c| (r, c)));
                if free.get((row, column)).is_some_and(|free| *free) {
                    free[[row, column]] = false;
                    reached.push((row, column));
                    stack.extend(near);
                }
            }
            reached
        };
        let shape = (rows + 2, columns + 2);
        let mut left = Array2::from_shape_fn(shape, |(r, c)| {
            (1..=rows).contains(&r) && (1..=columns).contains(&c) && is_set(r - 1, c - 1)
        });
        let mut expected = Vec::new();
        for at in ndarray::indices(shape) {
            let region = flood(at, &mut left);
            let mut outside = Array2::from_elem(shape, true);
            for at in &region {
                outside[*at] = false;
            }
            let filled = shape.0 * shape.1 - flood((0, 0), &mut outside).len();
            if !region.is_empty() && filled >= min_area.into() {
                let mean = |of: fn(&(usize, usize)) -> usize| {
                    region.iter().map(of).sum::<usize>() as f64 / region.len() as f64 - 1.0
                };
                expected.push((mean(|at| at.0), mean(|at| at.1)));
            }
        }
        prop_assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(&expected) {
            prop_assert!((found.0 - expected.0).abs() + (found.1 - expected.1).abs() < 1e-9, "{:?} {:?}", found, expected);
        }
    }
}
