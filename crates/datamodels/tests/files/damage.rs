//! Damaged files and files of the wrong kind: an error that names the thing, never a panic.

use std::path::Path;

use datamodels::io::fits::FitsReader;
use datamodels::{CubeModel, DataModelError, ImageModel, Model, RampModel};

use crate::raw::{BLOCK, Folder, hdu, image, image_model, primary, ramp_model};

fn message<T>(outcome: Result<T, DataModelError>) -> String {
    match outcome {
        Ok(_) => panic!("it should not have been read"),
        Err(error) => error.to_string(),
    }
}

fn says(outcome: Result<impl Sized, DataModelError>, words: &[&str]) {
    let message = message(outcome);
    for word in words {
        assert!(message.contains(word), "`{message}` does not say `{word}`");
    }
}

#[test]
fn files_that_are_not_fits() {
    let folder = Folder::new();
    for (name, content) in [
        ("empty.fits", &b""[..]),
        ("text.fits", b"SIMPLE text, nothing else"),
        ("picture.fits", b"\x89PNG\r\n\x1a\n0000000000000000"),
        ("magic.fits", b"SIMPLE  =                    T"),
        ("gzip.fits", b"\x1f\x8b\x08\x00 not gzip at all"),
    ] {
        let path = folder.write(name, &[content.to_vec()]);
        says(ImageModel::open(&path), &[name]);
    }
    says(
        ImageModel::open(&folder.path("absent.fits")),
        &["cannot open", "absent.fits"],
    );
    says(ImageModel::open(Path::new("/")), &["cannot open"]);
}

#[test]
fn a_file_cut_anywhere_inside_an_hdu_is_an_error() {
    let folder = Folder::new();
    let whole = folder.path("whole.fits");
    image_model().save(&whole).expect("written");
    let bytes = std::fs::read(&whole).expect("read");
    for length in (1..bytes.len())
        .step_by(997)
        .filter(|length| length % BLOCK != 0)
    {
        let path = folder.write("cut.fits", &[bytes[..length].to_vec()]);
        let outcome = FitsReader::open(&path);
        let error = message(outcome);
        assert!(error.contains("cut.fits"), "{length}: {error}");
    }
    let path = folder.write("cut.fits", &[bytes[..3 * BLOCK + 10].to_vec()]);
    says(FitsReader::open(&path), &["cut.fits"]);
}

#[test]
fn truncated_data_name_the_hdu_and_both_lengths() {
    let folder = Folder::new();
    let full = [
        primary(&[]),
        image("SCI", -32, &[100, 100], &[], &vec![0; 40_000]),
    ]
    .concat();
    let path = folder.write("cut.fits", &[full[..20_000].to_vec()]);
    says(
        ImageModel::open(&path),
        &["cut.fits", "SCI", "truncated", "46080", "20000"],
    );
}

#[test]
fn missing_and_misshapen_hdus_are_named() {
    let folder = Folder::new();
    let none = folder.write(
        "none.fits",
        &[primary(&[]), image("ERR", -32, &[2, 2], &[], &[0; 16])],
    );
    says(RampModel::open(&none), &["none.fits", "no HDU SCI", "ERR"]);
    let cube = folder.write(
        "cube.fits",
        &[primary(&[]), image("SCI", -32, &[1, 2, 2], &[], &[0; 16])],
    );
    says(
        RampModel::open(&cube),
        &["cube.fits", "SCI", "4 dimensions", "[1, 2, 2]"],
    );
    says(ImageModel::open(&cube), &["SCI", "2 dimensions"]);
    let table = folder.write(
        "table.fits",
        &[
            primary(&[]),
            hdu(
                &[
                    "XTENSION= 'BINTABLE'",
                    "BITPIX  =                    8",
                    "NAXIS   =                    2",
                    "NAXIS1  =                    1",
                    "NAXIS2  =                    1",
                    "PCOUNT  =                    0",
                    "GCOUNT  =                    1",
                    "TFIELDS =                    1",
                    "TFORM1  = 'B       '",
                    "EXTNAME = 'SCI     '",
                ],
                &[1],
            ),
        ],
    );
    says(
        ImageModel::open(&table),
        &["SCI", "expected an image", "a binary table"],
    );
}

