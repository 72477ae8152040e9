//! Values of drizzle 2.2.0, and what must hold for any exposure.

use approx::assert_relative_eq;
use ndarray::{Array2, array};
use proptest::prelude::*;

use crate::{
    BlotSettings, DrizzleError, Exposure, Interpolation, Kernel, Layer, Mosaic, PixelMap, Plan,
    Section, Settings, Tally, Units, blot,
};

const KERNELS: [Kernel; 6] = [
    Kernel::Square,
    Kernel::Point,
    Kernel::Turbo,
    Kernel::Gaussian,
    Kernel::Lanczos2,
    Kernel::Lanczos3,
];

/// An exposure with its map.
#[derive(Debug)]
struct Frame {
    data: Array2<f32>,
    weight: Array2<f32>,
    dq: Array2<u32>,
    variance: Array2<f32>,
    x: Array2<f64>,
    y: Array2<f64>,
}

impl Frame {
    /// The exposure for which the values below were made: 4 x 5 pixels, one of them without weight.
    fn small(factor: f32, shift: f64) -> Self {
        let shape = (4, 5);
        let data = Array2::from_shape_fn(shape, |(y, x)| ((x * 3 + y * 7) % 11) as f32);
        let mut weight = Array2::from_shape_fn(shape, |(y, x)| (1 + (x + 2 * y) % 3) as f32);
        weight[[1, 2]] = 0.0;
        Self {
            variance: &data + 1.0,
            data: data * factor,
            weight,
            dq: Array2::from_shape_fn(shape, |(y, x)| 1 << (x + y)),
            x: Array2::from_shape_fn(shape, |(y, x)| {
                0.8 * x as f64 - 0.15 * y as f64 + 1.3 + shift
            }),
            y: Array2::from_shape_fn(shape, |(y, x)| {
                0.1 * x as f64 + 0.9 * y as f64 + 0.4 + shift
            }),
        }
    }

    fn map(&self) -> PixelMap<'_> {
        PixelMap::new(self.x.view(), self.y.view()).expect("the planes fit")
    }

    fn exposure(&self) -> Exposure<'_> {
        Exposure::new(self.data.view()).with_weight(self.weight.view())
    }
}

/// Two small exposures in an output of 5 x 6 pixels; the second one is shifted and has an unmapped corner.
fn two_exposures(kernel: Kernel) -> (Mosaic, [Tally; 2]) {
    let settings = Settings {
        kernel,
        pixfrac: 0.8,
        pixel_scale_ratio: Some(0.85),
        ..Settings::default()
    };
    let mut mosaic = Mosaic::new((5, 6));
    let mut frames = [Frame::small(1.0, 0.0), Frame::small(2.0, 0.25)];
    frames[1].x[[0, 0]] = f64::NAN;
    let tallies = frames
        .each_ref()
        .map(|frame| mosaic.add(&frame.exposure(), &frame.map(), &settings));
    (mosaic, tallies.map(|tally| tally.expect("the frame fits")))
}

/// What both exposures give to row 2, and how many pixels of each missed.
struct Expected {
    mean: [f32; 6],
    weight: [f32; 6],
    context: [i32; 6],
    missed: [i64; 2],
}

