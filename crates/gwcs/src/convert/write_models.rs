//! Simple transforms to nodes.

use asdf::{Mapping as Tree, Node};

use super::read_models::UNITS_MAPPING;
use super::write::{TRANSFORM, unit_node};
use super::{ConvertError, Writer, projections, selectors};
use crate::model::{
    Affine2d, Analytic, AnglesFromGrating, Axis, Basis, CartesianToSpherical, Constant, Direction,
    EulerRotation, FitsImaging, FromDirectionCosines, Function, Interpolation, Linear1d, Mapping,
    Model, Multiply, Orthogonal1d, Orthogonal2d, Polynomial1d, Polynomial2d, Projector, Rotation2d,
    RotationSequence, Scale, SellmeierGlass, SellmeierZemax, Shift, SkyRotation, Snell3d,
    SphericalRotationSequence, SphericalToCartesian, Spline1d, Tabular, ToDirectionCosines,
    UnitsMapping, WavelengthFromGrating, WrapAt,
};

/// Prefix of the tags of gwcs.
pub(super) const GWCS: &str = "tag:stsci.edu:gwcs/";

/// A tag, and the properties below it.
pub(super) type Written = Result<(String, Tree), ConvertError>;
/// Tries one type of model.
type Write = fn(&dyn Model, &mut Writer<'_>) -> Option<Written>;

/// Tag and properties of a model.
pub(super) fn model(model: &dyn Model, writer: &mut Writer<'_>) -> Written {
    const ALL: [Write; 9] = [
        linear,
        mapping,
        plane,
        rotation,
        polynomial,
        series,
        geometry,
        function,
        selectors::write,
    ];
    ALL.iter()
        .find_map(|write| write(model, writer))
        .unwrap_or_else(|| match special(model, writer) {
            Some(written) => written,
            None => Err(ConvertError::NoForm(format!("{model:?}"))),
        })
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "what writes arrays as well can fail"
)]
fn transform<const N: usize>(name: &str, properties: [(&str, Node); N]) -> Written {
    Ok((format!("{TRANSFORM}{name}"), tree(properties)))
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "what writes arrays as well can fail"
)]
pub(super) fn gwcs<const N: usize>(name: &str, properties: [(&str, Node); N]) -> Written {
    Ok((format!("{GWCS}{name}"), tree(properties)))
}

pub(super) fn tree<const N: usize>(properties: [(&str, Node); N]) -> Tree {
    let mut tree = Tree::new();
    for (name, value) in properties {
        tree.insert(name, value);
    }
    tree
}

fn linear(model: &dyn Model, _writer: &mut Writer<'_>) -> Option<Written> {
    if let Some(Shift(offset)) = model.downcast_ref() {
        return Some(transform("shift-1.4.0", [("offset", (*offset).into())]));
    }
    if let Some(Scale(factor)) = model.downcast_ref() {
        return Some(transform("scale-1.4.0", [("factor", (*factor).into())]));
    }
    if let Some(Multiply(factor)) = model.downcast_ref() {
        return Some(transform(
            "multiplyscale-1.2.0",
            [("factor", (*factor).into())],
        ));
    }
    if let Some(Linear1d { slope, intercept }) = model.downcast_ref() {
        let properties = [
            ("slope", (*slope).into()),
            ("intercept", (*intercept).into()),
        ];
        return Some(transform("linear1d-1.2.0", properties));
    }
    let Constant { value, dimensions } = model.downcast_ref()?;
    let properties = [
        ("value", (*value).into()),
        ("dimensions", integer(*dimensions as i64)),
    ];
    Some(transform("constant-1.6.0", properties))
}

pub(super) fn integer(value: i64) -> Node {
    Node::Int(value)
}

pub(super) fn numbers(values: &[f64]) -> Node {
    Node::Sequence(values.iter().map(|value| Node::Float(*value)).collect())
}

