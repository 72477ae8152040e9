//! Tests of the likelihood fit.

use approx::assert_relative_eq;
use nalgebra::{DMatrix, DVector};
use ndarray::{Array2, Array3, Array4, s};
use proptest::prelude::*;

use super::super::{Ramp, RampFitError, RampTiming};
use super::covariance::Covariance;
use super::lanes::{LANES, Omission, Workspace};
use super::{LikelyFit, LikelyParams, LikelyPlan, ReadTimes, fit_likely, fit_likely_band};

const TIMING: RampTiming = RampTiming {
    group_time_s: 6.0,
    frame_time_s: 2.0,
    frames_per_group: 2,
    group_gap: 1,
    dropped_frames: 0,
};

/// The covariance matrix of the differences from first principles: that of single reads, averaged and differenced.
///
/// Reads at times t and u share the photons up to the earlier one, and have their own read noise.
fn explicit_covariance(times: &[Vec<f64>], rate: f64, gain: f64, noise: f64) -> DMatrix<f64> {
    let reads: Vec<f64> = times.iter().flatten().copied().collect();
    let mut average = DMatrix::zeros(times.len(), reads.len());
    let mut column = 0;
    for (group, times) in times.iter().enumerate() {
        for _ in times {
            average[(group, column)] = 1.0 / times.len() as f64;
            column += 1;
        }
    }
    let of_reads = DMatrix::from_fn(reads.len(), reads.len(), |i, j| {
        let own = if i == j { noise * noise } else { 0.0 };
        rate / gain * reads[i].min(reads[j]) + own
    });
    let mean = |times: &[f64]| times.iter().sum::<f64>() / times.len() as f64;
    let difference = DMatrix::from_fn(times.len() - 1, times.len(), |i, j| {
        let delta_t = mean(&times[i + 1]) - mean(&times[i]);
        match j {
            _ if j == i => -1.0 / delta_t,
            _ if j == i + 1 => 1.0 / delta_t,
            _ => 0.0,
        }
    });
    let transform = difference * average;
    &transform * of_reads * transform.transpose()
}

/// Rate, variance and χ² of some of the differences by inversion of their covariance matrix.
fn explicit_fit(covariance: &DMatrix<f64>, data: &[f64], used: &[bool]) -> (f64, f64, f64) {
    let kept: Vec<usize> = (0..data.len()).filter(|&i| used[i]).collect();
    let part = DMatrix::from_fn(kept.len(), kept.len(), |i, j| {
        // Without a difference, those beside it are no longer neighbours.
        covariance[(kept[i], kept[j])]
    });
    let inverse = part
        .try_inverse()
        .expect("a covariance matrix has an inverse");
    let data = DVector::from_iterator(kept.len(), kept.iter().map(|&i| data[i]));
    let ones = DVector::from_element(kept.len(), 1.0);
    let weight = ones.dot(&(&inverse * &ones));
    let rate = ones.dot(&(&inverse * &data)) / weight;
    let residual = data.add_scalar(-rate);
    (rate, 1.0 / weight, residual.dot(&(&inverse * &residual)))
}

/// A read pattern, a count rate, gain and noise, data and which of them to use.
#[derive(Debug, Clone)]
struct RandomRamp {
    times: Vec<Vec<f64>>,
    rate: f64,
    gain: f64,
    noise: f64,
    data: Vec<f64>,
    used: Vec<bool>,
}

fn random_ramp() -> impl Strategy<Value = RandomRamp> {
    let group = (1_usize..6, 0.1_f64..3.0);
    let groups = prop::collection::vec(group, 4..24);
    let noise = (-2.0_f64..4.0, 0.5_f64..6.0, 1.0_f64..30.0);
    (groups, noise, any::<u64>()).prop_map(|(groups, (rate, gain, noise), seed)| {
        let rate = 10_f64.powf(rate);
        let mut time = 0.0;
        let times: Vec<Vec<f64>> = groups
            .iter()
            .map(|&(reads, step)| {
                let times = (0..reads).map(|_| {
                    time += step;
                    time
                });
                let times = times.collect();
                time += 2.0 * step;
                times
            })
            .collect();
        let mut state = seed;
        let mut uniform = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as f64 / f64::from(1_u32 << 31)
        };
        let n = times.len() - 1;
        let data = (0..n).map(|_| rate + 4.0 * noise * (uniform() - 0.5));
        let data = data.collect();
        let mut used: Vec<bool> = (0..n).map(|_| uniform() < 0.8).collect();
        used[0] = true;
        RandomRamp {
            times,
            rate,
            gain,
            noise,
            data,
            used,
        }
    })
}

