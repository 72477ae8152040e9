//! What the fits say about the truth.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Deserialize;

use super::fits::Fitted;

/// Statistics of the fits of an algorithm.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Summary {
    /// Ramps with a rate and an error.
    pub(crate) count: usize,
    /// Mean error of the rate, over its scatter.
    pub(crate) bias: f64,
    /// Mean of (slope - truth) / error.
    pub(crate) pull_mean: f64,
    /// Standard deviation of (slope - truth) / error.
    pub(crate) pull_scatter: f64,
    /// Mean of (slope - truth) / error that the bias of the slope gives, and that its error follows its noise.
    pub(crate) pull_allowed: f64,
    /// Largest difference of our slope from the reference's, in units of the error; of the reference only.
    #[serde(default)]
    pub(crate) largest_difference: Option<f64>,
}

/// Statistics of one case.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) rate_e_per_s: f64,
    pub(crate) with_jumps: bool,
    pub(crate) algorithm: String,
    pub(crate) summary: Summary,
}

/// The reference's statistics by case and algorithm, as `reference.py` writes them.
pub(crate) type Reference = BTreeMap<String, Summary>;

impl Row {
    /// Name of the case in [`Reference`].
    fn key(&self) -> String {
        let jumps = if self.with_jumps { "jumps" } else { "clean" };
        format!("{} {jumps} {}", self.rate_e_per_s, self.algorithm)
    }
}

impl Summary {
    /// Compares the fits with the truth \[DN/s\]. Ramps without a rate or error do not count.
    pub(crate) fn of(fitted: &Fitted, truth: f64) -> Self {
        let pairs = fitted.slope.iter().zip(&fitted.err);
        let known: Vec<(f64, f64)> = pairs
            .map(|(&slope, &err)| (f64::from(slope) - truth, f64::from(err)))
            .filter(|(excess, err)| excess.is_finite() && err.is_finite() && *err > 0.0)
            .collect();
        let (excess, excess_scatter) = moments(known.iter().map(|(excess, _)| *excess));
        let (pull_mean, pull_scatter) = moments(known.iter().map(|(excess, err)| excess / err));
        let (variance, _) = moments(known.iter().map(|(_, err)| err * err));
        let product = |&(value, err): &(f64, f64)| (value - excess) * (err * err - variance);
        let (covariance, _) = moments(known.iter().map(product));
        Self {
            count: known.len(),
            bias: excess / excess_scatter,
            pull_mean,
            pull_scatter,
            pull_allowed: excess / variance.sqrt() - covariance / (2.0 * variance.powf(1.5)),
            largest_difference: None,
        }
    }
}

/// Mean and standard deviation.
fn moments(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let count = values.clone().count() as f64;
    let mean = values.clone().sum::<f64>() / count;
    let square = values.map(|value| (value - mean).powi(2)).sum::<f64>() / count;
    (mean, square.sqrt())
}

/// All rows in markdown, with the reference's numbers after the slash.
pub(crate) fn table(rows: &[Row], reference: Option<&Reference>) -> String {
    let mut text = String::from(
        "| rate [e-/s] | jumps | fit | ramps | bias / scatter | mean pull | allowed | scatter of pull | largest difference [error] |\n\
         |---|---|---|---|---|---|---|---|---|\n",
    );
    for row in rows {
        let theirs = reference.and_then(|reference| reference.get(&row.key()));
        let both = |value: fn(&Summary) -> f64| {
            let ours = format!("{:+.4}", value(&row.summary));
            theirs.map_or(ours.clone(), |theirs| {
                format!("{ours} / {:+.4}", value(theirs))
            })
        };
        let jumps = if row.with_jumps { "yes" } else { "no" };
        let largest = theirs.and_then(|theirs| theirs.largest_difference);
        let _ = writeln!(
            text,
            "| {} | {jumps} | {} | {} | {} | {} | {:+.4} | {} | {} |",
            row.rate_e_per_s,
            row.algorithm,
            row.summary.count,
            both(|s| s.bias),
            both(|s| s.pull_mean),
            row.summary.pull_allowed,
            both(|s| s.pull_scatter),
            largest.map_or(String::from("-"), |value| format!("{value:.1e}")),
        );
    }
    text
}
