//! Weights, invalid pixels, maps and parameters.

use datamodels::ImageModel;
use datamodels::dq::pixel;
use datamodels::library::{AssociationInfo, Library};
use datamodels::metadata::Metadata;
use gwcs::frame::{CoordinateFrame, Frame};
use gwcs::mosaic::{Footprint, Layout, TangentPlane};
use gwcs::{BoundingBox, Wcs};
use ndarray::Array2;
use stpipe::{Outcome, Step};

use super::spline::{Spline, interpolate_grid};
use super::{
    MapOptions, OutputGrid, PixelMapper, Resample, ResampleInput, ResampleParams, Resampler,
    WeightKind, fill_value,
};

const SHAPE: (usize, usize) = (40, 48);
const REGION: [[f64; 2]; 4] = [
    [80.502, -69.4995],
    [80.502, -69.5005],
    [80.498, -69.5005],
    [80.498, -69.4995],
];

/// A tangential plane of 48 x 40 pixels.
fn wcs(angle_deg: f64) -> Wcs {
    let layout = Layout {
        shape: Some(SHAPE),
        crpix: Some([23.5, 19.5]),
        crval_deg: Some([80.5, -69.5]),
    };
    let footprint = Footprint {
        vertices: REGION.to_vec(),
    };
    let orientation = TangentPlane::orientation(angle_deg, 0.0, -1);
    let plane = TangentPlane::new(&[footprint], orientation, 2.5e-5, &layout).expect("fits");
    let mut wcs = plane
        .wcs(
            &Frame::Single(CoordinateFrame::pixels("detector")),
            &Frame::Single(CoordinateFrame::icrs("world")),
        )
        .expect("chains");
    wcs.set_bounding_box(Some(BoundingBox::new(&[(-0.5, 47.5), (-0.5, 39.5)])))
        .expect("two axes");
    wcs
}

/// So many times the same exposure.
fn library(count: usize) -> Library {
    Library::of_images(vec![exposure(33.0); count], AssociationInfo::default())
}

/// An exposure with all that the step needs.
fn exposure(angle_deg: f64) -> ImageModel {
    let mut meta = Metadata::new("ImageModel");
    meta.set_wcs(&wcs(angle_deg)).expect("can be stored");
    for (key, value) in [
        ("wcsinfo.ra_ref", 80.5),
        ("wcsinfo.dec_ref", -69.5),
        ("wcsinfo.roll_ref", angle_deg),
        ("wcsinfo.v3yangle", 0.0),
        ("wcsinfo.vparity", -1.0),
        ("exposure.exposure_time", 30.0),
        ("exposure.measurement_time", 20.0),
        ("exposure.duration", 35.0),
        ("exposure.start_time", 59000.0),
        ("exposure.end_time", 59000.1),
    ] {
        meta.set(&format!("meta.{key}"), value);
    }
    let footprint = Footprint {
        vertices: REGION.to_vec(),
    };
    meta.set("meta.wcsinfo.s_region", Footprint::region(&[footprint]));
    let plane = |value: f32| Array2::from_elem(SHAPE, value);
    ImageModel {
        meta,
        data: plane(3.0),
        err: plane(0.5),
        dq: Array2::zeros(SHAPE),
        var_poisson: plane(0.03),
        var_rnoise: plane(0.04),
        var_flat: Some(plane(0.05)),
        area: None,
        extra: Vec::new(),
    }
}

#[test]
fn invalid_pixels_are_so_in_all_images() {
    let mut image = exposure(0.0);
    image.data[[0, 0]] = f32::NAN;
    image.var_rnoise[[1, 1]] = f32::NAN;
    image.dq[[2, 2]] = pixel::DO_NOT_USE | pixel::JUMP_DET;
    image.dq[[3, 3]] = pixel::JUMP_DET;
    let mut input = ResampleInput::new(image).expect("has a wcs");
    input.match_invalid();
    for at in [[0, 0], [1, 1], [2, 2]] {
        assert_eq!(input.dq[at] & pixel::DO_NOT_USE, pixel::DO_NOT_USE);
        assert!(input.data[at].is_nan() && input.err[at].is_nan());
        assert!(
            input
                .variances
                .iter()
                .flatten()
                .all(|image| image[at].is_nan())
        );
    }
    assert_eq!(input.dq[[3, 3]], pixel::JUMP_DET);
    assert_eq!(input.data[[3, 3]], 3.0);
}

#[test]
fn weights_leave_out_what_must_not_be_used() {
    let mut image = exposure(0.0);
    image.dq[[0, 0]] = pixel::DO_NOT_USE;
    image.dq[[0, 1]] = pixel::NON_SCIENCE;
    image.dq[[0, 2]] = pixel::SATURATED;
    image.var_rnoise[[0, 3]] = 0.0;
    let input = ResampleInput::new(image).expect("has a wcs");
    let weights = input
        .weights(WeightKind::InverseVariance)
        .expect("has variances");
    assert_eq!(weights.row(0).to_vec()[..5], [0.0, 0.0, 25.0, 0.0, 25.0]);
    let weights = input.weights(WeightKind::ExposureTime).expect("has times");
    assert_eq!(weights.row(0).to_vec()[..5], [0.0, 0.0, 20.0, 20.0, 20.0]);
}

