//! `GeometricallyNearest` and `Bracket`: entries along a number.

use std::borrow::Cow;

use super::{Choice, Failure, Picked, Terminal, View};
use crate::value::python_number;

/// The entry whose number is closest, the first of several.
#[derive(Debug, Clone)]
pub(crate) struct Nearest {
    slot: usize,
    entries: Vec<(String, Choice)>,
}

fn number(view: &View<'_>, slot: usize) -> Result<f64, Failure> {
    let text = view.value(slot);
    python_number(text)
        .ok_or_else(|| Failure::invalid(format!("expected a number, found '{text}'")))
}

impl Nearest {
    /// Entries with conditioned keys; they are tried in the order of their texts.
    pub(super) fn new(slot: usize, mut entries: Vec<(String, Choice)>) -> Self {
        entries.sort_by(|a, b| a.0.cmp(&b.0));
        Self { slot, entries }
    }

    pub(super) fn choices(&self) -> Vec<&Choice> {
        self.entries.iter().map(|(_, choice)| choice).collect()
    }

    /// Parity: crds/core/selectors.py `GeometricallyNearestSelector` takes differences of 32-bit floats; a difference that is no
    /// number counts as the smallest.
    pub(super) fn choose<'s>(&'s self, view: &View<'_>) -> Picked<'s> {
        let value = number(view, self.slot)? as f32;
        let mut best: Option<(f32, &Choice)> = None;
        for (key, choice) in &self.entries {
            let Some(key) = python_number(key) else {
                return Err(Failure::invalid(format!(
                    "expected a number as key of a rule, found '{key}'"
                )));
            };
            let difference = (key as f32 - value).abs();
            if best.is_none_or(|(least, _)| {
                !least.is_nan() && (difference < least || difference.is_nan())
            }) {
                best = Some((difference, choice));
            }
        }
        match best {
            Some((_, choice)) => choice.choose(view),
            None => Err(Failure::invalid("there is no entry to be near to")),
        }
    }
}

/// The entries on both sides of a number; at or beyond an edge, the same entry twice.
#[derive(Debug, Clone)]
pub(crate) struct Bracket {
    slot: usize,
    entries: Vec<(f64, Choice)>,
}

impl Bracket {
    /// Sorts `entries` by number.
    pub(super) fn new(slot: usize, mut entries: Vec<(f64, Choice)>) -> Self {
        entries.sort_by(|a, b| a.0.total_cmp(&b.0));
        Self { slot, entries }
    }

    pub(super) fn choices(&self) -> Vec<&Choice> {
        self.entries.iter().map(|(_, choice)| choice).collect()
    }

    pub(super) fn choose<'s>(&'s self, view: &View<'_>) -> Picked<'s> {
        let value = number(view, self.slot)?;
        let Some(last) = self.entries.len().checked_sub(1) else {
            return Err(Failure::invalid("there is no entry to bracket with"));
        };
        let above = self
            .entries
            .iter()
            .take_while(|(key, _)| value > *key)
            .count();
        let (low, high) = if above > last {
            (last, last)
        } else if above == 0 || value == self.entries[above].0 {
            (above, above)
        } else {
            (above - 1, above)
        };
        let low = self.entries[low].1.choose(view)?.into_owned();
        let high = self.entries[high].1.choose(view)?.into_owned();
        Ok(Cow::Owned(Terminal::Several(vec![low, high])))
    }
}
