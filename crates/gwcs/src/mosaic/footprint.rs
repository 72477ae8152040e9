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

/// A point of an image.
type Point = [f64; 2];

/// The part of a polygon inside of a rectangle, clockwise, without vertices that carry no shape. Empty if nothing is.
///
/// The vertices begin where shapely's intersection begins: with the second vertex of the first run of the polygon's
/// outline inside of the rectangle, in the sense of the result.
pub(super) fn clipped(polygon: &[Point], low: Point, high: Point) -> Vec<Point> {
    let polygon = simplified(polygon);
    let mut inside = polygon.clone();
    for axis in 0..2 {
        inside = clipped_at(&inside, |p| p[axis] - low[axis]);
        inside = clipped_at(&inside, |p| high[axis] - p[axis]);
    }
    if signed_area(&inside) > 0.0 {
        inside.reverse();
    }
    if let Some(start) = first_vertex(&polygon, low, high) {
        let distance = |p: &Point| (p[0] - start[0]).hypot(p[1] - start[1]);
        let nearest = (0..inside.len())
            .min_by(|&a, &b| distance(&inside[a]).total_cmp(&distance(&inside[b])));
        if let Some(nearest) = nearest {
            inside.rotate_left(nearest);
        }
    }
    simplified(&inside)
}

/// The part of a polygon where `height` is positive.
fn clipped_at(polygon: &[Point], height: impl Fn(&Point) -> f64) -> Vec<Point> {
    let mut kept = Vec::new();
    let before = polygon.last().into_iter().chain(polygon);
    for (before, vertex) in before.zip(polygon) {
        let (h0, h1) = (height(before), height(vertex));
        if (h0 < 0.0) != (h1 < 0.0) {
            let part = h0 / (h0 - h1);
            kept.push([0, 1].map(|axis| before[axis] + part * (vertex[axis] - before[axis])));
        }
        if h1 >= 0.0 {
            kept.push(*vertex);
        }
    }
    kept
}

fn signed_area(polygon: &[Point]) -> f64 {
    let before = polygon.last().into_iter().chain(polygon);
    let parts = before.zip(polygon).map(|(a, b)| a[0] * b[1] - a[1] * b[0]);
    0.5 * parts.sum::<f64>()
}

/// Where the result begins.
fn first_vertex(polygon: &[Point], low: Point, high: Point) -> Option<Point> {
    let clockwise = signed_area(polygon) < 0.0;
    let mut run: Vec<Point> = Vec::new();
    let after = polygon.iter().skip(1).chain(polygon.first());
    for (vertex, next) in polygon.iter().zip(after) {
        let Some((start, end)) = segment_inside(vertex, next, low, high) else {
            if run.is_empty() {
                continue;
            }
            break;
        };
        if run.is_empty() {
            run.push(start.1);
        }
        run.push(end.1);
        if end.0 < 1.0 {
            break;
        }
    }
    if clockwise {
        run.get(1).copied()
    } else {
        run.len().checked_sub(2).and_then(|k| run.get(k)).copied()
    }
}

/// Ends of the part of a segment in a rectangle, each with its place along the segment (0 to 1).
fn segment_inside(
    from: &Point,
    to: &Point,
    low: Point,
    high: Point,
) -> Option<((f64, Point), (f64, Point))> {
    let (mut start, mut end) = (0.0_f64, 1.0_f64);
    for axis in 0..2 {
        let step = to[axis] - from[axis];
        for (distance, slope) in [
            (from[axis] - low[axis], step),
            (high[axis] - from[axis], -step),
        ] {
            if slope == 0.0 {
                if distance < 0.0 {
                    return None;
                }
            } else if slope > 0.0 {
                start = start.max(-distance / slope);
            } else {
                end = end.min(-distance / slope);
            }
        }
    }
    let at = |part: f64| {
        let point = [0, 1].map(|axis| from[axis] + part * (to[axis] - from[axis]));
        (part, point)
    };
    (start < end).then(|| (at(start), at(end)))
}

/// Two vertices are the same below this distance along both axes \[pixel\].
const SAME_VERTEX: f64 = 5e-2;
/// An angle below this is none \[rad\].
const NO_ANGLE: f64 = 1e-6;

/// A polygon without vertices next to the one before or on a line with both neighbours.
fn simplified(polygon: &[Point]) -> Vec<Point> {
    let count = polygon.len();
    let kept = (0..count).filter(|&k| {
        let (before, here) = (polygon[(k + count - 1) % count], polygon[k]);
        let after = polygon[(k + 1) % count];
        let (v1, v2) = (
            [here[0] - before[0], here[1] - before[1]],
            [after[0] - here[0], after[1] - here[1]],
        );
        let close = v1[0].abs() < SAME_VERTEX && v1[1].abs() < SAME_VERTEX;
        let (m1, m2) = (v1[1] / (v1[0] + 1e-12), v2[1] / (v2[0] + 1e-12));
        let angle = ((m2 - m1) / (1.0 + m1 * m2)).atan();
        // An angle that is not a number is one.
        let straight = angle.abs() < NO_ANGLE;
        !close && !straight
    });
    kept.map(|k| polygon[k]).collect()
}
