//! A band of output rows, and how contributions are added to it.

use ndarray::ArrayViewMut2;

use crate::{DrizzleError, Exposure};

/// Rows of the output to which an exposure is added: views of the same rows of all output images, each
/// `(row, column)` and stored row after row.
#[derive(Debug)]
pub struct Band<'a> {
    /// Output row of the band's first row.
    pub first_row: usize,
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

/// Means over one sum of weights as plain slices, with the images that go into them.
struct Means<'b> {
    weight: &'b mut [f32],
    images: Vec<(&'b [f32], &'b mut [f32])>,
    squared: Vec<(Option<&'b [f32]>, &'b mut [f32])>,
}

impl Means<'_> {
    /// Adds pixel `from` to `to` with a weight. Sums are 32-bit, in the order of the contributions.
    #[inline(always)]
    fn add(&mut self, from: usize, to: usize, weight: f32, scale: f32) {
        let before = self.weight[to];
        let total = before + weight;
        if before == 0.0 {
            for (data, mean) in &mut self.images {
                mean[to] = data[from] * scale;
            }
            for (data, mean) in &mut self.squared {
                mean[to] = data.map_or(0.0, |data| data[from] * (scale * scale));
            }
        } else {
            for (data, mean) in &mut self.images {
                mean[to] = (mean[to] * before + weight * (data[from] * scale)) / total;
            }
            if !self.squared.is_empty() {
                self.add_squared(from, to, (before, weight, total), scale);
            }
        }
        self.weight[to] = total;
    }

    #[inline(never)]
    fn add_squared(
        &mut self,
        from: usize,
        to: usize,
        (before, weight, total): (f32, f32, f32),
        scale: f32,
    ) {
        // The squares of the two parts are rounded to 32 bits, that of the total is not.
        let (before, weight) = (f64::from(before * before), f64::from(weight * weight));
        let total = f64::from(total) * f64::from(total);
        for (data, mean) in &mut self.squared {
            let value = data.map_or(0.0, |data| data[from] * (scale * scale));
            let sum = f64::from(mean[to]) * before + weight * f64::from(value);
            mean[to] = (sum / total) as f32;
        }
    }
}

/// A band as plain slices, with the images that go into it.
pub(crate) struct Target<'b> {
    main: Means<'b>,
    context: Option<(&'b mut [i32], i32)>,
    dq: Option<(&'b [u32], &'b mut [u32])>,
    separate: Option<Means<'b>>,
    scale: f32,
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
            Some(images) => Some(means(exposure.separate.iter().collect(), images, shape)?),
            None => None,
        };
        let mut main = means(
            std::iter::once(&exposure.data)
                .chain(&exposure.along)
                .collect(),
            &mut band.main,
            shape,
        )?;
        if band.squared.len() != exposure.squared.len() {
            return Err(DrizzleError::Count {
                what: "means with squared weights",
                expected: exposure.squared.len(),
                found: band.squared.len(),
            });
        }
        for (input, output) in exposure.squared.iter().zip(&mut band.squared) {
            let input = match input {
                Some(image) => Some(crate::exposure::pixels(
                    image,
                    "an image with squared weights",
                )?),
                None => None,
            };
            let output = flat(output, shape, "a mean with squared weights")?;
            main.squared.push((input, output));
        }
        Ok(Self {
            main,
            context,
            dq,
            separate,
            scale,
        })
    }

    /// Adds input pixel `from` to the band's pixel `to` with a weight.
    #[inline(always)]
    pub(crate) fn add(&mut self, from: usize, to: usize, weight: f32) {
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
            output[to] = known | input[from];
        }
        self.main.add(from, to, weight, self.scale);
        if let Some(separate) = &mut self.separate {
            separate.add(from, to, weight, self.scale);
        }
    }
}

fn means<'b, 'v: 'b>(
    inputs: Vec<&'b ndarray::ArrayView2<'v, f32>>,
    outputs: &'b mut Images<'_>,
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
    for (input, output) in inputs.into_iter().zip(&mut outputs.means) {
        images.push((
            crate::exposure::pixels(input, "an image of the exposure")?,
            flat(output, shape, "a mean")?,
        ));
    }
    Ok(Means {
        weight: flat(&mut outputs.weight, shape, "the sum of weights")?,
        images,
        squared: Vec::new(),
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
