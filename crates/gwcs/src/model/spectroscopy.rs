//! Gratings, glasses and refraction.

use super::{Model, each, each_pair, each_point, names};

/// Wavelength from the sines of the angles of incidence and diffraction, `(sin a + sin b) / (density order)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WavelengthFromGrating {
    /// Grooves per unit of the wavelength.
    pub groove_density: f64,
    /// Order of diffraction.
    pub order: f64,
}

/// Direction cosines behind a grating, from the wavelength and the cosines before it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AnglesFromGrating {
    /// Grooves per unit of the wavelength.
    pub groove_density: f64,
    /// Order of diffraction.
    pub order: f64,
}

/// Direction cosines behind a surface, from the index of refraction and the cosines before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Snell3d;

/// Index of refraction of a glass by Sellmeier's equation; the wavelength in the unit of the root of `c`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SellmeierGlass {
    /// Strengths.
    pub b: [f64; 3],
    /// Squares of the wavelengths.
    pub c: [f64; 3],
}

/// Index of refraction of a glass with its dependence on temperature and pressure, as the program Zemax computes it.
/// Wavelengths are in micrometres.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SellmeierZemax {
    /// Temperature of the glass \[K\].
    pub temperature: f64,
    /// Temperature at which the coefficients hold \[K\].
    pub ref_temperature: f64,
    /// Pressure at which the coefficients hold \[atm\].
    pub ref_pressure: f64,
    /// Pressure around the glass \[atm\].
    pub pressure: f64,
    /// Strengths.
    pub b: [f64; 3],
    /// Squares of the wavelengths \[µm²\].
    pub c: [f64; 3],
    /// Thermal coefficients D0, D1 and D2.
    pub d: [f64; 3],
    /// Thermal coefficients E0 and E1, and the wavelength `λ_tk`.
    pub e: [f64; 3],
}

impl Model for WavelengthFromGrating {
    fn n_inputs(&self) -> usize {
        2
    }

    fn n_outputs(&self) -> usize {
        1
    }

    fn evaluate(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) {
        let density = self.groove_density * self.order;
        each_pair(inputs, outputs, |a, b| (a + b) / density);
    }

    fn input_names(&self) -> Vec<String> {
        names(&["alpha_in", "alpha_out"])
    }

    fn output_names(&self) -> Vec<String> {
        names(&["wavelength"])
    }
}

impl Model for AnglesFromGrating {
    fn n_inputs(&self) -> usize {
        3
    }

    fn n_outputs(&self) -> usize {
        3
    }

    fn evaluate(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) {
        let density = -self.groove_density * self.order;
        each_point(inputs, outputs, |[wavelength, a, b]| {
            let (a, b): (f64, f64) = (density * wavelength + a, -b);
            [a, b, (1.0 - a * a - b * b).sqrt()]
        });
    }

    fn input_names(&self) -> Vec<String> {
        names(&["wavelength", "alpha_in", "beta_in"])
    }

    fn output_names(&self) -> Vec<String> {
        names(&["alpha_out", "beta_out", "gamma_out"])
    }
}

impl Model for Snell3d {
    fn n_inputs(&self) -> usize {
        4
    }

    fn n_outputs(&self) -> usize {
        3
    }

    fn evaluate(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) {
        each_point(inputs, outputs, |[index, a, b, _]: [f64; 4]| {
            let (a, b) = (a / index, b / index);
            [a, b, (1.0 - a * a - b * b).sqrt()]
        });
    }

    fn input_names(&self) -> Vec<String> {
        names(&["n", "alpha_in", "beta_in", "gamma_in"])
    }

    fn output_names(&self) -> Vec<String> {
        names(&["alpha_out", "beta_out", "gamma_out"])
    }
}

/// `1 + Σ b λ² / (λ² − c)`
fn sellmeier(b: &[f64; 3], c: &[f64; 3], wavelength: f64) -> f64 {
    let square = wavelength * wavelength;
    1.0 + b
        .iter()
        .zip(c)
        .map(|(b, c)| b * square / (square - c))
        .sum::<f64>()
}

impl Model for SellmeierGlass {
    fn n_inputs(&self) -> usize {
        1
    }

    fn n_outputs(&self) -> usize {
        1
    }

    fn evaluate(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) {
        each(inputs, outputs, |wavelength| {
            sellmeier(&self.b, &self.c, wavelength).sqrt()
        });
    }

    fn input_names(&self) -> Vec<String> {
        names(&["wavelength"])
    }

    fn output_names(&self) -> Vec<String> {
        names(&["n"])
    }
}

/// Index of refraction of air, less 1, at a temperature \[°C\] and pressure \[atm\].
fn air(wavelength: f64, celsius: f64, pressure: f64) -> f64 {
    let square = wavelength * wavelength;
    let standard = (6432.8
        + 2_949_810.0 * square / (146.0 * square - 1.0)
        // Parity: gwcs 1.0 spectroscopy.py. Edlén's formula has 25 540 here.
        + 5540.0 * square / (41.0 * square - 1.0))
        * 1e-8;
    standard * pressure / (1.0 + (celsius - 15.0) * 3.4785e-3)
}

impl Model for SellmeierZemax {
    fn n_inputs(&self) -> usize {
        1
    }

    fn n_outputs(&self) -> usize {
        1
    }

    fn evaluate(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) {
        let (celsius, reference) = (self.temperature - 273.15, self.ref_temperature - 273.15);
        let delta = celsius - reference;
        let ([d0, d1, d2], [e0, e1, lambda]) = (self.d, self.e);
        each(inputs, outputs, |wavelength| {
            // The coefficients are relative to air at the reference temperature and pressure.
            let relative = wavelength * (1.0 + air(wavelength, celsius, self.pressure))
                / (1.0 + air(wavelength, reference, self.ref_pressure));
            let index = sellmeier(&self.b, &self.c, relative).sqrt();
            let thermal = (index * index - 1.0) / (2.0 * index)
                * (d0 * delta
                    + d1 * delta.powi(2)
                    + d2 * delta.powi(3)
                    + (e0 * delta + e1 * delta.powi(2)) / (relative.powi(2) - lambda.powi(2)));
            let absolute = index * (1.0 + air(wavelength, reference, self.ref_pressure)) + thermal;
            absolute / (1.0 + air(wavelength, celsius, self.pressure))
        });
    }

    fn input_names(&self) -> Vec<String> {
        names(&["wavelength"])
    }

    fn output_names(&self) -> Vec<String> {
        names(&["n"])
    }
}
