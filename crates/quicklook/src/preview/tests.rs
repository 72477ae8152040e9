use std::path::PathBuf;

use datamodels::io::fits::{HduSpec, Payload, write_plain_fits};
use datamodels::metadata::Metadata;
use datamodels::{ImageModel, Model as _};
use gwcs::frame::{CoordinateFrame, Frame as WcsFrame};
use gwcs::model::{Scale, Shift};
use gwcs::{Step, Transform};
use ndarray::{Array2, Array3, ArrayD, ArrayView, Dimension};
use testkit::ramp::Builder;

use super::*;
use crate::options::{CountFrom, PictureSize, QualityBits};
use crate::scene::{Point, Shape};
use crate::{Palette, Theme};

/// Half an arcsecond a pixel at the equator, north up and east left, centred on (15.5, 15.5).
fn wcs() -> Wcs {
    let axis = |scale: f64, at: f64| {
        let centred = Transform::from(Shift(-15.5));
        let scaled = centred.then(Scale(scale / 7200.0).into()).unwrap();
        scaled.then(Shift(at).into()).unwrap()
    };
    let step = |frame, transform| Step {
        frame: WcsFrame::Single(frame),
        transform,
    };
    let sky = axis(-1.0, 80.0).join(axis(1.0, 0.0));
    let detector = step(CoordinateFrame::pixels("detector"), Some(sky));
    let world = step(CoordinateFrame::icrs("world"), None);
    Wcs::new("", vec![detector, world]).unwrap()
}

/// A gradient with flagged pixels and a hole.
fn image() -> ImageModel {
    let dim = (32, 32);
    let mut meta = Metadata::new("ImageModel");
    meta.set("meta.instrument.name", "NIRCAM");
    meta.set("meta.bunit_data", "MJy/sr");
    meta.set_wcs(&wcs()).unwrap();
    let mut model = ImageModel {
        meta,
        data: Array2::from_shape_fn(dim, |(row, column)| (row * 32 + column) as f32),
        err: Array2::zeros(dim),
        dq: Array2::zeros(dim),
        var_poisson: Array2::zeros(dim),
        var_rnoise: Array2::zeros(dim),
        var_flat: None,
        area: None,
        extra: Vec::new(),
    };
    model.dq[[5, 3]] = 4;
    model.dq[[6, 3]] = 4 | 2;
    model.data[[31, 0]] = f32::NAN;
    model
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn image(&self) -> PathBuf {
        let path = self.file("x_cal.fits");
        image().save(&path).unwrap();
        path
    }

    fn plain(&self, payload: Payload<'_>) -> PathBuf {
        let path = self.file("plain.fits");
        let hdu = |name: &str, payload| HduSpec {
            name: name.into(),
            version: 1,
            cards: Vec::new(),
            payload,
        };
        write_plain_fits(
            &path,
            &[hdu("PRIMARY", Payload::Empty), hdu("SCI", payload)],
        )
        .unwrap();
        path
    }
}

fn small() -> PreviewOptions {
    PreviewOptions {
        size: PictureSize::new(64).unwrap(),
        limits: Limits::MinMax,
        stretch: Stretch::Linear,
        ..PreviewOptions::default()
    }
}

fn figure_of(path: &Path, options: &PreviewOptions) -> Figure {
    let product = Product::open(path).unwrap();
    let look = Look::of(options);
    let mut notes = Vec::new();
    let figure = Drawing::new(&product, &look, &mut notes)
        .unwrap()
        .figure()
        .unwrap();
    assert_eq!(notes, Vec::<String>::new());
    figure
}

/// The colour of the block that shows a pixel, of an image that is not shrunk.
fn colour_at(figure: &Figure, column: usize, row: usize) -> Rgb {
    let bitmap = &figure.bitmap;
    bitmap.pixels[(bitmap.height - 1 - row) * bitmap.width + column]
}

#[test]
fn values_get_their_colours_with_the_first_row_at_the_bottom() {
    let folder = Folder::new();
    let figure = figure_of(&folder.image(), &small());
    let map = ColourMap::of(Palette::Viridis);
    assert_eq!(colour_at(&figure, 0, 0), map.colour(0.0));
    assert_eq!(colour_at(&figure, 31, 31), map.colour(1.0));
    assert_eq!(colour_at(&figure, 0, 31), map.of_nothing());
    assert_eq!(figure.legend[0].words, "no value: 1 (0.098 %)");
    assert!(
        figure
            .description
            .ends_with("Values from 0 to 1023 MJy/sr, mean 511.0."),
        "{}",
        figure.description
    );
}

