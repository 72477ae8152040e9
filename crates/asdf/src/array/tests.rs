use proptest::prelude::*;

use crate::{
    AsdfFile, Block, ByteOrder, DataType, Error, Mapping, NdArray, Node, Scalar, Source, yaml,
};

fn array_of(kind: Scalar, order: ByteOrder, shape: &[usize], bytes: &[u8]) -> (AsdfFile, NdArray) {
    let mut file = AsdfFile::new();
    file.blocks.push(Block::new(bytes));
    (file, NdArray::new(Source::Block(0), kind, order, shape))
}

fn inline(text: &str) -> NdArray {
    let text = format!("%TAG ! tag:stsci.edu:asdf/\n---\na: !core/ndarray-1.1.0 {text}\n");
    let tree = yaml::parse(&text, &yaml::Limits::default()).unwrap();
    tree.get("a").and_then(Node::as_ndarray).unwrap().clone()
}

#[test]
fn every_type_is_read_in_both_byte_orders() {
    let cases: [(Scalar, &[u8], f64); 12] = [
        (Scalar::Int8, &[0xfe], -2.0),
        (Scalar::UInt8, &[0xfe], 254.0),
        (Scalar::Int16, &[0xff, 0xfe], -2.0),
        (Scalar::UInt16, &[0x01, 0x02], 258.0),
        (Scalar::Int32, &[0xff, 0xff, 0xff, 0xfe], -2.0),
        (Scalar::UInt32, &[0, 0, 1, 2], 258.0),
        (
            Scalar::Int64,
            &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe],
            -2.0,
        ),
        (Scalar::UInt64, &[0, 0, 0, 0, 0, 0, 1, 2], 258.0),
        // 1.5 is sign 0, exponent 0 (biased 15, 127, 1023) and the fraction's first bit.
        (Scalar::Float16, &[0x3e, 0x00], 1.5),
        (Scalar::Float32, &[0x3f, 0xc0, 0, 0], 1.5),
        (Scalar::Float64, &[0x3f, 0xf8, 0, 0, 0, 0, 0, 0], 1.5),
        (Scalar::Bool8, &[1], 1.0),
    ];
    for (kind, big, expected) in cases {
        let little: Vec<u8> = big.iter().rev().copied().collect();
        let (file, array) = array_of(kind, ByteOrder::Big, &[1], big);
        assert_eq!(
            file.array_f64(&array).unwrap(),
            (vec![expected], vec![1]),
            "{kind:?}"
        );
        let (file, array) = array_of(kind, ByteOrder::Little, &[1], &little);
        assert_eq!(
            file.array_f64(&array).unwrap(),
            (vec![expected], vec![1]),
            "{kind:?}"
        );
    }
}

#[test]
fn half_floats_at_their_limits() {
    // numpy.array([...], 'f2').astype('f8')
    let cases = [
        (0x0001, 5.960_464_477_539_063e-8),
        (0x7bff, 65504.0),
        (0x8000, -0.0),
        (0xfc00, f64::NEG_INFINITY),
    ];
    for (bits, expected) in cases {
        let (file, array) = array_of(
            Scalar::Float16,
            ByteOrder::Little,
            &[1],
            &u16::to_le_bytes(bits),
        );
        assert_eq!(
            file.array_f64(&array).unwrap().0[0].to_bits(),
            f64::to_bits(expected)
        );
    }
}

