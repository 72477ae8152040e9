//! Which values get the first and the last colour.

use std::str::FromStr;

use crate::error::QuicklookError;

/// How the limits of a picture are chosen. Values that are not finite never count.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Limits {
    /// The smallest and the largest value.
    MinMax,
    /// Two percentiles, see [`Limits::percentiles`].
    Percentiles(Percentiles),
    /// Around the median, as far as a line through the sorted values reaches: good for the background.
    ZScale,
    /// Given values, see [`Limits::between`].
    Fixed(Range),
}

/// Two percentiles, 0 <= low < high <= 100.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Percentiles {
    low: f64,
    high: f64,
}

impl Percentiles {
    /// The lower one \[%\].
    pub fn low(self) -> f64 {
        self.low
    }

    /// The upper one \[%\].
    pub fn high(self) -> f64 {
        self.high
    }
}

/// A finite range of values, low <= high.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    low: f64,
    high: f64,
}

impl Range {
    /// Its lower end.
    pub fn low(self) -> f64 {
        self.low
    }

    /// Its upper end.
    pub fn high(self) -> f64 {
        self.high
    }

    /// Where a value lies, 0 at the lower end and 1 at the upper one; everything is in the middle of an empty range.
    pub fn fraction(self, value: f64) -> f64 {
        let width = self.high - self.low;
        if width > 0.0 {
            (value - self.low) / width
        } else if value.is_nan() {
            f64::NAN
        } else {
            0.5
        }
    }

    /// The value at a fraction of the range.
    pub fn value(self, fraction: f64) -> f64 {
        self.low + fraction * (self.high - self.low)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::Percentiles(Percentiles {
            low: 1.0,
            high: 99.7,
        })
    }
}

impl Limits {
    /// Percentiles `low` and `high` \[%\].
    ///
    /// # Errors
    /// They are not in order or leave [0, 100].
    ///
    /// ```
    /// use quicklook::Limits;
    /// let middle = Limits::percentiles(5.0, 95.0)?;
    /// let range = middle.of(&[0.0, 1.0, 2.0, f32::NAN, 3.0, 4.0]).unwrap();
    /// assert!((range.low() - 0.2).abs() < 1e-6 && (range.high() - 3.8).abs() < 1e-6);
    /// # Ok::<(), quicklook::QuicklookError>(())
    /// ```
    pub fn percentiles(low: f64, high: f64) -> Result<Self, QuicklookError> {
        if 0.0 <= low && low < high && high <= 100.0 {
            Ok(Self::Percentiles(Percentiles { low, high }))
        } else {
            Err(unusable(&format!("{low},{high}%")))
        }
    }

    /// Given values.
    ///
    /// # Errors
    /// They are not finite or not in order.
    pub fn between(low: f64, high: f64) -> Result<Self, QuicklookError> {
        if low < high && low.is_finite() && high.is_finite() {
            Ok(Self::Fixed(Range { low, high }))
        } else {
            Err(unusable(&format!("{low},{high}")))
        }
    }

    /// The limits for some values; `None` if none of them is finite. Both are equal where all values are.
    pub fn of(self, values: &[f32]) -> Option<Range> {
        let finite: Vec<f32> = values.iter().copied().filter(|v| v.is_finite()).collect();
        if finite.is_empty() {
            return None;
        }
        let (low, high) = match self {
            Self::Fixed(range) => return Some(range),
            Self::MinMax => ends(&finite),
            Self::Percentiles(Percentiles { low, high }) => percentiles(finite, low, high),
            Self::ZScale => zscale(&finite),
        };
        Some(Range { low, high })
    }
}

impl FromStr for Limits {
    type Err = QuicklookError;

    /// `minmax`, `zscale`, `LOW,HIGH%` (percentiles) or `LOW,HIGH` (values).
    fn from_str(text: &str) -> Result<Self, QuicklookError> {
        match text {
            "minmax" => return Ok(Self::MinMax),
            "zscale" => return Ok(Self::ZScale),
            _ => {}
        }
        let (pair, is_percent) = match text.strip_suffix('%') {
            Some(pair) => (pair, true),
            None => (text, false),
        };
        let numbers: Option<Vec<f64>> = pair.split(',').map(|n| n.trim().parse().ok()).collect();
        match numbers.as_deref() {
            Some([low, high]) if is_percent => Self::percentiles(*low, *high),
            Some([low, high]) => Self::between(*low, *high),
            _ => Err(unusable(text)),
        }
    }
}

fn unusable(found: &str) -> QuicklookError {
    QuicklookError::Option {
        option: "limits",
        expected:
            "minmax, zscale, two percentiles such as 1,99.5% or two values such as 0,20, in order"
                .to_owned(),
        found: found.to_owned(),
    }
}

fn ends(values: &[f32]) -> (f64, f64) {
    let ends = values
        .iter()
        .fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), v| {
            (low.min(*v), high.max(*v))
        });
    (f64::from(ends.0), f64::from(ends.1))
}

