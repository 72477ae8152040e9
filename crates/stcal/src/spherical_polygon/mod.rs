//! Regions on the sky bounded by great-circle arcs: footprints of images, their overlaps and unions.
//!
//! Great circles are straight lines in the gnomonic projection. Intersections and unions are therefore those of plane
//! polygons in the plane that touches the sphere at the middle of the operands, and exact. They are found by the crate
//! `i_overlay` on a grid of 64-bit integers, which is finer than the rounding of a direction; general position is not needed:
//! identical polygons, shared edges and vertices on edges are all right. A region has any number of parts with holes; none
//! of them may reach beyond the hemisphere about its middle. Slivers thinner than 1e-15 rad are rounding and dropped.
//!
//! # Source
//! Does what `spherical_geometry` 1.4 is used for by stcal 1.20.0 `skymatch` and tweakwcs 0.8: areas agree to the rounding
//! of that package's sum of angles, about 1e-15 sr.

mod hull;
mod overlay;
mod plane;
mod ring;
#[cfg(test)]
mod tests;
mod vector;

use ring::Ring;
pub use vector::{Direction, direction_from_lonlat, lonlat_from_direction};

/// Why there is no such region.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PolygonError {
    /// A region cannot be bounded by so few vertices.
    #[error("a polygon of {found} vertices: at least 3 are needed")]
    TooFewVertices {
        /// Vertices given.
        found: usize,
    },
    /// Longitudes and latitudes do not pair.
    #[error("{lon} longitudes and {lat} latitudes of the vertices of a polygon")]
    Unpaired {
        /// Longitudes given.
        lon: usize,
        /// Latitudes given.
        lat: usize,
    },
    /// A vertex without a place.
    #[error("vertex {index} of a polygon is at longitude {lon_deg} and latitude {lat_deg}")]
    NotFinite {
        /// The vertex, counted from 0.
        index: usize,
        /// Its longitude [deg].
        lon_deg: f64,
        /// Its latitude [deg].
        lat_deg: f64,
    },
    /// The region does not fit the hemisphere about its middle.
    #[error("a polygon on the sky reaches beyond the hemisphere about its middle")]
    TooLarge,
}

/// A region on the sky: parts without common points, none of them with holes in holes.
///
/// The region without parts is empty; degenerate polygons, whose vertices lie on one great circle, are, too.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SphericalPolygon {
    parts: Vec<Part>,
}

/// A connected part: its outline, counterclockwise as seen from outside the sphere, and its holes, clockwise.
#[derive(Debug, Clone, PartialEq)]
struct Part {
    outer: Ring,
    holes: Vec<Ring>,
}

impl Part {
    fn rings(&self) -> impl Iterator<Item = &Ring> {
        std::iter::once(&self.outer).chain(&self.holes)
    }
}

impl SphericalPolygon {
    /// The region inside of the vertices at longitudes and latitudes [deg], in either sense of rotation. The last vertex may
    /// repeat the first.
    ///
    /// # Errors
    /// [`PolygonError`]; vertices on one great circle give the empty region instead.
    ///
    /// ```
    /// use stcal::spherical_polygon::SphericalPolygon;
    /// // The octant of the sphere.
    /// let octant = SphericalPolygon::from_lonlat(&[0.0, 90.0, 0.0], &[0.0, 0.0, 90.0])?;
    /// assert!((octant.area_sr() - std::f64::consts::FRAC_PI_2).abs() < 1e-15);
    /// assert!(octant.contains(45.0, 30.0) && !octant.contains(45.0, -1.0));
    /// # Ok::<_, stcal::spherical_polygon::PolygonError>(())
    /// ```
    pub fn from_lonlat(lon_deg: &[f64], lat_deg: &[f64]) -> Result<Self, PolygonError> {
        let ring = Ring::new(directions(lon_deg, lat_deg)?);
        let found = ring.0.len();
        if found < 3 {
            return Err(PolygonError::TooFewVertices { found });
        }
        Self::from_ring(ring)
    }

    /// The smallest convex region that holds all points at longitudes and latitudes [deg].
    ///
    /// # Errors
    /// [`PolygonError`]; points on one great circle, one or two, and none give the empty region instead.
    pub fn convex_hull(lon_deg: &[f64], lat_deg: &[f64]) -> Result<Self, PolygonError> {
        let points = directions(lon_deg, lat_deg)?;
        if points.is_empty() {
            return Ok(Self::default());
        }
        Self::from_ring(hull::convex_hull(&points).ok_or(PolygonError::TooLarge)?)
    }

