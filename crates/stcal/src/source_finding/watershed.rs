//! Seeds that grow from bright pixels to faint ones.
//!
//! Source: scikit-image 0.26.0 `segmentation/_watershed_cy.pyx`; Beucher & Meyer (1992).

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A pixel that has a label, and labels its neighbours when its turn comes.
///
/// The brightest comes first, of equally bright ones that which was labelled first. The fields are: negative value as an
/// ordered integer, age, pixel.
type Turn = Reverse<(u32, u32, usize)>;

/// The state of a pixel: outside, without a label, or the label's index.
const OUTSIDE: i32 = -2;
const OPEN: i32 = -1;

pub(super) struct Watershed<'a> {
    values: &'a [f32],
    offsets: &'a [isize],
    labels: Vec<i32>,
    /// Pixels of each seed; none of a seed that was removed.
    regions: Vec<Vec<usize>>,
    /// Sums of the values of each seed's pixels.
    sums: Vec<f64>,
    /// Pixels that have open neighbours.
    edge: Vec<usize>,
}

impl<'a> Watershed<'a> {
    /// A watershed of the pixels `inside`; the neighbours of each are in the grid.
    pub(super) fn new(values: &'a [f32], inside: &[usize], offsets: &'a [isize]) -> Self {
        let mut labels = vec![OUTSIDE; values.len()];
        for index in inside {
            labels[*index] = OPEN;
        }
        Self {
            values,
            offsets,
            labels,
            regions: Vec::new(),
            sums: Vec::new(),
            edge: Vec::new(),
        }
    }

    pub(super) fn seed(&mut self, seeds: &[Vec<usize>]) {
        self.regions = seeds.to_vec();
        let value = |index: &usize| f64::from(self.values[*index]);
        let sum = |region: &Vec<usize>| region.iter().map(value).sum();
        self.sums = seeds.iter().map(sum).collect();
        for (label, region) in seeds.iter().enumerate() {
            for index in region {
                self.labels[*index] = label as i32;
            }
        }
        let mut edge = Vec::new();
        for &index in seeds.iter().flatten() {
            if self
                .neighbours(index)
                .any(|other| self.labels[other] == OPEN)
            {
                edge.push(index);
            }
        }
        self.edge = edge;
    }

    fn neighbours(&self, index: usize) -> impl Iterator<Item = usize> + use<'a> {
        self.offsets
            .iter()
            .map(move |offset| index.wrapping_add_signed(*offset))
    }

    /// Lets the seeds grow over all open pixels.
    pub(super) fn flood(&mut self) {
        let mut edge = std::mem::take(&mut self.edge);
        edge.sort_unstable();
        edge.dedup();
        let rank = |value: f32| ordered(-value);
        let first = |index: &usize| Reverse((rank(self.values[*index]), 0, *index));
        let mut turns: BinaryHeap<Turn> = edge.iter().map(first).collect();
        let mut age = 0;
        while let Some(Reverse((_, _, index))) = turns.pop() {
            let label = self.labels[index];
            for neighbour in self.neighbours(index) {
                if self.labels[neighbour] != OPEN {
                    continue;
                }
                age += 1;
                self.labels[neighbour] = label;
                let seed = label.unsigned_abs() as usize;
                self.regions[seed].push(neighbour);
                self.sums[seed] += f64::from(self.values[neighbour]);
                turns.push(Reverse((rank(self.values[neighbour]), age, neighbour)));
            }
        }
    }

    /// The seeds that are left, and the sums of their values.
    pub(super) fn fluxes(&self) -> Vec<(usize, f64)> {
        let regions = self.regions.iter().zip(&self.sums).enumerate();
        regions
            .filter(|(_, (pixels, _))| !pixels.is_empty())
            .map(|(seed, (_, sum))| (seed, *sum))
            .collect()
    }

    /// Gives up a seed: its pixels are open again.
    pub(super) fn remove(&mut self, seed: usize) {
        let pixels = std::mem::take(&mut self.regions[seed]);
        for &index in &pixels {
            self.labels[index] = OPEN;
        }
        for &index in &pixels {
            for neighbour in self.neighbours(index) {
                if self.labels[neighbour] >= 0 {
                    self.edge.push(neighbour);
                }
            }
        }
    }

    /// The pixels of the seeds that are left.
    pub(super) fn into_regions(self) -> Vec<Vec<usize>> {
        let mut regions = self.regions;
        regions.retain(|pixels| !pixels.is_empty());
        regions
    }
}

/// An integer in the order of the floats.
fn ordered(value: f32) -> u32 {
    let bits = value.to_bits();
    if bits >> 31 == 1 {
        !bits
    } else {
        bits | 1 << 31
    }
}
