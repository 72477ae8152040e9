//! Arrays that steps work out and later steps use again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ndarray::Array2;

use super::Plane;
use crate::error::Result;
use crate::io::fits::Element;
use crate::io::scratch::{Scratch, ScratchArray};

/// Arrays in temporary files, by names that say what they depend on; and memory that is used again.
#[derive(Debug)]
pub struct Stash {
    arrays: Mutex<HashMap<String, Arc<ScratchArray<f64>>>>,
    maps: Spare<f64>,
    images: Spare<f32>,
}

/// Arrays that are not needed any more, so many at most.
#[derive(Debug)]
struct Spare<T> {
    heap: Mutex<Heap<T>>,
    most: usize,
}

#[derive(Debug)]
struct Heap<T> {
    arrays: Vec<Array2<T>>,
    /// Whether all that will be needed are still to be made at once.
    at_once: bool,
}

/// The two planes of one map.
const MOST_MAPS: usize = 2;

/// What an exposure is resampled from: its values, weights, and the variances but that which the weights stand for.
const MOST_IMAGES: usize = 4;

impl Default for Stash {
    fn default() -> Self {
        Self {
            arrays: Mutex::default(),
            maps: Spare::new(MOST_MAPS, false),
            images: Spare::new(MOST_IMAGES, false),
        }
    }
}

impl<T: Element> Spare<T> {
    fn new(most: usize, at_once: bool) -> Self {
        let heap = Heap {
            arrays: Vec::new(),
            at_once,
        };
        Self {
            heap: Mutex::new(heap),
            most,
        }
    }

    /// An array of a shape with any values.
    fn take(&self, shape: (usize, usize)) -> Array2<T> {
        let mut heap = locked(&self.heap);
        let found = heap.arrays.iter().position(|array| array.dim() == shape);
        if let Some(index) = found {
            return heap.arrays.swap_remove(index);
        }
        let new = || Array2::from_elem(shape, T::default());
        if std::mem::take(&mut heap.at_once) {
            // Zeros in new memory cost nothing before something else is written there.
            heap.arrays.resize_with(self.most - 1, new);
        }
        new()
    }

    fn put(&self, array: Array2<T>) {
        let arrays = &mut locked(&self.heap).arrays;
        if arrays.len() == self.most {
            arrays.remove(0);
        }
        arrays.push(array);
    }
}

impl Stash {
    /// One for exposures that are resampled in the end: as many images are made at once as that takes. Side by side they leave
    /// no gaps in memory for what is taken and given back between them.
    pub(super) fn of_exposures() -> Self {
        Self {
            images: Spare::new(MOST_IMAGES, true),
            ..Self::default()
        }
    }

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

    /// A plane of a map with any values: one that was put by, or a new one. Memory that has been used before is had for
    /// less.
    pub fn array(&self, shape: (usize, usize)) -> Array2<f64> {
        self.maps.take(shape)
    }

    /// Puts a plane of a map by that is not needed any more.
    pub fn put_by(&self, array: Array2<f64>) {
        self.maps.put(array);
    }

    /// An image with any values, as [`Self::array`].
    pub fn image(&self, shape: (usize, usize)) -> Array2<f32> {
        self.images.take(shape)
    }

    /// Puts an image by that is not needed any more; one that belongs to another is left alone.
    pub fn put_by_image(&self, image: Plane<'_, f32>) {
        if image.is_owned() {
            self.images.put(image.into_owned());
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
