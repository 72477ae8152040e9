//! Levels from differences.

use ndarray::Array2;

/// The levels of two images in the part of the sky that is in both.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Overlap {
    /// Indices of the two images.
    pub images: [usize; 2],
    /// Their levels.
    pub levels: [f64; 2],
    /// Mean of the numbers of pixels that the levels were measured on; an overlap without weight connects nothing.
    pub weight: f64,
}

/// Which image keeps its level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The one with the lowest level; others are lowered to it.
    Down,
    /// The one with the highest level; others are raised to it.
    Up,
}

/// Levels that make images agree.
#[derive(Debug, Clone, PartialEq)]
pub struct Levels {
    /// How much each image lies above the one that keeps its level; nothing for images that overlap with no other.
    pub levels: Vec<Option<f64>>,
    /// How many independent equations there were; one fewer than images if all of them are connected.
    pub rank: usize,
}

/// The levels of `images` images that minimise `Σ weight² ((level_i - level_j) - (found_i - found_j))²` over the overlaps.
///
/// Images that are connected by overlaps make up a set. The equations leave the mean of a set open: it is zero for each of
/// them, before the lowest or highest level of all is subtracted.
///
/// ```
/// use stcal::skymatch::{Direction, Overlap, match_levels};
/// let overlap = Overlap { images: [0, 2], levels: [5.0, 3.0], weight: 100.0 };
/// let found = match_levels(3, &[overlap], Direction::Down);
/// assert_eq!(found.levels, [Some(2.0), None, Some(0.0)]);
/// assert_eq!(found.rank, 1);
/// ```
///
/// # Source
/// stcal 1.20.0 `skymatch.skymatch::_find_optimum_sky_deltas`, which takes the pseudo-inverse of the equations. Eliminating
/// images from the network of overlaps (as nodes from one of resistors) gives the same levels.
pub fn match_levels(images: usize, overlaps: &[Overlap], direction: Direction) -> Levels {
    let mut levels: Vec<Option<f64>> = vec![None; images];
    let sets = connected(images, overlaps);
    for set in sets.iter().filter(|set| set.len() > 1) {
        for (&image, level) in set.iter().zip(solve(set, overlaps)) {
            levels[image] = Some(level);
        }
    }
    let known = levels.iter().flatten().copied();
    let reference = match direction {
        Direction::Down => known.reduce(f64::min),
        Direction::Up => known.reduce(f64::max),
    };
    for level in levels.iter_mut().flatten() {
        *level -= reference.unwrap_or_default();
    }
    Levels {
        levels,
        rank: images - sets.len(),
    }
}

/// Sets of images that overlaps connect.
fn connected(images: usize, overlaps: &[Overlap]) -> Vec<Vec<usize>> {
    let mut set: Vec<usize> = (0..images).collect();
    for overlap in overlaps.iter().filter(|overlap| overlap.weight > 0.0) {
        let [a, b] = overlap.images.map(|image| set[image]);
        let (kept, gone) = (a.min(b), a.max(b));
        set.iter_mut()
            .filter(|set| **set == gone)
            .for_each(|set| *set = kept);
    }
    let mut sets: Vec<Vec<usize>> = vec![Vec::new(); images];
    for (image, set) in set.into_iter().enumerate() {
        sets[set].push(image);
    }
    sets.retain(|set| !set.is_empty());
    sets
}

/// Levels of the images of a connected set, with a mean of zero.
///
/// Images are eliminated one by one: the level of one that minimises the sum, given those of the others, is a weighted mean, and what
/// remains of its overlaps are overlaps between its neighbours. No step subtracts weights, so small ones keep their digits beside
/// large ones, which the matrix of the equations would lose.
fn solve(set: &[usize], overlaps: &[Overlap]) -> Vec<f64> {
    let mut ties = Ties::between(set, overlaps);
    for image in 0..set.len() {
        ties.eliminate(image);
    }
    let mut levels = vec![0.0; set.len()];
    for image in (0..set.len()).rev() {
        levels[image] = ties.level(image, &levels);
    }
    let mean = levels.iter().sum::<f64>() / levels.len() as f64;
    for level in &mut levels {
        *level -= mean;
    }
    levels
}

/// What is known of the differences between the levels of the images of a set.
struct Ties {
    /// Squared weight of the difference between two images; symmetric.
    weights: Array2<f64>,
    /// Level of the first image above the second; antisymmetric.
    differences: Array2<f64>,
}

impl Ties {
    fn between(set: &[usize], overlaps: &[Overlap]) -> Self {
        let shape = (set.len(), set.len());
        let mut ties = Self {
            weights: Array2::zeros(shape),
            differences: Array2::zeros(shape),
        };
        let place = |image: usize| set.iter().position(|member| *member == image);
        for overlap in overlaps {
            let [Some(i), Some(j)] = overlap.images.map(place) else {
                continue;
            };
            let difference = overlap.levels[0] - overlap.levels[1];
            ties.add([i, j], overlap.weight * overlap.weight, difference);
        }
        ties
    }

    /// Adds a measurement: the difference becomes the weighted mean with what was known.
    fn add(&mut self, [i, j]: [usize; 2], weight: f64, difference: f64) {
        let total = self.weights[[i, j]] + weight;
        if total == 0.0 {
            return;
        }
        let share = weight / total;
        let mean = self.differences[[i, j]] * (1.0 - share) + difference * share;
        (self.weights[[i, j]], self.weights[[j, i]]) = (total, total);
        (self.differences[[i, j]], self.differences[[j, i]]) = (mean, -mean);
    }

    /// Replaces the ties of an image to later ones by ties among these.
    fn eliminate(&mut self, image: usize) {
        let images = self.weights.nrows();
        let total = self.weights.row(image).iter().skip(image + 1).sum::<f64>();
        for i in image + 1..images {
            for j in i + 1..images {
                let weight = self.weights[[image, i]] * (self.weights[[image, j]] / total);
                let difference = self.differences[[image, j]] - self.differences[[image, i]];
                if weight > 0.0 {
                    self.add([i, j], weight, difference);
                }
            }
        }
    }

    /// The level of an image from those of later ones; zero for the last.
    fn level(&self, image: usize, levels: &[f64]) -> f64 {
        let later = image + 1..levels.len();
        let total = later.clone().map(|j| self.weights[[image, j]]).sum::<f64>();
        let share = |j: usize| self.weights[[image, j]] / total;
        later
            .map(|j| share(j) * (levels[j] + self.differences[[image, j]]))
            .sum()
    }
}
