//! Calibrate JWST exposures: what the programs `strun` and `jwst` share.
