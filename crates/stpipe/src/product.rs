//! What the runner needs to know of a mission's models.

use std::path::Path;

use crate::{BoxError, Settings, SkipReason, Status, Summary, Values};

/// A model that steps take and make, and that can be saved, by any thread.
pub trait Product: Send {
    /// Flat metadata for the selection of references: `meta.instrument.name` and the like.
    fn selection(&self) -> Values;

    /// How a log names the model: `RampModel(2, 10, 64, 64)`.
    fn describe(&self) -> String;

    /// The file name in the metadata.
    fn file_name(&self) -> Option<String>;

    /// Sets the file name in the metadata.
    fn set_file_name(&mut self, name: &str);

    /// Extension of its file, if it is not the one that the parameters name.
    fn extension(&self) -> Option<&str> {
        None
    }

    /// Records what became of a step; `key` is [`Step::STATUS_KEY`](crate::Step::STATUS_KEY).
    fn set_status(&mut self, key: &str, status: Status);

    /// Records why a step was skipped.
    fn set_skip_reason(&mut self, key: &str, reason: &SkipReason);

    /// What a step found, as it has left it in the model; `key` is [`Step::STATUS_KEY`](crate::Step::STATUS_KEY).
    fn summary(&self, key: &str) -> Summary {
        let _ = key;
        Summary::default()
    }

    /// Records how the model was made.
    fn record(&mut self, provenance: &Provenance<'_>);

    /// Writes the model to `path`, whole or not at all.
    ///
    /// # Errors
    /// Whatever prevents it from being written; a file that was there is then unchanged.
    fn save(&mut self, path: &Path) -> Result<(), BoxError>;
}

/// How a product was made, as far as the runner knows.
#[derive(Debug, Clone, Copy)]
pub struct Provenance<'a> {
    /// Reference types used by the step that just ran, and `crds://name`, a path or `N/A`.
    pub references: &'a [(String, String)],
    /// The reference system's context and version.
    pub reference_system: Option<(&'a str, &'a str)>,
    /// Name under which the log is kept: the alias of the pipeline, or of the step.
    pub log_key: &'a str,
    /// The log so far.
    pub log: &'a [String],
    /// Every parameter of the run with its origin.
    pub settings: &'a Settings,
}

/// One or several models, as steps return them.
pub trait Products {
    /// The models in order; `None` stands for one that was not made.
    fn products(&mut self) -> Vec<Option<&mut dyn Product>>;

    /// Further parts of the names of the results: the identifier of the association that they were made from.
    fn name_parts(&self) -> Vec<String> {
        Vec::new()
    }

    /// Whether the names of the results have a number even if there is one result only.
    fn always_numbered(&self) -> bool {
        false
    }

    /// Models that belong to the results, and their suffixes. They are saved after the results, if these are, under names
    /// made like theirs.
    fn companions(&mut self) -> Vec<(&'static str, &mut dyn Product)> {
        Vec::new()
    }

    /// Models that show how the results came about, and their suffixes. They are saved whether the results are or
    /// not, named after the file name in their metadata.
    fn side_products(&mut self) -> Vec<(&'static str, &mut dyn Product)> {
        Vec::new()
    }
}

impl<P: Product> Products for P {
    fn products(&mut self) -> Vec<Option<&mut dyn Product>> {
        vec![Some(self)]
    }
}

impl Products for [&mut dyn Product; 1] {
    fn products(&mut self) -> Vec<Option<&mut dyn Product>> {
        let [product] = self;
        vec![Some(&mut **product)]
    }
}

impl<A: Product, B: Product> Products for (A, B) {
    fn products(&mut self) -> Vec<Option<&mut dyn Product>> {
        vec![Some(&mut self.0), Some(&mut self.1)]
    }
}

impl<A: Product, B: Product> Products for (A, Option<B>) {
    fn products(&mut self) -> Vec<Option<&mut dyn Product>> {
        let second = self.1.as_mut().map(|product| product as &mut dyn Product);
        vec![Some(&mut self.0), second]
    }
}

impl<P: Product> Products for Vec<P> {
    fn products(&mut self) -> Vec<Option<&mut dyn Product>> {
        self.iter_mut()
            .map(|product| Some(product as &mut dyn Product))
            .collect()
    }
}