/// A workspace with a ramp in the last lane and other numbers in the others.
fn workspace(ramp: &RandomRamp) -> (Covariance, Workspace) {
    let times = ReadTimes::new(ramp.times.clone()).unwrap();
    let covariance = Covariance::new(&times);
    let mut work = Workspace::new(covariance.len());
    for (i, &value) in ramp.data.iter().enumerate() {
        work.difference[i] = std::array::from_fn(|k| value + (LANES - 1 - k) as f64);
        work.used[i] = [f64::from(u8::from(ramp.used[i])); LANES];
    }
    let (rate, gain, noise) = ([ramp.rate; LANES], [ramp.gain; LANES], [ramp.noise; LANES]);
    work.set_noise(&covariance, &rate, &gain, &noise);
    (covariance, work)
}

const LAST: usize = LANES - 1;

proptest! {
    #[test]
    fn the_recurrences_invert_the_matrix(ramp in random_ramp()) {
        let matrix = explicit_covariance(&ramp.times, ramp.rate, ramp.gain, ramp.noise);
        let (rate, variance, chi_square) = explicit_fit(&matrix, &ramp.data, &ramp.used);
        let (covariance, mut work) = workspace(&ramp);
        let fit = work.fit();
        let noise = work.noise_of(&fit, &covariance);
        let scale = variance.sqrt().max(rate.abs());
        prop_assert!((fit.rate[LAST] - rate).abs() < 1e-8 * scale, "{} {rate}", fit.rate[LAST]);
        prop_assert!((noise.err[LAST].powi(2) / variance - 1.0).abs() < 1e-8);
        let sum = noise.var_poisson[LAST] + noise.var_rnoise[LAST];
        prop_assert!((sum / variance - 1.0).abs() < 1e-8, "{sum} {variance}");
        // χ² is the small difference of two large sums.
        let size = rate * rate / variance + chi_square + 1.0;
        prop_assert!((fit.chi_square[LAST] - chi_square).abs() < 1e-8 * size);
    }

    #[test]
    fn omissions_are_fits_of_the_others(ramp in random_ramp()) {
        prop_assume!(ramp.used.iter().filter(|used| **used).count() > 3);
        let matrix = explicit_covariance(&ramp.times, ramp.rate, ramp.gain, ramp.noise);
        let (_, mut work) = workspace(&ramp);
        let fit = work.fit();
        let n = ramp.data.len();
        let empty = Omission { rate: [0.0; LANES], chi_square: [0.0; LANES] };
        let (mut one, mut two) = (vec![empty; n], vec![empty; n - 1]);
        work.omit(&fit, &mut one, &mut two);
        let without = |omitted: &[usize]| {
            let mut used = ramp.used.clone();
            for &i in omitted {
                used[i] = false;
            }
            explicit_fit(&matrix, &ramp.data, &used)
        };
        let (whole_rate, whole_variance, _) = without(&[]);
        let size = whole_rate * whole_rate / whole_variance;
        for i in 0..n {
            let (rate, variance, chi_square) = without(&[i]);
            let scale = rate.abs().max(variance.sqrt());
            prop_assert!((one[i].rate[LAST] - rate).abs() < 1e-6 * scale, "{} {rate}", one[i].rate[LAST]);
            prop_assert!((one[i].chi_square[LAST] - chi_square).abs() < 1e-8 * (size + chi_square + 1.0));
        }
        for i in 0..n - 1 {
            let (rate, variance, chi_square) = without(&[i, i + 1]);
            let scale = rate.abs().max(variance.sqrt());
            prop_assert!((two[i].rate[LAST] - rate).abs() < 1e-6 * scale, "{} {rate}", two[i].rate[LAST]);
            prop_assert!((two[i].chi_square[LAST] - chi_square).abs() < 1e-7 * (size + chi_square + 1.0));
        }
    }
}

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

    fn plan(&self) -> LikelyPlan {
        let times = ReadTimes::even(self.data.dim().1, &TIMING);
        let params = LikelyParams::default();
        if self.zero_frame.is_some() {
            LikelyPlan::with_zero_frame(times, TIMING.frames_per_group, params).unwrap()
        } else {
            LikelyPlan::new(times, params).unwrap()
        }
    }

    fn fit(&self) -> LikelyFit {
        fit_likely(&self.plan(), &self.ramp()).unwrap()
    }
}

