use proptest::prelude::*;

use crate::{Error, Mapping, Node};

use super::{EmitOptions, Limits, YAML_TAG, emit, parse};

fn value(text: &str) -> Node {
    let tree = parse(&format!("a: {text}\n"), &Limits::default()).unwrap();
    tree.get("a").unwrap().clone()
}

fn yaml_tagged(suffix: &str, text: &str) -> Node {
    Node::tagged(format!("{YAML_TAG}{suffix}"), text)
}

fn error_line(text: &str) -> usize {
    match parse(text, &Limits::default()) {
        Err(Error::Yaml { line, .. }) => line,
        other => panic!("expected an error, found {other:?}"),
    }
}

/// Each as `yaml.load(text, Loader=asdf.yamlutil.AsdfLoader)` gives it with `PyYAML` 6.0.3 and asdf 5.4.0.
#[test]
fn plain_scalars_mean_what_pyyaml_says() {
    let strings = [
        "1e5",
        "1.0e5",
        "0o17",
        "-.5",
        "+.5",
        "08",
        "nULL",
        "y",
        "1:60",
        "_1",
        "0.1.2",
        "-.nan",
        "2023-6-10",
        "1:30.5.1",
        "2023-06-10T12:00",
        "e5",
        "0b2",
        "0x",
        "<",
    ];
    for text in strings {
        assert_eq!(value(text), Node::from(text), "{text}");
    }
    let integers = [
        ("017", 15),
        ("0x1F", 31),
        ("-0x1f", -31),
        ("0b101", 5),
        ("1_000", 1000),
        ("1:30", 90),
        ("-1:30:59", -5459),
        ("+12", 12),
        ("-0", 0),
        ("-9223372036854775808", i64::MIN),
        ("0_", 0),
    ];
    for (text, expected) in integers {
        assert_eq!(value(text), Node::Int(expected), "{text}");
    }
    let floats = [
        ("1.", 1.0),
        (".5", 0.5),
        ("1.5e+3", 1500.0),
        ("1_0.5_0", 10.5),
        ("1:30.5", 90.5),
        ("-.inf", f64::NEG_INFINITY),
        (".NaN", f64::NAN),
        ("-0.0", 0.0),
        ("1.e+5", 1e5),
    ];
    for (text, expected) in floats {
        assert_eq!(value(text), Node::Float(expected), "{text}");
    }
    for (text, expected) in [
        ("yes", true),
        ("On", true),
        ("TRUE", true),
        ("no", false),
        ("OFF", false),
    ] {
        assert_eq!(value(text), Node::Bool(expected), "{text}");
    }
    for text in ["", "~", "null", "NULL"] {
        assert_eq!(value(text), Node::Null, "{text}");
    }
    for text in [
        "2023-06-10",
        "2023-6-1 1:00:00",
        "2023-06-10T12:00:00.5 +1:00",
        "2023-06-10 12:00:00Z",
    ] {
        assert_eq!(value(text), yaml_tagged("timestamp", text), "{text}");
    }
    assert_eq!(
        value("9223372036854775808"),
        yaml_tagged("int", "9223372036854775808")
    );
}

#[test]
fn tags_decide_over_the_look_of_a_scalar() {
    assert_eq!(value("!!str 12"), Node::from("12"));
    assert_eq!(value("!!int '12'"), Node::from(12));
    assert_eq!(value("!!float 1"), Node::from(1.0));
    assert_eq!(value("!x 12"), Node::tagged("!x", "12"));
    assert_eq!(value("!<tag:x:y> 12"), Node::tagged("tag:x:y", "12"));
    // As older versions of asdf wrote times.
    assert_eq!(
        value("! '2020-04-17 17:40:03'"),
        yaml_tagged("timestamp", "2020-04-17 17:40:03")
    );
    assert_eq!(error_line("a: 1\nb: !!int x\n"), 2);
    assert_eq!(error_line("a: !<%C3%A9> x\n"), 1);
}

/// As `yaml.dump({'a': 'x\u2028y z'}, Dumper=asdf.yamlutil.AsdfDumper, allow_unicode=True)` breaks the line.
#[test]
fn line_separators_take_their_indent_with_them() {
    assert_eq!(value("'x\u{2028}    y z'"), Node::from("x\u{2028}y z"));
    assert_eq!(
        value("\"x\u{2028}    y z\""),
        Node::from("x\u{2028}    y z")
    );
}

