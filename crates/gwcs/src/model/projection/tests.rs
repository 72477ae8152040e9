use proptest::prelude::*;

use super::{Model, Projection};

const ALL: [Projection; 26] = [
    Projection::Gnomonic,
    Projection::Stereographic,
    Projection::SlantOrthographic { xi: 0.1, eta: -0.2 },
    Projection::ZenithalEquidistant,
    Projection::ZenithalEqualArea,
    Projection::CylindricalPerspective {
        mu: 1.5,
        lambda: 0.8,
    },
    Projection::CylindricalEqualArea { lambda: 0.7 },
    Projection::PlateCarree,
    Projection::Mercator,
    Projection::SansonFlamsteed,
    Projection::Parabolic,
    Projection::Mollweide,
    Projection::HammerAitoff,
    Projection::ZenithalPerspective {
        mu: 2.0,
        gamma: 20.0,
    },
    Projection::ZenithalPerspective {
        mu: 0.3,
        gamma: -20.0,
    },
    Projection::SlantZenithalPerspective {
        mu: 2.0,
        phi0: 100.0,
        theta0: 60.0,
    },
    Projection::Airy { theta_b: 45.0 },
    Projection::ConicPerspective {
        sigma: 45.0,
        delta: 25.0,
    },
    Projection::ConicEqualArea {
        sigma: 45.0,
        delta: 25.0,
    },
    Projection::ConicEquidistant {
        sigma: 45.0,
        delta: 25.0,
    },
    Projection::ConicOrthomorphic {
        sigma: 45.0,
        delta: 0.0,
    },
    Projection::BonneEqualArea { theta1: 45.0 },
    Projection::Polyconic,
    Projection::TangentialSphericalCube,
    Projection::QuadSphericalCube,
    Projection::HealpixPolar,
];

fn run(model: &dyn Model, [a, b]: [f64; 2]) -> [f64; 2] {
    let (mut x, mut y) = ([0.0], [0.0]);
    model.evaluate(&[&[a], &[b]], &mut [&mut x, &mut y]);
    [x[0], y[0]]
}

proptest! {
    #[test]
    fn back_from_the_plane(phi in -179.0..179.0_f64, theta in 40.0..89.9_f64) {
        for projection in ALL {
            let plane = run(&projection.sky_to_pixel(), [phi, theta]);
            let [lon, lat] = run(&projection.pixel_to_sky(), plane);
            prop_assert!((lat - theta).abs() < 1e-8, "{projection:?} {lat} {theta}");
            let off = (lon - phi).abs() * theta.to_radians().cos();
            prop_assert!(off < 1e-8 || (off - 360.0 * theta.to_radians().cos()).abs() < 1e-8, "{projection:?} {lon} {phi}");
        }
    }
}

#[test]
fn known_points() {
    // FITS paper II: R = (180/π) cot θ for TAN, 90 - θ for ARC.
    let [x, y] = run(&Projection::Gnomonic.sky_to_pixel(), [90.0, 45.0]);
    assert!((x - 180.0 / std::f64::consts::PI).abs() < 1e-12 && y.abs() < 1e-12);
    let [x, y] = run(&Projection::ZenithalEquidistant.sky_to_pixel(), [0.0, 60.0]);
    assert!(x.abs() < 1e-12 && (y + 30.0).abs() < 1e-12);
    assert!(run(&Projection::Gnomonic.sky_to_pixel(), [0.0, -1.0])[0].is_nan());
}

#[test]
fn points_of_the_reference() {
    // astropy 7.2, Sky2Pix_*(parameters)(30, 50).
    for (projection, expected) in [
        (
            Projection::ZenithalPerspective {
                mu: 2.0,
                gamma: 30.0,
            },
            [17.892_997_786_748_69, -35.785_995_573_497_39],
        ),
        (
            Projection::SlantZenithalPerspective {
                mu: 2.0,
                phi0: 180.0,
                theta0: 60.0,
            },
            [20.139_093_183_438_16, -29.515_977_891_487_56],
        ),
        (
            Projection::Airy { theta_b: 45.0 },
            [19.415_055_477_181_877, -33.627_862_518_247_43],
        ),
        (
            Projection::ConicPerspective {
                sigma: 45.0,
                delta: 25.0,
            },
            [17.145_591_689_897_44, 7.753_832_345_752_862],
        ),
        (
            Projection::ConicEqualArea {
                sigma: 45.0,
                delta: 25.0,
            },
            [17.154_937_476_892_066, 8.409_888_036_725_633],
        ),
        (
            Projection::ConicEquidistant {
                sigma: 45.0,
                delta: 25.0,
            },
            [17.061_439_032_168_003, 8.092_355_839_029_672],
        ),
        (
            Projection::ConicOrthomorphic {
                sigma: 45.0,
                delta: 25.0,
            },
            [17.026_937_631_371_524, 7.828_522_036_315_341],
        ),
        (
            Projection::BonneEqualArea { theta1: 45.0 },
            [18.849_589_357_721_36, 53.515_234_867_432_88],
        ),
        (
            Projection::Polyconic,
            [18.770_709_603_181_814, 53.815_759_862_698_46],
        ),
        (
            Projection::TangentialSphericalCube,
            [18.879_741_701_488_797, 57.299_328_139_244_5],
        ),
        (
            Projection::QuadSphericalCube,
            [22.951_904_980_214_945, 52.961_637_818_571_41],
        ),
        (
            Projection::Healpix { h: 4.0, k: 3.0 },
            [32.433_377_506_478_13, 52.300_132_519_434_385],
        ),
        (
            Projection::HealpixPolar,
            [17.771_887_963_561_433, -35.543_775_927_122_86],
        ),
    ] {
        let found = run(&projection.sky_to_pixel(), [30.0, 50.0]);
        let back = run(&projection.pixel_to_sky(), found);
        for k in 0..2 {
            assert!(
                (found[k] - expected[k]).abs() < 1e-11,
                "{projection:?} {found:?}"
            );
            let rough = matches!(projection, Projection::CobeQuadSphericalCube);
            assert!(
                (back[k] - [30.0, 50.0][k]).abs() < if rough { 0.02 } else { 1e-9 },
                "{projection:?} {back:?}"
            );
        }
    }
}

#[test]
fn beyond_the_edge_there_is_nothing() {
    assert!(run(&Projection::PlateCarree.pixel_to_sky(), [181.0, 0.0])[0].is_nan());
    assert!(run(&Projection::Mollweide.pixel_to_sky(), [170.0, 60.0])[1].is_nan());
    assert!(
        run(
            &Projection::ZenithalEquidistant.pixel_to_sky(),
            [0.0, 181.0]
        )[0]
        .is_nan()
    );
    assert!(
        run(
            &Projection::Healpix { h: 4.0, k: 3.0 }.pixel_to_sky(),
            [0.0, 89.0]
        )[0]
        .is_nan()
    );
}
