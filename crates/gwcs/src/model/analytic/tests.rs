use super::special::{bessel_j1, faddeeva_real, gamma_median};
use super::{Analytic, Profile};
use crate::Transform;
use crate::model::Model;

fn near(found: f64, expected: f64) {
    assert!(
        (found - expected).abs() <= 1e-13 * expected.abs().max(1e-3),
        "{found} {expected}"
    );
}

#[test]
fn special_functions() {
    // scipy.special: j1, wofz, gammaincinv.
    near(bessel_j1(1.0), 0.440_050_585_744_933_5);
    near(bessel_j1(-3.0), -0.339_058_958_525_936_4);
    near(bessel_j1(40.0), 0.126_038_318_037_585);
    near(faddeeva_real(0.0, 1.0), 0.427_583_576_155_807);
    near(faddeeva_real(-2.0, 0.1), 0.040_201_398_161_451_296);
    near(gamma_median(8.0), 7.669_249_442_500_804);
    // P(1, x) = 1 - exp(-x).
    near(gamma_median(1.0), std::f64::consts::LN_2);
}

#[test]
fn names_are_unique_and_defaults_are_enough() {
    for profile in Profile::ALL {
        assert_eq!(Profile::from_name(profile.name()), Some(*profile));
        let values = profile.parameters().iter().map(|(_, value)| *value);
        let model = Analytic::new(*profile, values.collect()).unwrap();
        let point = [0.25, 0.5];
        let at = Transform::from(model.clone())
            .evaluate_point(&point[..model.n_inputs()])
            .unwrap();
        assert!(at[0].is_finite(), "{profile:?}");
        assert!(Analytic::new(*profile, Vec::new()).is_err());
    }
}

#[test]
fn inverses() {
    for profile in Profile::ALL {
        let values = profile.parameters().iter().map(|(_, value)| value + 0.5);
        let model = Transform::from(Analytic::new(*profile, values.collect()).unwrap());
        if let Ok(inverse) = model.inverse() {
            // Of two that are inverse to each other the inverse of a wave has one branch only.
            let (first, second) = if profile.name().starts_with("arc") {
                (&model, &inverse)
            } else {
                (&inverse, &model)
            };
            let there = first.evaluate_point(&[0.2]).unwrap();
            near(second.evaluate_point(&there).unwrap()[0], 0.2);
        }
    }
}
