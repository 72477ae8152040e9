//! Writes a few small valid files for each target below `corpus/`, for the fuzzer to start from.

use std::error::Error;
use std::fs;
use std::path::Path;

use asdf::{AsdfFile, Compression, Node, WriteOptions};
use gwcs::convert::{Registry, write_transform, write_wcs};
use gwcs::frame::{CoordinateFrame, Frame};
use gwcs::model::{
    Analytic, FitsImaging, LabelArray, LabelRange, Mapping, Polynomial2d, Profile, Projection,
    RegionsSelector, Scale, Shift, SkyRotation, Spline1d, Tabular,
};
use gwcs::{BoundingBox, Step, Transform, Wcs};

const HEAD: &str = "#ASDF 1.0.0\n#ASDF_STANDARD 1.6.0\n%YAML 1.1\n%TAG ! tag:stsci.edu:asdf/\n--- !core/asdf-1.1.0\n";

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new("corpus");
    for (name, seeds) in [
        ("asdf", asdf_seeds()?),
        ("wcs", wcs_seeds()?),
        ("fits_header", fits_seeds()),
        ("rmap", rmap_seeds()),
        ("association", association_seeds()),
        ("parameters", parameter_seeds()?),
        ("lock", lock_seeds()),
    ] {
        let folder = root.join(name);
        fs::create_dir_all(&folder)?;
        for (index, seed) in seeds.iter().enumerate() {
            fs::write(folder.join(format!("seed-{index}")), seed)?;
        }
    }
    Ok(())
}

fn asdf_seeds() -> Result<Vec<Vec<u8>>, Box<dyn Error>> {
    let mut seeds = Vec::new();
    for compression in [
        Compression::None,
        Compression::Zlib,
        Compression::Bzp2,
        Compression::Lz4,
    ] {
        let mut file = AsdfFile::new();
        let numbers = file.push_array(&[2, 3], &[1.0_f32, 2.0, 3.0, 4.0, 5.0, 6.0])?;
        file.tree.set_path("data", numbers)?;
        let texts = file.push_array(&[2], &["a".to_string(), "bc".to_string()])?;
        file.tree.set_path("meta.texts", texts)?;
        let options = WriteOptions {
            compression: Some(compression),
            checksums: false,
            ..WriteOptions::default()
        };
        seeds.push(file.to_bytes(&options)?);
    }
    for tree in [
        "a: &x [1, 2.5, .nan, null, yes]\nb: *x\nc: {<<: {d: 1}, e: !core/complex-1.0.0 1+2j}\n",
        "a: !core/ndarray-1.1.0 {data: [[1, [2, 3]]], datatype: [{name: a, datatype: int16}, {name: b, datatype: int8, shape: [2]}]}\n",
        "a: !core/ndarray-1.1.0\n  source: -1\n  datatype: uint8\n  byteorder: big\n  shape: ['*', 2]\n  strides: [2, 1]\n  mask: 0\n",
        "history:\n  entries:\n  - !core/history_entry-1.0.0 {description: made}\nbig: !core/integer-1.1.0\n  sign: '+'\n  words: !core/ndarray-1.1.0 [1, 2]\n",
        "? [a, b]\n: |\n  text\n  more\nd: >-\n  folded\n  text\n'q': \"\\u0041\\n\"\n",
    ] {
        let mut seed = format!("{HEAD}{tree}...\n").into_bytes();
        seed.extend_from_slice(b"\xd3BLK\x00\x30\x00\x00\x00\x01");
        seed.extend_from_slice(&[0; 44]);
        seed.extend_from_slice(&[1, 2, 3, 4]);
        seeds.push(seed);
    }
    Ok(seeds)
}

