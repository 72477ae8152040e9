//! What one product says about itself.

use asdf::{Mapping, Node};

use super::samples::{BitCounts, Quality};
use crate::error::Result;
use crate::product::Product;
use crate::scene::ticks::short;

/// Where a product stands in a run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Group {
    /// Of one exposure of one detector.
    Exposure(String),
    /// Of several exposures.
    Combined(String),
}

/// A status of a step, why it was skipped, and what it found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StepStatus {
    pub(crate) step: String,
    pub(crate) status: String,
    pub(crate) reason: String,
    pub(crate) found: String,
}

/// A parameter of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Parameter {
    pub(crate) step: String,
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) origin: String,
}

/// The sky level that was found.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sky {
    pub(crate) level: f64,
    pub(crate) unit: String,
    pub(crate) method: String,
    pub(crate) subtracted: bool,
}

/// What a product says about itself.
#[derive(Debug, Clone)]
pub(crate) struct Survey {
    pub(crate) group: Group,
    /// The name without its last part, which says what kind of product it is.
    pub(crate) root: String,
    /// The last part, such as `rate`.
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) facts: Vec<String>,
    pub(crate) shape: Vec<usize>,
    pub(crate) unit: String,
    pub(crate) statuses: Vec<StepStatus>,
    pub(crate) references: Vec<(String, String)>,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) warnings: Vec<String>,
    pub(crate) software: String,
    pub(crate) context: String,
    pub(crate) date: String,
    pub(crate) pixels: Option<BitCounts>,
    pub(crate) samples: Option<BitCounts>,
    pub(crate) sky: Option<Sky>,
    /// Where the centre of the image is on the sky \[degree\].
    pub(crate) centre: Option<(f64, f64)>,
}

impl Survey {
    pub(crate) fn of(product: &Product) -> Result<Self> {
        let meta = &product.meta;
        let text = |path: &str| meta.text(path).unwrap_or_default().trim().to_owned();
        let name = product.name();
        let (root, kind) = parts_of(&name, meta.text("meta.instrument.detector"));
        let sci = product.reader.find("SCI", 1);
        let parameters = parameters(meta.get("cal_parameters"));
        Ok(Self {
            group: group(product, &root),
            facts: product.facts(),
            shape: sci.map(|hdu| hdu.shape().to_vec()).unwrap_or_default(),
            unit: sci.map(|hdu| product.unit(hdu)).unwrap_or_default(),
            statuses: statuses(product, &parameters),
            references: references(product),
            parameters,
            warnings: warnings(product),
            software: text("meta.calibration_software_version"),
            context: text("meta.ref_file.crds.context_used"),
            date: text("meta.date"),
            pixels: Quality::Pixels.counts(product)?,
            samples: Quality::Samples.counts(product)?,
            sky: sky(product),
            centre: centre(product),
            root,
            kind,
            name,
        })
    }

    /// Whether it is a ramp.
    pub(crate) fn is_ramp(&self) -> bool {
        self.shape.len() == 4
    }

    /// Whether its pixels are those of the detector, with quality.
    pub(crate) fn is_on_detector(&self) -> bool {
        self.is_ramp() || (self.pixels.is_some() && self.kind != "i2d")
    }

    /// How far it has come: steps that were done or skipped.
    pub(crate) fn progress(&self) -> usize {
        self.statuses.len()
    }

    /// The status of a step, empty if it has none.
    pub(crate) fn status(&self, step: &str) -> &str {
        let found = self.statuses.iter().find(|status| status.step == step);
        found.map_or("", |status| status.status.as_str())
    }
}

/// `jw01_nrcb1` and `dq_init` of `jw01_nrcb1_dq_init.fits.gz`: all after the detector, or else the last word, is the kind.
pub(crate) fn parts_of(name: &str, detector: Option<&str>) -> (String, String) {
    let stem = name.strip_suffix(".gz").unwrap_or(name);
    let stem = stem.rsplit_once('.').map_or(stem, |(stem, _)| stem);
    let detector = detector.map(|detector| format!("_{}_", detector.to_lowercase()));
    let after = detector.and_then(|detector| Some(stem.rfind(&detector)? + detector.len() - 1));
    match after.or_else(|| stem.rfind('_')) {
        Some(place) => (stem[..place].to_owned(), stem[place + 1..].to_owned()),
        None => (stem.to_owned(), String::new()),
    }
}

