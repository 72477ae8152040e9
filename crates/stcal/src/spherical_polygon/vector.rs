//! Directions as unit vectors.

/// A direction: a unit vector `[x, y, z]`, `x` towards longitude and latitude zero, `z` towards the north pole.
pub type Direction = [f64; 3];

/// The direction of a longitude and a latitude [deg].
///
/// ```
/// use stcal::spherical_polygon::{direction_from_lonlat, lonlat_from_direction};
/// let (lon_deg, lat_deg) = lonlat_from_direction(direction_from_lonlat(350.0, -80.0));
/// assert!((lon_deg - 350.0).abs() < 1e-12 && (lat_deg + 80.0).abs() < 1e-12);
/// ```
pub fn direction_from_lonlat(lon_deg: f64, lat_deg: f64) -> Direction {
    let (lon, lat) = (lon_deg.to_radians(), lat_deg.to_radians());
    let parallel = lat.cos();
    [lon.cos() * parallel, lon.sin() * parallel, lat.sin()]
}

/// Longitude, in `[0, 360)`, and latitude [deg] of a direction.
pub fn lonlat_from_direction(direction: Direction) -> (f64, f64) {
    let [x, y, z] = direction;
    let lon = y.atan2(x).rem_euclid(std::f64::consts::TAU);
    let lat = z.atan2((x * x + y * y).sqrt());
    (lon.to_degrees(), lat.to_degrees())
}

pub(super) fn dot(a: Direction, b: Direction) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

pub(super) fn cross(a: Direction, b: Direction) -> Direction {
    [
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    ]
}

pub(super) fn difference(a: Direction, b: Direction) -> Direction {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

/// The length of the chord between two directions: their distance, where it is small.
pub(super) fn chord(a: Direction, b: Direction) -> f64 {
    let chord = difference(a, b);
    dot(chord, chord).sqrt()
}

/// The unit vector along `vector`, or nothing where that has no length.
pub(super) fn unit(vector: Direction) -> Option<Direction> {
    let length = dot(vector, vector).sqrt();
    (length > 0.0 && length.is_finite()).then(|| vector.map(|value| value / length))
}

/// The middle of directions, or nothing where they have none.
pub(super) fn middle<'a>(directions: impl IntoIterator<Item = &'a Direction>) -> Option<Direction> {
    let sum = directions.into_iter().fold([0.0; 3], |sum, direction| {
        [
            sum[0] + direction[0],
            sum[1] + direction[1],
            sum[2] + direction[2],
        ]
    });
    unit(sum)
}
