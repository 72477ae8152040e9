//! The images of an exposure beside those of a band that they go into.

use std::ops::Range;

use ndarray::{ArrayView2, ArrayViewMut2};
use pulp::Simd;

use super::cells::Cells;
use super::means::{Layered, Meaning, Means, Squared};
use super::{Band, Images};
use crate::exposure::pixels;
use crate::kernel::{CELLS, LANES, Run, Shares};
use crate::{DrizzleError, Exposure, Layer};

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
                pixels(input, "the quality bits")?,
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
        let Some(lanes) = self.together::<S>(first, width, run) else {
            for lane in run.lanes.clone() {
                let first = first + lane - run.lanes.start;
                self.add_cells((first, width), lane, run.cells, shares);
            }
            return;
        };
        let first = first - (run.lanes.start - lanes.start);
        let is_of_run = run.mask();
        for column in (0..CELLS).rev() {
            for row in 0..CELLS {
                let cell = CELLS * row + column;
                if run.cells & 1 << cell != 0 {
                    let to = first + row * width + column;
                    let weights = masked(&shares[cell], &is_of_run);
                    self.add_row(simd, to, lanes.clone(), &weights);
                }
            }
        }
    }

    /// The lanes of the vector registers that hold the pixels of a run, if all of these can be added together: the pixels of
    /// the other lanes, which get nothing, lie within the band, too.
    #[inline(always)]
    fn together<S: Simd>(&self, first: usize, width: usize, run: &Run) -> Option<Range<usize>> {
        if self.dq.is_some() || !self.main.squared.is_empty() {
            return None;
        }
        let Range { start, end } = run.lanes;
        let lanes = start - start % S::F32_LANES..end.next_multiple_of(S::F32_LANES);
        let highest_row = run.cells.checked_ilog2().unwrap_or(0) as usize / CELLS;
        let last = first + highest_row * width + (CELLS - 1) + (lanes.end - start);
        (first >= start - lanes.start && last <= self.main.weight.len()).then_some(lanes)
    }

    /// As [`Means::add_row`], in all images.
    #[inline(always)]
    fn add_row<S: Simd>(
        &mut self,
        simd: S,
        to: usize,
        lanes: Range<usize>,
        weights: &[f32; LANES],
    ) {
        if let Some((plane, bit)) = &mut self.context {
            let pixels = plane[to..to + lanes.len()].iter_mut();
            for (bits, weight) in pixels.zip(&weights[lanes.clone()]) {
                *bits |= if *weight > 0.0 { *bit } else { 0 };
            }
        }
        self.main.add_row(simd, to, lanes.clone(), weights);
        if let Some(separate) = &mut self.separate {
            separate.add_row(simd, to, lanes, weights);
        }
    }
}

/// Shares of the lanes of a run, 0 in the others.
#[inline(always)]
fn masked(shares: &[f32; LANES], mask: &[u32; LANES]) -> [f32; LANES] {
    let mut weights = [0.0; LANES];
    for (weight, (share, mask)) in weights.iter_mut().zip(shares.iter().zip(mask)) {
        *weight = f32::from_bits(share.to_bits() & mask);
    }
    weights
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
                .map(|image| pixels(image, "an image with squared weights"))
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
type Input<'b, 'v> = (&'b ArrayView2<'v, f32>, Meaning);

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
            pixels: pixels(input, "an image of the exposure")?,
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
