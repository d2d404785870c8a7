//! Promises about rows: compare-and-set, isolation and ordered scans.

use std::sync::Arc;

use bytes::Bytes;
use natter_core::TenantId;
use tokio::task::JoinSet;

use super::harness::{Harness, Scene};
use crate::{READ_BYTES_MAX, Row, RowKey, RowWriteOutcome, Store};

async fn put(store: &dyn Store, key: &RowKey, expected: u64, value: &str) -> RowWriteOutcome {
    store.put_row(key, expected, bytes(value)).await.expect("a row can be written")
}

/// Writes a row that must be at `expected`, and answers with its new version.
async fn written(store: &dyn Store, key: &RowKey, expected: u64, value: &str) -> u64 {
    match put(store, key, expected, value).await {
        RowWriteOutcome::Written(version) => version,
        conflict @ RowWriteOutcome::Conflict(_) => panic!("the row was not at {expected}: {conflict:?}"),
    }
}

async fn get(store: &dyn Store, key: &RowKey) -> Option<Row> {
    store.get_row(key).await.expect("a row can be read")
}

async fn delete(store: &dyn Store, key: &RowKey, expected: u64) -> RowWriteOutcome {
    store.delete_row(key, expected).await.expect("a row can be deleted")
}

fn bytes(value: &str) -> Bytes {
    Bytes::copy_from_slice(value.as_bytes())
}

fn row(version: u64, value: &str) -> Row {
    Row { version, value: bytes(value) }
}

/// The rows of the partition `all` of the table `users` or another one.
async fn scan(
    scene: &Scene<'_>,
    table: &'static str,
    after: Option<&str>,
    limit: usize,
    max_bytes: usize,
) -> Vec<(String, Row)> {
    let found = scene.store.scan_rows(&scene.tenant, table, "all", after, limit, max_bytes).await;
    found.expect("rows can be listed")
}

/// A row's version goes up by one with each change.
pub async fn row_is_created_changed_and_deleted(harness: &dyn Harness) {
    let scene = Scene::open(harness).await;
    let key = scene.row("users", "all", "ann");
    let store = &*scene.store;
    assert_eq!(get(store, &key).await, None);
    let first = written(store, &key, 0, "one").await;
    assert!(first > 0);
    assert_eq!(put(store, &key, first, "").await, RowWriteOutcome::Written(first + 1));
    assert_eq!(get(store, &key).await, Some(row(first + 1, "")));
    assert_eq!(delete(store, &key, first + 1).await, RowWriteOutcome::Written(0));
    assert_eq!(get(store, &key).await, None);
}

/// A change under a wrong version changes nothing and shows what is there.
pub async fn stale_versions_conflict(harness: &dyn Harness) {
    let scene = Scene::open(harness).await;
    let key = scene.row("users", "all", "ann");
    let store = &*scene.store;
    assert_eq!(put(store, &key, 3, "lost").await, RowWriteOutcome::Conflict(None));
    assert_eq!(delete(store, &key, 1).await, RowWriteOutcome::Conflict(None));
    let first = written(store, &key, 0, "one").await;
    for expected in [0, first - 1, first + 1, i64::MAX.cast_unsigned()] {
        if expected == first {
            continue;
        }
        assert_eq!(put(store, &key, expected, "lost").await, RowWriteOutcome::Conflict(Some(row(first, "one"))));
        assert_eq!(delete(store, &key, expected).await, RowWriteOutcome::Conflict(Some(row(first, "one"))));
    }
    assert_eq!(get(store, &key).await, Some(row(first, "one")));
}

/// A deleted row can be made again, and deleting what is not there is no conflict.
pub async fn row_may_come_again(harness: &dyn Harness) {
    let scene = Scene::open(harness).await;
    let key = scene.row("users", "all", "ann");
    let store = &*scene.store;
    assert_eq!(delete(store, &key, 0).await, RowWriteOutcome::Written(0));
    let first = written(store, &key, 0, "one").await;
    delete(store, &key, first).await;
    let again = written(store, &key, 0, "again").await;
    assert_eq!(get(store, &key).await, Some(row(again, "again")));
}

/// Whoever remembers a version of a row's earlier life cannot change its later one.
pub async fn versions_are_never_used_again(harness: &dyn Harness) {
    let mut scene = Scene::open(harness).await;
    let key = scene.row("users", "all", "ann");
    let mut used = Vec::new();
    for life in 0..4 {
        let mut version = written(&*scene.store, &key, 0, "new").await;
        for _ in 0..life {
            used.push(version);
            version = written(&*scene.store, &key, version, "changed").await;
        }
        assert!(used.iter().all(|old| *old < version), "{used:?} {version}");
        for old in &used {
            let refused = put(&*scene.store, &key, *old, "old").await;
            assert!(matches!(refused, RowWriteOutcome::Conflict(Some(_))), "{refused:?}");
            assert!(matches!(delete(&*scene.store, &key, *old).await, RowWriteOutcome::Conflict(Some(_))));
        }
        used.push(version);
        delete(&*scene.store, &key, version).await;
        if life % 2 == 0 {
            scene.reopen().await;
        }
    }
}

