//! Flux spread as a Gaussian of the distance from the centre.

use std::f64::consts::PI;

use super::{Extent, Shape};
use crate::geometry::{PixelMap, Point, nearest};

/// Full width at half maximum in units of the standard deviation, as rounded by drizzle.
const WIDTH: f64 = 2.3548;
/// Where the Gaussian is cut [standard deviations].
const CUT: f64 = 2.5;
/// The least half side of the box it is cut to [input pixels], so that there are no holes in the output.
const LEAST_HALF_SIDE: f64 = 1.2;

/// The kernel `gaussian`.
pub(crate) struct Gaussian<'a> {
    pixmap: PixelMap<'a>,
    half_side: f64,
    peak: f64,
    exponent: f64,
}

impl<'a> Gaussian<'a> {
    pub(crate) fn new(pixmap: PixelMap<'a>, pixfrac: f64, scale_ratio: f32) -> Self {
        let ratio = f64::from(scale_ratio);
        let exponent = (WIDTH * WIDTH) * (ratio * ratio) * (1.0 / (pixfrac * pixfrac)) / 2.0;
        Self {
            pixmap,
            half_side: (CUT * pixfrac / WIDTH / ratio).max(LEAST_HALF_SIDE / ratio),
            peak: exponent / PI,
            exponent,
        }
    }
}

impl Shape for Gaussian<'_> {
    type Spot = Point;
    type Room = ();

    fn spot(&self, column: usize, row: usize) -> Option<Point> {
        self.pixmap.mapped(column, row)
    }

    fn columns(&self, spot: &Point) -> Extent {
        (
            nearest(spot.x - self.half_side),
            nearest(spot.x + self.half_side),
        )
    }

    fn rows(&self, spot: &Point) -> Extent {
        (
            nearest(spot.y - self.half_side),
            nearest(spot.y + self.half_side),
        )
    }

    fn share(&self, spot: &Point, whole: f64, column: i64, row: i64) -> Option<f32> {
        let (dx, dy) = (spot.x - column as f64, spot.y - row as f64);
        let density = self.peak * (-(dx * dx + dy * dy) * self.exponent).exp();
        // Parity: drizzle 2.2.0 src/cdrizzlebox.c do_kernel_gaussian rounds the density to 32 bits first.
        Some((f64::from(density as f32) * whole) as f32)
    }

    fn reach(&self) -> f64 {
        self.half_side + 1.0
    }
}