    fn from_ring(mut ring: Ring) -> Result<Self, PolygonError> {
        if ring.is_degenerate() {
            return Ok(Self::default());
        }
        if !overlay::fits_hemisphere(&ring) {
            return Err(PolygonError::TooLarge);
        }
        if ring.area_sr() < 0.0 {
            ring.0.reverse();
        }
        let holes = Vec::new();
        let parts = vec![Part { outer: ring, holes }];
        Ok(Self { parts })
    }

    /// Whether there is nothing in the region.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// How many parts the region has.
    pub fn parts(&self) -> usize {
        self.parts.len()
    }

    /// Longitudes and latitudes [deg] of the lines that bound the region: outlines counterclockwise, as seen from outside
    /// the sphere, and holes clockwise. The first vertex is not repeated.
    pub fn outlines(&self) -> impl Iterator<Item = (Vec<f64>, Vec<f64>)> {
        (self.parts.iter().flat_map(Part::rings))
            .map(|ring| ring.0.iter().copied().map(lonlat_from_direction).collect())
    }

    /// The area [sr].
    pub fn area_sr(&self) -> f64 {
        (self.parts.iter().flat_map(Part::rings))
            .map(Ring::area_sr)
            .sum()
    }

    /// Whether the region holds the point at a longitude and latitude [deg]. Of points on the boundary, either may be said.
    pub fn contains(&self, lon_deg: f64, lat_deg: f64) -> bool {
        let direction = direction_from_lonlat(lon_deg, lat_deg);
        let winding = |part: &Part| part.rings().map(|ring| ring.winding(direction)).sum();
        self.parts
            .iter()
            .map(winding)
            .any(|winding: i32| winding != 0)
    }

    /// What is in this region and in `other`.
    ///
    /// # Errors
    /// [`PolygonError::TooLarge`] if parts that may overlap do not fit the hemisphere about their middle.
    ///
    /// ```
    /// use stcal::spherical_polygon::SphericalPolygon;
    /// let first = SphericalPolygon::from_lonlat(&[10.0, 12.0, 12.0, 10.0], &[-1.0, -1.0, 1.0, 1.0])?;
    /// let second = SphericalPolygon::from_lonlat(&[11.0, 13.0, 13.0, 11.0], &[-1.0, -1.0, 1.0, 1.0])?;
    /// let both = first.intersection(&second)?;
    /// let all = first.union(&second)?;
    /// let areas = first.area_sr() + second.area_sr();
    /// assert!((both.area_sr() + all.area_sr() - areas).abs() < 1e-15);
    /// # Ok::<_, stcal::spherical_polygon::PolygonError>(())
    /// ```
    pub fn intersection(&self, other: &Self) -> Result<Self, PolygonError> {
        let mut parts = Vec::new();
        for subject in &self.parts {
            let clip: Vec<&Part> = (other.parts.iter())
                .filter(|part| overlay::may_meet(subject, part))
                .collect();
            if !clip.is_empty() {
                parts.extend(overlay::intersection(&[subject], &clip)?.parts);
            }
        }
        Ok(Self { parts })
    }

    /// What is in this region or in `other`.
    ///
    /// # Errors
    /// [`PolygonError::TooLarge`] if parts that may overlap do not fit the hemisphere about their middle.
    pub fn union(&self, other: &Self) -> Result<Self, PolygonError> {
        Self::union_of([self, other])
    }

    /// What is in any of `regions`.
    ///
    /// # Errors
    /// [`PolygonError::TooLarge`] if parts that may overlap do not fit the hemisphere about their middle.
    pub fn union_of<'a>(regions: impl IntoIterator<Item = &'a Self>) -> Result<Self, PolygonError> {
        let all: Vec<&Part> = (regions.into_iter())
            .flat_map(|region| &region.parts)
            .collect();
        let mut parts = Vec::new();
        for cluster in overlay::clusters(&all) {
            parts.extend(overlay::union(&cluster)?.parts);
        }
        Ok(Self { parts })
    }
}

/// Directions of longitudes and latitudes [deg].
fn directions(lon_deg: &[f64], lat_deg: &[f64]) -> Result<Vec<Direction>, PolygonError> {
    let (lon, lat) = (lon_deg.len(), lat_deg.len());
    if lon != lat {
        return Err(PolygonError::Unpaired { lon, lat });
    }
    let pairs = lon_deg.iter().zip(lat_deg).enumerate();
    pairs
        .map(|(index, (&lon_deg, &lat_deg))| {
            if lon_deg.is_finite() && lat_deg.is_finite() {
                Ok(direction_from_lonlat(lon_deg, lat_deg))
            } else {
                Err(PolygonError::NotFinite {
                    index,
                    lon_deg,
                    lat_deg,
                })
            }
        })
        .collect()
}
