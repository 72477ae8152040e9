//! A client and a server over a real connection: everything goes well, everything goes wrong.
#![cfg(feature = "remote")]

mod support;

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    sync::{Arc, Mutex},
};

use crds::{Client, Config, Error, Event, NetworkError, Overlay, Reference, Server as Remote};
use serde_json::json;
use support::{
    exposure, fresh, hidden,
    proxy::Proxy,
    server::{CONTEXT, Content, Fault, KINDS, Server, World, noise, reference_of},
    whole,
};

fn references(config: Config) -> Result<BTreeMap<String, Reference>, Error> {
    Client::open(config)?.references(&exposure(), &KINDS)
}

#[test]
fn a_cold_cache_is_filled_and_then_used() {
    let server = Server::start(World::new(100_000));
    let root = fresh();
    let found = references(server.config(root.path())).expect("references");
    assert_eq!(found.len(), 4);
    assert_eq!(
        found["dark"],
        Reference::Path(
            root.path()
                .join("references/tele/cam/tele_cam_dark_0001.fits")
        )
    );
    assert_eq!(whole(&server, root.path()), 10);
    assert_eq!(hidden(root.path(), ".").len(), 0);
    let config = root.path().join("config/tele");
    assert_eq!(
        fs::read_to_string(config.join("ref_cache_subdir_mode")).expect("a file"),
        "instrument"
    );
    assert_eq!(
        fs::read_to_string(config.join("bad_files.txt")).expect("a file"),
        ""
    );
    // Nothing is fetched again, and without a server the answers are the same.
    references(server.config(root.path())).expect("references");
    let mut offline = server.config(root.path());
    offline.server_url = None;
    assert_eq!(references(offline).expect("references"), found);
    for kind in KINDS {
        assert_eq!(server.asked(&reference_of(kind)), 1);
    }
}

#[test]
fn a_server_without_a_catalog_is_asked_for_sizes_and_sums() {
    let mut world = World::new(1000);
    world.without_catalog = true;
    let server = Server::start(world);
    let root = fresh();
    references(server.config(root.path())).expect("references");
    assert_eq!(whole(&server, root.path()), 10);
    assert!(server.asked("get_file_info_map") > 0);
}

#[test]
fn failures_that_pass_are_survived() {
    let faults = [
        vec![Fault::Status(500), Fault::Status(503)],
        vec![Fault::Cut(10), Fault::Cut(300_000)],
        vec![Fault::Corrupt, Fault::Corrupt],
        vec![Fault::TooLong],
        vec![Fault::TooShort],
        vec![Fault::Hang(100_000)],
        vec![Fault::Hang(0)],
        vec![Fault::Cut(300_000), Fault::IgnoresRanges],
        vec![Fault::Cut(300_000), Fault::WrongRange],
        vec![Fault::Cut(300_000), Fault::Corrupt, Fault::Cut(10)],
    ];
    std::thread::scope(|scope| {
        for faults in &faults {
            scope.spawn(move || {
                // Both ways of summing: small files, and large ones.
                for size in [500_000, 6_000_000] {
                    let server = Server::start(World::new(size));
                    let root = fresh();
                    server.fail(&reference_of("dark"), faults);
                    references(server.config(root.path()))
                        .unwrap_or_else(|error| panic!("{faults:?}: {error}"));
                    assert_eq!(whole(&server, root.path()), 10, "{faults:?}");
                    assert_eq!(hidden(root.path(), ".").len(), 0, "{faults:?}");
                }
            });
        }
    });
}

#[test]
fn failures_that_last_are_errors_and_leave_nothing_wrong() {
    for fault in [
        Fault::Status(500),
        Fault::Status(404),
        Fault::Corrupt,
        Fault::TooLong,
        Fault::TooShort,
        Fault::Cut(0),
    ] {
        let server = Server::start(World::new(200_000));
        let root = fresh();
        server.fail(&reference_of("dark"), &vec![fault.clone(); 50]);
        let error = references(server.config(root.path())).expect_err("a failure");
        assert!(
            matches!(&error, Error::Fetch { name, .. } if *name == reference_of("dark")),
            "{fault:?}: {error}"
        );
        assert_eq!(
            whole(&server, root.path()),
            9,
            "{fault:?}: the others are there"
        );
        // The next run, with a healthy server, repairs.
        server.fail(&reference_of("dark"), &[]);
        references(server.config(root.path())).expect("references");
        assert_eq!(whole(&server, root.path()), 10);
        assert_eq!(hidden(root.path(), ".").len(), 0, "{fault:?}");
    }
}

