//! The geometry of one exposure on one output, worked out once for all bands.

use crate::band::Target;
use crate::exposure::pixels;
use crate::geometry::{Overlap, RowSpan, Scan};
use crate::kernel::{
    Centre, Gaussian, LANES, Lanczos, Receiver, Run, Shape, Shares, Square, Turbo, Window,
};
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
    reaches: Reaches,
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
            reaches: Reaches::new(pixmap, kernel == Kernel::Square),
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
        let work = Work {
            plan: self,
            weight,
            shape: (rows, self.output.1),
        };
        band.clear_if_new();
        work.add(exposure, band)
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

/// The lowest and the highest output row that corners of input pixels lie at, the kernel's reach aside; infinite where
/// nothing is mapped.
#[derive(Debug, Clone)]
struct Reaches {
    /// Of each input row.
    rows: Vec<(f32, f32)>,
    /// Of each block of columns of each row.
    blocks: Vec<(f32, f32)>,
}

impl Reaches {
    /// With `corners` that depend on the neighbours, or else of the centres.
    fn new(pixmap: &PixelMap<'_>, corners: bool) -> Self {
        let (rows, columns) = pixmap.shape();
        let count = columns.div_ceil(BLOCK);
        let mut blocks = heights(pixmap);
        if corners {
            let centres = blocks.clone();
            for (index, reach) in blocks.iter_mut().enumerate() {
                let (row, block) = (index / count, index % count);
                for neighbour in [row.saturating_sub(1), (row + 1).min(rows - 1)] {
                    *reach = both(*reach, centres[neighbour * count + block]);
                }
                if row == 0 || row + 2 >= rows || block == 0 || block + 1 == count {
                    // Extrapolated corners may lie outside of the centres they come from, by less than this.
                    let width = 2.0 * (reach.1 - reach.0);
                    *reach = (reach.0 - width, reach.1 + width);
                }
            }
        }
        let nothing = (f32::INFINITY, f32::NEG_INFINITY);
        let rows = blocks.chunks(count.max(1));
        let rows = rows.map(|row| row.iter().fold(nothing, |all, reach| both(all, *reach)));
        Self {
            rows: rows.collect(),
            blocks,
        }
    }

    fn block(&self, row: usize, block: usize) -> (f32, f32) {
        let count = self.blocks.len() / self.rows.len().max(1);
        self.blocks[row * count + block]
    }
}

/// What holds both of two ranges.
fn both(a: (f32, f32), b: (f32, f32)) -> (f32, f32) {
    (a.0.min(b.0), a.1.max(b.1))
}

/// Output rows of the centres in each block.
fn heights(pixmap: &PixelMap<'_>) -> Vec<(f32, f32)> {
    let (_, columns) = pixmap.shape();
    let rows = pixmap.y().chunks(columns);
    let blocks = rows.flat_map(|row| {
        (0..columns).step_by(BLOCK).map(move |start| {
            // A column more on both sides, for corners between the blocks.
            let end = (start + BLOCK + 1).min(columns);
            let (low, high) = range(&row[start.saturating_sub(1)..end]);
            // Halves and rounding to 32 bits are within the reach that is added later.
            (low as f32, high as f32)
        })
    });
    blocks.collect()
}

/// The smallest and the largest of numbers, infinite if there are none but NaN.
fn range(numbers: &[f64]) -> (f64, f64) {
    const SIDE_BY_SIDE: usize = 8;
    let (mut low, mut high) = (
        [f64::INFINITY; SIDE_BY_SIDE],
        [f64::NEG_INFINITY; SIDE_BY_SIDE],
    );
    let mut widen = |k: usize, number: f64| {
        // A comparison with NaN is false.
        low[k] = if number < low[k] { number } else { low[k] };
        high[k] = if number > high[k] { number } else { high[k] };
    };
    let (chunks, rest) = numbers.as_chunks::<SIDE_BY_SIDE>();
    for chunk in chunks {
        for (k, number) in chunk.iter().enumerate() {
            widen(k, *number);
        }
    }
    for number in rest {
        widen(0, *number);
    }
    (
        low.into_iter().fold(f64::INFINITY, f64::min),
        high.into_iter().fold(f64::NEG_INFINITY, f64::max),
    )
}

/// One exposure on one band.
struct Work<'b> {
    plan: &'b Plan<'b>,
    weight: Option<&'b [f32]>,
    /// Rows and columns of the band.
    shape: (usize, usize),
}

