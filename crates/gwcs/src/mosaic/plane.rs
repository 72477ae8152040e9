//! The plane of the combined image.

use super::MosaicError;
use super::footprint::{Footprint, fiducial};
use super::outline;
use crate::bounding_box::BoundingBox;
use crate::frame::Frame;
use crate::model::{Directional, FitsImaging, Model, Projection, Vectors, each_point};
use crate::transform::Transform;
use crate::wcs::Step;
use crate::wcs::Wcs;

/// What may be asked for instead of what the footprints give.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Layout {
    /// Rows and columns of the image.
    pub shape: Option<(usize, usize)>,
    /// Reference pixel (x, y), counted from 0.
    pub crpix: Option<[f64; 2]>,
    /// Right ascension and declination at the reference pixel \[deg\].
    pub crval_deg: Option<[f64; 2]>,
}

/// A tangential projection with square pixels.
#[derive(Debug, Clone, PartialEq)]
pub struct TangentPlane {
    crpix: [f64; 2],
    crval_deg: [f64; 2],
    pc: [[f64; 2]; 2],
    scale_deg: f64,
    shape: (usize, usize),
    /// Limits along x and y.
    limits: [(f64, f64); 2],
}

impl TangentPlane {
    /// The matrix from pixels to the directions of right ascension and declination, for an image whose y axis is turned
    /// by `y_angle_deg` from an axis of the telescope at position angle `roll_deg`, and whose x axis has this parity.
    pub fn orientation(roll_deg: f64, y_angle_deg: f64, parity: i32) -> [[f64; 2]; 2] {
        let parity = f64::from(parity);
        let (sin, cos) = (roll_deg.to_radians() - parity * y_angle_deg.to_radians()).sin_cos();
        [[parity * cos, sin], [parity * -sin, cos]]
    }

    /// The plane that holds footprints, with pixels of `scale_deg` on a side.
    ///
    /// # Errors
    /// There are no footprints, they do not fit on a plane, or the image would have less than two rows or columns.
    pub fn new(
        footprints: &[Footprint],
        pc: [[f64; 2]; 2],
        scale_deg: f64,
        layout: &Layout,
    ) -> Result<Self, MosaicError> {
        let crval_deg = match layout.crval_deg {
            Some(crval) => crval,
            None => fiducial(footprints).ok_or(MosaicError::NoFootprints)?,
        };
        let mut plane = Self {
            crpix: [0.0; 2],
            crval_deg,
            pc,
            scale_deg,
            shape: (0, 0),
            limits: [(0.0, 0.0); 2],
        };
        // The footprints relative to the reference point.
        let to_pixel = plane.projector()?;
        let (mut low, mut high) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
        for vertex in footprints.iter().flat_map(|footprint| &footprint.vertices) {
            let pixel = to_pixel.pixel(*vertex);
            for axis in 0..2 {
                low[axis] = low[axis].min(pixel[axis]);
                high[axis] = high[axis].max(pixel[axis]);
            }
            if pixel.iter().any(|value| !value.is_finite()) {
                return Err(MosaicError::NotFinite);
            }
        }
        if low[0] > high[0] {
            return Err(MosaicError::NoFootprints);
        }
        plane.crpix = layout.crpix.unwrap_or([-low[0], -low[1]]);
        plane.lay_out(low, high, layout.shape)?;
        Ok(plane)
    }

    /// Shape and limits for footprints between these pixels relative to the reference pixel.
    fn lay_out(
        &mut self,
        low: [f64; 2],
        high: [f64; 2],
        shape: Option<(usize, usize)>,
    ) -> Result<(), MosaicError> {
        let whole = |axis: usize, value: f64| (value + self.crpix[axis] + 0.5) as i64;
        let (columns, rows) = match shape {
            Some((rows, columns)) => (columns as i64, rows as i64),
            None => (whole(0, high[0]), whole(1, high[1])),
        };
        if columns < 2 || rows < 2 {
            return Err(MosaicError::TooSmall { rows, columns });
        }
        let limits = |axis: usize, size: i64| match shape {
            None => (-0.5, size as f64 - 0.5),
            Some(_) => (
                whole(axis, low[axis]).max(0) as f64 - 0.5,
                whole(axis, high[axis]).min(size) as f64 - 0.5,
            ),
        };
        self.limits = [limits(0, columns), limits(1, rows)];
        self.shape = (rows as usize, columns as usize);
        Ok(())
    }

    /// Rows and columns of the image.
    pub fn shape(&self) -> (usize, usize) {
        self.shape
    }

    /// Reference pixel (x, y), counted from 0.
    pub fn crpix(&self) -> [f64; 2] {
        self.crpix
    }

    /// Right ascension and declination at the reference pixel \[deg\].
    pub fn crval_deg(&self) -> [f64; 2] {
        self.crval_deg
    }

    /// The matrix from pixels to the directions of right ascension and declination.
    pub fn pc(&self) -> [[f64; 2]; 2] {
        self.pc
    }

    /// Side of a pixel \[deg\].
    pub fn scale_deg(&self) -> f64 {
        self.scale_deg
    }

    /// The world coordinate system of the image, between frames of an exposure.
    ///
    /// # Errors
    /// The frames cannot be chained.
    pub fn wcs(&self, input: &Frame, output: &Frame) -> Result<Wcs, MosaicError> {
        let imaging = FitsImaging::new(
            self.crpix,
            self.crval_deg,
            [self.scale_deg; 2],
            self.pc,
            Projection::Gnomonic.pixel_to_sky(),
        )?;
        let transform =
            Transform::from(imaging).with_bounding_box(Some(BoundingBox::new(&self.limits)))?;
        let mut wcs = Wcs::new(
            "",
            vec![
                Step {
                    frame: input.clone(),
                    transform: Some(transform),
                },
                Step {
                    frame: output.clone(),
                    transform: None,
                },
            ],
        )?;
        wcs.pixel_shape = Some(vec![self.shape.1, self.shape.0]);
        Ok(wcs)
    }

