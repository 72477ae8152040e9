//! A band of output rows, and how contributions are added to it.

use ndarray::ArrayViewMut2;
use pulp::Simd;

use crate::kernel::{CELLS, LANES, Run, Shares};
use crate::{DrizzleError, Exposure, Layer};

/// Rows of the output to which an exposure is added: views of the same rows of all output images, each
/// `(row, column)` and stored row after row.
#[derive(Debug)]
pub struct Band<'a> {
    /// Output row of the band's first row.
    pub first_row: usize,
    /// Whether no exposure has been added yet: what its images hold then counts for nothing.
    pub is_new: bool,
    /// Weighted mean of the data, those of [`Exposure::along`], and the sum of weights.
    pub main: Images<'a>,
    /// Means with squared weights, one for each of [`Exposure::squared`].
    pub squared: Vec<ArrayViewMut2<'a, f32>>,
    /// Plane of the context, and the bit of this exposure (0 to 31).
    pub context: Option<(ArrayViewMut2<'a, i32>, u8)>,
    /// Quality bits of all pixels that contributed.
    pub dq: Option<ArrayViewMut2<'a, u32>>,
    /// Means of [`Exposure::separate`] with their own sum of weights.
    pub separate: Option<Images<'a>>,
}

impl Band<'_> {
    /// Sets all output images to zero if nothing has been added to them.
    ///
    /// Even where they are zero: a page of new memory that is read before anything has been written to it costs a second
    /// fault, and an interrupt of all other processors.
    pub(crate) fn clear_if_new(&mut self) {
        if !std::mem::take(&mut self.is_new) {
            return;
        }
        let separate = self.separate.iter_mut();
        for images in std::iter::once(&mut self.main).chain(separate) {
            images.weight.fill(0.0);
            images.means.iter_mut().for_each(|mean| mean.fill(0.0));
        }
        self.squared.iter_mut().for_each(|mean| mean.fill(0.0));
        if let Some((plane, _)) = &mut self.context {
            plane.fill(0);
        }
        if let Some(dq) = &mut self.dq {
            dq.fill(0);
        }
    }
}

/// Weighted means that share their weights.
#[derive(Debug)]
pub struct Images<'a> {
    /// Sum of the weights.
    pub weight: ArrayViewMut2<'a, f32>,
    /// The means.
    pub means: Vec<ArrayViewMut2<'a, f32>>,
}

/// Input pixels and rows that gave nothing, counted as the reference does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Pixels of the section that hit no output pixel.
    pub missed: i64,
    /// Rows of the section that do not meet the output.
    pub skipped: i64,
}

/// Means over one sum of weights.
struct Means<'b> {
    weight: &'b mut [f32],
    images: Vec<Layered<'b>>,
    squared: Vec<Squared<'b>>,
}

/// An image of an exposure and its mean.
struct Layered<'b> {
    pixels: &'b [f32],
    meaning: Meaning,
    mean: &'b mut [f32],
    /// The input pixels that are being added.
    values: [f32; LANES],
}

/// An image of an exposure, if there is one, and its mean with squared weights.
struct Squared<'b> {
    pixels: Option<&'b [f32]>,
    mean: &'b mut [f32],
    values: [f32; LANES],
}

/// What the pixels of an image stand for.
#[derive(Debug, Clone, Copy)]
enum Meaning {
    /// Themselves, without a background.
    Values { background: f32 },
    /// Their square roots.
    Roots,
    /// The square roots of their inverse.
    InverseRoots,
}

