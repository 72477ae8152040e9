//! Nodes to simple transforms.

use std::sync::Arc;

use asdf::Node;

use super::fields::{Fields, array, number};
use super::{ConvertError, read};
use crate::model::{
    Affine2d, AnglesFromGrating, Axis, Basis, CartesianToSpherical, Constant, EulerRotation,
    FromDirectionCosines, Function, Interpolation, LabelArray, LabelDict, LabelRange,
    LabelTransform, Linear1d, Mapping, Model, Multiply, Orthogonal1d, Orthogonal2d, Polynomial1d,
    Polynomial2d, Projection, Projector, RegionsSelector, Rotation2d, RotationSequence, Scale,
    SellmeierGlass, SellmeierZemax, Shift, SkyRotation, Snell3d, SphericalRotationSequence,
    SphericalToCartesian, Tabular, ToDirectionCosines, WavelengthFromGrating, WrapAt,
};
use crate::transform::{Transform, TransformError};

type Read<T> = Result<T, ConvertError>;

/// The simple transform of a node whose tag, without the version, is `stem`.
pub(super) fn model(stem: &str, fields: &Fields<'_>) -> Read<Transform> {
    let unknown = || ConvertError::UnknownTag(fields.tag().to_string());
    if let Some(name) = stem.strip_prefix("tag:stsci.edu:gwcs/") {
        return gwcs_model(name, fields)?.ok_or_else(unknown);
    }
    let name = stem
        .strip_prefix("tag:stsci.edu:asdf/transform/")
        .ok_or_else(unknown)?;
    if let Some(transform) = plain_model(name, fields)? {
        return Ok(transform);
    }
    match projection(name, fields)? {
        Some(projector) => Ok(projector.into()),
        // The selectors had tags of the ASDF standard before gwcs had its own.
        None => gwcs_model(name, fields)?.ok_or_else(unknown),
    }
}

fn made<M: Model>(fields: &Fields<'_>, model: Result<M, TransformError>) -> Read<Transform> {
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
            angle_deg: fields.number("angle")?,
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
        _ => return Ok(None),
    }))
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
        "label_mapper" => label_mapper(fields)?,
        "regions_selector" => regions_selector(fields)?,
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
        fields.number("phi")?,
        fields.number("theta")?,
        fields.number("psi")?,
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

fn projection(name: &str, fields: &Fields<'_>) -> Read<Option<Projector>> {
    let projection = match name {
        "gnomonic" => Projection::Gnomonic,
        "stereographic" => Projection::Stereographic,
        "slant_orthographic" => Projection::SlantOrthographic {
            xi: fields.number_or("xi", 0.0)?,
            eta: fields.number_or("eta", 0.0)?,
        },
        "zenithal_equidistant" => Projection::ZenithalEquidistant,
        "zenithal_equal_area" => Projection::ZenithalEqualArea,
        "cylindrical_perspective" => Projection::CylindricalPerspective {
            mu: fields.number_or("mu", 1.0)?,
            lambda: fields.number_or("lambda", 1.0)?,
        },
        "cylindrical_equal_area" => Projection::CylindricalEqualArea {
            lambda: fields.number_or("lambda", 1.0)?,
        },
        "plate_carree" => Projection::PlateCarree,
        "mercator" => Projection::Mercator,
        "sanson_flamsteed" => Projection::SansonFlamsteed,
        "parabolic" => Projection::Parabolic,
        "molleweide" => Projection::Mollweide,
        "hammer_aitoff" => Projection::HammerAitoff,
        _ => return Ok(None),
    };
    match fields.text("direction")? {
        "pix2sky" => Ok(Some(projection.pixel_to_sky())),
        "sky2pix" => Ok(Some(projection.sky_to_pixel())),
        _ => Err(fields.error("direction", "pix2sky or sky2pix")),
    }
}