#[test]
fn the_first_bit_of_the_list_marks_a_pixel() {
    let folder = Folder::new();
    let path = folder.image();
    let options = PreviewOptions {
        quality: QualityBits::named(["SATURATED", "JUMP_DET"]).unwrap(),
        ..small()
    };
    let figure = figure_of(&path, &options);
    assert_eq!(colour_at(&figure, 3, 5), MARKS[1]);
    assert_eq!(colour_at(&figure, 3, 6), MARKS[0]);
    // Unmarked pixels are grey.
    let [red, green, blue] = colour_at(&figure, 4, 5);
    assert!(red == green && green == blue);
    let words: Vec<&str> = figure.legend.iter().map(|e| e.words.as_str()).collect();
    assert_eq!(
        words[1..],
        ["SATURATED: 1 (0.098 %)", "JUMP_DET: 2 (0.20 %)"]
    );
}

#[test]
fn a_marked_pixel_is_seen_in_its_block() {
    let mut model = image();
    let dim = (256, 256);
    model.data = Array2::zeros(dim);
    (model.err, model.var_poisson, model.var_rnoise) =
        (Array2::zeros(dim), Array2::zeros(dim), Array2::zeros(dim));
    model.dq = Array2::zeros(dim);
    model.dq[[8, 4]] = 4;
    let folder = Folder::new();
    let path = folder.file("x_cal.fits");
    model.save(&path).unwrap();
    let options = PreviewOptions {
        quality: QualityBits::named(["JUMP_DET"]).unwrap(),
        ..small()
    };
    let figure = figure_of(&path, &options);
    assert_eq!(figure.blocks.factor, 4);
    // A constant image has the middle colour everywhere.
    assert_eq!(
        colour_at(&figure, 1, 2),
        mix([128; 3], MARKS[0], FAINTEST_MARK)
    );
    assert_eq!(colour_at(&figure, 2, 2), [128; 3]);
}

#[test]
fn sources_are_circled_where_the_sky_puts_them() {
    let folder = Folder::new();
    let catalog = folder.file("x_cat.ecsv");
    // Four pixels to the left of the centre, two up; the pixels of the catalogue are those of another image.
    let text = format!(
        "label xcentroid ycentroid sky_centroid.ra sky_centroid.dec\n1 3 3 {} {}\n",
        80.0 + 4.0 / 7200.0,
        2.0 / 7200.0
    );
    std::fs::write(&catalog, text).unwrap();
    let options = PreviewOptions {
        catalog: Some(catalog),
        size: PictureSize::new(320).unwrap(),
        ..small()
    };
    let figure = figure_of(&folder.image(), &options);
    let source = figure.sources[0];
    assert!(
        (source.x - 11.5).abs() < 1e-6 && (source.y - 17.5).abs() < 1e-6,
        "{source:?}"
    );
    let compass = figure.compass.unwrap();
    assert!((compass.north.1 - 1.0).abs() < 1e-9 && (compass.east.0 + 1.0).abs() < 1e-9);
    assert!((compass.pixel_arcsec - 0.5).abs() < 1e-9);
    // Ten pixels of the picture for a pixel of the image.
    let scene = figure.scene();
    let panel = scene.shapes.iter().find_map(|shape| match shape {
        Shape::Bitmap { frame, .. } => Some(*frame),
        _ => None,
    });
    let panel = panel.unwrap();
    let centres: Vec<Point> = scene
        .shapes
        .iter()
        .filter_map(|shape| match shape {
            Shape::Circle { centre, .. } => Some(*centre),
            _ => None,
        })
        .collect();
    let expected = (panel.x + 120.0, panel.bottom() - 180.0);
    assert!(
        centres
            .iter()
            .take(2)
            .all(|c| (c.0 - expected.0).abs() < 1e-3 && (c.1 - expected.1).abs() < 1e-3),
        "{centres:?}"
    );
}

