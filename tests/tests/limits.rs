//! Sizes beyond all sense in files of every kind: an error within seconds, and no memory taken for them.
#![cfg(target_os = "linux")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// Memory that the program may ask for [KiB].
const MEMORY_KIB: u64 = 2 << 20;

/// Time of the processor that the program may take, unoptimised [s].
const PATIENCE_S: u64 = 60;

/// A run that may ask for little memory.
fn strun(folder: &Path, arguments: &[&str]) -> Output {
    let run = Command::new("sh")
        .arg("-c")
        .arg(format!(
            "ulimit -v {MEMORY_KIB} && ulimit -t {PATIENCE_S} && exec \"$0\" --threads=2 \"$@\""
        ))
        .arg(env!("CARGO_BIN_EXE_strun-under-test"))
        .args(arguments)
        .env("STPIPE_DISABLE_CRDS_STEPPARS", "true")
        .env_remove("CRDS_SERVER_URL")
        .env("CRDS_PATH", folder)
        .current_dir(folder)
        .output();
    run.expect("a shell")
}

/// The program refuses: status 1, a message with these words, in good time.
fn refuses(folder: &Path, arguments: &[&str], words: &[&str]) {
    let run = strun(folder, arguments);
    let said = String::from_utf8_lossy(&run.stderr);
    assert_eq!(run.status.code(), Some(1), "{arguments:?}: {said:.2000}");
    for word in words {
        assert!(said.contains(word), "no `{word}` in: {said:.2000}");
    }
    assert!(said.len() < 10_000, "a message of {} bytes", said.len());
    assert!(
        said.contains("  hint: ") && said.contains("  code: "),
        "{said:.2000}"
    );
}

/// Cards filled up to whole blocks.
fn block(cards: &[&str]) -> Vec<u8> {
    let cards = cards.iter().chain(&["END"]);
    let mut bytes: Vec<u8> = cards
        .flat_map(|card| format!("{card:<80}").into_bytes())
        .collect();
    bytes.resize(bytes.len().next_multiple_of(2880), b' ');
    bytes
}

const PRIMARY: [&str; 6] = [
    "SIMPLE  =                    T",
    "BITPIX  =                    8",
    "NAXIS   =                    0",
    "EXTEND  =                    T",
    "TELESCOP= 'JWST    '",
    "DATAMODL= 'RampModel'",
];

fn write_fits(folder: &Path, extension: &[&str]) {
    let bytes = [block(&PRIMARY), block(extension), vec![0; 2880]].concat();
    fs::write(folder.join("x_uncal.fits"), bytes).expect("a file");
}

#[test]
fn absurd_headers_are_refused_at_once() {
    let folder = TempDir::new().expect("a folder");
    let image = ["XTENSION= 'IMAGE   '", "BITPIX  =                  -32"];
    let many: Vec<String> = (1..=999)
        .map(|axis| format!("{:<8}=           4000000000", format!("NAXIS{axis}")))
        .collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let heads: [&[&str]; 5] = [
        &[
            "NAXIS   =                    4",
            many[0],
            many[1],
            many[2],
            many[3],
        ],
        &[
            "NAXIS   =                    1",
            "NAXIS1  =  9223372036854775807",
        ],
        &[
            "NAXIS   =                    2",
            "NAXIS1  =                    1",
            "NAXIS2  = -9223372036854775808",
        ],
        &[&["NAXIS   =                  999"], many.as_slice()].concat(),
        &[
            "NAXIS   =                    1",
            "NAXIS1  =                    1",
            "PCOUNT  =  9223372036854775807",
            "GCOUNT  =  9223372036854775807",
        ],
    ];
    for head in heads {
        let name = ["EXTNAME = 'SCI     '"];
        write_fits(folder.path(), &[&image, head, &name].concat());
        refuses(
            folder.path(),
            &["group_scale", "x_uncal.fits"],
            &["x_uncal.fits"],
        );
    }
    let table = [
        "XTENSION= 'BINTABLE'",
        "BITPIX  =                    8",
        "NAXIS   =                    2",
    ];
    let bodies: [&[&str]; 4] = [
        &[
            "NAXIS1  =                    8",
            "NAXIS2  =        4000000000000",
            "TFIELDS =                    1",
            "TFORM1  = '1D      '",
        ],
        &[
            "NAXIS1  =                    8",
            "NAXIS2  =                    1",
            "TFIELDS =           2000000000",
            "TFORM1  = '1D      '",
        ],
        &[
            "NAXIS1  =  9223372036854775807",
            "NAXIS2  =                    2",
            "TFIELDS =                    1",
            "TFORM1  = '9223372036854775807D'",
        ],
        &[
            "NAXIS1  =                   16",
            "NAXIS2  =                    1",
            "PCOUNT  =        4000000000000",
            "TFIELDS =                    1",
            "TFORM1  = '1QD(4000000000000)'",
        ],
    ];
    for body in bodies {
        write_fits(
            folder.path(),
            &[&table, body, &["EXTNAME = 'GROUP   '"]].concat(),
        );
        refuses(
            folder.path(),
            &["group_scale", "x_uncal.fits"],
            &["x_uncal.fits"],
        );
    }
}

/// A parameter file whose tree is this.
fn write_asdf(folder: &Path, tree: &str) {
    let text = format!(
        "#ASDF 1.0.0\n#ASDF_STANDARD 1.6.0\n%YAML 1.1\n%TAG ! tag:stsci.edu:asdf/\n--- !core/asdf-1.1.0\n{tree}\n...\n"
    );
    fs::write(folder.join("p.asdf"), text).expect("a file");
}

