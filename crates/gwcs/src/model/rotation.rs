//! Rotations of space and of the sphere.
//!
//! A rotation about an axis by a positive angle turns the axes, not the point: about z,
//! `x' = x cos + y sin, y' = y cos − x sin`.

use super::direction::{Circle, rotated, transform_directions};
use super::{Directional, Model, Vectors, each_point, names};
use crate::transform::{Transform, TransformError};

/// Rows of a matrix.
type Matrix = [[f64; 3]; 3];

const ONE: Matrix = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];

fn product(a: &Matrix, b: &Matrix) -> Matrix {
    a.map(|row| std::array::from_fn(|column| (0..3).map(|k| row[k] * b[k][column]).sum()))
}

#[inline(always)]
fn apply(matrix: &Matrix, [x, y, z]: [f64; 3]) -> [f64; 3] {
    matrix.map(|[a, b, c]| a * x + b * y + c * z)
}

/// Rotation about an axis, 0 for x.
fn about(axis: usize, angle: f64) -> Matrix {
    let (sin, cos) = angle.sin_cos();
    let (a, b) = ((axis + 1) % 3, (axis + 2) % 3);
    let mut matrix = ONE;
    matrix[a][a] = cos;
    matrix[b][b] = cos;
    matrix[a][b] = sin;
    matrix[b][a] = -sin;
    matrix
}

/// All rotations of a sequence, the first one applied first. Angles are in radians.
///
/// Parity: astropy multiplies the matrices from the last one on; their rounding shows in fits to small fields.
fn sequence(axes: &[usize], angles: &[f64]) -> Matrix {
    let matrices = axes.iter().zip(angles).rev();
    let matrices = matrices.map(|(axis, angle)| about(*axis, *angle));
    matrices
        .reduce(|whole, next| product(&whole, &next))
        .unwrap_or(ONE)
}

/// Axes by their letters.
fn axes_of(order: &str, model: &'static str) -> Result<Vec<usize>, TransformError> {
    order
        .chars()
        .map(|letter| "xyz".find(letter))
        .collect::<Option<Vec<usize>>>()
        .ok_or_else(|| TransformError::Parameter {
            model,
            message: format!("axes_order must be letters x, y and z, found {order}"),
        })
}

/// Rotations about several axes, one after the other.
#[derive(Debug, Clone, PartialEq)]
pub struct RotationSequence {
    angles_deg: Vec<f64>,
    axes_order: String,
    matrix: Matrix,
}

impl RotationSequence {
    /// Rotations by `angles_deg` \[deg\] about the axes that `axes_order` names with the letters x, y and z.
    ///
    /// # Errors
    /// There are other letters, or not as many angles as letters.
    ///
    /// ```
    /// use gwcs::Transform;
    /// use gwcs::model::RotationSequence;
    /// let quarter = Transform::from(RotationSequence::new(vec![90.0], "z")?);
    /// let y = quarter.evaluate_point(&[0.0, 1.0, 0.0])?;
    /// assert!((y[0] - 1.0).abs() < 1e-15 && y[1].abs() < 1e-15);
    /// # Ok::<(), gwcs::TransformError>(())
    /// ```
    pub fn new(angles_deg: Vec<f64>, axes_order: &str) -> Result<Self, TransformError> {
        let model = "rotate_sequence_3d";
        let axes = axes_of(axes_order, model)?;
        if axes.len() != angles_deg.len() {
            return Err(TransformError::Parameter {
                model,
                message: format!("{} angles for the axes {axes_order}", angles_deg.len()),
            });
        }
        let radians: Vec<f64> = angles_deg.iter().map(|angle| angle.to_radians()).collect();
        Ok(Self {
            matrix: sequence(&axes, &radians),
            angles_deg,
            axes_order: axes_order.to_string(),
        })
    }

    /// The angles \[deg\].
    pub fn angles_deg(&self) -> &[f64] {
        &self.angles_deg
    }

    /// The letters of the axes.
    pub fn axes_order(&self) -> &str {
        &self.axes_order
    }