impl Means<'_> {
    /// Turns to `count` input pixels.
    #[inline(always)]
    fn load(&mut self, from: usize, count: usize, scale: f32) {
        for image in &mut self.images {
            // Lines of all lanes are copied in registers, others by a call.
            let line = match image.pixels[from..].first_chunk::<LANES>() {
                Some(line) if count == LANES => *line,
                _ => {
                    let mut line = [0.0; LANES];
                    line[..count].copy_from_slice(&image.pixels[from..from + count]);
                    line
                }
            };
            image.values = match image.meaning {
                Meaning::Values { background } => line.map(|value| (value - background) * scale),
                Meaning::Roots => line.map(|value| value.sqrt() * scale),
                Meaning::InverseRoots => line.map(|value| (1.0 / value).sqrt() * scale),
            };
        }
        for image in &mut self.squared {
            let Some(pixels) = image.pixels else {
                continue;
            };
            let line = image.values.iter_mut().zip(&pixels[from..from + count]);
            line.for_each(|(value, pixel)| *value = pixel * (scale * scale));
        }
    }

    /// Adds the input pixel in a lane to `to` with a weight. Sums are 32-bit, in the order of the contributions.
    #[inline(always)]
    fn add(&mut self, to: usize, lane: usize, weight: f32) {
        let before = self.weight[to];
        let total = before + weight;
        // Masks in place of a branch: which contribution is the first is not to be foreseen.
        let known = u32::from(before != 0.0).wrapping_neg();
        for image in &mut self.images {
            let (mean, value) = (&mut image.mean[to], image.values[lane]);
            let new = (*mean * before + weight * value) / total;
            *mean = f32::from_bits(new.to_bits() & known | value.to_bits() & !known);
        }
        if !self.squared.is_empty() {
            self.add_squared(to, lane, (before, weight));
        }
        self.weight[to] = total;
    }

    #[inline(never)]
    fn add_squared(&mut self, to: usize, lane: usize, (before, weight): (f32, f32)) {
        let total = f64::from(before + weight);
        // The squares of the two parts are rounded to 32 bits, that of the total is not.
        let squares = (f64::from(before * before), f64::from(weight * weight));
        for image in &mut self.squared {
            let (mean, value) = (&mut image.mean[to], image.values[lane]);
            let sum = f64::from(*mean) * squares.0 + squares.1 * f64::from(value);
            *mean = if before == 0.0 {
                value
            } else {
                (sum / (total * total)) as f32
            };
        }
    }

    /// Adds neighbouring input pixels, from `lane` on, to neighbouring output pixels, from `to` on, with a weight for each;
    /// those without weight are not added. The same arithmetic as that of [`add`](Self::add).
    #[inline(always)]
    fn add_row<S: Simd>(&mut self, simd: S, to: usize, lane: usize, weights: &[f32]) {
        let count = weights.len();
        let sums = &mut self.weight[to..to + count];
        for image in &mut self.images {
            let means = &mut image.mean[to..to + count];
            let values = &image.values[lane..lane + count];
            let (head, rest) = S::as_mut_simd_f32s(means);
            let parts = (
                S::as_simd_f32s(sums),
                S::as_simd_f32s(weights),
                S::as_simd_f32s(values),
            );
            let pixels = head.iter_mut().zip(parts.0.0).zip(parts.1.0).zip(parts.2.0);
            for (((mean, before), weight), value) in pixels {
                *mean = mean_with(simd, *mean, *before, (*weight, *value));
            }
            if !rest.is_empty() {
                let new = mean_with(
                    simd,
                    simd.partial_load_f32s(rest),
                    simd.partial_load_f32s(parts.0.1),
                    (
                        simd.partial_load_f32s(parts.1.1),
                        simd.partial_load_f32s(parts.2.1),
                    ),
                );
                simd.partial_store_f32s(rest, new);
            }
        }
        for (sum, weight) in sums.iter_mut().zip(weights) {
            *sum += weight;
        }
    }
}

/// The means of pixels with one more contribution to each: a weight and a value.
#[inline(always)]
fn mean_with<S: Simd>(
    simd: S,
    old: S::f32s,
    before: S::f32s,
    (weight, value): (S::f32s, S::f32s),
) -> S::f32s {
    let zero = simd.splat_f32s(0.0);
    let total = simd.add_f32s(before, weight);
    let sum = simd.add_f32s(simd.mul_f32s(old, before), simd.mul_f32s(weight, value));
    let mean = simd.div_f32s(sum, total);
    let new = simd.select_f32s(simd.equal_f32s(before, zero), value, mean);
    simd.select_f32s(simd.equal_f32s(weight, zero), old, new)
}

