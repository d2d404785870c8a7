//! Backups come back as they were, and nothing that was changed in one goes unnoticed.

use std::sync::Arc;

use bytes::Bytes;
use natter_core::{ChannelKey, Epoch, LogHead, Position, TenantId};
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::conformance::{append_of, seq_of};
use crate::store::{AppendOutcome, ReadRequest, Row, RowKey, RowWriteOutcome, Store, StoreError, Version};
use crate::{EmbeddedOptions, EmbeddedRestore, EmbeddedStore};

fn channel(name: &str) -> ChannelKey {
    ChannelKey::new(TenantId::new("acme"), name)
}

fn open(directory: &TempDir, name: &str) -> EmbeddedStore {
    EmbeddedStore::open(EmbeddedOptions::new(directory.path().join(name))).unwrap()
}

fn row(table: &'static str, row: &str) -> RowKey {
    RowKey { tenant: TenantId::new("acme"), table, partition: "part".into(), row: row.into() }
}

/// Rows of both kinds, a deleted one, a long log, a trimmed one, one of which nothing is kept, and an empty one.
async fn fill(store: &EmbeddedStore) {
    for index in 0..20 {
        let key = row("users", &index.to_string());
        let made = store.put_row(&key, 0, Bytes::from(vec![index; 100])).await.unwrap();
        let RowWriteOutcome::Written(version) = made else { panic!("{made:?}") };
        if index == 7 {
            store.delete_row(&key, version).await.unwrap();
        }
        store.set_row(&row("hints", &index.to_string()), Bytes::from_static(b"hint")).await.unwrap();
    }
    for (name, count) in [("long", 3000), ("trimmed", 500), ("forgotten", 40), ("empty", 0)] {
        let channel = channel(name);
        let mut last = store.open_log(&channel, Epoch::new(name)).await.unwrap().last_offset;
        while last < count {
            let keys: Vec<String> = (last..count.min(last + 100)).map(|number| format!("key{number}")).collect();
            let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
            assert_eq!(store.append(append_of(&channel, last, &keys)).await.unwrap(), AppendOutcome::Appended);
            last += keys.len() as u64;
        }
    }
    store.trim_log(&channel("trimmed"), 301).await.unwrap();
    store.trim_log(&channel("forgotten"), 1000).await.unwrap();
}

fn backup(store: &EmbeddedStore) -> (Vec<u8>, Digest) {
    let mut writer = BackupWriter::new(Vec::new()).unwrap();
    store.walk(&mut writer).unwrap();
    writer.finish().unwrap()
}

#[tokio::test]
async fn a_backup_comes_back_as_it_was() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory, "one");
    fill(&store).await;
    let (backup, digest) = backup(&store);
    assert_eq!((digest.rows, digest.logs, digest.events), (39, 4, 3200));
    assert_eq!(digest.keys, 3540);

    let path = directory.path().join("two");
    let mut restore = EmbeddedRestore::create(&path).unwrap();
    assert_eq!(BackupReader::new(&backup[..]).unwrap().walk(&mut restore).unwrap(), digest);
    assert!(!path.exists(), "a folder has its name only when all of it is there");
    restore.finish().unwrap();

    let restored = open(&directory, "two");
    let mut checker = Checker::default();
    restored.check(&mut checker).unwrap();
    let report = checker.finish();
    assert_eq!((report.findings, report.digest), (vec![], digest));
    goes_on(&restored).await;
}

