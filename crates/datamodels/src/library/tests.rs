use ndarray::{Array2, array, s};

use super::{AssociationInfo, Changes, Library, MemberFile, Room};
use crate::metadata::Metadata;
use crate::models::{ImageModel, Model};

fn image(exposure: &str) -> ImageModel {
    let mut meta = Metadata::new("ImageModel");
    for (name, value) in [
        ("program_number", "90017"),
        ("observation_number", "001"),
        ("visit_number", "001"),
        ("visit_group", "02"),
        ("sequence_id", "1"),
        ("activity_id", "01"),
        ("exposure_number", exposure),
    ] {
        meta.set(&format!("meta.observation.{name}"), value);
    }
    let plane = Array2::zeros((2, 3));
    ImageModel {
        meta,
        data: array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]],
        err: plane.clone(),
        dq: array![[0, 1, 0], [0, 0, 4]],
        var_poisson: plane.clone(),
        var_rnoise: plane,
        var_flat: None,
        area: None,
        extra: Vec::new(),
    }
}

fn library(directory: &std::path::Path, changes: Changes) -> Library {
    let members: Vec<_> = ["00001", "00002", "00001"]
        .into_iter()
        .enumerate()
        .map(|(index, exposure)| {
            let path = directory.join(format!("{index}_cal.fits"));
            image(exposure).save(&path).unwrap();
            MemberFile {
                path,
                role: "science".into(),
                ..MemberFile::default()
            }
        })
        .collect();
    let association = AssociationInfo {
        table_name: Some("a_asn.json".into()),
        ..AssociationInfo::default()
    };
    Library::open(&members, association, changes, directory).unwrap()
}

#[test]
fn exposures_taken_at_the_same_time_are_a_group() {
    let directory = tempfile::tempdir().unwrap();
    let library = library(directory.path(), Changes::InMemory);
    let expected = [
        ("jw90017001001_02101_00001".to_owned(), vec![0, 2]),
        ("jw90017001001_02101_00002".to_owned(), vec![1]),
    ];
    assert_eq!(library.groups(), expected);
    let meta = &library.exposures()[1].meta;
    assert_eq!(meta.text("meta.asn.table_name"), Some("a_asn.json"));
    assert_eq!(meta.text("meta.asn.exptype"), Some("science"));
}

#[test]
fn an_exposure_goes_by_the_name_of_its_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("before_cal.fits");
    image("00001").save(&path).unwrap();
    let renamed = directory.path().join("after_cal.fits");
    std::fs::rename(&path, &renamed).unwrap();
    let member = MemberFile {
        path: renamed,
        ..MemberFile::default()
    };
    let association = AssociationInfo::default();
    let changes = Changes::InMemory;
    let library = Library::open(&[member], association, changes, directory.path()).unwrap();
    assert_eq!(library.exposures()[0].file_name(), "after_cal.fits");
}

