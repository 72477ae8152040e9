use proptest::prelude::*;

use super::*;

const IMAGE: [[f64; 2]; 6] = [
    [0.0, 0.0],
    [10.0, 1.0],
    [3.0, 12.0],
    [-7.0, 4.0],
    [5.0, -9.0],
    [8.0, 8.0],
];
const REFERENCE: [[f64; 2]; 6] = [
    [1.02, 2.01],
    [10.98, 3.51],
    [3.49, 14.02],
    [-6.17, 5.67],
    [6.41, -6.79],
    [8.62, 11.4],
];
const WEIGHTS: [f64; 6] = [1.0, 2.0, 0.5, 1.0, 0.0, 3.0];

fn clipping(iterations: usize, sigma: f64) -> Clipping {
    Clipping {
        iterations,
        sigma,
        statistic: Statistic::Rmse,
        accumulate: false,
    }
}

fn unweighted<'a>(reference: &'a [[f64; 2]], image: &'a [[f64; 2]]) -> MatchedPositions<'a> {
    MatchedPositions {
        reference,
        image,
        reference_weights: None,
        image_weights: None,
    }
}

#[track_caller]
fn assert_close(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!(
            (found - expected).abs() < 1e-13 * expected.abs().max(1.0),
            "{found} {expected}"
        );
    }
}

#[test]
fn weighted_fits_of_each_geometry() {
    // tweakwcs 0.9.3: iter_linear_fit(reference, image, weights, None, fitgeom=..., nclip=0); the shift about the origin.
    // The last number of rscale is by decimal arithmetic of 50 digits: the package's is 1e-12 less, as it takes the angle to
    // degrees and back.
    let cases = [
        (
            Geometry::Shift,
            [1.0, 0.0, 0.0, 1.0],
            [0.788_666_666_666_666_5, 2.654_666_666_666_666_5],
            [
                0.688_319_047_470_801_5,
                0.639_125_352_844_488_3,
                0.806_230_312_673_228_2,
                0.917_873_054_200_213,
            ],
        ),
        (
            Geometry::ShiftRotation,
            [
                0.997_441_755_790_900_2,
                -0.071_483_870_941_395_83,
                0.071_483_870_941_395_83,
                0.997_441_755_790_900_2,
            ],
            [1.144_921_567_458_745_2, 2.299_995_701_371_180_3],
            [
                0.472_742_468_663_252_37,
                0.449_403_320_183_853_76,
                0.553_724_773_017_349_5,
                0.608_775_575_258_411,
            ],
        ),
        (
            Geometry::ShiftRotationScale,
            [
                1.024_906_646_751_307,
                -0.073_452_203_136_669_2,
                0.073_452_203_136_669_2,
                1.024_906_646_751_307,
            ],
            [1.013_383_121_732_636_3, 2.158_060_119_492_158_3],
            [
                0.432_884_096_239_050_16,
                0.410_854_229_857_364_3,
                0.507_038_533_285_513_8,
                0.546_626_909_928_063_8,
            ],
        ),
        (
            Geometry::General,
            [
                0.999_489_600_765_001_2,
                -0.048_381_145_908_040_574,
                0.079_065_712_407_363_15,
                1.077_766_206_470_635_3,
            ],
            [1.023_516_216_431_588_5, 1.875_518_218_583_153_8],
            [
                0.341_649_195_485_737_1,
                0.261_832_740_305_150_64,
                0.400_174_800_789_174_94,
                0.281_247_442_342_073_6,
            ],
        ),
    ];
    for (geometry, matrix, shift, [rmse, mae, std, mad]) in cases {
        let positions = MatchedPositions {
            reference_weights: Some(&WEIGHTS),
            ..unweighted(&REFERENCE, &IMAGE)
        };
        let found = fit(&positions, geometry, &clipping(0, 3.0)).unwrap();
        assert_close(found.matrix.as_flattened(), &matrix);
        assert_close(&found.shift, &shift);
        let scatter = found.scatter;
        assert_close(
            &[scatter.rmse, scatter.mae, scatter.std, scatter.mad],
            &[rmse, mae, std, mad],
        );
        assert_eq!(found.used, [true, true, true, true, false, true]);
    }
}

#[test]
fn angles_and_scales_of_a_general_fit() {
    // tweakwcs 0.9.3: proper_rot, <rot>, scale and skew of the general fit above.
    let positions = MatchedPositions {
        image_weights: Some(&WEIGHTS),
        ..unweighted(&REFERENCE, &IMAGE)
    };
    let parts = fit(&positions, Geometry::General, &clipping(0, 3.0))
        .unwrap()
        .decomposition;
    assert_close(
        &[
            parts.proper_rotation_deg,
            parts.mean_rotation_deg,
            parts.scale[0],
            parts.scale[1],
            parts.skew_deg,
        ],
        &[
            -3.546_659_852_042_767_5,
            -3.546_659_852_042_767_5,
            1.002_612_013_151_580_6,
            1.078_851_579_731_651,
            1.952_732_263_930_589_3,
        ],
    );
    assert!(parts.proper);
}

