//! Tests of tables as text.

use proptest::prelude::*;

use super::number::float_text;
use super::{Column, Meta, MetaArray, Table, Values};

/// From `repr(float)` and `str(numpy.float32)`, Python 3.11 and numpy 2.4.
#[test]
fn numbers_are_written_as_python_does() {
    for (value, text) in [
        (0.0, "0.0"),
        (-0.0, "-0.0"),
        (1.0, "1.0"),
        (-12.5, "-12.5"),
        (1e15, "1000000000000000.0"),
        (1e16, "1e+16"),
        (1.25e22, "1.25e+22"),
        (0.0001, "0.0001"),
        (0.000_012_5, "1.25e-05"),
        (6.671_878_013_421_963e-9, "6.671878013421963e-09"),
        (1e-300, "1e-300"),
        (f64::NAN, "nan"),
        (f64::NEG_INFINITY, "-inf"),
    ] {
        assert_eq!(float_text(value), text);
    }
    assert_eq!(float_text(0.182_621_55_f32), "0.18262155");
    assert_eq!(float_text(2.085_888_8e-6_f32), "2.0858888e-06");
}

fn example() -> Table {
    let sky = Column::new("sky", Values::Sky(vec![(80.5, -69.25), (0.0, 1e-7)]));
    let mut flux = Column::new("flux", Values::F32(vec![1.5, f32::NAN])).quantity("Jy");
    flux.format = Some(".6e".to_owned());
    Table {
        meta: vec![
            (
                "date".to_owned(),
                Meta::Text("2026-01-02 03:04:05 UTC".to_owned()),
            ),
            (
                "kron_params".to_owned(),
                Meta::Tuple(vec![Meta::Float(2.5), Meta::Float(1.4)]),
            ),
            (
                "aperture".to_owned(),
                Meta::Map(vec![
                    (
                        "ee".to_owned(),
                        Meta::Array(MetaArray::from([30_i64, 50, 70].as_slice())),
                    ),
                    ("inner".to_owned(), Meta::Float(10.0)),
                ]),
            ),
        ],
        columns: vec![
            Column::new("label", Values::I32(vec![1, 2])).described("A label, and: more"),
            sky.described("Position"),
            flux,
            Column::new(
                "name",
                Values::Text(vec!["a \"b\"".to_owned(), String::new()]),
            ),
            Column::new("is_extended", Values::Bool(vec![true, false])),
        ],
    }
}

/// The array as astropy 8.0.2 writes `numpy.array([30, 50, 70])`.
#[test]
fn tables_are_written_as_astropy_does() {
    let text = example().to_ecsv();
    let expected = "\
# %ECSV 1.0
# ---
# datatype:
# - {name: label, datatype: int32, description: 'A label, and: more'}
# - {name: sky.ra, unit: deg, datatype: float64}
# - {name: sky.dec, unit: deg, datatype: float64}
# - {name: flux, unit: Jy, datatype: float32, format: .6e}
# - {name: name, datatype: string}
# - {name: is_extended, datatype: bool}
# meta: !!omap
# - {date: '2026-01-02 03:04:05 UTC'}
# - kron_params: !!python/tuple [2.5, 1.4]
# - aperture:
#     ee: !numpy.ndarray
#       buffer: !!binary |
#         SGdBQUFBQUFBQUF5QUFBQUFBQUFBRVlBQUFBQUFBQUE=
#       dtype: int64
#       order: C
#       shape: !!python/tuple [3]
#     inner: 10.0
# - __serialized_columns__:
#     flux:
#       __class__: astropy.units.quantity.Quantity
#       unit: !astropy.units.Unit {unit: Jy}
#       value: !astropy.table.SerializedColumn {name: flux}
#     sky:
#       __class__: astropy.coordinates.sky_coordinate.SkyCoord
#       __info__: {description: Position}
";
    assert!(text.starts_with(expected), "{text}");
    let body: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(
        body,
        [
            "label sky.ra sky.dec flux name is_extended",
            "1 80.5 -69.25 1.5 \"a \"\"b\"\"\" True",
            "2 0.0 1e-07 nan \"\" False",
        ]
    );
}

#[test]
fn what_was_written_is_read() {
    let table = Table::parse(&example().to_ecsv()).unwrap();
    let names: Vec<&str> = table.columns.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(
        names,
        ["label", "sky.ra", "sky.dec", "flux", "name", "is_extended"]
    );
    assert_eq!(table.columns[0].values, Values::I32(vec![1, 2]));
    let description = table.columns[0].description.as_deref();
    assert_eq!(description, Some("A label, and: more"));
    assert_eq!(table.numbers("sky.dec"), Some(vec![-69.25, 1e-7]));
    assert_eq!(table.columns[3].unit.as_deref(), Some("Jy"));
    let text = Values::Text(vec!["a \"b\"".to_owned(), String::new()]);
    assert_eq!(table.columns[4].values, text);
}

#[test]
fn plain_tables_are_understood() {
    let comma = Table::parse("x,y,note\r\n1, 2.5,\"a,b\"\r\n3,,c\r\n").unwrap();
    assert_eq!(comma.columns[0].values, Values::I64(vec![1, 3]));
    let y = comma.numbers("y").unwrap();
    assert!(y[0] == 2.5 && y[1].is_nan());
    let note = Values::Text(vec!["a,b".to_owned(), "c".to_owned()]);
    assert_eq!(comma.columns[2].values, note);
    let ecsv = "# %ECSV 0.9\n# ---\n# delimiter: ','\n# datatype:\n# - {name: a, datatype: float64}\n\
                # - {name: b, datatype: int64}\n# schema: astropy-2.0\na,b\n1.0,2\n";
    let ecsv = Table::parse(ecsv).unwrap();
    assert_eq!(ecsv.numbers("b"), Some(vec![2.0]));
}

#[test]
fn damage_is_named() {
    let message = |text: &str| Table::parse(text).unwrap_err();
    assert_eq!(message(""), "no line with the names of columns");
    assert_eq!(
        message("a b\n1 2\n3\n"),
        "line 3: expected 2 values, found 1"
    );
    assert_eq!(message("a b\n1 \"2\n"), "line 2: a quote is not closed");
    let header = "# %ECSV 1.0\n# ---\n# datatype:\n# - {name: a, datatype: int64}\n";
    assert_eq!(
        message(&format!("{header}a\nx\n")),
        "line 6, column a: cannot use \"x\""
    );
    assert!(message(&format!("{header}b\n1\n")).contains("the first line names [\"b\"]"));
}

proptest! {
    #[test]
    fn every_float_is_read_back(bits: u64) {
        let value = f64::from_bits(bits);
        let again: f64 = float_text(value).parse().unwrap();
        prop_assert!(again.to_bits() == value.to_bits() || value.is_nan() && again.is_nan());
    }

    #[test]
    fn every_text_is_read_back(texts in proptest::collection::vec("[^\\r\\n\\p{C}]{0,12}", 1..5)) {
        let values = Values::Text(texts);
        let table = Table { meta: Vec::new(), columns: vec![Column::new("a b", values.clone())] };
        let again = Table::parse(&table.to_ecsv()).unwrap();
        prop_assert_eq!(&again.columns[0].values, &values);
        prop_assert_eq!(&again.columns[0].name, "a b");
    }

    #[test]
    fn no_text_brings_the_reader_down(text in "[# %ECSV:\\-\\{\\}a,\"\\n 1.]{0,80}") {
        let _ = Table::parse(&text);
    }
}
