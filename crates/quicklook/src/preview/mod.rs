//! A picture of a product.

use std::path::Path;
use std::rc::Rc;

use datamodels::DataModelError;
use datamodels::io::atomic::write_atomically;
use datamodels::io::ecsv::Table;
use datamodels::io::fits::HduInfo;
use gwcs::Wcs;
use ndarray::Array2;

use crate::catalog::sources;
use crate::colour::{ColourMap, MARKS, Rgb, label_colour, mix};
use crate::compass::{Compass, compass_at};
use crate::error::Result;
use crate::figure::{ColourBar, Entry, Figure, Heading, SOURCE_INK, Symbol};
use crate::limits::{Limits, Range};
use crate::options::{PreviewOptions, QualityBit};
use crate::product::{Frame, Product, Selection};
use crate::ramp;
use crate::scene::ticks::short;
use crate::scene::{Bitmap, Ink, Scene, raster};
use crate::shrink::{Blocks, Flags, Statistics};
use crate::stretch::Stretch;

/// A picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// The picture as PNG.
    pub png: Vec<u8>,
    /// Its width \[pixel\].
    pub width: usize,
    /// Its height \[pixel\].
    pub height: usize,
    /// What can be seen, in words.
    pub description: String,
    /// What could not be drawn, and why; the picture is whole otherwise.
    pub notes: Vec<String>,
}

impl Picture {
    /// Writes the PNG, whole or not at all.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn save(&self, path: &Path) -> Result<()> {
        write_whole(path, &self.png)
    }
}

/// Writes a file, whole or not at all.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    Ok(write_atomically(path, |temporary| {
        std::fs::write(temporary, bytes).map_err(|source| DataModelError::Io {
            action: "write",
            path: path.to_path_buf(),
            source,
        })
    })?)
}

/// Draws a product: any FITS file with an image of two to four dimensions in SCI, or in the HDU that the options name.
///
/// Images larger than the picture are shown as means of blocks; the file is read band by band, so that memory does not
/// grow with it (gzipped files excepted). With a pixel in the options, the ramp of this pixel is drawn instead.
///
/// # Errors
/// A file cannot be read, or has no such HDU, integration, group or pixel.
pub fn preview(path: &Path, options: &PreviewOptions) -> Result<Picture> {
    let product = Product::open(path)?;
    let mut notes = Vec::new();
    let scene = if let Some(pixel) = options.pixel {
        ramp::of_pixel(&product, pixel, options)?
    } else {
        let look = Look::of(options);
        Drawing::new(&product, &look, &mut notes)?.figure()?.scene()
    };
    picture(&scene, options, &product, notes)
}

fn picture(
    scene: &Scene,
    options: &PreviewOptions,
    product: &Product,
    notes: Vec<String>,
) -> Result<Picture> {
    let bitmap = raster::draw(scene, options.theme)?;
    let texts = [
        ("Title", product.name()),
        ("Description", scene.description.clone()),
        ("Software", format!("jwst {}", env!("CARGO_PKG_VERSION"))),
    ];
    let texts: Vec<(&str, &str)> = texts
        .iter()
        .map(|(key, text)| (*key, text.as_str()))
        .collect();
    Ok(Picture {
        png: raster::png(&bitmap, &texts)?,
        width: bitmap.width,
        height: bitmap.height,
        description: scene.description.clone(),
        notes,
    })
}

/// A single marked pixel of a large block must still be seen: the least share of its colour.
const FAINTEST_MARK: f64 = 0.75;

/// What an image should look like.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look<'a> {
    pub(crate) options: &'a PreviewOptions,
    pub(crate) colours: ColourMap,
}

impl<'a> Look<'a> {
    pub(crate) fn of(options: &'a PreviewOptions) -> Self {
        Self {
            options,
            colours: options.colour_map(),
        }
    }
}

/// An image of a product on its way to a figure.
pub(crate) struct Drawing<'a> {
    product: &'a Product,
    look: &'a Look<'a>,
    hdu: &'a HduInfo,
    frame: Frame<'a>,
    blocks: Blocks,
    wcs: Option<Wcs>,
}

/// Colours of blocks, the first row at the bottom, and what they mean.
struct Colours {
    blocks: Array2<Rgb>,
    range: Option<Range>,
    legend: Vec<Entry>,
    statistics: Option<Statistics>,
    seen: String,
}

