//! Builds the world coordinate system of an image from polynomials, inverts it and writes it to an ASDF file.
//!
//! ```text
//! cargo run --example build -- image_gwcs.asdf
//! ```

use std::error::Error;
use std::io::Write;

use asdf::{AsdfFile, Software, WriteOptions};
use gwcs::convert::{Registry, write_wcs};
use gwcs::frame::{CoordinateFrame, Frame};
use gwcs::model::{Mapping, Polynomial2d, Projection, Scale, Shift, SkyRotation};
use gwcs::{BoundingBox, Step, Transform, Wcs};

/// Both coordinates shifted or scaled alike.
fn both(model: impl Fn() -> Transform) -> Transform {
    model().join(model())
}

fn image() -> Result<Wcs, Box<dyn Error>> {
    // Pixels counted from the reference pixel to arcseconds, x and y in degree 2 each. Coefficients are sorted by the
    // power of x, then of y.
    let to_x = Polynomial2d::new(2, vec![0.0, 0.0, 1e-8, -0.031, 2e-7, 0.0, -3e-7, 0.0, 0.0])?;
    let to_y = Polynomial2d::new(2, vec![0.0, 0.031, -2e-7, 1e-5, 1e-7, 0.0, 0.0, 0.0, 0.0])?;
    let distortion = both(|| Shift(-511.5).into())
        .then(Mapping::new(vec![0, 1, 0, 1], None)?.into())?
        .then(Transform::from(to_x).join(to_y.into()))?
        .with_bounding_box(Some(BoundingBox::new(&[(-0.5, 1023.5), (-0.5, 1023.5)])))?;
    // The plane touches the sky at a right ascension of 150° and a declination of 2.2°, north up.
    let projection = both(|| Scale(1.0 / 3600.0).into())
        .then(Projection::Gnomonic.pixel_to_sky().into())?
        .then(SkyRotation::native_to_celestial(150.0, 2.2, 180.0).into())?;
    let step = |frame, transform| Step { frame, transform };
    let mut wcs = Wcs::new(
        "example",
        vec![
            step(
                Frame::Single(CoordinateFrame::pixels("detector")),
                Some(distortion),
            ),
            step(
                Frame::Single(CoordinateFrame::pixels("tangent_plane")),
                Some(projection),
            ),
            step(Frame::Single(CoordinateFrame::icrs("world")), None),
        ],
    )?;
    wcs.pixel_shape = Some(vec![1024, 1024]);
    Ok(wcs)
}

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("usage: build FILE")?;
    let wcs = image()?;
    let mut out = std::io::stdout().lock();

    let pixels: [&[f64]; 2] = [&[0.0, 511.5, 1000.0, 2000.0], &[0.0, 511.5, 100.0, 0.0]];
    let sky = wcs.evaluate(&pixels)?;
    // The polynomials have no inverse of their own, so it is found numerically.
    let back = wcs.invert(&[&sky[0], &sky[1]])?;
    for k in 0..pixels[0].len() {
        let ([x, y], [lon, lat]) = ([pixels[0][k], pixels[1][k]], [sky[0][k], sky[1][k]]);
        writeln!(
            out,
            "{x} {y}: {lon:.9} {lat:.9}, back {:.6} {:.6}",
            back[0][k], back[1][k]
        )?;
    }
    writeln!(out, "corners: {:?}", wcs.footprint(false)?.corners)?;

    let mut file = AsdfFile::new();
    file.set_library(&Software::new("gwcs example", env!("CARGO_PKG_VERSION")));
    let node = write_wcs(&wcs, &mut file, &Registry::default())?;
    file.tree.set_path("wcs", node)?;
    file.write_to(std::fs::File::create(&path)?, &WriteOptions::default())?;
    writeln!(out, "written to {path}")?;
    Ok(())
}
