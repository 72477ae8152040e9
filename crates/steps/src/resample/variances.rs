//! Weighted sums of the variances of exposures.
//!
//! The standard deviations of an exposure are averaged on the output like its data; their squares are added with squared
//! weights, and in the end divided by the square of the sum of weights. All of it happens band by band, so that only the
//! sums are as large as the output.
#![expect(
    clippy::inline_always,
    reason = "what vectorised loops call must be compiled with them"
)]

use drizzle::{Band, DrizzleError, Exposure, Hits, Images, Layer, Mosaic, Plan};
use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis, Zip};
use rayon::prelude::*;
use stcal::simd::{Kernel, run_vectorised};
use stpipe::StepError;

use super::accumulate::drizzle;
use super::input::{READ_NOISE, ResampleInput, WeightKind};

/// Variances of an exposure.
const KINDS: usize = 3;

/// The sums so far, in the order of an exposure's variances.
#[derive(Debug)]
pub(super) struct Variances {
    /// Sum of variance times squared weight; NaN where there is nothing, once there is an exposure.
    sums: Vec<Array2<f32>>,
    /// Sum of the weights of all variances: they differ only where one of them does not count.
    weights: Array2<f32>,
    /// Sums of weights of their own, of each variance in each band of rows where they differ from those of all.
    own_weights: Vec<[Option<Array2<f32>>; KINDS]>,
    /// Rows of a band.
    band: usize,
}

/// Weights of an exposure in the sums.
#[derive(Debug, Clone, Copy)]
pub(super) enum Weighting {
    /// Measurement time [s].
    Time(f64),
    /// The inverse of the resampled variance of the read noise.
    ReadNoise,
}

/// A band of the output with the parts of the sums that belong to it.
struct Part<'a> {
    band: Band<'a>,
    sums: Vec<ArrayViewMut2<'a, f32>>,
    weights: ArrayViewMut2<'a, f32>,
    own_weights: &'a mut [Option<Array2<f32>>; KINDS],
}

impl Weighting {
    /// Those of an exposure.
    pub(super) fn of(input: &ResampleInput<'_>, kind: WeightKind) -> Result<Self, StepError> {
        let has_noise = input.deviations()[READ_NOISE].is_some();
        match (kind, has_noise) {
            (WeightKind::ExposureTime, _) => Ok(Self::Time(input.time().0.unwrap_or(1.0))),
            (WeightKind::InverseVariance, true) => Ok(Self::ReadNoise),
            (WeightKind::InverseVariance, false) => {
                Err(StepError::input("VAR_RNOISE", "an image", "nothing"))
            }
        }
    }
}

impl Variances {
    /// Nothing yet; `band` is the number of rows of a band.
    pub(super) fn new(shape: (usize, usize), band: usize) -> Self {
        Self {
            // NaN with the first exposure, band by band.
            sums: (0..KINDS).map(|_| Array2::zeros(shape)).collect(),
            weights: Array2::zeros(shape),
            own_weights: vec![Default::default(); shape.0.div_ceil(band)],
            band,
        }
    }

    /// Drizzles an exposure into the mosaic, and adds the squares of its standard deviations to the sums.
    pub(super) fn drizzle<'a>(
        &mut self,
        plan: &Plan<'_>,
        mut exposure: Exposure<'a>,
        deviations: [Option<Layer<'a>>; KINDS],
        weighting: Weighting,
        mosaic: &mut Mosaic,
    ) -> Result<(), StepError> {
        // The weights of the first exposure are its own: its deviations need none beside them.
        let first = mosaic.added() == 0;
        let present: Vec<usize> = (0..KINDS).filter(|&k| deviations[k].is_some()).collect();
        let layers = deviations.into_iter().flatten();
        if first {
            exposure.along.extend(layers);
        } else {
            exposure.separate.extend(layers);
        }
        let parts = self.parts(mosaic.next_bands(self.band));
        drizzle(plan, parts, |part| {
            part.drizzle(plan, &exposure, (&present, weighting))
        })
    }

    /// The sums in bands.
    fn parts<'a>(&'a mut self, bands: Vec<Band<'a>>) -> Vec<Part<'a>> {
        let weights = self.weights.axis_chunks_iter_mut(Axis(0), self.band);
        let mut parts: Vec<Part<'a>> = bands
            .into_iter()
            .zip(weights.zip(&mut self.own_weights))
            .map(|(band, (weights, own_weights))| Part {
                band,
                sums: Vec::new(),
                weights,
                own_weights,
            })
            .collect();
        for image in &mut self.sums {
            let bands = image.axis_chunks_iter_mut(Axis(0), self.band);
            for (part, rows) in parts.iter_mut().zip(bands) {
                part.sums.push(rows);
            }
        }
        parts
    }