#[test]
fn a_part_is_continued_by_the_next_run() {
    let server = Server::start(World::new(3_000_000));
    let root = fresh();
    server.fail(&reference_of("dark"), &vec![Fault::Cut(655_360); 4]);
    references(server.config(root.path())).expect_err("four attempts are not enough");
    let before = server.with(|world| world.sent);
    references(server.config(root.path())).expect("references");
    let sent = server.with(|world| world.sent) - before;
    assert!(sent < 500_000, "the rest only, but {sent} bytes were sent");
    assert_eq!(whole(&server, root.path()), 10);
    // A part with wrong bytes is no obstacle.
    let dark = root
        .path()
        .join("references/tele/cam")
        .join(reference_of("dark"));
    fs::remove_file(&dark).expect("a file");
    fs::write(
        dark.with_file_name(format!(".tmp_{}_1_2.part", reference_of("dark"))),
        [0; 1000],
    )
    .expect("a file");
    references(server.config(root.path())).expect("references");
    assert_eq!(whole(&server, root.path()), 10);
    assert_eq!(hidden(root.path(), ".").len(), 0);
}

#[test]
fn damage_in_the_cache_is_found_and_repaired() {
    let server = Server::start(World::new(100_000));
    let root = fresh();
    references(server.config(root.path())).expect("references");
    let dark = root
        .path()
        .join("references/tele/cam")
        .join(reference_of("dark"));
    let rules = root.path().join("mappings/tele/tele_cam_flat_0001.rmap");
    let mut offline = server.config(root.path());
    offline.server_url = None;
    for (damage, repaired) in [(vec![], 2), (vec![1; 100_000], 3)] {
        fs::write(&dark, damage).expect("a file");
        let error = references(offline.clone()).expect_err("no server to repair it");
        assert!(matches!(error, Error::Damaged { .. }), "{error}");
        assert!(
            error
                .to_string()
                .contains("tele crds sync --context tele_0001.pmap --name tele_cam_dark_0001.fits"),
            "{error}"
        );
        fs::write(&rules, "header = {").expect("a file");
        references(server.config(root.path())).expect("references");
        assert_eq!(whole(&server, root.path()), 10);
        assert_eq!(server.asked(&reference_of("dark")), repaired);
    }
}

