//! Tests of the removal of interference.

use std::f64::consts::TAU;

use ndarray::{Array2, Array3, Array4, ArrayView3, Axis, array, s};
use proptest::prelude::*;

use super::joint::{self, Fitted, PhaseSums};
use super::sequential::{self, Schedule, Template};
use super::{Clock, EmiError, Outputs, Timing, Waveform, wave};
use crate::ranks::long_median;

const CLOCK: Clock = Clock {
    per_sample: 1.0,
    per_row: 28.0,
    extra_per_group: 7056.0,
    between_integrations: 8512.0,
};
const PERIOD: f64 = 256.0;

fn outputs() -> Outputs {
    Outputs {
        count: 4,
        bad_samples: 1..3,
    }
}

/// A wave that is no sine: shifts by half a period cannot be mistaken for a change of sign.
fn shape(phase: f64) -> f64 {
    (TAU * phase).sin() + 0.4 * (2.0 * TAU * phase).cos()
}

fn waveform() -> Vec<f64> {
    (0..100)
        .map(|i| shape((f64::from(i) + 0.5) / 100.0))
        .collect()
}

/// Straight ramps with a wave, and the timing.
fn exposure(groups: usize, amplitude: f64, phase: f64) -> (Array4<f32>, Timing) {
    let timing = Timing::new(CLOCK, (16, 12), PERIOD).unwrap();
    let ramp = Array4::from_shape_fn((2, groups, 16, 48), |(i, j, row, column)| {
        let start = timing.integration_step(groups) * i as f64 + timing.group_step() * j as f64;
        let noise = amplitude * shape(phase + start + timing.phase()[[row, column / 4]]);
        (100.0 + column as f64 + 3.0 * j as f64 + noise) as f32
    });
    (ramp, timing)
}

fn fit(ramp: &Array4<f32>, timing: &Timing, wave: &Waveform, each: bool) -> Vec<Fitted> {
    let (integrations, groups, rows, columns) = ramp.dim();
    let mut scatter = Array3::zeros((integrations, rows, columns));
    for (ramp, scatter) in ramp.outer_iter().zip(scatter.outer_iter_mut()) {
        joint::scatter(ramp, scatter).unwrap();
    }
    let median_dn = f64::from(long_median(scatter.as_slice().unwrap()));
    let limit_dn = joint::scatter_limit(median_dn, scatter.len(), scatter.len());
    let intervals = joint::intervals(timing, wave);
    let (ones, dq) = (
        Array2::ones((rows, columns)),
        Array2::zeros((rows, columns)),
    );
    for scatter in scatter.outer_iter_mut() {
        joint::select_pixels(scatter, limit_dn, dq.view()).unwrap();
    }
    let sums: Vec<PhaseSums> = (0..integrations)
        .map(|i| {
            let weights = scatter.index_axis(Axis(0), i);
            let sum =
                |image| joint::sum_by_phase(image, weights, &intervals, &outputs(), wave).unwrap();
            let ramp = ramp.index_axis(Axis(0), i);
            let groups: Vec<_> = ramp.outer_iter().map(sum).collect();
            PhaseSums::new(sum(ones.view()), &groups).unwrap()
        })
        .collect();
    let trials: Vec<_> = (0..joint::TRIALS)
        .map(|k| joint::trial(wave, timing, &sums, k))
        .collect();
    joint::fit(&trials, timing, groups, each)
}

fn residuals(ramp: &Array4<f32>) -> Vec<Array3<f32>> {
    let (_, groups, rows, columns) = ramp.dim();
    let one = |ramp: ArrayView3<'_, f32>| {
        let mut residual = Array3::zeros((groups, rows, columns / 4));
        sequential::residuals(ramp, residual.view_mut(), &outputs()).unwrap();
        residual.outer_iter_mut().for_each(sequential::level);
        residual
    };
    ramp.outer_iter().map(one).collect()
}

#[test]
fn spline_of_the_reference() {
    // scipy 1.17.1, interp1d(kind="cubic") of the wrapped samples.
    let wave = Waveform::new(&[1.0, 3.0, 2.0, 5.0, -1.0]).unwrap();
    let expected = [
        (0.0, -0.477_678_571_428_571_2),
        (0.05, 0.201_450_892_857_142_88),
        (0.3, 3.0),
        (0.77, 3.656_843_749_999_998_4),
        (0.999, -2.669_362_013_392_858_4),
    ];
    for (phase, value) in expected {
        assert!(
            (wave.at(phase) - value).abs() < 1e-12,
            "{phase}: {}",
            wave.at(phase)
        );
    }
}

