//! The page itself. `maud` escapes every text; only drawings made here are put in as they are.

use std::collections::BTreeSet;

use datamodels::dq;
use datamodels::io::ecsv::{Column, Table, Values};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::gather::Catalog;
use super::samples::{BitChanges, BitCounts, ValueChanges};
use super::section::{Change, Section, Shown};
use super::survey::{Survey, signed};
use super::timing::StepTime;
use crate::error::Result;
use crate::options::ReportOptions;
use crate::preview::counted;
use crate::scene::svg;
use crate::scene::ticks::short;

const STYLE: &str = include_str!("style.css");
/// Nothing is loaded and nothing runs, whatever a file may have smuggled in.
const POLICY: &str = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";

pub(super) fn page(
    sections: &[Section],
    times: &[StepTime],
    options: &ReportOptions,
    warnings: &[String],
) -> Result<Markup> {
    let title = options
        .title
        .clone()
        .unwrap_or_else(|| usual_title(sections));
    let mut bodies = Vec::with_capacity(sections.len());
    for (number, section) in (1..).zip(sections) {
        bodies.push(of_section(number, section, options)?);
    }
    Ok(html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                // No request for an icon.
                link rel="icon" href="data:,";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#main" { "To the content" }
                header {
                    h1 { (title) }
                    (run_table(sections))
                    (warning_list(warnings))
                }
                nav aria-label="Contents" { (contents(sections, times)) }
                main id="main" {
                    (sky_table(sections))
                    (time_table(times))
                    @for body in &bodies { (body) }
                }
                footer {
                    p { "Made by jwst " (env!("CARGO_PKG_VERSION")) ". Pixels are counted from 0, groups and integrations from 1." }
                }
            }
        }
    })
}

fn usual_title(sections: &[Section]) -> String {
    let combined = sections.iter().find(|section| section.is_combined);
    match combined.or(sections.first()) {
        Some(section) => format!("Run of {}", section.title),
        None => "Run".to_owned(),
    }
}

/// All different texts, joined.
fn all_of<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let texts: BTreeSet<&str> = texts.filter(|text| !text.is_empty()).collect();
    let texts: Vec<&str> = texts.into_iter().collect();
    if texts.is_empty() {
        "not recorded".to_owned()
    } else {
        texts.join(", ")
    }
}

fn run_table(sections: &[Section]) -> Markup {
    let products = || sections.iter().flat_map(|section| &section.products);
    let dates: BTreeSet<&str> = products()
        .map(|p| p.date.split('.').next().unwrap_or_default())
        .filter(|d| !d.is_empty())
        .collect();
    let made = match (dates.first(), dates.last()) {
        (Some(first), Some(last)) if first != last => format!("{first} to {last}"),
        (Some(first), _) => (*first).to_owned(),
        _ => "not recorded".to_owned(),
    };
    let exposures = sections
        .iter()
        .filter(|section| !section.is_combined)
        .count();
    let catalogs = sections
        .iter()
        .filter(|section| section.catalog.is_some())
        .count();
    html! {
        table {
            caption { "The run" }
            tbody {
                tr { th scope="row" { "Calibration software" } td { (all_of(products().map(|p| p.software.as_str()))) } }
                tr { th scope="row" { "CRDS context" } td { (all_of(products().map(|p| p.context.as_str()))) } }
                tr { th scope="row" { "Products made (UTC)" } td { (made) } }
                tr {
                    th scope="row" { "Content" }
                    td {
                        (several(exposures, "exposure")) ", " (several(sections.len() - exposures, "combination")) ", "
                        (several(products().count(), "product")) ", " (several(catalogs, "catalogue"))
                    }
                }
            }
        }
    }
}

