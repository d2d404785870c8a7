//! Finds the lanes that are in the store, but not in memory: all of them at the start, later those that had no room.
//!
//! At the start every row is counted as well; a partition's lanes run only once it has been counted, so that no job is
//! counted that is just being done.

use std::sync::Arc;
use std::time::Duration;

use natter_store::StoreError;

use super::gauges::Tally;
use super::outbox::{Shared, head_of};
use super::record::{LaneId, PARTITIONS};
use super::rows::{Page, Place};
use super::schedule::LaneHead;

/// Rows of one read; each may carry a payload.
const PAGE_ROWS: usize = 32;
/// Wait after the store has failed.
const SETBACK: Duration = Duration::from_secs(1);

/// Surveys until the outbox is stopped.
pub(super) async fn run(shared: Arc<Shared>) {
    let stop = shared.stop.clone();
    tokio::select! {
        () = stop.cancelled() => {}
        () = survey(&shared) => {}
    }
}

async fn survey(shared: &Shared) {
    for partition in 0..PARTITIONS {
        while let Err(error) = shared.open_partition(partition).await {
            tracing::warn!(%error, "the outbox cannot read the store");
            tokio::time::sleep(SETBACK).await;
        }
    }
    loop {
        shared.show();
        tokio::time::sleep(shared.options.survey_interval).await;
        if let Err(error) = shared.look_again().await {
            tracing::warn!(%error, "the outbox cannot read the store");
        }
    }
}

/// The lanes of a partition, as far as there is room for them.
struct Found {
    lanes: Vec<(LaneId, LaneHead)>,
    lanes_max: usize,
    last: Option<LaneId>,
    is_cut: bool,
}

impl Found {
    fn new(lanes_max: usize) -> Self {
        Self { lanes: Vec::new(), lanes_max, last: None, is_cut: false }
    }

    /// Takes the first job of each lane.
    fn take(&mut self, page: &Page) {
        for record in &page.records {
            let lane = record.lane();
            if self.last == Some(lane) {
                continue;
            }
            self.last = Some(lane);
            if self.lanes.len() < self.lanes_max {
                self.lanes.push((lane, head_of(record)));
            } else {
                self.is_cut = true;
            }
        }
    }
}

impl Shared {
    async fn open_partition(&self, partition: usize) -> Result<(), StoreError> {
        let (mut found, mut counted) = (Found::new(self.options.lanes_max), Tally::default());
        let mut after: Option<String> = None;
        loop {
            let page = self.rows.page(Place::Waiting, partition, after.as_deref(), PAGE_ROWS).await?;
            found.take(&page);
            // Jobs of this start are counted by whoever enqueues them.
            let old = page.records.iter().filter(|record| record.id.start() < self.start);
            old.for_each(|record| counted.came(&record.head));
            match page.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        self.count_dead(partition, &mut counted).await?;
        self.tally.lock().add(counted);
        self.schedule.lock().open(partition);
        self.admit_all(found);
        Ok(())
    }

    async fn count_dead(&self, partition: usize, counted: &mut Tally) -> Result<(), StoreError> {
        let mut after: Option<String> = None;
        loop {
            let page = self.rows.page(Place::Dead, partition, after.as_deref(), PAGE_ROWS).await?;
            page.records.iter().for_each(|record| counted.died(record.head.kind));
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(()),
            }
        }
    }

    /// Looks for lanes that had no room, without reading more than their first jobs.
    async fn look_again(&self) -> Result<(), StoreError> {
        {
            let mut schedule = self.schedule.lock();
            if !schedule.is_incomplete() {
                return Ok(());
            }
            schedule.begin_survey();
        }
        for partition in 0..PARTITIONS {
            let mut after: Option<String> = None;
            loop {
                let mut found = Found::new(PAGE_ROWS);
                let page = self.rows.page(Place::Waiting, partition, after.as_deref(), PAGE_ROWS).await?;
                found.take(&page);
                after = match (page.next, found.last) {
                    (Some(_), Some(last)) => Some(last.end()),
                    (Some(next), None) => Some(next),
                    (None, _) => None,
                };
                self.admit_all(found);
                if after.is_none() {
                    break;
                }
            }
        }
        Ok(())
    }

    fn admit_all(&self, found: Found) {
        let mut schedule = self.schedule.lock();
        if found.is_cut {
            schedule.left_out();
        }
        found.lanes.into_iter().for_each(|(lane, head)| schedule.admit(lane, head));
        drop(schedule);
        self.wake.notify_one();
    }
}
