//! Where a walk's entries go.

use tokio::sync::mpsc;

use super::entry::Entry;
use crate::store::StoreError;

/// Takes what a walk finds.
pub trait Sink {
    /// Takes an entry.
    ///
    /// # Errors
    /// The walk ends with it.
    fn entry(&mut self, entry: Entry) -> Result<(), StoreError>;

    /// Takes notice of damage. Unless a sink gathers findings, the walk ends with the first.
    ///
    /// # Errors
    /// The walk ends with it.
    fn finding(&mut self, finding: String) -> Result<(), StoreError> {
        Err(StoreError::Corrupt(finding))
    }
}

/// Gives everything to two sinks.
pub struct Both<'a, A, B>(
    /// The first to be told.
    pub &'a mut A,
    /// The second.
    pub &'a mut B,
);

impl<A: Sink, B: Sink> Sink for Both<'_, A, B> {
    fn entry(&mut self, entry: Entry) -> Result<(), StoreError> {
        self.0.entry(entry.clone())?;
        self.1.entry(entry)
    }

    fn finding(&mut self, finding: String) -> Result<(), StoreError> {
        self.0.finding(finding.clone())?;
        self.1.finding(finding)
    }
}

/// Entries of a batch, unless fewer are as heavy as [`BATCH_BYTES`].
const BATCH_ENTRIES: usize = 1024;
const BATCH_BYTES: usize = 1024 * 1024;

/// Hands entries over to a task in batches. Waits while the task has enough, so it must not run on the task's thread.
pub struct Batches {
    queue: mpsc::Sender<Vec<Entry>>,
    batch: Vec<Entry>,
    bytes: usize,
}

impl Batches {
    /// A sink, and where its batches come out.
    pub fn new() -> (Self, mpsc::Receiver<Vec<Entry>>) {
        let (queue, batches) = mpsc::channel(2);
        (Self { queue, batch: Vec::new(), bytes: 0 }, batches)
    }

    /// Hands over what is left.
    ///
    /// # Errors
    /// The task is gone.
    pub fn finish(mut self) -> Result<(), StoreError> {
        self.flush()
    }

    fn flush(&mut self) -> Result<(), StoreError> {
        self.bytes = 0;
        let batch = std::mem::take(&mut self.batch);
        if batch.is_empty() {
            return Ok(());
        }
        let gone = |_| StoreError::Unavailable("whoever took the entries has given up".into());
        self.queue.blocking_send(batch).map_err(gone)
    }
}

impl Sink for Batches {
    fn entry(&mut self, entry: Entry) -> Result<(), StoreError> {
        self.bytes += entry.weight();
        self.batch.push(entry);
        if self.batch.len() >= BATCH_ENTRIES || self.bytes >= BATCH_BYTES { self.flush() } else { Ok(()) }
    }
}
