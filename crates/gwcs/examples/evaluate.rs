//! Reads a world coordinate system from an ASDF file and prints the world coordinates of pixels.
//!
//! ```text
//! cargo run --example evaluate -- image_gwcs.asdf wcs 100,200 300.5,400
//! ```

use std::error::Error;
use std::io::Write;

use gwcs::convert::{Registry, read_wcs};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(path), Some(place)) = (arguments.next(), arguments.next()) else {
        return Err("usage: evaluate FILE PATH-IN-TREE X,Y ...".into());
    };
    let file = asdf::AsdfFile::open(&path)?;
    let node = file
        .tree
        .get_path(&place)
        .ok_or_else(|| format!("{path} has no {place}"))?;
    let wcs = read_wcs(node, &file, &Registry::default())?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "# {}", wcs.frames().collect::<Vec<_>>().join(" -> "))?;
    for argument in arguments {
        let pixel: Result<Vec<f64>, _> = argument.split(',').map(str::parse).collect();
        let pixel = pixel?;
        let lists: Vec<&[f64]> = pixel.iter().map(std::slice::from_ref).collect();
        let world = wcs.evaluate(&lists)?;
        let views: Vec<&[f64]> = world.iter().map(Vec::as_slice).collect();
        let back = wcs.invert(&views)?;
        let flat = |lists: &[Vec<f64>]| {
            lists
                .iter()
                .map(|list| format!("{:e}", list[0]))
                .collect::<Vec<_>>()
                .join(" ")
        };
        writeln!(out, "{argument}: {} | {}", flat(&world), flat(&back))?;
    }
    Ok(())
}
