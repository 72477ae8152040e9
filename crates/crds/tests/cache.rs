//! A small cache made by the test: reading, choosing, finding files, refusing what is wrong.

mod support;

use std::{collections::BTreeMap, fs, path::Path};

use crds::{
    BestReference, ChecksumPolicy, Client, Config, Error, Layout, Observatory, Parameters,
    Reference, Value,
};
use support::server::{self, PIPELINE};

const INSTRUMENT: &str = "\
header = {
    'derived_from' : 'nothing',
    'instrument' : 'CAM',
    'mapping' : 'INSTRUMENT',
    'name' : 'tele_cam_0001.imap',
    'observatory' : 'TELE',
    'parkey' : ('REFTYPE',),
    'sha1sum' : '@',
}

selector = {
    'DARK' : 'tele_cam_dark_0001.rmap',
    'FLAT' : 'N/A',
    'GAIN' : 'OMIT',
}
";

const DARK: &str = "\
header = {
    'derived_from' : 'nothing',
    'filekind' : 'DARK',
    'instrument' : 'CAM',
    'mapping' : 'REFERENCE',
    'name' : 'tele_cam_dark_0001.rmap',
    'observatory' : 'TELE',
    'parkey' : (('META.DETECTOR', 'META.GAIN'), ('META.DATE', 'META.TIME')),
    'sha1sum' : '@',
}

comment = '''
For people.
'''

selector = Match({
    ('A|B', '2') : UseAfter({
        '2020-01-01 00:00:00' : 'tele_cam_dark_0001.fits',
        '2021-01-01 00:00:00' : 'tele_cam_dark_0002.fits',
    }),
    ('B', 'N/A') : UseAfter({
        '2019-01-01 00:00:00' : ('tele_cam_dark_0003.fits', 'tele_cam_dark_0004.fits'),
    }),
})
";

/// Writes a mapping with its own sum.
fn write(root: &Path, name: &str, text: &str) {
    fs::write(root.join("mappings/tele").join(name), server::summed(text))
        .expect("a mapping is written");
}

fn made() -> (tempfile::TempDir, Config) {
    let root = tempfile::tempdir().expect("a directory");
    for part in ["mappings/tele", "references/tele/cam", "config/tele"] {
        fs::create_dir_all(root.path().join(part)).expect("a directory");
    }
    write(root.path(), "tele_0001.pmap", PIPELINE);
    write(root.path(), "tele_cam_0001.imap", INSTRUMENT);
    write(root.path(), "tele_cam_dark_0001.rmap", DARK);
    let server =
        "{'latest_context': 'tele_0001.pmap', 'bad_files_list': ['tele_cam_dark_0003.fits']}";
    fs::write(root.path().join("config/tele/server_config"), server)
        .expect("a configuration is written");
    fs::write(
        root.path()
            .join("references/tele/cam/tele_cam_dark_0001.fits"),
        "x",
    )
    .expect("a reference is written");
    let config = Config::new(root.path(), Observatory::new("tele", &["cam"]));
    (root, config)
}

fn exposure(detector: &str, gain: impl Into<Value>, date: &str) -> Parameters {
    let mut parameters: Parameters = [
        ("meta.instrument.name", "cam"),
        ("META.DETECTOR", detector),
        ("META.DATE", date),
    ]
    .into_iter()
    .collect();
    parameters.insert("META.TIME", "00:00:00.5");
    parameters.insert("META.GAIN", gain);
    parameters
}

fn dark(client: &Client, parameters: &Parameters) -> BestReference {
    let answers = client
        .best_references(None, parameters, Some(&["DARK"]))
        .expect("answers");
    answers["dark"].clone()
}

