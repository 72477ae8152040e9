//! Files that are read, written and read again: the tree, the arrays and their masks stay the same.

use asdf::{
    AsdfFile, Block, ByteOrder, Compression, DataType, Field, NdArray, Node, Scalar, Source,
    Version, WriteOptions,
};

const HEAD: &str = "#ASDF 1.0.0\n#ASDF_STANDARD 1.6.0\n%YAML 1.1\n%TAG ! tag:stsci.edu:asdf/\n--- !core/asdf-1.1.0\n";

/// Trees with one of everything that the core knows, and tags that it does not.
const TREES: [&str; 9] = [
    "a: [1, -2, 0x1f, 0o17, 1_000, 0b11]\nb: [1.5, -.inf, .nan, 1e400, 1.0e-320]\nc: [null, ~, yes, off, 'yes', '1']\n",
    "shared: &x {k: [1, 2]}\nagain: *x\nmerged: {<<: *x, more: 1}\nlist: [*x, *x]\n",
    "text: |\n  two\n  lines\nfolded: >-\n  a\n  b\nquoted: \"tab\\t nul\\0 \\u263a \\U0001f600\"\n'key: odd': {? [a, b] : c}\n",
    "z: [!core/complex-1.0.0 1+2j, !core/complex-1.0.0 nan-infj]\nbig: 123456789012345678901234567890\nwhen: 2022-04-27T12:00:00\nraw: !!binary aGVsbG8=\n",
    "i: !core/integer-1.1.0\n  sign: '-'\n  string: '-18446744073709551616'\n  words: !core/ndarray-1.1.0 {data: [0, 0, 1], datatype: uint32}\n",
    "history:\n  entries:\n  - !core/history_entry-1.0.0 {description: made, time: 2022-04-27 12:00:00, software: !core/software-1.0.0 {name: x, version: '1'}}\n  extensions:\n  - !core/extension_metadata-1.0.0 {extension_class: a.B}\n",
    "t: !table/table-1.2.0\n  columns:\n  - !table/column-1.2.0 {name: a, data: !core/ndarray-1.1.0 [1, 2], unit: !unit/unit-1.0.0 Jy}\n  meta: {x: 1}\nc: !core/constant-1.0.0 5\nref: {$ref: 'other.asdf#/a'}\next: !core/externalarray-1.0.0 {fileuri: a.fits, target: 1, datatype: float32, shape: [2]}\n",
    "unknown: !<asdf://somewhere.org/tags/thing-2.0.0> {a: !<tag:x.org,2020:y> [1, {b: 2}]}\nlocal: !mine/x-1.0.0 text\n",
    "m: !core/ndarray-1.1.0 {data: [[1, null], [3, 4]], mask: [[false, true], [false, false]]}\nn: !core/ndarray-1.1.0 {data: [1.0, 2.0], mask: 2.0}\ns: !core/ndarray-1.1.0 {data: [abc, d], datatype: [ucs4, 4]}\n",
];

fn again(file: &AsdfFile, options: &WriteOptions) -> AsdfFile {
    let bytes = file.to_bytes(options).unwrap();
    AsdfFile::from_bytes(&bytes).unwrap()
}

#[test]
fn trees() {
    for tree in TREES {
        let file = AsdfFile::from_bytes(format!("{HEAD}{tree}...\n").as_bytes()).unwrap();
        let second = again(&file, &WriteOptions::default());
        assert_eq!(second.tree, file.tree, "{tree}");
        // Tags follow the standard and come back with it.
        let standard = Some(Version::new(1, 5, 0));
        let options = WriteOptions {
            standard,
            ..WriteOptions::default()
        };
        let older = again(&file, &options);
        let standard = Some(Version::LATEST);
        let options = WriteOptions {
            standard,
            ..WriteOptions::default()
        };
        assert_eq!(again(&older, &options).tree, file.tree, "{tree}");
    }
}

/// An array of every type, in both byte orders.
fn arrays() -> AsdfFile {
    use Scalar::{
        Ascii, Bool8, Complex64, Complex128, Float16, Float32, Float64, Int8, Int16, Int32, Int64,
        UInt8, UInt16, UInt32, UInt64, Ucs4,
    };
    let mut file = AsdfFile::new();
    let kinds = [
        Bool8,
        Int8,
        Int16,
        Int32,
        Int64,
        UInt8,
        UInt16,
        UInt32,
        UInt64,
        Float16,
        Float32,
        Float64,
        Complex64,
        Complex128,
        Ascii(3),
        Ucs4(2),
    ];
    let record = DataType::Structured(vec![
        Field::new("id", UInt16.into()),
        Field::new("flux", Float32.into()),
    ]);
    let types = kinds.map(DataType::from).into_iter().chain([record]);
    for (number, datatype) in types.enumerate() {
        for order in [ByteOrder::Little, ByteOrder::Big] {
            let size = datatype.size().unwrap();
            let zeros = matches!(datatype, DataType::Scalar(Bool8 | Ascii(_) | Ucs4(_)));
            let bytes: Vec<u8> = (0..6 * size)
                .map(|k| if zeros { 0 } else { (k % 60) as u8 })
                .collect();
            let source = Source::Block(file.blocks.len());
            file.blocks.push(Block::new(bytes));
            let mut array = NdArray::new(source, datatype.clone(), order, &[2, 2]);
            // Every second column of an image of 2 x 3 pixels, the last row first.
            array.offset = 3 * size;
            array.strides = Some(vec![-3 * size as i64, 2 * size as i64]);
            let path = format!("a{number}{order:?}");
            file.tree.set_path(&path, array).unwrap();
        }
    }
    file
}

/// What is in the arrays of a file, as text.
fn contents(file: &AsdfFile) -> Vec<String> {
    let map = file.tree.as_mapping().unwrap();
    map.values()
        .filter_map(Node::as_ndarray)
        .map(|array| {
            let numbers = file.array_f64(array).map_err(|error| error.to_string());
            let texts = file
                .array::<String>(array)
                .map_err(|error| error.to_string());
            let pairs = file
                .array::<[f64; 2]>(array)
                .map_err(|error| error.to_string());
            let field = array.field("flux").and_then(|field| file.array_f32(&field));
            format!("{numbers:?} {texts:?} {pairs:?} {:?}", field.ok())
        })
        .collect()
}

#[test]
fn arrays_of_every_type_order_and_compression() {
    let file = arrays();
    let expected = contents(&file);
    assert!(
        expected
            .iter()
            .all(|text| text.contains("Ok(") || text.contains("Some("))
    );
    for compression in [
        Compression::None,
        Compression::Zlib,
        Compression::Bzp2,
        Compression::Lz4,
    ] {
        for (checksums, block_index) in [(true, true), (false, false)] {
            let options = WriteOptions {
                compression: Some(compression),
                checksums,
                block_index,
                ..WriteOptions::default()
            };
            let second = again(&file, &options);
            assert_eq!(second.tree, file.tree);
            assert_eq!(contents(&second), expected);
            // As it was compressed it stays.
            let third = again(&second, &WriteOptions::default());
            assert_eq!(contents(&third), expected);
            assert!(
                third
                    .blocks
                    .iter()
                    .all(|block| block.compression == compression)
            );
        }
    }
}
