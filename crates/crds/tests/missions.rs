//! Other missions by their descriptions: small mappings in the form of HST's and Roman's.
//!
//! Expected answers from crds 14.0.3 `heavy_client.local_bestrefs` (of Roman after `crds.roman.locate.dataset_to_ref_header`) for
//! the same mappings.

use std::{fs, path::Path};

use crds::{BestReference, ChecksumPolicy, Client, Config, Observatory, Parameters, Reference};

const HST: [(&str, &str); 5] = [
    (
        "hst_0001.pmap",
        "header = {'mapping': 'PIPELINE', 'name': 'hst_0001.pmap', 'observatory': 'HST', 'parkey': ('INSTRUME',), 'derived_from': ''}
selector = {'ACS': 'hst_acs_0001.imap', 'SYNPHOT': 'N/A'}",
    ),
    (
        "hst_acs_0001.imap",
        "header = {'mapping': 'INSTRUMENT', 'name': 'hst_acs_0001.imap', 'observatory': 'HST', 'instrument': 'ACS', 'parkey': ('REFTYPE',),
  'derived_from': ''}
selector = {'dfltfile': 'hst_acs_dfltfile_0001.rmap', 'darkfile': 'hst_acs_darkfile_0001.rmap', 'biasfile': 'hst_acs_biasfile_0001.rmap',
  'satufile': 'N/A'}",
    ),
    (
        "hst_acs_dfltfile_0001.rmap",
        "header = {'mapping': 'REFERENCE', 'name': 'hst_acs_dfltfile_0001.rmap', 'observatory': 'HST', 'instrument': 'ACS',
  'filekind': 'DFLTFILE', 'parkey': (('DETECTOR', 'LRFWAVE', 'FILTER1'), ('DATE-OBS', 'TIME-OBS')), 'reffile_required': 'NO',
  'reffile_switch': 'FLATCORR', 'rmap_relevance': '((DETECTOR == \"WFC\") and (FLATCORR != \"OMIT\"))', 'derived_from': ''}
selector = Match({
  ('WFC', '# >=3774.0 and <=4246.0 #', 'CLEAR1L'): UseAfter({'2000-03-01 01:30:00': 'm6d1213ij_dfl.fits'}),
  ('WFC', 'N/A', 'F475W|F502N'): UseAfter({'1991-01-01 00:00:00': 'l2d0959cj_dfl.fits', '2002-03-01 00:00:00': 'n6u12592j_dfl.fits'}),
})",
    ),
    (
        "hst_acs_darkfile_0001.rmap",
        "header = {'mapping': 'REFERENCE', 'name': 'hst_acs_darkfile_0001.rmap', 'observatory': 'HST', 'instrument': 'ACS',
  'filekind': 'DARKFILE', 'parkey': (('DETECTOR', 'CCDGAIN'), ('DATE-OBS', 'TIME-OBS')), 'derived_from': '',
  'hooks': {'precondition_header': 'none', 'fallback_header': 'none'}}
selector = Match({('HRC', '1.0|2.0|4.0'): UseAfter({'1992-01-02 00:00:00': 'lcb12060j_drk.fits'})})",
    ),
    (
        "hst_acs_biasfile_0001.rmap",
        "header = {'mapping': 'REFERENCE', 'name': 'hst_acs_biasfile_0001.rmap', 'observatory': 'HST', 'instrument': 'ACS',
  'filekind': 'BIASFILE', 'parkey': (('DETECTOR',), ('DATE-OBS', 'TIME-OBS')), 'derived_from': '',
  'hooks': {'precondition_header': 'precondition_header_acs_biasfile_v2', 'fallback_header': 'fallback_header_acs_biasfile_v2'}}
selector = Match({('WFC',): UseAfter({'1992-01-02 00:00:00': 'm4r1753rj_bia.fits'})})",
    ),
];

const ROMAN: [(&str, &str); 4] = [
    (
        "roman_0001.pmap",
        "header = {'mapping': 'PIPELINE', 'name': 'roman_0001.pmap', 'observatory': 'ROMAN', 'parkey': ('ROMAN.META.INSTRUMENT.NAME',),
  'derived_from': ''}
selector = {'WFI': 'roman_wfi_0001.imap'}",
    ),
    (
        "roman_wfi_0001.imap",
        "header = {'mapping': 'INSTRUMENT', 'name': 'roman_wfi_0001.imap', 'observatory': 'ROMAN', 'instrument': 'WFI', 'parkey': ('REFTYPE',),
  'derived_from': ''}
selector = {'DARK': 'roman_wfi_dark_0001.rmap', 'DARKDECAYSIGNAL': 'roman_wfi_darkdecaysignal_0001.rmap', 'AREA': 'N/A'}",
    ),
    (
        "roman_wfi_dark_0001.rmap",
        "header = {'mapping': 'REFERENCE', 'name': 'roman_wfi_dark_0001.rmap', 'observatory': 'ROMAN', 'instrument': 'WFI', 'filekind': 'DARK',
  'parkey': (('ROMAN.META.INSTRUMENT.DETECTOR', 'ROMAN.META.EXPOSURE.TYPE'), ('ROMAN.META.EXPOSURE.START_TIME',)), 'derived_from': ''}
selector = Match({('WFI01', 'WFI_IMAGE|WFI_GRISM'): UseAfter({
  '2020-01-01 00:00:00': 'roman_wfi_dark_0001.asdf', '2027-01-01 00:00:00': 'roman_wfi_dark_0002.asdf'})})",
    ),
    (
        "roman_wfi_darkdecaysignal_0001.rmap",
        "header = {'mapping': 'REFERENCE', 'name': 'roman_wfi_darkdecaysignal_0001.rmap', 'observatory': 'roman', 'instrument': 'wfi',
  'filekind': 'darkdecaysignal', 'parkey': ((), ('ROMAN.META.EXPOSURE.START_TIME',)), 'derived_from': ''}
