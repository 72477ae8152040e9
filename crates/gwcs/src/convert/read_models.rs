//! Nodes to simple transforms.

use std::sync::Arc;

use asdf::Node;

use super::fields::{Fields, array, degrees_per};
use super::{ConvertError, projections, selectors};
use crate::model::{
    Affine2d, Analytic, AnglesFromGrating, Axis, Basis, CartesianToSpherical, Constant,
    EulerRotation, FitsImaging, FromDirectionCosines, Function, Interpolation, Linear1d, Mapping,
    Model, Multiply, Orthogonal1d, Orthogonal2d, Polynomial1d, Polynomial2d, Profile, Projector,
    Rotation2d, RotationSequence, Scale, SellmeierGlass, SellmeierZemax, Shift, SkyRotation,
    Snell3d, SphericalRotationSequence, SphericalToCartesian, Spline1d, Tabular,
    ToDirectionCosines, UnitInput, UnitsMapping, WavelengthFromGrating, WrapAt,
};
use crate::transform::{Transform, TransformError};

/// Tag of a change of units, without its version.
pub(super) const UNITS_MAPPING: &str = "tag:astropy.org:astropy/transform/units_mapping";

type Read<T> = Result<T, ConvertError>;

/// The simple transform of a node whose tag, without the version, is `stem`.
pub(super) fn model(stem: &str, fields: &Fields<'_>) -> Read<Transform> {
    let unknown = || ConvertError::UnknownTag(fields.tag().to_string());
    if let Some(name) = stem.strip_prefix("tag:stsci.edu:gwcs/") {
        return gwcs_model(name, fields)?.ok_or_else(unknown);
    }
    if stem == UNITS_MAPPING {
        return units_mapping(fields);
    }
    let name = stem
        .strip_prefix("tag:stsci.edu:asdf/transform/")
        .ok_or_else(unknown)?;
    if let Some(transform) = plain_model(name, fields)? {
        return Ok(transform);
    }
    match projections::projector(name, fields)? {
        Some(projector) => Ok(projector.into()),
        // The selectors had tags of the ASDF standard before gwcs had its own.
        None => gwcs_model(name, fields)?.ok_or_else(unknown),
    }
}

pub(super) fn made<M: Model>(
    fields: &Fields<'_>,
    model: Result<M, TransformError>,
) -> Read<Transform> {
    match model {
        Ok(model) => Ok(Transform::from_model(Arc::new(model))),
        Err(source) => Err(ConvertError::Transform {
            tag: fields.tag().to_string(),
            source,
        }),
    }
}

fn plain_model(name: &str, fields: &Fields<'_>) -> Read<Option<Transform>> {
    Ok(Some(match name {
        "shift" => Shift(fields.number("offset")?).into(),
        "scale" => Scale(fields.number("factor")?).into(),
        "multiplyscale" => Multiply(fields.number("factor")?).into(),
        "linear1d" => Linear1d {
            slope: fields.number_or("slope", 1.0)?,
            intercept: fields.number_or("intercept", 0.0)?,
        }
        .into(),
        "identity" => Mapping::identity(count(fields, "n_dims")?.unwrap_or(1)).into(),
        "remap_axes" => {
            let mapping = fields.list("mapping")?.iter().map(|item| {
                let input = item.as_i64().and_then(|input| usize::try_from(input).ok());
                input.ok_or_else(|| fields.error("mapping", "inputs counted from 0"))
            });
            let mapping = mapping.collect::<Read<Vec<usize>>>()?;
            made(fields, Mapping::new(mapping, count(fields, "n_inputs")?))?
        }
        "constant" => Constant {
            value: fields.number("value")?,
            dimensions: count(fields, "dimensions")?.unwrap_or(1),
        }
        .into(),
        "affine" => affine(fields)?,
        "rotate2d" => Rotation2d {
            angle_deg: fields.angle_deg("angle")?,
        }
        .into(),
        "rotate3d" => rotate3d(fields)?,
        "rotate_sequence_3d" => rotate_sequence(fields)?,
        "polynomial" => polynomial(fields)?,
        "ortho_polynomial" => ortho_polynomial(fields)?,
        "tabular" => tabular(fields)?,
        "math_functions" => {
            let known = Function::from_name(fields.text("func_name")?);
            known
                .ok_or_else(|| fields.error("func_name", "the name of a function"))?
                .into()
        }
        "spline1d" => {
            let (knots, _) = fields.array("knots")?;
            let (coefficients, _) = fields.array("coefficients")?;
            let degree = count(fields, "degree")?.unwrap_or(3);
            made(fields, Spline1d::new(knots, coefficients, degree))?
        }
        name => {
            return Profile::from_name(name)
                .map(|profile| analytic(profile, fields))
                .transpose();
        }
    }))
}