/// Rows that are written unconditionally: the last write is what is there.
pub async fn unconditional_rows(harness: &dyn Harness) {
    let mut scene = Scene::open(harness).await;
    let [ann, bob] = ["ann", "bob"].map(|name| scene.row("hints", "all", name));
    for value in ["one", "", "three"] {
        scene.store.set_row(&ann, bytes(value)).await.expect("a row can be set");
        assert_eq!(get(&*scene.store, &ann).await, Some(row(0, value)));
    }
    for _ in 0..2 {
        scene.store.remove_row(&bob).await.expect("a row can be removed");
        scene.store.set_row(&bob, bytes("bob")).await.expect("a row can be set");
    }
    scene.reopen().await;
    let both = [("ann".to_owned(), row(0, "three")), ("bob".to_owned(), row(0, "bob"))];
    assert_eq!(scan(&scene, "hints", None, 10, READ_BYTES_MAX).await, both);
    scene.store.remove_row(&ann).await.expect("a row can be removed");
    assert_eq!(get(&*scene.store, &ann).await, None);
    assert_eq!(scan(&scene, "hints", None, 10, READ_BYTES_MAX).await, both[1..]);
}

/// A scan stops before its bytes are exceeded, but never before its first row.
pub async fn scans_are_bounded_in_bytes(harness: &dyn Harness) {
    let scene = Scene::open(harness).await;
    for (name, size) in [("a", 99), ("b", 199), ("c", 4_999), ("d", 9)] {
        put(&*scene.store, &scene.row("users", "all", name), 0, &"x".repeat(size)).await;
    }
    let cases: [(usize, Option<&str>, &[&str]); 6] = [
        (0, None, &["a"]),
        (299, None, &["a"]),
        (300, None, &["a", "b"]),
        (10, Some("b"), &["c"]),
        (5_010, Some("b"), &["c", "d"]),
        (10_000, None, &["a", "b", "c", "d"]),
    ];
    for (max_bytes, after, expected) in cases {
        let found = scan(&scene, "users", after, 10, max_bytes).await;
        let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, expected, "{max_bytes}");
    }
}

/// Tenants, tables and partitions do not see each other's rows.
pub async fn rows_are_isolated(harness: &dyn Harness) {
    let scene = Scene::open(harness).await;
    let store = &*scene.store;
    let mut other = scene.row("users", "all", "ann");
    other.tenant = TenantId::new(format!("{}2", scene.tenant));
    let keys = [
        scene.row("users", "all", "ann"),
        scene.row("user", "all", "ann"),
        scene.row("users", "al", "lann"),
        scene.row("users", "", "allann"),
        other,
    ];
    let mut versions = Vec::new();
    for key in &keys {
        versions.push(written(store, key, 0, &format!("{key:?}")).await);
    }
    for (key, version) in keys.iter().zip(versions) {
        let expected = row(version, &format!("{key:?}"));
        assert_eq!(get(store, key).await, Some(expected.clone()));
        let found = store.scan_rows(&key.tenant, key.table, &key.partition, None, 10, READ_BYTES_MAX).await;
        assert_eq!(found.expect("rows can be listed"), [(key.row.clone(), expected)]);
    }
}

/// Scans go byte by byte, start after the given row and stop at the limit.
pub async fn scans_are_ordered_and_paged(harness: &dyn Harness) {
    let scene = Scene::open(harness).await;
    let mut names = vec!["", "a", "a\u{0}", "aa", "ab", "b", "é", "z", "\u{1f600}"];
    for name in names.iter().rev() {
        put(&*scene.store, &scene.row("users", "all", name), 0, name).await;
    }
    names.sort_unstable();
    for limit in [1, 2, 4, 100] {
        let mut listed: Vec<String> = Vec::new();
        for _ in 0..=names.len() {
            let after = listed.last().map(String::as_str);
            let page = scan(&scene, "users", after, limit, READ_BYTES_MAX).await;
            assert!(page.len() <= limit);
            listed.extend(page.into_iter().map(|(name, _)| name));
        }
        assert_eq!(listed, names);
    }
    assert!(scan(&scene, "users", None, 0, READ_BYTES_MAX).await.is_empty());
}

/// Written rows outlive the process, deleted ones stay away.
pub async fn rows_survive_reopening(harness: &dyn Harness) {
    let mut scene = Scene::open(harness).await;
    let (kept, gone) = (scene.row("users", "all", "ann"), scene.row("users", "all", "bob"));
    let first = written(&*scene.store, &kept, 0, "one").await;
    let second = written(&*scene.store, &kept, first, "two").await;
    let third = written(&*scene.store, &gone, 0, "one").await;
    delete(&*scene.store, &gone, third).await;
    scene.reopen().await;
    assert_eq!(get(&*scene.store, &kept).await, Some(row(second, "two")));
    assert_eq!(get(&*scene.store, &gone).await, None);
}

/// Of many writers under the same version exactly one wins, each time.
pub async fn one_of_many_writers_wins(harness: &dyn Harness) {
    let scene = Scene::open(harness).await;
    let key = scene.row("users", "all", "ann");
    let mut version = 0;
    for _ in 0..10 {
        let mut writers = JoinSet::new();
        for writer in 0..16 {
            let (store, key) = (Arc::clone(&scene.store), key.clone());
            writers.spawn(async move { put(&*store, &key, version, &writer.to_string()).await });
        }
        let outcomes = writers.join_all().await;
        let won: Vec<u64> = outcomes
            .iter()
            .filter_map(|outcome| match outcome {
                RowWriteOutcome::Written(version) => Some(*version),
                RowWriteOutcome::Conflict(_) => None,
            })
            .collect();
        assert!(matches!(won[..], [next] if next > version), "{outcomes:?}");
        version = won[0];
    }
}
