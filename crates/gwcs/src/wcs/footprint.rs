//! Corners of an image on the sky.

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
}