selector = Match({(): UseAfter({'2000-01-01 00:00:00': 'roman_wfi_darkdecaysignal_0001.asdf'})})",
    ),
];

/// A cache of a mission with these mappings and references.
fn client(
    root: &Path,
    mission: Observatory,
    mappings: &[(&str, &str)],
    references: &[&str],
) -> Client {
    let mut config = Config::new(root, mission);
    config.context = Some(mappings[0].0.to_owned());
    config.checksums = ChecksumPolicy::Ignore;
    fs::create_dir_all(&config.mapping_dir).expect("a directory");
    for (name, text) in mappings {
        fs::write(config.mapping_dir.join(name), text).expect("a mapping");
    }
    for path in references {
        let path = config.reference_dir.join(path);
        fs::create_dir_all(path.parent().expect("a directory")).expect("a directory");
        fs::write(path, "x").expect("a reference");
    }
    Client::open(config).expect("a client")
}

fn answer(client: &Client, exposure: &Parameters, kind: &str) -> String {
    let mut answers = client
        .best_references(None, exposure, Some(&[kind]))
        .expect("answers");
    match answers.remove(kind).expect("an answer") {
        BestReference::NotFound(reason) => format!("NOT FOUND {reason}"),
        answer => answer.to_string(),
    }
}

#[test]
fn hst_by_keywords() {
    let root = tempfile::tempdir().expect("a directory");
    let client = client(
        root.path(),
        Observatory::hst(),
        &HST,
        &["acs/l2d0959cj_dfl.fits"],
    );
    let exposure = |more: &[(&str, &str)]| -> Parameters {
        let common = [
            ("INSTRUME", "ACS"),
            ("DETECTOR", "WFC"),
            ("FILTER1", "F475W"),
            ("LRFWAVE", "0.0"),
            ("FLATCORR", "PERFORM"),
            ("CCDGAIN", "2"),
            ("DATE-OBS", "2001-12-31"),
            ("TIME-OBS", "12:00:00"),
        ];
        common.iter().chain(more).copied().collect()
    };
    let flat = |more: &[(&str, &str)]| answer(&client, &exposure(more), "dfltfile");
    assert_eq!(flat(&[]), "l2d0959cj_dfl.fits");
    assert_eq!(flat(&[("DATE-OBS", "2002-03-01")]), "n6u12592j_dfl.fits");
    let ramp = [("FILTER1", "CLEAR1L"), ("LRFWAVE", "4000")];
    assert_eq!(flat(&ramp), "m6d1213ij_dfl.fits");
    assert_eq!(flat(&[("FILTER1", "F999W")]), "N/A");
    assert_eq!(flat(&[("FLATCORR", "OMIT")]), "N/A");
    assert_eq!(flat(&[("DETECTOR", "HRC")]), "N/A");
    let hrc = exposure(&[("DETECTOR", "HRC")]);
    assert_eq!(answer(&client, &hrc, "darkfile"), "lcb12060j_drk.fits");
    assert_eq!(answer(&client, &hrc, "satufile"), "N/A");
    // The reference client would run a function of its own.
    let bias = answer(&client, &exposure(&[]), "biasfile");
    assert!(
        bias.starts_with("NOT FOUND") && bias.contains("precondition_header_acs_biasfile_v2"),
        "{bias}"
    );
    // The names of HST's references do not tell the instrument: the exposure does.
    let found = client
        .references(&exposure(&[]), &["dfltfile"])
        .expect("a reference");
    let path = root.path().join("references/hst/acs/l2d0959cj_dfl.fits");
    assert_eq!(found["dfltfile"], Reference::Path(path));
    let names = client.rules().reference_names("hst_0001.pmap");
    let names = names.expect("all references");
    assert!(names.contains(&("m6d1213ij_dfl.fits".into(), "acs".into())));
}

#[test]
fn roman_by_paths() {
    let root = tempfile::tempdir().expect("a directory");
    let references = ["wfi/roman_wfi_dark_0001.asdf"];
    let client = client(root.path(), Observatory::roman(), &ROMAN, &references);
    // With and without the beginning that archives leave out.
    for start in ["roman.meta", "meta"] {
        let exposure = |time: &str| {
            let pairs = [
                ("instrument.name", "WFI"),
                ("instrument.detector", "WFI01"),
                ("exposure.type", "WFI_IMAGE"),
                ("exposure.start_time", time),
            ];
            let pairs = pairs.map(|(key, value)| (format!("{start}.{key}"), value.to_owned()));
            pairs.into_iter().collect::<Parameters>()
        };
        let now = exposure("2026-12-31T23:59:59.999");
        assert_eq!(answer(&client, &now, "dark"), "roman_wfi_dark_0001.asdf");
        let later = exposure("2027-01-01T00:00:00.000");
        assert_eq!(answer(&client, &later, "dark"), "roman_wfi_dark_0002.asdf");
        let signal = answer(&client, &now, "darkdecaysignal");
        assert_eq!(signal, "roman_wfi_darkdecaysignal_0001.asdf");
        assert_eq!(answer(&client, &now, "area"), "N/A");
        assert!(answer(&client, &exposure("2019-01-01T00:00:00"), "dark").starts_with("NOT FOUND"));
        let found = client.references(&now, &["dark"]).expect("a reference");
        let path = root.path().join("references/roman").join(references[0]);
        assert_eq!(found["dark"], Reference::Path(path));
    }
}
