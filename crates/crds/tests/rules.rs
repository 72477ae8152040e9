//! Rules of every kind, with the answers that crds 14.0.3 `heavy_client.local_bestrefs` gives for the same mappings.

use crds::{BestReference, ChecksumPolicy, MemorySource, Observatory, Parameters, Rules, Value};
use proptest::prelude::*;

const DATE: &str = "('META.OBSERVATION.DATE', 'META.OBSERVATION.TIME')";

/// Rules of one type of reference, `x`.
fn rules(parkey: &str, more: &str, selector: &str) -> Rules {
    let mut source = MemorySource::default();
    let rmap = format!(
        "header = {{'mapping': 'REFERENCE', 'name': 'o_i_x_0001.rmap', 'observatory': 'O', 'instrument': 'I', 'filekind': 'X',\n\
         'derived_from': '', 'parkey': {parkey}, {more}}}\nselector = {selector}\n"
    );
    source.insert("o_i_x_0001.rmap", &rmap);
    Rules::new(source, Observatory::new("o", &["i"])).with_checksums(ChecksumPolicy::Ignore)
}

/// The answer for parameters `A`, `B`, a date at midnight.
fn ask(rules: &Rules, a: impl Into<Value>, b: impl Into<Value>, date: &str) -> String {
    let mut parameters: Parameters = [
        ("META.OBSERVATION.DATE", date),
        ("META.OBSERVATION.TIME", "00:00:00"),
    ]
    .into_iter()
    .collect();
    parameters.insert("A", a);
    parameters.insert("B", b);
    match rules
        .best_references("o_i_x_0001.rmap", &parameters, None)
        .expect("answers")
        .remove("x")
    {
        None => "OMIT".into(),
        Some(BestReference::NotFound(_)) => "NOT FOUND".into(),
        Some(answer) => answer.to_string(),
    }
}

#[test]
fn equal_weights_are_merged_and_larger_names_win() {
    let selector = "Match({('X', 'N/A'): UseAfter({'2015-01-01 00:00:00': 'f1', '2017-01-01 00:00:00': 'f9'}),
        ('N/A', '1'): UseAfter({'2015-01-01 00:00:00': 'f2', '2016-01-01 00:00:00': 'f3', '2017-01-01 00:00:00': 'f4'}),
        ('N/A', 'N/A'): UseAfter({'2010-01-01 00:00:00': 'f0'})})";
    let parkey = format!("(('A', 'B'), {DATE})");
    let merged = rules(&parkey, "", selector);
    for (date, expected) in [
        ("2014-01-01", "f0"),
        ("2015-01-01", "f2"),
        ("2016-06-01", "f3"),
        ("2017-01-01", "f9"),
        ("2009-01-01", "NOT FOUND"),
    ] {
        assert_eq!(ask(&merged, "X", 1, date), expected, "{date}");
    }
    let strict = rules(&parkey, "'merge_overlaps': 'False'", selector);
    assert_eq!(ask(&strict, "X", 1, "2016-06-01"), "NOT FOUND");
    assert_eq!(ask(&strict, "X", 2, "2016-06-01"), "f1");
}

#[test]
fn files_of_rows_with_equal_weight_are_all_given() {
    let several = rules(
        "(('A',),)",
        "",
        "Match({'X': 'a', 'X|Y': ('b', 'c'), 'N/A': 'N/A'})",
    );
    assert_eq!(ask(&several, "X", 0, ""), "a, b, c");
    assert_eq!(ask(&several, "Y", 0, ""), "b, c");
    assert_eq!(ask(&several, "Z", 0, ""), "N/A");
}

#[test]
fn relevance_omission_and_need() {
    let parkey = "(('A', 'B'),)";
    let selector = "Match({('X', '1'): 'f', ('N/A', '7'): 'OMIT', ('N/A', '8'): 'TEMP_N/A'})";
    let plain = rules(parkey, "", selector);
    assert_eq!(ask(&plain, "X", 2, ""), "NOT FOUND");
    assert_eq!(ask(&plain, "X", 7, ""), "OMIT");
    assert_eq!(ask(&plain, "X", 8, ""), "N/A");
    assert_eq!(
        ask(
            &rules(parkey, "'reffile_required': 'NO'", selector),
            "X",
            2,
            ""
        ),
        "N/A"
    );
    let relevant = rules(
        parkey,
        "'rmap_relevance': '(A in (\"X\", \"Y\"))', 'rmap_omit': '(B == \"3.0\")'",
        selector,
    );
    assert_eq!(ask(&relevant, "Z", 1, ""), "N/A");
    assert_eq!(ask(&relevant, "X", 1, ""), "f");
    assert_eq!(ask(&relevant, "X", 3, ""), "OMIT");
    // Outside parentheses the header's texts are in lower case: `true` is a name that nobody knows.
    assert_eq!(
        ask(&rules(parkey, "'rmap_omit': 'True'", selector), "X", 1, ""),
        "f"
    );
    let ignored = rules(
        parkey,
        "'parkey_relevance': {'b': '(A != \"X\")'}",
        "Match({('X', 'N/A'): 'f', ('Y', '1'): 'g'})",
    );
    assert_eq!(ask(&ignored, "X", 99, ""), "f");
    assert_eq!(ask(&ignored, "Y", 99, ""), "NOT FOUND");
}

