//! Segments that hold several sources, taken apart.
//!
//! Thresholds between a segment's lowest and highest value are tried from below. Where a region falls into several of
//! enough pixels, these take its place. The regions that are left are the seeds of a watershed: they grow over the segment
//! from bright to faint pixels. Then the faintest source with less than a share of the segment's flux is given up to its
//! neighbours, until there is none.
//!
//! # Source
//! photutils 3.0.0 `segmentation/deblend.py::deblend_sources`. Labels are equal but where two pixels of equal value at
//! different seeds compete for a third. The whole image is never labelled again: a region is looked at only as far as it
//! was above the last threshold, and the second and later watersheds run in the pixels that were given up.

use ndarray::{Array2, ArrayView2, s};

use super::segments::{Connectivity, Segment, Segmentation};
use super::summation::pairwise_sum;
use super::watershed::Watershed;

/// More seeds than this make another attempt with thresholds in even steps.
const MOST_SEEDS: usize = 200;

/// How thresholds are spaced between lowest and highest value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spacing {
    /// Even steps.
    Linear,
    /// Even factors; even steps if the lowest value is not positive.
    Exponential,
    /// Steps that grow as a hyperbolic sine.
    Sinh,
}

/// How sources are taken apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Deblending {
    /// Least number of pixels of a source.
    pub least_pixels: usize,
    /// Number of thresholds.
    pub levels: usize,
    /// Least share of a segment's flux that a source has.
    pub contrast: f64,
    /// How thresholds are spaced.
    pub spacing: Spacing,
    /// Which pixels are connected.
    pub connectivity: Connectivity,
}

/// The sources of one segment: labels from 1 on in its box, 0 outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parts {
    labels: Array2<i32>,
    count: usize,
}

impl Segmentation {
    /// Takes apart the segment `index` by the image `data`; none if it is a single source.
    #[must_use]
    pub fn parts(
        &self,
        data: ArrayView2<'_, f32>,
        index: usize,
        deblending: &Deblending,
    ) -> Option<Parts> {
        let segment = &self.segments[index];
        if segment.pixels < 2 * deblending.least_pixels {
            return None;
        }
        let window = s![segment.rows.clone(), segment.columns.clone()];
        let label = index as i32 + 1;
        let mut source = Source::new(data.slice(window), self.labels.slice(window), label);
        source.deblend(deblending)
    }

    /// Puts parts in the place of segments, given by index in ascending order, and numbers the labels anew: first those
    /// that were not taken apart.
    pub fn replace(&mut self, parts: &[(usize, Parts)]) {
        if parts.is_empty() {
            return;
        }
        let mut is_split = vec![false; self.segments.len()];
        for (index, _) in parts {
            is_split[*index] = true;
        }
        let mut new_labels = vec![0_i32];
        let mut segments = Vec::new();
        for (segment, is_split) in self.segments.iter().zip(&is_split) {
            if !is_split {
                segments.push(segment.clone());
            }
            new_labels.push(segments.len() as i32);
        }
        self.labels
            .mapv_inplace(|label| new_labels[label.unsigned_abs() as usize]);
        for (index, parts) in parts {
            let parent = self.segments[*index].clone();
            let base = segments.len();
            segments.extend(parts.segments(&parent));
            let window = s![parent.rows, parent.columns];
            let mut labels = self.labels.slice_mut(window);
            labels.zip_mut_with(&parts.labels, |label, part| {
                if *part > 0 {
                    *label = base as i32 + part;
                }
            });
        }
        self.segments = segments;
    }
}

impl Parts {
    /// How many sources there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    fn segments(&self, parent: &Segment) -> Vec<Segment> {
        let mut segments: Vec<Option<Segment>> = vec![None; self.count];
        for ((row, column), label) in self.labels.indexed_iter() {
            if *label <= 0 {
                continue;
            }
            let (row, column) = (parent.rows.start + row, parent.columns.start + column);
            let segment = segments[label.unsigned_abs() as usize - 1].get_or_insert(Segment {
                rows: row..row,
                columns: column..column,
                pixels: 0,
            });
            segment.rows.end = row + 1;
            segment.columns.start = segment.columns.start.min(column);
            segment.columns.end = segment.columns.end.max(column + 1);
            segment.pixels += 1;
        }
        segments.into_iter().flatten().collect()
    }
}

/// A segment in a grid with a border of one pixel, so that every pixel has all neighbours.
struct Source {
    shape: (usize, usize),
    width: usize,
    values: Vec<f32>,
    /// The segment's pixels, row by row.
    pixels: Vec<usize>,
    low: f32,
    high: f32,
    sum: f64,
}

/// Pixels that may become a seed.
struct Region {
    pixels: Vec<usize>,
    /// The pixels above the last threshold.
    active: Vec<usize>,
}

impl Source {
    fn new(data: ArrayView2<'_, f32>, labels: ArrayView2<'_, i32>, label: i32) -> Self {
        let shape = data.dim();
        let width = shape.1 + 2;
        let mut values = vec![0.0; width * (shape.0 + 2)];
        let mut pixels = Vec::new();
        let mut inside = Vec::new();
        for ((at, value), found) in data.indexed_iter().zip(labels) {
            if *found == label {
                let index = (at.0 + 1) * width + at.1 + 1;
                values[index] = *value;
                pixels.push(index);
                inside.push(*value);
            }
        }
        Self {
            shape,
            width,
            values,
            pixels,
            low: inside.iter().copied().fold(f32::INFINITY, f32::min),
            high: inside.iter().copied().fold(f32::NEG_INFINITY, f32::max),
            sum: f64::from(pairwise_sum(&inside)),
        }
    }

