use std::ops::Range;

use ndarray::{Array2, Array4, Axis, s};

use super::*;
use crate::jump::tests::detection;
use crate::jump::{DetectionParams, Ellipse, JumpPlan};

/// Integrations, groups, rows, columns; the last block of columns is not full.
const SHAPE: (usize, usize, usize, usize) = (6, 5, 60, 70);

/// Where the shower is: integration, first group that has it, row and column of its centre.
const SHOWER: (usize, usize, (usize, usize)) = (2, 3, (30, 40));

/// Numbers without a pattern, in -1 to 1.
fn noise(index: usize) -> f32 {
    let mixed = (index as u32).wrapping_mul(2_654_435_761);
    let mixed = (mixed ^ mixed >> 15).wrapping_mul(2_246_822_519);
    (mixed >> 8) as f32 / (1 << 23) as f32 - 1.0
}

/// A ramp of 10 DN a group with some noise, and in a disc of 10 pixels a faint step.
fn ramp() -> Array4<f32> {
    let (_, groups, rows, columns) = SHAPE;
    Array4::from_shape_fn(SHAPE, |(integration, group, row, column)| {
        let index = ((integration * groups + group) * rows + row) * columns + column;
        let ((of, from, centre), distance) = (SHOWER, |a: usize, b: usize| a.abs_diff(b).pow(2));
        let is_near = distance(row, centre.0) + distance(column, centre.1) <= 100;
        let step = f32::from(u8::from(integration == of && group >= from && is_near)) * 12.0;
        10.0 * group as f32 + 3.0 * noise(index) + step
    })
}

fn params(minimum_sigma_clip_integrations: usize) -> ShowerParams {
    ShowerParams {
        snr_threshold: 1.6,
        min_area: 50.0,
        ring_inner_radius: 1.0,
        ring_width: 2.0,
        expand_factor: 1.2,
        groups_masked_after: 1,
        max_amplitude: 100.0,
        max_width: 100.0,
        frames_per_group: 1,
        minimum_sigma_clip_integrations,
    }
}

/// The arrays beside the ramp.
struct Exposure {
    group_dq: Array4<u8>,
    pixel_dq: Array2<u32>,
    gain: Array2<f32>,
    read_noise: Array2<f32>,
    hits: Hits,
}

impl Exposure {
    fn of(ramp: &Array4<f32>) -> Self {
        let image = (SHAPE.2, SHAPE.3);
        let (gain, read_noise) = (Array2::ones(image), Array2::from_elem(image, 5.0));
        let mut group_dq = Array4::zeros(SHAPE);
        // The step of the shower is below this.
        let params = DetectionParams {
            rejection_threshold: 6.0,
            ..detection()
        };
        let flags = GroupFlags::default();
        let plan = JumpPlan::new(&params, flags, group_dq.view(), || 1.0, true);
        let found = plan.expect("five groups").detect_band(
            ramp.view(),
            group_dq.view_mut(),
            gain.view(),
            read_noise.view(),
        );
        Self {
            group_dq,
            pixel_dq: Array2::zeros(image),
            gain,
            read_noise,
            hits: Hits::join(found).expect("one band"),
        }
    }

    fn input<'a>(&'a self, ramp: &'a Array4<f32>, params: &'a ShowerParams) -> ShowerInput<'a> {
        ShowerInput {
            ramp_dn: ramp.view(),
            pixel_dq: self.pixel_dq.view(),
            gain_e_per_dn: self.gain.view(),
            read_noise_dn: self.read_noise.view(),
            hits: &self.hits,
            flags: GroupFlags::default(),
            pixel_flags: PixelFlags::default(),
            params,
        }
    }

    fn noise(&self, input: &ShowerInput<'_>, bands: &[Range<usize>]) -> ShowerNoise {
        let bands = bands.iter().cloned();
        let bands = bands.map(|rows| ShowerNoise::of_band(input, self.group_dq.view(), rows));
        ShowerNoise::join(bands.map(|band| band.expect("the shapes agree"))).expect("bands fit")
    }

    fn find(
        &self,
        input: &ShowerInput<'_>,
        noise: &ShowerNoise,
        (integration, groups): (usize, Range<usize>),
    ) -> Result<Vec<Vec<Ellipse>>, JumpError> {
        let dq = self.group_dq.index_axis(Axis(0), integration);
        find_showers(input, noise, dq, integration, groups)
    }
}

/// With the noise of all differences together and of each across integrations.
fn each_way(check: impl Fn(&Exposure, &ShowerInput<'_>)) {
    let ramp = ramp();
    for minimum_sigma_clip_integrations in [100, 2] {
        let params = params(minimum_sigma_clip_integrations);
        let exposure = Exposure::of(&ramp);
        check(&exposure, &exposure.input(&ramp, &params));
    }
}

#[test]
fn the_shower_is_found_where_it_is_and_flagged() {
    each_way(|exposure, input| {
        let noise = exposure.noise(input, std::slice::from_ref(&(0..SHAPE.2)));
        let (of, from, centre) = SHOWER;
        for integration in 0..SHAPE.0 {
            let found = exposure.find(input, &noise, (integration, 0..SHAPE.1));
            let found = found.expect("the groups are those of the integration");
            let expected = |group: usize| usize::from((integration, group) == (of, from));
            let counts: Vec<usize> = found.iter().map(Vec::len).collect();
            assert_eq!(counts, (0..SHAPE.1).map(expected).collect::<Vec<_>>());
            let mut dq = exposure
                .group_dq
                .index_axis(Axis(0), integration)
                .to_owned();
            flag_showers(input, dq.view_mut(), integration, &found).expect("the shapes agree");
            let flags: Vec<u8> = dq.slice(s![.., centre.0, centre.1]).to_vec();
            let expected = if integration == of {
                [0, 0, 0, 4, 4]
            } else {
                [0; 5]
            };
            assert_eq!(flags, expected);
            assert_eq!(dq[[from, 2, 2]], 0, "far away");
            for shower in &found[from] {
                let off = (shower.row - centre.0 as f64).hypot(shower.column - centre.1 as f64);
                assert!(off < 1.0, "{off} pixels from the centre");
            }
        }
    });
}

#[test]
fn neither_bands_nor_groups_together_change_anything() {
    each_way(|exposure, input| {
        let whole = exposure.noise(input, std::slice::from_ref(&(0..SHAPE.2)));
        let parts = exposure.noise(input, &[0..7, 7..8, 8..60]);
        for integration in 0..SHAPE.0 {
            let together = exposure.find(input, &whole, (integration, 0..SHAPE.1));
            let one_by_one = (0..SHAPE.1)
                .map(|group| exposure.find(input, &parts, (integration, group..group + 1)))
                .collect::<Result<Vec<_>, _>>();
            assert_eq!(together, one_by_one.map(|found| found.concat()));
        }
    });
}

#[test]
fn groups_that_the_integration_does_not_have_are_refused() {
    each_way(|exposure, input| {
        let noise = exposure.noise(input, std::slice::from_ref(&(0..SHAPE.2)));
        let found = exposure.find(input, &noise, (0, 3..6));
        let expected = JumpError::Groups {
            found: 3..6,
            expected: 5,
        };
        assert_eq!(found, Err(expected));
        assert_eq!(
            ShowerNoise::join([]),
            Err(JumpError::Bands {
                index: 0,
                what: "there is no band",
            })
        );
    });
}