/// Percentiles with linear interpolation between neighbours, without sorting everything.
fn percentiles(mut values: Vec<f32>, low: f64, high: f64) -> (f64, f64) {
    let last = values.len() - 1;
    let mut at = |percent: f64| {
        let place = percent / 100.0 * last as f64;
        let below = (place.floor() as usize).min(last);
        let (_, value, above) = values.select_nth_unstable_by(below, f32::total_cmp);
        let value = f64::from(*value);
        match above.iter().copied().min_by(f32::total_cmp) {
            Some(next) => value + place.fract() * (f64::from(next) - value),
            None => value,
        }
    };
    (at(low), at(high))
}

/// Values that are looked at, spread over all.
const SAMPLES: usize = 1000;
/// The slope of the line is divided by this.
const CONTRAST: f64 = 0.25;
/// With fewer than this share of the samples left the line is given up.
const LEAST_KEPT: f64 = 0.5;
/// With fewer than this many samples as well.
const LEAST_SAMPLES: usize = 5;
/// Samples this many standard deviations from the line are rejected,
const REJECTION: f64 = 2.5;
/// with this share of all samples around each of them.
const GROWTH: f64 = 0.01;
/// Fits that are made at most.
const FITS: usize = 5;

/// The limits that IRAF's display task made usual: a line is fitted to the sorted samples with rejection of what is far
/// from it; around the median, the limits go where this line, made steeper, goes.
///
/// # Source
/// The algorithm and its parameters as `astropy.visualization.ZScaleInterval` 8.0 documents them. Tolerance: 1e-9.
fn zscale(values: &[f32]) -> (f64, f64) {
    let stride = (values.len() / SAMPLES).max(1);
    let samples = values.iter().step_by(stride).take(SAMPLES);
    let mut samples: Vec<f64> = samples.map(|v| f64::from(*v)).collect();
    samples.sort_by(f64::total_cmp);
    let count = samples.len();
    let (low, high) = (samples[0], samples[count - 1]);
    let Some(slope) = robust_slope(&samples) else {
        return (low, high);
    };
    let slope = slope / CONTRAST;
    let centre = (count - 1) / 2;
    let median = f64::midpoint(samples[centre], samples[count / 2]);
    let below = (centre as f64 - 1.0) * slope;
    let above = (count - centre) as f64 * slope;
    (low.max(median - below), high.min(median + above))
}

/// The slope of a line through the samples by their place, without outliers; `None` if too few samples are left.
fn robust_slope(samples: &[f64]) -> Option<f64> {
    let count = samples.len();
    let least = LEAST_SAMPLES.max((count as f64 * LEAST_KEPT) as usize);
    let grown = ((count as f64 * GROWTH) as usize).max(1);
    let mut kept = vec![true; count];
    let (mut n_kept, mut n_before, mut slope) = (count, count + 1, 0.0);
    for _ in 0..FITS {
        if n_kept >= n_before || n_kept < least {
            break;
        }
        let line = Line::through(samples, &kept)?;
        slope = line.slope;
        let threshold = REJECTION * line.scatter;
        let is_far = |(place, value): (usize, &f64)| (value - line.at(place)).abs() > threshold;
        let far: Vec<bool> = samples.iter().enumerate().map(is_far).collect();
        kept = (0..count).map(|i| !near_any(&far, i, grown)).collect();
        n_before = n_kept;
        n_kept = kept.iter().filter(|kept| **kept).count();
    }
    (n_kept >= least).then_some(slope)
}

/// Whether one of the `width` flags around a place is set; of an even number one more lies before it than after it.
fn near_any(flags: &[bool], place: usize, width: usize) -> bool {
    let first = place.saturating_sub(width / 2);
    let end = (place + width.div_ceil(2)).min(flags.len());
    flags[first..end].contains(&true)
}

struct Line {
    mean_place: f64,
    mean_value: f64,
    slope: f64,
    /// Standard deviation of the kept samples from the line.
    scatter: f64,
}

impl Line {
    /// The least-squares line through the kept samples.
    fn through(samples: &[f64], kept: &[bool]) -> Option<Self> {
        let points = || {
            let points = samples.iter().zip(kept).enumerate();
            points.filter_map(|(place, (value, kept))| kept.then_some((place as f64, *value)))
        };
        let n = points().count() as f64;
        if n < 2.0 {
            return None;
        }
        let mean_place = points().map(|(place, _)| place).sum::<f64>() / n;
        let mean_value = points().map(|(_, value)| value).sum::<f64>() / n;
        let product = |(place, value): (f64, f64)| (place - mean_place) * (value - mean_value);
        let square = |(place, _): (f64, f64)| (place - mean_place).powi(2);
        let slope = points().map(product).sum::<f64>() / points().map(square).sum::<f64>();
        let mut line = Self {
            mean_place,
            mean_value,
            slope,
            scatter: 0.0,
        };
        let residuals = points().map(|(place, value)| (value - line.at_real(place)).powi(2));
        line.scatter = (residuals.sum::<f64>() / n).sqrt();
        Some(line)
    }