    /// The variances of the means, and an array of their shape that is not needed any more; `scale` is the side of an output
    /// pixel in units of an input pixel.
    pub(super) fn finish(self, scale: f64) -> ([Array2<f32>; KINDS], Array2<f32>) {
        let scaling = (1.0 / (scale * scale)) as f32;
        let band = self.band;
        let (weights, own_weights) = (self.weights, self.own_weights);
        let mut sums = self.sums.into_iter().enumerate();
        let variances = [(); KINDS].map(|()| {
            let Some((kind, mut sum)) = sums.next() else {
                return Array2::zeros((0, 0));
            };
            let bands = sum.axis_chunks_iter_mut(Axis(0), band).into_par_iter();
            let weights = weights.axis_chunks_iter(Axis(0), band).into_par_iter();
            (bands.zip(weights).zip(&own_weights)).for_each(|((sum, weights), own)| {
                let weights = own[kind].as_ref().map_or(weights, |own| own.view());
                // Divided twice: the square of a weight may overflow.
                Zip::from(sum)
                    .and(weights)
                    .for_each(|sum, &weight| *sum = *sum * scaling / weight / weight);
            });
            sum
        });
        (variances, weights)
    }
}

impl Part<'_> {
    /// Drizzles the exposure into the band. Its deviations, those of the variances `present`, go into means of this
    /// exposure only, and from there into the sums.
    fn drizzle(
        &mut self,
        plan: &Plan<'_>,
        exposure: &Exposure<'_>,
        (present, weighting): (&[usize], Weighting),
    ) -> Result<Hits, DrizzleError> {
        let first = self.band.is_new;
        if first {
            self.weights.fill(0.0);
            self.sums.iter_mut().for_each(|sum| sum.fill(f32::NAN));
        }
        let shape = self.band.main.weight.dim();
        let mut means: Vec<Array2<f32>> = present.iter().map(|_| Array2::zeros(shape)).collect();
        let mut own_weight = (!first).then(|| Array2::zeros(shape));
        let hits = {
            let mut band = again(&mut self.band);
            let views = means.iter_mut().map(|mean| mean.view_mut());
            match &mut own_weight {
                None => band.main.means.extend(views),
                Some(weight) => {
                    band.separate = Some(Images {
                        weight: weight.view_mut(),
                        means: views.collect(),
                    });
                }
            }
            plan.drizzle(exposure, &mut band)?
        };
        let touched = own_weight
            .as_ref()
            .map_or(self.band.main.weight.view(), |weight| weight.view());
        let noise = present.iter().position(|&k| k == READ_NOISE);
        let weighting = match (weighting, noise) {
            (Weighting::ReadNoise, Some(noise)) => Weights::Inverse(flat(&means[noise].view())),
            (Weighting::Time(time), _) => Weights::All(time),
            (Weighting::ReadNoise, None) => Weights::All(0.0),
        };
        let mut deviations: [Option<&[f32]>; KINDS] = [None; KINDS];
        for (&kind, mean) in present.iter().zip(&means) {
            deviations[kind] = Some(flat(&mean.view()));
        }
        let sources = Sources {
            deviations,
            touched: flat(&touched),
            weighting,
        };
        add(
            &sources,
            &mut self.sums,
            &mut self.weights,
            self.own_weights,
        );
        Ok(hits)
    }
}

/// The same band, to be changed in parts.
fn again<'b>(band: &'b mut Band<'_>) -> Band<'b> {
    let context = band.context.as_mut();
    Band {
        first_row: band.first_row,
        is_new: band.is_new,
        main: Images {
            weight: band.main.weight.view_mut(),
            means: band.main.means.iter_mut().map(|m| m.view_mut()).collect(),
        },
        squared: Vec::new(),
        context: context.map(|(plane, bit)| (plane.view_mut(), *bit)),
        dq: band.dq.as_mut().map(|dq| dq.view_mut()),
        separate: None,
    }
}

/// Pixels row after row: all arrays of a band are stored so.
fn flat<'v>(view: &ArrayView2<'v, f32>) -> &'v [f32] {
    view.to_slice().unwrap_or_default()
}

/// Weights of an exposure's pixels.
#[derive(Clone, Copy)]
enum Weights<'a> {
    All(f64),
    /// One over the square of these.
    Inverse(&'a [f32]),
}

/// What an exposure gives to a band.
struct Sources<'a> {
    deviations: [Option<&'a [f32]>; KINDS],
    /// Not zero where anything fell.
    touched: &'a [f32],
    weighting: Weights<'a>,
}

