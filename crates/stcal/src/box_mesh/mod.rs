//! Meshes of boxes that an image is divided into, with a number for each box: those without one are filled from others.

mod nearest;
#[cfg(test)]
mod tests;

use ndarray::Array2;

use nearest::NearestBoxes;

/// Replaces NaN by the mean of the ten nearest boxes that have a value, weighted by the inverse of their distance in
/// boxes. `None` if no box has a value.
pub(crate) fn fill_unknown(mesh: Array2<f32>) -> Option<Array2<f32>> {
    let known: Vec<(usize, usize)> = mesh
        .indexed_iter()
        .filter_map(|(place, value)| (!value.is_nan()).then_some(place))
        .collect();
    if known.is_empty() {
        return None;
    }
    if known.len() == mesh.len() {
        return Some(mesh);
    }
    let nearest = NearestBoxes::new(&known);
    let mut filled = mesh.clone();
    for (place, value) in filled
        .indexed_iter_mut()
        .filter(|(_, value)| value.is_nan())
    {
        let (mut sum, mut weights) = (0.0, 0.0);
        for (index, distance) in nearest.of(place) {
            let weight = 1.0 / distance;
            sum += weight * f64::from(mesh[known[index]]);
            weights += weight;
        }
        *value = (sum / weights) as f32;
    }
    Some(filled)
}
