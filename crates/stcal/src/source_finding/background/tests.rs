//! Tests of the background.

use ndarray::{Array2, Axis};
use proptest::prelude::*;

use super::{BackgroundError, BoxStatistics, Boxes, MeshBackground};
use crate::source_finding::field::stars;

/// From jwst 3.0.0 `JWSTBackground(image, box_size=12, coverage_mask=mask)` of the same image.
#[test]
fn surfaces_are_the_references() {
    let (image, mask) = stars();
    let background = MeshBackground::estimate(image.view(), mask.view(), 12).unwrap();
    assert!(!background.is_of_whole_image);
    let (level, noise) = (background.level.image(), background.noise.image());
    for (at, expected) in [
        ([5, 5], 0.573_275_9),
        ([20, 20], 0.570_247_6),
        ([39, 45], 0.569_411_3),
        ([11, 40], 0.573_019_45),
    ] {
        assert_eq!(level[at], expected, "level at {at:?}");
    }
    for (at, expected) in [
        ([5, 5], 0.295_581_97),
        ([20, 20], 0.295_347_06),
        ([39, 45], 0.295_280_87),
    ] {
        assert_eq!(noise[at], expected, "noise at {at:?}");
    }
    assert_eq!(background.median_threshold(4.0, mask.view()), 1.181_466_6);
}

#[test]
fn an_image_without_good_boxes_is_one_box() {
    let (image, mut mask) = stars();
    mask.index_axis_mut(Axis(1), 0).fill(true);
    mask.iter_mut().step_by(2).for_each(|masked| *masked = true);
    let background = MeshBackground::estimate(image.view(), mask.view(), 12).unwrap();
    assert!(background.is_of_whole_image);
    assert!(background.level.constant().is_some());
    let whole = MeshBackground::estimate(image.view(), mask.view(), 0).unwrap();
    assert_eq!(whole.level.constant(), background.level.constant());
}

#[test]
fn no_pixels_are_told_of() {
    let (image, mask) = stars();
    let masked = mask.mapv(|_| true);
    let error = MeshBackground::estimate(image.view(), masked.view(), 12).unwrap_err();
    assert_eq!(error, BackgroundError::Masked);
    let unknown = image.mapv(|_| f32::NAN);
    let error = MeshBackground::estimate(unknown.view(), mask.view(), 12).unwrap_err();
    assert_eq!(error, BackgroundError::NotFinite);
}

proptest! {
    /// Boxes side by side have the bits of boxes alone.
    #[test]
    fn boxes_do_not_depend_on_each_other(first in 0_usize..12, count in 0_usize..12, size in 5_usize..30) {
        let (image, mask) = stars();
        let boxes = Boxes::new(image.dim(), (size, size));
        let range = first.min(boxes.len())..(first + count).min(boxes.len());
        let together = boxes.statistics(image.view(), mask.view(), range.clone());
        let alone = range.flat_map(|index| boxes.statistics(image.view(), mask.view(), index..index + 1));
        let bits = |found: &BoxStatistics| (found.median.to_bits(), found.deviation.to_bits(), found.pixels);
        prop_assert_eq!(together.iter().map(bits).collect::<Vec<_>>(), alone.map(|found| bits(&found)).collect::<Vec<_>>());
    }

    #[test]
    fn bands_of_a_surface_have_the_same_bits(seed in 0_u32..1000, first in 0_usize..30, rows in 1_usize..11) {
        let image = Array2::from_shape_fn((41, 35), |(y, x)| {
            ((y as u32 * 7919 + x as u32 * 104_729).wrapping_mul(seed + 1) % 1009) as f32 + y as f32
        });
        let mask = Array2::from_elem(image.dim(), false);
        let surface = MeshBackground::estimate(image.view(), mask.view(), 8).unwrap().level;
        let mut band = Array2::zeros((rows, 35));
        surface.write_rows(first, band.view_mut());
        let whole = surface.image();
        prop_assert_eq!(band, whole.slice(ndarray::s![first..first + rows, ..]));
    }
}
