//! Tests of finders and segments.

use ndarray::{Array2, s};
use proptest::prelude::*;

use super::background::MeshBackground;
use super::field::stars;
use super::{
    Border, Connectivity, Convolution, Deblending, Segmentation, Spacing, StarKernel, StarSearch,
    find_dao_stars, find_iraf_stars, gaussian_kernel, sigma_from_fwhm,
};

struct Prepared {
    data: Array2<f32>,
    mask: Array2<bool>,
    threshold: f32,
    background: MeshBackground,
}

fn prepared() -> Prepared {
    let (image, mask) = stars();
    let background = MeshBackground::estimate(image.view(), mask.view(), 12).unwrap();
    let mut level = background.level.image();
    level.zip_mut_with(&mask, |level, masked| {
        if *masked {
            *level = 0.0;
        }
    });
    Prepared {
        data: image - level,
        threshold: background.median_threshold(4.0, mask.view()),
        mask,
        background,
    }
}

impl Prepared {
    fn search(&self, roundness: (f64, f64)) -> StarSearch<'_> {
        StarSearch {
            data: self.data.view(),
            mask: self.mask.view(),
            threshold: self.threshold,
            min_separation: 2.0,
            sharpness: (0.2, 2.0),
            roundness,
            brightest: Some(3),
            peak_max: None,
        }
    }

    fn convolved(&self) -> Array2<f32> {
        let kernel = gaussian_kernel(sigma_from_fwhm(2.0), None);
        Convolution::new(kernel.view(), Border::Interpolate)
            .convolve(self.data.view(), Some(self.mask.view()))
    }

    fn segmentation(&self, convolved: &Array2<f32>) -> Segmentation {
        let noise = self.background.noise.image();
        let above = ndarray::Zip::from(convolved)
            .and(&noise)
            .and(&self.mask)
            .map_collect(|value, noise, masked| !masked && *value > 4.0 * noise);
        Segmentation::detect(above.view(), 4, Connectivity::Eight).unwrap()
    }
}

const DEBLENDING: Deblending = Deblending {
    least_pixels: 4,
    levels: 32,
    contrast: 0.001,
    spacing: Spacing::Exponential,
    connectivity: Connectivity::Eight,
};

fn close(found: f64, expected: f64) -> bool {
    (found - expected).abs() <= 1e-12 * expected.abs().max(1.0)
}

/// From photutils 3.0.0 `IRAFStarFinder` of the same image, as jwst 3.0.0 `tweakreg_catalog` calls it.
#[test]
fn iraf_stars_are_the_references() {
    let prepared = prepared();
    let kernel = StarKernel::new(2.5, 1.5).unwrap();
    let stars = find_iraf_stars(&prepared.search((0.0, 0.5)), &kernel);
    let expected = [
        [
            21.202_120_141_482_574,
            25.840_297_107_140_785,
            1.693_839_364_734_582_6,
            0.040_537_763_659_348_07,
            31.151_796_673_016_75,
            284.403_048_515_319_8,
        ],
        [
            25.034_590_414_669_545,
            27.890_474_213_428_547,
            1.696_225_211_527_103,
            0.050_745_672_626_519_155,
            4.660_563_870_395_572,
            217.478_230_158_487_97,
        ],
        [
            9.247_440_498_563_172,
            8.086_792_905_457_832,
            1.739_968_326_050_420_4,
            0.010_933_055_087_240_78,
            320.705_842_203_494_6,
            197.710_944_811_503_08,
        ],
    ];
    assert_eq!(stars.len(), 3);
    for (star, expected) in stars.iter().zip(expected) {
        let found = [
            star.x,
            star.y,
            star.fwhm,
            star.roundness,
            star.orientation_deg,
            star.flux,
        ];
        for (found, expected) in found.iter().zip(expected) {
            assert!(
                (found - expected).abs() < 1e-10,
                "{found} is not {expected}"
            );
        }
        assert!(close(star.sharpness, star.fwhm / 2.5));
    }
    assert!((stars[0].peak - 76.379_793_167_114_26).abs() < 1e-10);
    assert_eq!(stars[0].pixels, 12);
    assert!(close(stars[0].mag(), -6.134_835_618_209_421));
}