#[test]
fn answers_follow_weight_and_date() {
    let (_root, config) = made();
    let client = Client::open(config).expect("a client");
    assert_eq!(client.context(), "tele_0001.pmap");
    let file = |name: &str| BestReference::File(name.into());
    let cases: [(&str, Value, &str, BestReference); 4] = [
        (
            "a",
            Value::Integer(2),
            "2020-05-01",
            file("tele_cam_dark_0001.fits"),
        ),
        (
            "A",
            Value::from("2.0"),
            "2021-01-01",
            file("tele_cam_dark_0002.fits"),
        ),
        // Two parameters weigh more than one, but the heavier rule starts later.
        (
            "B",
            Value::Number(2.0),
            "2020-01-01",
            file("tele_cam_dark_0001.fits"),
        ),
        (
            "B",
            Value::Number(2.0),
            "2019-06-01",
            BestReference::Files(vec![
                "tele_cam_dark_0003.fits".into(),
                "tele_cam_dark_0004.fits".into(),
            ]),
        ),
    ];
    for (detector, gain, date, expected) in cases {
        assert_eq!(
            dark(&client, &exposure(detector, gain, date)),
            expected,
            "{detector} {date}"
        );
    }
    for (detector, date) in [("C", "2020-05-01"), ("A", "2018-05-01"), ("A", "soon")] {
        let answer = dark(&client, &exposure(detector, 2, date));
        assert!(
            matches!(answer, BestReference::NotFound(_)),
            "{detector} {date}: {answer}"
        );
    }
    let all = client
        .best_references(None, &exposure("A", 2, "2020-05-01"), None)
        .expect("answers");
    assert_eq!(
        all.keys().map(String::as_str).collect::<Vec<_>>(),
        ["dark", "flat"]
    );
    assert_eq!(all["flat"], BestReference::NotApplicable);
}

#[test]
fn lines_of_json_are_answered() {
    let (_root, config) = made();
    let client = Client::open(config).expect("a client");
    let line = r#"{"META.INSTRUMENT.NAME": "CAM", "META.DETECTOR": "A", "META.GAIN": 2, "META.DATE": "2020-05-01", "META.TIME": "12:00"}"#;
    let answer = |line: &str| {
        crds::bestrefs::answer_line(&client, None, line, None).map(|json| json.to_string())
    };
    assert_eq!(
        answer(line).expect("an answer"),
        r#"{"dark":"tele_cam_dark_0001.fits","flat":"N/A"}"#
    );
    assert_eq!(
        answer(&line.replace('2', "3")).expect("an answer"),
        r#"{"dark":"NOT FOUND","flat":"N/A"}"#
    );
    assert!(matches!(answer("[1]"), Err(Error::Line(_))));
    assert!(matches!(answer("{}"), Err(Error::NoInstrument { .. })));
}

#[test]
fn references_are_files_that_exist_and_are_not_bad() {
    let (root, config) = made();
    let client = Client::open(config.clone()).expect("a client");
    let found = client
        .references(&exposure("A", 2, "2020-05-01"), &["dark", "flat"])
        .expect("references");
    let path = root
        .path()
        .join("references/tele/cam/tele_cam_dark_0001.fits");
    let expected = BTreeMap::from([
        ("dark".into(), Reference::Path(path)),
        ("flat".into(), Reference::NotApplicable),
    ]);
    assert_eq!(found, expected);
    let missing = client
        .references(&exposure("A", 2, "2022-05-01"), &["dark"])
        .expect_err("no such file")
        .to_string();
    for part in [
        "tele_cam_dark_0002.fits",
        "tele_0001.pmap",
        "references/tele/cam/",
    ] {
        assert!(missing.contains(part), "{missing}");
    }
    let bad = client.references(&exposure("B", 3, "2022-05-01"), &["dark"]);
    assert!(matches!(bad, Err(Error::BadReference { .. })), "{bad:?}");
    let allowed = Client::open(Config {
        allow_bad_references: true,
        ..config
    })
    .expect("a client");
    let absent = allowed.references(&exposure("B", 3, "2022-05-01"), &["dark"]);
    assert!(
        matches!(absent, Err(Error::MissingReference { .. })),
        "{absent:?}"
    );
    assert!(matches!(
        client.references(&exposure("C", 3, "2022-05-01"), &["dark"]),
        Err(Error::NotFound { .. })
    ));
}

