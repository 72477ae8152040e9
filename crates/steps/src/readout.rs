//! Kinds of readout that this version cannot process, and what steps ask about the others.

use datamodels::RampModel;
use stpipe::StepError;

/// The step cannot process exposures that were read out like this one.
#[derive(Debug, thiserror::Error)]
#[error("{step} cannot process {mode} in this version")]
pub(crate) struct NotAvailable {
    pub(crate) step: &'static str,
    pub(crate) mode: &'static str,
}

impl From<NotAvailable> for StepError {
    fn from(error: NotAvailable) -> Self {
        Self::algorithm(error)
    }
}

/// Refuses exposures that read several stripes of the detector.
pub(crate) fn refuse_stripes(step: &'static str, ramp: &RampModel) -> Result<(), NotAvailable> {
    let superstripes = ramp
        .meta
        .integer("meta.subarray.num_superstripe")
        .unwrap_or(0);
    if superstripes > 0 {
        return Err(NotAvailable {
            step,
            mode: "superstripe exposures",
        });
    }
    if ramp.meta.get("meta.subarray.multistripe_reads1").is_some() {
        return Err(NotAvailable {
            step,
            mode: "multistripe exposures",
        });
    }
    Ok(())
}

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

#[cfg(test)]
mod tests {
    use super::ramps::ramp;
    use super::refuse_stripes;

    #[test]
    fn stripes_are_refused_by_name() {
        let of = |numbers| {
            refuse_stripes("ipc", &ramp("NIRCAM", (1, 2, 4, 4), numbers)).map_err(|e| e.to_string())
        };
        assert_eq!(of(&[]), Ok(()));
        assert_eq!(of(&[("meta.subarray.num_superstripe", 0)]), Ok(()));
        let superstripe = of(&[("meta.subarray.num_superstripe", 4)]);
        assert_eq!(
            superstripe.unwrap_err(),
            "ipc cannot process superstripe exposures in this version"
        );
        let multistripe = of(&[("meta.subarray.multistripe_reads1", 1)]);
        assert_eq!(
            multistripe.unwrap_err(),
            "ipc cannot process multistripe exposures in this version"
        );
    }
}
