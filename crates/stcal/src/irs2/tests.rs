//! Values come from jwst 3.0.0 `refpix/irs2_subtract_reference.py`, called with the same inputs.

use approx::assert_relative_eq;
use ndarray::{Array2, Array3, Array4, Axis, s};
use proptest::prelude::*;

use super::fourier::{Complex32, RealFft};
use super::series::{fill_gaps, low_pass, remove_slope};
use super::*;

/// Uniform between 0 and 1.
fn noise(index: u64) -> f32 {
    let mut h = (index * 2_654_435_761) % (1 << 32);
    h ^= h >> 15;
    h = (h * 2_246_822_519) % (1 << 32);
    h ^= h >> 13;
    (h >> 8) as f32 / (1 << 24) as f32
}

fn full() -> Interleaving {
    Interleaving::new(3200, 16, 4).unwrap()
}

/// Two groups of a whole detector, `(group, line, position)`.
fn ramp() -> Array3<f32> {
    Array3::from_shape_fn((2, 2048, 3200), |(g, y, x)| {
        let noise = noise(((g * 2048 + y) * 3200 + x) as u64 + 1) * 64.0;
        let value = noise + 3.0 * g as f32 * (y as f32 / 100.0).sin();
        (value * 8.0).round_ties_even() / 8.0
    })
}

fn weights(k: usize) -> OutputWeights {
    let n = 712 * 2048;
    let of = |a: [usize; 2], b: [usize; 2]| {
        let fraction = |f: usize, [step, period]: [usize; 2]| {
            (((f * step + k) % period) as f64 / period as f64) as f32
        };
        let full: Vec<[f32; 2]> = (0..n)
            .map(|f| [fraction(f, a), fraction(f, b) - 0.5])
            .collect();
        Weights::from_full(&full)
    };
    OutputWeights {
        reference_output: of([37, 101], [53, 97]),
        interleaved: of([29, 103], [59, 89]),
    }
}

/// Corrects all groups of an integration.
fn correct(ramp: &mut Array3<f32>, keep: bool) {
    let layout = full();
    let options = Irs2Options::default();
    let correction =
        Irs2Correction::new(layout, 2048, options, std::array::from_fn(weights)).unwrap();
    let mean = ramp.mapv(f64::from).mean_axis(Axis(0)).unwrap();
    let mut work = correction.workspace();
    for mut group in ramp.outer_iter_mut() {
        let part = |k: usize| s![.., 640 * k..640 * (k + 1)];
        let (image, of_output) = (group.slice_mut(part(0)), mean.slice(part(0)));
        let reference = correction
            .reference_output(image, of_output, keep, &mut work)
            .unwrap();
        for k in 1..5 {
            let (image, of_output) = (group.slice_mut(part(k)), mean.slice(part(k)));
            correction
                .correct_output(k, image, of_output, (&reference, keep), &mut work)
                .unwrap();
        }
    }
}

#[test]
fn noise_of_a_whole_detector_is_removed_as_by_the_reference() {
    let mut ramp = ramp();
    correct(&mut ramp, false);
    let normal = full().normal();
    let columns: Vec<usize> = (0..3200).filter(|&x| normal[x]).collect();
    let places = [
        (0, 0),
        (0, 2047),
        (1, 5),
        (3, 512),
        (700, 511),
        (1000, 700),
        (1000, 1024),
        (1500, 1535),
        (1500, 1536),
        (2047, 2047),
    ];
    // subtract_reference(data, alpha, beta, make_irs2_mask(3200, 2048, 16, 4), 16, 4, 8)
    let expected = [
        [
            3.098_965_4,
            45.586_205,
            51.416_492,
            5.447_359,
            29.711_487,
            67.245_964,
            44.683_197,
            54.307_125,
            6.336_607,
            17.150_045,
        ],
        [
            9.276_034, 43.413_795, 38.958_508, 39.427_643, 40.413_513, 14.254_034, 61.316_803,
            5.067_875, 30.913_393, 49.224_953,
        ],
    ];
    for (group, expected) in ramp.outer_iter().zip(expected) {
        for ((y, x), expected) in places.into_iter().zip(expected) {
            assert_relative_eq!(group[[y, columns[x]]], expected, epsilon = 2e-5);
        }
    }
}