fn wcs_seeds() -> Result<Vec<Vec<u8>>, Box<dyn Error>> {
    let plane = |c: [f64; 4]| Polynomial2d::new(1, c.to_vec()).map(Transform::from);
    let one = [[1.0, 0.0], [0.0, 1.0]];
    let both = vec!["x".to_string(), "y".to_string()];
    let mut transforms = vec![
        Transform::from(Shift(1.0)).join(Scale(2.0).into()),
        Transform::from(Mapping::new(vec![0, 1, 0, 1], None)?)
            .then(plane([0.0, 0.0, 1.0, 0.0])?.join(plane([0.0, 1.0, 0.0, 0.0])?))?
            .with_bounding_box(Some(BoundingBox::new(&[(0.0, 9.0), (0.0, 9.0)])))?,
        SkyRotation::native_to_celestial(5.0, -72.0, 180.0).into(),
        Spline1d::new(vec![0.0, 0.0, 1.0, 2.0, 2.0], vec![1.0, 3.0, 2.0], 1)?.into(),
        Tabular::new(
            vec![vec![0.0, 1.0, 3.0]],
            vec![10.0, 20.0, 40.0],
            gwcs::model::Interpolation::Linear,
            None,
        )?
        .into(),
        FitsImaging::new(
            [10.0; 2],
            [5.0, -72.0],
            [1e-5; 2],
            one,
            Projection::Gnomonic.pixel_to_sky(),
        )?
        .into(),
        RegionsSelector {
            inputs: both.clone(),
            outputs: vec!["z".to_string()],
            label_mapper: LabelArray::new(vec![0, 1, 2, 2], vec![2, 2])?.into(),
            selector: vec![(1.0, plane([1.0, 2.0, 3.0, 0.0])?)],
            undefined: f64::NAN,
        }
        .into(),
        LabelRange {
            inputs: both,
            key_input: 1,
            entries: vec![((0.0, 5.0), plane([1.0, 2.0, 3.0, 0.0])?)],
        }
        .into(),
    ];
    for profile in Profile::ALL {
        let values = profile.parameters().iter().map(|(_, value)| *value);
        transforms.push(Analytic::new(*profile, values.collect())?.into());
    }
    for projection in [
        Projection::Healpix { h: 4.0, k: 3.0 },
        Projection::ConicOrthomorphic {
            sigma: 40.0,
            delta: 5.0,
        },
        Projection::Airy { theta_b: 80.0 },
        Projection::Polyconic,
        Projection::QuadSphericalCube,
    ] {
        transforms.push(projection.pixel_to_sky().into());
    }
    let mut seeds = Vec::new();
    for transform in &transforms {
        let mut file = AsdfFile::new();
        let node = write_transform(transform, &mut file, &Registry::default())?;
        file.tree.set_path("model", node)?;
        seeds.push(inlined(&mut file)?);
    }
    let image = transforms.swap_remove(5);
    let steps = vec![
        Step {
            frame: Frame::Single(CoordinateFrame::pixels("detector")),
            transform: Some(image),
        },
        Step {
            frame: Frame::Single(CoordinateFrame::icrs("world")),
            transform: None,
        },
    ];
    let mut file = AsdfFile::new();
    let node = write_wcs(&Wcs::new("wcs", steps)?, &mut file, &Registry::default())?;
    file.tree.set_path("wcs", node)?;
    seeds.push(inlined(&mut file)?);
    Ok(seeds)
}

/// The bytes of a file with its arrays in the tree, where a fuzzer changes them most easily.
fn inlined(file: &mut AsdfFile) -> Result<Vec<u8>, asdf::Error> {
    let source = file.clone();
    file.tree.walk_mut(&mut |node| {
        let Some(array) = node.as_ndarray() else {
            return;
        };
        let Ok((values, shape)) = source.array_f64(array) else {
            return;
        };
        let mut items: Vec<Node> = values.into_iter().map(Node::from).collect();
        for length in shape.iter().skip(1).rev() {
            items = items
                .chunks((*length).max(1))
                .map(|row| Node::Sequence(row.to_vec()))
                .collect();
        }
        *node = Node::Sequence(items);
    });
    file.blocks.clear();
    file.to_bytes(&WriteOptions::default())
}

/// A block of cards, filled to its full length.
fn cards(cards: &[&str]) -> Vec<u8> {
    let mut block: Vec<u8> = cards
        .iter()
        .chain(&["END"])
        .flat_map(|card| format!("{card:<80}").into_bytes())
        .collect();
    block.resize(block.len().next_multiple_of(2880), b' ');
    block
}

fn fits_seeds() -> Vec<Vec<u8>> {
    let primary = cards(&[
        "SIMPLE  =                    T / standard",
        "BITPIX  =                    8",
        "NAXIS   =                    0",
        "EXTEND  =                    T",
        "DATE-OBS= '2022-04-27'",
        "LONGSTRN= 'a text that goes on &'",
        "CONTINUE  'here''s more' / and its comment",
        "HIERARCH long keyword = 1.5E+03",
        "COMPLEXV= (1.0, 2.0)",
        "HISTORY made",
    ]);
    let mut image = primary.clone();
    image.extend(cards(&[
        "XTENSION= 'IMAGE   '",
        "BITPIX  =                  -32",
        "NAXIS   =                    2",
        "NAXIS1  =                    3",
        "NAXIS2  =                    2",
        "PCOUNT  =                    0",
        "GCOUNT  =                    1",
        "EXTNAME = 'SCI     '",
        "BZERO   =                32768",
    ]));
    image.resize(image.len() + 2880, 0);
    let mut table = primary.clone();
    table.extend(cards(&[
        "XTENSION= 'BINTABLE'",
        "BITPIX  =                    8",
        "NAXIS   =                    2",
        "NAXIS1  =                   14",
        "NAXIS2  =                    2",
        "PCOUNT  =                    4",
        "GCOUNT  =                    1",
        "TFIELDS =                    3",
        "TFORM1  = '1J      '",
        "TTYPE1  = 'N       '",
        "TFORM2  = '2A      '",
        "TFORM3  = '1PB(4)  '",
        "THEAP   =                   28",
    ]));
    table.resize(table.len() + 2880, 0);
    vec![primary, image, table]
}