fn analytic(profile: Profile, fields: &Fields<'_>) -> Read<Transform> {
    // The unit of the scale of a black body decides what it gives.
    if profile == Profile::BlackBody && fields.unit("scale").is_some() {
        return Err(fields.error("scale", "a number without unit"));
    }
    let values = profile.parameters().iter().map(|(name, default)| {
        let value = fields.number_or(name, *default)?;
        let unit = if *name == "theta" {
            fields.unit(name)
        } else {
            None
        };
        // Angles of profiles are radians unless they have a unit.
        Ok(unit
            .and_then(degrees_per)
            .map_or(value, |factor| (value * factor).to_radians()))
    });
    made(
        fields,
        Analytic::new(profile, values.collect::<Read<Vec<_>>>()?),
    )
}

fn fits_imaging(fields: &Fields<'_>) -> Read<Transform> {
    let projection = fields.transform("projection")?;
    let projector = match projection.form() {
        crate::Form::Model(model) => model.downcast_ref::<Projector>().copied(),
        _ => None,
    };
    let projector = projector.ok_or_else(|| fields.error("projection", "a projection"))?;
    let [a, b, c, d] = fields.numbers("pc")?;
    let model = FitsImaging::new(
        fields.numbers("crpix")?,
        fields.numbers("crval")?,
        fields.numbers("cdelt")?,
        [[a, b], [c, d]],
        projector,
    );
    made(fields, model)
}

/// Units on and off.
pub(super) fn units_mapping(fields: &Fields<'_>) -> Read<Transform> {
    let (before, after) = (fields.list("unit_inputs")?, fields.list("unit_outputs")?);
    if before.len() != after.len() {
        return Err(fields.error("unit_outputs", "as many as unit_inputs"));
    }
    let text = |node: &Node, key: &str| node.get(key).and_then(Node::as_str).map(str::to_string);
    let axes = before.iter().zip(after).map(|(before, after)| UnitInput {
        name: text(before, "name").unwrap_or_default(),
        unit: text(before, "unit"),
        output_unit: text(after, "unit"),
        allow_dimensionless: before
            .get("allow_dimensionless")
            .and_then(Node::as_bool)
            .unwrap_or(false),
    });
    Ok(UnitsMapping::new(axes.collect()).into())
}