#[test]
fn reference_pixels_are_kept_and_corrected_if_asked_for() {
    let mut ramp = ramp();
    correct(&mut ramp, true);
    let places = [(0, 8), (700, 100), (700, 648), (1000, 1500), (1999, 3191)];
    // subtract_reference(..., preserve_refpix=True)
    let expected = [
        [32.966_03, 28.416_47, 8.151_199, 3.609_476_6, -1.208_888],
        [42.783_97, 37.083_53, -8.151_199, 5.640_523_4, 1.208_888],
    ];
    for (group, expected) in ramp.outer_iter().zip(expected) {
        for (place, expected) in places.into_iter().zip(expected) {
            assert_relative_eq!(group[place], expected, epsilon = 2e-5);
        }
    }
}

#[test]
fn bad_pixels_are_found_and_replaced_as_by_the_reference() {
    let layout = Interleaving::new(300, 16, 4).unwrap();
    let mut ramp = Array4::from_shape_fn((2, 3, 300, 24), |(i, g, y, x)| {
        noise((((i * 3 + g) * 300 + y) * 24 + x) as u64 + 77) * 10.0
    });
    ramp.slice_mut(s![.., .., 28..30, ..])
        .mapv_inplace(|v| v + 6.0);
    ramp.slice_mut(s![1, .., 70..72, ..])
        .mapv_inplace(|v| v * 3.0);
    ramp.slice_mut(s![.., .., 130, ..])
        .mapv_inplace(|v| v + 4.0);
    let mut known = vec![false; 300];
    known[190] = true;
    known[200] = true;
    let mut bad = known.clone();
    for integration in ramp.outer_iter() {
        for output in 0..5 {
            let rows = 60 * output..60 * (output + 1);
            let part = integration.slice(s![.., rows.clone(), ..]);
            let found = find_bad(part, layout, &known[rows.clone()], 1.5).unwrap();
            bad[rows]
                .iter_mut()
                .zip(found)
                .for_each(|(bad, new)| *bad |= new);
        }
    }
    // flag_bad_refpix(model, n_sigma=1.5, flag_only=True), rows of model.pixeldq
    let expected = [
        8, 9, 10, 11, 28, 29, 30, 31, 48, 49, 50, 51, 68, 69, 70, 71, 90, 91, 108, 109, 110, 111,
        128, 129, 130, 131, 148, 149, 150, 151, 168, 169, 170, 171, 188, 189, 190, 200, 208, 209,
        230, 231, 248, 249, 250, 251, 270, 271, 288, 289,
    ];
    let found: Vec<usize> = (0..300).filter(|&row| bad[row]).collect();
    assert_eq!(found, expected);

    let plan = plan_replacements(&bad, layout).unwrap();
    let mut image = ramp.slice_mut(s![1, 2, .., ..]);
    replace(image.view_mut(), &plan).unwrap();
    // flag_bad_refpix(model, replace_only=True), model.data[1, 2, row, 5]
    for (row, expected) in [
        (51, 0.0),
        (68, 6.726_967),
        (69, 9.393_14),
        (91, 9.393_14),
        (189, 7.925_454),
        (190, 2.668_624_4),
        (200, 8.317_39),
        (208, 7.059_609_4),
        (231, 0.342_398_88),
        (250, 0.0),
        (289, 1.950_299_7),
    ] {
        assert_relative_eq!(image[[row, 5]], expected, max_relative = 1e-6);
    }
}

