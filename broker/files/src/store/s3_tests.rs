//! Files in an object storage: a server that speaks S3's protocol and checks its signatures.

use std::convert::Infallible;

use futures_util::{TryStreamExt, stream};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use natter_store::MemoryStore;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use s3s_fs::FileSystem;
use tempfile::TempDir;
use tokio::net::TcpListener;

use super::*;
use crate::testing::{chunks, tenant};

const BUCKET: &str = "uploads";

struct Storage {
    folder: TempDir,
    endpoint: String,
}

impl Storage {
    /// Serves one bucket until the test's runtime ends.
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(BUCKET)).unwrap();
        let mut service = S3ServiceBuilder::new(FileSystem::new(folder.path()).unwrap());
        service.set_auth(SimpleAuth::from_single("reader", "of-our-own"));
        let service = service.build();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let connection = Builder::new(TokioExecutor::new());
                let service = service.clone();
                tokio::spawn(async move {
                    let _ = connection.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Self { folder, endpoint }
    }

    fn files(&self, secret: &str) -> FileStore {
        // Refused when another test was quicker, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let variables = [
            ("AWS_ACCESS_KEY_ID", "reader"),
            ("AWS_SECRET_ACCESS_KEY", secret),
            ("AWS_ENDPOINT_URL", self.endpoint.as_str()),
            ("AWS_REGION", "eu-central-1"),
            ("AWS_ALLOW_HTTP", "true"),
            ("HOME", "/nowhere"),
        ];
        let variables = variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        let place = object_storage("s3://uploads/natter/files", variables).unwrap();
        FileStore::at(place, "http://chat.example", Arc::new(MemoryStore::new()), Arc::new(|| 0))
    }

    /// Bytes of the objects, parts of unfinished uploads included; not what the server notes beside them.
    fn bytes(&self) -> u64 {
        fn sum(path: &std::path::Path) -> u64 {
            let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
            let size = |entry: std::fs::DirEntry| match entry.path() {
                path if path.is_dir() => sum(&path),
                path if path.extension().is_some_and(|extension| extension == "json") => 0,
                path => path.metadata().map_or(0, |metadata| metadata.len()),
            };
            entries.map(size).sum()
        }
        sum(self.folder.path())
    }
}

async fn content(files: &FileStore, file: &StoredFile, part: Option<Range<u64>>) -> Vec<u8> {
    let chunks: Vec<Bytes> = files.read(file, part).await.unwrap().try_collect().await.unwrap();
    chunks.concat()
}

#[tokio::test]
async fn a_small_file_and_one_of_many_parts_are_kept_read_in_parts_and_deleted() {
    let storage = Storage::start().await;
    let files = storage.files("of-our-own");
    let large: Vec<u8> = (0..2 * OBJECT_PART_BYTES + 4_711).map(|index| (index % 251) as u8).collect();
    for bytes in [b"%PDF-1.7 hello".to_vec(), large] {
        let pieces = bytes.chunks(1_000_003).map(Bytes::copy_from_slice).collect();
        let limit = bytes.len() as u64;
        let file = files.put(&tenant(), chunks(pieces), "paper.pdf", limit).await.unwrap().keep();
        assert!(content(&files, &file, None).await == bytes);
        assert!(content(&files, &file, Some(5..limit - 3)).await == bytes[5..bytes.len() - 3]);
        assert_eq!(files.get(file.id).await.unwrap().map(|found| found.size), Some(limit));
        files.delete(file.id).await.unwrap();
        assert_eq!(files.get(file.id).await.unwrap(), None);
    }
    assert_eq!(storage.bytes(), 0);
}

#[tokio::test]
async fn nothing_is_left_of_an_upload_that_is_too_large() {
    let storage = Storage::start().await;
    let files = storage.files("of-our-own");
    let chunk = Bytes::from(vec![1; 1_000_000]);
    let endless = stream::repeat_with(move || Ok::<_, Infallible>(chunk.clone()));
    let limit = 2 * OBJECT_PART_BYTES as u64;
    let refused = files.put(&tenant(), endless, "x", limit).await;
    assert!(matches!(refused.err(), Some(PutError::TooLarge { .. })));
    for _ in 0..1_000 {
        if storage.bytes() == 0 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert_eq!(storage.bytes(), 0);
}

#[tokio::test]
async fn a_storage_that_refuses_the_signature_is_an_error_and_no_file() {
    let storage = Storage::start().await;
    let files = storage.files("of-somebody-else");
    let refused = files.put(&tenant(), chunks(vec!["hello".into()]), "x.txt", 5).await;
    assert!(matches!(refused.err(), Some(PutError::File(FileError::Storage(_)))));
    assert_eq!(storage.bytes(), 0);
}
