//! Tests of the least-squares fit.

use approx::assert_relative_eq;
use ndarray::{Array2, Array3, Array4, Ix2, Ix3, s};
use proptest::prelude::*;

use super::super::{
    ExposureRates, GroupWindow, IntegrationRates, OlsParams, Ramp, RampFitError, RampTiming,
};
use super::block::{LANES, Lanes};
use super::median::{MedianNetwork, Sorted};
use super::segment::{SegmentCount, find_segments};
use super::weights::{LengthWeights, signal_to_noise, snr_class};
use super::{OlsFit, OlsPlan, OptionalResults, fit_ols, fit_ols_band};
use crate::median::median_f64;

const DO_NOT_USE: u8 = 1;
const SATURATED: u8 = 2;
const JUMP: u8 = 4;
const PERSISTENCE: u8 = 32;
const CHARGE_LOSS: u8 = 128;

const TIMING: RampTiming = RampTiming {
    group_time_s: 6.0,
    frame_time_s: 2.0,
    frames_per_group: 2,
    group_gap: 1,
    dropped_frames: 1,
};

/// Arrays of an exposure.
#[derive(Debug, Clone)]
struct Exposure {
    data: Array4<f32>,
    group_dq: Array4<u8>,
    pixel_dq: Array2<u32>,
    noise: Array2<f32>,
    gain: Array2<f32>,
    zero_frame: Option<Array3<f32>>,
    dark_rate: Option<Array2<f32>>,
}

impl Exposure {
    /// Good pixels with a noise of 10 DN and a gain of 2 e-/DN.
    fn new(data: Array4<f32>) -> Self {
        let shape = data.dim();
        let image = (shape.2, shape.3);
        Self {
            data,
            group_dq: Array4::zeros(shape),
            pixel_dq: Array2::zeros(image),
            noise: Array2::from_elem(image, 10.0),
            gain: Array2::from_elem(image, 2.0),
            zero_frame: None,
            dark_rate: None,
        }
    }

    fn ramp(&self) -> Ramp<'_> {
        Ramp {
            data_dn: self.data.view(),
            group_dq: self.group_dq.view(),
            pixel_dq: self.pixel_dq.view(),
            read_noise_dn: self.noise.view(),
            gain_e_per_dn: self.gain.view(),
            zero_frame_dn: self.zero_frame.as_ref().map(|frame| frame.view()),
            dark_rate: self.dark_rate.as_ref().map(|dark| dark.view()),
        }
    }

    fn plan(&self, suppress_one_group: bool, optional_results: bool) -> OlsPlan {
        let params = OlsParams {
            suppress_one_group,
            optional_results,
            ..OlsParams::default()
        };
        let groups = self.data.dim().1;
        OlsPlan::new(groups, GroupWindow::all(groups), &TIMING, params).unwrap()
    }

    fn fit(&self, suppress_one_group: bool, optional_results: bool) -> OlsFit {
        let plan = self.plan(suppress_one_group, optional_results);
        fit_ols(&plan, &self.ramp()).unwrap()
    }

    /// Fits bands of `rows` rows, each in a thread of its own.
    fn fit_bands(&self, plan: &OlsPlan, rows: usize) -> OlsFit {
        let (count, _, height, columns) = self.data.dim();
        let mut exposure = ExposureRates::zeros(Ix2(height, columns));
        let mut integrations = IntegrationRates::zeros(Ix3(count, height, columns));
        let ramps = self.ramp().row_bands(rows).unwrap();
        let outputs = exposure.row_bands_mut(rows).into_iter();
        let outputs = outputs.zip(integrations.row_bands_mut(rows));
        let segments = std::thread::scope(|scope| {
            let threads: Vec<_> = ramps
                .iter()
                .zip(outputs)
                .map(|(ramp, (rate, rates))| {
                    scope.spawn(move || fit_ols_band(plan, ramp, rate, rates).unwrap())
                })
                .collect();
            let results = threads.into_iter().map(|thread| thread.join().unwrap());
            results.collect::<Option<Vec<_>>>()
        });
        OlsFit {
            exposure,
            integrations,
            optional: segments.map(|bands| OptionalResults::assemble(&bands)),
        }
    }
}

