use super::*;

#[test]
fn a_clean_log_is_clean_and_counted() {
    let scene = Scene::clean();
    scene.is_clean();
    let judgement = scene.judge();
    assert_eq!((judgement.publishes, judgement.changes), ([10, 0, 0], [2, 3, 2]));
    assert_eq!((judgement.stored, judgement.deliveries, judgement.sessions), (3, 16, [3, 1, 0]));
}

#[test]
fn a_log_reads_back_as_it_was_written() {
    for event in Scene::clean().events {
        let line = serde_json::to_string(&event).unwrap();
        assert_eq!(serde_json::from_str::<Event>(&line).unwrap(), event, "{line}");
    }
}

#[test]
fn a_lost_message_is_caught_whether_or_not_the_numbers_close_up() {
    let is_third = |event: &Event| matches!(event, Event::Chat(ChatEvent::Stored { seq: 3, .. }));
    let scene = Scene::clean().without(is_third);
    scene.violates(Invariant::I1NoLoss);
    scene.violates(Invariant::I2DenseOrder);
    let closed_up = Scene::clean().without(is_third).change(|event| {
        if let ChatEvent::Newest { max_seq, .. } = event {
            *max_seq = 2;
        }
    });
    closed_up.violates(Invariant::I1NoLoss);
}

#[test]
fn a_hole_in_the_numbers_is_caught() {
    let scene = Scene::clean().without(|event| matches!(event, Event::Chat(ChatEvent::Stored { seq: 2, .. })));
    scene.violates(Invariant::I2DenseOrder);
}

#[test]
fn another_text_is_caught() {
    let scene = Scene::clean().change(|event| {
        if let ChatEvent::Stored { text, .. } = event {
            *text = text.replacen(' ', "  ", 1);
        }
    });
    scene.violates(Invariant::I1NoLoss);
}

#[test]
fn one_client_id_with_two_messages_is_caught() {
    let mut scene = Scene::clean().change(|event| {
        if let ChatEvent::Newest { max_seq, .. } = event {
            *max_seq = 4;
        }
    });
    scene.stored(4, 0, &[]);
    if let Some(Event::Chat(ChatEvent::Stored { text, .. })) = scene.events.last_mut() {
        *text = text::of(&key(3), 0);
    }
    scene.violates(Invariant::I3NoDuplicate);
}

#[test]
fn a_retry_must_give_the_first_message() {
    let mut scene = Scene::clean();
    scene.call(Call::Send { key: key(2) }, sent(2));
    scene.is_clean();
    scene.call(Call::Send { key: key(2) }, Answer::Sent { id: "id-9".into(), seq: 4 });
    scene.violates(Invariant::I3NoDuplicate);
}

#[test]
fn a_message_without_an_answer_may_be_there_and_one_that_nobody_sent_may_not() {
    let send = Call::Send { key: key(3) };
    Scene::clean().answer(&send, &Answer::Unknown).is_clean();
    Scene::clean()
        .without(
            |event| matches!(event, Event::Chat(ChatEvent::Start { call: Call::Send { key }, .. }) if key == "key-3"),
        )
        .violates(Invariant::I5NoPhantom);
}

#[test]
fn a_refusal_is_caught() {
    Scene::clean().answer(&edit(2), &Answer::Refused(404)).violates(Invariant::I1NoLoss);
}

#[test]
fn a_lost_edit_is_caught_and_a_later_one_without_an_answer_may_have_won() {
    let mut scene = Scene::clean();
    scene.call(edit(3), Answer::Unknown);
    scene.is_clean();
    scene.call(edit(3), Answer::Done);
    scene.violates(Invariant::I1NoLoss);
}

#[test]
fn an_edit_that_nobody_made_is_caught() {
    let is_edit =
        |event: &Event| matches!(event, Event::Chat(ChatEvent::Start { call: Call::Edit { version: 2, .. }, .. }));
    Scene::clean().without(is_edit).violates(Invariant::I5NoPhantom);
}

#[test]
fn reactions_follow_their_last_acknowledged_call() {
    Scene::clean().answer(&react("up"), &Answer::Unknown).is_clean();
    let mut retaken = Scene::clean();
    retaken.call(unreact("up"), Answer::Unknown);
    retaken.is_clean();
    retaken.call(unreact("up"), Answer::Done);
    retaken.violates(Invariant::I5NoPhantom);
    let mut lost = Scene::clean();
    lost.call(react("down"), Answer::Done);
    lost.violates(Invariant::I1NoLoss);
}

