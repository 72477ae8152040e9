//! The transform that corrects the pointing: a linear one in the plane that touches the sky at the reference point.
//!
//! Its structure, and the names of its parts, are those by which other programs find the correction in a product.
//!
//! Source: tweakwcs 0.9.3 `correctors.ST_V2V3_WCSCorrector`.

use gwcs::model::{
    Affine2d, CartesianToSpherical, Constant, Mapping, Model, RotationSequence, Scale,
    SphericalToCartesian, WrapAt,
};
use gwcs::{Form, Operator, Transform, TransformError};

/// The name of the correction as a whole.
pub(super) const NAME: &str = "JWST tangent-plane linear correction. v1";

/// Names of its parts.
const AFFINE: &str = "tp_affine";
const ROTATION: &str = "det_to_optic_axis";

/// Arcseconds of a radian.
const ARCSEC: f64 = 3600.0 * (180.0 / std::f64::consts::PI);

/// The reference point \[deg\] and the roll there.
#[derive(Debug, Clone, Copy, PartialEq)]
#[expect(clippy::struct_field_names, reason = "the unit")]
pub(super) struct ReferencePoint {
    pub(super) v2_deg: f64,
    pub(super) v3_deg: f64,
    pub(super) roll_deg: f64,
}

/// The parts that a correction and the ways to its plane are made of.
struct Parts {
    degrees: Transform,
    arcseconds: Transform,
    to_vector: Transform,
    to_angles: Transform,
    rotation: Transform,
    rotation_back: Transform,
    to_plane: Transform,
    from_plane: Transform,
}

fn twice(factor: f64, name: &str, name_of_both: &str) -> Transform {
    let one = Transform::from(Scale(factor)).named(name);
    one.clone().join(one).named(name_of_both)
}

fn mapping(
    inputs: &[usize],
    n_inputs: Option<usize>,
    name: &str,
) -> Result<Transform, TransformError> {
    Ok(Transform::from(Mapping::new(inputs.to_vec(), n_inputs)?).named(name))
}

fn chain<const N: usize>(parts: [Transform; N]) -> Result<Transform, TransformError> {
    let mut parts = parts.into_iter();
    let first = parts.next().unwrap_or_else(|| Transform::identity(2));
    parts.try_fold(first, Transform::then)
}

impl Parts {
    fn new(point: ReferencePoint) -> Result<Self, TransformError> {
        let ReferencePoint {
            v2_deg,
            v3_deg,
            roll_deg,
        } = point;
        let wrap_at = WrapAt::Half;
        let rotation = Transform::from(RotationSequence::new(
            vec![v2_deg, -v3_deg, roll_deg],
            "zyx",
        )?);
        let ratios = mapping(&[0, 1, 2], None, "xyz")?
            .combine(Operator::Divide, mapping(&[0, 0, 0], Some(3), "xxx")?)?;
        let one = Transform::from(Constant {
            value: 1.0,
            dimensions: 1,
        });
        let ones = one.named("one").join(Transform::identity(2).named("I(2D)"));
        Ok(Self {
            degrees: twice(1.0 / 3600.0, "arcsec_to_deg_1D", "arcsec_to_deg_2D"),
            arcseconds: twice(3600.0, "deg_to_arcsec_1D", "deg_to_arcsec_2D"),
            to_vector: Transform::from(SphericalToCartesian { wrap_at }).named("s2c"),
            to_angles: Transform::from(CartesianToSpherical { wrap_at }).named("c2s"),
            rotation_back: rotation.inverse()?.named("optic_axis_to_det"),
            rotation: rotation.named(ROTATION),
            to_plane: ratios
                .then(mapping(&[1, 2], None, "xtyt")?)?
                .named("Cartesian 3D to TAN"),
            from_plane: mapping(&[0, 0, 1], Some(2), "xtyt2xyz")?
                .then(ones)?
                .named("TAN to cartesian 3D"),
        })
    }

    fn corrected(
        &self,
        affine: Affine2d,
        name: &str,
        whole: &str,
    ) -> Result<Transform, TransformError> {
        let part = |transform: &Transform| transform.clone();
        let whole_of = chain([
            part(&self.degrees),
            part(&self.to_vector),
            part(&self.rotation),
            part(&self.to_plane),
            Transform::from(affine).named(name),
            part(&self.from_plane),
            part(&self.rotation_back),
            part(&self.to_angles),
            part(&self.arcseconds),
        ]);
        Ok(whole_of?.named(whole))
    }
}

fn inverse_of(affine: Affine2d) -> Result<Affine2d, TransformError> {
    let inverse = affine.inverse();
    let found = inverse.as_ref().and_then(|inverse| match inverse.form() {
        Form::Model(model) => model.downcast_ref::<Affine2d>().copied(),
        _ => None,
    });
    found.ok_or_else(|| TransformError::NoInverse(format!("{affine:?}")))
}

/// The correction, from telescope coordinates \[arcsec\] to corrected ones.
///
/// # Errors
/// The linear part has no inverse.
pub(super) fn correction(
    point: ReferencePoint,
    affine: Affine2d,
) -> Result<Transform, TransformError> {
    let parts = Parts::new(point)?;
    let inverse = inverse_of(affine)?;
    let inverse = parts.corrected(inverse, "tp_affine_inv", &format!("Inverse {NAME}"))?;
    Ok(parts.corrected(affine, AFFINE, NAME)?.with_inverse(inverse))
}

