//! Detection of cosmic rays and other jumps in ramps.