fn mapping(model: &dyn Model, _writer: &mut Writer<'_>) -> Option<Written> {
    if let Some(function) = model.downcast_ref::<Function>() {
        return Some(transform(
            "math_functions-1.2.0",
            [("func_name", function.name().into())],
        ));
    }
    let mapping = model.downcast_ref::<Mapping>()?;
    let n = mapping.n_inputs();
    if mapping.is_identity() {
        let mut written = transform("identity-1.4.0", []);
        if let (Ok((_, tree)), true) = (&mut written, n != 1) {
            tree.insert("n_dims", integer(n as i64));
        }
        return Some(written);
    }
    let inputs = mapping.inputs();
    let list = Node::Sequence(inputs.iter().map(|input| integer(*input as i64)).collect());
    let mut written = transform("remap_axes-1.5.0", [("mapping", list)]);
    let used = inputs.iter().max().map_or(0, |largest| largest + 1);
    if let (Ok((_, tree)), true) = (&mut written, n > used) {
        tree.insert("n_inputs", integer(n as i64));
    }
    Some(written)
}

fn plane(model: &dyn Model, writer: &mut Writer<'_>) -> Option<Written> {
    if let Some(Rotation2d { angle_deg }) = model.downcast_ref() {
        return Some(transform(
            "rotate2d-1.5.0",
            [("angle", (*angle_deg).into())],
        ));
    }
    let Affine2d {
        matrix,
        translation,
    } = model.downcast_ref()?;
    let mut write = || {
        let matrix = writer.array(matrix.as_flattened(), &[2, 2])?;
        let translation = writer.array(translation, &[2])?;
        let properties = [
            ("matrix", matrix.into()),
            ("translation", translation.into()),
        ];
        transform("affine-1.5.0", properties)
    };
    Some(write())
}

fn rotation(model: &dyn Model, _writer: &mut Writer<'_>) -> Option<Written> {
    let three = |[phi, theta, psi]: [f64; 3], direction: &str| {
        let properties = [
            ("phi", phi.into()),
            ("theta", theta.into()),
            ("psi", psi.into()),
            ("direction", direction.into()),
        ];
        transform("rotate3d-1.5.0", properties)
    };
    let sequence = |sequence: &RotationSequence, kind: &str| {
        let properties = [
            ("angles", numbers(sequence.angles_deg())),
            ("axes_order", sequence.axes_order().into()),
            ("rotation_type", kind.into()),
        ];
        transform("rotate_sequence_3d-1.2.0", properties)
    };
    if let Some(rotation) = model.downcast_ref::<SkyRotation>() {
        let direction = if rotation.to_sky() {
            "native2celestial"
        } else {
            "celestial2native"
        };
        return Some(three(rotation.angles_deg(), direction));
    }
    if let Some(rotation) = model.downcast_ref::<EulerRotation>() {
        return Some(three(rotation.angles_deg(), rotation.axes_order()));
    }
    if let Some(SphericalRotationSequence(rotation)) = model.downcast_ref() {
        return Some(sequence(rotation, "spherical"));
    }
    Some(sequence(model.downcast_ref()?, "cartesian"))
}