#[test]
fn changed_arrays_come_instead_of_those_of_the_file() {
    let changed = array![[0, 0, 7], [0, 1, 0]];
    for changes in [Changes::InMemory, Changes::OnDisk] {
        let directory = tempfile::tempdir().unwrap();
        let mut library = library(directory.path(), changes);
        let exposure = &mut library.exposures_mut()[0];
        assert_eq!(exposure.dq().unwrap(), image("00001").dq);
        exposure.set_dq(changed.clone()).unwrap();
        exposure
            .set_data(array![[9.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
            .unwrap();
        assert!(exposure.set_dq(Array2::zeros((3, 3))).is_err());
        let whole = exposure.image().unwrap();
        assert_eq!(exposure.dq().unwrap(), changed);
        assert_eq!((whole.dq, whole.data[(0, 0)]), (changed.clone(), 9.0));
        assert_eq!(library.exposures()[1].dq().unwrap(), image("00002").dq);
        let files = std::fs::read_dir(directory.path()).unwrap().count();
        assert_eq!(files, 3, "only the inputs have names");
    }
}

/// The bits of all arrays.
fn bits(image: &ImageModel) -> Vec<Vec<u32>> {
    let reals = |array: &Array2<f32>| array.iter().map(|value| value.to_bits()).collect();
    let mut arrays: Vec<Vec<u32>> = vec![image.dq.iter().copied().collect()];
    let required = [
        &image.data,
        &image.err,
        &image.var_poisson,
        &image.var_rnoise,
    ];
    let optional = image.var_flat.iter().chain(&image.area);
    arrays.extend(required.into_iter().chain(optional).map(reals));
    arrays
}

/// As often as 16 rows are read at a time, and a few more.
const ROWS: usize = 37;

fn tall_image() -> ImageModel {
    let plane = |factor: f32| {
        Array2::from_shape_fn((ROWS, 3), |(row, column)| {
            factor * (3 * row + column) as f32
        })
    };
    ImageModel {
        data: plane(1.0),
        err: plane(0.5),
        dq: Array2::from_shape_fn((ROWS, 3), |(row, _)| u32::from(row % 7 == 0) * 4),
        var_poisson: plane(0.25),
        var_rnoise: plane(0.125),
        var_flat: Some(plane(-1.0)),
        area: Some(plane(2.0)),
        ..image("00001")
    }
}

#[test]
fn an_exposure_is_saved_as_it_is_in_memory() {
    for changes in [Changes::InMemory, Changes::OnDisk] {
        for with_flat in [true, false] {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("a_cal.fits");
            let mut original = tall_image();
            original.var_flat = original.var_flat.filter(|_| with_flat);
            original.area = original.area.filter(|_| with_flat);
            original.save(&path).unwrap();
            let member = MemberFile {
                path,
                ..MemberFile::default()
            };
            let association = AssociationInfo::default();
            let mut library =
                Library::open(&[member], association, changes, directory.path()).unwrap();
            let exposure = &mut library.exposures_mut()[0];
            let mut dq = original.dq.clone();
            (dq[(0, 1)], dq[(20, 2)], dq[(36, 2)]) = (5, 1, 3);
            for step in 0..3 {
                match step {
                    0 => exposure.set_dq(dq.clone()).unwrap(),
                    1 => exposure.hide(1),
                    _ => exposure.set_data(original.data.mapv(|v| v + 7.0)).unwrap(),
                }
                let saved = directory.path().join("saved.fits");
                exposure.write(&saved).unwrap();
                let saved = ImageModel::open(&saved).unwrap();
                let expected = exposure.image().unwrap();
                assert_eq!(bits(&saved), bits(&expected), "step {step}");
                assert_eq!(saved.dq, dq);
                assert_eq!(saved.data[(36, 2)].is_nan(), step > 0);
                assert_eq!(saved.area.is_some(), with_flat);
                let (open, mut room) = (exposure.open_arrays().unwrap(), Room::default());
                let quality = open.dq().unwrap();
                let rows = open.data_rows().unwrap();
                let rows = rows.hiding(&quality.view(), exposure.hidden_bits());
                let values = rows.read(19..37, &mut room).unwrap();
                let values = values.iter().map(|value| value.to_bits());
                let lines = expected.data.slice(s![19..37, ..]);
                assert!(values.eq(lines.iter().map(|value| value.to_bits())));
            }
        }
    }
}

#[test]
fn many_changes_are_kept_as_a_whole() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a_cal.fits");
    tall_image().save(&path).unwrap();
    let member = MemberFile {
        path,
        ..MemberFile::default()
    };
    let association = AssociationInfo::default();
    let changes = Changes::InMemory;
    let mut library = Library::open(&[member], association, changes, directory.path()).unwrap();
    let exposure = &mut library.exposures_mut()[0];
    for changed in [1, ROWS, 3 * ROWS] {
        let pixels = 0..3 * ROWS as u32;
        let dq = pixels.map(|pixel| if (pixel as usize) < changed { 9 } else { 0 });
        let dq = Array2::from_shape_vec((ROWS, 3), dq.collect()).unwrap();
        exposure.set_dq(dq.clone()).unwrap();
        assert_eq!(exposure.dq().unwrap(), dq);
        let open = exposure.open_arrays().unwrap();
        let mut room = super::Room::default();
        let rows = open.dq_rows().unwrap();
        assert_eq!(rows.shape(), (ROWS, 3));
        let read = rows.read(5..30, &mut room).unwrap();
        assert_eq!(read, &dq.as_slice().unwrap()[15..90]);
    }
}

#[test]
fn a_cube_is_no_member() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("calints.fits");
    let cube = crate::models::CubeModel {
        meta: Metadata::new("CubeModel"),
        data: ndarray::Array3::zeros((2, 2, 2)),
        err: ndarray::Array3::zeros((2, 2, 2)),
        dq: ndarray::Array3::zeros((2, 2, 2)),
        var_poisson: ndarray::Array3::zeros((2, 2, 2)),
        var_rnoise: ndarray::Array3::zeros((2, 2, 2)),
        var_flat: None,
        area: None,
        int_times: None,
        int_times_stripe: None,
        extra: Vec::new(),
    };
    cube.save(&path).unwrap();
    let member = MemberFile {
        path,
        ..MemberFile::default()
    };
    let opened = Library::open(
        &[member],
        AssociationInfo::default(),
        Changes::InMemory,
        directory.path(),
    );
    let message = opened.unwrap_err().to_string();
    assert!(
        message.contains("calints.fits: HDU SCI: expected an image of 2 dimensions"),
        "{message}"
    );
}
