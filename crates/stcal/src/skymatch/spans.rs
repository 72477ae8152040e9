//! Pixels inside of plane polygons.

/// A set of pixels of an image: stretches of its rows, in order and without overlap.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Spans {
    /// Row, first column, column after the last.
    spans: Vec<(usize, usize, usize)>,
}

impl Spans {
    /// The pixels of an image of `(rows, columns)` that lie in any of the polygons, with the pixels that the borders meet.
    ///
    /// Vertices are `(x, y)` counted from 0 at the centre of the first pixel, and are moved to the nearest centre. The last is
    /// joined to the first. Polygons of fewer than three vertices, or with one that is not finite, hold no pixel.
    ///
    /// ```
    /// use stcal::skymatch::Spans;
    /// let triangle = vec![(1.0, 0.0), (5.0, 0.0), (1.0, 2.0)];
    /// let spans = Spans::inside(&[triangle], (10, 10));
    /// let found: Vec<_> = spans.iter().collect();
    /// assert_eq!(found, [(0, 1, 6), (1, 1, 4), (2, 1, 2)]);
    /// ```
    ///
    /// # Source
    /// gwcs 0.26 `region.Polygon`: the scan-line algorithm with its treatment of borders. Exact, with the polygon walked in
    /// the order of the vertices.
    pub fn inside(polygons: &[Vec<(f64, f64)>], shape: (usize, usize)) -> Self {
        let mut spans = Vec::new();
        for polygon in polygons {
            scan(polygon, shape, &mut spans);
        }
        spans.sort_unstable();
        let mut merged: Vec<(usize, usize, usize)> = Vec::with_capacity(spans.len());
        for (row, start, end) in spans {
            match merged.last_mut() {
                Some((last, _, until)) if *last == row && start <= *until => {
                    *until = end.max(*until);
                }
                _ => merged.push((row, start, end)),
            }
        }
        Self { spans: merged }
    }

    /// Row, first column and column after the last of each stretch.
    pub fn iter(&self) -> impl Iterator<Item = (usize, usize, usize)> {
        self.spans.iter().copied()
    }

    /// How many pixels there are.
    pub fn pixels(&self) -> usize {
        self.iter().map(|(_, start, end)| end - start).sum()
    }
}

/// An edge between pixel centres; it is walked from `start` to `stop`.
struct Edge {
    start: (i64, i64),
    stop: (i64, i64),
}

impl Edge {
    /// First and last line that it meets.
    fn lines(&self) -> (i64, i64) {
        let (a, b) = (self.start.1, self.stop.1);
        (a.min(b), a.max(b))
    }

    /// The column after its crossing of a line, or at it.
    fn crossing(&self, y: i64) -> i64 {
        let (dx, dy) = (self.stop.0 - self.start.0, self.stop.1 - self.start.1);
        let fraction = (y - self.start.1) as f64 / dy as f64;
        (fraction * dx as f64 + self.start.0 as f64).ceil() as i64
    }
}

fn scan(vertices: &[(f64, f64)], shape: (usize, usize), spans: &mut Vec<(usize, usize, usize)>) {
    let finite = vertices.iter().all(|(x, y)| x.is_finite() && y.is_finite());
    if vertices.len() < 3 || !finite {
        return;
    }
    // Parity: gwcs/region.py moves polygons with negative coordinates to positive ones before it rounds them, and back by a
    // whole number of pixels.
    let low = |value: fn(&(f64, f64)) -> f64| vertices.iter().map(value).fold(0.0, f64::min);
    let (shift_x, shift_y) = (low(|vertex| vertex.0), low(|vertex| vertex.1));
    let centre = |value: f64| value.round_ties_even() as i64;
    let moved: Vec<(i64, i64)> = (vertices.iter())
        .map(|(x, y)| (centre(x - shift_x), centre(y - shift_y)))
        .collect();
    // Parity: gwcs/region.py takes a polygon within one column for empty.
    if moved.iter().all(|vertex| vertex.0 == moved[0].0) {
        return;
    }
    let (shift_x, shift_y) = (centre(shift_x), centre(shift_y));
    let ends = moved.iter().skip(1).chain(moved.first());
    let edges: Vec<Edge> = (moved.iter().zip(ends))
        .map(|(&start, &stop)| Edge { start, stop })
        .filter(|edge| edge.start.1 != edge.stop.1)
        .collect();
    let (Some(first), Some(last)) = (
        edges.iter().map(|edge| edge.lines().0).min(),
        edges.iter().map(|edge| edge.lines().1).max(),
    ) else {
        return;
    };
    let mut crossings = Vec::new();
    let rows = first.max(-shift_y)..=last.min(shape.0 as i64 - 1 - shift_y);
    for y in rows {
        // Parity: the last line has the edges of the one before.
        let at = if y == last { y - 1 } else { y };
        crossings.clear();
        let met = edges
            .iter()
            .filter(|edge| (edge.lines().0..edge.lines().1).contains(&at));
        crossings.extend(met.map(|edge| edge.crossing(y)));
        crossings.sort_unstable();
        for pair in crossings.chunks_exact(2) {
            let start = (pair[0] + shift_x).max(0) as usize;
            let mut end = (pair[1] + shift_x).min(shape.1 as i64 - 1) + 1;
            if end < 0 {
                // Parity: a polygon left of the image ends at a negative index, which Python counts from the right.
                end = (end + shape.1 as i64).max(0);
            }
            if start < end as usize {
                spans.push(((y + shift_y) as usize, start, end as usize));
            }
        }
    }
}
