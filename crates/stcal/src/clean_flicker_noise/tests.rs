//! Tests. Values named "reference" are from jwst 3.0.0 (photutils 3.0.0, scipy 1.17.1) on the same images.

use approx::assert_abs_diff_eq;
use ndarray::{Array2, Array3, array, s};
use proptest::prelude::*;

use super::fourier::{FrameFit, LowPass, Readout, SubarrayFit};
use super::scene::{SceneLimits, clip_by_lower_half, clip_scene, mask_scene};
use super::*;

/// Uniform numbers of a linear congruence, which the reference's side of a test can make, too.
struct Uniform(u32);

impl Uniform {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(self.0 >> 8) / f64::from(1 << 24)
    }

    /// Bell-shaped, with a standard deviation of 0.577.
    fn noise(&mut self) -> f64 {
        self.next() + self.next() + self.next() + self.next() - 2.0
    }
}

fn image(seed: u32, shape: (usize, usize), signal: impl Fn(usize, usize) -> f64) -> Array2<f32> {
    let mut random = Uniform(seed);
    Array2::from_shape_fn(shape, |(y, x)| (random.noise() + signal(y, x)) as f32)
}

/// True but for a share of the pixels.
fn mask(seed: u32, shape: (usize, usize), share: f64) -> Array2<bool> {
    let mut random = Uniform(seed);
    Array2::from_shape_fn(shape, |_| random.next() >= share)
}

fn striped(y: usize, x: usize) -> f64 {
    let _ = y;
    ((x * 37 % 19) as f64 - 9.0) / 8.0
}

fn assert_pixels(
    image: &Array2<f32>,
    places: [(usize, usize); 6],
    expected: [f64; 6],
    tolerance: f64,
) {
    for (place, expected) in places.into_iter().zip(expected) {
        assert_abs_diff_eq!(f64::from(image[place]), expected, epsilon = tolerance);
    }
}

#[test]
fn a_mesh_with_holes_is_that_of_the_reference() {
    let image = image(1, (80, 90), |y, x| (y * y + 3 * x) as f64 / 1024.0);
    let mut mask = mask(2, (80, 90), 0.04);
    mask.slice_mut(s![16..41, 20..47]).fill(false);
    mask.slice_mut(s![60..70, 70..88]).fill(false);
    let places = [(0, 0), (25, 30), (33, 40), (65, 80), (79, 89), (50, 12)];
    let found = |rows, columns| {
        let size = MeshSize::new(rows, columns).unwrap();
        match background_of(
            image.view(),
            mask.clone().view_mut(),
            Background::Mesh(size),
        ) {
            BackgroundImage::Image(image) => image,
            BackgroundImage::Level(level) => panic!("no mesh but the level {level}"),
        }
    };
    let expected = [
        0.209_471_046_924_591_06,
        0.574_041_426_181_793_2,
        1.402_696_847_915_649_4,
        3.029_898_881_912_231_4,
        3.099_180_459_976_196_3,
        2.517_530_441_284_179_7,
    ];
    assert_pixels(&found(8, 9), places, expected, 3e-7);
    let expected = [
        0.152_554_050_087_928_77,
        0.741_229_772_567_749,
        1.510_386_943_817_138_7,
        3.609_623_432_159_424,
        3.759_994_268_417_358_4,
        2.489_489_555_358_886_7,
    ];
    assert_pixels(&found(7, 13), places, expected, 4e-7);
}

#[test]
fn a_mesh_without_boxes_is_a_level() {
    let image = image(1, (8, 8), |_, _| 3.0);
    let mut mask = Array2::from_shape_fn((8, 8), |(y, x)| (y + x) % 2 == 0);
    let size = MeshSize::new(4, 4).unwrap();
    let found = background_of(image.view(), mask.view_mut(), Background::Mesh(size));
    assert!(
        matches!(found, BackgroundImage::Level(level) if (level - 3.0).abs() < 0.5),
        "{found:?}"
    );
    assert!(MeshSize::new(0, 4).is_err());
}

