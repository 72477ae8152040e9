//! The rules of one type of reference for one instrument.
//!
//! Source: crds 14.0.3 `core.rmap.ReferenceMapping`. Hooks: the client looks up functions by the names in the header key `hooks`
//! (or by instrument and type) in a package per instrument. For JWST and Roman these packages are empty; the description of another
//! mission lists what they hold, and rules that need such a function have no answer here.

use std::{borrow::Cow, collections::HashMap};

use super::{Entry, Mapping, MappingError};
use crate::{
    expression::Expression,
    literal::{Kind, Literal, SyntaxError},
    observatory::Observatory,
    select::{Builder, Failure, Reason, Selector, Substitutions, Terminal, View},
    value::{Header, NOT_APPLICABLE},
};

/// What the rules say about an exposure.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Outcome<'s> {
    /// These files.
    Found(Cow<'s, Terminal>),
    /// No reference is needed.
    NotApplicable,
    /// The type is left out of answers.
    Omitted,
    /// None, although one is needed.
    NotFound(String),
}

/// What an expression may name besides the rule file's own parameters.
pub(crate) struct Scope<'a> {
    pub(crate) header: &'a Header,
    /// Tells whether any rule file of the instrument has a parameter; asked rarely, since it may load them all.
    pub(crate) is_known: &'a dyn Fn(&str) -> bool,
}

/// A parameter of a rule file.
#[derive(Debug, Clone)]
struct Parameter {
    /// As written in the mapping.
    key: String,
    upper: String,
    /// As written in expressions: `_` for `.`.
    name: String,
    relevance: Option<Expression>,
}

/// The rules of one type of reference.
#[derive(Debug, Clone)]
pub struct RuleFile {
    file: String,
    instrument: String,
    kind: String,
    parameters: Vec<Parameter>,
    relevance: Expression,
    omit: Expression,
    /// An exposure without a match has no use for the type.
    optional: bool,
    selector: Selector,
    hooks: Hooks,
}

/// Functions of the reference client that the rules need, and that are not here.
#[derive(Debug, Clone, Default)]
struct Hooks {
    /// Changes the parameters before the selectors see them.
    precondition: Option<String>,
    /// Changes them after the selectors have failed, for a second attempt.
    fallback: Option<String>,
}

impl Hooks {
    /// Parity: crds/core/rmap.py `get_hook`: by the header's `hooks`, or by instrument and type where it has none.
    fn of(mapping: &Mapping, observatory: &Observatory) -> Self {
        let instrument = mapping.header_text("instrument").unwrap_or_default();
        let kind = mapping.header_text("filekind").unwrap_or_default();
        let hooks = mapping.header("hooks").and_then(Literal::entries);
        let hooks = hooks.filter(|entries| !entries.is_empty());
        let hook = |name: &str| {
            let hook = match &hooks {
                None => format!("{name}_{instrument}_{kind}_v1"),
                Some(entries) => {
                    let mut entries = entries.iter();
                    let own = entries.find(|(key, _)| key.as_str() == Some(name));
                    own.and_then(|(_, hook)| hook.as_str())
                        .unwrap_or(name)
                        .to_owned()
                }
            };
            observatory.has_hook(&instrument, &hook).then_some(hook)
        };
        Self {
            precondition: hook("precondition_header"),
            fallback: hook("fallback_header"),
        }
    }

    fn missing(hook: &str) -> String {
        format!("the rules need the function {hook} of the reference client, which is not here")
    }
}

impl RuleFile {
    /// Gives a mapping its meaning for an observatory.
    ///
    /// # Errors
    /// [`MappingError`] with the place of what is not a rule.
    pub fn new(mapping: &Mapping, observatory: &Observatory) -> Result<Self, MappingError> {
        mapping.require(&["observatory", "instrument", "filekind"])?;
        let levels = levels(mapping)?;
        let keys = required_keys(mapping, &levels, observatory)?;
        let parameters = parameters(mapping, keys)?;
        let slots = parameters
            .iter()
            .enumerate()
            .map(|(slot, own)| (own.key.clone(), slot))
            .collect();
        let substitutions = substitutions(mapping)?;
        let builder = Builder {
            slots: &slots,
            substitutions: &substitutions,
            merge_overlaps: merges_overlaps(mapping),
        };
        let selector = builder.build(mapping.selector(), &levels);
        let selector = selector.map_err(|error| MappingError::Syntax {
            file: mapping.file().to_owned(),
            error,
        })?;
        let relevance = mapping
            .header_text("rmap_relevance")
            .unwrap_or_else(|| "always".into());
        let omit = mapping
            .header_text("rmap_omit")
            .unwrap_or_else(|| "False".into());
        let required = mapping
            .header_text("reffile_required")
            .unwrap_or_else(|| "none".into());
        Ok(Self {
            relevance: expression(
                mapping,
                "rmap_relevance",
                &relevance.replace("always", "True"),
                &parameters,
            )?,
            omit: expression(mapping, "rmap_omit", &omit, &parameters)?,
            file: mapping.file().to_owned(),
            instrument: mapping.header_text("instrument").unwrap_or_default(),
            kind: mapping.header_text("filekind").unwrap_or_default(),
            parameters,
            optional: required != "yes" && required != "none",
            selector,
            hooks: Hooks::of(mapping, observatory),
        })
    }

