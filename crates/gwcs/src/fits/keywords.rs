//! Keywords of a header.

use super::{Distortion, FitsWcs};

/// The value of a keyword.
#[derive(Debug, Clone, PartialEq)]
pub enum FitsValue {
    /// A whole number.
    Integer(i64),
    /// A real number.
    Real(f64),
    /// A text.
    Text(String),
}

impl FitsWcs {
    /// All keywords and their values but those of the size of the image, with reference pixels counted from 1.
    ///
    /// Parity: gwcs 1.0.3 takes the linear part from astropy, whose WCSLIB writes 14 digits; so do we. Elements of the
    /// matrix that are those of the identity are left out as there.
    pub fn keywords(&self) -> Vec<(String, FitsValue)> {
        let mut cards: Vec<(String, FitsValue)> = Vec::new();
        let mut text =
            |name: &str, value: String| cards.push((name.into(), FitsValue::Text(value)));
        let suffix = if self.distortion.is_some() {
            "-SIP"
        } else {
            ""
        };
        let [lon, lat] = match self.reference_system.as_str() {
            "GALACTIC" => ["GLON-TAN", "GLAT-TAN"],
            _ => ["RA---TAN", "DEC--TAN"],
        };
        text("WCSNAME", self.name.clone());
        text("CTYPE1", format!("{lon}{suffix}"));
        text("CTYPE2", format!("{lat}{suffix}"));
        text("CUNIT1", "deg".into());
        text("CUNIT2", "deg".into());
        if self.reference_system != "GALACTIC" {
            text("RADESYS", self.reference_system.clone());
        }
        cards.push(("WCSAXES".into(), FitsValue::Integer(2)));
        self.linear(&mut cards);
        self.polynomials(&mut cards);
        cards
    }

    fn linear(&self, cards: &mut Vec<(String, FitsValue)>) {
        let mut real = |name: String, value: f64| cards.push((name, FitsValue::Real(value)));
        let pixel = self
            .reference_pixel
            .map(|pixel| fourteen_digits(pixel + 1.0));
        let sky = self.reference_sky_deg.map(fourteen_digits);
        for axis in 0..2 {
            real(format!("CRPIX{}", axis + 1), pixel[axis]);
            real(format!("CRVAL{}", axis + 1), sky[axis]);
        }
        for (row, column) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            let value = fourteen_digits(self.cd[row][column]);
            let identity = f64::from(u8::from(row == column));
            if value != identity {
                real(format!("CD{}_{}", row + 1, column + 1), value);
            }
        }
        real("LONPOLE".into(), self.pole_longitude_deg);
        real("LATPOLE".into(), sky[1]);
        real("MJDREF".into(), 0.0);
        real("SIPMXERR".into(), self.max_error_pixels);
        if let Some(error) = self.max_inverse_error_pixels {
            real("SIPIVERR".into(), error);
        }
    }

    fn polynomials(&self, cards: &mut Vec<(String, FitsValue)>) {
        let forward = (["A", "B"], &self.distortion, 2);
        let backward = (["AP", "BP"], &self.inverse_distortion, 1);
        for (names, parts, lowest) in [forward, backward] {
            let Some(parts) = parts else { continue };
            for (name, part) in names.into_iter().zip(parts) {
                let degree = FitsValue::Integer(part.degree as i64);
                cards.push((format!("{name}_ORDER"), degree));
                cards.extend(coefficients(name, part, lowest));
            }
        }
    }
}

fn coefficients<'a>(
    name: &'a str,
    part: &'a Distortion,
    lowest: usize,
) -> impl Iterator<Item = (String, FitsValue)> + 'a {
    let powers = (0..=part.degree).flat_map(|p| (0..=part.degree - p).map(move |q| [p, q]));
    powers
        .filter(move |[p, q]| p + q >= lowest)
        .map(move |[p, q]| {
            let value = part.coefficient([p, q]);
            (format!("{name}_{p}_{q}"), FitsValue::Real(value))
        })
}

/// A value as astropy has WCSLIB write it.
fn fourteen_digits(value: f64) -> f64 {
    format!("{value:.13e}").parse().unwrap_or(value)
}