// drizzle.resample.Drizzle(kernel, out_shape=(5, 6)).add_image(..., pixfrac=0.8, pixel_scale_ratio=0.85), row 2 of out_img,
// out_wht and out_ctx, and the numbers of missed pixels; a line for each of KERNELS.
#[expect(clippy::excessive_precision, reason = "as the reference prints them")]
const OF_REFERENCE: [Expected; 6] = [
    Expected {
        mean: [
            0.0,
            4.637_451,
            8.291_453,
            6.409_659_4,
            7.567_023,
            13.145_715,
        ],
        weight: [
            0.0,
            3.547_273_6,
            4.288_681_5,
            2.387_591_4,
            6.464_316_4,
            0.951_025_7,
        ],
        context: [0, 3, 3, 3, 3, 3],
        missed: [-4, 0],
    },
    Expected {
        mean: [0.0, 8.571_428, 9.5, 9.0, 7.571_429, 16.0],
        weight: [0.0, 7.0, 4.0, 1.0, 7.0, 1.0],
        context: [0, 3, 3, 1, 3, 2],
        missed: [-4, -3],
    },
    Expected {
        mean: [
            0.0,
            6.845_514,
            10.449_032,
            7.370_908_7,
            7.288_476,
            10.937_354,
        ],
        weight: [
            0.0,
            4.638_496,
            5.291_894_4,
            2.866_113_2,
            5.895_322,
            1.255_048_9,
        ],
        context: [0, 3, 3, 3, 3, 3],
        missed: [-4, -3],
    },
    Expected {
        mean: [
            4.194_838_5,
            6.767_599_6,
            10.134_986,
            7.440_728_7,
            7.639_957,
            11.074_003,
        ],
        weight: [
            0.101_044_536,
            4.588_062,
            5.165_890_7,
            2.612_458_7,
            5.878_732,
            1.194_033_5,
        ],
        context: [3, 3, 3, 3, 3, 3],
        missed: [-4, -3],
    },
    Expected {
        mean: [
            22.246_067,
            7.392_400_3,
            11.130_022,
            7.357_960_7,
            6.942_546_4,
            10.265_823,
        ],
        weight: [
            -0.149_004_6,
            7.084_027,
            7.316_241,
            4.152_619,
            8.907_146,
            2.083_745_5,
        ],
        context: [3, 3, 3, 3, 3, 3],
        missed: [-4, -3],
    },
    Expected {
        mean: [
            14.688_294,
            7.420_420_6,
            11.732_327,
            7.199_000_4,
            6.828_856,
            11.035_978,
        ],
        weight: [
            -0.498_128_6,
            7.637_485_5,
            7.047_746,
            3.636_912_1,
            9.152_559,
            2.167_826_2,
        ],
        context: [3, 3, 3, 3, 3, 3],
        missed: [-4, -3],
    },
];

#[test]
fn kernels_give_the_values_of_the_reference() {
    for (kernel, expected) in KERNELS.into_iter().zip(OF_REFERENCE) {
        let Expected {
            mean,
            weight,
            context,
            missed,
        } = expected;
        let (mosaic, tallies) = two_exposures(kernel);
        for column in 0..6 {
            let at = [2, column];
            assert_relative_eq!(mosaic.mean[at], mean[column], max_relative = 1e-6);
            assert_relative_eq!(mosaic.weight[at], weight[column], max_relative = 1e-6);
            assert_eq!(
                mosaic.context[0][at], context[column],
                "{kernel:?} {column}"
            );
        }
        if kernel == Kernel::Square {
            assert_eq!(tallies.map(|tally| tally.missed), [-4, 0]);
        } else {
            assert_eq!(tallies.map(|tally| tally.missed), missed, "{kernel:?}");
        }
        assert_eq!(tallies.map(|tally| tally.skipped), [0, 0]);
    }
}

// The same with data2=variance, dq and iscale=0.5: row 2 of out_img2 and out_dq.
#[test]
fn squared_weights_and_quality_are_those_of_the_reference() {
    let settings = Settings {
        pixfrac: 0.8,
        intensity_scale: 0.5,
        ..Settings::default()
    };
    let mut mosaic = Mosaic::new((5, 6)).with_squared(1).with_dq();
    for frame in [Frame::small(1.0, 0.0), Frame::small(2.0, 0.25)] {
        let mut exposure = frame.exposure().with_dq(frame.dq.view());
        exposure.squared.push(Some(frame.variance.view()));
        mosaic
            .add(&exposure, &frame.map(), &settings)
            .expect("the frame fits");
    }
    let variance = [
        0.0,
        0.356_354_27,
        0.467_241_8,
        0.335_707_8,
        0.381_629_56,
        1.184_327_6,
    ];
    for (column, expected) in variance.into_iter().enumerate() {
        assert_relative_eq!(
            mosaic.squared[0][[2, column]],
            expected,
            max_relative = 1e-6
        );
    }
    let dq = mosaic.dq.expect("asked for");
    assert_eq!(dq.row(2).to_vec(), [0, 14, 30, 52, 112, 96]);
}

