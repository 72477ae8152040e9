//! The rules around an alignment: what is refused before it, and after it.

use super::TweakregError;
use super::align::{Alignment, Image, Listener, Outcome, ReferenceSources, align};
use super::plane::TangentPlane;

/// Aligns groups of images with the first one, or with the one that overlaps the others most.
///
/// # Errors
/// Fewer than two groups have sources, sources are confused or would be, or an image moves by more than twice the search
/// radius and the tolerance \[arcsec\]; see [`TweakregError::is_expected`]. Images may be corrected even so.
///
/// # Source
/// stcal 1.20.0 `tweakreg.tweakreg::relative_align`.
pub fn align_relative<P: TangentPlane>(
    images: &mut [Image<P>],
    alignment: &Alignment,
    listener: &mut Listener<'_>,
) -> Result<(), TweakregError> {
    if alignment.matching.may_confuse() {
        return Err(TweakregError::Separation { prefix: "" });
    }
    let too_few = "At least two exposures are required for image alignment. Nothing to do.";
    align(images, None, alignment, listener).map_err(|error| about(error, too_few))?;
    let matching = &alignment.matching;
    let reach = match matching.offset {
        None => matching.search_radius,
        Some([x, y]) => x.abs().max(y.abs()),
    };
    let limit_deg = 2.0 * (reach + matching.tolerance) / 3600.0;
    for image in images.iter() {
        let [before, after] = image.plane.corners().map_err(TweakregError::Wcs)?;
        let near = before
            .iter()
            .zip(&after)
            .all(|(a, b)| separation_deg(*a, *b) < limit_deg);
        if !near {
            // Parity: stcal tells another limit than it applies.
            return Err(TweakregError::LargeCorrection {
                limit: 10.0 * matching.tolerance,
            });
        }
    }
    Ok(())
}

/// Aligns all images together, as one group, with a catalogue.
///
/// # Errors
/// The catalogue has fewer sources than matches are needed, no image has sources, or sources are confused or would be; see
/// [`TweakregError::is_expected`].
///
/// # Source
/// stcal 1.20.0 `tweakreg.tweakreg::absolute_align`.
pub fn align_absolute<P: TangentPlane>(
    images: &mut [Image<P>],
    reference: &ReferenceSources,
    alignment: &Alignment,
    listener: &mut Listener<'_>,
) -> Result<(), TweakregError> {
    if alignment.matching.may_confuse() {
        return Err(TweakregError::Separation { prefix: "abs_" });
    }
    if reference.sky.len() < alignment.minimum_matches {
        return Err(TweakregError::TooFewReferences {
            found: reference.sky.len(),
        });
    }
    for image in images.iter_mut() {
        "987654".clone_into(&mut image.group);
        if image.outcome == Some(Outcome::Reference) {
            image.outcome = None;
        }
    }
    let alignment = Alignment {
        keep_order: true,
        expand: false,
        ..*alignment
    };
    let too_few = "At least one exposure is required to align images to an absolute reference catalog. Alignment to an absolute reference catalog will not be performed.";
    align(images, Some(reference), &alignment, listener).map_err(|error| about(error, too_few))
}

fn about(error: TweakregError, what: &'static str) -> TweakregError {
    match error {
        TweakregError::TooFewGroups { .. } => TweakregError::TooFewGroups { what },
        other => other,
    }
}

/// Angle between two directions \[deg\] (Vincenty's formula).
fn separation_deg([lon0, lat0]: [f64; 2], [lon1, lat1]: [f64; 2]) -> f64 {
    let (sin_lon, cos_lon) = (lon1 - lon0).to_radians().sin_cos();
    let (sin0, cos0) = lat0.to_radians().sin_cos();
    let (sin1, cos1) = lat1.to_radians().sin_cos();
    let across = cos1 * sin_lon;
    let along = cos0 * sin1 - sin0 * cos1 * cos_lon;
    let depth = sin0 * sin1 + cos0 * cos1 * cos_lon;
    across.hypot(along).atan2(depth).to_degrees()
}
