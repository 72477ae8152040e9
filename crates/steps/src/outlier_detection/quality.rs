//! Quality after outliers were found.

use std::ops::Range;

use datamodels::dq::pixel;
use datamodels::error::Result as DataResult;
use datamodels::io::fits::Element;
use datamodels::library::{Exposure, OpenExposure, PlaneRows, Room, Variance};
use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis, s};
use rayon::prelude::*;
use stpipe::StepError;

/// Bits of an outlier.
pub(super) const OUTLIER: u32 = pixel::OUTLIER | pixel::DO_NOT_USE;

/// Rows in which outliers are looked for at once: what is read of all arrays fits into the second-level cache.
const LINES: usize = 32;

/// Rows of an exposure in which outliers are looked for.
pub(super) struct Rows<'r> {
    /// The rows.
    pub(super) own: Range<usize>,
    /// The same and those near them.
    pub(super) around: Range<usize>,
    /// Values of the rows around [BUNIT].
    pub(super) data: ArrayView2<'r, f32>,
    /// Their standard deviations [BUNIT].
    pub(super) err: ArrayView2<'r, f32>,
}

impl Rows<'_> {
    /// Where the own rows lie among those around.
    pub(super) fn inner(&self) -> Range<usize> {
        let start = self.own.start - self.around.start;
        start..start + self.own.len()
    }
}

/// The arrays of an exposure that are looked at.
struct Arrays<'a> {
    data: PlaneRows<'a, f32>,
    err: PlaneRows<'a, f32>,
    dq: PlaneRows<'a, u32>,
    variances: Vec<PlaneRows<'a, f32>>,
}

/// Memory of one task.
#[derive(Default)]
struct Rooms {
    data: Room<f32>,
    err: Room<f32>,
    dq: Room<u32>,
    variance: Room<f32>,
}

/// The quality of an exposure with outliers in it, and with pixels that are NaN in any array marked as bad; and how many
/// outliers there are. `mark` sets them in the quality of the rows that it is given, and is shown `margin` rows more on either
/// side.
pub(super) fn flag_rows(
    exposure: &Exposure,
    open: &OpenExposure<'_>,
    margin: usize,
    mark: impl Fn(&Rows<'_>, ArrayViewMut2<'_, u32>) -> Result<usize, StepError> + Sync,
) -> Result<(Array2<u32>, usize), StepError> {
    let (height, width) = exposure.shape();
    let hidden = match exposure.hidden_bits() {
        0 => None,
        bits => Some((open.dq().map_err(StepError::algorithm)?, bits)),
    };
    let hidden = hidden.as_ref().map(|(dq, bits)| (dq.view(), *bits));
    let arrays = Arrays::new(open, hidden).map_err(StepError::algorithm)?;
    let mut dq = Array2::zeros((height, width));
    let bands = dq.axis_chunks_iter_mut(Axis(0), LINES).into_par_iter();
    let counts = bands
        .enumerate()
        .map_init(Rooms::default, |rooms, (number, mut dq)| {
            let own = number * LINES..number * LINES + dq.nrows();
            let around = own.start.saturating_sub(margin)..(own.end + margin).min(height);
            let shape = (around.len(), width);
            let rows = Rows {
                data: view(shape, &arrays.data, &around, &mut rooms.data)?,
                err: view(shape, &arrays.err, &around, &mut rooms.err)?,
                own,
                around,
            };
            let before = view(dq.dim(), &arrays.dq, &rows.own, &mut rooms.dq)?;
            dq.assign(&before);
            let count = mark(&rows, dq.view_mut())?;
            let flags = dq.as_slice_mut().unwrap_or_default();
            for values in [&rows.data, &rows.err] {
                let values = values.slice_move(s![rows.inner(), ..]);
                mark_nan(flags, values.to_slice().unwrap_or_default());
            }
            for variance in &arrays.variances {
                let values = variance.read(rows.own.clone(), &mut rooms.variance);
                mark_nan(flags, values.map_err(StepError::algorithm)?);
            }
            Ok::<_, StepError>(count)
        });
    let count = counts.try_reduce(|| 0, |a, b| Ok(a + b))?;
    Ok((dq, count))
}

impl<'a> Arrays<'a> {
    /// With NaN for values and standard deviations of pixels whose quality has any of some bits.
    fn new(
        open: &'a OpenExposure<'_>,
        hidden: Option<(ArrayView2<'a, u32>, u32)>,
    ) -> DataResult<Self> {
        let shown = |rows: PlaneRows<'a, f32>| match &hidden {
            Some((dq, bits)) => rows.hiding(dq, *bits),
            None => rows,
        };
        let (data, err) = (shown(open.data_rows()?), shown(open.err_rows()?));
        let mut variances = Vec::new();
        for which in [Variance::ReadNoise, Variance::Poisson, Variance::Flat] {
            // Hidden pixels are marked already.
            variances.extend(open.variance_rows(which)?);
        }
        Ok(Self {
            data,
            err,
            dq: open.dq_rows()?,
            variances,
        })
    }
}

/// Some rows of an array as a view of this shape.
fn view<'r, T: Element>(
    shape: (usize, usize),
    array: &PlaneRows<'_, T>,
    rows: &Range<usize>,
    room: &'r mut Room<T>,
) -> Result<ArrayView2<'r, T>, StepError> {
    let values = array
        .read(rows.clone(), room)
        .map_err(StepError::algorithm)?;
    ArrayView2::from_shape(shape, values).map_err(StepError::algorithm)
}

/// Marks pixels as bad that are NaN.
fn mark_nan(dq: &mut [u32], values: &[f32]) {
    for (dq, value) in dq.iter_mut().zip(values) {
        *dq |= u32::from(value.is_nan()) * pixel::DO_NOT_USE;
    }
}

/// Gives an exposure its quality; pixels that must not be used are NaN in all of its arrays from then on.
pub(super) fn settle(exposure: &mut Exposure, dq: Array2<u32>) -> Result<(), StepError> {
    exposure.set_dq(dq).map_err(StepError::algorithm)?;
    exposure.hide(pixel::DO_NOT_USE);
    Ok(())
}
