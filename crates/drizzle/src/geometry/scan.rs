//! The input pixels of each row that meet the output.

use super::overlap::{INVERSION_ERROR, Overlap};
use super::polygon::{Point, Polygon};

/// Vertices whose heights differ by less than this fraction make a horizontal side.
const SAME_HEIGHT: f64 = 1e-12;

/// Columns of a row to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RowSpan {
    pub(crate) row: usize,
    pub(crate) first: usize,
    pub(crate) last: usize,
}

/// What scanning the rows of an overlap gave.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Scan {
    pub(crate) rows: Vec<RowSpan>,
    /// Rows without a pixel on the output.
    pub(crate) skipped: i64,
    /// Pixels left out before the kernel saw them.
    pub(crate) missed: i64,
}

impl Scan {
    /// Scans the rows of the section from the bottom to the top of the overlap. A pixel is used if its centre lies in
    /// the outline, with a margin for the accuracy of the outline; counts follow the reference, which takes the number of
    /// columns one too small.
    pub(crate) fn new(overlap: &Overlap) -> Self {
        let Some(mut sides) = Sides::new(overlap) else {
            return Self::default();
        };
        let section = overlap.section;
        let width = section.xmax as i64 - section.xmin as i64;
        let height = section.ymax as i64 - section.ymin as i64;
        let bottom = ((sides.lowest + 0.5 + 2.0 * INVERSION_ERROR) as i64).max(0);
        let top = ((sides.highest + 2.0 * INVERSION_ERROR) as i64).min(section.ymax as i64);

        let mut scan = Self {
            rows: Vec::new(),
            skipped: height - (top - bottom),
            missed: 0,
        };
        scan.missed = scan.skipped * width;
        for row in bottom..=top {
            match sides.columns(row) {
                Columns::Ended => {
                    scan.skipped += top + 1 - row;
                    scan.missed += (top + 1 - row) * width;
                    break;
                }
                Columns::None => {
                    scan.missed += width;
                    scan.skipped += 1;
                }
                Columns::Some(first, last) => {
                    scan.missed += width - (last + 1 - first);
                    let first = first.max(section.xmin as i64);
                    let last = last.min(section.xmax as i64);
                    if first <= last {
                        scan.rows.push(RowSpan {
                            row: row as usize,
                            first: first as usize,
                            last: last as usize,
                        });
                    }
                }
            }
        }
        scan
    }
}

/// Columns of one row.
enum Columns {
    /// The row is above the outline, and all further ones are.
    Ended,
    /// None of this row.
    None,
    /// First and last column.
    Some(i64, i64),
}

/// A side of the outline as `x = slope y + offset`, moved inwards so that a pixel whose centre is there lies inside.
#[derive(Debug, Clone, Copy)]
struct Side {
    end_y: f64,
    slope: f64,
    offset: f64,
}

impl Side {
    fn new(from: Point, to: Point, inwards: f64) -> Self {
        let slope = (to.x - from.x) / (to.y - from.y);
        let offset = (from.x * to.y - from.y * to.x) / (to.y - from.y);
        Self {
            end_y: to.y,
            slope,
            offset: offset + (0.5 + 0.5 * slope.abs()) * inwards,
        }
    }

    fn at(self, y: f64) -> f64 {
        self.slope * y + self.offset
    }
}

/// One side after the other, upwards.
#[derive(Debug)]
struct Chain {
    sides: Vec<Side>,
    current: usize,
}

impl Chain {
    /// Goes up to the side that ends at or above `y`, beyond `margin`. False if there is none.
    fn climb(&mut self, y: f64, margin: f64) -> bool {
        while y > self.sides[self.current].end_y + margin {
            if self.current + 1 == self.sides.len() {
                return false;
            }
            self.current += 1;
        }
        true
    }

    fn x(&self, y: f64) -> f64 {
        self.sides[self.current].at(y)
    }
}

/// The outline split at its lowest and highest vertices.
#[derive(Debug)]
struct Sides {
    left: Chain,
    right: Chain,
    lowest: f64,
    highest: f64,
    columns: (f64, f64),
    last_row: i64,
    ended: bool,
}

