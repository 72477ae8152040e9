//! Ramp fitting of a full-frame integration of ten groups.

#![allow(
    missing_docs,
    reason = "criterion's macros make items without documentation"
)]

use criterion::{Criterion, criterion_group, criterion_main};
use ndarray::{Array2, Array4, Ix2, Ix3};
use stcal::ramp_fit::{
    ExposureRates, GroupWindow, IntegrationRates, OlsParams, OlsPlan, Ramp, RampTiming,
    fit_ols_band,
};

const SHAPE: (usize, usize, usize, usize) = (1, 10, 2048, 2048);
const IMAGE: (usize, usize) = (2048, 2048);

/// A number in 0..1 that looks random, from the place of a sample.
fn noise(place: (usize, usize, usize, usize)) -> f32 {
    let (i, k, y, x) = place;
    let mut z = ((((i * 64 + k) * 4096 + y) * 4096 + x) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (z >> 40) as f32 / (1 << 24) as f32
}

/// Fits the whole image, with `flagged` of the samples carrying a jump.
fn full_frame(bench: &mut Criterion, name: &str, flagged: f32) {
    let data = Array4::from_shape_fn(SHAPE, |place| {
        let rate = 200.0 * noise((9, 0, place.2, place.3));
        1000.0 + rate * place.1 as f32 + 20.0 * noise(place)
    });
    let group_dq = Array4::from_shape_fn(SHAPE, |(i, k, y, x)| {
        if noise((i + 2, k, y, x)) < flagged {
            4
        } else {
            0
        }
    });
    let (gain, read_noise) = (
        Array2::from_elem(IMAGE, 2.0),
        Array2::from_elem(IMAGE, 10.0),
    );
    let pixel_dq = Array2::zeros(IMAGE);
    let ramp = Ramp {
        data_dn: data.view(),
        group_dq: group_dq.view(),
        pixel_dq: pixel_dq.view(),
        read_noise_dn: read_noise.view(),
        gain_e_per_dn: gain.view(),
        zero_frame_dn: None,
        dark_rate: None,
    };
    let timing = RampTiming {
        group_time_s: 53.7,
        frame_time_s: 10.7,
        frames_per_group: 4,
        group_gap: 1,
        dropped_frames: 0,
    };
    let window = GroupWindow::all(SHAPE.1);
    let plan = OlsPlan::new(SHAPE.1, window, &timing, OlsParams::default()).expect("valid plan");
    let mut exposure = ExposureRates::zeros(Ix2(IMAGE.0, IMAGE.1));
    let mut integrations = IntegrationRates::zeros(Ix3(SHAPE.0, IMAGE.0, IMAGE.1));
    bench.bench_function(name, |bench| {
        bench.iter(|| {
            fit_ols_band(&plan, &ramp, exposure.view_mut(), integrations.view_mut())
                .expect("shapes agree")
        });
    });
}

fn ramp_fit(bench: &mut Criterion) {
    full_frame(bench, "ramp_fit/2048x2048x10/clean", 0.0);
    full_frame(bench, "ramp_fit/2048x2048x10/1% jumps", 0.01);
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10);
    targets = ramp_fit
}
criterion_main!(benches);
