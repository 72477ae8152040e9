//! What happens during an alignment, in the words that users of the reference package search their logs for.

use stcal::tweakreg::{Event, Geometry, LinearFit, Offset, OffsetBasis};

/// Tells of an event.
pub(super) fn tell(event: Event<'_>) {
    match event {
        Event::EmptyGroup { group } => {
            tracing::warn!("Group with ID '{group}' will not be aligned: empty source catalog");
        }
        Event::ReferenceSelected { group } => {
            tracing::info!("Selected image '{group}' as reference image");
        }
        Event::Aligning { group } => {
            tracing::info!("Aligning image catalog '{group}' to the reference catalog.");
        }
        Event::Matching { image, reference } => tracing::info!(
            "Matching sources from '{image}' catalog with sources from the reference '{reference}' catalog."
        ),
        Event::OffsetFound {
            offset,
            search_radius,
        } => tell_offset(&offset, search_radius),
        Event::Matched { count, group } => tracing::info!("Found {count} matches for '{group}'..."),
        Event::TooFewMatches {
            count,
            group,
            needed,
        } => tracing::warn!(
            "Not enough matches ({count}) found for image catalog '{group}'. Min required: {needed}."
        ),
        Event::ClippingOff => {
            tracing::warn!(
                "The number of sources for the fit is smaller than the minimum number of sources necessary for the requested 'fitgeom'."
            );
            tracing::warn!("Resetting number of clipping iterations to 0.");
        }
        Event::Fitting { geometry } => tracing::info!("Performing '{}' fit", geometry.name()),
        Event::Fitted { group, fit } => tell_fit(group, fit),
        Event::Expanded { count, group } => tracing::info!(
            "Added {count} unmatched sources from '{group}' to the reference catalog."
        ),
        Event::NotExpanded { group, reason } => tracing::warn!(
            "Failed to align catalog {group} to the reference catalog. Therefore, it will not be added to the expanded reference catalog. Reported error: 'FAILED: {reason}'"
        ),
        _ => {}
    }
}

fn tell_offset(offset: &Offset, search_radius: f64) {
    tracing::info!("Computing initial guess for X and Y shifts...");
    let shifts = offset.shift.map(general);
    let [x, y] = &shifts;
    let radius = general(search_radius);
    match offset.basis {
        OffsetBasis::NoPairs => {
            tracing::warn!("No matches found within a search radius of {radius} (arcsec).");
        }
        OffsetBasis::OneBin { pairs } => tracing::info!(
            "Found initial X and Y shifts of {x}, {y} (arcsec) based on a single non-zero bin and {pairs} matches."
        ),
        OffsetBasis::Peak {
            pairs,
            significance,
            at_edge,
        } => {
            if at_edge {
                tracing::info!(
                    "Found peak in the 2D histogram lies at the edge of the histogram. Try increasing 'searchrad' for improved results."
                );
            }
            if let Some(significance) = significance.map(general) {
                tracing::info!(
                    "Found initial X and Y shifts of {x}, {y} (arcsec) with significance of {significance} and {pairs} matches."
                );
            } else {
                tracing::warn!(
                    "Unable to estimate significance of the detection of the initial shift."
                );
                tracing::info!(
                    "Found initial X and Y shifts of {x}, {y} (arcsec) with {pairs} matches."
                );
            }
        }
    }
}

fn tell_fit(group: &str, fit: &LinearFit) {
    let parts = &fit.decomposition;
    tracing::info!("Computed '{}' fit for '{group}':", fit.geometry.name());
    let shift = format!(
        "XSH: {}  YSH: {}",
        general(fit.shift[0]),
        general(fit.shift[1])
    );
    let turn = general(parts.proper_rotation_deg);
    let scale = general(parts.mean_scale);
    match fit.geometry {
        Geometry::Shift => tracing::info!("{shift}"),
        Geometry::ShiftRotation | Geometry::ShiftRotationScale if parts.proper => {
            tracing::info!("{shift}    ROT: {turn}    SCALE: {scale}");
        }
        _ => {
            tracing::info!("{shift}    PROPER ROT: {turn}");
            let [x, y] = parts.rotation_deg.map(general);
            let (mean, skew) = (general(parts.mean_rotation_deg), general(parts.skew_deg));
            tracing::info!("<ROT>: {mean}  SKEW: {skew}    ROT_X: {x}  ROT_Y: {y}");
            let [x, y] = parts.scale.map(general);
            tracing::info!("<SCALE>: {scale}  SCALE_X: {x}  SCALE_Y: {y}");
        }
    }
    tracing::info!("");
    let scatter = &fit.scatter;
    tracing::info!(
        "FIT RMSE: {}   FIT MAE: {}",
        general(scatter.rmse),
        general(scatter.mae)
    );
    tracing::info!("Final solution based on {} objects.", fit.residuals.len());
}

/// A number with six significant digits, as C's `%g` writes it.
fn general(value: f64) -> String {
    const DIGITS: i32 = 6;
    if value == 0.0 || !value.is_finite() {
        return if value == 0.0 {
            "0".to_string()
        } else {
            value.to_string().to_lowercase()
        };
    }
    let scientific = format!("{value:.5e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let trimmed = |text: &str| {
        if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.').to_string()
        } else {
            text.to_string()
        }
    };
    if (-4..DIGITS).contains(&exponent) {
        let decimals = usize::try_from(DIGITS - 1 - exponent).unwrap_or(0);
        trimmed(&format!("{value:.decimals$}"))
    } else {
        let sign = if exponent < 0 { '-' } else { '+' };
        format!("{}e{sign}{:02}", trimmed(mantissa), exponent.abs())
    }
}

#[cfg(test)]
mod tests {
    use super::general;

    #[test]
    fn numbers_read_as_in_c() {
        // Python: '%g' % value.
        let values = [
            (0.041_234_567, "0.0412346"),
            (-1.0, "-1"),
            (1e-5, "1e-05"),
            (123_456_789.0, "1.23457e+08"),
            (999_999.5, "1e+06"),
            (100_000.0, "100000"),
            (0.0, "0"),
            (0.000_123_4, "0.0001234"),
        ];
        for (value, text) in values {
            assert_eq!(general(value), text);
        }
    }
}
