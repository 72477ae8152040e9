//! Polygons in the plane: clipping, orientation, centroid.

/// Coordinates nearer than this are the same vertex.
const SAME_VERTEX: f64 = 1e-12;
/// An area below this is none.
const NO_AREA: f64 = 1e3 * f64::MIN_POSITIVE;
/// Most vertices that clipping keeps.
const MOST_VERTICES: usize = 8;

/// A point, or the vector to it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Point {
    pub(crate) x: f64,
    pub(crate) y: f64,
}

impl Point {
    /// The vector from `other` to this point.
    fn minus(self, other: Self) -> Self {
        Self {
            x: self.x - other.x,
            y: self.y - other.y,
        }
    }

    /// The component of the cross product out of the plane.
    fn cross(self, other: Self) -> f64 {
        self.x * other.y - self.y * other.x
    }

    fn is_same(self, other: Self) -> bool {
        (self.x - other.x).abs() < SAME_VERTEX && (self.y - other.y).abs() < SAME_VERTEX
    }
}

/// Vertices in order; the last one is joined to the first.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Polygon(pub(crate) Vec<Point>);

impl Polygon {
    /// The rectangle with these limits, counter-clockwise from the lower left.
    pub(crate) fn rectangle(x: (f64, f64), y: (f64, f64)) -> Self {
        Self(vec![
            Point { x: x.0, y: y.0 },
            Point { x: x.1, y: y.0 },
            Point { x: x.1, y: y.1 },
            Point { x: x.0, y: y.1 },
        ])
    }

    /// Pairs of each vertex with the one before it, in order.
    fn edges(&self) -> impl Iterator<Item = (Point, Point)> {
        let before = self.0.last().into_iter().chain(&self.0);
        before.copied().zip(self.0.iter().copied())
    }

    /// Turns the polygon counter-clockwise, judged by its first edge as seen from the mean of the vertices.
    pub(crate) fn orient(&mut self) {
        let [first, second, _, ..] = self.0[..] else {
            return;
        };
        let mut centre = Point { x: 0.0, y: 0.0 };
        for vertex in &self.0 {
            centre.x += vertex.x;
            centre.y += vertex.y;
        }
        centre.x /= self.0.len() as f64;
        centre.y /= self.0.len() as f64;
        if first.minus(centre).cross(second.minus(centre)) < 0.0 {
            self.0.reverse();
        }
    }

    /// The part inside of a convex window (Sutherland & Hodgman 1974, doi:10.1145/360767.360802), counter-clockwise and
    /// without vertices that lie on the line between their neighbours. Empty if nothing is inside.
    pub(crate) fn clipped(mut self, mut window: Self) -> Self {
        self.orient();
        window.orient();
        for (from, to) in window.edges() {
            self = self.clipped_by_line(from, to);
        }
        self.orient();
        self.without_midpoints()
    }

    /// The part to the left of a line.
    fn clipped_by_line(&self, from: Point, to: Point) -> Self {
        let inside = |point: Point| point.cross(from) - to.cross(from) - point.cross(to) > 0.0;
        let line = to.minus(from);
        let mut kept = Self::default();
        for (before, vertex) in self.edges() {
            let was_inside = inside(before);
            let is_inside = inside(vertex);
            if was_inside != is_inside {
                let edge = vertex.minus(before);
                let denominator = edge.cross(line);
                let (a, b) = (vertex.cross(before), to.cross(from));
                kept.push(Point {
                    x: (a * line.x - b * edge.x) / denominator,
                    y: (a * line.y - b * edge.y) / denominator,
                });
            }
            if is_inside {
                kept.push(vertex);
            }
        }
        kept
    }

    /// Adds a vertex, unless it is not finite or the polygon's last or first one again.
    fn push(&mut self, vertex: Point) {
        let known = self.0.last().is_some_and(|last| last.is_same(vertex))
            || self.0.first().is_some_and(|first| first.is_same(vertex));
        if !known && vertex.x.is_finite() && vertex.y.is_finite() && self.0.len() < MOST_VERTICES {
            self.0.push(vertex);
        }
    }

    fn without_midpoints(self) -> Self {
        let count = self.0.len();
        if count < 3 {
            return self;
        }
        let corner = |&k: &usize| {
            let before = self.0[(k + count - 1) % count];
            let across = self.0[(k + 1) % count].minus(before);
            let here = self.0[k].minus(before);
            across.cross(here).abs() > NO_AREA && across.x.hypot(across.y) > SAME_VERTEX
        };
        Self((0..count).filter(corner).map(|k| self.0[k]).collect())
    }

    /// Centre of gravity with the sign of the orientation, `None` without an area.
    ///
    // Parity: drizzle 2.2.0 src/cdrizzlemap.c polygon_centroid takes the area of a counter-clockwise polygon as negative,
    // so that its centre comes out mirrored at the origin.
    pub(crate) fn centroid(&self) -> Option<Point> {
        let area = 0.5
            * self
                .edges()
                .map(|(before, vertex)| (before.x + vertex.x) * (before.y - vertex.y))
                .sum::<f64>();
        if self.0.len() < 3 || area.abs() < NO_AREA {
            return None;
        }
        let (mut x, mut y) = (0.0, 0.0);
        for (before, vertex) in self.edges() {
            let factor = before.cross(vertex);
            x += (before.x + vertex.x) * factor;
            y += (before.y + vertex.y) * factor;
        }
        Some(Point {
            x: x / (6.0 * area),
            y: y / (6.0 * area),
        })
    }
}