/// A restored store knows everything that the first one knew.
async fn goes_on(store: &EmbeddedStore) {
    let trimmed = channel("trimmed");
    let head = store.open_log(&trimmed, Epoch::new("another")).await.unwrap();
    let expected = LogHead {
        epoch: Epoch::new("trimmed"),
        last_offset: 500,
        last_seq: seq_of(500),
        first_offset: 301,
        version: Some((500, "era".into())),
    };
    assert_eq!(head, expected);
    let repeat = store.append(append_of(&trimmed, 500, &["key2"])).await.unwrap();
    let position = Position { offset: 3, epoch: Epoch::new("trimmed") };
    assert_eq!(repeat, AppendOutcome::Duplicate { index: 0, position });
    assert_eq!(store.append(append_of(&trimmed, 500, &["fresh"])).await.unwrap(), AppendOutcome::Appended);
    assert_eq!(store.read_log(&trimmed, ReadRequest::forward(1, 1000)).await.unwrap().len(), 201);
    let long = channel("long");
    let id = append_of(&long, 399, &[""]).records[0].id.unwrap();
    assert_eq!(store.find_by_id(&long, id).await.unwrap(), Some(400));
    assert_eq!(store.find_seq(&long, seq_of(1000)).await.unwrap(), Some(1000));
    let written = store.put_row(&row("users", "3"), 1, Bytes::new()).await.unwrap();
    assert_eq!(written, RowWriteOutcome::Written(2));
    // A row that is made again begins above its earlier versions, which only the floor knows.
    assert_eq!(store.put_row(&row("users", "7"), 0, Bytes::new()).await.unwrap(), RowWriteOutcome::Written(2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_walk_is_of_one_moment() {
    let directory = tempfile::tempdir().unwrap();
    let store = Arc::new(open(&directory, "one"));
    let (one, two) = (channel("one"), channel("two"));
    store.open_log(&one, Epoch::new("epoch")).await.unwrap();
    store.open_log(&two, Epoch::new("epoch")).await.unwrap();
    let writer = tokio::spawn({
        let (store, one, two) = (Arc::clone(&store), one.clone(), two.clone());
        async move {
            for last in 0..600 {
                for channel in [&one, &two] {
                    assert_eq!(store.append(append_of(channel, last, &[""])).await.unwrap(), AppendOutcome::Appended);
                }
            }
        }
    });
    let mut seen = Vec::new();
    while !writer.is_finished() {
        let walked = Arc::clone(&store);
        let report = tokio::task::spawn_blocking(move || {
            let mut checker = Checker::default();
            walked.check(&mut checker).unwrap();
            checker.finish()
        });
        let report = report.await.unwrap();
        assert!(report.is_sound(), "{:?}", report.findings);
        seen.push(report.digest.events);
    }
    writer.await.unwrap();
    assert!(seen.is_sorted() && seen.len() > 1, "{seen:?}");
}

#[tokio::test]
async fn what_is_changed_in_a_backup_is_noticed() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory, "one");
    store.set_row(&row("hints", "1"), Bytes::from_static(b"hint")).await.unwrap();
    store.open_log(&channel("news"), Epoch::new("epoch")).await.unwrap();
    store.append(append_of(&channel("news"), 0, &["one", "two", ""])).await.unwrap();
    let (backup, _) = backup(&store);
    let read = |bytes: &[u8]| BackupReader::new(bytes).and_then(|reader| reader.walk(&mut Digest::default()));
    assert!(read(&backup).is_ok());
    for place in 0..backup.len() {
        let mut changed = backup.clone();
        changed[place] ^= 0x10;
        assert!(matches!(read(&changed), Err(StoreError::Corrupt(_))), "byte {place}");
        assert!(matches!(read(&backup[..place]), Err(StoreError::Corrupt(_))), "cut at {place}");
    }
    assert!(matches!(read(&[&backup[..], b"x"].concat()), Err(StoreError::Corrupt(_))));
}

#[tokio::test]
async fn only_an_empty_folder_is_filled() {
    let directory = tempfile::tempdir().unwrap();
    let refused = |name: &str| match EmbeddedRestore::create(&directory.path().join(name)) {
        Err(StoreError::Invalid(reason)) => reason,
        other => panic!("{:?}", other.map(drop)),
    };
    let store = open(&directory, "full");
    store.close().await;
    drop(store);
    assert!(refused("full").contains("not empty"));
    std::fs::create_dir(directory.path().join("empty")).unwrap();
    drop(EmbeddedRestore::create(&directory.path().join("empty")).unwrap());
    assert!(refused("empty").contains("did not end"));
    std::fs::remove_dir_all(directory.path().join("empty.restoring")).unwrap();
    EmbeddedRestore::create(&directory.path().join("empty")).unwrap().finish().unwrap();
    assert_eq!(open(&directory, "empty").health(), crate::StoreHealth::Ready);
}

#[tokio::test]
async fn a_checker_names_what_is_wrong() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory, "one");
    let news = channel("news");
    store.open_log(&news, Epoch::new("epoch")).await.unwrap();
    store.append(append_of(&news, 0, &["", "", "", "", "", "key"])).await.unwrap();
    let mut sound = Gathered::default();
    store.walk(&mut sound).unwrap();
    let check = |change: &dyn Fn(&mut Vec<Entry>)| {
        let mut entries = sound.0.clone();
        change(&mut entries);
        let mut checker = Checker::default();
        entries.into_iter().for_each(|entry| checker.entry(entry).unwrap());
        checker.finish().findings
    };
    let event = |entries: &mut Vec<Entry>, wanted: u64| {
        entries.iter().position(|entry| matches!(entry, Entry::Event { offset, .. } if *offset == wanted)).unwrap()
    };
    assert!(check(&|_| {}).is_empty());
    let remove = |entries: &mut Vec<Entry>, wanted: u64| {
        let place = event(entries, wanted);
        entries.remove(place);
    };
    let gap = check(&|entries| remove(entries, 3));
    assert_eq!(
        gap,
        ["acme/news at offset 4: the event follows 2", "acme/news at offset 4: message number 4 instead of 3"]
    );
    let short = check(&|entries| remove(entries, 6));
    assert_eq!(short, ["acme/news: the events from 6 to 6 are missing"]);
    let wrong = check(&|entries| {
        let place = event(entries, 2);
        let Entry::Event { value, .. } = &mut entries[place] else { unreachable!() };
        let mut bytes = value.to_vec();
        *bytes.last_mut().unwrap() ^= 1;
        *value = bytes.into();
    });
    assert_eq!(wrong, ["acme/news at offset 2: record checksum does not match"]);
    let lost = check(&|entries| entries.retain(|entry| !matches!(entry, Entry::Log(..))));
    assert_eq!(lost.len(), 7);
}

