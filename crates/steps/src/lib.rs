//! The steps of the JWST calibration pipeline.
