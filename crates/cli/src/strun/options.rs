//! The command line of `strun`, in two stages: what to run decides which options there are.

use std::num::NonZeroUsize;

use stpipe::{ConfigTree, Kind, ParamValue, TaskSpec, suggest};

use crate::logging::{LogFormat, LogOptions, LogStream, parse_level};
use crate::{Failure, amount};

/// Options that every task has; those with `true` take a value.
pub(crate) const PROGRAM_OPTIONS: &[(&str, bool, &str)] = &[
    (
        "help",
        false,
        "Show this help and exit; with a step or pipeline, its parameters",
    ),
    ("version", false, "Show versions and exit"),
    (
        "save-parameters",
        true,
        "Save the effective parameters to this ASDF file",
    ),
    (
        "disable-crds-steppars",
        false,
        "Do not take parameters from CRDS",
    ),
    (
        "verbose",
        false,
        "Show all log messages, not only a line for each step and warnings",
    ),
    (
        "log-level",
        true,
        "Show log messages from this level on: DEBUG, INFO, WARNING, ERROR, CRITICAL",
    ),
    ("log-file", true, "Write the log to this file, too"),
    (
        "log-stream",
        true,
        "Where log messages go: stderr, stdout or null",
    ),
    (
        "log-format",
        true,
        "text, or json: an object a line, with time, memory and findings of each step",
    ),
    ("quiet", false, "Show errors only"),
    (
        "threads",
        true,
        "How many threads to use; all cores if not given",
    ),
    (
        "max-memory",
        true,
        "Memory that the run may take, such as 4G: tasks that can do with less, at the cost of time, heed it",
    ),
    (
        "lock",
        true,
        "Write to this file what the run used: versions, context, references, parameters; a name without folder is put beside the products",
    ),
    (
        "locked",
        true,
        "Repeat the run of this lock file, or say what differs",
    ),
    (
        "members-anywhere",
        false,
        "Let associations name files outside of their own directory",
    ),
    ("debug", false, "Show details of errors"),
    (
        "logcfg",
        true,
        "Ignored; use --log-level, --log-file and --log-stream",
    ),
];

/// The options that every task has.
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are the switches of a command line"
)]
#[derive(Debug, Clone, Default)]
pub(crate) struct ProgramOptions {
    pub(crate) help: bool,
    pub(crate) debug: bool,
    pub(crate) save_parameters: Option<String>,
    pub(crate) disable_crds_steppars: bool,
    pub(crate) ignored_logcfg: bool,
    pub(crate) members_anywhere: bool,
    pub(crate) lock: Option<String>,
    pub(crate) locked: Option<String>,
    pub(crate) log: LogOptions,
    pub(crate) threads: Option<NonZeroUsize>,
    pub(crate) max_memory_bytes: Option<u64>,
}

/// A word of the command line.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Word<'a> {
    /// `--name` or `--name=value`.
    Option(&'a str, Option<&'a str>),
    /// Anything else.
    Argument(&'a str),
}

/// Reads words as options, until a `--`.
#[derive(Clone)]
struct Words<'a> {
    rest: &'a [String],
    only_arguments: bool,
}

impl<'a> Words<'a> {
    fn new(args: &'a [String]) -> Self {
        Self {
            rest: args,
            only_arguments: false,
        }
    }

    /// The value of an option that was given without `=`.
    fn value(&mut self) -> Option<&'a str> {
        let (next, rest) = self.rest.split_first()?;
        if looks_like_option(next) {
            return None;
        }
        self.rest = rest;
        Some(next)
    }
}

impl<'a> Iterator for Words<'a> {
    type Item = Word<'a>;

    fn next(&mut self) -> Option<Word<'a>> {
        let (word, rest) = self.rest.split_first()?;
        self.rest = rest;
        if self.only_arguments {
            return Some(Word::Argument(word));
        }
        if word == "--" {
            self.only_arguments = true;
            return self.next();
        }
        if !looks_like_option(word) {
            return Some(Word::Argument(word));
        }
        let name = match word.as_str() {
            "-v" => "verbose",
            "-h" => "help",
            word => word.trim_start_matches('-'),
        };
        Some(match name.split_once('=') {
            Some((name, value)) => Word::Option(name, Some(value)),
            None => Word::Option(name, None),
        })
    }
}

