//! What the page tells of one exposure, or of one combination of exposures.

use std::collections::BTreeMap;

use datamodels::dq;

use super::gather::{Catalog, Found, Item};
use super::samples::{BitChanges, BitCounts, Quality, ValueChanges, value_changes};
use super::survey::{Group, Parameter, Sky, StepStatus, Survey, shift_mas};
use crate::error::Result;
use crate::options::{PreviewOptions, ReportOptions};
use crate::preview::{Drawing, Look};
use crate::product::Product;
use crate::scene::Scene;
use crate::shrink::Statistics;

/// Kinds of products that end a stage, or begin the first.
const STAGES: [&str; 15] = [
    "uncal", "ramp", "rate", "rateints", "cal", "calints", "bsub", "bsubints", "i2d", "crf",
    "crfints", "segm", "dark", "image2d", "ms",
];

/// An exposure, or a combination.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) title: String,
    pub(super) is_combined: bool,
    pub(super) facts: Vec<String>,
    pub(super) products: Vec<Survey>,
    pub(super) figures: Vec<Shown>,
    pub(super) changes: Vec<Change>,
    pub(super) statuses: Vec<StepStatus>,
    pub(super) parameters: Vec<Parameter>,
    pub(super) references: Vec<(String, String)>,
    pub(super) log_warnings: Vec<String>,
    pub(super) sky: Option<Sky>,
    /// How far alignment moved the centre of the image, to the east and to the north \[milliarcsecond\].
    pub(super) shift_mas: Option<(f64, f64)>,
    pub(super) catalog: Option<Catalog>,
}

/// A picture of a product.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) name: String,
    pub(super) scene: Scene,
    pub(super) statistics: Option<Statistics>,
    pub(super) unit: String,
}

/// What the steps between two products did.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) steps: Vec<String>,
    pub(super) from: String,
    pub(super) to: String,
    /// Units before and after.
    pub(super) units: (String, String),
    pub(super) values: Option<ValueChanges>,
    pub(super) pixels: Option<BitChanges>,
    pub(super) samples: Option<BitChanges>,
}

/// Sorts what was found into sections: exposures first, then combinations.
pub(super) fn sections(
    found: Found,
    options: &ReportOptions,
    warnings: &mut Vec<String>,
) -> Result<Vec<Section>> {
    let mut groups: BTreeMap<Group, Vec<Item>> = BTreeMap::new();
    for item in found.products {
        groups
            .entry(item.survey.group.clone())
            .or_default()
            .push(item);
    }
    let mut catalogs = found.catalogs;
    let mut sections = Vec::new();
    for (group, mut items) in groups {
        items.sort_by_key(|item| (item.survey.progress(), item.survey.kind.clone()));
        let is_combined = matches!(group, Group::Combined(_));
        let own = |catalog: &Catalog| items.iter().any(|item| item.survey.root == catalog.root);
        let place = catalogs.iter().position(own);
        let catalog = place.map(|place| catalogs.remove(place));
        sections.push(section(is_combined, &items, catalog, options, warnings)?);
    }
    for catalog in catalogs {
        sections.push(Section::of_catalog(catalog));
    }
    Ok(sections)
}

fn section(
    is_combined: bool,
    items: &[Item],
    catalog: Option<Catalog>,
    options: &ReportOptions,
    warnings: &mut Vec<String>,
) -> Result<Section> {
    let surveys: Vec<&Survey> = items.iter().map(|item| &item.survey).collect();
    // There is at least one product in a group.
    let last = surveys[surveys.len() - 1];
    let title = surveys
        .first()
        .map(|survey| survey.root.clone())
        .unwrap_or_default();
    let longest = |of: fn(&Survey) -> usize| {
        surveys
            .iter()
            .copied()
            .max_by_key(|s| of(s))
            .unwrap_or(last)
    };
    let centres: Vec<(f64, f64)> = surveys
        .iter()
        .filter(|survey| survey.is_on_detector())
        .filter_map(|survey| survey.centre)
        .collect();
    let shift = match centres.as_slice() {
        [first, .., last] if !is_combined => Some(shift_mas(*first, *last)),
        _ => None,
    };
    Ok(Section {
        title,
        is_combined,
        facts: last.facts.clone(),
        figures: figures(items, catalog.as_ref(), options, warnings)?,
        changes: changes(items)?,
        statuses: longest(Survey::progress).statuses.clone(),
        parameters: longest(|survey| survey.parameters.len()).parameters.clone(),
        references: longest(|survey| survey.references.len()).references.clone(),
        log_warnings: longest(|survey| survey.warnings.len()).warnings.clone(),
        sky: surveys.iter().rev().find_map(|survey| survey.sky.clone()),
        shift_mas: shift,
        products: surveys.into_iter().cloned().collect(),
        catalog,
    })
}

