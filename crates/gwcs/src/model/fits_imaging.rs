//! The image of a FITS header.

use super::{Affine2d, Direction, Model, Projector, Scale, Shift, SkyRotation, names};
use crate::transform::{Program, Transform, TransformError};

/// Pixels to the sky as the keywords of a FITS header describe it.
///
/// # Source
/// FITS papers I and II, doi:10.1051/0004-6361:20021326 and 20021327. The celestial pole lies at the native longitude
/// that paper II gives by default.
#[derive(Debug, Clone)]
pub struct FitsImaging {
    crpix: [f64; 2],
    crval_deg: [f64; 2],
    cdelt: [f64; 2],
    pc: [[f64; 2]; 2],
    projection: Projector,
    forward: Transform,
    program: Program,
}

impl FitsImaging {
    /// A reference pixel (counted as the input is), the sky at it \[deg\], scales \[deg\], the matrix that comes before
    /// them, and a projection from the plane to the sphere.
    ///
    /// # Errors
    /// The projection goes the other way.
    ///
    /// ```
    /// use gwcs::Transform;
    /// use gwcs::model::{FitsImaging, Projection};
    /// let one = [[1.0, 0.0], [0.0, 1.0]];
    /// let tan = Projection::Gnomonic.pixel_to_sky();
    /// let image = FitsImaging::new([10.0, 10.0], [5.36, -72.5], [1e-5, 1e-5], one, tan)?;
    /// let sky = Transform::from(image).evaluate_point(&[10.0, 10.0])?;
    /// assert!((sky[0] - 5.36).abs() < 1e-12 && (sky[1] + 72.5).abs() < 1e-12);
    /// # Ok::<(), gwcs::TransformError>(())
    /// ```
    pub fn new(
        crpix: [f64; 2],
        crval_deg: [f64; 2],
        cdelt: [f64; 2],
        pc: [[f64; 2]; 2],
        projection: Projector,
    ) -> Result<Self, TransformError> {
        if projection.direction != Direction::PixelToSky {
            return Err(TransformError::Parameter {
                model: "fitswcs_imaging",
                message: "the projection must go to the sphere".to_string(),
            });
        }
        let [lon, lat] = crval_deg;
        let kind = projection.projection;
        let pole = if kind.is_zenithal() || lat < kind.reference_latitude() {
            180.0
        } else {
            0.0
        };
        let pixels = Transform::from(Shift(-crpix[0])).join(Shift(-crpix[1]).into());
        let matrix = Affine2d {
            matrix: pc,
            translation: [0.0; 2],
        };
        let scale = Transform::from(Scale(cdelt[0])).join(Scale(cdelt[1]).into());
        let rotation = SkyRotation::native_to_celestial(lon, lat, pole);
        let forward = pixels
            .then(matrix.into())?
            .then(scale)?
            .then(projection.into())?
            .then(rotation.into())?;
        Ok(Self {
            crpix,
            crval_deg,
            cdelt,
            pc,
            projection,
            program: forward.compile(),
            forward,
        })
    }

    /// Reference pixel.
    pub fn crpix(&self) -> [f64; 2] {
        self.crpix
    }

    /// Longitude and latitude at the reference pixel \[deg\].
    pub fn crval_deg(&self) -> [f64; 2] {
        self.crval_deg
    }

    /// Scales \[deg\].
    pub fn cdelt(&self) -> [f64; 2] {
        self.cdelt
    }

    /// Rows of the matrix.
    pub fn pc(&self) -> [[f64; 2]; 2] {
        self.pc
    }

    /// The projection.
    pub fn projection(&self) -> Projector {
        self.projection
    }
}

impl Model for FitsImaging {
    fn n_inputs(&self) -> usize {
        2
    }

    fn n_outputs(&self) -> usize {
        2
    }

    fn evaluate(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) {
        if self.program.run_into(inputs, outputs).is_err() {
            for output in outputs {
                output.fill(f64::NAN);
            }
        }
    }

    fn inverse(&self) -> Option<Transform> {
        self.forward.inverse().ok()
    }

    fn input_names(&self) -> Vec<String> {
        names(&["x", "y"])
    }

    fn output_names(&self) -> Vec<String> {
        names(&["lon", "lat"])
    }
}
