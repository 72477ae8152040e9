//! What a program learns of a run while it goes on: which step is at work, what became of it, what was saved.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use crate::{ParamValue, Status};

/// What a step found, for people and programs: counts and other numbers by name, in order.
///
/// A name is in lower case with underscores, and ends in the unit where the number has one: `jumps`, `shift_mas`.
///
/// ```
/// use stpipe::Summary;
/// let summary: Summary = [("jumps", 12.into()), ("largest_dn", 3.5.into())].into_iter().collect();
/// assert_eq!(summary.to_string(), "jumps 12, largest dn 3.5");
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Summary(Vec<(String, ParamValue)>);

impl Summary {
    /// Names and values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &ParamValue)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Whether there is nothing to say.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value of a name.
    pub fn get(&self, name: &str) -> Option<&ParamValue> {
        self.iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    }

    /// Takes in what the same step found in another product: counts add up; of other numbers the one farther from zero stays.
    pub fn merge(&mut self, other: Self) {
        for (name, value) in other.0 {
            match self.0.iter_mut().find(|(known, _)| *known == name) {
                Some((_, own)) => *own = merged(own, value),
                None => self.0.push((name, value)),
            }
        }
    }
}

fn merged(own: &ParamValue, other: ParamValue) -> ParamValue {
    match (own, &other) {
        (ParamValue::Int(a), ParamValue::Int(b)) => ParamValue::Int(a.saturating_add(*b)),
        (ParamValue::Float(a), ParamValue::Float(b)) if b.abs() > a.abs() => other,
        _ => own.clone(),
    }
}

impl<N: Into<String>> FromIterator<(N, ParamValue)> for Summary {
    fn from_iter<I: IntoIterator<Item = (N, ParamValue)>>(items: I) -> Self {
        let pair = |(name, value): (N, ParamValue)| (name.into(), value);
        Self(items.into_iter().map(pair).collect())
    }
}

/// `jumps 12, largest dn 3.5`: numbers with four digits after the first.
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, (name, value)) in self.iter().enumerate() {
            let comma = if number == 0 { "" } else { ", " };
            let name = name.replace('_', " ");
            match value {
                ParamValue::Float(value) => write!(f, "{comma}{name} {}", short(*value))?,
                value => write!(f, "{comma}{name} {}", value.to_text())?,
            }
        }
        Ok(())
    }
}

/// A number with five significant digits at most.
fn short(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return value.to_string();
    }
    let magnitude = value.abs().log10().floor() as i32;
    if !(-4..9).contains(&magnitude) {
        return format!("{value:.4e}");
    }
    let decimals = usize::try_from(4 - magnitude).unwrap_or(0);
    let text = format!("{value:.decimals$}");
    if text.contains('.') {
        let text = text.trim_end_matches('0').trim_end_matches('.');
        return text.to_owned();
    }
    text
}

/// What became of a step.
#[derive(Debug, Clone, PartialEq)]
pub struct StepReport<'a> {
    /// Its name in the pipeline.
    pub step: &'a str,
    /// Whether it ran.
    pub status: Status,
    /// Why it did not, or could not.
    pub reason: Option<String>,
    /// How long it took, references and saving included.
    pub elapsed: Duration,
    /// What it found.
    pub summary: Summary,
}

/// Somebody who is told how a run goes on. Calls come in order, from the thread of the run.
pub trait Observer: Sync {
    /// The steps of this run in order, before the first; those that turn out not to apply are among them.
    fn planned(&self, steps: &[&str]) {
        let _ = steps;
    }

    /// A step begins.
    fn step_begins(&self, step: &str) {
        let _ = step;
    }

    /// A step has ended.
    fn step_ended(&self, report: &StepReport<'_>) {
        let _ = report;
    }

    /// A product was saved.
    fn saved(&self, path: &Path) {
        let _ = path;
    }
}

/// Nobody.
impl Observer for () {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let shown = [
            (0.0, "0"),
            (1.0, "1"),
            (0.123_456_7, "0.12346"),
            (123_456.7, "123457"),
            (-2.5, "-2.5"),
            (1.25e-9, "1.2500e-9"),
        ];
        for (value, expected) in shown {
            assert_eq!(short(value), expected);
        }
    }

    #[test]
    fn counts_of_products_add_up_and_the_largest_number_stays() {
        let of = |jumps: i64, shift: f64| -> Summary {
            [("jumps", jumps.into()), ("shift_mas", shift.into())]
                .into_iter()
                .collect()
        };
        let mut summary = of(3, -2.0);
        summary.merge(of(4, 1.0));
        summary.merge(of(0, -5.0));
        assert_eq!(summary, of(7, -5.0));
        assert!(Summary::default().is_empty() && !summary.is_empty());
        assert_eq!(summary.get("jumps"), Some(&ParamValue::Int(7)));
    }
}
