//! The one thread that writes: it takes all that waits, decides it, writes it as one batch, syncs once, and only then
//! answers. While it syncs the next batch gathers, so there is no timer and no batch is smaller than it must be.
//!
//! It is a thread and not a task because it blocks: fjall holds its journal lock while it syncs.
//!
//! Invariant: no answer leaves before the batch that it rests on is durable. When a write or a sync fails, nothing of
//! that batch is acknowledged and nothing is written any more until the store is opened anew.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;

use fjall::PersistMode;
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use super::batch::Batch;
use super::command::{Answer, Command};
use super::heads::HeadCache;
use super::keys;
use super::options::EmbeddedOptions;
use super::poison::{Poison, PoisonOnPanic};
use super::queue::Job;
use super::sweep::{Sweep, clear_prefix};
use super::tables::{Tables, persist_mode};
use crate::clock::Clock;
use crate::observer::StoreObserver;
use crate::store::StoreError;

/// Most log events and other commands that one batch carries.
const BATCH_RECORDS_MAX: usize = 2048;
/// Most payload of a batch, unless its first command alone is larger.
const BATCH_BYTES_MAX: usize = 1024 * 1024;

/// The committer's state.
pub(super) struct Committer {
    jobs: mpsc::Receiver<Job>,
    /// The job that would have made the last batch too large.
    carried: Option<Job>,
    tables: Tables,
    heads: HeadCache,
    sweep: Sweep,
    poison: Poison,
    persist_mode: PersistMode,
    clock: Clock,
    observer: Arc<dyn StoreObserver>,
    #[cfg(feature = "faults")]
    faults: super::faults::Faults,
}

impl Committer {
    /// Starts the thread. It ends when every sender of `jobs` is gone and all that was queued is done.
    pub(super) fn spawn(
        options: &EmbeddedOptions,
        tables: Tables,
        jobs: mpsc::Receiver<Job>,
        poison: Poison,
    ) -> std::io::Result<JoinHandle<()>> {
        let committer = Self {
            jobs,
            carried: None,
            tables,
            heads: HeadCache::new(options.heads_max),
            sweep: Sweep::new(),
            poison,
            persist_mode: persist_mode(options.durability),
            clock: Arc::clone(&options.clock),
            observer: Arc::clone(&options.observer),
            #[cfg(feature = "faults")]
            faults: super::faults::Faults::from_env(),
        };
        std::thread::Builder::new().name("natter-committer".into()).spawn(move || committer.run())
    }

    fn run(mut self) {
        let _guard = PoisonOnPanic(self.poison.clone());
        while let Some(jobs) = self.gather() {
            if let Err(error) = self.poison.check() {
                jobs.into_iter().for_each(|job| job.command.refuse(error.clone()));
                continue;
            }
            self.commit(jobs);
            self.clear_away();
        }
        if self.poison.reason().is_none()
            && let Err(error) = self.tables.database.persist(PersistMode::SyncAll)
        {
            self.poison.set(format!("the last sync failed: {error}"));
        }
    }

    /// Waits for a job and takes all that wait behind it, up to a batch's bounds. `None` when there will be no more.
    fn gather(&mut self) -> Option<Vec<Job>> {
        let first = self.carried.take().or_else(|| self.jobs.blocking_recv())?;
        let (mut records, mut bytes) = (weight(&first), first.command.bytes());
        let is_alone = first.command.is_alone();
        #[cfg(feature = "faults")]
        let is_alone = is_alone || self.faults.one_event_per_sync();
        let mut jobs = vec![first];
        while !is_alone && records < BATCH_RECORDS_MAX && bytes < BATCH_BYTES_MAX {
            let Ok(job) = self.jobs.try_recv() else { break };
            records += weight(&job);
            bytes += job.command.bytes();
            if records > BATCH_RECORDS_MAX || bytes > BATCH_BYTES_MAX || job.command.is_alone() {
                self.carried = Some(job);
                break;
            }
            jobs.push(job);
        }
        Some(jobs)
    }