/// A band as plain slices, with the images that go into it.
pub(crate) struct Target<'b> {
    main: Means<'b>,
    context: Option<(&'b mut [i32], i32)>,
    dq: Option<(&'b [u32], &'b mut [u32])>,
    separate: Option<Means<'b>>,
    scale: f32,
    /// The first of the input pixels that are being added.
    from: usize,
}

impl<'b> Target<'b> {
    /// Pairs the images of an exposure with those of a band that has `shape`.
    pub(crate) fn new(
        exposure: &'b Exposure<'_>,
        band: &'b mut Band<'_>,
        shape: (usize, usize),
        scale: f32,
    ) -> Result<Self, DrizzleError> {
        let context = match &mut band.context {
            Some((plane, bit)) => Some((flat(plane, shape, "the context")?, 1_i32 << (*bit & 31))),
            None => None,
        };
        let dq = match (&exposure.dq, &mut band.dq) {
            (Some(input), Some(output)) => Some((
                crate::exposure::pixels(input, "the quality bits")?,
                flat(output, shape, "the output's quality bits")?,
            )),
            _ => None,
        };
        let separate = match &mut band.separate {
            Some(images) => Some(means(
                exposure.separate.iter().map(layer).collect(),
                images,
                Vec::new(),
                shape,
            )?),
            None => None,
        };
        let squared = squared(exposure, &mut band.squared, shape)?;
        let background = exposure.background;
        let data = (&exposure.data, Meaning::Values { background });
        let along = exposure.along.iter().map(layer);
        let images = std::iter::once(data).chain(along).collect();
        Ok(Self {
            main: means(images, &mut band.main, squared, shape)?,
            context,
            dq,
            separate,
            scale,
            from: 0,
        })
    }

    /// Turns to `count` input pixels.
    #[inline(always)]
    pub(crate) fn load(&mut self, from: usize, count: usize) {
        self.from = from;
        self.main.load(from, count, self.scale);
        if let Some(separate) = &mut self.separate {
            separate.load(from, count, self.scale);
        }
    }

    /// Adds the input pixel in a lane to the band's pixel `to` with a weight.
    #[inline(always)]
    pub(crate) fn add(&mut self, to: usize, lane: usize, weight: f32) {
        if weight > 0.0
            && let Some((plane, bit)) = &mut self.context
        {
            plane[to] |= *bit;
        }
        if weight == 0.0 {
            return;
        }
        if let Some((input, output)) = &mut self.dq {
            // The first contribution replaces what is there.
            let known = if self.main.weight[to] == 0.0 {
                0
            } else {
                output[to]
            };
            output[to] = known | input[self.from + lane];
        }
        self.main.add(to, lane, weight);
        if let Some(separate) = &mut self.separate {
            separate.add(to, lane, weight);
        }
    }

    /// Adds the input pixel in a lane to the cells of a grid of rows of `width` that begins with the band's pixel `first`:
    /// those of the bits `CELLS * row + column`, the lowest first.
    #[inline(always)]
    pub(crate) fn add_cells(
        &mut self,
        (first, width): (usize, usize),
        lane: usize,
        bits: u64,
        shares: &Shares,
    ) {
        for (to, cell) in Cells::of(bits, first, width) {
            self.add(to, lane, shares[cell][lane]);
        }
    }

    /// Adds the input pixels of a run to the cells of their grids, of which the first begins with the band's pixel `first`; a
    /// row has `width` pixels.
    ///
    /// Which pixels of a run come first to an output pixel is not changed: of two, the one to the left has it further to
    /// the right on its grid, and the columns of the grids are gone through from right to left.
    #[inline(always)]
    pub(crate) fn add_run<S: Simd>(
        &mut self,
        simd: S,
        (first, width): (usize, usize),
        run: &Run,
        shares: &Shares,
    ) {
        if self.dq.is_some() || !self.main.squared.is_empty() {
            for lane in run.lanes.clone() {
                let first = first + lane - run.lanes.start;
                self.add_cells((first, width), lane, run.cells, shares);
            }
            return;
        }
        for column in (0..CELLS).rev() {
            for row in 0..CELLS {
                let cell = CELLS * row + column;
                if run.cells & 1 << cell != 0 {
                    let to = first + row * width + column;
                    self.add_row(simd, to, run.lanes.start, &shares[cell][run.lanes.clone()]);
                }
            }
        }
    }

