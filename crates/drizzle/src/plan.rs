//! The geometry of one exposure on one output, worked out once for all bands.

use crate::band::Target;
use crate::exposure::pixels;
use crate::geometry::{Overlap, RowSpan, Scan};
use crate::kernel::{Centre, Gaussian, Lanczos, Shape, Square, Turbo};
use crate::{Band, DrizzleError, Exposure, Kernel, PixelMap, Section, Settings, Tally};

/// Columns that are looked at together when a band asks which pixels concern it.
const BLOCK: usize = 64;

/// The geometry of one exposure: which of its pixels meet the output, and at which rows.
#[derive(Debug, Clone)]
pub struct Plan<'a> {
    pixmap: PixelMap<'a>,
    settings: Settings,
    scale_ratio: f32,
    output: (usize, usize),
    scan: Scan,
    /// Lowest and highest output row of each block of columns of each input row, infinite where nothing is mapped.
    heights: Vec<(f32, f32)>,
}

impl<'a> Plan<'a> {
    /// Works out the geometry of an exposure with this map on an output of `output` rows and columns.
    ///
    /// # Errors
    /// [`DrizzleError`] if a setting is out of its range, less than two rows or columns are mapped, or the kernel needs
    /// a ratio of pixel scales that cannot be estimated.
    pub fn new(
        pixmap: &PixelMap<'a>,
        output: (usize, usize),
        settings: &Settings,
    ) -> Result<Self, DrizzleError> {
        settings.check()?;
        let section = pixmap.mapped_section(whole_section(pixmap, settings.section)?)?;
        let overlap = Overlap::new(pixmap, section, output);
        let scan = Scan::new(&overlap);
        let kernel = settings.effective_kernel();
        let needs_ratio = !matches!(kernel, Kernel::Square | Kernel::Point);
        let scale_ratio = match settings.pixel_scale_ratio {
            Some(ratio) => ratio,
            None if needs_ratio && !scan.rows.is_empty() => overlap
                .scale_ratio(pixmap)
                .ok_or(DrizzleError::ScaleRatio)?,
            None => 1.0,
        };
        Ok(Self {
            pixmap: *pixmap,
            settings: *settings,
            scale_ratio,
            output,
            scan,
            heights: heights(pixmap),
        })
    }

    /// Adds the exposure to a band of the output, and counts what missed. The counts of bands that make up the output
    /// are to be added with [`total`](Self::total).
    ///
    /// # Errors
    /// [`DrizzleError`] if images of exposure and band do not fit the plan or each other; nothing has been added then.
    pub fn drizzle(
        &self,
        exposure: &Exposure<'_>,
        band: &mut Band<'_>,
    ) -> Result<Hits, DrizzleError> {
        exposure.check(self.pixmap.shape())?;
        let rows = band.main.weight.nrows();
        let first = band.first_row;
        if first + rows > self.output.0 {
            return Err(DrizzleError::Shape {
                what: "a band of rows",
                expected: self.output,
                found: (first + rows, band.main.weight.ncols()),
            });
        }
        let weight = match &exposure.weight {
            Some(weight) => Some(pixels(weight, "the weights")?),
            None => None,
        };
        let mut work = Work {
            plan: self,
            weight,
            first_row: first as i64,
            last_row: (first + rows) as i64 - 1,
            target: Target::new(
                exposure,
                band,
                (rows, self.output.1),
                self.settings.data_scale(),
            )?,
        };
        let (pixmap, pixfrac, ratio) = (self.pixmap, self.settings.pixfrac, self.scale_ratio);
        Ok(Hits(match self.settings.effective_kernel() {
            Kernel::Square => work.run(&Square::new(pixmap, pixfrac)),
            Kernel::Point => work.run(&Centre { pixmap }),
            Kernel::Turbo => work.run(&Turbo::new(pixmap, pixfrac, ratio)),
            Kernel::Gaussian => work.run(&Gaussian::new(pixmap, pixfrac, ratio)),
            Kernel::Lanczos2 => work.run(&Lanczos::new(pixmap, 2, ratio)),
            Kernel::Lanczos3 => work.run(&Lanczos::new(pixmap, 3, ratio)),
        }))
    }

    /// What the whole exposure missed, from the counts of bands that cover the output once.
    pub fn total(&self, bands: impl IntoIterator<Item = Hits>) -> Tally {
        let looked_at: i64 = self
            .scan
            .rows
            .iter()
            .map(|span| (span.last - span.first + 1) as i64)
            .sum();
        let hits: i64 = bands.into_iter().map(|hits| hits.0).sum();
        Tally {
            missed: self.scan.missed + looked_at - hits,
            skipped: self.scan.skipped,
        }
    }
}

/// Input pixels whose first output pixel lies in a band.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hits(i64);