#[test]
fn complex_numbers_and_texts() {
    let (file, array) = array_of(
        Scalar::Complex64,
        ByteOrder::Big,
        &[1],
        &[0x3f, 0x80, 0, 0, 0xc0, 0, 0, 0],
    );
    assert_eq!(file.array::<[f64; 2]>(&array).unwrap().0, [[1.0, -2.0]]);
    assert!(file.array_f64(&array).is_err());
    let (file, array) = array_of(Scalar::Ascii(3), ByteOrder::Big, &[2], b"ab\0cde");
    assert_eq!(file.array::<String>(&array).unwrap().0, ["ab", "cde"]);
    let (file, array) = array_of(
        Scalar::Ucs4(2),
        ByteOrder::Big,
        &[1],
        &[0, 0, 0, 0xe9, 0, 0, 0, 0],
    );
    assert_eq!(file.array::<String>(&array).unwrap().0, ["é"]);
    let mut file = AsdfFile::new();
    let texts = ["a".to_owned(), "日本".to_owned(), String::new()];
    let array = file.push_array(&[3], &texts).unwrap();
    assert_eq!(array.datatype, DataType::Scalar(Scalar::Ucs4(2)));
    assert_eq!(file.array::<String>(&array).unwrap().0, texts);
}

#[test]
fn strides_and_offset_place_the_elements() {
    let bytes: Vec<u8> = (0..12).collect();
    let (file, mut array) = array_of(Scalar::UInt8, ByteOrder::Big, &[4, 3], &bytes);
    array.strides = Some(vec![1, 4]);
    assert_eq!(
        file.array::<u8>(&array).unwrap().0,
        [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11]
    );
    array.shape = vec![3];
    array.strides = Some(vec![-2]);
    array.offset = 11;
    assert_eq!(file.array::<u8>(&array).unwrap().0, [11, 9, 7]);
}

#[test]
fn elements_outside_the_block_are_refused() {
    let bytes = [0; 16];
    let refused = |shape: &[usize], strides: Option<Vec<i64>>, offset: usize| {
        let (file, mut array) = array_of(Scalar::Float32, ByteOrder::Big, shape, &bytes);
        array.strides = strides;
        array.offset = offset;
        matches!(file.array_f64(&array), Err(Error::Array(_)))
    };
    assert!(!refused(&[4], None, 0));
    assert!(refused(&[5], None, 0));
    assert!(refused(&[4], None, 1));
    assert!(refused(&[usize::MAX, usize::MAX], None, 0));
    assert!(refused(&[1 << 40], None, 0));
    assert!(refused(&[2], Some(vec![-4]), 0));
    assert!(refused(&[2], Some(vec![i64::MAX]), 0));
    assert!(refused(&[2, 2], Some(vec![4]), 0));
    // Overlapping elements could otherwise turn a few bytes into any number of values.
    assert!(refused(&[12, 12, 12, 12], Some(vec![1, 1, 1, 1]), 0));
    let (file, array) = array_of(Scalar::Ascii(0), ByteOrder::Big, &[1 << 40], &bytes);
    assert!(file.array::<String>(&array).is_err());
    let (file, array) = array_of(Scalar::Ucs4(usize::MAX), ByteOrder::Big, &[1], &bytes);
    assert!(file.array::<String>(&array).is_err());
}

#[test]
fn integers_must_fit_and_floats_do_not_become_integers() {
    let (file, array) = array_of(Scalar::Int16, ByteOrder::Big, &[1], &[1, 0]);
    assert!(file.array::<u8>(&array).is_err());
    assert_eq!(file.array::<u16>(&array).unwrap().0, [256]);
    let (file, array) = array_of(Scalar::Float32, ByteOrder::Big, &[1], &[0; 4]);
    assert!(file.array::<i32>(&array).is_err());
}

#[test]
fn inline_arrays_take_the_type_of_their_elements() {
    let array = inline("[[1, 2], [3, 4.5]]");
    assert_eq!(
        (&array.datatype, array.shape.as_slice()),
        (&Scalar::Float64.into(), [2, 2].as_slice())
    );
    assert_eq!(
        AsdfFile::new().array_f64(&array).unwrap().0,
        [1.0, 2.0, 3.0, 4.5]
    );
    let array = inline(
        "{data: [!core/complex-1.0.0 1+2j, !core/complex-1.0.0 -inf-1.5e-3j], datatype: complex128}",
    );
    let (values, _) = AsdfFile::new().array::<[f64; 2]>(&array).unwrap();
    assert_eq!(values, [[1.0, 2.0], [f64::NEG_INFINITY, -1.5e-3]]);
    assert!(AsdfFile::new().array_f64(&inline("[[1, 2], [3]]")).is_err());
}

