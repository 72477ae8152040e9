//! Intersection and union in a common tangent plane.

use i_overlay::core::fill_rule::FillRule;
use i_overlay::core::overlay_rule::OverlayRule;
use i_overlay::core::solver::Solver;
use i_overlay::float::overlay::{FloatOverlay, OverlayOptions};

use super::plane::TangentPlane;
use super::ring::Ring;
use super::vector::{Direction, chord, dot, middle};
use super::{Part, PolygonError, SphericalPolygon};

/// Directions nearer than this to a vertex of the input are that vertex: rounding of the projection [rad].
const SAME: f64 = 1e-15;

/// A circle on the sky that holds a part.
struct Cap {
    centre: Direction,
    radius: f64,
}

impl Cap {
    fn around(part: &Part) -> Option<Self> {
        let vertices = &part.outer.0;
        let centre = middle(vertices)?;
        let radius = (vertices.iter())
            .map(|vertex| angle(centre, *vertex))
            .fold(0.0, f64::max);
        Some(Self { centre, radius })
    }

    /// Whether the two circles may share a point.
    fn meets(&self, other: &Self) -> bool {
        angle(self.centre, other.centre) <= self.radius + other.radius + 1e-12
    }
}

fn angle(a: Direction, b: Direction) -> f64 {
    2.0 * (chord(a, b) / 2.0).min(1.0).asin()
}

/// Whether parts may share a point; false only if they do not.
pub(super) fn may_meet(a: &Part, b: &Part) -> bool {
    match (Cap::around(a), Cap::around(b)) {
        (Some(a), Some(b)) => a.meets(&b),
        _ => true,
    }
}

/// What is in `subject` and in `clip`.
pub(super) fn intersection(
    subject: &[&Part],
    clip: &[&Part],
) -> Result<SphericalPolygon, PolygonError> {
    Ok(Overlay::of(subject, clip)?.apply(OverlayRule::Intersect))
}

/// What is in any of `parts`.
pub(super) fn union(parts: &[&Part]) -> Result<SphericalPolygon, PolygonError> {
    Ok(Overlay::of(parts, &[])?.apply(OverlayRule::Subject))
}

/// Parts in the plane that touches the sphere at their middle.
struct Overlay {
    plane: TangentPlane,
    vertices: Vec<Direction>,
    subject: Vec<Vec<[f64; 2]>>,
    clip: Vec<Vec<[f64; 2]>>,
}

impl Overlay {
    fn of(subject: &[&Part], clip: &[&Part]) -> Result<Self, PolygonError> {
        let vertices: Vec<Direction> = (subject.iter().chain(clip))
            .flat_map(|part| part.rings())
            .flat_map(|ring| ring.0.iter().copied())
            .collect();
        let plane = middle(&vertices)
            .map(TangentPlane::at)
            .ok_or(PolygonError::TooLarge)?;
        Ok(Self {
            subject: project(&plane, subject)?,
            clip: project(&plane, clip)?,
            plane,
            vertices,
        })
    }

    fn apply(&self, rule: OverlayRule) -> SphericalPolygon {
        // The crate works on a grid of integers: with 64 bits its cells are finer than the rounding of the vertices.
        let mut options = OverlayOptions::<f64, i64>::default();
        options.preserve_input_collinear = true;
        options.clean_result = false;
        let shapes = FloatOverlay::<[f64; 2], i64>::from_subj_and_clip_custom(
            &self.subject,
            &self.clip,
            options,
            Solver::AUTO,
        )
        .overlay(rule, FillRule::NonZero);
        let parts = shapes.into_iter().filter_map(|shape| {
            let mut rings = (shape.into_iter())
                .map(|contour| Ring::new(contour.into_iter().map(|point| self.direction(point))));
            let outer = rings.next().filter(|ring| !ring.is_degenerate())?;
            let holes = rings.filter(|ring| !ring.is_degenerate()).collect();
            Some(Part { outer, holes })
        });
        SphericalPolygon {
            parts: parts.collect(),
        }
    }

    /// The direction of a point, the very vertex where it was one.
    fn direction(&self, point: [f64; 2]) -> Direction {
        let direction = self.plane.direction_from_point(point);
        (self.vertices.iter().copied())
            .map(|vertex| (chord(vertex, direction), vertex))
            .filter(|(distance, _)| *distance <= SAME)
            .min_by(|a, b| a.0.total_cmp(&b.0))
            .map_or(direction, |(_, vertex)| vertex)
    }
}

fn project(plane: &TangentPlane, parts: &[&Part]) -> Result<Vec<Vec<[f64; 2]>>, PolygonError> {
    (parts.iter())
        .flat_map(|part| part.rings())
        .map(|ring| {
            (ring.0.iter())
                .map(|direction| plane.point_from_direction(*direction))
                .collect::<Option<Vec<_>>>()
                .ok_or(PolygonError::TooLarge)
        })
        .collect()
}

/// The parts in groups; parts of different groups share no point.
pub(super) fn clusters<'a>(parts: &[&'a Part]) -> Vec<Vec<&'a Part>> {
    let mut clusters: Vec<Vec<&Part>> = Vec::new();
    for &part in parts {
        let (near, mut rest): (Vec<_>, Vec<_>) = clusters
            .into_iter()
            .partition(|cluster| cluster.iter().any(|other| may_meet(part, other)));
        let mut cluster: Vec<&Part> = near.into_iter().flatten().collect();
        cluster.push(part);
        rest.push(cluster);
        clusters = rest;
    }
    clusters
}

/// Whether the directions fit a hemisphere about their middle, as all of this needs.
pub(super) fn fits_hemisphere(ring: &Ring) -> bool {
    middle(&ring.0).is_some_and(|centre| ring.0.iter().all(|vertex| dot(centre, *vertex) > 1e-3))
}