// drizzle.resample.blot_image(interp=..., fillval=-1).
#[test]
fn interpolations_give_the_values_of_the_reference() {
    let image = Array2::from_shape_fn((7, 7), |(y, x)| ((x * 5 + y * 3) % 7) as f32);
    let (x, y) = (
        array![[0.2, 2.7, 5.4, 3.0, 7.5]],
        array![[0.3, 2.6, 1.4, 2.0, 1.0]],
    );
    for (interpolation, expected) in [
        (Interpolation::Nearest, [0.0, 3.0, 0.0, 0.0, -1.0]),
        (
            Interpolation::Linear,
            [1.48, 2.399_999_6, 2.080_000_2, 0.0, -1.0],
        ),
        (
            Interpolation::Poly3,
            [1.475_324_2, 2.145_731_4, 1.507_456_3, 0.0, -1.0],
        ),
        (
            Interpolation::Poly5,
            [1.369_562_7, 2.020_305_9, 1.200_975_4, 0.0, -1.0],
        ),
        (
            Interpolation::Lanczos3,
            [1.152_774_8, 1.885_853_5, 1.410_417_9, 0.005_791_343, -1.0],
        ),
        (
            Interpolation::Lanczos5,
            [
                0.851_678_13,
                1.804_279_4,
                0.944_286_1,
                0.002_211_971_2,
                -1.0,
            ],
        ),
    ] {
        let settings = BlotSettings {
            interpolation,
            fill: -1.0,
            ..BlotSettings::default()
        };
        let mut output = Array2::zeros((1, 5));
        let map = PixelMap::new(x.view(), y.view()).expect("the planes fit");
        let outside = blot(image.view(), &map, &settings, output.view_mut()).expect("fits");
        assert_eq!(outside, 1);
        for (found, expected) in output.iter().zip(expected) {
            assert_relative_eq!(*found, expected, max_relative = 2e-6, epsilon = 1e-7);
        }
    }
}

#[test]
fn a_sinc_keeps_a_constant_and_pixel_values() {
    let flat = Array2::from_elem((20, 20), 3.0_f32);
    let (x, y) = (array![[9.3, 10.0, 4.8]], array![[8.1, 11.0, 12.5]]);
    let map = PixelMap::new(x.view(), y.view()).expect("the planes fit");
    let settings = BlotSettings {
        interpolation: Interpolation::Sinc,
        ..BlotSettings::default()
    };
    let mut output = Array2::zeros((1, 3));
    blot(flat.view(), &map, &settings, output.view_mut()).expect("fits");
    for value in &output {
        assert_relative_eq!(*value, 3.0, max_relative = 1e-5);
    }
}

#[test]
fn counts_are_divided_by_the_exposure_time() {
    let frame = Frame::small(1.0, 0.0);
    let rates = frame.data.mapv(|counts| counts / 8.0);
    let mut of_counts = Mosaic::new((5, 6));
    let units = Units::Counts { exposure_time: 8.0 };
    let settings = Settings {
        units,
        ..Settings::default()
    };
    of_counts
        .add(&frame.exposure(), &frame.map(), &settings)
        .expect("fits");
    let mut of_rates = Mosaic::new((5, 6));
    let exposure = Exposure::new(rates.view()).with_weight(frame.weight.view());
    of_rates
        .add(&exposure, &frame.map(), &Settings::default())
        .expect("fits");
    assert_eq!(of_counts.mean, of_rates.mean);
}

#[test]
fn a_second_plane_of_the_context_starts_with_the_33rd_exposure() {
    let frame = Frame::small(1.0, 0.0);
    let mut mosaic = Mosaic::new((5, 6));
    for _ in 0..34 {
        mosaic
            .add(&frame.exposure(), &frame.map(), &Settings::default())
            .expect("fits");
    }
    assert_eq!(mosaic.context.len(), 2);
    assert_eq!(mosaic.context[0][[2, 2]], -1);
    assert_eq!(mosaic.context[1][[2, 2]], 3);
}

