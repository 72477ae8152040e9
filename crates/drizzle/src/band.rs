//! A band of output rows, and how contributions are added to it.

use ndarray::ArrayViewMut2;

use crate::kernel::{CELLS, LANES, Shares};
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

/// Means over one sum of weights, at most.
pub(crate) const MOST_MEANS: usize = 32;

/// Means over one sum of weights. While an exposure is added, the means of an output pixel lie side by side, so that a
/// contribution changes all of them with the same few instructions.
struct Means<'b, const N: usize> {
    weight: &'b mut [f32],
    images: Vec<(Pixels<'b>, &'b mut [f32])>,
    squared: Vec<(Option<&'b [f32]>, &'b mut [f32])>,
    /// Means and then means with squared weights of each output pixel.
    pixels: Vec<[f32; N]>,
    /// The input pixels that are being added.
    values: [[f32; N]; LANES],
}

/// The pixels of an image of an exposure.
struct Pixels<'b> {
    values: &'b [f32],
    meaning: Meaning,
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

impl<'b, const N: usize> Means<'b, N> {
    fn new(
        weight: &'b mut [f32],
        images: Vec<(Pixels<'b>, &'b mut [f32])>,
        squared: Vec<(Option<&'b [f32]>, &'b mut [f32])>,
    ) -> Self {
        let mut pixels = vec![[0.0; N]; weight.len()];
        let means = images.iter().map(|(_, mean)| &**mean);
        let squares = squared.iter().map(|(_, mean)| &**mean);
        for (place, image) in means.chain(squares).enumerate() {
            for (pixel, &value) in pixels.iter_mut().zip(image) {
                pixel[place] = value;
            }
        }
        Self {
            weight,
            images,
            squared,
            pixels,
            values: [[0.0; N]; LANES],
        }
    }

    /// Turns to `count` input pixels.
    #[inline(always)]
    fn load(&mut self, from: usize, count: usize, scale: f32) {
        for (place, (image, _)) in self.images.iter().enumerate() {
            // Lines of all lanes are copied in registers, others by a call.
            let mut line = match image.values[from..].first_chunk::<LANES>() {
                Some(line) if count == LANES => *line,
                _ => {
                    let mut line = [0.0; LANES];
                    line[..count].copy_from_slice(&image.values[from..from + count]);
                    line
                }
            };
            line = match image.meaning {
                Meaning::Values { background } => line.map(|value| (value - background) * scale),
                Meaning::Roots => line.map(|value| value.sqrt() * scale),
                Meaning::InverseRoots => line.map(|value| (1.0 / value).sqrt() * scale),
            };
            for (values, value) in self.values.iter_mut().zip(line) {
                values[place] = value;
            }
        }
        for (place, (image, _)) in (self.images.len()..).zip(&self.squared) {
            for (lane, values) in self.values[..count].iter_mut().enumerate() {
                values[place] = image.map_or(0.0, |image| image[from + lane] * (scale * scale));
            }
        }
    }

    /// Adds the input pixel in a lane to `to` with a weight.
    #[inline(always)]
    fn add(&mut self, to: usize, lane: usize, weight: f32) {
        let (old, before) = (self.pixels[to], self.weight[to]);
        self.sums(lane).add(to, weight);
        if !self.squared.is_empty() && before != 0.0 {
            self.add_squared(to, lane, &old, (before, weight));
        }
    }

    /// The sums for the input pixel in a lane.
    #[inline(always)]
    fn sums(&mut self, lane: usize) -> Sums<'_, N> {
        // Of one length, so that it is compared with once.
        let count = self.weight.len().min(self.pixels.len());
        Sums {
            weight: &mut self.weight[..count],
            pixels: &mut self.pixels[..count],
            values: self.values[lane],
        }
    }

    #[inline(never)]
    fn add_squared(
        &mut self,
        to: usize,
        lane: usize,
        old: &[f32; N],
        (before, weight): (f32, f32),
    ) {
        let total = f64::from(before + weight);
        // The squares of the two parts are rounded to 32 bits, that of the total is not.
        let (before, weight) = (f64::from(before * before), f64::from(weight * weight));
        let squares = self.images.len()..self.images.len() + self.squared.len();
        let pairs = old[squares.clone()]
            .iter()
            .zip(&self.values[lane][squares.clone()]);
        for (mean, (old, value)) in self.pixels[to][squares].iter_mut().zip(pairs) {
            let sum = f64::from(*old) * before + weight * f64::from(*value);
            *mean = (sum / (total * total)) as f32;
        }
    }

    /// Puts the means back into the images of the band.
    fn finish(self) {
        let means = self.images.into_iter().map(|(_, mean)| mean);
        let squares = self.squared.into_iter().map(|(_, mean)| mean);
        for (place, image) in means.chain(squares).enumerate() {
            for (value, pixel) in image.iter_mut().zip(&self.pixels) {
                *value = pixel[place];
            }
        }
    }
}