#[test]
fn spline_of_a_cubic_is_the_cubic() {
    let cubes: Vec<f64> = (0..9).map(|x| f64::from(x).powi(3)).collect();
    let bend = wave::second_derivatives(&cubes);
    for (x, bend) in bend.into_iter().enumerate() {
        assert!((bend - 6.0 * x as f64).abs() < 1e-10);
    }
}

#[test]
fn waveforms_that_cannot_be_interpolated_are_refused() {
    for values in [&[][..], &[1.0], &[1.0, f64::NAN, 2.0]] {
        assert!(matches!(
            Waveform::new(values),
            Err(EmiError::Waveform { .. })
        ));
    }
    assert!(matches!(
        Timing::new(CLOCK, (2, 2), 0.0),
        Err(EmiError::Period { .. })
    ));
}

#[test]
fn minimum_of_the_reference() {
    // jwst 3.0.0 get_best_phase; in the second case the neighbours are not unwrapped.
    assert!((joint::best_phase(&[5.0, 2.0, 1.0, 4.0, 6.0]) - 0.35).abs() < 1e-12);
    assert!((joint::best_phase(&[1.0, 2.0, 5.0, 4.0, 3.0]) - 0.7).abs() < 1e-12);
    assert_eq!(joint::best_phase(&[f64::NAN; 4]), 0.0);
    assert_eq!(joint::best_phase(&[2.0, 2.0, 2.0, 2.0]), 0.0);
}

#[test]
fn the_joint_fit_finds_and_removes_a_wave() {
    let wave = Waveform::new(&waveform()).unwrap();
    for each in [false, true] {
        let (mut ramp, timing) = exposure(8, 5.0, 0.37);
        let fitted = fit(&ramp, &timing, &wave, each);
        assert!((fitted[0].amplitude - 5.0).abs() < 0.01, "{fitted:?}");
        assert!(
            (fitted[0].phase.rem_euclid(1.0) - 0.37).abs() < 1e-3,
            "{fitted:?}"
        );
        for (i, mut integration) in ramp.outer_iter_mut().enumerate() {
            for (group, image) in integration.outer_iter_mut().enumerate() {
                joint::subtract(image, group, &fitted[i], (&wave, &timing, &outputs())).unwrap();
            }
        }
        let (clean, _) = exposure(8, 0.0, 0.0);
        let worst = (&ramp - &clean)
            .iter()
            .fold(0.0_f32, |worst, d| worst.max(d.abs()));
        assert!(worst < 0.05, "{worst}");
    }
}

#[test]
fn a_wave_in_phase_with_the_groups_is_left_alone() {
    // The frame of a subarray of 512 rows is 338 periods of 390.625 Hz, whatever rounding makes of it.
    let clock = Clock {
        per_row: 162.0,
        extra_per_group: 86528.0 - 16.0 * 162.0,
        between_integrations: 86528.0,
        ..CLOCK
    };
    let timing = Timing::new(clock, (16, 12), (1.0 / 390.625) / 1e-5).unwrap();
    let step = timing.group_step();
    assert!(step.min(1.0 - step) < 1e-9, "{step}");
    let ramp = Array4::from_shape_fn((2, 45, 16, 48), |(i, j, row, column)| {
        let noise = 5.0 * shape(timing.phase()[[row, column / 4]]);
        let read_noise = ((7 * row + 11 * column + 13 * j + 5 * i) % 17) as f64;
        (9000.0 + 37.0 * column as f64 + 30.3 * j as f64 + noise + read_noise) as f32
    });
    for each in [false, true] {
        let fitted = fit(&ramp, &timing, &Waveform::new(&waveform()).unwrap(), each);
        assert!(
            fitted.iter().all(|fitted| fitted.amplitude == 0.0),
            "{fitted:?}"
        );
    }
}

#[test]
fn one_sample_that_is_not_a_number_leaves_everything_alone() {
    let (mut ramp, timing) = exposure(8, 5.0, 0.1);
    ramp[[0, 3, 2, 2]] = f32::NAN;
    let fitted = fit(&ramp, &timing, &Waveform::new(&waveform()).unwrap(), false);
    assert!(fitted.iter().all(|fitted| fitted.amplitude == 0.0));
}