    fn at(&self, place: usize) -> f64 {
        self.at_real(place as f64)
    }

    fn at_real(&self, place: f64) -> f64 {
        self.mean_value + self.slope * (place - self.mean_place)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The image of the values below: a pattern, a gradient, and bright pixels.
    fn pattern() -> Vec<f32> {
        (0..4000_u32)
            .map(|i| {
                let bright = if i % 97 == 0 { 500.0 } else { 0.0 };
                let wave = f64::from((i * 7919) % 1009) / 100.0;
                (wave + f64::from(i % 50) * 0.3 + bright) as f32
            })
            .collect()
    }

    fn assert_limits(limits: Limits, values: &[f32], low: f64, high: f64) {
        let range = limits.of(values).expect("there are finite values");
        assert!(
            (range.low() - low).abs() < 1e-9 * low.abs().max(1.0)
                && (range.high() - high).abs() < 1e-9 * high.abs().max(1.0),
            "{range:?}, expected {low} to {high}"
        );
    }

    /// `ZScaleInterval().get_limits(..)` of astropy 8.0.2 for the same values as 64-bit floats: of 32-bit ones it rounds the
    /// median.
    #[test]
    fn zscale_is_that_of_astropy() {
        let image = pattern();
        assert_limits(
            Limits::ZScale,
            &image,
            0.189_999_997_615_814_2,
            45.978_221_379_051_43,
        );
        let first: Vec<f32> = [&image[..5], &image[80..85], &image[160..165]].concat();
        assert_limits(
            Limits::ZScale,
            &first,
            5.170_000_076_293_945,
            40.881_012_350_648_32,
        );
        assert_limits(Limits::ZScale, &image[..4], 6.400_000_095_367_432, 500.0);
        let mut holes = image;
        for (i, value) in holes.iter_mut().enumerate() {
            if (i / 80) % 3 == 0 {
                *value = f32::NAN;
            }
        }
        assert_limits(
            Limits::ZScale,
            &holes,
            0.029_999_999_329_447_746,
            45.751_334_625_940_146,
        );
        let step: Vec<f32> = (0..4000)
            .map(|i| if i < 2000 { 0.0 } else { 1000.0 })
            .collect();
        assert_limits(Limits::ZScale, &step, 0.0, 1000.0);
        let parabola: Vec<f32> = (0..4000_u32)
            .map(|i| (f64::from(i * i) / 1e3) as f32)
            .collect();
        assert_limits(Limits::ZScale, &parabola, 0.0, 15_968.015_625);
    }

    /// `numpy.percentile(.., [5, 95])`.
    #[test]
    fn percentiles_are_those_of_numpy() {
        let limits = Limits::percentiles(5.0, 95.0).unwrap();
        assert_limits(
            limits,
            &pattern(),
            3.749_500_000_476_837_5,
            21.460_999_107_360_834,
        );
    }

    #[test]
    fn awkward_arrays_have_limits_or_none() {
        for limits in [
            Limits::MinMax,
            Limits::ZScale,
            Limits::default(),
            "0,1".parse().unwrap(),
        ] {
            assert_eq!(limits.of(&[]), None);
            assert_eq!(limits.of(&[f32::NAN, f32::INFINITY]), None);
        }
        for limits in [Limits::MinMax, Limits::ZScale, Limits::default()] {
            assert_limits(limits, &[3.0; 50], 3.0, 3.0);
            assert_limits(limits, &[-2.0], -2.0, -2.0);
        }
        let constant = Limits::MinMax.of(&[3.0; 4]).unwrap();
        assert_eq!(constant.fraction(3.0), 0.5);
        assert!(constant.fraction(f64::NAN).is_nan());
        assert_limits(Limits::MinMax, &[-5.0, f32::NAN, -1.0], -5.0, -1.0);
    }

    #[test]
    fn options_are_checked() {
        assert_eq!("minmax".parse::<Limits>().ok(), Some(Limits::MinMax));
        assert_eq!(
            "1, 99%".parse::<Limits>().ok(),
            Limits::percentiles(1.0, 99.0).ok()
        );
        assert_eq!(
            "-1,2e3".parse::<Limits>().ok(),
            Limits::between(-1.0, 2000.0).ok()
        );
        for wrong in [
            "", "1", "2,1", "1,101%", "-1,5%", "nan,1", "1,inf", "1,2,3", "zscal",
        ] {
            let error = wrong.parse::<Limits>().unwrap_err().to_string();
            assert!(
                error.starts_with("option limits: expected minmax"),
                "{error}"
            );
        }
    }

    proptest! {
        #[test]
        fn limits_lie_between_the_ends(values in proptest::collection::vec(-1e6_f32..1e6, 1..3000)) {
            let all = Limits::MinMax.of(&values).unwrap();
            for limits in [Limits::ZScale, Limits::default()] {
                let range = limits.of(&values).unwrap();
                prop_assert!(all.low() <= range.low() && range.high() <= all.high());
                prop_assert!(range.low() <= range.high());
            }
        }
    }
}