#[test]
fn absurd_asdf_files_are_refused_at_once() {
    let folder = TempDir::new().expect("a folder");
    let head = "class: jwst.group_scale.GroupScaleStep\nname: group_scale\nparameters: ";
    let bomb = (1..30).fold(
        "- &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned(),
        |text, level| {
            let before = format!("*a{},", level - 1).repeat(10);
            format!("{text}- &a{level} [{}]\n", before.trim_end_matches(','))
        },
    );
    for tree in [
        format!(
            "{head}{{suffix: {}x{}}}",
            "[".repeat(20_000),
            "]".repeat(20_000)
        ),
        format!("bomb:\n{bomb}{head}{{}}"),
        format!(
            "{head}{{suffix: !core/ndarray-1.1.0 {{source: 0, datatype: float64, byteorder: big, shape: [4000000000, 4000000000]}}}}"
        ),
        format!(
            "{head}{{suffix: !core/ndarray-1.1.0 {{source: 9223372036854775807, datatype: int8, byteorder: big, shape: [1]}}}}"
        ),
    ] {
        write_asdf(folder.path(), &tree);
        refuses(folder.path(), &["p.asdf", "x_uncal.fits"], &["p.asdf"]);
    }
}

#[test]
fn absurd_associations_are_refused_at_once() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("a_asn.json");
    let write = |content: &[u8]| fs::write(&path, content).expect("a file");
    let members = |count: usize| -> String {
        let members: Vec<String> = (0..count)
            .map(|i| format!(r#"{{"expname":"{i}_cal.fits","exptype":"science"}}"#))
            .collect();
        format!(
            r#"{{"products":[{{"name":"m","members":[{}]}}]}}"#,
            members.join(",")
        )
    };
    // A million members: as many as there is memory for, all of them missing.
    write(members(1_000_000).as_bytes());
    refuses(
        folder.path(),
        &["calwebb_image3", "a_asn.json"],
        &["a_asn.json", "0_cal.fits", "and 999980 more"],
    );
    write(members(1_500_000).as_bytes());
    refuses(
        folder.path(),
        &["calwebb_image3", "a_asn.json"],
        &["a_asn.json", "bytes"],
    );
    write(&[vec![b'['; 1_000_000], vec![b']'; 1_000_000]].concat());
    refuses(
        folder.path(),
        &["calwebb_image3", "a_asn.json"],
        &["a_asn.json"],
    );
    let endless = PathBuf::from("/dev/zero");
    let link = folder.path().join("z_asn.json");
    std::os::unix::fs::symlink(endless, &link).expect("a link");
    refuses(
        folder.path(),
        &["calwebb_image3", "z_asn.json"],
        &["z_asn.json"],
    );
}

#[test]
fn absurd_parameter_files_are_refused_at_once() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("p.cfg");
    let class = "class = 'jwst.group_scale.GroupScaleStep'\n";
    // Sections in sections: as deep as the limit on bytes allows.
    let nested: String = (1..2000)
        .map(|depth| {
            [
                "[".repeat(depth),
                "steps".to_owned(),
                "]".repeat(depth),
                "\n".to_owned(),
            ]
            .concat()
        })
        .collect();
    let list = format!("suffix = {}\n", "x,".repeat(1_000_000));
    let long = format!("suffix = \"\"\"{}\n", "x".repeat(20 << 20));
    for text in [nested, list, long] {
        fs::write(&path, format!("{class}{text}")).expect("a file");
        refuses(folder.path(), &["p.cfg", "x_uncal.fits"], &["p.cfg"]);
    }
    fs::write(&path, format!("{class}config_file = 'p.cfg'\n")).expect("a file");
    refuses(folder.path(), &["p.cfg", "x_uncal.fits"], &["p.cfg"]);
    fs::write(&path, format!("{class}config_file = '/dev/zero'\n")).expect("a file");
    refuses(folder.path(), &["p.cfg", "x_uncal.fits"], &["/dev/zero"]);
}

/// cfitsio would take such a name for a file with a section, or for an address.
#[test]
fn names_are_not_interpreted() {
    let folder = TempDir::new().expect("a folder");
    let case = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/nrcb1_sub64p/input");
    let input = fs::read_dir(case)
        .expect("the case")
        .flatten()
        .next()
        .expect("an exposure");
    for name in [
        "x[1:2,1:2]_uncal.fits",
        "http:_uncal.fits",
        "a_uncal.fits[sci]_uncal.fits",
        "!x(y)_uncal.fits",
        "| touch z_uncal.fits",
    ] {
        fs::copy(input.path(), folder.path().join(name)).expect("a copy");
        let run = strun(
            folder.path(),
            &[
                "group_scale",
                &format!("./{name}"),
                "--output_use_model=true",
            ],
        );
        let said = String::from_utf8_lossy(&run.stderr);
        assert!(run.status.success(), "{name}: {said}");
        fs::remove_file(folder.path().join(name)).expect("the input is as it was");
    }
    let left = fs::read_dir(folder.path()).expect("a folder").flatten();
    let products = left
        .filter(|entry| entry.file_name().to_string_lossy().ends_with(".fits"))
        .count();
    assert!(products > 0, "products");
    assert!(
        !folder.path().join("z_uncal.fits").exists(),
        "a name is not a command"
    );
}

#[test]
fn a_ramp_that_is_larger_than_the_limit_is_refused_before_it_is_read() {
    let folder = TempDir::new().expect("a folder");
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/fgs_sub128");
    let case = testkit::golden::Case::open(&golden).expect("the case is part of this package");
    let input = case.inputs[0].to_str().expect("a name in UTF-8");
    refuses(
        folder.path(),
        &["calwebb_detector1", input, "--max-memory=60M"],
        &[
            "samples takes about",
            "more than the limit of 57 MiB",
            "stage1-memory",
        ],
    );
    let products = fs::read_dir(folder.path()).expect("a folder").count();
    assert_eq!(products, 0);
}
