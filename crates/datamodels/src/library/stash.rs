//! Arrays that steps work out and later steps use again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::Result;
use crate::io::scratch::{Scratch, ScratchArray};

/// Arrays in temporary files, by names that say what they depend on.
#[derive(Debug, Default)]
pub struct Stash {
    arrays: Mutex<HashMap<String, Arc<ScratchArray<f64>>>>,
}

impl Stash {
    /// The array of a name.
    pub fn get(&self, name: &str) -> Option<Arc<ScratchArray<f64>>> {
        let arrays = self.arrays.lock().unwrap_or_else(PoisonError::into_inner);
        arrays.get(name).cloned()
    }

    /// Keeps an array under a name.
    ///
    /// # Errors
    /// It cannot be written to a temporary file.
    pub fn keep(&self, name: String, scratch: &Scratch, values: &[f64]) -> Result<()> {
        let array = Arc::new(scratch.store(values)?);
        let mut arrays = self.arrays.lock().unwrap_or_else(PoisonError::into_inner);
        arrays.insert(name, array);
        Ok(())
    }
}
