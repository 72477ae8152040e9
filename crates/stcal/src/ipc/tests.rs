//! Tests of the correction for capacitance between pixels.

use ndarray::{Array2, Array4, arr2};
use proptest::prelude::*;

use super::{IpcKernel, ReferenceEdges, correct_ipc};

#[test]
fn reference_pixels_neither_change_nor_give() {
    let mut image = arr2(&[[50.0_f32, 10.0, 20.0], [60.0, 0.0, 0.0]]);
    let kernel = arr2(&[[0.0_f32, 0.0, 0.0], [0.5, 1.0, 0.25], [0.0, 0.0, 0.0]]);
    let edges = ReferenceEdges {
        left: 1,
        ..ReferenceEdges::default()
    };
    correct_ipc(image.view_mut(), &IpcKernel::Uniform(kernel.view()), edges).unwrap();
    // Convolution: the element to the left of the middle takes the pixel to the right.
    assert_eq!(image, arr2(&[[50.0, 20.0, 22.5], [60.0, 0.0, 0.0]]));
}

#[test]
fn kernels_that_do_not_fit_are_refused() {
    let mut image = Array2::<f32>::zeros((4, 4));
    let even = Array2::zeros((2, 3));
    let narrow = Array4::zeros((3, 3, 4, 3));
    let one = Array2::ones((1, 1));
    let none = ReferenceEdges::default();
    assert!(correct_ipc(image.view_mut(), &IpcKernel::Uniform(even.view()), none).is_err());
    assert!(correct_ipc(image.view_mut(), &IpcKernel::PerPixel(narrow.view()), none).is_err());
    let edges = ReferenceEdges {
        bottom: 4,
        top: 4,
        ..none
    };
    assert!(correct_ipc(image.view_mut(), &IpcKernel::Uniform(one.view()), edges).is_err());
}

proptest! {
    /// The definition in double precision, and a kernel per pixel that is the same everywhere.
    #[test]
    fn agrees_with_the_definition(
        values in proptest::collection::vec(-100.0_f32..100.0, 7 * 6),
        weights in proptest::collection::vec(-1.0_f32..1.0, 15),
        (bottom, top, left, right) in (0_usize..4, 0_usize..4, 0_usize..3, 0_usize..4),
    ) {
        let before = Array2::from_shape_vec((7, 6), values).unwrap();
        let kernel = Array2::from_shape_vec((5, 3), weights).unwrap();
        let edges = ReferenceEdges { bottom, top, left, right };
        let mut after = before.clone();
        correct_ipc(after.view_mut(), &IpcKernel::Uniform(kernel.view()), edges).unwrap();
        let inside = |y: isize, x: isize| {
            (bottom as isize..7 - top as isize).contains(&y) && (left as isize..6 - right as isize).contains(&x)
        };
        for ((y, x), &value) in after.indexed_iter() {
            let (y, x) = (y as isize, x as isize);
            let expected = if inside(y, x) {
                kernel.indexed_iter().map(|((j, i), &k)| {
                    let (v, u) = (y - (j as isize - 2), x - (i as isize - 1));
                    if inside(v, u) { f64::from(k) * f64::from(before[[v as usize, u as usize]]) } else { 0.0 }
                }).sum::<f64>()
            } else {
                f64::from(before[[y as usize, x as usize]])
            };
            prop_assert!((f64::from(value) - expected).abs() < 1e-3);
        }
        let mut same = before.clone();
        let per_pixel = Array4::from_shape_fn((5, 3, 7, 6), |(j, i, ..)| kernel[[j, i]]);
        correct_ipc(same.view_mut(), &IpcKernel::PerPixel(per_pixel.view()), edges).unwrap();
        prop_assert_eq!(same, after);
    }
}
