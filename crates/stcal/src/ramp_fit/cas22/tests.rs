//! Tests of the fit with fixed weights.

use approx::assert_relative_eq;
use nalgebra::{DMatrix, DVector};
use ndarray::{Array2, Array3, Axis, Ix2};
use proptest::prelude::*;

use super::super::{RampFitError, Rates};
use super::segment::{POWERS, Segment};
use super::{Cas22Params, Cas22Plan, JumpThreshold, Resultants, fit_cas22, fit_cas22_band};
use crate::read_pattern::ReadPattern;

/// Reads of five resultants.
fn pattern() -> ReadPattern {
    let reads = [&[1][..], &[2, 3], &[5, 6, 7, 8], &[10, 11], &[13]];
    ReadPattern::new(reads.map(<[u32]>::to_vec).to_vec()).unwrap()
}

/// Four ramps: faint, bright with a jump, jump in the middle, no signal.
fn resultants() -> Array3<f32> {
    let ramps = [
        [10.0, 30.0, 70.0, 120.0, 150.0],
        [5.0, 900.0, 2000.0, 4100.0, 5200.0],
        [3.0, 8.0, 500.0, 520.0, 530.0],
        [0.0, 1.0, -2.0, 1.0, 0.0],
    ];
    Array3::from_shape_fn((5, 1, 4), |(i, _, column)| ramps[column][i])
}

fn plan(jumps: Option<JumpThreshold>) -> Cas22Plan {
    let params = Cas22Params {
        jumps,
        ..Cas22Params::default()
    };
    Cas22Plan::new(&pattern(), 3.0, params)
}

/// Compares rates and variances with those of stcal 1.20.0, `fit_ramps_casertano`.
fn check(jumps: Option<JumpThreshold>, mut dq: Array3<u8>, expected: [[f32; 3]; 4]) -> Array3<u8> {
    let data = resultants();
    let noise = Array2::from_elem((1, 4), 5.0);
    let ramp = Resultants {
        data_e: data.view(),
        dq: dq.view_mut(),
        read_noise_e: noise.view(),
    };
    let rates = fit_cas22(&plan(jumps), ramp).unwrap();
    for (column, [slope, var_read, var_poisson]) in expected.into_iter().enumerate() {
        let pixel = [0, column];
        assert_relative_eq!(
            rates.slope[pixel],
            slope,
            max_relative = 2e-6,
            epsilon = 1e-6
        );
        assert_relative_eq!(rates.var_rnoise[pixel], var_read, max_relative = 2e-6);
        assert_relative_eq!(rates.var_poisson[pixel], var_poisson, max_relative = 1e-4);
        let err = (var_read + var_poisson).sqrt();
        assert_relative_eq!(rates.err[pixel], err, max_relative = 2e-6);
    }
    dq
}

#[test]
fn ramps_are_fitted_as_by_the_reference() {
    let dq = check(
        None,
        Array3::zeros((5, 1, 4)),
        [
            [3.847_183_5, 0.023_262_737, 0.110_133_84],
            [143.431_76, 0.034_726_79, 3.989_541_8],
            [15.465_436, 0.029_549_504, 0.432_728_26],
            [0.000_977_517_6, 0.020_364_94, 2.952_156_7e-5],
        ],
    );
    assert!(dq.iter().all(|&dq| dq == 0));
}

#[test]
fn jumps_are_found_as_by_the_reference() {
    let dq = check(
        Some(JumpThreshold::default()),
        Array3::zeros((5, 1, 4)),
        [
            [3.847_183_5, 0.023_262_737, 0.110_133_84],
            [198.888_89, 1.851_851_8, 36.831_272],
            [1.333_330_8, 0.666_666_7, 0.159_999_71],
            [0.000_977_517_6, 0.020_364_94, 2.952_156_7e-5],
        ],
    );
    let flagged = |column| {
        let ramp = dq.index_axis(Axis(2), column);
        let flagged = ramp.iter().enumerate().filter(|(_, dq)| **dq != 0);
        flagged.map(|(i, _)| i).collect::<Vec<_>>()
    };
    assert_eq!(
        [0, 1, 2, 3].map(flagged),
        [vec![], vec![2, 3], vec![1, 2], vec![]]
    );
}

