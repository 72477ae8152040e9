//! Typed views of the parts of the tree that steps read most.

use super::Metadata;
use crate::error::{DataModelError, Result};

/// Parameters of the exposure (`meta.exposure`).
#[derive(Debug, Clone, Copy)]
pub struct Exposure<'a>(pub(super) &'a Metadata);

impl<'a> Exposure<'a> {
    /// `EXP_TYPE` in upper case.
    ///
    /// # Errors
    /// The keyword is absent.
    pub fn kind(self) -> Result<String> {
        Ok(self.0.require_text("meta.exposure.type")?.to_uppercase())
    }

    /// READPATT in upper case; empty where absent.
    pub fn read_pattern(self) -> String {
        self.0
            .text("meta.exposure.readpatt")
            .unwrap_or_default()
            .to_uppercase()
    }

    /// NGROUPS.
    ///
    /// # Errors
    /// The keyword is absent or smaller than 1.
    pub fn groups(self) -> Result<usize> {
        self.count("meta.exposure.ngroups", 1)
    }

    /// NINTS.
    ///
    /// # Errors
    /// The keyword is absent or smaller than 1.
    pub fn integrations(self) -> Result<usize> {
        self.count("meta.exposure.nints", 1)
    }

    /// NFRAMES.
    ///
    /// # Errors
    /// The keyword is absent or smaller than 1.
    pub fn frames_per_group(self) -> Result<usize> {
        self.count("meta.exposure.nframes", 1)
    }

    /// GROUPGAP.
    ///
    /// # Errors
    /// The keyword is absent or negative.
    pub fn group_gap(self) -> Result<usize> {
        self.count("meta.exposure.groupgap", 0)
    }

    /// TFRAME [s].
    ///
    /// # Errors
    /// The keyword is absent or not positive.
    pub fn frame_time_s(self) -> Result<f64> {
        self.positive("meta.exposure.frame_time")
    }

    /// TGROUP [s].
    ///
    /// # Errors
    /// The keyword is absent or not positive.
    pub fn group_time_s(self) -> Result<f64> {
        self.positive("meta.exposure.group_time")
    }

    fn count(self, path: &str, least: i64) -> Result<usize> {
        self.0.require_integer(path, least).map(|v| v as usize)
    }

    fn positive(self, path: &str) -> Result<f64> {
        let value = self.0.require_number(path)?;
        if value > 0.0 {
            Ok(value)
        } else {
            Err(self.0.keyword_error(path, "a positive number"))
        }
    }

    /// The metadata behind the view.
    pub fn metadata(self) -> &'a Metadata {
        self.0
    }
}

/// Configuration of the instrument (`meta.instrument`).
#[derive(Debug, Clone, Copy)]
pub struct Instrument<'a>(pub(super) &'a Metadata);

impl Instrument<'_> {
    /// INSTRUME in upper case.
    ///
    /// # Errors
    /// The keyword is absent.
    pub fn name(self) -> Result<String> {
        Ok(self.0.require_text("meta.instrument.name")?.to_uppercase())
    }

    /// DETECTOR in upper case.
    ///
    /// # Errors
    /// The keyword is absent.
    pub fn detector(self) -> Result<String> {
        Ok(self
            .0
            .require_text("meta.instrument.detector")?
            .to_uppercase())
    }
}

/// The part of the detector that was read out (`meta.subarray`).
#[derive(Debug, Clone, Copy)]
pub struct Subarray<'a>(pub(super) &'a Metadata);

/// Start (counted from 1) and size of a subarray along both axes, as keywords say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SubarrayFrame {
    /// SUBSTRT1.
    pub x_start: i64,
    /// SUBSTRT2.
    pub y_start: i64,
    /// SUBSIZE1.
    pub x_size: i64,
    /// SUBSIZE2.
    pub y_size: i64,
}

impl Subarray<'_> {
    /// SUBARRAY in upper case; empty where absent.
    pub fn name(self) -> String {
        self.0
            .text("meta.subarray.name")
            .unwrap_or_default()
            .to_uppercase()
    }

    /// Start and size.
    ///
    /// # Errors
    /// A keyword is absent, or a start is smaller than 1.
    pub fn frame(self) -> Result<SubarrayFrame> {
        Ok(SubarrayFrame {
            x_start: self.0.require_integer("meta.subarray.xstart", 1)?,
            y_start: self.0.require_integer("meta.subarray.ystart", 1)?,
            x_size: self.0.require_integer("meta.subarray.xsize", 1)?,
            y_size: self.0.require_integer("meta.subarray.ysize", 1)?,
        })
    }

    /// FASTAXIS and SLOWAXIS: ±1 for columns, ±2 for rows.
    ///
    /// # Errors
    /// A keyword is absent, not one of ±1 and ±2, or both name the same axis.
    pub fn axes(self) -> Result<(i64, i64)> {
        let axis = |path: &str| -> Result<i64, DataModelError> {
            let value = self.0.require_integer(path, -2)?;
            let valid = matches!(value.abs(), 1 | 2);
            if valid {
                Ok(value)
            } else {
                Err(self.0.keyword_error(path, "-2, -1, 1 or 2"))
            }
        };
        let (fast, slow) = (
            axis("meta.subarray.fastaxis")?,
            axis("meta.subarray.slowaxis")?,
        );
        if fast.abs() == slow.abs() {
            return Err(self
                .0
                .keyword_error("meta.subarray.slowaxis", "the axis that FASTAXIS is not"));
        }
        Ok((fast, slow))
    }
}
