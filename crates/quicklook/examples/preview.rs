//! Draws a product: `cargo run --example preview -- FILE.fits OUT.png [X,Y [RATE.fits]]`.

use std::error::Error;
use std::path::{Path, PathBuf};

use quicklook::{PreviewOptions, preview};

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [file, out, rest @ ..] = args.as_slice() else {
        return Err("expected a FITS file and the name of a PNG file".into());
    };
    let options = PreviewOptions {
        pixel: rest.first().map(|pixel| pixel.parse()).transpose()?,
        rate: rest.get(1).map(PathBuf::from),
        ..PreviewOptions::default()
    };
    preview(Path::new(file), &options)?.save(Path::new(out))?;
    Ok(())
}
