//! From the literal `selector` of a rule file to a tree of selectors.

use std::collections::HashMap;

use super::{
    Choice, Selector, Terminal,
    matching::{ColumnHead, MatchTable},
    nearest::{Bracket, Nearest},
    pattern::condition_element,
    useafter::Dated,
    version::{Bound, SelectVersion, Version},
};
use crate::{
    literal::{Kind, Literal, SyntaxError, unique_entries},
    mapping::is_file_name,
    value::condition,
};

/// By parameter: what a rule writes, and what it stands for.
pub(crate) type Substitutions = HashMap<String, Vec<(Literal, Literal)>>;

/// Words that stand where a file name could.
const SPECIAL: [&str; 7] = [
    "N/A",
    "TEMP_N/A",
    "n/a",
    "temp_n/a",
    "OMIT",
    "TEMP_OMIT",
    "omit",
];

/// What the header of a rule file says about its selector.
pub(crate) struct Builder<'a> {
    /// The place of every parameter in a view.
    pub(crate) slots: &'a HashMap<String, usize>,
    pub(crate) substitutions: &'a Substitutions,
    pub(crate) merge_overlaps: bool,
}

/// An entry of a selector as written.
struct Entry<'a> {
    key: Literal,
    value: &'a Literal,
}

fn wrong(at: &Literal, expected: impl Into<String>, found: impl Into<String>) -> SyntaxError {
    SyntaxError {
        position: at.position,
        expected: expected.into(),
        found: found.into(),
    }
}

