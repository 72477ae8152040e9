//! Pixels that NIRISS SOSS traces illuminate.

use datamodels::reference::{Science, SossTrace, SossTraceReference};
use ndarray::Array2;
use stpipe::StepError;

use crate::metadata_error;

/// Rows on either side of a trace.
const HALF_WIDTH: f64 = 16.0;
/// First row of SUBSTRIP96 in SUBSTRIP256.
const SUBSTRIP96_OFFSET: f64 = 10.0;
/// Last row of the region in which traces are known.
const LAST_ROW: f64 = 255.0;

/// True within 16 rows of a trace, at the position of the pupil wheel.
///
/// # Source
/// jwst 3.0.0 `clean_flicker_noise.py::mask_soss_traces` and `extract_1d/soss_extract/pastasoss.py`.
pub(super) fn illuminated(
    reference: &SossTraceReference,
    science: &Science<'_>,
) -> Result<Array2<bool>, StepError> {
    let position = science
        .meta
        .require_number("meta.instrument.pupil_position")
        .map_err(metadata_error)?;
    let [low, high] = reference.bounds_deg;
    if !(low <= position && position <= high) {
        let expected = format!("a position between {low} and {high}");
        return Err(StepError::input("keyword PWCPOS", expected, position));
    }
    let shifted = science.meta.text("meta.subarray.name") == Some("SUBSTRIP96");
    let offset = if shifted { SUBSTRIP96_OFFSET } else { 0.0 };
    let mut lit = Array2::from_elem((science.rows, science.columns), false);
    for trace in &reference.traces {
        let wheel = position - reference.commanded_deg;
        let points = on_wavelength_grid(trace, &turned(trace, wheel, offset), wheel, reference);
        for column in 0..science.columns {
            let row = interpolate(&points, column as f64);
            let (low, high) = ((row - HALF_WIDTH).floor(), (row + HALF_WIDTH).ceil());
            for row in 0..science.rows {
                let at = row as f64;
                lit[(row, column)] |= low <= at && at <= high;
            }
        }
    }
    Ok(lit)
}

/// The trace turned about its pivot, at the columns of its points; rows beyond the region are left out.
fn turned(trace: &SossTrace, angle_deg: f64, offset: f64) -> Vec<[f64; 2]> {
    let (sin, cos) = angle_deg.to_radians().sin_cos();
    let [x0, y0] = trace.pivot;
    let mut points: Vec<[f64; 2]> = trace
        .points
        .iter()
        .map(|&[x, y]| {
            let (dx, dy) = (x - x0, y - offset - y0);
            [cos * dx - sin * dy + x0, sin * dx + cos * dy + y0]
        })
        .collect();
    points.sort_by(|a, b| a[0].total_cmp(&b[0]));
    let at_columns = trace
        .points
        .iter()
        .map(|&[x, _]| [x, extrapolate(&points, x)]);
    at_columns.filter(|&[_, y]| y <= LAST_ROW).collect()
}

/// Column and row at each wavelength of the grid, sorted by column.
fn on_wavelength_grid(
    trace: &SossTrace,
    points: &[[f64; 2]],
    wheel: f64,
    reference: &SossTraceReference,
) -> Vec<[f64; 2]> {
    if points.len() < 2 {
        return points.to_vec();
    }
    let mut columns: Vec<[f64; 2]> = Vec::with_capacity(points.len());
    let mut rows: Vec<[f64; 2]> = Vec::with_capacity(points.len());
    for &[x, y] in points {
        let wavelength = wavelength(trace, x, wheel);
        columns.push([wavelength, x]);
        rows.push([wavelength, y]);
    }
    columns.sort_by(|a, b| a[0].total_cmp(&b[0]));
    rows.sort_by(|a, b| a[0].total_cmp(&b[0]));
    let (first, last, count) = reference.wavelengths_um;
    let step = (last - first) / count.saturating_sub(1).max(1) as f64;
    let mut grid: Vec<[f64; 2]> = (0..count)
        .map(|i| {
            let wavelength = if i + 1 == count {
                last
            } else {
                first + i as f64 * step
            };
            [
                extrapolate_ends(&columns, wavelength),
                extrapolate_ends(&rows, wavelength),
            ]
        })
        .collect();
    grid.sort_by(|a, b| a[0].total_cmp(&b[0]));
    grid
}

/// The polynomial in scaled column and wheel offset; coefficients run through 1, x, y, x², xy, y² and so on.
fn wavelength(trace: &SossTrace, column: f64, wheel: f64) -> f64 {
    let [low, high] = trace.extents;
    let x = (column - low[0]) / (high[0] - low[0]);
    let y = (wheel - low[1]) / (high[1] - low[1]);
    let (mut sum, mut order, mut power) = (0.0, 0, 0);
    for coefficient in &trace.coefficients {
        sum += coefficient * x.powi(order - power) * y.powi(power);
        if power == order {
            (order, power) = (order + 1, 0);
        } else {
            power += 1;
        }
    }
    sum
}

/// The line through the points around `x`, continued at the ends.
fn extrapolate(points: &[[f64; 2]], x: f64) -> f64 {
    match points {
        [] => f64::NAN,
        [[_, y]] => *y,
        _ => {
            let next = points
                .partition_point(|point| point[0] < x)
                .clamp(1, points.len() - 1);
            line(points[next - 1], points[next], x)
        }
    }
}

/// The same for points that may share an abscissa inside, but not at the ends.
fn extrapolate_ends(points: &[[f64; 2]], x: f64) -> f64 {
    let n = points.len();
    if x > points[n - 1][0] {
        return line(points[n - 2], points[n - 1], x);
    }
    if x < points[0][0] {
        return line(points[0], points[1], x);
    }
    interpolate(points, x)
}

/// The line through the points around `x`, constant beyond the ends.
fn interpolate(points: &[[f64; 2]], x: f64) -> f64 {
    let next = points.partition_point(|point| point[0] <= x);
    if next == 0 {
        return points.first().map_or(f64::NAN, |point| point[1]);
    }
    if next == points.len() {
        return points[next - 1][1];
    }
    line(points[next - 1], points[next], x)
}

fn line([x0, y0]: [f64; 2], [x1, y1]: [f64; 2], x: f64) -> f64 {
    y0 + (x - x0) * ((y1 - y0) / (x1 - x0))
}