    fn deblend(&mut self, deblending: &Deblending) -> Option<Parts> {
        let is_flat = self.low >= self.high;
        if is_flat {
            return None;
        }
        let spacing = match deblending.spacing {
            Spacing::Exponential if self.low <= 0.0 => Spacing::Linear,
            spacing => spacing,
        };
        let mut seeds = self.seeds(deblending, spacing);
        if seeds.len() > MOST_SEEDS && spacing != Spacing::Linear {
            seeds = self.seeds(deblending, Spacing::Linear);
        }
        if seeds.len() < 2 {
            return None;
        }
        let offsets = self.offsets(deblending.connectivity);
        let mut watershed = Watershed::new(&self.values, &self.pixels, &offsets);
        watershed.seed(&seeds);
        loop {
            watershed.flood();
            let alive = watershed.fluxes();
            if alive.len() < 2 {
                return None;
            }
            let share = |flux: f64| flux / self.sum;
            if !alive
                .iter()
                .any(|(_, flux)| share(*flux) < deblending.contrast)
            {
                break;
            }
            let faintest = alive.iter().min_by(|a, b| a.1.total_cmp(&b.1));
            watershed.remove(faintest.map_or(0, |(seed, _)| *seed));
        }
        let mut labels = Array2::zeros(self.shape);
        let regions = watershed.into_regions();
        for (part, pixels) in regions.iter().enumerate() {
            for index in pixels {
                labels[[index / self.width - 1, index % self.width - 1]] = part as i32 + 1;
            }
        }
        let count = regions.len();
        Some(Parts { labels, count })
    }

    /// The neighbours of a pixel, the nearest first.
    fn offsets(&self, connectivity: Connectivity) -> Vec<isize> {
        let width = self.width as isize;
        let mut offsets = vec![-width, -1, 1, width];
        if connectivity == Connectivity::Eight {
            offsets.extend([-width - 1, 1 - width, width - 1, width + 1]);
        }
        offsets
    }

    /// Regions that hold one source each, in the order of their first pixels; none if there is one only.
    fn seeds(&self, deblending: &Deblending, spacing: Spacing) -> Vec<Vec<usize>> {
        let offsets = self.offsets(deblending.connectivity);
        let mut regions = vec![Region {
            pixels: self.pixels.clone(),
            active: self.pixels.clone(),
        }];
        let mut is_open = vec![false; self.values.len()];
        // Most regions stay in one piece at most thresholds: no memory is taken for these.
        let (mut next, mut connected) = (Vec::new(), Connected::default());
        for threshold in self.thresholds(deblending.levels, spacing) {
            for mut region in regions.drain(..) {
                let is_above = |index: &usize| f64::from(self.values[*index]) > threshold;
                region.active.retain(is_above);
                connected.find(&region.active, &offsets, &mut is_open);
                let mut children = connected.regions();
                children.retain(|pixels| pixels.len() >= deblending.least_pixels);
                if children.len() < 2 {
                    region.active.clear();
                    region.active.extend(children.iter().copied().flatten());
                    next.push(region);
                    continue;
                }
                next.extend(children.into_iter().map(|pixels| Region {
                    active: pixels.to_vec(),
                    pixels: pixels.to_vec(),
                }));
            }
            std::mem::swap(&mut regions, &mut next);
        }
        let mut seeds: Vec<Vec<usize>> = regions.into_iter().map(|region| region.pixels).collect();
        seeds.sort_by_key(|pixels| pixels.iter().copied().min());
        if seeds.len() < 2 { Vec::new() } else { seeds }
    }

    /// Thresholds without the lowest and the highest value, computed in 32 bits as numpy does.
    fn thresholds(&self, levels: usize, spacing: Spacing) -> Vec<f64> {
        let (low, high) = (self.low, self.high);
        let step = (high - low) / (levels + 1) as f32;
        let linear = (1..=levels).map(|level| level as f32 * step + low);
        let share = |value: f32| (value - low) / (high - low);
        match spacing {
            Spacing::Linear => linear.map(f64::from).collect(),
            Spacing::Exponential => {
                let base = f64::from(high / low);
                linear
                    .map(|value| f64::from(low * base.powf(f64::from(share(value))) as f32))
                    .collect()
            }
            Spacing::Sinh => {
                let scale = f64::from(high - low);
                linear
                    .map(|value| {
                        let sinh = f64::from((share(value) / 0.25).sinh()) / 4.0_f64.sinh();
                        sinh * scale + f64::from(low)
                    })
                    .collect()
            }
        }
    }
}

/// Connected pixels, one region after the other.
#[derive(Default)]
struct Connected {
    pixels: Vec<usize>,
    /// Where each region ends.
    ends: Vec<usize>,
}

impl Connected {
    /// Becomes the regions of some pixels; `is_open` is false everywhere before and after.
    fn find(&mut self, pixels: &[usize], offsets: &[isize], is_open: &mut [bool]) {
        self.pixels.clear();
        self.pixels.reserve(pixels.len());
        self.ends.clear();
        for index in pixels {
            is_open[*index] = true;
        }
        for &first in pixels {
            if !is_open[first] {
                continue;
            }
            is_open[first] = false;
            let mut done = self.pixels.len();
            self.pixels.push(first);
            while done < self.pixels.len() {
                let at = self.pixels[done];
                done += 1;
                for offset in offsets {
                    let neighbour = at.wrapping_add_signed(*offset);
                    if is_open[neighbour] {
                        is_open[neighbour] = false;
                        self.pixels.push(neighbour);
                    }
                }
            }
            self.ends.push(done);
        }
    }

    fn regions(&self) -> Vec<&[usize]> {
        let mut start = 0;
        let regions = self.ends.iter().map(|end| {
            let region = &self.pixels[start..*end];
            start = *end;
            region
        });
        regions.collect()
    }
}