/// `1 exposure`, `2 exposures`.
fn several(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

fn warning_list(warnings: &[String]) -> Markup {
    html! {
        @if !warnings.is_empty() {
            div.warnings role="note" {
                p { strong { "Not everything could be read:" } }
                ul { @for warning in warnings { li { (warning) } } }
            }
        }
    }
}

fn contents(sections: &[Section], times: &[StepTime]) -> Markup {
    html! {
        ul {
            @if has_sky(sections) { li { a href="#sky" { "Sky and alignment" } } }
            @if !times.is_empty() { li { a href="#time" { "Time and memory" } } }
            @for (number, section) in (1..).zip(sections) {
                li { a href={ "#s" (number) } { (section.title) } }
            }
        }
    }
}

fn has_sky(sections: &[Section]) -> bool {
    sections
        .iter()
        .any(|section| section.sky.is_some() || section.shift_mas.is_some())
}

fn sky_table(sections: &[Section]) -> Markup {
    let exposures = sections.iter().filter(|section| !section.is_combined);
    html! {
        @if has_sky(sections) {
            h2 id="sky" { "Sky and alignment" }
            div.wide { table {
                caption { "Sky level, and how far the centre of each image moved on the sky from its first to its last product" }
                thead { tr {
                    th scope="col" { "Exposure" } th.n scope="col" { "Sky level" } th scope="col" { "Method" }
                    th scope="col" { "Subtracted" } th.n scope="col" { "East (mas)" } th.n scope="col" { "North (mas)" }
                } }
                tbody { @for section in exposures {
                    tr {
                        th scope="row" { (section.title) }
                        @match &section.sky {
                            Some(sky) => {
                                td.n { (short(sky.level, 5)) " " (sky.unit) }
                                td { (sky.method) }
                                td { @if sky.subtracted { "yes" } @else { "no" } }
                            }
                            None => { td.n { "–" } td { "–" } td { "–" } }
                        }
                        @match section.shift_mas {
                            Some((east, north)) => { td.n { (signed(east)) } td.n { (signed(north)) } }
                            None => { td.n { "–" } td.n { "–" } }
                        }
                    }
                } }
            } }
        }
    }
}

fn time_table(times: &[StepTime]) -> Markup {
    let total: f64 = times.iter().filter_map(|time| time.seconds).sum();
    html! {
        @if !times.is_empty() {
            h2 id="time" { "Time and memory" }
            div.wide { table {
                caption { "From the log; " (short(total, 4)) " s in all" }
                thead { tr {
                    th scope="col" { "Step" } th scope="col" { "Input" } th scope="col" { "Status" }
                    th.n scope="col" { "Time (s)" } th.n scope="col" { "Peak memory (MB)" } th scope="col" { "Found" }
                } }
                tbody { @for time in times {
                    tr {
                        th scope="row" { (time.step) }
                        td.path { (time.file) }
                        td class=(status_class(&time.status)) { (time.status) }
                        td.n { (time.seconds.map_or("–".to_owned(), |s| format!("{s:.2}"))) }
                        td.n { (time.peak_bytes.map_or("–".to_owned(), |b| format!("{:.0}", b / 1e6))) }
                        td { (time.found) }
                    }
                } }
            } }
        }
    }
}

/// A class for statuses that are known; texts of files make no classes.
fn status_class(status: &str) -> &'static str {
    match status {
        "COMPLETE" => "COMPLETE",
        "SKIPPED" => "SKIPPED",
        _ => "",
    }
}

fn of_section(number: usize, section: &Section, options: &ReportOptions) -> Result<Markup> {
    let mut figures = Vec::with_capacity(section.figures.len());
    for shown in &section.figures {
        figures.push(figure(shown)?);
    }
    Ok(html! {
        section aria-labelledby={ "s" (number) } {
            h2 id={ "s" (number) } { (section.title) }
            p.facts { (section.facts.join(" · ")) }
            @if !figures.is_empty() { div.pictures { @for figure in &figures { (figure) } } }
            (change_table(&section.changes))
            (quality_table(section))
            (status_table(section))
            @if let Some(catalog) = &section.catalog { (source_table(catalog, options.sources)) }
            (parameter_table(section))
            (reference_table(section))
            (log_list(section))
        }
    })
}

fn figure(shown: &Shown) -> Result<Markup> {
    let drawing = svg::draw(&shown.scene)?;
    Ok(html! {
        figure {
            (drawing)
            figcaption {
                (shown.name)
                @if let Some(s) = &shown.statistics {
                    br;
                    @if s.finite == 0 {
                        "no pixel has a value"
                    } @else {
                        "mean " (short(s.mean, 4)) ", deviation " (short(s.deviation, 3)) ", "
                        (short(s.min, 4)) " to " (short(s.max, 4))
                        @if !shown.unit.is_empty() { " " (shown.unit) }
                    }
                }
            }
        }
    })
}

