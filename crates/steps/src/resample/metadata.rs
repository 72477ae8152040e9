//! What the product says about itself.

use asdf::{Mapping, Node};
use datamodels::metadata::Metadata;
use datamodels::models::{Model, ResampledModel};
use gwcs::mosaic::{Footprint, PlaneProjector, imaging};
use stpipe::StepError;

use super::accumulate::{ErrorKind, Settings};
use super::grid::OutputGrid;
use super::input::{ResampleInput, WeightKind};

/// Arc seconds of a radian.
const ARCSEC: f64 = 3600.0 * 180.0 / std::f64::consts::PI;

/// Times of all exposures.
#[derive(Debug, Default)]
pub(super) struct Times {
    groups: Vec<String>,
    exposure_time: f64,
    duration: f64,
    measurement_time: f64,
    all_measured: Option<bool>,
    start: Option<f64>,
    end: Option<f64>,
}

impl Times {
    /// Adds those of an exposure, unless another detector's of the same exposure have been.
    pub(super) fn add(&mut self, input: &ResampleInput<'_>) {
        let group = group_id(&input.meta);
        if self.groups.contains(&group) {
            return;
        }
        self.groups.push(group);
        let number = |key: &str| input.meta.number(&format!("meta.exposure.{key}"));
        self.exposure_time += number("exposure_time").unwrap_or(0.0);
        self.duration += number("duration").unwrap_or(0.0);
        let (time, measured) = input.time();
        self.measurement_time += time.unwrap_or(0.0);
        self.all_measured = Some(self.all_measured.unwrap_or(true) && measured);
        let extreme = |known: Option<f64>, new: Option<f64>, pick: fn(f64, f64) -> f64| {
            known.zip(new).map(|(a, b)| pick(a, b)).or(known).or(new)
        };
        self.start = extreme(self.start, number("start_time"), f64::min);
        self.end = extreme(self.end, number("end_time"), f64::max);
    }
}

/// What exposures of several detectors that were taken at once have in common.
fn group_id(meta: &Metadata) -> String {
    if let Some(group) = meta.text("meta.group_id") {
        return group.to_string();
    }
    let part = |key: &str| match meta.get(&format!("meta.observation.{key}")) {
        Some(Node::String(text)) => text.clone(),
        other => other
            .and_then(Node::as_i64)
            .map_or(String::new(), |n| n.to_string()),
    };
    let exposure = meta
        .get("meta.observation.exposure_number")
        .map_or(String::new(), |_| part("exposure_number"));
    format!(
        "jw{}{}{}_{}{}{}_{exposure}",
        part("program_number"),
        part("observation_number"),
        part("visit_number"),
        part("visit_group"),
        part("sequence_id"),
        part("activity_id"),
    )
}

/// Side of an output pixel in units of the nominal pixel of an input.
pub(super) fn scale_ratio(
    input: &ResampleInput<'_>,
    scale_arcsec: f64,
) -> Result<Option<f64>, StepError> {
    let nominal = input
        .meta
        .number("meta.photometry.pixelarea_steradians")
        .filter(|&area| area > 0.0);
    let area = if let Some(area) = nominal {
        area
    } else {
        tracing::warn!(
            "Input model does not have 'pixelarea_steradians' set. Using mean pixel area instead."
        );
        gwcs::mosaic::mean_pixel_area(&input.wcs, input.data.dim()).map_err(StepError::algorithm)?
    };
    Ok(Some(scale_arcsec / (area.sqrt() * ARCSEC)))
}

/// Keywords that describe the detector's distortion and pointing, and what was fitted to them, which the output does not
/// have.
const NOT_OF_THE_OUTPUT: [&str; 13] = [
    "v2_ref", "v3_ref", "ra_ref", "dec_ref", "roll_ref", "v3yangle", "vparity", "wcsname",
    "lonpole", "latpole", "mjdref", "sipmxerr", "sipiverr",
];

/// Metadata of the output, from those of an input.
pub(super) fn output(
    grid: &OutputGrid,
    settings: &Settings,
    times: &Times,
    meta: &Metadata,
    regions: &[String],
) -> Result<Metadata, StepError> {
    let mut meta = meta.derive(ResampledModel::MODEL_TYPE);
    if settings.errors == ErrorKind::None {
        meta.remove("meta.bunit_err");
    }
    meta.set_wcs(&grid.wcs).map_err(StepError::algorithm)?;
    let area = grid.scale_arcsec * grid.scale_arcsec;
    meta.set(
        "meta.photometry.pixelarea_steradians",
        area / (ARCSEC * ARCSEC),
    );
    meta.set("meta.photometry.pixelarea_arcsecsq", area);

    meta.set("meta.resample.pointings", times.groups.len() as i64);
    if let Some(ratio) = grid.scale_ratio {
        meta.set("meta.resample.pixel_scale_ratio", ratio);
    }
    meta.set("meta.resample.pixfrac", settings.pixfrac);
    meta.set("meta.resample.kernel", settings.kernel_name.as_str());
    meta.set("meta.resample.fillval", settings.fill_text.as_str());
    let weight = match settings.weight {
        WeightKind::InverseVariance => "ivm",
        WeightKind::ExposureTime => "exptime",
    };
    meta.set("meta.resample.weight_type", weight);

    set_times(&mut meta, times);
    meta.remove("meta.background.level");
    meta.remove("meta.background.subtracted");
    set_wcsinfo(&mut meta, grid, regions)?;
    Ok(meta)
}

