//! Cards of every kind, read from files of other programs and written again.

use datamodels::io::fits::{Card, CardValue, FitsReader, HduSpec, Payload, write_fits};
use datamodels::{ImageModel, Model};

use crate::raw::{Folder, again, edit, image, image_model, primary, records};

/// A file of one small image whose primary header has the given cards.
fn opened(cards: &[&str]) -> ImageModel {
    let folder = Folder::new();
    let sci = image("SCI", -32, &[2, 2], &[], &[0; 16]);
    let path = folder.write("in.fits", &[primary(cards), sci]);
    ImageModel::open(&path).expect("the file is read")
}

/// The cards with a keyword in the primary header after the file was read and written.
fn rewritten(cards: &[&str], keyword: &str) -> Vec<Card> {
    let folder = Folder::new();
    let path = folder.path("out.fits");
    opened(cards).save(&path).expect("the model is written");
    let reader = FitsReader::open(&path).expect("the file is read");
    let all = &reader.hdus()[0].header.cards;
    all.iter()
        .filter(|card| card.keyword == keyword)
        .cloned()
        .collect()
}

fn text(value: &str) -> CardValue {
    CardValue::Text(value.to_string())
}

#[test]
fn unknown_cards_keep_their_value_and_comment() {
    for (card, value, comment) in [
        (
            "MYINT   =                  -42 / an integer",
            CardValue::Integer(-42),
            "an integer",
        ),
        (
            "MYREAL  =              1.5D-07 / a real",
            CardValue::Real(1.5e-7),
            "a real",
        ),
        (
            "MYFLAG  =                    F / a flag",
            CardValue::Logical(false),
            "a flag",
        ),
        (
            "MYTEXT  = 'it''s / here'       / a text",
            text("it's / here"),
            "a text",
        ),
        ("MYEMPTY = ''                   / empty", text(""), "empty"),
        (
            "MYNULL  =                      / undefined",
            CardValue::Undefined,
            "undefined",
        ),
        (
            "MYBIG   = 123456789012345678901234567890 / big",
            CardValue::Verbatim("123456789012345678901234567890".into()),
            "big",
        ),
        (
            "MYCMPLX =           (1.0, 2.0) / complex",
            CardValue::Verbatim("(1.0, 2.0)".into()),
            "complex",
        ),
    ] {
        let keyword = card[..8].trim();
        let found = rewritten(&[card], keyword);
        assert_eq!(found, [Card::new(keyword, value, comment)], "{card}");
    }
}

#[test]
fn repeated_unknown_keywords_are_all_kept() {
    let values: Vec<CardValue> = rewritten(
        &[
            "MYKEY   =                    1",
            "MYKEY   =                    2",
        ],
        "MYKEY",
    )
    .into_iter()
    .map(|card| card.value)
    .collect();
    assert_eq!(values, [CardValue::Integer(1), CardValue::Integer(2)]);
}

#[test]
fn comments_blanks_and_history_are_kept() {
    let cards = [
        "COMMENT one = 'not a value'",
        "COMMENT two",
        "        a blank keyword",
        "HISTORY first",
        "HISTORY = second",
    ];
    let texts = |keyword: &str| -> Vec<String> {
        rewritten(&cards, keyword)
            .into_iter()
            .map(|card| card.comment)
            .collect()
    };
    assert_eq!(texts("COMMENT"), ["one = 'not a value'", "two"]);
    assert_eq!(texts("HISTORY"), ["first", "= second"]);
    assert!(
        texts("").contains(&"a blank keyword".to_string()),
        "{:?}",
        texts("")
    );
}

#[test]
fn history_does_not_grow_when_a_file_is_rewritten() {
    let twice = again(&again(&opened(&["HISTORY only once"])));
    let entries = twice
        .meta
        .get("history.entries")
        .and_then(asdf::Node::as_sequence);
    assert_eq!(entries.map(<[_]>::len), Some(1));
}

#[test]
fn hierarch_cards_are_kept() {
    for (card, keyword, value) in [
        (
            "HIERARCH ESO DET CHIP1 ID = 'CCD-44' / name",
            "ESO DET CHIP1 ID",
            text("CCD-44"),
        ),
        (
            "HIERARCH ESO TEL AIRM START = 1.25",
            "ESO TEL AIRM START",
            CardValue::Real(1.25),
        ),
        (
            "HIERARCH A VERY LONG NAME THAT LEAVES NO ROOM FOR A PADDED VALUE IN IT = 7",
            "A VERY LONG NAME THAT LEAVES NO ROOM FOR A PADDED VALUE IN IT",
            CardValue::Integer(7),
        ),
        (
            "HIERARCH A VERY LONG NAME THAT LEAVES HARDLY ANY ROOM FOR A TEXT IN IT='ab'",
            "A VERY LONG NAME THAT LEAVES HARDLY ANY ROOM FOR A TEXT IN IT",
            text("ab"),
        ),
    ] {
        let found = rewritten(&[card], keyword);
        assert_eq!(
            found.first().map(|card| &card.value),
            Some(&value),
            "{card}: {found:?}"
        );
    }
}