/// Number of background pixels, and the sum of their indices.
fn digest(mask: &Array2<bool>) -> (usize, usize) {
    let places = mask.iter().enumerate().filter(|(_, used)| **used);
    places.fold((0, 0), |(count, sum), (index, _)| (count + 1, sum + index))
}

#[test]
fn scene_masks_are_those_of_the_reference() {
    let signal = |y: usize, x: usize| {
        if (x * 7 + y * 3).is_multiple_of(11) {
            6.0
        } else {
            0.0
        }
    };
    let image = image(3, (60, 70), signal);
    let whole = Array2::from_elem((60, 70), true);
    let clipped = |clip: &dyn Fn(&mut Array2<bool>)| {
        let mut mask = whole.clone();
        clip(&mut mask);
        digest(&mask)
    };
    assert_eq!(
        clipped(&|m| clip_scene(image.view(), m.view_mut(), 2.0, false)),
        (3740, 7_839_126)
    );
    assert_eq!(
        clipped(&|m| clip_scene(image.view(), m.view_mut(), 2.0, true)),
        (3756, 7_872_424)
    );
    assert_eq!(
        clipped(&|m| clip_by_lower_half(image.view(), m.view_mut(), (3.0, 2.0))),
        (3736, 7_826_580)
    );
}

#[test]
fn a_scene_without_values_stays_as_it_is() {
    let image = Array2::from_elem((3, 3), f32::NAN);
    let mut mask = Array2::from_elem((3, 3), true);
    clip_scene(image.view(), mask.view_mut(), 2.0, true);
    clip_by_lower_half(image.view(), mask.view_mut(), (2.0, 2.0));
    assert!(mask.iter().all(|&used| used));
    mask_scene(
        image.view(),
        mask.view_mut(),
        Some(SceneLimits {
            n_sigma: 2.0,
            fit_histogram: true,
        }),
    );
    assert!(mask.iter().all(|&used| !used));
    let same = Array2::from_elem((3, 3), 2.0);
    let mut mask = Array2::from_elem((3, 3), true);
    clip_scene(same.view(), mask.view_mut(), 2.0, true);
    assert!(mask.iter().all(|&used| used), "equal values are no sources");
}

#[test]
fn full_frames_are_fitted_as_in_the_reference() {
    let (data, mask) = (image(5, (512, 512), striped), mask(6, (512, 512), 0.2));
    let noise = |readout| {
        let mut cleaned = data.clone();
        FrameFit { readout }.subtract(cleaned.view_mut(), mask.view());
        &data - &cleaned
    };
    let places = [
        (0, 0),
        (10, 10),
        (100, 300),
        (511, 200),
        (300, 508),
        (256, 256),
    ];
    let expected = [
        -0.001_968_860_626_220_703,
        0.144_749_402_999_877_93,
        -0.472_039_669_752_120_97,
        0.107_960_820_198_059_08,
        -0.174_409_031_867_980_96,
        0.273_889_005_184_173_6,
    ];
    assert_pixels(&noise(Readout::Columns), places, expected, 1e-6);
    let expected = [
        0.033_696_055_412_292_48,
        -0.139_157_116_413_116_46,
        -0.699_038_505_554_199_2,
        -0.147_231_817_245_483_4,
        -0.050_131_201_744_079_59,
        0.029_300_736_263_394_356,
    ];
    assert_pixels(&noise(Readout::ColumnsReversed), places, expected, 1e-6);
}

