//! Images of every type and shape.

use std::io::Write;

use datamodels::io::fits::{FitsReader, HduKind, HduSpec, Payload, StoredType, write_fits};
use datamodels::{ImageModel, Model, RampModel};
use flate2::Compression;
use flate2::write::GzEncoder;
use ndarray::{ArrayD, IxDyn};

use crate::raw::{Folder, again, image, image_model, primary, ramp_model};

fn spec<'a>(name: &str, payload: Payload<'a>) -> HduSpec<'a> {
    HduSpec {
        name: name.to_string(),
        version: 1,
        cards: Vec::new(),
        payload,
    }
}

#[test]
fn every_payload_reads_back_with_its_type_and_shape() {
    let u8s = ArrayD::from_shape_fn(IxDyn(&[2, 3, 4, 5]), |i| {
        (i[0] * 60 + i[1] * 20 + i[2] * 5 + i[3]) as u8
    });
    let u16s = ArrayD::from_shape_vec(IxDyn(&[4]), vec![0, 1, 32_768, u16::MAX]).expect("shape");
    let i32s = ArrayD::from_shape_vec(IxDyn(&[3]), vec![i32::MIN, 0, i32::MAX]).expect("shape");
    let u32s = ArrayD::from_shape_vec(IxDyn(&[1, 3]), vec![0, 1 << 31, u32::MAX]).expect("shape");
    let f64s = ArrayD::from_shape_vec(IxDyn(&[2]), vec![f64::MIN_POSITIVE, -0.0]).expect("shape");
    let folder = Folder::new();
    let path = folder.path("all.fits");
    let hdus = [
        spec("PRIMARY", Payload::Empty),
        spec("A", Payload::U8(u8s.view())),
        spec("B", Payload::U16(u16s.view())),
        spec("C", Payload::I32(i32s.view())),
        spec("D", Payload::U32(u32s.view())),
        spec("E", Payload::F64(f64s.view())),
    ];
    write_fits(&path, &hdus, |_| Ok(b"#ASDF 1.0.0\n".to_vec())).expect("the file is written");
    let reader = FitsReader::open(&path).expect("the file is read");
    let hdu = |name| reader.require(name).expect("it is there");
    let stored = |name| match &hdu(name).kind {
        HduKind::Image {
            stored,
            scaling: None,
            ..
        } => Some(*stored),
        _ => None,
    };
    assert_eq!(
        ["A", "B", "C", "D", "E"].map(stored),
        [
            Some(StoredType::U8),
            Some(StoredType::U16),
            Some(StoredType::I32),
            Some(StoredType::U32),
            Some(StoredType::F64)
        ]
    );
    assert_eq!(reader.image::<u8>(hdu("A")).expect("read"), u8s);
    assert_eq!(reader.image::<u16>(hdu("B")).expect("read"), u16s);
    assert_eq!(reader.image::<i32>(hdu("C")).expect("read"), i32s);
    assert_eq!(reader.image::<u32>(hdu("D")).expect("read"), u32s);
    let f64s_read = reader.image::<f64>(hdu("E")).expect("read");
    assert!(
        f64s_read
            .iter()
            .zip(&f64s)
            .all(|(a, b)| a.to_bits() == b.to_bits())
    );
}

#[test]
fn uncalibrated_counts_are_read_as_reals() {
    let counts: Vec<u8> = [0_u16, 1, 32_767, 32_768, 65_535, 42]
        .iter()
        .flat_map(|v| (v ^ 0x8000).to_be_bytes())
        .collect();
    let cards = [
        "BSCALE  =                    1",
        "BZERO   =                32768",
    ];
    let folder = Folder::new();
    let path = folder.write(
        "uncal.fits",
        &[
            primary(&[]),
            image("SCI", 16, &[1, 2, 1, 3], &cards, &counts),
        ],
    );
    let ramp = RampModel::open(&path).expect("the file is read");
    assert_eq!(
        ramp.data.as_slice(),
        Some(&[0.0, 1.0, 32_767.0, 32_768.0, 65_535.0, 42.0][..])
    );
    assert_eq!(ramp.groupdq.dim(), (1, 2, 1, 3));
}

#[test]
fn scaled_and_wide_integers_become_reals() {
    let folder = Folder::new();
    let scale = [
        "BSCALE  =                  0.5",
        "BZERO   =                 10.0",
    ];
    let wide: Vec<u8> = [-3_i64, 1 << 40]
        .iter()
        .flat_map(|v| v.to_be_bytes())
        .collect();
    let path = folder.write(
        "scaled.fits",
        &[
            primary(&[]),
            image("A", 16, &[2], &scale, &[0xff, 0xfe, 0, 4]),
            image("B", 8, &[2], &["BZERO   =               -128.0"], &[0, 255]),
            image("C", 64, &[2], &[], &wide),
        ],
    );
    let reader = FitsReader::open(&path).expect("the file is read");
    let values = |name| {
        let hdu = reader.require(name).expect("it is there");
        reader
            .image::<f64>(hdu)
            .expect("it is read")
            .into_raw_vec_and_offset()
            .0
    };
    assert_eq!(values("A"), [9.0, 12.0]);
    assert_eq!(values("B"), [-128.0, 127.0]);
    assert_eq!(values("C"), [-3.0, (1_i64 << 40) as f64]);
}

