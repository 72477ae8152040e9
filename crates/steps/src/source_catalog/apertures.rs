//! Which apertures belong to an image.

use datamodels::io::fits::Table;
use datamodels::metadata::Metadata;
use datamodels::reference::VegaOffsets;
use stpipe::StepError;

use super::{CatalogReferences, SourceCatalogParams};

/// The apertures of an image, in 32 bits as the reference file has them.
#[derive(Debug, Clone, PartialEq)]
pub struct Apertures {
    /// Encircled energies [%].
    pub energies: [i64; 3],
    /// Radii [pixel of the image].
    pub radii: [f32; 3],
    /// Factors by which fluxes become those of the whole source.
    pub corrections: [f32; 3],
    /// Inner and outer radius of the ring that shows the sky [pixel of the image].
    pub sky_radii: (f32, f32),
    /// AB minus Vega magnitude.
    pub vega_offset: f64,
}

/// Why there is no catalogue.
type Reason = String;

/// The apertures of an image; none, with a warning, if the references have nothing for it.
pub(super) fn select(
    params: &SourceCatalogParams,
    references: &CatalogReferences,
    meta: &Metadata,
) -> Result<Option<Apertures>, StepError> {
    let energies = energies(params)?;
    let configuration = Configuration::of(meta);
    configuration.log();
    let found = apertures(energies, &references.apertures.table, &configuration, meta)
        .and_then(|apertures| with_offset(apertures, &references.offsets, &configuration));
    match found {
        Ok(apertures) => Ok(Some(apertures)),
        Err(reason) => {
            tracing::warn!("{reason} Source catalog will not be created.");
            Ok(None)
        }
    }
}

fn energies(params: &SourceCatalogParams) -> Result<[i64; 3], StepError> {
    let energies = [
        params.aperture_ee1,
        params.aperture_ee2,
        params.aperture_ee3,
    ];
    let what = "aperture_ee1, aperture_ee2, aperture_ee3";
    if !energies.is_sorted_by(|a, b| a < b) {
        let expected = "strictly increasing values";
        return Err(StepError::input(what, expected, format!("{energies:?}")));
    }
    if energies.iter().any(|energy| *energy <= 0 || *energy >= 100) {
        let expected = "values between 0 and 100";
        return Err(StepError::input(what, expected, format!("{energies:?}")));
    }
    Ok(energies)
}

/// What tells images of an instrument apart.
struct Configuration<'a> {
    instrument: &'a str,
    detector: Option<&'a str>,
    filter: Option<&'a str>,
    pupil: Option<&'a str>,
    subarray: Option<&'a str>,
}

impl<'a> Configuration<'a> {
    fn of(meta: &'a Metadata) -> Self {
        Self {
            instrument: meta.text("meta.instrument.name").unwrap_or("None"),
            detector: meta.text("meta.instrument.detector"),
            filter: meta.text("meta.instrument.filter"),
            pupil: meta.text("meta.instrument.pupil"),
            subarray: meta.text("meta.subarray.name"),
        }
    }

    fn log(&self) {
        tracing::info!("Instrument: {}", self.instrument);
        for (name, value) in [
            ("Detector", self.detector),
            ("Filter", self.filter),
            ("Pupil", self.pupil),
            ("Subarray", self.subarray),
        ] {
            if let Some(value) = value {
                tracing::info!("{name}: {value}");
            }
        }
    }

    /// Columns and values that select apertures.
    fn for_apertures(&self) -> Result<Vec<(&'static str, Option<&'a str>)>, Reason> {
        match self.instrument {
            "NIRCAM" | "NIRISS" => Ok(vec![("filter", self.filter), ("pupil", self.pupil)]),
            "MIRI" => Ok(vec![("filter", self.filter), ("subarray", self.subarray)]),
            "FGS" => Ok(Vec::new()),
            other => Err(format!("{other} is not a valid instrument")),
        }
    }

    /// Columns and values that select the offset of magnitudes.
    fn for_offset(&self) -> Vec<(&'static str, Option<&'a str>)> {
        match self.instrument {
            "MIRI" => vec![("filter", self.filter)],
            "FGS" => vec![("detector", self.detector)],
            _ => vec![("filter", self.filter), ("pupil", self.pupil)],
        }
    }
}

