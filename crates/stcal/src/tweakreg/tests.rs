use proptest::prelude::*;

use super::footprint::of_directions;
use super::*;

/// An image of square pixels without distortion; the plane touches the sky at `tangent` [deg].
#[derive(Debug, Clone, PartialEq)]
struct Flat {
    tangent: [f64; 2],
    /// Where pixel (0, 0) is in the plane without a correction [arcsec].
    origin: [f64; 2],
    matrix: [[f64; 2]; 2],
    shift: [f64; 2],
}

const SCALE: f64 = 0.1;
const SIZE: f64 = 400.0;

impl Flat {
    fn new(origin: [f64; 2]) -> Self {
        Self {
            tangent: [80.0, -69.5],
            origin,
            matrix: [[1.0, 0.0], [0.0, 1.0]],
            shift: [0.0; 2],
        }
    }

    /// The plane moved by an error of the pointing [arcsec].
    fn wrong(mut self, error: [f64; 2]) -> Self {
        self.shift = error;
        self
    }

    fn bare(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        [self.origin[0] + SCALE * x, self.origin[1] + SCALE * y]
    }

    fn axes(&self) -> [[f64; 3]; 3] {
        let [(sl, cl), (sb, cb)] = self.tangent.map(|angle| angle.to_radians().sin_cos());
        [
            [cb * cl, cb * sl, sb],
            [-sl, cl, 0.0],
            [-sb * cl, -sb * sl, cb],
        ]
    }

    fn to_sky(&self, place: [f64; 2]) -> [f64; 2] {
        let [x, y] = place.map(|v| (v / 3600.0).to_radians());
        let [o, e, n] = self.axes();
        let v = [0, 1, 2].map(|k| o[k] + x * e[k] + y * n[k]);
        [
            v[1].atan2(v[0]).to_degrees(),
            v[2].atan2(v[0].hypot(v[1])).to_degrees(),
        ]
    }

    fn place_of(&self, sky: [f64; 2]) -> [f64; 2] {
        let [(sl, cl), (sb, cb)] = sky.map(|angle| angle.to_radians().sin_cos());
        let v = [cb * cl, cb * sl, sb];
        let [o, e, n] = self
            .axes()
            .map(|axis| (0..3).map(|k| axis[k] * v[k]).sum::<f64>());
        [e / o, n / o].map(|v| 3600.0 * v.to_degrees())
    }
}

impl TangentPlane for Flat {
    fn sky_from_pixel(&self, pixels: &[[f64; 2]]) -> Result<Vec<[f64; 2]>, BoxError> {
        let places = self.plane_from_pixel(pixels)?;
        let inside = |p: &[f64; 2]| p.iter().all(|v| (-0.5..=SIZE - 0.5).contains(v));
        let sky = pixels.iter().zip(places);
        Ok(sky
            .map(|(pixel, place)| {
                if inside(pixel) {
                    self.to_sky(place)
                } else {
                    [f64::NAN; 2]
                }
            })
            .collect())
    }

    fn plane_from_pixel(&self, pixels: &[[f64; 2]]) -> Result<Vec<[f64; 2]>, BoxError> {
        let corrected = pixels.iter().map(|pixel| {
            let p = self.bare(*pixel);
            [0, 1].map(|k| self.matrix[k][0] * p[0] + self.matrix[k][1] * p[1] + self.shift[k])
        });
        Ok(corrected.collect())
    }

    fn pixel_from_plane(&self, places: &[[f64; 2]]) -> Option<Vec<[f64; 2]>> {
        // Good enough for the size of a pixel.
        Some(
            places
                .iter()
                .map(|p| [0, 1].map(|k| (p[k] - self.origin[k]) / SCALE))
                .collect(),
        )
    }

    fn plane_from_sky(&self, sky: &[[f64; 2]]) -> Result<Vec<[f64; 2]>, BoxError> {
        Ok(sky.iter().map(|sky| self.place_of(*sky)).collect())
    }

    fn sky_from_plane(&self, places: &[[f64; 2]]) -> Result<Vec<[f64; 2]>, BoxError> {
        Ok(places.iter().map(|place| self.to_sky(*place)).collect())
    }

