//! Colours of values, of marks and of the paper.

use std::str::FromStr;

use crate::error::QuicklookError;

/// Red, green and blue.
pub type Rgb = [u8; 3];

/// Colours of values from low to high.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Palette {
    /// Black to white.
    Grey,
    /// Dark violet over green to yellow: even steps for the eye, also without colour vision.
    Viridis,
}

/// A palette, perhaps the other way round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ColourMap {
    /// The colours.
    pub palette: Palette,
    /// Whether high values get the first colours.
    pub inverted: bool,
}

/// Seventeen of the 256 colours of matplotlib's viridis (CC0), the others lie on lines between them.
const VIRIDIS: [Rgb; 17] = [
    [68, 1, 84],
    [72, 24, 106],
    [71, 45, 123],
    [66, 64, 134],
    [59, 82, 139],
    [51, 99, 141],
    [44, 114, 142],
    [38, 130, 142],
    [33, 145, 140],
    [31, 160, 136],
    [40, 174, 128],
    [63, 188, 115],
    [94, 201, 98],
    [132, 212, 75],
    [173, 220, 48],
    [216, 226, 25],
    [253, 231, 37],
];

impl ColourMap {
    /// The names that [`FromStr`] knows.
    pub const NAMES: [&str; 4] = ["grey", "viridis", "grey-inverted", "viridis-inverted"];

    /// A palette as it is.
    pub const fn of(palette: Palette) -> Self {
        Self {
            palette,
            inverted: false,
        }
    }

    /// The colour of a fraction, which is clipped to [0, 1].
    ///
    /// ```
    /// use quicklook::{ColourMap, Palette};
    /// assert_eq!(ColourMap::of(Palette::Grey).colour(1.0), [255, 255, 255]);
    /// assert_eq!("grey-inverted".parse::<ColourMap>()?.colour(1.0), [0, 0, 0]);
    /// # Ok::<(), quicklook::QuicklookError>(())
    /// ```
    pub fn colour(self, fraction: f64) -> Rgb {
        let fraction = if fraction.is_nan() {
            0.0
        } else {
            fraction.clamp(0.0, 1.0)
        };
        let fraction = if self.inverted {
            1.0 - fraction
        } else {
            fraction
        };
        match self.palette {
            Palette::Grey => [(fraction * 255.0).round() as u8; 3],
            Palette::Viridis => {
                let place = fraction * (VIRIDIS.len() - 1) as f64;
                let below = (place as usize).min(VIRIDIS.len() - 2);
                mix(VIRIDIS[below], VIRIDIS[below + 1], place - below as f64)
            }
        }
    }

    /// The colours of 256 fractions from 0 to 1.
    pub fn table(self) -> [Rgb; 256] {
        std::array::from_fn(|index| self.colour(index as f64 / 255.0))
    }

    /// The colour of pixels without a value: none of the palette's own.
    pub fn of_nothing(self) -> Rgb {
        match self.palette {
            Palette::Grey => [0x5f, 0x7d, 0xa8],
            Palette::Viridis => [0x9a, 0x9a, 0x9a],
        }
    }
}

impl FromStr for ColourMap {
    type Err = QuicklookError;

    fn from_str(text: &str) -> Result<Self, QuicklookError> {
        let (name, inverted) = match text.strip_suffix("-inverted") {
            Some(name) => (name, true),
            None => (text, false),
        };
        let palette = match name {
            "grey" | "gray" => Palette::Grey,
            "viridis" => Palette::Viridis,
            _ => {
                return Err(QuicklookError::Option {
                    option: "colours",
                    expected: Self::NAMES.join(", "),
                    found: text.to_owned(),
                });
            }
        };
        Ok(Self { palette, inverted })
    }
}

/// A colour between two, `share` of the second.
pub(crate) fn mix(first: Rgb, second: Rgb, share: f64) -> Rgb {
    std::array::from_fn(|i| {
        let (a, b) = (f64::from(first[i]), f64::from(second[i]));
        (a + share * (b - a)).round() as u8
    })
}

/// Colours of quality bits and other marks, told apart with any colour vision on grey and on dark ground.
pub(crate) const MARKS: [Rgb; 8] = [
    [0xe6, 0x4b, 0x2f],
    [0x2f, 0x9b, 0xff],
    [0xff, 0xb0, 0x00],
    [0x00, 0xb8, 0x8a],
    [0xe0, 0x5b, 0xd0],
    [0x8a, 0x6b, 0xff],
    [0x00, 0xc2, 0xd6],
    [0xb0, 0x6a, 0x2c],
];

