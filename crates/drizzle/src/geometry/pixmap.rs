//! The pixel map: output coordinates of the centres of input pixels.

use ndarray::ArrayView2;

use super::Point;
use crate::DrizzleError;

/// Output coordinates of the centre of each input pixel: `x` is the column and `y` the row, counted from 0 at the centre
/// of the first output pixel. NaN means that a pixel is not mapped.
#[derive(Debug, Clone, Copy)]
pub struct PixelMap<'a> {
    x: &'a [f64],
    y: &'a [f64],
    shape: (usize, usize),
}

/// A rectangle of input pixels, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Section {
    /// First column.
    pub xmin: usize,
    /// Last column.
    pub xmax: usize,
    /// First row.
    pub ymin: usize,
    /// Last row.
    pub ymax: usize,
}

impl<'a> PixelMap<'a> {
    /// A map from its two planes, `(row, column)` of the input.
    ///
    /// # Errors
    /// [`DrizzleError`] if the planes differ in shape or are not stored row after row.
    pub fn new(x: ArrayView2<'a, f64>, y: ArrayView2<'a, f64>) -> Result<Self, DrizzleError> {
        if x.dim() != y.dim() {
            return Err(DrizzleError::Shape {
                what: "the map's plane of y",
                expected: x.dim(),
                found: y.dim(),
            });
        }
        let shape = x.dim();
        let plane = |view: ArrayView2<'a, f64>| {
            view.to_slice().ok_or(DrizzleError::Layout {
                what: "the pixel map",
            })
        };
        Ok(Self {
            x: plane(x)?,
            y: plane(y)?,
            shape,
        })
    }

    /// Number of input rows and columns.
    pub fn shape(&self) -> (usize, usize) {
        self.shape
    }

    /// The map of some of the rows.
    ///
    /// # Panics
    /// If the range goes beyond the last row.
    #[must_use]
    pub fn rows(&self, rows: std::ops::Range<usize>) -> Self {
        let (start, end) = (rows.start * self.shape.1, rows.end * self.shape.1);
        Self {
            x: &self.x[start..end],
            y: &self.y[start..end],
            shape: (rows.len(), self.shape.1),
        }
    }

    /// All `y`, row after row.
    pub(crate) fn y(&self) -> &'a [f64] {
        self.y
    }

    /// Output position of a pixel; coordinates may be NaN.
    #[inline(always)]
    pub(crate) fn at(&self, column: usize, row: usize) -> Point {
        let index = row * self.shape.1 + column;
        Point {
            x: self.x[index],
            y: self.y[index],
        }
    }

    /// Output positions of the pixels of a row; coordinates may be NaN.
    pub(crate) fn row(&self, row: usize) -> (&'a [f64], &'a [f64]) {
        let here = row * self.shape.1..(row + 1) * self.shape.1;
        (&self.x[here.clone()], &self.y[here])
    }

    /// `N` neighbouring pixels of a row, the first of them in `column`; `None` beyond the end of the map.
    #[inline(always)]
    pub(crate) fn run<const N: usize>(
        &self,
        column: usize,
        row: usize,
    ) -> Option<(&'a [f64; N], &'a [f64; N])> {
        let index = row.checked_mul(self.shape.1)?.checked_add(column)?;
        let x = self.x.get(index..)?.first_chunk()?;
        let y = self.y.get(index..)?.first_chunk()?;
        Some((x, y))
    }

    /// Output position of a pixel, `None` where it is not mapped.
    #[inline(always)]
    pub(crate) fn mapped(&self, column: usize, row: usize) -> Option<Point> {
        let point = self.at(column, row);
        (!point.x.is_nan() && !point.y.is_nan()).then_some(point)
    }

    /// Output position of any point of the input: bilinear between the four centres around it, extrapolated from the
    /// outermost ones beyond them. `None` if one of the four is not mapped.
    pub(crate) fn interpolate(&self, at: Point) -> Option<Point> {
        let (rows, columns) = self.shape;
        // Truncation, not the floor: points left of the first centre extrapolate from it, too.
        let column = (at.x as i64).clamp(0, columns as i64 - 2) as usize;
        let row = (at.y as i64).clamp(0, rows as i64 - 2) as usize;
        let (right, up) = (at.x - column as f64, at.y - row as f64);
        let (left, down) = (1.0 - right, 1.0 - up);
        let corners = [
            self.at(column, row),
            self.at(column + 1, row),
            self.at(column, row + 1),
            self.at(column + 1, row + 1),
        ];
        let blend = |f: [f64; 4]| {
            f[0] * left * down + f[1] * right * down + f[2] * left * up + f[3] * right * up
        };
        let x = blend(corners.map(|corner| corner.x));
        let y = blend(corners.map(|corner| corner.y));
        (!x.is_nan() && !y.is_nan()).then_some(Point { x, y })
    }

    /// The smallest rectangle that holds all mapped pixels of a section; it must have two rows and two columns.
    pub(crate) fn mapped_section(&self, within: Section) -> Result<Section, DrizzleError> {
        let mut found: Option<Section> = None;
        for row in within.ymin..=within.ymax {
            let mut columns = within.xmin..=within.xmax;
            let Some(first) = columns.find(|&column| self.mapped(column, row).is_some()) else {
                continue;
            };
            let last = columns
                .rev()
                .find(|&column| self.mapped(column, row).is_some())
                .unwrap_or(first);
            let known = found.get_or_insert(Section {
                xmin: first,
                xmax: last,
                ymin: row,
                ymax: row,
            });
            known.xmin = known.xmin.min(first);
            known.xmax = known.xmax.max(last);
            known.ymax = row;
        }
        found
            .filter(|section| section.xmin < section.xmax && section.ymin < section.ymax)
            .ok_or(DrizzleError::NoValidPixels)
    }
}
