//! How MIRI reads its detectors, as far as the interference depends on it.

use datamodels::metadata::Metadata;
use datamodels::reference::{EmiCase, EmiWaves};
use datamodels::{DataModelError, RampModel};
use stcal::emicorr::{Clock, Outputs};
use stpipe::{SkipReason, StepError};

/// Rows of a full frame.
const ROWS: f64 = 1024.0;
/// Clock cycles that a row of a full frame takes which the subarray leaves out.
const SKIPPED_ROW: f64 = 7.0;
/// Length of a clock cycle [s].
const CYCLE: f64 = 10.0e-6;
/// The column of an output after which the right-hand reference pixel comes.
const LAST_COLUMN: i64 = 258;
/// By how many cycles the reference pixel at the end of a row is late.
// Parity: jwst emicorr/emicorr.py adds 2^32 to the 3 cycles.
const LAST_PIXEL_DELAY: f64 = 3.0 + 4_294_967_296.0;

/// Subarrays with the clock cycles of a row and of a reset frame.
///
/// # Source
/// jwst 3.0.0 `emicorr/emicorr.py`, `subarray_clocks`.
const CLOCKS: [(&str, f64, f64); 11] = [
    ("SLITLESSPRISM", 28.0, 15_904.0),
    ("MASKLYOT", 90.0, 32_400.0),
    ("SUB64", 28.0, 8_512.0),
    ("SUB128", 44.0, 11_904.0),
    ("MASK1140", 82.0, 23_968.0),
    ("MASK1550", 82.0, 23_968.0),
    ("MASK1065", 82.0, 23_968.0),
    ("FULL_FAST", 271.0, 277_504.0),
    ("FULL_SLOW", 2_333.0, 2_388_992.0),
    ("BRIGHTSKY", 162.0, 86_528.0),
    ("SUB256", 96.0, 29_952.0),
];

/// Clock cycles of a row and of a reset frame, where they are known without a reference file.
pub(super) fn clocks(subarray: &str, read_pattern: &str) -> Option<(f64, f64)> {
    let speed = ["FAST", "SLOW"]
        .into_iter()
        .find(|speed| read_pattern.contains(speed));
    let name = match speed {
        Some(speed) if subarray == "FULL" => format!("FULL_{speed}"),
        _ => subarray.to_string(),
    };
    let known = CLOCKS.iter().find(|(known, _, _)| *known == name);
    known.map(|(_, row, frame)| (*row, *frame))
}

/// Why the data are not corrected.
pub(super) fn not_applicable(ramp: &RampModel) -> Result<Option<SkipReason>, StepError> {
    let instrument = ramp
        .meta
        .instrument()
        .name()
        .map_err(crate::metadata_error)?;
    if instrument != "MIRI" {
        let why = format!("EMI correction not implemented for instrument: {instrument}");
        return Ok(Some(SkipReason::not_applicable(why)));
    }
    let pattern = ramp.meta.exposure().read_pattern();
    if !["FAST", "FASTR1", "SLOW", "SLOWR1"].contains(&pattern.as_str()) {
        let why = format!("EMI correction not implemented for read pattern: {pattern}");
        return Ok(Some(SkipReason::not_applicable(why)));
    }
    Ok(None)
}

/// Subarray, read pattern and detector.
pub(super) fn names(meta: &Metadata) -> Result<(String, String, String), DataModelError> {
    Ok((
        meta.subarray().name(),
        meta.exposure().read_pattern(),
        meta.instrument().detector()?,
    ))
}

/// The readout of an exposure.
#[derive(Debug, Clone)]
pub(super) struct Readout {
    pub(super) clock: Clock,
    pub(super) outputs: Outputs,
    /// Rows, and samples of a row.
    pub(super) samples: (usize, usize),
    /// By how many clock cycles the last sample of each row is late.
    pub(super) last_sample_delay: f64,
    names: (String, String, String),
}

impl Readout {
    /// The readout of a ramp.
    pub(super) fn of(ramp: &RampModel, case: &EmiCase) -> Result<Self, StepError> {
        let (_, _, rows, columns) = ramp.data.dim();
        let outputs = Outputs {
            count: 4,
            bad_samples: 1..3,
        };
        if columns % outputs.count != 0 {
            return Err(StepError::input(
                "columns of HDU SCI",
                "a multiple of the 4 outputs",
                columns,
            ));
        }
        let names = names(&ramp.meta).map_err(crate::metadata_error)?;
        let samples = ramp
            .meta
            .require_integer("meta.exposure.nsamples", 1)
            .map_err(crate::metadata_error)?;
        let frame = ramp
            .meta
            .subarray()
            .frame()
            .map_err(crate::metadata_error)?;
        let last_column =
            (frame.x_size as f64 / outputs.count as f64 + frame.x_start as f64 - 1.0) as i64;
        let reset_between = matches!(names.1.as_str(), "FASTR1" | "SLOWR1");
        Ok(Self {
            clock: Clock {
                per_sample: samples as f64,
                per_row: case.row_clocks,
                extra_per_group: (ROWS - rows as f64) * SKIPPED_ROW,
                between_integrations: if reset_between {
                    case.frame_clocks
                } else {
                    0.0
                },
            },
            samples: (rows, columns / outputs.count),
            last_sample_delay: if last_column == LAST_COLUMN {
                LAST_PIXEL_DELAY
            } else {
                0.0
            },
            outputs,
            names,
        })
    }

    /// The period of a frequency in clock cycles.
    pub(super) fn period(frequency_hz: f64) -> f64 {
        (1.0 / frequency_hz) / CYCLE
    }

    /// Waves that were found, with the frequencies that were asked for.
    pub(super) fn waves(&self, case: &EmiCase, found: Vec<Vec<f64>>) -> EmiWaves {
        let (subarray, read_pattern, detector) = self.names.clone();
        let mut case = case.clone();
        for (wave, found) in case.waves.iter_mut().zip(found) {
            wave.amplitudes = found;
        }
        EmiWaves {
            subarray,
            read_pattern,
            detector,
            case,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::readout::ramps::ramp;

    #[test]
    fn full_frames_are_told_apart_by_their_speed() {
        assert_eq!(clocks("FULL", "FASTR1"), Some((271.0, 277_504.0)));
        assert_eq!(clocks("FULL", "SLOWR1"), Some((2_333.0, 2_388_992.0)));
        assert_eq!(clocks("SUB64", "FAST"), Some((28.0, 8_512.0)));
        assert_eq!(clocks("SUB8", "FAST"), None);
    }

    #[test]
    fn other_instruments_and_averaged_groups_are_left_alone() {
        let reason = |ramp: &RampModel| {
            not_applicable(ramp)
                .expect("metadata")
                .map(|reason| reason.to_string())
        };
        let nircam = ramp("NIRCAM", (1, 3, 2, 4), &[]);
        assert_eq!(
            reason(&nircam).as_deref(),
            Some("EMI correction not implemented for instrument: NIRCAM")
        );
        let mut miri = ramp("MIRI", (1, 3, 2, 4), &[]);
        miri.meta.set("meta.exposure.readpatt", "FASTGRPAVG");
        let why = "EMI correction not implemented for read pattern: FASTGRPAVG";
        assert_eq!(reason(&miri).as_deref(), Some(why));
        miri.meta.set("meta.exposure.readpatt", "SLOWR1");
        assert_eq!(reason(&miri), None);
    }
}
