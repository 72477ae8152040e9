//! The correction of one group, output by output.

use ndarray::{ArrayView2, ArrayViewMut2, s};

use super::fourier::{Complex32, RealFft, Weights};
use super::layout::OUTPUTS;
use super::series::{EDGE_LINES, fill_gaps, low_pass, remove_slope};
use super::{Interleaving, Irs2Error};
use crate::shape::check_shape;

/// Lines that are put in the order of time together: as many values as a line of the cache holds.
const TILE: usize = 16;

/// Numbers of the correction; the default holds those of JWST's near-infrared spectrograph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Irs2Options {
    /// Samples that pass from the end of a line to the beginning of the next.
    pub padding: usize,
    /// Width of the edge of the low-pass filter, in frequencies, for a block of one sample; it shrinks with the blocks.
    pub taper: usize,
    /// How often the reference output is filtered and its samples are put back.
    pub rounds: usize,
}

impl Default for Irs2Options {
    fn default() -> Self {
        Self {
            padding: 8,
            taper: 110_000,
            rounds: 3,
        }
    }
}

/// Weights of one output.
#[derive(Debug, Clone, PartialEq)]
pub struct OutputWeights {
    /// Of the reference output: `alpha`.
    pub reference_output: Weights,
    /// Of the interleaved reference pixels: `beta`.
    pub interleaved: Weights,
}

/// The spectrum of the reference output in one group.
#[derive(Debug, Clone)]
pub struct ReferenceOutput(Vec<Complex32>);

/// Buffers of a task.
#[derive(Debug)]
pub struct Workspace {
    series: Vec<f32>,
    other: Vec<f32>,
    spectrum: Vec<Complex32>,
    scratch: Vec<Complex32>,
}

/// Correction of images of one layout.
///
/// All images are parts of one group, an output each, in the frame of the detector: `(line, position)`, with the lines
/// in the order of reading and the positions in that of the detector, whatever the direction of the readout.
pub struct Irs2Correction {
    layout: Interleaving,
    lines: usize,
    /// Samples of a line in the order of time, with pauses.
    row: usize,
    /// Sample of each position in the order of reading.
    samples: Vec<usize>,
    reference_samples: Vec<(usize, usize)>,
    fft: RealFft,
    filter: Vec<f32>,
    rounds: usize,
    weights: [OutputWeights; OUTPUTS],
}

impl Irs2Correction {
    /// Plans the correction of images of `lines` lines.
    ///
    /// # Errors
    /// [`Irs2Error::TooSmall`] if the image is too small for the filter, [`Irs2Error::Shape`] if weights have another
    /// number of frequencies than [`Self::frequencies`].
    pub fn new(
        layout: Interleaving,
        lines: usize,
        options: Irs2Options,
        weights: [OutputWeights; OUTPUTS],
    ) -> Result<Self, Irs2Error> {
        let row = layout.samples(options.padding);
        let frequencies = Self::frequencies(layout, lines, options);
        for weights in &weights {
            let found = |weights: &Weights| [weights.len()];
            let (alpha, beta) = (&weights.reference_output, &weights.interleaved);
            check_shape("weights alpha", &[frequencies], &found(alpha))?;
            check_shape("weights beta", &[frequencies], &found(beta))?;
        }
        let block = layout.block() + 2;
        let taper = options.taper / block;
        let pass = (row / block * lines / 2).checked_sub(taper / 2);
        let filter = pass.and_then(|pass| low_pass(frequencies - 1, pass, taper));
        let even = (row * lines).is_multiple_of(2);
        let Some(filter) = filter.filter(|_| even && lines >= 2 * EDGE_LINES) else {
            return Err(Irs2Error::TooSmall {
                lines,
                samples: row,
            });
        };
        Ok(Self {
            layout,
            lines,
            row,
            samples: (0..layout.output_width())
                .map(|position| layout.sample(position))
                .collect(),
            reference_samples: layout.reference_samples(),
            fft: RealFft::new(frequencies - 1),
            filter,
            rounds: options.rounds,
            weights,
        })
    }