#[test]
fn special_values_keep_their_bits() {
    let mut model = image_model();
    let special = [
        f32::from_bits(0x7fc0_1234),
        f32::from_bits(0xffc0_0000),
        f32::INFINITY,
        -0.0,
        f32::from_bits(1),
    ];
    for (place, value) in model.data.iter_mut().zip(special) {
        *place = value;
    }
    let read = again(&model);
    assert!(
        read.data
            .iter()
            .zip(&model.data)
            .all(|(a, b)| a.to_bits() == b.to_bits())
    );
    assert_eq!(read.dq, model.dq);
    assert_eq!(read.var_rnoise, model.var_rnoise);
}

#[test]
fn ramps_keep_four_dimensions_and_quality() {
    let folder = Folder::new();
    let path = folder.path("ramp.fits");
    let mut model = ramp_model();
    model.zeroframe = Some(ndarray::Array3::from_elem((2, 4, 5), 7.0));
    let refout = ndarray::Array4::from_shape_fn((2, 3, 4, 1), |(i, j, row, _)| {
        (100 * i + 10 * j + row) as f32
    });
    model.refout = Some(refout.clone().into());
    model.save(&path).expect("the model is written");
    let read = RampModel::open(&path).expect("the model is read");
    // The reference output is read when it is written again: over its own file as well.
    read.save(&path).expect("the model is written again");
    let read = RampModel::open(&path).expect("the model is read again");
    assert_eq!(
        (&read.data, &read.groupdq, &read.pixeldq),
        (&model.data, &model.groupdq, &model.pixeldq)
    );
    assert_eq!(read.zeroframe, model.zeroframe);
    let kept = read.refout.expect("there is one").read();
    assert_eq!(kept.expect("it can be read"), refout.into_dyn());
}

#[test]
fn arrays_that_are_not_contiguous_are_written_in_order() {
    let mut model = image_model();
    let expected = model.data.t().as_standard_layout().to_owned();
    model.data = model.data.reversed_axes();
    for plane in [
        &mut model.err,
        &mut model.var_poisson,
        &mut model.var_rnoise,
    ] {
        *plane = expected.clone();
    }
    model.dq = model.dq.t().to_owned();
    assert_eq!(again(&model).data, expected);
}

#[test]
fn large_images_are_read_and_written_in_parts() {
    let data = ArrayD::from_shape_fn(IxDyn(&[3, 700, 300]), |i| {
        (i[0] * 210_000 + i[1] * 300 + i[2]) as f32
    });
    let folder = Folder::new();
    let path = folder.path("large.fits");
    let hdus = [
        spec("PRIMARY", Payload::Empty),
        spec("SCI", Payload::F32(data.view())),
    ];
    write_fits(&path, &hdus, |_| Ok(Vec::new())).expect("the file is written");
    let reader = FitsReader::open(&path).expect("the file is read");
    let sci = reader.require("SCI").expect("it is there");
    assert_eq!(reader.image::<f32>(sci).expect("read"), data);
    let window = reader
        .image_window::<f32>(sci, 10..690, 250..300)
        .expect("read");
    assert_eq!(
        window,
        data.slice(ndarray::s![.., 10..690, 250..300]).into_dyn()
    );
}

#[test]
fn gzipped_files_open_under_any_name() {
    let folder = Folder::new();
    let plain = folder.path("plain.fits");
    image_model().save(&plain).expect("the model is written");
    let bytes = std::fs::read(&plain).expect("the file is read");
    let (first, second) = bytes.split_at(3000);
    let packed: Vec<u8> = [first, second]
        .iter()
        .flat_map(|part| {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(part).expect("packed");
            encoder.finish().expect("packed")
        })
        .collect();
    for name in ["x.fits.gz", "x.fits"] {
        let path = folder.path(name);
        std::fs::write(&path, &packed).expect("the file is written");
        let read = ImageModel::open(&path).expect("the file is read");
        assert_eq!(read.data, image_model().data, "{name}");
        assert_eq!(read.meta.text("meta.target.catalog_name"), Some("NGC 4151"));
    }
    std::fs::write(folder.path("cut.fits.gz"), &packed[..packed.len() / 2])
        .expect("the file is written");
    let error = ImageModel::open(&folder.path("cut.fits.gz")).expect_err("it is cut");
    assert!(error.to_string().contains("cut.fits.gz"), "{error}");
}
