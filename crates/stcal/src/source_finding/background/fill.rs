//! Values for boxes without enough pixels, and the filter over boxes.

use ndarray::Array2;

use super::nearest::NearestBoxes;

pub(super) use super::boxes::median_filter;

/// Number of boxes whose mean fills one that has no value.
const NEIGHBOURS: usize = 10;

/// Replaces NaN by the mean of the nearest boxes that have a value, weighted by the inverse of their distance in boxes.
/// None if no box has a value.
pub(super) fn fill_unknown(mesh: Array2<f32>) -> Option<Array2<f32>> {
    let known: Vec<(usize, usize)> = mesh
        .indexed_iter()
        .filter(|(_, value)| !value.is_nan())
        .map(|(index, _)| index)
        .collect();
    if known.is_empty() {
        return None;
    }
    if known.len() == mesh.len() {
        return Some(mesh);
    }
    let nearest = NearestBoxes::new(&known);
    let mut filled = mesh.clone();
    for ((row, column), value) in filled.indexed_iter_mut() {
        if !value.is_nan() {
            continue;
        }
        let (mut sum, mut weights) = (0.0, 0.0);
        for (squared_distance, index) in nearest.find((row, column), NEIGHBOURS) {
            let weight = 1.0 / squared_distance.sqrt();
            sum += weight * f64::from(mesh[known[index]]);
            weights += weight;
        }
        *value = (sum / weights) as f32;
    }
    Some(filled)
}
