//! NIRSpec's gratings and prism. Directions are cosines to the axes of the grating wheel.

use std::sync::Arc;

use gwcs::Transform;
use gwcs::model::{Model, SellmeierGlass, SellmeierZemax, each_point};

/// The third cosine of a direction.
fn third(x: f64, y: f64) -> f64 {
    (1.0 - x * x - y * y).sqrt()
}

/// Tangents of two angles to direction cosines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlaneToDirectionCosines;

/// Direction cosines to tangents of two angles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DirectionCosinesToPlane;

impl Model for PlaneToDirectionCosines {
    signature!(["x", "y"] -> ["x", "y", "z"]);

    fn evaluate(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) {
        each_point(inputs, outputs, |[x, y]: [f64; 2]| {
            let length = (1.0 + x * x + y * y).sqrt();
            [x / length, y / length, 1.0 / length]
        });
    }

    fn inverse(&self) -> Option<Transform> {
        Some(DirectionCosinesToPlane.into())
    }
}

impl Model for DirectionCosinesToPlane {
    signature!(["x", "y", "z"] -> ["x", "y"]);

    fn evaluate(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) {
        each_point(inputs, outputs, |[x, y, z]: [f64; 3]| [x / z, y / z]);
    }

    fn inverse(&self) -> Option<Transform> {
        Some(PlaneToDirectionCosines.into())
    }
}

/// Rotations about several axes, the first letter first; each one makes a unit vector with a positive third cosine.
#[derive(Debug, Clone, PartialEq)]
pub struct RotationToGrating {
    /// Angles \[deg\], one for each axis.
    pub angles_deg: Vec<f64>,
    /// The letters x, y and z.
    pub axes_order: String,
}

/// Turns a direction about the axis of a letter.
fn turn([x, y, z]: [f64; 3], axis: char, (sin, cos): (f64, f64)) -> [f64; 3] {
    let [x, y] = match axis {
        'x' => [x, y * cos + z * sin],
        'y' => [x * cos - z * sin, y],
        _ => [x * cos + y * sin, y * cos - x * sin],
    };
    [x, y, third(x, y)]
}

impl Model for RotationToGrating {
    signature!(["x", "y", "z"] -> ["x", "y", "z"]);

    fn evaluate(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) {
        let angles = self
            .angles_deg
            .iter()
            .map(|angle| angle.to_radians().sin_cos());
        let turns: Vec<_> = self.axes_order.chars().zip(angles).collect();
        each_point(inputs, outputs, |direction: [f64; 3]| {
            let turns = turns.iter();
            turns.fold(direction, |direction, (axis, angle)| {
                turn(direction, *axis, *angle)
            })
        });
    }

    fn inverse(&self) -> Option<Transform> {
        let inverse = Self {
            angles_deg: self.angles_deg.iter().rev().map(|angle| -angle).collect(),
            axes_order: self.axes_order.chars().rev().collect(),
        };
        Some(inverse.into())
    }
}

/// Direction cosines behind a grating.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AnglesFromGrating {
    /// Grooves per unit of the wavelength.
    pub groove_density: f64,
    /// Order of diffraction.
    pub order: f64,
}

/// Wavelength from the direction cosines before and behind a grating.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WavelengthFromGrating {
    /// Grooves per unit of the wavelength.
    pub groove_density: f64,
    /// Order of diffraction.
    pub order: f64,
}

impl Model for AnglesFromGrating {
    signature!(["lam", "alpha_in", "beta_in", "z"] -> ["alpha_out", "beta_out", "zout"]);

    fn evaluate(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) {
        each_point(inputs, outputs, |[wavelength, alpha, beta, _]: [f64; 4]| {
            let x = -alpha - self.groove_density * self.order * wavelength;
            let y = -beta;
            [x, y, third(x, y)]
        });
    }
}

impl Model for WavelengthFromGrating {
    signature!(["alpha_in", "beta_in", "alpha_out"] -> ["lam"]);

    fn evaluate(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) {
        let density = self.groove_density * self.order;
        each_point(inputs, outputs, |[alpha, _, out]: [f64; 3]| {
            [-(alpha + out) / density]
        });
    }
}

/// Index of refraction from the directions before and behind the prism.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RefractionIndexFromPrism {
    /// Angle of the prism \[deg\].
    pub prism_angle_deg: f64,
}

impl Model for RefractionIndexFromPrism {
    signature!(["alpha_in", "beta_in", "alpha_out"] -> ["n"]);

    fn evaluate(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) {
        let (sin, cos) = self.prism_angle_deg.to_radians().sin_cos();
        each_point(inputs, outputs, |[alpha, beta, out]: [f64; 3]| {
            let inside = (out + alpha * (1.0 - 2.0 * sin * sin)) / (2.0 * sin * cos);
            [(inside * inside + alpha * alpha + beta * beta).sqrt()]
        });
    }
}

/// The double pass through the prism, which is a mirror at its back.
#[derive(Debug, Clone, PartialEq)]
pub struct Prism {
    /// Angle of the prism \[deg\].
    pub angle_deg: f64,
    /// Strengths of Sellmeier's equation.
    pub k: [f64; 3],
    /// Squares of its wavelengths \[µm²\].
    pub l: [f64; 3],
    /// Thermal coefficients, D0 to D2, E0, E1 and the wavelength `λ_tk` \[µm\].
    pub t: [f64; 6],
    /// Temperature at which the coefficients hold \[K\].
    pub ref_temperature: f64,
    /// Pressure at which they hold \[atm\].
    pub ref_pressure: f64,
    /// Temperature of the prism \[K\].
    pub temperature: f64,
    /// Pressure around the prism \[atm\].
    pub pressure: f64,
}

impl Prism {
    /// The index of refraction at wavelengths in metres.
    fn index(&self) -> Arc<dyn Model> {
        // Closer to the reference temperature the coefficients hold as they are.
        if self.temperature - self.ref_temperature < 20.0 {
            return Arc::new(SellmeierGlass {
                b: self.k,
                c: self.l,
            });
        }
        let [d0, d1, d2, e0, e1, tk] = self.t;
        Arc::new(SellmeierZemax {
            temperature: self.temperature,
            ref_temperature: self.ref_temperature,
            ref_pressure: self.ref_pressure,
            // Parity: stdatamodels 6.0.0 `Snell` takes the reference pressure for that around the prism.
            pressure: self.ref_pressure,
            b: self.k,
            c: self.l,
            d: [d0, d1, d2],
            e: [e0, e1, tk],
        })
    }
}

impl Model for Prism {
    signature!(["lam", "alpha_in", "beta_in", "zin"] -> ["alpha_out", "beta_out", "zout"]);

    fn evaluate(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) {
        let Some(wavelengths) = inputs.first() else {
            return;
        };
        let micrometres: Vec<f64> = wavelengths.iter().map(|metres| metres * 1e6).collect();
        let mut index = vec![f64::NAN; micrometres.len()];
        self.index().evaluate(&[&micrometres], &mut [&mut index]);
        let (sin, cos) = self.angle_deg.to_radians().sin_cos();
        let inputs: Vec<&[f64]> = std::iter::once(index.as_slice())
            .chain(inputs[1..].iter().copied())
            .collect();
        each_point(&inputs, outputs, |[n, alpha, beta, _]: [f64; 4]| {
            let refract = |x: f64, y: f64| [x, y, third(x, y)];
            let inside = turn(refract(alpha / n, beta / n), 'y', (sin, cos));
            let [x, y, _] = turn([-inside[0], -inside[1], inside[2]], 'y', (-sin, cos));
            refract(x / (1.0 / n), y / (1.0 / n))
        });
    }
}