impl<'a> Drawing<'a> {
    pub(crate) fn new(
        product: &'a Product,
        look: &'a Look<'a>,
        notes: &mut Vec<String>,
    ) -> Result<Self> {
        let options = look.options;
        let hdu = product.image_hdu(options.hdu.as_deref().unwrap_or("SCI"))?;
        let frame = product.frame(
            hdu,
            Selection {
                integration: options.integration,
                group: options.group,
            },
        )?;
        let blocks = frame.blocks(options.size.pixels());
        let wcs = product.meta.wcs().unwrap_or_else(|error| {
            notes.push(format!("no compass: {error}"));
            None
        });
        Ok(Self {
            product,
            look,
            hdu,
            frame,
            blocks,
            wcs,
        })
    }

    pub(crate) fn figure(mut self) -> Result<Figure> {
        let options = self.look.options;
        let mut colours = if self.product.is_labels(self.hdu) {
            self.labels()?
        } else {
            self.values()?
        };
        if !options.quality.is_empty() {
            self.mark(&mut colours)?;
        }
        let sources = self.catalog(&mut colours.legend)?;
        let heading = self.heading(colours.range);
        let bar = colours.range.map(|range| ColourBar {
            range,
            stretch: options.stretch,
            colours: self.look.colours,
            unit: self.product.unit(self.hdu),
        });
        Ok(Figure {
            description: heading.description(&colours.seen),
            heading,
            bitmap: Rc::new(bottom_up(&colours.blocks)),
            blocks: self.blocks,
            bar,
            legend: colours.legend,
            sources,
            compass: self.compass(),
            count_from: options.count_from,
            size: options.size.pixels(),
            statistics: colours.statistics,
        })
    }

    fn values(&self) -> Result<Colours> {
        let Look { options, colours } = *self.look;
        let values = self.frame.values(self.blocks)?;
        let shown = values.means.as_slice().unwrap_or_default();
        let range = options.limits.of(shown);
        let nothing = colours.of_nothing();
        let table = colours.table();
        let spread = Spread::new(options.stretch, range);
        let blocks = values.means.map(|value| match spread.index(*value) {
            Some(index) => table[usize::from(index)],
            None => nothing,
        });
        let mut legend = Vec::new();
        let missing = values.statistics.pixels - values.statistics.finite;
        if missing > 0 {
            legend.push(Entry {
                symbol: Symbol::Square(Ink::Fixed(nothing)),
                words: format!("no value: {}", counted(missing, values.statistics.pixels)),
            });
        }
        Ok(Colours {
            blocks,
            range,
            legend,
            statistics: Some(values.statistics),
            seen: self.seen(&values.statistics),
        })
    }

    fn seen(&self, statistics: &Statistics) -> String {
        if statistics.finite == 0 {
            return "No pixel has a value.".to_owned();
        }
        let unit = self.product.unit(self.hdu);
        let gap = if unit.is_empty() { "" } else { " " };
        let (low, high) = (short(statistics.min, 4), short(statistics.max, 4));
        let mean = short(statistics.mean, 4);
        format!("Values from {low} to {high}{gap}{unit}, mean {mean}.")
    }

    fn labels(&self) -> Result<Colours> {
        let (labels, largest) = self.frame.labels(self.blocks)?;
        let ground = [0x22, 0x26, 0x2b];
        let words = format!("labels up to {largest}, each source in a colour of its own");
        Ok(Colours {
            blocks: labels.map(|label| {
                if *label == 0 {
                    ground
                } else {
                    label_colour(*label)
                }
            }),
            range: None,
            legend: vec![
                Entry {
                    symbol: Symbol::Square(Ink::Fixed(ground)),
                    words: "background".to_owned(),
                },
                Entry {
                    symbol: Symbol::None,
                    words: words.clone(),
                },
            ],
            statistics: None,
            seen: format!("A segmentation map, {words}."),
        })
    }

    /// Paints the blocks that have the bits of the options.
    fn mark(&self, colours: &mut Colours) -> Result<()> {
        let bits: Vec<QualityBit> = self.look.options.quality.iter().copied().collect();
        let values: Vec<u32> = bits.iter().map(|bit| bit.value).collect();
        let flags = self.frame.flags(self.blocks, &values)?;
        for ((row, column), colour) in colours.blocks.indexed_iter_mut() {
            if let Some((bit, share)) = flags.of_block(row, column) {
                *colour = mix(*colour, MARKS[bit], share.max(FAINTEST_MARK));
            }
        }
        let pixels = (self.blocks.rows * self.blocks.columns) as u64;
        colours.legend.extend(legend_of(&bits, &flags, pixels));
        Ok(())
    }