#[test]
fn flagged_and_noisy_pixels_are_left_out() {
    let wave = Waveform::new(&waveform()).unwrap();
    let timing = Timing::new(CLOCK, (1, 4), PERIOD).unwrap();
    let image = Array2::from_shape_fn((1, 16), |(_, column)| column as f32);
    let scatter =
        Array2::from_shape_fn((1, 16), |(_, column)| if column == 12 { 9.0 } else { 1.0 });
    let mut dq = Array2::zeros((1, 16));
    dq[[0, 1]] = 4;
    let mut weights = scatter;
    joint::select_pixels(weights.view_mut(), 2.0, dq.view()).unwrap();
    let intervals = joint::intervals(&timing, &wave);
    let sums =
        joint::sum_by_phase(image.view(), weights.view(), &intervals, &outputs(), &wave).unwrap();
    // Samples 1 and 2 are bad, column 1 is flagged, column 12 is noisy: 0 + 2 + 3 and 13 + 14 + 15 remain.
    assert_eq!(sums[0], 5.0);
    assert_eq!(sums[1], 42.0);
    assert_eq!(sums.iter().sum::<f64>(), 47.0);
}

#[test]
fn the_folded_wave_is_the_wave() {
    let (mut ramp, timing) = exposure(40, 5.0, 0.2);
    let residuals = residuals(&ramp);
    let schedule = Schedule {
        timing: &timing,
        groups: 40,
        last_sample_delay: 0.0,
    };
    let views: Vec<_> = residuals.iter().map(|residual| residual.view()).collect();
    let bins = sequential::bins(PERIOD, None).unwrap();
    assert_eq!(bins, 128);
    let folded = sequential::fold(&views, &schedule, bins).unwrap();
    let values = waveform();
    let template = Template {
        values: &values,
        scale: true,
    };
    for table in [
        sequential::lookup_table(&folded, PERIOD, None).unwrap(),
        sequential::lookup_table(&folded, PERIOD, Some(template)).unwrap(),
    ] {
        assert_eq!(table.len(), 256);
        let highest = (0..256)
            .max_by(|a, b| table[*a].total_cmp(&table[*b]))
            .unwrap();
        // The wave is highest where its phase, 0.2 more than that of the clock, is 0.1 or 0.4.
        assert!(
            [-0.1, 0.2]
                .iter()
                .any(|p: &f64| (highest as f64 / 256.0 - p.rem_euclid(1.0)).abs() < 0.06),
            "{highest}"
        );
    }
    let table = sequential::lookup_table(&folded, PERIOD, None).unwrap();
    let before = spread(&ramp);
    for (i, mut integration) in ramp.outer_iter_mut().enumerate() {
        for (group, image) in integration.outer_iter_mut().enumerate() {
            sequential::subtract(image, (i, group), &table, &schedule, &outputs()).unwrap();
        }
    }
    assert!(
        spread(&ramp) < 0.1 * before,
        "{} of {before}",
        spread(&ramp)
    );
}

/// Root mean square of the deviation from the ramps without wave, whose constant part is free.
fn spread(ramp: &Array4<f32>) -> f64 {
    let (clean, _) = exposure(ramp.dim().1, 0.0, 0.0);
    let difference = (ramp - &clean).mapv(f64::from);
    difference.std(0.0)
}

#[test]
fn lines_and_medians_of_the_reference() {
    // jwst 3.0.0 sloper and minmed on squares of the numbers 0 to 19 as (5, 2, 2): slopes 64, 72, 80, 88.
    let ramp = Array3::from_shape_fn((5, 1, 16), |(group, _, column)| {
        ((group * 4 + column % 4) as f32).powi(2)
    });
    let mut residual = Array3::zeros((5, 1, 4));
    sequential::residuals(ramp.view(), residual.view_mut(), &outputs()).unwrap();
    // Group 2 of the first pixel: 64 - 2 * 64 = -64 less the median of 16 - 64, -64, 144 - 192, that is -48.
    let of = |column: usize| {
        let line = |group: usize| {
            ramp[[group, 0, column]] - [64.0, 72.0, 80.0, 88.0][column] * group as f32
        };
        let mut inner = [line(1), line(2), line(3)];
        inner.sort_by(f32::total_cmp);
        line(2) - inner[1]
    };
    assert_eq!(of(0), -16.0);
    assert_eq!(residual[[2, 0, 0]], (of(0) + of(1) + of(2) + of(3)) / 4.0);
}