#[test]
fn bad_rules_are_refused_unless_allowed() {
    let (root, config) = made();
    let server =
        "{'latest_context': 'tele_0001.pmap', 'bad_files_list': ['tele_cam_dark_0001.rmap']}";
    fs::write(root.path().join("config/tele/server_config"), server)
        .expect("a configuration is written");
    let parameters = exposure("A", 2, "2020-05-01");
    let refused = Client::open(config.clone())
        .expect("a client")
        .references(&parameters, &["dark"]);
    assert!(
        matches!(refused, Err(Error::BadRules { .. })),
        "{refused:?}"
    );
    let client = Client::open(Config {
        allow_bad_rules: true,
        ..config
    })
    .expect("a client");
    assert!(client.references(&parameters, &["dark"]).is_ok());
}

#[test]
fn a_flat_cache_and_links_are_found() {
    let (root, config) = made();
    let references = root.path().join("references/tele");
    fs::write(
        root.path().join("config/tele/ref_cache_subdir_mode"),
        "flat\n",
    )
    .expect("the layout is written");
    let client = Client::open(config.clone()).expect("a client");
    assert_eq!(client.cache().layout(), Layout::Flat);
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(
            "cam/tele_cam_dark_0001.fits",
            references.join("linked.fits"),
        )
        .expect("a link");
        assert_eq!(
            client
                .cache()
                .locate_reference("linked.fits", "cam")
                .expect("a path"),
            references.join("linked.fits")
        );
        std::os::unix::fs::symlink("gone.fits", references.join("broken.fits")).expect("a link");
        let error = client
            .cache()
            .locate_reference("broken.fits", "cam")
            .expect_err("a broken link")
            .to_string();
        assert!(
            error.contains("a link to gone.fits, which is missing"),
            "{error}"
        );
    }
    fs::write(root.path().join("config/tele/ref_cache_subdir_mode"), "odd")
        .expect("the layout is written");
    assert!(matches!(Client::open(config), Err(Error::CacheFile { .. })));
    for name in ["../x.fits", "a/b.fits", "", "..", ".hidden", "x\0y"] {
        assert!(
            matches!(
                client.cache().locate_reference(name, "cam"),
                Err(Error::Name(_))
            ),
            "{name:?}"
        );
    }
}

#[test]
fn damaged_mappings_are_refused() {
    let (root, config) = made();
    let parameters = exposure("A", 2, "2020-05-01");
    let answer = |checksums| {
        let client = Client::open(Config {
            checksums,
            ..config.clone()
        })
        .expect("a client");
        client
            .best_references(None, &parameters, None)
            .map_err(|error| error.to_string())
    };
    let path = root.path().join("mappings/tele/tele_cam_dark_0001.rmap");
    let text = fs::read_to_string(&path).expect("the mapping is read");
    fs::write(&path, text.replace("2020-01-01", "2020-02-01")).expect("the mapping is changed");
    let error = answer(ChecksumPolicy::Verify).expect_err("a wrong sum");
    assert!(
        error.starts_with("tele_cam_dark_0001.rmap: expected sha1sum"),
        "{error}"
    );
    assert!(answer(ChecksumPolicy::Warn).is_ok());
    fs::write(&path, text.replace("'2')", "'2'")).expect("the mapping is changed");
    let error = answer(ChecksumPolicy::Ignore).expect_err("broken syntax");
    assert_eq!(
        error,
        "tele_cam_dark_0001.rmap, line 17, column 17: expected `,` or `)`, found `:`"
    );
    fs::write(
        &path,
        text.replace("tele_cam_dark_0001.fits", "../../etc/passwd"),
    )
    .expect("the mapping is changed");
    let error = answer(ChecksumPolicy::Ignore).expect_err("a path");
    assert!(
        error.contains("line 18, column 33: expected the name of a file"),
        "{error}"
    );
    fs::remove_file(&path).expect("the mapping is removed");
    let error = answer(ChecksumPolicy::Ignore).expect_err("no file");
    assert!(
        error.contains("tele_cam_dark_0001.rmap is not in the cache"),
        "{error}"
    );
}

#[test]
fn threads_share_one_client() {
    let (_root, config) = made();
    let client = Client::open(config).expect("a client");
    std::thread::scope(|scope| {
        let ask = || dark(&client, &exposure("A", 2, "2020-05-01"));
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(ask)).collect();
        for thread in threads {
            assert_eq!(
                thread.join().expect("an answer"),
                BestReference::File("tele_cam_dark_0001.fits".into())
            );
        }
    });
}
