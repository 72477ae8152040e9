//! The part of the input that lies on the output.

use super::polygon::{Point, Polygon};
use super::{PixelMap, Section};

/// Accuracy of positions that are taken back from the output to the input [input pixels].
pub(super) const INVERSION_ERROR: f64 = 0.03;
/// Steps after which the search for a position is given up.
const MOST_STEPS: usize = 50;
/// Ratio of the golden section.
const GOLDEN: f64 = 0.618_033_988_749_894_9;

/// Outline, in input pixels, of the part of a section that lies on the output.
#[derive(Debug, Clone)]
pub(crate) struct Overlap {
    pub(super) outline: Polygon,
    pub(super) section: Section,
}

impl Overlap {
    /// The outline of the section, mapped to the output, clipped to it and taken back to the input. Where this fails
    /// because pixels on the way are not mapped, the whole section counts.
    pub(crate) fn new(pixmap: &PixelMap<'_>, section: Section, output: (usize, usize)) -> Self {
        let limits = |low: usize, high: usize| (low as f64 - 0.5, high as f64 + 0.5);
        let mut outline = Polygon::rectangle(
            limits(section.xmin, section.xmax),
            limits(section.ymin, section.ymax),
        );
        let corners: Option<Vec<Point>> = outline
            .0
            .iter()
            .map(|&corner| pixmap.interpolate(corner))
            .collect();
        if let Some(corners) = corners {
            let window =
                Polygon::rectangle((-0.5, output.1 as f64 - 0.5), (-0.5, output.0 as f64 - 0.5));
            let common = Polygon(corners).clipped(window);
            if take_back(pixmap, section, &common, &mut outline) {
                outline.0.truncate(common.0.len());
                outline.orient();
            }
        }
        Self { outline, section }
    }

    /// Side of an input pixel in units of an output pixel's at the centre of the overlap, or at the first pixel where the
    /// centre comes out negative.
    pub(crate) fn scale_ratio(&self, pixmap: &PixelMap<'_>) -> Option<f32> {
        let centre = self.outline.centroid()?;
        let (rows, columns) = pixmap.shape();
        let column = (centre.x as i64).clamp(0, columns as i64 - 2) as usize;
        let row = (centre.y as i64).clamp(0, rows as i64 - 2) as usize;
        let origin = pixmap.mapped(column, row)?;
        let right = pixmap.mapped(column + 1, row)?;
        let up = pixmap.mapped(column, row + 1)?;
        let determinant =
            (right.x - origin.x) * (up.y - origin.y) - (right.y - origin.y) * (up.x - origin.x);
        Some(determinant.abs().sqrt() as f32)
    }
}

/// Puts the input positions of the vertices of `common` into `outline`, growing it as needed. False, with the vertices up
/// to the failing one replaced, if a position cannot be found.
//
// Parity: drizzle 2.2.0 src/cdrizzlemap.c init_image_scanner goes on with a polygon that is half replaced.
fn take_back(
    pixmap: &PixelMap<'_>,
    section: Section,
    common: &Polygon,
    outline: &mut Polygon,
) -> bool {
    for (k, &vertex) in common.0.iter().enumerate() {
        let Some(position) = invert(pixmap, section, vertex) else {
            outline.0.truncate(4);
            return false;
        };
        if k < outline.0.len() {
            outline.0[k] = position;
        } else {
            outline.0.push(position);
        }
    }
    true
}

/// The point of the section that is mapped nearest to `target`, by a golden section search in both directions at once.
fn invert(pixmap: &PixelMap<'_>, section: Section, target: Point) -> Option<Point> {
    let mut x = (section.xmin as f64 - 0.5, section.xmax as f64 + 0.5);
    let mut y = (section.ymin as f64 - 0.5, section.ymax as f64 + 0.5);
    let distance = |x: f64, y: f64| {
        let found = pixmap.interpolate(Point { x, y })?;
        let (dx, dy) = (found.x - target.x, found.y - target.y);
        Some(dx * dx + dy * dy)
    };
    let (mut dx, mut dy) = (x.1 - x.0, y.1 - y.0);
    let mut steps = 0;
    while (dx > INVERSION_ERROR || dy > INVERSION_ERROR) && steps < MOST_STEPS {
        steps += 1;
        let (x1, x2) = (x.1 - GOLDEN * dx, x.0 + GOLDEN * dx);
        let (y1, y2) = (y.1 - GOLDEN * dy, y.0 + GOLDEN * dy);
        let near = distance(x1, y1)?;
        let upper_left = distance(x1, y2)?;
        let lower_right = distance(x2, y1)?;
        let far = distance(x2, y2)?;
        let smallest = |d: f64, others: [f64; 3]| others.iter().all(|&other| d < other);
        let (go_left, go_down) = if smallest(near, [upper_left, lower_right, far]) {
            (true, true)
        } else if smallest(upper_left, [near, lower_right, far]) {
            (true, false)
        } else if smallest(lower_right, [near, upper_left, far]) {
            (false, true)
        } else {
            (false, false)
        };
        if go_left {
            x.1 = x2;
        } else {
            x.0 = x1;
        }
        if go_down {
            y.1 = y2;
        } else {
            y.0 = y1;
        }
        (dx, dy) = (x.1 - x.0, y.1 - y.0);
    }
    (steps < MOST_STEPS).then_some(Point {
        x: 0.5 * (x.0 + x.1),
        y: 0.5 * (y.0 + y.1),
    })
}
