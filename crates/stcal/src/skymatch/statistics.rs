//! The level of a sample of pixels.

use super::moments::{Moments, extremes, moments, range};
use crate::median::median_f32;

/// What stands for the level of a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Statistic {
    /// The mean.
    Mean,
    /// The median.
    Median,
    /// The most frequent value: the peak of a histogram, from a parabola through its highest bin and the neighbours.
    Mode,
    /// The median of a histogram, interpolated in its bin.
    Midpoint,
}

/// How the level of a sample is measured: values far from the mean are left out, iteratively, and the rest makes up the
/// statistic.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SkyStatistics {
    /// The statistic.
    pub statistic: Statistic,
    /// Lowest value that counts.
    pub lower: Option<f64>,
    /// Highest value that counts.
    pub upper: Option<f64>,
    /// How often values are left out.
    pub clips: usize,
    /// Distance below the mean from which values are left out [standard deviations], positive.
    pub low_sigma: f64,
    /// Distance above the mean [standard deviations], positive.
    pub high_sigma: f64,
    /// Width of a histogram's bin [standard deviations], positive.
    pub bin_width: f64,
}

/// The level of a sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Level {
    /// Its value.
    pub value: f64,
    /// How many pixels it was measured on.
    pub pixels: usize,
}

/// What was left of a sample.
struct Clipped {
    moments: Moments,
    low: f32,
    high: f32,
}

/// Widths below this make a histogram of one bin.
const NARROWEST: f32 = 10.0 * f32::EPSILON;

impl SkyStatistics {
    /// The level of finite values, which may be reordered; nothing where none of them counts, or a parameter that must be
    /// positive is not.
    ///
    /// ```
    /// use stcal::skymatch::{SkyStatistics, Statistic};
    /// let statistics = SkyStatistics {
    ///     statistic: Statistic::Median,
    ///     lower: None,
    ///     upper: Some(100.0),
    ///     clips: 5,
    ///     low_sigma: 4.0,
    ///     high_sigma: 4.0,
    ///     bin_width: 0.1,
    /// };
    /// let level = statistics.measure(&mut [3.0, 1.0, 2.0, 5.0, 1e4]);
    /// assert_eq!(level.map(|level| (level.value, level.pixels)), Some((2.5, 4)));
    /// ```
    ///
    /// # Source
    /// stsci.imagestats 1.8.4 `ImageStats` as stcal 1.20.0 `skymatch.skystatistics::SkyStats` uses it.
    pub fn measure(&self, values: &mut [f32]) -> Option<Level> {
        let clipped = self.clip(values)?;
        let value = match self.statistic {
            Statistic::Mean => f64::from(clipped.moments.mean),
            Statistic::Median if self.clips == 0 => f64::from(median_f32(values)),
            Statistic::Median => {
                let range = clipped.low..=clipped.high;
                let mut kept = 0;
                for i in 0..values.len() {
                    if range.contains(&values[i]) {
                        values.swap(kept, i);
                        kept += 1;
                    }
                }
                f64::from(median_f32(&mut values[..kept]))
            }
            Statistic::Mode => Histogram::of(values, &clipped, self.bin_width)?.mode(),
            Statistic::Midpoint => Histogram::of(values, &clipped, self.bin_width)?.midpoint(),
        };
        let pixels = clipped.moments.count;
        value.is_finite().then_some(Level { value, pixels })
    }

    /// Leaves out what is far from the mean.
    fn clip(&self, values: &[f32]) -> Option<Clipped> {
        let (least, most) = extremes(values);
        let widths = [self.low_sigma, self.high_sigma, self.bin_width];
        if values.is_empty() || widths.iter().any(|width| *width <= 0.0) {
            return None;
        }
        let above =
            |lower: f64| lower > f64::from(most) || self.upper.is_some_and(|upper| lower > upper);
        let below = |upper: f64| upper < f64::from(least);
        if self.lower.is_some_and(above) || self.upper.is_some_and(below) {
            return None;
        }
        let lower = self.lower.unwrap_or(f64::from(least));
        let upper = self.upper.unwrap_or(f64::from(most));
        let (mut low, mut high) = (lower as f32, upper as f32);
        let mut centre = values[0].clamp(low, high);
        for clip in 0..=self.clips {
            let moments = moments(values, low, high, centre);
            if moments.count == 0 {
                return None;
            }
            if clip == self.clips {
                return Some(Clipped { moments, low, high });
            }
            centre = moments.mean;
            let (mean, deviation) = (f64::from(moments.mean), f64::from(moments.deviation));
            // A deviation that is NaN, that of one value, leaves the limits.
            low = (mean - self.low_sigma * deviation).max(lower) as f32;
            high = (mean + self.high_sigma * deviation).min(upper) as f32;
        }
        None
    }
}

