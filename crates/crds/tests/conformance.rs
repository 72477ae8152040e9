//! Answers for a real cache, compared with recorded answers of the reference client.
//!
//! `JWST_CONFORMANCE_DATA` names a folder with `crds/cache` (a cache), `crds/headers.txt` (lines `CONTEXT <tab> JSON`) and
//! `crds/answers.txt` (a JSON dictionary a line, by type of reference; one with the key `error` where the client refuses).

use std::path::PathBuf;

use crds::{Client, Config, Observatory, bestrefs::answer_line};

#[test]
fn answers_are_those_of_the_reference_client() {
    let Some(root) =
        std::env::var_os("JWST_CONFORMANCE_DATA").map(|root| PathBuf::from(root).join("crds"))
    else {
        eprintln_skip("JWST_CONFORMANCE_DATA is not set");
        return;
    };
    let read = |name: &str| std::fs::read_to_string(root.join(name));
    let (Ok(headers), Ok(answers)) = (read("headers.txt"), read("answers.txt")) else {
        eprintln_skip("no crds/headers.txt and crds/answers.txt in JWST_CONFORMANCE_DATA");
        return;
    };
    let mut config = Config::new(&root.join("cache"), Observatory::jwst());
    config.context = Some("jwst_0000.pmap".into());
    let client = Client::open(config).expect("a client");
    assert_eq!(
        headers.lines().count(),
        answers.lines().count(),
        "one answer for each header"
    );
    for (number, (header, expected)) in headers.lines().zip(answers.lines()).enumerate() {
        let (context, header) = header
            .split_once('\t')
            .expect("a context, a tab and a header");
        let expected: serde_json::Value =
            serde_json::from_str(expected).expect("an answer in JSON");
        match answer_line(&client, Some(context), header, None) {
            Ok(found) => assert_eq!(found, expected, "line {} {context} {header}", number + 1),
            Err(error) => assert!(
                expected.get("error").is_some(),
                "line {} {context} {header}: {error}",
                number + 1
            ),
        }
    }
}

#[expect(
    clippy::print_stderr,
    reason = "a test that does nothing has to say so"
)]
fn eprintln_skip(reason: &str) {
    eprintln!("skipped: {reason}");
}
