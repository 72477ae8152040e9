//! Correction of the crosstalk between neighbouring pixels by their capacitance.
//!
//! The image is convolved with a small kernel, the inverse of the crosstalk, either the same everywhere or one per
//! pixel. Reference pixels are not changed and give nothing to others; beyond the edge there is nothing:
//!
//! ```text
//! corrected[y, x] = sum over j, i of K[j, i] image[y - (j - J/2), x - (i - I/2)]          (K[j, i, y, x] per pixel)
//! ```
//!
//! The terms are added in the order of `j`, then `i`, that of the middle last.
//!
//! # Source
//! jwst 3.0.0 `ipc/ipc_corr.py::ipc_convolve`. Exact.

use ndarray::{ArrayView2, ArrayView4, ArrayViewMut1, ArrayViewMut2, Zip, s};

use crate::shape::{ShapeError, check_shape};

#[cfg(test)]
mod tests;

/// The kernel that undoes the crosstalk.
#[derive(Debug, Clone, Copy)]
pub enum IpcKernel<'a> {
    /// The same for all pixels, `(row offset, column offset)`.
    Uniform(ArrayView2<'a, f32>),
    /// One per pixel, `(row offset, column offset, row, column)`, with the rows and columns of the image.
    PerPixel(ArrayView4<'a, f32>),
}

/// Rows and columns of reference pixels along the edges of an image, the first row being at the bottom.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReferenceEdges {
    /// Rows at the start.
    pub bottom: usize,
    /// Rows at the end.
    pub top: usize,
    /// Columns at the start.
    pub left: usize,
    /// Columns at the end.
    pub right: usize,
}

/// Convolves one image with the kernel, in place.
///
/// `image_dn` is `(row, column)`, a whole image of one group. A sample that is not a number spreads to all pixels
/// that the kernel reaches, even with weight 0.
///
/// # Errors
/// [`ShapeError`] if the kernel has an even size or no element, does not cover the image, or if there are more
/// reference pixels than pixels; nothing has been modified then.
///
/// ```
/// use ndarray::{Array2, arr2};
/// use stcal::ipc::{IpcKernel, ReferenceEdges, correct_ipc};
/// let mut image = Array2::zeros((3, 3));
/// image[[1, 1]] = 100.0_f32;
/// let kernel = arr2(&[[0.0, -0.01, 0.0], [-0.01, 1.04, -0.01], [0.0, -0.01, 0.0]]);
/// correct_ipc(image.view_mut(), &IpcKernel::Uniform(kernel.view()), ReferenceEdges::default())?;
/// assert_eq!(image[[0, 1]], -1.0);
/// assert_eq!(image[[1, 1]], 104.0);
/// # Ok::<(), stcal::shape::ShapeError>(())
/// ```
pub fn correct_ipc(
    mut image_dn: ArrayViewMut2<'_, f32>,
    kernel: &IpcKernel<'_>,
    edges: ReferenceEdges,
) -> Result<(), ShapeError> {
    let (rows, columns) = image_dn.dim();
    let size = check_kernel(kernel, (rows, columns), edges)?;
    let bottom = edges.bottom..rows - edges.top;
    let left = edges.left..columns - edges.right;
    let mut science = image_dn.slice_mut(s![bottom.clone(), left.clone()]);
    let (ny, nx) = science.dim();
    let mut rows_in_reach = RowsInReach::new(size, nx);
    for row in 0..size.0 / 2 {
        rows_in_reach.load(science.view(), row);
    }
    for row in 0..ny {
        // Rows ahead are still as they were; those behind have been kept.
        rows_in_reach.load(science.view(), row + size.0 / 2);
        let mut corrected = science.row_mut(row);
        corrected.fill(0.0);
        for (j, i) in terms(size) {
            let samples = rows_in_reach.samples(row, (j, i));
            match kernel {
                IpcKernel::Uniform(kernel) => add(&mut corrected, kernel[[j, i]], samples),
                IpcKernel::PerPixel(kernel) => {
                    let weights = kernel.slice(s![j, i, bottom.start + row, left.clone()]);
                    Zip::from(&mut corrected)
                        .and(weights)
                        .and(ndarray::ArrayView1::from(samples))
                        .for_each(|sum, &weight, &sample| *sum += weight * sample);
                }
            }
        }
    }
    Ok(())
}

fn add(sum: &mut ArrayViewMut1<'_, f32>, weight: f32, samples: &[f32]) {
    Zip::from(sum)
        .and(ndarray::ArrayView1::from(samples))
        .for_each(|sum, &sample| *sum += weight * sample);
}

/// All places of the kernel in the order in which their terms are added.
fn terms((height, width): (usize, usize)) -> impl Iterator<Item = (usize, usize)> {
    let middle = (height / 2, width / 2);
    (0..height)
        .flat_map(move |j| (0..width).map(move |i| (j, i)))
        .filter(move |&place| place != middle)
        .chain([middle])
}

/// Copies of the rows that the kernel reaches, with a border of zeros.
struct RowsInReach {
    rows: Vec<Vec<f32>>,
    width: usize,
    nx: usize,
}

impl RowsInReach {
    fn new((height, width): (usize, usize), nx: usize) -> Self {
        Self {
            rows: vec![vec![0.0; nx + width - 1]; height],
            width,
            nx,
        }
    }

    /// Copies one row of the image; beyond the end, a row of zeros.
    fn load(&mut self, image: ArrayView2<'_, f32>, row: usize) {
        let n = self.rows.len();
        let border = self.width / 2;
        let copy = &mut self.rows[row % n][border..border + self.nx];
        if row < image.nrows() {
            ArrayViewMut1::from(copy).assign(&image.row(row));
        } else {
            copy.fill(0.0);
        }
    }

    /// The samples by which the place `(j, i)` of the kernel is multiplied for an output row.
    ///
    /// Rows before the first were never loaded and are zero.
    fn samples(&self, row: usize, (j, i): (usize, usize)) -> &[f32] {
        let n = self.rows.len();
        let source = row + n + n / 2 - j;
        let start = self.width - 1 - i;
        &self.rows[source % n][start..start + self.nx]
    }
}

/// The height and width of a kernel that fits.
fn check_kernel(
    kernel: &IpcKernel<'_>,
    (rows, columns): (usize, usize),
    edges: ReferenceEdges,
) -> Result<(usize, usize), ShapeError> {
    let size = match kernel {
        IpcKernel::Uniform(kernel) => kernel.dim(),
        IpcKernel::PerPixel(kernel) => {
            check_shape("IPC kernel", &[rows, columns], &kernel.shape()[2..])?;
            (kernel.shape()[0], kernel.shape()[1])
        }
    };
    check_shape(
        "IPC kernel, which has an odd size,",
        &[size.0 | 1, size.1 | 1],
        &[size.0, size.1],
    )?;
    let reference = [edges.bottom + edges.top, edges.left + edges.right];
    if reference[0] > rows || reference[1] > columns {
        check_shape("image with reference pixels", &reference, &[rows, columns])?;
    }
    Ok(size)
}