fn gwcs_model(name: &str, fields: &Fields<'_>) -> Read<Option<Transform>> {
    Ok(Some(match name {
        "spherical_cartesian" => {
            let wrap_at = match fields.number("wrap_lon_at")? {
                180.0 => WrapAt::Half,
                360.0 => WrapAt::Full,
                _ => return Err(fields.error("wrap_lon_at", "180 or 360")),
            };
            match fields.text("transform_type")? {
                "spherical_to_cartesian" => SphericalToCartesian { wrap_at }.into(),
                "cartesian_to_spherical" => CartesianToSpherical { wrap_at }.into(),
                _ => {
                    let expected = "spherical_to_cartesian or cartesian_to_spherical";
                    return Err(fields.error("transform_type", expected));
                }
            }
        }
        "direction_cosines" => match fields.text("transform_type")? {
            "to_direction_cosines" => ToDirectionCosines.into(),
            "from_direction_cosines" => FromDirectionCosines.into(),
            _ => {
                let expected = "to_direction_cosines or from_direction_cosines";
                return Err(fields.error("transform_type", expected));
            }
        },
        "grating_equation" => {
            let (groove_density, order) =
                (fields.number("groove_density")?, fields.number("order")?);
            match fields.text("output")? {
                "wavelength" => WavelengthFromGrating {
                    groove_density,
                    order,
                }
                .into(),
                "angle" => AnglesFromGrating {
                    groove_density,
                    order,
                }
                .into(),
                _ => return Err(fields.error("output", "wavelength or angle")),
            }
        }
        "snell3d" => Snell3d.into(),
        "sellmeier_glass" => SellmeierGlass {
            b: fields.numbers("B_coef")?,
            c: fields.numbers("C_coef")?,
        }
        .into(),
        "sellmeier_zemax" => SellmeierZemax {
            temperature: fields.number("temperature")?,
            ref_temperature: fields.number("ref_temperature")?,
            ref_pressure: fields.number("ref_pressure")?,
            pressure: fields.number("pressure")?,
            b: fields.numbers("B_coef")?,
            c: fields.numbers("C_coef")?,
            d: fields.numbers("D_coef")?,
            e: fields.numbers("E_coef")?,
        }
        .into(),
        "fitswcs_imaging" => fits_imaging(fields)?,
        "label_mapper" => selectors::read_label_mapper(fields)?,
        "regions_selector" => selectors::read_regions(fields)?,
        _ => return Ok(None),
    }))
}

fn count(fields: &Fields<'_>, property: &str) -> Read<Option<usize>> {
    let Some(node) = fields.get(property) else {
        return Ok(None);
    };
    let count = node.as_i64().and_then(|count| usize::try_from(count).ok());
    // No transform has thousands of axes; a damaged file may say so.
    match count.filter(|count| *count <= 1000) {
        Some(count) => Ok(Some(count)),
        None => Err(fields.error(property, "a small number")),
    }
}

fn affine(fields: &Fields<'_>) -> Read<Transform> {
    let [a, b, c, d] = fields.numbers("matrix")?;
    let translation = match fields.get("translation") {
        Some(_) => fields.numbers("translation")?,
        None => [0.0; 2],
    };
    Ok(Affine2d {
        matrix: [[a, b], [c, d]],
        translation,
    }
    .into())
}

fn rotate3d(fields: &Fields<'_>) -> Read<Transform> {
    let (phi, theta, psi) = (
        fields.angle_deg("phi")?,
        fields.angle_deg("theta")?,
        fields.angle_deg("psi")?,
    );
    match fields.text("direction")? {
        "native2celestial" => Ok(SkyRotation::native_to_celestial(phi, theta, psi).into()),
        "celestial2native" => Ok(SkyRotation::celestial_to_native(phi, theta, psi).into()),
        axes => made(fields, EulerRotation::new([phi, theta, psi], axes)),
    }
}

fn rotate_sequence(fields: &Fields<'_>) -> Read<Transform> {
    let (angles, _) = fields.array("angles")?;
    let sequence = RotationSequence::new(angles, fields.text("axes_order")?);
    match fields.text("rotation_type")? {
        "cartesian" => made(fields, sequence),
        "spherical" => made(fields, sequence.map(SphericalRotationSequence)),
        _ => Err(fields.error("rotation_type", "cartesian or spherical")),
    }
}