#[test]
fn offline_errors_name_file_context_and_command() {
    let server = Server::start(World::new(10_000));
    let root = fresh();
    let mut config = server.config(root.path());
    config.server_url = None;
    config.context = Some(CONTEXT.into());
    let error = references(config.clone())
        .expect_err("an empty cache")
        .to_string();
    assert!(
        error.contains(CONTEXT) && error.contains("`tele crds sync --context tele_0001.pmap`"),
        "{error}"
    );
    Client::open(server.config(root.path()))
        .and_then(|client| client.fetch_mappings(CONTEXT))
        .expect("mappings");
    let error = references(config).expect_err("no references").to_string();
    for words in [
        "tele_cam_dark_0001.fits",
        CONTEXT,
        "`tele crds sync --context tele_0001.pmap --name tele_cam_dark_0001.fits`",
    ] {
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn contexts_are_asked_for_and_remembered() {
    let server = Server::start(World::new(10));
    let root = fresh();
    let context = |url: Option<&str>, chosen: Option<&str>| {
        let mut config = server.config(root.path());
        config.server_url = url.map(str::to_owned);
        config.context = chosen.map(str::to_owned);
        config.calibration_version = Some("1.2.3".into());
        Client::open(config).map(|client| client.context().to_owned())
    };
    for chosen in [None, Some("build"), Some("tele-2024-01-01"), Some("latest")] {
        assert!(
            chosen != Some("build") || context(None, chosen).is_ok(),
            "it was asked for by default"
        );
        assert_eq!(
            context(Some(&server.url), chosen).expect("a context"),
            CONTEXT
        );
        assert_eq!(
            context(None, chosen).expect("a context"),
            CONTEXT,
            "{chosen:?}"
        );
    }
    assert!(context(None, Some("tele-2020-01-01")).is_err());
    // A version that the server does not know has the latest.
    let mut config = server.config(root.path());
    config.calibration_version = Some("9.9.9".into());
    assert_eq!(Client::open(config).expect("a client").context(), CONTEXT);
}

#[test]
fn a_server_may_select() {
    let server = Server::start(World::new(10_000));
    let root = fresh();
    let mut config = server.config(root.path());
    config.mode = crds::Mode::Remote;
    let client = Client::open(config.clone()).expect("a client");
    let found = client
        .references(&exposure(), &["dark", "flat"])
        .expect("references");
    assert_eq!(found["flat"], Reference::NotApplicable);
    assert!(matches!(&found["dark"], Reference::Path(path) if path.exists()));
    assert!(
        !root.path().join("mappings").exists(),
        "no rules are needed"
    );
    let asked = server.asked("get_best_references");
    let found = client.references_of_each(&exposure(), &["dark", "flat"]);
    assert_eq!(found.expect("references").len(), 2);
    assert_eq!(
        server.asked("get_best_references"),
        asked + 1,
        "all at once"
    );
    config.server_url = None;
    assert!(matches!(
        Client::open(config),
        Err(Error::NotConnected { .. })
    ));
}

#[test]
fn hostile_replies_are_refused() {
    let server = Server::start(World::new(10));
    let remote =
        Remote::new(&server.url, &server.config(Path::new("/")).network).expect("a server");
    let refuse = |method: &str, result: serde_json::Value| {
        server.with(|world| world.results.insert(method.into(), result));
    };
    for name in [
        "../evil.rmap",
        "/etc/evil.rmap",
        "a/b.rmap",
        ".hidden",
        "a\u{0}b",
        "C:\\evil.rmap",
    ] {
        refuse("get_mapping_names", json!([name]));
        assert!(remote.mapping_names(CONTEXT).is_err(), "{name}");
        refuse("get_best_references", json!({"dark": name}));
        assert!(
            remote.best_references(CONTEXT, &exposure(), None).is_err(),
            "{name}"
        );
        refuse("get_context_by_date", json!(name));
        assert!(
            remote.context_by_date("2020-01-01", "tele").is_err(),
            "{name}"
        );
    }
    let deep = format!(
        "{{\"result\": {}{}, \"error\": null}}",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    server.fail("get_server_info", &vec![Fault::Reply(deep); 10]);
    assert!(matches!(remote.info(), Err(NetworkError::Reply { .. })));
    server.fail("get_server_info", &vec![Fault::Reply("no JSON".into()); 10]);
    assert!(remote.info().is_err());
    let mut network = server.config(Path::new("/")).network;
    network.reply_limit = 1000;
    server.fail("get_server_info", &[Fault::Reply("1".repeat(2000))]);
    let limited = Remote::new(&server.url, &network).expect("a server");
    assert!(matches!(limited.info(), Err(NetworkError::TooLarge { .. })));
    // The words of the server, without HTML.
    server.fail("get_server_info", &[]);
    let error = remote
        .call("nothing", &json!([]))
        .expect_err("no such call")
        .to_string();
    assert!(error.contains("no such call: 'nothing' <[]>"), "{error}");
}

#[test]
fn exabytes_are_refused() {
    let root = fresh();
    for (size, without_catalog) in [
        ("1152921504606846976", false),
        ("99999999999999999999999", false),
        ("-5", true),
    ] {
        let mut world = World::new(10);
        world.without_catalog = without_catalog;
        let server = Server::start(world);
        let info = json!({reference_of("dark"): {"size": size, "sha1sum": "none"}});
        server.with(|world| {
            world
                .results
                .insert("get_file_info_map".into(), info.clone());
        });
        let client = Client::open({
            let mut config = server.config(root.path());
            config.context = Some(CONTEXT.into());
            config
        })
        .expect("a client");
        let remote = client.server().expect("a server");
        let mut infos = remote.file_infos("tele", None).expect("a list");
        let dark = infos.remove(&reference_of("dark")).expect("an entry");
        assert!(dark.size.is_none_or(|size| size == 1 << 60));
        if without_catalog {
            let error = client
                .fetch_named(&[reference_of("dark")], "cam")
                .expect_err("no size");
            assert!(matches!(error, Error::Fetch { .. }), "{error}");
        }
    }
    let mut world = World::new(10);
    world.without_catalog = true;
    let server = Server::start(world);
    let info = json!({reference_of("dark"): {"size": 1_u64 << 60, "sha1sum": "none"}});
    server.with(|world| world.results.insert("get_file_info_map".into(), info));
    let client = Client::open(server.config(root.path())).expect("a client");
    let error = client
        .fetch_named(&[reference_of("dark")], "cam")
        .expect_err("too large");
    assert!(
        matches!(
            error,
            Error::Fetch {
                error: NetworkError::TooLarge { .. },
                ..
            }
        ),
        "{error}"
    );
    assert!(
        client
            .fetch_named(&["../evil.fits".to_owned()], "cam")
            .is_err()
    );
    assert!(
        client
            .fetch_named(&["unknown.fits".to_owned()], "cam")
            .is_err()
    );
}

#[test]
fn a_shared_cache_stays_as_it_is_behind_a_private_one() {
    let server = Server::start(World::new(10_000));
    let (shared, mine) = (fresh(), fresh());
    Client::open(server.config(shared.path()))
        .and_then(|client| client.fetch_mappings(CONTEXT))
        .expect("mappings");
    fs::remove_file(shared.path().join("mappings/tele/tele_cam_flat_0001.rmap")).expect("a file");
    let mut config = server.config(shared.path());
    config.readonly = true;
    let error = references(config.clone()).expect_err("nothing may be written");
    assert!(error.to_string().contains("CRDS_OVERLAY_PATH"), "{error}");
    config.overlay = Some(Overlay::new(mine.path(), &config.observatory));
    let before = fs::read_dir(shared.path().join("references")).map_or(0, Iterator::count);
    references(config).expect("references");
    assert_eq!(whole(&server, shared.path()), 5);
    assert_eq!(whole(&server, mine.path()), 5);
    assert_eq!(
        fs::read_dir(shared.path().join("references")).map_or(0, Iterator::count),
        before
    );
}

/// Two servers of a mission may have different files under one name: the tests' and the public one.
#[test]
fn files_of_another_server_are_not_taken_for_this_ones() {
    let (first, second) = (
        Server::start(World::new(9000)),
        Server::start(World::new(9000)),
    );
    let dark = reference_of("dark");
    let other = Content::new(noise(99, 9000));
    second.with(|world| world.files.insert(dark.clone(), other));
    let root = fresh();
    for (server, times) in [(&first, 1), (&second, 1), (&second, 1), (&first, 2)] {
        let found = references(server.config(root.path())).expect("references");
        let Reference::Path(path) = &found["dark"] else {
            panic!("no file: {found:?}");
        };
        assert!(fs::read(path).expect("a file") == server.content(&dark));
        assert_eq!(server.asked(&dark), times);
        // The others are the same everywhere.
        assert!(server.asked(&reference_of("flat")) <= 1);
        // Without a server, what was verified last is good.
        let mut offline = server.config(root.path());
        offline.server_url = None;
        assert_eq!(references(offline).expect("references"), found);
    }
    assert_eq!(second.asked(&reference_of("flat")), 0);
}

#[test]
fn several_references_are_fetched_at_once_and_reported() {
    let mut world = World::new(200_000);
    world.pause = std::time::Duration::from_millis(100);
    let server = Server::start(world);
    let root = fresh();
    let mut client = Client::open(server.config(root.path())).expect("a client");
    client.fetch_mappings(CONTEXT).expect("mappings");
    let events = Arc::new(Mutex::new(Vec::new()));
    let list = Arc::clone(&events);
    client.watch(move |event| {
        let word = match event {
            Event::Started { name, size, done } => format!("{name} {size} {done}"),
            Event::Finished { name } => format!("{name} is there"),
            Event::Received { .. } | Event::Lost { .. } => return,
        };
        list.lock().expect("no panic").push(word);
    });
    // A type without rules is left out.
    let types = ["dark", "flat", "gain", "mask", "nonsense"];
    let each = |client: &Client| {
        client
            .references_of_each(&exposure(), &types)
            .expect("files")
    };
    let found = each(&client);
    assert_eq!(whole(&server, root.path()), 10);
    assert!(
        KINDS
            .iter()
            .all(|kind| matches!(found[*kind], Ok(Reference::Path(_))))
    );
    assert!(matches!(&found["nonsense"], Err(Error::NotFound { kind, .. }) if kind == "nonsense"));
    let events = events.lock().expect("no panic").clone();
    assert_eq!(events.len(), 8, "{events:?}");
    let begun = events.iter().take_while(|word| word.ends_with(" 200000 0"));
    assert_eq!(
        begun.count(),
        4,
        "all have begun before one is there: {events:?}"
    );
    assert_eq!(each(&client).len(), 5);
    assert!(
        KINDS
            .iter()
            .all(|kind| server.asked(&reference_of(kind)) == 1)
    );
    let mut offline = server.config(root.path());
    offline.server_url = None;
    let offline = Client::open(offline).expect("a client");
    assert_eq!(each(&offline).values().filter(|one| one.is_ok()).count(), 4);
    // Offline, a file that is missing is the fault of its own type.
    fs::remove_file(
        root.path()
            .join("references/tele/cam")
            .join(reference_of("gain")),
    )
    .expect("a file");
    let found = each(&offline);
    assert!(matches!(
        &found["gain"],
        Err(Error::MissingReference { .. })
    ));
    assert!(matches!(&found["flat"], Ok(Reference::Path(_))));
}

#[test]
fn a_server_that_is_away_is_named_where_a_context_is_missing() {
    let root = fresh();
    for (url, words) in [
        (
            Some("http://127.0.0.1:9"),
            "no connection to a server: no answer from http://127.0.0.1:9/",
        ),
        (
            Some(""),
            "no connection to a server: CRDS_SERVER_URL is not set",
        ),
        (
            None,
            "no connection to a server: CRDS_SERVER_URL is not set",
        ),
        (
            Some("https://tele-serverless.invalid"),
            "stands for no server",
        ),
    ] {
        let mut config = support::server::config(root.path(), "");
        config.server_url = url.map(str::to_owned);
        config.network.attempts = 1;
        for chosen in [None, Some("tele-2024-01-01")] {
            config.context = chosen.map(str::to_owned);
            let error = Client::open(config.clone())
                .expect_err("no context")
                .to_string();
            assert!(error.contains(words), "{error}");
        }
    }
}

#[test]
fn a_server_of_another_mission_is_refused() {
    let server = Server::start(World::new(10));
    let mut config = Config::new(fresh().path(), crds::Observatory::jwst());
    config.server_url = Some(server.url.clone());
    assert!(matches!(
        Client::open(config),
        Err(Error::OtherObservatory { .. })
    ));
}

#[test]
fn redirections_are_followed() {
    let server = Server::start(World::new(10_000));
    let root = fresh();
    let mut config = server.config(root.path());
    config.reference_url = Some(format!("{}/redirect/get", server.url));
    references(config).expect("references");
    assert_eq!(whole(&server, root.path()), 10);
}

#[test]
fn a_server_that_is_away_leaves_the_cache() {
    let server = Server::start(World::new(1000));
    let root = fresh();
    let found = references(server.config(root.path())).expect("references");
    for fault in [Fault::Status(500), Fault::Hang(0), Fault::Reply("x".into())] {
        server.fail("get_server_info", &vec![fault.clone(); 10]);
        let mut config = server.config(root.path());
        config.network.call_timeout = std::time::Duration::from_millis(300);
        config.network.attempts = 2;
        assert_eq!(references(config).expect("references"), found, "{fault:?}");
    }
    let mut config = server.config(root.path());
    config.server_url = Some("http://127.0.0.1:9".into());
    assert_eq!(references(config).expect("references"), found);
}

/// The server has a name that only the proxy knows.
#[test]
fn a_proxy_is_used_as_the_environment_says() {
    let server = Server::start(World::new(200_000));
    let address = server.url.trim_start_matches("http://").to_owned();
    let port = address.rsplit(':').next().unwrap_or_default();
    let by = |proxy: &Proxy, url: &str, except: &str| {
        let root = fresh();
        let variables = [("HTTP_PROXY", proxy.url.as_str()), ("NO_PROXY", except)];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let mission = crds::Observatory::new("tele", &["cam"]);
        let from_variables =
            Config::from_map(&variables.into(), mission).expect("settings of the environment");
        let mut config = server.config(root.path());
        config.server_url = Some(url.to_owned());
        config.reference_url = Some(format!("{url}/get"));
        config.mapping_url = Some(format!("{url}/get"));
        config.network.proxies = from_variables.network.proxies;
        let found = references(config);
        (found, whole(&server, root.path()))
    };
    let proxy = Proxy::start(Some(&address));
    let elsewhere = format!("http://crds.example.invalid:{port}");
    let (found, count) = by(&proxy, &elsewhere, "localhost,127.0.0.1");
    found.expect("references");
    assert_eq!(count, 10);
    let asked = proxy.asked();
    let target = format!("CONNECT crds.example.invalid:{port}");
    assert!(
        !asked.is_empty() && asked.iter().all(|line| *line == target),
        "{asked:?}"
    );

    let proxy = Proxy::start(None);
    let (found, count) = by(&proxy, &server.url, "localhost, 127.0.0.1");
    found.expect("references, without the proxy");
    assert_eq!((count, proxy.asked()), (10, Vec::new()));

    let (found, count) = by(&proxy, &elsewhere, "");
    assert!(found.is_err() && count == 0, "the proxy refuses: {found:?}");
    assert!(!proxy.asked().is_empty());

    let mut config = server.config(fresh().path());
    config.network.proxies.http = Some("no proxy at all".into());
    let error = Client::open(config).expect_err("it is no address");
    assert!(error.to_string().contains("the URL of a proxy"), "{error}");
}
