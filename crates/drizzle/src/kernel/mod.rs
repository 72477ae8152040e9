//! How an input pixel is spread: the shapes of the kernels.

mod gaussian;
mod lanczos;
mod point;
mod square;
mod turbo;

pub(crate) use gaussian::Gaussian;
pub(crate) use lanczos::{Lanczos, STEP as LANCZOS_STEP, table as lanczos_table};
pub(crate) use point::Centre;
pub(crate) use square::Square;
pub(crate) use turbo::Turbo;

/// Output rows or columns, both ends included, before they are cut to the image.
pub(crate) type Extent = (i64, i64);

/// A kernel with its constants for one exposure.
pub(crate) trait Shape: Sync {
    /// One input pixel as it lies in the output.
    type Spot;

    /// Where a pixel lies, `None` if it is not mapped.
    fn spot(&self, column: usize, row: usize) -> Option<Self::Spot>;

    /// Output columns that the spot may touch.
    fn columns(&self, spot: &Self::Spot) -> Extent;

    /// Output rows that the spot may touch.
    fn rows(&self, spot: &Self::Spot) -> Extent;

    /// The weight of the whole pixel in the form that [`share`](Self::share) uses.
    fn whole(&self, _spot: &Self::Spot, weight: f32) -> f64 {
        f64::from(weight)
    }

    /// The weight that an output pixel gets, `None` if the spot does not touch it.
    fn share(&self, spot: &Self::Spot, whole: f64, column: i64, row: i64) -> Option<f32>;

    /// Hands the weights of the output pixels in a range that the spot touches to `add`, with column and row; row by row.
    #[inline(always)]
    fn shares(
        &self,
        spot: &Self::Spot,
        whole: f64,
        columns: Extent,
        rows: Extent,
        add: impl FnMut(i64, i64, f32),
    ) {
        each_share(self, spot, whole, columns, rows, add);
    }

    /// How far from the interpolated position of the centre a spot may reach up or down [output pixels].
    fn reach(&self) -> f64;

    /// Whether the spot depends on the neighbours in the pixel map.
    const USES_NEIGHBOURS: bool = false;
}

/// Asks for the weight of one output pixel after the other.
#[inline(always)]
pub(crate) fn each_share<S: Shape + ?Sized>(
    shape: &S,
    spot: &S::Spot,
    whole: f64,
    (left, right): Extent,
    (bottom, top): Extent,
    mut add: impl FnMut(i64, i64, f32),
) {
    for row in bottom..=top {
        for column in left..=right {
            if let Some(share) = shape.share(spot, whole, column, row) {
                add(column, row, share);
            }
        }
    }
}
