//! How values between the limits are spread over the colours.

use std::str::FromStr;

use crate::error::QuicklookError;

/// A monotonic map of [0, 1] onto itself.
///
/// # Source
/// The formulas and constants of `astropy.visualization` 8.0 (`LinearStretch`, `SqrtStretch`, `AsinhStretch` with a = 0.1,
/// `LogStretch` with a = 1000), so that pictures look as users know them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Stretch {
    /// As it is.
    Linear,
    /// Inverse hyperbolic sine: linear for faint values, logarithmic for bright ones.
    #[default]
    Asinh,
    /// Square root.
    Sqrt,
    /// Logarithm.
    Log,
}

/// Where the inverse hyperbolic sine turns from linear to logarithmic.
const ASINH_KNEE: f64 = 0.1;
/// How many times steeper than at its end the logarithm starts.
const LOG_RANGE: f64 = 1000.0;

impl Stretch {
    /// The names that [`FromStr`] knows.
    pub const NAMES: [&str; 4] = ["linear", "asinh", "sqrt", "log"];

    /// The stretched value of `x`, which is clipped to [0, 1]; NaN stays NaN.
    ///
    /// ```
    /// use quicklook::Stretch;
    /// assert_eq!(Stretch::Sqrt.apply(0.25), 0.5);
    /// assert_eq!(Stretch::Log.apply(1.0), 1.0);
    /// assert_eq!(Stretch::Linear.apply(7.0), 1.0);
    /// ```
    pub fn apply(self, x: f64) -> f64 {
        let x = x.clamp(0.0, 1.0);
        match self {
            Self::Linear => x,
            Self::Asinh => (x / ASINH_KNEE).asinh() / ASINH_KNEE.recip().asinh(),
            Self::Sqrt => x.sqrt(),
            Self::Log => (LOG_RANGE * x).ln_1p() / LOG_RANGE.ln_1p(),
        }
    }

    /// The value whose stretched value is `y`, which is clipped to [0, 1].
    pub fn invert(self, y: f64) -> f64 {
        let y = y.clamp(0.0, 1.0);
        match self {
            Self::Linear => y,
            Self::Asinh => ASINH_KNEE * (y * ASINH_KNEE.recip().asinh()).sinh(),
            Self::Sqrt => y * y,
            Self::Log => (y * LOG_RANGE.ln_1p()).exp_m1() / LOG_RANGE,
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Linear => "linear",
            Self::Asinh => "asinh",
            Self::Sqrt => "sqrt",
            Self::Log => "log",
        }
    }
}

impl FromStr for Stretch {
    type Err = QuicklookError;

    fn from_str(text: &str) -> Result<Self, QuicklookError> {
        match text {
            "linear" => Ok(Self::Linear),
            "asinh" => Ok(Self::Asinh),
            "sqrt" => Ok(Self::Sqrt),
            "log" => Ok(Self::Log),
            _ => Err(QuicklookError::Option {
                option: "stretch",
                expected: Self::NAMES.join(", "),
                found: text.to_owned(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Stretch; 4] = [Stretch::Linear, Stretch::Asinh, Stretch::Sqrt, Stretch::Log];

    /// `AsinhStretch(0.1)(0.3)`, `LogStretch(1000)(0.3)`, `SqrtStretch()(0.3)` of astropy 8.0.
    #[test]
    fn values_are_those_of_astropy() {
        for (stretch, expected) in [
            (Stretch::Linear, 0.3),
            (Stretch::Asinh, 0.606_508_084_747_782_2),
            (Stretch::Sqrt, 0.547_722_557_505_166_1),
            (Stretch::Log, 0.826_069_305_837_274_3),
        ] {
            let found = stretch.apply(0.3);
            assert!((found - expected).abs() < 1e-12, "{stretch:?}: {found}");
        }
    }

    #[test]
    fn ends_stay_and_the_inverse_inverts() {
        for stretch in ALL {
            assert_eq!(stretch.apply(-1.0), 0.0);
            assert!((stretch.apply(2.0) - 1.0).abs() < 1e-15);
            assert!(stretch.apply(f64::NAN).is_nan());
            for step in 0..=20 {
                let x = f64::from(step) / 20.0;
                assert!((stretch.invert(stretch.apply(x)) - x).abs() < 1e-12);
            }
            assert_eq!(stretch.name().parse::<Stretch>().ok(), Some(stretch));
        }
        let error = "square".parse::<Stretch>().unwrap_err().to_string();
        assert_eq!(
            error,
            "option stretch: expected linear, asinh, sqrt, log, found square"
        );
    }
}
