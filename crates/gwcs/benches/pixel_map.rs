//! The sky at every pixel of a detector.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;

use gwcs::model::{
    CartesianToSpherical, Mapping, Polynomial2d, Projection, RotationSequence, Scale, Shift,
    SkyRotation, SphericalToCartesian, WrapAt,
};
use gwcs::{Program, Transform, TransformError};

/// Pixels of a side.
const SIDE: usize = 2048;

/// Two polynomials of degree 5, as the distortion of a detector has them.
fn distortion() -> Result<Transform, TransformError> {
    let polynomial = |linear: usize| {
        let coefficients = (0..36).map(|index| {
            let (i, j) = (index / 6, index % 6);
            let size = 1e-4_f64.powi((i + j) as i32);
            if index == linear { 0.03 } else { 1e-3 * size }
        });
        Polynomial2d::new(5, coefficients.collect()).map(Transform::from)
    };
    let centred = Transform::from(Shift(-1023.5)).join(Shift(-1023.5).into());
    centred
        .then(Mapping::new(vec![0, 1, 0, 1], None)?.into())?
        .then(polynomial(6)?.join(polynomial(1)?))
}

/// Distortion, tangent projection and rotation to the sky.
fn tangent() -> Result<Transform, TransformError> {
    let degrees = Transform::from(Scale(1.0 / 3600.0)).join(Scale(1.0 / 3600.0).into());
    distortion()?
        .then(degrees)?
        .then(Projection::Gnomonic.pixel_to_sky().into())?
        .then(SkyRotation::native_to_celestial(5.6, -72.0, 180.0).into())
}

/// Distortion, and the rotations of a telescope's attitude.
fn attitude() -> Result<Transform, TransformError> {
    let wrap_at = WrapAt::Full;
    let degrees = Transform::from(Scale(1.0 / 3600.0)).join(Scale(1.0 / 3600.0).into());
    distortion()?
        .then(degrees)?
        .then(SphericalToCartesian { wrap_at }.into())?
        .then(RotationSequence::new(vec![0.02, 0.14, 30.0, 72.0, 5.6], "zyxyz")?.into())?
        .then(CartesianToSpherical { wrap_at }.into())
}

fn whole_map(program: &Program, row: &mut [Vec<f64>; 2], x: &[f64]) -> f64 {
    let mut sum = 0.0;
    for line in 0..SIDE {
        let y = vec![line as f64; SIDE];
        let [lon, lat] = row;
        let lists = [x, &y[..]];
        if program.run_into(&lists, &mut [lon, lat]).is_ok() {
            sum += row[0][line];
        }
    }
    sum
}

fn maps(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("pixel map of 2048 x 2048");
    group.throughput(Throughput::Elements((SIDE * SIDE) as u64));
    group.sample_size(10);
    for (name, transform) in [
        ("distortion", distortion()),
        ("tangent projection", tangent()),
        ("attitude", attitude()),
    ] {
        let Ok(transform) = transform else { continue };
        let program = transform.compile();
        let x: Vec<f64> = (0..SIDE).map(|x| x as f64).collect();
        let mut row = [vec![0.0; SIDE], vec![0.0; SIDE]];
        group.bench_function(name, |bencher| {
            bencher.iter(|| black_box(whole_map(&program, &mut row, &x)));
        });
    }
    group.finish();
}

criterion_group!(benches, maps);
criterion_main!(benches);