/// Domains and windows of one or two coordinates.
fn axes(axes: &[Axis]) -> [(&'static str, Node); 2] {
    let pair = |pair: Option<(f64, f64)>| match pair {
        Some((low, high)) => numbers(&[low, high]),
        None => Node::Null,
    };
    let of = |choose: fn(&Axis) -> Option<(f64, f64)>| match axes {
        [axis] => pair(choose(axis)),
        axes => Node::Sequence(axes.iter().map(|axis| pair(choose(axis))).collect()),
    };
    [
        ("domain", of(|axis| axis.domain)),
        ("window", of(|axis| axis.window)),
    ]
}

fn polynomial(model: &dyn Model, writer: &mut Writer<'_>) -> Option<Written> {
    let (coefficients, of_axes) = if let Some(model) = model.downcast_ref::<Polynomial1d>() {
        let n = model.coefficients.len();
        (writer.array(&model.coefficients, &[n]), axes(&[model.axis]))
    } else {
        let model = model.downcast_ref::<Polynomial2d>()?;
        let n = model.degree() + 1;
        (
            writer.array(model.coefficients(), &[n, n]),
            axes(&model.axes()),
        )
    };
    let [domain, window] = of_axes;
    Some(coefficients.and_then(|coefficients| {
        transform(
            "polynomial-1.3.0",
            [("coefficients", coefficients.into()), domain, window],
        )
    }))
}

fn series(model: &dyn Model, writer: &mut Writer<'_>) -> Option<Written> {
    let (basis, coefficients, of_axes) = if let Some(model) = model.downcast_ref::<Orthogonal1d>() {
        let n = model.coefficients.len();
        let array = writer.array(&model.coefficients, &[n]);
        (model.basis, array, axes(&[model.axis]))
    } else {
        let model = model.downcast_ref::<Orthogonal2d>()?;
        let (coefficients, (n_x, n_y)) = model.coefficients();
        let array = writer.array(coefficients, &[n_x, n_y]);
        (model.basis(), array, axes(&model.axes()))
    };
    let name = match basis {
        Basis::Chebyshev => "chebyshev",
        Basis::Legendre => "legendre",
        Basis::Hermite => "hermite",
    };
    let [domain, window] = of_axes;
    Some(coefficients.and_then(|coefficients| {
        let properties = [
            ("polynomial_type", name.into()),
            ("coefficients", coefficients.into()),
            domain,
            window,
        ];
        transform("ortho_polynomial-1.2.0", properties)
    }))
}

fn geometry(model: &dyn Model, _writer: &mut Writer<'_>) -> Option<Written> {
    let spherical = |wrap_at: WrapAt, kind: &str| {
        let at = match wrap_at {
            WrapAt::Half => 180,
            WrapAt::Full => 360,
        };
        let properties = [
            ("wrap_lon_at", integer(at)),
            ("transform_type", kind.into()),
        ];
        gwcs("spherical_cartesian-1.3.0", properties)
    };
    if let Some(SphericalToCartesian { wrap_at }) = model.downcast_ref() {
        return Some(spherical(*wrap_at, "spherical_to_cartesian"));
    }
    if let Some(CartesianToSpherical { wrap_at }) = model.downcast_ref() {
        return Some(spherical(*wrap_at, "cartesian_to_spherical"));
    }
    let cosines = |kind: &str| gwcs("direction_cosines-1.3.0", [("transform_type", kind.into())]);
    if model.downcast_ref::<ToDirectionCosines>().is_some() {
        return Some(cosines("to_direction_cosines"));
    }
    if model.downcast_ref::<FromDirectionCosines>().is_some() {
        return Some(cosines("from_direction_cosines"));
    }
    Some(projector(model.downcast_ref()?))
}

fn projector(projector: &Projector) -> Written {
    let direction = match projector.direction {
        Direction::PixelToSky => "pix2sky",
        Direction::SkyToPixel => "sky2pix",
    };
    let (name, parameters) = projections::described(projector.projection);
    let (tag, mut tree) = transform(name, [("direction", direction.into())])?;
    for (name, value) in parameters {
        tree.insert(name, value);
    }
    Ok((tag, tree))
}

/// Functions with parameters, splines and units.
fn function(model: &dyn Model, writer: &mut Writer<'_>) -> Option<Written> {
    if let Some(model) = model.downcast_ref::<Analytic>() {
        let parameters = model.profile().parameters().iter().zip(model.parameters());
        let node = parameters.map(|((name, _), value)| (Node::from(*name), Node::from(*value)));
        let tag = format!("{TRANSFORM}{}-1.2.0", model.profile().name());
        return Some(Ok((tag, node.collect())));
    }
    if let Some(spline) = model.downcast_ref::<Spline1d>() {
        return Some(spline_node(spline, writer));
    }
    let mapping = model.downcast_ref::<UnitsMapping>()?;
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for axis in mapping.axes() {
        let mut input = tree([
            ("name", axis.name.as_str().into()),
            ("allow_dimensionless", axis.allow_dimensionless.into()),
        ]);
        let mut output = tree([("name", axis.name.as_str().into())]);
        for (unit, node) in [(&axis.unit, &mut input), (&axis.output_unit, &mut output)] {
            if let Some(unit) = unit {
                node.insert("unit", unit_node(unit));
            }
        }
        before.push(input);
        after.push(output);
    }
    let node = tree([
        ("unit_inputs", before.into()),
        ("unit_outputs", after.into()),
    ]);
    Some(Ok((format!("{UNITS_MAPPING}-1.2.0"), node)))
}

fn spline_node(spline: &Spline1d, writer: &mut Writer<'_>) -> Written {
    let (knots, coefficients) = (spline.knots(), spline.coefficients());
    let properties = [
        ("knots", writer.array(knots, &[knots.len()])?.into()),
        (
            "coefficients",
            writer.array(coefficients, &[coefficients.len()])?.into(),
        ),
        ("degree", integer(spline.degree() as i64)),
    ];
    transform("spline1d-1.2.0", properties)
}

/// Gratings, glasses and tables.
fn special(model: &dyn Model, writer: &mut Writer<'_>) -> Option<Written> {
    let grating = |density: f64, order: f64, output: &str| {
        let properties = [
            ("groove_density", density.into()),
            ("order", order.into()),
            ("output", output.into()),
        ];
        gwcs("grating_equation-1.3.0", properties)
    };
    if let Some(model) = model.downcast_ref::<WavelengthFromGrating>() {
        return Some(grating(model.groove_density, model.order, "wavelength"));
    }
    if let Some(model) = model.downcast_ref::<AnglesFromGrating>() {
        return Some(grating(model.groove_density, model.order, "angle"));
    }
    if model.downcast_ref::<Snell3d>().is_some() {
        return Some(gwcs("snell3d-1.3.0", []));
    }
    if let Some(SellmeierGlass { b, c }) = model.downcast_ref() {
        let properties = [("B_coef", numbers(b)), ("C_coef", numbers(c))];
        return Some(gwcs("sellmeier_glass-1.3.0", properties));
    }
    if let Some(glass) = model.downcast_ref::<SellmeierZemax>() {
        let properties = [
            ("B_coef", numbers(&glass.b)),
            ("C_coef", numbers(&glass.c)),
            ("D_coef", numbers(&glass.d)),
            ("E_coef", numbers(&glass.e)),
            ("ref_temperature", glass.ref_temperature.into()),
            ("ref_pressure", glass.ref_pressure.into()),
            ("temperature", glass.temperature.into()),
            ("pressure", glass.pressure.into()),
        ];
        return Some(gwcs("sellmeier_zemax-1.3.0", properties));
    }
    if let Some(image) = model.downcast_ref::<FitsImaging>() {
        return Some(fits_imaging(image, writer));
    }
    Some(tabular(model.downcast_ref()?, writer))
}

fn fits_imaging(image: &FitsImaging, writer: &mut Writer<'_>) -> Written {
    let properties = [
        ("crpix", writer.array(&image.crpix(), &[2])?.into()),
        ("crval", writer.array(&image.crval_deg(), &[2])?.into()),
        ("cdelt", writer.array(&image.cdelt(), &[2])?.into()),
        (
            "pc",
            writer.array(image.pc().as_flattened(), &[2, 2])?.into(),
        ),
        ("projection", writer.transform(&image.projection().into())?),
    ];
    gwcs("fitswcs_imaging-1.0.0", properties)
}

fn tabular(table: &Tabular, writer: &mut Writer<'_>) -> Written {
    let shape: Vec<usize> = table.points().iter().map(Vec::len).collect();
    let mut points = Vec::new();
    for axis in table.points() {
        points.push(Node::from(writer.array(axis, &[axis.len()])?));
    }
    let values = writer.array(table.values(), &shape)?;
    let method = match table.method() {
        Interpolation::Linear => "linear",
        Interpolation::Nearest => "nearest",
    };
    let mut written = transform(
        "tabular-1.4.0",
        [
            ("lookup_table", values.into()),
            ("points", Node::Sequence(points)),
            ("method", method.into()),
            ("bounds_error", table.bounds_error.into()),
        ],
    )?;
    if let Some(fill_value) = table.fill_value() {
        written.1.insert("fill_value", fill_value);
    }
    Ok(written)
}
