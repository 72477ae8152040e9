//! Weighted sums of the variances of exposures.
//!
//! The standard deviations of an exposure are averaged on the output like its data; their squares are added with squared
//! weights, and in the end divided by the square of the sum of weights. All of it happens band by band, so that only the
//! sums are as large as the output.

use drizzle::{Band, DrizzleError, Exposure, Hits, Images, Mosaic, Plan};
use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis, Zip};
use stpipe::StepError;

use super::accumulate::{BAND, drizzle};
use super::input::{READ_NOISE, ResampleInput, WeightKind};

/// The sums so far, in the order of an exposure's variances.
#[derive(Debug)]
pub(super) struct Variances {
    /// Sum of variance times squared weight; NaN where there is nothing.
    sums: Vec<Array2<f32>>,
    /// Sum of the weights.
    weights: Vec<Array2<f32>>,
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
    weights: Vec<ArrayViewMut2<'a, f32>>,
}

impl Weighting {
    /// Those of an exposure.
    pub(super) fn of(input: &ResampleInput, kind: WeightKind) -> Result<Self, StepError> {
        match (kind, &input.variances[READ_NOISE]) {
            (WeightKind::ExposureTime, _) => Ok(Self::Time(input.time().0.unwrap_or(1.0))),
            (WeightKind::InverseVariance, Some(_)) => Ok(Self::ReadNoise),
            (WeightKind::InverseVariance, None) => {
                Err(StepError::input("VAR_RNOISE", "an image", "nothing"))
            }
        }
    }
}

impl Variances {
    /// Nothing yet.
    pub(super) fn new(shape: (usize, usize)) -> Self {
        Self {
            sums: vec![Array2::from_elem(shape, f32::NAN); 3],
            weights: vec![Array2::zeros(shape); 3],
        }
    }

    /// Drizzles an exposure into the mosaic, and adds the squares of its standard deviations to the sums.
    pub(super) fn drizzle<'a>(
        &mut self,
        plan: &Plan<'_>,
        mut exposure: Exposure<'a>,
        deviations: &'a [Option<Array2<f32>>; 3],
        weighting: Weighting,
        mosaic: &mut Mosaic,
    ) -> Result<(), StepError> {
        // The weights of the first exposure are its own: its deviations need none beside them.
        let first = mosaic.added() == 0;
        let present: Vec<usize> = (0..3).filter(|&k| deviations[k].is_some()).collect();
        let views = deviations.iter().flatten().map(|image| image.view());
        if first {
            exposure.along.extend(views);
        } else {
            exposure.separate.extend(views);
        }
        let parts = self.parts(mosaic.next_bands(BAND));
        drizzle(plan, parts, |part| {
            part.drizzle(plan, &exposure, (&present, weighting), first)
        })
    }

    /// The sums in bands.
    fn parts<'a>(&'a mut self, bands: Vec<Band<'a>>) -> Vec<Part<'a>> {
        let mut parts: Vec<Part<'a>> = bands
            .into_iter()
            .map(|band| Part {
                band,
                sums: Vec::new(),
                weights: Vec::new(),
            })
            .collect();
        for image in &mut self.sums {
            for (part, rows) in parts
                .iter_mut()
                .zip(image.axis_chunks_iter_mut(Axis(0), BAND))
            {
                part.sums.push(rows);
            }
        }
        for image in &mut self.weights {
            for (part, rows) in parts
                .iter_mut()
                .zip(image.axis_chunks_iter_mut(Axis(0), BAND))
            {
                part.weights.push(rows);
            }
        }
        parts
    }

    /// The variances of the means; `scale` is the side of an output pixel in units of an input pixel.
    pub(super) fn finish(self, scale: f64) -> [Array2<f32>; 3] {
        let scaling = (1.0 / (scale * scale)) as f32;
        let mut pairs = self.sums.into_iter().zip(self.weights);
        [(); 3].map(|()| {
            let Some((mut sum, weight)) = pairs.next() else {
                return Array2::zeros((0, 0));
            };
            // Divided twice: the square of a weight may overflow.
            Zip::from(&mut sum)
                .and(&weight)
                .par_for_each(|sum, &weight| *sum = *sum * scaling / weight / weight);
            sum
        })
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
        first: bool,
    ) -> Result<Hits, DrizzleError> {
        let shape = self.band.main.weight.dim();
        let mut means: Vec<Array2<f32>> = present.iter().map(|_| Array2::zeros(shape)).collect();
        let mut own_weight = (!first).then(|| Array2::zeros(shape));
        let mut band = Band {
            first_row: self.band.first_row,
            main: Images {
                weight: self.band.main.weight.view_mut(),
                means: self
                    .band
                    .main
                    .means
                    .iter_mut()
                    .map(|m| m.view_mut())
                    .collect(),
            },
            squared: Vec::new(),
            context: self
                .band
                .context
                .as_mut()
                .map(|(plane, bit)| (plane.view_mut(), *bit)),
            dq: self.band.dq.as_mut().map(|dq| dq.view_mut()),
            separate: None,
        };
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
        let hits = plan.drizzle(exposure, &mut band)?;
        drop(band);
        let weight = own_weight
            .as_ref()
            .map_or(self.band.main.weight.view(), |weight| weight.view());
        let noise = present.iter().position(|&k| k == READ_NOISE);
        let noise = noise.map(|position| means[position].view());
        for (&k, mean) in present.iter().zip(&means) {
            let weights = match (weighting, &noise) {
                (Weighting::ReadNoise, Some(noise)) => Weights::Inverse(noise.view()),
                (Weighting::Time(time), _) => Weights::All(time),
                (Weighting::ReadNoise, None) => Weights::All(0.0),
            };
            add(
                &mut self.sums[k],
                &mut self.weights[k],
                (mean, weight),
                &weights,
            );
        }
        Ok(hits)
    }
}

/// Weights of an exposure's pixels.
enum Weights<'a> {
    All(f64),
    /// One over the square of these.
    Inverse(ArrayView2<'a, f32>),
}

/// Adds squares of deviations where anything fell (`touched` is not zero) to a sum and to the sum of its weights.
fn add(
    sum: &mut ArrayViewMut2<'_, f32>,
    total: &mut ArrayViewMut2<'_, f32>,
    (deviations, touched): (&Array2<f32>, ArrayView2<'_, f32>),
    weights: &Weights<'_>,
) {
    let one = |sum: &mut f32, total: &mut f32, deviation: f32, weight: f64| {
        let variance = deviation * deviation;
        if variance >= 0.0 && variance.is_finite() && weight > 0.0 {
            let known = if sum.is_nan() { 0.0 } else { f64::from(*sum) };
            *sum = (known + f64::from(variance) * weight * weight) as f32;
            *total = (f64::from(*total) + weight) as f32;
        }
    };
    match weights {
        Weights::All(weight) => Zip::from(sum)
            .and(total)
            .and(deviations)
            .and(&touched)
            .for_each(|sum, total, &deviation, &touched| {
                if touched != 0.0 {
                    one(sum, total, deviation, *weight);
                }
            }),
        Weights::Inverse(noise) => Zip::from(sum)
            .and(total)
            .and(deviations)
            .and(&touched)
            .and(noise)
            .for_each(|sum, total, &deviation, &touched, &noise| {
                let variance = noise * noise;
                if touched != 0.0 && variance > 0.0 && variance.is_finite() {
                    one(sum, total, deviation, f64::from(1.0 / variance));
                }
            }),
    }
}
