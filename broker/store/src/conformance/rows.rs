//! Promises about rows: compare-and-set, isolation and ordered scans.

use std::sync::Arc;

use bytes::Bytes;
use natter_core::TenantId;
use tokio::task::JoinSet;

use super::harness::{Harness, Scene};
use crate::{Row, RowKey, RowWriteOutcome, Store};

async fn put(store: &dyn Store, key: &RowKey, expected: u64, value: &str) -> RowWriteOutcome {
    store.put_row(key, expected, Bytes::copy_from_slice(value.as_bytes())).await.expect("a row can be written")
}

async fn get(store: &dyn Store, key: &RowKey) -> Option<Row> {
    store.get_row(key).await.expect("a row can be read")
}

async fn delete(store: &dyn Store, key: &RowKey, expected: u64) -> RowWriteOutcome {
    store.delete_row(key, expected).await.expect("a row can be deleted")
}

fn row(version: u64, value: &str) -> Row {
    Row { version, value: Bytes::copy_from_slice(value.as_bytes()) }
}

/// A row's versions count its changes from 1.
pub async fn row_is_created_changed_and_deleted(harness: &dyn Harness) {
    let scene = Scene::open(harness).await;
    let key = scene.row("users", "all", "ann");
    let store = &*scene.store;
    assert_eq!(get(store, &key).await, None);
    assert_eq!(put(store, &key, 0, "one").await, RowWriteOutcome::Written(1));
    assert_eq!(put(store, &key, 1, "").await, RowWriteOutcome::Written(2));
    assert_eq!(get(store, &key).await, Some(row(2, "")));
    assert_eq!(delete(store, &key, 2).await, RowWriteOutcome::Written(0));
    assert_eq!(get(store, &key).await, None);
}

/// A change under a wrong version changes nothing and shows what is there.
pub async fn stale_versions_conflict(harness: &dyn Harness) {
    let scene = Scene::open(harness).await;
    let key = scene.row("users", "all", "ann");
    let store = &*scene.store;
    assert_eq!(put(store, &key, 3, "lost").await, RowWriteOutcome::Conflict(None));
    assert_eq!(delete(store, &key, 1).await, RowWriteOutcome::Conflict(None));
    put(store, &key, 0, "one").await;
    for expected in [0, 2, u64::MAX] {
        assert_eq!(put(store, &key, expected, "lost").await, RowWriteOutcome::Conflict(Some(row(1, "one"))));
        assert_eq!(delete(store, &key, expected).await, RowWriteOutcome::Conflict(Some(row(1, "one"))));
    }
    assert_eq!(get(store, &key).await, Some(row(1, "one")));
}

/// A deleted row can be made again, and deleting what is not there is no conflict.
pub async fn row_may_come_again(harness: &dyn Harness) {
    let scene = Scene::open(harness).await;
    let key = scene.row("users", "all", "ann");
    let store = &*scene.store;
    assert_eq!(delete(store, &key, 0).await, RowWriteOutcome::Written(0));
    put(store, &key, 0, "one").await;
    delete(store, &key, 1).await;
    assert_eq!(put(store, &key, 0, "again").await, RowWriteOutcome::Written(1));
    assert_eq!(get(store, &key).await, Some(row(1, "again")));
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
    for key in &keys {
        assert_eq!(put(store, key, 0, &format!("{key:?}")).await, RowWriteOutcome::Written(1));
    }
    for key in &keys {
        assert_eq!(get(store, key).await, Some(row(1, &format!("{key:?}"))));
        let found =
            store.scan_rows(&key.tenant, key.table, &key.partition, None, 10).await.expect("rows can be listed");
        assert_eq!(found, [(key.row.clone(), row(1, &format!("{key:?}")))]);
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
            let page = scene.store.scan_rows(&scene.tenant, "users", "all", after, limit).await;
            let page = page.expect("rows can be listed");
            assert!(page.len() <= limit);
            listed.extend(page.into_iter().map(|(name, _)| name));
        }
        assert_eq!(listed, names);
    }
    let none = scene.store.scan_rows(&scene.tenant, "users", "all", None, 0).await.expect("rows can be listed");
    assert!(none.is_empty());
}

/// Written rows outlive the process, deleted ones stay away.
pub async fn rows_survive_reopening(harness: &dyn Harness) {
    let mut scene = Scene::open(harness).await;
    let (kept, gone) = (scene.row("users", "all", "ann"), scene.row("users", "all", "bob"));
    put(&*scene.store, &kept, 0, "one").await;
    put(&*scene.store, &kept, 1, "two").await;
    put(&*scene.store, &gone, 0, "one").await;
    delete(&*scene.store, &gone, 1).await;
    scene.reopen().await;
    assert_eq!(get(&*scene.store, &kept).await, Some(row(2, "two")));
    assert_eq!(get(&*scene.store, &gone).await, None);
}

/// Of many writers under the same version exactly one wins, each time.
pub async fn one_of_many_writers_wins(harness: &dyn Harness) {
    let scene = Scene::open(harness).await;
    let key = scene.row("users", "all", "ann");
    for version in 0..10 {
        let mut writers = JoinSet::new();
        for writer in 0..16 {
            let (store, key) = (Arc::clone(&scene.store), key.clone());
            writers.spawn(async move { put(&*store, &key, version, &writer.to_string()).await });
        }
        let outcomes = writers.join_all().await;
        let won = outcomes.iter().filter(|outcome| **outcome == RowWriteOutcome::Written(version + 1)).count();
        assert_eq!(won, 1, "{outcomes:?}");
    }
}
