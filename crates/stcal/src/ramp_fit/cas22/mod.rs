//! Fit of averaged reads with fixed weights, and a search for jumps: the algorithm of the Roman mission.
//!
//! A ramp is a series of resultants Rᵢ, each the mean of Nᵢ reads of the detector at the times of a [read pattern]. It is
//! cut at unusable resultants into segments; of each, a straight line is fitted with the weights (eq. 45, 35 to 37)
//!
//! ```text
//! wᵢ = (1 + P) Nᵢ / (1 + P Nᵢ) |(t̄ᵢ − t̄_mid) / T|^P,   T = (t̄_last − t̄_first) / 2
//! F₀ = Σ wᵢ,   F₁ = Σ wᵢ t̄ᵢ,   F₂ = Σ wᵢ t̄ᵢ²,   kᵢ = (F₀ t̄ᵢ − F₁) wᵢ / (F₂ F₀ − F₁²)
//! ```
//!
//! where the power P rises with the signal-to-noise ratio s = S / √(r² + S) of the segment, S its growth (eq. 44, table 2).
//! The slope and its variances are (eq. 38 to 40)
//!
//! ```text
//! b = Σ kᵢ Rᵢ,   var_R = r² Σ kᵢ² / Nᵢ,   var_P = b (Σ kᵢ² τᵢ + 2 Σ_{i<j} kᵢ kⱼ t̄ᵢ)
//! ```
//!
//! with the mean time t̄ and the variance-weighted time τ of the reads of a resultant. Segments are averaged with weights
//! 1 / `var_R`.
//!
//! If jumps are sought, the largest of all local slopes in units of their noise, over one and over two steps, is compared
//! with a threshold that falls with the slope; above it, the two resultants that may hold the jump are flagged, the segment
//! is cut there, and both parts are treated in the same way (`jumps`).
//!
//! # Source
//! Casertano 2022, "Determining the best-fitting slope and its uncertainty for up-the-ramp sampled images with unevenly
//! distributed resultants", Roman-STScI-000394; stcal 1.20.0 `ramp_fitting/ols_cas22`. The reference works in single
//! precision with times since the reset, here it is double precision and times since the middle of the segment.
//! Tolerance: 1e-3 of the error; flags differ where the statistic is at the threshold within that precision.
//!
//! [read pattern]: crate::read_pattern::ReadPattern

mod band;
mod jumps;
mod pattern;
mod segment;
#[cfg(test)]
mod tests;

pub use band::{Resultants, fit_cas22, fit_cas22_band};
pub use jumps::JumpThreshold;
pub use pattern::{Cas22Params, Cas22Plan};