#[test]
fn substitutions_and_typed_keys() {
    let substituted = rules(
        "(('A', 'SUBARRAY'),)",
        "'substitutions': {'A': {'ALL': 'X|Y', 'L': ['Z', 1]}}",
        "Match({('ALL', 'GENERIC'): 'f', ('L', 'N/A'): 'g'})",
    );
    assert_eq!(ask(&substituted, "Y", 0, ""), "f");
    assert_eq!(ask(&substituted, "1", 0, ""), "g");
    assert_eq!(ask(&substituted, "ALL", 0, ""), "NOT FOUND");
}

#[test]
fn the_rarer_selectors() {
    let versions = rules(
        "(('A',),)",
        "",
        "VersionAfter({'0.1.2': 'v1', '0.10.1rc1': 'v2', '1': 'v3'})",
    );
    for (version, expected) in [
        ("0.10.0", "v1"),
        ("0.10.1", "v2"),
        ("3.0.0.dev1", "v3"),
        ("0.1.1", "NOT FOUND"),
        ("x", "NOT FOUND"),
    ] {
        assert_eq!(ask(&versions, version, 0, ""), expected, "{version}");
    }
    let closest = rules(
        &format!("({DATE},)"),
        "",
        "ClosestTime({'2015-01-01 00:00:00': 'c1', '2016-01-01': 'c2'})",
    );
    assert_eq!(ask(&closest, 0, 0, "2015-06-01"), "c1");
    assert_eq!(ask(&closest, 0, 0, "2099-06-01"), "c2");
    let nearest = rules(
        "(('A',), ('B',))",
        "",
        "GeometricallyNearest({1.2: SelectVersion({'<3.1': 'n1', '<5': 'n2', 'default': 'n3'}), 5: 'n4'})",
    );
    for (a, b, expected) in [
        (0.0, 3.0, "n1"),
        (1.0, 3.1, "n2"),
        (2.0, 5.0, "n3"),
        (3.1, 0.0, "n1"),
        (4.0, 0.0, "n4"),
    ] {
        assert_eq!(ask(&nearest, a, b, ""), expected, "{a} {b}");
    }
    let bracket = rules("(('A',),)", "", "Bracket({1.2: 'b1', 3: 'b2'})");
    for (a, expected) in [
        (0.0, "b1, b1"),
        (1.2, "b1, b1"),
        (2.0, "b1, b2"),
        (3.0, "b2, b2"),
        (9.0, "b2, b2"),
    ] {
        assert_eq!(ask(&bracket, a, 0, ""), expected, "{a}");
    }
}

#[test]
fn a_value_that_no_rule_names_is_refused_before_patterns_are_tried() {
    let strict = rules("(('A',),)", "", "Match({'Z*': 'f', '>5': 'g', 'Y': 'h'})");
    assert_eq!(ask(&strict, "ZED", 0, ""), "NOT FOUND");
    assert_eq!(ask(&strict, 6, 0, ""), "NOT FOUND");
    assert_eq!(ask(&strict, "Z*", 0, ""), "f");
    let free = rules("(('A',),)", "", "Match({'Z*': 'f', '>5': 'g', 'N/A': 'h'})");
    assert_eq!(ask(&free, "ZED", 0, ""), "f");
    assert_eq!(ask(&free, 6, 0, ""), "g");
}

proptest! {
    #[test]
    fn any_text_is_a_mapping_or_an_error(text in "(header|selector|comment|[ ={}()\\[\\]:,'a-zA-Z0-9#\n.é-]){0,80}") {
        let _: Result<_, _> = crds::Mapping::parse("any.rmap", &text, ChecksumPolicy::Ignore);
    }

    #[test]
    fn any_key_is_a_rule_or_an_error(key in "\\PC{0,20}", value in "\\PC{0,20}") {
        let mut source = MemorySource::default();
        let key = crds::literal::Literal::from(crds::literal::Kind::Str(key)).to_string();
        source.insert("a.rmap", &format!(
            "header = {{'mapping': '', 'name': '', 'observatory': '', 'instrument': '', 'filekind': 'X', 'derived_from': '', \
             'parkey': (('A',),)}}\nselector = Match({{{key}: 'f'}})"));
        let rules = Rules::new(source, Observatory::new("o", &[])).with_checksums(ChecksumPolicy::Ignore);
        let parameters: Parameters = [("A", value)].into_iter().collect();
        let _: Result<_, _> = rules.best_references("a.rmap", &parameters, None);
    }
}