/// A negative number, a lone dash and a text with blanks are no options, as for Python's argparse.
fn looks_like_option(word: &str) -> bool {
    let is_number = word.parse::<f64>().is_ok();
    word.starts_with('-')
        && word.len() > 1
        && !is_number
        && (word.contains('=') || !word.contains(' '))
}

/// Whether any word asks for the versions.
pub(crate) fn asks_for_version(args: &[String]) -> bool {
    args.iter().any(|word| word == "--version")
}

/// Whether any word asks for help.
pub(crate) fn asks_for_help(args: &[String]) -> bool {
    args.iter().any(|word| word == "--help" || word == "-h")
}

/// The first argument: the file, alias or class to run.
pub(crate) fn identifier(args: &[String]) -> Option<&str> {
    let mut words = Words::new(args);
    while let Some(word) = words.next() {
        match word {
            Word::Argument(text) => return Some(text),
            Word::Option(name, None) if takes_value(name) => drop(words.value()),
            Word::Option(..) => {}
        }
    }
    None
}

fn takes_value(name: &str) -> bool {
    PROGRAM_OPTIONS
        .iter()
        .any(|(known, takes_value, _)| *known == name && *takes_value)
}

/// What the command line says.
#[derive(Debug, Clone, Default)]
pub(crate) struct CommandLine {
    pub(crate) program: ProgramOptions,
    /// Parameters of the task and its steps.
    pub(crate) parameters: ConfigTree,
    /// Arguments after the task.
    pub(crate) inputs: Vec<String>,
}

/// Reads the command line. Without a task, only the options of the program are known.
///
/// # Errors
/// [`Failure::Usage`] for unknown or ambiguous options, missing or unreadable values.
pub(crate) fn parse(args: &[String], spec: Option<&TaskSpec>) -> Result<CommandLine, Failure> {
    let known = known_options(spec);
    let mut line = CommandLine::default();
    let mut arguments = Vec::new();
    let mut words = Words::new(args);
    while let Some(word) = words.next() {
        let (name, value) = match word {
            Word::Argument(text) => {
                arguments.push(text.to_owned());
                continue;
            }
            Word::Option(name, value) => (name, value),
        };
        let option = find(name, &known)?;
        let value = match (value, option.value) {
            (Some(value), Value::None) => {
                return Err(Failure::Usage(format!(
                    "--{}: takes no value, found {value:?}",
                    option.name
                )));
            }
            (Some(value), _) => value,
            (None, Value::None) => "",
            (None, Value::Needed) => words
                .value()
                .ok_or_else(|| Failure::Usage(format!("--{}: a value is needed", option.name)))?,
            // A switch without a value is on.
            (None, Value::Boolean) => words.value().unwrap_or("True"),
        };
        if option.is_parameter {
            let value = ParamValue::from_text(value)
                .map_err(|error| Failure::Usage(format!("--{}: {error}", option.name)))?;
            line.parameters.set_path(&option.name, value);
        } else {
            set_program_option(&mut line.program, &option.name, value)?;
        }
    }
    line.inputs = arguments.split_off(1.min(arguments.len()));
    Ok(line)
}

/// A command line taken apart, so that it can be put together again with one input.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct SplitLine {
    /// The task.
    pub(crate) task: String,
    /// Options by their full names, each with its words.
    pub(crate) options: Vec<(String, Vec<String>)>,
    /// Arguments after the task.
    pub(crate) inputs: Vec<String>,
}

/// Tells the inputs of a command line from everything else.
///
/// # Errors
/// As [`parse`] for options that are not known.
pub(crate) fn split_inputs(args: &[String], spec: &TaskSpec) -> Result<SplitLine, Failure> {
    let known = known_options(Some(spec));
    let (mut split, mut arguments) = (SplitLine::default(), Vec::new());
    let mut words = Words::new(args);
    loop {
        let begin = args.len() - words.rest.len();
        match words.next() {
            None => break,
            Some(Word::Argument(text)) => arguments.push(text.to_owned()),
            Some(Word::Option(name, value)) => {
                let option = find(name, &known)?;
                if value.is_none() && option.value != Value::None {
                    words.value();
                }
                let end = args.len() - words.rest.len();
                split.options.push((option.name, args[begin..end].to_vec()));
            }
        }
    }
    split.inputs = arguments.split_off(1.min(arguments.len()));
    split.task = arguments.pop().unwrap_or_default();
    Ok(split)
}

