//! Environment variables over the file: `NATTER__STORE__PATH=/var/lib/natter` sets `store.path`.
//!
//! Two underscores separate steps. A number is a position in a list (one past its end appends); any other word finds the
//! list's table of that `name` or `id`. A list that the file does not have starts as the built-in one, so that a
//! position always means what the documented default shows; where there is none, it starts empty.

use std::collections::BTreeMap;

use super::errors::{ConfigError, KeyPath, Origin, Problem, Step};
use super::node::{Node, Value};

const PREFIX: &str = "NATTER__";

/// Steps of a variable's name: deeper than any key, so that a name cannot make the tree deep.
const STEPS_MAX: usize = 12;

/// Lays the variables over the tree, in the order of their names so that the result does not depend on the system's.
///
/// # Errors
/// Every variable whose name leads through a value that has no parts, or past the end of a list.
pub(super) fn overlay(
    root: &mut Node,
    defaults: &Node,
    variables: impl Iterator<Item = (String, String)>,
) -> Result<(), ConfigError> {
    let ours: BTreeMap<String, String> = variables.filter(|(name, _)| name.starts_with(PREFIX)).collect();
    let mut problems = Vec::new();
    for (name, text) in ours {
        if let Err((key, message)) = set(root, defaults, &name, text) {
            problems.push(Problem { origin: Origin::Variable(name), key, message, hint: None });
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(ConfigError { file: None, problems }) }
}

fn set(root: &mut Node, defaults: &Node, name: &str, text: String) -> Result<(), (KeyPath, String)> {
    let words: Vec<String> = name[PREFIX.len()..].split("__").map(str::to_ascii_lowercase).collect();
    if words.len() > STEPS_MAX || words.iter().any(String::is_empty) {
        return Err((KeyPath::default(), "is not the name of a key".to_owned()));
    }
    let origin = Origin::Variable(name.to_owned());
    let mut path = KeyPath::default();
    let (mut node, mut default) = (root, Some(defaults));
    for word in &words {
        (node, default) =
            descend(node, default, word, &origin, &mut path).map_err(|message| (path.clone(), message))?;
    }
    *node = Node { origin, value: Value::Untyped(text) };
    Ok(())
}

type Found<'a, 'd> = Result<(&'a mut Node, Option<&'d Node>), String>;

fn descend<'a, 'd>(
    node: &'a mut Node,
    default: Option<&'d Node>,
    word: &str,
    origin: &Origin,
    path: &mut KeyPath,
) -> Found<'a, 'd> {
    expand(node);
    if matches!(&node.value, Value::Table(table) if table.is_empty()) {
        match default.map(|node| &node.value) {
            Some(Value::List(list)) => node.value = Value::List(list.clone()),
            // No key is a number, so what nobody has set yet is a list.
            None if word == "0" => node.value = Value::List(Vec::new()),
            _ => {}
        }
    }
    match &mut node.value {
        Value::Table(table) => {
            path.0.push(Step::Key(word.to_owned()));
            let child = table
                .entry(word.to_owned())
                .or_insert_with(|| Node { origin: origin.clone(), value: Value::Table(BTreeMap::new()) });
            Ok((child, default.and_then(|node| node.get(word))))
        }
        Value::List(list) => {
            let index = position(list, word)?;
            path.0.push(Step::Index(index));
            if index == list.len() {
                list.push(Node { origin: origin.clone(), value: Value::Table(BTreeMap::new()) });
            }
            list.get_mut(index).map(|child| (child, None)).ok_or_else(|| format!("no element {index}"))
        }
        _ => Err(format!("is set to a single value that has no part `{word}`")),
    }
}

/// A variable may set a whole table or list, and another one a part of it.
fn expand(node: &mut Node) {
    if let Value::Untyped(text) = &node.value
        && let Some(parsed) = Node::parse_value(text, &node.origin)
    {
        *node = parsed;
    }
}

fn position(list: &[Node], word: &str) -> Result<usize, String> {
    if let Ok(index) = word.parse::<usize>() {
        return if index <= list.len() {
            Ok(index)
        } else {
            Err(format!("has {} elements; the next one is number {}", list.len(), list.len()))
        };
    }
    let named = |node: &Node| {
        ["name", "id"].iter().filter_map(|key| node.get(key)).any(|node| match &node.value {
            Value::Text(text) | Value::Untyped(text) => text.eq_ignore_ascii_case(word),
            _ => false,
        })
    };
    list.iter().position(named).ok_or_else(|| format!("has no element named `{word}`"))
}