/// Adds squares of deviations to sums, and their weights to the sums of these.
fn add(
    sources: &Sources<'_>,
    sums: &mut [ArrayViewMut2<'_, f32>],
    weights: &mut ArrayViewMut2<'_, f32>,
    own_weights: &mut [Option<Array2<f32>>; KINDS],
) {
    let shape = weights.dim();
    let mut weighed = vec![0.0; sources.touched.len()];
    run_vectorised(Weigh {
        touched: sources.touched,
        weighting: sources.weighting,
        weighed: &mut weighed,
    });
    let leading = sources.deviations.iter().flatten().next().copied();
    for kind in 0..KINDS {
        let differs = match (sources.deviations[kind], leading) {
            (Some(deviations), Some(leading)) => run_vectorised(Differs {
                deviations: [deviations, leading],
                weighed: &weighed,
            }),
            (None, Some(_)) => true,
            _ => false,
        };
        if differs && own_weights[kind].is_none() {
            own_weights[kind] = Some(weights.to_owned());
        }
        let own = own_weights[kind].as_mut().and_then(Array2::as_slice_mut);
        if let Some(deviations) = sources.deviations[kind] {
            run_vectorised(AddSquares {
                deviations,
                weighed: &weighed,
                sum: sums[kind].as_slice_mut().unwrap_or_default(),
            });
            if let Some(total) = own {
                let weighed = &weighed;
                run_vectorised(AddWeights {
                    deviations,
                    weighed,
                    total,
                });
            }
        }
    }
    debug_assert_eq!(weights.dim(), shape);
    if let (Some(deviations), Some(total)) = (leading, weights.as_slice_mut()) {
        let weighed = &weighed;
        run_vectorised(AddWeights {
            deviations,
            weighed,
            total,
        });
    }
}

/// Works out the weight of each pixel, 0 for those that do not count.
struct Weigh<'a> {
    touched: &'a [f32],
    weighting: Weights<'a>,
    weighed: &'a mut [f64],
}

impl Kernel for Weigh<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let pixels = self.weighed.iter_mut().zip(self.touched);
        match self.weighting {
            Weights::All(weight) => {
                let weight = if weight > 0.0 { weight } else { 0.0 };
                for (weighed, touched) in pixels {
                    *weighed = if *touched == 0.0 { 0.0 } else { weight };
                }
            }
            Weights::Inverse(noise) => {
                for ((weighed, touched), noise) in pixels.zip(noise) {
                    let variance = noise * noise;
                    let weight = f64::from(1.0 / variance);
                    let counts = variance > 0.0 && variance < f32::INFINITY && *touched != 0.0;
                    *weighed = if counts { weight } else { 0.0 };
                }
            }
        }
    }
}

/// Whether a deviation can be added: a number whose square is one.
#[inline(always)]
fn counts(deviation: f32) -> bool {
    deviation * deviation < f32::INFINITY
}

/// Adds squares of deviations with squared weights to a sum.
struct AddSquares<'a> {
    deviations: &'a [f32],
    weighed: &'a [f64],
    sum: &'a mut [f32],
}

impl Kernel for AddSquares<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let pixels = self.deviations.iter().zip(self.weighed);
        for (sum, (deviation, weight)) in self.sum.iter_mut().zip(pixels) {
            let known = if sum.is_nan() { 0.0 } else { *sum };
            let variance = f64::from(deviation * deviation);
            let new = (f64::from(known) + variance * weight * weight) as f32;
            let is_added = counts(*deviation) && *weight > 0.0;
            *sum = if is_added { new } else { *sum };
        }
    }
}

/// Adds the weights of deviations that count to their sum.
struct AddWeights<'a> {
    deviations: &'a [f32],
    weighed: &'a [f64],
    total: &'a mut [f32],
}

impl Kernel for AddWeights<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let pixels = self.deviations.iter().zip(self.weighed);
        for (total, (deviation, weight)) in self.total.iter_mut().zip(pixels) {
            let new = (f64::from(*total) + weight) as f32;
            let is_added = counts(*deviation) && *weight > 0.0;
            *total = if is_added { new } else { *total };
        }
    }
}

/// Whether one of two deviations counts and the other does not, anywhere.
struct Differs<'a> {
    deviations: [&'a [f32]; 2],
    weighed: &'a [f64],
}

impl Kernel for Differs<'_> {
    type Output = bool;

    #[inline(always)]
    fn run(self) -> bool {
        let [a, b] = self.deviations;
        let pixels = a.iter().zip(b).zip(self.weighed);
        let differ = pixels.map(|((a, b), weight)| counts(*a) != counts(*b) && *weight > 0.0);
        differ.fold(false, |any, differs| any | differs)
    }
}