#[test]
fn pictures_of_awkward_arrays_can_be_drawn() {
    let folder = Folder::new();
    let dim = (8, 9);
    let arrays = [
        Array2::from_elem(dim, f32::NAN),
        Array2::from_elem(dim, 7.0),
        Array2::from_elem(dim, -3.5),
        Array2::from_elem(dim, f32::INFINITY),
        Array2::from_shape_fn(dim, |(row, column)| -((row * column) as f32)),
        Array2::from_elem((1, 1), 1e30),
    ];
    for array in &arrays {
        let path = folder.plain(Payload::F32(array.view().into_dyn()));
        for stretch in [Stretch::Linear, Stretch::Asinh, Stretch::Sqrt, Stretch::Log] {
            for limits in [Limits::MinMax, Limits::ZScale, Limits::default()] {
                let options = PreviewOptions {
                    stretch,
                    limits,
                    ..small()
                };
                let picture = preview(&path, &options).unwrap();
                assert_eq!(&picture.png[..4], b"\x89PNG");
            }
        }
    }
    let nothing = Array2::from_elem(dim, f32::NAN);
    let path = folder.plain(Payload::F32(nothing.view().into_dyn()));
    let picture = preview(&path, &small()).unwrap();
    assert!(picture.description.ends_with("No pixel has a value."));
}

fn dynamic<T: Clone, D: Dimension>(view: ArrayView<'_, T, D>) -> ArrayD<T> {
    view.into_dyn().to_owned()
}

#[test]
fn every_kind_of_image_can_be_drawn() {
    let folder = Folder::new();
    let cube = Array3::from_shape_fn((3, 8, 9), |(plane, row, column)| {
        (plane * 100 + row * column) as f32
    });
    let (bytes, words, labels) = (
        cube.mapv(|v| v as u8),
        cube.mapv(|v| v as u16),
        cube.mapv(|v| v as u32),
    );
    let doubles = cube.mapv(f64::from);
    let (cube, bytes, words) = (
        dynamic(cube.view()),
        dynamic(bytes.view()),
        dynamic(words.view()),
    );
    let (labels, doubles) = (dynamic(labels.view()), dynamic(doubles.view()));
    for payload in [
        Payload::F32(cube.view()),
        Payload::U8(bytes.view()),
        Payload::U16(words.view()),
        Payload::U32(labels.view()),
        Payload::F64(doubles.view()),
    ] {
        let path = folder.plain(payload);
        let options = PreviewOptions {
            integration: "2".parse().ok(),
            theme: Theme::Dark,
            ..small()
        };
        let picture = preview(&path, &options).unwrap();
        assert!(
            picture.description.contains("Values from 100.0 to 156.0"),
            "{}",
            picture.description
        );
    }
}

#[test]
fn a_ramp_is_its_last_group_less_its_first() {
    let folder = Folder::new();
    let path = folder.file("x_jump.fits");
    let ramp = Builder::new([2, 4, 8, 8])
        .rate_dn_per_s(3.0)
        .group_flag([0, 2, 1, 1], 4);
    ramp.build().save(&path).unwrap();
    let options = PreviewOptions {
        quality: QualityBits::named(["JUMP_DET"]).unwrap(),
        ..small()
    };
    let figure = figure_of(&path, &options);
    let statistics = figure.statistics.unwrap();
    assert!((statistics.mean - 90.0).abs() < 1e-3, "{statistics:?}");
    assert!(
        figure
            .heading
            .shown
            .contains(&"integration 1 of 2, group 4 less group 1".to_owned())
    );
    // A flag of any group marks the pixel, in its own integration.
    assert_eq!(colour_at(&figure, 1, 1), MARKS[0]);
    let second = PreviewOptions {
        integration: "2".parse().ok(),
        group: "3".parse().ok(),
        ..options
    };
    let figure = figure_of(&path, &second);
    assert_ne!(colour_at(&figure, 1, 1), MARKS[0]);
    assert!(
        figure
            .heading
            .shown
            .contains(&"integration 2 of 2, group 3 of 4".to_owned())
    );
}

