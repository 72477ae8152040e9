//! Detector calibration algorithms on plain arrays, for any mission.
