//! Calibration Reference Data System: mappings, best-reference selection and the cache.
