//! Agreement of array shapes, checked before anything is modified.

/// An array does not have the shape that another array asks for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}: expected shape {expected:?}, found {found:?}")]
pub struct ShapeError {
    /// The array that does not fit.
    pub what: &'static str,
    /// The shape that was needed.
    pub expected: Vec<usize>,
    /// The shape that the array has.
    pub found: Vec<usize>,
}

/// Compares the shape of the array called `what` with the one that is needed.
///
/// # Errors
/// [`ShapeError`] if they differ.
///
/// ```
/// use stcal::shape::check_shape;
/// assert!(check_shape("dark", &[4, 4], &[4, 4]).is_ok());
/// let message = check_shape("dark", &[4, 4], &[4, 5]).unwrap_err().to_string();
/// assert_eq!(message, "dark: expected shape [4, 4], found [4, 5]");
/// ```
pub fn check_shape(
    what: &'static str,
    expected: &[usize],
    found: &[usize],
) -> Result<(), ShapeError> {
    if expected == found {
        return Ok(());
    }
    Err(ShapeError {
        what,
        expected: expected.to_vec(),
        found: found.to_vec(),
    })
}