impl Sides {
    fn new(overlap: &Overlap) -> Option<Self> {
        let outline = &overlap.outline;
        let count = outline.0.len();
        if count < 3 {
            return None;
        }
        let lowest = outline.0.iter().fold(f64::INFINITY, |y, v| y.min(v.y));
        let highest = outline.0.iter().fold(f64::NEG_INFINITY, |y, v| y.max(v.y));
        let (low_left, low_right) = ends(outline, End::Bottom, lowest);
        let (high_left, high_right) = ends(outline, End::Top, highest);

        // Counter-clockwise, the right sides go up from the bottom; the left sides do when walked backwards.
        let walk = |from: usize, to: usize, forwards: bool| {
            let step = if forwards { 1 } else { count - 1 };
            let mut sides = Vec::new();
            let mut k = from;
            while k != to {
                let next = (k + step) % count;
                let inwards = if forwards { -1.0 } else { 1.0 };
                sides.push(Side::new(outline.0[k], outline.0[next], inwards));
                k = next;
            }
            Chain { sides, current: 0 }
        };
        let left = walk(low_left, high_left, false);
        let right = walk(low_right, high_right, true);
        if left.sides.is_empty() || right.sides.is_empty() {
            return None;
        }
        let section = overlap.section;
        Some(Self {
            left,
            right,
            lowest,
            highest,
            columns: (section.xmin as f64, section.xmax as f64),
            last_row: section.ymax as i64,
            ended: false,
        })
    }

    /// Columns of a row; rows must be asked for upwards.
    fn columns(&mut self, row: i64) -> Columns {
        let y = row as f64;
        let (bottom, top) = (y - 0.5, y + 0.5);
        if row < 0 || row > self.last_row || top <= self.lowest || bottom >= self.highest + 1.0 {
            return Columns::None;
        }
        if self.ended || !self.left.climb(bottom, 0.0) || !self.right.climb(bottom, 0.0) {
            self.ended = true;
            return Columns::Ended;
        }
        let low = self.limits(y);
        let margin = 0.5 + INVERSION_ERROR;
        if !self.left.climb(top, margin) || !self.right.climb(top, margin) {
            self.ended = true;
            return Columns::Ended;
        }
        let high = self.limits(y);
        let whole = |(left, right): (f64, f64)| (left.round() as i64, right.round() as i64);
        if high.0 >= high.1 {
            if low.0 >= low.1 {
                return Columns::None;
            }
            let (first, last) = whole(low);
            Columns::Some(first, last)
        } else {
            let (first, last) = whole(if low.0 >= low.1 {
                high
            } else {
                (low.0.max(high.0), low.1.min(high.1))
            });
            Columns::Some(first, last)
        }
    }

    /// Left and right limit at a height, within the section.
    fn limits(&self, y: f64) -> (f64, f64) {
        (
            (self.left.x(y) - INVERSION_ERROR).max(self.columns.0),
            (self.right.x(y) + INVERSION_ERROR).min(self.columns.1),
        )
    }
}

/// Which end of the outline.
#[derive(Clone, Copy, PartialEq)]
enum End {
    Bottom,
    Top,
}

/// Indices of the left and right vertex at one end; the same one twice unless a horizontal side ends the outline.
fn ends(outline: &Polygon, end: End, extreme: f64) -> (usize, usize) {
    let vertices = &outline.0;
    let count = vertices.len();
    let found = vertices.iter().position(|v| v.y == extreme).unwrap_or(0);
    let before = (found + count - 1) % count;
    let after = (found + 1) % count;
    let (neighbour, level) = if end == End::Bottom {
        let lower = vertices[before].y < vertices[after].y;
        let neighbour = if lower { before } else { after };
        let limit = extreme * (1.0 + SAME_HEIGHT.copysign(extreme));
        (neighbour, vertices[neighbour].y <= limit)
    } else {
        let higher = vertices[before].y > vertices[after].y;
        let neighbour = if higher { before } else { after };
        let limit = extreme * (1.0 - SAME_HEIGHT.copysign(extreme));
        (neighbour, vertices[neighbour].y >= limit)
    };
    if !level {
        return (found, found);
    }
    // The first of the two found stays on its side unless their order along x says otherwise.
    let (left, right) = if end == End::Bottom {
        (found, neighbour)
    } else {
        (neighbour, found)
    };
    if vertices[left].x > vertices[right].x {
        (right, left)
    } else {
        (left, right)
    }
}
