use proptest::prelude::*;

use super::*;

fn parse(text: &str) -> Result<Literal, SyntaxError> {
    parse_literal(text, &Limits::default())
}

fn kind(text: &str) -> Kind {
    parse(text).expect(text).kind
}

/// Expected values from Python 3.11 `ast.literal_eval`.
#[test]
fn reads_what_python_reads() {
    let table = [
        ("('a' \"b\"\n'c')", "'abc'"),
        (r"'\x41\u00e9\n\101\q\''", r#""Aé\nA\\q'""#),
        ("r'\\n'", r"'\\n'"),
        ("b'\\xff' b'a'", r"b'\xffa'"),
        ("'''a\n'b' ''' ", "\"a\\n'b' \""),
        ("(1)", "1"),
        ("(1,)", "(1,)"),
        ("()", "()"),
        ("[1, 2,]", "[1, 2]"),
        ("{}", "{}"),
        ("{1, 2}", "{1, 2}"),
        ("{'a': 1, 'a': 2}", "{'a': 1, 'a': 2}"),
        ("-1.5e3", "-1500.0"),
        ("0x_ff", "255"),
        ("1_000", "1000"),
        (".5", "0.5"),
        ("1.", "1.0"),
        ("-1e5", "-100000.0"),
        ("99999999999999999999", "1e+20"),
        ("None", "None"),
        ("[True, False]", "[True, False]"),
        ("# c\n 1 # d\n", "1"),
        (
            "datetime.datetime(2024, 1, 2)",
            "datetime.datetime(2024, 1, 2)",
        ),
        ("'a\\\nb'", "'ab'"),
        ("u'x'", "'x'"),
        ("(1 \\\n, 2)", "(1, 2)"),
    ];
    for (text, expected) in table {
        assert_eq!(kind(text), kind(expected), "{text}");
        assert_eq!(parse(text).expect(text).to_string(), expected, "{text}");
    }
}

#[test]
fn an_error_names_the_place_and_what_was_expected() {
    let table = [
        (
            "{'a': 1,\n 'b' 2}",
            "line 2, column 6: expected `:`, found the number 2",
        ),
        ("{'a'; 1}", "line 1, column 5: expected `}`, found `;`"),
        (
            "[1 2]",
            "line 1, column 4: expected `,` or `]`, found the number 2",
        ),
        (
            "['a'",
            "line 1, column 5: expected `,` or `]`, found the end of the text",
        ),
        (
            "'a\n'",
            "line 1, column 3: expected a closing ', found the end of the line",
        ),
        (
            "f'{x}'",
            "line 1, column 1: expected a plain string, found a string with prefix `f`",
        ),
        (
            "name",
            "line 1, column 5: expected `(` after the name `name`, which is no literal, found the end of the text",
        ),
        (
            "1 + 1",
            "line 1, column 3: expected the end of the text, found `+`",
        ),
        (
            "'\\xg1'",
            "line 1, column 2: expected the hexadecimal code of a character, found `\\x`",
        ),
        ("$", "line 1, column 1: expected a literal, found `$`"),
        (
            "",
            "line 1, column 1: expected a literal, found the end of the text",
        ),
    ];
    for (text, expected) in table {
        assert_eq!(parse(text).expect_err(text).to_string(), expected, "{text}");
    }
}

#[test]
fn depth_and_length_are_limited() {
    let deep = "[".repeat(100_000);
    assert!(
        parse(&deep)
            .expect_err("too deep")
            .expected
            .contains("64 levels")
    );
    assert!(parse(&format!("{}1{}", "(".repeat(63), ")".repeat(63))).is_ok());
    let limits = Limits {
        bytes: 3,
        depth: 64,
    };
    assert!(parse_literal("[1, 2]", &limits).is_err());
}

#[test]
fn of_repeated_keys_the_last_value_stands_at_the_first_place() {
    let literal = parse("{'a': 1, 'b': 2, 'a': 3, 1: 4, True: 5, 1.0: 6}").expect("a dictionary");
    let entries: Vec<String> = literal
        .entries()
        .expect("entries")
        .iter()
        .map(|(k, v)| format!("{k}={v}"))
        .collect();
    assert_eq!(entries, ["'a'=3", "'b'=2", "1=6"]);
    assert_eq!(
        literal.get("a").map(Literal::to_string).as_deref(),
        Some("3")
    );
}

fn literals() -> impl Strategy<Value = Literal> {
    let leaf = prop_oneof![
        Just(Kind::None),
        any::<bool>().prop_map(Kind::Bool),
        (i64::MIN + 1..).prop_map(Kind::Int),
        any::<f64>()
            .prop_filter("finite", |value| value.is_finite())
            .prop_map(Kind::Float),
        any::<String>().prop_map(Kind::Str),
        prop::collection::vec(any::<u8>(), 0..8).prop_map(Kind::Bytes),
    ];
    leaf.prop_map(Literal::from)
        .prop_recursive(4, 64, 6, |inner| {
            let items = prop::collection::vec(inner.clone(), 0..6);
            prop_oneof![
                items.clone().prop_map(Kind::Tuple),
                items.clone().prop_map(Kind::List),
                prop::collection::vec(inner.clone(), 1..6).prop_map(Kind::Set),
                prop::collection::vec((inner.clone(), inner), 0..6).prop_map(Kind::Dict),
                ("[A-Z][a-z]{1,8}", items)
                    .prop_filter("no constants", |(name, _)| !["None", "True", "False"]
                        .contains(&name.as_str()))
                    .prop_map(|(name, items)| Kind::Call(name, items)),
            ]
            .prop_map(Literal::from)
        })
}

proptest! {
    #[test]
    fn what_is_written_reads_back(literal in literals()) {
        let text = literal.to_string();
        prop_assert_eq!(parse(&text).map_err(|error| format!("{error}: {text}")), Ok(literal));
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let text = String::from_utf8_lossy(&bytes);
        let _: Result<Literal, SyntaxError> = parse(&text);
    }

    #[test]
    fn any_mixture_of_marks_is_read_or_refused(text in r#"[\[\](){},:'"\\xubrN09.eE+\-_a#\n é;=]{0,60}"#) {
        if let Ok(literal) = parse(&text) {
            prop_assert_eq!(parse(&literal.to_string()), Ok(literal));
        }
    }
}
