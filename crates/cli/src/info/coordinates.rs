//! World coordinates in a few numbers.

use datamodels::io::fits::{FitsReader, HduInfo};
use datamodels::metadata::Metadata;
use gwcs::Wcs;
use serde::Serialize;

/// Where a product looks.
#[derive(Debug, Default, PartialEq, Serialize)]
pub(super) struct Coordinates {
    /// Frames of the coordinate system, from pixels to world; empty before it is assigned.
    pub(super) frames: Vec<String>,
    /// Where its pixels are valid: low and high of each input.
    pub(super) bounding_box: Vec<[f64; 2]>,
    /// World coordinates of the middle of the bounding box.
    pub(super) center: Vec<f64>,
    /// Units of the world coordinates.
    pub(super) units: Vec<String>,
    /// Corners of the bounding box in the world: (low, low), (low, high), (high, high), (high, low) of two inputs.
    pub(super) footprint: Vec<Vec<f64>>,
    /// Side of the square that is as large as the pixel in the middle [arcsec].
    pub(super) pixel_scale_arcsec: Option<f64>,
    /// The pointing in the headers: right ascension, declination and roll [degree].
    pub(super) reference_point_deg: Vec<f64>,
    /// The outline in the headers.
    pub(super) s_region: Option<String>,
}

/// `None` if neither coordinate system nor pointing are there.
pub(super) fn of(meta: &Metadata, reader: &FitsReader) -> anyhow::Result<Option<Coordinates>> {
    let wcs = meta.wcs()?;
    let number = |name: &str| meta.number(&format!("meta.wcsinfo.{name}"));
    let pointing: Option<Vec<f64>> = ["ra_ref", "dec_ref", "roll_ref"]
        .map(number)
        .into_iter()
        .collect();
    let s_region = meta.text("meta.wcsinfo.s_region").map(str::to_owned);
    if wcs.is_none() && pointing.is_none() && s_region.is_none() {
        return Ok(None);
    }
    let of_wcs = wcs.map(|wcs| summarized(&wcs, reader)).transpose()?;
    Ok(Some(Coordinates {
        reference_point_deg: pointing.unwrap_or_default(),
        s_region,
        ..of_wcs.unwrap_or_default()
    }))
}

fn summarized(wcs: &Wcs, reader: &FitsReader) -> anyhow::Result<Coordinates> {
    let bounds = bounds(wcs, reader);
    let frames = wcs.frames().map(str::to_owned).collect();
    let parts = wcs.output_frame().parts();
    let units = parts.iter().flat_map(|part| part.units.clone()).collect();
    if bounds.is_empty() {
        return Ok(Coordinates {
            frames,
            units,
            ..Coordinates::default()
        });
    }
    let middle: Vec<f64> = bounds
        .iter()
        .map(|[low, high]| (low + high) / 2.0)
        .collect();
    let inputs: Vec<&[f64]> = middle.iter().map(std::slice::from_ref).collect();
    let center = wcs.evaluate(&inputs)?.iter().flatten().copied().collect();
    let footprint = wcs.footprint(false).map(|found| found.corners);
    Ok(Coordinates {
        frames,
        units,
        center,
        footprint: footprint.unwrap_or_default(),
        pixel_scale_arcsec: wcs.pixel_scale_arcsec(&middle)?,
        bounding_box: bounds,
        ..Coordinates::default()
    })
}

/// The bounding box, or the image as a whole where there is none.
fn bounds(wcs: &Wcs, reader: &FitsReader) -> Vec<[f64; 2]> {
    if let Some(bounds) = wcs.bounding_box() {
        let intervals = bounds.intervals.iter();
        let ends = intervals.map(|interval| interval.map(|interval| [interval.low, interval.high]));
        return ends.collect::<Option<_>>().unwrap_or_default();
    }
    let shape = reader.find("SCI", 1).map(HduInfo::shape);
    match shape {
        Some([.., rows, columns]) => [columns, rows]
            .map(|length| [-0.5, *length as f64 - 0.5])
            .to_vec(),
        _ => Vec::new(),
    }
}
