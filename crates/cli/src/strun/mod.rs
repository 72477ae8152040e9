//! `strun`: run a step or a pipeline on files.

mod lock;
mod options;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use stpipe::config::{self, ConfigTree};
use stpipe::lock::RecordedReferences;
use stpipe::run::{ParameterSources, parameter_layers, resolve_settings};
use stpipe::{
    Context, Mission, Origin, Reference, ReferenceSource, RunError, Settings, Task, Values, suggest,
};

use crate::crds::progress::Progress as Downloads;
use crate::progress::Progress;
use crate::{Failure, Streams, help, logging};
use lock::Locked;
use options::asks_for_version;

pub(crate) use lock::inputs_of;
pub(crate) use options::{
    CommandLine, PROGRAM_OPTIONS, SplitLine, asks_for_help, identifier, parse, split_inputs,
};

/// Runs `strun` with the arguments after its name, and gives the exit status: 0, 1 for an error, 2
/// for wrong usage.
pub fn run(mission: &dyn Mission, args: &[String], streams: &Streams) -> u8 {
    match attempt(mission, args, streams) {
        Ok(()) => 0,
        Err(failure) => failure.report("strun", streams),
    }
}

fn attempt(mission: &dyn Mission, args: &[String], streams: &Streams) -> Result<(), Failure> {
    if asks_for_version(args) {
        return Ok(streams.print(&help::versions(mission))?);
    }
    let Some(identifier) = identifier(args) else {
        let line = parse(args, None)?;
        if line.program.help {
            return Ok(streams.print(&help::general(mission))?);
        }
        return Err(Failure::Usage(
            "name a step, a pipeline or a parameter file".to_owned(),
        ));
    };
    let chosen = choose(mission, identifier)?;
    let line = parse(args, Some(chosen.task.spec()))?;
    if line.program.help {
        return Ok(streams.print(&help::task(chosen.task.spec()))?);
    }
    let downloads = downloads(&line.program.log, streams);
    let beside = downloads
        .as_ref()
        .map_or(streams.clone(), Downloads::beside);
    let logging = logging::start(&line.program.log, &beside)?;
    let debug = line.program.debug;
    let job = Job {
        mission,
        chosen,
        line,
        sink: logging.sink,
        progress: &logging.progress,
        downloads,
    };
    let alias = &job.chosen.task.spec().alias;
    if !job.line.inputs.is_empty() {
        logging.progress.begin(alias, &job.line.inputs);
    }
    let result = in_thread_pool(job.line.program.threads, || {
        tracing::dispatcher::with_default(&logging.dispatch, || job.run())
    });
    if let Err(Failure::Run(error)) = &result {
        logging.progress.failed(error);
    }
    logging.progress.finish(result.is_ok());
    if let (Err(Failure::Run(error)), true) = (&result, debug) {
        streams.complain(&format!("{error:?}\n"));
    }
    result
}

/// How far downloads are is shown to people, unless they want to see nothing.
fn downloads(log: &logging::LogOptions, streams: &Streams) -> Option<Downloads> {
    let is_wanted = log.stream != logging::LogStream::Null
        && log.format == logging::LogFormat::Text
        && !log.quiet;
    is_wanted.then(|| Downloads::new(streams))
}

/// What to run, and the parameter file that says so.
pub(crate) struct Chosen {
    /// The task.
    pub(crate) task: Arc<dyn Task>,
    /// The parameter file, if one was given.
    pub(crate) file: Option<(PathBuf, ConfigTree)>,
}

/// Finds the task by alias, class, or a parameter file.
pub(crate) fn choose(mission: &dyn Mission, identifier: &str) -> Result<Chosen, Failure> {
    let path = Path::new(identifier);
    if !path.is_file() {
        let task = mission
            .task(identifier)
            .ok_or_else(|| unknown_task(mission, identifier))?;
        return Ok(Chosen {
            task: Arc::clone(task),
            file: None,
        });
    }
    let tree = config::read(path)?;
    let class = tree.class.clone().ok_or_else(|| {
        anyhow!("the parameter file {identifier} names no class: expected `class`, the step or pipeline that it is for")
    })?;
    let task = mission.task(&class).ok_or_else(|| {
        anyhow!("the parameter file {identifier} is for the class {class}, which is not known")
    })?;
    Ok(Chosen {
        task: Arc::clone(task),
        file: Some((path.to_owned(), tree)),
    })
}

