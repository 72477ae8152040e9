use ndarray::{Array2, array};

use super::{AssociationInfo, Changes, Library, MemberFile};
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
