//! Drizzling a 2048 x 2048 exposure.

#![allow(
    missing_docs,
    reason = "criterion's macros make items without documentation"
)]

use criterion::{Criterion, criterion_group, criterion_main};
use drizzle::{Exposure, Kernel, Mosaic, PixelMap, Settings};
use ndarray::Array2;

const SIDE: usize = 2048;

/// A shift by a part of a pixel, a turn of `angle` and a slight distortion.
fn map(angle: f64) -> (Array2<f64>, Array2<f64>) {
    let place = |row: usize, column: usize| {
        let (x, y) = (column as f64 - 1024.0, row as f64 - 1024.0);
        let stretch = 1.0 + 1e-9 * (x * x + y * y);
        let (sin, cos) = angle.sin_cos();
        (
            1035.37 + stretch * (cos * x - sin * y),
            1029.81 + stretch * (sin * x + cos * y),
        )
    };
    (
        Array2::from_shape_fn((SIDE, SIDE), |(row, column)| place(row, column).0),
        Array2::from_shape_fn((SIDE, SIDE), |(row, column)| place(row, column).1),
    )
}

fn full_frame(bench: &mut Criterion) {
    let data = Array2::from_shape_fn((SIDE, SIDE), |(y, x)| ((x * 7 + y * 13) % 101) as f32);
    let weight = Array2::from_elem((SIDE, SIDE), 2.5_f32);
    let mut group = bench.benchmark_group("drizzle 2048 x 2048");
    group.sample_size(10);
    for (name, kernel, angle) in [
        ("square", Kernel::Square, 0.002),
        ("square, turned", Kernel::Square, 0.7),
        ("point", Kernel::Point, 0.002),
        ("turbo", Kernel::Turbo, 0.002),
        ("lanczos3", Kernel::Lanczos3, 0.002),
    ] {
        let (x, y) = map(angle);
        let settings = Settings {
            kernel,
            ..Settings::default()
        };
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let mut mosaic = Mosaic::new((SIDE + 24, SIDE + 24));
                let exposure = Exposure::new(data.view()).with_weight(weight.view());
                let pixmap = PixelMap::new(x.view(), y.view()).expect("the planes fit");
                mosaic
                    .add(&exposure, &pixmap, &settings)
                    .expect("the exposure fits")
            });
        });
    }
    group.finish();
}

criterion_group!(benches, full_frame);
criterion_main!(benches);