#[test]
fn the_ramp_of_a_pixel_tells_its_jumps_and_its_slope() {
    let folder = Folder::new();
    let (ramp, rate) = (folder.file("x_jump.fits"), folder.file("x_rate.fits"));
    let builder = Builder::new([1, 6, 32, 32])
        .rate_dn_per_s(3.0)
        .meta("meta.bunit_data", "DN")
        .jump([0, 3, 5, 7], 500.0);
    let builder = builder
        .group_flag([0, 3, 5, 7], 4)
        .group_flag([0, 5, 5, 7], 2)
        .pixel_flag([5, 7], 4 | 2);
    builder.build().save(&ramp).unwrap();
    let mut model = image();
    model.data[[5, 7]] = 3.0;
    model.err[[5, 7]] = 0.25;
    model.save(&rate).unwrap();
    let options = PreviewOptions {
        pixel: "8,6".parse().ok(),
        count_from: CountFrom::One,
        rate: Some(rate),
        ..small()
    };
    let picture = preview(&ramp, &options).unwrap();
    assert_eq!(
        picture.description,
        "x_jump.fits: pixel (8, 6), counted from 1, 6 groups, quality: SATURATED, JUMP_DET. 1 of 6 groups are after a \
         jump, 1 saturated, 0 not used. fitted slope 3.000 ± 0.25 DN/s."
    );
}

#[test]
fn errors_name_file_hdu_and_what_is_there() {
    let folder = Folder::new();
    let path = folder.image();
    let fails = |path: &Path, options: &PreviewOptions| {
        let error = preview(path, options).unwrap_err().to_string();
        error.replace(folder.0.path().to_str().unwrap(), "DIR")
    };
    let with = |change: fn(&mut PreviewOptions)| {
        let mut options = small();
        change(&mut options);
        options
    };
    let hdu = with(|options| options.hdu = Some("WHT".into()));
    assert_eq!(
        fails(&path, &hdu),
        "DIR/x_cal.fits: no HDU WHT; found PRIMARY, SCI, ERR, DQ, VAR_POISSON, VAR_RNOISE, ASDF"
    );
    let table = with(|options| options.hdu = Some("ASDF".into()));
    assert!(
        fails(&path, &table)
            .starts_with("DIR/x_cal.fits: HDU ASDF: expected an image of two to four dimensions")
    );
    let integration = with(|options| options.integration = "2".parse().ok());
    assert_eq!(
        fails(&path, &integration),
        "DIR/x_cal.fits: HDU SCI: no integration 2; it has 1"
    );
    let pixel = with(|options| options.pixel = "3,4".parse().ok());
    assert!(
        fails(&path, &pixel).starts_with(
            "DIR/x_cal.fits: HDU SCI: expected ramps (integration, group, row, column)"
        )
    );
    let ramp = folder.file("x_ramp.fits");
    Builder::new([1, 2, 4, 5]).build().save(&ramp).unwrap();
    let pixel = with(|options| options.pixel = "5,4".parse().ok());
    assert_eq!(
        fails(&ramp, &pixel),
        "DIR/x_ramp.fits: HDU SCI: no pixel (5, 4); columns are 0 to 4, rows 0 to 3"
    );
    let rate = PreviewOptions {
        rate: Some(path.clone()),
        pixel: "0,0".parse().ok(),
        ..small()
    };
    assert!(
        fails(&ramp, &rate)
            .starts_with("DIR/x_cal.fits: HDU SCI: expected count rates with 4 rows of 5 columns")
    );
    let empty = ArrayD::<f32>::zeros(vec![4, 0]);
    let empty = folder.plain(Payload::F32(empty.view()));
    let error = fails(&empty, &small());
    assert!(error.starts_with("DIR/plain.fits: "), "{error}");
    std::fs::write(folder.file("x.fits"), "no FITS").unwrap();
    assert!(
        fails(&folder.file("x.fits"), &small()).starts_with("DIR/x.fits: not a readable FITS file")
    );
    let catalog = PreviewOptions {
        catalog: Some(folder.file("absent_cat.ecsv")),
        ..small()
    };
    assert_eq!(fails(&path, &catalog), "cannot read DIR/absent_cat.ecsv");
}

#[test]
fn counts_have_shares() {
    assert_eq!(counted(0, 10), "none");
    assert_eq!(counted(1, 4), "1 (25.0 %)");
    assert_eq!(counted(9999, 10_000), "9999 (>99.9 %)");
    assert_eq!(counted(10, 10), "10 (100 %)");
    assert_eq!(counted(1, 1_000_000), "1 (<0.01 %)");
}