#[test]
fn masks_of_every_kind() {
    let file = AsdfFile::new();
    let mask = |text: &str| file.array_mask(&inline(text)).unwrap();
    assert_eq!(mask("[1, 2]"), None);
    assert_eq!(mask("[1, null]"), Some(vec![false, true]));
    assert_eq!(
        mask("{data: [1, -999, 3], mask: -999}"),
        Some(vec![false, true, false])
    );
    assert_eq!(
        mask("{data: [1.5, .nan], mask: .nan}"),
        Some(vec![false, true])
    );
    let spread = mask("{data: [[1, 2], [3, 4]], mask: !core/ndarray-1.1.0 [true, false]}");
    assert_eq!(spread, Some(vec![true, false, true, false]));
    let column = mask("{data: [[1, 2], [3, 4]], mask: !core/ndarray-1.1.0 [[true], [false]]}");
    assert_eq!(column, Some(vec![true, true, false, false]));
    assert!(
        file.array_mask(&inline(
            "{data: [1, 2, 3], mask: !core/ndarray-1.1.0 [true, false]}"
        ))
        .is_err()
    );
}

#[test]
fn records_give_their_fields() {
    let datatype = "[{name: a, datatype: int16, byteorder: big}, {name: b, datatype: uint8, shape: [2]}, float32]";
    let array = inline(&format!(
        "{{source: 0, datatype: {datatype}, byteorder: little, shape: [2]}}"
    ));
    assert_eq!(array.datatype.size(), Some(8));
    let mut file = AsdfFile::new();
    file.blocks.push(Block::new([
        0, 1, 2, 3, 0, 0, 0x80, 0x3f, 0, 4, 5, 6, 0, 0, 0, 0x40,
    ]));
    assert_eq!(
        file.array::<i64>(&array.field("a").unwrap()).unwrap(),
        (vec![1, 4], vec![2])
    );
    assert_eq!(
        file.array::<i64>(&array.field("b").unwrap()).unwrap(),
        (vec![2, 3, 5, 6], vec![2, 2])
    );
    assert!(array.field("c").is_err());
    assert!(file.array::<i64>(&array).is_err());
    let table = inline(
        "{data: [[1, [2, 3]], [4, [5, 6]]], datatype: [{name: a, datatype: int16}, {name: b, datatype: int8, shape: [2]}]}",
    );
    assert_eq!(table.shape, [2]);
    assert_eq!(
        file.array::<i64>(&table.field("b").unwrap()).unwrap(),
        (vec![2, 3, 5, 6], vec![2, 2])
    );
}

#[test]
fn sources_elsewhere_are_kept_as_they_are() {
    let array = inline(
        "{source: 'fits:SCI,1', datatype: float32, byteorder: big, shape: [3, 4], new_key: 1}",
    );
    assert_eq!(array.source, Source::External("fits:SCI,1".to_owned()));
    let node = array.to_node();
    assert_eq!(node.get("source"), Some(&Node::from("fits:SCI,1")));
    assert_eq!(node.get("new_key"), Some(&Node::from(1)));
    assert!(
        AsdfFile::new()
            .array_f64(&array)
            .unwrap_err()
            .to_string()
            .contains("fits:SCI,1")
    );
}