/// Two integrations of eight groups, eight columns, with one peculiarity each.
fn peculiar() -> Exposure {
    let wiggle = [0, 3, -2, 5, -4];
    let mut exposure = Exposure::new(Array4::from_shape_fn((2, 8, 1, 8), |(i, k, _, c)| {
        (100 * c as i32 + (10 + 50 * c as i32) * k as i32 + wiggle[(3 * k + c + 7 * i) % 5]) as f32
    }));
    let data = &mut exposure.data;
    data.slice_mut(s![0, 4.., 0, 0])
        .map_inplace(|x| *x += 300.0);
    data.slice_mut(s![0, 4.., 0, 1])
        .map_inplace(|x| *x += 1000.0);
    data[[1, 3, 0, 7]] += 400.0;
    let dq = &mut exposure.group_dq;
    dq[[0, 4, 0, 1]] = 4;
    dq.slice_mut(s![1, 6.., 0, 2]).fill(2);
    dq.slice_mut(s![.., 1.., 0, 3]).fill(2);
    dq.slice_mut(s![.., .., 0, 4]).fill(2);
    dq.slice_mut(s![0, 2..4, 0, 5]).fill(129);
    dq.slice_mut(s![.., 0, 0, 6]).fill(1);
    dq[[1, 3, 0, 6]] = 32;
    exposure.pixel_dq[[0, 7]] = 1024;
    exposure.dark_rate = Some(Array2::from_elem((1, 8), 0.25));
    exposure
}

/// Compares single-precision values, NaN with NaN.
fn assert_close(found: impl IntoIterator<Item = f32>, expected: &[f32]) {
    let found: Vec<f32> = found.into_iter().collect();
    assert_eq!(found.len(), expected.len());
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        let close = (found - expected).abs() <= 3e-7 * expected.abs();
        let residue = found.abs() < 1e-9 && expected.abs() < 1e-9;
        let equal = found == expected || found.is_nan() && expected.is_nan();
        assert!(
            close || residue || equal,
            "value {index}: {found} for {expected}"
        );
    }
}

const NAN: f32 = f32::NAN;

#[test]
fn awkward_ramps_are_fitted_as_by_the_reference() {
    // stcal 1.20.0: likely_ramp_fit on the same arrays.
    let fit = peculiar().fit();
    assert_close(
        fit.exposure.slope,
        &[
            1.726_801_9,
            9.822_204,
            18.427_654,
            NAN,
            NAN,
            43.578_747,
            51.524_845,
            60.109_344,
        ],
    );
    assert_eq!(
        fit.exposure.dq.into_raw_vec_and_offset().0,
        [4, 4, 2, 2, 3, 0, 0, 1028]
    );
    assert_close(
        fit.exposure.var_poisson,
        &[
            0.014_418_848,
            0.070_618_18,
            0.128_209_23,
            NAN,
            NAN,
            0.320_030_4,
            0.412_771_28,
            0.402_794_06,
        ],
    );
    assert_close(
        fit.exposure.var_rnoise,
        &[
            0.014_505_032,
            0.020_551_428,
            0.014_992_546,
            NAN,
            NAN,
            0.029_989_4,
            0.037_782_78,
            0.027_551_632,
        ],
    );
    assert_close(
        fit.exposure.err,
        &[
            0.170_070_22,
            0.301_943_06,
            0.378_420_1,
            NAN,
            NAN,
            0.591_624_7,
            0.671_233_24,
            0.656_007_4,
        ],
    );
    assert_close(
        fit.chi_square,
        &[
            5.114_446,
            3.143_459_6,
            2.221_778_4,
            NAN,
            NAN,
            0.891_738_95,
            1.046_155,
            0.865_084_2,
        ],
    );
    let dq = fit.integrations.dq.into_raw_vec_and_offset().0;
    assert_eq!(dq, [4, 4, 0, 2, 3, 0, 0, 1024, 0, 0, 2, 2, 3, 0, 0, 1028]);
}

