//! What steps ask about the readout.

use datamodels::RampModel;
use stpipe::StepError;

/// Whether the ramp comes from MIRI.
pub(crate) fn is_miri(ramp: &RampModel) -> Result<bool, StepError> {
    let name = ramp
        .meta
        .instrument()
        .name()
        .map_err(crate::metadata_error)?;
    Ok(name == "MIRI")
}

/// Path of the flag that says whether the exposure has zero frames.
pub(crate) const ZERO_FRAME: &str = "meta.exposure.zero_frame";

/// Whether the header says that the ramp has zero frames.
pub(crate) fn has_zero_frame(ramp: &RampModel) -> bool {
    ramp.meta.flag(ZERO_FRAME) == Some(true)
}

/// Ramps made in memory.
#[cfg(test)]
pub(crate) mod ramps {
    use datamodels::RampModel;
    use datamodels::metadata::Metadata;
    use ndarray::Array4;

    /// A ramp of ones, in the lower left corner of a detector that is read along rows.
    pub(crate) fn ramp(
        instrument: &str,
        shape: (usize, usize, usize, usize),
        numbers: &[(&str, i64)],
    ) -> RampModel {
        let mut meta = Metadata::new("RampModel");
        meta.set("meta.instrument.name", instrument);
        meta.set(
            "meta.instrument.detector",
            if instrument == "MIRI" {
                "MIRIMAGE"
            } else {
                "NRCB1"
            },
        );
        meta.set("meta.subarray.name", "SUB");
        let usual = [
            ("meta.exposure.nframes", 1),
            ("meta.exposure.groupgap", 0),
            ("meta.exposure.noutputs", 1),
            ("meta.subarray.xstart", 1),
            ("meta.subarray.ystart", 1),
            ("meta.subarray.xsize", shape.3 as i64),
            ("meta.subarray.ysize", shape.2 as i64),
            ("meta.subarray.fastaxis", 1),
            ("meta.subarray.slowaxis", 2),
        ];
        for (path, number) in usual.iter().chain(numbers) {
            meta.set(path, *number);
        }
        RampModel::new(meta, Array4::ones(shape))
    }
}
