//! A clean log to spoil, and the tests that every kind of spoiling is caught.

use super::log::{Event, Outcome, Position, Resume};
use super::verdict::Invariant;
use super::{Judgement, judge};

const CHANNEL: &str = "durable:0";
const EPOCH: &str = "abcdefgh";

/// A log of one channel, published, delivered to one session and stored without fault.
pub(super) struct Scene {
    pub(super) events: Vec<Event>,
    count: usize,
}

fn position(offset: u64) -> Position {
    Position { offset, epoch: EPOCH.into() }
}

impl Scene {
    /// `count` messages with offsets from 1: their publishes, then the session, then the history.
    pub(super) fn of(count: usize) -> Self {
        let numbers = || 1..=count as u64;
        let id = |offset: u64| format!("m{offset}");
        let mut events = vec![Event::Run { seed: 1 }];
        for offset in numbers() {
            let (at_ns, attempt, hash) = (0, offset, offset * 31);
            events.push(Event::PublishStart { at_ns, attempt, channel: CHANNEL.into(), id: id(offset), hash });
            events.push(Event::PublishEnd { at_ns, attempt, outcome: Outcome::Ok(Some(position(offset))) });
        }
        let resume = Resume::Fresh(position(0));
        events.push(Event::SessionStart { at_ns: 0, session: 1, channel: CHANNEL.into(), resume });
        events.extend(numbers().map(|offset| Event::Delivery {
            at_ns: 0,
            session: 1,
            offset,
            id: id(offset),
            hash: offset * 31,
        }));
        events.push(Event::SessionEnd { at_ns: 0, session: 1, caught_up: true });
        events.extend(numbers().map(|offset| Event::History {
            channel: CHANNEL.into(),
            epoch: EPOCH.into(),
            offset,
            id: id(offset),
            hash: offset * 31,
        }));
        events.push(Event::HistoryTop { channel: CHANNEL.into(), top: position(count as u64) });
        Self { events, count }
    }

    /// The index of the publish, its end, the delivery and the history entry of the message at `offset`.
    fn places(&self, offset: usize) -> [usize; 4] {
        let start = 1 + 2 * (offset - 1);
        let delivery = 1 + 2 * self.count + offset;
        [start, start + 1, delivery, delivery + self.count + 1]
    }

    fn set_outcome(&mut self, offset: usize, outcome: Outcome) {
        let [_, end, ..] = self.places(offset);
        self.events[end] = Event::PublishEnd { at_ns: 0, attempt: offset as u64, outcome };
    }

    fn judge(&self) -> Judgement {
        judge(&self.events)
    }

    fn violates(&self, invariant: Invariant) {
        let judgement = self.judge();
        assert!(judgement.counts.contains_key(&invariant), "{invariant} not found:\n{judgement}");
    }
}

#[test]
fn a_clean_log_is_clean() {
    let judgement = Scene::of(1000).judge();
    assert!(judgement.is_clean(), "{judgement}");
    assert_eq!((judgement.publishes, judgement.stored, judgement.deliveries), ([1000, 0, 0], 1000, 1000));
}

#[test]
fn one_dropped_delivery_in_a_hundred_thousand_is_caught() {
    let mut scene = Scene::of(100_000);
    let [.., delivery, _] = scene.places(54_321);
    scene.events.remove(delivery);
    let judgement = scene.judge();
    assert_eq!(judgement.counts.get(&Invariant::I4Continuity), Some(&1), "{judgement}");
    assert!(judgement.findings[0].text.contains("54322 after 54320"));
}

#[test]
fn a_session_that_misses_the_end_is_caught() {
    let mut scene = Scene::of(100);
    let [.., delivery, _] = scene.places(100);
    scene.events.remove(delivery);
    scene.violates(Invariant::I4Continuity);
}

#[test]
fn two_swapped_offsets_are_caught() {
    let mut scene = Scene::of(100);
    let [_, _, _, stored] = scene.places(50);
    for (index, place) in [(51_u64, stored), (50, stored + 1)] {
        let hash = index * 31;
        let (id, offset) = (format!("m{index}"), if index == 51 { 50 } else { 51 });
        scene.events[place] = Event::History { channel: CHANNEL.into(), epoch: EPOCH.into(), offset, id, hash };
    }
    scene.violates(Invariant::I2DenseOrder);
    scene.violates(Invariant::I3NoDuplicate);
}

#[test]
fn swapped_deliveries_are_caught() {
    let mut scene = Scene::of(100);
    let [.., delivery, _] = scene.places(50);
    scene.events.swap(delivery, delivery + 1);
    scene.violates(Invariant::I4Continuity);
}

