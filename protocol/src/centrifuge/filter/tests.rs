use proptest::prelude::*;

use super::*;

fn leaf(key: &str, cmp: &str, val: &str) -> FilterNode {
    FilterNode { key: key.into(), cmp: cmp.into(), val: val.into(), ..FilterNode::default() }
}

fn listed(cmp: &str, vals: &[&str]) -> FilterNode {
    let vals = vals.iter().map(ToString::to_string).collect();
    FilterNode { key: "t".into(), cmp: cmp.into(), vals, ..FilterNode::default() }
}

fn operator(op: &str, nodes: Vec<FilterNode>) -> FilterNode {
    FilterNode { op: op.into(), nodes, ..FilterNode::default() }
}

/// Whether a filter passes a publication whose tag `t` is that.
fn passes(node: &FilterNode, tag: Option<&str>) -> bool {
    let tags = tag.map(|tag| ("t".to_owned(), tag.to_owned())).into_iter().collect();
    Filter::new(node).expect("valid filter").matches(&tags)
}

#[test]
fn comparisons_of_text() {
    for (cmp, val, tag, expected) in [
        ("eq", "a", Some("a"), true),
        ("eq", "a", Some("b"), false),
        ("eq", "a", None, false),
        ("neq", "a", Some("a"), false),
        ("neq", "a", None, true),
        ("ex", "", Some(""), true),
        ("ex", "", None, false),
        ("nex", "", None, true),
        ("sw", "ab", Some("abc"), true),
        ("sw", "bc", Some("abc"), false),
        ("ew", "bc", Some("abc"), true),
        ("ct", "b", Some("abc"), true),
        ("ct", "b", None, false),
    ] {
        assert_eq!(passes(&leaf("t", cmp, val), tag), expected, "{cmp} {val} {tag:?}");
    }
}

#[test]
fn comparisons_with_lists() {
    let (among, not_among) = (listed("in", &["c", "a", "b"]), listed("nin", &["c", "a", "b"]));
    for (tag, expected) in [(Some("b"), true), (Some("d"), false), (None, false)] {
        assert_eq!(passes(&among, tag), expected);
        assert_eq!(passes(&not_among, tag), !expected);
    }
    assert!(passes(&listed("in", &["x", ""]), None));
}

#[test]
fn comparisons_of_numbers_are_exact() {
    for (tag, cmp, val, expected) in [
        ("10", "gt", "9", true),
        ("-10", "gt", "9", false),
        ("-10", "lt", "-9", true),
        ("1.50", "gte", "1.5", true),
        ("1.05", "lt", "1.5", true),
        ("-0", "gte", "0.0", true),
        ("9007199254740993", "gt", "9007199254740992", true),
        ("+007", "lte", "7", true),
        ("1e3", "gt", "1", false),
        ("1", "gt", "zero", false),
        (".5", "lt", "1", false),
        ("5.", "gt", "1", false),
        ("", "lt", "1", false),
    ] {
        assert_eq!(passes(&leaf("t", cmp, val), Some(tag)), expected, "{tag} {cmp} {val}");
    }
    assert!(!passes(&leaf("t", "lt", "1"), None));
}

#[test]
fn operators_combine() {
    let (a, b) = (leaf("t", "sw", "a"), leaf("t", "ew", "b"));
    assert!(passes(&operator("and", vec![a.clone(), b.clone()]), Some("ab")));
    assert!(!passes(&operator("and", vec![a.clone(), b.clone()]), Some("a")));
    assert!(passes(&operator("or", vec![a.clone(), b]), Some("a")));
    assert!(passes(&operator("not", vec![a]), Some("b")));
}

#[test]
fn malformed_trees_are_refused() {
    let valid = leaf("t", "eq", "a");
    for (node, error) in [
        (operator("xor", vec![valid.clone()]), FilterError::UnknownOperator),
        (operator("and", vec![]), FilterError::Operands),
        (operator("not", vec![valid.clone(), valid.clone()]), FilterError::Operands),
        (leaf("t", "like", "a"), FilterError::UnknownComparison),
        (leaf("t", "", "a"), FilterError::UnknownComparison),
        (leaf("", "eq", "a"), FilterError::Comparison),
        (leaf("t", "eq", ""), FilterError::Comparison),
        (leaf("t", "in", "a"), FilterError::Comparison),
        (leaf("t", "ex", "a"), FilterError::Comparison),
        (listed("eq", &["a"]), FilterError::Comparison),
        (operator("or", vec![valid; NODES_MAX]), FilterError::TooManyNodes),
    ] {
        assert_eq!(Filter::new(&node), Err(error), "{node:?}");
    }
}

#[test]
fn depth_is_bounded() {
    let nested = |depth| (1..depth).fold(leaf("t", "ex", ""), |node, _| operator("not", vec![node]));
    assert!(Filter::new(&nested(DEPTH_MAX)).is_ok());
    assert_eq!(Filter::new(&nested(DEPTH_MAX + 1)), Err(FilterError::TooDeep));
}

proptest! {
    #[test]
    fn decimals_compare_like_integers(a: i64, b: i64) {
        let (text_a, text_b) = (a.to_string(), b.to_string());
        prop_assert_eq!(Decimal::parse(&text_a).cmp(&Decimal::parse(&text_b)), a.cmp(&b));
    }

    #[test]
    fn any_tree_and_tag_are_handled(op: String, key: String, cmp: String, val: String, tag: String) {
        let node = FilterNode { op, key, cmp, val, ..FilterNode::default() };
        if let Ok(filter) = Filter::new(&node) {
            filter.matches(&BTreeMap::from([(node.key, tag)]));
        }
    }
}
