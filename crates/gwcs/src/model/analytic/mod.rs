//! Profiles and other functions with parameters.

mod special;
#[cfg(test)]
mod tests;

use std::f64::consts::{LN_2, LN_10, PI, TAU};

use super::{Model, each, each_pair, names};
use crate::transform::{Transform, TransformError};

/// A function of one or two coordinates with parameters, such as a Gaussian.
///
/// ```
/// use gwcs::Transform;
/// use gwcs::model::{Analytic, Profile};
///
/// // Amplitude, mean and standard deviation.
/// let line = Transform::from(Analytic::new(Profile::Gaussian1D, vec![3.0, 10.0, 2.0])?);
/// assert_eq!(line.evaluate_point(&[10.0])?, [3.0]);
/// # Ok::<(), gwcs::TransformError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Analytic {
    profile: Profile,
    parameters: Vec<f64>,
}

/// A parameter: its name, and its value where a file does not give it.
pub type Parameter = (&'static str, f64);

macro_rules! profiles {
    ($($(#[$doc:meta])* $variant:ident $name:literal $inputs:literal [$($parameter:literal = $default:expr),*];)*) => {
        /// Which function. Parameters are in the order and with the names of [`Profile::parameters`].
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Profile {
            $($(#[$doc])* $variant,)*
        }

        impl Profile {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name in the tag of a file.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// The profile of a name.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().find(|profile| profile.name() == name).copied()
            }

            /// Its parameters. Angles are in radians.
            pub fn parameters(self) -> &'static [Parameter] {
                match self {
                    $(Self::$variant => &[$(($parameter, $default)),*],)*
                }
            }

            /// Number of inputs.
            pub fn n_inputs(self) -> usize {
                match self {
                    $(Self::$variant => $inputs,)*
                }
            }
        }
    };
}

profiles! {
    /// Airy's disk, out to the first zero at `radius`.
    AiryDisk2D "airy_disk2d" 2 ["amplitude" = 1.0, "x_0" = 0.0, "y_0" = 0.0, "radius" = 1.0];
    /// Inverse of the cosine.
    ArcCosine1D "arccosine1d" 1 ["amplitude" = 1.0, "frequency" = 1.0, "phase" = 0.0];
    /// Inverse of the sine.
    ArcSine1D "arcsine1d" 1 ["amplitude" = 1.0, "frequency" = 1.0, "phase" = 0.0];
    /// Inverse of the tangent.
    ArcTangent1D "arctangent1d" 1 ["amplitude" = 1.0, "frequency" = 1.0, "phase" = 0.0];
    /// Planck's law in erg / (s cm² Hz sr) of frequencies \[Hz\], at a temperature \[K\].
    BlackBody "blackbody" 1 ["temperature" = 5000.0, "scale" = 1.0];
    /// Constant within an interval.
    Box1D "box1d" 1 ["amplitude" = 1.0, "x_0" = 0.0, "width" = 1.0];
    /// Constant within a rectangle.
    Box2D "box2d" 2 ["amplitude" = 1.0, "x_0" = 0.0, "y_0" = 0.0, "x_width" = 1.0, "y_width" = 1.0];
    /// Two power laws.
    BrokenPowerLaw1D "broken_power_law1d" 1 ["amplitude" = 1.0, "x_break" = 1.0, "alpha_1" = 1.0, "alpha_2" = 1.0];
    /// Cosine of 2π (frequency x + phase).
    Cosine1D "cosine1d" 1 ["amplitude" = 1.0, "frequency" = 1.0, "phase" = 0.0];
    /// Constant within a circle.
    Disk2D "disk2d" 2 ["amplitude" = 1.0, "x_0" = 0.0, "y_0" = 0.0, "R_0" = 1.0];
    /// Drude's profile of dust features.
    Drude1D "drude1d" 1 ["amplitude" = 1.0, "x_0" = 1.0, "fwhm" = 1.0];
    /// Constant within an ellipse.
    Ellipse2D "ellipse2d" 2 ["amplitude" = 1.0, "x_0" = 0.0, "y_0" = 0.0, "a" = 1.0, "b" = 1.0, "theta" = 0.0];
    /// Exponential function.
    Exponential1D "exponential1d" 1 ["amplitude" = 1.0, "tau" = 1.0];
    /// Power law with an exponential cut-off.
    ExponentialCutoffPowerLaw1D "exponential_cutoff_power_law1d" 1
        ["amplitude" = 1.0, "x_0" = 1.0, "alpha" = 1.0, "x_cutoff" = 1.0];
    /// Gaussian.
    Gaussian1D "gaussian1d" 1 ["amplitude" = 1.0, "mean" = 0.0, "stddev" = 1.0];
    /// Elliptical Gaussian.
    Gaussian2D "gaussian2d" 2 ["amplitude" = 1.0, "x_mean" = 0.0, "y_mean" = 0.0, "x_stddev" = 1.0, "y_stddev" = 1.0, "theta" = 0.0];
    /// King's profile of star clusters.
    KingProjectedAnalytic1D "king_projected_analytic1d" 1 ["amplitude" = 1.0, "r_core" = 1.0, "r_tide" = 2.0];
    /// Parabola in logarithms.
    LogParabola1D "log_parabola1d" 1 ["amplitude" = 1.0, "x_0" = 1.0, "alpha" = 1.0, "beta" = 0.0];
    /// Logarithm.
    Logarithmic1D "logarithmic1d" 1 ["amplitude" = 1.0, "tau" = 1.0];
    /// Lorentz's profile.
    Lorentz1D "lorentz1d" 1 ["amplitude" = 1.0, "x_0" = 0.0, "fwhm" = 1.0];
    /// Moffat's profile.
    Moffat1D "moffat1d" 1 ["amplitude" = 1.0, "x_0" = 0.0, "gamma" = 1.0, "alpha" = 1.0];
    /// Round Moffat profile.
    Moffat2D "moffat2d" 2 ["amplitude" = 1.0, "x_0" = 0.0, "y_0" = 0.0, "gamma" = 1.0, "alpha" = 1.0];
    /// Plane.
    Planar2D "planar2d" 2 ["slope_x" = 1.0, "slope_y" = 1.0, "intercept" = 0.0];
    /// Plummer's sphere.
    Plummer1D "plummer1d" 1 ["mass" = 1.0, "r_plum" = 1.0];
    /// Power law.
    PowerLaw1D "power_law1d" 1 ["amplitude" = 1.0, "x_0" = 1.0, "alpha" = 1.0];
    /// Multiplication with 1 + z.
    RedshiftScaleFactor "redshift_scale_factor" 1 ["z" = 0.0];
    /// Ricker's wavelet.
    RickerWavelet1D "ricker_wavelet1d" 1 ["amplitude" = 1.0, "x_0" = 0.0, "sigma" = 1.0];
    /// Round Ricker wavelet.
    RickerWavelet2D "ricker_wavelet2d" 2 ["amplitude" = 1.0, "x_0" = 0.0, "y_0" = 0.0, "sigma" = 1.0];
    /// Constant within a ring.
    Ring2D "ring2d" 2 ["amplitude" = 1.0, "x_0" = 0.0, "y_0" = 0.0, "r_in" = 1.0, "width" = 1.0];
    /// Schechter's luminosity function of magnitudes.
    Schechter1D "schechter1d" 1 ["phi_star" = 1.0, "m_star" = -20.0, "alpha" = -1.0];
    /// Sérsic's profile.
    Sersic1D "sersic1d" 1 ["amplitude" = 1.0, "r_eff" = 1.0, "n" = 4.0];
    /// Elliptical Sérsic profile.
    Sersic2D "sersic2d" 2
        ["amplitude" = 1.0, "r_eff" = 1.0, "n" = 4.0, "x_0" = 0.0, "y_0" = 0.0, "ellip" = 0.0, "theta" = 0.0];
    /// Sine of 2π (frequency x + phase).
    Sine1D "sine1d" 1 ["amplitude" = 1.0, "frequency" = 1.0, "phase" = 0.0];
    /// Two power laws that merge.
    SmoothlyBrokenPowerLaw1D "smoothly_broken_power_law1d" 1
        ["amplitude" = 1.0, "x_break" = 1.0, "alpha_1" = -2.0, "alpha_2" = 2.0, "delta" = 1.0];
    /// Tangent of 2π (frequency x + phase).
    Tangent1D "tangent1d" 1 ["amplitude" = 1.0, "frequency" = 1.0, "phase" = 0.0];
    /// Constant with sloping sides.
    Trapezoid1D "trapezoid1d" 1 ["amplitude" = 1.0, "x_0" = 0.0, "width" = 1.0, "slope" = 1.0];
    /// Disk with a sloping rim.
    TrapezoidDisk2D "trapezoid_disk2d" 2 ["amplitude" = 1.0, "x_0" = 0.0, "y_0" = 0.0, "R_0" = 1.0, "slope" = 1.0];
    /// Voigt's profile.
    Voigt1D "voigt1d" 1 ["x_0" = 0.0, "amplitude_L" = 1.0, "fwhm_L" = 2.0 / PI, "fwhm_G" = LN_2];
}

impl Analytic {
    /// A profile with its parameters.
    ///
    /// # Errors
    /// There are not as many parameters as it has.
    pub fn new(profile: Profile, parameters: Vec<f64>) -> Result<Self, TransformError> {
        let expected = profile.parameters().len();
        if parameters.len() != expected {
            let found = parameters.len();
            return Err(TransformError::Parameter {
                model: profile.name(),
                message: format!("expected {expected} parameters, found {found}"),
            });
        }
        Ok(Self {
            profile,
            parameters,
        })
    }

    /// Which function.
    pub fn profile(&self) -> Profile {
        self.profile
    }

    /// Its parameters.
    pub fn parameters(&self) -> &[f64] {
        &self.parameters
    }

    fn transform(profile: Profile, parameters: Vec<f64>) -> Option<Transform> {
        Self::new(profile, parameters).ok().map(Into::into)
    }
}

impl Model for Analytic {
    fn n_inputs(&self) -> usize {
        self.profile.n_inputs()
    }

    fn n_outputs(&self) -> usize {
        1
    }

    fn evaluate(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) {
        let p = self.parameters.as_slice();
        match self.profile {
            profile if profile.n_inputs() == 2 => plane(profile, p, inputs, outputs),
            Profile::ArcCosine1D
            | Profile::ArcSine1D
            | Profile::ArcTangent1D
            | Profile::Cosine1D
            | Profile::Sine1D
            | Profile::Tangent1D => wave(self.profile, p, inputs, outputs),
            Profile::BrokenPowerLaw1D
            | Profile::ExponentialCutoffPowerLaw1D
            | Profile::LogParabola1D
            | Profile::PowerLaw1D
            | Profile::SmoothlyBrokenPowerLaw1D => power_law(self.profile, p, inputs, outputs),
            profile => line(profile, p, inputs, outputs),
        }
    }

    fn inverse(&self) -> Option<Transform> {
        let same = |profile| Self::transform(profile, self.parameters.clone());
        match (self.profile, self.parameters.as_slice()) {
            (Profile::ArcCosine1D, _) => same(Profile::Cosine1D),
            (Profile::ArcSine1D, _) => same(Profile::Sine1D),
            (Profile::ArcTangent1D, _) => same(Profile::Tangent1D),
            (Profile::Cosine1D, _) => same(Profile::ArcCosine1D),
            (Profile::Sine1D, _) => same(Profile::ArcSine1D),
            (Profile::Tangent1D, _) => same(Profile::ArcTangent1D),
            (Profile::Exponential1D, [amplitude, tau]) => {
                Self::transform(Profile::Logarithmic1D, vec![*tau, *amplitude])
            }
            (Profile::Logarithmic1D, [amplitude, tau]) => {
                Self::transform(Profile::Exponential1D, vec![*tau, *amplitude])
            }
            (profile @ Profile::RedshiftScaleFactor, [z]) => {
                Self::transform(profile, vec![1.0 / (1.0 + z) - 1.0])
            }
            _ => None,
        }
    }

    fn input_names(&self) -> Vec<String> {
        names(if self.n_inputs() == 2 {
            &["x", "y"]
        } else {
            &["x"]
        })
    }

    fn output_names(&self) -> Vec<String> {
        names(if self.n_inputs() == 2 { &["z"] } else { &["y"] })
    }
}

/// Sines and their inverses.
fn wave(profile: Profile, p: &[f64], inputs: &[&[f64]], outputs: &mut [&mut [f64]]) {
    let &[amplitude, frequency, phase] = p else {
        return;
    };
    let angle = |x: f64| TAU * (frequency * x + phase);
    let back = |angle: f64| (angle / TAU - phase) / frequency;
    match profile {
        Profile::Sine1D => each(inputs, outputs, |x| amplitude * angle(x).sin()),
        Profile::Cosine1D => each(inputs, outputs, |x| amplitude * angle(x).cos()),
        Profile::Tangent1D => each(inputs, outputs, |x| amplitude * angle(x).tan()),
        Profile::ArcSine1D => each(inputs, outputs, |x| back((x / amplitude).asin())),
        Profile::ArcCosine1D => each(inputs, outputs, |x| back((x / amplitude).acos())),
        _ => each(inputs, outputs, |x| back((x / amplitude).atan())),
    }
}

fn power_law(profile: Profile, p: &[f64], inputs: &[&[f64]], outputs: &mut [&mut [f64]]) {
    let (amplitude, scale) = (p[0], p[1]);
    match (profile, &p[2..]) {
        (Profile::PowerLaw1D, &[alpha]) => {
            each(inputs, outputs, |x| amplitude * (x / scale).powf(-alpha));
        }
        (Profile::BrokenPowerLaw1D, &[alpha_1, alpha_2]) => each(inputs, outputs, |x| {
            let alpha = if x < scale { alpha_1 } else { alpha_2 };
            amplitude * (x / scale).powf(-alpha)
        }),
        (Profile::ExponentialCutoffPowerLaw1D, &[alpha, cutoff]) => each(inputs, outputs, |x| {
            amplitude * (x / scale).powf(-alpha) * (-x / cutoff).exp()
        }),
        (Profile::LogParabola1D, &[alpha, beta]) => each(inputs, outputs, |x| {
            let x = x / scale;
            amplitude * x.powf(-alpha - beta * x.ln())
        }),
        (_, &[alpha_1, alpha_2, delta]) => each(inputs, outputs, |x| {
            let x = x / scale;
            let bend = (alpha_1 - alpha_2) * delta;
            // Far from the break one of the two laws is left; the other would overflow.
            match x.ln() / delta {
                log if log > 30.0 => amplitude * x.powf(-alpha_2) / 2.0_f64.powf(bend),
                log if log < -30.0 => amplitude * x.powf(-alpha_1) / 2.0_f64.powf(bend),
                log => amplitude * x.powf(-alpha_1) * f64::midpoint(1.0, log.exp()).powf(bend),
            }
        }),
        _ => {}
    }
}

/// Profiles of one coordinate.
fn line(profile: Profile, p: &[f64], inputs: &[&[f64]], outputs: &mut [&mut [f64]]) {
    match (profile, p) {
        (Profile::BlackBody, &[temperature, scale]) => {
            each(inputs, outputs, |x| scale * planck(x, temperature));
        }
        (Profile::Box1D, &[amplitude, middle, width]) => each(inputs, outputs, |x| {
            let inside = x >= middle - width / 2.0 && x <= middle + width / 2.0;
            if inside { amplitude } else { 0.0 }
        }),
        (Profile::Drude1D, &[amplitude, middle, fwhm]) => {
            let width = (fwhm / middle).powi(2);
            each(inputs, outputs, |x| {
                amplitude * width / ((x / middle - middle / x).powi(2) + width)
            });
        }
        (Profile::Exponential1D, &[amplitude, tau]) => {
            each(inputs, outputs, |x| amplitude * (x / tau).exp());
        }
        (Profile::Logarithmic1D, &[amplitude, tau]) => {
            each(inputs, outputs, |x| amplitude * (x / tau).ln());
        }
        (Profile::Gaussian1D, &[amplitude, mean, stddev]) => each(inputs, outputs, |x| {
            amplitude * (-0.5 * (x - mean).powi(2) / (stddev * stddev)).exp()
        }),
        (Profile::KingProjectedAnalytic1D, &[amplitude, core, tide]) => {
            let edge = 1.0 / tide.hypot(core);
            each(inputs, outputs, |x| {
                if x >= tide || x < 0.0 {
                    return 0.0;
                }
                amplitude * core * core * (1.0 / x.hypot(core) - edge).powi(2)
            });
        }
        (Profile::Lorentz1D, &[amplitude, middle, fwhm]) => {
            let half = (fwhm / 2.0).powi(2);
            each(inputs, outputs, |x| {
                amplitude * half / ((x - middle).powi(2) + half)
            });
        }
        (Profile::Moffat1D, &[amplitude, middle, gamma, alpha]) => each(inputs, outputs, |x| {
            amplitude * (1.0 + ((x - middle) / gamma).powi(2)).powf(-alpha)
        }),
        (Profile::Plummer1D, &[mass, radius]) => each(inputs, outputs, |x| {
            3.0 * mass / (4.0 * PI * radius.powi(3)) * (1.0 + (x / radius).powi(2)).powf(-2.5)
        }),
        (Profile::RedshiftScaleFactor, &[z]) => each(inputs, outputs, |x| (1.0 + z) * x),
        (Profile::RickerWavelet1D, &[amplitude, middle, sigma]) => each(inputs, outputs, |x| {
            let square = (x - middle).powi(2) / (2.0 * sigma * sigma);
            amplitude * (1.0 - 2.0 * square) * (-square).exp()
        }),
        (Profile::Schechter1D, &[phi, magnitude, alpha]) => each(inputs, outputs, |x| {
            let ratio = 10.0_f64.powf(-0.4 * (x - magnitude));
            0.4 * LN_10 * phi * ratio.powf(alpha + 1.0) * (-ratio).exp()
        }),
        (Profile::Sersic1D, &[amplitude, radius, n]) => {
            let b = special::gamma_median(2.0 * n);
            each(inputs, outputs, |x| {
                amplitude * (-b * ((x / radius).powf(1.0 / n) - 1.0)).exp()
            });
        }
        (Profile::Trapezoid1D, &[amplitude, middle, width, slope]) => {
            let (left, right) = (middle - width / 2.0, middle + width / 2.0);
            let (start, end) = (left - amplitude / slope, right + amplitude / slope);
            each(inputs, outputs, |x| match x {
                x if start <= x && x < left => slope * (x - start),
                x if left <= x && x < right => amplitude,
                x if right <= x && x < end => slope * (end - x),
                _ => 0.0,
            });
        }
        (Profile::Voigt1D, &[middle, amplitude, lorentz, gauss]) => {
            let unit = LN_2.sqrt() / gauss;
            let factor = (PI * LN_2).sqrt() / gauss * lorentz * amplitude;
            each(inputs, outputs, |x| {
                special::faddeeva_real(2.0 * (x - middle) * unit, lorentz * unit) * factor
            });
        }
        _ => {}
    }
}

/// Profiles of two coordinates.
fn plane(profile: Profile, p: &[f64], inputs: &[&[f64]], outputs: &mut [&mut [f64]]) {
    match (profile, p) {
        (Profile::AiryDisk2D, &[amplitude, x_0, y_0, radius]) => {
            // The first zero of the Bessel function.
            const ZERO: f64 = 3.831_705_970_207_512;
            each_pair(inputs, outputs, |x, y| {
                let r = square(x - x_0, y - y_0).sqrt() / radius * ZERO;
                let bessel = if r > 0.0 {
                    2.0 * special::bessel_j1(r) / r
                } else {
                    1.0
                };
                amplitude * bessel * bessel
            });
        }
        (Profile::Box2D, &[amplitude, x_0, y_0, x_width, y_width]) => {
            each_pair(inputs, outputs, |x, y| {
                let in_x = x >= x_0 - x_width / 2.0 && x <= x_0 + x_width / 2.0;
                let in_y = y >= y_0 - y_width / 2.0 && y <= y_0 + y_width / 2.0;
                if in_x && in_y { amplitude } else { 0.0 }
            });
        }
        (Profile::Disk2D, &[amplitude, x_0, y_0, radius]) => each_pair(inputs, outputs, |x, y| {
            if square(x - x_0, y - y_0) <= radius * radius {
                amplitude
            } else {
                0.0
            }
        }),
        (Profile::Ellipse2D, &[amplitude, x_0, y_0, a, b, theta]) => {
            each_pair(inputs, outputs, |x, y| {
                let [along, across] = turned(x - x_0, y - y_0, theta);
                if square(along / a, across / b) <= 1.0 {
                    amplitude
                } else {
                    0.0
                }
            });
        }
        (Profile::Gaussian2D, &[amplitude, x_0, y_0, x_stddev, y_stddev, theta]) => {
            each_pair(inputs, outputs, |x, y| {
                let [along, across] = turned(x - x_0, y - y_0, theta);
                amplitude * (-0.5 * square(along / x_stddev, across / y_stddev)).exp()
            });
        }
        (Profile::Moffat2D, &[amplitude, x_0, y_0, gamma, alpha]) => {
            each_pair(inputs, outputs, |x, y| {
                amplitude * (1.0 + square(x - x_0, y - y_0) / (gamma * gamma)).powf(-alpha)
            });
        }
        (Profile::Planar2D, &[slope_x, slope_y, intercept]) => {
            each_pair(inputs, outputs, |x, y| {
                slope_x * x + slope_y * y + intercept
            });
        }
        (Profile::RickerWavelet2D, &[amplitude, x_0, y_0, sigma]) => {
            each_pair(inputs, outputs, |x, y| {
                let square = square(x - x_0, y - y_0) / (2.0 * sigma * sigma);
                amplitude * (1.0 - square) * (-square).exp()
            });
        }
        (Profile::Ring2D, &[amplitude, x_0, y_0, inner, width]) => {
            each_pair(inputs, outputs, |x, y| {
                let square = square(x - x_0, y - y_0);
                let inside = square >= inner * inner && square <= (inner + width).powi(2);
                if inside { amplitude } else { 0.0 }
            });
        }
        (Profile::Sersic2D, &[amplitude, radius, n, x_0, y_0, ellip, theta]) => {
            let b = special::gamma_median(2.0 * n);
            each_pair(inputs, outputs, |x, y| {
                let [along, across] = turned(x - x_0, y - y_0, theta);
                let z = square(along / radius, across / ((1.0 - ellip) * radius)).sqrt();
                amplitude * (-b * (z.powf(1.0 / n) - 1.0)).exp()
            });
        }
        (Profile::TrapezoidDisk2D, &[amplitude, x_0, y_0, radius, slope]) => {
            each_pair(inputs, outputs, |x, y| {
                match square(x - x_0, y - y_0).sqrt() {
                    r if r <= radius => amplitude,
                    r if r <= radius + amplitude / slope => amplitude + slope * (radius - r),
                    _ => 0.0,
                }
            });
        }
        _ => {}
    }
}

fn square(x: f64, y: f64) -> f64 {
    x * x + y * y
}

/// Coordinates along and across an axis at the angle `theta` \[rad\].
fn turned(x: f64, y: f64, theta: f64) -> [f64; 2] {
    let (sin, cos) = theta.sin_cos();
    [x * cos + y * sin, y * cos - x * sin]
}

/// Planck's law in erg / (s cm² Hz sr); constants of CODATA 2018.
fn planck(frequency_hz: f64, temperature_k: f64) -> f64 {
    const H: f64 = 6.626_070_15e-34;
    const K: f64 = 1.380_649e-23;
    const C: f64 = 299_792_458.0;
    // From W / (m² Hz sr).
    const CGS: f64 = 1e3;
    let exponent = H * frequency_hz / (K * temperature_k);
    CGS * 2.0 * H * frequency_hz.powi(3) / (C * C * exponent.exp_m1())
}