#[test]
fn long_strings_continue_over_records() {
    let region = "POLYGON ICRS  80.487763312 -69.498499406 it''s 'quoted' & more ".repeat(6);
    let mut model = image_model();
    model.meta.set("meta.wcsinfo.s_region", region.trim_end());
    let folder = Folder::new();
    let path = folder.path("long.fits");
    model.save(&path).expect("the model is written");
    let lines = records(&path, 1);
    assert!(
        lines
            .iter()
            .filter(|line| line.starts_with("CONTINUE  '"))
            .count()
            >= 5
    );
    let read = ImageModel::open(&path).expect("the file is read");
    assert_eq!(
        read.meta.text("meta.wcsinfo.s_region"),
        Some(region.trim_end())
    );
    let reader = FitsReader::open(&path).expect("the file is read");
    let sci = reader.require("SCI").expect("there is a SCI");
    let card = sci.header.get("S_REGION").and_then(Card::as_str);
    assert_eq!(
        card,
        Some(region.trim_end()),
        "the header alone holds all of it"
    );
}

#[test]
fn the_comment_of_a_long_string_is_kept() {
    let comment = "a comment that does not fit behind the end of the string";
    for length in [60, 66, 67, 68, 69, 70, 120, 133, 134, 135, 136] {
        let value = CardValue::Text("x".repeat(length));
        let card = Card::new("MYTEXT", value, comment);
        let folder = Folder::new();
        let path = folder.path("comment.fits");
        let hdus = [HduSpec {
            name: "PRIMARY".into(),
            version: 1,
            cards: vec![card.clone()],
            payload: Payload::Empty,
        }];
        write_fits(&path, &hdus, |_| Ok(Vec::new())).expect("the file is written");
        let reader = FitsReader::open(&path).expect("the file is read");
        let read = reader.hdus()[0].header.get("MYTEXT").expect("it is there");
        assert_eq!(read.value, card.value);
        if length > 68 {
            assert_eq!(read.comment, comment, "{length}");
        }
    }
}

#[test]
fn strings_may_end_in_an_ampersand_or_be_full_of_quotes() {
    for value in [
        "AT&T&".to_string(),
        "'".repeat(150),
        format!("{}&", "x".repeat(140)),
        "&".repeat(200),
    ] {
        let mut model = image_model();
        model.meta.set("meta.target.catalog_name", value.as_str());
        let folder = Folder::new();
        let path = folder.path("odd.fits");
        model.save(&path).expect("the model is written");
        let reader = FitsReader::open(&path).expect("the file is read");
        let card = reader.hdus()[0]
            .header
            .get("TARGNAME")
            .and_then(Card::as_str);
        assert_eq!(card, Some(value.as_str()));
    }
}

#[test]
fn text_outside_ascii_is_kept_in_the_tree_and_the_header_stays_valid() {
    let mut model = image_model();
    model.meta.set("meta.target.catalog_name", "Å Cas – β");
    assert_eq!(
        again(&model).meta.text("meta.target.catalog_name"),
        Some("Å Cas – β")
    );
}

#[test]
fn numbers_keep_all_digits_and_nan_is_left_to_the_tree() {
    let mut model = image_model();
    model
        .meta
        .set("meta.exposure.start_time", -1.234_567_890_123_456_7e-300);
    model.meta.set("meta.exposure.duration", f64::NAN);
    let read = again(&model);
    assert_eq!(
        read.meta.number("meta.exposure.start_time"),
        Some(-1.234_567_890_123_456_7e-300)
    );
    assert!(
        read.meta
            .number("meta.exposure.duration")
            .is_some_and(f64::is_nan)
    );
}

#[test]
fn an_edited_header_wins_over_the_tree() {
    let folder = Folder::new();
    let path = folder.path("edited.fits");
    image_model().save(&path).expect("the model is written");
    edit(&path, "TARGNAME= 'NGC 4151'", "TARGNAME= 'NGC 5548'");
    let read = ImageModel::open(&path).expect("the file is read");
    assert_eq!(read.meta.text("meta.target.catalog_name"), Some("NGC 5548"));
    read.save(&path).expect("the model is written");
    let read = ImageModel::open(&path).expect("the file is read");
    assert_eq!(read.meta.text("meta.target.catalog_name"), Some("NGC 5548"));
    // A keyword that the file never had does not come from nowhere.
    assert_eq!(read.meta.text("meta.target.proposer_name"), None);
}

#[test]
fn the_tree_wins_where_the_header_is_as_it_was_written() {
    let folder = Folder::new();
    let path = folder.path("edited.fits");
    image_model().save(&path).expect("the model is written");
    edit(&path, "catalog_name: NGC 4151", "catalog_name: NGC 9999");
    let read = ImageModel::open(&path).expect("the file is read");
    assert_eq!(read.meta.text("meta.target.catalog_name"), Some("NGC 9999"));
}

#[test]
fn a_header_without_asdf_extension_gives_the_metadata() {
    let model = opened(&[
        "INSTRUME= 'NIRISS  '",
        "EXPSTART=            60105.25",
        "NINTS   =                    3",
        "TSOVISIT=                    F",
    ]);
    assert_eq!(
        model.meta.instrument().name().ok().as_deref(),
        Some("NIRISS")
    );
    assert_eq!(
        model.meta.number("meta.exposure.start_time"),
        Some(60_105.25)
    );
    assert_eq!(model.meta.exposure().integrations().ok(), Some(3));
    assert_eq!(model.meta.flag("meta.visit.tsovisit"), Some(false));
}
