//! How the throughput of an instrument changes: the light recorded at a time, relative to that at a reference time.
//!
//! Times are modified Julian dates [d]. The reference package computes in single precision, and so does this.

/// Days of a year, as the coefficients count them.
const YEAR_DAYS: f32 = 365.0;

/// A constant loss.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Linear {
    /// Reference time [d].
    pub t0: f32,
    /// Fraction that is lost in a year.
    pub loss_per_year: f32,
}

impl Linear {
    /// The relative throughput `1 - loss (t - t0) / 365`.
    ///
    /// ```
    /// let linear = stcal::photom::Linear { t0: 60_000.0, loss_per_year: 0.01 };
    /// assert_eq!(linear.throughput(60_730.0), 0.98);
    /// ```
    pub fn throughput(self, time_mjd: f64) -> f32 {
        1.0 - self.loss_per_year * (time_mjd as f32 - self.t0) / YEAR_DAYS
    }
}

/// A decay towards a constant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Exponential {
    /// Reference time [d].
    pub t0: f32,
    /// What decays.
    pub amplitude: f32,
    /// Time of the decay to 1/e [d].
    pub tau_days: f32,
    /// What remains.
    pub constant: f32,
}

impl Exponential {
    /// The relative throughput `A exp(-(t - t0) / τ) + c`.
    ///
    /// ```
    /// let decay = stcal::photom::Exponential { t0: 60_000.0, amplitude: 0.2, tau_days: 100.0, constant: 0.8 };
    /// assert_eq!(decay.throughput(60_000.0), 1.0);
    /// ```
    pub fn throughput(self, time_mjd: f64) -> f32 {
        self.amplitude * (-(time_mjd as f32 - self.t0) / self.tau_days).exp() + self.constant
    }
}

/// A decay by a power of time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PowerLaw {
    /// Reference time [d].
    pub t0: f32,
    /// Relative throughput a year after the reference time.
    pub year1_value: f32,
    /// Time that softens the beginning [d].
    pub t_soft_days: f32,
    /// The power.
    pub alpha: f32,
}

impl PowerLaw {
    /// The relative throughput `v ((t - t0 + s) / (365 + s))^α`.
    ///
    /// ```
    /// let law = stcal::photom::PowerLaw { t0: 60_000.0, year1_value: 0.5, t_soft_days: 1.0, alpha: -1.0 };
    /// assert_eq!(law.throughput(60_365.0), 0.5);
    /// ```
    pub fn throughput(self, time_mjd: f64) -> f32 {
        let norm = (YEAR_DAYS + self.t_soft_days).powf(self.alpha) / self.year1_value;
        (time_mjd as f32 - self.t0 + self.t_soft_days).powf(self.alpha) / norm
    }
}