    /// As [`Means::add_row`], in all images.
    #[inline(always)]
    fn add_row<S: Simd>(&mut self, simd: S, to: usize, lane: usize, weights: &[f32]) {
        if let Some((plane, bit)) = &mut self.context {
            for (bits, weight) in plane[to..to + weights.len()].iter_mut().zip(weights) {
                *bits |= if *weight > 0.0 { *bit } else { 0 };
            }
        }
        self.main.add_row(simd, to, lane, weights);
        if let Some(separate) = &mut self.separate {
            separate.add_row(simd, to, lane, weights);
        }
    }
}

/// The cells of a grid that bits stand for: the band's pixel and the number of the cell.
struct Cells {
    bits: u64,
    first: usize,
    width: usize,
}

impl Cells {
    #[inline(always)]
    fn of(bits: u64, first: usize, width: usize) -> Self {
        Self { bits, first, width }
    }
}

impl Iterator for Cells {
    type Item = (usize, usize);

    #[inline(always)]
    fn next(&mut self) -> Option<(usize, usize)> {
        if self.bits == 0 {
            return None;
        }
        let cell = self.bits.trailing_zeros() as usize % (CELLS * CELLS);
        self.bits &= self.bits - 1;
        Some((self.first + cell / CELLS * self.width + cell % CELLS, cell))
    }
}

fn squared<'b>(
    exposure: &'b Exposure<'_>,
    outputs: &'b mut [ArrayViewMut2<'_, f32>],
    shape: (usize, usize),
) -> Result<Vec<Squared<'b>>, DrizzleError> {
    if outputs.len() != exposure.squared.len() {
        return Err(DrizzleError::Count {
            what: "means with squared weights",
            expected: exposure.squared.len(),
            found: outputs.len(),
        });
    }
    let pairs = exposure.squared.iter().zip(outputs);
    pairs
        .map(|(input, output)| {
            let input = input.as_ref();
            let input = input
                .map(|image| crate::exposure::pixels(image, "an image with squared weights"))
                .transpose()?;
            Ok(Squared {
                pixels: input,
                mean: flat(output, shape, "a mean with squared weights")?,
                values: [0.0; LANES],
            })
        })
        .collect()
}

/// An image and what it stands for.
type Input<'b, 'v> = (&'b ndarray::ArrayView2<'v, f32>, Meaning);

fn layer<'b, 'v>(layer: &'b Layer<'v>) -> Input<'b, 'v> {
    let meaning = match layer {
        Layer::Values(_) => Meaning::Values { background: 0.0 },
        Layer::Roots(_) => Meaning::Roots,
        Layer::InverseRoots(_) => Meaning::InverseRoots,
    };
    (layer.image(), meaning)
}

fn means<'b, 'v: 'b>(
    inputs: Vec<Input<'b, 'v>>,
    outputs: &'b mut Images<'_>,
    squared: Vec<Squared<'b>>,
    shape: (usize, usize),
) -> Result<Means<'b>, DrizzleError> {
    if outputs.means.len() != inputs.len() {
        return Err(DrizzleError::Count {
            what: "means",
            expected: inputs.len(),
            found: outputs.means.len(),
        });
    }
    let mut images = Vec::with_capacity(inputs.len());
    for ((input, meaning), output) in inputs.into_iter().zip(&mut outputs.means) {
        images.push(Layered {
            pixels: crate::exposure::pixels(input, "an image of the exposure")?,
            meaning,
            mean: flat(output, shape, "a mean")?,
            values: [0.0; LANES],
        });
    }
    Ok(Means {
        weight: flat(&mut outputs.weight, shape, "the sum of weights")?,
        images,
        squared,
    })
}

/// The pixels of an output image of this shape, row after row.
fn flat<'b, T>(
    view: &'b mut ArrayViewMut2<'_, T>,
    expected: (usize, usize),
    what: &'static str,
) -> Result<&'b mut [T], DrizzleError> {
    if view.dim() != expected {
        return Err(DrizzleError::Shape {
            what,
            expected,
            found: view.dim(),
        });
    }
    view.as_slice_mut().ok_or(DrizzleError::Layout { what })
}
