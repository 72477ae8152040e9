//! The wave of the residuals of straight ramps, folded with its period.
//!
//! 1. [`residuals`]: each pixel's line and its median are subtracted; the outputs are averaged. [`level`] takes the
//!    median of each group away.
//! 2. [`fold`]: the residuals are put into bins of phase; a bin's value is the mean after clipping at 3 sigma.
//! 3. [`lookup_table`]: the folded wave, or a known waveform at its phase and scale, by clock cycle.
//! 4. [`subtract`].

use ndarray::{ArrayView3, ArrayViewMut2, ArrayViewMut3, Axis, s};

use super::timing::{fraction, subtract_noise};
use super::{EmiError, Outputs, Timing};
use crate::median::{median_f32, median_f64};
use crate::shape::check_shape;

/// Most bins of a folded wave; more become 500, as in the reference package.
const MOST_BINS: usize = 501;

/// Subtracts line and median of each pixel, and averages over the outputs.
///
/// `ramp_dn` is `(group, row, column)`, a band of rows of an integration; `residual_dn` is `(group, row, sample)`. The
/// first and the last group do not enter the line and the median. With less than four groups there is no line: the
/// residuals are not numbers.
///
/// # Errors
/// [`EmiError::Shape`], or [`EmiError::Columns`] if the columns do not divide into the outputs.
pub fn residuals(
    ramp_dn: ArrayView3<'_, f32>,
    mut residual_dn: ArrayViewMut3<'_, f32>,
    outputs: &Outputs,
) -> Result<(), EmiError> {
    let (groups, rows, columns) = ramp_dn.dim();
    let least = (outputs.bad_samples.end + 1) * outputs.count;
    if columns % outputs.count != 0 || columns < least {
        return Err(EmiError::Columns {
            outputs: outputs.count,
            least,
            found: columns,
        });
    }
    let samples = columns / outputs.count;
    check_shape("residuals", &[groups, rows, samples], residual_dn.shape())?;
    let mut work = Work::new(groups, columns);
    for row in 0..rows {
        work.subtract_lines(ramp_dn.index_axis(Axis(1), row));
        for (group, mut out) in residual_dn
            .index_axis_mut(Axis(1), row)
            .outer_iter_mut()
            .enumerate()
        {
            let values = &work.values[group * columns..(group + 1) * columns];
            for (mean, pixels) in out.iter_mut().zip(values.chunks_exact(outputs.count)) {
                *mean = pixels.iter().sum::<f32>() / outputs.count as f32;
            }
            let bad = outputs.bad_samples.clone();
            if !bad.is_empty() {
                let neighbours = f32::midpoint(out[bad.start - 1], out[bad.end]);
                out.slice_mut(s![bad]).fill(neighbours);
            }
        }
    }
    Ok(())
}

/// Buffers for one row.
struct Work {
    groups: usize,
    columns: usize,
    /// `(group, column)`.
    values: Vec<f32>,
    slope: Vec<f64>,
    sum_y: Vec<f64>,
}

impl Work {
    fn new(groups: usize, columns: usize) -> Self {
        Self {
            groups,
            columns,
            values: vec![0.0; groups * columns],
            slope: vec![0.0; columns],
            sum_y: vec![0.0; columns],
        }
    }

    /// Fills `values` with the row less lines and medians.
    fn subtract_lines(&mut self, ramp: ndarray::ArrayView2<'_, f32>) {
        self.fit_slopes(ramp);
        let rows = self
            .values
            .chunks_exact_mut(self.columns)
            .zip(ramp.outer_iter());
        for (group, (values, ramp)) in rows.enumerate() {
            for ((value, y), slope) in values.iter_mut().zip(ramp).zip(&self.slope) {
                *value = (f64::from(*y) - slope * group as f64) as f32;
            }
        }
        let mut inner = vec![0.0_f32; self.groups.saturating_sub(2)];
        for column in 0..self.columns {
            for (group, value) in inner.iter_mut().enumerate() {
                *value = self.values[(group + 1) * self.columns + column];
            }
            let bias = typical(&mut inner);
            for value in self.values[column..].iter_mut().step_by(self.columns) {
                *value -= bias;
            }
        }
    }