fn apertures(
    energies: [i64; 3],
    table: &Table,
    configuration: &Configuration<'_>,
    meta: &Metadata,
) -> Result<Apertures, Reason> {
    let selector = configuration.for_apertures()?;
    let rows = matching_rows(table, &selector);
    if rows.is_empty() {
        let selector: Vec<String> = selector
            .iter()
            .map(|(column, value)| format!("{column}: {}", value.unwrap_or("None")))
            .collect();
        let selector = selector.join(", ");
        return Err(format!(
            "APCORR reference file data is missing for {{{selector}}}."
        ));
    }
    let column = |name: &str| {
        let values = table.numbers(name);
        values.ok_or_else(|| format!("The APCORR reference file has no column {name}."))
    };
    let fractions = column("eefraction")?;
    let mut chosen = [0; 3];
    for (chosen, energy) in chosen.iter_mut().zip(energies) {
        let is_row =
            |row: &usize| (fractions[*row] as f32 * 100.0).round_ties_even() == energy as f32;
        let mut found = rows.iter().copied().filter(is_row);
        *chosen = found.next().ok_or_else(|| {
            format!("Aperture encircled energy value of {energy} appears to be invalid. No matching row was found in the APCORR reference file")
        })?;
        if found.next().is_some() {
            return Err(
                "More than one matching row was found in the APCORR reference file".to_owned(),
            );
        }
    }
    let scale = meta.number("meta.resample.pixel_scale_ratio").unwrap_or_else(|| {
        tracing::warn!(
            "model.meta.resample.pixel_scale_ratio was not found. Assuming the native detector pixel scale (i.e., pixel_scale_ratio = 1)"
        );
        1.0
    }) as f32;
    let chosen_of = |name: &str| -> Result<[f32; 3], Reason> {
        let values = column(name)?;
        Ok(chosen.map(|row| values[row] as f32))
    };
    let one = |name: &str| -> Result<f32, Reason> {
        let [first, second, third] = chosen_of(name)?;
        if first == second && first == third {
            return Ok(first / scale);
        }
        Err("Expected to find only one value for skyin and skyout in the APCORR reference file for a given selector.".to_owned())
    };
    Ok(Apertures {
        energies,
        radii: chosen_of("radius")?.map(|radius| radius / scale),
        corrections: chosen_of("apcorr")?,
        sky_radii: (one("skyin")?, one("skyout")?),
        vega_offset: 0.0,
    })
}

/// The rows that have the values that are asked for.
fn matching_rows(table: &Table, selector: &[(&str, Option<&str>)]) -> Vec<usize> {
    let columns: Vec<_> = selector
        .iter()
        .map(|(column, value)| (table.strings(column), *value))
        .collect();
    let is_match = |row: &usize| {
        columns.iter().all(|(column, value)| {
            let found = column.as_ref().and_then(|column| column.get(*row));
            found.map(String::as_str) == *value && value.is_some()
        })
    };
    (0..table.rows()).filter(is_match).collect()
}

fn with_offset(
    mut apertures: Apertures,
    offsets: &VegaOffsets,
    configuration: &Configuration<'_>,
) -> Result<Apertures, Reason> {
    let selector = configuration.for_offset();
    let is_match = |row: &usize| {
        selector.iter().all(|(name, value)| {
            let column = offsets.selectors.iter().find(|(column, _)| column == name);
            let found = column.and_then(|(_, values)| values.get(*row));
            found.map(String::as_str) == *value && value.is_some()
        })
    };
    let mut rows = (0..offsets.offsets.len()).filter(is_match);
    let row = rows.next();
    let row = row.ok_or("Did not find matching row in ABVEGAOFFSET reference file")?;
    if rows.next().is_some() {
        return Err("Found more than one matching row in ABVEGAOFFSET reference file".to_owned());
    }
    apertures.vega_offset = offsets.offsets[row];
    tracing::info!("AB to Vega magnitude offset {:.5}", apertures.vega_offset);
    Ok(apertures)
}
