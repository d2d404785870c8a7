//! Filters on the tags of publications.
//!
//! A subscriber sends a tree of [`FilterNode`]s; it is checked and compiled once and then evaluated for each publication.
//! The tree is bounded in depth and size, so that evaluation is bounded too and cannot exhaust the stack.

mod decimal;
#[cfg(test)]
mod tests;

use std::cmp::Ordering;
use std::collections::BTreeMap;

use thiserror::Error;

use self::decimal::Decimal;
use super::schema::FilterNode;

/// Deepest tree; a single comparison has depth 1.
pub const DEPTH_MAX: usize = 16;
/// Most nodes in a tree, operators and comparisons together.
pub const NODES_MAX: usize = 256;

/// Why a tree is not a filter; clients get error 107.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum FilterError {
    /// Deeper than [`DEPTH_MAX`].
    #[error("filter is too deep")]
    TooDeep,
    /// More nodes than [`NODES_MAX`].
    #[error("filter has too many nodes")]
    TooManyNodes,
    /// `op` is not one of the operators.
    #[error("unknown filter operator")]
    UnknownOperator,
    /// `cmp` is not one of the comparisons.
    #[error("unknown filter comparison")]
    UnknownComparison,
    /// An operator has the wrong number of operands.
    #[error("wrong number of filter operands")]
    Operands,
    /// A comparison lacks what it compares, or has a value of the wrong kind.
    #[error("wrong key or value in filter comparison")]
    Comparison,
}

/// A checked filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter(Node);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Node {
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    Leaf { key: String, test: Test },
}

/// What a comparison asks of a tag.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Test {
    Equal(String),
    NotEqual(String),
    /// Sorted.
    In(Vec<String>),
    /// Sorted.
    NotIn(Vec<String>),
    Exists,
    NotExists,
    StartsWith(String),
    EndsWith(String),
    Contains(String),
    /// Holds when the tag and the value are numbers and the tag is in one of these relations to the value.
    Number(String, &'static [Ordering]),
}

impl Filter {
    /// Checks a tree.
    ///
    /// # Errors
    /// Says the first thing wrong with it.
    pub fn new(root: &FilterNode) -> Result<Self, FilterError> {
        let mut nodes_left = NODES_MAX;
        Node::new(root, DEPTH_MAX, &mut nodes_left).map(Self)
    }

    /// True when a publication with these tags is to be delivered. A tag that is absent is unequal to everything, and
    /// counts as empty for `in` and `nin`; a comparison of numbers fails when one side is not a decimal number.
    pub fn matches(&self, tags: &BTreeMap<String, String>) -> bool {
        self.0.matches(tags)
    }
}

impl Node {
    fn new(node: &FilterNode, depth_left: usize, nodes_left: &mut usize) -> Result<Self, FilterError> {
        let depth_left = depth_left.checked_sub(1).ok_or(FilterError::TooDeep)?;
        *nodes_left = nodes_left.checked_sub(1).ok_or(FilterError::TooManyNodes)?;
        if node.op.is_empty() {
            return Self::leaf(node);
        }
        let expected = if node.op == "not" { 1..=1 } else { 1..=usize::MAX };
        if !expected.contains(&node.nodes.len()) {
            return Err(FilterError::Operands);
        }
        let mut operands = node.nodes.iter().map(|operand| Self::new(operand, depth_left, nodes_left));
        match node.op.as_str() {
            "and" => operands.collect::<Result<_, _>>().map(Self::All),
            "or" => operands.collect::<Result<_, _>>().map(Self::Any),
            "not" => operands.next().ok_or(FilterError::Operands)?.map(|operand| Self::Not(Box::new(operand))),
            _ => Err(FilterError::UnknownOperator),
        }
    }

    fn leaf(node: &FilterNode) -> Result<Self, FilterError> {
        let test = Test::new(node)?;
        if node.key.is_empty() && !matches!(test, Test::Exists | Test::NotExists) {
            return Err(FilterError::Comparison);
        }
        Ok(Self::Leaf { key: node.key.clone(), test })
    }

    fn matches(&self, tags: &BTreeMap<String, String>) -> bool {
        match self {
            Self::All(nodes) => nodes.iter().all(|node| node.matches(tags)),
            Self::Any(nodes) => nodes.iter().any(|node| node.matches(tags)),
            Self::Not(node) => !node.matches(tags),
            Self::Leaf { key, test } => test.holds(tags.get(key).map(String::as_str)),
        }
    }
}

impl Test {
    fn new(node: &FilterNode) -> Result<Self, FilterError> {
        use Ordering::{Equal, Greater, Less};
        match node.cmp.as_str() {
            "eq" => value(node).map(Self::Equal),
            "neq" => value(node).map(Self::NotEqual),
            "in" => values(node).map(Self::In),
            "nin" => values(node).map(Self::NotIn),
            "ex" => no_value(node).map(|()| Self::Exists),
            "nex" => no_value(node).map(|()| Self::NotExists),
            "sw" => value(node).map(Self::StartsWith),
            "ew" => value(node).map(Self::EndsWith),
            "ct" => value(node).map(Self::Contains),
            "lt" => value(node).map(|value| Self::Number(value, &[Less])),
            "lte" => value(node).map(|value| Self::Number(value, &[Less, Equal])),
            "gt" => value(node).map(|value| Self::Number(value, &[Greater])),
            "gte" => value(node).map(|value| Self::Number(value, &[Greater, Equal])),
            _ => Err(FilterError::UnknownComparison),
        }
    }

    fn holds(&self, tag: Option<&str>) -> bool {
        match self {
            Self::Equal(value) => tag == Some(value),
            Self::NotEqual(value) => tag != Some(value),
            Self::In(values) => is_among(tag, values),
            Self::NotIn(values) => !is_among(tag, values),
            Self::Exists => tag.is_some(),
            Self::NotExists => tag.is_none(),
            Self::StartsWith(value) => tag.is_some_and(|tag| tag.starts_with(value)),
            Self::EndsWith(value) => tag.is_some_and(|tag| tag.ends_with(value)),
            Self::Contains(value) => tag.is_some_and(|tag| tag.contains(value)),
            Self::Number(value, relations) => compare(tag, value).is_some_and(|found| relations.contains(&found)),
        }
    }
}

fn is_among(tag: Option<&str>, sorted: &[String]) -> bool {
    sorted.binary_search_by(|value| value.as_str().cmp(tag.unwrap_or_default())).is_ok()
}

fn compare(tag: Option<&str>, value: &str) -> Option<Ordering> {
    Some(Decimal::parse(tag?)?.cmp(&Decimal::parse(value)?))
}

fn value(node: &FilterNode) -> Result<String, FilterError> {
    let fits = !node.val.is_empty() && node.vals.is_empty();
    fits.then(|| node.val.clone()).ok_or(FilterError::Comparison)
}

fn values(node: &FilterNode) -> Result<Vec<String>, FilterError> {
    if node.vals.is_empty() || !node.val.is_empty() {
        return Err(FilterError::Comparison);
    }
    let mut values = node.vals.clone();
    values.sort_unstable();
    Ok(values)
}

fn no_value(node: &FilterNode) -> Result<(), FilterError> {
    let fits = node.val.is_empty() && node.vals.is_empty();
    fits.then_some(()).ok_or(FilterError::Comparison)
}
