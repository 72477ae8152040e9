//! Weighted means, and how values are added to them.

use std::ops::Range;

use pulp::Simd;

use crate::kernel::LANES;

/// Means over one sum of weights.
pub(super) struct Means<'b> {
    pub(super) weight: &'b mut [f32],
    pub(super) images: Vec<Layered<'b>>,
    pub(super) squared: Vec<Squared<'b>>,
}

/// An image of an exposure and its mean.
pub(super) struct Layered<'b> {
    pub(super) pixels: &'b [f32],
    pub(super) meaning: Meaning,
    pub(super) mean: &'b mut [f32],
    /// The input pixels that are being added.
    pub(super) values: [f32; LANES],
}

/// An image of an exposure, if there is one, and its mean with squared weights.
pub(super) struct Squared<'b> {
    pub(super) pixels: Option<&'b [f32]>,
    pub(super) mean: &'b mut [f32],
    pub(super) values: [f32; LANES],
}

/// What the pixels of an image stand for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Meaning {
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
    pub(super) fn load(&mut self, from: usize, count: usize, scale: f32) {
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
    pub(super) fn add(&mut self, to: usize, lane: usize, weight: f32) {
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

    /// Adds the input pixels of `lanes`, which fill vector registers, to neighbouring output pixels, from `to` on, with a
    /// weight for each; those without weight are not added. The same arithmetic as that of [`add`](Self::add).
    #[inline(always)]
    pub(super) fn add_row<S: Simd>(
        &mut self,
        simd: S,
        to: usize,
        lanes: Range<usize>,
        weights: &[f32; LANES],
    ) {
        let pixels = to..to + lanes.len();
        let sums = &mut self.weight[pixels.clone()];
        let weights = &weights[lanes.clone()];
        for image in &mut self.images {
            let (means, _) = S::as_mut_simd_f32s(&mut image.mean[pixels.clone()]);
            let (sums, _) = S::as_simd_f32s(sums);
            let (weights, _) = S::as_simd_f32s(weights);
            let (values, _) = S::as_simd_f32s(&image.values[lanes.clone()]);
            let pixels = means.iter_mut().zip(sums).zip(weights).zip(values);
            for (((mean, before), weight), value) in pixels {
                *mean = mean_with(simd, *mean, *before, (*weight, *value));
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
    // The old mean is chosen in both cases and not at last: what is stored would become a masked store, for which some
    // processors take ten times as long.
    let is_nothing = simd.equal_f32s(weight, zero);
    let first = simd.select_f32s(is_nothing, old, value);
    let next = simd.select_f32s(is_nothing, old, mean);
    simd.select_f32s(simd.equal_f32s(before, zero), first, next)
}
