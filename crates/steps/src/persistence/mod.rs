//! `persistence`: marks pixels that bright light has left charge in.

use std::path::{Path, PathBuf};

use datamodels::dq::group;
use datamodels::reference::PersistenceWindows;
use datamodels::{DataModelError, RampModel};
use ndarray::parallel::prelude::*;
use ndarray::{Array2, Axis};
use stcal::persistence::{Windows, flag_persistence};
use stpipe::{Outcome, Prepared, Product, Products, ReferenceFiles, Step, StepError};

use crate::bands;

stpipe::params! {
    /// Parameters of `persistence`.
    pub struct PersistenceParams {
        /// ASDF file for the array of window ends
        pub save_persistence: Option<String> = None;
        /// Length of the window [s]
        pub persistence_time: Option<i64> = None;
        /// Signal that opens a window as saturation does [DN]
        pub dn_threshold: Option<f64> = None;
        /// ASDF file with the windows of the exposure before
        pub persistence_array_file: Option<String> = None;
        /// Also mark the pixels as unusable
        pub persistence_dnu: bool = false;
    }
}

/// Opens a window of time at each pixel that saturates or exceeds a threshold, and marks the groups inside.
#[derive(Debug, Clone, Copy)]
pub struct Persistence;

/// The marked ramp.
#[derive(Debug, Clone)]
pub struct PersistenceOutput {
    /// The ramp.
    pub ramp: RampModel,
    /// Windows that are still open, where they are to be saved.
    pub carried: Option<Carried>,
}

/// Windows to be saved.
#[derive(Debug, Clone, PartialEq)]
pub struct Carried {
    /// The file.
    pub path: PathBuf,
    /// The detector, which names the entry.
    pub detector: String,
    /// The windows.
    pub windows: PersistenceWindows,
}

impl Carried {
    /// Adds the windows to the file, or replaces those of the detector.
    ///
    /// # Errors
    /// The file cannot be read or written.
    pub fn save(&self) -> Result<(), DataModelError> {
        self.windows.write(&self.path, &self.detector)
    }
}

impl Products for PersistenceOutput {
    fn products(&mut self) -> Vec<Option<&mut dyn Product>> {
        vec![Some(&mut self.ramp)]
    }
}

impl Step for Persistence {
    const NAME: &'static str = "persistence";
    const CLASS: &'static str = "jwst.persistence.persistence_step.PersistenceStep";
    const ABOUT: &'static str = "Marks pixels that bright light has left charge in";
    const STATUS_KEY: &'static str = "persistence";
    const SKIP_BY_DEFAULT: bool = true;
    type Params = PersistenceParams;
    /// The end of the window of each pixel [s since 1970], 0 for none.
    type References = Array2<f64>;
    type Input = RampModel;
    type Output = PersistenceOutput;

    fn prepare(
        params: &PersistenceParams,
        ramp: &RampModel,
        _files: &ReferenceFiles,
    ) -> Result<Prepared<Array2<f64>>, StepError> {
        let (_, _, rows, columns) = ramp.data.dim();
        let mut ends_s = Array2::zeros((rows, columns));
        if let (Some(file), Some(window_s)) = (&params.persistence_array_file, window(params)) {
            let detector = detector(ramp)?;
            enter(Path::new(file), &detector, window_s, &mut ends_s)?;
        }
        Ok(Prepared::Ready(ends_s))
    }

    fn run(
        params: &PersistenceParams,
        mut ends_s: Array2<f64>,
        mut ramp: RampModel,
    ) -> Result<Outcome<RampModel, PersistenceOutput>, StepError> {
        let Some(window_s) = window(params) else {
            let found = params
                .persistence_time
                .map_or("none".to_string(), |time| time.to_string());
            let reason =
                format!("persistence_time: expected a positive number of seconds, found {found}");
            return Ok(Outcome::Failed {
                input: ramp,
                reason,
            });
        };
        let times_s = group_times(&ramp)?;
        let mark = if params.persistence_dnu {
            group::PERSISTENCE | group::DO_NOT_USE
        } else {
            group::PERSISTENCE
        };
        let windows = Windows {
            length_s: window_s as f64,
            threshold_dn: params.dn_threshold.map(|dn| dn as f32),
            saturated: group::SATURATED,
            mark,
        };
        let data = ramp
            .data
            .axis_chunks_iter(Axis(2), bands::ROWS)
            .into_par_iter();
        let group_dq = ramp
            .groupdq
            .axis_chunks_iter_mut(Axis(2), bands::ROWS)
            .into_par_iter();
        let ends = ends_s
            .axis_chunks_iter_mut(Axis(0), bands::ROWS)
            .into_par_iter();
        let reset: usize = data
            .zip(group_dq)
            .zip(ends)
            .map(|((data, group_dq), ends)| {
                flag_persistence(data, group_dq, ends, times_s.view(), &windows)
            })
            .try_reduce(|| 0, |a, b| Ok(a + b))
            .map_err(StepError::algorithm)?;
        if reset > 0 {
            tracing::info!("Backwards flagging found. Resetting the window for those pixels");
        }
        let carried = match &params.save_persistence {
            Some(name) => Some(Carried {
                path: PersistenceWindows::path(name),
                detector: detector(&ramp)?,
                windows: open_windows(&ends_s, ramp.file_name(), window_s),
            }),
            None => None,
        };
        Ok(Outcome::Complete(PersistenceOutput { ramp, carried }))
    }
}

/// The length of the windows, if it is positive.
fn window(params: &PersistenceParams) -> Option<i64> {
    params.persistence_time.filter(|seconds| *seconds > 0)
}