/// What an input pixel is added to, at hand for as long as it is.
struct Sums<'s, const N: usize> {
    weight: &'s mut [f32],
    pixels: &'s mut [[f32; N]],
    /// The input pixel.
    values: [f32; N],
}

impl<const N: usize> Sums<'_, N> {
    /// Adds the input pixel to `to` with a weight. Sums are 32-bit, in the order of the contributions.
    #[inline(always)]
    fn add(&mut self, to: usize, weight: f32) {
        let (old, before) = (self.pixels[to], self.weight[to]);
        let total = before + weight;
        // Masks in place of a branch: which contribution is the first is not to be foreseen.
        let known = u32::from(before != 0.0).wrapping_neg();
        let mut new = [0.0; N];
        for k in 0..N {
            let mean = (old[k] * before + weight * self.values[k]) / total;
            new[k] = f32::from_bits(mean.to_bits() & known | self.values[k].to_bits() & !known);
        }
        self.pixels[to] = new;
        self.weight[to] = total;
    }
}

/// A band as plain slices, with the images that go into it; `N` is the number of means over one sum of weights, or more.
pub(crate) struct Target<'b, const N: usize> {
    main: Means<'b, N>,
    context: Option<(&'b mut [i32], i32)>,
    dq: Option<(&'b [u32], &'b mut [u32])>,
    separate: Option<Means<'b, N>>,
    scale: f32,
    /// The first of the input pixels that are being added.
    from: usize,
}

impl<'b, const N: usize> Target<'b, N> {
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
        if self.dq.is_some() || !self.main.squared.is_empty() {
            for (to, cell) in Cells::of(bits, first, width) {
                self.add(to, lane, shares[cell][lane]);
            }
            return;
        }
        let mut context = self.context.as_mut();
        let mut main = self.main.sums(lane);
        let mut separate = self.separate.as_mut().map(|means| means.sums(lane));
        for (to, cell) in Cells::of(bits, first, width) {
            let weight = shares[cell][lane];
            if let Some((plane, bit)) = &mut context {
                plane[to] |= if weight > 0.0 { *bit } else { 0 };
            }
            if weight == 0.0 {
                continue;
            }
            main.add(to, weight);
            if let Some(separate) = &mut separate {
                separate.add(to, weight);
            }
        }
    }

    /// Puts everything into the images of the band.
    pub(crate) fn finish(self) {
        self.main.finish();
        if let Some(separate) = self.separate {
            separate.finish();
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

/// How many means over one sum of weights an exposure has.
pub(crate) fn count(exposure: &Exposure<'_>) -> usize {
    let main = 1 + exposure.along.len() + exposure.squared.len();
    main.max(exposure.separate.len())
}

type Pair<'b, I> = (I, &'b mut [f32]);

fn squared<'b>(
    exposure: &'b Exposure<'_>,
    outputs: &'b mut [ArrayViewMut2<'_, f32>],
    shape: (usize, usize),
) -> Result<Vec<Pair<'b, Option<&'b [f32]>>>, DrizzleError> {
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
            Ok((input, flat(output, shape, "a mean with squared weights")?))
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

fn means<'b, 'v: 'b, const N: usize>(
    inputs: Vec<Input<'b, 'v>>,
    outputs: &'b mut Images<'_>,
    squared: Vec<Pair<'b, Option<&'b [f32]>>>,
    shape: (usize, usize),
) -> Result<Means<'b, N>, DrizzleError> {
    if outputs.means.len() != inputs.len() {
        return Err(DrizzleError::Count {
            what: "means",
            expected: inputs.len(),
            found: outputs.means.len(),
        });
    }
    let mut images = Vec::with_capacity(inputs.len());
    for ((input, meaning), output) in inputs.into_iter().zip(&mut outputs.means) {
        let pixels = Pixels {
            values: crate::exposure::pixels(input, "an image of the exposure")?,
            meaning,
        };
        images.push((pixels, flat(output, shape, "a mean")?));
    }
    let weight = flat(&mut outputs.weight, shape, "the sum of weights")?;
    Ok(Means::new(weight, images, squared))
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
