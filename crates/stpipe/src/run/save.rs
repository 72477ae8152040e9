//! Saving products under their names.

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::{LOG, Run, RunError, Unsaved};
use crate::give_back::give_back;
use crate::naming::{OutputName, Suffix, expand_variables};
use crate::{BaseParams, BoxError, Origin, Outcome, Product, Products, Settings};

/// Results that are saved at the same time, unless memory is limited: those that have to be read for it take that of as
/// many.
const AT_ONCE: usize = 2;

/// Parts of a name between its base and its suffix.
#[derive(Debug, Clone, Copy, Default)]
struct Parts<'a> {
    /// Those that tell several results of one input apart; a name that comes from a model's metadata does without.
    number: &'a [String],
    /// Those that every name has.
    fixed: &'a [String],
}

impl Run<'_> {
    /// Saves a product of the pipeline with a suffix of its own, whether results are saved or not.
    ///
    /// # Errors
    /// [`RunError::Save`] if it cannot be written.
    pub fn save(&mut self, product: &mut dyn Product, suffix: &str) -> Result<PathBuf, RunError> {
        let settings = self.settings.clone();
        self.save_as(
            &settings,
            product,
            Suffix::Replace(suffix),
            Parts::default(),
        )
    }

    /// Saves a product under a name with further parts, such as the number of an association.
    ///
    /// # Errors
    /// [`RunError::Save`] if it cannot be written.
    pub fn save_with(
        &mut self,
        product: &mut dyn Product,
        suffix: Suffix<'_>,
        components: &[String],
    ) -> Result<PathBuf, RunError> {
        let settings = self.settings.clone();
        self.save_as(
            &settings,
            product,
            suffix,
            Parts {
                number: components,
                ..Parts::default()
            },
        )
    }

    /// Saves a product under a name that is made from `base` instead of the input's name.
    ///
    /// # Errors
    /// [`RunError::Save`] if it cannot be written.
    pub fn save_named(
        &mut self,
        product: &mut dyn Product,
        base: &str,
        suffix: &str,
    ) -> Result<PathBuf, RunError> {
        let mut settings = self.settings.clone();
        settings.set("output_file", base, Origin::Caller)?;
        self.save_as(
            &settings,
            product,
            Suffix::Replace(suffix),
            Parts::default(),
        )
    }

    /// The directory that the task's products go to.
    ///
    /// # Errors
    /// [`RunError`] if the parameters cannot be read.
    pub fn directory(&self) -> Result<PathBuf, RunError> {
        let own = self.settings.base()?;
        Ok(PathBuf::from(self.output_directory(&own, &own)))
    }

    /// Saves the results of a step or of the pipeline.
    pub(super) fn save_results(
        &mut self,
        settings: &Settings,
        results: &mut dyn Products,
    ) -> Result<(), RunError> {
        let named = self.named(settings, results)?;
        self.save_named_products(named)
    }

    /// Saves the results of the pipeline, if there are any, together with what was left for them.
    pub(super) fn save_with_unsaved(
        &mut self,
        results: Option<(&Settings, &mut dyn Products)>,
    ) -> Result<(), RunError> {
        let mut unsaved = std::mem::take(&mut self.unsaved);
        let mut named = Vec::new();
        for Unsaved { settings, results } in &mut unsaved {
            named.extend(self.named(settings, &mut **results)?);
        }
        if let Some((settings, results)) = results {
            named.extend(self.named(settings, results)?);
        }
        self.save_named_products(named)?;
        give_back(unsaved);
        Ok(())
    }

    /// Results under their names; several get a number.
    fn named<'p>(
        &self,
        settings: &Settings,
        results: &'p mut dyn Products,
    ) -> Result<Vec<(PathBuf, &'p mut dyn Product)>, RunError> {
        let (parts, numbered) = (results.name_parts(), results.always_numbered());
        let products = results.products();
        let numbered = numbered || products.len() > 1;
        let suffix = suffix(settings);
        let mut named = Vec::new();
        for (number, product) in products.into_iter().enumerate() {
            let number: Vec<_> = numbered.then(|| number.to_string()).into_iter().collect();
            let parts = Parts {
                number: &number,
                fixed: &parts,
            };
            if let Some(product) = product {
                let path = self.name(settings, product, Suffix::Replace(&suffix), parts)?;
                named.push((path, product));
            }
        }
        Ok(named)
    }

    fn save_named_products(
        &mut self,
        mut named: Vec<(PathBuf, &mut dyn Product)>,
    ) -> Result<(), RunError> {
        // One at a time writes to its file with one thread only.
        let at_once = self.context.max_memory_bytes.map_or(AT_ONCE, |_| 1);
        for several in named.chunks_mut(at_once) {
            let save = |(path, product): &mut (PathBuf, &mut dyn Product)| product.save(path);
            // Of two with the same name the second one is to be left.
            let are_distinct = several.windows(2).all(|pair| pair[0].0 != pair[1].0);
            let saved: Vec<_> = if are_distinct {
                several.par_iter_mut().map(save).collect()
            } else {
                several.iter_mut().map(save).collect()
            };
            let mut noted = Ok(());
            for ((path, _), saved) in several.iter().zip(saved) {
                noted = noted.and(self.note_saved(path, saved));
            }
            noted?;
        }
        Ok(())
    }

    /// Saves what belongs to the results of a step.
    pub(super) fn save_companions<I, O: Products>(
        &mut self,
        settings: &Settings,
        outcome: &mut Outcome<I, O>,
    ) -> Result<(), RunError> {
        let Outcome::Complete(output) = outcome else {
            return Ok(());
        };
        for (suffix, product) in output.companions() {
            self.save_as(settings, product, Suffix::Replace(suffix), Parts::default())?;
        }
        Ok(())
    }

    /// Saves what a step made beside its results.
    pub(super) fn save_side_products<I, O: Products>(
        &mut self,
        settings: &Settings,
        outcome: &mut Outcome<I, O>,
    ) -> Result<(), RunError> {
        let Outcome::Complete(output) = outcome else {
            return Ok(());
        };
        let mut settings = settings.clone();
        settings.set("output_use_model", true, Origin::Caller)?;
        for (suffix, product) in output.side_products() {
            self.save_as(
                &settings,
                product,
                Suffix::Replace(suffix),
                Parts::default(),
            )?;
        }
        Ok(())
    }

    fn save_as(
        &mut self,
        settings: &Settings,
        product: &mut dyn Product,
        suffix: Suffix<'_>,
        parts: Parts<'_>,
    ) -> Result<PathBuf, RunError> {
        let path = self.name(settings, product, suffix, parts)?;
        let saved = product.save(&path);
        self.note_saved(&path, saved)?;
        Ok(path)
    }

    /// Gives a product its name; the path that it is to be saved in.
    fn name(
        &self,
        settings: &Settings,
        product: &mut dyn Product,
        suffix: Suffix<'_>,
        parts: Parts<'_>,
    ) -> Result<PathBuf, RunError> {
        let path = self.output_path(settings, product, suffix, parts)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        product.set_file_name(&name);
        Ok(path)
    }

    /// Says that a product has been saved, or why it has not.
    fn note_saved(&mut self, path: &Path, saved: Result<(), BoxError>) -> Result<(), RunError> {
        saved.map_err(|source| RunError::Save {
            path: path.to_path_buf(),
            source,
        })?;
        tracing::info!(target: LOG, "Saved model in {}", path.display());
        self.context.observer.saved(path);
        self.saved.push(path.to_path_buf());
        Ok(())
    }

    /// Where a product of a step or of the task itself goes.
    ///
    /// The name comes from `output_file`, the task's `output_file` unless the step says
    /// `search_output_file=False`, or the primary input; with `output_use_model`, or neither, from
    /// the file name in the model's metadata, and then without index.
    fn output_path(
        &self,
        settings: &Settings,
        product: &dyn Product,
        suffix: Suffix<'_>,
        parts: Parts<'_>,
    ) -> Result<PathBuf, RunError> {
        let own = settings.base()?;
        let task = self.settings.base()?;
        let from_model =
            own.output_use_model || (own.output_file.is_none() && !own.search_output_file);
        let mut number = parts.number;
        let model_name = product.file_name();
        let mut base = own.output_file.clone();
        if from_model && model_name.is_some() {
            base = model_name;
            number = &[];
        }
        if base.is_none() && own.search_output_file {
            base.clone_from(&task.output_file);
        }
        let base = base.or_else(|| self.input_name.clone());
        let base = base.unwrap_or_else(|| format!("step_{}{}", settings.name(), own.output_ext));
        let directory = self.output_directory(&own, &task);
        let name = OutputName {
            base: &base,
            suffix,
            extension: product.extension().unwrap_or(&own.output_ext),
            components: &[number, parts.fixed].concat(),
            directory: &directory,
            known_suffixes: self.context.suffixes,
        };
        Ok(name.path())
    }

    fn output_directory(&self, own: &BaseParams, task: &BaseParams) -> String {
        let directory = own.output_dir.as_deref().or(task.output_dir.as_deref());
        expand_variables(directory.unwrap_or_default(), self.context.variables)
    }

    /// Makes the output directories of the task and of its steps.
    pub(super) fn make_directories(&self) -> Result<(), RunError> {
        let task = self.settings.base()?;
        for settings in std::iter::once(&self.settings).chain(self.settings.steps()) {
            let directory = self.output_directory(&settings.base()?, &task);
            if directory.is_empty() || (settings.skip() && settings.spec() != self.settings.spec())
            {
                continue;
            }
            std::fs::create_dir_all(&directory).map_err(|source| RunError::Directory {
                path: Path::new(&directory).to_owned(),
                source,
            })?;
        }
        Ok(())
    }
}

/// The suffix of the results of a step, or of the task: its parameter, else its name.
fn suffix(settings: &Settings) -> String {
    match settings.value("suffix").as_str() {
        Some(suffix) => suffix.to_owned(),
        None => settings.name().to_lowercase(),
    }
}
