//! Fitting of count rates to ramps.