fn change_table(changes: &[Change]) -> Markup {
    html! {
        @if !changes.is_empty() {
            h3 { "What the steps changed" }
            div.wide { table {
                caption { "Each product against the one before it of the same shape" }
                thead { tr {
                    th scope="col" { "Steps" } th scope="col" { "Products" } th scope="col" { "Values changed" }
                    th scope="col" { "Difference" } th scope="col" { "Pixel quality" } th scope="col" { "Sample quality" }
                } }
                tbody { @for change in changes {
                    tr {
                        th scope="row" {
                            @if change.steps.is_empty() { "none recorded" } @else { (change.steps.join(", ")) }
                        }
                        td { (change.from) " → " (change.to) }
                        (value_cells(change))
                        td { (bit_changes(change.pixels.as_ref())) }
                        td { (bit_changes(change.samples.as_ref())) }
                    }
                } }
            } }
        }
    }
}

fn value_cells(change: &Change) -> Markup {
    let Some(values) = change.values else {
        return html! { td { "–" } td { "–" } };
    };
    let ValueChanges {
        of,
        changed,
        lost,
        mean,
        rms,
    } = values;
    let (before, after) = &change.units;
    html! {
        td {
            (counted(changed, of))
            @if lost > 0 { br; (counted(lost, of)) " have no value any more" }
        }
        td {
            @if before != after && !before.is_empty() {
                (before) " became " (after)
            } @else if changed == 0 {
                "none"
            } @else {
                "mean " (signed(mean)) ", rms " (short(rms, 3))
                @if !after.is_empty() { " " (after) }
            }
        }
    }
}

fn bit_changes(changes: Option<&BitChanges>) -> Markup {
    let Some(changes) = changes else {
        return html! { "–" };
    };
    let lines = |counts: &BitCounts, sign: char| {
        let bits = dq::PIXEL_NAMES
            .iter()
            .zip(counts.bits)
            .filter(|(_, count)| *count > 0);
        bits.map(|(name, count)| format!("{sign}{count} {name}"))
            .collect::<Vec<_>>()
    };
    let mut all = lines(&changes.set, '+');
    all.extend(lines(&changes.cleared, '−'));
    html! {
        @if all.is_empty() { "none" }
        @for (index, line) in all.iter().enumerate() {
            @if index > 0 { br; }
            (line)
        }
    }
}

fn quality_table(section: &Section) -> Markup {
    html! {
        (bit_table("Quality of pixels", "Pixels with each bit", &section.products, &section.pixel_bits(), |s| s.pixels.as_ref()))
        (bit_table("Quality of samples", "Samples of ramps with each bit", &section.products, &section.sample_bits(), |s| s.samples.as_ref()))
    }
}

fn bit_table(
    heading: &str,
    caption: &str,
    products: &[Survey],
    bits: &[(usize, &str)],
    counts: fn(&Survey) -> Option<&BitCounts>,
) -> Markup {
    let columns: Vec<(&Survey, &BitCounts)> = products
        .iter()
        .filter_map(|p| Some((p, counts(p)?)))
        .collect();
    html! {
        @if !bits.is_empty() {
            h3 { (heading) }
            div.wide { table {
                caption { (caption) }
                thead { tr {
                    th scope="col" { "Bit" }
                    @for (survey, _) in &columns { th.n scope="col" { (survey.kind) } }
                } }
                tbody {
                    @for (place, name) in bits {
                        tr {
                            th scope="row" { (name) }
                            @for (_, counts) in &columns { td.n { (counted(counts.bits[*place], counts.of)) } }
                        }
                    }
                    tr {
                        th scope="row" { "of" }
                        @for (_, counts) in &columns { td.n { (counts.of) } }
                    }
                }
            } }
        }
    }
}

fn status_table(section: &Section) -> Markup {
    html! {
        @if !section.statuses.is_empty() {
            h3 { "Steps" }
            div.wide { table {
                caption { "Status of each step, as the product that came farthest records it" }
                thead { tr { th scope="col" { "Step" } th scope="col" { "Status" } th scope="col" { "Found" } th scope="col" { "Reason" } } }
                tbody { @for status in &section.statuses {
                    tr {
                        th scope="row" { (status.step) }
                        td class=(status_class(&status.status)) { (status.status) }
                        td { (status.found) }
                        td { (status.reason) }
                    }
                } }
            } }
        }
    }
}