/// Counts in bins.
///
/// Parity: stsci.imagestats fills bins whose width is a little larger than `width`, so that they hold the whole range, and
/// takes positions in it with `width`.
struct Histogram {
    counts: Vec<u32>,
    start: f64,
    width: f64,
}

impl Histogram {
    /// Nothing if the values have no scatter that could be told: those of one value between limits.
    fn of(values: &[f32], clipped: &Clipped, bin_width: f64) -> Option<Self> {
        let (least, most) = range(values, clipped.low, clipped.high);
        let width = bin_width * f64::from(clipped.moments.deviation);
        let extent = f64::from(most) - f64::from(least);
        let narrow = (width as f32) < NARROWEST || (extent as f32) < NARROWEST;
        if width.is_nan() && !narrow {
            return None;
        }
        let (bins, step) = if narrow || width > extent {
            (1, extent)
        } else {
            let bins = (extent / width) as usize + 1;
            (bins, extent / (bins - 1) as f64)
        };
        Some(Self {
            counts: counts(values, least, step as f32, bins),
            start: f64::from(least),
            width,
        })
    }

    fn mode(&self) -> f64 {
        let counts = &self.counts;
        let last = counts.len() - 1;
        let highest = counts.iter().max().copied().unwrap_or_default();
        let peak = counts
            .iter()
            .position(|count| *count == highest)
            .unwrap_or_default();
        let position = match (last, peak) {
            (1, _) if counts[0] == counts[1] => 1.0,
            (_, 0) => 0.5,
            (_, peak) if peak == last => last as f64 + 0.5,
            (_, peak) => {
                let before = f64::from(highest - counts[peak - 1]);
                let after = f64::from(highest - counts[peak + 1]);
                if before + after == 0.0 {
                    peak as f64 + 0.5
                } else {
                    peak as f64 + 1.0 + 0.5 * (before - after) / (before + after) - 0.5
                }
            }
        };
        self.start + position * self.width
    }

    fn midpoint(&self) -> f64 {
        let [only] = self.counts[..] else {
            return self.interpolated_middle();
        };
        // Parity: stsci.imagestats returns the number of values, not their level.
        f64::from(only)
    }

    fn interpolated_middle(&self) -> f64 {
        let mut sum = 0_u64;
        let sums: Vec<f32> = (self.counts.iter())
            .map(|count| {
                sum += u64::from(*count);
                sum as f32
            })
            .collect();
        let total = sum as f32;
        let fraction = |bin: usize| sums[bin] / total;
        let Some(bin) = (0..sums.len()).find(|bin| fraction(*bin) >= 0.5) else {
            return f64::NAN;
        };
        let start = self.start + bin as f64 * self.width;
        let before = if bin == 0 { 0.0 } else { fraction(bin - 1) };
        let inside = fraction(bin) - before;
        if inside == 0.0 {
            return start;
        }
        start + f64::from((0.5 - before) / inside * self.width as f32)
    }
}

/// How many values fall into each bin.
///
/// # Source
/// stsci.imagestats 1.8.4 `populate1DHist`, with the rounding of its 32-bit numbers.
fn counts(values: &[f32], start: f32, step: f32, bins: usize) -> Vec<u32> {
    let inverse = 1.0 / step;
    let end = start + step * bins as f32;
    let closed = (inverse * (end - start)) as usize == bins;
    let edge = if closed {
        end * (1.0 - f32::EPSILON)
    } else {
        end
    };
    let edge = edge.min(end);
    let bin = |value: f32| {
        let is_inside = value >= start && (value < edge || closed && value == edge);
        let bin = ((inverse * (value - start)) as usize).min(bins - 1);
        if is_inside { bin } else { bins }
    };
    // Most values fall into the same few bins: with one table, each count would wait for the one before. A table has a place
    // more for values outside.
    let tables = if bins <= MOST_BINS { TABLES } else { 1 };
    let mut counts = vec![0_u32; tables * (bins + 1)];
    for values in values.chunks(tables) {
        for (table, value) in counts.chunks_exact_mut(bins + 1).zip(values) {
            table[bin(*value)] += 1;
        }
    }
    let (sums, others) = counts.split_at_mut(bins + 1);
    for table in others.chunks_exact(bins + 1) {
        sums.iter_mut()
            .zip(table)
            .for_each(|(sum, count)| *sum += count);
    }
    counts.truncate(bins);
    counts
}

/// Tables in which values are counted in turn.
const TABLES: usize = 4;

/// More bins are counted in one table.
const MOST_BINS: usize = 1 << 12;