#[test]
fn tables_of_bad_pixels_are_followed_as_by_the_reference() {
    let layout = Interleaving::new(300, 16, 4).unwrap();
    let mut bad = vec![false; 300];
    bad[90] = true;
    let row = |output, pair, blocks| BadPairs {
        output,
        pair,
        blocks,
    };
    let table = [row(1, 1, 0b010), row(2, 1, 0b111), row(3, 2, 0b100)];
    let plan = plan_table(&table, layout, &mut bad).unwrap();
    let mut image = Array2::from_shape_fn((300, 1), |(x, _)| x as f32);
    replace(image.view_mut(), &plan).unwrap();
    let changed: Vec<(usize, f32)> = image
        .iter()
        .copied()
        .enumerate()
        .filter(|&(x, value)| value != x as f32)
        .collect();
    // clobber_ref(data, [1, 2, 3], [1, 1, 2], [0b010, 0b111, 0b100], ...); 88 becomes the mean of 68 and 108.
    let expected = [
        (130, 128.0),
        (131, 129.0),
        (150, 148.0),
        (151, 149.0),
        (170, 168.0),
        (171, 169.0),
        (230, 210.0),
        (231, 211.0),
    ];
    assert_eq!(changed, expected);
    let marked: Vec<usize> = (0..300).filter(|&x| bad[x]).collect();
    assert_eq!(marked, [88, 89, 90, 130, 131, 150, 151, 170, 171, 230, 231]);
}

#[test]
fn tables_must_name_pixels_that_exist() {
    let layout = Interleaving::new(300, 16, 4).unwrap();
    let row = BadPairs {
        output: 5,
        pair: 1,
        blocks: 1,
    };
    let error = plan_table(&[row], layout, &mut [false; 300]).unwrap_err();
    let message = "the table of bad reference pixels names output 5, pair 1, block 0";
    assert_eq!(error.to_string(), message);
}

#[test]
fn lines_must_consist_of_blocks() {
    for (length, normal, reference) in [
        (3201, 16, 4),
        (3200, 15, 4),
        (3200, 16, 0),
        (0, 16, 4),
        (3200, 16, 8),
    ] {
        assert!(Interleaving::new(length, normal, reference).is_err());
    }
    let error = Interleaving::new(2100, 16, 5).unwrap_err().to_string();
    assert!(error.contains("2100") && error.contains('5'), "{error}");
}

#[test]
fn reference_pixels_serve_twice() {
    // hs and ht of subtract_reference for 16 and 4: [9 11 9 11 10 12 10 12] at 7..15, then 22 further on.
    let samples = full().reference_samples();
    let first = [
        (7, 9),
        (8, 11),
        (9, 9),
        (10, 11),
        (11, 10),
        (12, 12),
        (13, 10),
        (14, 12),
    ];
    assert_eq!(samples[..8], first);
    assert_eq!((samples.len(), samples[8]), (256, (29, 31)));
    // With two reference pixels the pairs are exchanged.
    let two = Interleaving::new(5 * 36, 16, 2)
        .unwrap()
        .reference_samples();
    assert_eq!(two[..4], [(8, 10), (9, 9), (10, 10), (11, 9)]);
}

#[test]
fn images_must_have_room_for_the_filter() {
    let layout = Interleaving::new(300, 16, 4).unwrap();
    let options = Irs2Options::default();
    let n = Irs2Correction::frequencies(layout, 16, options);
    let none = || Weights(vec![Complex32::default(); n]);
    let weights = || OutputWeights {
        reference_output: none(),
        interleaved: none(),
    };
    let correction =
        |options| Irs2Correction::new(layout, 16, options, std::array::from_fn(|_| weights()));
    let error = correction(options).err().unwrap().to_string();
    assert_eq!(
        error,
        "16 lines of 74 samples in the order of time are too few"
    );
    let narrow = Irs2Options {
        taper: 220,
        ..options
    };
    assert!(correction(narrow).is_ok());
}

#[test]
fn slopes_between_the_edges_are_removed_and_gaps_stay() {
    let mut series: Vec<f32> = (0..40 * 5).map(|t| 3.0 + 0.25 * t as f32).collect();
    series[7] = 0.0;
    remove_slope(&mut series, 5);
    assert!(series.iter().all(|value| value.abs() < 1e-4), "{series:?}");
    assert!(series[7].abs() == 0.0);
}

#[test]
fn gaps_become_the_mean_around_them() {
    let mut series = vec![2.0_f32; 100];
    series[0] = 0.0;
    series[50] = 0.0;
    let mut filled = vec![0.0; 100];
    fill_gaps(&series, &mut filled);
    for value in &filled {
        assert_relative_eq!(*value, 2.0, max_relative = 1e-6);
    }
    // Nothing is near: all stay 0.
    fill_gaps(&[0.0; 100], &mut filled);
    assert!(filled.iter().all(|&v| v == 0.0));
}