    fn reversed(&self) -> Self {
        let mut matrix = self.matrix;
        for (row, line) in matrix.iter_mut().enumerate() {
            for (column, value) in line.iter_mut().enumerate() {
                *value = self.matrix[column][row];
            }
        }
        Self {
            angles_deg: self.angles_deg.iter().rev().map(|angle| -angle).collect(),
            axes_order: self.axes_order.chars().rev().collect(),
            matrix,
        }
    }
}

impl Model for RotationSequence {
    fn n_inputs(&self) -> usize {
        3
    }

    fn n_outputs(&self) -> usize {
        3
    }

    fn evaluate(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) {
        each_point(inputs, outputs, |point| apply(&self.matrix, point));
    }

    fn inverse(&self) -> Option<Transform> {
        Some(self.reversed().into())
    }

    fn input_names(&self) -> Vec<String> {
        names(&["x", "y", "z"])
    }

    fn output_names(&self) -> Vec<String> {
        names(&["x", "y", "z"])
    }
}

/// A [`RotationSequence`] of directions, longitude and latitude \[deg\].
#[derive(Debug, Clone, PartialEq)]
pub struct SphericalRotationSequence(pub RotationSequence);

impl Directional for SphericalRotationSequence {
    fn takes(&self) -> bool {
        true
    }

    fn gives(&self) -> bool {
        true
    }

    fn evaluate_vectors(&self, vectors: Vectors, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) {
        transform_directions(vectors, Circle::Half, inputs, outputs, |vector| {
            rotated(&self.0.matrix, vector)
        });
    }
}

impl Model for SphericalRotationSequence {
    fn n_inputs(&self) -> usize {
        2
    }

    fn n_outputs(&self) -> usize {
        2
    }

    fn evaluate(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) {
        self.evaluate_vectors(Vectors::default(), inputs, outputs);
    }

    fn directional(&self) -> Option<&dyn Directional> {
        Some(self)
    }

    fn inverse(&self) -> Option<Transform> {
        Some(Self(self.0.reversed()).into())
    }

    fn input_names(&self) -> Vec<String> {
        names(&["lon", "lat"])
    }

    fn output_names(&self) -> Vec<String> {
        names(&["lon", "lat"])
    }
}

/// Rotation of directions by three Euler angles.
#[derive(Debug, Clone, PartialEq)]
pub struct EulerRotation {
    angles_deg: [f64; 3],
    axes_order: String,
    matrix: Matrix,
}

impl EulerRotation {
    /// Rotations by phi, theta and psi \[deg\] about the axes that `axes_order` names with three letters.
    ///
    /// # Errors
    /// There are other letters, or not three of them.
    pub fn new(angles_deg: [f64; 3], axes_order: &str) -> Result<Self, TransformError> {
        let axes = axes_of(axes_order, "rotate3d")?;
        if axes.len() != 3 {
            return Err(TransformError::Parameter {
                model: "rotate3d",
                message: format!("expected three axes, found {axes_order}"),
            });
        }
        Ok(Self {
            matrix: sequence(&axes, &angles_deg.map(f64::to_radians)),
            angles_deg,
            axes_order: axes_order.to_string(),
        })
    }

    /// Phi, theta and psi \[deg\].
    pub fn angles_deg(&self) -> [f64; 3] {
        self.angles_deg
    }

    /// The letters of the axes.
    pub fn axes_order(&self) -> &str {
        &self.axes_order
    }
}

impl Directional for EulerRotation {
    fn takes(&self) -> bool {
        true
    }

    fn gives(&self) -> bool {
        true
    }

    fn evaluate_vectors(&self, vectors: Vectors, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) {
        transform_directions(vectors, Circle::Half, inputs, outputs, |vector| {
            rotated(&self.matrix, vector)
        });
    }
}

impl Model for EulerRotation {
    fn n_inputs(&self) -> usize {
        2
    }

    fn n_outputs(&self) -> usize {
        2
    }

    fn evaluate(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) {
        self.evaluate_vectors(Vectors::default(), inputs, outputs);
    }

    fn directional(&self) -> Option<&dyn Directional> {
        Some(self)
    }

