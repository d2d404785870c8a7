//! What must be true of every effect.

use std::collections::BTreeSet;
use std::sync::Arc;

use natter_core::{
    ChannelHandle, ClientInfo, Delivery, Draft, Effect, Epoch, HistoryPage, HistoryQuery, LaneId, LaneSet, MESSAGE,
    PresenceEdge, Publication, Published, Refusal, Reply, Since, Subscribed, Subscriber,
};

use super::driver::{Asked, Driver, number_of};
use super::model::Member;

impl Driver {
    pub fn observe(&mut self, effect: Effect<u64>) {
        match effect {
            Effect::Reply { to, reply } => {
                let asked = self.waiting.remove(&to).expect("a request is answered once");
                self.answered(asked, reply);
            }
            Effect::Deliver { lanes, delivery } => self.delivered(lanes, &delivery),
            Effect::Announce { lanes, channel, edge, info } => self.announced(lanes, channel, edge, &info),
            Effect::Invalidate { lanes, channel } => {
                let index = self.channel_of(channel);
                assert_eq!(self.lanes_of(index), lanes_in(lanes), "all subscribers are told");
                let model = &mut self.models[index];
                model.invalidated.append(&mut model.members);
                model.present.clear();
                assert!(model.due.is_empty(), "what is released is handed out first");
            }
            Effect::Committed { publications, .. } => {
                assert!(
                    !publications.is_empty() && publications.is_sorted_by(|one, next| one.offset + 1 == next.offset)
                );
            }
            Effect::Lost { .. } | Effect::Carry { .. } | Effect::Follow { .. } => unreachable!("the shard is alone"),
            Effect::OpenLog { .. }
            | Effect::Append { .. }
            | Effect::Read { .. }
            | Effect::Trim { .. }
            | Effect::Remove { .. } => {
                unreachable!("the store has taken it")
            }
        }
    }

    fn answered(&mut self, asked: Asked, reply: Reply) {
        match (asked, reply) {
            (Asked::Publish { channel, draft, expected }, Reply::Published(result)) => match expected {
                Some(expected) => {
                    let result = result.expect("a channel in memory takes every publication");
                    self.learn_epoch(channel, result.epoch.as_ref());
                    assert_eq!((result.offset, result.suppressed), (expected.offset, expected.suppressed));
                    assert_eq!(result.epoch.is_some(), expected.epoch.is_some(), "{result:?}");
                }
                None => self.durably_published(channel, &draft, result),
            },
            (Asked::Subscribe { channel, subscriber, since }, Reply::Subscribed(result)) => match result {
                Ok(subscribed) => self.subscribed(channel, subscriber, since, *subscribed),
                Err(refusal) => self.refused(refusal),
            },
            (Asked::History { channel, query }, Reply::History(result)) => {
                self.history_answered(channel, &query, result)
            }
            (Asked::RemoveHistory { channel }, Reply::HistoryRemoved(result)) => match result {
                Ok(()) => {
                    let emptied_to = self.models[channel].top() + 1;
                    self.models[channel].first = emptied_to;
                    if self.options.durable {
                        let log = &self.store.logs[self.channels[channel].name()];
                        assert_eq!(log.first, emptied_to, "answered before it was stored");
                    }
                }
                Err(refusal) => self.refused_without_history(refusal),
            },
            (Asked::Presence { channel }, Reply::Presence(result)) => match result {
                Ok(present) => {
                    let expected: Vec<_> = self.models[channel].present.values().cloned().collect();
                    assert_eq!(present, expected);
                }
                Err(refusal) => self.refused(refusal),
            },
            (asked, reply) => panic!("{asked:?} was answered {reply:?}"),
        }
    }

    /// What a channel in memory must answer; the model takes the publication in.
    pub fn expected_publish(&mut self, channel: usize, draft: &Draft) -> Published {
        let (now, has_history) = (self.now, self.options.has_history());
        let model = &mut self.models[channel];
        if let Some(repeated) = model.repeated(draft, now) {
            let has_position = repeated.offset > 0 || (has_history && draft.idempotency_key.is_none());
            return Published { epoch: has_position.then(|| Epoch::new("any")), ..repeated };
        }
        let offset = if draft.skip_history || !has_history { 0 } else { model.top() + 1 };
        let publication = Publication {
            offset,
            seq: offset,
            kind: MESSAGE,
            time_ms: now,
            data: draft.data.clone(),
            info: None,
            tags: None,
            delta: false,
            keyed: None,
        };
        model.release(publication, draft, now);
        Published {
            offset,
            seq: offset,
            time_ms: now,
            epoch: (offset > 0).then(|| Epoch::new("any")),
            suppressed: false,
        }
    }

