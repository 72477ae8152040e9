//! A row of all images of a stack, side by side.

use ndarray::ArrayView3;

/// A row of each plane of a ramp, copied side by side.
///
/// Planes lie a megabyte and more apart, often by a power of two: caches and the translation of addresses hold only a
/// few places that far apart. What is gone through plane by plane, some columns at a time, is therefore copied first,
/// in whole rows.
#[derive(Debug, Clone, Default)]
pub(crate) struct PlaneRows<T> {
    values: Vec<T>,
    planes: usize,
    columns: usize,
}

impl<T: Copy> PlaneRows<T> {
    /// Copies a row of `(integration, group, column)`, in place of what was here.
    pub(crate) fn load(&mut self, row: ArrayView3<'_, T>) {
        let (integrations, groups, columns) = row.dim();
        (self.planes, self.columns) = (integrations * groups, columns);
        self.values.clear();
        self.values.reserve(self.planes * columns);
        for plane in row.rows() {
            match plane.to_slice() {
                Some(plane) => self.values.extend_from_slice(plane),
                None => self.values.extend(plane),
            }
        }
    }

    /// Number of planes.
    pub(crate) fn count(&self) -> usize {
        self.planes
    }

    /// The row of a plane.
    #[inline(always)]
    pub(crate) fn plane(&self, plane: usize) -> &[T] {
        &self.values[plane * self.columns..(plane + 1) * self.columns]
    }

    /// The row of a plane, to be changed.
    #[inline(always)]
    pub(crate) fn plane_mut(&mut self, plane: usize) -> &mut [T] {
        &mut self.values[plane * self.columns..(plane + 1) * self.columns]
    }
}
