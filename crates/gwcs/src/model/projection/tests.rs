use proptest::prelude::*;

use super::{Model, Projection};

const ALL: [Projection; 13] = [
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
