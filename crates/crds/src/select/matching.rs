//! `Match`: a table whose rows are keys and whose columns are parameters.
//!
//! Every column keeps, for the values that its rows name literally, the set of rows as bits, so that a search costs a look-up
//! and a few bitwise operations per column however many rows there are; patterns are kept once each.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap, HashSet},
};

use super::{
    Choice, Failure, Picked, Reason, Selector, Terminal, View,
    pattern::{Fit, Pattern, PatternError, alternatives, is_esoteric},
};
use crate::value::{NOT_APPLICABLE, condition, python_number, python_strip};

/// Deepest chain of negations and substitutions of a value.
const MAX_CHECKS: usize = 64;

/// A set of rows.
#[derive(Debug, Clone, Default)]
struct Rows(Vec<u64>);

impl Rows {
    fn none(count: usize) -> Self {
        Self(vec![0; count.div_ceil(64)])
    }

    fn insert(&mut self, row: usize) {
        self.0[row / 64] |= 1 << (row % 64);
    }

    fn contains(&self, row: usize) -> bool {
        self.0[row / 64] >> (row % 64) & 1 == 1
    }

    fn add(&mut self, other: &Self) {
        self.0
            .iter_mut()
            .zip(&other.0)
            .for_each(|(own, other)| *own |= other);
    }

    fn keep(&mut self, other: &Self) {
        self.0
            .iter_mut()
            .zip(&other.0)
            .for_each(|(own, other)| *own &= other);
    }

    fn iter(&self) -> impl Iterator<Item = usize> {
        self.0.iter().enumerate().flat_map(|(word, bits)| {
            (0..64)
                .filter(move |bit| bits >> bit & 1 == 1)
                .map(move |bit| word * 64 + bit)
        })
    }
}

/// What values a parameter may have.
#[derive(Debug, Clone)]
enum Valid {
    /// Anything.
    Any,
    /// These, unless they are wild cards or expressions themselves.
    Listed(HashSet<String>),
}

/// The patterns of one parameter.
#[derive(Debug, Clone)]
struct Column {
    name: String,
    slot: usize,
    valid: Valid,
    /// What the rule file's own substitutions turn a value into.
    substitutes: HashMap<String, String>,
    /// Rows that fit a value with weight because they name it.
    named: HashMap<String, Rows>,
    /// Rows that name values: without weight they fit `N/A`, with weight `*`.
    naming: Rows,
    /// Rows that fit everything without weight.
    neutral: Rows,
    /// Other patterns and their rows.
    patterns: Vec<(Pattern, Rows)>,
}

/// The rows that fit a value, with and without weight.
struct Fitting {
    weighted: Rows,
    all: Rows,
}

impl Column {
    fn fitting(&self, value: &str, count: usize) -> Fitting {
        let mut weighted = match self.named.get(value) {
            Some(rows) => rows.clone(),
            None => Rows::none(count),
        };
        if value == "*" {
            weighted.add(&self.naming);
        }
        let mut all = self.neutral.clone();
        if value == NOT_APPLICABLE {
            all.add(&self.naming);
        }
        for (pattern, rows) in &self.patterns {
            match pattern.fit(value) {
                Fit::Yes => weighted.add(rows),
                Fit::Neutral => all.add(rows),
                Fit::No => {}
            }
        }
        all.add(&weighted);
        Fitting { weighted, all }
    }

