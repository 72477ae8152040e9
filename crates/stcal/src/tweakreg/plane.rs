//! What alignment needs to know of an image's world coordinate system.

use super::{BoxError, TweakregError};

/// The world coordinate system of an image with a plane, tangent to the sky, in which it can be corrected.
///
/// Points are pairs: pixels (x, y) counted from 0, right ascension and declination \[deg\], and places in the plane in
/// units of the implementation's choice, arcseconds as a rule. What cannot be computed is not a number.
pub trait TangentPlane: Clone {
    /// The sky at pixels; not a number outside of the image.
    ///
    /// # Errors
    /// The chain of transforms is broken.
    fn sky_from_pixel(&self, pixels: &[[f64; 2]]) -> Result<Vec<[f64; 2]>, BoxError>;

    /// Places in the plane of pixels, also outside of the image.
    ///
    /// # Errors
    /// The chain of transforms is broken.
    fn plane_from_pixel(&self, pixels: &[[f64; 2]]) -> Result<Vec<[f64; 2]>, BoxError>;

    /// Pixels of places in the plane; `None` if the distortion has no inverse.
    fn pixel_from_plane(&self, places: &[[f64; 2]]) -> Option<Vec<[f64; 2]>>;

    /// Places in the plane of directions.
    ///
    /// # Errors
    /// The chain of transforms is broken.
    fn plane_from_sky(&self, sky: &[[f64; 2]]) -> Result<Vec<[f64; 2]>, BoxError>;

    /// Directions of places in the plane.
    ///
    /// # Errors
    /// The chain of transforms is broken.
    fn sky_from_plane(&self, places: &[[f64; 2]]) -> Result<Vec<[f64; 2]>, BoxError>;

    /// Where the image is: least and greatest pixel along x and y.
    fn bounding_box(&self) -> [(f64, f64); 2];

    /// Corners of the image on the sky, as they were before any correction and as they are now.
    ///
    /// # Errors
    /// The chain of transforms is broken.
    fn corners(&self) -> Result<[Vec<[f64; 2]>; 2], BoxError>;

    /// Corrects the world coordinates: what was at `p` in the plane is at `matrix p + shift` from now on.
    ///
    /// # Errors
    /// The correction has no inverse.
    fn correct(&mut self, matrix: [[f64; 2]; 2], shift: [f64; 2]) -> Result<(), BoxError>;

    /// Side of a pixel at a place of the image, in the units of the plane.
    ///
    /// # Errors
    /// The chain of transforms is broken.
    fn pixel_scale(&self, [x, y]: [f64; 2]) -> Result<f64, BoxError> {
        let corners = [(-0.5, -0.5), (-0.5, 0.5), (0.5, 0.5), (0.5, -0.5)];
        let corners = corners.map(|(dx, dy)| [x + dx, y + dy]);
        let places = self.plane_from_pixel(&corners)?;
        let next = places.iter().cycle().skip(1);
        let twice: f64 = places
            .iter()
            .zip(next)
            .map(|(a, b)| a[0] * b[1] - b[0] * a[1])
            .sum();
        Ok((0.5 * twice.abs()).sqrt())
    }

    /// Side of the pixel at the origin of the plane; `None` if the distortion has no inverse.
    ///
    /// # Errors
    /// The chain of transforms is broken.
    fn central_pixel_scale(&self) -> Result<Option<f64>, BoxError> {
        match self.pixel_from_plane(&[[0.0; 2]]) {
            Some(pixels) => self.pixel_scale(pixels[0]).map(Some),
            None => Ok(None),
        }
    }
}

/// A correction found in one plane.
#[derive(Debug, Clone, Copy)]
pub(super) struct Correction {
    pub(super) matrix: [[f64; 2]; 2],
    pub(super) shift: [f64; 2],
    /// Where the scale of a pixel is taken for the way between planes; none for the middle of the image.
    pub(super) center: Option<[f64; 2]>,
}

impl Correction {
    /// Applies a correction that was found in the plane of `reference` to an image with a plane of its own.
    ///
    /// Source: tweakwcs 0.9.3 `correctors._tp2tp`, `ST_V2V3_WCSCorrector.set_correction`.
    pub(super) fn apply<P: TangentPlane>(
        &self,
        reference: &P,
        image: &mut P,
    ) -> Result<(), TweakregError> {
        let (to, origin) = self.between(reference, image).map_err(TweakregError::Wcs)?;
        let determinant = to[0][0] * to[1][1] - to[0][1] * to[1][0];
        let back = [
            [to[1][1] / determinant, -to[0][1] / determinant],
            [-to[1][0] / determinant, to[0][0] / determinant],
        ];
        let matrix = product(&product(&to, &self.matrix), &back);
        let turn = |matrix: &[[f64; 2]; 2], p: [f64; 2]| matrix.map(|[a, b]| a * p[0] + b * p[1]);
        let (shift, moved) = (turn(&to, self.shift), turn(&matrix, origin));
        let shift = [0, 1].map(|k| shift[k] - moved[k] + origin[k]);
        image.correct(matrix, shift).map_err(TweakregError::Wcs)
    }

    /// The matrix from one plane to the other about the origin of the first, and where that origin is in the second.
    fn between<P: TangentPlane>(
        &self,
        from: &P,
        to: &P,
    ) -> Result<([[f64; 2]; 2], [f64; 2]), BoxError> {
        const POINTS: [[f64; 2]; 4] = [[-0.5, -0.5], [0.5, -0.5], [-0.5, 0.5], [0.0, 0.0]];
        let step = if let Some(center) = self.center {
            // Parity: tweakwcs takes the centre of an earlier fit, a place in the plane, for a pixel.
            from.pixel_scale(center)?
        } else {
            let bounds = to.bounding_box();
            let [x, y] = bounds.map(|(low, high)| f64::midpoint(low, high));
            let pixels = POINTS.map(|[dx, dy]| [x + dx, y + dy]);
            let places = from.plane_from_sky(&to.sky_from_pixel(&pixels)?)?;
            let (a, b) = (minus(places[1], places[0]), minus(places[2], places[0]));
            (a[0] * b[1] - a[1] * b[0]).abs().sqrt()
        };
        let points = POINTS.map(|p| p.map(|v| v * step));
        let places = to.plane_from_sky(&from.sky_from_plane(&points)?)?;
        let columns = [minus(places[1], places[0]), minus(places[2], places[0])];
        let matrix = [0, 1].map(|row| [columns[0][row] / step, columns[1][row] / step]);
        Ok((matrix, places[3]))
    }
}

fn minus(a: [f64; 2], b: [f64; 2]) -> [f64; 2] {
    [a[0] - b[0], a[1] - b[1]]
}

fn product(a: &[[f64; 2]; 2], b: &[[f64; 2]; 2]) -> [[f64; 2]; 2] {
    a.map(|[p, q]| [0, 1].map(|column| p * b[0][column] + q * b[1][column]))
}