#[test]
fn what_the_arrays_of_a_mosaic_held_before_counts_for_nothing() {
    let frame = Frame::small(1.0, 0.25);
    let settings = Settings::default();
    let old = || Array2::from_elem((9, 9), f32::NAN);
    let mut again = Mosaic::new((9, 9)).within(old(), old());
    let mut new = Mosaic::new((9, 9));
    for mosaic in [&mut again, &mut new] {
        mosaic
            .add(&frame.exposure(), &frame.map(), &settings)
            .expect("fits");
    }
    assert!(new.weight.sum() > 0.0);
    assert_eq!((again.mean, again.weight), (new.mean, new.weight));
}

#[test]
fn images_apart_do_not_see_earlier_exposures() {
    let frames = [Frame::small(1.0, 0.0), Frame::small(2.0, 0.25)];
    let mut alone = Mosaic::new((5, 6));
    alone
        .add(
            &frames[1].exposure(),
            &frames[1].map(),
            &Settings::default(),
        )
        .expect("fits");

    let mut mosaic = Mosaic::new((5, 6));
    mosaic
        .add(
            &frames[0].exposure(),
            &frames[0].map(),
            &Settings::default(),
        )
        .expect("fits");
    let mut exposure = frames[1].exposure();
    exposure.separate.push(frames[1].data.view().into());
    let map = frames[1].map();
    let plan = Plan::new(&map, (5, 6), &Settings::default()).expect("fits");
    let (mut weight, mut mean) = (Array2::zeros((5, 6)), Array2::zeros((5, 6)));
    let mut bands = mosaic.next_bands(5);
    bands[0].separate = Some(crate::Images {
        weight: weight.view_mut(),
        means: vec![mean.view_mut()],
    });
    plan.drizzle(&exposure, &mut bands[0]).expect("fits");
    drop(bands);
    assert_eq!(mean, alone.mean);
    assert_eq!(weight, alone.weight);
}

#[test]
fn wrong_input_is_refused() {
    let frame = Frame::small(1.0, 0.0);
    let mut mosaic = Mosaic::new((5, 6));
    let other = Array2::zeros((4, 4));
    let refused = mosaic.add(
        &Exposure::new(other.view()),
        &frame.map(),
        &Settings::default(),
    );
    assert!(matches!(refused, Err(DrizzleError::Shape { .. })));

    let unmapped = Array2::from_elem((4, 5), f64::NAN);
    let map = PixelMap::new(unmapped.view(), unmapped.view()).expect("the planes fit");
    let refused = mosaic.add(&frame.exposure(), &map, &Settings::default());
    assert_eq!(refused, Err(DrizzleError::NoValidPixels));

    let settings = Settings {
        pixfrac: 1.5,
        ..Settings::default()
    };
    let refused = mosaic.add(&frame.exposure(), &frame.map(), &settings);
    assert!(matches!(refused, Err(DrizzleError::Setting { .. })));
    assert_eq!(mosaic.mean, Array2::<f32>::zeros((5, 6)));
}

#[test]
fn only_the_section_is_used() {
    let frame = Frame::small(1.0, 0.0);
    let settings = Settings {
        kernel: Kernel::Point,
        section: Some(Section {
            xmin: 1,
            xmax: 3,
            ymin: 0,
            ymax: 2,
        }),
        ..Settings::default()
    };
    let mut mosaic = Mosaic::new((5, 6));
    mosaic
        .add(&frame.exposure(), &frame.map(), &settings)
        .expect("fits");
    let inside = frame
        .weight
        .indexed_iter()
        .filter(|((row, column), _)| *row <= 2 && (1..=3).contains(column));
    let expected: f32 = inside.map(|(_, weight)| weight).sum();
    assert_eq!(mosaic.weight.sum(), expected);
}