impl Builder<'_> {
    /// Builds the tree of `selector`, whose levels use the parameters of `levels` in turn.
    pub(crate) fn build(
        &self,
        selector: &Literal,
        levels: &[Vec<String>],
    ) -> Result<Selector, SyntaxError> {
        let Kind::Call(name, arguments) = &selector.kind else {
            return Err(wrong(
                selector,
                "a selector such as Match({...})",
                selector.describe(),
            ));
        };
        let Some((parameters, deeper)) = levels.split_first() else {
            return Err(wrong(
                selector,
                "no more selectors than parkey has levels",
                format!("{name} below them"),
            ));
        };
        let entries = self.substituted(entries(selector, name, arguments)?, parameters)?;
        let slots: Result<Vec<usize>, SyntaxError> = parameters
            .iter()
            .map(|name| {
                let slot = self.slots.get(name).copied();
                slot.ok_or_else(|| wrong(selector, "a parameter of parkey", format!("`{name}`")))
            })
            .collect();
        let slots = slots?;
        let first = || match slots.first() {
            Some(slot) => Ok(*slot),
            None => Err(wrong(
                selector,
                format!("a parameter for {name} in parkey"),
                "none",
            )),
        };
        let choose = |entry: &Entry<'_>| self.choice(entry.value, deeper);
        match name.as_str() {
            "Match" => self.match_table(selector, &entries, parameters, &slots, deeper),
            "UseAfter" => Ok(Selector::UseAfter(dated(
                slots, &entries, choose, text_key,
            )?)),
            "ClosestTime" => Ok(Selector::ClosestTime(dated(
                slots, &entries, choose, text_key,
            )?)),
            "VersionAfter" => Ok(Selector::VersionAfter(dated(
                slots,
                &entries,
                choose,
                version_key,
            )?)),
            "GeometricallyNearest" => {
                let key = |key: &Literal| Ok(condition(&key.python_str()));
                Ok(Selector::Nearest(Nearest::new(
                    first()?,
                    keyed(&entries, choose, key)?,
                )))
            }
            "Bracket" => Ok(Selector::Bracket(Bracket::new(
                first()?,
                keyed(&entries, choose, number_key)?,
            ))),
            "SelectVersion" => {
                let versions = SelectVersion::new(first()?, keyed(&entries, choose, relation_key)?);
                let mixed = || wrong(selector, "versions of one kind", "numbers and tuples");
                Ok(Selector::SelectVersion(versions.ok_or_else(mixed)?))
            }
            _ => Err(wrong(
                selector,
                "one of Match, UseAfter, VersionAfter, ClosestTime, GeometricallyNearest, Bracket, SelectVersion",
                format!("`{name}`"),
            )),
        }
    }

    fn match_table(
        &self,
        selector: &Literal,
        entries: &[Entry<'_>],
        parameters: &[String],
        slots: &[usize],
        deeper: &[Vec<String>],
    ) -> Result<Selector, SyntaxError> {
        let mut rows: Vec<(Vec<String>, Choice)> = Vec::with_capacity(entries.len());
        for entry in entries {
            let key: Vec<String> = match &entry.key.kind {
                Kind::Tuple(elements) => elements.iter().map(condition_element).collect(),
                _ => vec![condition_element(&entry.key)],
            };
            if key.len() != parameters.len() {
                let expected = format!("a key with {} elements, as parkey has", parameters.len());
                return Err(wrong(&entry.key, expected, format!("{}", entry.key)));
            }
            rows.push((key, self.choice(entry.value, deeper)?));
        }
        rows.sort_by(|a, b| a.0.cmp(&b.0));
        if let Some(twice) = rows.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(wrong(
                selector,
                "different keys",
                format!("{:?} twice", twice[0].0),
            ));
        }
        let head = |(name, slot): (&String, &usize)| ColumnHead {
            name: name.clone(),
            slot: *slot,
            substitutes: self.text_substitutes(name),
        };
        let heads = parameters.iter().zip(slots).map(head).collect();
        let table = MatchTable::new(heads, rows, self.merge_overlaps);
        let table =
            table.map_err(|error| wrong(selector, error.expected, format!("`{}`", error.found)))?;
        Ok(Selector::Match(table))
    }

    /// The substitutions of a parameter from one text to another.
    fn text_substitutes(&self, parameter: &str) -> HashMap<String, String> {
        let known = self.substitutions.get(parameter).into_iter().flatten();
        known
            .filter_map(|(from, to)| Some((from.as_str()?.to_owned(), to.as_str()?.to_owned())))
            .collect()
    }

    /// Replaces elements of keys that the header substitutes.
    ///
    /// Parity: crds/core/selectors.py `do_substitutions`: values are compared as written, before conditioning, and an entry whose
    /// new key exists already takes that one's place.
    fn substituted<'a>(
        &self,
        mut entries: Vec<Entry<'a>>,
        parameters: &[String],
    ) -> Result<Vec<Entry<'a>>, SyntaxError> {
        for (place, parameter) in parameters.iter().enumerate() {
            let Some(known) = self.substitutions.get(parameter) else {
                continue;
            };
            let substitute = |value: &Literal| {
                known
                    .iter()
                    .find(|(from, _)| from == value)
                    .map(|(_, to)| to.clone())
            };
            let mut at = 0;
            let mut left = entries.len();
            while left > 0 {
                left -= 1;
                let key = &entries[at].key;
                let new = match &key.kind {
                    Kind::Tuple(elements) => {
                        let Some(element) = elements.get(place) else {
                            let expected =
                                format!("a key with {} elements, as parkey has", parameters.len());
                            return Err(wrong(key, expected, key.to_string()));
                        };
                        substitute(element).map(|to| {
                            let mut elements = elements.clone();
                            elements[place] = to;
                            Kind::Tuple(elements)
                        })
                    }
                    _ => substitute(key).map(|to| to.kind),
                };
                let Some(kind) = new else {
                    at += 1;
                    continue;
                };
                let mut entry = entries.remove(at);
                entry.key.kind = kind;
                match entries.iter_mut().find(|other| other.key == entry.key) {
                    Some(other) => other.value = entry.value,
                    None => entries.push(entry),
                }
            }
        }
        Ok(entries)
    }

    fn choice(&self, value: &Literal, deeper: &[Vec<String>]) -> Result<Choice, SyntaxError> {
        if matches!(value.kind, Kind::Call(..)) {
            return Ok(Choice::Selector(Box::new(self.build(value, deeper)?)));
        }
        Ok(Choice::Terminal(terminal(value)?))
    }
}