    fn fit_slopes(&mut self, ramp: ndarray::ArrayView2<'_, f32>) {
        self.slope.fill(0.0);
        self.sum_y.fill(0.0);
        let count = self.groups.saturating_sub(2);
        for (t, group) in ramp.outer_iter().skip(1).take(count).enumerate() {
            for ((sum_ty, sum_y), y) in self.slope.iter_mut().zip(&mut self.sum_y).zip(group) {
                *sum_ty += t as f64 * f64::from(*y);
                *sum_y += f64::from(*y);
            }
        }
        let n = count as f64;
        let sum_t: f64 = (0..count).map(|t| t as f64).sum();
        let sum_tt: f64 = (0..count).map(|t| (t * t) as f64).sum();
        for (slope, sum_y) in self.slope.iter_mut().zip(&self.sum_y) {
            *slope = (n * *slope - sum_t * sum_y) / (n * sum_tt - sum_t * sum_t);
        }
    }
}

/// Median of the numbers among the values; the least of them if there are not more than two values.
fn typical(values: &mut [f32]) -> f32 {
    if values.len() <= 2 {
        return values.iter().copied().fold(f32::NAN, f32::min);
    }
    let mut count = 0;
    for i in 0..values.len() {
        if !values[i].is_nan() {
            values.swap(count, i);
            count += 1;
        }
    }
    median_f32(&mut values[..count])
}

/// Subtracts the median of a group of residuals, `(row, sample)`, in place.
///
/// If one of them is not a number, none is afterwards.
pub fn level(mut residual_dn: ArrayViewMut2<'_, f32>) {
    let mut values: Vec<f32> = residual_dn.iter().copied().collect();
    let level = if values.iter().any(|value| value.is_nan()) {
        f32::NAN
    } else {
        median_f32(&mut values)
    };
    residual_dn.mapv_inplace(|value| value - level);
}

/// Which samples come when, for the whole exposure.
#[derive(Debug, Clone, Copy)]
pub struct Schedule<'a> {
    /// Clock and period.
    pub timing: &'a Timing,
    /// Groups of an integration.
    pub groups: usize,
    /// Clock cycles by which the last sample of each row is late, if it is.
    pub last_sample_delay: f64,
}

impl Schedule<'_> {
    /// Start of a group, in clock cycles since the start of the exposure.
    fn start(&self, integration: usize, group: usize) -> f64 {
        let groups = integration * self.groups + group;
        groups as f64 * self.timing.group_cycles()
            + integration as f64 * self.timing.clock().between_integrations
    }

    /// The phases of the samples of a row, one after the other.
    fn row_phases(&self, group_start: f64, row: usize) -> impl Iterator<Item = f64> {
        let clock = self.timing.clock();
        let start = group_start + row as f64 * clock.per_row;
        let (period, last, delay) = (
            self.timing.period(),
            self.timing.phase().ncols() - 1,
            self.last_sample_delay,
        );
        (0..=last).map(move |sample| {
            let late = if sample == last { delay } else { 0.0 };
            fraction((start + sample as f64 * clock.per_sample + late) / period)
        })
    }
}

/// The number of bins of a folded wave: half the period, unless the caller has a wish.
///
/// # Errors
/// [`EmiError::Bins`] if there would be none.
pub fn bins(period: f64, wanted: Option<i64>) -> Result<usize, EmiError> {
    let bins = wanted.unwrap_or((period / 2.0) as i64);
    match usize::try_from(bins) {
        Ok(bins) if bins > MOST_BINS => Ok(MOST_BINS - 1),
        Ok(bins) if bins > 0 => Ok(bins),
        _ => Err(EmiError::Bins { found: bins }),
    }
}

