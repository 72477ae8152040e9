//! The other kernels of stage 1, on an eighth of a full frame with ten groups.

#![allow(
    missing_docs,
    reason = "criterion's macros make items without documentation"
)]

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use ndarray::{Array2, Array3, Array4, Axis};
use stcal::dark::{DarkPlan, DarkReference, GroupPattern, subtract_dark};
use stcal::flags::{GroupFlags, PixelFlags};
use stcal::jump::{
    AfterJump, DetectionParams, Exposure, JumpParams, NeighbourWindow, ShowerParams,
    SigmaClipGroups, detect_jumps,
};
use stcal::linearity::linearize;
use stcal::saturation::{SaturationOptions, SaturationReference, flag_saturated};

const GROUPS: usize = 10;
const IMAGE: (usize, usize) = (256, 2048);

/// A number in 0..1 that looks random, from the place of a sample.
fn noise(place: usize) -> f32 {
    let mut z = (place as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (z >> 40) as f32 / (1 << 24) as f32
}

/// Ramps, of which the part `hit` has a jump.
fn ramps(groups: usize, hit: f32) -> Array4<f32> {
    Array4::from_shape_fn((1, groups, IMAGE.0, IMAGE.1), |(_, group, y, x)| {
        let pixel = y * IMAGE.1 + x;
        let jump = noise(pixel) < hit && group > 2 + pixel % (groups - 2);
        let sample = group * IMAGE.0 * IMAGE.1 + pixel;
        1000.0 + 20.0 * group as f32 + 10.0 * noise(sample) + if jump { 800.0 } else { 0.0 }
    })
}

fn detection() -> DetectionParams {
    DetectionParams {
        rejection_threshold: 4.0,
        four_group_rejection_threshold: 5.0,
        three_group_rejection_threshold: 6.0,
        frames_per_group: 4,
        min_diffs_single_pass: 10,
        minimum_groups: 3,
        minimum_sigma_clip_groups: 100,
        sigma_clip_groups: SigmaClipGroups::AcrossIntegrations,
        neighbours: Some(NeighbourWindow {
            min_sigma: 10.0,
            max_sigma: 1000.0,
        }),
        after_jump: [AfterJump {
            amplitude_dn: 0.0,
            groups: 0,
        }; 2],
    }
}

fn showers() -> ShowerParams {
    ShowerParams {
        snr_threshold: 1.2,
        min_area: 90.0,
        ring_inner_radius: 1.0,
        ring_width: 2.6,
        expand_factor: 1.1,
        groups_masked_after: 5,
        max_amplitude: 16.0,
        max_width: 400.0,
        frames_per_group: 1,
        minimum_sigma_clip_integrations: 100,
    }
}

fn jump(bench: &mut Criterion) {
    let (gain, read_noise) = (
        Array2::from_elem(IMAGE, 2.0),
        Array2::from_elem(IMAGE, 10.0),
    );
    let cases = [
        ("jump/10 groups/clean", GROUPS, 0.0, None),
        ("jump/10 groups/25% hit", GROUPS, 0.25, None),
        ("jump/24 groups/clean", 24, 0.0, None),
        ("jump/24 groups/showers", 24, 0.0, Some(showers())),
    ];
    for (name, groups, hit, showers) in cases {
        let ramp = ramps(groups, hit);
        let params = JumpParams {
            detection: detection(),
            snowballs: None,
            showers,
        };
        let fresh = || (Array4::<u8>::zeros(ramp.dim()), Array2::<u32>::zeros(IMAGE));
        bench.bench_function(name, |bench| {
            bench.iter_batched_ref(
                fresh,
                |(group_dq, pixel_dq)| {
                    let exposure = Exposure {
                        ramp_dn: ramp.view(),
                        group_dq: group_dq.view_mut(),
                        pixel_dq: pixel_dq.view_mut(),
                        gain_e_per_dn: gain.view(),
                        read_noise_dn: read_noise.view(),
                    };
                    detect_jumps(
                        exposure,
                        &params,
                        GroupFlags::default(),
                        PixelFlags::default(),
                    )
                    .expect("shapes agree")
                },
                BatchSize::LargeInput,
            );
        });
    }
}

fn pixelwise(bench: &mut Criterion) {
    let flags = GroupFlags::default();
    let mut ramp = ramps(GROUPS, 0.0);
    let mut group_dq = Array4::<u8>::zeros(ramp.dim());
    let coefficients = Array3::from_shape_fn((6, IMAGE.0, IMAGE.1), |(power, ..)| {
        [0.0, 1.0, 1e-7, 1e-13, 1e-19, 1e-25][power]
    });
    bench.bench_function("linearity/5th power", |bench| {
        bench.iter(|| {
            linearize(
                ramp.view_mut(),
                group_dq.view(),
                coefficients.view(),
                &flags,
            )
            .expect("shapes agree");
        });
    });

    let (threshold, dq) = (Array2::from_elem(IMAGE, 60_000.0), Array2::zeros(IMAGE));
    let reference = SaturationReference {
        threshold_dn: threshold.view(),
        dq: dq.view(),
    };
    let options = SaturationOptions {
        grow: 1,
        read_pattern: None,
        bias_dn: None,
        group_flags: flags,
        pixel_flags: PixelFlags::default(),
    };
    bench.bench_function("saturation", |bench| {
        bench.iter(|| {
            let (ramp, group_dq) = (
                ramp.index_axis(Axis(0), 0),
                group_dq.index_axis_mut(Axis(0), 0),
            );
            flag_saturated(ramp, group_dq, &reference, &options).expect("shapes agree");
        });
    });

    let pattern = |n_groups, n_frames: u32, group_gap| GroupPattern {
        n_groups,
        n_frames: n_frames.try_into().expect("not zero"),
        group_gap,
    };
    let plan = DarkPlan::new(pattern(GROUPS, 4, 1), pattern(5 * GROUPS, 1, 0))
        .expect("the dark is long enough")
        .expect("the dark is finer");
    let signal = Array4::from_elem((1, 5 * GROUPS, IMAGE.0, IMAGE.1), 0.5);
    let dark = DarkReference {
        signal_dn: signal.view(),
        dq: dq.view(),
    };
    let mut pixel_dq = Array2::zeros(IMAGE);
    bench.bench_function("dark/mean of 4 frames", |bench| {
        bench.iter(|| {
            subtract_dark(ramp.view_mut(), pixel_dq.view_mut(), &dark, &plan, true)
                .expect("shapes agree");
        });
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10);
    targets = jump, pixelwise
}
criterion_main!(benches);
