//! Fitting of count rates to ramps.
//!
//! A ramp is the series of samples ("groups") of one pixel in one integration, in DN. The fit gives the count rate
//! in DN/s with its variances, for each integration and for the whole exposure.
//!
//! The order of work of a caller:
//!
//! 1. [`select_groups`] flags the groups that the user does not want.
//! 2. [`GroupSurvey`] looks at the quality of all bands and tells which groups take part, or that there
//!    [is nothing to fit](NothingToFit): these are the only questions that concern the whole exposure.
//! 3. [`OlsPlan`] holds everything that is the same for all pixels. It may be shared by threads.
//! 4. [`fit_ols_band`] fits a band of rows into its part of [`ExposureRates`] and [`IntegrationRates`]; bands are
//!    independent of each other, so that the result has the same bits however the rows are split.
//! 5. [`OptionalResults::assemble`] puts the results of single segments together, if they were asked for.
//!
//! [`fit_ols`] does the last three for a whole image in one call.
//!
//! [`fit_likely_band`] is the other way: with the full covariance of the reads, any read times and a search for jumps of
//! its own ([`likely`]). Of the above it needs the first step only.
//!
//! [`cas22`] is the algorithm of the Roman mission, for resultants of any number of reads each.

mod arrays;
pub mod cas22;
mod groups;
pub mod likely;
pub mod ols;
mod params;
#[cfg(test)]
mod tests;

pub use arrays::{ExposureRates, IntegrationRates, Ramp, RampFitError, Rates, RatesMut};
pub use groups::{
    EdgeGroups, GroupSelection, GroupSurvey, GroupWindow, NothingToFit, select_groups,
};
pub use likely::{LikelyFit, LikelyParams, LikelyPlan, ReadTimes, fit_likely, fit_likely_band};
pub use ols::{BandSegments, OlsFit, OlsPlan, OptionalResults, fit_ols, fit_ols_band};
pub use params::{OlsParams, RampFlags, RampTiming};
