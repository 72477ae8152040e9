//! What goes into a fit and what comes out of it.

use std::ops::Range;

use ndarray::{
    Array, ArrayView2, ArrayView3, ArrayView4, ArrayViewMut, Axis, Dimension, Ix2, Ix3, RemoveAxis,
    s,
};

/// Arrays or choices that do not fit together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RampFitError {
    /// An array has another shape than the ramp asks for.
    #[error("{array}: expected shape {expected:?}, found {found:?}")]
    Shape {
        /// Name of the array.
        array: &'static str,
        /// Shape that the ramp asks for.
        expected: Vec<usize>,
        /// Shape of the array.
        found: Vec<usize>,
    },
    /// The groups to fit are not in the ramp.
    #[error("groups {window:?} of a ramp with {groups} groups cannot be fitted")]
    Window {
        /// Groups asked for.
        window: Range<usize>,
        /// Groups of the ramp.
        groups: usize,
    },
    /// The fit needs more groups.
    #[error("the fit needs at least {needed} groups, found {groups}")]
    TooFewGroups {
        /// Fewest groups.
        needed: usize,
        /// Groups of the ramp.
        groups: usize,
    },
    /// The times of the reads make no sense.
    #[error("group {group} of the read times has no read, or is not after the group before it")]
    ReadTimes {
        /// Index of the group, from 0.
        group: usize,
    },
    /// The plan counts on a zero frame that the ramp does not have.
    #[error("the fit expects a zero frame, the ramp has none")]
    NoZeroFrame,
}

/// Views of an exposure, or of a band of its rows.
#[derive(Debug, Clone, Copy)]
pub struct Ramp<'a> {
    /// Samples `(integration, group, row, column)` \[DN\].
    pub data_dn: ArrayView4<'a, f32>,
    /// Quality of the samples, same shape.
    pub group_dq: ArrayView4<'a, u8>,
    /// Quality of the pixels `(row, column)`.
    pub pixel_dq: ArrayView2<'a, u32>,
    /// Noise of the difference of two frames `(row, column)` \[DN\].
    pub read_noise_dn: ArrayView2<'a, f32>,
    /// Gain `(row, column)` \[e-/DN\].
    pub gain_e_per_dn: ArrayView2<'a, f32>,
    /// First frame of each integration `(integration, row, column)` \[DN\]; 0 where it cannot be used.
    pub zero_frame_dn: Option<ArrayView3<'a, f32>>,
    /// Average dark current `(row, column)`, added to the count rate \[DN/s\] for the Poisson variance.
    pub dark_rate: Option<ArrayView2<'a, f32>>,
}

impl<'a> Ramp<'a> {
    /// The rows `rows` of all arrays.
    ///
    /// # Panics
    /// If the rows are not in the ramp.
    #[must_use]
    pub fn rows(&self, rows: Range<usize>) -> Self {
        let (start, end) = (rows.start, rows.end);
        Self {
            data_dn: self.data_dn.slice_move(s![.., .., start..end, ..]),
            group_dq: self.group_dq.slice_move(s![.., .., start..end, ..]),
            pixel_dq: self.pixel_dq.slice_move(s![start..end, ..]),
            read_noise_dn: self.read_noise_dn.slice_move(s![start..end, ..]),
            gain_e_per_dn: self.gain_e_per_dn.slice_move(s![start..end, ..]),
            zero_frame_dn: self
                .zero_frame_dn
                .map(|frame| frame.slice_move(s![.., start..end, ..])),
            dark_rate: self
                .dark_rate
                .map(|dark| dark.slice_move(s![start..end, ..])),
        }
    }

    /// Splits the ramp into bands of `rows` rows; the last may have fewer.
    ///
    /// # Errors
    /// [`RampFitError::Shape`] if the arrays do not belong together.
    pub fn row_bands(&self, rows: usize) -> Result<Vec<Ramp<'a>>, RampFitError> {
        self.check()?;
        let height = self.data_dn.len_of(Axis(2));
        let rows = rows.max(1);
        let starts = (0..height).step_by(rows);
        Ok(starts
            .map(|start| self.rows(start..(start + rows).min(height)))
            .collect())
    }

    /// Whether all shapes agree.
    pub(super) fn check(&self) -> Result<(), RampFitError> {
        let (integrations, groups, rows, columns) = self.data_dn.dim();
        let ramp = [integrations, groups, rows, columns];
        let image = [rows, columns];
        check_shape("group quality", &ramp, self.group_dq.shape())?;
        check_shape("pixel quality", &image, self.pixel_dq.shape())?;
        check_shape("read noise", &image, self.read_noise_dn.shape())?;
        check_shape("gain", &image, self.gain_e_per_dn.shape())?;
        if let Some(frame) = &self.zero_frame_dn {
            check_shape("zero frame", &[integrations, rows, columns], frame.shape())?;
        }
        if let Some(dark) = &self.dark_rate {
            check_shape("dark rate", &image, dark.shape())?;
        }
        Ok(())
    }
}