    /// Number of frequencies of a series, from 0 to the highest.
    pub fn frequencies(layout: Interleaving, lines: usize, options: Irs2Options) -> usize {
        layout.samples(options.padding) * lines / 2 + 1
    }

    /// Buffers for one task; every other call wants them.
    pub fn workspace(&self) -> Workspace {
        let n = self.row * self.lines;
        Workspace {
            series: vec![0.0; n],
            other: vec![0.0; n],
            spectrum: vec![Complex32::default(); self.fft.spectrum_len()],
            scratch: vec![Complex32::default(); self.fft.scratch_len()],
        }
    }

    /// The spectrum of the reference output, its gaps and interleaved pixels filled in.
    ///
    /// `mean_dn` is the mean of all groups of the integration. With `keep`, the image receives the filled series plus
    /// the mean.
    ///
    /// # Errors
    /// [`Irs2Error::Shape`] if an array has another shape than the output.
    pub fn reference_output(
        &self,
        image_dn: ArrayViewMut2<'_, f32>,
        mean_dn: ArrayView2<'_, f64>,
        keep: bool,
        work: &mut Workspace,
    ) -> Result<ReferenceOutput, Irs2Error> {
        self.check(image_dn.view(), mean_dn)?;
        self.read(0, image_dn.view(), mean_dn, &mut work.series);
        remove_slope(&mut work.series, self.row);
        fill_gaps(&work.series, &mut work.other);
        work.series.copy_from_slice(&work.other);
        for _ in 0..self.rounds {
            let (spectrum, scratch) = (&mut work.spectrum, &mut work.scratch);
            self.fft.forward(&work.series, spectrum, scratch);
            for (value, &weight) in spectrum.iter_mut().zip(&self.filter) {
                *value *= weight;
            }
            self.fft.inverse(spectrum, &mut work.series, scratch);
            self.put_back(&work.other, &mut work.series);
        }
        self.fft
            .forward(&work.series, &mut work.spectrum, &mut work.scratch);
        if keep {
            let series = &work.series;
            self.write(0, image_dn, mean_dn, |sample, _, mean| {
                Some((f64::from(series[sample]) + mean) as f32)
            });
        }
        Ok(ReferenceOutput(work.spectrum.clone()))
    }

    /// Corrects one of the other outputs, 1 to 4, in place.
    ///
    /// Without `keep`, interleaved pixels stay as they are; with it, they are corrected like the others, and their
    /// mean over the groups is lost.
    ///
    /// # Errors
    /// [`Irs2Error::Shape`] if an array has another shape than the output, or there is no such output.
    pub fn correct_output(
        &self,
        output: usize,
        image_dn: ArrayViewMut2<'_, f32>,
        mean_dn: ArrayView2<'_, f64>,
        (reference, keep): (&ReferenceOutput, bool),
        work: &mut Workspace,
    ) -> Result<(), Irs2Error> {
        self.check(image_dn.view(), mean_dn)?;
        let weights = output.checked_sub(1).and_then(|k| self.weights.get(k));
        let Some(weights) = weights else {
            check_shape("number of the output", &[OUTPUTS], &[output])?;
            return Ok(());
        };
        self.read(output, image_dn.view(), mean_dn, &mut work.series);
        remove_slope(&mut work.series, self.row);
        let lines = work.other.chunks_exact_mut(self.row);
        for (to, from) in lines.zip(work.series.chunks_exact(self.row)) {
            to.fill(0.0);
            for &(sample, source) in &self.reference_samples {
                to[sample] = from[source];
            }
        }
        self.fft
            .forward(&work.other, &mut work.spectrum, &mut work.scratch);
        let alpha = weights.reference_output.0.iter().zip(&reference.0);
        for ((value, beta), (alpha, reference)) in work
            .spectrum
            .iter_mut()
            .zip(&weights.interleaved.0)
            .zip(alpha)
        {
            *value = *value * beta + alpha * reference;
        }
        self.fft
            .inverse(&mut work.spectrum, &mut work.other, &mut work.scratch);
        let (series, correction) = (&work.series, &work.other);
        self.write(output, image_dn, mean_dn, |sample, interleaved, mean| {
            let corrected = series[sample] - correction[sample];
            match (interleaved, keep) {
                (false, _) => Some((f64::from(corrected) + mean) as f32),
                (true, true) => Some(corrected),
                (true, false) => None,
            }
        });
        Ok(())
    }

