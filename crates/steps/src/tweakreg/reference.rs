//! Sources with known places on the sky, from a file or a service.

use std::path::Path;
use std::sync::Arc;

use datamodels::io::ecsv::{Column, Meta, Table, Values};
use datamodels::library::{Attachment, TableFormat};
use datamodels::metadata::Metadata;
use gwcs::Wcs;
use gwcs::mosaic::{Footprint, Layout, TangentPlane, fiducial, pixel_scale};
use stcal::tweakreg::ReferenceSources;
use stpipe::StepError;

use super::gaia::{AstrometricService, ConeSearch, SERVICE_CATALOGS};
use super::table::NumberTable;
use crate::metadata_error;

/// What exposures are aligned with in the end.
#[derive(Debug, Clone)]
pub enum Absolute {
    /// The sources of a file.
    File(ReferenceSources),
    /// A catalogue that a service has.
    Service {
        /// Its name.
        catalog: String,
        /// The service.
        service: Arc<dyn AstrometricService>,
    },
}

impl Absolute {
    /// What `abs_refcat` stands for; `None` if it is empty.
    ///
    /// # Errors
    /// It is neither a file nor a catalogue, or the file has no directions.
    pub(super) fn open(
        name: &str,
        service: impl FnOnce() -> Arc<dyn AstrometricService>,
    ) -> Result<Option<Self>, StepError> {
        let name = name.trim();
        if name.is_empty() {
            return Ok(None);
        }
        let catalog = name.to_uppercase();
        if SERVICE_CATALOGS.contains(&catalog.as_str()) {
            let service = service();
            return Ok(Some(Self::Service { catalog, service }));
        }
        let path = Path::new(name);
        if !path.is_file() {
            let expected = format!(
                "a path to an existing file name or one of the supported reference catalogs: {}",
                SERVICE_CATALOGS.join(", ")
            );
            return Err(StepError::input("abs_refcat", expected, name));
        }
        let table = NumberTable::read(path);
        let table = table.map_err(|error| StepError::reference("abs_refcat", name, error))?;
        let file = path
            .file_name()
            .and_then(|file| file.to_str())
            .unwrap_or(name);
        Ok(Some(Self::File(table.reference(file.to_string())?)))
    }

    /// The sources, and a table of them if they came from a service.
    ///
    /// # Errors
    /// The service does not answer, or not with a catalogue; the exposures do not lie on a plane.
    pub(super) fn sources(
        &self,
        first: &Metadata,
        corrected: &[&Wcs],
    ) -> Result<(ReferenceSources, Option<Table>), StepError> {
        match self {
            Self::File(sources) => Ok((sources.clone(), None)),
            Self::Service { catalog, service } => {
                let search = cone(catalog, first, corrected)?;
                let answer = service.search(&search).map_err(StepError::algorithm)?;
                let table = parse(&answer, catalog)?;
                let numbers = |name: &str| table.numbers(name).unwrap_or_default();
                let sky = numbers("RA").into_iter().zip(numbers("DEC"));
                let sources = ReferenceSources {
                    name: catalog.clone(),
                    sky: sky.map(|(lon, lat)| [lon, lat]).collect(),
                    weights: None,
                };
                Ok((sources, Some(table)))
            }
        }
    }
}

/// The circle that holds the exposures.
///
/// Source: stcal 1.20.0 `tweakreg.tweakreg::_parse_refcat`, `astrometric_utils::compute_radius`.
fn cone(catalog: &str, first: &Metadata, corrected: &[&Wcs]) -> Result<ConeSearch, StepError> {
    let number = |name: &str| {
        first
            .require_number(&format!("meta.wcsinfo.{name}"))
            .map_err(metadata_error)
    };
    let footprints: Vec<Footprint> = corrected
        .iter()
        .map(|wcs| footprint(wcs))
        .collect::<Result<_, _>>()?;
    let reference = corrected
        .first()
        .ok_or_else(|| StepError::input("the input", "at least one exposure", "none"))?;
    let parity = number("vparity")? as i32;
    let pc = TangentPlane::orientation(number("roll_ref")?, number("v3yangle")?, parity);
    let scale = pixel_scale(reference, [number("ra_ref")?, number("dec_ref")?])
        .map_err(StepError::algorithm)?;
    let plane = TangentPlane::new(&footprints, pc, scale, &Layout::default())
        .map_err(StepError::algorithm)?;
    let image = plane
        .wcs(reference.input_frame(), reference.output_frame())
        .map_err(StepError::algorithm)?;
    let outline = footprint(&image)?;
    let center = fiducial(std::slice::from_ref(&outline)).ok_or_else(|| {
        StepError::input(
            "the footprint of the exposures",
            "finite coordinates",
            "others",
        )
    })?;
    let distances = outline
        .vertices
        .iter()
        .map(|corner| separation_deg(center, *corner));
    Ok(ConeSearch {
        catalog: catalog.to_string(),
        center_deg: center,
        radius_deg: distances.fold(0.0, f64::max),
        epoch: epoch(first)?,
    })
}

fn footprint(wcs: &Wcs) -> Result<Footprint, StepError> {
    let corners = wcs.footprint(false).map_err(StepError::algorithm)?.corners;
    Ok(Footprint {
        vertices: corners
            .iter()
            .map(|corner| [corner[0], corner[1]])
            .collect(),
    })
}