fn unknown_task(mission: &dyn Mission, identifier: &str) -> Failure {
    let specs = || mission.tasks().iter().map(|task| task.spec());
    let known: Vec<&str> = specs()
        .flat_map(|spec| [spec.alias.as_ref(), spec.class_name()])
        .collect();
    let suggestion = suggest::closest(identifier, known.into_iter())
        .map_or_else(String::new, |near| format!("; did you mean {near}?"));
    Failure::Usage(format!(
        "{identifier:?} is neither a parameter file nor a known step or pipeline{suggestion}"
    ))
}

/// Runs something in a pool of so many threads, or in the usual one.
fn in_thread_pool<T: Send>(
    threads: Option<std::num::NonZeroUsize>,
    action: impl FnOnce() -> Result<T, Failure> + Send,
) -> Result<T, Failure> {
    match threads {
        None => action(),
        Some(number) => {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(number.get())
                .build()?;
            pool.install(action)
        }
    }
}

/// A task with its command line.
struct Job<'a> {
    mission: &'a dyn Mission,
    chosen: Chosen,
    line: CommandLine,
    sink: stpipe::log::LogSink,
    progress: &'a Progress,
    downloads: Option<Downloads>,
}

impl Job<'_> {
    fn run(&self) -> Result<(), Failure> {
        if self.line.program.ignored_logcfg {
            tracing::warn!("--logcfg is ignored; use --log-level, --log-file and --log-stream");
        }
        let locked = self.line.program.locked.as_deref();
        let locked = locked.map(Locked::open).transpose()?;
        let mut source = lock::open(self.mission, locked.as_ref());
        if let Some(downloads) = &self.downloads {
            source.watch(Box::new(downloads.watcher()));
        }
        match &locked {
            None => {
                let references = RecordedReferences::new(source.as_ref());
                let settings = self.settings(&references)?;
                self.run_with(settings, &references, None)
            }
            Some(locked) => {
                let (settings, references) = locked.hold(self, source.as_ref())?;
                self.run_with(
                    settings,
                    &RecordedReferences::new(&references),
                    Some(locked),
                )
            }
        }
    }

    /// The effective parameters, from all sources.
    fn settings(&self, references: &dyn ReferenceSource) -> Result<Settings, Failure> {
        let use_crds = !self.line.program.disable_crds_steppars && !disabled_by_environment();
        let sources = Sources {
            mission: self.mission,
            references: use_crds.then_some(references),
            chosen: &self.chosen,
            options: &self.line.parameters,
            input: self.line.inputs.first().map(String::as_str),
            members_anywhere: self.line.program.members_anywhere,
        };
        sources.settings()
    }

    fn run_with(
        &self,
        mut settings: Settings,
        references: &RecordedReferences<'_>,
        held: Option<&Locked>,
    ) -> Result<(), Failure> {
        if !self.line.inputs.is_empty() {
            settings.set("save_results", true, Origin::CommandLine)?;
        }
        if let Some(path) = &self.line.program.save_parameters {
            config::save(&settings, Path::new(path)).map_err(|error| {
                anyhow!(error).context(format!("cannot save the parameters to {path}"))
            })?;
            tracing::info!(target: "stpipe.cmdline", "Step/Pipeline parameters saved to '{path}'");
            if self.line.inputs.is_empty() {
                return Ok(());
            }
        }
        if self.line.inputs.is_empty() {
            return Err(Failure::Usage(
                "name an input file after the step or pipeline".to_owned(),
            ));
        }
        let variables = |name: &str| std::env::var(name).ok();
        let context = Context {
            references,
            suffixes: self.mission.suffixes(),
            log: self.sink.clone(),
            software: self.mission.software(),
            variables: &variables,
            files_anywhere: self.line.program.members_anywhere,
            max_memory_bytes: self.line.program.max_memory_bytes,
            observer: self.progress,
        };
        let inputs: Vec<PathBuf> = self
            .line
            .inputs
            .iter()
            .map(|input| located(&settings, input))
            .collect();
        let wanted = self.line.program.lock.as_deref();
        let locked = wanted.map(|path| (path, settings.clone()));
        let saved = self.chosen.task.run(&context, settings, &inputs)?;
        match locked {
            Some((path, settings)) => {
                let record = lock::Record {
                    job: self,
                    settings: &settings,
                    references,
                    held,
                };
                lock::write(path, &record, &saved)
            }
            None => Ok(()),
        }
    }
}