    /// The way from the sky to the pixels.
    ///
    /// # Errors
    /// The matrix has no inverse.
    pub fn projector(&self) -> Result<PlaneProjector, MosaicError> {
        PlaneProjector::new(self.crpix, self.crval_deg, [self.scale_deg; 2], self.pc)
            .ok_or(MosaicError::NotFinite)
    }
}

/// From the sky to the pixels of a tangential projection, without the detour over native angles.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlaneProjector {
    crpix: [f64; 2],
    lon_rad: f64,
    sin_lat: f64,
    cos_lat: f64,
    /// From directions in the plane \[rad\] to pixels.
    matrix: [[f64; 2]; 2],
}

impl PlaneProjector {
    /// The way back of a reference pixel, the sky at it, scales and the matrix before them, as FITS keywords hold them.
    /// `None` if the matrix has no inverse.
    pub fn new(
        crpix: [f64; 2],
        crval_deg: [f64; 2],
        cdelt_deg: [f64; 2],
        pc: [[f64; 2]; 2],
    ) -> Option<Self> {
        let (sin_lat, cos_lat) = crval_deg[1].to_radians().sin_cos();
        let [a, b] = [0, 1].map(|row| pc[row].map(|value| value * cdelt_deg[row].to_radians()));
        let determinant = a[0] * b[1] - a[1] * b[0];
        let inverse = 1.0 / determinant;
        inverse.is_finite().then_some(Self {
            crpix,
            lon_rad: crval_deg[0].to_radians(),
            sin_lat,
            cos_lat,
            matrix: [
                [b[1] * inverse, -a[1] * inverse],
                [-b[0] * inverse, a[0] * inverse],
            ],
        })
    }

    /// That of a world coordinate system which is a tangential projection and nothing else.
    pub fn of(wcs: &Wcs) -> Option<Self> {
        let imaging = imaging(wcs)?;
        let tangential = imaging.projection().projection == Projection::Gnomonic;
        tangential.then(|| {
            Self::new(
                imaging.crpix(),
                imaging.crval_deg(),
                imaging.cdelt(),
                imaging.pc(),
            )
        })?
    }

    /// The pixel (x, y) of a right ascension and declination \[deg\]; NaN on the other half of the sky.
    #[inline]
    pub fn pixel(&self, [lon_deg, lat_deg]: [f64; 2]) -> [f64; 2] {
        let (sin_lon, cos_lon) = (lon_deg.to_radians() - self.lon_rad).sin_cos();
        let (sin_lat, cos_lat) = lat_deg.to_radians().sin_cos();
        self.meet([cos_lat * cos_lon, cos_lat * sin_lon, sin_lat])
    }

    /// The pixel of a direction whose longitude counts from the reference point: where it meets the plane.
    #[inline(always)]
    fn meet(&self, [ahead, aside, up]: [f64; 3]) -> [f64; 2] {
        let depth = self.sin_lat * up + self.cos_lat * ahead;
        let per_depth = if depth > 0.0 { 1.0 / depth } else { f64::NAN };
        let east = aside * per_depth;
        let north = (self.cos_lat * up - self.sin_lat * ahead) * per_depth;
        let [x, y] = self.matrix.map(|row| row[0] * east + row[1] * north);
        [x + self.crpix[0], y + self.crpix[1]]
    }

    /// What footprints hold between limits along x and y, in pixels: the outlines of its parts, clockwise; none if there
    /// is nothing.
    pub fn overlap(&self, footprints: &[Footprint], [x, y]: [(f64, f64); 2]) -> Vec<Vec<[f64; 2]>> {
        let pixels = |footprint: &Footprint| -> Vec<[f64; 2]> {
            let vertices = footprint.vertices.iter();
            vertices.map(|vertex| self.pixel(*vertex)).collect()
        };
        let rings: Vec<_> = footprints.iter().map(pixels).collect();
        let parts = outline::union(&rings);
        parts
            .iter()
            .flat_map(|part| outline::in_rectangle(part, [x.0, y.0], [x.1, y.1]))
            .collect()
    }
}

/// Longitudes and latitudes \[deg\], or vectors, to pixels.
impl Model for PlaneProjector {
    fn n_inputs(&self) -> usize {
        2
    }

    fn n_outputs(&self) -> usize {
        2
    }

    fn evaluate(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) {
        each_point(inputs, outputs, |sky| self.pixel(sky));
    }

    fn directional(&self) -> Option<&dyn Directional> {
        Some(self)
    }
}

impl Directional for PlaneProjector {
    fn takes(&self) -> bool {
        true
    }

    fn gives(&self) -> bool {
        false
    }

    fn evaluate_vectors(&self, vectors: Vectors, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) {
        if !vectors.taken {
            return self.evaluate(inputs, outputs);
        }
        let (sin_lon, cos_lon) = self.lon_rad.sin_cos();
        each_point(inputs, outputs, |[x, y, z]| {
            self.meet([cos_lon * x + sin_lon * y, cos_lon * y - sin_lon * x, z])
        });
    }
}

/// The only transform of a world coordinate system, if it is the image of a FITS header.
pub fn imaging(wcs: &Wcs) -> Option<&FitsImaging> {
    use crate::transform::Form;
    let [first, _] = wcs.steps() else { return None };
    let Form::Model(model) = first.transform.as_ref()?.form() else {
        return None;
    };
    let model: &dyn std::any::Any = model.as_ref();
    model.downcast_ref()
}