/// Angle between two directions (Vincenty's formula) \[deg\].
fn separation_deg([lon0, lat0]: [f64; 2], [lon1, lat1]: [f64; 2]) -> f64 {
    let (sin_lon, cos_lon) = (lon1 - lon0).to_radians().sin_cos();
    let (sin0, cos0) = lat0.to_radians().sin_cos();
    let (sin1, cos1) = lat1.to_radians().sin_cos();
    let across = (cos1 * sin_lon).hypot(cos0 * sin1 - sin0 * cos1 * cos_lon);
    across
        .atan2(sin0 * sin1 + cos0 * cos1 * cos_lon)
        .to_degrees()
}

/// The date of the observation as decimal year.
fn epoch(meta: &Metadata) -> Result<f64, StepError> {
    const DATE: &str = "meta.observation.date";
    let text = meta.require_text(DATE).map_err(metadata_error)?;
    decimal_year(text)
        .ok_or_else(|| StepError::input("keyword DATE-OBS", "a date as 2023-04-05", text))
}

fn decimal_year(date: &str) -> Option<f64> {
    let mut parts = date
        .get(..10)?
        .split('-')
        .map(|part| part.parse::<usize>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let february = if leap { 29 } else { 28 };
    let lengths = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let length = lengths.get(month.checked_sub(1)?)?;
    if !(1..=*length).contains(&day) {
        return None;
    }
    let days = lengths[..month - 1].iter().sum::<usize>() + day - 1;
    Some(year as f64 + days as f64 / lengths.iter().sum::<usize>() as f64)
}

/// The answer of a service as a table of those sources whose motion is known, the faintest first.
fn parse(answer: &str, catalog: &str) -> Result<Table, StepError> {
    let what = || format!("the catalogue {catalog}");
    let mut found = Table {
        meta: vec![("catalog".to_string(), Meta::Text(catalog.to_string()))],
        columns: Vec::new(),
    };
    let answer = answer.trim_start();
    if answer.is_empty() || answer.starts_with("No data records") {
        return Ok(found);
    }
    let table = Table::parse(answer)
        .map_err(|message| StepError::input(what(), "comma-separated values", message))?;
    let numbers = |name: &str| {
        table
            .numbers(name)
            .ok_or_else(|| StepError::input(what(), format!("a column {name} of numbers"), "none"))
    };
    if table.is_empty() {
        return Ok(found);
    }
    let magnitudes = numbers("mag")?;
    // Parity: the service gives places at the epoch for sources whose motion it knows, and old ones for others.
    let (pmra, pmdec) = (numbers("pmra")?, numbers("pmdec")?);
    let moving = |row: &usize| !pmra[*row].is_nan() && !pmdec[*row].is_nan();
    let mut rows: Vec<usize> = (0..table.len()).filter(moving).collect();
    rows.sort_by(|a, b| magnitudes[*a].total_cmp(&magnitudes[*b]));
    rows.reverse();
    for (name, new) in [
        ("ra", "RA"),
        ("dec", "DEC"),
        ("mag", "mag"),
        ("objID", "objID"),
        ("epoch", "epoch"),
    ] {
        let column = table.column(name);
        let column =
            column.ok_or_else(|| StepError::input(what(), format!("a column {name}"), "none"))?;
        let values = match &column.values {
            Values::I64(values) => Values::I64(rows.iter().map(|row| values[*row]).collect()),
            Values::Text(values) => {
                Values::Text(rows.iter().map(|row| values[*row].clone()).collect())
            }
            _ => {
                let values = numbers(name)?;
                Values::F64(rows.iter().map(|row| values[*row]).collect())
            }
        };
        found.columns.push(Column::new(new, values));
    }
    Ok(found)
}

/// The sources of a service as a file beside the results.
pub(super) fn attachment(name: &str, table: Table) -> Attachment {
    Attachment {
        name: format!("fit_{}_ref.ecsv", name.trim().to_lowercase()),
        format: TableFormat::Ecsv,
        table,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn years_have_decimals() {
        // astropy 8.0.2: Time('2023-07-02').decimalyear, Time('2024-12-31').decimalyear.
        assert_eq!(decimal_year("2023-07-02"), Some(2023.0 + 182.0 / 365.0));
        assert_eq!(decimal_year("2024-12-31"), Some(2024.0 + 365.0 / 366.0));
        for wrong in ["2023-02-29", "2023-13-01", "today", "2023-1-1"] {
            assert_eq!(decimal_year(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn sources_without_motion_are_left_out_and_faint_ones_come_first() {
        let answer = "# a comment\nra,dec,mag,objID,epoch,pmra,pmdec\n1.5,2.5,17.5,11,2016.0,1.0,2.0\n1.6,2.6,18.5,12,2016.0,,\n1.7,2.7,19.5,13,2016.0,0.5,0.25\n";
        let table = parse(answer, "GAIADR3").unwrap();
        assert_eq!(table.numbers("RA"), Some(vec![1.7, 1.5]));
        assert_eq!(table.numbers("objID"), Some(vec![13.0, 11.0]));
        assert!(
            parse("No data records found", "GAIADR3")
                .unwrap()
                .is_empty()
        );
        assert!(parse("a,b\n1,2\n", "GAIADR3").is_err());
    }

    #[test]
    fn what_is_neither_a_file_nor_a_catalogue_is_refused() {
        #[derive(Debug)]
        struct Nothing;
        impl AstrometricService for Nothing {
            fn search(&self, _: &ConeSearch) -> Result<String, super::super::gaia::ServiceError> {
                Ok(String::new())
            }
        }
        let open = |name| Absolute::open(name, || Arc::new(Nothing));
        assert!(open(" ").unwrap().is_none());
        assert!(
            matches!(open("gaiadr3").unwrap(), Some(Absolute::Service { catalog, .. }) if catalog == "GAIADR3")
        );
        let error = open("no/such/file").unwrap_err().to_string();
        assert!(error.contains("GAIAREFCAT"), "{error}");
    }
}