    fn bounding_box(&self) -> [(f64, f64); 2] {
        [(-0.5, SIZE - 0.5); 2]
    }

    fn corners(&self) -> Result<[Vec<[f64; 2]>; 2], BoxError> {
        let corners = [
            [-0.5, -0.5],
            [-0.5, SIZE - 0.5],
            [SIZE - 0.5, SIZE - 0.5],
            [SIZE - 0.5, -0.5],
        ];
        let before = corners.map(|corner| self.to_sky(self.bare(corner)));
        Ok([before.to_vec(), self.sky_from_pixel(&corners)?])
    }

    fn correct(&mut self, matrix: [[f64; 2]; 2], shift: [f64; 2]) -> Result<(), BoxError> {
        let turn = |p: [f64; 2]| matrix.map(|[a, b]| a * p[0] + b * p[1]);
        let columns = [0, 1].map(|column| turn([self.matrix[0][column], self.matrix[1][column]]));
        self.matrix = [0, 1].map(|row| [columns[0][row], columns[1][row]]);
        let moved = turn(self.shift);
        self.shift = [0, 1].map(|k| moved[k] + shift[k]);
        Ok(())
    }
}

/// Stars of a field, in the plane [arcsec].
fn stars(count: usize) -> Vec<[f64; 2]> {
    // A Weyl sequence spreads them evenly and without order.
    let part = |k: usize, step: f64| (k as f64 * step).fract();
    (1..=count)
        .map(|k| {
            [
                120.0 * part(k, 0.754_877_666_246_69) - 60.0,
                120.0 * part(k, 0.569_840_290_998_05) - 60.0,
            ]
        })
        .collect()
}

/// An image of a field whose world coordinates are wrong by `error` [arcsec].
fn image(group: &str, origin: [f64; 2], error: [f64; 2], stars: &[[f64; 2]]) -> Image<Flat> {
    let pixels = stars
        .iter()
        .map(|star| [0, 1].map(|k| (star[k] - origin[k]) / SCALE));
    let inside = |pixel: &[f64; 2]| pixel.iter().all(|v| (0.0..SIZE - 1.0).contains(v));
    Image {
        plane: Flat::new(origin).wrong(error),
        sources: Sources {
            name: format!("{group}_cal"),
            pixels: pixels.filter(inside).collect(),
            weights: None,
        },
        group: group.to_string(),
        outcome: None,
    }
}

fn alignment(geometry: Geometry, expand: bool) -> Alignment {
    Alignment {
        matching: Matching {
            search_radius: 2.0,
            separation: 0.5,
            tolerance: 0.3,
            offset: None,
        },
        geometry,
        clipping: Clipping {
            iterations: 3,
            sigma: 3.0,
            statistic: Statistic::Rmse,
            accumulate: false,
        },
        minimum_matches: 8,
        keep_order: false,
        expand,
    }
}

/// Largest distance of the stars of an image from where they are \[arcsec\].
fn largest_error(image: &Image<Flat>, error: [f64; 2]) -> f64 {
    let sky = image.plane.sky_from_pixel(&image.sources.pixels).unwrap();
    let truth = image
        .sources
        .pixels
        .iter()
        .map(|pixel| image.plane.bare(*pixel));
    let off = sky.iter().zip(truth).map(|(sky, truth)| {
        let at = image.plane.place_of(*sky);
        (at[0] - truth[0] - error[0]).hypot(at[1] - truth[1] - error[1])
    });
    off.fold(0.0, f64::max)
}

fn quiet() -> impl FnMut(Event<'_>) {
    |_| {}
}