/// The input that decides, by the transform that picks it.
fn key_input(fields: &Fields<'_>) -> Read<usize> {
    let Some(node) = fields.get("inputs_mapping") else {
        return Ok(0);
    };
    let transform = read::transform(node, fields.reader)?;
    let mapping = match transform.form() {
        crate::Form::Model(model) => model.mapping().map(<[usize]>::to_vec),
        _ => None,
    };
    match mapping.as_deref() {
        Some([input]) => Ok(*input),
        _ => Err(fields.error("inputs_mapping", "remap_axes to one of the inputs")),
    }
}

fn label_mapper(fields: &Fields<'_>) -> Read<Transform> {
    let mapper = fields.require("mapper")?;
    if let Some(labels) = mapper.as_ndarray() {
        let (labels, shape) = fields.reader.file.array::<i64>(labels)?;
        return made(fields, LabelArray::new(labels, shape));
    }
    let inputs = fields
        .texts("inputs")?
        .ok_or_else(|| fields.error("inputs", "names of the inputs"))?;
    if mapper
        .tag()
        .is_some_and(|tag| tag.contains("/transform/") || tag.contains("gwcs/"))
    {
        let mut whole = read::transform(mapper, fields.reader)?;
        if let Some(picked) = fields.get("inputs_mapping") {
            let picked = read::transform(picked, fields.reader)?;
            whole = match picked.then(whole) {
                Ok(whole) => whole,
                Err(error) => return made::<LabelArray>(fields, Err(error)),
            };
        }
        return Ok(LabelTransform {
            inputs,
            mapper: whole,
        }
        .into());
    }
    let wrong = || fields.error("mapper", "an array, or labels and models");
    let list = |key: &str| {
        mapper
            .get(key)
            .and_then(Node::as_sequence)
            .ok_or_else(wrong)
    };
    let (labels, models) = (list("labels")?, list("models")?);
    if labels.len() != models.len() {
        return Err(wrong());
    }
    let models = models
        .iter()
        .map(|node| read::transform(node, fields.reader))
        .collect::<Read<Vec<_>>>()?;
    let key_input = key_input(fields)?;
    let ranges = labels.iter().map(|label| {
        let (values, _) = array(label, fields.reader).ok()??;
        match values.as_slice() {
            [low, high] => Some((*low, *high)),
            _ => None,
        }
    });
    if let Some(ranges) = ranges.collect::<Option<Vec<_>>>() {
        let entries = ranges.into_iter().zip(models).collect();
        return Ok(LabelRange {
            inputs,
            key_input,
            entries,
        }
        .into());
    }
    let keys = labels.iter().map(|label| number(label, fields.reader));
    let keys = keys.collect::<Option<Vec<f64>>>().ok_or_else(wrong)?;
    Ok(LabelDict {
        inputs,
        key_input,
        tolerance: fields.number_or("atol", 1e-8)?,
        entries: keys.into_iter().zip(models).collect(),
    }
    .into())
}

fn regions_selector(fields: &Fields<'_>) -> Read<Transform> {
    let names = |property: &str| {
        fields
            .texts(property)?
            .ok_or_else(|| fields.error(property, "a list of names"))
    };
    let wrong = || fields.error("selector", "numbers as labels, and transforms");
    let selector = fields.require("selector")?;
    let list = |key: &str| {
        selector
            .get(key)
            .and_then(Node::as_sequence)
            .ok_or_else(wrong)
    };
    let (labels, transforms) = (list("labels")?, list("transforms")?);
    if labels.len() != transforms.len() {
        return Err(wrong());
    }
    let selector = labels.iter().zip(transforms).map(|(label, node)| {
        let label = number(label, fields.reader).ok_or_else(wrong)?;
        Ok((label, read::transform(node, fields.reader)?))
    });
    Ok(RegionsSelector {
        inputs: names("inputs")?,
        outputs: names("outputs")?,
        label_mapper: fields.transform("label_mapper")?,
        selector: selector.collect::<Read<Vec<_>>>()?,
        undefined: fields.number_or("undefined_transform_value", f64::NAN)?,
    }
    .into())
}