#[test]
fn malformed_descriptions_are_refused() {
    let bad = [
        "{datatype: int8}",
        "{source: 0, data: [1], datatype: int8, byteorder: big, shape: [1]}",
        "{source: 0, datatype: int8, shape: [1]}",
        "{source: 0, datatype: int8, byteorder: middle, shape: [1]}",
        "{source: 0, datatype: int7, byteorder: big, shape: [1]}",
        "{source: 0, datatype: [ascii, -1], byteorder: big, shape: [1]}",
        "{source: 0, datatype: int8, byteorder: big, shape: [-1]}",
        "{source: 0, datatype: int8, byteorder: big, shape: ['*']}",
        "{source: -2, datatype: int8, byteorder: big, shape: [1]}",
        "{source: 0, datatype: int8, byteorder: big, shape: [1], strides: [0]}",
        "{source: 0, datatype: int8, byteorder: big, shape: [1], offset: -1}",
        "{source: 0, byteorder: big, shape: [1]}",
    ];
    for text in bad {
        let document =
            format!("%TAG ! tag:stsci.edu:asdf/\n---\nx: 1\na: !core/ndarray-1.1.0 {text}\n");
        let error = yaml::parse(&document, &yaml::Limits::default()).unwrap_err();
        assert!(
            matches!(error, Error::Yaml { line: 4, .. }),
            "{text}: {error}"
        );
    }
}

proptest! {
    #[test]
    fn pushed_arrays_are_read_back(data in prop::collection::vec(any::<f64>(), 1..50), more in prop::collection::vec(any::<u32>(), 0..50)) {
        let mut file = AsdfFile::new();
        let first = file.push_array(&[data.len()], &data).unwrap();
        let second = file.push_array(&[1, more.len()], &more).unwrap();
        let bits = |values: &[f64]| values.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        prop_assert_eq!(bits(&file.array_f64(&first).unwrap().0), bits(&data));
        prop_assert_eq!(&file.array::<u32>(&second).unwrap().0, &more);
        prop_assert!(file.push_array(&[data.len() + 1], &data).is_err());
    }

    #[test]
    fn any_layout_is_read_or_refused(
        shape in prop::collection::vec(0_usize..6, 0..4),
        strides in prop::collection::vec(-9_i64..9, 0..4),
        offset in 0_usize..40,
    ) {
        let bytes: Vec<u8> = (0..40).collect();
        let (file, mut array) = array_of(Scalar::UInt16, ByteOrder::Big, &shape, &bytes);
        array.strides = Some(strides);
        array.offset = offset;
        if let Ok((values, _)) = file.array::<u16>(&array) {
            prop_assert_eq!(Some(values.len()), array.len());
        }
    }

    #[test]
    fn a_description_survives_a_round_trip(
        shape in prop::collection::vec(0_usize..9, 1..4),
        offset in 0_usize..3,
        strided in any::<bool>(),
        big in any::<bool>(),
    ) {
        let order = if big { ByteOrder::Big } else { ByteOrder::Little };
        let mut array = NdArray::new(Source::Block(1), Scalar::Complex64, order, &shape);
        array.offset = offset;
        array.strides = strided.then(|| vec![8; shape.len()]);
        array.mask = Some(Node::from(-1));
        let Node::Tagged(node) = array.to_node() else { panic!("an array is written with its tag") };
        prop_assert_eq!(NdArray::from_node(&node.tag, node.node).unwrap(), array);
    }
}

#[test]
fn a_node_can_be_made_by_hand() {
    let map = Mapping::from_iter([("data", Node::from(vec![1, 2, 3]))]);
    let array =
        NdArray::from_node("tag:stsci.edu:asdf/core/ndarray-1.0.0", Node::from(map)).unwrap();
    assert_eq!(array.datatype, DataType::Scalar(Scalar::Int64));
    assert_eq!(
        AsdfFile::new().array::<i32>(&array).unwrap(),
        (vec![1, 2, 3], vec![3])
    );
}

#[test]
fn tags_of_arrays_end_with_their_version() {
    for (tag, is_array) in [
        ("tag:stsci.edu:asdf/core/ndarray-1.0.0", true),
        ("tag:stsci.edu:asdf/core/ndarray-2", true),
        ("tag:stsci.edu:asdf/core/ndarray-1-0.0", false),
        ("tag:stsci.edu:asdf/core/ndarrays-1.0.0", false),
    ] {
        assert_eq!(NdArray::is_tag(tag), is_array, "{tag}");
    }
}