#[test]
fn companions_of_another_shape_than_the_data_are_named() {
    let folder = Folder::new();
    let ramp = |name: &str, axes: &[usize]| {
        let size: usize = axes.iter().product::<usize>() * 4;
        let sci = image("SCI", -32, &[1, 2, 2, 2], &[], &[0; 32]);
        folder.write(
            "bad.fits",
            &[
                primary(&[]),
                sci,
                image(name, -32, axes, &[], &vec![0; size]),
            ],
        )
    };
    for (name, axes) in [
        ("PIXELDQ", &[2, 3][..]),
        ("GROUPDQ", &[1, 2, 2, 3]),
        ("ZEROFRAME", &[2, 2, 2]),
        ("AVDRKCUR", &[3, 3]),
    ] {
        says(
            RampModel::open(&ramp(name, axes)),
            &["bad.fits", name, "shape"],
        );
    }
    for name in ["ERR", "DQ", "VAR_POISSON", "VAR_RNOISE"] {
        let sci = image("SCI", -32, &[2, 2], &[], &[0; 16]);
        let companion = image(name, -32, &[2, 3], &[], &[0; 24]);
        let path = folder.write("bad.fits", &[primary(&[]), sci, companion]);
        says(ImageModel::open(&path), &["bad.fits", name, "shape"]);
        let sci = image("SCI", -32, &[1, 2, 2], &[], &[0; 16]);
        let companion = image(name, -32, &[1, 2, 3], &[], &[0; 24]);
        let path = folder.write("bad.fits", &[primary(&[]), sci, companion]);
        says(CubeModel::open(&path), &["bad.fits", name, "shape"]);
    }
}

#[test]
fn impossible_sizes_are_refused_without_taking_the_memory() {
    let folder = Folder::new();
    let huge = 4_000_000_000_usize;
    for axes in [vec![huge], vec![huge, huge], vec![huge, huge, huge]] {
        let path = folder.write(
            "huge.fits",
            &[primary(&[]), image("SCI", -64, &axes, &[], &[0; 8])],
        );
        says(FitsReader::open(&path), &["huge.fits"]);
    }
    let cards = |naxis: &'static str| {
        [
            "XTENSION= 'IMAGE   '",
            "BITPIX  =                    8",
            naxis,
            "NAXIS1  =                    1",
        ]
    };
    for naxis in [
        "NAXIS   =           1000000000",
        "NAXIS   =                   -1",
        "NAXIS   = 'two     '",
    ] {
        let path = folder.write("axes.fits", &[primary(&[]), hdu(&cards(naxis), &[0])]);
        says(FitsReader::open(&path), &["axes.fits"]);
    }
}

/// cfitsio has room for 99 axes, and would write beyond it.
#[test]
fn more_axes_than_the_library_holds_are_refused() {
    let folder = Folder::new();
    let lengths: Vec<String> = (1..=999)
        .map(|axis| format!("{:<8}=                    1", format!("NAXIS{axis}")))
        .collect();
    let write = |name: &str, stated: &str, axes: usize| {
        let naxis = format!("NAXIS   = {stated:>20}");
        let mut cards = vec![
            "XTENSION= 'IMAGE   '",
            "BITPIX  =                    8",
            &naxis,
        ];
        cards.extend(lengths[..axes].iter().map(String::as_str));
        folder.write(name, &[primary(&[]), hdu(&cards, &[0])])
    };
    for (stated, axes) in [("100", 100), ("999", 999), ("1E2", 100), ("0x64", 100)] {
        let path = write("axes.fits", stated, axes);
        says(FitsReader::open(&path), &["axes.fits", "HDU 2", "NAXIS"]);
        let bytes = std::fs::read(&path).expect("read");
        let mut packed = Vec::new();
        let mut encoder = flate2::read::GzEncoder::new(&bytes[..], flate2::Compression::fast());
        std::io::Read::read_to_end(&mut encoder, &mut packed).expect("packed");
        let path = folder.write("axes.fits.gz", &[packed]);
        says(FitsReader::open(&path), &["axes.fits.gz", "HDU 2", "NAXIS"]);
    }
    let most = FitsReader::open(&write("most.fits", "99 / as many as there may be", 99));
    let most = most.expect("99 axes are allowed");
    assert_eq!(most.hdus()[1].shape().len(), 99);
}

#[test]
fn damaged_asdf_extensions_are_named() {
    let folder = Folder::new();
    let path = folder.path("ramp.fits");
    ramp_model().save(&path).expect("written");
    crate::raw::edit(&path, "#ASDF 1.0.0", "#WRONG 9.9!");
    says(RampModel::open(&path), &["ramp.fits", "ASDF extension"]);
}
