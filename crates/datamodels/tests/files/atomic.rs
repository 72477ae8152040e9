//! A product appears when it is complete, or not at all.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use datamodels::io::atomic::write_atomically;
use datamodels::io::fits::{HduSpec, Payload, write_fits};
use datamodels::{DataModelError, ImageModel, Model, RampModel};
use ndarray::Array4;

use crate::raw::{Folder, image_model};

fn refused() -> DataModelError {
    DataModelError::Reference {
        path: "x".into(),
        message: "refused".into(),
    }
}

#[test]
fn a_failing_write_leaves_the_old_file_and_nothing_else() {
    let folder = Folder::new();
    let path = folder.path("product.fits");
    image_model().save(&path).expect("written");
    let old = std::fs::read(&path).expect("read");
    let outcome = write_atomically(&path, |temporary| {
        std::fs::write(temporary, b"half of it").expect("written");
        Err(refused())
    });
    assert!(outcome.is_err());
    let hdus = [HduSpec {
        name: "a name with a zero byte \0".to_string(),
        version: 1,
        cards: Vec::new(),
        payload: Payload::Empty,
    }];
    assert!(write_fits(&path, &hdus, |_| Err(refused())).is_err());
    assert_eq!(std::fs::read(&path).expect("read"), old);
    assert_eq!(folder.names(), ["product.fits"]);
}

#[test]
fn folders_that_cannot_be_written_are_named() {
    let folder = Folder::new();
    std::fs::write(folder.path("file"), b"").expect("written");
    std::fs::create_dir(folder.path("taken.fits")).expect("made");
    for name in ["absent/product.fits", "file/product.fits", "taken.fits"] {
        let error = image_model().save(&folder.path(name)).expect_err(name);
        assert!(error.to_string().contains(name), "{error}");
    }
    assert_eq!(folder.names(), ["file", "taken.fits"]);
}

/// Set for the child process of the next test: the file that it rewrites for ever.
const TARGET: &str = "DATAMODELS_TEST_REWRITE";

#[test]
fn a_killed_run_leaves_a_complete_file() {
    if let Ok(target) = std::env::var(TARGET) {
        rewrite_for_ever(Path::new(&target));
    }
    let folder = Folder::new();
    let path = folder.path("product.fits");
    let program = std::env::current_exe().expect("this program");
    for wait_ms in [150, 210, 330] {
        let mut child = Command::new(&program)
            .args([
                "--exact",
                "atomic::a_killed_run_leaves_a_complete_file",
                "--nocapture",
            ])
            .env(TARGET, &path)
            .stdout(Stdio::null())
            .spawn()
            .expect("the child starts");
        while !path.exists() {
            std::thread::sleep(Duration::from_millis(5));
        }
        std::thread::sleep(Duration::from_millis(wait_ms));
        child.kill().expect("the child is killed");
        child.wait().expect("the child ends");
        let read = RampModel::open(&path).expect("the file is complete");
        let first = read.data[[0, 0, 0, 0]];
        assert!(
            read.data.iter().all(|v| *v == first),
            "two runs are mixed in one file"
        );
    }
}

fn rewrite_for_ever(path: &Path) -> ! {
    let mut value = 0.0;
    loop {
        let meta = image_model().meta;
        let model = RampModel::new(meta, Array4::from_elem((1, 4, 256, 256), value));
        model.save(path).expect("written");
        value += 1.0;
    }
}

#[test]
fn an_input_can_be_its_own_output() {
    let folder = Folder::new();
    let path = folder.path("same.fits");
    image_model().save(&path).expect("written");
    ImageModel::open(&path)
        .expect("read")
        .save(&path)
        .expect("written");
    assert_eq!(
        ImageModel::open(&path).expect("read").data,
        image_model().data
    );
}
