//! Marking of pixels in which bright light has left charge behind.
//!
//! A pixel that saturates, or that exceeds a threshold while it has no window, opens a window of a fixed length. All
//! groups of the pixel inside the window are marked, those of later exposures, too: the ends of the windows are handed
//! on. For each group at time `t`, in this order:
//!
//! 1. a window that ended before `t` is closed;
//! 2. if exactly one group of the integration is saturated so far, the window ends at `t + length`;
//! 3. if the signal is above the threshold and no window is open, one is opened that ends at `t + length`;
//! 4. a window that would have begun after `t` (of an exposure later than this one) is closed;
//! 5. if a window is open, the group is marked.
//!
//! # Source
//! jwst 3.0.0 `persistence/persistence.py`, `DataSet.do_all`. Exact.

use ndarray::{ArrayView2, ArrayView4, ArrayViewMut2, ArrayViewMut4, Axis};

use crate::shape::{ShapeError, check_shape};

#[cfg(test)]
mod tests;

/// When windows open, and what their groups get.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Windows {
    /// Length of a window \[s\].
    pub length_s: f64,
    /// Signal above which a window opens \[DN\]; `None` for saturation alone.
    pub threshold_dn: Option<f32>,
    /// Bit of saturated groups.
    pub saturated: u8,
    /// Bits that groups in a window get.
    pub mark: u8,
}

/// Marks the groups in windows of persistence, and gives back how many windows were closed because they began later.
///
/// `ramp_dn` and `group_dq` are `(integration, group, row, column)`, a band of rows; `ends_s` is `(row, column)`: the
/// ends of open windows before the first integration and, afterwards, after the last, 0 for none. `times_s` has the time
/// of each `(integration, group)` on the same clock.
///
/// # Errors
/// [`ShapeError`] if the shapes differ; nothing has been modified then.
///
/// ```
/// use ndarray::{Array2, Array4, array};
/// use stcal::persistence::{Windows, flag_persistence};
/// let ramp = Array4::<f32>::zeros((1, 4, 1, 1));
/// let mut dq = Array4::<u8>::zeros((1, 4, 1, 1));
/// dq[[0, 1, 0, 0]] = 2;
/// dq[[0, 2, 0, 0]] = 2;
/// let mut ends = Array2::zeros((1, 1));
/// let times = array![[10.0, 20.0, 30.0, 40.0]];
/// let windows = Windows { length_s: 15.0, threshold_dn: None, saturated: 2, mark: 32 };
/// flag_persistence(ramp.view(), dq.view_mut(), ends.view_mut(), times.view(), &windows)?;
/// assert_eq!(dq.as_slice(), Some(&[0, 34, 34, 0][..]));
/// # Ok::<(), stcal::shape::ShapeError>(())
/// ```
pub fn flag_persistence(
    ramp_dn: ArrayView4<'_, f32>,
    mut group_dq: ArrayViewMut4<'_, u8>,
    mut ends_s: ArrayViewMut2<'_, f64>,
    times_s: ArrayView2<'_, f64>,
    windows: &Windows,
) -> Result<usize, ShapeError> {
    let (integrations, groups, rows, columns) = ramp_dn.dim();
    check_shape("group quality", ramp_dn.shape(), group_dq.shape())?;
    check_shape("ends of windows", &[rows, columns], ends_s.shape())?;
    check_shape("times of groups", &[integrations, groups], times_s.shape())?;
    let mut closed = 0;
    let mut saturated = vec![0_u32; columns];
    for (row, mut ends_s) in ends_s.outer_iter_mut().enumerate() {
        let ramp = ramp_dn.index_axis(Axis(2), row);
        let mut dq = group_dq.index_axis_mut(Axis(2), row);
        for (i, (ramp, mut dq)) in ramp.outer_iter().zip(dq.outer_iter_mut()).enumerate() {
            saturated.fill(0);
            for (j, (ramp, mut dq)) in ramp.outer_iter().zip(dq.outer_iter_mut()).enumerate() {
                let pixels = ramp
                    .iter()
                    .zip(&mut dq)
                    .zip(&mut ends_s)
                    .zip(&mut saturated);
                for (((signal, dq), end), count) in pixels {
                    closed +=
                        usize::from(windows.visit(times_s[[i, j]], *signal, (dq, end, count)));
                }
            }
        }
    }
    Ok(closed)
}

impl Windows {
    /// One group of one pixel; says whether a window was closed because it begins later.
    fn visit(
        &self,
        time_s: f64,
        signal_dn: f32,
        (dq, end_s, saturated): (&mut u8, &mut f64, &mut u32),
    ) -> bool {
        if *end_s < time_s {
            *end_s = 0.0;
        }
        let new_end = time_s + self.length_s;
        *saturated += u32::from(*dq & self.saturated != 0);
        // Parity: jwst persistence/persistence.py moves the window on with every group until a second one is saturated.
        if *saturated == 1 {
            *end_s = new_end;
        }
        // A window whose end is not a number does not count as open.
        let open = *end_s > 0.0;
        if !open
            && self
                .threshold_dn
                .is_some_and(|threshold| signal_dn > threshold)
        {
            *end_s = new_end;
        }
        let later = *end_s - new_end > 0.0;
        if later {
            *end_s = 0.0;
        }
        if *end_s > 0.0 {
            *dq |= self.mark;
        }
        later
    }
}