/// The names under a key.
fn terminal(value: &Literal) -> Result<Terminal, SyntaxError> {
    match &value.kind {
        Kind::Str(name) if SPECIAL.contains(&name.as_str()) || is_file_name(name) => {
            Ok(Terminal::Name(name.clone()))
        }
        Kind::Str(name) => Err(wrong(
            value,
            "the name of a file (letters, digits, `.`, `_`, `-`, no directory)",
            format!("{name:?}"),
        )),
        Kind::Tuple(items) | Kind::List(items) => Ok(Terminal::Several(
            items.iter().map(terminal).collect::<Result<_, _>>()?,
        )),
        Kind::Dict(_) => {
            let named = value.entries().unwrap_or_default().into_iter();
            let named: Result<_, _> = named
                .map(|(key, value)| Ok((key.python_str(), terminal(value)?)))
                .collect();
            Ok(Terminal::Named(named?))
        }
        _ => Err(wrong(
            value,
            "the name of a file or a selector",
            value.describe(),
        )),
    }
}

/// The entries of a selector: one dictionary, or one list of pairs.
fn entries<'a>(
    selector: &Literal,
    name: &str,
    arguments: &'a [Literal],
) -> Result<Vec<Entry<'a>>, SyntaxError> {
    let expected = || format!("one dictionary in {name}(...)");
    let [argument] = arguments else {
        return Err(wrong(
            selector,
            expected(),
            format!("{} arguments", arguments.len()),
        ));
    };
    let pairs = match &argument.kind {
        Kind::Dict(_) => argument.entries().unwrap_or_default(),
        Kind::List(items) | Kind::Tuple(items) => {
            let pair = |item: &'a Literal| match item.as_sequence() {
                Some([key, value]) => Ok((key, value)),
                _ => Err(wrong(item, "a pair of key and value", item.describe())),
            };
            let pairs: Result<Vec<_>, _> = items.iter().map(pair).collect();
            unique_entries(pairs?.into_iter())
        }
        _ => return Err(wrong(argument, expected(), argument.describe())),
    };
    let entry = |(key, value): (&Literal, &'a Literal)| Entry {
        key: key.clone(),
        value,
    };
    Ok(pairs.into_iter().map(entry).collect())
}

fn keyed<'a, K>(
    entries: &[Entry<'a>],
    choose: impl Fn(&Entry<'a>) -> Result<Choice, SyntaxError>,
    key: impl Fn(&Literal) -> Result<K, SyntaxError>,
) -> Result<Vec<(K, Choice)>, SyntaxError> {
    entries
        .iter()
        .map(|entry| Ok((key(&entry.key)?, choose(entry)?)))
        .collect()
}

fn dated<'a, K: Ord>(
    slots: Vec<usize>,
    entries: &[Entry<'a>],
    choose: impl Fn(&Entry<'a>) -> Result<Choice, SyntaxError>,
    key: impl Fn(&Literal) -> Result<K, SyntaxError>,
) -> Result<Dated<K>, SyntaxError> {
    Ok(Dated::new(slots, keyed(entries, choose, key)?))
}

fn text_key(key: &Literal) -> Result<String, SyntaxError> {
    let text = key.as_str().map(str::to_owned);
    text.ok_or_else(|| wrong(key, "a date as a string", key.describe()))
}

fn version_key(key: &Literal) -> Result<Version, SyntaxError> {
    let version = key.as_str().and_then(Version::parse);
    version.ok_or_else(|| wrong(key, "a version such as '1.2.3'", key.to_string()))
}

fn number_key(key: &Literal) -> Result<f64, SyntaxError> {
    match key.kind {
        Kind::Int(value) => Ok(value as f64),
        Kind::Float(value) => Ok(value),
        _ => Err(wrong(key, "a number", key.describe())),
    }
}

fn relation_key(key: &Literal) -> Result<Bound, SyntaxError> {
    Bound::parse(key).ok_or_else(|| {
        wrong(
            key,
            "a version relation such as '<5' or 'default'",
            key.to_string(),
        )
    })
}
