//! Tests.

use ndarray::Array2;

use super::{PictureFrame, PictureFrameError};

const SIDE: usize = 2048;

/// A pattern that is 1 near the edges and 3 in the centre.
fn pattern() -> Array2<f32> {
    let middle = 76..1984;
    Array2::from_shape_fn((SIDE, SIDE), |(y, x)| {
        if middle.contains(&y) && middle.contains(&x) {
            3.0
        } else {
            1.0
        }
    })
}

#[test]
fn a_scaled_pattern_vanishes_and_the_base_comes_back() {
    let frame = PictureFrame::new(
        pattern().view(),
        Array2::from_elem((SIDE, SIDE), true).view(),
    )
    .unwrap();
    // Centre 0.5 * 3 + 10, edges 0.5 * 1 + 10; a source of 4.
    let mut image = pattern() * 0.5 + 10.0;
    image[(1000, 1000)] += 4.0;
    let mut with_base = image.clone();
    frame.subtract(image.view_mut(), None).unwrap();
    let mut expected = Array2::zeros((SIDE, SIDE));
    expected[(1000, 1000)] = 4.0;
    assert_eq!(image, expected);
    let base = Array2::from_elem((SIDE, SIDE), 2.0);
    frame
        .subtract(with_base.view_mut(), Some(base.view()))
        .unwrap();
    assert_eq!(with_base, expected + 2.0);
}

#[test]
fn masked_and_unknown_pixels_do_not_count() {
    let mut mask = Array2::from_elem((SIDE, SIDE), true);
    let mut image = pattern();
    for k in 100..1900 {
        mask[(k, 500)] = false;
        image[(k, 500)] = 1e6;
        image[(k, 501)] = f32::NAN;
    }
    let frame = PictureFrame::new(pattern().view(), mask.view()).unwrap();
    frame.subtract(image.view_mut(), None).unwrap();
    assert_eq!(image[(90, 90)], 0.0);
    assert_eq!(image[(100, 500)], 1e6 - 3.0);
    assert!(image[(100, 501)].is_nan());
}

#[test]
fn both_regions_need_background() {
    let empty = Array2::from_elem((SIDE, SIDE), false);
    let found = PictureFrame::new(pattern().view(), empty.view());
    assert_eq!(found.unwrap_err(), PictureFrameError::NoBackground);
    let small = Array2::from_elem((4, 4), true);
    let error = PictureFrame::new(pattern().view(), small.view()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "mask: expected shape [2048, 2048], found [4, 4]"
    );
}