    fn check(
        &self,
        image: ArrayView2<'_, f32>,
        mean: ArrayView2<'_, f64>,
    ) -> Result<(), Irs2Error> {
        let shape = [self.lines, self.layout.output_width()];
        check_shape("output", &shape, image.shape())?;
        check_shape("mean of the output", &shape, mean.shape())?;
        Ok(())
    }

    /// The column of an image that is read as the `k`-th of its output.
    fn column(&self, output: usize, k: usize) -> usize {
        if output.is_multiple_of(2) {
            self.layout.output_width() - 1 - k
        } else {
            k
        }
    }

    /// Puts the samples of an output, without their means, in the order of time.
    fn read(
        &self,
        output: usize,
        image: ArrayView2<'_, f32>,
        mean: ArrayView2<'_, f64>,
        series: &mut [f32],
    ) {
        series.fill(0.0);
        let tiles = series.chunks_mut(TILE * self.row);
        for (tile, first) in tiles.zip((0..).step_by(TILE)) {
            let lines = first..first + tile.len() / self.row;
            for (k, &sample) in self.samples.iter().enumerate() {
                let column = self.column(output, k);
                let image = image.slice(s![lines.clone(), column]);
                let mean = mean.slice(s![lines.clone(), column]);
                let values = image.iter().zip(mean);
                for (line, (&value, mean)) in tile.chunks_exact_mut(self.row).zip(values) {
                    line[sample] = (f64::from(value) - mean) as f32;
                }
            }
        }
    }

    /// Sets the pixels of an output to what `value` makes of the number of the sample in the series, whether it is
    /// interleaved, and the mean.
    fn write(
        &self,
        output: usize,
        mut image: ArrayViewMut2<'_, f32>,
        mean: ArrayView2<'_, f64>,
        value: impl Fn(usize, bool, f64) -> Option<f32>,
    ) {
        for first in (0..self.lines).step_by(TILE) {
            let lines = first..self.lines.min(first + TILE);
            for (k, &sample) in self.samples.iter().enumerate() {
                let interleaved = self.layout.is_interleaved(k);
                let column = self.column(output, k);
                let mut image = image.slice_mut(s![lines.clone(), column]);
                let mean = mean.slice(s![lines.clone(), column]);
                let samples = (first * self.row + sample..).step_by(self.row);
                for ((pixel, &mean), sample) in image.iter_mut().zip(mean).zip(samples) {
                    if let Some(value) = value(sample, interleaved, mean) {
                        *pixel = value;
                    }
                }
            }
        }
    }

    /// Puts the samples of normal places back into a filtered series.
    fn put_back(&self, known: &[f32], series: &mut [f32]) {
        let first = self.layout.first_reference();
        let (block, reference) = (self.layout.block() + 2, self.layout.reference_per_block());
        let used = self.layout.samples(0);
        let lines = series.chunks_exact_mut(self.row);
        for (line, known) in lines.zip(known.chunks_exact(self.row)) {
            let blocks = line[..used].chunks_exact_mut(block);
            for (block, known) in blocks.zip(known[..used].chunks_exact(block)) {
                block[..first].copy_from_slice(&known[..first]);
                let second = first + reference + 2;
                block[second..].copy_from_slice(&known[second..]);
            }
        }
    }
}
