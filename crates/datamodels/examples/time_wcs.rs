//! How long the way from pixels to the sky takes on one core, for each file with a world coordinate system that is named.
//!
//! `cargo run --release -p datamodels --example time_wcs -- a_cal.fits b_cal.fits`
//!
//! The median over rows of 2048 pixels: others may use the machine meanwhile.
#![allow(clippy::print_stdout, reason = "it is a program")]

use std::error::Error;
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use datamodels::io::fits::FitsReader;
use datamodels::metadata::Metadata;

/// Pixels of a side.
const SIDE: usize = 2048;

fn main() -> Result<(), Box<dyn Error>> {
    for path in std::env::args().skip(1) {
        let meta = Metadata::read(&FitsReader::open(Path::new(&path))?)?;
        let program = meta.require_wcs()?.forward()?.compile();
        let columns: Vec<f64> = (0..SIDE).map(|column| column as f64).collect();
        let (mut lon, mut lat) = (vec![0.0; SIDE], vec![0.0; SIDE]);
        let mut times = Vec::new();
        for row in 0..SIDE {
            let rows = vec![row as f64; SIDE];
            let begun = Instant::now();
            program.run_into(&[&columns, &rows], &mut [&mut lon, &mut lat])?;
            times.push(begun.elapsed().as_secs_f64());
            black_box((&lon, &lat));
        }
        times.sort_by(f64::total_cmp);
        let nanoseconds = |time: f64| 1e9 * time / SIDE as f64;
        println!(
            "{:5.1} ns a pixel, the fastest row {:5.1}: {path}",
            nanoseconds(times[SIDE / 2]),
            nanoseconds(times[0])
        );
    }
    Ok(())
}
