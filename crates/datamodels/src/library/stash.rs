//! Arrays that steps work out and later steps use again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ndarray::Array2;

use crate::error::Result;
use crate::io::scratch::{Scratch, ScratchArray};

/// Arrays in temporary files, by names that say what they depend on.
#[derive(Debug, Default)]
pub struct Stash {
    arrays: Mutex<HashMap<String, Arc<ScratchArray<f64>>>>,
    /// Arrays that are not needed any more.
    spare: Mutex<Vec<Array2<f64>>>,
}

/// Spare arrays, at most: those of one map.
const MOST_SPARE: usize = 2;

impl Stash {
    /// The array of a name.
    pub fn get(&self, name: &str) -> Option<Arc<ScratchArray<f64>>> {
        locked(&self.arrays).get(name).cloned()
    }

    /// Keeps an array under a name.
    ///
    /// # Errors
    /// It cannot be written to a temporary file.
    pub fn keep(&self, name: String, scratch: &Scratch, values: &[f64]) -> Result<()> {
        let array = Arc::new(scratch.store(values)?);
        locked(&self.arrays).insert(name, array);
        Ok(())
    }

    /// An array of a shape with any values: one that was put by, or a new one. Memory that has been used before is had for
    /// less.
    pub fn array(&self, shape: (usize, usize)) -> Array2<f64> {
        let mut spare = locked(&self.spare);
        let found = spare.iter().position(|array| array.dim() == shape);
        found.map_or_else(|| Array2::zeros(shape), |index| spare.swap_remove(index))
    }

    /// Puts an array by that is not needed any more.
    pub fn put_by(&self, array: Array2<f64>) {
        let mut spare = locked(&self.spare);
        if spare.len() == MOST_SPARE {
            spare.remove(0);
        }
        spare.push(array);
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