fn parameter_table(section: &Section) -> Markup {
    let set = section
        .parameters
        .iter()
        .filter(|p| p.origin != "default")
        .count();
    html! {
        @if !section.parameters.is_empty() {
            details {
                summary { "Parameters: " (section.parameters.len()) ", " (set) " of them not by default" }
                div.wide { table {
                    caption { "Values and where they come from" }
                    thead { tr {
                        th scope="col" { "Step" } th scope="col" { "Parameter" } th scope="col" { "Value" } th scope="col" { "Origin" }
                    } }
                    tbody { @for p in &section.parameters {
                        tr {
                            td { (p.step) }
                            th scope="row" { (p.name) }
                            td.path { (p.value) }
                            td.path { @if p.origin == "default" { (p.origin) } @else { strong { (p.origin) } } }
                        }
                    } }
                } }
            }
        }
    }
}

fn reference_table(section: &Section) -> Markup {
    html! {
        @if !section.references.is_empty() {
            details {
                summary { "Reference files: " (section.references.len()) }
                div.wide { table {
                    caption { "Reference files by type" }
                    thead { tr { th scope="col" { "Type" } th scope="col" { "File" } } }
                    tbody { @for (kind, name) in &section.references {
                        tr { th scope="row" { (kind) } td.path { (name) } }
                    } }
                } }
            }
        }
    }
}

fn log_list(section: &Section) -> Markup {
    html! {
        @if !section.log_warnings.is_empty() {
            details {
                summary { "Warnings of the log: " (section.log_warnings.len()) }
                ul.log { @for line in &section.log_warnings { li { (line) } } }
            }
        }
    }
}

/// Columns of a catalogue that are shown, where it has them.
const COLUMNS: [&str; 9] = [
    "label",
    "xcentroid",
    "ycentroid",
    "sky_centroid.ra",
    "sky_centroid.dec",
    "aper_total_flux",
    "aper_total_abmag",
    "aper_total_abmag_err",
    "is_extended",
];

fn source_table(catalog: &Catalog, most: usize) -> Markup {
    let table = &catalog.table;
    let columns: Vec<&Column> = COLUMNS
        .iter()
        .filter_map(|name| table.column(name))
        .collect();
    // A catalogue of another program shows its first columns.
    let columns = if columns.is_empty() {
        table.columns.iter().take(COLUMNS.len()).collect()
    } else {
        columns
    };
    let rows = brightest(table, most);
    html! {
        h3 { "Sources" }
        div.wide { table {
            caption {
                @if rows.len() < table.len() { (rows.len()) " of " (table.len()) " sources, the brightest first" }
                @else { (table.len()) " sources, the brightest first" }
                " (" (crate::product::file_name(&catalog.path)) ")"
            }
            thead { tr { @for column in &columns {
                th.n scope="col" {
                    (column.name)
                    @if let Some(unit) = column.unit.as_deref().filter(|unit| !unit.is_empty()) { " (" (unit) ")" }
                }
            } } }
            tbody { @for row in rows {
                tr { @for column in &columns { td.n { (cell(column, row)) } } }
            } }
        } }
    }
}

/// Rows by magnitude, or by flux, or as they are; those without a number come last.
fn brightest(table: &Table, most: usize) -> Vec<usize> {
    let magnitude = table.numbers("aper_total_abmag");
    let flux = || {
        table
            .numbers("aper_total_flux")
            .map(|flux| flux.iter().map(|f| -f).collect())
    };
    let key: Option<Vec<f64>> = magnitude.or_else(flux);
    let mut rows: Vec<usize> = (0..table.len()).collect();
    if let Some(key) = key {
        let of = |row: usize| {
            if key[row].is_nan() {
                f64::INFINITY
            } else {
                key[row]
            }
        };
        rows.sort_by(|a, b| of(*a).total_cmp(&of(*b)));
    }
    rows.truncate(most);
    rows
}

fn cell(column: &Column, row: usize) -> String {
    let real = |value: f64| match column.name.as_str() {
        "sky_centroid.ra" | "sky_centroid.dec" => format!("{value:.7}"),
        "xcentroid" | "ycentroid" => format!("{value:.2}"),
        _ => short(value, 5),
    };
    match &column.values {
        Values::Bool(values) => if values[row] { "yes" } else { "no" }.to_owned(),
        Values::I32(values) => values[row].to_string(),
        Values::I64(values) => values[row].to_string(),
        Values::F32(values) => real(f64::from(values[row])),
        Values::F64(values) => real(values[row]),
        Values::Text(values) => values[row].clone(),
        Values::Sky(values) => format!("{:.7} {:.7}", values[row].0, values[row].1),
    }
}
