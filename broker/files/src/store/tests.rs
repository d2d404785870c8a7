//! Taking, keeping and losing files.

use std::convert::Infallible;
use std::io;

use futures_util::{TryStreamExt, stream};

use super::*;
use crate::testing::{Bench, NOW_MS, chunks, tenant};

async fn content(files: &FileStore, file: &StoredFile, part: Option<Range<u64>>) -> Vec<u8> {
    let chunks: Vec<Bytes> = files.read(file, part).await.unwrap().try_collect().await.unwrap();
    chunks.concat()
}

#[tokio::test]
async fn a_file_that_is_kept_is_found_and_read() {
    let bench = Bench::new();
    let file = bench.keep("../Bild 1.PNG", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR").await;
    assert_eq!((file.name.as_str(), file.size, file.mime.as_str()), ("Bild 1.PNG", 16, "image/png"));
    assert_eq!((file.tenant.as_str(), file.created_ms, file.is_raster_image()), ("demo", NOW_MS, true));
    assert_eq!(bench.files.get(file.id).await.unwrap().as_ref(), Some(&file));
    assert_eq!(content(&bench.files, &file, Some(1..4)).await, b"PNG");
    assert_eq!(bench.objects(), 1);
}

#[tokio::test]
async fn a_file_of_many_parts_is_whole() {
    let bench = Bench::new();
    let bytes: Vec<u8> = (0..3 * FOLDER_PART_BYTES + 17).map(|index| (index % 251) as u8).collect();
    let pieces = bytes.chunks(100_003).map(Bytes::copy_from_slice).collect();
    let limit = bytes.len() as u64;
    let file = bench.files.put(&tenant(), chunks(pieces), "big", limit).await.unwrap().keep();
    assert_eq!(file.size, limit);
    assert!(content(&bench.files, &file, None).await == bytes);
    let (start, end) = (FOLDER_PART_BYTES - 3, 2 * FOLDER_PART_BYTES + 5);
    assert!(content(&bench.files, &file, Some(start as u64..end as u64)).await == bytes[start..end]);
}

#[tokio::test]
async fn a_file_of_exactly_one_part_is_whole() {
    let bench = Bench::new();
    for length in [0, 1, FOLDER_PART_BYTES - 1, FOLDER_PART_BYTES, FOLDER_PART_BYTES + 1] {
        let file = bench.keep("x", &vec![7; length]).await;
        assert_eq!(file.size, length as u64);
        assert_eq!(content(&bench.files, &file, None).await.len(), length);
    }
}

#[tokio::test]
async fn a_file_that_nobody_keeps_goes() {
    let bench = Bench::new();
    let file = bench.files.put(&tenant(), chunks(vec!["hello".into()]), "x.txt", 5).await.unwrap();
    let id = file.id;
    assert!(bench.files.get(id).await.unwrap().is_some());
    // Versions of rows are the whole store's, so the second file's row does not begin as the first one's did.
    let other = bench.files.put(&tenant(), chunks(vec!["hello".into()]), "y.txt", 5).await.unwrap();
    let other_id = other.id;
    drop((file, other));
    bench.wait_for_objects(0).await;
    assert_eq!(bench.files.get(id).await.unwrap(), None);
    assert_eq!(bench.files.get(other_id).await.unwrap(), None);
}

#[tokio::test]
async fn a_file_above_its_limit_leaves_nothing() {
    let bench = Bench::new();
    for (sizes, limit) in [(vec![6], 5), (vec![3, 3], 5), (vec![FOLDER_PART_BYTES; 3], 2 * FOLDER_PART_BYTES as u64)] {
        let pieces = sizes.iter().map(|size| Bytes::from(vec![1; *size])).collect();
        let refused = bench.files.put(&tenant(), chunks(pieces), "x", limit).await.err();
        assert!(matches!(refused, Some(PutError::TooLarge { limit: named }) if named == limit));
        bench.wait_for_objects(0).await;
    }
}

#[tokio::test]
async fn an_endless_file_is_cut_off_at_its_limit() {
    let bench = Bench::new();
    let endless = stream::repeat_with(|| Ok::<_, Infallible>(Bytes::from_static(&[0; 1024])));
    let refused = bench.files.put(&tenant(), endless, "x", 1_000_000).await.err();
    assert!(matches!(refused, Some(PutError::TooLarge { .. })));
    bench.wait_for_objects(0).await;
}

#[tokio::test]
async fn an_upload_that_breaks_leaves_nothing() {
    let bench = Bench::new();
    for size in [10, 2 * FOLDER_PART_BYTES] {
        let broken = stream::iter([Ok(Bytes::from(vec![1; size])), Err(io::Error::other("reset"))]);
        let failed = bench.files.put(&tenant(), broken, "x", u64::MAX).await.err();
        assert!(matches!(failed, Some(PutError::Source(error)) if error.to_string() == "reset"));
        bench.wait_for_objects(0).await;
    }
}

#[tokio::test]
async fn an_upload_whose_request_is_gone_leaves_nothing() {
    let bench = Bench::new();
    let first = stream::once(async { Ok::<_, Infallible>(Bytes::from(vec![1; 2 * FOLDER_PART_BYTES])) });
    let files = bench.files.clone();
    let stalled = first.chain(stream::pending());
    let upload = tokio::spawn(async move { files.put(&tenant(), stalled, "x", u64::MAX).await.map(drop) });
    // The first parts are on disk.
    bench.wait_for_objects(1).await;
    upload.abort();
    assert!(upload.await.is_err());
    bench.wait_for_objects(0).await;
}

#[tokio::test]
async fn a_file_without_a_row_leaves_nothing() {
    let bench = Bench::new();
    bench.rows.close().await;
    let failed = bench.files.put(&tenant(), chunks(vec!["hello".into()]), "x", 5).await.err();
    assert!(matches!(failed, Some(PutError::File(FileError::Rows(_)))));
    bench.wait_for_objects(0).await;
}

#[tokio::test]
async fn a_deleted_file_is_gone_and_may_be_deleted_again() {
    let bench = Bench::new();
    let file = bench.keep("x", b"hello").await;
    for _ in 0..2 {
        bench.files.delete(file.id).await.unwrap();
        assert_eq!(bench.files.get(file.id).await.unwrap(), None);
        assert_eq!(bench.objects(), 0);
    }
}

#[tokio::test]
async fn files_of_one_name_do_not_meet() {
    let bench = Bench::new();
    let uploads = (0..8).map(|_| bench.keep("same.txt", b"hello"));
    let files = futures_util::future::join_all(uploads).await;
    let ids: std::collections::HashSet<FileId> = files.iter().map(|file| file.id).collect();
    assert_eq!((ids.len(), bench.objects()), (8, 8));
}

#[tokio::test]
async fn uploads_beyond_the_bound_are_refused() {
    let bench = Bench::new();
    let _taken = bench.files.0.uploads.acquire_many(UPLOADS_MAX as u32).await.unwrap();
    let refused = bench.files.put(&tenant(), chunks(vec![]), "x", 5).await.err();
    assert!(matches!(refused, Some(PutError::File(FileError::Busy))));
}

#[tokio::test]
async fn a_url_names_its_file() {
    let bench = Bench::new();
    let file = bench.keep("Größe & mehr?.txt", b"hello").await;
    let url = bench.files.url(&file);
    assert_eq!(url, format!("http://chat.example/files/{}/Gr%C3%B6%C3%9Fe%20%26%20mehr%3F.txt", file.id));
    assert_eq!(bench.files.id_in_url(&url), Some(file.id));
    for foreign in ["", "http://evil.example/files/x/y", "http://chat.example/files/abc/x", &url[1..]] {
        assert_eq!(bench.files.id_in_url(foreign), None, "{foreign}");
    }
}

#[test]
fn only_32_lower_case_hex_digits_are_an_id() {
    let id = FileId::random().unwrap();
    assert_eq!(FileId::parse(&id.to_string()), Some(id));
    for text in ["", "0", &"A".repeat(32), &"0".repeat(33), &format!("+{}", "0".repeat(31)), &"ä".repeat(16)] {
        assert_eq!(FileId::parse(text), None, "{text}");
    }
}

#[test]
fn a_url_of_no_object_storage_is_refused() {
    let config = config::Files { url: Some("ftp://bucket/x".to_owned()), ..config::Files::default() };
    let opened = FileStore::open(&config, "", Arc::new(natter_store::MemoryStore::new()), Arc::new(|| 0));
    assert!(matches!(opened.err(), Some(FileError::Configuration(text)) if text.contains("files.url")));
}
