use super::*;
use crate::ParamValue;
use proptest::prelude::*;

crate::choices! {
    /// A choice.
    pub(super) enum Weighting {
        /// First.
        Optimal = "optimal",
        /// Second.
        Unweighted = "unweighted",
    }
}

crate::params! {
    /// One of everything.
    pub(super) struct Everything {
        /// Threshold
        /// of the test [sigma]
        pub threshold: f64 = 4.0, min(0.0), max(10);
        /// A count
        pub count: usize = 3;
        /// A number
        pub number: i64 = -1, min(-5);
        /// A switch
        pub switch: bool = false;
        /// A text
        pub cores: String = "1";
        /// A limited text
        pub mode: String = "all", choices(&["all", "none"]);
        /// An enum
        pub weighting: Weighting = Weighting::Optimal;
        /// Perhaps an enum
        pub maybe_weighting: Option<Weighting> = None;
        /// Perhaps a number
        pub limit: Option<f64> = None, min(0);
        /// A pair
        pub pair: Option<Vec<i64>> = Some(&[1, 2]), items(2..=2);
        /// Numbers
        pub list: Vec<f64> = &[5.0, 4.0];
    }
}

crate::params! {
    /// No parameters.
    pub(super) struct Nothing {}
}

fn one(name: &str, value: impl Into<ParamValue>) -> Result<Everything, ParamError> {
    Everything::from_values(&Values::from_iter([(name, value.into())]))
}

#[test]
fn specs_tell_what_was_declared() {
    let specs = Everything::specs();
    assert_eq!(specs.len(), 11);
    assert_eq!(specs[0].name, "threshold");
    assert_eq!(specs[0].help, "Threshold of the test [sigma]");
    assert_eq!(specs[0].default, ParamValue::Float(4.0));
    assert_eq!(specs[6].choices, ["optimal", "unweighted"]);
    assert!(specs[8].optional);
    assert!(Nothing::specs().is_empty());
    assert_eq!(Nothing::from_values(&Values::new()), Ok(Nothing {}));
}

#[test]
fn defaults_keep_their_own_limits() {
    assert_eq!(Everything::default().validate(), Ok(()));
    assert_eq!(
        Everything::from_values(&Values::new()),
        Ok(Everything::default())
    );
}

#[test]
fn text_is_converted() {
    assert_eq!(one("threshold", "5e0").unwrap().threshold, 5.0);
    assert_eq!(one("count", " 7 ").unwrap().count, 7);
    assert!(one("switch", "YES").unwrap().switch);
    assert_eq!(one("limit", "None").unwrap().limit, None);
    assert_eq!(one("limit", "2").unwrap().limit, Some(2.0));
    assert_eq!(one("cores", "None").unwrap().cores, "None");
    assert_eq!(one("pair", vec!["3", "4"]).unwrap().pair, Some(vec![3, 4]));
    assert_eq!(one("list", "1.5").unwrap().list, [1.5]);
    assert_eq!(
        one("maybe_weighting", "unweighted")
            .unwrap()
            .maybe_weighting,
        Some(Weighting::Unweighted)
    );
}

/// Types as in `configobj.validate`: a float is no integer, an integer is a float, 1 is true.
#[test]
fn typed_values_are_converted() {
    assert_eq!(one("threshold", 5_i64).unwrap().threshold, 5.0);
    assert!(one("switch", 1_i64).unwrap().switch);
    assert!(one("number", 1.0).is_err());
    assert!(one("cores", 1_i64).is_err());
}

#[test]
fn errors_name_parameter_expectation_and_value() {
    let message = |name, value: ParamValue| one(name, value).unwrap_err().to_string();
    let cases = [
        (
            "threshold",
            "11",
            "expected a number from 0 to 10, found \"11\"",
        ),
        (
            "threshold",
            "nan",
            "expected a number from 0 to 10, found \"nan\"",
        ),
        ("count", "-1", "expected an integer >= 0, found \"-1\""),
        ("number", "x", "expected an integer >= -5, found \"x\""),
        ("switch", "up", "expected True or False, found \"up\""),
        ("mode", "some", "expected one of all, none, found \"some\""),
        (
            "weighting",
            "x",
            "expected one of optimal, unweighted, found \"x\"",
        ),
        (
            "limit",
            "-1",
            "expected a number >= 0 or None, found \"-1\"",
        ),
        (
            "pair",
            "1",
            "expected a list of 2 integers or None, found \"1\"",
        ),
    ];
    for (name, value, expected) in cases {
        assert_eq!(
            message(name, value.into()),
            format!("parameter `{name}`: {expected}")
        );
    }
    assert_eq!(
        message("treshold", "1".into()),
        "unknown parameter `treshold`; did you mean `threshold`?"
    );
}

#[test]
fn fields_set_by_hand_are_checked() {
    let params = Everything {
        threshold: -1.0,
        ..Everything::default()
    };
    assert!(params.validate().is_err());
}

proptest! {
    #[test]
    fn values_survive_text(
        threshold in 0.0..10.0_f64,
        count in 0..1000_usize,
        number in -5..i64::MAX,
        switch: bool,
        cores in "[a-z0-9#,' ]{0,6}",
        limit in prop::option::of(0.0..1e300_f64),
        list in prop::collection::vec(-1e9..1e9_f64, 0..4),
    ) {
        let params = Everything { threshold, count, number, switch, cores, limit, list, ..Everything::default() };
        let text: Values = params
            .to_values()
            .iter()
            .map(|(name, value)| (name, ParamValue::from_text(&value.to_text()).unwrap()))
            .collect();
        prop_assert_eq!(Everything::from_values(&text).unwrap(), params);
    }
}