#[test]
fn a_lost_acknowledged_message_is_caught() {
    let mut scene = Scene::of(100);
    scene.events.truncate(scene.events.len() - 2);
    scene.events.push(Event::HistoryTop { channel: CHANNEL.into(), top: position(99) });
    scene.violates(Invariant::I1NoLoss);
    scene.violates(Invariant::I5NoPhantom);
}

#[test]
fn changed_bytes_are_caught() {
    let mut scene = Scene::of(100);
    let [.., stored] = scene.places(7);
    if let Event::History { hash, .. } = &mut scene.events[stored] {
        *hash += 1;
    }
    scene.violates(Invariant::I1NoLoss);
}

#[test]
fn a_hole_in_the_history_is_caught() {
    let mut scene = Scene::of(100);
    let [.., stored] = scene.places(7);
    scene.events.remove(stored);
    scene.violates(Invariant::I2DenseOrder);
}

#[test]
fn a_duplicate_id_is_caught() {
    let mut scene = Scene::of(100);
    let [.., stored] = scene.places(7);
    if let Event::History { id, hash, .. } = &mut scene.events[stored] {
        (*id, *hash) = ("m6".into(), 6 * 31);
    }
    scene.violates(Invariant::I3NoDuplicate);
}

#[test]
fn a_retry_that_got_another_offset_is_caught() {
    let mut scene = Scene::of(100);
    let (at_ns, attempt) = (0, 1_000_000);
    let retry = Event::PublishStart { at_ns, attempt, channel: CHANNEL.into(), id: "m7".into(), hash: 7 * 31 };
    scene.events.push(retry);
    scene.events.push(Event::PublishEnd { at_ns, attempt, outcome: Outcome::Ok(Some(position(7))) });
    assert!(scene.judge().is_clean());
    scene.events.pop();
    scene.events.push(Event::PublishEnd { at_ns, attempt, outcome: Outcome::Ok(Some(position(101))) });
    scene.violates(Invariant::I3NoDuplicate);
}

#[test]
fn a_changed_epoch_is_caught() {
    for place in ["publish", "session", "page", "top"] {
        let mut scene = Scene::of(100);
        let other = || Position { offset: 50, epoch: "other".into() };
        let [_, _, _, stored] = scene.places(50);
        match place {
            "publish" => scene.set_outcome(50, Outcome::Ok(Some(other()))),
            "session" => scene.events.push(Event::SessionStart {
                at_ns: 0,
                session: 2,
                channel: CHANNEL.into(),
                resume: Resume::Recovered(other()),
            }),
            "page" => {
                if let Event::History { epoch, .. } = &mut scene.events[stored] {
                    *epoch = "other".into();
                }
            }
            _ => {
                if let Some(Event::HistoryTop { top, .. }) = scene.events.last_mut() {
                    top.epoch = "other".into();
                }
            }
        }
        scene.violates(Invariant::I2DenseOrder);
    }
}

#[test]
fn a_phantom_delivery_is_caught() {
    let mut scene = Scene::of(100);
    let [.., last, _] = scene.places(100);
    let phantom = Event::Delivery { at_ns: 0, session: 1, offset: 101, id: "m101".into(), hash: 1 };
    scene.events.insert(last + 1, phantom);
    scene.violates(Invariant::I5NoPhantom);
}

#[test]
fn an_error_means_absent_and_no_answer_means_either() {
    let mut scene = Scene::of(100);
    scene.set_outcome(7, Outcome::Unknown);
    assert!(scene.judge().is_clean());
    scene.set_outcome(7, Outcome::Error(100));
    scene.violates(Invariant::I5NoPhantom);
    let (at_ns, attempt) = (0, 1_000_000);
    let unknown = Event::PublishStart { at_ns, attempt, channel: CHANNEL.into(), id: "m7".into(), hash: 7 * 31 };
    scene.events.push(unknown);
    assert!(scene.judge().is_clean(), "an attempt without an end may have stored it");
}

#[test]
fn a_told_gap_is_no_violation_and_a_silent_one_is() {
    for (resume, clean) in [
        (Resume::Refused(position(60)), true),
        (Resume::Recovered(position(60)), true),
        (Resume::Recovered(position(50)), false),
    ] {
        let mut scene = Scene::of(100);
        scene.events.push(Event::SessionStart { at_ns: 0, session: 2, channel: CHANNEL.into(), resume });
        scene.events.push(Event::Delivery { at_ns: 0, session: 2, offset: 61, id: "m61".into(), hash: 61 * 31 });
        scene.events.push(Event::SessionEnd { at_ns: 0, session: 2, caught_up: false });
        assert_eq!(scene.judge().is_clean(), clean);
    }
}