impl Section {
    fn of_catalog(catalog: Catalog) -> Self {
        Self {
            title: catalog.root.clone(),
            is_combined: true,
            facts: Vec::new(),
            products: Vec::new(),
            figures: Vec::new(),
            changes: Vec::new(),
            statuses: Vec::new(),
            parameters: Vec::new(),
            references: Vec::new(),
            log_warnings: Vec::new(),
            sky: None,
            shift_mas: None,
            catalog: Some(catalog),
        }
    }

    /// Names of the bits that pixels of any product have, with their places.
    pub(super) fn pixel_bits(&self) -> Vec<(usize, &'static str)> {
        bits_of(
            &self
                .products
                .iter()
                .filter_map(|survey| survey.pixels.as_ref()),
        )
    }

    /// Names of the bits that samples of any product have, with their places.
    pub(super) fn sample_bits(&self) -> Vec<(usize, &'static str)> {
        bits_of(
            &self
                .products
                .iter()
                .filter_map(|survey| survey.samples.as_ref()),
        )
    }
}

fn bits_of<'a>(
    counts: &(impl Iterator<Item = &'a BitCounts> + Clone),
) -> Vec<(usize, &'static str)> {
    let names = dq::PIXEL_NAMES.iter().copied().enumerate();
    names
        .filter(|(place, _)| counts.clone().any(|counts| counts.bits[*place] > 0))
        .collect()
}

/// Pictures of the products that end a stage; of the last product if there is none.
fn figures(
    items: &[Item],
    catalog: Option<&Catalog>,
    options: &ReportOptions,
    warnings: &mut Vec<String>,
) -> Result<Vec<Shown>> {
    let ends_stage = |item: &&Item| STAGES.contains(&item.survey.kind.as_str());
    let mut chosen: Vec<&Item> = items.iter().filter(ends_stage).collect();
    if chosen.is_empty() {
        chosen.extend(items.last());
    }
    let mut shown = Vec::new();
    for item in chosen
        .into_iter()
        .filter(|item| item.survey.shape.len() >= 2)
    {
        let is_mosaic = item.survey.kind == "i2d";
        let look = PreviewOptions {
            stretch: options.stretch,
            limits: options.limits,
            colours: Some(options.colours),
            size: options.size,
            catalog: catalog
                .filter(|_| is_mosaic)
                .map(|catalog| catalog.path.clone()),
            ..PreviewOptions::default()
        };
        let product = Product::open(&item.path)?;
        let mut notes = Vec::new();
        let figure = Drawing::new(&product, &Look::of(&look), &mut notes).and_then(Drawing::figure);
        warnings.extend(notes);
        match figure {
            Ok(mut figure) => {
                // They stand above all pictures of the section.
                figure.heading.facts.clear();
                shown.push(Shown {
                    name: item.survey.name.clone(),
                    statistics: figure.statistics,
                    scene: figure.scene(),
                    unit: item.survey.unit.clone(),
                });
            }
            Err(error) => warnings.push(format!("no picture: {error}")),
        }
    }
    Ok(shown)
}

/// What happened between products that follow each other and have the same shape.
fn changes(items: &[Item]) -> Result<Vec<Change>> {
    let mut changes = Vec::new();
    for (index, after) in items.iter().enumerate() {
        let is_same = |before: &&Item| {
            before.survey.shape == after.survey.shape && before.survey.is_on_detector()
        };
        let before = items[..index].iter().rev().find(is_same);
        let Some(before) = before.filter(|_| after.survey.is_on_detector()) else {
            continue;
        };
        let (old, new) = (Product::open(&before.path)?, Product::open(&after.path)?);
        let steps = after.survey.statuses.iter();
        let steps =
            steps.filter(|s| s.status == "COMPLETE" && before.survey.status(&s.step) != "COMPLETE");
        changes.push(Change {
            steps: steps.map(|status| status.step.clone()).collect(),
            from: before.survey.kind.clone(),
            to: after.survey.kind.clone(),
            units: (before.survey.unit.clone(), after.survey.unit.clone()),
            values: value_changes(&old, &new)?,
            pixels: Quality::Pixels.changes(&old, &new)?,
            samples: Quality::Samples.changes(&old, &new)?,
        });
    }
    Ok(changes)
}