    fn durably_published(&mut self, channel: usize, draft: &Draft, result: Result<Published, Refusal>) {
        let id = number_of(&draft.data);
        let published = match result {
            Ok(published) => published,
            Err(refusal) => {
                if refusal != (Refusal::StoreUnavailable { outcome_known: false }) {
                    self.refused.push((channel, id));
                }
                return self.refused(refusal);
            }
        };
        let stored = self.store.logs[self.channels[channel].name()]
            .records
            .get(published.offset as usize - usize::from(published.offset > 0));
        if published.offset == 0 && published.epoch.is_none() {
            return assert!(draft.skip_history || published.suppressed, "a number was forgotten");
        }
        if published.offset == 0 {
            return assert!(published.suppressed && draft.version.is_some(), "only an old version has no number");
        }
        assert!(published.offset <= self.models[channel].top(), "acknowledged before it was stored");
        let stored = stored.expect("what is acknowledged is stored");
        if published.suppressed {
            let is_repeat = has_key_of(&self.drafts[&number_of(&stored.publication.data)], draft);
            assert!(is_repeat || self.has_newer_version(channel, draft), "{draft:?} was suppressed without a cause");
        } else {
            assert_eq!(number_of(&stored.publication.data), id);
            assert!(!self.acknowledged.contains(&(channel, published.offset, id)), "acknowledged twice");
            self.acknowledged.push((channel, published.offset, id));
        }
    }

    /// Whether the log has a version which makes that of a draft old, or that of one whose result it shares.
    fn has_newer_version(&self, channel: usize, draft: &Draft) -> bool {
        let shares = |other: &&Draft| other.data == draft.data || has_key_of(other, draft);
        let oldest = self.drafts.values().filter(shares).filter_map(|other| other.version.as_ref()).min();
        let Some((oldest, _)) = oldest else { return false };
        let stored = self.models[channel].log.iter().map(|publication| &self.drafts[&number_of(&publication.data)]);
        stored.filter_map(|stored| stored.version.as_ref()).any(|(stored, _)| stored >= oldest)
    }

    fn subscribed(&mut self, channel: usize, subscriber: Subscriber, since: Option<Since>, answer: Subscribed) {
        self.learn_epoch(channel, answer.epoch.as_ref());
        let now = self.now;
        let model = &mut self.models[channel];
        assert!(model.due.is_empty(), "what is below the position is handed out before");
        assert_eq!(answer.offset, model.top(), "the stable position");
        let recovery = since.filter(|_| model.options.has_history()).map(|since| model.recover(&since, now));
        assert_eq!(answer.recovery, recovery);
        if let Some(info) = &subscriber.info {
            model.present.insert(Arc::clone(&subscriber.client), Arc::clone(info));
            self.edges_due.push((PresenceEdge::Joined, info.client.clone()));
        }
        model.members.push(Member { subscriber, handle: answer.handle, position: answer.offset });
    }

    fn history_answered(&mut self, channel: usize, query: &HistoryQuery, result: Result<Box<HistoryPage>, Refusal>) {
        let (now, is_durable) = (self.now, self.options.durable);
        match result {
            Ok(page) => {
                self.learn_epoch(channel, Some(&page.epoch));
                let model = &mut self.models[channel];
                assert!(page.offset == model.top() || (is_durable && page.offset < model.top()), "{}", page.offset);
                assert_eq!(Ok(page.publications), model.page(query, page.offset, now));
            }
            Err(Refusal::NotAvailable) => assert!(!self.options.has_history()),
            Err(refusal @ (Refusal::UnrecoverablePosition | Refusal::BadRequest)) => {
                let top = self.models[channel].top();
                assert_eq!(Err(refusal), self.models[channel].page(query, top, now));
            }
            Err(refusal) => self.refused(refusal),
        }
    }

