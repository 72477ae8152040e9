//! The pipelines on the bundled files, as `strun` would run them.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, anyhow};
use crds::{Client, Config, Observatory};
use stpipe::log::LogSink;
use stpipe::run::{ParameterSources, parameter_layers, resolve_settings};
use stpipe::{ConfigTree, Context, Mission, Origin, ParamValue};
use tracing::Dispatch;

use super::folder::Folder;
use crate::logging::{self, LogOptions, LogStream};
use crate::strun::selection_of;
use crate::{Failure, Streams};

/// What all pipelines of the demonstration share.
pub(super) struct Bench<'a> {
    mission: &'a dyn Mission,
    folder: &'a Folder,
    streams: &'a Streams,
    references: Client,
    dispatch: Dispatch,
    log: LogSink,
}

impl<'a> Bench<'a> {
    /// Opens the bundled references, whatever the environment says of others, and the log.
    pub(super) fn open(
        mission: &'a dyn Mission,
        folder: &'a Folder,
        streams: &'a Streams,
    ) -> Result<Self, Failure> {
        let mut config = Config::new(&folder.crds_cache(), Observatory::jwst());
        config.readonly = true;
        let options = LogOptions {
            file: Some(folder.log().display().to_string()),
            stream: LogStream::Null,
            ..LogOptions::default()
        };
        let logging = logging::start(&options, streams)?;
        Ok(Self {
            mission,
            folder,
            streams,
            references: Client::open(config)?,
            dispatch: logging.dispatch,
            log: logging.sink,
        })
    }

    /// Runs a pipeline on a file, says how long it took, and gives the files that it saved.
    pub(super) fn run(&self, pipeline: &str, input: &Path) -> Result<Vec<PathBuf>, Failure> {
        let begun = Instant::now();
        let name = input.file_name().unwrap_or_default().display();
        let saved =
            tracing::dispatcher::with_default(&self.dispatch, || self.task(pipeline, input))
                .with_context(|| format!("{pipeline} of {}", input.display()))?;
        let seconds = begun.elapsed().as_secs_f64();
        self.streams
            .print(&format!("  {pipeline:18} {name:47} {seconds:6.2} s\n"))?;
        Ok(saved)
    }

    fn task(&self, pipeline: &str, input: &Path) -> anyhow::Result<Vec<PathBuf>> {
        let task = self.mission.task(pipeline);
        let task = task.ok_or_else(|| anyhow!("the mission has no {pipeline}"))?;
        let selection = selection_of(self.mission, input, false)?;
        let mut options = ConfigTree::default();
        let directory = self.folder.products().display().to_string();
        options.set_path("output_dir", ParamValue::from(directory.as_str()));
        options.set_path("save_results", ParamValue::Bool(true));
        let sources = ParameterSources {
            reference_system: parameter_layers(task.spec(), &self.references, &selection)?,
            file: None,
            options: Some((Origin::CommandLine, options)),
        };
        let settings = resolve_settings(task.spec(), &sources)?;
        let context = Context {
            references: &self.references,
            suffixes: self.mission.suffixes(),
            log: self.log.clone(),
            software: self.mission.software(),
            ..Context::default()
        };
        Ok(task.run(&context, settings, &[input.to_owned()])?)
    }
}