/// Mappings of `n` axes.
fn axes(fields: &Fields<'_>, n: usize) -> Read<Vec<Axis>> {
    let of = |property: &str| -> Read<Vec<Option<(f64, f64)>>> {
        let Some(node) = fields.get(property) else {
            return Ok(vec![None; n]);
        };
        let pair = |node: &Node| -> Read<Option<(f64, f64)>> {
            if node.is_null() {
                return Ok(None);
            }
            match array(node, fields.reader)?
                .as_ref()
                .map(|(values, _)| values.as_slice())
            {
                Some([low, high]) => Ok(Some((*low, *high))),
                _ => Err(fields.error(property, "two numbers for each input")),
            }
        };
        if n == 1 {
            return Ok(vec![pair(node)?]);
        }
        let pairs = match (node.untagged(), node.as_sequence()) {
            (_, Some(items)) => items.iter().map(pair).collect::<Read<Vec<_>>>()?,
            (Node::NdArray(_), _) => {
                let (values, _) = fields.array(property)?;
                values
                    .as_chunks::<2>()
                    .0
                    .iter()
                    .map(|[a, b]| Some((*a, *b)))
                    .collect()
            }
            _ => Vec::new(),
        };
        if pairs.len() == n {
            Ok(pairs)
        } else {
            Err(fields.error(property, "two numbers for each input"))
        }
    };
    let pairs = of("domain")?.into_iter().zip(of("window")?);
    let usual = Some((-1.0, 1.0));
    Ok(pairs
        .map(|(domain, window)| Axis {
            domain: domain.or(usual),
            window: window.or(usual),
        })
        .collect())
}

fn polynomial(fields: &Fields<'_>) -> Read<Transform> {
    let (coefficients, shape) = fields.array("coefficients")?;
    match *shape.as_slice() {
        [_] => Ok(Polynomial1d {
            coefficients,
            axis: axes(fields, 1)?[0],
        }
        .into()),
        [rows, columns] if rows == columns && rows > 0 => {
            let axes = axes(fields, 2)?;
            let model = Polynomial2d::with_axes(rows - 1, coefficients, axes[0], axes[1]);
            made(fields, model)
        }
        _ => Err(fields.error("coefficients", "a list or a square array of numbers")),
    }
}

fn ortho_polynomial(fields: &Fields<'_>) -> Read<Transform> {
    let basis = match fields.text("polynomial_type")? {
        "chebyshev" => Basis::Chebyshev,
        "legendre" => Basis::Legendre,
        "hermite" => Basis::Hermite,
        _ => return Err(fields.error("polynomial_type", "chebyshev, legendre or hermite")),
    };
    let (coefficients, shape) = fields.array("coefficients")?;
    match *shape.as_slice() {
        [_] => Ok(Orthogonal1d {
            basis,
            coefficients,
            axis: axes(fields, 1)?[0],
        }
        .into()),
        [n_x, n_y] => {
            let axes = axes(fields, 2)?;
            let axes = [axes[0], axes[1]];
            made(
                fields,
                Orthogonal2d::new(basis, (n_x, n_y), coefficients, axes),
            )
        }
        _ => Err(fields.error("coefficients", "an array of one or two dimensions")),
    }
}

fn tabular(fields: &Fields<'_>) -> Read<Transform> {
    let (values, shape) = fields.array("lookup_table")?;
    let mut points = Vec::new();
    match fields.get("points").and_then(Node::as_sequence) {
        Some(items) => {
            for item in items {
                let axis = array(item, fields.reader)?;
                points.push(
                    axis.ok_or_else(|| fields.error("points", "a list for each axis"))?
                        .0,
                );
            }
        }
        None => points.extend(shape.iter().map(|n| (0..*n).map(|k| k as f64).collect())),
    }
    // Parity: asdf-astropy takes the first list of points of a table of one dimension, and ignores others.
    points.truncate(shape.len());
    let method = match fields
        .get("method")
        .and_then(Node::as_str)
        .unwrap_or("linear")
    {
        "linear" => Interpolation::Linear,
        "nearest" => Interpolation::Nearest,
        _ => return Err(fields.error("method", "linear or nearest")),
    };
    let fill_value = match fields.get("fill_value") {
        Some(_) => Some(fields.number("fill_value")?),
        None => None,
    };
    let mut table = match Tabular::new(points, values, method, fill_value) {
        Ok(table) => table,
        Err(error) => return made::<Tabular>(fields, Err(error)),
    };
    table.bounds_error = fields
        .get("bounds_error")
        .and_then(Node::as_bool)
        .unwrap_or(false);
    Ok(table.into())
}
