//! Combines two small exposures of the same sky, the second one shifted and turned, and prints what came out.

use std::io::Write;

use drizzle::{Exposure, Mosaic, PixelMap, Settings};
use ndarray::Array2;

const SHAPE: (usize, usize) = (12, 12);

/// Coordinates in the output for an exposure turned by `angle` and shifted.
fn map(angle: f64, shift: (f64, f64)) -> (Array2<f64>, Array2<f64>) {
    let (sin, cos) = angle.sin_cos();
    let centred = |row: usize, column: usize| (column as f64 - 5.5, row as f64 - 5.5);
    let x = Array2::from_shape_fn(SHAPE, |(row, column)| {
        let (x, y) = centred(row, column);
        7.5 + shift.0 + cos * x - sin * y
    });
    let y = Array2::from_shape_fn(SHAPE, |(row, column)| {
        let (x, y) = centred(row, column);
        7.5 + shift.1 + sin * x + cos * y
    });
    (x, y)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The sky: a source in the middle of the output.
    let sky = |x: f64, y: f64| (-((x - 7.5).powi(2) + (y - 7.5).powi(2)) / 4.0).exp() as f32;

    let mut mosaic = Mosaic::new((16, 16));
    for (angle, shift) in [(0.0, (0.0, 0.0)), (0.3, (0.4, -0.2))] {
        let (x, y) = map(angle, shift);
        let data = Array2::from_shape_fn(SHAPE, |at| sky(x[at], y[at]));
        let pixmap = PixelMap::new(x.view(), y.view())?;
        let tally = mosaic.add(&Exposure::new(data.view()), &pixmap, &Settings::default())?;
        writeln!(
            std::io::stdout(),
            "exposure {}: {} pixels missed the output",
            mosaic.added(),
            tally.missed
        )?;
    }
    mosaic.fill(f32::NAN);
    check(&mosaic);

    for (means, contexts) in mosaic.mean.rows().into_iter().zip(mosaic.context[0].rows()) {
        let line: Vec<String> = means
            .iter()
            .zip(contexts)
            .map(|(mean, context)| format!("{mean:5.2}/{context}"))
            .collect();
        writeln!(std::io::stdout(), "{}", line.join(" "))?;
    }
    Ok(())
}

/// The source is where it belongs.
fn check(mosaic: &Mosaic) {
    assert!(mosaic.mean[[7, 7]] > 0.7, "the source is in the middle");
    assert_eq!(mosaic.context[0][[7, 7]], 3, "both exposures see it");
}
