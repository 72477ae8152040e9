//! Special functions that some profiles are made of.

use std::f64::consts::PI;

/// The Bessel function of the first kind and order 1, to 1e-15.
///
/// # Source
/// Its integral over half a period, by the trapezoidal rule, which converges faster than any power
/// (doi:10.1137/130932132); beyond 25 Hankel's expansion, NIST DLMF 10.17.3.
pub(super) fn bessel_j1(x: f64) -> f64 {
    /// Enough for arguments to 25.
    const POINTS: u32 = 48;
    let size = x.abs();
    let value = if size < 25.0 {
        let step = PI / f64::from(POINTS);
        let sum: f64 = (0..POINTS)
            .map(|k| {
                let angle = (f64::from(k) + 0.5) * step;
                (angle - size * angle.sin()).cos()
            })
            .sum();
        sum / f64::from(POINTS)
    } else {
        let phase = size - 0.75 * PI;
        let (mut even, mut odd, mut term) = (1.0, 0.0, 1.0);
        for k in 1..=20_i32 {
            let n = f64::from(2 * k - 1);
            let next = term * (4.0 - n * n) / (8.0 * f64::from(k) * size);
            if next.abs() >= f64::abs(term) || next.abs() < 1e-17 {
                break;
            }
            term = next;
            match k % 4 {
                1 => odd += term,
                2 => even -= term,
                3 => odd -= term,
                _ => even += term,
            }
        }
        (2.0 / (PI * size)).sqrt() * (even * phase.cos() - odd * phase.sin())
    };
    if x < 0.0 { -value } else { value }
}

/// The real part of the Faddeeva function w(x + iy) for y > 0, to 1e-14.
///
/// # Source
/// Trapezoidal rules with a correction for the pole; Al Azah & Chandler-Wilde 2021, doi:10.1137/20M1373037, equations 14
/// to 17 with N = 11.
pub(super) fn faddeeva_real(x: f64, y: f64) -> f64 {
    const TERMS: u32 = 11;
    let x = x.abs();
    let step = (PI / f64::from(TERMS + 1)).sqrt();
    let z = Complex(x, y);
    let square = z.times(z);
    // Σ exp(-t²) / (z² - t²) at t = (k + offset) h.
    let sum = |offset: f64| {
        (0..=TERMS)
            .map(|k| (f64::from(k) + offset) * step)
            .filter(|t| *t > 0.0)
            .fold(Complex(0.0, 0.0), |sum, t| {
                let term = Complex(square.0 - t * t, square.1).reciprocal();
                sum.plus(term.scaled((-t * t).exp()))
            })
    };
    let factor = Complex(-y, x).scaled(2.0 * step / PI);
    if y >= x.max(PI / step) {
        return factor.times(sum(0.5)).0;
    }
    let place = x / step - (x / step).floor();
    let on_steps = y < x && (0.25..=0.75).contains(&place);
    // exp(-2πi z / h)
    let turn = Complex(2.0 * PI * y / step, -2.0 * PI * x / step).exp();
    let gauss = Complex(-square.0, -square.1).exp();
    if on_steps {
        let pole = gauss
            .scaled(2.0)
            .times(Complex(1.0 - turn.0, -turn.1).reciprocal());
        let first = Complex(0.0, step / PI).times(z.reciprocal());
        pole.plus(first).plus(factor.times(sum(0.0))).0
    } else {
        let pole = gauss
            .scaled(2.0)
            .times(Complex(1.0 + turn.0, turn.1).reciprocal());
        pole.plus(factor.times(sum(0.5))).0
    }
}

#[derive(Clone, Copy)]
struct Complex(f64, f64);

impl Complex {
    fn plus(self, other: Self) -> Self {
        Self(self.0 + other.0, self.1 + other.1)
    }

    fn times(self, other: Self) -> Self {
        Self(
            self.0 * other.0 - self.1 * other.1,
            self.0 * other.1 + self.1 * other.0,
        )
    }

    fn scaled(self, factor: f64) -> Self {
        Self(self.0 * factor, self.1 * factor)
    }

    fn reciprocal(self) -> Self {
        let norm = self.0 * self.0 + self.1 * self.1;
        Self(self.0 / norm, -self.1 / norm)
    }

    fn exp(self) -> Self {
        let (sin, cos) = self.1.sin_cos();
        let size = self.0.exp();
        Self(size * cos, size * sin)
    }
}

/// The natural logarithm of the gamma function for positive arguments: Stirling's series, NIST DLMF 5.11.1, after moving
/// the argument above 15.
fn ln_gamma(x: f64) -> f64 {
    const SERIES: [f64; 6] = [
        1.0 / 12.0,
        -1.0 / 360.0,
        1.0 / 1260.0,
        -1.0 / 1680.0,
        1.0 / 1188.0,
        -691.0 / 360_360.0,
    ];
    let (mut x, mut product) = (x, 1.0);
    while x < 15.0 {
        product *= x;
        x += 1.0;
    }
    let inverse = 1.0 / (x * x);
    let series = SERIES.iter().rev().fold(0.0, |sum, c| sum * inverse + c) / x;
    (x - 0.5) * x.ln() - x + 0.5 * (2.0 * PI).ln() + series - product.ln()
}

/// The value below which half of a gamma distribution of shape `a` lies: the root of P(a, x) = 1/2, by Newton's method on
/// the series NIST DLMF 8.11.4.
pub(super) fn gamma_median(a: f64) -> f64 {
    if !(a > 0.0 && a < 1e6) {
        return f64::NAN;
    }
    let ln_gamma_a = ln_gamma(a);
    let mut x = if a > 0.4 {
        a - 1.0 / 3.0 + 8.0 / (405.0 * a)
    } else {
        (0.5_f64.ln() + ln_gamma(a + 1.0)).exp().powf(1.0 / a)
    };
    for _ in 0..100 {
        let density = (a * x.ln() - x - ln_gamma_a).exp() / x;
        let (mut term, mut sum) = (1.0 / a, 1.0 / a);
        for k in 1..100_000 {
            term *= x / (a + f64::from(k));
            sum += term;
            if term < sum * 1e-17 {
                break;
            }
        }
        let step = (density * x * sum - 0.5) / density;
        let next = if step < x { x - step } else { x / 2.0 };
        if !next.is_finite() || (next - x).abs() <= 1e-16 * x {
            return x;
        }
        x = next;
    }
    x
}
