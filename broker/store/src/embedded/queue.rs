//! The bounded way to the committer.
//!
//! It is bounded in calls and in bytes. A caller for whom there is no room waits, so that pressure reaches whoever
//! publishes; nothing is dropped. A call holds its bytes until it is answered.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use super::command::Command;
use super::options::EmbeddedOptions;
use super::poison::Poison;
use crate::store::StoreError;

/// A queued command with the room that it takes up.
pub(super) struct Job {
    pub(super) command: Command,
    pub(super) room: OwnedSemaphorePermit,
}

/// The callers' end. Clones share the queue; the committer ends when the last is gone and all is done.
#[derive(Clone)]
pub(super) struct Queue {
    jobs: mpsc::Sender<Job>,
    room: Arc<Semaphore>,
    bytes_max: u32,
    poison: Poison,
}

/// Why there is no answer.
pub(super) enum NoAnswer {
    /// The committer never saw the command.
    Refused(StoreError),
    /// The committer died with it.
    Lost(StoreError),
}

impl NoAnswer {
    pub(super) fn into_error(self) -> StoreError {
        match self {
            Self::Refused(error) | Self::Lost(error) => error,
        }
    }
}

impl Queue {
    pub(super) fn new(options: &EmbeddedOptions, poison: Poison) -> (Self, mpsc::Receiver<Job>) {
        let (jobs, receiver) = mpsc::channel(options.queue_calls_max.max(1));
        let bytes_max = options.queue_bytes_max.max(1);
        let permits = usize::try_from(bytes_max).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        (Self { jobs, room: Arc::new(Semaphore::new(permits)), bytes_max, poison }, receiver)
    }

    /// Queues the command that `command` makes and waits for its answer.
    pub(super) async fn ask<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> Command) -> Result<T, NoAnswer> {
        let (reply, answer) = oneshot::channel();
        let command = command(reply);
        self.poison.check().map_err(NoAnswer::Refused)?;
        let bytes = u32::try_from(command.bytes()).unwrap_or(u32::MAX).min(self.bytes_max);
        let room = Arc::clone(&self.room).acquire_many_owned(bytes).await;
        let room = room.map_err(|_| NoAnswer::Refused(self.gone()))?;
        self.jobs.send(Job { command, room }).await.map_err(|_| NoAnswer::Refused(self.gone()))?;
        answer.await.map_err(|_| NoAnswer::Lost(self.gone()))
    }

    fn gone(&self) -> StoreError {
        self.poison.check().err().unwrap_or_else(|| StoreError::Unavailable("the store is closed".into()))
    }

    /// Calls that wait.
    pub(super) fn calls(&self) -> usize {
        self.jobs.max_capacity() - self.jobs.capacity()
    }

    /// Bytes that wait or are being committed.
    pub(super) fn bytes(&self) -> usize {
        usize::try_from(self.bytes_max).unwrap_or(usize::MAX).saturating_sub(self.room.available_permits())
    }
}
