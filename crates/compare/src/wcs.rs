//! Comparison of world coordinate systems: by the positions that they give, not by how they are written.

use datamodels::Result;
use datamodels::metadata::Metadata;

use super::report::Finding;
use super::tolerance::ToleranceSpec;

/// Points along each side of the grid that is laid over the bounding box of the reference.
const POINTS: usize = 25;

/// Evaluates both on a grid of pixels.
pub(super) fn compare(
    ours: &Metadata,
    reference: &Metadata,
    spec: &ToleranceSpec,
) -> Result<Option<Finding>> {
    let finding = |ours: String, reference: String| {
        Some(Finding::Node {
            path: "meta.wcs".to_string(),
            ours,
            reference,
        })
    };
    let (a, b) = match (ours.wcs()?, reference.wcs()?) {
        (None, None) => return Ok(None),
        (Some(a), Some(b)) => (a, b),
        (a, b) => {
            let describe = |there: bool| if there { "a WCS" } else { "none" }.to_string();
            return Ok(finding(describe(a.is_some()), describe(b.is_some())));
        }
    };
    if a.bounding_box().map(|bounds| &bounds.intervals)
        != b.bounding_box().map(|bounds| &bounds.intervals)
    {
        let describe = format!("{:?}", b.bounding_box());
        return Ok(finding(format!("{:?}", a.bounding_box()), describe));
    }
    let names = [a.frames().collect::<Vec<_>>(), b.frames().collect()];
    if names[0] != names[1] {
        return Ok(finding(names[0].join(", "), names[1].join(", ")));
    }
    let Some(bounds) = b.bounding_box() else {
        return Ok(None);
    };
    let intervals: Vec<[f64; 2]> = bounds
        .intervals
        .iter()
        .map(|interval| interval.map_or([0.0, 1.0], |interval| [interval.low, interval.high]))
        .collect();
    let count = POINTS.pow(intervals.len() as u32);
    let inputs: Vec<Vec<f64>> = intervals
        .iter()
        .enumerate()
        .map(|(axis, [low, high])| {
            let step = (high - low) / (POINTS - 1) as f64;
            let along = |index: usize| index / POINTS.pow(axis as u32) % POINTS;
            (0..count)
                .map(|index| low + step * along(index) as f64)
                .collect()
        })
        .collect();
    let inputs: Vec<&[f64]> = inputs.iter().map(Vec::as_slice).collect();
    let (Ok(found), Ok(expected)) = (a.evaluate(&inputs), b.evaluate(&inputs)) else {
        return Ok(finding("cannot be evaluated".into(), "a WCS".into()));
    };
    for (found, expected) in found.iter().flatten().zip(expected.iter().flatten()) {
        let same = found.is_nan() && expected.is_nan();
        if !(same || (found - expected).abs() <= spec.wcs.allowed(*expected)) {
            return Ok(finding(found.to_string(), expected.to_string()));
        }
    }
    Ok(None)
}