    fn commit(&mut self, jobs: Vec<Job>) {
        if let Err(error) = self.finish_deletions(&jobs) {
            let reason = format!("a deleted log could not be cleared: {error}");
            self.poison.set(reason.clone());
            jobs.into_iter().for_each(|job| job.command.refuse(StoreError::Poisoned(reason.clone())));
            return;
        }
        let mut batch = Batch::new(&self.tables, &mut self.heads, (self.clock)());
        let decided: Vec<(Answer, _)> = jobs.into_iter().map(|job| (batch.decide(job.command), job.room)).collect();
        #[cfg(feature = "faults")]
        let decided = self.faults.ack_before_commit(decided);
        let events = batch.events();
        let mut writes = self.tables.database.batch().durability(Some(self.persist_mode));
        let committed = batch.fill(&mut writes);
        let started = Instant::now();
        let written = self.write(writes);
        match written {
            Ok(true) => self.observer.synced(events, started.elapsed().as_secs_f64()),
            Ok(false) => {}
            Err(reason) => {
                self.poison.set(reason.clone());
                answer_all(decided, |answer| answer.fail(StoreError::Poisoned(reason.clone())));
                return;
            }
        }
        committed.unfinished.iter().for_each(|(channel, stored)| self.sweep.consider(channel, stored));
        for (channel, stored) in committed.heads {
            if stored.deleting {
                self.sweep.consider_deletions();
            }
            self.sweep.consider(&channel, &stored);
            self.heads.put(channel, stored);
        }
        answer_all(decided, Answer::deliver);
    }

    /// Writes a batch durably; `false` when there was nothing to write.
    fn write(&mut self, writes: fjall::OwnedWriteBatch) -> Result<bool, String> {
        if writes.is_empty() {
            return Ok(false);
        }
        #[cfg(feature = "faults")]
        let writes = self.faults.fail_sync(writes)?;
        writes.commit().map(|()| true).map_err(|error| format!("a batch could not be written: {error}"))
    }

    /// Clears away what is left of deleted logs that are about to be opened again.
    fn finish_deletions(&mut self, jobs: &[Job]) -> fjall::Result<()> {
        for job in jobs {
            let Command::OpenLog(channel, ..) = &job.command else { continue };
            // A head that cannot be read is for the opening to tell.
            if !matches!(self.heads.load(&self.tables, channel), Ok(Some(stored)) if stored.deleting) {
                continue;
            }
            // Ends, since every step removes something that nobody can add to.
            while !clear_prefix(&self.tables, &keys::channel(channel))? {}
            self.heads.forget(channel);
        }
        Ok(())
    }

    /// Does one bounded step of each kind of clearing; while nobody waits, finishes a trim or a deletion at once.
    fn clear_away(&mut self) {
        loop {
            let result = self.clear_one_log().and_then(|more| {
                self.sweep.clear_keys(&self.tables, (self.clock)())?;
                if let Some(gone) = self.sweep.clear_deletion(&self.tables)? {
                    self.heads.forget(&gone);
                }
                Ok(more || self.sweep.has_deletions())
            });
            match result {
                Ok(true) if self.carried.is_none() && self.jobs.is_empty() && !self.jobs.is_closed() => {}
                Ok(_) => return,
                Err(error) => return self.poison.set(format!("clearing away failed: {error}")),
            }
        }
    }

    /// Answers whether there may be more to clear.
    fn clear_one_log(&mut self) -> fjall::Result<bool> {
        let Some(channel) = self.sweep.next_log() else { return Ok(false) };
        // A head that cannot be read is its opener's error; there is nothing to clear by it.
        let Ok(Some(stored)) = self.heads.load(&self.tables, &channel) else { return Ok(true) };
        if stored.deleting {
            return Ok(true);
        }
        let cleared = self.sweep.clear_log(&self.tables, &channel, stored)?;
        self.heads.put(channel, cleared);
        Ok(true)
    }
}

/// What a job counts in a batch: its events, or one.
fn weight(job: &Job) -> usize {
    job.command.events().max(1)
}

/// Gives back each command's room, so that a caller who has its answer finds it free, and answers.
fn answer_all(decided: Vec<(Answer, OwnedSemaphorePermit)>, answer_one: impl Fn(Answer)) {
    for (answer, room) in decided {
        drop(room);
        answer_one(answer);
    }
}