/// Keeps everything.
#[derive(Default)]
struct Gathered(Vec<Entry>);

impl Sink for Gathered {
    fn entry(&mut self, entry: Entry) -> Result<(), StoreError> {
        self.0.push(entry);
        Ok(())
    }
}

fn versions() -> impl Strategy<Value = Option<Version>> {
    prop::option::of((any::<u64>(), ".{0,9}").prop_map(|(number, epoch)| (number, epoch.into())))
}

fn entries() -> impl Strategy<Value = Entry> {
    let channel = (".{1,10}", ".{1,10}").prop_map(|(tenant, name)| ChannelKey::new(TenantId::new(tenant), name));
    let name = (".{1,10}", ".{1,10}", ".{0,10}", ".{0,10}").prop_map(|(tenant, table, partition, row)| RowName {
        tenant: TenantId::new(tenant),
        table,
        partition,
        row,
    });
    prop_oneof![
        any::<u64>().prop_map(Entry::RowFloor),
        (name, any::<u64>(), any::<Vec<u8>>())
            .prop_map(|(name, version, value)| Entry::Row(name, Row { version, value: value.into() })),
        (channel.clone(), ".{1,10}", 1..1000_u64, 0..1000_u64, any::<u64>(), versions()).prop_map(
            |(channel, epoch, first_offset, further, last_seq, version)| {
                let last_offset = first_offset - 1 + further;
                Entry::Log(channel, LogHead { epoch: Epoch::new(epoch), last_offset, last_seq, first_offset, version })
            }
        ),
        (channel.clone(), any::<u64>(), any::<Vec<u8>>()).prop_map(|(channel, offset, value)| Entry::Event {
            channel,
            offset,
            value: value.into()
        }),
        (channel, ".{1,10}", any::<u64>(), any::<i64>()).prop_map(|(channel, key, offset, expires_ms)| Entry::Key {
            channel,
            key,
            offset,
            expires_ms
        }),
    ]
}

proptest! {
    #[test]
    fn entries_come_back(entry in entries()) {
        let mut bytes = Vec::new();
        codec::encode(&entry, &mut bytes);
        prop_assert_eq!(codec::decode(&bytes), Some(entry));
        bytes.pop();
        prop_assert_eq!(codec::decode(&bytes), None);
    }

    #[test]
    fn any_bytes_are_an_answer(bytes: Vec<u8>) {
        let _ = codec::decode(&bytes);
        let _ = BackupReader::new(&bytes[..]).and_then(|reader| reader.walk(&mut Digest::default()));
    }

    #[test]
    fn the_order_does_not_matter(mut entries in prop::collection::vec(entries(), 1..10)) {
        let digest = |entries: &[Entry]| {
            let mut digest = Digest::default();
            entries.iter().for_each(|entry| digest.add(entry));
            digest
        };
        let before = digest(&entries);
        entries.reverse();
        prop_assert_eq!(digest(&entries), before);
    }
}
