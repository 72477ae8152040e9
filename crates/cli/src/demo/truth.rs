//! Products compared with what was put into the simulated exposures.

use std::path::Path;

use anyhow::{Context as _, anyhow};
use datamodels::dq::pixel::DO_NOT_USE;
use datamodels::io::ecsv::Table;
use datamodels::io::fits::FitsReader;
use datamodels::models::{ImageModel, Model, ResampledModel};
use serde::{Deserialize, Serialize};

use super::folder::Folder;

/// A source farther from a star than this is not that star [arcsec]; the images are 0.06 wide at half maximum.
const MATCH_ARCSEC: f64 = 0.06;

/// What was put in.
#[derive(Debug, Deserialize)]
pub(super) struct Truth {
    pub(super) cases: Vec<Case>,
}

/// Exposures of one field with one instrument.
#[derive(Debug, Deserialize)]
pub(super) struct Case {
    pub(super) instrument: String,
    pub(super) exposures: Vec<String>,
    /// What has to be known to judge the rates; may be empty.
    pub(super) note: String,
    pub(super) stars: Vec<Star>,
}

/// A star that was put in.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub(super) struct Star {
    ra_deg: f64,
    dec_deg: f64,
    flux_jy: f64,
}

impl Truth {
    pub(super) fn read(folder: &Folder) -> anyhow::Result<Self> {
        let path = folder.truth("truth.json");
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        serde_json::from_str(&text).with_context(|| format!("{}", path.display()))
    }

    /// Names of all exposures.
    pub(super) fn exposures(&self) -> impl Iterator<Item = &String> {
        self.cases.iter().flat_map(|case| &case.exposures)
    }
}

/// Count rates of an instrument's exposures against the noiseless ones: the distribution of (rate - truth) / error.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct RateCheck {
    pub(super) instrument: String,
    pub(super) exposures: usize,
    /// Pixels that are not flagged `DO_NOT_USE`.
    pub(super) pixels: usize,
    /// The median of the distribution, 0 where nothing is wrong.
    pub(super) median: f64,
    /// Half the width of its middle 68.3 per cent, 1 where errors are what they say.
    pub(super) scatter: f64,
    /// What has to be known to judge them; may be empty.
    pub(super) note: String,
}

impl RateCheck {
    pub(super) fn of(case: &Case, folder: &Folder) -> anyhow::Result<Self> {
        let mut pulls = Vec::new();
        for exposure in &case.exposures {
            let rate = ImageModel::open(&folder.product(exposure, "rate"))?;
            let path = folder.truth(&format!("{exposure}_rate.fits"));
            let reader = FitsReader::open(&path)?;
            let [primary, ..] = reader.hdus() else {
                return Err(anyhow!("{} has no image", path.display()));
            };
            let truth = reader.image::<f32>(primary)?;
            let measured = rate.data.iter().zip(&rate.err).zip(&rate.dq);
            for (((rate, err), dq), truth) in measured.zip(&truth) {
                let pull = f64::from(rate - truth) / f64::from(*err);
                if dq & DO_NOT_USE == 0 && pull.is_finite() {
                    pulls.push(pull);
                }
            }
        }
        let (median, scatter) = middle(&mut pulls);
        Ok(Self {
            instrument: case.instrument.clone(),
            exposures: case.exposures.len(),
            pixels: pulls.len(),
            median,
            scatter,
            note: case.note.clone(),
        })
    }
}

/// The sources of a mosaic against the stars of its field.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct CatalogCheck {
    /// Sources in the catalogue.
    pub(super) sources: usize,
    /// Stars that were put in where the mosaic has data.
    pub(super) stars: usize,
    /// Stars that are a source of the catalogue; of blended ones the nearest to the source.
    pub(super) found: usize,
    /// Sources that are none of the stars.
    pub(super) others: usize,
    /// Median of source minus star along right ascension and declination [mas].
    pub(super) offset_mas: [f64; 2],
    /// Half the width of the middle 68.3 per cent of both [mas].
    pub(super) scatter_mas: [f64; 2],
    /// Median of measured over true flux of the found stars.
    pub(super) flux_ratio: f64,
    /// Half the width of its middle 68.3 per cent.
    pub(super) flux_scatter: f64,
}

/// A star with its source.
struct Match {
    ra_mas: f64,
    dec_mas: f64,
    flux_ratio: f64,
}

impl CatalogCheck {
    pub(super) fn of(stars: &[Star], mosaic: &Path, catalog: &Path) -> anyhow::Result<Self> {
        let stars = in_field(stars, mosaic)?;
        let sources = sources(catalog)?;
        // Each is the nearest of the other: of stars that are blended to one source, one is found.
        let pair = |source: &Star| {
            let star = nearest(source, &stars)?;
            let back = nearest(star, &sources)?;
            (back == source).then(|| matched(star, source))
        };
        let matches: Vec<Match> = sources.iter().filter_map(pair).collect();
        let all = |value: fn(&Match) -> f64| {
            let mut values: Vec<f64> = matches.iter().map(value).collect();
            middle(&mut values)
        };
        let (ra, ra_scatter) = all(|found| found.ra_mas);
        let (dec, dec_scatter) = all(|found| found.dec_mas);
        let (flux_ratio, flux_scatter) = all(|found| found.flux_ratio);
        let others = sources
            .iter()
            .filter(|source| nearest(source, &stars).is_none())
            .count();
        Ok(Self {
            sources: sources.len(),
            stars: stars.len(),
            found: matches.len(),
            others,
            offset_mas: [ra, dec],
            scatter_mas: [ra_scatter, dec_scatter],
            flux_ratio,
            flux_scatter,
        })
    }
}

