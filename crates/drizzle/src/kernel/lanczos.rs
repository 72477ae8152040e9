//! Flux spread as a product of Lanczos functions along columns and rows.

use std::f64::consts::PI;

use super::{Extent, Shape};
use crate::geometry::{PixelMap, Point, nearest};

/// Step of the table [input pixels].
pub(crate) const STEP: f64 = 0.003;

/// Values of the Lanczos function of an order, in steps of [`STEP`] from 0.
pub(crate) fn table(order: u8) -> Vec<f64> {
    let order = f64::from(order);
    let count = (order / STEP).ceil() as usize + 1;
    (0..count)
        .map(|k| {
            let x = k as f64 * STEP;
            if k == 0 {
                1.0
            } else if x <= order {
                let phase = PI * x;
                let slow = phase / order;
                phase.sin() * slow.sin() / (phase * slow)
            } else {
                0.0
            }
        })
        .collect()
}

/// The kernels `lanczos2` and `lanczos3`.
pub(crate) struct Lanczos<'a> {
    pixmap: PixelMap<'a>,
    table: Vec<f64>,
    half_side: f64,
    steps_per_pixel: f64,
}

impl<'a> Lanczos<'a> {
    pub(crate) fn new(pixmap: PixelMap<'a>, order: u8, scale_ratio: f32) -> Self {
        let ratio = f64::from(scale_ratio);
        Self {
            pixmap,
            table: table(order),
            half_side: f64::from(order) / ratio,
            steps_per_pixel: ratio / STEP,
        }
    }

    fn extent(&self, centre: f64) -> Extent {
        (
            (centre - self.half_side).floor() as i64 + 1,
            (centre + self.half_side).floor() as i64,
        )
    }

    fn value(&self, distance: f64) -> Option<f64> {
        let step = nearest((distance * self.steps_per_pixel).abs());
        self.table.get(step as usize).copied()
    }
}

impl Shape for Lanczos<'_> {
    type Spot = Point;
    type Room = ();

    fn spot(&self, column: usize, row: usize) -> Option<Point> {
        self.pixmap.mapped(column, row)
    }

    fn columns(&self, spot: &Point) -> Extent {
        self.extent(spot.x)
    }

    fn rows(&self, spot: &Point) -> Extent {
        self.extent(spot.y)
    }

    fn share(&self, spot: &Point, whole: f64, column: i64, row: i64) -> Option<f32> {
        let x = self.value(spot.x - column as f64)?;
        let y = self.value(spot.y - row as f64)?;
        Some((x * y * whole) as f32)
    }

    fn reach(&self) -> f64 {
        self.half_side + 1.0
    }
}
