//! Tables of users: catalogues of sources in images and of directions on the sky.

use std::path::Path;

use datamodels::io::ecsv;
use datamodels::io::fits::FitsReader;
use stcal::tweakreg::{ReferenceSources, Sources};
use stpipe::{BoxError, StepError};

/// The columns of numbers of a table in a file.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct NumberTable {
    columns: Vec<(String, Option<Vec<f64>>)>,
    rows: usize,
}

impl NumberTable {
    /// Reads ECSV or plain text, or the first table of a FITS file.
    ///
    /// # Errors
    /// The file cannot be read as one of them.
    pub(super) fn read(path: &Path) -> Result<Self, BoxError> {
        let extension = path.extension().and_then(|extension| extension.to_str());
        if matches!(extension, Some("fits" | "fit" | "fts")) {
            return Self::read_fits(path);
        }
        Ok(Self::from_table(&ecsv::Table::read(path)?))
    }

    fn from_table(table: &ecsv::Table) -> Self {
        let columns = table.columns.iter();
        Self {
            columns: columns
                .map(|column| (column.name.clone(), column.values.to_f64()))
                .collect(),
            rows: table.len(),
        }
    }

    fn read_fits(path: &Path) -> Result<Self, BoxError> {
        let reader = FitsReader::open(path)?;
        let mut tables = reader
            .hdus()
            .iter()
            .filter_map(|hdu| reader.table(hdu).ok());
        let table = tables
            .next()
            .ok_or_else(|| format!("{}: expected a table, found none", path.display()))?;
        let columns = table.columns().iter();
        let numbers = |name: &str| table.numbers(name);
        Ok(Self {
            columns: columns
                .map(|column| (column.name.clone(), numbers(&column.name)))
                .collect(),
            rows: table.rows(),
        })
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|(column, _)| column == name)
    }

    fn numbers(&self, index: usize) -> Result<Vec<f64>, StepError> {
        let (name, values) = &self.columns[index];
        values
            .clone()
            .ok_or_else(|| StepError::input(format!("column {name}"), "numbers", "other values"))
    }

    fn weights(&self) -> Result<Option<Vec<f64>>, StepError> {
        self.position("weight")
            .map(|index| self.numbers(index))
            .transpose()
    }

    /// The table as sources of an image.
    ///
    /// # Errors
    /// There are no columns of their pixels.
    pub(super) fn sources(&self, name: String) -> Result<Sources, StepError> {
        let axis = |axis: &str| {
            let names = [
                axis.to_string(),
                format!("{axis}centroid"),
                format!("{axis}_centroid"),
            ];
            let found = names.iter().find_map(|name| self.position(name));
            let index = found.ok_or_else(|| {
                StepError::input(
                    "'tweakreg' source catalogs",
                    format!(
                        "either columns '{}', '{}', or '{}'",
                        names[0], names[1], names[2]
                    ),
                    self.names(),
                )
            })?;
            self.numbers(index)
        };
        let (x, y) = (axis("x")?, axis("y")?);
        Ok(Sources {
            name,
            pixels: x.into_iter().zip(y).map(|(x, y)| [x, y]).collect(),
            weights: self.weights()?,
        })
    }

    /// The table as directions on the sky.
    ///
    /// Source: stcal 1.20.0 `tweakreg.tweakreg::_parse_sky_centroid`: names are of any case, and a column of positions
    /// named `sky_centroid`, as catalogues of the pipeline have it, serves as well.
    ///
    /// # Errors
    /// There are no such columns, or several.
    pub(super) fn reference(&self, name: String) -> Result<ReferenceSources, StepError> {
        let what = "Absolute reference catalog";
        let matching = |wanted: &str| -> Vec<usize> {
            let names = self.columns.iter().enumerate();
            names
                .filter(|(_, (name, _))| name.eq_ignore_ascii_case(wanted))
                .map(|(index, _)| index)
                .collect()
        };
        let several = |expected: &str| StepError::input(what, expected, self.names());
        let (lon, lat) = match (&matching("ra")[..], &matching("dec")[..]) {
            ([lon], [lat]) => {
                if !matching("sky_centroid.ra").is_empty() {
                    tracing::warn!(
                        "Absolute reference catalog contains both RA/DEC and sky_centroid columns. Ignoring sky_centroid."
                    );
                }
                (*lon, *lat)
            }
            (lon, lat) if lon.len() > 1 || lat.len() > 1 => {
                return Err(several("one column RA and one column DEC, in any case"));
            }
            _ => match (
                &matching("sky_centroid.ra")[..],
                &matching("sky_centroid.dec")[..],
            ) {
                ([lon], [lat]) => (*lon, *lat),
                _ => return Err(several("columns RA and DEC, or sky_centroid")),
            },
        };
        let (lon, lat) = (self.numbers(lon)?, self.numbers(lat)?);
        Ok(ReferenceSources {
            name,
            sky: lon
                .into_iter()
                .zip(lat)
                .map(|(lon, lat)| [lon, lat])
                .collect(),
            weights: self.weights()?,
        })
    }

    fn names(&self) -> String {
        let names: Vec<&str> = self.columns.iter().map(|(name, _)| name.as_str()).collect();
        format!("{} rows of {}", self.rows, names.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> NumberTable {
        NumberTable::from_table(&ecsv::Table::parse(text).unwrap())
    }

    #[test]
    fn centroids_are_pixels() {
        let found = table("id xcentroid y_centroid weight\n1 3.5 4.5 2\n2 1 2 3\n")
            .sources("a".into())
            .unwrap();
        assert_eq!(found.pixels, [[3.5, 4.5], [1.0, 2.0]]);
        assert_eq!(found.weights, Some(vec![2.0, 3.0]));
        let error = table("id x\n1 3.5\n")
            .sources("a".into())
            .unwrap_err()
            .to_string();
        assert!(error.contains("'ycentroid'"), "{error}");
    }

    #[test]
    fn directions_have_names_of_any_case() {
        let found = table("Ra,dec\n10.5,-3\n").reference("b".into()).unwrap();
        assert_eq!((found.sky, found.weights), (vec![[10.5, -3.0]], None));
        let found = table("sky_centroid.ra sky_centroid.dec\n10.5 -3\n")
            .reference("b".into())
            .unwrap();
        assert_eq!(found.sky, [[10.5, -3.0]]);
        for text in ["ra RA dec\n1 2 3\n", "x y\n1 2\n"] {
            assert!(table(text).reference("b".into()).is_err(), "{text}");
        }
    }
}