#[test]
fn images_are_aligned_with_the_first_one() {
    let field = stars(400);
    let mut images = [
        image("a", [-20.0, -20.0], [0.0; 2], &field),
        image("b", [-10.0, -15.0], [0.4, -0.3], &field),
        image("c", [-25.0, -18.0], [-0.2, 0.5], &field),
    ];
    let mut log = Vec::new();
    align_relative(
        &mut images,
        &alignment(Geometry::ShiftRotation, false),
        &mut |event| {
            log.push(match event {
                Event::ReferenceSelected { group } => format!("reference {group}"),
                Event::Matched { group, .. } => format!("matched {group}"),
                Event::Fitted { fit, .. } => {
                    format!("fitted {:.3} {:.3}", fit.shift[0], fit.shift[1])
                }
                _ => return,
            });
        },
    )
    .unwrap();
    assert_eq!(
        log,
        [
            "reference GROUP ID: a",
            "matched GROUP ID: b",
            "fitted -0.400 0.300",
            "matched GROUP ID: c",
            "fitted 0.200 -0.500"
        ]
    );
    assert_eq!(images[0].outcome, Some(Outcome::Reference));
    for image in &images {
        assert!(
            largest_error(image, [0.0; 2]) < 1e-6,
            "{}",
            largest_error(image, [0.0; 2])
        );
    }
}

#[test]
fn images_of_a_group_move_together() {
    let field = stars(600);
    let mut images = [
        image("a", [-40.0, -20.0], [0.0; 2], &field),
        image("a", [0.0, -20.0], [0.0; 2], &field),
        image("b", [-38.0, -22.0], [0.3, 0.2], &field),
        image("b", [2.0, -22.0], [0.3, 0.2], &field),
    ];
    // The last one has no sources of its own.
    images[3].sources.pixels.truncate(0);
    align_relative(
        &mut images,
        &alignment(Geometry::ShiftRotation, false),
        &mut quiet(),
    )
    .unwrap();
    images[3].sources.pixels = vec![[10.0, 20.0], [300.0, 50.0]];
    assert!(largest_error(&images[2], [0.0; 2]) < 1e-6);
    assert!(largest_error(&images[3], [0.0; 2]) < 1e-6);
}

#[test]
fn an_image_with_few_sources_fails_and_the_others_do_not() {
    let field = stars(400);
    let mut images = [
        image("a", [-20.0, -20.0], [0.0; 2], &field),
        image("b", [-10.0, -15.0], [0.4, -0.3], &field),
        image("c", [-25.0, -18.0], [-0.2, 0.5], &field),
        image("d", [-25.0, -18.0], [-0.2, 0.5], &[]),
    ];
    images[1].sources.pixels.truncate(7);
    align_relative(
        &mut images,
        &alignment(Geometry::Shift, false),
        &mut quiet(),
    )
    .unwrap();
    assert_eq!(
        images[1].outcome,
        Some(Outcome::Failed("not enough matches"))
    );
    assert_eq!(
        images[3].outcome,
        Some(Outcome::Failed("empty source catalog"))
    );
    assert!(matches!(images[2].outcome, Some(Outcome::Success(_))));
    assert!(largest_error(&images[1], [0.4, -0.3]) < 1e-9);
    assert!(largest_error(&images[2], [0.0; 2]) < 1e-6);
}

#[test]
fn a_chain_is_aligned_when_the_reference_grows() {
    let field = stars(900);
    // The third one does not overlap the first one.
    let chain = || {
        [
            image("a", [-55.0, -20.0], [0.0; 2], &field),
            image("c", [10.0, -20.0], [-0.3, 0.2], &field),
            image("b", [-22.0, -20.0], [0.25, -0.2], &field),
        ]
    };
    let mut images = chain();
    align_relative(
        &mut images,
        &alignment(Geometry::ShiftRotation, true),
        &mut quiet(),
    )
    .unwrap();
    // All have the error of the reference, which is the one in the middle: it overlaps the others most.
    let reference = images
        .iter()
        .position(|image| image.outcome == Some(Outcome::Reference))
        .unwrap();
    let error = [[0.0; 2], [-0.3, 0.2], [0.25, -0.2]][reference];
    for image in &images {
        assert!(
            largest_error(image, error) < 1e-6,
            "{} {}",
            image.group,
            largest_error(image, error)
        );
    }
    let mut images = chain();
    align_relative(
        &mut images,
        &alignment(Geometry::ShiftRotation, false),
        &mut quiet(),
    )
    .unwrap();
    assert_eq!(
        images[1].outcome,
        Some(Outcome::Failed("not enough matches"))
    );
}

