//! HDUs and nodes that the models do not know are still there after reading and writing.

use asdf::{AsdfFile, Mapping, Node, WriteOptions};
use datamodels::io::fits::{FitsReader, HduSpec, Payload, write_fits};
use datamodels::{ImageModel, Model};

use crate::raw::{Folder, again, hdu, image, image_model, primary};

#[test]
fn unknown_hdus_and_further_versions_survive() {
    let ascii = hdu(
        &[
            "XTENSION= 'TABLE   '",
            "BITPIX  =                    8",
            "NAXIS   =                    2",
            "NAXIS1  =                    4",
            "NAXIS2  =                    2",
            "PCOUNT  =                    0",
            "GCOUNT  =                    1",
            "TFIELDS =                    1",
            "TBCOL1  =                    1",
            "TFORM1  = 'I4      '",
            "TTYPE1  = 'NUMBER  '",
            "EXTNAME = 'OLDTABLE'",
        ],
        b"  12 345",
    );
    let version = |n: u8| format!("EXTVER  = {n:>20}");
    let folder = Folder::new();
    let path = folder.write(
        "in.fits",
        &[
            primary(&[]),
            image("SCI", -32, &[2, 2], &[], &[1; 16]),
            image(
                "SCI",
                -32,
                &[3],
                &[&version(2), "MYKEY   = 'second  '"],
                &[2; 12],
            ),
            image("SCI", 8, &[5], &[&version(3)], &[3; 5]),
            image(
                "MINE",
                16,
                &[2, 3],
                &["BZERO   =                32768"],
                &[4; 12],
            ),
            ascii,
            image("", 8, &[1], &[], &[9]),
        ],
    );
    let out = folder.path("out.fits");
    ImageModel::open(&path)
        .expect("the file is read")
        .save(&out)
        .expect("the file is written");
    let (before, after) = (
        FitsReader::open(&path).expect("read"),
        FitsReader::open(&out).expect("read"),
    );
    for hdu in before.hdus().iter().skip(2) {
        let found = after.find(&hdu.name, hdu.version);
        let found = found.unwrap_or_else(|| panic!("{} {} is gone", hdu.name, hdu.version));
        assert_eq!(found.kind, hdu.kind);
        assert_eq!(found.header, hdu.header);
        assert_eq!(
            after.bytes(found).expect("read"),
            before.bytes(hdu).expect("read")
        );
    }
    let twice = again(&ImageModel::open(&out).expect("the file is read"));
    assert_eq!(twice.extra.len(), 5);
}

#[test]
fn unknown_nodes_with_tags_and_blocks_survive() {
    let mut file = AsdfFile::new();
    let mut mine = Mapping::new();
    mine.insert(
        "quantity",
        Node::tagged("tag:example.org:mine/thing-1.0.0", "a thing"),
    );
    mine.insert(
        "array",
        file.push_array(&[2, 2], &[1.0_f64, 2.0, 3.0, 4.0])
            .expect("an array"),
    );
    let note = Node::from(vec![Node::from("a"), Node::from(2_i64), Node::from(0.1)]);
    file.tree = [("my_own", Node::from(mine))]
        .into_iter()
        .collect::<Mapping>()
        .into();
    file.tree
        .set_path("meta.my_note", note.clone())
        .expect("a path");
    let folder = Folder::new();
    let path = folder.path("in.fits");
    let model = image_model();
    let mut hdus = vec![HduSpec {
        name: "PRIMARY".into(),
        version: 1,
        cards: Vec::new(),
        payload: Payload::Empty,
    }];
    hdus.push(HduSpec {
        name: "SCI".into(),
        payload: Payload::F32(model.data.view().into_dyn()),
        ..hdus[0].clone()
    });
    let bytes = file.to_bytes(&WriteOptions::default()).expect("ASDF");
    write_fits(&path, &hdus, |_| Ok(bytes)).expect("written");
    let out = folder.path("out.fits");
    again(&ImageModel::open(&path).expect("read"))
        .save(&out)
        .expect("written");
    let reader = FitsReader::open(&out).expect("read");
    let extension = reader
        .bytes(reader.require("ASDF").expect("it is there"))
        .expect("read");
    let read = AsdfFile::from_bytes(&extension).expect("ASDF");
    let node = |path: &str| read.tree.get_path(path);
    assert_eq!(
        node("my_own.quantity").and_then(Node::tag),
        Some("tag:example.org:mine/thing-1.0.0")
    );
    assert_eq!(node("meta.my_note"), Some(&note));
    let array = node("my_own.array")
        .and_then(Node::as_ndarray)
        .expect("an array");
    assert_eq!(
        read.array::<f64>(array).expect("elements"),
        (vec![1.0, 2.0, 3.0, 4.0], vec![2, 2])
    );
}

#[test]
fn a_file_without_changes_keeps_its_header_but_for_date_and_name() {
    let folder = Folder::new();
    let (first, second) = (folder.path("first.fits"), folder.path("second.fits"));
    image_model().save(&first).expect("written");
    ImageModel::open(&first)
        .expect("read")
        .save(&second)
        .expect("written");
    let (a, b) = (
        FitsReader::open(&first).expect("read"),
        FitsReader::open(&second).expect("read"),
    );
    for (a, b) in a
        .hdus()
        .iter()
        .zip(b.hdus())
        .filter(|(a, _)| a.name != "ASDF")
    {
        let cards = |hdu: &datamodels::io::fits::HduInfo| -> Vec<_> {
            let all = hdu.header.cards.iter();
            all.filter(|card| !["DATE", "FILENAME"].contains(&card.keyword.as_str()))
                .cloned()
                .collect()
        };
        assert_eq!(cards(a), cards(b), "{}", a.name);
    }
}

#[test]
fn the_file_says_its_own_name_and_date() {
    let folder = Folder::new();
    let path = folder.path("jw_rate.fits");
    image_model().save(&path).expect("written");
    let read = ImageModel::open(&path).expect("read");
    assert_eq!(read.meta.text("meta.filename"), Some("jw_rate.fits"));
    let date = read.meta.text("meta.date").expect("a date");
    assert!(date.len() == 23 && date.as_bytes()[10] == b'T', "{date}");
}
