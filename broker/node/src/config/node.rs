//! The untyped configuration: a tree of values that remember where they were set.
//!
//! File and environment are merged here, before any value gets its type, so that an error can name the line or the
//! variable of exactly the value it is about.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::errors::{KeyPath, Origin, Step};

/// A value and its origin.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) origin: Origin,
    pub(super) value: Value,
}

/// What a value holds.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Text(String),
    /// Text of an environment variable, whose type the tree decides when it is read.
    Untyped(String),
    Integer(i64),
    Float(f64),
    Boolean(bool),
    Datetime(String),
    List(Vec<Node>),
    Table(BTreeMap<String, Node>),
}

/// Why a text is not a document: a message, and the byte at which it was noticed.
#[derive(Debug)]
pub(super) struct SyntaxError {
    pub(super) message: String,
    pub(super) line: usize,
}

impl Node {
    /// An empty table, the configuration of a node that is told nothing.
    pub(super) fn empty() -> Self {
        Self { origin: Origin::Default, value: Value::Table(BTreeMap::new()) }
    }

    /// Reads a document; every node gets the line of its key, or of its own beginning inside a list.
    pub(super) fn parse(text: &str) -> Result<Self, SyntaxError> {
        let lines = Lines::of(text);
        let table = DeTable::parse(text).map_err(|error| SyntaxError {
            message: error.message().to_owned(),
            line: error.span().map_or(1, |span| lines.line(span.start)),
        })?;
        Ok(Self { origin: Origin::Line(1), value: table_value(table.into_inner(), &|at| Origin::Line(lines.line(at))) })
    }

    /// Reads the built-in document, whose values nobody set.
    pub(super) fn parse_default(text: &str) -> Result<Self, SyntaxError> {
        let table =
            DeTable::parse(text).map_err(|error| SyntaxError { message: error.message().to_owned(), line: 0 })?;
        Ok(Self { origin: Origin::Default, value: table_value(table.into_inner(), &|_| Origin::Default) })
    }

    /// Reads the text of an environment variable as a value in the file's own syntax.
    pub(super) fn parse_value(text: &str, origin: &Origin) -> Option<Self> {
        let document = format!("value = {}", text.trim());
        let table = DeTable::parse(&document).ok()?.into_inner();
        // More than one key means that the text brought a line of its own.
        let mut entries = table.into_iter();
        let (_, value) = entries.next().filter(|_| entries.len() == 0)?;
        Some(Self { origin: origin.clone(), value: plain_value(value, &|_| origin.clone()) })
    }

    /// The child under a key of a table.
    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        match &self.value {
            Value::Table(table) => table.get(key),
            _ => None,
        }
    }

    fn step(&self, step: &Step) -> Option<&Node> {
        match (step, &self.value) {
            (Step::Key(key), Value::Table(table)) => table.get(key).or_else(|| table.get(&other_spelling(key)?)),
            (Step::Index(index), Value::List(list)) => list.get(*index),
            _ => None,
        }
    }

    /// Where the value at a path was set: the deepest place on the way to it that somebody set.
    pub(super) fn origin_of(&self, path: &KeyPath) -> Origin {
        let mut node = self;
        for step in &path.0 {
            match node.step(step) {
                Some(next) => node = next,
                None => break,
            }
        }
        node.origin.clone()
    }
}

impl Node {
    /// Whether somebody set the value at a path.
    pub(super) fn has(&self, path: &KeyPath) -> bool {
        path.0.iter().try_fold(self, |node, step| node.step(step)).is_some()
    }
}

/// A time has two spellings, `ping_interval` and `ping_interval_seconds`.
fn other_spelling(key: &str) -> Option<String> {
    key.strip_suffix("_seconds").map(str::to_owned)
}

fn table_value(table: DeTable<'_>, origin: &dyn Fn(usize) -> Origin) -> Value {
    let entries = table.into_iter().map(|(key, value)| {
        let node = Node { origin: origin(key.span().start), value: plain_value(value, origin) };
        (key.into_inner().into_owned(), node)
    });
    Value::Table(entries.collect())
}

fn plain_value(value: Spanned<DeValue<'_>>, origin: &dyn Fn(usize) -> Origin) -> Value {
    match value.into_inner() {
        DeValue::String(text) => Value::Text(text.into_owned()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or_else(|_| Value::Text(number.to_string()), Value::Integer),
        DeValue::Float(number) => {
            number.as_str().parse().map_or_else(|_| Value::Text(number.to_string()), Value::Float)
        }
        DeValue::Boolean(flag) => Value::Boolean(flag),
        DeValue::Datetime(time) => Value::Datetime(time.to_string()),
        DeValue::Array(list) => Value::List(
            list.into_iter()
                .map(|item| Node { origin: origin(item.span().start), value: plain_value(item, origin) })
                .collect(),
        ),
        DeValue::Table(table) => table_value(table, origin),
    }
}

/// The byte offsets at which lines begin.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        Self(std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect())
    }

    fn line(&self, at: usize) -> usize {
        self.0.partition_point(|start| *start <= at)
    }
}