/// From telescope coordinates \[arcsec\] to the plane \[arcsec\], and back.
///
/// # Errors
/// The linear part has no inverse.
pub(super) fn to_plane_and_back(
    point: ReferencePoint,
    affine: Affine2d,
) -> Result<(Transform, Transform), TransformError> {
    let parts = Parts::new(point)?;
    let scale = |factor: f64| Transform::from(Scale(factor)).join(Scale(factor).into());
    let back = inverse_of(affine)?;
    let to_plane = chain([
        parts.degrees,
        parts.to_vector,
        parts.rotation,
        parts.to_plane,
        affine.into(),
        scale(ARCSEC),
    ])?;
    let back = chain([
        scale(1.0 / ARCSEC),
        back.into(),
        parts.from_plane,
        parts.rotation_back,
        parts.to_angles,
        parts.arcseconds,
    ])?;
    Ok((to_plane, back))
}

/// The linear part that follows on one by a correction that was found in the plane: `matrix p + shift` \[arcsec\].
pub(super) fn followed_by(before: Affine2d, matrix: [[f64; 2]; 2], shift: [f64; 2]) -> Affine2d {
    let row = |[a, b]: [f64; 2]| {
        [0, 1].map(|column| a * before.matrix[0][column] + b * before.matrix[1][column])
    };
    let moved = matrix.map(|[a, b]| a * before.translation[0] + b * before.translation[1]);
    Affine2d {
        matrix: matrix.map(row),
        translation: [0, 1].map(|k| moved[k] + shift[k] / ARCSEC),
    }
}

/// The reference point and the linear part of a correction that is there already; `None` if it is another transform.
pub(super) fn read(transform: &Transform) -> Option<(ReferencePoint, Affine2d)> {
    if transform.properties().name.as_deref() != Some(NAME) {
        return None;
    }
    let rotation = part(transform, ROTATION)?;
    let affine = part(transform, AFFINE)?;
    let (Form::Model(rotation), Form::Model(affine)) = (rotation.form(), affine.form()) else {
        return None;
    };
    let rotation = rotation.downcast_ref::<RotationSequence>()?;
    let &[v2_deg, minus_v3_deg, roll_deg] = rotation.angles_deg() else {
        return None;
    };
    let point = ReferencePoint {
        v2_deg,
        v3_deg: -minus_v3_deg,
        roll_deg,
    };
    Some((point, *affine.downcast_ref::<Affine2d>()?))
}

/// The first part of a transform that has a name.
fn part<'a>(transform: &'a Transform, name: &str) -> Option<&'a Transform> {
    if transform.properties().name.as_deref() == Some(name) {
        return Some(transform);
    }
    match transform.form() {
        Form::Compose(a, b) | Form::Join(a, b) | Form::Arithmetic(_, a, b) => {
            part(a, name).or_else(|| part(b, name))
        }
        Form::Fix(inner, _) => part(inner, name),
        Form::Model(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POINT: ReferencePoint = ReferencePoint {
        v2_deg: -0.025_971_06,
        v3_deg: -0.135_285_8,
        roll_deg: 35.0,
    };

    #[test]
    fn a_correction_without_effect_leaves_coordinates_alone() {
        let affine = Affine2d {
            matrix: [[1.0, 0.0], [0.0, 1.0]],
            translation: [0.0; 2],
        };
        let found = correction(POINT, affine)
            .unwrap()
            .evaluate_point(&[-93.5, -480.0])
            .unwrap();
        assert!(
            (found[0] + 93.5).abs() < 1e-11 && (found[1] + 480.0).abs() < 1e-11,
            "{found:?}"
        );
    }

    #[test]
    fn what_was_written_is_read_again_and_has_an_inverse() {
        let affine = followed_by(
            Affine2d {
                matrix: [[1.0, 1e-5], [-1e-5, 1.0]],
                translation: [1e-7, -2e-7],
            },
            [[1.0, 2e-5], [-2e-5, 1.0]],
            [0.05, -0.02],
        );
        let there = correction(POINT, affine).unwrap();
        assert_eq!(read(&there), Some((POINT, affine)));
        let moved = there.evaluate_point(&[-90.0, -490.0]).unwrap();
        let back = there.inverse().unwrap().evaluate_point(&moved).unwrap();
        assert!(
            (back[0] + 90.0).abs() < 1e-10 && (back[1] + 490.0).abs() < 1e-10,
            "{back:?}"
        );
        // The shift in the plane, turned by the roll: 0.05 and -0.02 arcsec, and what was there before.
        let length = (moved[0] + 90.0).hypot(moved[1] + 490.0);
        assert!((0.03..0.2).contains(&length), "{length}");
    }

    #[test]
    fn ways_to_the_plane_and_back_fit_together() {
        let affine = Affine2d {
            matrix: [[1.0, 1e-3], [-1e-3, 1.0]],
            translation: [1e-6, 0.0],
        };
        let (to_plane, back) = to_plane_and_back(POINT, affine).unwrap();
        // The reference point is the origin of the plane before the linear part: 1e-6 rad along x are 0.206 arcsec.
        let origin = to_plane
            .evaluate_point(&[3600.0 * POINT.v2_deg, 3600.0 * POINT.v3_deg])
            .unwrap();
        assert!(
            (origin[0] - 0.206_264_806).abs() < 1e-9 && origin[1].abs() < 1e-9,
            "{origin:?}"
        );
        let place = to_plane.evaluate_point(&[-50.0, -450.0]).unwrap();
        let again = back.evaluate_point(&place).unwrap();
        assert!(
            (again[0] + 50.0).abs() < 1e-10 && (again[1] + 450.0).abs() < 1e-10,
            "{again:?}"
        );
    }
}