/// Folds residuals with the period: the mean of each of `bins` bins of phase, less their median.
///
/// `residual_dn` has an array `(group, row, sample)` for each of the first integrations. A bin without samples makes
/// the whole wave not-a-number, as does an exposure with less than four groups.
///
/// # Errors
/// [`EmiError::Shape`].
pub fn fold(
    residual_dn: &[ArrayView3<'_, f32>],
    schedule: &Schedule<'_>,
    bins: usize,
) -> Result<Vec<f64>, EmiError> {
    let (rows, samples) = schedule.timing.phase().dim();
    for integration in residual_dn {
        check_shape(
            "residuals",
            &[schedule.groups, rows, samples],
            integration.shape(),
        )?;
    }
    let edges: Vec<f64> = (0..=bins).map(|bin| bin as f64 / bins as f64).collect();
    let mut starts = vec![0_usize; bins + 1];
    each_sample(residual_dn, schedule, &edges, |bin, _| starts[bin + 1] += 1);
    for bin in 0..bins {
        starts[bin + 1] += starts[bin];
    }
    let mut sorted = vec![0.0_f32; starts[bins]];
    let mut next = starts.clone();
    each_sample(residual_dn, schedule, &edges, |bin, value| {
        sorted[next[bin]] = value;
        next[bin] += 1;
    });
    let ranges = starts.windows(2).map(|ends| ends[0]..ends[1]);
    let mut wave: Vec<f64> = ranges
        .map(|range| clipped_mean(&mut sorted[range]))
        .collect();
    let middle = median_or_nan(&wave);
    for value in &mut wave {
        *value -= middle;
    }
    Ok(wave)
}

/// Visits every finite sample with its bin. Bins exclude their lower edge: a phase of exactly 0 is in none.
fn each_sample(
    residual_dn: &[ArrayView3<'_, f32>],
    schedule: &Schedule<'_>,
    edges: &[f64],
    mut visit: impl FnMut(usize, f32),
) {
    let bins = edges.len() - 1;
    for (i, integration) in residual_dn.iter().enumerate() {
        for (j, group) in integration.outer_iter().enumerate() {
            let start = schedule.start(i, j);
            for (row, values) in group.outer_iter().enumerate() {
                for (phase, value) in schedule.row_phases(start, row).zip(values) {
                    if phase > 0.0 && value.is_finite() {
                        visit(bin_of(phase, edges, bins), *value);
                    }
                }
            }
        }
    }
}

/// The bin with `edges[bin] < phase <= edges[bin + 1]`.
pub(super) fn bin_of(phase: f64, edges: &[f64], bins: usize) -> usize {
    let guess = ((phase * bins as f64) as usize).min(bins - 1);
    if phase <= edges[guess] {
        guess.saturating_sub(1)
    } else if phase > edges[guess + 1] {
        (guess + 1).min(bins - 1)
    } else {
        guess
    }
}

/// Mean after clipping five times at three standard deviations from the median; not-a-number for nothing.
///
/// # Source
/// astropy `stats.sigma_clipped_stats`, its defaults.
pub(super) fn clipped_mean(values: &mut [f32]) -> f64 {
    let mut kept = values.len();
    for _ in 0..5 {
        let values = &mut values[..kept];
        let center = middle(values);
        let deviation = deviation(values);
        let (least, most) = (center - 3.0 * deviation, center + 3.0 * deviation);
        let before = kept;
        kept = 0;
        for i in 0..values.len() {
            let value = f64::from(values[i]);
            if value >= least && value <= most {
                values.swap(kept, i);
                kept += 1;
            }
        }
        if kept == before {
            break;
        }
    }
    mean(&values[..kept])
}

fn mean(values: &[f32]) -> f64 {
    values.iter().map(|value| f64::from(*value)).sum::<f64>() / values.len() as f64
}

fn deviation(values: &[f32]) -> f64 {
    let mean = mean(values);
    let squares: f64 = values
        .iter()
        .map(|value| (f64::from(*value) - mean).powi(2))
        .sum();
    (squares / values.len() as f64).sqrt()
}

/// Median in double precision of values in single precision.
fn middle(values: &mut [f32]) -> f64 {
    let n = values.len();
    if n == 0 {
        return f64::NAN;
    }
    let (below, middle, _) = values.select_nth_unstable_by(n / 2, f32::total_cmp);
    let middle = f64::from(*middle);
    match below.iter().copied().max_by(f32::total_cmp) {
        Some(before) if n.is_multiple_of(2) => f64::midpoint(f64::from(before), middle),
        _ => middle,
    }
}

/// Median; not-a-number if one value is.
fn median_or_nan(values: &[f64]) -> f64 {
    if values.iter().any(|value| value.is_nan()) {
        return f64::NAN;
    }
    median_f64(&mut values.to_vec())
}

/// A known waveform that is put at phase and scale of a folded wave.
#[derive(Debug, Clone, Copy)]
pub struct Template<'a> {
    /// The waveform.
    pub values: &'a [f64],
    /// Give it the amplitude of the folded wave; else its own.
    pub scale: bool,
}

/// The wave by whole clock cycles: what [`subtract`] looks up.
///
/// # Errors
/// [`EmiError::Waveform`] for an empty template.
pub fn lookup_table(
    folded: &[f64],
    period: f64,
    template: Option<Template<'_>>,
) -> Result<Vec<f64>, EmiError> {
    let own = stretch(folded, period);
    let Some(template) = template else {
        return Ok(own);
    };
    let size = template.values.len();
    if size == 0 {
        return Err(EmiError::Waveform {
            found: "none".to_string(),
        });
    }
    let shift = best_shift(template.values, &stretch(folded, size as f64));
    let shifted: Vec<f64> = (0..size)
        .map(|i| template.values[(i + size - shift) % size])
        .collect();
    let mut table = stretch(&shifted, period);
    if template.scale {
        let ratio = slope(&table, &own);
        for value in &mut table {
            *value *= ratio;
        }
    }
    Ok(table)
}

/// Takes an array to another length by its nearest smaller elements.
pub(super) fn stretch(values: &[f64], length: f64) -> Vec<f64> {
    let old = values.len() as f64;
    let step = old / length;
    let count = (old / step).ceil() as usize;
    // Rounding may ask for the element past the end.
    (0..count)
        .map(|i| values[((i as f64 * step) as usize).min(values.len() - 1)])
        .collect()
}

/// By how many elements the template has to be moved to correlate best with the wave; 0 if it cannot be told.
fn best_shift(template: &[f64], wave: &[f64]) -> usize {
    let size = template.len();
    let centered = |values: &[f64]| {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        values
            .iter()
            .map(|value| value - mean)
            .collect::<Vec<f64>>()
    };
    let (template, wave) = (centered(template), centered(wave));
    let mut best = (0, f64::NEG_INFINITY);
    for shift in 0..size {
        let correlation: f64 = (0..size.min(wave.len()))
            .map(|i| template[(i + size - shift) % size] * wave[i])
            .sum();
        if correlation > best.1 {
            best = (shift, correlation);
        }
    }
    best.0
}

/// Slope of the line through points by least squares.
fn slope(x: &[f64], y: &[f64]) -> f64 {
    let n = x.len().min(y.len()) as f64;
    let (mean_x, mean_y) = (x.iter().sum::<f64>() / n, y.iter().sum::<f64>() / n);
    let (mut sum_xy, mut sum_xx) = (0.0, 0.0);
    for (x, y) in x.iter().zip(y) {
        sum_xy += (x - mean_x) * (y - mean_y);
        sum_xx += (x - mean_x) * (x - mean_x);
    }
    sum_xy / sum_xx
}

/// Subtracts the wave from group number `group` of integration number `integration`, `(row, column)`, in place.
///
/// Elements of the table that are not finite subtract nothing.
///
/// # Errors
/// [`EmiError::Shape`].
pub fn subtract(
    mut image_dn: ArrayViewMut2<'_, f32>,
    (integration, group): (usize, usize),
    table: &[f64],
    schedule: &Schedule<'_>,
    outputs: &Outputs,
) -> Result<(), EmiError> {
    schedule
        .timing
        .check("group", image_dn.shape(), outputs.count)?;
    let start = schedule.start(integration, group);
    let period = schedule.timing.period();
    let mut noise = vec![0.0; schedule.timing.phase().ncols()];
    for (row, image) in image_dn.outer_iter_mut().enumerate() {
        for (noise, phase) in noise.iter_mut().zip(schedule.row_phases(start, row)) {
            let value = table[((phase * period) as usize).min(table.len() - 1)];
            *noise = if value.is_finite() { value } else { 0.0 };
        }
        subtract_noise(image, &noise, outputs.count);
    }
    Ok(())
}
