//! Sums in circles that cut pixels exactly.

use std::f64::consts::PI;
use std::ops::Range;

use ndarray::ArrayView2;

/// Half the diagonal of a pixel.
const HALF_DIAGONAL: f64 = std::f64::consts::FRAC_1_SQRT_2;

/// A circle in which flux is summed, each pixel weighted by the part of it that is inside.
///
/// # Source
/// photutils 3.0.0 `aperture/core.py::PixelAperture.do_photometry` with `method='exact'`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CircularAperture {
    /// Centre along columns [pixel].
    pub x: f64,
    /// Centre along rows [pixel].
    pub y: f64,
    /// Radius [pixel].
    pub radius: f64,
}

impl CircularAperture {
    /// Area of the circle [pixel].
    #[must_use]
    pub fn area(&self) -> f64 {
        PI * self.radius * self.radius
    }

    /// The sum in the circle and its standard deviation, for an image and its standard deviations.
    ///
    /// Pixels beyond the edge count as absent, a NaN makes the sum NaN. Both are NaN if the circle's box misses the image.
    ///
    /// ```
    /// use ndarray::Array2;
    /// use stcal::source_photometry::CircularAperture;
    ///
    /// let ones = Array2::<f32>::ones((21, 21));
    /// let circle = CircularAperture { x: 10.3, y: 9.8, radius: 4.0 };
    /// let (sum, err) = circle.sum(ones.view(), ones.view());
    /// assert!((sum - circle.area()).abs() < 1e-12);
    /// assert!((err - circle.area().sqrt()).abs() < 1e-12);
    /// ```
    #[must_use]
    pub fn sum(&self, data: ArrayView2<'_, f32>, err: ArrayView2<'_, f32>) -> (f64, f64) {
        let Some((rows, columns)) = boxed((self.x, self.y), self.radius, data.dim()) else {
            return (f64::NAN, f64::NAN);
        };
        let columns_beyond = columns.start..columns.end + 1;
        let edges: Vec<Edge> = columns_beyond
            .map(|column| Edge::new(column as f64 - 0.5 - self.x, self.radius))
            .collect();
        let (mut sum, mut variance) = (0.0, 0.0);
        for row in rows {
            let low = Edge::new(row as f64 - 0.5 - self.y, self.radius);
            let high = Edge::new(row as f64 + 0.5 - self.y, self.radius);
            let dy = row as f64 - self.y;
            for (column, pair) in columns.clone().zip(edges.windows(2)) {
                let dx = column as f64 - self.x;
                let distance = (dx * dx + dy * dy).sqrt();
                let weight = if distance < self.radius - HALF_DIAGONAL {
                    1.0
                } else if distance < self.radius + HALF_DIAGONAL {
                    part_inside(&pair[0], &pair[1], &low, &high, self.radius)
                } else {
                    0.0
                };
                if weight > 0.0 {
                    let err = err[[row, column]];
                    sum += f64::from(data[[row, column]]) * weight;
                    variance += f64::from(err * err) * weight;
                }
            }
        }
        (sum, variance.sqrt())
    }
}

/// Rows and columns of the image that the box around a circle overlaps; none if it misses the image.
pub(super) fn boxed(
    centre: (f64, f64),
    radius: f64,
    shape: (usize, usize),
) -> Option<(Range<usize>, Range<usize>)> {
    let range = |centre: f64, len: usize| {
        let from = (centre - radius + 0.5).floor().max(0.0);
        let to = (centre + radius + 0.5).ceil().min(len as f64);
        (from < to).then_some(from as usize..to as usize)
    };
    Some((range(centre.1, shape.0)?, range(centre.0, shape.1)?))
}

/// A line that cuts a circle, and the area of the circle on the side of smaller coordinates.
#[derive(Debug, Clone, Copy)]
struct Edge {
    at: f64,
    below: f64,
}

impl Edge {
    fn new(at: f64, radius: f64) -> Self {
        let at = at.clamp(-radius, radius);
        let square = radius * radius;
        let half_chord = ((radius - at) * (radius + at)).sqrt();
        // The angle from both sides of the triangle: from one alone it loses half of its digits where the line is nearly
        // a tangent, and no longer cancels what the chord loses there.
        let below = square * (0.5 * PI + at.atan2(half_chord)) + at * half_chord;
        Self { at, below }
    }
}

/// Area of a circle within a rectangle.
fn part_inside(left: &Edge, right: &Edge, low: &Edge, high: &Edge, radius: f64) -> f64 {
    corner(right, high, radius) - corner(left, high, radius) - corner(right, low, radius)
        + corner(left, low, radius)
}

/// Area of a circle left of one line and below another, perpendicular one.
fn corner(x: &Edge, y: &Edge, radius: f64) -> f64 {
    let whole = PI * radius * radius;
    if x.at * x.at + y.at * y.at < radius * radius {
        // The areas of opposite quadrants differ by four times the rectangle between corner and centre.
        return x.at * y.at + 0.5 * (x.below + y.below) - 0.25 * whole;
    }
    match (x.at >= 0.0, y.at >= 0.0) {
        (true, true) => x.below + y.below - whole,
        (true, false) => y.below,
        (false, true) => x.below,
        (false, false) => 0.0,
    }
}
