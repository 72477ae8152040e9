//! Bundles: packed from one cache, unpacked into another, refused when they are not what they say.
#![cfg(feature = "remote")]

mod support;

use std::{fs, path::Path};

use crds::{Client, Config, Error, Store, bundle};
use support::{
    exposure,
    server::{self, CONTEXT, KINDS, Server, World, reference_of},
};

fn packed(directory: &Path) -> (std::path::PathBuf, bundle::Manifest) {
    let server = Server::start(World::new(50_000));
    let root = directory.join("full");
    let client = Client::open(server.config(&root)).expect("a client");
    client.references(&exposure(), &KINDS).expect("references");
    let mut files: Vec<(String, Option<String>)> = client
        .rules()
        .load_all(CONTEXT)
        .expect("mappings")
        .into_iter()
        .map(|name| (name, None))
        .collect();
    files.push((reference_of("dark"), Some("cam".into())));
    let archive = directory.join("bundle.tar");
    let manifest = bundle::pack(
        client.store(),
        &archive,
        CONTEXT,
        &["a.fits".into()],
        &files,
    )
    .expect("a bundle");
    (archive, manifest)
}

fn offline(root: &Path) -> Config {
    let mut config = server::config(root, "");
    config.server_url = None;
    config
}

#[test]
fn a_bundle_is_a_cache_elsewhere() {
    let directory = tempfile::tempdir().expect("a directory");
    let (archive, manifest) = packed(directory.path());
    assert_eq!(manifest.files.len(), 7);
    assert_eq!(bundle::manifest_of(&archive).expect("a manifest"), manifest);
    let root = directory.path().join("other");
    let store = Store::open(&offline(&root), None).expect("a cache");
    for _ in 0..2 {
        assert_eq!(bundle::unpack(&store, &archive).expect("a cache"), manifest);
    }
    let client = Client::open(offline(&root)).expect("a client");
    assert_eq!(client.context(), CONTEXT);
    client
        .references(&exposure(), &["dark"])
        .expect("a reference");
    let error = client
        .references(&exposure(), &["flat"])
        .expect_err("it is not in the bundle");
    assert!(matches!(error, Error::MissingReference { .. }), "{error}");
    // Any tar program makes a cache, too.
    let plain = directory.path().join("plain");
    let file = fs::File::open(&archive).expect("a bundle");
    tar::Archive::new(file).unpack(&plain).expect("a cache");
    let client = Client::open(offline(&plain)).expect("a client");
    client
        .references(&exposure(), &["dark"])
        .expect("a reference");
}

#[test]
fn a_bundle_that_was_changed_is_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    let (archive, _) = packed(directory.path());
    let whole = fs::read(&archive).expect("a bundle");
    let root = directory.path().join("other");
    let store = Store::open(&offline(&root), None).expect("a cache");
    let dark = root.join("references/tele/cam").join(reference_of("dark"));
    // The last bytes of the reference: the archive ends with its padding and two empty blocks.
    let mut changed = whole.clone();
    let place = changed.len() - 10_000;
    changed[place] ^= 1;
    for content in [
        changed,
        whole[..whole.len() / 2].to_vec(),
        whole[..600].to_vec(),
        b"x".to_vec(),
    ] {
        fs::write(&archive, content).expect("a bundle");
        bundle::unpack(&store, &archive).expect_err("it was changed");
        assert!(!dark.exists());
    }
    // A name that leads elsewhere.
    let text = String::from_utf8_lossy(&whole).replace(
        "\"name\": \"tele_cam_dark_0001.fits\"",
        "\"name\": \"../../../../../x.fits\"",
    );
    let mut evil = tar::Builder::new(Vec::new());
    let start = text.find('{').expect("a manifest");
    let end = text.find("\n}").expect("a manifest") + 2;
    let manifest = &text.as_bytes()[start..end];
    let mut header = tar::Header::new_gnu();
    header.set_size(manifest.len() as u64);
    header.set_mode(0o644);
    header.set_cksum();
    evil.append_data(&mut header, "manifest.json", manifest)
        .expect("memory");
    fs::write(&archive, evil.into_inner().expect("memory")).expect("a bundle");
    let error = bundle::unpack(&store, &archive).expect_err("a name that leads elsewhere");
    assert!(error.to_string().contains("names of files"), "{error}");
}
