//! `jwst preview` and `jwst report`: help, errors, and what they leave behind.

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use insta::assert_snapshot;

/// Status, standard output and standard error; hints and codes of errors are tested where they are written.
fn jwst(folder: &Path, args: &[&str]) -> String {
    let mut command = Command::cargo_bin("jwst").unwrap();
    let assert = command.current_dir(folder).args(args).assert();
    let output = assert.get_output();
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    let status = output.status.code().unwrap_or(-1);
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    let is_hint = |line: &&str| line.starts_with("  hint: ") || line.starts_with("  code: ");
    let err: String = err
        .split_inclusive('\n')
        .filter(|line| !is_hint(line))
        .collect();
    format!("{status}\n{out}{err}")
}

/// A FITS file with an image of 3 rows of 4 columns, 16-bit integers.
fn image(path: &Path) {
    let header = |cards: &[&str]| {
        let cards: Vec<String> = cards.iter().map(|card| format!("{card:80}")).collect();
        let text = cards.concat();
        format!("{text:2880}")
    };
    let primary = header(&[
        "SIMPLE  =                    T",
        "BITPIX  =                    8",
        "NAXIS   =                    0",
        "END",
    ]);
    let sci = header(&[
        "XTENSION= 'IMAGE   '",
        "BITPIX  =                   16",
        "NAXIS   =                    2",
        "NAXIS1  =                    4",
        "NAXIS2  =                    3",
        "PCOUNT  =                    0",
        "GCOUNT  =                    1",
        "EXTNAME = 'SCI     '",
        "END",
    ]);
    let mut octets = (primary + &sci).into_bytes();
    octets.extend((0_u8..12).flat_map(|value| [0, value]));
    octets.resize(octets.len().next_multiple_of(2880), 0);
    fs::write(path, octets).unwrap();
}

#[test]
fn help_says_what_can_be_chosen() {
    let here = tempfile::tempdir().unwrap();
    assert_snapshot!("help_of_preview", jwst(here.path(), &["preview", "--help"]));
    assert_snapshot!("help_of_report", jwst(here.path(), &["report", "--help"]));
}

#[test]
fn wrong_options_are_usage_errors() {
    let here = tempfile::tempdir().unwrap();
    image(&here.path().join("x_rate.fits"));
    let mut said = String::new();
    for options in [
        "--stretch square",
        "--limits 5,1",
        "--colours jet",
        "--dq JUMP",
        "--pixel 3",
        "--size 10",
        "--theme sepia",
        "--count-from 2",
        "--rate x.fits",
        "--integration 0",
    ] {
        let args = format!("preview x_rate.fits -o x.png {options}");
        let args: Vec<&str> = args.split(' ').collect();
        let line = format!("$ jwst {}\n{}\n", args.join(" "), jwst(here.path(), &args));
        said += &line;
    }
    said += &jwst(here.path(), &["preview", "x_rate.fits", "-o", "x.jpg"]);
    said += &jwst(here.path(), &["report", ".", "-o", "x.pdf"]);
    assert_snapshot!("errors_of_usage", said);
    assert_eq!(fs::read_dir(here.path()).unwrap().count(), 1);
}

#[test]
fn files_that_do_not_fit_are_errors_and_leave_nothing() {
    let here = tempfile::tempdir().unwrap();
    image(&here.path().join("x_rate.fits"));
    fs::write(here.path().join("y_cat.ecsv"), "RA DEC\n1 2\n").unwrap();
    let mut said = String::new();
    for line in [
        "preview absent.fits -o x.png",
        "preview y_cat.ecsv -o x.png",
        "preview x_rate.fits -o x.png --hdu ERR",
        "preview x_rate.fits -o x.png --dq JUMP_DET",
        "preview x_rate.fits -o x.png --catalog y_cat.ecsv",
        "preview x_rate.fits -o x.png --pixel 1,1",
        "preview x_rate.fits -o nowhere/x.png",
        "report absent.fits -o x.html",
        "report x_rate.fits -o x.html --log y_cat.ecsv",
    ] {
        let args: Vec<&str> = line.split(' ').collect();
        let line = format!("$ jwst {line}\n{}\n", jwst(here.path(), &args));
        said += &line;
    }
    assert_snapshot!("errors_of_files", said);
    assert_eq!(fs::read_dir(here.path()).unwrap().count(), 2);
}

#[test]
fn a_picture_and_a_page_are_written() {
    let here = tempfile::tempdir().unwrap();
    image(&here.path().join("x_rate.fits"));
    let said = jwst(
        here.path(),
        &["preview", "x_rate.fits", "-o", "x.png", "--theme", "dark"],
    );
    assert_eq!(
        said,
        "0\nx.png: x_rate.fits: Values from 0 to 11.00, mean 5.500.\n"
    );
    assert_eq!(
        fs::read(here.path().join("x.png")).unwrap()[..4],
        *b"\x89PNG"
    );
    let said = jwst(here.path(), &["report", ".", "-o", "x.html"]);
    assert_eq!(said, "0\nx.html: 1 product\n");
    let page = fs::read_to_string(here.path().join("x.html")).unwrap();
    assert!(page.contains("x_rate.fits"));
}
