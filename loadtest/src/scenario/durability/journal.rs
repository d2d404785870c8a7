//! Writing the operation log: a bounded queue and one thread, so that no publisher waits for the disk unless it must.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use anyhow::{Result, anyhow};

use crate::oracle::Event;

/// Events that may wait to be written.
const QUEUE: usize = 65_536;

/// The log under construction.
#[derive(Debug)]
pub(super) struct Journal {
    open: Mutex<Option<Open>>,
    queue: SyncSender<Option<Event>>,
}

#[derive(Debug)]
struct Open {
    writer: JoinHandle<Result<()>>,
}

impl Journal {
    /// Begins a log.
    pub(super) fn create(path: &Path) -> Result<Self> {
        let file = BufWriter::with_capacity(1 << 20, File::create(path)?);
        let (queue, events) = sync_channel(QUEUE);
        let writer = std::thread::Builder::new().name("journal".into()).spawn(move || write_all(file, &events))?;
        Ok(Self { open: Mutex::new(Some(Open { writer })), queue })
    }

    /// Adds an event; waits while too many are queued. A failed writer is reported by [`Self::finish`].
    pub(super) fn write(&self, event: Event) {
        let _ = self.queue.send(Some(event));
    }

    /// Writes what is queued and closes the file.
    pub(super) fn finish(&self) -> Result<()> {
        let _ = self.queue.send(None);
        let open = self.open.lock().ok().and_then(|mut open| open.take());
        let open = open.ok_or_else(|| anyhow!("the log was finished before"))?;
        open.writer.join().map_err(|_| anyhow!("the log writer panicked"))?
    }
}

fn write_all(mut file: BufWriter<File>, events: &Receiver<Option<Event>>) -> Result<()> {
    while let Ok(Some(event)) = events.recv() {
        serde_json::to_writer(&mut file, &event)?;
        file.write_all(b"\n")?;
    }
    Ok(file.flush()?)
}