fn rmap_seeds() -> Vec<Vec<u8>> {
    let header = "header = {'mapping': 'REFERENCE', 'name': 'fuzz.rmap', 'observatory': 'JWST', 'instrument': 'MIRI', \
                  'filekind': 'FLAT', 'derived_from': '', 'parkey': (('META.INSTRUMENT.DETECTOR', 'META.EXPOSURE.READPATT'), \
                  ('META.OBSERVATION.DATE', 'META.OBSERVATION.TIME')), 'sha1sum': 'x'}\n\ncomment = \"\"\"\ntext\n\"\"\"\n\n";
    let selectors = [
        "Match({('A|B', 'N/A'): UseAfter({'2015-01-01 00:00:00': 'f1.fits', '2017-01-01 00:00:00': 'f2.fits'}),})",
        "Match({('between 1 3', '# >=2 and <4 #'): 'f.fits', ('A*', '*'): 'OMIT'})",
        "Match({('A', '{B}'): SelectVersion({'<3.1': 'a', 'default': 'b'}), ('C', 'not D'): ClosestTime({'2015-01-01 00:00:00': 'c'})})",
    ];
    selectors
        .iter()
        .map(|selector| format!("{header}selector = {selector}\n").into_bytes())
        .collect()
}

fn association_seeds() -> Vec<Vec<u8>> {
    [
        r#"{"asn_type": "image3", "asn_rule": "r", "asn_pool": "p_pool.csv", "asn_id": "a3001", "version_id": null, "products":
            [{"name": "jw01_t001_nircam", "members": [{"expname": "a_cal.fits", "exptype": "science", "group_id": "1"},
            {"expname": "b_cal.fits", "exptype": "background", "exposerr": null, "asn_candidate": "[('o001', 'observation')]"}]}]}"#,
        r#"{"products": [{"name": "\u00e9", "members": [{"expname": "../up.fits", "exptype": "psf"}, {"expname": "/abs.fits",
            "exptype": "science", "tweakreg_catalog": "c.ecsv"}, {"expname": "./a/./b/../c.fits", "exptype": "other kind"}]}]}"#,
        r#"{"products": [{"name": "x", "members": [{"expname": "a", "exptype": "sourcecat", "n": 1.5e300, "l": [[[]]]}]},
            {"name": "y", "members": [{"expname": "C:\\a\\b", "exptype": "segmap"}]}], "degraded_status": "None", "note": {"a": {}}}"#,
    ]
    .iter()
    .map(|text| text.as_bytes().to_vec())
    .collect()
}

fn parameter_seeds() -> Result<Vec<Vec<u8>>, Box<dyn Error>> {
    let mut seeds: Vec<Vec<u8>> = [
        "name = 'toy'\nclass = 'pkg.ToyPipeline'\nlimit = 3.5 # DN\nlist = 1, 2.5, 3\nwords = a, 'b c', \"d\"\n[steps]\n\
         [[jump]]\nskip = True\ntext = \"\"\"two\nlines\"\"\"\n[[ramp_fit]]\nmaybe = None\noverride_flat = f.fits\n",
        "# only a comment\n\npre_hooks = ,\nconfig_file = other.cfg\n'quoted key' = '''x'''\n",
        "enabled = no\ncount = 4\nchoice = two\nfile = ../f.asdf\noutput_file = o.fits\n",
    ]
    .iter()
    .map(|text| text.as_bytes().to_vec())
    .collect();
    for tree in [
        "class: pkg.ToyPipeline\nname: toy\nmeta: {author: me}\nparameters: {limit: 2, maybe: .nan, words: [a, b], skip: false}\n\
         steps:\n- class: pkg.JumpStep\n  name: jump\n  parameters: {list: [1, 2.0], text: 'x', post_hooks: []}\n",
        "parameters:\n  class: pkg.ToyPipeline\n  name: toy\n  limit: 1.0e1\n  steps:\n    jump: {class: pkg.JumpStep, skip: true}\n",
    ] {
        let text = format!("{HEAD}{tree}...\n");
        let file = AsdfFile::from_bytes(text.as_bytes())?;
        seeds.push(file.to_bytes(&WriteOptions::default())?);
        seeds.push(text.into_bytes());
    }
    Ok(seeds)
}

fn lock_seeds() -> Vec<Vec<u8>> {
    let start = r#"{"format": "stpipe lock 1", "software": {"package": "toy", "version": "1.0", "stpipe": "0.1.0", "platform": "x86_64-linux"},
        "context": "jwst_1234.pmap", "class": "pkg.ToyPipeline", "name": "ToyPipeline","#;
    let sum = r#"{"size": 3, "sha1": "a9993e364706816aba3e25717850c26c9cd0d89d"}"#;
    [
        format!(
            r#"{start} "inputs": {{"a.fits": {sum}}}, "references": {{"flat.fits": {sum}}}, "files": {{"steps.jump.file": {sum}}},
            "parameters": {{"limit": 2.5, "list": [1, 2.5], "maybe": "NaN", "steps.jump.skip": true, "steps.ramp_fit.text": "x"}},
            "origins": {{"limit": "command line", "steps.jump.skip": "crds://pars.asdf", "list": "file p.asdf"}}}}"#
        ),
        format!(r#"{start} "inputs": {{}}, "references": {{}}, "files": {{}}, "parameters": {{}}, "origins": {{}}}}"#),
    ]
    .into_iter()
    .map(String::into_bytes)
    .collect()
}
