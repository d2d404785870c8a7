//! What must be true of every node, and of all of them in the end.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use natter_core::{
    Carried, Delivery, Draft, Effect, LaneId, LaneSet, LogRecord, Publication, Published, Refusal, Reply, Since,
    Subscribed,
};

use super::cluster::{Asked, Cluster, Member, number_of};

impl Cluster {
    pub fn check(&mut self, node: usize, effect: Effect<u64>) {
        match effect {
            Effect::Reply { to, reply } => match (self.waiting.remove(&to).expect("answered once"), reply) {
                (Asked::Publish { draft }, Reply::Published(result)) => self.check_published(&draft, result),
                (Asked::Subscribe { lane, since }, Reply::Subscribed(result)) => {
                    // Whoever is refused tries again, from where it was.
                    match result {
                        Ok(subscribed) => self.check_subscribed(node, lane, since, *subscribed),
                        Err(_) => self.told.extend(since.map(|since| since.offset)),
                    }
                }
                (asked, reply) => panic!("{asked:?} was answered {reply:?}"),
            },
            Effect::Deliver { lanes, delivery } => self.check_delivery(node, lanes, &delivery),
            Effect::Invalidate { lanes, channel } => {
                let members = std::mem::take(&mut self.nodes[node].members);
                let (over, others): (Vec<_>, Vec<_>) = members.into_iter().partition(|m| m.handle == channel);
                assert_eq!(lanes_of(&over), lanes.iter().collect(), "all subscribers are told");
                self.nodes[node].members = others;
                self.told.extend(over.into_iter().map(|member| member.position));
            }
            Effect::Committed { publications, .. } => {
                publications.iter().for_each(|publication| self.check_committed(publication));
                for publication in publications {
                    let before = self.nodes[node].observed.replace(publication.offset);
                    assert!(
                        before.is_none_or(|before| before + 1 == publication.offset),
                        "the domain missed something"
                    );
                }
            }
            Effect::Lost { .. } => self.nodes[node].observed = None,
            effect => unreachable!("{effect:?}"),
        }
    }

    pub fn check_carried(&self, carried: &Carried) {
        assert_eq!(carried.epoch, self.epoch);
        assert!(!carried.publications.is_empty());
        let numbered = carried.publications.iter().filter(|publication| publication.offset > 0);
        numbered.for_each(|publication| self.check_committed(publication));
    }

    /// The store takes a record.
    pub fn check_appended(&mut self, record: LogRecord) {
        assert_eq!(record.publication.offset, self.log.len() as u64 + 1);
        let newest = self.log.iter().filter_map(|stored| stored.version.as_ref()).max();
        assert!(record.version.is_none() || newest < record.version.as_ref(), "an old version was published");
        self.log.push(record);
    }

    fn check_committed(&self, publication: &Arc<Publication>) {
        let stored = self.log.get(publication.offset as usize - 1).map(|record| &record.publication);
        assert_eq!(stored, Some(publication), "what is told is stored");
    }

    fn check_published(&mut self, draft: &Draft, result: Result<Published, Refusal>) {
        let id = number_of(&draft.data);
        let published = match result {
            Ok(published) => published,
            Err(Refusal::StoreUnavailable { outcome_known: false }) => return,
            Err(_) => return self.refused.push(id),
        };
        if published.offset == 0 {
            let is_allowed = draft.skip_history || published.suppressed;
            return assert!(is_allowed, "a number was forgotten");
        }
        let stored = &self.log[published.offset as usize - 1];
        let has_key = stored.idempotency_key.is_some() && stored.idempotency_key == draft.idempotency_key;
        match published.suppressed {
            true => assert!(has_key || draft.version.is_some() || draft.idempotency_key.is_some(), "{draft:?}"),
            false => assert_eq!(number_of(&stored.publication.data), id, "acknowledged under another's number"),
        }
    }

    fn check_subscribed(&mut self, node: usize, lane: LaneId, since: Option<Since>, answer: Subscribed) {
        assert!(answer.offset <= self.log.len() as u64);
        if let (Some(since), Some(recovery)) = (since, answer.recovery) {
            // A node that does not know yet what the subscriber has seen elsewhere says that it cannot help.
            assert_eq!(recovery.recovered, since.offset <= answer.offset);
            if recovery.recovered {
                let missed = self.log[since.offset as usize..answer.offset as usize].iter();
                assert!(missed.map(|record| &record.publication).eq(recovery.publications.iter()));
            }
        }
        self.nodes[node].members.push(Member { handle: answer.handle, lane, position: answer.offset });
    }

    fn check_delivery(&mut self, node: usize, lanes: LaneSet, delivery: &Delivery) {
        if let Some(previous) = &delivery.previous {
            self.check_committed(previous);
            assert_eq!(previous.offset + 1, delivery.publications[0].offset);
        }
        let numbered = || delivery.publications.iter().filter(|publication| publication.offset > 0);
        numbered().for_each(|publication| self.check_committed(publication));
        let members = self.nodes[node].members.iter_mut().filter(|member| member.handle == delivery.channel);
        let mut members: Vec<_> = members.collect();
        assert_eq!(lanes_of(members.iter().map(|member| &**member)), lanes.iter().collect());
        for publication in numbered() {
            for member in &mut members {
                assert_eq!(member.position + 1, publication.offset, "a hole, a repeat or another order");
                member.position += 1;
            }
        }
    }

    /// Nothing is owed to anybody, and everybody has everything.
    pub fn check_in_line(&self) {
        assert!(self.waiting.is_empty(), "never answered: {:?}", self.waiting);
        for member in self.nodes.iter().flat_map(|node| &node.members) {
            assert_eq!(member.position, self.log.len() as u64, "{member:?} waits for what nobody will tell it");
        }
    }

    pub fn check_promises(&self) {
        assert!(self.told.is_empty(), "a working store recovers everybody");
        let stored: Vec<_> = self.log.iter().map(|record| number_of(&record.publication.data)).collect();
        assert!(self.refused.iter().all(|id| !stored.contains(id)), "a refused one is stored");
        assert_eq!(stored.iter().collect::<HashSet<_>>().len(), stored.len(), "something is stored twice");
    }
}

fn lanes_of<'a>(members: impl IntoIterator<Item = &'a Member>) -> BTreeSet<LaneId> {
    members.into_iter().map(|member| member.lane).collect()
}
