//! What a picture or report should be like. Values are checked when they are made: an option that exists is sound.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;

use datamodels::dq;

use crate::colour::{ColourMap, MARKS, Palette, Theme};
use crate::error::QuicklookError;
use crate::limits::Limits;
use crate::stretch::Stretch;

/// How [`preview`](crate::preview) draws a product.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PreviewOptions {
    /// The HDU that is drawn; SCI if nothing is said.
    pub hdu: Option<String>,
    /// The integration, counted from 1; the first if nothing is said.
    pub integration: Option<NonZeroUsize>,
    /// The group of a ramp, counted from 1; the last less the first if nothing is said.
    pub group: Option<NonZeroUsize>,
    /// How values are spread over the colours.
    pub stretch: Stretch,
    /// Which values get the first and the last colour.
    pub limits: Limits,
    /// Colours; grey under marks of quality, otherwise viridis, if nothing is said.
    pub colours: Option<ColourMap>,
    /// Quality bits that are marked; the first of the list wins where a pixel has several.
    pub quality: QualityBits,
    /// A catalogue (ECSV) whose sources are circled.
    pub catalog: Option<PathBuf>,
    /// A pixel whose ramp is drawn instead of an image.
    pub pixel: Option<PixelPosition>,
    /// A product of count rates whose slope is drawn over the ramp of a pixel.
    pub rate: Option<PathBuf>,
    /// What the first pixel's number is, in `pixel` and on the axes.
    pub count_from: CountFrom,
    /// Light or dark.
    pub theme: Theme,
    /// The length of the longer side of the image.
    pub size: PictureSize,
}

impl PreviewOptions {
    /// The colours that are used.
    pub(crate) fn colour_map(&self) -> ColourMap {
        let usual = if self.quality.is_empty() {
            Palette::Viridis
        } else {
            Palette::Grey
        };
        self.colours.unwrap_or(ColourMap::of(usual))
    }
}

/// What [`report`](crate::report) puts into its page.
#[derive(Debug, Clone, PartialEq)]
pub struct ReportOptions {
    /// The heading; made from the products if nothing is said.
    pub title: Option<String>,
    /// The log of the run, a JSON object a line, for times and memory.
    pub log: Option<PathBuf>,
    /// How values are spread over the colours.
    pub stretch: Stretch,
    /// Which values get the first and the last colour.
    pub limits: Limits,
    /// Colours.
    pub colours: ColourMap,
    /// The length of the longer side of each image.
    pub size: PictureSize,
    /// Sources of a catalogue that are listed.
    pub sources: usize,
}

impl Default for ReportOptions {
    fn default() -> Self {
        Self {
            title: None,
            log: None,
            stretch: Stretch::default(),
            limits: Limits::default(),
            colours: ColourMap::of(Palette::Viridis),
            size: PictureSize(420),
            sources: 25,
        }
    }
}

/// Names of quality bits, at most eight.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QualityBits(Vec<QualityBit>);

/// A quality bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QualityBit {
    /// Its name.
    pub name: &'static str,
    /// Its value.
    pub value: u32,
}

impl QualityBits {
    /// Bits by their names, such as `JUMP_DET`.
    ///
    /// # Errors
    /// There is no bit of a name, or there are more than eight.
    ///
    /// ```
    /// let bits = quicklook::QualityBits::named(["jump_det", "SATURATED"])?;
    /// assert_eq!(bits.iter().map(|bit| bit.value).collect::<Vec<_>>(), [4, 2]);
    /// # Ok::<(), quicklook::QuicklookError>(())
    /// ```
    pub fn named<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, QuicklookError> {
        let wrong = |expected: String, found: &str| QuicklookError::Option {
            option: "dq",
            expected,
            found: found.to_owned(),
        };
        let mut bits: Vec<QualityBit> = Vec::new();
        for name in names {
            let place = dq::PIXEL_NAMES
                .iter()
                .position(|known| known.eq_ignore_ascii_case(name.trim()));
            let Some(place) = place else {
                return Err(wrong(
                    format!("names of quality bits ({})", dq::PIXEL_NAMES.join(", ")),
                    name,
                ));
            };
            let bit = QualityBit {
                name: dq::PIXEL_NAMES[place],
                value: 1 << place,
            };
            if !bits.contains(&bit) {
                bits.push(bit);
            }
        }
        if bits.len() > MARKS.len() {
            let found = format!("{}", bits.len());
            return Err(wrong(format!("at most {} bits", MARKS.len()), &found));
        }
        Ok(Self(bits))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The bits.
    pub fn iter(&self) -> impl Iterator<Item = &QualityBit> {
        self.0.iter()
    }
}

/// What the first pixel's number is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CountFrom {
    /// 0, as catalogues and Python have it.
    #[default]
    Zero,
    /// 1, as FITS has it.
    One,
}

