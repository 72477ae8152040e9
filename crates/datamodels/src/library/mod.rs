//! Exposures that belong together, such as those of one mosaic.
//!
//! The metadata of all of them are in memory. Their arrays stay in their files and are read when they are asked for;
//! arrays that a step changed are kept aside, in memory or in temporary files, and come instead of those of the file.
//! So the memory that a step takes does not grow with the number of exposures.

mod attachment;
mod exposure;
mod stash;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;

use crate::error::Result;
use crate::io::scratch::Scratch;
use crate::models::ImageModel;

pub use attachment::{Attachment, TableFormat};
pub use exposure::{Exposure, OpenExposure, Plane, PlaneRows, Room, Variance, group_id};
pub use stash::Stash;

/// Exposures in the order of their association.
#[derive(Debug)]
pub struct Library {
    exposures: Vec<Exposure>,
    association: AssociationInfo,
    scratch: Scratch,
    attachments: Vec<Attachment>,
    stash: Stash,
    at_once: usize,
}

/// Exposures that a step works on at the same time, if nothing else is said: so many threads are kept busy, and memory does
/// not grow with the number of exposures.
const AT_ONCE: usize = 4;

/// What a library has to know of the association that it was made from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AssociationInfo {
    /// Its identifier: `o001`, `a3001`.
    pub id: Option<String>,
    /// The name of its file.
    pub table_name: Option<String>,
    /// The pool that it was made from.
    pub pool_name: Option<String>,
    /// The name of its product.
    pub product: Option<String>,
}

/// A member of an association, to be opened.
#[derive(Debug, Clone, Default)]
pub struct MemberFile {
    /// The file.
    pub path: PathBuf,
    /// Its part in the product: `science`.
    pub role: String,
    /// Name of the group of exposures that it belongs to, instead of the one that follows from its keywords.
    pub group_id: Option<String>,
    /// A catalogue of its stars.
    pub catalog: Option<PathBuf>,
}

/// Where arrays that change are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changes {
    /// In memory.
    InMemory,
    /// In temporary files.
    OnDisk,
}

impl Library {
    /// Reads the metadata of the members of an association.
    ///
    /// Temporary files are made in `directory`.
    ///
    /// # Errors
    /// A file cannot be read or does not hold an image.
    pub fn open(
        members: &[MemberFile],
        association: AssociationInfo,
        changes: Changes,
        directory: &Path,
    ) -> Result<Self> {
        let scratch = Scratch::new(directory);
        let aside = match changes {
            Changes::InMemory => None,
            Changes::OnDisk => Some(&scratch),
        };
        let exposures = members.par_iter().enumerate();
        let exposures: Vec<_> = exposures
            .map(|(index, member)| Exposure::open(index, member, &association, aside))
            .collect();
        Ok(Self {
            // The first error is told, whichever came first.
            exposures: exposures.into_iter().collect::<Result<_>>()?,
            association,
            scratch,
            attachments: Vec::new(),
            stash: Stash::of_exposures(),
            at_once: AT_ONCE,
        })
    }

    /// Exposures that are in memory.
    pub fn of_images(images: Vec<ImageModel>, association: AssociationInfo) -> Self {
        Self::of_shared(images.into_iter().map(Arc::new).collect(), association)
    }

    /// Exposures that are in memory and belong to others, too: an array that a step changes is copied then.
    pub fn of_shared(images: Vec<Arc<ImageModel>>, association: AssociationInfo) -> Self {
        let images = images.into_iter().enumerate();
        Self {
            exposures: images
                .map(|(index, image)| Exposure::of_image(index, image))
                .collect(),
            association,
            scratch: Scratch::new(&std::env::temp_dir()),
            attachments: Vec::new(),
            stash: Stash::of_exposures(),
            at_once: AT_ONCE,
        }
    }

    /// How many exposures a step may work on at the same time.
    pub fn at_once(&self) -> usize {
        self.at_once
    }

    /// Says how many exposures a step may work on at the same time, one or more.
    pub fn set_at_once(&mut self, count: usize) {
        self.at_once = count.max(1);
    }

    /// How many exposures there are.
    pub fn len(&self) -> usize {
        self.exposures.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.exposures.is_empty()
    }

    /// The exposures.
    pub fn exposures(&self) -> &[Exposure] {
        &self.exposures
    }

    /// The exposures, to be changed.
    pub fn exposures_mut(&mut self) -> &mut [Exposure] {
        &mut self.exposures
    }

    /// The association that they come from.
    pub fn association(&self) -> &AssociationInfo {
        &self.association
    }

    /// Adds a table that is to be saved beside the results, whatever becomes of the step.
    pub fn attach(&mut self, attachment: Attachment) {
        self.attachments.push(attachment);
    }

    /// Takes the tables that are to be saved.
    pub fn take_attachments(&mut self) -> Vec<Attachment> {
        std::mem::take(&mut self.attachments)
    }

    /// What steps worked out and later ones may use again.
    pub fn stash(&self) -> &Stash {
        &self.stash
    }

    /// Takes all that out.
    pub fn take_stash(&mut self) -> Stash {
        std::mem::take(&mut self.stash)
    }

    /// Where temporary files are made.
    pub fn scratch(&self) -> &Scratch {
        &self.scratch
    }

    /// The groups of exposures, which were taken at the same time and move together, in order of first appearance:
    /// their names and the indices of their exposures.
    pub fn groups(&self) -> Vec<(String, Vec<usize>)> {
        let mut groups: Vec<(String, Vec<usize>)> = Vec::new();
        for (index, exposure) in self.exposures.iter().enumerate() {
            match groups.iter_mut().find(|(name, _)| name == exposure.group()) {
                Some((_, indices)) => indices.push(index),
                None => groups.push((exposure.group().to_owned(), vec![index])),
            }
        }
        groups
    }
}
