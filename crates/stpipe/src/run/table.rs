//! A pipeline as a table of steps and conditions that can be run and printed.

use std::fmt::Write as _;

use super::{Run, RunError};
use crate::{Products, Step};

/// One line of a pipeline's table: a step from model `M` to model `M`, and when it runs.
///
/// ```
/// # use stpipe::{Outcome, Prepared, ReferenceFiles, Step, StepError, Product, Provenance, SkipReason, Status, Values};
/// # struct Ramp; impl Product for Ramp {
/// #     fn selection(&self) -> Values { Values::new() } fn describe(&self) -> String { "Ramp".into() }
/// #     fn file_name(&self) -> Option<String> { None } fn set_file_name(&mut self, _: &str) {}
/// #     fn set_status(&mut self, _: &str, _: Status) {} fn set_skip_reason(&mut self, _: &str, _: &SkipReason) {}
/// #     fn record(&mut self, _: &Provenance<'_>) {} fn save(&mut self, _: &std::path::Path) -> Result<(), stpipe::BoxError> { Ok(()) } }
/// # stpipe::params! { /// None.
/// #     pub struct NoParams {} }
/// # struct Jump; impl Step for Jump { const NAME: &'static str = "jump"; const CLASS: &'static str = "toy.JumpStep";
/// #     const ABOUT: &'static str = "Finds jumps"; const STATUS_KEY: &'static str = "jump"; type Params = NoParams; type References = (); type Input = Ramp; type Output = Ramp;
/// #     fn prepare(_: &NoParams, _: &Ramp, _: &ReferenceFiles) -> Result<Prepared<()>, StepError> { Ok(Prepared::Ready(())) }
/// #     fn run(_: &NoParams, (): (), ramp: Ramp) -> Result<Outcome<Ramp, Ramp>, StepError> { Ok(Outcome::Complete(ramp)) } }
/// use stpipe::run::{describe_table, Entry};
/// const TABLE: &[Entry<Ramp>] = &[Entry::of::<Jump>()];
/// assert_eq!(describe_table(TABLE), "jump  Finds jumps\n");
/// ```
pub struct Entry<M: 'static> {
    /// The step's name.
    pub name: &'static str,
    /// What it does.
    pub about: &'static str,
    /// When it runs, in words; empty for always.
    pub condition: &'static str,
    /// When it runs.
    pub applies: fn(&M) -> bool,
    /// Runs it.
    pub run: fn(&mut Run<'_>, M) -> Result<M, RunError>,
}

impl<M: Products> Entry<M> {
    /// A step that every exposure of the table goes through.
    pub const fn of<S: Step<Input = M, Output = M>>() -> Self {
        Self {
            name: S::NAME,
            about: S::ABOUT,
            condition: "",
            applies: |_| true,
            run: |run, model| run.step::<S, M>(model),
        }
    }

    /// The same step under a condition, which is also said in words.
    #[must_use]
    pub const fn when(mut self, condition: &'static str, applies: fn(&M) -> bool) -> Self {
        self.condition = condition;
        self.applies = applies;
        self
    }
}

impl<M> Clone for Entry<M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M> Copy for Entry<M> {}

impl Run<'_> {
    /// Sends a model through the steps of a table.
    ///
    /// # Errors
    /// [`RunError`] of the first step that fails.
    pub fn table<M>(&mut self, table: &[Entry<M>], model: M) -> Result<M, RunError> {
        table.iter().try_fold(model, |model, entry| {
            if (entry.applies)(&model) {
                (entry.run)(self, model)
            } else {
                Ok(model)
            }
        })
    }
}

/// The steps of a pipeline as they follow each other for some of its exposures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Which exposures, such as `MIRI`; empty for all.
    pub exposures: &'static str,
    /// The steps.
    pub turns: Vec<Turn>,
}

/// A step's place in an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// The step's name.
    pub name: &'static str,
    /// When it runs, in words; empty for always.
    pub condition: &'static str,
}

impl Order {
    /// The order of a table.
    pub fn of_table<M>(exposures: &'static str, table: &[Entry<M>]) -> Self {
        let turns = table.iter().map(|entry| Turn {
            name: entry.name,
            condition: entry.condition,
        });
        Self {
            exposures,
            turns: turns.collect(),
        }
    }

    /// With a step behind the table; `condition` is empty for always.
    #[must_use]
    pub fn then<S: Step>(mut self, condition: &'static str) -> Self {
        self.turns.push(Turn {
            name: S::NAME,
            condition,
        });
        self
    }
}

/// The table as text, a line for each step: name, purpose, condition.
pub fn describe_table<M>(table: &[Entry<M>]) -> String {
    let width = table
        .iter()
        .map(|entry| entry.name.len())
        .max()
        .unwrap_or(0);
    let mut text = String::new();
    for entry in table {
        let condition = match entry.condition {
            "" => String::new(),
            words => format!(" (if {words})"),
        };
        let written = writeln!(text, "{:width$}  {}{condition}", entry.name, entry.about);
        debug_assert!(written.is_ok(), "writing to a string cannot fail");
    }
    text
}
