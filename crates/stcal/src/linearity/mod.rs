//! Correction of the non-linear response of a detector by a polynomial per pixel.
//!
//! ```text
//! corrected = c0 + c1 s + c2 s^2 + ... + cn s^n        (Horner's rule, s the signal in DN)
//! ```
//!
//! Saturated samples stay as they are. A pixel whose polynomial is unknown (flagged, a coefficient that is not a
//! number, a linear term of 0) gets the identity and a flag.
//!
//! Where a group is the mean of several reads, correcting the mean is not the mean of the corrected reads. With the
//! coefficients of the inverse polynomial, [`linearize_reads`] rebuilds the reads of each group and corrects those.
//!
//! # Source
//! stcal 1.20.0 `linearity/linearity.py`; the polynomial is that of the WFC3 Data Handbook 2.1 (May 2011), section 6.5.
//! Same order of operations in the same precision: equal to the last bit.

mod coefficients;
mod polynomial;
mod reads;
#[cfg(test)]
mod tests;

pub use coefficients::{CoefficientError, replace_bad_coefficients};
pub use polynomial::{linearize, linearize_zero_frame};
pub use reads::{ReadLevelError, linearize_reads};