fn set_program_option(
    options: &mut ProgramOptions,
    name: &str,
    value: &str,
) -> Result<(), Failure> {
    match name {
        "help" => options.help = true,
        "debug" => options.debug = true,
        "save-parameters" => options.save_parameters = Some(value.to_owned()),
        "lock" => options.lock = Some(value.to_owned()),
        "locked" => options.locked = Some(value.to_owned()),
        "disable-crds-steppars" => options.disable_crds_steppars = true,
        "logcfg" => options.ignored_logcfg = true,
        "members-anywhere" => options.members_anywhere = true,
        "verbose" => options.log.level = Some(parse_level("DEBUG")?),
        // `--verbose` wins, in whatever order they come.
        "log-level" => options.log.level = options.log.level.max(Some(parse_level(value)?)),
        "log-file" => options.log.file = Some(value.to_owned()),
        "log-stream" => options.log.stream = LogStream::parse(value)?,
        "log-format" => options.log.format = LogFormat::parse(value)?,
        "quiet" => options.log.quiet = true,
        "max-memory" => {
            options.max_memory_bytes = Some(amount::parse("--max-memory", value)?);
        }
        "threads" => {
            let number = value.parse().map_err(|_| {
                Failure::Usage(format!(
                    "--threads: expected a whole number > 0, found {value:?}"
                ))
            })?;
            options.threads = Some(number);
        }
        _ => {}
    }
    Ok(())
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Value {
    None,
    Needed,
    Boolean,
}

#[derive(Debug, Clone)]
struct KnownOption {
    name: String,
    value: Value,
    is_parameter: bool,
}

fn known_options(spec: Option<&TaskSpec>) -> Vec<KnownOption> {
    let mut known: Vec<_> = PROGRAM_OPTIONS
        .iter()
        .map(|(name, takes_value, _)| KnownOption {
            name: (*name).to_owned(),
            value: if *takes_value {
                Value::Needed
            } else {
                Value::None
            },
            is_parameter: false,
        })
        .collect();
    if let Some(spec) = spec {
        add_parameters(spec, "", &mut known);
    }
    known
}

fn add_parameters(spec: &TaskSpec, path: &str, known: &mut Vec<KnownOption>) {
    known.extend(spec.all_parameters().map(|parameter| KnownOption {
        name: format!("{path}{}", parameter.name),
        value: if parameter.kind == Kind::Bool {
            Value::Boolean
        } else {
            Value::Needed
        },
        is_parameter: true,
    }));
    for step in &spec.steps {
        let path = format!("{path}steps.{}.", step.name);
        add_parameters(step, &path, known);
        known.push(KnownOption {
            name: format!("{path}config_file"),
            value: Value::Needed,
            is_parameter: true,
        });
    }
}

/// The option of this name, or the only one that begins so.
fn find(name: &str, known: &[KnownOption]) -> Result<KnownOption, Failure> {
    if let Some(option) = known.iter().find(|option| option.name == name) {
        return Ok(option.clone());
    }
    let candidates: Vec<_> = known
        .iter()
        .filter(|o| !name.is_empty() && o.name.starts_with(name))
        .collect();
    match candidates.as_slice() {
        [option] => Ok((*option).clone()),
        [] => {
            let names = known.iter().map(|option| option.name.as_str());
            let suggestion = suggest::closest(name, names)
                .map_or_else(String::new, |near| format!("; did you mean --{near}?"));
            Err(Failure::Usage(format!(
                "unknown option --{name}{suggestion}"
            )))
        }
        several => {
            let names: Vec<_> = several.iter().map(|o| format!("--{}", o.name)).collect();
            Err(Failure::Usage(format!(
                "ambiguous option --{name}: it could be {}",
                names.join(", ")
            )))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn the_task_is_the_first_argument() {
        let task = |text| identifier(&words(text)).map(str::to_owned);
        assert_eq!(task("jump x.fits"), Some("jump".into()));
        assert_eq!(
            task("--log-level DEBUG -v --debug jump"),
            Some("jump".into())
        );
        assert_eq!(task("--log-level=DEBUG jump"), Some("jump".into()));
        assert_eq!(task("-- jump"), Some("jump".into()));
        assert_eq!(task("--help"), None);
    }

    #[test]
    fn negative_numbers_are_values() {
        assert!(!looks_like_option("-1"));
        assert!(!looks_like_option("-1e3"));
        assert!(!looks_like_option("-"));
        assert!(looks_like_option("-x"));
        assert!(looks_like_option("--a=b c"));
    }
}
