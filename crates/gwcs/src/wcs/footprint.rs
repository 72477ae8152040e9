//! Corners of an image on the sky, and the size of its pixels there.

use super::{Wcs, WcsError};

/// World coordinates of the corners of a bounding box.
#[derive(Debug, Clone, PartialEq)]
pub struct Footprint {
    /// A list of coordinates for each corner. Of two inputs, in the order (low, low), (low, high), (high, high),
    /// (high, low); of more, the last input changes fastest.
    pub corners: Vec<Vec<f64>>,
}

impl Wcs {
    /// World coordinates of the corners of the bounding box. `to_centers` moves them to the centres of the pixels in
    /// which they lie.
    ///
    /// # Errors
    /// There is no bounding box, or it ignores an input.
    pub fn footprint(&self, to_centers: bool) -> Result<Footprint, WcsError> {
        let bounding_box = self.bounding_box().ok_or(WcsError::NoBoundingBox)?;
        let ends: Option<Vec<[f64; 2]>> = bounding_box
            .intervals
            .iter()
            .map(|interval| interval.map(|interval| [interval.low, interval.high]))
            .collect();
        let ends = ends.ok_or(WcsError::NoBoundingBox)?;
        let center = |value: f64| {
            if to_centers {
                (value + 0.5).floor()
            } else {
                value
            }
        };
        let choices: Vec<Vec<usize>> = match ends.len() {
            2 => vec![vec![0, 0], vec![0, 1], vec![1, 1], vec![1, 0]],
            n => (0..1_usize << n)
                .map(|corner| (0..n).rev().map(|axis| corner >> axis & 1).collect())
                .collect(),
        };
        let inputs: Vec<Vec<f64>> = ends
            .iter()
            .enumerate()
            .map(|(axis, ends)| {
                choices
                    .iter()
                    .map(|corner| center(ends[corner[axis]]))
                    .collect()
            })
            .collect();
        let inputs: Vec<&[f64]> = inputs.iter().map(Vec::as_slice).collect();
        let outputs = self.between(0, self.steps.len() - 1)?.evaluate(&inputs)?;
        let corners = (0..choices.len())
            .map(|corner| outputs.iter().map(|output| output[corner]).collect())
            .collect();
        Ok(Footprint { corners })
    }

    /// Side of the square that is as large on the sky as the pixel at a place [arcsec]; `None` if there are not two inputs,
    /// no sky among the outputs, or no value there.
    ///
    /// ```
    /// use gwcs::frame::{CoordinateFrame, Frame};
    /// use gwcs::model::Scale;
    /// use gwcs::{Step, Transform, Wcs};
    /// let scale = |value: f64| Transform::from(Scale(value));
    /// let step = |frame, transform| Step { frame: Frame::Single(frame), transform };
    /// let wcs = Wcs::new("", vec![
    ///     step(CoordinateFrame::pixels("detector"), Some(scale(2e-5).join(scale(2e-5)))),
    ///     step(CoordinateFrame::icrs("world"), None),
    /// ])?;
    /// let at_equator = wcs.pixel_scale_arcsec(&[0.0, 0.0])?.unwrap_or(f64::NAN);
    /// assert!((at_equator - 0.072).abs() < 1e-9);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The transforms do not fit together.
    pub fn pixel_scale_arcsec(&self, place: &[f64]) -> Result<Option<f64>, WcsError> {
        let (Some([lon, lat]), [x, y]) = (self.output_frame().sky_axes(), place) else {
            return Ok(None);
        };
        let corners = [(-0.5, -0.5), (0.5, -0.5), (-0.5, 0.5)];
        let corners = corners.map(|(dx, dy)| (x + dx, y + dy));
        let (xs, ys) = (
            corners.map(|corner| corner.0),
            corners.map(|corner| corner.1),
        );
        let whole = self.between(0, self.steps.len() - 1)?;
        let world = whole.evaluate(&[&xs, &ys])?;
        let (Some(lon), Some(lat)) = (world.get(lon), world.get(lat)) else {
            return Ok(None);
        };
        let corner = |number: usize| direction(lon[number], lat[number]);
        let side = |number: usize| [0, 1, 2].map(|axis| corner(number)[axis] - corner(0)[axis]);
        let scale = area(side(1), side(2)).sqrt().to_degrees() * 3600.0;
        Ok(Some(scale).filter(|scale| scale.is_finite()))
    }
}

fn direction(lon_deg: f64, lat_deg: f64) -> [f64; 3] {
    let (lon, lat) = (lon_deg.to_radians(), lat_deg.to_radians());
    [lat.cos() * lon.cos(), lat.cos() * lon.sin(), lat.sin()]
}

/// Of the parallelogram between two sides.
fn area(a: [f64; 3], b: [f64; 3]) -> f64 {
    let [x, y, z] =
        [(1, 2), (2, 0), (0, 1)].map(|(i, j): (usize, usize)| a[i] * b[j] - a[j] * b[i]);
    (x * x + y * y + z * z).sqrt()
}