#[test]
fn the_zero_frame_is_the_first_read_of_the_first_group() {
    // stcal 1.20.0: likely_ramp_fit on the same arrays.
    let mut exposure = peculiar();
    exposure.zero_frame = Some(Array3::from_elem((2, 1, 8), 5.0));
    let fit = exposure.fit();
    assert_close(
        fit.exposure.slope,
        &[
            1.712_011_6,
            9.925_531,
            18.367_128,
            297.5,
            NAN,
            43.508_2,
            51.524_845,
            60.060_993,
        ],
    );
    assert_eq!(
        fit.exposure.dq.into_raw_vec_and_offset().0,
        [4, 4, 6, 2, 3, 4, 0, 1028]
    );
    assert_close(
        fit.chi_square.slice(s![.., ..3]).iter().copied(),
        &[9.903_698, 2.654_324_8, 2.101_045],
    );
    let dq = fit.integrations.dq.into_raw_vec_and_offset().0;
    assert_eq!(dq, [4, 4, 4, 2, 3, 4, 0, 1028, 0, 4, 6, 2, 3, 4, 0, 1028]);
}

#[test]
fn a_zero_frame_that_is_the_first_group_is_left_alone() {
    let params = LikelyParams::default();
    let timing = RampTiming {
        frames_per_group: 1,
        ..TIMING
    };
    let plan = LikelyPlan::with_zero_frame(ReadTimes::even(5, &timing), 1, params).unwrap();
    assert!(!plan.uses_zero_frame());
    let mut exposure = peculiar();
    let plan = LikelyPlan::with_zero_frame(ReadTimes::even(8, &TIMING), 2, params).unwrap();
    exposure.zero_frame = None;
    let refused = fit_likely(&plan, &exposure.ramp());
    assert_eq!(refused.unwrap_err(), RampFitError::NoZeroFrame);
}

#[test]
fn ramps_that_are_too_short_are_refused() {
    let refused = LikelyPlan::new(ReadTimes::even(3, &TIMING), LikelyParams::default());
    let expected = RampFitError::TooFewGroups {
        needed: 4,
        groups: 3,
    };
    assert_eq!(refused.unwrap_err(), expected);
    let exposure = peculiar();
    let plan = LikelyPlan::new(ReadTimes::even(7, &TIMING), LikelyParams::default()).unwrap();
    let refused = fit_likely(&plan, &exposure.ramp()).unwrap_err();
    assert!(matches!(refused, RampFitError::Shape { array: "ramp", .. }));
}

#[test]
fn not_a_number_spoils_its_pixel_only() {
    let mut exposure = peculiar();
    let expected = exposure.fit();
    exposure.data[[0, 3, 0, 5]] = f32::NAN;
    exposure.gain[[0, 6]] = f32::NAN;
    exposure.noise[[0, 7]] = f32::NAN;
    let fit = exposure.fit();
    let others = s![.., ..5];
    assert_close(
        fit.exposure.slope.slice(others).iter().copied(),
        &expected
            .exposure
            .slope
            .slice(others)
            .iter()
            .copied()
            .collect::<Vec<_>>(),
    );
    // The flagged sample is not a number either: the reference multiplies it by 0.
    assert!(fit.integrations.slope[[0, 0, 5]].is_nan());
    let second = (
        fit.integrations.slope[[1, 0, 5]],
        expected.integrations.slope[[1, 0, 5]],
    );
    assert_eq!(second.0, second.1);
    assert_eq!(fit.exposure.slope[[0, 5]], second.0);
    assert!(fit.exposure.slope[[0, 6]].is_nan() && fit.exposure.slope[[0, 7]].is_nan());
}