fn detector(ramp: &RampModel) -> Result<String, StepError> {
    ramp.meta
        .instrument()
        .detector()
        .map_err(crate::metadata_error)
}

/// Enters the windows that the exposure before has left open.
fn enter(
    path: &Path,
    detector: &str,
    window_s: i64,
    ends_s: &mut Array2<f64>,
) -> Result<(), StepError> {
    if !path.exists() {
        tracing::info!(
            "Persistence array file does not exist: '{}'",
            path.display()
        );
        tracing::info!(".... Creating new persistence array.");
        return Ok(());
    }
    let Some(windows) = PersistenceWindows::read(path, detector).map_err(StepError::algorithm)?
    else {
        tracing::info!("Detector {detector} not in persistence array file.");
        tracing::info!(".... Creating new persistence array.");
        return Ok(());
    };
    if windows.window_s != window_s {
        tracing::info!(
            "{} does not equal persistence_time :{window_s}",
            windows.window_s
        );
        return Ok(());
    }
    let pixels = windows.rows.iter().zip(&windows.columns);
    for ((row, column), end) in pixels.zip(&windows.ends_s) {
        let pixel = usize::try_from(*row)
            .ok()
            .zip(usize::try_from(*column).ok());
        if let Some(pixel) = pixel.and_then(|pixel| ends_s.get_mut(pixel)) {
            *pixel = *end;
        } else {
            let (rows, columns) = ends_s.dim();
            let what = format!("persistence_array_file {}", path.display());
            let expected = format!("pixels of an image of {rows} rows and {columns} columns");
            let found = format!("row {row}, column {column}");
            return Err(StepError::input(what, expected, found));
        }
    }
    Ok(())
}

/// Windows that are not over.
fn open_windows(
    ends_s: &Array2<f64>,
    file_name: Option<String>,
    window_s: i64,
) -> PersistenceWindows {
    let mut windows = PersistenceWindows {
        file_name,
        window_s,
        ..PersistenceWindows::default()
    };
    for ((row, column), end) in ends_s.indexed_iter().filter(|(_, end)| **end != 0.0) {
        windows.rows.push(row as i64);
        windows.columns.push(column as i64);
        windows.ends_s.push(*end);
    }
    windows
}

/// Time of each group of each integration [s since 1970]: one group time after the start of the integration, and so on.
fn group_times(ramp: &RampModel) -> Result<Array2<f64>, StepError> {
    let (integrations, groups, _, _) = ramp.data.dim();
    let group_time = ramp
        .meta
        .exposure()
        .group_time_s()
        .map_err(crate::metadata_error)?;
    let starts = ramp.int_times.as_ref().map(|table| {
        table.numbers("int_start_MJD_UTC").ok_or_else(|| {
            StepError::input(
                "HDU INT_TIMES",
                "a column int_start_MJD_UTC of numbers",
                "none",
            )
        })
    });
    let starts = starts.transpose()?.unwrap_or_default();
    let number = |path: &str| {
        ramp.meta
            .require_number(path)
            .map_err(crate::metadata_error)
    };
    let mut times = Array2::zeros((integrations, groups));
    for (i, mut times) in times.outer_iter_mut().enumerate() {
        let mut time = match starts.get(i) {
            Some(start) => seconds(*start),
            None => {
                seconds(number("meta.exposure.start_time")?)
                    + i as f64 * number("meta.exposure.integration_time")?
            }
        };
        for slot in &mut times {
            time += group_time;
            *slot = time;
        }
    }
    Ok(times)
}

/// Seconds since 1970 of a modified Julian date.
fn seconds(mjd: f64) -> f64 {
    (mjd - 40_587.0) * 86_400.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::readout::ramps::ramp;

    fn exposure() -> RampModel {
        let mut ramp = ramp("NIRCAM", (2, 3, 1, 2), &[]);
        ramp.meta.set("meta.exposure.group_time", 10.0);
        ramp.meta.set("meta.exposure.integration_time", 40.0);
        ramp.meta.set("meta.exposure.start_time", 40_587.0);
        ramp
    }

    #[test]
    fn groups_end_after_one_group_time() {
        let times = group_times(&exposure()).expect("times");
        assert_eq!(times.row(0).to_vec(), [10.0, 20.0, 30.0]);
        assert_eq!(times.row(1).to_vec(), [50.0, 60.0, 70.0]);
    }

    #[test]
    fn without_a_length_of_the_windows_the_step_fails() {
        for time in [None, Some(0), Some(-5)] {
            let params = PersistenceParams {
                persistence_time: time,
                ..PersistenceParams::default()
            };
            let outcome =
                Persistence::run(&params, Array2::zeros((1, 2)), exposure()).expect("no error");
            assert!(matches!(outcome, Outcome::Failed { .. }));
        }
    }

    #[test]
    fn windows_are_handed_on() {
        let mut ramp = exposure();
        ramp.groupdq[[1, 2, 0, 1]] = group::SATURATED;
        let params = PersistenceParams {
            persistence_time: Some(100),
            save_persistence: Some("carry".to_string()),
            ..PersistenceParams::default()
        };
        let outcome = Persistence::run(&params, Array2::zeros((1, 2)), ramp).expect("no error");
        let Outcome::Complete(PersistenceOutput {
            ramp,
            carried: Some(carried),
        }) = outcome
        else {
            panic!("expected windows");
        };
        assert_eq!(
            ramp.groupdq[[1, 2, 0, 1]],
            group::SATURATED | group::PERSISTENCE
        );
        assert_eq!(carried.detector, "NRCB1");
        assert_eq!(
            (carried.windows.rows, carried.windows.columns),
            (vec![0], vec![1])
        );
        assert_eq!(carried.windows.ends_s, [170.0]);
    }
}