    fn delivered(&mut self, lanes: LaneSet, delivery: &Delivery) {
        let index = self.channel_of(delivery.channel);
        assert_eq!(lanes_in(lanes), self.lanes_of(index), "exactly the lanes that have subscribers");
        if self.options.has_history() {
            assert!(delivery.epoch.is_some(), "the epoch is told");
            self.learn_epoch(index, delivery.epoch.as_ref());
        }
        let is_durable = self.options.durable;
        let model = &mut self.models[index];
        if let Some(previous) = &delivery.previous {
            assert!(!model.is_chain_broken, "a delta against what subscribers did not get last");
            assert_eq!(previous.offset + 1, delivery.publications[0].offset);
            assert_eq!(**previous, model.log[previous.offset as usize - 1]);
        }
        for publication in &delivery.publications {
            model.is_chain_broken = publication.offset == 0;
            if publication.offset == 0 && is_durable {
                assert!(self.drafts[&number_of(&publication.data)].skip_history, "it went around the store");
                continue;
            }
            assert_eq!(Some(&**publication), model.due.pop_front().as_ref(), "in order, each once, and stored");
            for member in model.members.iter_mut().filter(|_| publication.offset > 0) {
                assert_eq!(member.position + 1, publication.offset, "{member:?} has a gap");
                member.position += 1;
            }
        }
    }

    fn announced(&mut self, lanes: LaneSet, channel: ChannelHandle, edge: PresenceEdge, info: &ClientInfo) {
        let index = self.channel_of(channel);
        assert_eq!(lanes_in(lanes), self.lanes_of_those_who_stay(index));
        let due = self.edges_due.iter().position(|due| *due == (edge, info.client.clone()));
        self.edges_due.remove(due.expect("an edge is announced once"));
    }

    /// After a batch nothing released is left to hand out.
    pub fn check_quiet(&self) {
        for model in &self.models {
            assert!(model.due.is_empty(), "not handed out: {:?}", model.due);
            assert!(model.members.iter().all(|member| member.position == model.top()), "{:?}", model.members);
        }
        assert!(self.shard.stats().publications_held <= 2 * self.options.history_size.max(64), "memory is bounded");
    }

    /// What was acknowledged is stored, and what was refused is not.
    pub fn check_promises(&self) {
        for (channel, offset, id) in &self.acknowledged {
            let log = &self.store.logs[self.channels[*channel].name()];
            assert_eq!(
                number_of(&log.records[*offset as usize - 1].publication.data),
                *id,
                "an acknowledged one is lost"
            );
        }
        for (channel, id) in &self.refused {
            let Some(log) = self.store.logs.get(self.channels[*channel].name()) else { continue };
            assert!(
                log.records.iter().all(|record| number_of(&record.publication.data) != *id),
                "a refused one is stored"
            );
        }
    }

    /// An epoch stays while anything of its stream does, and never comes back.
    fn learn_epoch(&mut self, channel: usize, epoch: Option<&Epoch>) {
        let Some(epoch) = epoch else { return };
        let model = &mut self.models[channel];
        assert!(!model.former_epochs.contains(epoch), "a rebuilt stream has a new epoch");
        assert_eq!(model.epoch.get_or_insert_with(|| epoch.clone()), epoch, "the epoch has changed");
    }

    fn refused(&self, refusal: Refusal) {
        let is_cause = matches!(refusal, Refusal::StoreUnavailable { .. } | Refusal::Busy);
        assert!(self.options.durable && is_cause, "refused: {refusal}");
    }

    fn refused_without_history(&self, refusal: Refusal) {
        if self.options.has_history() {
            return self.refused(refusal);
        }
        assert_eq!(refusal, Refusal::NotAvailable);
    }

    fn channel_of(&self, handle: ChannelHandle) -> usize {
        let is_its = |member: &Member| member.handle == handle;
        self.models.iter().position(|model| model.members.iter().any(is_its)).expect("someone is subscribed")
    }

    fn lanes_of(&self, channel: usize) -> BTreeSet<LaneId> {
        self.models[channel].members.iter().map(|member| member.subscriber.lane).collect()
    }

    fn lanes_of_those_who_stay(&self, channel: usize) -> BTreeSet<LaneId> {
        let members = self.models[channel].members.iter().enumerate();
        let stays = |index: usize| self.leaving != Some((channel, index));
        members.filter(|(index, _)| stays(*index)).map(|(_, member)| member.subscriber.lane).collect()
    }
}

fn has_key_of(one: &Draft, other: &Draft) -> bool {
    one.idempotency_key.is_some() && one.idempotency_key == other.idempotency_key
}

fn lanes_in(lanes: LaneSet) -> BTreeSet<LaneId> {
    lanes.iter().collect()
}
