//! A context as large as those of today, composed of real rules.
//!
//! No context of today with all its files is at hand: of 2026 there are the pipeline mapping, an instrument mapping with the names of all
//! types, and one rule file. So every rule file here is the largest real one of its instrument and type in an older cache, under a
//! new name and with its own sum; for types that are new, the largest ones of the cache in turn. The instrument mappings name
//! every type of the real one, most of them `N/A`, as it does.

use std::{collections::BTreeMap, fmt::Write, fs, path::Path};

use crds::MemorySource;
use sha1::{Digest, Sha1};

/// Mappings of a context of today: one for the pipeline, six of instruments, the others rule files.
const MAPPINGS: usize = 257;

/// The instruments that rules of references are for; `SYSTEM` has none.
const INSTRUMENTS: [&str; 5] = ["fgs", "miri", "nircam", "niriss", "nirspec"];

/// The name of the context.
pub(crate) const CONTEXT: &str = "jwst_9999.pmap";

/// A text with the number in `'sha1sum' : '...'` made right.
fn summed(text: &str) -> String {
    let mut sum = Sha1::new();
    let lines = text.split_inclusive('\n');
    lines
        .filter(|line| !line.contains("sha1sum"))
        .for_each(|line| sum.update(line));
    let digits = sum
        .finalize()
        .iter()
        .fold(String::new(), |mut text, octet| {
            let _ = write!(text, "{octet:02x}");
            text
        });
    with_entry(text, "sha1sum", &digits)
}

/// A header's entry with another value.
fn with_entry(text: &str, key: &str, value: &str) -> String {
    let is_entry = |line: &&str| {
        let rest = line.trim_start().strip_prefix(&format!("'{key}'"));
        rest.is_some_and(|rest| rest.trim_start().starts_with(':'))
    };
    match text.split_inclusive('\n').find(is_entry) {
        Some(line) => text.replacen(line, &format!("    '{key}' : '{value}',\n"), 1),
        None => text.to_owned(),
    }
}

/// The largest rule file of every instrument and type.
fn largest(mappings: &Path) -> BTreeMap<(String, String), String> {
    let mut largest: BTreeMap<(String, String), String> = BTreeMap::new();
    for entry in fs::read_dir(mappings).expect("a cache").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some(stem) = name.strip_suffix(".rmap") else {
            continue;
        };
        let parts: Vec<&str> = stem.split('_').collect();
        let ["jwst", instrument, kind, _] = parts[..] else {
            continue;
        };
        let Ok(text) = fs::read_to_string(entry.path()) else {
            continue;
        };
        let known = largest.entry((instrument.to_owned(), kind.to_owned()));
        let known = known.or_default();
        if text.len() > known.len() {
            *known = text;
        }
    }
    largest
}

/// All types that an instrument mapping names.
fn types(instrument_mapping: &str) -> Vec<String> {
    let (_, selector) = instrument_mapping.split_once("selector").expect("types");
    let keys = selector.lines().filter_map(|line| line.split('\'').nth(1));
    keys.map(str::to_lowercase).collect()
}

/// Which instruments and types have rules: those that ever had, then others in order until there are enough.
fn with_rules(
    real: &BTreeMap<(String, String), String>,
    types: &[String],
) -> Vec<(String, String)> {
    let pair = |instrument: &str, kind: &String| (instrument.to_owned(), kind.clone());
    let all = types
        .iter()
        .flat_map(|kind| INSTRUMENTS.map(|name| pair(name, kind)));
    let (mut first, rest): (Vec<_>, Vec<_>) = all.partition(|pair| real.contains_key(pair));
    first.extend(rest);
    first.truncate(MAPPINGS - 2 - INSTRUMENTS.len());
    first.sort();
    first
}

/// Composes the context; gives its mappings, ready to be read and as texts by name.
///
/// `mappings` is the directory of an older cache, `today` has `jwst_1596.pmap` and `jwst_nirspec_0444.imap`.
pub(crate) fn compose(mappings: &Path, today: &Path) -> (MemorySource, BTreeMap<String, String>) {
    let read = |name: &str| fs::read_to_string(today.join(name)).expect("a mapping of today");
    let (pipeline, instrument_mapping) = (read("jwst_1596.pmap"), read("jwst_nirspec_0444.imap"));
    let (real, types) = (largest(mappings), types(&instrument_mapping));
    let mut in_turn: Vec<&String> = real.values().collect();
    in_turn.sort_by_key(|text| std::cmp::Reverse(text.len()));
    let mut in_turn = in_turn.into_iter().cycle();
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    let chosen = with_rules(&real, &types);
    for pair in &chosen {
        let (instrument, kind) = pair;
        let text = real
            .get(pair)
            .or_else(|| in_turn.next())
            .expect("a rule file");
        let name = format!("jwst_{instrument}_{kind}_9999.rmap");
        let text = with_entry(text, "name", &name);
        let text = with_entry(&text, "instrument", &instrument.to_uppercase());
        let text = with_entry(&text, "filekind", &kind.to_uppercase());
        files.insert(name, text);
    }
    for instrument in INSTRUMENTS.into_iter().chain(["system"]) {
        let mut entries = String::new();
        for kind in &types {
            let has = chosen.contains(&(instrument.to_owned(), kind.clone()));
            let rules = format!("jwst_{instrument}_{kind}_9999.rmap");
            let value = if has { &rules } else { "N/A" };
            let _ = writeln!(entries, "    '{}' : '{value}',", kind.to_uppercase());
        }
        let (header, _) = instrument_mapping.split_once("selector").expect("a header");
        let name = format!("jwst_{instrument}_9999.imap");
        let header = with_entry(header, "name", &name);
        let header = with_entry(&header, "instrument", &instrument.to_uppercase());
        files.insert(name, format!("{header}selector = {{\n{entries}}}\n"));
    }
    let (header, _) = pipeline.split_once("selector").expect("a header");
    let mut entries = String::new();
    for name in INSTRUMENTS.into_iter().chain(["system"]) {
        let file = format!("jwst_{name}_9999.imap");
        let _ = writeln!(entries, "    '{}' : '{file}',", name.to_uppercase());
    }
    let header = with_entry(header, "name", CONTEXT);
    files.insert(
        CONTEXT.to_owned(),
        format!("{header}selector = {{\n{entries}}}\n"),
    );
    let mut source = MemorySource::default();
    for (name, text) in &mut files {
        *text = summed(text);
        source.insert(name, text);
    }
    (source, files)
}