/// The section to use, within the image.
fn whole_section(pixmap: &PixelMap<'_>, section: Option<Section>) -> Result<Section, DrizzleError> {
    let (rows, columns) = pixmap.shape();
    if rows < 2 || columns < 2 {
        return Err(DrizzleError::NoValidPixels);
    }
    let whole = Section {
        xmin: 0,
        xmax: columns - 1,
        ymin: 0,
        ymax: rows - 1,
    };
    let Some(asked) = section else {
        return Ok(whole);
    };
    let within = Section {
        xmax: asked.xmax.min(whole.xmax),
        ymax: asked.ymax.min(whole.ymax),
        ..asked
    };
    if within.xmin >= within.xmax || within.ymin >= within.ymax {
        return Err(DrizzleError::NoValidPixels);
    }
    Ok(within)
}

/// Output rows of the centres in each block.
fn heights(pixmap: &PixelMap<'_>) -> Vec<(f32, f32)> {
    let (_, columns) = pixmap.shape();
    pixmap
        .y()
        .chunks(columns)
        .flat_map(|row| {
            (0..columns).step_by(BLOCK).map(move |start| {
                // A column more on both sides, for corners between the blocks.
                let end = (start + BLOCK + 1).min(columns);
                let block = &row[start.saturating_sub(1)..end];
                let low = block.iter().fold(f64::INFINITY, |low, &y| low.min(y));
                let high = block.iter().fold(f64::NEG_INFINITY, |high, &y| high.max(y));
                // Halves and rounding to 32 bits are within the reach that is added later.
                (low as f32, high as f32)
            })
        })
        .collect()
}

/// One exposure on one band.
struct Work<'b> {
    plan: &'b Plan<'b>,
    weight: Option<&'b [f32]>,
    first_row: i64,
    last_row: i64,
    target: Target<'b>,
}

impl Work<'_> {
    /// Adds all pixels, and counts those whose first hit is in the band.
    fn run<S: Shape>(&mut self, shape: &S) -> i64 {
        let plan = self.plan;
        let columns = plan.pixmap.shape().1;
        let mut hits = 0;
        for &RowSpan { row, first, last } in &plan.scan.rows {
            for block in first / BLOCK..=last / BLOCK {
                if !self.concerns(shape, row, block) {
                    continue;
                }
                let start = first.max(block * BLOCK);
                let end = last.min(block * BLOCK + BLOCK - 1);
                for column in start..=end {
                    if let Some(spot) = shape.spot(column, row) {
                        hits += i64::from(self.add(shape, &spot, row * columns + column));
                    }
                }
            }
        }
        hits
    }

    /// Whether a block of a row may touch the band.
    fn concerns<S: Shape>(&self, shape: &S, row: usize, block: usize) -> bool {
        let (rows, columns) = self.plan.pixmap.shape();
        let blocks = columns.div_ceil(BLOCK);
        let height = |row: usize| self.plan.heights[row * blocks + block];
        let (mut low, mut high) = height(row);
        if S::USES_NEIGHBOURS {
            for neighbour in [row.saturating_sub(1), (row + 1).min(rows - 1)] {
                let (l, h) = height(neighbour);
                (low, high) = (low.min(l), high.max(h));
            }
            let edge = row == 0 || row + 2 >= rows || block == 0 || block + 1 == blocks;
            if edge {
                // Extrapolated corners may lie outside of the centres they come from, by less than this.
                let width = 2.0 * (high - low);
                (low, high) = (low - width, high + width);
            }
        }
        let reach = shape.reach() + 1.0 + f64::from(high.abs().max(low.abs())) * 1e-6;
        f64::from(low) - reach <= self.last_row as f64
            && f64::from(high) + reach >= self.first_row as f64
    }

    /// Adds one pixel; true if its first hit is in the band.
    #[inline(always)]
    fn add<S: Shape>(&mut self, shape: &S, spot: &S::Spot, from: usize) -> bool {
        let (bottom, top) = shape.rows(spot);
        let (bottom, top) = (bottom.max(0), top.min(self.plan.output.0 as i64 - 1));
        if bottom > self.last_row || top < self.first_row {
            return false;
        }
        let (left, right) = shape.columns(spot);
        let (left, right) = (left.max(0), right.min(self.plan.output.1 as i64 - 1));
        let weight = self
            .weight
            .map_or(1.0, |weight| weight[from] * self.plan.settings.weight_scale);
        let whole = shape.whole(spot, weight);
        // A pixel that has hit a row below the band is counted there.
        let counted = (bottom..self.first_row).any(|row| {
            (left..=right).any(|column| shape.share(spot, whole, column, row).is_some())
        });
        let mut hit = false;
        let rows = (bottom.max(self.first_row), top.min(self.last_row));
        let (first_row, width) = (self.first_row, self.plan.output.1);
        let target = &mut self.target;
        shape.shares(spot, whole, (left, right), rows, |column, row, share| {
            hit = true;
            let to = (row - first_row) as usize * width + column as usize;
            target.add(from, to, share);
        });
        hit && !counted
    }
}