#[test]
fn tag_handles_are_resolved_and_written_again() {
    let text = "%YAML 1.1\n%TAG ! tag:stsci.edu:asdf/\n--- !core/asdf-1.1.0\na: !<asdf://x.y/z> [1]\nb: !u/unit pixel\n...\n";
    let tree = parse(text, &Limits::default()).unwrap();
    assert_eq!(tree.tag(), Some("tag:stsci.edu:asdf/core/asdf-1.1.0"));
    assert_eq!(tree.get("a").and_then(Node::tag), Some("asdf://x.y/z"));
    assert_eq!(
        tree.get("b").and_then(Node::tag),
        Some("tag:stsci.edu:asdf/u/unit")
    );
    let written = emit(&tree, &EmitOptions::default()).unwrap();
    assert!(text.ends_with(&written), "{written}");
}

#[test]
fn aliases_expand_and_merge_keys_merge() {
    let text = "a: &x {k: 1, l: 2}\nb: *x\nc: {<<: *x, k: 3}\nd: {<<: [{k: 7, m: 8}, *x], k: 9}\n";
    let tree = parse(text, &Limits::default()).unwrap();
    assert_eq!(tree.get("b"), tree.get("a"));
    assert_eq!(tree.get_path("c.k"), Some(&Node::from(3)));
    assert_eq!(tree.get_path("c.l"), Some(&Node::from(2)));
    let expected = Mapping::from_iter([
        ("k", Node::from(9)),
        ("l", Node::from(2)),
        ("m", Node::from(8)),
    ]);
    assert_eq!(tree.get("d"), Some(&Node::from(expected)));
    assert_eq!(
        parse("a: 1\na: 2\n", &Limits::default()).unwrap().get("a"),
        Some(&Node::from(2))
    );
}

#[test]
fn hostile_trees_are_refused() {
    assert_eq!(error_line("b: 1\na: &x [1, *x]\n"), 2);
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for i in 1..12 {
        let aliases = vec![format!("*a{}", i - 1); 10].join(", ");
        bomb = format!("{bomb}a{i}: &a{i} [{aliases}]\n");
    }
    assert!(error_line(&bomb) < 9);
    error_line(&format!("a: {}", "[".repeat(10_000)));
    let mut nested = String::new();
    for i in 0..5000 {
        nested.push_str(&" ".repeat(i));
        nested.push_str(
            "a:
",
        );
    }
    assert_eq!(error_line(&nested), Limits::default().depth + 1);
    // The depth counts what an alias brings along.
    let half: String = (0..150).map(|_| "[").chain((0..150).map(|_| "]")).collect();
    let text = format!(
        "a: &a {half}\nb: {}*a{}\n",
        "[".repeat(150),
        "]".repeat(150)
    );
    assert_eq!(error_line(&text), 2);
}

#[test]
fn values_are_written_as_pyyaml_reads_them() {
    let written = |node: Node| {
        let text = emit(
            &Node::Mapping(Mapping::from_iter([("a", node)])),
            &EmitOptions::default(),
        )
        .unwrap();
        text["---\na: ".len()..text.len() - "\n...\n".len()].to_owned()
    };
    let floats = [
        (1e5, "100000.0"),
        (1e16, "1.0e+16"),
        (1.5e-7, "1.5e-07"),
        (-1e300, "-1.0e+300"),
        (0.1, "0.1"),
        (-0.0, "-0.0"),
        (f64::INFINITY, ".inf"),
        (f64::NAN, ".nan"),
    ];
    for (float, expected) in floats {
        assert_eq!(written(Node::Float(float)), expected);
    }
    let quoted = [
        "2023-06-10",
        "true",
        "1.0",
        "null",
        "",
        " a",
        "a ",
        "a: b",
        "a #b",
        "- a",
        "<<",
        "=",
        "1:30",
        "*a",
        "a:",
    ];
    for text in quoted {
        assert_eq!(written(Node::from(text)), format!("'{text}'"));
    }
    for text in [
        "1e5",
        "word",
        "a b",
        "a#b",
        "a:b",
        "é",
        "fits:SCI,1",
        "-a",
        "/path/to",
    ] {
        assert_eq!(written(Node::from(text)), text);
    }
    assert_eq!(written(Node::from("it's")), "it's");
    assert_eq!(
        written(Node::from("a\n\tb\u{1}\u{2028}")),
        r#""a\n\tb\x01\u2028""#
    );
    assert_eq!(
        written(yaml_tagged("int", "9223372036854775808")),
        "9223372036854775808"
    );
}