/// Everything that parameters can come from.
pub(crate) struct Sources<'a> {
    pub(crate) mission: &'a dyn Mission,
    /// The reference system, unless its parameters are not wanted.
    pub(crate) references: Option<&'a dyn ReferenceSource>,
    pub(crate) chosen: &'a Chosen,
    pub(crate) options: &'a ConfigTree,
    pub(crate) input: Option<&'a str>,
    /// Whether an association may name files outside of its directory.
    pub(crate) members_anywhere: bool,
}

impl Sources<'_> {
    /// The effective parameters.
    pub(crate) fn settings(&self) -> Result<Settings, Failure> {
        let spec = self.chosen.task.spec();
        let mut sources = ParameterSources {
            reference_system: Vec::new(),
            file: self.chosen.file.clone(),
            options: Some((Origin::CommandLine, self.options.clone())),
        };
        // The user's own mistakes come first, before any file is opened.
        let own = resolve_settings(spec, &sources)?;
        match (self.input, self.references) {
            (Some(input), Some(references)) => {
                let input = located(&own, input);
                let selection = selection_of(self.mission, &input, self.members_anywhere)?;
                sources.reference_system = parameter_layers(spec, references, &selection)?;
            }
            (None, _) => tracing::info!(
                target: "stpipe.cmdline",
                "No input file specified, unable to retrieve parameters from CRDS"
            ),
            (_, None) => {}
        }
        Ok(resolve_settings(spec, &sources)?)
    }
}

/// Metadata of an input for the selection of references.
pub(crate) fn selection_of(
    mission: &dyn Mission,
    path: &Path,
    members_anywhere: bool,
) -> Result<Values, RunError> {
    let selection = mission.selection(path, members_anywhere);
    selection.map_err(|source| RunError::Input {
        path: path.to_owned(),
        source,
    })
}

/// An input given without directory is in `input_dir`.
pub(crate) fn located(settings: &Settings, input: &str) -> PathBuf {
    match settings.value("input_dir").as_str() {
        Some(directory) if !input.contains('/') => Path::new(directory).join(input),
        _ => PathBuf::from(input),
    }
}

/// Opens the reference system; if that fails, every question to it is answered with the error.
///
/// `context` is asked instead of the one that the environment chooses.
pub(crate) fn open_references(
    mission: &dyn Mission,
    context: Option<&str>,
) -> Box<dyn ReferenceSource> {
    mission
        .references(context)
        .unwrap_or_else(|error| Box::new(Unusable(format!("{:#}", anyhow!(error)))))
}

/// A reference system that could not be opened. A run without reference files does not need one.
struct Unusable(String);

impl ReferenceSource for Unusable {
    fn best_references(
        &self,
        _: &Values,
        _: &[&str],
    ) -> Result<std::collections::BTreeMap<String, Reference>, stpipe::BoxError> {
        Err(self.0.clone().into())
    }

    fn context(&self) -> Result<String, stpipe::BoxError> {
        Err(self.0.clone().into())
    }

    fn version(&self) -> &'static str {
        "none"
    }
}

/// Parity: stpipe/step.py `get_disable_crds_steppars` knows these spellings only.
pub(crate) fn disabled_by_environment() -> bool {
    let value = std::env::var("STPIPE_DISABLE_CRDS_STEPPARS").unwrap_or_default();
    matches!(value.as_str(), "true" | "True" | "t" | "yes" | "y")
}

/// Reads the arguments of a program's `run` that follow a task: parameters only.
pub(crate) fn parameter_options(
    args: &[String],
    chosen: &Chosen,
) -> Result<(ConfigTree, Vec<String>), Failure> {
    let line = parse(args, Some(chosen.task.spec()))?;
    Ok((line.parameters, line.inputs))
}

/// The arguments of the process as text.
///
/// # Errors
/// If one is not UTF-8.
pub fn arguments() -> anyhow::Result<Vec<String>> {
    let args = std::env::args_os().skip(1).map(|arg| {
        arg.into_string()
            .map_err(|arg| anyhow!("the argument {} is not UTF-8", arg.display()))
    });
    args.collect::<Result<_, _>>()
        .context("cannot read the command line")
}
