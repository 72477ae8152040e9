//! Sources of a catalogue and where they are on an image.

use std::path::Path;

use datamodels::io::ecsv::Table;
use gwcs::Wcs;

use crate::error::{QuicklookError, Result};

/// A source on an image.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Source {
    /// Column and row, counted from 0, with fractions.
    pub(crate) x: f64,
    pub(crate) y: f64,
    /// Extent along its major axis, one standard deviation \[pixel\], where the catalogue knows it.
    pub(crate) sigma: Option<f64>,
    /// Its number.
    pub(crate) label: Option<i64>,
}

/// Positions of all sources: by the sky where both catalogue and image know it, otherwise by the catalogue's pixels.
///
/// # Errors
/// The catalogue has no positions.
pub(crate) fn sources(path: &Path, table: &Table, wcs: Option<&Wcs>) -> Result<Vec<Source>> {
    let sky = table
        .numbers("sky_centroid.ra")
        .zip(table.numbers("sky_centroid.dec"));
    let from_sky = wcs.zip(sky).and_then(|(wcs, (ra, dec))| {
        let pixels = wcs.invert(&[&ra, &dec]).ok()?;
        let [x, y] = <[Vec<f64>; 2]>::try_from(pixels).ok()?;
        Some((x, y))
    });
    let from_pixels = || table.numbers("xcentroid").zip(table.numbers("ycentroid"));
    let Some((x, y)) = from_sky.or_else(from_pixels) else {
        let names: Vec<&str> = table.columns.iter().map(|c| c.name.as_str()).collect();
        return Err(QuicklookError::Catalog {
            path: path.to_path_buf(),
            message: format!(
                "expected columns xcentroid and ycentroid, or sky_centroid and an image with a WCS; found {}",
                names.join(", ")
            ),
        });
    };
    let sigma = table.numbers("semimajor_sigma");
    let label = table.numbers("label");
    let at = |column: &Option<Vec<f64>>, row: usize| column.as_ref().map(|values| values[row]);
    Ok((0..x.len())
        .map(|row| Source {
            x: x[row],
            y: y[row],
            sigma: at(&sigma, row).filter(|sigma| sigma.is_finite() && *sigma > 0.0),
            label: at(&label, row).map(|label| label as i64),
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_of_the_catalogue_are_taken_without_a_wcs() {
        let table =
            Table::parse("label xcentroid ycentroid semimajor_sigma\n3 10.5 2.25 nan\n4 1 2 1.5\n")
                .unwrap();
        let found = sources(Path::new("x_cat.ecsv"), &table, None).unwrap();
        let first = Source {
            x: 10.5,
            y: 2.25,
            sigma: None,
            label: Some(3),
        };
        assert_eq!(found[0], first);
        assert_eq!(found[1].sigma, Some(1.5));
    }

    #[test]
    fn a_catalogue_without_positions_is_an_error() {
        let table = Table::parse("RA DEC\n1 2\n").unwrap();
        let error = sources(Path::new("x_cat.ecsv"), &table, None).unwrap_err();
        assert_eq!(
            error.to_string(),
            "x_cat.ecsv: expected columns xcentroid and ycentroid, or sky_centroid and an image with a WCS; found RA, DEC"
        );
    }
}
