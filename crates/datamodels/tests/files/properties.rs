//! Properties over random headers, arrays and damage.

use datamodels::io::fits::{Card, CardValue, FitsReader, HduKind, HduSpec, Payload, write_fits};
use datamodels::metadata::Metadata;
use datamodels::{ImageModel, Model, RampModel};
use ndarray::{ArrayD, IxDyn};
use proptest::prelude::*;

use crate::raw::{Folder, image_model, ramp_model};

fn value() -> impl Strategy<Value = CardValue> {
    prop_oneof![
        Just(CardValue::Undefined),
        any::<bool>().prop_map(CardValue::Logical),
        any::<i64>().prop_map(CardValue::Integer),
        (-1e30..1e30).prop_map(CardValue::Real),
        proptest::num::f64::NORMAL.prop_map(CardValue::Real),
        "[ -~]{0,200}".prop_map(CardValue::Text),
        "['& ]{0,100}".prop_map(CardValue::Text),
    ]
}

fn card() -> impl Strategy<Value = Card> {
    // A leading X keeps clear of the keywords of the layout and of commentary.
    (
        prop_oneof!["X[A-Z0-9_-]{0,7}", "X[A-Z0-9]{3} [A-Z0-9 ]{4,20}[A-Z]"],
        value(),
        "[a-z]{0,8}",
    )
        .prop_map(|(keyword, value, comment)| Card::new(&keyword, value, &comment))
}

fn same(written: &CardValue, read: &CardValue) -> bool {
    match (written, read) {
        // Twenty characters hold 13 digits beside a three-digit exponent.
        (CardValue::Real(a), CardValue::Real(b)) => (a - b).abs() <= 1e-12 * a.abs(),
        (CardValue::Text(a), CardValue::Text(b)) => a.trim_end() == b.trim_end(),
        _ => written == read,
    }
}

fn write(cards: Vec<Card>, data: &ArrayD<f32>) -> (Folder, std::path::PathBuf) {
    let folder = Folder::new();
    let path = folder.path("random.fits");
    let hdus = [
        HduSpec {
            name: "PRIMARY".into(),
            version: 1,
            cards,
            payload: Payload::Empty,
        },
        HduSpec {
            name: "SCI".into(),
            version: 3,
            cards: Vec::new(),
            payload: Payload::F32(data.view()),
        },
    ];
    write_fits(&path, &hdus, |_| Ok(b"#ASDF 1.0.0\n".to_vec())).expect("the file is written");
    (folder, path)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn headers_read_back(cards in proptest::collection::vec(card(), 0..40)) {
        let (_folder, path) = write(cards.clone(), &ArrayD::zeros(IxDyn(&[1])));
        let reader = FitsReader::open(&path).expect("the file is read");
        let read: Vec<&Card> = reader.hdus()[0].header.cards.iter().filter(|card| card.keyword.starts_with('X')).collect();
        prop_assert_eq!(read.len(), cards.len());
        for (written, read) in cards.iter().zip(read) {
            prop_assert_eq!(&written.keyword, &read.keyword);
            prop_assert!(same(&written.value, &read.value), "{:?} became {:?}", written, read);
        }
    }

    #[test]
    fn arrays_and_windows_read_back(
        shape in proptest::collection::vec(1_usize..9, 2..5),
        bits in any::<u64>(),
        corner in (0.0..1.0, 0.0..1.0),
    ) {
        let mut state = bits;
        let data = ArrayD::from_shape_simple_fn(IxDyn(&shape), || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            f32::from_bits((state >> 32) as u32)
        });
        let (_folder, path) = write(Vec::new(), &data);
        let reader = FitsReader::open(&path).expect("the file is read");
        let sci = reader.find("SCI", 3).expect("it is there");
        let same = |a: &ArrayD<f32>, b: &ArrayD<f32>| {
            a.shape() == b.shape() && a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits())
        };
        prop_assert!(same(&reader.image(sci).expect("read"), &data));
        let [.., height, width] = shape.as_slice() else { unreachable!("two axes at least") };
        let (y, x) = ((corner.0 * *height as f64) as usize, (corner.1 * *width as f64) as usize);
        let window = reader.image_window::<f32>(sci, y..*height, x..*width).expect("read");
        let mut expected = data.clone();
        let last = expected.ndim() - 1;
        expected.slice_axis_inplace(ndarray::Axis(last - 1), (y..).into());
        expected.slice_axis_inplace(ndarray::Axis(last), (x..).into());
        prop_assert!(same(&window, &expected));
        prop_assert!(reader.image_window::<f32>(sci, 0..height + 1, 0..1).is_err());
    }

    #[test]
    fn metadata_read_back(name in "[ -~]{1,90}", start in -1e6..1e6, groups in 1_i64..100_000, flag in any::<bool>()) {
        let mut model = image_model();
        let name = name.trim().to_string();
        model.meta.set("meta.target.catalog_name", name.as_str());
        model.meta.set("meta.exposure.start_time", start);
        model.meta.set("meta.exposure.ngroups", groups);
        model.meta.set("meta.visit.tsovisit", flag);
        let read = crate::raw::again(&model);
        prop_assert_eq!(read.meta.text("meta.target.catalog_name"), Some(name.as_str()));
        prop_assert_eq!(read.meta.number("meta.exposure.start_time"), Some(start));
        prop_assert_eq!(read.meta.integer("meta.exposure.ngroups"), Some(groups));
        prop_assert_eq!(read.meta.flag("meta.visit.tsovisit"), Some(flag));
    }
}

