//! The transforms in files.

use std::sync::Arc;

use asdf::{Mapping, Node};
use gwcs::Transform;
use gwcs::convert::{ConvertError, Fields, Registry, Writer};
use gwcs::model::Model;

use super::{
    AnglesFromGrating, Comparison, Direction, DirectionCosinesToPlane, Dispersion, Grism, Logical,
    Order, OrderTransforms, PlaneToDirectionCosines, Prism, RefractionIndexFromPrism,
    RotationToGrating, SliceFromBeta, SlitKind, SlitTransforms, Trace, WavelengthFromGrating,
};

const STEM: &str = "tag:stsci.edu:jwst_pipeline/";

type Read = Result<Arc<dyn Model>, ConvertError>;
type Written = Option<Result<(String, Mapping), ConvertError>>;

/// The transforms of JWST's instruments, for [`gwcs::convert`].
pub fn registry() -> Registry {
    let mut registry = Registry::default();
    let stem = |name: &str| format!("{STEM}{name}");
    registry.add(stem("coords"), read_cosines, write_optics);
    registry.add(stem("rotation_sequence"), read_rotation, nothing);
    registry.add(stem("grating_equation"), read_grating, nothing);
    registry.add(stem("refraction_index_from_prism"), read_index, nothing);
    registry.add(stem("snell"), read_prism, nothing);
    registry.add(
        stem("gwa_to_slit"),
        |f| read_slits(f, SlitKind::GratingToSlit),
        write_selection,
    );
    registry.add(
        stem("slit_to_gwa"),
        |f| read_slits(f, SlitKind::SlitToGrating),
        nothing,
    );
    registry.add(stem("slit_to_msa"), read_slits_to_msa, nothing);
    registry.add(
        stem("msa_to_slit"),
        |f| read_slits(f, SlitKind::MsaToSlit),
        nothing,
    );
    registry.add(stem("niriss-soss"), read_orders, nothing);
    registry.add(stem("niriss_soss"), read_orders, nothing);
    registry.add(stem("miri_ab2slice"), read_slice, nothing);
    registry.add(stem("logical"), read_logical, nothing);
    registry.add(
        stem("nircam_grism_dispersion"),
        read_dispersion,
        write_dispersion,
    );
    registry.add(stem("niriss_grism_dispersion"), read_dispersion, nothing);
    registry.add(stem("miri_wfss_dispersion"), read_dispersion, nothing);
    registry.add(stem("v23tosky"), refuse_legacy, nothing);
    registry
}

/// The writer of a model that another entry writes.
fn nothing(_model: &dyn Model, _writer: &mut Writer<'_>) -> Written {
    None
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "it is what a writer of the registry returns"
)]
fn written<const N: usize>(name: &str, properties: [(&str, Node); N]) -> Written {
    let tree = properties.into_iter().collect();
    Some(Ok((format!("{STEM}{name}"), tree)))
}

fn numbers(values: &[f64]) -> Node {
    Node::Sequence(values.iter().map(|value| Node::Float(*value)).collect())
}

fn refuse_legacy(fields: &mut Fields<'_>) -> Read {
    Err(fields.error(
        "axes_order",
        "a transform that is still in use; this one was given up in 2018, calibrate the exposure again",
    ))
}

fn read_cosines(fields: &mut Fields<'_>) -> Read {
    match fields.text("model_type")? {
        "to_dircos" | "unitless2directional" => Ok(Arc::new(PlaneToDirectionCosines)),
        "from_dircos" | "directional2unitless" => Ok(Arc::new(DirectionCosinesToPlane)),
        _ => Err(fields.error("model_type", "unitless2directional or directional2unitless")),
    }
}

fn read_rotation(fields: &mut Fields<'_>) -> Read {
    let (angles_deg, _) = fields.array("angles")?;
    let axes_order = fields.text("axes_order")?.to_string();
    let letters = axes_order.chars().all(|letter| "xyz".contains(letter));
    if !letters || axes_order.len() != angles_deg.len() {
        return Err(fields.error("axes_order", "a letter x, y or z for each angle"));
    }
    Ok(Arc::new(RotationToGrating {
        angles_deg,
        axes_order,
    }))
}

fn read_grating(fields: &mut Fields<'_>) -> Read {
    let (groove_density, order) = (fields.number("groove_density")?, fields.number("order")?);
    match fields.text("output")? {
        "wavelength" => Ok(Arc::new(WavelengthFromGrating {
            groove_density,
            order,
        })),
        "angle" => Ok(Arc::new(AnglesFromGrating {
            groove_density,
            order,
        })),
        _ => Err(fields.error("output", "wavelength or angle")),
    }
}

