//! Where the sources of images are on the sky. It decides the order in which images are aligned.

use super::TweakregError;
use super::plane::TangentPlane;
use crate::spherical_polygon::SphericalPolygon;

/// Half of the width of the footprint of sources that span no area \[deg\].
///
/// Parity: tweakwcs 0.9.3 `RefCatalog._calc_cat_convex_hull` means half an arcsecond, but uses it as half a radian: such a
/// reference overlaps all images around.
const HALF_WIDTH_DEG: f64 = 28.6;

/// Area that two lists of regions share; those of the first one count each for itself \[sr\].
pub(super) fn overlap(regions: &[SphericalPolygon], other: &SphericalPolygon) -> f64 {
    let shared = regions.iter().map(|region| region.intersection(other));
    // Regions that cannot be intersected count as apart.
    shared
        .map(|shared| shared.map_or(0.0, |shared| shared.area_sr()))
        .sum()
}

/// The union of regions; the first one where they have none.
pub(super) fn union(regions: &[SphericalPolygon]) -> SphericalPolygon {
    SphericalPolygon::union_of(regions)
        .unwrap_or_else(|_| regions.first().cloned().unwrap_or_default())
}

/// The region that holds the sources of an image; that of the image if it has none.
pub(super) fn of_image<P: TangentPlane>(
    plane: &P,
    pixels: &[[f64; 2]],
) -> Result<SphericalPolygon, TweakregError> {
    let on_sky = |outline: &[[f64; 2]]| plane.sky_from_pixel(outline).map_err(TweakregError::Wcs);
    let bounds = plane.bounding_box();
    let finite = |pixel: &&[f64; 2]| pixel.iter().all(|value| value.is_finite());
    let sources: Vec<[f64; 2]> = pixels.iter().filter(finite).copied().collect();
    if sources.is_empty() {
        return Ok(hull(&on_sky(&image_outline(bounds))?));
    }
    if sources.len() > 3 {
        let region = hull(&on_sky(&sources)?);
        if !region.is_empty() {
            return Ok(region);
        }
    }
    Ok(hull(&on_sky(&rectangle(&sources, bounds))?))
}

/// The smallest convex region that holds directions; empty if there is none.
fn hull(sky: &[[f64; 2]]) -> SphericalPolygon {
    let finite = sky
        .iter()
        .filter(|place| place.iter().all(|value| value.is_finite()));
    let (lon, lat): (Vec<f64>, Vec<f64>) = finite.map(|[lon, lat]| (*lon, *lat)).unzip();
    SphericalPolygon::convex_hull(&lon, &lat).unwrap_or_default()
}

/// Points along the sides of an image, half a pixel inside.
fn image_outline(bounds: [(f64, f64); 2]) -> Vec<[f64; 2]> {
    let [x, y] = bounds.map(|(low, high)| (low + 0.5, high - 0.5));
    let along =
        |(from, to): (f64, f64)| (0..3).map(move |k| from + (to - from) * f64::from(k) / 3.0);
    let mut outline: Vec<[f64; 2]> = along(x).map(|x| [x, y.0]).collect();
    outline.extend(along(y).map(|y| [x.1, y]));
    outline.extend(along((x.1, x.0)).map(|x| [x, y.1]));
    outline.extend(along((y.1, y.0)).map(|y| [x.0, y]));
    outline
}

/// The rectangle along the axes that holds few points, half a pixel wider where the image has room.
fn rectangle(points: &[[f64; 2]], bounds: [(f64, f64); 2]) -> Vec<[f64; 2]> {
    let [x, y] = [0, 1].map(|k| {
        let values = || points.iter().map(|p| p[k]);
        let low = values().fold(f64::INFINITY, f64::min) - 0.5;
        let high = values().fold(f64::NEG_INFINITY, f64::max) + 0.5;
        (low.max(bounds[k].0), high.min(bounds[k].1))
    });
    vec![[x.0, y.0], [x.1, y.0], [x.1, y.1], [x.0, y.1]]
}

/// The region that holds directions \[deg\]; `None` if there are none.
pub(super) fn of_directions(sky: &[[f64; 2]]) -> Option<SphericalPolygon> {
    let [lon, lat] = *sky.first()?;
    let region = hull(sky);
    if !region.is_empty() {
        return Some(region);
    }
    let reach = HALF_WIDTH_DEG;
    let (south, north) = ((lat - reach).max(-90.0), (lat + reach).min(90.0));
    let (west, east) = (lon - reach, lon + reach);
    Some(hull(&[
        [west, south],
        [east, south],
        [east, north],
        [west, north],
    ]))
}
