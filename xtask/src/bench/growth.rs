//! `cargo xtask bench growth`: how time and memory of stage 1 grow with an exposure and with what hit it, and what a
//! second thread brings.
//!
//! Every case is rewritten as several exposures: as it is, with the first quarter of its integrations or groups, and
//! with cosmic rays in a quarter of its pixels. All are run in turn.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use datamodels::{Model, RampModel};
use ndarray::{Axis, Slice};
use testkit::golden::Case;
use testkit::random::Generator;

use super::steps::{self, Stage};
use super::{Arguments, Run, Subject, medians, own_pipeline};
use crate::process::Usage;

/// The share of pixels that a cosmic ray is put into.
const HIT: f64 = 0.25;
/// Steps that cosmic rays make [DN].
const STEP_DN: std::ops::Range<f64> = std::ops::Range {
    start: 100.0,
    end: 2000.0,
};
/// Fewest groups of a ramp whose first quarter can still be searched for jumps.
const MIN_GROUPS: usize = 16;
/// Steps that are looked at one by one.
const STEPS: [&str; 2] = ["jump", "ramp_fit"];

/// What is made of an exposure, and run.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Variant {
    Whole,
    OneThread,
    QuarterOfIntegrations,
    QuarterOfGroups,
    Hit,
}

impl Variant {
    fn name(self) -> &'static str {
        match self {
            Self::Whole => "as it is",
            Self::OneThread => "one thread",
            Self::QuarterOfIntegrations => "1/4 of the integrations",
            Self::QuarterOfGroups => "1/4 of the groups",
            Self::Hit => "hits in 1/4 of the pixels",
        }
    }

    /// Those that the shape of a ramp allows.
    fn of_shape(integrations: usize, groups: usize) -> Vec<Self> {
        let mut variants = vec![Self::Whole, Self::OneThread, Self::Hit];
        if integrations.is_multiple_of(4) {
            variants.push(Self::QuarterOfIntegrations);
        }
        if groups >= MIN_GROUPS {
            variants.push(Self::QuarterOfGroups);
        }
        variants
    }
}

/// Measures the variants of a case.
pub(super) fn measure(case: &Case, ours: &Path, arguments: &Arguments) -> Result<()> {
    let input = &case.inputs[0];
    let ramp = RampModel::open(input).context("cannot read the exposure")?;
    let (integrations, groups, ..) = ramp.data.dim();
    let variants = Variant::of_shape(integrations, groups);
    let folder = tempfile::TempDir::new().context("cannot make a folder for exposures")?;
    let name = input.file_name().unwrap_or_default();
    let mut files = Vec::new();
    for (number, variant) in variants.iter().enumerate() {
        let own = folder.path().join(number.to_string());
        std::fs::create_dir(&own).context("cannot make a folder for an exposure")?;
        let path = own.join(name);
        write(&ramp, *variant, &path)?;
        files.push(path);
    }
    drop(ramp);
    let mut measured: Vec<Vec<(Usage, Vec<Stage>)>> = vec![Vec::new(); variants.len()];
    for _ in 0..arguments.runs {
        for ((variant, file), measured) in variants.iter().zip(&files).zip(&mut measured) {
            measured.push(once(case, (*variant, file), ours, arguments)?);
        }
    }
    let rows: Vec<Row> = measured.iter().map(|runs| Row::of(runs)).collect();
    crate::say(&format!(
        "{}: {integrations} integrations of {groups} groups",
        case.name
    ));
    for (variant, row) in variants.iter().zip(&rows) {
        crate::say(&row.line(variant.name()));
    }
    for (variant, row) in variants.iter().zip(&rows).skip(1) {
        say_ratio((*variant, row), &rows[0], (integrations, groups));
    }
    Ok(())
}

/// One run of a variant.
fn once(
    case: &Case,
    (variant, file): (Variant, &PathBuf),
    ours: &Path,
    arguments: &Arguments,
) -> Result<(Usage, Vec<Stage>)> {
    let run = Run {
        input: file.clone(),
        name: case.name.clone(),
        crds_cache: case.crds_cache.clone(),
        parameters: case.parameter_arguments(),
    };
    let threads = if variant == Variant::OneThread {
        Some(1)
    } else {
        arguments.threads
    };
    let mut command = own_pipeline(ours, &run, Subject::Stage1, threads)?;
    let (stages, total) = steps::run(&mut command.0)?;
    Ok((total, stages))
}

/// Medians of the whole run and of single steps.
struct Row {
    total: Usage,
    steps: Vec<Usage>,
}

impl Row {
    fn of(runs: &[(Usage, Vec<Stage>)]) -> Self {
        let totals: Vec<Usage> = runs.iter().map(|(total, _)| *total).collect();
        let of_step = |name: &&str| {
            let stages = runs.iter().flat_map(|(_, stages)| stages);
            let usages: Vec<Usage> = stages
                .filter(|stage| stage.name == *name)
                .map(|stage| stage.usage)
                .collect();
            (!usages.is_empty()).then(|| medians(&usages))
        };
        let nothing = Usage {
            wall_s: f64::NAN,
            cpu_s: f64::NAN,
            peak_mib: f64::NAN,
        };
        Self {
            total: medians(&totals),
            steps: STEPS
                .iter()
                .map(|name| of_step(name).unwrap_or(nothing))
                .collect(),
        }
    }