/// Exposures of any orientation and scale, some with unmapped columns and NaN.
fn frames() -> impl Strategy<Value = Frame> {
    (
        (6..24_usize, 6..24_usize),
        (-3.2..3.2_f64, 0.5..2.0_f64),
        (5.0..20.0_f64, 5.0..20.0_f64),
        0..3_usize,
        proptest::collection::vec(-100.0..100.0_f32, 24 * 24),
    )
        .prop_map(|(shape, (angle, scale), (x0, y0), unmapped, values)| {
            let (sin, cos) = angle.sin_cos();
            let centred = |(row, column): (usize, usize)| {
                (
                    column as f64 - shape.1 as f64 / 2.0,
                    row as f64 - shape.0 as f64 / 2.0,
                )
            };
            let place = |at: (usize, usize)| {
                let (x, y) = centred(at);
                if at.1 < unmapped {
                    return (f64::NAN, f64::NAN);
                }
                (
                    x0 + scale * (cos * x - sin * y),
                    y0 + scale * (sin * x + cos * y),
                )
            };
            let value = |(row, column): (usize, usize)| values[row * 24 + column];
            Frame {
                data: Array2::from_shape_fn(shape, value),
                weight: Array2::from_shape_fn(shape, |at| value(at).abs() / 50.0),
                dq: Array2::from_shape_fn(shape, |at| value(at).abs() as u32),
                variance: Array2::from_shape_fn(shape, |at| value(at).abs()),
                x: Array2::from_shape_fn(shape, |at| place(at).0),
                y: Array2::from_shape_fn(shape, |at| place(at).1),
            }
        })
}

/// Exposures whose rows lie nearly along those of the output, with unmapped columns, NaN and pixels without weight.
fn aligned_frames() -> impl Strategy<Value = Frame> {
    (
        (-0.05..0.05_f64, 0.9..1.1_f64, -0.7..0.7_f64),
        (-3.0..3.0_f64, -3.0..3.0_f64),
        0..3_usize,
        proptest::collection::vec(-100.0..100.0_f32, 97),
    )
        .prop_map(|((angle, scale, skew), (x0, y0), unmapped, values)| {
            let place = |(row, column): (usize, usize)| {
                let (x, y) = (column as f64, row as f64);
                let unmapped = if column < unmapped { f64::NAN } else { 0.0 };
                let wave = 0.1 * skew * (0.3 * x).sin();
                (
                    x0 + scale * (x - angle * y) + unmapped,
                    y0 + scale * (y + angle * x) + wave,
                )
            };
            let value = |(row, column): (usize, usize)| values[(row * 7 + column) % values.len()];
            let shape = (8, 100);
            Frame {
                data: Array2::from_shape_fn(shape, value),
                weight: Array2::from_shape_fn(shape, |at| value(at).max(0.0)),
                dq: Array2::zeros(shape),
                variance: Array2::from_shape_fn(shape, |at| value(at).powi(2)),
                x: Array2::from_shape_fn(shape, |at| place(at).0),
                y: Array2::from_shape_fn(shape, |at| place(at).1),
            }
        })
}

/// Exposures drizzled one after the other, beyond the output at all its sides; pixel by pixel if there are means with squared
/// weights.
fn drizzled(frames: &[Frame], settings: &Settings, squared: usize) -> Mosaic {
    let mut mosaic = Mosaic::new((6, 90)).with_along(2).with_squared(squared);
    for frame in frames {
        let mut exposure = frame.exposure();
        exposure.along.push(Layer::Roots(frame.variance.view()));
        exposure
            .along
            .push(Layer::InverseRoots(frame.weight.view()));
        exposure.squared = vec![None; squared];
        let tally = mosaic.add(&exposure, &frame.map(), settings);
        assert!(tally.is_ok(), "{tally:?}");
    }
    mosaic
}

/// The output drizzled in bands.
fn in_bands(frame: &Frame, settings: &Settings, rows: usize) -> Option<(Mosaic, Tally)> {
    let mut mosaic = Mosaic::new((21, 23)).with_squared(1).with_dq();
    let map = frame.map();
    let plan = Plan::new(&map, (21, 23), settings).ok()?;
    let mut exposure = frame.exposure().with_dq(frame.dq.view());
    exposure.squared.push(Some(frame.variance.view()));
    let mut hits = Vec::new();
    // From the last band to the first: the order must not matter.
    for mut band in mosaic.next_bands(rows).into_iter().rev() {
        hits.push(plan.drizzle(&exposure, &mut band).expect("fits"));
    }
    let tally = plan.total(hits);
    Some((mosaic, tally))
}