#[test]
fn an_exposure_alone_keeps_its_surface_brightness() {
    let outcome = Resample::run(&ResampleParams::default(), None, library(1)).expect("runs");
    let Outcome::Complete(mut outputs) = outcome else {
        panic!("the step applies");
    };
    let output = outputs.pop().expect("one image");
    let middle = [output.data.nrows() / 2, output.data.ncols() / 2];
    assert!((output.data[middle] - 3.0).abs() < 1e-5);
    let err = output.err.expect("asked for");
    assert!(
        (err[middle] - 0.12_f32.sqrt()).abs() < 1e-5,
        "{}",
        err[middle]
    );
    assert_eq!(output.con.expect("asked for")[[0, middle[0], middle[1]]], 1);
    assert_eq!(output.meta.integer("meta.resample.pointings"), Some(1));
    assert_eq!(output.meta.text("meta.resample.kernel"), Some("square"));
    assert_eq!(
        output.meta.number("meta.exposure.measurement_time"),
        Some(20.0)
    );
    assert_eq!(output.meta.get("meta.wcsinfo.roll_ref"), None);
    assert_eq!(output.meta.text("meta.wcsinfo.ctype1"), Some("RA---TAN"));
    // The output cuts the corners of the input's footprint by less than a pixel.
    let region = output.meta.text("meta.wcsinfo.s_region").expect("set");
    let footprints = Footprint::parse(region);
    assert_eq!(footprints.len(), 1);
    for corner in REGION {
        let near = |vertex: &&[f64; 2]| {
            let dx = (vertex[0] - corner[0]) * corner[1].to_radians().cos();
            dx.hypot(vertex[1] - corner[1]) < 2.5e-5
        };
        assert!(
            footprints[0].vertices.iter().any(|vertex| near(&vertex)),
            "{region}"
        );
    }
    assert!(output.meta.wcs().expect("readable").is_some());
}

#[test]
fn four_exposures_halve_the_errors() {
    let params = ResampleParams::default();
    let input = || ResampleInput::new(exposure(33.0)).expect("has a wcs");
    let grid = OutputGrid::for_library(&library(1), &params.grid().expect("valid"));
    let mut resampler = Resampler::new(grid.expect("fits"), params.settings().expect("valid"));
    for _ in 0..4 {
        resampler.add(input()).expect("fits");
    }
    let output = resampler.finish(&[]).expect("can be stored");
    let middle = [output.data.nrows() / 2, output.data.ncols() / 2];
    let err = output.err.expect("asked for");
    assert!(
        (err[middle] - 0.5 * 0.12_f32.sqrt()).abs() < 1e-5,
        "{}",
        err[middle]
    );
    assert_eq!(
        output.con.expect("asked for")[[0, middle[0], middle[1]]],
        15
    );
    assert_eq!(
        output.meta.number("meta.exposure.exposure_time"),
        Some(30.0)
    );
}

#[test]
fn sparse_maps_are_close_to_exact_ones() {
    let (from, to) = (wcs(12.0), wcs(33.0));
    let mapper = PixelMapper::new(&from, &to, SHAPE).expect("two axes");
    let exact = mapper
        .map(&MapOptions::new(1.0, 1).expect("valid"))
        .expect("maps");
    for order in [1, 3] {
        let options = MapOptions::new(5.0, order).expect("valid");
        let sparse = mapper.map(&options).expect("maps");
        for (a, b) in exact
            .x
            .iter()
            .zip(&sparse.x)
            .chain(exact.y.iter().zip(&sparse.y))
        {
            assert!((a - b).abs() < 1e-5, "{a} {b}");
        }
    }
    assert!(MapOptions::new(5.0, 2).is_err());
}

// A cubic without jumps of the third derivative at the outermost inner nodes is reproduced exactly by itself.
#[test]
fn a_cubic_spline_keeps_cubics() {
    let cubic = |x: f64, y: f64| (0.1 * x * x * x - x * x + 3.0) * (y * y * y - 2.0 * y);
    let at_x = [0.0, 1.5, 3.0, 4.0, 7.0];
    let at_y = [0.0, 1.0, 2.5, 3.0];
    let values: Vec<f64> = at_y
        .iter()
        .flat_map(|&y| at_x.iter().map(move |&x| cubic(x, y)))
        .collect();
    let fit = interpolate_grid(Spline::Cubic, (&at_y, &at_x), &values, 0..=7);
    let mut row = [0.0; 8];
    for y in [0.0, 0.7, 2.0, 3.0] {
        fit.row(y, &mut row);
        for (x, found) in row.iter().enumerate() {
            let expected = cubic(x as f64, y);
            assert!(
                (found - expected).abs() < 1e-9 * (1.0 + expected.abs()),
                "{x} {y}"
            );
        }
    }
}

#[test]
fn parameters_are_checked() {
    let mut params = ResampleParams::default();
    assert!(params.settings().is_ok());
    params.weight_type = None;
    assert!(params.settings().is_err());
    params.crpix = Some(vec![1.0]);
    assert!(params.grid().is_err());
    assert!(fill_value("INDEF").expect("valid").is_nan());
    assert_eq!(fill_value("0.0").expect("valid"), 0.0);
    assert!(fill_value("nothing").is_err());
}
