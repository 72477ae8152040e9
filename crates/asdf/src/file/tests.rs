use std::io::Write;

use proptest::prelude::*;

use crate::{
    AsdfFile, Block, Compression, DataType, Error, Mapping, Node, Scalar, Software, Source,
    Version, WriteOptions,
};

const HEAD: &str = "#ASDF 1.0.0\n#ASDF_STANDARD 1.6.0\n%YAML 1.1\n%TAG ! tag:stsci.edu:asdf/\n--- !core/asdf-1.1.0\n";

/// A tree with a list, and an array in each of two blocks.
fn sample() -> AsdfFile {
    let mut file = AsdfFile::new();
    file.set_library(&Software::new("asdf-rs-test", "1.0"));
    let ramp: Vec<f32> = (0..200).map(|i| i as f32 * 0.5).collect();
    let array = file.push_array(&[10, 20], &ramp).unwrap();
    file.tree.set_path("data", array).unwrap();
    let array = file.push_array(&[3], &[1_i64, -2, 3]).unwrap();
    file.tree.set_path("meta.more", array).unwrap();
    file
}

fn arrays(file: &AsdfFile) -> (Vec<f32>, Vec<i64>) {
    let array = |path: &str| {
        file.tree
            .get_path(path)
            .and_then(Node::as_ndarray)
            .unwrap()
            .clone()
    };
    (
        file.array(&array("data")).unwrap().0,
        file.array(&array("meta.more")).unwrap().0,
    )
}

/// Where the `n`-th block starts.
fn block_start(bytes: &[u8], n: usize) -> usize {
    let starts = bytes
        .windows(4)
        .enumerate()
        .filter(|(_, window)| window == b"\xd3BLK");
    starts.map(|(at, _)| at).nth(n).unwrap()
}

#[test]
fn every_compression_gives_the_same_arrays() {
    let file = sample();
    for compression in [
        Compression::None,
        Compression::Zlib,
        Compression::Bzp2,
        Compression::Lz4,
    ] {
        let options = WriteOptions {
            compression: Some(compression),
            ..WriteOptions::default()
        };
        let again = AsdfFile::from_bytes(&file.to_bytes(&options).unwrap()).unwrap();
        assert_eq!(again.tree, file.tree);
        assert_eq!(again.blocks[0].compression, compression);
        assert_eq!(arrays(&again), arrays(&file));
    }
}

#[test]
fn a_file_opened_by_name_reads_its_blocks_on_demand() {
    let mut written = tempfile::NamedTempFile::new().unwrap();
    // A tree longer than what is read at once.
    let mut file = sample();
    let long: Vec<i64> = (0..30_000).collect();
    file.tree.set_path("long", long).unwrap();
    written
        .write_all(&file.to_bytes(&WriteOptions::default()).unwrap())
        .unwrap();
    let mut opened = AsdfFile::open(written.path()).unwrap();
    assert_eq!(opened.tree, file.tree);
    assert_eq!(arrays(&opened), arrays(&file));
    opened
        .blocks
        .iter_mut()
        .for_each(|block| block.load().unwrap());
    drop(written);
    assert_eq!(arrays(&opened), arrays(&file));
    assert!(matches!(
        AsdfFile::open("/nonexistent.asdf"),
        Err(Error::Io(_))
    ));
}

#[test]
fn the_block_index_names_the_blocks() {
    let bytes = sample().to_bytes(&WriteOptions::default()).unwrap();
    let index = format!(
        "#ASDF BLOCK INDEX\n%YAML 1.1\n---\n- {}\n- {}\n...\n",
        block_start(&bytes, 0),
        block_start(&bytes, 1)
    );
    assert!(bytes.ends_with(index.as_bytes()));
}

#[test]
fn damage_is_named_by_block() {
    let whole = sample().to_bytes(&WriteOptions::default()).unwrap();
    let second = block_start(&whole, 1);
    let problem = |bytes: &[u8]| AsdfFile::from_bytes(bytes).unwrap_err().to_string();
    assert_eq!(
        problem(&whole[..second + 20]),
        "ASDF block 1: its header is cut"
    );
    let message = problem(&whole[..second + 60]);
    assert_eq!(
        message,
        "ASDF block 1: 24 bytes of data stated, 6 bytes left in the file"
    );

    let mut flipped = whole.clone();
    flipped[second + 60] ^= 1;
    let file = AsdfFile::from_bytes(&flipped).unwrap();
    assert!(file.blocks[0].data().is_ok());
    assert_eq!(
        file.blocks[1].data().unwrap_err().to_string(),
        "ASDF block 1: its data do not fit its checksum"
    );

    // The allocated, used and data sizes are eight bytes each from 14 on.
    let mut huge = whole.clone();
    huge[second + 14..second + 38].fill(0xff);
    assert!(problem(&huge).starts_with("ASDF block 1: 18446744073709551615 bytes of data stated"));

    let mut unknown = whole.clone();
    unknown[second + 10..second + 14].copy_from_slice(b"abcd");
    assert_eq!(
        problem(&unknown),
        "ASDF block 1: unknown compression \"abcd\""
    );
}