    /// The name of the file.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The instrument in lower case.
    pub fn instrument(&self) -> &str {
        &self.instrument
    }

    /// The type of reference in lower case.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The parameters that an answer depends on, as the mapping writes them.
    pub fn parameters(&self) -> impl Iterator<Item = &str> {
        self.parameters
            .iter()
            .map(|parameter| parameter.key.as_str())
    }

    /// All names of references, in order of the alphabet.
    pub fn references(&self) -> Vec<&str> {
        let mut names = Vec::new();
        self.selector.names(&mut names);
        names.retain(|name| Entry::special(name).is_none());
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Applies the rules.
    pub(crate) fn choose(&self, scope: &Scope<'_>) -> Outcome<'_> {
        let value = |name: &str| self.value_of(name, scope);
        // Parity: crds/core/rmap.py `check_rmap_omit` and `check_rmap_relevance`: an expression that fails counts as "use it".
        match self.omit.holds(&value) {
            Ok(true) => return Outcome::Omitted,
            Ok(false) => {}
            Err(error) => self.warn("rmap_omit", &self.omit, &error),
        }
        match self.relevance.holds(&value) {
            Ok(false) => return Outcome::NotApplicable,
            Ok(true) => {}
            Err(error) => self.warn("rmap_relevance", &self.relevance, &error),
        }
        if let Some(hook) = &self.hooks.precondition {
            return Outcome::NotFound(Hooks::missing(hook));
        }
        let view = match self.view(scope) {
            Ok(view) => view,
            Err(reason) => return Outcome::NotFound(reason),
        };
        match (self.selector.choose(&view), &self.hooks.fallback) {
            (Ok(terminal), _) => outcome_of(terminal),
            (Err(_), Some(hook)) => Outcome::NotFound(Hooks::missing(hook)),
            (Err(_), None) if self.optional => Outcome::NotApplicable,
            (Err(Failure { reason, .. }), None) => Outcome::NotFound(reason),
        }
    }

    /// The way that [`RuleFile::choose`] takes through the selectors.
    pub(crate) fn explain(&self, scope: &Scope<'_>) -> Vec<Reason> {
        let Ok(view) = self.view(scope) else {
            return Vec::new();
        };
        let view = view.traced();
        let _ = self.selector.choose(&view);
        view.into_trace()
    }

    fn warn(&self, key: &str, expression: &Expression, error: &dyn std::fmt::Display) {
        tracing::warn!(
            "{}: ignoring {key} {:?}: {error}",
            self.file,
            expression.source()
        );
    }

    /// The value of a name in an expression.
    fn value_of(&self, name: &str, scope: &Scope<'_>) -> Option<String> {
        let own = self
            .parameters
            .iter()
            .find(|own| own.name == name || own.key == name);
        if let Some(own) = own {
            return Some(scope.header.value(&own.upper).to_owned());
        }
        (scope.is_known)(name).then(|| scope.header.value(&name.to_uppercase()).to_owned())
    }

    /// The values of all parameters; irrelevant ones are not applicable.
    fn view<'a>(&'a self, scope: &Scope<'a>) -> Result<View<'a>, String> {
        let mut values = Vec::with_capacity(self.parameters.len());
        for parameter in &self.parameters {
            let relevant = match &parameter.relevance {
                Some(expression) => expression
                    .holds(&|name| match name {
                        // References are filed with it true; exposures are looked up with it false.
                        "keep_comments" => Some(String::new()),
                        _ => self.value_of(name, scope),
                    })
                    .map_err(|error| format!("relevance of {}: {error}", parameter.key))?,
                None => true,
            };
            values.push(if relevant {
                scope.header.value(&parameter.upper)
            } else {
                NOT_APPLICABLE
            });
        }
        Ok(View::new(values, scope.header.last_date()))
    }
}

fn outcome_of(terminal: Cow<'_, Terminal>) -> Outcome<'_> {
    if let Terminal::Name(name) = terminal.as_ref() {
        match Entry::special(name) {
            Some(Entry::NotApplicable) => return Outcome::NotApplicable,
            Some(Entry::Omitted) => return Outcome::Omitted,
            _ => {}
        }
    }
    Outcome::Found(terminal)
}

/// The parameters of each level of selectors.
fn levels(mapping: &Mapping) -> Result<Vec<Vec<String>>, MappingError> {
    let parkey = mapping.header("parkey").unwrap_or(mapping.selector());
    let expected = |at: &Literal| {
        mapping.wrong(
            at,
            "a tuple of parameter names for each selector",
            at.describe(),
        )
    };
    let levels = parkey.as_sequence().ok_or_else(|| expected(parkey))?;
    let level = |level: &Literal| {
        let names = level.as_sequence().ok_or_else(|| expected(level))?;
        let names: Option<Vec<String>> = names
            .iter()
            .map(|name| name.as_str().map(str::to_owned))
            .collect();
        names.ok_or_else(|| expected(level))
    };
    levels.iter().map(level).collect()
}

/// All keys that the rules may look at, each once, in order.
fn required_keys(
    mapping: &Mapping,
    levels: &[Vec<String>],
    observatory: &Observatory,
) -> Result<Vec<String>, MappingError> {
    let mut keys: Vec<String> = levels.concat();
    match mapping
        .header_text("reffile_switch")
        .map(|switch| switch.to_uppercase())
    {
        Some(switch) if switch != "NONE" => keys.push(switch),
        _ => {}
    }
    keys.extend(mapping.header_texts("extra_keys")?);
    keys.extend(observatory.extra_keys().iter().cloned());
    let mut seen = std::collections::HashSet::new();
    keys.retain(|key| seen.insert(key.clone()));
    Ok(keys)
}

fn parameters(mapping: &Mapping, keys: Vec<String>) -> Result<Vec<Parameter>, MappingError> {
    let parameter = |key: String| Parameter {
        upper: key.to_uppercase(),
        name: key.replace('.', "_"),
        key,
        relevance: None,
    };
    let mut parameters: Vec<Parameter> = keys.into_iter().map(parameter).collect();
    let mut relevance: Vec<(String, String)> = Vec::new();
    if let Some(written) = mapping.header("parkey_relevance") {
        let expected = |at: &Literal| {
            mapping.wrong(
                at,
                "a dictionary of parameters and expressions",
                at.describe(),
            )
        };
        for (key, source) in written.entries().ok_or_else(|| expected(written))? {
            let (Some(key), Some(source)) = (key.as_str(), source.as_str()) else {
                return Err(expected(source));
            };
            relevance.push((key.to_lowercase(), source.to_owned()));
        }
    }
    for comment in mapping.header_texts("comment_parkeys")? {
        relevance.push((comment.to_lowercase(), "keep_comments".into()));
    }
    for (key, source) in relevance {
        let expression = expression(mapping, "parkey_relevance", &source, &parameters)?;
        for parameter in parameters
            .iter_mut()
            .filter(|own| own.key.to_lowercase() == key)
        {
            parameter.relevance = Some(expression.clone());
        }
    }
    Ok(parameters)
}

/// Reads an expression in which the rule file's own parameters may be written with points.
fn expression(
    mapping: &Mapping,
    key: &str,
    source: &str,
    parameters: &[Parameter],
) -> Result<Expression, MappingError> {
    let mut text = source.to_owned();
    for parameter in parameters.iter().filter(|own| own.name != own.key) {
        text = text.replace(&parameter.key, &parameter.name);
    }
    Expression::parse(&text).map_err(|error| {
        let at = mapping.header(key).unwrap_or(mapping.selector());
        let SyntaxError {
            position,
            expected,
            found,
        } = error;
        let expected = format!("in the expression {source:?} at {position}: {expected}");
        mapping.wrong(at, expected, found)
    })
}

/// The defaults of all rule files, and the file's own, which replace them parameter by parameter.
fn substitutions(mapping: &Mapping) -> Result<Substitutions, MappingError> {
    let text = |text: &str| Literal::from(Kind::Str(text.to_owned()));
    let mut all: Substitutions = HashMap::new();
    for parameter in ["META.SUBARRAY.NAME", "SUBARRAY"] {
        all.insert(
            parameter.into(),
            vec![(text("GENERIC"), text(NOT_APPLICABLE))],
        );
    }
    let Some(own) = mapping.header("substitutions") else {
        return Ok(all);
    };
    let expected = |at: &Literal| {
        mapping.wrong(
            at,
            "a dictionary of values for each parameter",
            at.describe(),
        )
    };
    for (parameter, values) in own.entries().ok_or_else(|| expected(own))? {
        let parameter = parameter.as_str().ok_or_else(|| expected(parameter))?;
        let values = values.entries().ok_or_else(|| expected(values))?;
        let pair = |(from, to): (&Literal, &Literal)| (from.clone(), to.clone());
        all.insert(parameter.to_owned(), values.into_iter().map(pair).collect());
    }
    Ok(all)
}

/// True unless the header says otherwise.
fn merges_overlaps(mapping: &Mapping) -> bool {
    match mapping.header("merge_overlaps") {
        Some(value) => ["TRUE", "1"].contains(&value.python_str().to_uppercase().as_str()),
        None => true,
    }
}
