//! `GET /admin/api/backup`: everything in the embedded store as of one moment, as a backup file, while the node goes on.

use std::io::{self, Write};
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use natter_store::transfer::BackupWriter;
use natter_store::{EmbeddedStore, StoreError};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::spawn_blocking;

use super::{Failure, node};
use crate::internal::Internal;

/// Bytes that are handed on together, and how many such pieces may wait for a slow reader.
const PIECE_BYTES: usize = 256 * 1024;
const PIECES_MAX: usize = 4;
/// A backup holds a thread and a snapshot, so one at a time.
static UNDER_WAY: Semaphore = Semaphore::const_new(1);

pub(super) async fn stream(State(internal): State<Arc<Internal>>) -> Result<Response, Failure> {
    let store = node(&internal)?.store.embedded();
    let not_here = || Failure::new(StatusCode::CONFLICT, "only an embedded store is backed up by natter");
    let store = store.ok_or_else(not_here)?;
    let busy = |_| Failure::new(StatusCode::CONFLICT, "another backup is under way");
    let permit = UNDER_WAY.try_acquire().map_err(busy)?;
    let (queue, pieces) = mpsc::channel(PIECES_MAX);
    spawn_blocking(move || {
        if let Err(error) = write(&store, &queue) {
            tracing::warn!(%error, "a backup was not finished");
            // The reader learns that what came is not all. It may be gone.
            let _ = queue.blocking_send(Err(io::Error::other(error)));
        }
        drop(permit);
    });
    let body = stream::unfold(pieces, |mut pieces| async move { pieces.recv().await.map(|piece| (piece, pieces)) });
    Ok(([(CONTENT_TYPE, "application/octet-stream")], Body::from_stream(body)).into_response())
}

type Piece = io::Result<Bytes>;

fn write(store: &EmbeddedStore, queue: &mpsc::Sender<Piece>) -> Result<(), StoreError> {
    let mut writer = BackupWriter::new(Pieces { queue, piece: Vec::new() })?;
    store.walk(&mut writer)?;
    writer.finish().map(drop)
}

/// Gathers what is written into pieces.
struct Pieces<'a> {
    queue: &'a mpsc::Sender<Piece>,
    piece: Vec<u8>,
}

impl Write for Pieces<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= PIECE_BYTES {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let piece = Bytes::from(std::mem::take(&mut self.piece));
        self.queue.blocking_send(Ok(piece)).map_err(|_| io::Error::other("the reader has gone"))
    }
}