#[test]
fn subarrays_are_fitted_as_in_the_reference() {
    let (data, mut mask) = (image(7, (40, 160), striped), mask(8, (40, 160), 0.3));
    mask.slice_mut(s![.., ..6]).fill(false);
    mask.slice_mut(s![10..14, ..]).fill(false);
    let noise = |readout, start, end| {
        let low_pass = LowPass([start, end, 49943.0, 49957.0]);
        let mut cleaned = data.clone();
        SubarrayFit { readout, low_pass }
            .subtract(cleaned.view_mut(), mask.view())
            .unwrap();
        &data - &cleaned
    };
    let places = [(0, 0), (10, 10), (39, 159), (20, 80), (5, 100), (30, 7)];
    let expected = [
        0.0,
        -0.029_053_908,
        0.515_846_610,
        0.544_422_635,
        0.852_575_200,
        0.227_725_893,
    ];
    assert_pixels(
        &noise(Readout::Columns, 1061.0, 1211.0),
        places,
        expected,
        3e-6,
    );
    let expected = [
        0.0,
        0.072_253_250,
        0.654_842_377,
        0.747_237_921,
        0.675_029_146,
        0.355_767_310,
    ];
    assert_pixels(
        &noise(Readout::Columns, 150.0, 200.0),
        places,
        expected,
        3e-6,
    );
    let expected = [
        0.0,
        -0.030_416_815,
        0.568_207_026,
        0.590_530_066,
        0.900_653_387,
        0.416_645_467,
    ];
    assert_pixels(
        &noise(Readout::ColumnsReversed, 1061.0, 1211.0),
        places,
        expected,
        3e-6,
    );
    let expected = [
        0.0,
        0.087_558_530,
        0.726_830_840,
        0.740_775_916,
        0.674_283_525,
        0.343_118_519,
    ];
    assert_pixels(
        &noise(Readout::ColumnsReversed, 150.0, 200.0),
        places,
        expected,
        3e-6,
    );
}

#[test]
fn a_subarray_without_background_is_an_error() {
    let fit = SubarrayFit {
        readout: Readout::Columns,
        low_pass: LowPass([1061.0, 1211.0, 49943.0, 49957.0]),
    };
    let mut data = image(7, (10, 10), striped);
    let before = data.clone();
    let empty = Array2::from_elem((10, 10), false);
    assert_eq!(
        fit.subtract(data.view_mut(), empty.view()),
        Err(CleanError::NoBackground)
    );
    assert_eq!(data, before);
}

#[test]
fn amplifiers_have_levels_of_their_own() {
    let mut image = array![[1.0_f32, 1.0, 5.0, 5.0], [2.0, 2.0, 8.0, 8.0]];
    let mask = Array2::from_elem((2, 4), true);
    let lines = LineMedians {
        across: Across::Rows,
        channels: 2,
    };
    lines.subtract(image.view_mut(), mask.view());
    assert_eq!(image, Array2::<f32>::zeros((2, 4)));
    let mut image = array![[1.0_f32, 4.0, 7.0], [3.0, 4.0, 9.0]];
    let mask = array![[true, false, true], [true, false, true]];
    let lines = LineMedians {
        across: Across::Columns,
        channels: 1,
    };
    lines.subtract(image.view_mut(), mask.view());
    assert_eq!(image, array![[-1.0, 4.0, -1.0], [1.0, 4.0, 1.0]]);
}

#[test]
fn a_flat_field_and_unknown_pixels_come_back() {
    let flat = array![[2.0_f32, 1.0, 1.0], [1.0, 2.0, 1.0], [1.0, 1.0, 2.0]];
    let sky = array![[8.0_f32, 8.0, 8.0], [10.0, 10.0, 10.0], [12.0, 12.0, 12.0]];
    let mut image = &sky * &flat;
    image[(2, 0)] = f32::NAN;
    let cleaner = Cleaner {
        background: Background::Level,
        n_sigma: 0.0,
        fit: NoiseFit::Lines(LineMedians {
            across: Across::Rows,
            channels: 1,
        }),
        flat: Some(flat.view()),
    };
    let mut mask = Array2::from_elem((3, 3), true);
    let done = cleaner.clean(image.view_mut(), mask.view_mut()).unwrap();
    assert_eq!(done, Cleaned::Done(BackgroundImage::Level(10.0)));
    let known = s![.., 1..];
    assert_eq!(image.slice(known), (&flat * 10.0).slice(known));
    assert_eq!((image[(0, 0)], image[(1, 0)]), (20.0, 10.0));
    assert!(image[(2, 0)].is_nan());
    let mut none = Array2::from_elem((3, 3), false);
    assert_eq!(
        cleaner.clean(image.view_mut(), none.view_mut()),
        Ok(Cleaned::NoData)
    );
    let mut wrong = Array2::from_elem((2, 3), true);
    let error = cleaner
        .clean(image.view_mut(), wrong.view_mut())
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "mask: expected shape [3, 3], found [2, 3]"
    );
}

