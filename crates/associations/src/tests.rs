//! Tests of reading, of roles and of paths.

use std::path::Path;

use proptest::prelude::*;

use super::{Association, AssociationError, MemberPaths, Role};

const LEVEL_2: &str = r#"{
    "asn_type": "image2", "asn_rule": "DMSLevel2bBase", "version_id": null, "asn_id": "o001", "asn_pool": "pool_1",
    "products": [
        {"name": "jw1_nrcb1", "members": [
            {"expname": "jw1_nrcb1_rate.fits", "exptype": "science", "exposerr": null},
            {"expname": "sky/jw2_nrcb1_rate.fits", "exptype": "BACKGROUND"},
            {"expname": "jw3_nrcb1_rate.fits", "exptype": "background"},
            {"expname": "a.x", "exptype": "novelty"}
        ]}
    ]
}"#;

fn parse(text: &str) -> Result<Association, AssociationError> {
    Association::parse(text.as_bytes(), Path::new("data/x_asn.json"))
}

#[test]
fn members_have_roles_and_places() {
    let association = parse(LEVEL_2).unwrap();
    let product = &association.products[0];
    let science = association.only(product, &Role::Science).unwrap();
    assert_eq!(science.name, "jw1_nrcb1_rate.fits");
    assert!(science.other.contains_key("exposerr"));
    let paths = association.paths_of(product, &Role::Background, MemberPaths::Inside);
    let expected = ["data/sky/jw2_nrcb1_rate.fits", "data/jw3_nrcb1_rate.fits"];
    assert_eq!(paths.unwrap(), expected.map(Path::new));
    assert_eq!(product.members[3].role, Role::Other("novelty".to_string()));
    assert_eq!(association.text("asn_id"), Some("o001"));
    assert_eq!(association.pool(), "pool_1");
    let error = association.only(product, &Role::Psf).unwrap_err();
    assert_eq!(
        error.to_string(),
        "association data/x_asn.json: the product jw1_nrcb1 has no member of type psf"
    );
}

#[test]
fn errors_say_where_and_what() {
    let messages = [
        ("[1]", "its content: expected a mapping, found a list"),
        (
            "{}",
            "products: expected a list that is not empty, found nothing",
        ),
        (
            r#"{"products": []}"#,
            "products: expected a list that is not empty, found an empty list",
        ),
        (
            r#"{"products": [3]}"#,
            "products[0]: expected a mapping, found 3",
        ),
        (
            r#"{"products": [{"name": "x", "members": [{"expname": "a"}]}]}"#,
            "products[0].members[0].exptype: expected a text, found nothing",
        ),
        (
            r#"{"products": [{"members": [{"expname": "a", "exptype": "science"}]}]}"#,
            "products[0].name: expected a text, found nothing",
        ),
    ];
    for (text, message) in messages {
        let error = parse(text).unwrap_err().to_string();
        assert_eq!(error, format!("association data/x_asn.json: {message}"));
    }
    assert!(matches!(
        parse("{,}"),
        Err(AssociationError::NotJson { .. })
    ));
}

#[test]
fn members_stay_in_the_directory() {
    let text = |name: &str| {
        format!(
            r#"{{"products": [{{"name": "x", "members": [{{"expname": "{name}", "exptype": "science"}}]}}]}}"#
        )
    };
    let inside = std::path::absolute("data/deep/a.fits").unwrap();
    for (name, allowed) in [
        ("a.fits", true),
        ("./deep/../a.fits", true),
        (inside.to_str().unwrap(), true),
        ("../a.fits", false),
        ("deep/../../data2/a.fits", false),
        ("/etc/a.fits", false),
        ("../../../../../../../../../../../../../../a.fits", false),
    ] {
        let association = parse(&text(name)).unwrap();
        let member = &association.products[0].members[0];
        let path = association.path_of(member, MemberPaths::Inside);
        assert_eq!(path.is_ok(), allowed, "{name}: {path:?}");
        assert!(association.path_of(member, MemberPaths::Anywhere).is_ok());
    }
}

#[test]
fn all_missing_members_are_named() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("a.x"), "").unwrap();
    let path = directory.path().join("x_asn.json");
    std::fs::write(&path, LEVEL_2).unwrap();
    let association = Association::open(&path).unwrap();
    let error = association.check_members(MemberPaths::Inside).unwrap_err();
    let AssociationError::Missing { members, .. } = error else {
        panic!("another error: {error}")
    };
    let expected = [
        "jw1_nrcb1_rate.fits",
        "sky/jw2_nrcb1_rate.fits",
        "jw3_nrcb1_rate.fits",
    ];
    assert_eq!(members, expected.map(|name| directory.path().join(name)));
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = Association::open(Path::new("no/such_asn.json")).unwrap_err();
    assert!(error.to_string().contains("no/such_asn.json"), "{error}");
}

proptest! {
    #[test]
    fn no_content_panics(text in "\\PC{0,40}") {
        let _ = parse(&text);
    }

    #[test]
    fn names_of_roles_survive(name in "[a-z_]{1,12}") {
        let role = Role::from_name(&name);
        prop_assert_eq!(role.name(), name);
    }
}