fn set_times(meta: &mut Metadata, times: &Times) {
    let mut set = |key: &str, value: Option<f64>| {
        let path = format!("meta.exposure.{key}");
        match value {
            Some(value) => meta.set(&path, value),
            None => {
                meta.remove(&path);
            }
        }
    };
    set("exposure_time", Some(times.exposure_time));
    set("start_time", times.start);
    set("end_time", times.end);
    set("duration", Some(times.duration));
    let measured = times.all_measured == Some(true);
    set(
        "measurement_time",
        measured.then_some(times.measurement_time),
    );
    set("effective_exposure_time", Some(times.exposure_time));
    set("elapsed_exposure_time", Some(times.duration));
}

/// Whether a keyword belongs to a distortion.
fn is_distortion(key: &str) -> bool {
    let digits = |text: &str| text.len() == 1 && text.bytes().all(|b| b.is_ascii_digit());
    let polynomial = |rest: &str| {
        rest == "order"
            || rest
                .split_once('_')
                .is_some_and(|(p, q)| digits(p) && digits(q))
    };
    matches!(key, "cd1_1" | "cd1_2" | "cd2_1" | "cd2_2")
        || ["a_", "b_", "ap_", "bp_"]
            .iter()
            .any(|stem| key.strip_prefix(stem).is_some_and(polynomial))
}

/// The keywords of the output's projection and footprint.
fn set_wcsinfo(
    meta: &mut Metadata,
    grid: &OutputGrid,
    regions: &[String],
) -> Result<(), StepError> {
    let known: Vec<String> = meta
        .get("meta.wcsinfo")
        .and_then(Node::as_mapping)
        .map(|mapping: &Mapping| {
            mapping
                .iter()
                .filter_map(|(key, _)| key.as_str().map(str::to_string))
                .collect()
        })
        .unwrap_or_default();
    for key in known {
        if is_distortion(&key) || NOT_OF_THE_OUTPUT.contains(&key.as_str()) {
            meta.remove(&format!("meta.wcsinfo.{key}"));
        }
    }
    let mut set = |key: &str, value: Node| meta.set(&format!("meta.wcsinfo.{key}"), value);
    let tangential = PlaneProjector::of(&grid.wcs).and_then(|_| imaging(&grid.wcs));
    if let Some(plane) = tangential {
        let ([x, y], [lon, lat], pc) = (plane.crpix(), plane.crval_deg(), plane.pc());
        for (key, value) in [
            ("crpix1", x + 1.0),
            ("crpix2", y + 1.0),
            ("cdelt1", plane.cdelt()[0]),
            ("cdelt2", plane.cdelt()[1]),
            ("crval1", lon),
            ("crval2", lat),
            ("pc1_1", pc[0][0]),
            ("pc1_2", pc[0][1]),
            ("pc2_1", pc[1][0]),
            ("pc2_2", pc[1][1]),
        ] {
            set(key, Node::Float(value));
        }
        for (key, value) in [
            ("ctype1", "RA---TAN"),
            ("ctype2", "DEC--TAN"),
            ("cunit1", "deg"),
            ("cunit2", "deg"),
            ("radesys", "ICRS"),
        ] {
            set(key, Node::from(value));
        }
    }
    match region(grid, regions)? {
        Some(region) => {
            tracing::info!("Assigning output S_REGION: {region}");
            meta.set("meta.wcsinfo.s_region", region);
        }
        None => {
            meta.remove("meta.wcsinfo.s_region");
        }
    }
    Ok(())
}

/// Where the output is valid: its bounding box, or all of it.
fn limits(grid: &OutputGrid) -> [(f64, f64); 2] {
    let (rows, columns) = grid.shape;
    let intervals = grid
        .wcs
        .bounding_box()
        .map(|bbox| bbox.intervals.as_slice());
    match intervals {
        Some([Some(x), Some(y)]) => [(x.low, x.high), (y.low, y.high)],
        _ => [(-0.5, columns as f64 - 0.5), (-0.5, rows as f64 - 0.5)],
    }
}

/// The footprint of the data in the output.
fn region(grid: &OutputGrid, regions: &[String]) -> Result<Option<String>, StepError> {
    let Some(plane) = PlaneProjector::of(&grid.wcs) else {
        return Ok(None);
    };
    let footprints: Vec<Footprint> = regions
        .iter()
        .flat_map(|region| Footprint::parse(region))
        .collect();
    let parts = plane.overlap(&footprints, limits(grid));
    if parts.is_empty() {
        tracing::warn!(
            "Could not combine S_REGIONs: No overlap between input s_regions and intersection footprint. \
             Output S_REGION will not be set."
        );
        return Ok(None);
    }
    let mut whole = grid.wcs.clone();
    whole.set_bounding_box(None).map_err(StepError::algorithm)?;
    let mut outlines = Vec::new();
    for part in parts {
        let (x, y): (Vec<f64>, Vec<f64>) = part.iter().map(|[x, y]| (*x, *y)).unzip();
        let sky = whole.evaluate(&[&x, &y]).map_err(StepError::algorithm)?;
        let vertices = sky[0].iter().zip(&sky[1]).map(|(a, b)| [*a, *b]).collect();
        outlines.push(Footprint { vertices });
    }
    Ok(Some(Footprint::region(&outlines)))
}
