//! Footprints of images on the sky.

use std::fmt::Write;

/// Vertices of an image on the sky, (right ascension, declination) \[deg\].
#[derive(Debug, Clone, PartialEq)]
pub struct Footprint {
    /// The vertices in order.
    pub vertices: Vec<[f64; 2]>,
}

impl Footprint {
    /// The footprints of a region as `S_REGION` has it, one for each `POLYGON ICRS`; those without coordinates are left
    /// out.
    pub fn parse(region: &str) -> Vec<Self> {
        region
            .split("POLYGON ICRS")
            .filter_map(|polygon| {
                let numbers: Vec<f64> = polygon
                    .split_whitespace()
                    .filter_map(|word| word.parse().ok())
                    .collect();
                let vertices: Vec<[f64; 2]> = numbers
                    .chunks_exact(2)
                    .map(|pair| [pair[0], pair[1]])
                    .collect();
                (!vertices.is_empty()).then_some(Self { vertices })
            })
            .collect()
    }

    /// The region of footprints as `S_REGION` has it.
    ///
    /// ```
    /// use gwcs::mosaic::Footprint;
    /// let triangle = Footprint { vertices: vec![[1.0, 2.0], [1.5, 2.0], [1.0, 2.25]] };
    /// let region = Footprint::region(&[triangle]);
    /// assert_eq!(region, "POLYGON ICRS  1.000000000 2.000000000 1.500000000 2.000000000 1.000000000 2.250000000");
    /// ```
    pub fn region(footprints: &[Self]) -> String {
        let polygons = footprints.iter().map(|footprint| {
            let mut text = "POLYGON ICRS ".to_string();
            for [lon, lat] in &footprint.vertices {
                // Writing to a string does not fail.
                let _ = write!(text, " {lon:.9} {lat:.9}");
            }
            text
        });
        polygons.collect::<Vec<_>>().join("  ")
    }
}

/// The middle of footprints (right ascension from 0 to 360, declination) \[deg\]: the direction of the middle of the box
/// that holds their vertices as unit vectors.
pub fn fiducial(footprints: &[Footprint]) -> Option<[f64; 2]> {
    let mut low = [f64::INFINITY; 3];
    let mut high = [f64::NEG_INFINITY; 3];
    for [lon, lat] in footprints.iter().flat_map(|footprint| &footprint.vertices) {
        let (sin_lon, cos_lon) = lon.to_radians().sin_cos();
        let (sin_lat, cos_lat) = lat.to_radians().sin_cos();
        for (axis, value) in [cos_lat * cos_lon, cos_lat * sin_lon, sin_lat]
            .into_iter()
            .enumerate()
        {
            low[axis] = low[axis].min(value);
            high[axis] = high[axis].max(value);
        }
    }
    let [x, y, z] = [0, 1, 2].map(|axis| f64::midpoint(low[axis], high[axis]));
    let found = [
        y.atan2(x).to_degrees().rem_euclid(360.0),
        z.atan2(x.hypot(y)).to_degrees(),
    ];
    found.iter().all(|value| value.is_finite()).then_some(found)
}