#[test]
fn collections_are_laid_out_as_asdf_does() {
    let inner = Mapping::from_iter([("x", Node::from(1)), ("y", Node::from("a, b"))]);
    let list = Node::Sequence(vec![
        Node::from(inner.clone()),
        Node::tagged("tag:x:y", Node::Sequence(vec![inner.into()])),
    ]);
    let tree = Node::Mapping(Mapping::from_iter([
        ("empty", Node::default()),
        ("list", list),
    ]));
    let expected =
        "---\nempty: {}\nlist:\n- {x: 1, y: 'a, b'}\n- !<tag:x:y>\n  - {x: 1, y: 'a, b'}\n...\n";
    assert_eq!(emit(&tree, &EmitOptions::default()).unwrap(), expected);
}

#[test]
fn what_yaml_cannot_hold_is_refused() {
    for tree in [
        Node::tagged("a", Node::tagged("b", "x")),
        Node::tagged("é", "x"),
        Node::tagged("", "x"),
    ] {
        assert!(matches!(
            emit(&tree, &EmitOptions::default()),
            Err(Error::Unwritable(_))
        ));
    }
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{0,8}",
        "[-a-z0-9:#,\\[\\]{}!&*?|>'\"%@` \t\n.+_~=<\\\\]{0,10}",
        "[0-9.eE+:_xb-]{1,8}",
        "[-a-z1]{1,2}( [-:#,a-z1]{1,2}){1,3}",
        any::<String>(),
        prop::sample::select(vec![
            "yes",
            "null",
            "~",
            "2023-06-10",
            "1e5",
            "...",
            "---",
            "<<",
            "0x1f"
        ])
        .prop_map(str::to_owned),
    ]
}

fn scalar() -> impl Strategy<Value = Node> {
    prop_oneof![
        Just(Node::Null),
        any::<bool>().prop_map(Node::Bool),
        any::<i64>().prop_map(Node::Int),
        any::<f64>().prop_map(Node::Float),
        text().prop_map(Node::String),
        ("[a-z]{1,5}:[!-~]{1,8}", text()).prop_map(|(tag, text)| Node::tagged(tag, text)),
    ]
}

fn tree() -> impl Strategy<Value = Node> {
    scalar().prop_recursive(5, 60, 6, |inner| {
        let list = prop::collection::vec(inner.clone(), 0..6).prop_map(Node::Sequence);
        let entries = prop::collection::vec(
            (
                prop_oneof![9 => text().prop_map(Node::String), 1 => inner.clone()],
                inner,
            ),
            0..6,
        );
        let map = entries.prop_map(|entries| Node::Mapping(entries.into_iter().collect()));
        prop_oneof![
            list.clone(),
            map.clone(),
            ("[a-z]{1,5}:[!-~]{1,8}", prop_oneof![list, map])
                .prop_map(|(tag, node)| Node::tagged(tag, node)),
        ]
    })
}

/// As bits, so that the sign of zero counts.
fn same_bits(a: &Node, b: &Node) -> bool {
    format!("{a:?}") == format!("{b:?}")
}

proptest! {
    #[test]
    fn a_tree_survives_being_written(tree in tree()) {
        let text = emit(&tree, &EmitOptions::default()).unwrap();
        let document = format!("%YAML 1.1\n%TAG ! tag:stsci.edu:asdf/\n{text}");
        let again = parse(&document, &Limits::default()).unwrap();
        prop_assert!(same_bits(&again, &tree), "{again:?}\n{text}");
    }

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        if let Ok(tree) = parse(&text, &Limits::default()) {
            let _ = emit(&tree, &EmitOptions::default());
        }
    }

    #[test]
    fn any_yaml_like_text_is_read_or_refused(text in "([-a:#,\\[\\]{}!&*?|>'\"%<.~01] ?|\n {0,4}){0,60}") {
        if let Ok(tree) = parse(&text, &Limits::default()) {
            let _ = emit(&tree, &EmitOptions::default());
        }
    }
}