fn read_index(fields: &mut Fields<'_>) -> Read {
    Ok(Arc::new(RefractionIndexFromPrism {
        prism_angle_deg: fields.number("prism_angle")?,
    }))
}

fn read_prism(fields: &mut Fields<'_>) -> Read {
    Ok(Arc::new(Prism {
        angle_deg: fields.number("prism_angle")?,
        k: fields.numbers("kcoef")?,
        l: fields.numbers("lcoef")?,
        t: fields.numbers("tcoef")?,
        ref_temperature: fields.number("ref_temp")?,
        ref_pressure: fields.number("ref_pressure")?,
        temperature: fields.number("temp")?,
        pressure: fields.number("pressure")?,
    }))
}

fn write_optics(model: &dyn Model, _writer: &mut Writer<'_>) -> Written {
    let cosines = |kind: &str| written("coords-1.2.0", [("model_type", kind.into())]);
    let grating = |density: f64, order: f64, output: &str| {
        let properties = [
            ("order", order.into()),
            ("groove_density", density.into()),
            ("output", output.into()),
        ];
        written("grating_equation-1.2.0", properties)
    };
    if model.downcast_ref::<PlaneToDirectionCosines>().is_some() {
        return cosines("unitless2directional");
    }
    if model.downcast_ref::<DirectionCosinesToPlane>().is_some() {
        return cosines("directional2unitless");
    }
    if let Some(model) = model.downcast_ref::<AnglesFromGrating>() {
        return grating(model.groove_density, model.order, "angle");
    }
    if let Some(model) = model.downcast_ref::<WavelengthFromGrating>() {
        return grating(model.groove_density, model.order, "wavelength");
    }
    if let Some(model) = model.downcast_ref::<RotationToGrating>() {
        let properties = [
            ("angles", numbers(&model.angles_deg)),
            ("axes_order", model.axes_order.as_str().into()),
        ];
        return written("rotation_sequence-1.2.0", properties);
    }
    if let Some(model) = model.downcast_ref::<RefractionIndexFromPrism>() {
        let properties = [("prism_angle", model.prism_angle_deg.into())];
        return written("refraction_index_from_prism-1.2.0", properties);
    }
    let prism = model.downcast_ref::<Prism>()?;
    let properties = [
        ("prism_angle", prism.angle_deg.into()),
        ("kcoef", numbers(&prism.k)),
        ("lcoef", numbers(&prism.l)),
        ("tcoef", numbers(&prism.t)),
        ("ref_temp", prism.ref_temperature.into()),
        ("ref_pressure", prism.ref_pressure.into()),
        ("temp", prism.temperature.into()),
        ("pressure", prism.pressure.into()),
    ];
    written("snell-1.2.0", properties)
}

fn read_slits_to_msa(fields: &mut Fields<'_>) -> Read {
    let outputs = fields.texts("outputs")?;
    let kind = match outputs.as_deref() {
        Some([x, y]) if x == "x_msa" && y == "y_msa" => SlitKind::SlitToMsaLegacy,
        _ => SlitKind::SlitToMsa,
    };
    read_slits(fields, kind)
}

fn read_slits(fields: &mut Fields<'_>, kind: SlitKind) -> Read {
    let slits = fields.list("slits")?.to_vec();
    let models = fields.transforms("models")?;
    let transforms = SlitTransforms {
        kind,
        slits,
        models,
    };
    if transforms.slits.len() != transforms.models.len() {
        return Err(fields.error("models", "as many transforms as slits"));
    }
    let shape = transforms.model_shape();
    check_shapes(fields, "models", &transforms.models, shape)?;
    Ok(Arc::new(transforms))
}

/// All transforms of a property take and give as many numbers as they should.
fn check_shapes(
    fields: &Fields<'_>,
    property: &str,
    transforms: &[Transform],
    (inputs, outputs): (usize, usize),
) -> Result<(), ConvertError> {
    let fits =
        |transform: &Transform| (transform.n_inputs(), transform.n_outputs()) == (inputs, outputs);
    if transforms.iter().all(fits) {
        return Ok(());
    }
    let expected = format!("transforms of {inputs} inputs and {outputs} outputs");
    Err(fields.error(property, expected))
}

fn read_orders(fields: &mut Fields<'_>) -> Read {
    let models = fields.transforms("models")?;
    check_shapes(fields, "models", &models, (2, 3))?;
    let orders = order_numbers(fields, "spectral_orders")?;
    if orders.len() != models.len() {
        return Err(fields.error("models", "as many transforms as orders"));
    }
    let orders = orders.into_iter().zip(models).collect();
    Ok(Arc::new(OrderTransforms { orders }))
}

