//! Lines of the log.

use super::SkyMatchParams;

/// What a line is about: an exposure or a group of them.
pub(super) enum Group<'a> {
    /// An exposure, by its file name.
    One(&'a str),
    /// A group, by its number.
    Several(usize),
}

pub(super) fn begin(params: &SkyMatchParams) {
    tracing::info!(" ");
    tracing::info!("***** stcal.skymatch.skymatch.skymatch() started");
    tracing::info!(" ");
    tracing::info!("Sky computation method: '{}'", params.skymethod);
    if params.skymethod.contains("match") {
        let direction = if params.match_down { "DOWN" } else { "UP" };
        tracing::info!("Sky matching direction: {direction}");
    }
    let state = if params.subtract { "ON" } else { "OFF" };
    tracing::info!("Sky subtraction from image data: {state}");
}

pub(super) fn end() {
    tracing::info!(" ");
    tracing::info!("***** stcal.skymatch.skymatch.skymatch() ended");
    tracing::info!(" ");
}

pub(super) fn matching() {
    tracing::info!(" ");
    tracing::info!("----  Computing differences in sky values in overlapping regions.");
}

pub(super) fn whole(global: bool) {
    tracing::info!(" ");
    if global {
        tracing::info!(
            "----  Computing \"global\" sky - smallest sky value across *all* input images."
        );
    } else {
        tracing::info!("----  Sky values computed per image and/or image groups.");
    }
}

pub(super) fn lowest(level: Option<f64>) {
    tracing::info!(" ");
    if let Some(level) = level {
        tracing::info!("   \"Global\" sky value correction: {level} [not converted]");
    } else {
        tracing::warn!("   Unable to compute \"global\" sky value");
    }
}

pub(super) fn combined() {
    tracing::info!(" ");
    tracing::info!("----  Final (match+global) sky for:");
}

pub(super) fn rank(unknowns: usize, rank: usize) {
    if rank + 1 < unknowns {
        tracing::warn!("There are more unknown sky values ({unknowns}) to be solved for");
        tracing::warn!("than there are independent equations available (matrix rank={rank}).");
        tracing::warn!("Sky matching (delta) values will be computed only for");
        tracing::warn!("a subset (or more independent subsets) of input images.");
    }
}

impl Group<'_> {
    pub(super) fn warn(&self) {
        match self {
            Self::One(name) => {
                tracing::warn!("   *  Image ID={name}: Unable to compute sky value");
            }
            Self::Several(number) => {
                tracing::warn!("   *  Group ID={number}: Unable to compute sky value");
            }
        }
    }

    pub(super) fn begin(&self) {
        if let Self::Several(number) = self {
            tracing::info!("   *  Group ID={number}. Sky background of component images:");
        }
    }

    /// The level of an exposure, with the level before and what was added to it.
    pub(super) fn member(&self, name: &str, level: f64, old: Option<(f64, f64)>) {
        let mark = match self {
            Self::One(_) => "   *  ",
            Self::Several(_) => "      - ",
        };
        let level = general(level);
        let old = old.map_or_else(String::new, |(old, delta)| {
            format!(" (old={}, delta={})", general(old), general(delta))
        });
        tracing::info!("{mark}Image ID={name}. Sky background: {level}{old}");
    }
}

/// A number with six significant digits, as `%G` has it.
pub(super) fn general(value: f64) -> String {
    const DIGITS: i32 = 6;
    if value == 0.0 || !value.is_finite() {
        return format!("{value:.0}").to_uppercase();
    }
    let scientific = format!("{value:.*e}", (DIGITS - 1) as usize);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let trimmed = |text: &str| {
        if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        } else {
            text.to_owned()
        }
    };
    if (-4..DIGITS).contains(&exponent) {
        return trimmed(&format!("{value:.*}", (DIGITS - 1 - exponent) as usize));
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{}E{sign}{:02}", trimmed(mantissa), exponent.abs())
}
