//! The pipelines of JWST as tables of steps.
