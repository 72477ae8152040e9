//! A periodic waveform, interpolated.

use super::EmiError;

/// A waveform of one period, sampled at the middles of equal intervals, as a cubic spline.
///
/// The samples are wrapped by one on either side; the spline has the same third derivative on the two intervals at each
/// end ("not a knot"), as scipy's `interp1d` makes it. It is not periodic in its derivatives.
///
/// ```
/// use stcal::emicorr::Waveform;
/// let line: Vec<f64> = (0..8).map(f64::from).collect();
/// let wave = Waveform::new(&line)?;
/// assert!((wave.at(0.5 / 8.0) - 0.0).abs() < 1e-12);
/// assert!((wave.at(4.5 / 8.0) - 4.0).abs() < 1e-12);
/// # Ok::<(), stcal::emicorr::EmiError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Waveform {
    /// Coefficients of `1, t, t², t³` between neighbouring samples, `t` from 0 to 1.
    pieces: Vec<[f64; 4]>,
    samples: f64,
}

impl Waveform {
    /// Interpolates a waveform.
    ///
    /// # Errors
    /// [`EmiError::Waveform`] if there are less than two values, or one is not finite.
    pub fn new(values: &[f64]) -> Result<Self, EmiError> {
        let (Some(first), Some(last)) = (values.first(), values.last()) else {
            return Err(EmiError::Waveform {
                found: "none".to_string(),
            });
        };
        if values.len() < 2 {
            return Err(EmiError::Waveform {
                found: "one".to_string(),
            });
        }
        if values.iter().any(|value| !value.is_finite()) {
            return Err(EmiError::Waveform {
                found: "values that are not finite".to_string(),
            });
        }
        let mut wrapped = vec![*last];
        wrapped.extend_from_slice(values);
        wrapped.push(*first);
        let bend = second_derivatives(&wrapped);
        let pieces = wrapped.windows(2).zip(bend.windows(2)).map(|(y, m)| {
            [
                y[0],
                y[1] - y[0] - (2.0 * m[0] + m[1]) / 6.0,
                m[0] / 2.0,
                (m[1] - m[0]) / 6.0,
            ]
        });
        Ok(Self {
            pieces: pieces.collect(),
            samples: values.len() as f64,
        })
    }

    /// Number of samples.
    pub fn len(&self) -> usize {
        self.pieces.len() - 1
    }

    /// Whether there are no samples; there always are.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Value at a phase from 0 to 1.
    #[inline(always)]
    pub fn at(&self, phase: f64) -> f64 {
        let x = phase * self.samples + 0.5;
        let piece = (x as usize).min(self.pieces.len() - 1);
        let t = x - piece as f64;
        let [a, b, c, d] = self.pieces[piece];
        a + t * (b + t * (c + t * d))
    }

    /// Puts values in the place of phases from 0 to 1, each that of [`Self::at`].
    #[inline(always)]
    pub(super) fn replace(&self, phases: &mut [f64]) {
        const LANES: usize = 64;
        let last = self.pieces.len() - 1;
        let mut pieces = [0_i32; LANES];
        for phases in phases.chunks_mut(LANES) {
            // Conversions with vector instructions, then one piece after the other.
            for (phase, piece) in phases.iter_mut().zip(&mut pieces) {
                let x = *phase * self.samples + 0.5;
                let whole = x.trunc();
                let whole = if whole < self.samples {
                    whole
                } else {
                    self.samples
                };
                *phase = x - whole;
                *piece = whole as i32;
            }
            for (t, piece) in phases.iter_mut().zip(&pieces) {
                let [a, b, c, d] = self.pieces[(*piece as usize).min(last)];
                *t = a + *t * (b + *t * (c + *t * d));
            }
        }
    }
}

/// Second derivatives of the not-a-knot spline through at least four values at distance 1.
///
/// On a grid of equal steps the conditions at the ends give the second and the last but one derivative outright.
pub(super) fn second_derivatives(y: &[f64]) -> Vec<f64> {
    let n = y.len();
    let load = |i: usize| 6.0 * (y[i - 1] - 2.0 * y[i] + y[i + 1]);
    let mut m = vec![0.0; n];
    m[1] = load(1) / 6.0;
    m[n - 2] = load(n - 2) / 6.0;
    // m[i-1] + 4 m[i] + m[i+1] = load(i) for the others, by elimination and back substitution.
    let mut ratio = vec![0.0; n];
    for i in 2..n - 2 {
        let pivot = 4.0 - ratio[i - 1];
        ratio[i] = 1.0 / pivot;
        m[i] = (load(i) - m[i - 1]) / pivot;
    }
    for i in (2..n - 2).rev() {
        m[i] -= ratio[i] * m[i + 1];
    }
    m[0] = 2.0 * m[1] - m[2];
    m[n - 1] = 2.0 * m[n - 2] - m[n - 3];
    m
}