/// Reads everything that can be read of a file, and writes it again where it is a model.
fn exercise(path: &std::path::Path, out: &std::path::Path) {
    if let Ok(reader) = FitsReader::open(path) {
        for hdu in reader.hdus() {
            let read = match &hdu.kind {
                HduKind::Image { .. } => reader.image::<f32>(hdu).map(|a| a.len()),
                HduKind::Table => reader.table(hdu).map(|table| {
                    let columns = table.columns().iter();
                    columns
                        .filter_map(|c| table.numbers(&c.name).map(|v| v.len()))
                        .sum()
                }),
                HduKind::Empty | HduKind::Other => reader.bytes(hdu).map(|b| b.len()),
            };
            drop(read);
        }
        drop(Metadata::read(&reader));
    }
    for outcome in [
        ImageModel::open(path).and_then(|model| model.save(out)),
        RampModel::open(path).and_then(|model| model.save(out)),
    ] {
        if let Err(error) = outcome {
            assert!(!error.to_string().is_empty());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn mutated_files_never_panic(
        ramp in any::<bool>(),
        changes in proptest::collection::vec((0.0..1.0, any::<u8>(), any::<bool>()), 1..12),
    ) {
        let folder = Folder::new();
        let (path, out) = (folder.path("mutated.fits"), folder.path("out.fits"));
        let written = if ramp { ramp_model().save(&path) } else { image_model().save(&path) };
        written.expect("the file is written");
        let mut bytes = std::fs::read(&path).expect("read");
        for (place, byte, printable) in changes {
            let at = (place * bytes.len() as f64) as usize;
            // Header characters do more harm than arbitrary bytes, which the reader refuses early.
            bytes[at] = if printable { b" '=/0123456789TF-.EPX"[usize::from(byte) % 21] } else { byte };
        }
        std::fs::write(&path, bytes).expect("written");
        exercise(&path, &out);
    }

    #[test]
    fn exchanged_records_never_panic(changes in proptest::collection::vec((0.0..1.0, 0.0..1.0), 1..20)) {
        let folder = Folder::new();
        let (path, out) = (folder.path("mutated.fits"), folder.path("out.fits"));
        image_model().save(&path).expect("the file is written");
        let mut bytes = std::fs::read(&path).expect("read");
        let count = bytes.len() / 80;
        for (from, to) in changes {
            let (from, to) = ((from * count as f64) as usize * 80, (to * count as f64) as usize * 80);
            bytes.copy_within(from..from + 80, to);
        }
        std::fs::write(&path, bytes).expect("written");
        exercise(&path, &out);
    }
}
