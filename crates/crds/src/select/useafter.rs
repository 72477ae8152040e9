//! `UseAfter`, `VersionAfter` and `ClosestTime`: entries in order of a date or a version.

use super::{Choice, Failure, Picked, Reason, View, date::Moment, version::Version};

/// Entries in ascending order of their keys; no key twice.
#[derive(Debug, Clone)]
pub(crate) struct Dated<K> {
    slots: Vec<usize>,
    entries: Vec<(K, Choice)>,
}

impl<K: Ord> Dated<K> {
    /// Sorts `entries`, whose keys differ.
    pub(super) fn new(slots: Vec<usize>, mut entries: Vec<(K, Choice)>) -> Self {
        entries.sort_by(|a, b| a.0.cmp(&b.0));
        Self { slots, entries }
    }

    pub(super) fn choices(&self) -> Vec<&Choice> {
        self.entries.iter().map(|(_, choice)| choice).collect()
    }

    /// The last entry at or before `key`.
    fn latest<'s>(&'s self, key: &K) -> Option<&'s (K, Choice)> {
        let after = self.entries.partition_point(|(own, _)| own <= key);
        self.entries[..after].last()
    }
}

/// One selector, or several that count as one: at equal keys the entry with the larger file name stands.
pub(super) struct DatedGroup<'g, 's, K>(pub(super) &'g [&'s Dated<K>]);

/// The choice that stands where two entries have the same key.
fn larger<'s>(a: &'s Choice, b: &'s Choice) -> Result<&'s Choice, Failure> {
    match (a, b) {
        (Choice::Terminal(x), Choice::Terminal(y)) => Ok(if x >= y { a } else { b }),
        _ => Err(Failure::invalid(
            "entries of the same date cannot be compared",
        )),
    }
}

impl<'s, K: Ord> DatedGroup<'_, 's, K> {
    fn latest(&self, key: &K) -> Result<Option<(&'s K, &'s Choice)>, Failure> {
        let mut best: Option<&'s (K, Choice)> = None;
        let mut choice = None;
        for dated in self.0 {
            let Some(found) = dated.latest(key) else {
                continue;
            };
            match best.map(|best| found.0.cmp(&best.0)) {
                Some(std::cmp::Ordering::Less) => {}
                Some(std::cmp::Ordering::Equal) => {
                    choice = Some(larger(choice.unwrap_or(&found.1), &found.1)?);
                }
                _ => {
                    best = Some(found);
                    choice = Some(&found.1);
                }
            }
        }
        Ok(best.map(|best| &best.0).zip(choice))
    }
}

impl<'s> DatedGroup<'_, 's, String> {
    /// The last entry at or before the date. Dates are compared as text, in their normal form.
    pub(super) fn use_after(&self, view: &View<'_>) -> Picked<'s> {
        let date = view.date(&self.0[0].slots)?;
        match self.latest(&date)? {
            Some((since, choice)) => {
                view.note(|| Reason::UseAfter {
                    since: since.clone(),
                    date,
                });
                choice.choose(view)
            }
            None => Err(Failure::lookup(format!(
                "no reference is in use as early as {date}"
            ))),
        }
    }

    /// The entry with the smallest difference in time, the earliest of several.
    ///
    /// Parity: crds/core/selectors.py `ClosestTimeSelector` compares differences in seconds as 32-bit floats.
    pub(super) fn closest(&self, view: &View<'_>) -> Picked<'s> {
        let date = view.date(&self.0[0].slots)?;
        let moment = |text: &str| match Moment::parse(text) {
            Some(moment) => Ok(moment.microseconds()),
            None => Err(Failure::invalid(format!(
                "expected a date and time, found '{text}'"
            ))),
        };
        let date = moment(&date)?;
        let mut entries: Vec<(&String, &'s Choice)> = Vec::new();
        for dated in self.0 {
            for (key, choice) in &dated.entries {
                match entries.iter_mut().find(|(known, _)| *known == key) {
                    Some(known) => known.1 = larger(known.1, choice)?,
                    None => entries.push((key, choice)),
                }
            }
        }
        entries.sort_by(|a, b| a.0.cmp(b.0));
        let mut best: Option<(f32, &'s Choice)> = None;
        for (key, choice) in entries {
            let seconds = ((date - moment(key)?).abs() as f64 / 1e6) as f32;
            if best.is_none_or(|(least, _)| seconds < least) {
                best = Some((seconds, choice));
            }
        }
        match best {
            Some((_, choice)) => choice.choose(view),
            None => Err(Failure::invalid("there is no entry to be close to")),
        }
    }
}

impl<'s> DatedGroup<'_, 's, Version> {
    /// The last entry at or before the version.
    pub(super) fn version_after(&self, view: &View<'_>) -> Picked<'s> {
        let parts: Vec<&str> = self.0[0]
            .slots
            .iter()
            .map(|slot| view.value(*slot))
            .collect();
        let text = parts.join(".");
        let Some(version) = Version::parse(&text) else {
            return Err(Failure::invalid(format!(
                "expected a version, found '{text}'"
            )));
        };
        match self.latest(&version)? {
            Some((_, choice)) => choice.choose(view),
            None => Err(Failure::lookup(format!(
                "no reference is in use as early as version {text}"
            ))),
        }
    }
}