    fn inverse(&self) -> Option<Transform> {
        let [phi, theta, psi] = self.angles_deg;
        let order: String = self.axes_order.chars().rev().collect();
        Self::new([-psi, -theta, -phi], &order).ok().map(Into::into)
    }

    fn input_names(&self) -> Vec<String> {
        names(&["alpha", "delta"])
    }

    fn output_names(&self) -> Vec<String> {
        names(&["alpha", "delta"])
    }
}

/// Rotation between the native coordinates of a projection and those of the sky.
///
/// # Source
/// FITS paper II, equations 2 and 5; doi:10.1051/0004-6361:20021327.
#[derive(Debug, Clone, PartialEq)]
pub struct SkyRotation {
    lon_deg: f64,
    lat_deg: f64,
    lon_pole_deg: f64,
    to_sky: bool,
    matrix: Matrix,
}

impl SkyRotation {
    /// From native coordinates to the sky. The fiducial point is at (`lon_deg`, `lat_deg`), the celestial pole at the
    /// native longitude `lon_pole_deg`.
    pub fn native_to_celestial(lon_deg: f64, lat_deg: f64, lon_pole_deg: f64) -> Self {
        let quarter = std::f64::consts::FRAC_PI_2;
        let (lon, lat, pole) = radians(lon_deg, lat_deg, lon_pole_deg);
        Self {
            lon_deg,
            lat_deg,
            lon_pole_deg,
            to_sky: true,
            matrix: sequence(
                &[2, 0, 2],
                &[pole - quarter, -(quarter - lat), -(quarter + lon)],
            ),
        }
    }

    /// The way back from the sky to native coordinates.
    pub fn celestial_to_native(lon_deg: f64, lat_deg: f64, lon_pole_deg: f64) -> Self {
        let quarter = std::f64::consts::FRAC_PI_2;
        let (lon, lat, pole) = radians(lon_deg, lat_deg, lon_pole_deg);
        Self {
            lon_deg,
            lat_deg,
            lon_pole_deg,
            to_sky: false,
            matrix: sequence(
                &[2, 0, 2],
                &[quarter + lon, quarter - lat, -(pole - quarter)],
            ),
        }
    }

    /// Longitude and latitude of the fiducial point and native longitude of the pole \[deg\].
    pub fn angles_deg(&self) -> [f64; 3] {
        [self.lon_deg, self.lat_deg, self.lon_pole_deg]
    }

    /// Whether this goes to the sky.
    pub fn to_sky(&self) -> bool {
        self.to_sky
    }
}

fn radians(lon: f64, lat: f64, pole: f64) -> (f64, f64, f64) {
    (lon.to_radians(), lat.to_radians(), pole.to_radians())
}

impl Directional for SkyRotation {
    fn takes(&self) -> bool {
        true
    }

    fn gives(&self) -> bool {
        true
    }

    fn evaluate_vectors(&self, vectors: Vectors, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) {
        transform_directions(vectors, Circle::Full, inputs, outputs, |vector| {
            rotated(&self.matrix, vector)
        });
    }
}

impl Model for SkyRotation {
    fn n_inputs(&self) -> usize {
        2
    }

    fn n_outputs(&self) -> usize {
        2
    }

    fn evaluate(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) {
        self.evaluate_vectors(Vectors::default(), inputs, outputs);
    }

    fn directional(&self) -> Option<&dyn Directional> {
        Some(self)
    }

    fn inverse(&self) -> Option<Transform> {
        let Self {
            lon_deg,
            lat_deg,
            lon_pole_deg,
            ..
        } = *self;
        Some(if self.to_sky {
            Self::celestial_to_native(lon_deg, lat_deg, lon_pole_deg).into()
        } else {
            Self::native_to_celestial(lon_deg, lat_deg, lon_pole_deg).into()
        })
    }

    fn input_names(&self) -> Vec<String> {
        names(if self.to_sky {
            &["phi_N", "theta_N"]
        } else {
            &["alpha_C", "delta_C"]
        })
    }

    fn output_names(&self) -> Vec<String> {
        names(if self.to_sky {
            &["alpha_C", "delta_C"]
        } else {
            &["phi_N", "theta_N"]
        })
    }
}
