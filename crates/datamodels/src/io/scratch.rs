//! Arrays put aside in temporary files that have no name: nothing is left of them, however the program ends.

use std::fs::File;
use std::io;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use bytemuck::Pod;

use crate::error::{DataModelError, Result};

use super::positional::{read_at, write_at};

/// A directory in which arrays may be put aside.
///
/// ```
/// # let directory = tempfile::tempdir()?;
/// let scratch = datamodels::io::scratch::Scratch::new(directory.path());
/// let array = scratch.store(&[1.5_f32, 2.5, 3.5])?;
/// assert_eq!(array.read(1..3)?, [2.5, 3.5]);
/// assert_eq!(std::fs::read_dir(directory.path())?.count(), 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Scratch {
    directory: PathBuf,
}

/// An array of `T` in a temporary file; any part of it can be read and written from several threads.
#[derive(Debug)]
pub struct ScratchArray<T> {
    file: File,
    directory: PathBuf,
    length: usize,
    element: PhantomData<T>,
}

impl Scratch {
    /// Files are made in `directory`, which has to be there when the first one is.
    pub fn new(directory: &Path) -> Self {
        let directory = if directory.as_os_str().is_empty() {
            Path::new(".")
        } else {
            directory
        };
        Self {
            directory: directory.to_path_buf(),
        }
    }

    /// An array of `length` elements whose bytes are zero.
    ///
    /// # Errors
    /// The directory does not take a file.
    pub fn zeros<T: Pod>(&self, length: usize) -> Result<ScratchArray<T>> {
        let made = tempfile::tempfile_in(&self.directory).and_then(|file| {
            file.set_len((length * size_of::<T>()) as u64)?;
            Ok(file)
        });
        Ok(ScratchArray {
            file: made
                .map_err(|source| refused("make a temporary file in", &self.directory, source))?,
            directory: self.directory.clone(),
            length,
            element: PhantomData,
        })
    }

    /// Puts an array aside.
    ///
    /// # Errors
    /// The directory does not take the file, or has no room for it.
    pub fn store<T: Pod>(&self, values: &[T]) -> Result<ScratchArray<T>> {
        let array = self.zeros(values.len())?;
        array.write(0, values)?;
        Ok(array)
    }
}

impl<T: Pod> ScratchArray<T> {
    /// How many elements there are.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Writes elements from number `start` on.
    ///
    /// # Errors
    /// They reach beyond the end, or there is no room on the disk.
    pub fn write(&self, start: usize, values: &[T]) -> Result<()> {
        self.check(start, values.len())
            .and_then(|offset| write_at(&self.file, offset, bytemuck::cast_slice(values)))
            .map_err(|source| refused("write a temporary file in", &self.directory, source))
    }

    /// Reads the elements of a range.
    ///
    /// # Errors
    /// It reaches beyond the end, or the disk does not answer.
    pub fn read(&self, range: std::ops::Range<usize>) -> Result<Vec<T>> {
        let mut values = vec![T::zeroed(); range.len()];
        self.read_into(range.start, &mut values)?;
        Ok(values)
    }

    /// Fills `values` with the elements from number `start` on.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn read_into(&self, start: usize, values: &mut [T]) -> Result<()> {
        self.check(start, values.len())
            .and_then(|offset| read_at(&self.file, offset, bytemuck::cast_slice_mut(values)))
            .map_err(|source| refused("read a temporary file in", &self.directory, source))
    }

    fn check(&self, start: usize, count: usize) -> io::Result<u64> {
        match start.checked_add(count) {
            Some(end) if end <= self.length => Ok((start * size_of::<T>()) as u64),
            _ => Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                format!("elements {start} to {start} + {count} of {}", self.length),
            )),
        }
    }
}

fn refused(action: &'static str, path: &Path, source: io::Error) -> DataModelError {
    DataModelError::Io {
        action,
        path: path.to_path_buf(),
        source,
    }
}