impl CountFrom {
    /// The number of the first pixel.
    pub fn first(self) -> usize {
        match self {
            Self::Zero => 0,
            Self::One => 1,
        }
    }
}

impl FromStr for CountFrom {
    type Err = QuicklookError;

    fn from_str(text: &str) -> Result<Self, QuicklookError> {
        match text {
            "0" => Ok(Self::Zero),
            "1" => Ok(Self::One),
            _ => Err(QuicklookError::Option {
                option: "count-from",
                expected: "0 or 1".to_owned(),
                found: text.to_owned(),
            }),
        }
    }
}

/// Column and row of a pixel, counted as [`CountFrom`] says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PixelPosition {
    /// The column.
    pub x: usize,
    /// The row.
    pub y: usize,
}

impl FromStr for PixelPosition {
    type Err = QuicklookError;

    /// `X,Y`.
    fn from_str(text: &str) -> Result<Self, QuicklookError> {
        let position = text.split_once(',').and_then(|(x, y)| {
            Some(Self {
                x: x.trim().parse().ok()?,
                y: y.trim().parse().ok()?,
            })
        });
        position.ok_or_else(|| QuicklookError::Option {
            option: "pixel",
            expected: "column and row such as 31,17".to_owned(),
            found: text.to_owned(),
        })
    }
}

/// The length of the longer side of an image \[pixel of the picture\], 64 to 8192.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PictureSize(usize);

impl Default for PictureSize {
    fn default() -> Self {
        Self(1024)
    }
}

impl PictureSize {
    /// A size.
    ///
    /// # Errors
    /// It is not in 64..=8192.
    pub fn new(pixels: usize) -> Result<Self, QuicklookError> {
        if (64..=8192).contains(&pixels) {
            Ok(Self(pixels))
        } else {
            Err(Self::unusable(&pixels.to_string()))
        }
    }

    /// The length.
    pub fn pixels(self) -> usize {
        self.0
    }

    fn unusable(found: &str) -> QuicklookError {
        QuicklookError::Option {
            option: "size",
            expected: "64 to 8192 pixels".to_owned(),
            found: found.to_owned(),
        }
    }
}

impl FromStr for PictureSize {
    type Err = QuicklookError;

    fn from_str(text: &str) -> Result<Self, QuicklookError> {
        let pixels = text.parse().map_err(|_| Self::unusable(text))?;
        Self::new(pixels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_options_say_what_is_expected() {
        let error = QualityBits::named(["JUMP"]).unwrap_err().to_string();
        assert!(
            error.starts_with("option dq: expected names of quality bits (DO_NOT_USE, "),
            "{error}"
        );
        assert!(error.ends_with("found JUMP"), "{error}");
        let nine = QualityBits::named(dq::PIXEL_NAMES[..9].iter().copied());
        assert_eq!(
            nine.unwrap_err().to_string(),
            "option dq: expected at most 8 bits, found 9"
        );
        for wrong in ["3", "3,", "a,b", "-1,2", "1,2,3"] {
            assert!(wrong.parse::<PixelPosition>().is_err(), "{wrong}");
        }
        for wrong in ["63", "8193", "-5", "big"] {
            let error = wrong.parse::<PictureSize>().unwrap_err().to_string();
            assert_eq!(
                error,
                format!("option size: expected 64 to 8192 pixels, found {wrong}")
            );
        }
        assert!("2".parse::<CountFrom>().is_err());
    }
}