#[test]
fn resampling_of_the_reference() {
    // jwst 3.0.0 rebin.
    let seven: Vec<f64> = (0..7).map(f64::from).collect();
    assert_eq!(
        sequential::stretch(&seven, 10.5),
        [0.0, 0.0, 1.0, 2.0, 2.0, 3.0, 4.0, 4.0, 5.0, 6.0, 6.0]
    );
    assert_eq!(sequential::stretch(&seven, 3.0), [0.0, 2.0, 4.0]);
}

#[test]
fn outliers_do_not_enter_the_mean() {
    let mut values = vec![0.0_f32; 10];
    values.extend([2.0; 10]);
    values.push(1000.0);
    assert_eq!(sequential::clipped_mean(&mut values), 1.0);
    assert!(sequential::clipped_mean(&mut []).is_nan());
}

#[test]
fn bins_exclude_their_lower_edge() {
    let edges: Vec<f64> = (0..=4).map(|bin| f64::from(bin) / 4.0).collect();
    for (phase, bin) in [(0.1, 0), (0.25, 0), (0.250_001, 1), (0.75, 2), (0.999, 3)] {
        assert_eq!(sequential::bin_of(phase, &edges, 4), bin);
    }
    assert_eq!(sequential::bins(2000.0, None).unwrap(), 500);
    assert!(sequential::bins(256.0, Some(0)).is_err());
}

#[test]
fn three_groups_have_no_line_and_nothing_is_subtracted() {
    let ramp = Array4::<f32>::ones((1, 3, 16, 48));
    let timing = Timing::new(CLOCK, (16, 12), PERIOD).unwrap();
    let residuals = residuals(&ramp);
    let schedule = Schedule {
        timing: &timing,
        groups: 3,
        last_sample_delay: 0.0,
    };
    let folded = sequential::fold(&[residuals[0].view()], &schedule, 128).unwrap();
    let table = sequential::lookup_table(&folded, PERIOD, None).unwrap();
    let mut image = ramp.slice(s![0, 0, .., ..]).to_owned();
    sequential::subtract(image.view_mut(), (0, 0), &table, &schedule, &outputs()).unwrap();
    assert_eq!(image, Array2::ones((16, 48)));
}

#[test]
fn columns_that_do_not_divide_are_refused() {
    let ramp = Array3::<f32>::zeros((5, 1, 18));
    let mut residual = Array3::zeros((5, 1, 4));
    let error = sequential::residuals(ramp.view(), residual.view_mut(), &outputs()).unwrap_err();
    assert_eq!(
        error,
        EmiError::Columns {
            outputs: 4,
            least: 16,
            found: 18
        }
    );
}

#[test]
fn scatter_of_a_pixel() {
    let ramp = array![[[1.0_f32, 5.0]], [[3.0, 5.0]], [[5.0, 5.0]]];
    let mut scatter = Array2::zeros((1, 2));
    joint::scatter(ramp.view(), scatter.view_mut()).unwrap();
    assert!((scatter[[0, 0]] - (8.0_f32 / 3.0).sqrt()).abs() < 1e-6);
    assert_eq!(scatter[[0, 1]], 0.0);
}

#[test]
fn the_limit_is_twice_the_median_of_numbers_alone() {
    assert_eq!(joint::scatter_limit(1.5, 8, 8), 3.0);
    assert!(joint::scatter_limit(1.5, 7, 8).is_nan());
}

proptest! {
    #[test]
    fn bands_of_rows_give_the_same_bits(values in prop::collection::vec(-50.0_f32..50.0, 5 * 4 * 16), split in 1_usize..4) {
        let ramp = Array3::from_shape_vec((5, 4, 16), values).unwrap();
        let mut whole = Array3::zeros((5, 4, 4));
        sequential::residuals(ramp.view(), whole.view_mut(), &outputs()).unwrap();
        let mut parts = Array3::zeros((5, 4, 4));
        for rows in [0..split, split..4] {
            let part = parts.slice_axis_mut(Axis(1), rows.clone().into());
            sequential::residuals(ramp.slice_axis(Axis(1), rows.into()), part, &outputs()).unwrap();
        }
        prop_assert_eq!(whole, parts);
    }
}