#[test]
fn blocks_behind_a_damaged_one_are_found() {
    let mut bytes = sample().to_bytes(&WriteOptions::default()).unwrap();
    let first = block_start(&bytes, 0);
    // As a transfer that turns CR LF into LF would do.
    bytes.remove(first + 100);
    let file = AsdfFile::from_bytes(&bytes).unwrap();
    let more = file
        .tree
        .get_path("meta.more")
        .and_then(Node::as_ndarray)
        .unwrap();
    assert_eq!(file.array_i64(more).unwrap().0, [1, -2, 3]);
    assert!(matches!(
        file.blocks[0].data(),
        Err(Error::Block { index: 0, .. })
    ));
    assert!(file.to_bytes(&WriteOptions::default()).is_err());
}

#[test]
fn a_compressed_block_must_hold_what_its_header_states() {
    let options = WriteOptions {
        compression: Some(Compression::Zlib),
        checksums: false,
        ..WriteOptions::default()
    };
    let whole = sample().to_bytes(&options).unwrap();
    let first = block_start(&whole, 0);
    for size in [799_u64, 801, u64::MAX] {
        let mut bytes = whole.clone();
        bytes[first + 30..first + 38].copy_from_slice(&size.to_be_bytes());
        let file = AsdfFile::from_bytes(&bytes).unwrap();
        assert!(
            matches!(file.blocks[0].data(), Err(Error::Block { index: 0, .. })),
            "{size}"
        );
    }
}

#[test]
fn a_checksum_of_the_uncompressed_data_counts_too() {
    let options = WriteOptions {
        compression: Some(Compression::Zlib),
        ..WriteOptions::default()
    };
    let file = sample();
    let mut bytes = file.to_bytes(&options).unwrap();
    let first = block_start(&bytes, 0);
    let sum = crate::block::checksum(&file.blocks[0].data().unwrap());
    bytes[first + 38..first + 54].copy_from_slice(&sum);
    assert_eq!(
        arrays(&AsdfFile::from_bytes(&bytes).unwrap()),
        arrays(&file)
    );
    bytes[first + 38] ^= 1;
    assert!(
        AsdfFile::from_bytes(&bytes).unwrap().blocks[0]
            .data()
            .is_err()
    );
}

#[test]
fn a_streamed_block_takes_the_rest_of_the_file() {
    let mut bytes = format!(
        "{HEAD}a: !core/ndarray-1.1.0\n  source: -1\n  datatype: uint8\n  byteorder: big\n  shape: ['*', 2]\n...\n"
    )
    .into_bytes();
    bytes.extend_from_slice(b"\xd3BLK\x00\x30\x00\x00\x00\x01");
    bytes.extend_from_slice(&[0; 44]);
    bytes.extend_from_slice(&[1, 2, 3, 4, 5, 6]);
    let file = AsdfFile::from_bytes(&bytes).unwrap();
    let array = file.tree.get("a").and_then(Node::as_ndarray).unwrap();
    assert_eq!(array.source, Source::Streamed);
    assert_eq!(
        file.array::<u8>(array).unwrap(),
        (vec![1, 2, 3, 4, 5, 6], vec![3, 2])
    );
    assert_eq!(file.to_bytes(&WriteOptions::default()).unwrap(), bytes);
}

#[test]
fn a_history_of_another_form_stays_as_it_is() {
    let options = WriteOptions {
        standard: Some(Version::OLDEST),
        ..WriteOptions::default()
    };
    let written = |history: Node| {
        let mut file = AsdfFile::new();
        file.tree.set_path("history", history).unwrap();
        let again = AsdfFile::from_bytes(&file.to_bytes(&options).unwrap()).unwrap();
        again.tree.get("history").cloned()
    };
    let map = |key: &str, value: Node| Node::from(Mapping::from_iter([(key, value)]));
    for history in [
        map("entries", map("skip", Node::from(false))),
        map("skip", Node::from(false)),
        Node::Mapping([(Node::Int(1), Node::from("made"))].into_iter().collect()),
        Node::from("made by hand"),
    ] {
        assert_eq!(written(history.clone()), Some(history));
    }
    let list = Node::from(vec![Node::from("made")]);
    assert_eq!(written(map("entries", list.clone())), Some(list.clone()));
    assert_eq!(written(map("extensions", list)), None);
}