/// The colour of a label of a segmentation map: neighbours in number are far apart in hue.
pub(crate) fn label_colour(label: u32) -> Rgb {
    // The golden angle spreads any run of numbers over the circle.
    let hue = (f64::from(label) * 137.507_764).rem_euclid(360.0) / 60.0;
    let value = if label.is_multiple_of(2) { 0.95 } else { 0.78 };
    let weak = value * 0.35;
    let between = weak + (value - weak) * (1.0 - (hue.rem_euclid(2.0) - 1.0).abs());
    let (r, g, b) = match hue as u8 {
        0 => (value, between, weak),
        1 => (between, value, weak),
        2 => (weak, value, between),
        3 => (weak, between, value),
        4 => (between, weak, value),
        _ => (value, weak, between),
    };
    [r, g, b].map(|part| (part * 255.0).round() as u8)
}

/// Light or dark paper.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Theme {
    /// Dark ink on white.
    #[default]
    Light,
    /// Light ink on near black.
    Dark,
}

impl Theme {
    /// The paper.
    pub(crate) fn paper(self) -> Rgb {
        match self {
            Self::Light => [0xff, 0xff, 0xff],
            Self::Dark => [0x14, 0x17, 0x1b],
        }
    }

    /// Text and marks.
    pub(crate) fn text(self) -> Rgb {
        match self {
            Self::Light => [0x1b, 0x1f, 0x24],
            Self::Dark => [0xe8, 0xeb, 0xef],
        }
    }

    /// Text of less weight; still seven times as bright or dark as the paper.
    pub(crate) fn muted(self) -> Rgb {
        match self {
            Self::Light => [0x4d, 0x55, 0x5f],
            Self::Dark => [0xae, 0xb6, 0xc0],
        }
    }

    /// Frames and ticks.
    pub(crate) fn line(self) -> Rgb {
        match self {
            Self::Light => [0x6a, 0x73, 0x7d],
            Self::Dark => [0x80, 0x8a, 0x95],
        }
    }

    /// Lines behind a curve.
    pub(crate) fn grid(self) -> Rgb {
        match self {
            Self::Light => [0xe3, 0xe6, 0xea],
            Self::Dark => [0x2c, 0x32, 0x39],
        }
    }
}

impl FromStr for Theme {
    type Err = QuicklookError;

    fn from_str(text: &str) -> Result<Self, QuicklookError> {
        match text {
            "light" => Ok(Self::Light),
            "dark" => Ok(Self::Dark),
            _ => Err(QuicklookError::Option {
                option: "theme",
                expected: "light, dark".to_owned(),
                found: text.to_owned(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// WCAG's relative luminance.
    fn luminance(colour: Rgb) -> f64 {
        let [r, g, b] = colour.map(|part| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 {
                part / 12.92
            } else {
                ((part + 0.055) / 1.055).powf(2.4)
            }
        });
        0.2126 * r + 0.7152 * g + 0.0722 * b
    }

    fn contrast(first: Rgb, second: Rgb) -> f64 {
        let (a, b) = (luminance(first), luminance(second));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn text_can_be_read_on_its_paper() {
        for theme in [Theme::Light, Theme::Dark] {
            assert!(contrast(theme.text(), theme.paper()) > 12.0);
            assert!(contrast(theme.muted(), theme.paper()) > 7.0);
            assert!(contrast(theme.line(), theme.paper()) > 3.0);
        }
    }

    #[test]
    fn viridis_grows_brighter_all_the_way() {
        let table = ColourMap::of(Palette::Viridis).table();
        assert_eq!((table[0], table[255]), ([68, 1, 84], [253, 231, 37]));
        // Value 128 of matplotlib's table.
        let middle = table[128].map(i32::from);
        assert!(
            (middle[0] - 33).abs() <= 2
                && (middle[1] - 145).abs() <= 2
                && (middle[2] - 140).abs() <= 2
        );
        let inverted = ColourMap {
            palette: Palette::Viridis,
            inverted: true,
        };
        assert_eq!(inverted.table()[255], table[0]);
        // Steps that are wider than the rounding of a colour.
        let bright: Vec<f64> = table
            .iter()
            .step_by(5)
            .map(|colour| luminance(*colour))
            .collect();
        assert!(bright.is_sorted());
    }

    #[test]
    fn names_are_checked() {
        for name in ColourMap::NAMES {
            assert!(name.parse::<ColourMap>().is_ok(), "{name}");
        }
        let error = "jet".parse::<ColourMap>().unwrap_err().to_string();
        assert!(error.ends_with("found jet"), "{error}");
        assert!("sepia".parse::<Theme>().is_err());
    }

    #[test]
    fn labels_that_follow_each_other_differ() {
        for label in 1..200 {
            let (one, next) = (label_colour(label), label_colour(label + 1));
            let distance: i32 = one
                .iter()
                .zip(next)
                .map(|(a, b)| (i32::from(*a) - i32::from(b)).abs())
                .sum();
            assert!(distance > 90, "{label}: {one:?} {next:?}");
        }
    }
}
