//! The smallest convex ring around directions.

use super::plane::TangentPlane;
use super::ring::Ring;
use super::vector::{Direction, middle};

/// The convex hull, counterclockwise; nothing if the directions do not lie in one hemisphere about their middle.
///
/// # Source
/// Andrew 1979, doi:10.1016/0020-0190(79)90072-3 (monotone chain), in the tangent plane: great circles are straight there.
pub(super) fn convex_hull(directions: &[Direction]) -> Option<Ring> {
    let plane = TangentPlane::at(middle(directions)?);
    let mut points: Vec<([f64; 2], Direction)> = directions
        .iter()
        .map(|direction| Some((plane.point_from_direction(*direction)?, *direction)))
        .collect::<Option<_>>()?;
    points.sort_by(|(a, _), (b, _)| a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1])));
    let mut hull = chain(points.iter().copied());
    hull.pop();
    let mut upper = chain(points.iter().rev().copied());
    upper.pop();
    hull.extend(upper);
    Some(Ring::new(hull.into_iter().map(|(_, direction)| direction)))
}

/// The part of the hull to the right of sorted points, first and last included.
fn chain(points: impl Iterator<Item = ([f64; 2], Direction)>) -> Vec<([f64; 2], Direction)> {
    let mut chain: Vec<([f64; 2], Direction)> = Vec::new();
    for point in points {
        while let [.., (a, _), (b, _)] = chain[..] {
            let c = point.0;
            let left = (b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1]);
            if left > 0.0 {
                break;
            }
            chain.pop();
        }
        chain.push(point);
    }
    chain
}