/// From photutils 3.0.0 `DAOStarFinder` of the same image.
#[test]
fn dao_stars_are_the_references() {
    let prepared = prepared();
    let kernel = StarKernel::new(2.5, 1.5).unwrap();
    let stars = find_dao_stars(&prepared.search((-1.0, 1.0)), &kernel);
    let expected = [
        [
            21.226_282_600_679_86,
            25.828_948_315_008_16,
            0.758_595_640_602_395_7,
            -0.232_018_291_950_225_83,
            -0.028_645_430_226_219_35,
            476.752_044_677_734_4,
            -4.405_543_028_997_021,
        ],
        [
            25.042_273_381_764_247,
            27.860_767_554_499_53,
            0.780_488_464_691_695_5,
            -0.225_901_603_698_730_47,
            -0.038_552_780_650_053_9,
            394.330_261_230_468_75,
            -4.171_949_260_039_411,
        ],
        [
            9.304_885_503_012_803,
            8.094_271_368_631_043,
            0.754_294_838_471_400_4,
            0.001_624_236_581_847_071_6,
            -0.067_682_085_489_726_9,
            297.583_496_093_75,
            -3.940_967_215_037_222_4,
        ],
    ];
    assert_eq!(stars.len(), 3);
    for (star, expected) in stars.iter().zip(expected) {
        let found = [
            star.x,
            star.y,
            star.sharpness,
            star.roundness1,
            star.roundness2,
            star.flux,
            star.daofind_mag,
        ];
        for (found, expected) in found.iter().zip(expected) {
            assert!(close(*found, expected), "{found} is not {expected}");
        }
    }
}

/// From astropy 8.0.2 `convolve` and photutils 3.0.0 `SourceFinder(n_pixels=4)` of the same image.
#[test]
fn segments_are_the_references() {
    let prepared = prepared();
    let convolved = prepared.convolved();
    assert_eq!(convolved[[30, 40]], 0.525_952_04);
    assert_eq!(convolved[[21, 3]], 0.045_337_41);
    assert_eq!(convolved[[8, 9]], 27.715_546);
    let mut segmentation = prepared.segmentation(&convolved);
    assert_eq!(segmentation.segments().len(), 4);
    let parts: Vec<_> = (0..4)
        .filter_map(|index| {
            Some((
                index,
                segmentation.parts(convolved.view(), index, &DEBLENDING)?,
            ))
        })
        .collect();
    segmentation.replace(&parts);
    let boxes: Vec<_> = segmentation
        .segments()
        .iter()
        .map(|segment| {
            (
                segment.pixels,
                segment.rows.clone(),
                segment.columns.clone(),
            )
        })
        .collect();
    let expected = [
        (43, 5..12, 6..14),
        (35, 9..15, 28..35),
        (32, 31..37, 36..42),
        (48, 22..31, 18..26),
        (42, 24..32, 21..30),
    ];
    assert_eq!(boxes, expected);
    let count = |label: i32| {
        segmentation
            .labels()
            .iter()
            .filter(|at| **at == label)
            .count()
    };
    assert_eq!([count(1), count(4), count(5)], [43, 48, 42]);
}

#[test]
fn a_share_of_the_flux_keeps_faint_sources_together() {
    let prepared = prepared();
    let convolved = prepared.convolved();
    let segmentation = prepared.segmentation(&convolved);
    let whole = Deblending {
        contrast: 0.9,
        ..DEBLENDING
    };
    for index in 0..4 {
        assert!(
            segmentation
                .parts(convolved.view(), index, &whole)
                .is_none()
        );
    }
}

#[test]
fn connectivity_decides_about_corners() {
    let above = Array2::from_shape_fn((6, 6), |(y, x)| y == x);
    assert!(Segmentation::detect(above.view(), 2, Connectivity::Four).is_none());
    let one = Segmentation::detect(above.view(), 6, Connectivity::Eight).unwrap();
    assert_eq!(one.segments()[0].pixels, 6);
}

#[test]
fn kernels_ask_for_positive_widths() {
    let message = StarKernel::new(0.0, 1.5).unwrap_err().to_string();
    assert_eq!(message, "fwhm: expected a positive number, found 0");
    assert!(StarKernel::new(f64::NAN, 1.5).is_err());
}