/// Exposures are told apart by what they are, not by names: those of stage 3 bear the name of the association.
fn group(product: &Product, root: &str) -> Group {
    let meta = &product.meta;
    let is_combined =
        product.reader.find("HDRTAB", 1).is_some() || meta.model_type() == "SegmentationMapModel";
    if is_combined {
        return Group::Combined(root.to_owned());
    }
    let text = |path: &str| {
        meta.text(path)
            .map(str::trim)
            .filter(|text| !text.is_empty())
    };
    let visit = text("meta.observation.obs_id").or_else(|| text("meta.observation.visit_id"));
    let exposure = text("meta.observation.exposure_number");
    let detector = text("meta.instrument.detector");
    match (visit, exposure, detector) {
        (Some(visit), Some(exposure), Some(detector)) => {
            Group::Exposure(format!("{visit} {exposure:0>5} {detector}"))
        }
        _ => Group::Exposure(root.to_owned()),
    }
}

/// A value of the metadata as text.
fn plain(node: &Node) -> String {
    match node.untagged() {
        Node::Null => "none".to_owned(),
        Node::Bool(value) => value.to_string(),
        Node::Int(value) => value.to_string(),
        Node::Float(value) => value.to_string(),
        Node::String(text) => text.clone(),
        Node::Sequence(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        _ => "…".to_owned(),
    }
}

fn entries(node: Option<&Node>) -> impl Iterator<Item = (&str, &Node)> {
    let mapping = node.and_then(Node::as_mapping).map(Mapping::iter);
    let pairs = mapping.into_iter().flatten();
    pairs.filter_map(|(key, value)| Some((key.as_str()?, value)))
}

/// Statuses in the order in which the parameters name the steps; the others follow in the order of the file.
fn statuses(product: &Product, parameters: &[Parameter]) -> Vec<StepStatus> {
    let reasons = product.meta.get("cal_skip_reasons");
    let summaries = product.meta.get("cal_summaries");
    let recorded = entries(product.meta.get("meta.cal_step"));
    let mut statuses: Vec<StepStatus> = recorded
        .filter(|(_, status)| !status.is_null())
        .map(|(step, status)| StepStatus {
            step: step.to_owned(),
            status: plain(status),
            reason: reasons
                .and_then(|all| all.get(step))
                .map(plain)
                .unwrap_or_default(),
            found: findings(summaries.and_then(|all| all.get(step))),
        })
        .collect();
    // The status of one step has another name than the step.
    let is_step =
        |name: &str, step: &str| name == step || (name == "dark_current" && step == "dark_sub");
    statuses.sort_by_key(|status| {
        let place = parameters
            .iter()
            .position(|p| is_step(&p.step, &status.step));
        place.unwrap_or(usize::MAX)
    });
    statuses
}

/// `jumps 12, showers 0` of what a step noted in the product.
fn findings(notes: Option<&Node>) -> String {
    let notes = entries(notes).map(|(name, value)| {
        let value = match value.untagged() {
            Node::Float(value) => short(*value, 5),
            _ => plain(value),
        };
        format!("{} {value}", name.replace('_', " "))
    });
    notes.collect::<Vec<_>>().join(", ")
}

fn references(product: &Product) -> Vec<(String, String)> {
    let all = entries(product.meta.get("meta.ref_file"));
    let named = all.filter_map(|(kind, node)| Some((kind, node.get("name")?)));
    let named = named.map(|(kind, name)| (kind.to_owned(), plain(name)));
    named
        .filter(|(_, name)| name != "N/A" && name != "none")
        .collect()
}

/// Parameters of all runs that made the product, in the order of their steps.
fn parameters(recorded: Option<&Node>) -> Vec<Parameter> {
    let mut parameters = Vec::new();
    for (run, settings) in entries(recorded) {
        collect(run, settings, &mut parameters);
    }
    parameters
}

fn collect(step: &str, settings: &Node, parameters: &mut Vec<Parameter>) {
    for (name, entry) in entries(settings.get("parameters")) {
        parameters.push(Parameter {
            step: step.to_owned(),
            name: name.to_owned(),
            value: entry.get("value").map_or_else(|| plain(entry), plain),
            origin: entry.get("origin").map(plain).unwrap_or_default(),
        });
    }
    for (name, settings) in entries(settings.get("steps")) {
        collect(name, settings, parameters);
    }
}

/// Warnings and errors of the log that the product carries.
fn warnings(product: &Product) -> Vec<String> {
    let lines = entries(product.meta.get("cal_logs"));
    let lines = lines.filter_map(|(_, lines)| lines.as_sequence()).flatten();
    let lines = lines.filter_map(Node::as_str);
    let serious = |line: &&str| {
        [" - WARNING - ", " - ERROR - "]
            .iter()
            .any(|level| line.contains(level))
    };
    lines.filter(serious).map(str::to_owned).collect()
}

fn sky(product: &Product) -> Option<Sky> {
    let meta = &product.meta;
    Some(Sky {
        level: meta.number("meta.background.level")?,
        unit: meta.text("meta.bunit_data").unwrap_or_default().to_owned(),
        method: meta
            .text("meta.background.method")
            .unwrap_or_default()
            .to_owned(),
        subtracted: meta.flag("meta.background.subtracted") == Some(true),
    })
}

/// A coordinate system that cannot be read, or is none of the sky, has no centre; the picture's notes say so.
fn centre(product: &Product) -> Option<(f64, f64)> {
    let wcs = product.meta.wcs().ok().flatten()?;
    let [.., rows, columns] = product.reader.find("SCI", 1)?.shape() else {
        return None;
    };
    let middle = |pixels: usize| (pixels as f64 - 1.0) / 2.0;
    let world = wcs
        .evaluate(&[&[middle(*columns)], &[middle(*rows)]])
        .ok()?;
    match world.as_slice() {
        [ra, dec] if ra[0].is_finite() && dec[0].is_finite() => Some((ra[0], dec[0])),
        _ => None,
    }
}

/// How far the second position lies from the first, to the east and to the north \[milliarcsecond\].
pub(crate) fn shift_mas(from: (f64, f64), to: (f64, f64)) -> (f64, f64) {
    let turn = (to.0 - from.0 + 540.0).rem_euclid(360.0) - 180.0;
    let scale = 3.6e6;
    (
        turn * f64::midpoint(from.1, to.1).to_radians().cos() * scale,
        (to.1 - from.1) * scale,
    )
}

/// A sky level or shift for a table.
pub(crate) fn signed(value: f64) -> String {
    let text = short(value, 3);
    if value > 0.0 {
        format!("+{text}")
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use datamodels::metadata::Metadata;

    use super::*;

    #[test]
    fn names_have_a_root_and_a_kind() {
        let parts = |name: &str| {
            let (root, kind) = parts_of(name, Some("NRCB1"));
            format!("{root} {kind}")
        };
        assert_eq!(parts("jw01_02_nrcb1_rate.fits"), "jw01_02_nrcb1 rate");
        assert_eq!(parts("jw01_02_nrcb1_dq_init.fits"), "jw01_02_nrcb1 dq_init");
        assert_eq!(parts("x_uncal.fits.gz"), "x uncal");
        assert_eq!(parts("plain.fits"), "plain ");
        assert_eq!(parts_of("m_cat.ecsv", None), ("m".into(), "cat".into()));
    }

    #[test]
    fn shifts_are_in_milliarcseconds() {
        let (east, north) = shift_mas((359.999_999, 60.0), (0.000_001, 60.000_001));
        assert!(
            (east - 3.6).abs() < 1e-6 && (north - 3.6).abs() < 1e-6,
            "{east} {north}"
        );
        assert_eq!(signed(1.25), "+1.25");
        assert_eq!(signed(-1.25), "−1.25");
    }

    #[test]
    fn parameters_of_steps_come_in_order_with_origins() {
        let mut meta = Metadata::new("ImageModel");
        let base = "cal_parameters.calwebb_detector1";
        for (path, value, origin) in [
            (
                "steps.jump.parameters.rejection_threshold",
                "5.0",
                "command line",
            ),
            ("parameters.save_results", "true", "default"),
            (
                "steps.ramp_fit.parameters.algorithm",
                "OLS_C",
                "crds://a.asdf",
            ),
        ] {
            meta.set(&format!("{base}.{path}.value"), value);
            meta.set(&format!("{base}.{path}.origin"), origin);
        }
        let found = parameters(meta.get("cal_parameters"));
        let lines: Vec<String> = found
            .iter()
            .map(|p| format!("{} {} {} {}", p.step, p.name, p.value, p.origin))
            .collect();
        assert_eq!(
            lines,
            [
                "calwebb_detector1 save_results true default",
                "jump rejection_threshold 5.0 command line",
                "ramp_fit algorithm OLS_C crds://a.asdf",
            ]
        );
    }
}
