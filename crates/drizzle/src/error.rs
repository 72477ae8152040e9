//! What can be wrong with the arrays and settings handed over.

/// Why an image could not be drizzled or blotted.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DrizzleError {
    /// Two arrays that belong together have different shapes.
    #[error("{what}: shape {found:?}, expected {expected:?} (rows, columns)")]
    Shape {
        /// Which array.
        what: &'static str,
        /// The shape it should have.
        expected: (usize, usize),
        /// The shape it has.
        found: (usize, usize),
    },
    /// An array is not stored row after row.
    #[error("{what} must be stored row after row without gaps")]
    Layout {
        /// Which array.
        what: &'static str,
    },
    /// The numbers of images put in and taken out differ.
    #[error("{what}: {found} images, expected {expected}")]
    Count {
        /// Which images.
        what: &'static str,
        /// How many there should be.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// A setting out of its range.
    #[error("{name} is {value}, expected {expected}")]
    Setting {
        /// Name of the setting.
        name: &'static str,
        /// Its value.
        value: f64,
        /// What it should be.
        expected: &'static str,
    },
    /// Fewer than two rows or two columns of the section are mapped.
    #[error("no or too few valid pixels in the pixel map")]
    NoValidPixels,
    /// The kernel needs the ratio of the pixel scales; none was given and none can be estimated from the map.
    #[error("cannot estimate the ratio of the pixel scales from the pixel map")]
    ScaleRatio,
    /// The pixel map of a blot has a NaN.
    #[error("the pixel map is NaN at row {row}, column {column}")]
    UnmappedPixel {
        /// Row of the blotted image, from 0.
        row: usize,
        /// Column of the blotted image, from 0.
        column: usize,
    },
}