/// Stars on pixels of the mosaic that have data.
fn in_field(stars: &[Star], mosaic: &Path) -> anyhow::Result<Vec<Star>> {
    let image = ResampledModel::open(mosaic)?;
    let wcs = image.meta.require_wcs()?;
    let ra: Vec<f64> = stars.iter().map(|star| star.ra_deg).collect();
    let dec: Vec<f64> = stars.iter().map(|star| star.dec_deg).collect();
    let pixels = wcs.invert(&[&ra, &dec])?;
    let [x, y] = pixels.as_slice() else {
        return Err(anyhow!("{}: its WCS has no two axes", mosaic.display()));
    };
    let has_data = |(x, y): (&f64, &f64)| {
        let (column, row) = (x.round(), y.round());
        let is_index = column >= 0.0 && row >= 0.0;
        let value = image.data.get((row as usize, column as usize));
        is_index && value.is_some_and(|value| value.is_finite())
    };
    let pixels = x.iter().zip(y).map(has_data);
    let inside = stars.iter().zip(pixels).filter(|(_, has_data)| *has_data);
    Ok(inside.map(|(star, _)| *star).collect())
}

/// Positions and total fluxes of a catalogue.
fn sources(catalog: &Path) -> anyhow::Result<Vec<Star>> {
    let table = Table::read(catalog)?;
    let column = |name: &str| {
        let values = table.numbers(name);
        values.ok_or_else(|| anyhow!("{}: no column {name} of numbers", catalog.display()))
    };
    let (ra, dec) = (column("sky_centroid.ra")?, column("sky_centroid.dec")?);
    let flux = column("aper_total_flux")?;
    let rows = ra.into_iter().zip(dec).zip(flux);
    Ok(rows
        .map(|((ra_deg, dec_deg), flux_jy)| Star {
            ra_deg,
            dec_deg,
            flux_jy,
        })
        .collect())
}

/// The nearest of some points, if it is near enough to be the same.
fn nearest<'a>(of: &Star, among: &'a [Star]) -> Option<&'a Star> {
    let distance = |other: &Star| {
        let (ra_mas, dec_mas) = offset_mas(of, other);
        ra_mas.hypot(dec_mas)
    };
    let near = among.iter().map(|other| (distance(other), other));
    let near = near.filter(|(mas, _)| *mas < 1000.0 * MATCH_ARCSEC);
    near.min_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, other)| other)
}

fn matched(star: &Star, source: &Star) -> Match {
    let (ra_mas, dec_mas) = offset_mas(star, source);
    Match {
        ra_mas,
        dec_mas,
        flux_ratio: source.flux_jy / star.flux_jy,
    }
}

/// From one point to another on the sky, both near each other and far from the poles [mas].
fn offset_mas(from: &Star, to: &Star) -> (f64, f64) {
    const MAS: f64 = 3600e3;
    let ra_deg = (to.ra_deg - from.ra_deg + 180.0).rem_euclid(360.0) - 180.0;
    (
        ra_deg * from.dec_deg.to_radians().cos() * MAS,
        (to.dec_deg - from.dec_deg) * MAS,
    )
}

/// Median, and half the width of the middle 68.3 per cent, of finite values; NaN of none.
fn middle(values: &mut Vec<f64>) -> (f64, f64) {
    values.retain(|value| value.is_finite());
    values.sort_by(f64::total_cmp);
    let at = |fraction: f64| {
        let position = fraction * values.len().saturating_sub(1) as f64;
        let index = position.round() as usize;
        values.get(index).copied().unwrap_or(f64::NAN)
    };
    (at(0.5), (at(0.8413) - at(0.1587)) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_evenly_spread_values() {
        let mut values: Vec<f64> = (0..=1000).map(f64::from).chain([f64::NAN]).collect();
        let (median, half) = middle(&mut values);
        assert_eq!(median, 500.0);
        assert_eq!(half, (841.0 - 159.0) / 2.0);
        assert!(middle(&mut Vec::new()).0.is_nan());
    }

    #[test]
    fn offsets_cross_the_origin_of_right_ascension() {
        let star = |ra_deg, dec_deg| Star {
            ra_deg,
            dec_deg,
            flux_jy: 1.0,
        };
        let (ra, dec) = offset_mas(&star(359.999_999, 60.0), &star(0.000_001, 60.000_001));
        assert!((ra - 3.6).abs() < 1e-6, "{ra}");
        assert!((dec - 3.6).abs() < 1e-6, "{dec}");
        let near = [star(0.000_001, 60.0), star(359.999_998, 60.0)];
        let found = nearest(&star(359.999_999, 60.0), &near).map(|star| star.ra_deg);
        assert_eq!(found, Some(359.999_998));
        assert!(nearest(&star(1.0, 60.0), &near).is_none());
    }
}
