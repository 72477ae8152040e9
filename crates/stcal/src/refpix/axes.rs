//! From the frame of an image to that of its detector.

use ndarray::{ArrayBase, Axis, Ix2, RawData};

/// The directions in which a detector is read, in terms of the axes of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadoutAxes {
    transposed: bool,
    fast_reversed: bool,
    slow_reversed: bool,
}

/// Directions that do not describe a readout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "readout axes must be ±1 (along columns) or ±2 (along rows), found fast {fast} and slow {slow}"
)]
pub struct ReadoutAxesError {
    fast: i64,
    slow: i64,
}

impl ReadoutAxes {
    /// Directions from numbers: 1 runs along the columns of the image (x), 2 along its rows (y), negative backwards.
    ///
    /// # Errors
    /// [`ReadoutAxesError`] for other numbers.
    pub fn new(fast: i64, slow: i64) -> Result<Self, ReadoutAxesError> {
        if !matches!(fast.abs(), 1 | 2) || !matches!(slow.abs(), 1 | 2) {
            return Err(ReadoutAxesError { fast, slow });
        }
        Ok(Self {
            transposed: fast.abs() == 2,
            fast_reversed: fast < 0,
            slow_reversed: slow < 0,
        })
    }

    /// The same image with the fast axis along columns and the slow axis along rows, both forwards; nothing is copied.
    ///
    /// ```
    /// use ndarray::arr2;
    /// use stcal::refpix::ReadoutAxes;
    /// let image = arr2(&[[1, 2], [3, 4]]);
    /// let axes = ReadoutAxes::new(-2, 1)?;
    /// assert_eq!(axes.to_detector(image.view()), arr2(&[[3, 1], [4, 2]]));
    /// # Ok::<(), stcal::refpix::ReadoutAxesError>(())
    /// ```
    #[must_use]
    pub fn to_detector<S: RawData>(self, mut image: ArrayBase<S, Ix2>) -> ArrayBase<S, Ix2> {
        if self.transposed {
            image.swap_axes(0, 1);
        }
        if self.slow_reversed {
            image.invert_axis(Axis(0));
        }
        if self.fast_reversed {
            image.invert_axis(Axis(1));
        }
        image
    }

    /// Position of the first pixel of the turned image on the detector, `(row, column)`.
    ///
    /// `origin` is the position of the image's first pixel in the frame of images, `image` its size and `full` the size
    /// of the whole detector in that frame, all `(row, column)` from 0. The image must lie on the detector.
    ///
    /// ```
    /// use stcal::refpix::ReadoutAxes;
    /// let axes = ReadoutAxes::new(-1, 2)?;
    /// assert_eq!(axes.origin_on_detector((100, 0), (64, 64), (2048, 2048)), (100, 1984));
    /// # Ok::<(), stcal::refpix::ReadoutAxesError>(())
    /// ```
    pub fn origin_on_detector(
        self,
        origin: (usize, usize),
        image: (usize, usize),
        full: (usize, usize),
    ) -> (usize, usize) {
        let turn = |(row, column): (usize, usize)| {
            if self.transposed {
                (column, row)
            } else {
                (row, column)
            }
        };
        let (origin, image, full) = (turn(origin), turn(image), turn(full));
        let place = |reversed, full: usize, origin: usize, size: usize| {
            if reversed {
                full.saturating_sub(origin + size)
            } else {
                origin
            }
        };
        (
            place(self.slow_reversed, full.0, origin.0, image.0),
            place(self.fast_reversed, full.1, origin.1, image.1),
        )
    }
}
