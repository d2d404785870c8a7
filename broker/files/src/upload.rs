//! An upload: a task that owns the object, fed by the request.
//!
//! The request may end at any await; the task does not, and cleans up behind it. What the request hands over is bounded
//! by the channel between them.

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use natter_core::TenantId;
use object_store::{MultipartUpload, ObjectStoreExt, PutPayload};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};

use crate::error::{FileError, PutError};
use crate::id::FileId;
use crate::meta::StoredFile;
use crate::new_file::NewFile;
use crate::rows;
use crate::sniff::{SNIFF_BYTES, sniff};
use crate::store::FileStore;

/// Chunks between the request and the task.
const CHUNKS_WAITING_MAX: usize = 4;

/// What an upload is to become.
pub(crate) struct Ticket {
    pub(crate) id: FileId,
    pub(crate) tenant: TenantId,
    pub(crate) name: String,
    pub(crate) permit: OwnedSemaphorePermit,
}

enum Fed {
    Chunk(Bytes),
    /// The file is whole; a channel that closes without this takes nothing.
    End,
}

/// Feeds a stream into the task of an upload, and waits for the file.
pub(crate) async fn run<E>(
    store: &FileStore,
    ticket: Ticket,
    stream: impl Stream<Item = Result<Bytes, E>>,
    limit: u64,
) -> Result<NewFile, PutError<E>> {
    let (feed, fed) = mpsc::channel(CHUNKS_WAITING_MAX);
    let (done, result) = oneshot::channel();
    let task_store = store.clone();
    tokio::spawn(async move {
        // A request that is gone drops the file with the channel, and a file that is dropped is deleted.
        let _ = done.send(keep(task_store, ticket, fed).await);
    });
    let mut stream = std::pin::pin!(stream);
    let mut size = 0_u64;
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(PutError::Source)?;
        size = size.saturating_add(chunk.len() as u64);
        if size > limit {
            return Err(PutError::TooLarge { limit });
        }
        if feed.send(Fed::Chunk(chunk)).await.is_err() {
            break;
        }
    }
    // If the task has failed, its result says why.
    let _ = feed.send(Fed::End).await;
    Ok(result.await.map_err(|_| FileError::Busy)??)
}

/// Writes a file and its row.
async fn keep(store: FileStore, ticket: Ticket, mut fed: mpsc::Receiver<Fed>) -> Result<NewFile, FileError> {
    let shelf = &store.0;
    let mut writing = Writing::new(&store, &ticket);
    let written = writing.take(&mut fed).await;
    let (size, mime) = match written {
        Ok(written) => written,
        Err(error) => {
            writing.abandon().await;
            return Err(error);
        }
    };
    let Ticket { id, tenant, name, permit } = ticket;
    let file = StoredFile { id, tenant, name, size, mime: mime.to_owned(), created_ms: (shelf.clock)() };
    if let Err(error) = rows::insert(shelf.rows.as_ref(), &file).await {
        shelf.remove_object(&file.tenant, id).await?;
        return Err(error.into());
    }
    drop(permit);
    Ok(NewFile::new(file, store, Handle::current()))
}

/// An object on its way: in memory while it is smaller than a part, then in parts under a name that nobody reads.
struct Writing<'a> {
    store: &'a FileStore,
    ticket: &'a Ticket,
    /// What is not written yet; less than a part and a chunk.
    buffer: BytesMut,
    parts: Option<Box<dyn MultipartUpload>>,
    size: u64,
    /// Known when the first part is full, or the file ends before it.
    mime: Option<&'static str>,
}

impl<'a> Writing<'a> {
    fn new(store: &'a FileStore, ticket: &'a Ticket) -> Self {
        Self { store, ticket, buffer: BytesMut::new(), parts: None, size: 0, mime: None }
    }

    async fn take(&mut self, fed: &mut mpsc::Receiver<Fed>) -> Result<(u64, &'static str), FileError> {
        loop {
            match fed.recv().await {
                Some(Fed::Chunk(chunk)) => self.write(&chunk).await?,
                Some(Fed::End) => return self.finish().await,
                None => return Err(gone()),
            }
        }
    }

    async fn write(&mut self, chunk: &[u8]) -> Result<(), FileError> {
        self.size += chunk.len() as u64;
        self.buffer.extend_from_slice(chunk);
        let part_bytes = self.store.0.part_bytes;
        while self.buffer.len() >= part_bytes {
            let part = self.buffer.split_to(part_bytes).freeze();
            self.mime.get_or_insert_with(|| sniff(&part[..SNIFF_BYTES.min(part.len())], false));
            self.write_part(part).await?;
        }
        Ok(())
    }

    async fn write_part(&mut self, part: Bytes) -> Result<(), FileError> {
        if self.parts.is_none() {
            let object = self.store.0.object(&self.ticket.tenant, self.ticket.id);
            self.parts = Some(self.store.0.objects.put_multipart(&object).await?);
        }
        match &mut self.parts {
            Some(parts) => Ok(parts.put_part(PutPayload::from(part)).await?),
            None => Err(gone()),
        }
    }

    async fn finish(&mut self) -> Result<(u64, &'static str), FileError> {
        let rest = self.buffer.split().freeze();
        let mime = *self.mime.get_or_insert_with(|| sniff(&rest, rest.len() <= SNIFF_BYTES));
        match &mut self.parts {
            Some(parts) => {
                if !rest.is_empty() {
                    parts.put_part(PutPayload::from(rest)).await?;
                }
                parts.complete().await?;
            }
            None => {
                let object = self.store.0.object(&self.ticket.tenant, self.ticket.id);
                self.store.0.objects.put(&object, PutPayload::from(rest)).await?;
            }
        }
        Ok((self.size, mime))
    }

    /// Removes what is written.
    async fn abandon(mut self) {
        let aborted = match &mut self.parts {
            Some(parts) => parts.abort().await.map_err(FileError::from),
            None => Ok(()),
        };
        let removed = self.store.0.remove_object(&self.ticket.tenant, self.ticket.id).await;
        if let Err(error) = aborted.and(removed) {
            tracing::warn!(id = %self.ticket.id, %error, "an upload that failed could not be removed");
        }
    }
}

/// The request has ended before the file did. Nobody reads this error.
fn gone() -> FileError {
    FileError::Busy
}