#[test]
fn flagged_resultants_cut_the_ramp() {
    let mut dq = Array3::zeros((5, 1, 4));
    dq[[2, 0, 0]] = 1;
    dq[[1, 0, 1]] = 2;
    dq[[3, 0, 1]] = 2;
    check(
        None,
        dq,
        [
            [4.117_647, 0.490_196_1, 0.320_578_13],
            [0.0, 0.0, 0.0],
            [15.465_436, 0.029_549_504, 0.432_728_26],
            [0.000_977_517_6, 0.020_364_94, 2.952_156_7e-5],
        ],
    );
}

#[test]
fn ramps_without_two_neighbours_are_flagged() {
    let data = resultants();
    let mut dq = Array3::zeros((5, 1, 4));
    dq[[1, 0, 1]] = 2;
    dq[[3, 0, 1]] = 2;
    let noise = Array2::from_elem((1, 4), 5.0);
    let ramp = Resultants {
        data_e: data.view(),
        dq: dq.view_mut(),
        read_noise_e: noise.view(),
    };
    let rates = fit_cas22(&plan(None), ramp).unwrap();
    assert_eq!(rates.dq.into_raw_vec_and_offset().0, [0, 1, 0, 0]);
}

#[test]
fn arrays_have_to_fit_together() {
    let data = Array3::zeros((4, 1, 1));
    let mut dq = Array3::zeros((4, 1, 1));
    let noise = Array2::zeros((1, 1));
    let ramp = Resultants {
        data_e: data.view(),
        dq: dq.view_mut(),
        read_noise_e: noise.view(),
    };
    let expected = RampFitError::Shape {
        array: "resultants",
        expected: vec![5, 1, 1],
        found: vec![4, 1, 1],
    };
    assert_eq!(fit_cas22(&plan(None), ramp), Err(expected));
}

#[test]
fn the_threshold_falls_with_the_slope_within_limits() {
    let threshold = JumpThreshold::default();
    assert_eq!(threshold.at(-3.0), 5.5);
    assert_relative_eq!(threshold.at(1000.0), 4.5, max_relative = 1e-15);
    assert_eq!(threshold.at(1e6), threshold.at(1e4));
}

/// A read pattern of increasing reads, resultants and a read noise.
fn random_ramp() -> impl Strategy<Value = (Vec<Vec<u32>>, Vec<f64>, f64)> {
    let group = (1_u32..9, 0_u32..5, 0.0_f64..1.0);
    (
        prop::collection::vec(group, 2..20),
        0.5_f64..30.0,
        -1.0_f64..4.0,
    )
        .prop_map(|(groups, noise, rate)| {
            let mut read = 0;
            let mut reads = Vec::new();
            let mut values = Vec::new();
            for (count, gap, wiggle) in groups {
                reads.push((read + 1..=read + count).collect::<Vec<u32>>());
                read += count + gap;
                values.push(10_f64.powf(rate) * f64::from(read) + noise * (wiggle - 0.5));
            }
            (reads, values, noise)
        })
}

