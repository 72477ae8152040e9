//! Binary tables with columns of every type.

use datamodels::io::fits::{FitsReader, Table};
use datamodels::{Model, RampModel};

use crate::raw::{Folder, hdu, image, primary};

/// Three rows of columns L, B, I (unsigned), J, K, E, D, 5A, 2J, 3X, C and a variable-length one.
fn table(name: &str) -> Vec<u8> {
    let mut rows = Vec::new();
    for n in 0..3_u8 {
        rows.push(if n == 1 { b'T' } else { b'F' });
        rows.push(200 + n);
        rows.extend(((u16::from(n) + 40_000) ^ 0x8000).to_be_bytes());
        rows.extend((-70_000 - i32::from(n)).to_be_bytes());
        rows.extend((1_i64 << 40).to_be_bytes());
        rows.extend((0.5 + f32::from(n)).to_be_bytes());
        rows.extend((f64::from(n) * 1e-3).to_be_bytes());
        rows.extend(["ab   ", "cde\0\0", "     "][usize::from(n)].bytes());
        rows.extend(i32::from(n).to_be_bytes());
        rows.extend((-i32::from(n)).to_be_bytes());
        rows.push(0b1010_0000);
        rows.extend([0; 8]);
        rows.extend(2_i32.to_be_bytes());
        rows.extend(i32::from(n).to_be_bytes());
    }
    let row_len = rows.len() / 3;
    let heap = [1, 2, 3, 4];
    rows.extend(heap);
    let forms = [
        "L", "B", "I", "J", "K", "E", "D", "5A", "2J", "3X", "C", "1PB(2)",
    ];
    let mut cards = vec![
        "XTENSION= 'BINTABLE'".to_string(),
        "BITPIX  =                    8".to_string(),
        "NAXIS   =                    2".to_string(),
        format!("NAXIS1  = {row_len:>20}"),
        "NAXIS2  =                    3".to_string(),
        format!("PCOUNT  = {:>20}", heap.len()),
        "GCOUNT  =                    1".to_string(),
        format!("TFIELDS = {:>20}", forms.len()),
    ];
    for (index, form) in forms.iter().enumerate() {
        cards.push(format!(
            "{:<8}= 'c{index}      '",
            format!("TTYPE{}", index + 1)
        ));
        cards.push(format!("{:<8}= '{form:<8}'", format!("TFORM{}", index + 1)));
    }
    cards.push("TZERO3  =                32768".to_string());
    cards.push("TUNIT7  = 's       '".to_string());
    cards.push(format!("EXTNAME = '{name:<8}'"));
    let cards: Vec<&str> = cards.iter().map(String::as_str).collect();
    hdu(&cards, &rows)
}

fn read(path: &std::path::Path, name: &str) -> Table {
    let reader = FitsReader::open(path).expect("the file is read");
    reader
        .table(reader.require(name).expect("it is there"))
        .expect("a table")
}

#[test]
fn columns_have_their_types_and_values() {
    let folder = Folder::new();
    let path = folder.write("table.fits", &[primary(&[]), table("GROUP")]);
    let table = read(&path, "GROUP");
    assert_eq!((table.rows(), table.columns().len()), (3, 12));
    let numbers = |name| table.numbers(name).unwrap_or_default();
    assert_eq!(numbers("c0"), [0.0, 1.0, 0.0]);
    assert_eq!(numbers("C1"), [200.0, 201.0, 202.0]);
    assert_eq!(numbers("c2"), [40_000.0, 40_001.0, 40_002.0]);
    assert_eq!(numbers("c3"), [-70_000.0, -70_001.0, -70_002.0]);
    assert_eq!(numbers("c4"), [1.099_511_627_776e12; 3]);
    assert_eq!(numbers("c5"), [0.5, 1.5, 2.5]);
    assert_eq!(numbers("c6"), [0.0, 1e-3, 2e-3]);
    assert_eq!(
        table.strings("c7"),
        Some(vec!["ab".into(), "cde".into(), String::new()])
    );
    assert_eq!(numbers("c8"), [0.0, 0.0, 1.0, -1.0, 2.0, -2.0]);
    assert_eq!(table.numbers("c7"), None);
    assert_eq!(table.numbers("c11"), None);
    assert_eq!(table.numbers("no such column"), None);
    assert_eq!(
        table.slice_rows(1..9).numbers("c1"),
        Some(vec![201.0, 202.0])
    );
}

#[test]
fn tables_of_a_ramp_are_written_as_they_were() {
    let folder = Folder::new();
    let sci = image("SCI", -32, &[1, 1, 2, 2], &[], &[0; 16]);
    let hdus = [primary(&[]), sci, table("GROUP"), table("INT_TIMES")];
    let path = folder.write("ramp.fits", &hdus);
    let out = folder.path("out.fits");
    RampModel::open(&path)
        .expect("the file is read")
        .save(&out)
        .expect("the file is written");
    for name in ["GROUP", "INT_TIMES"] {
        assert_eq!(read(&out, name), read(&path, name), "{name}");
    }
}

#[test]
fn tables_whose_columns_do_not_add_up_are_errors() {
    let folder = Folder::new();
    for (from, to) in [
        ("TFORM2  = 'B       '", "TFORM2  = '2B      '"),
        ("TFORM2  = 'B       '", "TFORM2  = 'Z       '"),
        ("TFORM2  = 'B       '", "TFORM2  = '99999999999999999999B'"),
        (
            "TFIELDS =                   12",
            "TFIELDS =                   13",
        ),
        (
            "TFIELDS =                   12",
            "TFIELDS =                   11",
        ),
    ] {
        let bytes = [primary(&[]), table("GROUP")].concat();
        let padded = format!("{to:<80}");
        let at = bytes
            .windows(from.len())
            .position(|w| w == from.as_bytes())
            .expect("it is there");
        let mut bytes = bytes;
        bytes[at..at + 80].copy_from_slice(padded.as_bytes());
        let path = folder.write("bad.fits", &[bytes]);
        let outcome =
            FitsReader::open(&path).and_then(|reader| reader.table(reader.require("GROUP")?));
        let error = outcome.expect_err(to);
        assert!(error.to_string().contains("bad.fits"), "{error}");
    }
}