#[test]
fn what_cannot_be_aligned_is_told_apart() {
    let field = stars(400);
    let one = || [image("a", [-20.0, -20.0], [0.0; 2], &field)];
    let error =
        align_relative(&mut one(), &alignment(Geometry::Shift, false), &mut quiet()).unwrap_err();
    assert!(
        error.is_expected() && error.to_string().starts_with("Too few input images"),
        "{error}"
    );

    let mut confusing = alignment(Geometry::Shift, false);
    confusing.matching.separation = 0.4;
    let error = align_relative(&mut one(), &confusing, &mut quiet()).unwrap_err();
    assert!(matches!(error, TweakregError::Separation { prefix: "" }) && error.is_expected());

    // With an offset of its own the limit is that of the tolerance: 2 x 0.3 arcsec and no more.
    let mut images = [
        image("a", [-20.0, -20.0], [0.0; 2], &field),
        image("b", [-20.0, -20.0], [0.7, 0.0], &field),
    ];
    let mut wrong = alignment(Geometry::Shift, false);
    wrong.matching.offset = Some([0.45, 0.0]);
    align_relative(&mut images, &wrong, &mut quiet()).unwrap();
    let mut images = [
        image("a", [-20.0, -20.0], [0.0; 2], &field),
        image("b", [-20.0, -20.0], [2.1, 0.0], &field),
    ];
    wrong.matching.offset = None;
    wrong.matching.search_radius = 0.7;
    wrong.minimum_matches = 1;
    let outcome = align_relative(&mut images, &wrong, &mut quiet());
    assert!(outcome.is_ok() || outcome.is_err_and(|error| error.is_expected()));
}

#[test]
fn a_catalogue_moves_all_images_as_one() {
    let field = stars(700);
    let plane = Flat::new([0.0; 2]);
    let catalog = ReferenceSources {
        name: "catalogue".to_string(),
        sky: field
            .iter()
            .map(|star| plane.to_sky(*star))
            .chain([[f64::NAN; 2]])
            .collect(),
        weights: None,
    };
    let error = [0.6, -0.9];
    let mut images = [
        image("a", [-30.0, -20.0], error, &field),
        image("b", [-10.0, -15.0], error, &field),
    ];
    align_absolute(
        &mut images,
        &catalog,
        &alignment(Geometry::ShiftRotation, true),
        &mut quiet(),
    )
    .unwrap();
    for image in &images {
        assert_eq!(image.group, "987654");
        assert!(
            largest_error(image, [0.0; 2]) < 1e-6,
            "{}",
            largest_error(image, [0.0; 2])
        );
    }
    let few = ReferenceSources {
        sky: catalog.sky[..7].to_vec(),
        ..catalog
    };
    let error = align_absolute(
        &mut images,
        &few,
        &alignment(Geometry::Shift, true),
        &mut quiet(),
    )
    .unwrap_err();
    assert!(
        error.is_expected() && error.to_string().starts_with("Not enough sources (7)"),
        "{error}"
    );
}

#[test]
fn offsets_of_the_reference_package() {
    // tweakwcs 0.9.3: matchutils._estimate_2dhist_shift(image, reference, searchrad=2.0, pscale=0.1), and 1.95 and 0.5.
    let image = [
        [1.03, 0.52],
        [5.11, -3.44],
        [-4.02, 2.55],
        [7.95, 6.49],
        [0.0, -7.0],
        [2.2, 2.3],
    ];
    let reference = [
        [0.0, 0.0],
        [4.0, -4.0],
        [-5.0, 2.0],
        [7.0, 6.0],
        [3.0, 3.0],
        [-2.0, 5.0],
    ];
    let found = estimate_offset(&image, &reference, 2.0, 0.1).unwrap();
    assert!(
        (found.shift[0] - 1.025).abs() < 1e-12 && (found.shift[1] - 0.525).abs() < 1e-12,
        "{found:?}"
    );
    let found = estimate_offset(&image, &reference, 1.95, 0.5).unwrap();
    assert!(
        (found.shift[0] - 1.05).abs() < 1e-12 && (found.shift[1] - 0.55).abs() < 1e-12,
        "{found:?}"
    );
    let none = estimate_offset(&image, &[[100.0, 100.0]], 2.0, 0.1).unwrap();
    assert_eq!((none.shift, none.basis), ([0.0; 2], OffsetBasis::NoPairs));
    let one = estimate_offset(&image[..1], &reference[..1], 2.0, 0.1).unwrap();
    assert_eq!(one.basis, OffsetBasis::OneBin { pairs: 1 });
    assert!(estimate_offset(&image, &reference, 2.0, f64::NAN).is_err());
    assert!(estimate_offset(&image, &reference, 2e4, 0.1).is_err());
}