proptest! {
    #[test]
    fn the_sums_are_the_matrix_form((reads, values, noise) in random_ramp()) {
        // Casertano 2022, section 5: (AᵀWA)⁻¹AᵀW with A = (1, t̄), and the covariance of averaged reads.
        let read_time = 3.0;
        let pattern = ReadPattern::new(reads.clone()).unwrap();
        let plan = Cas22Plan::new(&pattern, read_time, Cas22Params::default());
        let n = reads.len();
        let growth = (values[n - 1] - values[0]).max(0.0);
        let ratio = growth / (noise * noise + growth).sqrt();
        let power = match ratio {
            _ if ratio < 5.0 => POWERS[0],
            _ if ratio < 10.0 => POWERS[1],
            _ if ratio < 20.0 => POWERS[2],
            _ if ratio < 50.0 => POWERS[3],
            _ if ratio < 100.0 => POWERS[4],
            _ => POWERS[5],
        };
        let time: Vec<f64> = (0..n).map(|i| read_time * pattern.mean(i)).collect();
        let (middle, half) = (f64::midpoint(time[0], time[n - 1]), (time[n - 1] - time[0]) / 2.0);
        let count = |i: usize| reads[i].len() as f64;
        let weights = DVector::from_fn(n, |i, _| {
            (1.0 + power) * count(i) / (1.0 + power * count(i)) * ((time[i] - middle) / half).abs().powf(power)
        });
        let design = DMatrix::from_fn(n, 2, |i, j| if j == 0 { 1.0 } else { time[i] - middle });
        let weighted = design.transpose() * DMatrix::from_diagonal(&weights);
        let normal = &weighted * &design;
        prop_assume!(normal.determinant().abs() > 1e-9);
        let solution = normal.try_inverse().unwrap() * weighted;
        let row = solution.row(1);
        let shared = |i: usize, j: usize| {
            let sum: f64 = reads[i].iter().flat_map(|a| reads[j].iter().map(move |b| f64::from(*a.min(b)))).sum();
            read_time * sum / (count(i) * count(j))
        };
        let photon = DMatrix::from_fn(n, n, shared);
        let read = DMatrix::from_fn(n, n, |i, j| if i == j { noise * noise / count(i) } else { 0.0 });
        let data = DVector::from_column_slice(&values);
        let slope = (row * &data)[0];
        let var_read = (row * read * row.transpose())[0];
        let var_poisson = (row * photon * row.transpose())[0];
        let mut memory = vec![0.0; n];
        let fit = Segment { first: 0, last: n - 1 }.fit(&plan, &values, noise, &mut memory).unwrap();
        let size = slope.abs().max(var_read.sqrt());
        prop_assert!((fit.slope - slope).abs() < 1e-8 * size, "{} {slope}", fit.slope);
        prop_assert!((fit.var_read / var_read - 1.0).abs() < 1e-8);
        prop_assert!((fit.var_poisson_per_rate / var_poisson - 1.0).abs() < 1e-8);
    }

    #[test]
    fn bands_give_the_same_bits(rows in 1_usize..4, seed in any::<u64>()) {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 40) % 1000
        };
        let data = Array3::from_shape_fn((5, 4, 3), |(i, ..)| (i as u64 * 100 + next()) as f32);
        let dq = Array3::from_shape_fn((5, 4, 3), |_| u8::from(next() % 10 == 0));
        let noise = Array2::from_elem((4, 3), 12.0);
        let plan = plan(Some(JumpThreshold::default()));
        let fit = |rows: usize| {
            let mut dq = dq.clone();
            let mut rates = Rates::zeros(Ix2(4, 3));
            let bands = data.axis_chunks_iter(Axis(1), rows).zip(dq.axis_chunks_iter_mut(Axis(1), rows));
            let bands = bands.zip(noise.axis_chunks_iter(Axis(0), rows)).zip(rates.row_bands_mut(rows));
            for (((data_e, dq), read_noise_e), rates) in bands {
                fit_cas22_band(&plan, Resultants { data_e, dq, read_noise_e }, rates).unwrap();
            }
            (dq, rates)
        };
        let ((whole_dq, whole), (dq, rates)) = (fit(4), fit(rows));
        prop_assert_eq!(whole_dq, dq);
        let bits = |a: &Array2<f32>| a.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        prop_assert_eq!(bits(&whole.slope), bits(&rates.slope));
        prop_assert_eq!(bits(&whole.err), bits(&rates.err));
    }
}