fn order_numbers(fields: &Fields<'_>, property: &str) -> Result<Vec<i64>, ConvertError> {
    let (orders, _) = fields.array(property)?;
    Ok(orders.into_iter().map(|order| order as i64).collect())
}

fn read_slice(fields: &mut Fields<'_>) -> Read {
    Ok(Arc::new(SliceFromBeta {
        beta_zero: fields.number("beta_zero")?,
        beta_del: fields.number("beta_del")?,
        channel: fields.number("channel")?,
    }))
}

fn read_logical(fields: &mut Fields<'_>) -> Read {
    let comparison = match fields.text("condition")?.to_uppercase().as_str() {
        "GT" => Comparison::Greater,
        "LT" => Comparison::Less,
        "EQ" => Comparison::Equal,
        "NE" => Comparison::NotEqual,
        _ => return Err(fields.error("condition", "GT, LT, EQ or NE")),
    };
    Ok(Arc::new(Logical {
        comparison,
        compare_to: fields.array("compareto")?.0,
        value: fields.array("value")?.0,
    }))
}

fn write_selection(model: &dyn Model, writer: &mut Writer<'_>) -> Written {
    if let Some(model) = model.downcast_ref::<SlitTransforms>() {
        let name = match model.kind {
            SlitKind::GratingToSlit => "gwa_to_slit-1.2.0",
            SlitKind::SlitToGrating => "slit_to_gwa-1.0.0",
            SlitKind::SlitToMsa | SlitKind::SlitToMsaLegacy => "slit_to_msa-1.2.0",
            SlitKind::MsaToSlit => "msa_to_slit-1.0.0",
        };
        return Some(list(model.models.iter(), writer).map(|models| {
            let slits = Node::Sequence(model.slits.clone());
            let tree = [("slits", slits), ("models", models)].into_iter().collect();
            (format!("{STEM}{name}"), tree)
        }));
    }
    if let Some(model) = model.downcast_ref::<OrderTransforms>() {
        let (orders, models): (Vec<Node>, Vec<&Transform>) = model
            .orders
            .iter()
            .map(|(order, transform)| (Node::Int(*order), transform))
            .unzip();
        return Some(list(models.into_iter(), writer).map(|models| {
            let orders = Node::Sequence(orders);
            let tree = [("spectral_orders", orders), ("models", models)];
            (
                format!("{STEM}niriss_soss-1.2.0"),
                tree.into_iter().collect(),
            )
        }));
    }
    if let Some(model) = model.downcast_ref::<SliceFromBeta>() {
        let properties = [
            ("beta_zero", model.beta_zero.into()),
            ("beta_del", model.beta_del.into()),
            ("channel", model.channel.into()),
        ];
        return written("miri_ab2slice-1.2.0", properties);
    }
    let logical = model.downcast_ref::<Logical>()?;
    let condition = match logical.comparison {
        Comparison::Greater => "GT",
        Comparison::Less => "LT",
        Comparison::Equal => "EQ",
        Comparison::NotEqual => "NE",
    };
    let mut many = |values: &[f64]| match values {
        [one] => Ok(Node::Float(*one)),
        many => writer.array(many, &[many.len()]).map(Node::from),
    };
    let (compare_to, value) = (many(&logical.compare_to), many(&logical.value));
    Some(compare_to.and_then(|compare_to| {
        let tree = [
            ("condition", Node::from(condition)),
            ("compareto", compare_to),
            ("value", value?),
        ];
        Ok((format!("{STEM}logical-1.2.0"), tree.into_iter().collect()))
    }))
}

fn list<'a>(
    transforms: impl Iterator<Item = &'a Transform>,
    writer: &mut Writer<'_>,
) -> Result<Node, ConvertError> {
    let nodes = transforms.map(|transform| writer.transform(transform));
    nodes.collect::<Result<_, _>>().map(Node::Sequence)
}

/// Grisms and directions by the names of their classes.
const DISPERSIONS: [(&str, Grism, Direction); 8] = [
    (
        "NIRCAMForwardRowGrismDispersion",
        Grism::Nircam,
        Direction::ForwardRow,
    ),
    (
        "NIRCAMForwardColumnGrismDispersion",
        Grism::Nircam,
        Direction::ForwardColumn,
    ),
    (
        "NIRCAMBackwardGrismDispersion",
        Grism::Nircam,
        Direction::Backward,
    ),
    (
        "NIRISSForwardRowGrismDispersion",
        Grism::Niriss,
        Direction::ForwardRow,
    ),
    (
        "NIRISSForwardColumnGrismDispersion",
        Grism::Niriss,
        Direction::ForwardColumn,
    ),
    (
        "NIRISSBackwardGrismDispersion",
        Grism::Niriss,
        Direction::Backward,
    ),
    (
        "MIRIWFSSForwardDispersion",
        Grism::Miri,
        Direction::ForwardColumn,
    ),
    (
        "MIRIWFSSBackwardDispersion",
        Grism::Miri,
        Direction::Backward,
    ),
];