#[test]
fn filters_pass_low_and_the_highest_frequencies() {
    // [1, cos, 0, cos, 1] as fill_bad_regions makes it, and 1 for the highest frequency.
    let filter = low_pass(10, 2, 2).unwrap();
    assert_eq!(
        filter,
        [1.0, 1.0, 1.0, 0.5, 0.0, 0.0, 0.5, 1.0, 1.0, 1.0, 1.0]
    );
    assert_eq!(low_pass(7, 2, 2), None);
}

proptest! {
    #[test]
    fn series_return_from_their_spectra(half in 1_usize..60, seed in 0_u64..1000) {
        let fft = RealFft::new(half);
        let series: Vec<f32> = (0..2 * half as u64).map(|k| noise(k + seed) - 0.5).collect();
        let mut spectrum = vec![Complex32::default(); fft.spectrum_len()];
        let mut scratch = vec![Complex32::default(); fft.scratch_len()];
        fft.forward(&series, &mut spectrum, &mut scratch);
        let sum: f32 = series.iter().sum();
        prop_assert!((spectrum[0].re - sum).abs() < 1e-4);
        for (k, value) in spectrum.iter().enumerate() {
            let step = -std::f64::consts::PI * k as f64 / half as f64;
            let direct = series.iter().enumerate().fold((0.0, 0.0), |(re, im), (t, &v)| {
                let (sin, cos) = (step * t as f64).sin_cos();
                (re + f64::from(v) * cos, im + f64::from(v) * sin)
            });
            prop_assert!((f64::from(value.re) - direct.0).abs() < 1e-4);
            prop_assert!((f64::from(value.im) - direct.1).abs() < 1e-4);
        }
        let mut back = vec![0.0; 2 * half];
        fft.inverse(&mut spectrum, &mut back, &mut scratch);
        for (a, b) in series.iter().zip(back) {
            prop_assert!((a - b).abs() < 1e-5);
        }
    }

    #[test]
    fn nothing_is_subtracted_without_weights_but_a_line(lines in 8_usize..20, seed in 0_u64..100) {
        let layout = Interleaving::new(300, 16, 4).unwrap();
        let options = Irs2Options { taper: 220, padding: 8, rounds: 1 };
        let n = Irs2Correction::frequencies(layout, lines, options);
        let zero = || Weights(vec![Complex32::default(); n]);
        let weights = std::array::from_fn(|_| OutputWeights { reference_output: zero(), interleaved: zero() });
        let correction = Irs2Correction::new(layout, lines, options, weights).unwrap();
        let mut work = correction.workspace();
        let mut image = Array2::from_shape_fn((lines, 60), |(y, x)| {
            if layout.is_interleaved(x) { 0.0 } else { 5.0 + noise((y * 60 + x) as u64 + seed) }
        });
        let before = image.clone();
        let mean = Array2::zeros((lines, 60));
        let mut reference = Array2::zeros((lines, 60));
        let spectrum = correction.reference_output(reference.view_mut(), mean.view(), false, &mut work).unwrap();
        correction.correct_output(2, image.view_mut(), mean.view(), (&spectrum, false), &mut work).unwrap();
        for ((place, a), b) in image.indexed_iter().zip(&before) {
            if layout.is_interleaved(place.1) {
                prop_assert_eq!(*a, *b);
            } else {
                prop_assert!(a.abs() < 1.5);
            }
        }
    }

    #[test]
    fn replacements_are_good_and_of_the_same_output(bits in proptest::collection::vec(any::<bool>(), 300)) {
        let layout = Interleaving::new(300, 16, 4).unwrap();
        for planned in plan_replacements(&bits, layout).unwrap() {
            let sources = match planned.by {
                Replacement::Mean(a, b) => vec![a, b],
                Replacement::Copy(a) => vec![a],
                Replacement::Nothing => vec![],
            };
            prop_assert!(bits[planned.position]);
            for source in sources {
                prop_assert!(!bits[source] && source / 60 == planned.position / 60);
            }
        }
    }
}