    fn line(&self, name: &str) -> String {
        let Usage {
            wall_s,
            cpu_s,
            peak_mib,
        } = self.total;
        let steps = STEPS.iter().zip(&self.steps);
        let steps = steps
            .map(|(name, usage)| format!("  {name} {:.3} s, cpu {:.2}", usage.wall_s, usage.cpu_s));
        format!(
            "    {name:28} {wall_s:8.3} {cpu_s:8.2} {peak_mib:10.1}{}",
            steps.collect::<String>()
        )
    }
}

/// Says how a variant compares with the exposure as it is.
fn say_ratio((variant, row): (Variant, &Row), whole: &Row, (integrations, groups): (usize, usize)) {
    let line = match variant {
        Variant::Whole => return,
        Variant::OneThread => {
            let times = |index: usize| row.steps[index].wall_s / whole.steps[index].wall_s;
            format!(
                "all threads against one: {} {:.2}x, {} {:.2}x",
                STEPS[0],
                times(0),
                STEPS[1],
                times(1)
            )
        }
        Variant::Hit => format!(
            "hits in a quarter of the pixels: {:+.1} % wall, {:+.1} % cpu, {:+.1} % memory",
            100.0 * (row.total.wall_s / whole.total.wall_s - 1.0),
            100.0 * (row.total.cpu_s / whole.total.cpu_s - 1.0),
            100.0 * (row.total.peak_mib / whole.total.peak_mib - 1.0)
        ),
        Variant::QuarterOfIntegrations | Variant::QuarterOfGroups => {
            let (what, length) = if variant == Variant::QuarterOfGroups {
                ("groups", groups)
            } else {
                ("integrations", integrations)
            };
            format!(
                "{:.2} times the {what}: {:.2}x wall, {:.2}x cpu, {:.2}x memory",
                length as f64 / (length / 4) as f64,
                whole.total.wall_s / row.total.wall_s,
                whole.total.cpu_s / row.total.cpu_s,
                whole.total.peak_mib / row.total.peak_mib
            )
        }
    };
    crate::say(&format!("    {line}"));
}

/// Writes a variant of an exposure.
fn write(ramp: &RampModel, variant: Variant, path: &Path) -> Result<()> {
    let mut varied = match variant {
        Variant::QuarterOfIntegrations => first(ramp, Axis(0)),
        Variant::QuarterOfGroups => first(ramp, Axis(1)),
        Variant::Whole | Variant::OneThread | Variant::Hit => ramp.clone(),
    };
    // It does not take part, and would have to be cut as well.
    varied.refout = None;
    if variant == Variant::Hit {
        hit(&mut varied);
    }
    varied.save(path).context("cannot write an exposure")
}

/// The first quarter along an axis of the samples, integrations or groups.
fn first(ramp: &RampModel, axis: Axis) -> RampModel {
    let length = ramp.data.len_of(axis) / 4;
    let part = Slice::from(..length);
    let mut cut = RampModel::new(
        ramp.meta.clone(),
        ramp.data.slice_axis(axis, part).to_owned(),
    );
    cut.pixeldq.clone_from(&ramp.pixeldq);
    if axis == Axis(0) {
        let frames = ramp.zeroframe.as_ref();
        cut.zeroframe = frames.map(|frames| frames.slice_axis(axis, part).to_owned());
        cut.meta.set("meta.exposure.nints", length as i64);
        cut.meta.set("meta.exposure.integration_end", length as i64);
    } else {
        cut.zeroframe.clone_from(&ramp.zeroframe);
        cut.meta.set("meta.exposure.ngroups", length as i64);
    }
    cut
}

/// Puts a cosmic ray into some of the pixels, in one integration of each.
fn hit(ramp: &mut RampModel) {
    let mut random = Generator::new(11);
    let (integrations, groups, rows, columns) = ramp.data.dim();
    for row in 0..rows {
        for column in 0..columns {
            if random.uniform() >= HIT {
                continue;
            }
            let (integration, start) = (random.below(integrations), random.below(groups));
            let step = STEP_DN.start + random.uniform() * (STEP_DN.end - STEP_DN.start);
            for group in start..groups {
                let sample = &mut ramp.data[[integration, group, row, column]];
                *sample = (*sample + step.round() as f32).min(65_535.0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use datamodels::metadata::Metadata;
    use ndarray::Array4;

    use super::*;

    fn ramp() -> RampModel {
        RampModel::new(Metadata::new("RampModel"), Array4::zeros((4, 16, 20, 20)))
    }

    #[test]
    fn a_quarter_is_what_its_header_says() {
        for (axis, key) in [
            (Axis(0), "meta.exposure.nints"),
            (Axis(1), "meta.exposure.ngroups"),
        ] {
            let cut = first(&ramp(), axis);
            assert_eq!(cut.data.len_of(axis), ramp().data.len_of(axis) / 4);
            let length = cut.data.len_of(axis) as i64;
            assert_eq!(cut.meta.integer(key), Some(length));
            assert_eq!(cut.groupdq.dim(), cut.data.dim());
        }
        assert_eq!(Variant::of_shape(1, 10).len(), 3);
        assert_eq!(Variant::of_shape(20, 45).len(), 5);
    }

    #[test]
    fn about_a_quarter_of_the_pixels_is_hit() {
        let mut ramp = ramp();
        hit(&mut ramp);
        let is_hit = |samples: ndarray::ArrayView1<'_, f32>| samples.iter().any(|&dn| dn > 0.0);
        let pixels = ramp.data.into_shape_with_order((64, 400)).expect("samples");
        let count = pixels.columns().into_iter().filter(|p| is_hit(*p)).count();
        assert!((60..140).contains(&count), "{count}");
    }
}