fn read_dispersion(fields: &mut Fields<'_>) -> Read {
    let class = match fields.get("model_type") {
        Some(_) => fields.text("model_type")?,
        None => fields.text("class_name")?,
    };
    let found = DISPERSIONS.iter().find(|(known, ..)| *known == class);
    let Some(&(_, grism, direction)) = found else {
        return Err(fields.error("model_type", "the name of a dispersion"));
    };
    let numbers = order_numbers(fields, "orders")?;
    let wavelengths = traces(fields, "lmodels", numbers.len())?;
    let x = traces(fields, "xmodels", numbers.len())?;
    let y = traces(fields, "ymodels", numbers.len())?;
    let parts = numbers
        .into_iter()
        .zip(wavelengths)
        .zip(x.into_iter().zip(y));
    let orders = parts.map(|((number, wavelength), (x, y))| Order {
        number,
        wavelength,
        x,
        y,
    });
    Ok(Arc::new(Dispersion {
        grism,
        direction,
        theta_deg: fields.number_or("theta", 0.0)?,
        orders: orders.collect(),
    }))
}

/// A trace for each order.
fn traces(fields: &Fields<'_>, property: &str, orders: usize) -> Result<Vec<Trace>, ConvertError> {
    let items = fields.list(property)?;
    if items.len() != orders {
        return Err(fields.error(property, format!("an entry for each of {orders} orders")));
    }
    let wrong = || {
        let expected =
            "one transform of one input, or transforms of two inputs, and one output each";
        fields.error(property, expected)
    };
    let trace = |item: &Node| -> Result<Trace, ConvertError> {
        let trace = match (item.tag(), item.as_sequence()) {
            (None, Some(list)) => {
                let transforms = list.iter().map(|node| fields.transform_of(node));
                Trace::List(transforms.collect::<Result<_, _>>()?)
            }
            _ => Trace::Plain(fields.transform_of(item)?),
        };
        let transforms = trace.transforms();
        let takes = |count: usize| transforms.iter().all(|one| one.n_inputs() == count);
        let gives_one = transforms.iter().all(|one| one.n_outputs() == 1);
        let plain = transforms.len() == 1 && takes(1);
        if gives_one && !transforms.is_empty() && (plain || takes(2)) {
            Ok(trace)
        } else {
            Err(wrong())
        }
    };
    items.iter().map(trace).collect()
}

fn write_dispersion(model: &dyn Model, writer: &mut Writer<'_>) -> Written {
    let model = model.downcast_ref::<Dispersion>()?;
    Some(dispersion_node(model, writer))
}

fn dispersion_node(
    model: &Dispersion,
    writer: &mut Writer<'_>,
) -> Result<(String, Mapping), ConvertError> {
    let key = (model.grism, model.direction);
    let mut known = DISPERSIONS.iter();
    let class = known.find(|(_, grism, direction)| (*grism, *direction) == key);
    let Some((class, ..)) = class else {
        return Err(ConvertError::NoForm(format!("{key:?}")));
    };
    let mut part = |of: fn(&Order) -> &Trace| -> Result<Node, ConvertError> {
        let traces = model.orders.iter().map(|order| match of(order) {
            Trace::Plain(one) => writer.transform(one),
            Trace::List(transforms) => list(transforms.iter(), writer),
        });
        traces.collect::<Result<_, _>>().map(Node::Sequence)
    };
    let (x, y, wavelengths) = (
        part(|order| &order.x)?,
        part(|order| &order.y)?,
        part(|order| &order.wavelength)?,
    );
    let orders = model.orders.iter().map(|order| Node::Int(order.number));
    let mut tree: Mapping = [
        ("orders", Node::Sequence(orders.collect())),
        ("xmodels", x),
        ("ymodels", y),
        ("lmodels", wavelengths),
        ("model_type", Node::from(*class)),
    ]
    .into_iter()
    .collect();
    let name = match model.grism {
        Grism::Nircam => "nircam_grism_dispersion-1.2.0",
        Grism::Niriss => {
            tree.insert("theta", model.theta_deg);
            "niriss_grism_dispersion-1.2.0"
        }
        Grism::Miri => "miri_wfss_dispersion-1.0.0",
    };
    Ok((format!("{STEM}{name}"), tree))
}