    /// Checks a value against those that the rows name.
    ///
    /// Parity: crds/core/selectors.py `_validate_value`. A value that a pattern other than a wild card would fit is refused
    /// all the same if no row names it literally (`MIR_FLAT*` alone does not admit `MIR_FLATMRS`).
    fn check(&self, value: &str, depth: usize) -> Result<(), Failure> {
        let Valid::Listed(listed) = &self.valid else {
            return Ok(());
        };
        let unknown = || Failure::invalid(format!("no rule knows {} = '{value}'", self.name));
        if listed.contains(value) || listed.contains(&condition(value)) {
            return Ok(());
        }
        if depth == 0 {
            return Err(unknown());
        }
        if let Some(negated) = value.strip_prefix("NOT") {
            return self.check(python_strip(negated), depth - 1);
        }
        if value == "*" || value == "ANY" || value == NOT_APPLICABLE || is_esoteric(value) {
            return Ok(());
        }
        if let (1, Some(range)) = (listed.len(), listed.iter().next())
            && range.contains(':')
        {
            return if in_range(value, range) {
                Ok(())
            } else {
                Err(unknown())
            };
        }
        match self.substitutes.get(value) {
            Some(substitute) => self.check(substitute, depth - 1),
            None => Err(unknown()),
        }
    }
}

/// True if `value` is a number within `low:high`.
fn in_range(value: &str, range: &str) -> bool {
    let bounds: Option<Vec<f64>> = range.split(':').map(python_number).collect();
    match (bounds.as_deref(), python_number(value)) {
        (Some([low, high]), Some(value)) => *low <= value && value <= *high,
        _ => false,
    }
}

/// A table of keys and what they lead to, in the order of the keys.
#[derive(Debug, Clone)]
pub(crate) struct MatchTable {
    columns: Vec<Column>,
    choices: Vec<Choice>,
    /// The patterns of each row.
    keys: Vec<Vec<String>>,
    merge_overlaps: bool,
}

/// A parameter of a table before its rows are known.
pub(super) struct ColumnHead {
    pub(super) name: String,
    pub(super) slot: usize,
    pub(super) substitutes: HashMap<String, String>,
}

impl MatchTable {
    /// Makes a table of rows with conditioned keys, one element per column, in ascending order of the keys.
    pub(super) fn new(
        heads: Vec<ColumnHead>,
        rows: Vec<(Vec<String>, Choice)>,
        merge_overlaps: bool,
    ) -> Result<Self, PatternError> {
        let columns: Result<Vec<Column>, PatternError> = heads
            .into_iter()
            .enumerate()
            .map(|(place, head)| column(head, &rows, place))
            .collect();
        let columns = columns?;
        let (keys, choices) = rows.into_iter().unzip();
        Ok(Self {
            columns,
            choices,
            keys,
            merge_overlaps,
        })
    }

    pub(super) fn choices(&self) -> Vec<&Choice> {
        self.choices.iter().collect()
    }

    /// Rows that fit all values, by weight.
    fn candidates(&self, view: &View<'_>) -> BTreeMap<usize, Vec<usize>> {
        let count = self.choices.len();
        let mut alive: Option<Rows> = None;
        let mut weighted = Vec::with_capacity(self.columns.len());
        for column in &self.columns {
            let fitting = column.fitting(view.value(column.slot), count);
            match &mut alive {
                Some(alive) => alive.keep(&fitting.all),
                None => alive = Some(fitting.all),
            }
            weighted.push(fitting.weighted);
        }
        let mut candidates: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        let mut add = |row: usize| {
            let weight = weighted.iter().filter(|rows| rows.contains(row)).count();
            candidates.entry(weight).or_default().push(row);
        };
        match alive {
            Some(alive) => alive.iter().for_each(&mut add),
            None => (0..count).for_each(&mut add),
        }
        candidates
    }

    pub(super) fn choose<'s>(&'s self, view: &View<'_>) -> Picked<'s> {
        for column in &self.columns {
            column.check(view.value(column.slot), MAX_CHECKS)?;
        }
        for (weight, rows) in self.candidates(view).iter().rev() {
            if rows.len() > 1 && !self.merge_overlaps {
                return Err(Failure::invalid(
                    "several entries fit equally well, and the rules forbid to merge them",
                ));
            }
            for row in rows {
                view.note(|| self.reason(*weight, *row, view));
            }
            match self.choose_among(rows, view) {
                Err(failure) if failure.lookup => view.note(|| Reason::Dropped {
                    weight: *weight,
                    reason: failure.reason,
                }),
                other => return other,
            }
        }
        Err(Failure::lookup(self.no_match(view)))
    }

