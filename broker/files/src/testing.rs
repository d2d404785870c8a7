//! A store of files in a temporary folder, for tests.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, stream};
use natter_core::TenantId;
use natter_node::config;
use natter_store::{MemoryStore, Store};
use tempfile::TempDir;

use crate::meta::StoredFile;
use crate::store::FileStore;

pub(crate) const NOW_MS: i64 = 1_700_000_000_000;

pub(crate) struct Bench {
    pub(crate) files: FileStore,
    pub(crate) rows: Arc<MemoryStore>,
    folder: TempDir,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let rows = Arc::new(MemoryStore::new());
        let config = config::Files { path: folder.path().join("files"), ..config::Files::default() };
        let store: Arc<dyn Store> = Arc::clone(&rows) as _;
        let files = FileStore::open(&config, "http://chat.example/", store, Arc::new(|| NOW_MS)).unwrap();
        Self { files, rows, folder }
    }

    /// Takes a file that stays.
    pub(crate) async fn keep(&self, name: &str, content: &[u8]) -> StoredFile {
        let chunks = chunks(vec![Bytes::copy_from_slice(content)]);
        self.files.put(&tenant(), chunks, name, u64::MAX).await.unwrap().keep()
    }

    /// The objects in the folder, whole or not.
    pub(crate) fn objects(&self) -> usize {
        fn count(path: &Path) -> usize {
            let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
            entries.map(|entry| if entry.path().is_dir() { count(&entry.path()) } else { 1 }).sum()
        }
        count(self.folder.path())
    }

    /// Waits until the tasks that clean up are done; a test that is never satisfied fails.
    pub(crate) async fn wait_for_objects(&self, expected: usize) {
        for _ in 0..1_000 {
            if self.objects() == expected {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(self.objects(), expected);
    }
}

pub(crate) fn tenant() -> TenantId {
    TenantId::new("demo")
}

pub(crate) fn chunks(chunks: Vec<Bytes>) -> impl Stream<Item = Result<Bytes, std::io::Error>> + Send + 'static {
    stream::iter(chunks.into_iter().map(Ok))
}