#[test]
fn nothing_is_found_in_a_flat_image() {
    let data = Array2::from_elem((12, 12), 5.0_f32);
    let mask = Array2::from_elem((12, 12), false);
    let search = StarSearch {
        data: data.view(),
        mask: mask.view(),
        threshold: -1.0,
        min_separation: 0.0,
        sharpness: (-9.0, 9.0),
        roundness: (-9.0, 9.0),
        brightest: None,
        peak_max: None,
    };
    let kernel = StarKernel::new(2.0, 1.5).unwrap();
    // The edges of the image make peaks of the convolved image, which are no stars.
    assert!(
        find_dao_stars(&search, &kernel)
            .iter()
            .all(|star| star.peak == 5.0)
    );
    let ones = data.mapv(|_| 0.0);
    let search = StarSearch {
        data: ones.view(),
        ..search
    };
    assert!(find_iraf_stars(&search, &kernel).is_empty());
}

proptest! {
    #[test]
    fn bands_of_a_convolution_have_the_same_bits(first in 0_usize..30, rows in 1_usize..10) {
        let prepared = prepared();
        let kernel = gaussian_kernel(1.1, None);
        for border in [Border::Zero, Border::Interpolate] {
            let convolution = Convolution::new(kernel.view(), border);
            let whole = convolution.convolve(prepared.data.view(), Some(prepared.mask.view()));
            let mut band = Array2::zeros((rows, 46));
            convolution.write_rows(prepared.data.view(), Some(prepared.mask.view()), first, band.view_mut());
            let part = whole.slice(s![first..first + rows, ..]);
            prop_assert!(band.iter().zip(part).all(|(a, b)| a.to_bits() == b.to_bits()));
        }
    }

    #[test]
    fn every_pixel_above_has_a_label(pixels in proptest::collection::vec(any::<bool>(), 120)) {
        let above = Array2::from_shape_vec((10, 12), pixels).unwrap();
        let Some(segmentation) = Segmentation::detect(above.view(), 1, Connectivity::Eight) else {
            prop_assert!(!above.iter().any(|above| *above));
            return Ok(());
        };
        let labels = segmentation.labels();
        prop_assert!(labels.iter().zip(&above).all(|(label, above)| (*label > 0) == *above));
        let pixels: usize = segmentation.segments().iter().map(|segment| segment.pixels).sum();
        prop_assert_eq!(pixels, above.iter().filter(|above| **above).count());
        // Neighbours share a label.
        for ((y, x), label) in labels.indexed_iter() {
            for (dy, dx) in [(0, 1), (1, 0), (1, 1)] {
                let other = labels.get([y + dy, x + dx]).copied().unwrap_or(0);
                prop_assert!(*label == 0 || other == 0 || *label == other);
            }
        }
    }

    #[test]
    fn parts_cover_their_segment(values in proptest::collection::vec(0.1_f32..100.0, 144), mode in 0..3) {
        let data = Array2::from_shape_vec((12, 12), values).unwrap();
        let above = data.mapv(|value| value > 20.0);
        let Some(mut segmentation) = Segmentation::detect(above.view(), 1, Connectivity::Eight) else {
            return Ok(());
        };
        let spacing = [Spacing::Linear, Spacing::Exponential, Spacing::Sinh][mode as usize];
        let deblending = Deblending { least_pixels: 1, spacing, ..DEBLENDING };
        let parts: Vec<_> = (0..segmentation.segments().len())
            .filter_map(|index| Some((index, segmentation.parts(data.view(), index, &deblending)?)))
            .collect();
        prop_assert!(parts.iter().all(|(_, parts)| parts.count() > 1));
        segmentation.replace(&parts);
        let labels = segmentation.labels();
        prop_assert!(labels.iter().zip(&above).all(|(label, above)| (*label > 0) == *above));
        for (index, segment) in segmentation.segments().iter().enumerate() {
            let window = labels.slice(s![segment.rows.clone(), segment.columns.clone()]);
            let count = window.iter().filter(|label| **label == index as i32 + 1).count();
            prop_assert_eq!(count, segment.pixels);
        }
    }
}