    fn choose_among<'s>(&'s self, rows: &[usize], view: &View<'_>) -> Picked<'s> {
        let group: Vec<&Choice> = rows.iter().map(|row| &self.choices[*row]).collect();
        match group.as_slice() {
            [single] => single.choose(view),
            [Choice::Selector(_), ..] => Selector::choose_merged(&group, view),
            _ => {
                // Parity: crds/core/selectors.py `winnowing_match`: files named directly by rows of equal weight are all given.
                let names: Option<Vec<Terminal>> = group
                    .iter()
                    .map(|choice| match choice {
                        Choice::Terminal(terminal) => Some(terminal.clone()),
                        Choice::Selector(_) => None,
                    })
                    .collect();
                match names {
                    Some(names) => Ok(Cow::Owned(Terminal::Several(names))),
                    None => Err(Failure::invalid(
                        "several entries fit equally well and cannot be merged",
                    )),
                }
            }
        }
    }

    fn reason(&self, weight: usize, row: usize, view: &View<'_>) -> Reason {
        let columns = self.columns.iter().zip(&self.keys[row]);
        let parameter = |(column, pattern): (&Column, &String)| {
            let value = view.value(column.slot).to_owned();
            (column.name.clone(), pattern.clone(), value)
        };
        Reason::Match {
            weight,
            parameters: columns.map(parameter).collect(),
        }
    }

    fn no_match(&self, view: &View<'_>) -> String {
        let values: Vec<String> = self
            .columns
            .iter()
            .map(|column| format!("{} = '{}'", column.name, view.value(column.slot)))
            .collect();
        format!("no rule fits {}", values.join(", "))
    }
}

fn column(
    head: ColumnHead,
    rows: &[(Vec<String>, Choice)],
    place: usize,
) -> Result<Column, PatternError> {
    let count = rows.len();
    let mut column = Column {
        name: head.name,
        slot: head.slot,
        valid: valid_values(rows.iter().map(|(key, _)| key[place].as_str())),
        substitutes: head.substitutes,
        named: HashMap::new(),
        naming: Rows::none(count),
        neutral: Rows::none(count),
        patterns: Vec::new(),
    };
    let mut places: HashMap<&str, usize> = HashMap::new();
    for (row, (key, _)) in rows.iter().enumerate() {
        let element = key[place].as_str();
        if let Some(known) = places.get(element) {
            column.patterns[*known].1.insert(row);
            continue;
        }
        let mut name = |text: String| {
            column
                .named
                .entry(text)
                .or_insert_with(|| Rows::none(count))
                .insert(row);
        };
        match Pattern::new(element)? {
            Pattern::NotApplicable => column.neutral.insert(row),
            Pattern::Plain(text) => {
                name(text);
                column.naming.insert(row);
            }
            Pattern::AnyOf(parts) => {
                // A value `N/A` fits an or-list without weight even if the list names it.
                parts
                    .into_iter()
                    .filter(|part| part != NOT_APPLICABLE)
                    .for_each(&mut name);
                column.naming.insert(row);
            }
            pattern => {
                let mut own = Rows::none(count);
                own.insert(row);
                places.insert(element, column.patterns.len());
                column.patterns.push((pattern, own));
            }
        }
    }
    Ok(column)
}

/// The values that rows name, unless a wild card or an expression among them admits everything.
fn valid_values<'a>(elements: impl Iterator<Item = &'a str>) -> Valid {
    let mut listed = HashSet::new();
    for element in elements {
        if is_esoteric(element) {
            return Valid::Any;
        }
        listed.extend(alternatives(element));
    }
    if listed.is_empty()
        || ["*", "ANY", NOT_APPLICABLE]
            .iter()
            .any(|wild| listed.contains(*wild))
    {
        Valid::Any
    } else {
        Valid::Listed(listed)
    }
}
