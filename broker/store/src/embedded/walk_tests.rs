//! Damage on the disk is found, each kind by its name, and the rest is still told.

use bytes::Bytes;
use natter_core::{ChannelKey, Epoch, TenantId};
use tempfile::TempDir;

use super::tables::Tables;
use super::*;
use crate::conformance::append_of;
use crate::store::{AppendOutcome, RowKey, Store};
use crate::transfer::{Checker, Digest, Report};

async fn filled(directory: &TempDir) -> EmbeddedStore {
    let store = EmbeddedStore::open(EmbeddedOptions::new(directory.path())).unwrap();
    for name in ["one", "two"] {
        let channel = channel(name);
        store.open_log(&channel, Epoch::new("epoch")).await.unwrap();
        assert_eq!(store.append(append_of(&channel, 0, &["key"; 1])).await.unwrap(), AppendOutcome::Appended);
        assert_eq!(store.append(append_of(&channel, 1, &[""; 7])).await.unwrap(), AppendOutcome::Appended);
        let row = RowKey { tenant: TenantId::new("acme"), table: "users", partition: "".into(), row: name.into() };
        store.put_row(&row, 0, Bytes::from_static(b"value")).await.unwrap();
    }
    store
}

fn channel(name: &str) -> ChannelKey {
    ChannelKey::new(TenantId::new("acme"), name)
}

fn check(store: &EmbeddedStore) -> Report {
    let mut checker = Checker::default();
    store.check(&mut checker).unwrap();
    checker.finish()
}

/// What is found after a change, and that whoever copies stops.
async fn found(change: impl Fn(&Tables, &[u8])) -> Vec<String> {
    let directory = tempfile::tempdir().unwrap();
    let store = filled(&directory).await;
    let whole = check(&store);
    assert!(whole.is_sound(), "{:?}", whole.findings);
    change(&store.running().unwrap().tables, &keys::channel(&channel("one")));
    let report = check(&store);
    assert!(report.digest.logs >= 1 && report.digest.events >= 8, "the other log is still read");
    assert_eq!(report.found, report.findings.len() as u64);
    report.findings
}

#[tokio::test]
async fn every_kind_of_damage_has_its_name() {
    let event = |prefix: &[u8]| keys::event(prefix, 4);
    let changed = found(|tables, prefix| {
        let mut value = tables.log.get(event(prefix)).unwrap().unwrap().to_vec();
        value[20] ^= 1;
        tables.log.insert(event(prefix), value).unwrap();
    });
    assert_eq!(changed.await, ["acme/one at offset 4: record checksum does not match"]);
    let gone = found(|tables, prefix| tables.log.remove(event(prefix)).unwrap()).await;
    assert_eq!(gone[0], "acme/one at offset 5: the event follows 3");
    let id = append_of(&channel("one"), 3, &[""]).records[0].id.unwrap();
    let index = found(|tables, prefix| tables.ids.remove(keys::id(prefix, id)).unwrap()).await;
    assert_eq!(index, [format!("acme/one at offset 4: the index does not know the id {id}")]);
    let head = found(|tables, prefix| tables.heads.insert(prefix, b"nonsense").unwrap()).await;
    assert!(head.len() == 1 && head[0].starts_with("the head of the log"), "{head:?}");
    let key = found(|tables, prefix| tables.idempotency.insert(keys::idempotency(prefix, "key"), b"x").unwrap()).await;
    assert!(key.len() == 1 && key[0].starts_with("acme/one: the idempotency key"), "{key:?}");
    let row = found(|tables, _| {
        let first = tables.rows.first_key_value().unwrap().key().unwrap();
        tables.rows.insert(first, b"x").unwrap();
    });
    let row = row.await;
    assert!(row.len() == 1 && row[0].starts_with("the row"), "{row:?}");
}

#[tokio::test]
async fn whoever_copies_stops_at_damage() {
    let directory = tempfile::tempdir().unwrap();
    let store = filled(&directory).await;
    store.running().unwrap().tables.heads.insert(keys::channel(&channel("one")), b"nonsense").unwrap();
    assert!(matches!(store.walk(&mut Digest::default()), Err(StoreError::Corrupt(_))));
}
