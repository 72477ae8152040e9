//! Maximum-likelihood fit with the full covariance of the reads, and a search for jumps by χ².
//!
//! The groups of a ramp are differenced: dᵢ = (gᵢ₊₁ − gᵢ) / Δtᵢ. The dᵢ of one ramp have the same expectation a, the count
//! rate, and a covariance matrix C that is tridiagonal (`covariance`), because neighbouring differences share a group:
//!
//! ```text
//! Cᵢᵢ   = a (τᵢ + τᵢ₊₁ − 2 t̄ᵢ) / (g Δtᵢ²) + r² (1/Nᵢ + 1/Nᵢ₊₁) / Δtᵢ²
//! Cᵢ,ᵢ₊₁ = a (t̄ᵢ₊₁ − τᵢ₊₁) / (g Δtᵢ Δtᵢ₊₁) − r² / (Nᵢ₊₁ Δtᵢ Δtᵢ₊₁)
//! ```
//!
//! with the mean time t̄, the variance-weighted time τ and the number N of the reads of a group, gain g and noise r of one
//! read. The rate that maximises the likelihood, its variance and χ² are
//!
//! ```text
//! a = (1ᵀ C⁻¹ d) / (1ᵀ C⁻¹ 1),   σ² = 1 / (1ᵀ C⁻¹ 1),   χ² = dᵀ C⁻¹ d − (1ᵀ C⁻¹ d)² / (1ᵀ C⁻¹ 1)
//! ```
//!
//! and come from recurrences along the ramp without a matrix (`lanes`; Brandt 2024a, PASP 136, 045004, eq. 38 to 75,
//! doi:10.1088/1538-3873/ad38d9, arXiv:2309.08753). A difference that must not be used is cut out by setting the
//! elements beside the diagonal to 0.
//!
//! C depends on the rate that is sought. A first C is made with the median difference; with it, differences that spoil
//! the fit are searched (`jumps`): of all single differences, and of all neighbouring pairs where a group averages
//! several reads, the one without which χ² falls most is left out if it falls by more than a threshold, and the search
//! goes on (Brandt 2024b, PASP 136, 045005, section 3, doi:10.1088/1538-3873/ad38da, arXiv:2404.01326). The rate of the
//! last search, which is biased low or high together with its own weights, makes the C of the final fit: this second
//! pass takes the bias out.
//!
//! Integrations are averaged with weights that follow from the variances of a common rate (`combine`).
//!
//! # Rounding
//! With two usable differences, χ² without one of them is 0 but for rounding, and whether both, one or none of them is
//! left out depends on the last bit. The order of the operations and of the sums is therefore the reference's.
//!
//! # Source
//! stcal 1.20.0 `ramp_fitting/likely_fit.py`, `likely_algo_classes.py`. Tolerance: quality and NaN exact, 1e-6 relative
//! otherwise; rates that are residues of rounding excepted.

#![allow(
    clippy::needless_range_loop,
    reason = "a lane is an index into several arrays at once"
)]

mod band;
mod combine;
mod covariance;
mod jumps;
mod lanes;
mod plan;
#[cfg(test)]
mod tests;

pub use band::{LikelyFit, fit_likely, fit_likely_band};
pub use covariance::ReadTimes;
pub use plan::{LikelyParams, LikelyPlan, MIN_GROUPS};