#[test]
fn distant_matches_are_left_out() {
    // tweakwcs 0.9.3: iter_linear_fit(reference, image, fitgeom='rshift', nclip=3, sigma=(1.2, 'rmse')).
    let found = fit(
        &unweighted(&REFERENCE, &IMAGE),
        Geometry::ShiftRotation,
        &clipping(3, 1.2),
    )
    .unwrap();
    assert_eq!(found.clippings, 3);
    assert_eq!(found.used, [true, true, true, true, true, false]);
    assert_close(&[found.scatter.rmse], &[0.054_486_296_028_006_864]);
    assert_close(
        &found.matrix[0],
        &[0.998_958_637_768_861_3, -0.045_624_993_446_365_25],
    );
}

#[test]
fn too_few_positions_are_an_error() {
    for geometry in [Geometry::Shift, Geometry::ShiftRotation, Geometry::General] {
        let n = geometry.fewest();
        assert!(
            fit(
                &unweighted(&REFERENCE[..n], &IMAGE[..n]),
                geometry,
                &clipping(3, 3.0)
            )
            .is_ok()
        );
        let few = fit(
            &unweighted(&REFERENCE[..n - 1], &IMAGE[..n - 1]),
            geometry,
            &clipping(3, 3.0),
        );
        let error = few.unwrap_err();
        assert!(
            matches!(error, TweakregError::TooFewPositions { needed, found } if needed == n && found == n - 1)
        );
    }
    let unequal = fit(
        &unweighted(&REFERENCE, &IMAGE[..5]),
        Geometry::Shift,
        &clipping(0, 3.0),
    );
    assert!(matches!(
        unequal,
        Err(TweakregError::Lengths {
            expected: 6,
            found: 5
        })
    ));
}

#[test]
fn positions_on_a_line_do_not_give_a_matrix_but_two_give_a_rotation() {
    let line = [[0.0, 0.0], [1.0, 1.0], [2.0, 2.0], [3.0, 3.0]];
    let general = fit(
        &unweighted(&line, &line),
        Geometry::General,
        &clipping(0, 3.0),
    );
    assert!(matches!(general, Err(TweakregError::OnALine)));
    let image = [[1.0, 2.0], [4.3, -7.1]];
    let reference = image.map(|[x, y]: [f64; 2]| [0.5 - y, x]);
    let found = fit(
        &unweighted(&reference, &image),
        Geometry::ShiftRotation,
        &clipping(0, 3.0),
    )
    .unwrap();
    assert!(found.decomposition.proper);
    assert!((found.decomposition.proper_rotation_deg.abs() - 90.0).abs() < 1e-12);
}

#[test]
fn a_mirror_image_is_found() {
    let mirrored = IMAGE.map(|[x, y]| [x, -y]);
    let found = fit(
        &unweighted(&mirrored, &IMAGE),
        Geometry::ShiftRotation,
        &clipping(0, 3.0),
    )
    .unwrap();
    assert!(!found.decomposition.proper);
    assert_close(found.matrix.as_flattened(), &[1.0, 0.0, 0.0, -1.0]);
}

fn positions() -> impl Strategy<Value = Vec<[f64; 2]>> {
    prop::collection::vec(
        (-80.0..80.0_f64, -80.0..80.0_f64).prop_map(|(x, y)| [x, y]),
        6..40,
    )
}

proptest! {
    #[test]
    fn a_transform_is_recovered(image in positions(), angle in -3.0..3.0_f64, scale in 0.9..1.1_f64, skew in -0.1..0.1_f64, dx in -3.0..3.0_f64, dy in -3.0..3.0_f64) {
        let (sin, cos) = angle.sin_cos();
        for geometry in [Geometry::ShiftRotation, Geometry::ShiftRotationScale, Geometry::General] {
            let (scale, skew) = match geometry {
                Geometry::ShiftRotation => (1.0, 0.0),
                Geometry::ShiftRotationScale => (scale, 0.0),
                _ => (scale, skew),
            };
            let matrix = [[scale * cos, scale * sin + skew], [-scale * sin, scale * cos]];
            let reference: Vec<[f64; 2]> = image.iter().map(|p| {
                let at = solve::apply(&matrix, *p);
                [at[0] + dx, at[1] + dy]
            }).collect();
            let found = fit(&unweighted(&reference, &image), geometry, &clipping(0, 3.0)).unwrap();
            for (found, expected) in found.matrix.as_flattened().iter().zip(matrix.as_flattened()) {
                prop_assert!((found - expected).abs() < 1e-9, "{found} {expected}");
            }
            prop_assert!((found.shift[0] - dx).abs() < 1e-8 && (found.shift[1] - dy).abs() < 1e-8);
            prop_assert!(found.scatter.rmse < 1e-9);
        }
    }

    #[test]
    fn equal_weights_change_nothing(image in positions(), noise in positions(), weight in 0.1..9.0_f64) {
        let n = image.len().min(noise.len());
        let reference: Vec<[f64; 2]> = image.iter().zip(&noise).map(|(p, e)| [p[0] + 1e-3 * e[0], p[1] + 1e-3 * e[1]]).collect();
        let weights = vec![weight; n];
        let plain = unweighted(&reference[..n], &image[..n]);
        let weighted = MatchedPositions { image_weights: Some(&weights), ..plain };
        let a = fit(&plain, Geometry::ShiftRotation, &clipping(3, 2.0)).unwrap();
        let b = fit(&weighted, Geometry::ShiftRotation, &clipping(3, 2.0)).unwrap();
        prop_assert_eq!(&a.used, &b.used);
        prop_assert!((a.shift[0] - b.shift[0]).abs() < 1e-10);
    }
}