#[test]
fn the_nearest_source_matches_and_close_ones_count_once() {
    let matching = Matching {
        search_radius: 1.0,
        separation: 0.5,
        tolerance: 0.3,
        offset: Some([0.0; 2]),
    };
    // The second source is close to the first one, and above it.
    let image = [[0.0, 0.0], [0.1, 0.2], [5.0, 5.0], [5.25, 5.0]];
    let found = matching
        .find(&image, &[[0.1, 0.21], [5.2, 5.1], [9.0, 9.0]], 0.1)
        .unwrap();
    assert_eq!(found.pairs, [(0, 0), (1, 2)]);
    // Two sources of the reference take the only one of the image.
    let loose = Matching {
        separation: 0.1,
        ..matching
    };
    let error = loose
        .find(&[[0.0, 0.0]], &[[0.15, 0.0], [-0.15, 0.0]], 0.1)
        .unwrap_err();
    assert!(matches!(error, TweakregError::Confusion { allowed: 1 }));
}

#[test]
fn few_directions_have_a_large_footprint_and_none_has_none() {
    assert!(of_directions(&[]).is_none());
    assert!(of_directions(&[[10.0, 20.0]]).unwrap().contains(11.0, 21.0));
    let triangle = of_directions(&[[10.0, 20.0], [10.1, 20.0], [10.0, 20.1]]).unwrap();
    assert!(!triangle.contains(11.0, 21.0) && triangle.contains(10.02, 20.02));
}

proptest! {
    #[test]
    fn the_order_of_sources_does_not_matter(dx in -1.5..1.5_f64, dy in -1.5..1.5_f64, turn in 0..50_usize) {
        let matching = Matching { search_radius: 2.0, separation: 0.5, tolerance: 0.3, offset: None };
        let reference = stars(150);
        let image: Vec<[f64; 2]> = reference.iter().map(|p| [p[0] + dx, p[1] + dy]).collect();
        let found = matching.find(&image, &reference, 0.1).unwrap();
        prop_assert!(found.pairs.len() > 140);
        prop_assert!(found.pairs.iter().all(|(a, b)| a == b));
        let mut turned = image.clone();
        turned.rotate_left(turn);
        let mut again: Vec<usize> = matching.find(&turned, &reference, 0.1).unwrap().pairs.iter().map(|pair| pair.0).collect();
        let mut before: Vec<usize> = found.pairs.iter().map(|pair| pair.0).collect();
        again.sort_unstable();
        before.sort_unstable();
        prop_assert_eq!(again, before);
    }

    #[test]
    fn values_that_are_no_numbers_are_no_sources(bad in prop::collection::vec(0..30_usize, 0..9)) {
        let field = stars(500);
        let mut images = [image("a", [-20.0, -20.0], [0.0; 2], &field), image("b", [-10.0, -15.0], [0.4, -0.3], &field)];
        for index in bad {
            images[1].sources.pixels[index] = [f64::NAN, 5.0];
        }
        align_relative(&mut images, &alignment(Geometry::ShiftRotation, true), &mut quiet()).unwrap();
        images[1].sources.pixels.retain(|pixel| pixel[0].is_finite());
        let error = [largest_error(&images[1], [0.0; 2]), largest_error(&images[1], [0.4, -0.3])];
        prop_assert!(error[0].min(error[1]) < 1e-6, "{error:?}");
    }
}
