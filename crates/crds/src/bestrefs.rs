//! Answers for exposures given as lines of JSON.

use serde_json::{Map, Value as Json};

use crate::{
    client::Client,
    engine::BestReference,
    error::Error,
    value::{Parameters, Value},
};

/// Answers one line: a JSON dictionary of parameters in, one of answers out.
///
/// Keys of the input are those of the mappings (`META.INSTRUMENT.DETECTOR`) in any case, values are texts, numbers and truth values.
/// `null` is the text `None`, as for the reference client's `local_bestrefs`; lists and dictionaries count as not given.
/// The output has, for each type in lower case, the name of a file, a list of names, `"N/A"` or `"NOT FOUND"`. There is an entry
/// for every type in `types`, or else for every type that the instrument's mapping names, except for types that the
/// rules omit.
///
/// # Errors
/// [`Error::Line`] if the line is no dictionary; else as for [`Client::best_references`].
pub fn answer_line(
    client: &Client,
    context: Option<&str>,
    line: &str,
    types: Option<&[&str]>,
) -> Result<Json, Error> {
    let parameters = parameters_of(line)?;
    let answers = client.best_references(context, &parameters, types)?;
    Ok(answers
        .iter()
        .map(|(kind, answer)| (kind.clone(), to_json(answer)))
        .collect::<Map<_, _>>()
        .into())
}

/// Reads the parameters of a line.
///
/// # Errors
/// [`Error::Line`] if the line is no dictionary.
pub fn parameters_of(line: &str) -> Result<Parameters, Error> {
    let json: Json = serde_json::from_str(line).map_err(|error| Error::Line(error.to_string()))?;
    let Json::Object(entries) = json else {
        let kind = match json {
            Json::Array(_) => "a list",
            Json::String(_) => "a string",
            _ => "another value",
        };
        return Err(Error::Line(format!("found {kind}")));
    };
    Ok(entries
        .into_iter()
        .map(|(key, value)| (key, value_of(value)))
        .collect())
}

fn value_of(json: Json) -> Value {
    match json {
        Json::String(text) => text.into(),
        Json::Bool(flag) => flag.into(),
        Json::Number(number) => match number.as_i64() {
            Some(value) => value.into(),
            None => number.as_f64().into(),
        },
        // Parity: crds/core/utils.py `condition_value` takes `str(None)`.
        Json::Null => "None".into(),
        Json::Array(_) | Json::Object(_) => Value::Missing,
    }
}

fn to_json(answer: &BestReference) -> Json {
    match answer {
        BestReference::File(name) => name.clone().into(),
        BestReference::Files(names) => names.clone().into(),
        BestReference::NotApplicable => "N/A".into(),
        BestReference::NotFound(_) => "NOT FOUND".into(),
    }
}