/// Compares the shape of an array with the one that the ramp asks for.
pub(super) fn check_shape(
    array: &'static str,
    expected: &[usize],
    found: &[usize],
) -> Result<(), RampFitError> {
    if expected == found {
        return Ok(());
    }
    Err(RampFitError::Shape {
        array,
        expected: expected.to_vec(),
        found: found.to_vec(),
    })
}

/// Count rates with their quality and uncertainty.
#[derive(Debug, Clone, PartialEq)]
pub struct Rates<D: Dimension> {
    /// Count rate \[DN/s\]; NaN where there is none.
    pub slope: Array<f32, D>,
    /// Quality of the rate.
    pub dq: Array<u32, D>,
    /// Variance due to the photons \[(DN/s)²\].
    pub var_poisson: Array<f32, D>,
    /// Variance due to reading \[(DN/s)²\].
    pub var_rnoise: Array<f32, D>,
    /// Standard deviation \[DN/s\].
    pub err: Array<f32, D>,
}

/// Rates of the whole exposure, `(row, column)`.
pub type ExposureRates = Rates<Ix2>;

/// Rates of each integration, `(integration, row, column)`.
pub type IntegrationRates = Rates<Ix3>;

/// Views into [`Rates`] for a band of rows.
#[derive(Debug)]
pub struct RatesMut<'a, D: Dimension> {
    /// Count rate \[DN/s\].
    pub slope: ArrayViewMut<'a, f32, D>,
    /// Quality of the rate.
    pub dq: ArrayViewMut<'a, u32, D>,
    /// Variance due to the photons \[(DN/s)²\].
    pub var_poisson: ArrayViewMut<'a, f32, D>,
    /// Variance due to reading \[(DN/s)²\].
    pub var_rnoise: ArrayViewMut<'a, f32, D>,
    /// Standard deviation \[DN/s\].
    pub err: ArrayViewMut<'a, f32, D>,
}

impl<D: Dimension + RemoveAxis> Rates<D> {
    /// Rates of zero everywhere.
    pub fn zeros(shape: D) -> Self {
        Self {
            slope: Array::zeros(shape.clone()),
            dq: Array::zeros(shape.clone()),
            var_poisson: Array::zeros(shape.clone()),
            var_rnoise: Array::zeros(shape.clone()),
            err: Array::zeros(shape),
        }
    }

    /// A view of everything.
    pub fn view_mut(&mut self) -> RatesMut<'_, D> {
        RatesMut {
            slope: self.slope.view_mut(),
            dq: self.dq.view_mut(),
            var_poisson: self.var_poisson.view_mut(),
            var_rnoise: self.var_rnoise.view_mut(),
            err: self.err.view_mut(),
        }
    }

    /// Splits the arrays into bands of `rows` rows, as [`Ramp::row_bands`] does.
    pub fn row_bands_mut(&mut self, rows: usize) -> Vec<RatesMut<'_, D>> {
        let axis = Axis(self.slope.ndim() - 2);
        let rows = rows.max(1);
        let slope = self.slope.axis_chunks_iter_mut(axis, rows);
        let dq = self.dq.axis_chunks_iter_mut(axis, rows);
        let var_poisson = self.var_poisson.axis_chunks_iter_mut(axis, rows);
        let var_rnoise = self.var_rnoise.axis_chunks_iter_mut(axis, rows);
        let err = self.err.axis_chunks_iter_mut(axis, rows);
        slope
            .zip(dq)
            .zip(var_poisson)
            .zip(var_rnoise)
            .zip(err)
            .map(|((((slope, dq), var_poisson), var_rnoise), err)| RatesMut {
                slope,
                dq,
                var_poisson,
                var_rnoise,
                err,
            })
            .collect()
    }
}

impl<D: Dimension> RatesMut<'_, D> {
    /// The same views for a shorter time.
    pub(super) fn reborrow(&mut self) -> RatesMut<'_, D> {
        RatesMut {
            slope: self.slope.view_mut(),
            dq: self.dq.view_mut(),
            var_poisson: self.var_poisson.view_mut(),
            var_rnoise: self.var_rnoise.view_mut(),
            err: self.err.view_mut(),
        }
    }

    /// Whether all five arrays have the shape `expected`.
    pub(super) fn check(
        &self,
        array: &'static str,
        expected: &[usize],
    ) -> Result<(), RampFitError> {
        check_shape(array, expected, self.slope.shape())?;
        check_shape(array, expected, self.dq.shape())?;
        check_shape(array, expected, self.var_poisson.shape())?;
        check_shape(array, expected, self.var_rnoise.shape())?;
        check_shape(array, expected, self.err.shape())
    }
}