/// Two integrations of six groups, eight columns, with one peculiarity each.
fn peculiar() -> Exposure {
    let wiggle = [0, 3, -2, 5, -4];
    let mut exposure = Exposure::new(Array4::from_shape_fn((2, 6, 1, 8), |(i, k, _, c)| {
        (100 * c as i32 + (10 + 50 * c as i32) * k as i32 + wiggle[(3 * k + c + 7 * i) % 5]) as f32
    }));
    let dq = &mut exposure.group_dq;
    dq[[0, 3, 0, 1]] = JUMP;
    dq.slice_mut(s![1, 4.., 0, 2]).fill(SATURATED);
    dq.slice_mut(s![.., 1.., 0, 3]).fill(SATURATED);
    dq.slice_mut(s![.., .., 0, 4]).fill(SATURATED);
    dq.slice_mut(s![0, 2..4, 0, 5])
        .fill(CHARGE_LOSS | DO_NOT_USE);
    dq[[0, 0, 0, 6]] = DO_NOT_USE;
    dq[[1, 3, 0, 6]] = PERSISTENCE;
    exposure.gain[[0, 7]] = 0.0;
    exposure.zero_frame = Some(Array3::from_elem((2, 1, 8), 40.0));
    exposure.dark_rate = Some(Array2::from_elem((1, 8), 0.25));
    exposure
}

/// Compares single-precision values, NaN with NaN.
fn assert_close(found: impl IntoIterator<Item = f32>, expected: &[f32]) {
    let found: Vec<f32> = found.into_iter().collect();
    assert_eq!(found.len(), expected.len());
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        let close = (found - expected).abs() <= 3e-7 * expected.abs();
        let equal = found == expected || found.is_nan() && expected.is_nan();
        assert!(close || equal, "value {index}: {found} for {expected}");
    }
}

const NAN: f32 = f32::NAN;

/// Values of `stcal.ramp_fitting.ramp_fit.ramp_fit` 1.20.0 on the same input.
#[test]
fn exposure_is_that_of_the_reference() {
    let fit = peculiar().fit(true, false).exposure;
    assert_close(
        fit.slope,
        &[
            1.586_459_9,
            9.974_791,
            18.431_75,
            NAN,
            NAN,
            43.361_393,
            51.774_19,
            NAN,
        ],
    );
    assert_eq!(
        fit.dq.into_raw_vec_and_offset().0,
        [0, 4, 2, 3, 3, 0, 32, 524_289]
    );
    assert_close(
        fit.var_poisson,
        &[
            0.01875,
            0.096_450_62,
            0.197_048_6,
            0.0,
            0.0,
            0.524_305_6,
            0.483_796_3,
            0.0,
        ],
    );
    assert_close(
        fit.var_rnoise,
        &[
            0.019_841_27,
            0.032_299_742,
            0.030_864_198,
            0.0,
            0.0,
            0.019_841_27,
            0.025_252_525,
            0.0,
        ],
    );
    assert_close(
        fit.err,
        &[
            0.196_446_61,
            0.358_818,
            0.477_402_15,
            0.0,
            0.0,
            0.749_561_9,
            0.713_476_6,
            0.0,
        ],
    );
}

/// As above, without suppression: ramps of one group count, and the zero frame stands in for lost ones.
#[test]
fn single_groups_and_zero_frame_are_those_of_the_reference() {
    let fit = peculiar().fit(false, false);
    assert_close(
        fit.exposure.slope.slice(s![0, 3..5]).to_owned(),
        &[100.833_336, 20.0],
    );
    assert_eq!(fit.exposure.dq[[0, 3]], 2);
    assert_eq!(fit.exposure.dq[[0, 4]], 2);
    let integrations = fit.integrations;
    assert_close(
        integrations.slope.slice(s![.., 0, 3..5]).to_owned(),
        &[101.666_664, 20.0, 100.0, 20.0],
    );
    assert_close(
        integrations.var_poisson.slice(s![0, 0, 3..5]).to_owned(),
        &[16.847_221, 5.0625],
    );
    assert_close(
        integrations.var_rnoise.slice(s![0, 0, 3..5]).to_owned(),
        &[5.555_555_3, 12.5],
    );
    assert_close(
        integrations.err.slice(s![0, 0, 3..5]).to_owned(),
        &[4.733_157, 4.190_763_5],
    );
}

