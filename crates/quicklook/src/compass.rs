//! Where north and east are, and how long an arcsecond is.

use gwcs::Wcs;

/// Directions on the image at its centre; up is towards higher rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Compass {
    /// Unit vector to the north, `(x, y)`.
    pub(crate) north: (f64, f64),
    /// Unit vector to the east.
    pub(crate) east: (f64, f64),
    /// Mean size of a pixel [arcsecond].
    pub(crate) pixel_arcsec: f64,
}

/// The compass at a position, counted from 0; `None` if the coordinates are no sky there.
pub(crate) fn compass_at(wcs: &Wcs, x: f64, y: f64) -> Option<Compass> {
    let world = wcs
        .evaluate(&[&[x - 0.5, x + 0.5, x, x], &[y, y, y - 0.5, y + 0.5]])
        .ok()?;
    let [ra, dec] = world.as_slice() else {
        return None;
    };
    compass_of(&[
        (ra[0], dec[0]),
        (ra[1], dec[1]),
        (ra[2], dec[2]),
        (ra[3], dec[3]),
    ])
}

/// From the positions \[degree\] half a pixel to the left, right, bottom and top.
fn compass_of(sky: &[(f64, f64); 4]) -> Option<Compass> {
    let cosine = sky.iter().map(|(_, dec)| dec).sum::<f64>() / 4.0;
    let cosine = cosine.to_radians().cos();
    let step = |from: (f64, f64), to: (f64, f64)| {
        let turn = (to.0 - from.0 + 540.0).rem_euclid(360.0) - 180.0;
        (turn * cosine, to.1 - from.1)
    };
    // Eastwards and northwards for a pixel along x and along y.
    let (along_x, along_y) = (step(sky[0], sky[1]), step(sky[2], sky[3]));
    let determinant = along_x.0 * along_y.1 - along_y.0 * along_x.1;
    if !determinant.is_finite() || determinant == 0.0 {
        return None;
    }
    let unit = |x: f64, y: f64| (x / x.hypot(y), y / x.hypot(y));
    let sign = determinant.signum();
    Some(Compass {
        north: unit(-along_y.0 * sign, along_x.0 * sign),
        east: unit(along_y.1 * sign, -along_x.1 * sign),
        pixel_arcsec: determinant.abs().sqrt() * 3600.0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_near(found: (f64, f64), expected: (f64, f64)) {
        assert!(
            (found.0 - expected.0).abs() < 1e-9 && (found.1 - expected.1).abs() < 1e-9,
            "{found:?}, expected {expected:?}"
        );
    }

    #[test]
    fn north_is_up_and_east_is_left_on_a_usual_map() {
        let (ra, dec, half) = (0.0_f64, 60.0_f64, 0.5 / 3600.0);
        let east = half / dec.to_radians().cos();
        // Right ascension runs through 0 degrees.
        let sky = [
            (ra + east, dec),
            (ra - east + 360.0, dec),
            (ra, dec - half),
            (ra, dec + half),
        ];
        let compass = compass_of(&sky).unwrap();
        assert_near(compass.north, (0.0, 1.0));
        assert_near(compass.east, (-1.0, 0.0));
        assert!((compass.pixel_arcsec - 1.0).abs() < 1e-6);
    }

    #[test]
    fn a_turned_map_has_turned_arrows() {
        // At the equator, x runs north and y runs east.
        let sky = [(10.0, -0.5), (10.0, 0.5), (9.5, 0.0), (10.5, 0.0)];
        let compass = compass_of(&sky).unwrap();
        assert_near(compass.north, (1.0, 0.0));
        assert_near(compass.east, (0.0, 1.0));
        assert_eq!(compass_of(&[(f64::NAN, 0.0); 4]), None);
        assert_eq!(compass_of(&[(1.0, 1.0); 4]), None);
    }
}