#[test]
fn means_of_many_reads_are_exact_for_even_times() {
    let groups = [7_u32, 8, 9, 20].map(|n| (1..=n).map(f64::from).collect::<Vec<_>>());
    let mut start = 0.0;
    let groups = groups.map(|times| {
        let times: Vec<f64> = times.iter().map(|t| t + start).collect();
        start = times[times.len() - 1];
        times
    });
    let covariance = Covariance::new(&ReadTimes::new(groups.to_vec()).unwrap());
    assert_eq!(covariance.delta_t, [7.5, 8.5, 14.5]);
    // Brandt 2024a, eq. 28: (1/N + 1/N') / Δt².
    assert_relative_eq!(
        covariance.alpha_read[1],
        (1.0 / 8.0 + 1.0 / 9.0) / 72.25,
        max_relative = 1e-15
    );
    assert_eq!(covariance.pairs_may_be_omitted, [true, true]);
}

proptest! {
    #[test]
    fn bands_give_the_same_bits(rows in 1_usize..4, columns in 1_usize..20, seed in any::<u64>()) {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            state >> 40
        };
        let mut exposure = Exposure::new(Array4::zeros((2, 6, 3, columns)));
        exposure.data.indexed_iter_mut().for_each(|((_, k, ..), x)| *x = (100 * k as u64 + next() % 300) as f32);
        exposure.group_dq.iter_mut().for_each(|dq| *dq = if next() % 7 == 0 { 1 << (next() % 3) } else { 0 });
        let whole = exposure.fit();
        let plan = exposure.plan();
        let mut parts = LikelyFit::zeros(&exposure.ramp());
        let targets = parts.exposure.row_bands_mut(rows).into_iter();
        let targets = targets.zip(parts.integrations.row_bands_mut(rows));
        let chi_square = parts.chi_square.axis_chunks_iter_mut(ndarray::Axis(0), rows);
        for ((band, (rate, rates)), chi_square) in
            exposure.ramp().row_bands(rows).unwrap().iter().zip(targets).zip(chi_square)
        {
            fit_likely_band(&plan, band, rate, rates, chi_square).unwrap();
        }
        let bits = |fit: &LikelyFit| -> Vec<u32> {
            let rates = [&fit.exposure.slope, &fit.exposure.err, &fit.exposure.var_poisson, &fit.chi_square];
            rates.iter().flat_map(|a| a.iter().map(|x| x.to_bits())).collect()
        };
        prop_assert_eq!(bits(&whole), bits(&parts));
        prop_assert_eq!(whole.integrations.dq, parts.integrations.dq);
    }

    #[test]
    fn the_unit_of_the_samples_does_not_matter(scale in 1_i32..12) {
        // Powers of two change no digit: DN that are half as large have twice the gain and half the noise.
        let factor = 2_f32.powi(-scale);
        let exposure = peculiar();
        let expected = exposure.fit();
        let mut scaled = exposure;
        scaled.data.mapv_inplace(|x| x * factor);
        scaled.noise.mapv_inplace(|x| x * factor);
        scaled.gain.mapv_inplace(|x| x / factor);
        scaled.dark_rate = scaled.dark_rate.map(|dark| dark * factor);
        let fit = scaled.fit();
        prop_assert_eq!(&fit.exposure.dq, &expected.exposure.dq);
        for (found, expected) in fit.exposure.slope.iter().zip(&expected.exposure.slope) {
            prop_assert!(found.is_nan() && expected.is_nan() || (found / factor / expected - 1.0).abs() < 1e-6);
        }
        for (found, expected) in fit.chi_square.iter().zip(&expected.chi_square) {
            prop_assert!(found.is_nan() && expected.is_nan() || (found / expected - 1.0).abs() < 1e-5);
        }
    }
}
