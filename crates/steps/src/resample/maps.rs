//! The pixel maps of a library's exposures, for the steps that need the same ones.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;
use std::sync::Arc;

use datamodels::io::scratch::ScratchArray;
use datamodels::library::Library;
use gwcs::Wcs;
use ndarray::{Array2, s};
use stpipe::StepError;

use super::pixmap::{MapOptions, PixelMapper, Planes};

/// Pixel maps from exposures of a library to one grid.
#[derive(Debug, Clone, Copy)]
pub struct Maps<'a> {
    /// The exposures.
    pub library: &'a Library,
    /// World coordinate system of the grid.
    pub grid: &'a Wcs,
    /// How exactly pixels are mapped.
    pub options: MapOptions,
    /// Whether maps that are worked out are kept in the library, in temporary files: reading one takes a tenth of the time.
    pub keep: bool,
}

/// The map of an exposure, of which some rows are needed at a time.
#[derive(Debug)]
pub enum MapRows {
    /// Its planes of x and y, which were kept.
    Kept([Arc<ScratchArray<f64>>; 2]),
    /// All of it.
    Whole(Planes),
}

impl MapRows {
    /// Reads some rows, as many as the planes have.
    ///
    /// # Errors
    /// Temporary files fail.
    pub fn read(&self, rows: Range<usize>, into: &mut Planes) -> Result<(), StepError> {
        match self {
            Self::Whole(planes) => {
                into.x.assign(&planes.x.slice(s![rows.clone(), ..]));
                into.y.assign(&planes.y.slice(s![rows, ..]));
            }
            Self::Kept(stored) => {
                let start = rows.start * into.x.ncols();
                for (stored, plane) in stored.iter().zip([&mut into.x, &mut into.y]) {
                    let values = plane.as_slice_mut().unwrap_or_default();
                    stored
                        .read_into(start, values)
                        .map_err(StepError::algorithm)?;
                }
            }
        }
        Ok(())
    }
}

impl Maps<'_> {
    /// The names of the planes of exposure `index` in the library's stash, which say what they depend on.
    fn names(&self, index: usize, wcs: &Wcs) -> [String; 2] {
        let mut hasher = DefaultHasher::new();
        format!("{wcs:?} {:?} {:?}", self.grid, self.options).hash(&mut hasher);
        let key = hasher.finish();
        ["x", "y"].map(|axis| format!("pixmap {axis} {index} {key:016x}"))
    }

    /// The planes of these names, if they were kept.
    fn kept(&self, names: &[String; 2]) -> Option<[Arc<ScratchArray<f64>>; 2]> {
        let [x, y] = names;
        let stash = self.library.stash();
        Some([stash.get(x)?, stash.get(y)?])
    }

    /// The map of exposure `index` row by row: one that was kept, else a new one.
    ///
    /// # Errors
    /// As [`Self::of`].
    pub fn rows_of(&self, index: usize) -> Result<MapRows, StepError> {
        let meta = &self.library.exposures()[index].meta;
        let wcs = meta.require_wcs().map_err(StepError::algorithm)?;
        match self.kept(&self.names(index, &wcs)) {
            Some(stored) => Ok(MapRows::Kept(stored)),
            None => self.of(index).map(MapRows::Whole),
        }
    }

    /// The map of exposure `index`: one that was kept, else a new one.
    ///
    /// # Errors
    /// The exposure has no world coordinate system, it cannot be evaluated, or temporary files fail.
    pub fn of(&self, index: usize) -> Result<Planes, StepError> {
        let exposure = &self.library.exposures()[index];
        let wcs = exposure.meta.require_wcs().map_err(StepError::algorithm)?;
        let names = self.names(index, &wcs);
        let stash = self.library.stash();
        if let Some([x, y]) = self.kept(&names) {
            let read = |stored: &ScratchArray<f64>| {
                let mut plane = stash.array(exposure.shape());
                let values = plane.as_slice_mut().unwrap_or_default();
                stored.read_into(0, values).map_err(StepError::algorithm)?;
                Ok::<_, StepError>(plane)
            };
            let (x, y) = rayon::join(|| read(&x), || read(&y));
            return Ok(Planes { x: x?, y: y? });
        }
        let shape = exposure.shape();
        let room = Planes {
            x: stash.array(shape),
            y: stash.array(shape),
        };
        let planes = PixelMapper::new(&wcs, self.grid, shape)?.map_into(&self.options, room)?;
        if self.keep {
            let keep = |name: &String, plane: &Array2<f64>| {
                let values = plane.as_slice().unwrap_or_default();
                stash.keep(name.clone(), self.library.scratch(), values)
            };
            let [x, y] = &names;
            let kept = rayon::join(|| keep(x, &planes.x), || keep(y, &planes.y));
            kept.0.and(kept.1).map_err(StepError::algorithm)?;
        }
        Ok(planes)
    }

    /// Takes a map back that is not needed any more: the next one goes into its memory.
    pub fn put_by(&self, planes: Planes) {
        let stash = self.library.stash();
        stash.put_by(planes.x);
        stash.put_by(planes.y);
    }
}
