//! Ellipses that stand for a region of pixels, and the pixels that they cover.

use std::f64::consts::PI;

/// An ellipse with the second moments of a region.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ellipse {
    /// Column of the centre, from 0 [pixel].
    pub column: f64,
    /// Row of the centre, from 0 [pixel].
    pub row: f64,
    /// Full length of the minor axis [pixel]; down to -1 for regions one pixel wide.
    pub minor: f64,
    /// Full length of the major axis [pixel]; down to -1 for a single pixel.
    pub major: f64,
    /// Angle between the direction of rows and the major axis [degree].
    pub angle_deg: f64,
}

impl Ellipse {
    /// True if a point lies inside or on the edge.
    ///
    /// # Source
    /// stcal 1.20.0 `jump/jump.py::point_inside_ellipse`. Parity: the major axis is taken along the columns before the
    /// rotation, that is at right angles to where it is drawn.
    pub(super) fn contains(&self, column: f64, row: f64) -> bool {
        let (sin, cos) = to_radians(180.0 - self.angle_deg).sin_cos();
        let (x, y) = (column - self.column, row - self.row);
        let (along, across) = (x * cos - y * sin, x * sin + y * cos);
        let (semi_major, semi_minor) = if self.major >= self.minor {
            (self.major * 0.5, self.minor * 0.5)
        } else {
            (self.minor * 0.5, self.major * 0.5)
        };
        along * along / (semi_major * semi_major) + across * across / (semi_minor * semi_minor)
            <= 1.0
    }

    /// Full axes `(minor, major)` grown by a factor of the smaller one, no axis above `max_width`.
    ///
    /// # Source
    /// stcal 1.20.0 `jump/jump.py::compute_axes` with `expand_by_ratio`.
    pub(super) fn grown(&self, factor: f64, max_width: f64) -> (f64, f64) {
        let (minor, major) = if self.major < self.minor {
            (
                self.minor + (factor - 1.0) * self.major,
                self.major * factor,
            )
        } else {
            (
                self.minor * factor,
                self.major + (factor - 1.0) * self.minor,
            )
        };
        let whole = |axis: f64| (axis.min(max_width) / 2.0).round_ties_even() * 2.0;
        (whole(minor), whole(major))
    }

    /// The pixels of an image `(rows, columns)` that the ellipse covers with other full axes.
    ///
    /// # Source
    /// stcal 1.20.0 `jump/jump.py::ellipse_subim` (centre and semi-axes are rounded to whole pixels) and scikit-image
    /// 0.26.0 `draw/draw.py::ellipse`.
    pub(super) fn stamp(&self, minor: f64, major: f64, shape: (usize, usize)) -> Stamp {
        let semi = (whole(major / 2.0), whole(minor / 2.0));
        let centre = (whole(self.row), whole(self.column));
        let reach = semi.0.max(semi.1) + 2;
        let cut = |centre: i64, length: usize| {
            let first = (centre - reach).max(0);
            (first, (centre + reach + 1).min(length as i64) - first)
        };
        let ((row, rows), (column, columns)) = (cut(centre.0, shape.0), cut(centre.1, shape.1));
        let mut stamp = Stamp {
            row: row as usize,
            column: column as usize,
            columns: columns.max(0) as usize,
            mask: Vec::new(),
        };
        if rows > 0 && columns > 0 {
            stamp.mask.resize((rows * columns) as usize, false);
            if semi.0 != 0 && semi.1 != 0 {
                let angle = to_radians(self.angle_deg);
                draw(
                    &mut stamp.mask,
                    (rows, columns),
                    (centre.0 - row, centre.1 - column),
                    semi,
                    angle,
                );
            }
        }
        stamp
    }
}

/// Some pixels of an image within a rectangle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stamp {
    row: usize,
    column: usize,
    columns: usize,
    mask: Vec<bool>,
}

impl Stamp {
    /// The pixels, `(row, column)`, and whether they are covered.
    pub(super) fn pixels_mut(&mut self) -> impl Iterator<Item = ((usize, usize), &mut bool)> {
        let (row, column, columns) = (self.row, self.column, self.columns.max(1));
        let place = move |index: usize| (row + index / columns, column + index % columns);
        self.mask
            .iter_mut()
            .enumerate()
            .map(move |(index, covered)| (place(index), covered))
    }

    /// The covered pixels, `(row, column)`.
    pub(super) fn covered(&self) -> impl Iterator<Item = (usize, usize)> {
        let columns = self.columns.max(1);
        let all = self
            .mask
            .iter()
            .enumerate()
            .filter(|(_, covered)| **covered);
        all.map(move |(index, _)| (self.row + index / columns, self.column + index % columns))
    }
}

/// Marks the pixels of an image whose centres are inside an ellipse. Pairs are `(row, column)`.
fn draw(mask: &mut [bool], shape: (i64, i64), centre: (i64, i64), semi: (i64, i64), angle: f64) {
    let semi = (semi.0 as f64, semi.1 as f64);
    // The angle in [0, pi), as a floored remainder.
    let remainder = angle % PI;
    let angle = if remainder < 0.0 {
        remainder + PI
    } else {
        remainder
    };
    let (sin, cos) = angle.sin_cos();
    let reach = (
        (semi.0 * cos).abs() + semi.1 * sin,
        semi.0 * sin + (semi.1 * cos).abs(),
    );
    let cut = |centre: i64, reach: f64, length: i64| {
        let first = (centre as f64 - reach).ceil().max(0.0) as i64;
        let last = (centre as f64 + reach).floor().min((length - 1) as f64) as i64;
        first..=last
    };
    for row in cut(centre.0, reach.0, shape.0) {
        let dy = (row - centre.0) as f64;
        for column in cut(centre.1, reach.1, shape.1) {
            let dx = (column - centre.1) as f64;
            let (along, across) = (
                (dy * cos + dx * sin) / semi.0,
                (dy * sin - dx * cos) / semi.1,
            );
            if along * along + across * across < 1.0 {
                mask[(row * shape.1 + column) as usize] = true;
            }
        }
    }
}

/// Rounds half to even, as Python does.
fn whole(value: f64) -> i64 {
    value.round_ties_even() as i64
}

/// Degrees to radians with one rounding, as C does; `f64::to_radians` does the same today.
fn to_radians(degrees: f64) -> f64 {
    degrees * (PI / 180.0)
}
