//! Tests of photometry and shapes.

use ndarray::Array2;
use proptest::prelude::*;

use super::{
    CircularAperture, PeakShape, SegmentImages, background_around, local_background,
    nearest_neighbours,
};
use crate::source_finding::background::MeshBackground;
use crate::source_finding::field::stars;
use crate::source_finding::{
    Border, Connectivity, Convolution, Deblending, Segmentation, Spacing, gaussian_kernel,
    sigma_from_fwhm,
};

/// The image without background.
fn data() -> (Array2<f32>, Array2<bool>, MeshBackground) {
    let (image, mask) = stars();
    let background = MeshBackground::estimate(image.view(), mask.view(), 12).unwrap();
    let mut level = background.level.image();
    level.zip_mut_with(&mask, |level, masked| {
        if *masked {
            *level = 0.0;
        }
    });
    (image - level, mask, background)
}

fn assert_close(found: f64, expected: f64) {
    let is_close = (found - expected).abs() <= 1e-12 * expected.abs().max(1.0);
    assert!(is_close, "{found} is not {expected}");
}

/// From photutils 3.0.0 `SourceCatalog` of the same image with `local_bkg_width` 0 and 4.
#[test]
fn segments_are_measured_as_the_reference_does() {
    let (data, mask, background) = data();
    let kernel = gaussian_kernel(sigma_from_fwhm(2.0), None);
    let convolved = Convolution::new(kernel.view(), Border::Interpolate)
        .convolve(data.view(), Some(mask.view()));
    let noise = background.noise.image();
    let above = ndarray::Zip::from(&convolved)
        .and(&noise)
        .and(&mask)
        .map_collect(|value, noise, masked| !masked && *value > 4.0 * noise);
    let connectivity = Connectivity::Eight;
    let mut segmentation = Segmentation::detect(above.view(), 4, connectivity).unwrap();
    let deblending = Deblending {
        least_pixels: 4,
        levels: 32,
        contrast: 0.001,
        spacing: Spacing::Exponential,
        connectivity,
    };
    let parts: Vec<_> = (0..segmentation.segments().len())
        .filter_map(|i| Some((i, segmentation.parts(convolved.view(), i, &deblending)?)))
        .collect();
    segmentation.replace(&parts);
    let err = Array2::from_elem(data.dim(), 0.25_f32);
    let images = SegmentImages {
        data: data.view(),
        convolved: convolved.view(),
        err: err.view(),
        mask: mask.view(),
    };
    let first = images.measure(&segmentation, 0, 0.0);
    assert_close(first.x, 9.294_877_501_920_444);
    assert_close(first.y, 8.102_291_841_211_51);
    assert_close(first.flux, 324.443_576_514_720_9);
    assert_eq!(first.flux_err, 1.639_359_6);
    assert_close(first.area, 43.0);
    assert_close(first.semimajor_sigma, 1.345_230_509_917_975_5);
    assert_close(first.semiminor_sigma, 1.333_794_055_803_427_8);
    assert!((first.orientation_deg - 343.317_029_947_725).abs() < 1e-9);
    assert_close(first.min, 0.745_613_813_400_268_8);
    assert_close(first.max, 54.554_916_381_835_94);
    let last = images.measure(&segmentation, 4, 0.0);
    assert_close(last.x, 25.127_797_452_836_59);
    assert_close(
        last.ellipticity(),
        1.0 - 1.245_651_925_222_952_5 / 1.469_816_177_644_802_4,
    );
    for (index, expected) in [
        (0, 0.024_603_013_266_274_27),
        (1, 0.081_855_875_129_501_03),
        (2, -0.029_721_229_349_913_662),
        (3, -0.018_390_038_134_059_095),
        (4, 0.064_453_628_856_384_34),
    ] {
        let local = background_around(data.view(), mask.view(), &segmentation, index, 4);
        assert_close(local, expected);
    }
    let local = background_around(data.view(), mask.view(), &segmentation, 0, 4);
    let corrected = images.measure(&segmentation, 0, local);
    assert_close(corrected.flux, 323.385_646_944_271_1);
}

/// From photutils 3.0.0 `aperture_photometry` of the same image with errors of 0.25.
#[test]
fn circles_are_summed_as_the_reference_does() {
    let (data, _, _) = data();
    let err = Array2::from_elem(data.dim(), 0.25_f32);
    for (x, y, radius, sum, error) in [
        (
            9.3,
            8.1,
            1.3,
            162.731_470_020_015_5,
            0.576_047_501_544_292_7,
        ),
        (
            9.3,
            8.1,
            4.2,
            333.759_551_928_292_1,
            1.861_076_543_450_791_9,
        ),
        (
            1.2,
            0.7,
            1.3,
            2.420_781_654_361_269_5,
            0.572_390_524_045_545_8,
        ),
        (1.2, 0.7, 4.2, 4.367_732_717_387_245, 1.318_259_519_898_138),
    ] {
        let found = CircularAperture { x, y, radius }.sum(data.view(), err.view());
        assert_close(found.0, sum);
        assert_close(found.1, error);
    }
    let outside = CircularAperture {
        x: 100.0,
        y: 100.0,
        radius: 4.2,
    };
    assert!(outside.sum(data.view(), err.view()).0.is_nan());
}

#[test]
fn the_sky_is_the_median_of_a_ring_without_outliers() {
    let mut data = Array2::from_shape_fn((31, 31), |(y, x)| ((x + y) % 3) as f32);
    data[[15, 22]] = 1e6;
    data[[15, 8]] = f32::NAN;
    let sky = local_background(data.view(), (15.0, 15.0), (6.0, 9.0));
    assert_close(sky.median, 1.0);
    assert!(sky.error > 0.0 && sky.error < 0.2, "{}", sky.error);
    let nowhere = local_background(data.view(), (-1000.0, -1000.0), (6.0, 9.0));
    assert!(nowhere.median.is_nan() && nowhere.error.is_nan());
}

#[test]
fn a_peak_off_the_image_has_no_shape() {
    let (data, _, _) = data();
    let shape = PeakShape::new(sigma_from_fwhm(2.0));
    let (sharpness, roundness) = shape.measure(data.view(), (-1000.0, -1000.0));
    assert!(sharpness.is_nan() && roundness.is_nan());
}

proptest! {
    #[test]
    fn circles_add_up_to_their_area(x in 8.0_f64..12.0, y in 8.0_f64..12.0, radius in 0.05_f64..6.0) {
        let ones = Array2::from_elem((21, 21), 1.0_f32);
        let circle = CircularAperture { x, y, radius };
        let (sum, err) = circle.sum(ones.view(), ones.view());
        prop_assert!((sum - circle.area()).abs() < 1e-11, "{} is not {}", sum, circle.area());
        prop_assert!((err * err - circle.area()).abs() < 1e-11);
    }

    #[test]
    fn neighbours_are_the_nearest(points in proptest::collection::vec((0.0_f64..9.0, 0.0_f64..9.0), 2..40)) {
        let nearest = nearest_neighbours(&points).unwrap();
        for (index, (other, distance)) in nearest.iter().enumerate() {
            prop_assert!(*other != index);
            let gap = |at: usize| (points[at].0 - points[index].0).hypot(points[at].1 - points[index].1);
            prop_assert!((gap(*other) - distance).abs() < 1e-12);
            let least = (0..points.len()).filter(|at| *at != index).map(gap).fold(f64::INFINITY, f64::min);
            prop_assert!((least - distance).abs() < 1e-12);
        }
    }
}