#[test]
fn each_standard_has_its_tags() {
    let mut file = sample();
    file.tree
        .set_path(
            "n",
            Node::tagged("tag:stsci.edu:asdf/core/integer-1.1.0", Mapping::new()),
        )
        .unwrap();
    let other = "tag:stsci.edu:asdf/core/integer-like-1.0.0";
    file.tree
        .set_path("o", Node::tagged(other, Mapping::new()))
        .unwrap();
    file.tree
        .set_path("history.entries", vec![Node::from("made")])
        .unwrap();
    for minor in 0..=6 {
        let options = WriteOptions {
            standard: Some(Version::new(1, minor, 0)),
            ..WriteOptions::default()
        };
        let bytes = file.to_bytes(&options).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        assert!(text.starts_with(&format!("#ASDF 1.0.0\n#ASDF_STANDARD 1.{minor}.0\n")));
        assert!(text.contains(if minor < 2 {
            "--- !core/asdf-1.0.0\n"
        } else {
            "--- !core/asdf-1.1.0\n"
        }));
        let part = if minor < 6 { "1.0.0" } else { "1.1.0" };
        assert!(
            text.contains(&format!("!core/ndarray-{part}"))
                && text.contains(&format!("!core/integer-{part}"))
                && text.contains("!core/integer-like-1.0.0")
        );
        let again = AsdfFile::from_bytes(&bytes).unwrap();
        assert_eq!(again.standard, Version::new(1, minor, 0));
        assert_eq!(
            again.tree.get("history").unwrap().as_sequence().is_some(),
            minor < 2
        );
        assert_eq!(arrays(&again), arrays(&file));
    }
}

#[test]
fn half_floats_need_the_newest_standard() {
    let mut file = sample();
    if let Some(Node::NdArray(array)) = file.tree.get_mut("data") {
        array.datatype = DataType::Scalar(Scalar::Float16);
    }
    file.standard = Version::new(1, 5, 0);
    assert!(matches!(
        file.to_bytes(&WriteOptions::default()),
        Err(Error::Unwritable(_))
    ));
}

#[test]
fn what_is_no_asdf_is_refused() {
    assert!(matches!(
        AsdfFile::from_bytes(b""),
        Err(Error::NotAsdf { .. })
    ));
    assert!(matches!(
        AsdfFile::from_bytes(b"SIMPLE  = T"),
        Err(Error::NotAsdf { .. })
    ));
    assert!(matches!(
        AsdfFile::from_bytes(b"#ASDF 2.0.0\n"),
        Err(Error::Header { .. })
    ));
    assert!(matches!(
        AsdfFile::from_bytes(b"#ASDF x\n"),
        Err(Error::Header { .. })
    ));
    let bytes = [HEAD.as_bytes(), b"a: \xff\n...\n"].concat();
    assert!(matches!(
        AsdfFile::from_bytes(&bytes),
        Err(Error::Yaml { line: 6, .. })
    ));
}

#[test]
fn a_file_may_have_no_tree_or_other_line_ends() {
    let mut bytes = b"#ASDF 1.0.0\n#ASDF_STANDARD 1.5.0\n".to_vec();
    let whole = sample().to_bytes(&WriteOptions::default()).unwrap();
    bytes.extend_from_slice(&whole[block_start(&whole, 0)..]);
    let file = AsdfFile::from_bytes(&bytes).unwrap();
    assert_eq!((file.tree, file.blocks.len()), (Node::default(), 2));
    let text = format!("{HEAD}a: [1,\n 2]\nb: c\n...\n").replace('\n', "\r\n");
    let file = AsdfFile::from_bytes(text.as_bytes()).unwrap();
    assert_eq!(file.tree.get_path("a.1"), Some(&Node::from(2)));
}

#[test]
fn arrays_without_their_block_are_refused() {
    let mut file = sample();
    file.blocks.pop();
    assert!(matches!(
        file.to_bytes(&WriteOptions::default()),
        Err(Error::Array(_))
    ));
    let more = file
        .tree
        .get_path("meta.more")
        .and_then(Node::as_ndarray)
        .unwrap();
    assert!(matches!(file.array_i64(more), Err(Error::Array(_))));
}

/// Everything that a reader would ask of a file.
fn exercise(bytes: &[u8]) {
    let Ok(mut file) = AsdfFile::from_bytes(bytes) else {
        return;
    };
    let mut arrays = Vec::new();
    file.tree
        .walk_mut(&mut |node| arrays.extend(node.as_ndarray().cloned()));
    for array in arrays {
        let _ = file.array_f64(&array);
        let _ = file.array::<String>(&array);
        let _ = file.array_mask(&array);
        let _ = array.field("a").and_then(|field| file.array_i64(&field));
    }
    let _ = file.to_bytes(&WriteOptions::default());
}