/// As above.
#[test]
fn integrations_are_those_of_the_reference() {
    let fit = peculiar().fit(true, false).integrations;
    assert_close(
        fit.slope.slice(s![0, 0, ..]).to_owned(),
        &[
            1.561_194_4,
            9.916_667,
            18.317_205,
            NAN,
            NAN,
            43.916_668,
            51.967_17,
            NAN,
        ],
    );
    assert_eq!(
        fit.dq.into_raw_vec_and_offset().0,
        [0, 4, 0, 3, 3, 0, 0, 524_289, 0, 0, 2, 3, 3, 0, 32, 524_289]
    );
    // Column 5 lost charge: its variance due to reading is that of the whole ramp.
    assert_close(
        fit.var_rnoise.slice(s![0, 0, ..]).to_owned(),
        &[
            0.039_682_54,
            0.173_611_1,
            0.039_682_54,
            0.0,
            0.0,
            0.039_682_54,
            0.069_444_45,
            0.0,
        ],
    );
    assert_close(
        fit.err.slice(s![1, 0, ..]).to_owned(),
        &[
            0.277_817_46,
            0.461_837_26,
            0.815_077_84,
            0.0,
            0.0,
            0.879_608,
            0.954_209_57,
            0.0,
        ],
    );
}

/// As above.
#[test]
fn segments_are_those_of_the_reference() {
    let fit = peculiar().fit(true, true).optional.unwrap();
    assert_eq!(fit.slope.dim(), (2, 2, 1, 8));
    assert_eq!(fit.jump_height.dim(), (2, 1, 1, 8));
    let of = |array: &Array4<f32>, integration: usize, segment: usize| {
        array.slice(s![integration, segment, 0, ..]).to_owned()
    };
    assert_close(
        of(&fit.slope, 0, 0),
        &[
            1.561_194_4,
            9.583_333,
            18.317_205,
            0.0,
            0.0,
            44.166_668,
            51.967_17,
            NAN,
        ],
    );
    assert_close(
        of(&fit.slope, 0, 1),
        &[0.0, 10.25, 0.0, 0.0, 0.0, 43.666_668, 0.0, 0.0],
    );
    assert_close(
        of(&fit.sigma_slope, 1, 0),
        &[
            2.466_992,
            2.724_077_7,
            4.704_375_3,
            0.0,
            0.0,
            2.804_965_3,
            2.804_965_3,
            NAN,
        ],
    );
    assert_close(
        of(&fit.y_intercept, 0, 1),
        &[0.0, 95.5, 0.0, 0.0, 0.0, 490.0, 0.0, 0.0],
    );
    assert_close(
        of(&fit.sigma_y_intercept, 0, 1),
        &[0.0, 29.154_76, 0.0, 0.0, 0.0, 14.142_136, 0.0, 0.0],
    );
    assert_close(
        of(&fit.weight, 0, 0),
        &[25.2, 2.88, 25.2, 0.0, 0.0, 0.72, 14.4, f32::INFINITY],
    );
    assert_close(
        fit.pedestal.slice(s![0, 0, ..]).to_owned(),
        &[
            -1.300_995_3,
            94.736_115,
            182.735_66,
            0.0,
            0.0,
            463.402_77,
            559.694,
            0.0,
        ],
    );
    assert_close(
        of(&fit.jump_height, 0, 0),
        &[0.0, 62.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
    );
}

/// 10 groups of 30 DN without noise: `var_P = 5 DN/s / (2 e-/DN · 54 s)`, and with `r = 10 · 2 / √4 = 10 e-`,
/// `var_R = 12 (10 / 6)² / (990 · 2²)`.
#[test]
fn variances_by_hand() {
    let data = Array4::from_shape_fn((1, 10, 1, 1), |(_, k, _, _)| 30.0 * k as f32);
    let fit = Exposure::new(data).fit(true, false).exposure;
    assert_relative_eq!(fit.slope[[0, 0]], 5.0, max_relative = 1e-6);
    let poisson: f32 = 5.0 / 108.0;
    let read: f32 = 12.0 * (100.0 / 36.0) / 3960.0;
    assert_relative_eq!(fit.var_poisson[[0, 0]], poisson, max_relative = 1e-6);
    assert_relative_eq!(fit.var_rnoise[[0, 0]], read, max_relative = 1e-6);
    assert_relative_eq!(
        fit.err[[0, 0]],
        (poisson + read).sqrt(),
        max_relative = 1e-6
    );
}

#[test]
fn one_group_is_measured_from_the_reset() {
    let fit = Exposure::new(Array4::from_elem((1, 1, 1, 1), 60.0)).fit(true, false);
    // The mean of two frames of 2 s is read after 3 s. Suppression has no say here.
    assert_eq!(fit.exposure.slope[[0, 0]], 20.0);
    assert_eq!(fit.exposure.dq[[0, 0]], 0);
}

#[test]
fn jump_in_the_first_group_of_a_cut_ramp_is_ignored() {
    let data = Array4::from_shape_fn((1, 5, 1, 1), |(_, k, _, _)| 30.0 * k as f32);
    let mut exposure = Exposure::new(data);
    exposure.group_dq[[0, 0, 0, 0]] = DO_NOT_USE;
    exposure.group_dq[[0, 1, 0, 0]] = JUMP;
    let window = GroupWindow {
        groups: 1..5,
        ignore_first_jump: true,
    };
    let plan = OlsPlan::new(5, window, &TIMING, OlsParams::default()).unwrap();
    let fit = fit_ols(&plan, &exposure.ramp()).unwrap().exposure;
    assert_eq!(fit.dq[[0, 0]], 0);
    assert_relative_eq!(fit.slope[[0, 0]], 5.0, max_relative = 1e-6);
}

#[test]
fn shapes_are_checked() {
    let mut exposure = Exposure::new(Array4::zeros((1, 3, 2, 2)));
    exposure.gain = Array2::ones((2, 3));
    let plan = exposure.plan(true, false);
    let error = fit_ols(&plan, &exposure.ramp()).unwrap_err();
    let expected = RampFitError::Shape {
        array: "gain",
        expected: vec![2, 2],
        found: vec![2, 3],
    };
    assert_eq!(error, expected);

    let other = Exposure::new(Array4::zeros((1, 4, 2, 2)));
    let error = fit_ols(&plan, &other.ramp()).unwrap_err();
    assert!(matches!(error, RampFitError::Shape { array: "ramp", .. }));

    let window = GroupWindow::all(4);
    let error = OlsPlan::new(3, window, &TIMING, OlsParams::default()).unwrap_err();
    assert!(matches!(error, RampFitError::Window { groups: 3, .. }));
}

#[test]
fn segments_of_flags() {
    type Case<'a> = (&'a [u8], &'a [(usize, usize)], usize);
    let cases: [Case<'_>; 9] = [
        (&[0, 0, 0], &[(0, 3)], 1),
        (&[0, 0, JUMP, 0, 0], &[(0, 2), (2, 5)], 2),
        (&[0, 0, JUMP, JUMP, 0], &[(0, 2), (3, 5)], 2),
        (&[0, 0, JUMP | DO_NOT_USE, 0, 0], &[(0, 2), (3, 5)], 2),
        (&[0, 0, JUMP], &[(0, 2)], 1),
        (&[0, 1, 0, 0, 1, 0], &[(2, 4)], 1),
        // Three single groups: only the first is fitted.
        (&[1, 0, 1, 0, 1, 0], &[(1, 2)], 3),
        (&[0, PERSISTENCE, 0, 2], &[(0, 3)], 1),
        (&[1, 2, 4], &[], 0),
    ];
    for (flags, expected, declared) in cases {
        let mut segments = Vec::new();
        let count = find_segments(flags, JUMP, PERSISTENCE, &mut segments);
        let found: Vec<_> = segments.iter().map(|part| (part.start, part.end)).collect();
        assert_eq!(found, expected, "{flags:?}");
        let kept = expected.len();
        assert_eq!(count, SegmentCount { kept, declared }, "{flags:?}");
    }
}

#[test]
fn classes_of_signal_to_noise() {
    let classes = [0.0, 4.9, 5.0, 10.0, 49.9, 50.0, 99.9, 100.0, f64::NAN].map(snr_class);
    assert_eq!(classes, [0, 0, 1, 2, 3, 4, 4, 5, 5]);
    // 30 DN · 2 e-/DN over √(8² + 60) e-.
    assert_relative_eq!(signal_to_noise(30.0, 8.0, 2.0), 60.0 / 124_f64.sqrt());
    assert_eq!(signal_to_noise(-30.0, 10.0, 2.0), 0.0);
    assert_eq!(signal_to_noise(-60.0, 10.0, 2.0), 0.0);
}

#[test]
fn equal_weights_give_the_textbook_slope() {
    // Σ (x − c)² = (n³ − n) / 12.
    let table = LengthWeights::new(7);
    assert_relative_eq!(table.moment[0], 28.0);
    assert_eq!(table.weight_sum[0], 7.0);
    assert_relative_eq!(table.pair_slope[0][0], 3.0 / 28.0);
    // The middle has no weight for any power, the ends have weight 1.
    assert_eq!(table.weight[3][1..6], [0.0; 5]);
    assert_eq!(table.weight[6][..6], [1.0; 6]);
}

proptest! {
    #[test]
    fn network_gives_the_median(series in prop::collection::vec(prop::array::uniform4(-1e3_f64..1e3), 1..=MedianNetwork::LARGEST)) {
        let mut lanes: Vec<Lanes<f64>> = series.iter().map(|values| std::array::from_fn(|lane| values[lane % 4])).collect();
        let mut medians = [f64::NAN; LANES];
        MedianNetwork::new(series.len(), Sorted::Middle).unwrap().medians(&mut lanes, &mut medians);
        for (lane, found) in medians.into_iter().enumerate() {
            let mut sorted: Vec<f64> = series.iter().map(|values| values[lane % 4]).collect();
            let selected = median_f64(&mut sorted.clone());
            sorted.sort_by(f64::total_cmp);
            let count = sorted.len();
            let expected = f64::midpoint(sorted[(count - 1) / 2], sorted[count / 2]);
            prop_assert_eq!(found, expected);
            prop_assert_eq!(selected, expected);
        }
    }
}

/// Exposures of all kinds of flags and with values that are not numbers.
fn exposures() -> impl Strategy<Value = Exposure> {
    let groups = prop_oneof![6 => 1_usize..9, 1 => 20_usize..30, 1 => 60_usize..70];
    let shape = (1_usize..4, groups, 1_usize..8, 1_usize..80);
    // With few flags, most integrations of a pixel have none.
    let flagged = prop_oneof![0.0..0.3_f64, 0.0..0.02_f64];
    let chances = (flagged, 0.0..0.3_f64, -1.0..3.0_f64);
    (shape, chances, any::<u64>()).prop_map(|(shape, (flagged, odd, level), seed)| {
        // A small generator (splitmix64) keeps big arrays out of proptest's hands.
        let mut state = seed;
        let mut uniform = move || {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = state;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
        };
        let rate = 10_f64.powf(level);
        let data = Array4::from_shape_simple_fn(shape, || (30.0 * uniform()) as f32);
        let mut exposure = Exposure::new(data);
        for ((_, group, _, column), sample) in exposure.data.indexed_iter_mut() {
            *sample += (rate * group as f64 * (1 + column % 5) as f64) as f32;
            if uniform() < 0.1 * odd {
                *sample = [f32::NAN, f32::INFINITY][usize::from(uniform() < 0.5)];
            }
        }
        let flags = [DO_NOT_USE, SATURATED, JUMP, JUMP, PERSISTENCE, CHARGE_LOSS];
        for dq in &mut exposure.group_dq {
            if uniform() < flagged {
                *dq |= flags[(uniform() * 6.0) as usize];
            }
        }
        // Groups at the ends of an integration that no pixel may use.
        for mut integration in exposure.group_dq.outer_iter_mut() {
            let groups = integration.len_of(ndarray::Axis(0));
            let lost = (uniform() * 3.0) as usize;
            let end = groups - usize::from(uniform() < 0.3);
            for group in (0..lost.min(groups)).chain(end..groups) {
                integration
                    .index_axis_mut(ndarray::Axis(0), group)
                    .mapv_inplace(|dq| dq | DO_NOT_USE);
            }
        }
        let choose = |values: [f32; 4], draw: f64| values[(draw * 4.0) as usize];
        for (gain, noise) in exposure.gain.iter_mut().zip(&mut exposure.noise) {
            if uniform() < odd {
                *gain = choose([f32::NAN, 0.0, -1.0, 3.0], uniform());
                *noise = choose([f32::NAN, 0.0, 5.0, 12.0], uniform());
            }
        }
        for dq in &mut exposure.pixel_dq {
            *dq = u32::from(uniform() < 0.1 * odd);
        }
        exposure.zero_frame =
            (odd > 0.1).then(|| exposure.data.index_axis(ndarray::Axis(1), 0).to_owned());
        exposure
    })
}

/// Everything bit by bit, so that NaN equals NaN.
fn bits(fit: &OlsFit) -> Vec<u32> {
    let mut bits = Vec::new();
    let mut add = |values: &mut dyn Iterator<Item = &f32>| bits.extend(values.map(|x| x.to_bits()));
    let (rate, rates) = (&fit.exposure, &fit.integrations);
    for array in [&rate.slope, &rate.var_poisson, &rate.var_rnoise, &rate.err] {
        add(&mut array.iter());
    }
    for array in [
        &rates.slope,
        &rates.var_poisson,
        &rates.var_rnoise,
        &rates.err,
    ] {
        add(&mut array.iter());
    }
    if let Some(segments) = &fit.optional {
        let quantities = [
            &segments.slope,
            &segments.sigma_slope,
            &segments.var_poisson,
            &segments.var_rnoise,
            &segments.y_intercept,
            &segments.sigma_y_intercept,
            &segments.weight,
            &segments.jump_height,
        ];
        for array in quantities {
            add(&mut array.iter());
        }
        add(&mut segments.pedestal.iter());
    }
    bits.extend(rate.dq.iter().chain(&rates.dq));
    bits
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn bands_and_threads_do_not_matter(exposure in exposures(), rows in 1_usize..5, suppress: bool, optional: bool) {
        let plan = exposure.plan(suppress, optional);
        let whole = fit_ols(&plan, &exposure.ramp()).unwrap();
        let bands = exposure.fit_bands(&plan, rows);
        prop_assert_eq!(bits(&whole), bits(&bands));
    }

    #[test]
    fn fast_paths_have_the_bits_of_the_other(exposure in exposures(), suppress: bool) {
        // Results of segments are asked of the pixel-by-pixel path only.
        let fast = exposure.fit(suppress, false);
        let slow = OlsFit { optional: None, ..exposure.fit(suppress, true) };
        prop_assert_eq!(bits(&fast), bits(&slow));
    }

    #[test]
    fn order_of_columns_does_not_matter(mut exposure in exposures()) {
        let there = exposure.fit(true, true);
        exposure.data.invert_axis(ndarray::Axis(3));
        exposure.group_dq.invert_axis(ndarray::Axis(3));
        for image in [&mut exposure.gain, &mut exposure.noise] {
            image.invert_axis(ndarray::Axis(1));
        }
        exposure.pixel_dq.invert_axis(ndarray::Axis(1));
        if let Some(frame) = &mut exposure.zero_frame {
            frame.invert_axis(ndarray::Axis(2));
        }
        let mut back = exposure.fit(true, false);
        for image in [&mut back.exposure.slope, &mut back.exposure.err] {
            image.invert_axis(ndarray::Axis(1));
        }
        let bits = |image: &Array2<f32>| image.mapv(f32::to_bits);
        prop_assert_eq!(bits(&there.exposure.slope), bits(&back.exposure.slope));
        prop_assert_eq!(bits(&there.exposure.err), bits(&back.exposure.err));
    }

    #[test]
    fn units_scale(mut exposure in exposures()) {
        exposure.gain.fill(2.0);
        exposure.noise.fill(8.0);
        let there = exposure.fit(false, false).exposure;
        exposure.data *= 4.0;
        exposure.noise *= 4.0;
        exposure.gain /= 4.0;
        if let Some(frame) = &mut exposure.zero_frame {
            *frame *= 4.0;
        }
        let scaled = exposure.fit(false, false).exposure;
        let same = |a: f32, b: f32| a == b || a.is_nan() && b.is_nan();
        for (a, b) in there.slope.iter().zip(&scaled.slope) {
            prop_assert!(same(4.0 * a, *b), "{a} {b}");
        }
        for (a, b) in there.var_poisson.iter().zip(&scaled.var_poisson) {
            prop_assert!(same(16.0 * a, *b), "{a} {b}");
        }
        prop_assert_eq!(there.dq, scaled.dq);
    }

    #[test]
    fn pixels_that_must_not_be_used_have_no_rate(exposure in exposures()) {
        let fit = exposure.fit(true, false);
        for (slope, dq) in fit.exposure.slope.iter().zip(&fit.exposure.dq) {
            prop_assert!(dq & 1 == 0 || slope.is_nan());
        }
        for (slope, dq) in fit.integrations.slope.iter().zip(&fit.integrations.dq) {
            prop_assert!(dq & 1 == 0 || slope.is_nan());
        }
    }
}
