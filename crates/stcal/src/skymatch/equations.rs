//! Levels from differences.

use ndarray::Array2;

/// The levels of two images in the part of the sky that is in both.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Overlap {
    /// Indices of the two images.
    pub images: [usize; 2],
    /// Their levels.
    pub levels: [f64; 2],
    /// Mean of the numbers of pixels that the levels were measured on.
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
/// stcal 1.20.0 `skymatch.skymatch::_find_optimum_sky_deltas`, which takes the pseudo-inverse of the equations. The set's
/// Laplacian, with one image held, has the same solution, found here by Cholesky's method.
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
    for overlap in overlaps {
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
fn solve(set: &[usize], overlaps: &[Overlap]) -> Vec<f64> {
    let unknowns = set.len() - 1;
    let mut matrix = Array2::<f64>::zeros((unknowns, unknowns));
    let mut right = vec![0.0; unknowns];
    let place = |image: usize| set.iter().position(|member| *member == image);
    for overlap in overlaps {
        let [Some(i), Some(j)] = overlap.images.map(place) else {
            continue;
        };
        let square = overlap.weight * overlap.weight;
        let difference = square * (overlap.levels[0] - overlap.levels[1]);
        // The last image of the set is held at zero.
        for (image, sign) in [(i, 1.0), (j, -1.0)] {
            if image < unknowns {
                matrix[[image, image]] += square;
                right[image] += sign * difference;
            }
        }
        if i < unknowns && j < unknowns {
            matrix[[i, j]] -= square;
            matrix[[j, i]] -= square;
        }
    }
    let mut levels = cholesky(matrix, right);
    levels.push(0.0);
    let mean = levels.iter().sum::<f64>() / levels.len() as f64;
    for level in &mut levels {
        *level -= mean;
    }
    levels
}

/// Solves equations with a symmetric, positive definite matrix.
fn cholesky(mut matrix: Array2<f64>, mut right: Vec<f64>) -> Vec<f64> {
    let size = right.len();
    for column in 0..size {
        for row in column..size {
            let sum: f64 = (0..column)
                .map(|k| matrix[[row, k]] * matrix[[column, k]])
                .sum();
            let value = matrix[[row, column]] - sum;
            matrix[[row, column]] = if row == column {
                value.sqrt()
            } else {
                value / matrix[[column, column]]
            };
        }
    }
    for row in 0..size {
        let sum: f64 = (0..row).map(|k| matrix[[row, k]] * right[k]).sum();
        right[row] = (right[row] - sum) / matrix[[row, row]];
    }
    for row in (0..size).rev() {
        let sum: f64 = (row + 1..size).map(|k| matrix[[k, row]] * right[k]).sum();
        right[row] = (right[row] - sum) / matrix[[row, row]];
    }
    right
}
