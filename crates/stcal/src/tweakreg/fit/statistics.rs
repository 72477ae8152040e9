//! Statistics of residuals.

use super::Statistic;

/// Statistics of the lengths of residuals.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scatter {
    /// Root mean square.
    pub rmse: f64,
    /// Mean.
    pub mae: f64,
    /// Standard deviation of the residuals.
    pub std: f64,
    /// Median, over √ln 2.
    pub mad: f64,
}

impl Scatter {
    /// One of them.
    pub fn of(&self, statistic: Statistic) -> f64 {
        match statistic {
            Statistic::Rmse => self.rmse,
            Statistic::Mae => self.mae,
            Statistic::Std => self.std,
            Statistic::Mad => self.mad,
        }
    }

    /// Those of residuals, with weights whose sum is 1.
    pub(super) fn of_residuals(residuals: &[[f64; 2]], weights: Option<&[f64]>) -> Self {
        let equal = 1.0 / residuals.len() as f64;
        let weight = |index: usize| weights.map_or(equal, |weights| weights[index]);
        let mean = |value: &dyn Fn(&[f64; 2]) -> f64| -> f64 {
            let terms = residuals.iter().enumerate();
            terms
                .map(|(index, residual)| weight(index) * value(residual))
                .sum()
        };
        let square = |[x, y]: &[f64; 2]| x * x + y * y;
        let mut lengths: Vec<(f64, f64)> = residuals
            .iter()
            .enumerate()
            .map(|(index, residual)| (square(residual).sqrt(), weight(index)))
            .collect();
        let (x, y) = (mean(&|r| r[0]), mean(&|r| r[1]));
        let variance = mean(&|r| (r[0] - x).powi(2) + (r[1] - y).powi(2));
        let bias = match weights {
            Some(weights) if weights.len() > 1 => 1.0 - weights.iter().map(|w| w * w).sum::<f64>(),
            _ => 1.0,
        };
        lengths.sort_by(|a, b| a.0.total_cmp(&b.0));
        Self {
            rmse: mean(&square).sqrt(),
            mae: mean(&|r| square(r).sqrt()),
            std: (variance / bias).sqrt(),
            mad: median(&lengths, weights.is_some()) / std::f64::consts::LN_2.sqrt(),
        }
    }
}

/// The median of sorted values; of weighted ones the first that half of the weight lies up to.
fn median(sorted: &[(f64, f64)], weighted: bool) -> f64 {
    let middle = sorted.len() / 2;
    if !weighted {
        return match sorted.len() {
            0 => f64::NAN,
            n if n % 2 == 1 => sorted[middle].0,
            _ => f64::midpoint(sorted[middle - 1].0, sorted[middle].0),
        };
    }
    let cumulated: Vec<f64> = sorted
        .iter()
        .scan(0.0, |sum, (_, weight)| {
            *sum += weight;
            Some(*sum)
        })
        .collect();
    let half = 0.5 * cumulated.last().copied().unwrap_or(0.0);
    let at = cumulated.partition_point(|sum| *sum < half);
    sorted.get(at).map_or(f64::NAN, |(length, _)| *length)
}