impl Work<'_> {
    fn add(&self, exposure: &Exposure<'_>, band: &mut Band<'_>) -> Result<Hits, DrizzleError> {
        let settings = &self.plan.settings;
        let (pixmap, pixfrac) = (self.plan.pixmap, settings.pixfrac);
        let ratio = self.plan.scale_ratio;
        let first_row = band.first_row;
        let target = Target::new(exposure, band, self.shape, settings.data_scale())?;
        let mut drops = Drops {
            work: self,
            first_row: first_row as i64,
            target,
            weights: [1.0; LANES],
            hits: 0,
            is_new: false,
        };
        match settings.effective_kernel() {
            Kernel::Square => drops.run(&Square::new(pixmap, pixfrac)),
            Kernel::Point => drops.run(&Centre { pixmap }),
            Kernel::Turbo => drops.run(&Turbo::new(pixmap, pixfrac, ratio)),
            Kernel::Gaussian => drops.run(&Gaussian::new(pixmap, pixfrac, ratio)),
            Kernel::Lanczos2 => drops.run(&Lanczos::new(pixmap, 2, ratio)),
            Kernel::Lanczos3 => drops.run(&Lanczos::new(pixmap, 3, ratio)),
        }
        Ok(Hits(drops.hits))
    }
}

/// What the pixels of an exposure give to a band.
struct Drops<'w, 'b> {
    work: &'w Work<'w>,
    first_row: i64,
    target: Target<'b>,
    /// Weights of the pixels turned to.
    weights: [f32; LANES],
    /// Pixels whose first hit is in the band.
    hits: i64,
    /// Whether the pixel has not hit anything yet.
    is_new: bool,
}

impl Drops<'_, '_> {
    /// Adds all pixels, with the vector instructions that the machine has; arithmetic is the same with all of them.
    fn run<S: Shape>(&mut self, shape: &S) {
        pulp::Arch::new().dispatch(AllPixels { shape, drops: self });
    }

    #[inline(always)]
    fn add_all<S: Shape>(&mut self, simd: impl pulp::Simd, shape: &S) {
        let mut room = S::Room::default();
        for &RowSpan { row, first, last } in &self.work.plan.scan.rows {
            if !self.is_near(shape, self.work.plan.reaches.rows[row]) {
                continue;
            }
            for block in first / BLOCK..=last / BLOCK {
                if self.is_near(shape, self.work.plan.reaches.block(row, block)) {
                    let start = first.max(block * BLOCK);
                    let end = last.min(block * BLOCK + BLOCK - 1);
                    shape.spread(simd, &mut room, row, start..=end, self);
                }
            }
        }
    }

    /// Whether pixels whose corners lie at these heights may touch the band.
    #[inline(always)]
    fn is_near<S: Shape>(&self, shape: &S, (low, high): (f32, f32)) -> bool {
        let reach = shape.reach() + 1.0 + f64::from(high.abs().max(low.abs())) * 1e-6;
        f64::from(low) - reach <= self.window().rows.1 as f64
            && f64::from(high) + reach >= self.first_row as f64
    }
}

/// The work that is compiled for several sets of instructions.
struct AllPixels<'d, 'w, 'b, S> {
    shape: &'d S,
    drops: &'d mut Drops<'w, 'b>,
}

impl<S: Shape> pulp::WithSimd for AllPixels<'_, '_, '_, S> {
    type Output = ();

    #[inline(always)]
    fn with_simd<I: pulp::Simd>(self, simd: I) {
        self.drops.add_all(simd, self.shape);
    }
}

impl Receiver for Drops<'_, '_> {
    #[inline(always)]
    fn window(&self) -> Window {
        let (rows, columns) = self.work.plan.output;
        Window {
            rows: (
                self.first_row,
                self.first_row + self.work.shape.0 as i64 - 1,
            ),
            last: (rows as i64 - 1, columns as i64 - 1),
        }
    }

    #[inline(always)]
    fn load(&mut self, (column, row): (usize, usize), count: usize) {
        let plan = self.work.plan;
        let from = row * plan.pixmap.shape().1 + column;
        if let Some(weight) = self.work.weight {
            let scale = plan.settings.weight_scale;
            for (lane, weight) in self.weights.iter_mut().zip(&weight[from..from + count]) {
                *lane = weight * scale;
            }
        }
        self.target.load(from, count);
    }

    #[inline(always)]
    fn weight(&self, lane: usize) -> f32 {
        self.weights[lane]
    }

    #[inline(always)]
    fn begin(&mut self, _lane: usize) {
        self.is_new = true;
    }

    #[inline(always)]
    fn add(&mut self, lane: usize, column: i64, row: i64, share: f32) {
        let row = row - self.first_row;
        // A pixel that has hit a row below the band is counted there.
        self.hits += i64::from(self.is_new && row >= 0);
        self.is_new = false;
        if row >= 0 {
            let to = row as usize * self.work.shape.1 + column as usize;
            self.target.add(to, lane, share);
        }
    }

    #[inline(always)]
    fn add_cells(&mut self, lane: usize, (column, row): (i64, i64), bits: u64, shares: &Shares) {
        self.hits += i64::from(bits != 0);
        let width = self.work.shape.1;
        let first = (row - self.first_row) as usize * width + column as usize;
        self.target.add_cells((first, width), lane, bits, shares);
    }

    #[inline(always)]
    fn add_run(&mut self, simd: impl pulp::Simd, run: &Run, shares: &Shares) {
        self.hits += run.hits;
        let width = self.work.shape.1;
        let (column, row) = run.first;
        let first = (row - self.first_row) as usize * width + column as usize;
        self.target.add_run(simd, (first, width), run, shares);
    }
}
