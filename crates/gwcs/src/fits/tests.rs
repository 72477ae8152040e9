use approx::assert_abs_diff_eq;

use super::*;
use crate::frame::{CoordinateFrame, Frame};
use crate::model::{Mapping, Polynomial2d, Shift};
use crate::{BoundingBox, Step, Wcs};

/// A tangential projection about (80°, -60°) with `x` and `y` as functions of the pixel \[deg\].
fn projected(x: Polynomial2d, y: Polynomial2d, high: f64) -> Wcs {
    let copy = Transform::from(Mapping::new(vec![0, 1, 0, 1], Some(2)).unwrap());
    let plane = copy.then(Transform::from(x).join(y.into())).unwrap();
    let rotation = SkyRotation::native_to_celestial(80.0, -60.0, 180.0);
    let sky = Transform::from(Projection::Gnomonic.pixel_to_sky()).then(rotation.into());
    let transform = plane.then(sky.unwrap()).unwrap();
    let bounds = BoundingBox::new(&[(-0.5, high), (-0.5, high)]);
    let detector = Step {
        frame: Frame::Single(CoordinateFrame::pixels("detector")),
        transform: Some(transform.with_bounding_box(Some(bounds)).unwrap()),
    };
    let world = Step {
        frame: Frame::Single(CoordinateFrame::icrs("world")),
        transform: None,
    };
    Wcs::new("", vec![detector, world]).unwrap()
}

fn linear(c: f64, u: f64, v: f64) -> Polynomial2d {
    Polynomial2d::new(1, vec![c, v, u, 0.0]).unwrap()
}

fn value(fits: &FitsWcs, name: &str) -> Option<FitsValue> {
    let found = fits.keywords().into_iter().find(|(known, _)| known == name);
    found.map(|(_, value)| value)
}

#[test]
fn a_linear_map_of_the_plane_is_found_exactly() {
    // The origin of the plane is at pixel (50, 50).
    let wcs = projected(linear(5e-4, -1e-5, 0.0), linear(-5e-4, 0.0, 1e-5), 99.5);
    let options = SipOptions {
        reference_pixel: Some([50.0, 50.0]),
        ..SipOptions::default()
    };
    let fits = wcs.to_fits_sip(&options).unwrap();
    assert_eq!(fits.distortion, None);
    // Latitudes near the pole are rounded to 1.4e-14 degrees, which are 1.4e-9 of these pixels.
    assert!(fits.max_error_pixels < 1e-8);
    assert_eq!(value(&fits, "CRPIX1"), Some(FitsValue::Real(51.0)));
    assert_eq!(value(&fits, "CRVAL1"), Some(FitsValue::Real(80.0)));
    assert_eq!(value(&fits, "CRVAL2"), Some(FitsValue::Real(-60.0)));
    assert_eq!(
        value(&fits, "CTYPE1"),
        Some(FitsValue::Text("RA---TAN".into()))
    );
    assert_abs_diff_eq!(fits.cd[0][0], -1e-5, epsilon = 1e-16);
    assert_abs_diff_eq!(fits.cd[1][1], 1e-5, epsilon = 1e-16);
}

#[test]
fn a_quadratic_map_gives_its_own_coefficients() {
    // x = -1e-5 (u + 2e-5 u²), y = 1e-5 (v + 1e-5 u v): as SIP a_2_0 = 2e-5 and b_1_1 = 1e-5.
    let x = Polynomial2d::new(2, vec![0.0, 0.0, 0.0, -1e-5, 0.0, 0.0, -2e-10, 0.0, 0.0]).unwrap();
    let y = Polynomial2d::new(2, vec![0.0, 1e-5, 0.0, 0.0, 1e-10, 0.0, 0.0, 0.0, 0.0]).unwrap();
    let wcs = projected(x, y, 199.5);
    let options = SipOptions {
        reference_pixel: Some([0.0, 0.0]),
        max_error_pixels: 1e-6,
        ..SipOptions::default()
    };
    let fits = wcs.to_fits_sip(&options).unwrap();
    let [a, b] = fits.distortion.as_ref().unwrap();
    assert_eq!(a.degree, 2);
    assert_abs_diff_eq!(a.coefficient([2, 0]), 2e-5, epsilon = 1e-12);
    assert_abs_diff_eq!(b.coefficient([1, 1]), 1e-5, epsilon = 1e-12);
    assert_abs_diff_eq!(a.coefficient([0, 2]), 0.0, epsilon = 1e-12);
    assert_eq!(value(&fits, "A_ORDER"), Some(FitsValue::Integer(2)));
    assert_eq!(
        value(&fits, "CTYPE2"),
        Some(FitsValue::Text("DEC--TAN-SIP".into()))
    );
    let sky = fits.evaluate([120.0, 30.0]);
    let exact = wcs.evaluate(&[&[120.0], &[30.0]]).unwrap();
    assert_abs_diff_eq!(sky[0], exact[0][0], epsilon = 1e-10);
    assert_abs_diff_eq!(sky[1], exact[1][0], epsilon = 1e-10);
}

#[test]
fn the_way_back_stays_within_its_stated_error() {
    let x = Polynomial2d::new(2, vec![0.0, 0.0, 3e-11, -1e-5, 0.0, 0.0, -2e-10, 0.0, 0.0]).unwrap();
    let y = Polynomial2d::new(2, vec![0.0, 1e-5, 0.0, 0.0, 1e-10, 0.0, 1e-10, 0.0, 0.0]).unwrap();
    let fits = projected(x, y, 199.5)
        .to_fits_sip(&SipOptions {
            max_inverse_error_pixels: 1e-3,
            ..SipOptions::default()
        })
        .unwrap();
    let ([a, b], [ap, bp]) = (
        fits.distortion.as_ref().unwrap(),
        fits.inverse_distortion.as_ref().unwrap(),
    );
    let stated = fits.max_inverse_error_pixels.unwrap();
    assert!(stated < 1e-3);
    for [u, v] in [[-99.0, -50.0], [30.0, 80.0], [99.0, 99.0]] {
        let there = [u + a.evaluate([u, v]), v + b.evaluate([u, v])];
        let [f, g] = [ap.evaluate(there), bp.evaluate(there)];
        let error = (there[0] + f - u).hypot(there[1] + g - v);
        assert!(error < 2.0 * stated + fits.max_error_pixels, "{error}");
    }
}

#[test]
fn what_cannot_be_fitted_is_an_error() {
    let wcs = projected(linear(0.0, -1e-5, 0.0), linear(0.0, 0.0, 1e-5), 0.2);
    let error = wcs.to_fits_sip(&SipOptions::default()).unwrap_err();
    assert!(matches!(error, FitsError::TooSmall { .. }));
    let plane = |name: &str, transform| Step {
        frame: Frame::Single(CoordinateFrame::pixels(name)),
        transform,
    };
    let shift = Transform::from(Shift(1.0)).join(Shift(1.0).into());
    let wcs = Wcs::new("", vec![plane("a", Some(shift)), plane("b", None)]).unwrap();
    let error = wcs.to_fits_sip(&SipOptions::default()).unwrap_err();
    assert!(matches!(error, FitsError::NotCelestial));
    let options = SipOptions {
        degrees: vec![3, 2],
        ..SipOptions::default()
    };
    let error = wcs.to_fits_sip(&options).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("degrees: expected rising numbers")
    );
}
