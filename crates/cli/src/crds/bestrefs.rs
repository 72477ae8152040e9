//! `jwst crds bestrefs`: which references exposures have, and why.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::PathBuf;

use anyhow::{Context as _, anyhow};
use crds::{Client, Parameters};
use rayon::prelude::*;
use stpipe::Mission;

use super::{client, parameters};
use crate::{Failure, Streams};

/// Options of `jwst crds bestrefs`.
#[derive(Debug, Clone, clap::Args)]
pub struct BestrefsArgs {
    /// Exposures
    #[arg(required_unless_present = "headers", conflicts_with = "headers")]
    pub files: Vec<PathBuf>,
    /// Context to ask, such as `jwst_1234.pmap`, instead of the cache's own
    #[arg(long)]
    pub context: Option<String>,
    /// File with one JSON dictionary of parameters a line; - for standard input
    #[arg(long)]
    pub headers: Option<PathBuf>,
    /// Reference types, separated by commas, instead of all
    #[arg(long, value_delimiter = ',')]
    pub types: Option<Vec<String>>,
    /// Print one JSON dictionary for each exposure or line
    #[arg(long)]
    pub json: bool,
    /// Print for each reference the rules, the match with its weight, and the date of use
    #[arg(long, conflicts_with_all = ["json", "headers"])]
    pub why: bool,
}

/// Prints the best references of exposures, or of lines of parameters.
///
/// A line that cannot be answered gives `{"ERROR": message}` in its place, and the program then ends
/// with an error.
///
/// # Errors
/// [`Failure`] if the cache or an input cannot be used.
pub(super) fn bestrefs(
    mission: &dyn Mission,
    args: &BestrefsArgs,
    streams: &Streams,
) -> Result<(), Failure> {
    let client = client(args.context.as_deref(), streams)?;
    let lowered: Option<Vec<String>> = args.types.as_ref().map(|types| {
        types
            .iter()
            .map(|kind| kind.trim().to_lowercase())
            .collect()
    });
    let types: Option<Vec<&str>> = lowered
        .as_ref()
        .map(|types| types.iter().map(String::as_str).collect());
    let request = Request {
        client: &client,
        types: types.as_deref(),
        json: args.json,
        why: args.why,
        streams,
    };
    match &args.headers {
        Some(path) => request.lines(path),
        None => args
            .files
            .iter()
            .try_for_each(|path| request.file(path, &parameters(mission, path)?)),
    }
}

/// Lines read and answered at a time.
const LINES: usize = 1024;

struct Request<'a> {
    client: &'a Client,
    types: Option<&'a [&'a str]>,
    json: bool,
    why: bool,
    streams: &'a Streams,
}

impl Request<'_> {
    fn file(&self, path: &std::path::Path, parameters: &Parameters) -> Result<(), Failure> {
        let answers = self
            .client
            .best_references(None, parameters, self.types)
            .with_context(|| format!("cannot select references for {}", path.display()))?;
        if self.json {
            let answers = answers
                .iter()
                .map(|(kind, answer)| (kind.clone(), json(answer)));
            let line = serde_json::Value::Object(answers.collect());
            return Ok(self.streams.print(&format!("{line}\n"))?);
        }
        let width = answers.keys().map(String::len).max().unwrap_or(0);
        let mut text = format!("{} ({})\n", path.display(), self.client.context());
        for (kind, answer) in &answers {
            let row = format!("  {kind:width$}  {answer}\n");
            text += &row;
            if self.why {
                text += &self.reasons(kind, parameters)?;
            }
        }
        Ok(self.streams.print(&text)?)
    }

    /// The rules that were applied and the way through them, a line each.
    fn reasons(&self, kind: &str, parameters: &Parameters) -> Result<String, Failure> {
        let rules = self.client.rules();
        let explanation = rules.explain(self.client.context(), parameters, kind)?;
        let mut text = String::new();
        if let Some(file) = explanation.rules {
            let line = format!("      {file}\n");
            text += &line;
        }
        for reason in explanation.reasons {
            let line = format!("      {reason}\n");
            text += &line;
        }
        Ok(text)
    }

    /// Answers lines, several at a time, and prints the answers in order; gives the number of those that cannot be answered.
    fn answer(&self, lines: &[(usize, String)]) -> Result<usize, Failure> {
        let filled = lines.par_iter().filter(|(_, line)| !line.trim().is_empty());
        let answers: Vec<_> = filled
            .map(|(index, line)| {
                let answer = crds::bestrefs::answer_line(self.client, None, line, self.types);
                (index, answer.map(|answer| format!("{answer}\n")))
            })
            .collect();
        let (mut failed, mut text) = (0, String::new());
        for (index, answer) in answers {
            match answer {
                Ok(answer) => text += &answer,
                Err(error) => {
                    failed += 1;
                    self.streams
                        .complain(&format!("line {}: {error}\n", index + 1));
                    let error = serde_json::json!({ "ERROR": error.to_string() });
                    let line = format!("{error}\n");
                    text += &line;
                }
            }
        }
        self.streams.print(&text)?;
        Ok(failed)
    }

    fn lines(&self, path: &std::path::Path) -> Result<(), Failure> {
        let reader: Box<dyn BufRead> = if path.as_os_str() == "-" {
            Box::new(BufReader::new(io::stdin()))
        } else {
            let file =
                File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
            Box::new(BufReader::new(file))
        };
        // Whoever writes to standard input may wait for each answer.
        let count = if path.as_os_str() == "-" { 1 } else { LINES };
        let mut failed = 0_usize;
        let mut lines = reader.lines().enumerate();
        loop {
            let some: Vec<(usize, String)> = lines
                .by_ref()
                .take(count)
                .map(|(index, line)| {
                    let line = line.with_context(|| {
                        format!("cannot read line {} of {}", index + 1, path.display())
                    })?;
                    Ok((index, line))
                })
                .collect::<Result<_, Failure>>()?;
            if some.is_empty() {
                break;
            }
            failed += self.answer(&some)?;
        }
        match failed {
            0 => Ok(()),
            _ => Err(anyhow!("{failed} lines could not be answered").into()),
        }
    }
}

fn json(answer: &crds::BestReference) -> serde_json::Value {
    match answer {
        crds::BestReference::File(name) => name.clone().into(),
        crds::BestReference::Files(names) => names.clone().into(),
        crds::BestReference::NotApplicable => "N/A".into(),
        crds::BestReference::NotFound(_) => "NOT FOUND".into(),
    }
}