    fn catalog(&mut self, legend: &mut Vec<Entry>) -> Result<Vec<crate::catalog::Source>> {
        let Some(path) = &self.look.options.catalog else {
            return Ok(Vec::new());
        };
        let table = Table::read(path)?;
        let sources = sources(path, &table, self.wcs.as_ref())?;
        let (rows, columns) = (self.blocks.rows as f64, self.blocks.columns as f64);
        let inside = |source: &&crate::catalog::Source| {
            (-0.5..columns - 0.5).contains(&source.x) && (-0.5..rows - 0.5).contains(&source.y)
        };
        let shown = sources.iter().filter(inside).count();
        let words = if shown == sources.len() {
            format!("{shown} sources of the catalogue")
        } else {
            format!("{shown} of the catalogue's {} sources", sources.len())
        };
        legend.push(Entry {
            symbol: Symbol::Ring(SOURCE_INK),
            words,
        });
        Ok(sources)
    }

    fn compass(&self) -> Option<Compass> {
        let (x, y) = (self.blocks.columns as f64, self.blocks.rows as f64);
        compass_at(self.wcs.as_ref()?, (x - 1.0) / 2.0, (y - 1.0) / 2.0)
    }

    fn heading(&self, range: Option<Range>) -> Heading {
        let factor = self.blocks.factor;
        let mut shown = vec![self.hdu.name.clone()];
        if !self.frame.words.is_empty() {
            shown.push(self.frame.words.clone());
        }
        shown.push(format!(
            "{} × {} pixels",
            self.blocks.columns, self.blocks.rows
        ));
        if factor > 1 {
            shown.push(format!("means of {factor} × {factor}"));
        }
        if range.is_some() {
            let limits = match self.look.options.limits {
                Limits::MinMax => "all values".to_owned(),
                Limits::ZScale => "zscale".to_owned(),
                Limits::Fixed(_) => "given limits".to_owned(),
                Limits::Percentiles(p) => format!("{} to {} %", p.low(), p.high()),
            };
            shown.push(format!("{}, {limits}", self.look.options.stretch.name()));
        }
        Heading {
            name: self.product.name(),
            facts: self.product.facts(),
            shown,
        }
    }
}

/// Lines of the legend for quality bits.
fn legend_of(bits: &[QualityBit], flags: &Flags, pixels: u64) -> Vec<Entry> {
    let entry = |(place, bit): (usize, &QualityBit)| {
        let count = flags.totals()[bit.value.trailing_zeros() as usize];
        Entry {
            symbol: Symbol::Square(Ink::Fixed(MARKS[place])),
            words: format!("{}: {}", bit.name, counted(count, pixels)),
        }
    };
    bits.iter().enumerate().map(entry).collect()
}

/// A number of pixels and its share.
pub(crate) fn counted(count: u64, of: u64) -> String {
    if count == 0 {
        return "none".to_owned();
    }
    let percent = 100.0 * count as f64 / of.max(1) as f64;
    let percent = if percent < 0.01 {
        "<0.01".to_owned()
    } else if percent > 99.9 && count < of {
        ">99.9".to_owned()
    } else {
        short(percent, if percent < 10.0 { 2 } else { 3 })
    };
    format!("{count} ({percent} %)")
}

/// The bitmap of blocks whose first row is at the bottom.
fn bottom_up(blocks: &Array2<Rgb>) -> Bitmap {
    let (height, width) = blocks.dim();
    let rows = blocks.rows().into_iter().rev();
    Bitmap {
        width,
        height,
        pixels: rows.flat_map(|row| row.to_vec()).collect(),
    }
}

/// The stretch by a table: it is asked for every block.
struct Spread {
    range: Option<Range>,
    table: Vec<u8>,
}

impl Spread {
    /// Steps of the table: fine enough for the steep start of the logarithm.
    const STEPS: usize = 1 << 14;

    fn new(stretch: Stretch, range: Option<Range>) -> Self {
        let step = |index| stretch.apply(index as f64 / (Self::STEPS - 1) as f64);
        Self {
            range,
            table: (0..Self::STEPS)
                .map(|index| (step(index) * 255.0).round() as u8)
                .collect(),
        }
    }

    /// The place of a value's colour; none without a value.
    fn index(&self, value: f32) -> Option<u8> {
        let fraction = self.range?.fraction(f64::from(value));
        if fraction.is_nan() {
            return None;
        }
        let place = fraction.clamp(0.0, 1.0) * (Self::STEPS - 1) as f64;
        Some(self.table[place.round() as usize])
    }
}

#[cfg(test)]
mod tests;