#[test]
fn flagged_samples_are_left_out() {
    let mut mask = array![[true, true], [false, true]];
    mask_flagged(mask.view_mut(), array![[1_u8, 2], [0, 4]].view(), 5);
    assert_eq!(mask, array![[false, true], [false, false]]);
}

#[test]
fn the_median_image_leaves_nan_out() {
    let images =
        Array3::from_shape_vec((3, 1, 2), vec![1.0, f32::NAN, 5.0, 2.0, 3.0, 4.0]).unwrap();
    let mut median = Array2::zeros((1, 2));
    median_across_integrations(images.view(), median.view_mut());
    assert_eq!(median, array![[3.0, 3.0]]);
    assert_eq!(
        flux_scale(Array3::from_elem((2, 2, 2), f32::NAN).view()),
        None
    );
}

proptest! {
    #[test]
    fn sorted_values_clip_as_a_search_does(values in prop::collection::vec(-100.0_f32..100.0, 1..200)) {
        let sorted = SortedValues::new(values.iter().copied());
        let stats = sorted.clipped(1.5);
        let mut kept: Vec<f64> = values.iter().map(|&v| f64::from(v)).collect();
        kept.sort_by(f64::total_cmp);
        let middle = |kept: &[f64]| f64::midpoint(kept[(kept.len() - 1) / 2], kept[kept.len() / 2]);
        let moments = |kept: &[f64]| {
            let n = kept.len() as f64;
            let mean = kept.iter().sum::<f64>() / n;
            (mean, (kept.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt())
        };
        for _ in 0..5 {
            let (centre, width) = (middle(&kept), 1.5 * moments(&kept).1);
            kept.retain(|&v| v >= centre - width - 1e-9 && v <= centre + width + 1e-9);
        }
        prop_assert!((stats.mean - moments(&kept).0).abs() < 1e-6);
        prop_assert!((stats.median - middle(&kept)).abs() < 1e-9);
    }

    #[test]
    fn long_lists_are_sorted(seed in any::<u32>(), length in 4000_usize..9000) {
        let mut random = Uniform(seed);
        let values: Vec<f32> = (0..length).map(|_| (random.noise() * 1e3) as f32).collect();
        let mut expected = values.clone();
        expected.sort_by(f32::total_cmp);
        let sorted = SortedValues::new(values.into_iter());
        prop_assert_eq!(sorted.as_slice(), expected.as_slice());
    }

    #[test]
    fn noise_does_not_depend_on_the_level(level in -50_i8..50) {
        // Powers of two and small integers are exact, so equality is.
        let base = Array2::from_shape_fn((6, 8), |(y, x)| f32::from((y * 5 + x * 3) as u8 % 7));
        let mask = Array2::from_elem((6, 8), true);
        for across in [Across::Rows, Across::Columns] {
            let lines = LineMedians { across, channels: 1 };
            let (mut low, mut high) = (base.clone(), &base + f32::from(level));
            lines.subtract(low.view_mut(), mask.view());
            lines.subtract(high.view_mut(), mask.view());
            prop_assert_eq!(low, high);
        }
    }
}