proptest! {
    #[test]
    fn bands_have_the_same_bits_as_the_whole(
        frame in frames(),
        rows in 1..8_usize,
        kernel in 0..6_usize,
        pixfrac in 0.1..1.0_f64,
    ) {
        let settings = Settings { kernel: KERNELS[kernel], pixfrac, ..Settings::default() };
        let whole = in_bands(&frame, &settings, 21);
        let parts = in_bands(&frame, &settings, rows);
        prop_assert_eq!(whole.is_some(), parts.is_some());
        let (Some((whole, tally)), Some((parts, tally_of_parts))) = (whole, parts) else {
            return Ok(());
        };
        let bits = |image: &Array2<f32>| image.mapv(f32::to_bits);
        prop_assert_eq!(tally, tally_of_parts);
        prop_assert_eq!(bits(&whole.mean), bits(&parts.mean));
        prop_assert_eq!(bits(&whole.weight), bits(&parts.weight));
        prop_assert_eq!(bits(&whole.squared[0]), bits(&parts.squared[0]));
        prop_assert_eq!(&whole.context, &parts.context);
        prop_assert_eq!(&whole.dq, &parts.dq);
    }

    #[test]
    fn pixels_together_have_the_same_bits_as_pixel_by_pixel(
        frames in proptest::collection::vec(aligned_frames(), 1..3),
        pixfrac in 0.1..1.0_f64,
    ) {
        let settings = Settings { pixfrac, ..Settings::default() };
        let (together, single) = (drizzled(&frames, &settings, 0), drizzled(&frames, &settings, 1));
        let bits = |image: &Array2<f32>| image.mapv(f32::to_bits);
        prop_assert!(together.weight.sum() > 0.0);
        prop_assert_eq!(bits(&together.mean), bits(&single.mean));
        prop_assert_eq!(bits(&together.weight), bits(&single.weight));
        for (together, single) in together.along.iter().zip(&single.along) {
            prop_assert_eq!(bits(together), bits(single));
        }
        prop_assert_eq!(&together.context, &single.context);
    }

    // The sum of weighted data is that of the exposure if all of it lies inside of the output; kernels that do not
    // conserve flux keep the mean of a constant.
    #[test]
    fn flux_is_conserved(
        kernel in 0..6_usize,
        scale in 0.3..1.5_f64,
        angle in -3.2..3.2_f64,
        shift in -0.5..0.5_f64,
        values in proptest::collection::vec(1.0..100.0_f32, 100),
    ) {
        let kernel = KERNELS[kernel];
        let (sin, cos) = angle.sin_cos();
        let place = |row: usize, column: usize| {
            let (x, y) = (column as f64 - 4.5, row as f64 - 4.5);
            (20.0 + shift + scale * (cos * x - sin * y), 20.0 + scale * (sin * x + cos * y))
        };
        let data = Array2::from_shape_fn((10, 10), |(row, column)| values[row * 10 + column]);
        let x = Array2::from_shape_fn((10, 10), |(row, column)| place(row, column).0);
        let y = Array2::from_shape_fn((10, 10), |(row, column)| place(row, column).1);
        let map = PixelMap::new(x.view(), y.view()).expect("the planes fit");
        let settings = Settings { kernel, pixel_scale_ratio: Some(1.0 / scale as f32), ..Settings::default() };
        if kernel.conserves_flux() {
            let mut mosaic = Mosaic::new((40, 40));
            mosaic.add(&Exposure::new(data.view()), &map, &settings).expect("fits");
            let sum = |mean: &Array2<f32>, weight: &Array2<f32>| -> f64 {
                mean.iter().zip(weight).map(|(m, w)| f64::from(*m) * f64::from(*w)).sum()
            };
            let put_in: f64 = data.iter().map(|v| f64::from(*v)).sum();
            assert_relative_eq!(sum(&mosaic.mean, &mosaic.weight), put_in, max_relative = 1e-6);
            assert_relative_eq!(mosaic.weight.sum(), 100.0, max_relative = 1e-5);
        } else {
            let constant = Array2::from_elem((10, 10), 7.0_f32);
            let mut mosaic = Mosaic::new((40, 40));
            mosaic.add(&Exposure::new(constant.view()), &map, &settings).expect("fits");
            for (mean, weight) in mosaic.mean.iter().zip(&mosaic.weight) {
                if weight.abs() > 0.1 {
                    assert_relative_eq!(*mean, 7.0, max_relative = 1e-4);
                }
            }
        }
    }
}