fn rich_file(compression: Compression) -> Vec<u8> {
    let mut file = sample();
    let tree = format!(
        "{HEAD}a: &x !core/ndarray-1.1.0 {{data: [[1, [2, 3]]], datatype: [{{name: a, datatype: int16}}, \
         {{name: b, datatype: int8, shape: [2]}}]}}\nb: *x\nc: !core/ndarray-1.1.0\n  source: 0\n  datatype: [ascii, 4]\n  \
         byteorder: big\n  shape: [2, 2]\n  strides: [8, 4]\n  mask: !core/ndarray-1.1.0 [true, false]\nd: |\n  text\n...\n"
    );
    let other = AsdfFile::from_bytes(tree.as_bytes()).unwrap();
    file.tree
        .as_mapping_mut()
        .unwrap()
        .extend(other.tree.as_mapping().unwrap().clone());
    let options = WriteOptions {
        compression: Some(compression),
        ..WriteOptions::default()
    };
    file.to_bytes(&options).unwrap()
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300), head in any::<bool>()) {
        let start: &[u8] = if head { HEAD.as_bytes() } else { b"#ASDF 1.0.0\n" };
        exercise(&[start, &bytes].concat());
        exercise(&bytes);
    }

    #[test]
    fn a_changed_file_is_read_or_refused(
        kind in prop::sample::select(vec![Compression::None, Compression::Zlib, Compression::Bzp2, Compression::Lz4]),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4), 1..8),
        checksums in any::<bool>(),
    ) {
        let mut bytes = rich_file(kind);
        for (place, byte, change) in changes {
            let at = place.index(bytes.len());
            match change {
                0 => bytes[at] = byte,
                1 => drop(bytes.remove(at)),
                2 => bytes.insert(at, byte),
                _ => bytes.truncate(at.max(20)),
            }
        }
        if !checksums {
            // Without checksums the change reaches the decompression.
            let starts: Vec<usize> = bytes.windows(4).enumerate().filter(|(_, w)| w == b"\xd3BLK").map(|(at, _)| at).collect();
            for at in starts {
                let end = (at + 54).min(bytes.len());
                bytes[(at + 38).min(end)..end].fill(0);
            }
        }
        exercise(&bytes);
    }

    #[test]
    fn blocks_survive(blocks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..5)) {
        let mut file = AsdfFile::new();
        file.blocks = blocks.iter().map(|bytes| Block::new(bytes.clone())).collect();
        let again = AsdfFile::from_bytes(&file.to_bytes(&WriteOptions::default()).unwrap()).unwrap();
        let data: Vec<Vec<u8>> = again.blocks.iter().map(|block| block.data().unwrap().into_owned()).collect();
        prop_assert_eq!(data, blocks);
    }
}

#[test]
fn tags_of_extensions_follow_the_standard() {
    let text = format!(
        "{HEAD}a: !transform/shift-1.4.0 {{offset: 1.0}}\nb: !unit/quantity-1.3.0 {{value: 1.0}}\nc: !transform/shift-1.1.0 \
         {{offset: 1.0}}\nd: !<tag:nowhere/x-1.4.0> {{}}\ne: !<tag:stsci.edu:gwcs/wcs-1.4.0> {{}}\nf: !table/table-1.2.0 {{}}\n...\n"
    );
    let mut file = AsdfFile::from_bytes(text.as_bytes()).unwrap();
    let tags = |file: &AsdfFile| -> Vec<String> {
        let map = file.tree.as_mapping().unwrap();
        map.values()
            .map(|node| node.tag().unwrap().rsplit('/').next().unwrap().to_owned())
            .collect()
    };
    file.standard = Version::LATEST;
    let newest = tags(&file);
    let to = |file: &AsdfFile, minor| {
        let standard = Some(Version::new(1, minor, 0));
        let options = WriteOptions {
            standard,
            ..WriteOptions::default()
        };
        AsdfFile::from_bytes(&file.to_bytes(&options).unwrap()).unwrap()
    };
    let older = to(&file, 5);
    assert_eq!(
        tags(&older),
        [
            "shift-1.2.0",
            "quantity-1.1.0",
            "shift-1.1.0",
            "x-1.4.0",
            "wcs-1.2.0",
            "table-1.0.0"
        ]
    );
    assert_eq!(tags(&to(&older, 6)), newest);
    assert_eq!(tags(&to(&older, 5)), tags(&older));
}
