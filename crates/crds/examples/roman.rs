//! References for an exposure of another mission, here Roman, from its own cache.
//!
//! `cargo run --example roman -p crds --no-default-features` makes a small cache in a temporary directory, so that nothing is needed to
//! try it. For a real one, take the settings from the environment: `Config::from_env(Observatory::roman())`, with
//! `CRDS_PATH` and, to fetch what is missing, `CRDS_SERVER_URL=https://roman-crds.stsci.edu` and the feature `remote`. A mission that
//! is not known here is described by `Observatory::new` or `Observatory::from_json`.

use std::{error::Error, fs, path::Path};

use crds::{ChecksumPolicy, Client, Config, Observatory, Parameters, Reference};

const MAPPINGS: [(&str, &str); 3] = [
    (
        "roman_0001.pmap",
        "header = {'mapping': 'PIPELINE', 'name': 'roman_0001.pmap', 'observatory': 'ROMAN', 'derived_from': '',
    'parkey': ('ROMAN.META.INSTRUMENT.NAME',)}
selector = {'WFI': 'roman_wfi_0001.imap'}",
    ),
    (
        "roman_wfi_0001.imap",
        "header = {'mapping': 'INSTRUMENT', 'name': 'roman_wfi_0001.imap', 'observatory': 'ROMAN', 'instrument': 'WFI',
    'parkey': ('REFTYPE',), 'derived_from': ''}
selector = {'DARK': 'roman_wfi_dark_0001.rmap', 'AREA': 'N/A'}",
    ),
    (
        "roman_wfi_dark_0001.rmap",
        "header = {'mapping': 'REFERENCE', 'name': 'roman_wfi_dark_0001.rmap', 'observatory': 'ROMAN', 'instrument': 'WFI',
    'filekind': 'DARK', 'derived_from': '',
    'parkey': (('ROMAN.META.INSTRUMENT.DETECTOR',), ('ROMAN.META.EXPOSURE.START_TIME',))}
selector = Match({
    'WFI01': UseAfter({
        '2020-01-01 00:00:00': 'roman_wfi_dark_0001.asdf',
        '2027-01-01 00:00:00': 'roman_wfi_dark_0002.asdf',
    }),
})",
    ),
];

/// A cache as a download would leave it.
fn small_cache(root: &Path) -> Result<Config, Box<dyn Error>> {
    let mut config = Config::new(root, Observatory::roman());
    config.context = Some("roman_0001.pmap".to_owned());
    // These rules were written by hand, without sums of their own.
    config.checksums = ChecksumPolicy::Ignore;
    fs::create_dir_all(&config.mapping_dir)?;
    fs::create_dir_all(config.reference_dir.join("wfi"))?;
    for (name, text) in MAPPINGS {
        fs::write(config.mapping_dir.join(name), text)?;
    }
    let dark = config.reference_dir.join("wfi/roman_wfi_dark_0002.asdf");
    fs::write(dark, "a dark")?;
    Ok(config)
}

#[expect(clippy::print_stdout, reason = "this is a program")]
fn main() -> Result<(), Box<dyn Error>> {
    let root = tempfile::tempdir()?;
    let client = Client::open(small_cache(root.path())?)?;
    let exposure: Parameters = [
        ("meta.instrument.name", "WFI"),
        ("meta.instrument.detector", "WFI01"),
        ("meta.exposure.start_time", "2027-03-04 05:06:07"),
    ]
    .into_iter()
    .collect();
    for (kind, reference) in client.references(&exposure, &["dark", "area"])? {
        match reference {
            Reference::Path(path) => println!("{kind}: {}", path.display()),
            Reference::Paths(paths) => println!("{kind}: {} files", paths.len()),
            Reference::NotApplicable => println!("{kind}: none needed"),
        }
    }
    let why = client
        .rules()
        .explain(client.context(), &exposure, "dark")?;
    for reason in why.reasons {
        println!("  {reason}");
    }
    Ok(())
}
