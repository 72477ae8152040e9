//! Distances to the nearest other source.

/// For each position `(x, y)` the index of the nearest other one and the distance to it; none if there is only one.
///
/// ```
/// let nearest = stcal::source_photometry::nearest_neighbours(&[(0.0, 0.0), (3.0, 4.0), (3.0, 5.0)]).unwrap();
/// assert_eq!(nearest, [(1, 5.0), (2, 1.0), (1, 1.0)]);
/// assert!(stcal::source_photometry::nearest_neighbours(&[(1.0, 1.0)]).is_none());
/// ```
#[must_use]
pub fn nearest_neighbours(positions: &[(f64, f64)]) -> Option<Vec<(usize, f64)>> {
    if positions.len() < 2 {
        return None;
    }
    let mut order: Vec<usize> = (0..positions.len()).collect();
    order.sort_by(|a, b| positions[*a].0.total_cmp(&positions[*b].0));
    let mut nearest = vec![(0, f64::INFINITY); positions.len()];
    for (rank, &index) in order.iter().enumerate() {
        let (x, y) = positions[index];
        let mut best = (0, f64::INFINITY);
        let mut look = |others: &mut dyn Iterator<Item = usize>| {
            for other in others {
                let (dx, dy) = (positions[other].0 - x, positions[other].1 - y);
                if dx * dx > best.1 {
                    break;
                }
                let squared = dx * dx + dy * dy;
                if squared < best.1 {
                    best = (other, squared);
                }
            }
        };
        look(&mut order[rank + 1..].iter().copied());
        look(&mut order[..rank].iter().rev().copied());
        nearest[index] = (best.0, best.1.sqrt());
    }
    Some(nearest)
}
