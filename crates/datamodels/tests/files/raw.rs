//! FITS files byte by byte, as other programs may write them, and small models.

use std::path::{Path, PathBuf};

use datamodels::io::fits::FitsReader;
use datamodels::metadata::Metadata;
use datamodels::{ImageModel, Model, RampModel};
use ndarray::{Array2, Array4};
use tempfile::TempDir;

pub(crate) const BLOCK: usize = 2880;

/// A header and data unit of the given cards (without END) and bytes, both padded.
pub(crate) fn hdu(cards: &[&str], data: &[u8]) -> Vec<u8> {
    let mut bytes: Vec<u8> = cards
        .iter()
        .chain(&["END"])
        .flat_map(|card| format!("{card:<80}").into_bytes())
        .collect();
    bytes.resize(bytes.len().next_multiple_of(BLOCK), b' ');
    bytes.extend_from_slice(data);
    bytes.resize(bytes.len().next_multiple_of(BLOCK), 0);
    bytes
}

/// A primary HDU without data and with further cards.
pub(crate) fn primary(cards: &[&str]) -> Vec<u8> {
    let mut all = vec![
        "SIMPLE  =                    T",
        "BITPIX  =                    8",
        "NAXIS   =                    0",
        "EXTEND  =                    T",
    ];
    all.extend(cards);
    hdu(&all, &[])
}

/// An image extension; `axes` as in the array, slowest first.
pub(crate) fn image(
    name: &str,
    bitpix: i64,
    axes: &[usize],
    cards: &[&str],
    data: &[u8],
) -> Vec<u8> {
    let mut own = vec![
        "XTENSION= 'IMAGE   '".to_string(),
        format!("BITPIX  = {bitpix:>20}"),
        format!("NAXIS   = {:>20}", axes.len()),
    ];
    for (number, length) in axes.iter().rev().enumerate() {
        own.push(format!(
            "{:<8}= {length:>20}",
            format!("NAXIS{}", number + 1)
        ));
    }
    own.push(format!("PCOUNT  = {:>20}", 0));
    own.push(format!("GCOUNT  = {:>20}", 1));
    own.push(format!("EXTNAME = '{name:<8}'"));
    let all: Vec<&str> = own
        .iter()
        .map(String::as_str)
        .chain(cards.iter().copied())
        .collect();
    hdu(&all, data)
}

/// A folder that goes away with the test.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().expect("a temporary folder"))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, hdus: &[Vec<u8>]) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, hdus.concat()).expect("the file is written");
        path
    }

    /// The names in the folder.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.0.path()).expect("the folder is read");
        let name = |entry: std::io::Result<std::fs::DirEntry>| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        };
        let mut names: Vec<String> = entries.map(name).collect();
        names.sort();
        names
    }
}

/// A rate image with values that tell their places.
pub(crate) fn image_model() -> ImageModel {
    let plane =
        |offset: f32| Array2::from_shape_fn((5, 7), |(y, x)| offset + 10.0 * y as f32 + x as f32);
    let mut meta = Metadata::new(ImageModel::MODEL_TYPE);
    meta.set("meta.telescope", "JWST");
    meta.set("meta.instrument.name", "NIRCAM");
    meta.set("meta.exposure.type", "NRC_IMAGE");
    meta.set("meta.target.catalog_name", "NGC 4151");
    meta.set("meta.exposure.start_time", 60_105.250_123_456_79);
    ImageModel {
        meta,
        data: plane(0.5),
        err: plane(100.0),
        dq: Array2::from_shape_fn((5, 7), |(y, x)| (1 << 31) | (y * 7 + x) as u32),
        var_poisson: plane(200.0),
        var_rnoise: plane(300.0),
        var_flat: None,
        area: None,
        extra: Vec::new(),
    }
}

/// A ramp with values that tell their places.
pub(crate) fn ramp_model() -> RampModel {
    let value =
        |(i, g, y, x): (usize, usize, usize, usize)| (1000 * i + 100 * g + 10 * y + x) as f32;
    let mut meta = Metadata::new(RampModel::MODEL_TYPE);
    meta.set("meta.instrument.name", "MIRI");
    let mut model = RampModel::new(meta, Array4::from_shape_fn((2, 3, 4, 5), value));
    model.groupdq[[1, 2, 3, 4]] = 255;
    model.pixeldq[[3, 4]] = u32::MAX;
    model
}

/// Saves an image and opens it again.
pub(crate) fn again(model: &ImageModel) -> ImageModel {
    let folder = Folder::new();
    let path = folder.path("again.fits");
    model.save(&path).expect("the model is written");
    ImageModel::open(&path).expect("the model is read")
}

/// The records of 80 characters of one header of a file.
pub(crate) fn records(path: &Path, number: usize) -> Vec<String> {
    let bytes = std::fs::read(path).expect("the file is read");
    let mut start = 0;
    for index in 0.. {
        let reader = FitsReader::open(path).expect("the file is FITS");
        let hdu = &reader.hdus()[index];
        let data = reader.bytes(hdu).expect("the data are read").len();
        let end = (start..bytes.len())
            .step_by(80)
            .position(|at| bytes[at..].starts_with(b"END     "))
            .expect("the header ends");
        if index == number {
            return (0..end)
                .map(|n| {
                    String::from_utf8_lossy(&bytes[start + 80 * n..start + 80 * (n + 1)])
                        .into_owned()
                })
                .collect();
        }
        start += (80 * (end + 1)).next_multiple_of(BLOCK) + data.next_multiple_of(BLOCK);
    }
    Vec::new()
}

/// Replaces bytes of a file by others of the same length; both must occur once.
pub(crate) fn edit(path: &Path, from: &str, to: &str) {
    assert_eq!(from.len(), to.len(), "an edit in place");
    let mut bytes = std::fs::read(path).expect("the file is read");
    let places: Vec<usize> = bytes
        .windows(from.len())
        .enumerate()
        .filter(|(_, window)| *window == from.as_bytes())
        .map(|(at, _)| at)
        .collect();
    assert_eq!(places.len(), 1, "`{from}` is at {places:?}");
    bytes[places[0]..places[0] + to.len()].copy_from_slice(to.as_bytes());
    std::fs::write(path, bytes).expect("the file is written");
}
