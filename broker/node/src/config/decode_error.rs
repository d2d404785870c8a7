//! What goes wrong while the typed tree is read, before the place is fully known.

use std::fmt;

use serde::de;

use super::errors::{KeyPath, Origin, Problem, Step};
use super::hint::nearest;
use super::node::Value;

/// A problem on its way up: the path grows from its end, the origin is that of the deepest value.
#[derive(Debug)]
pub(super) struct DecodeError {
    path: Vec<Step>,
    origin: Option<Origin>,
    message: String,
    hint: Option<String>,
}

impl DecodeError {
    pub(super) fn new(message: impl fmt::Display) -> Self {
        Self { path: Vec::new(), origin: None, message: message.to_string(), hint: None }
    }

    pub(super) fn unknown(kind: &str, word: &str, known: &[&str]) -> Self {
        let hint = nearest(word, known).map_or_else(
            || Some(format!("known: {}", known.join(", "))).filter(|_| !known.is_empty() && known.len() <= 8),
            |near| Some(format!("did you mean {near}?")),
        );
        Self { hint, ..Self::new(format_args!("unknown {kind}")) }
    }

    pub(super) fn within(mut self, step: Step, origin: &Origin) -> Self {
        self.path.push(step);
        self.origin.get_or_insert_with(|| origin.clone());
        self
    }
}

impl DecodeError {
    /// The problem as an operator sees it.
    pub(super) fn into_problem(self) -> Problem {
        Problem {
            origin: self.origin.unwrap_or(Origin::Default),
            key: KeyPath(self.path.into_iter().rev().collect()),
            message: self.message,
            hint: self.hint,
        }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for DecodeError {}

impl de::Error for DecodeError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(message)
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(format_args!("key `{field}` is missing"))
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::new(format_args!("`{field}` is set twice, under two of its spellings"))
    }
}

/// A value of another type than the wanted one.
pub(super) fn expected(wanted: &str, found: &Value) -> DecodeError {
    let found = match found {
        Value::Text(text) | Value::Untyped(text) if text.len() <= 40 => format!("the text {text:?}"),
        Value::Text(_) | Value::Untyped(_) => "a text".to_owned(),
        Value::Integer(number) => format!("the number {number}"),
        Value::Float(number) => format!("the number {number}"),
        Value::Boolean(flag) => flag.to_string(),
        Value::Datetime(_) => "a time".to_owned(),
        Value::List(_) => "a list".to_owned(),
        Value::Table(_) => "a table".to_owned(),
    };
    DecodeError::new(format_args!("expected {wanted}, found {found}"))
}