#[test]
fn a_reaction_counted_or_named_twice_is_caught() {
    let spoil = |named: &[&str], counted: u64| {
        let named: Vec<String> = named.iter().map(|user| (*user).to_owned()).collect();
        Scene::clean().change(move |event| {
            if let ChatEvent::Stored { seq: 2, reactions, .. } = event {
                *reactions = vec![("up".into(), counted, named.clone())];
            }
        })
    };
    spoil(&["ann"], 1).is_clean();
    spoil(&["ann"], 2).violates(Invariant::I3NoDuplicate);
    spoil(&["ann", "ann"], 2).violates(Invariant::I3NoDuplicate);
    spoil(&["ann", "bob"], 2).violates(Invariant::I5NoPhantom);
}

#[test]
fn a_read_position_that_goes_back_is_caught() {
    Scene::clean().answer(&Call::Read { seq: 3 }, &Answer::ReadUpTo(2)).violates(Invariant::I6ReadPosition);
    let mut scene = Scene::clean();
    scene.call(Call::Read { seq: 1 }, Answer::ReadUpTo(3));
    scene.is_clean();
    scene.call(Call::Read { seq: 1 }, Answer::ReadUpTo(1));
    scene.violates(Invariant::I6ReadPosition);
    for read_back in [2, 4] {
        let scene = Scene::clean().change(move |event| {
            if let ChatEvent::Mark { seq, .. } = event {
                *seq = read_back;
            }
        });
        scene.violates(Invariant::I6ReadPosition);
    }
    Scene::clean()
        .without(|event| matches!(event, Event::Chat(ChatEvent::Mark { .. })))
        .violates(Invariant::I6ReadPosition);
}

#[test]
fn a_watcher_that_misses_an_event_is_caught() {
    let missed = |event: &Event| match event {
        Event::Delivery { session: 3, offset, .. } => *offset == FROM + 5,
        Event::Chat(ChatEvent::Told { session: 3, offset, .. }) => *offset == FROM + 5,
        _ => false,
    };
    Scene::clean().without(missed).violates(Invariant::I4Continuity);
}

#[test]
fn a_watcher_that_is_told_twice_is_caught() {
    let mut scene = Scene::clean();
    let again = scene.events.iter().position(|event| matches!(event, Event::Delivery { session: 3, .. })).unwrap();
    let event = scene.events[again].clone();
    scene.events.insert(again, event);
    scene.violates(Invariant::I4Continuity);
}

#[test]
fn watchers_that_disagree_are_caught() {
    let mut scene = Scene::clean();
    for event in &mut scene.events {
        if let Event::Delivery { session: 3, hash, .. } = event {
            *hash += 1;
        }
    }
    scene.violates(Invariant::I2DenseOrder);
}

#[test]
fn another_epoch_is_caught() {
    for at in 0..4 {
        let (mut scene, mut place) = (Scene::clean(), 0);
        for event in &mut scene.events {
            let (Event::SessionStart {
                resume: Resume::Fresh(position) | Resume::Recovered(position) | Resume::Refused(position),
                ..
            }
            | Event::HistoryTop { top: position, .. }) = event
            else {
                continue;
            };
            if place == at {
                position.epoch = "other".into();
            }
            place += 1;
        }
        assert_eq!(place, 4);
        scene.violates(Invariant::I2DenseOrder);
    }
}

#[test]
fn a_short_gap_may_not_be_told_and_a_long_one_may() {
    for (missed, clean) in [(999, false), (1000, true)] {
        let mut scene = Scene::clean();
        scene.chat(ChatEvent::Asked { session: 9, offset: 1 });
        scene.watch(9, Resume::Refused(position(1 + missed)), 1 + missed, &[], false);
        assert_eq!(scene.judge().is_clean(), clean);
    }
}

/// The clean scene in which both watchers were told something else at one place.
fn told_instead(place: u64, other: &News) -> Scene {
    Scene::clean().change(|event| match event {
        ChatEvent::Told { offset, news, .. } if *offset == FROM + place => *news = other.clone(),
        _ => {}
    })
}

#[test]
fn what_everybody_was_told_wrong_is_caught() {
    let other = News::Other("channel.updated".into());
    for (place, news, invariant) in [
        (1, other.clone(), Invariant::I4Continuity),
        (4, new(2), Invariant::I4Continuity),
        (4, News::New { id: id(3), seq: 3, text: text::of(&key(3), 1) }, Invariant::I5NoPhantom),
        (4, News::New { id: id(9), seq: 3, text: text::of(&key(3), 0) }, Invariant::I5NoPhantom),
        (3, other.clone(), Invariant::I4Continuity),
        (3, updated(2), Invariant::I4Continuity),
        (5, updated(3), Invariant::I5NoPhantom),
        (6, other.clone(), Invariant::I4Continuity),
        (7, reaction("up", true), Invariant::I3NoDuplicate),
        (6, reaction("other", true), Invariant::I5NoPhantom),
        (8, other, Invariant::I4Continuity),
    ] {
        told_instead(place, &news).violates(invariant);
    }
}
