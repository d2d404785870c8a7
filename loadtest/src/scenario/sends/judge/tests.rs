use super::*;

/// Two connections that send in turn to one channel, and one in a channel of its own with an answer outstanding.
fn scene() -> (Vec<SendLog>, Vec<ReadBack>) {
    let log = |channel, seqs: &[u64], sent| SendLog { channel, acknowledged: seqs.to_vec(), sent };
    let logs = vec![log(0, &[1, 3, 5], 3), log(0, &[2, 4, 6], 3), log(1, &[1, 2], 3)];
    let stored = |seq, connection, number| Stored { seq, mark: Some(Mark { connection, number }) };
    let shared = (1..=6).map(|seq| stored(seq, (seq as usize + 1) % 2, (seq - 1) / 2)).collect();
    let own = vec![stored(1, 2, 0), stored(2, 2, 1)];
    (logs, vec![ReadBack { max_seq: 6, messages: shared }, ReadBack { max_seq: 2, messages: own }])
}

/// The faults after `spoil`.
fn faults(spoil: impl FnOnce(&mut Vec<ReadBack>)) -> Faults {
    let (logs, mut channels) = scene();
    spoil(&mut channels);
    let judged = judge(&logs, &channels);
    assert_eq!(judged.faults.any(), !judged.findings.is_empty(), "{judged:?}");
    judged.faults
}

#[test]
fn what_is_right_is_clean_with_and_without_the_unanswered_one() {
    let (logs, channels) = scene();
    let judged = judge(&logs, &channels);
    assert_eq!((judged.acknowledged, judged.unanswered, judged.stored), (8, 1, 8));
    assert!(!judged.faults.any(), "{judged:?}");
    let mark = Some(Mark { connection: 2, number: 2 });
    let later = |channels: &mut Vec<ReadBack>| {
        channels[1].messages.push(Stored { seq: 3, mark });
        channels[1].max_seq = 3;
    };
    assert_eq!(faults(later), Faults::default());
}

#[test]
fn a_lost_message_is_missing_whether_or_not_the_numbers_close_up() {
    let closed_up = faults(|channels| {
        channels[0].messages.pop();
        channels[0].max_seq = 5;
    });
    assert_eq!(closed_up, Faults { missing: 1, ..Faults::default() });
    let with_a_hole = faults(|channels| {
        channels[0].messages.remove(2);
    });
    assert_eq!(with_a_hole, Faults { missing: 1, gaps: 1, ..Faults::default() });
}

#[test]
fn the_end_must_be_what_the_server_says() {
    assert_eq!(faults(|channels| channels[1].max_seq = 3), Faults { gaps: 1, ..Faults::default() });
}

#[test]
fn a_message_that_is_there_twice_is_repeated() {
    let again = Some(Mark { connection: 0, number: 0 });
    let spoil = |channels: &mut Vec<ReadBack>| {
        channels[0].messages.push(Stored { seq: 7, mark: again });
        channels[0].max_seq = 7;
    };
    assert_eq!(faults(spoil), Faults { repeated: 1, ..Faults::default() });
}

#[test]
fn swapped_messages_of_one_connection_are_reordered_and_moved() {
    let spoil = |channels: &mut Vec<ReadBack>| {
        let messages = &mut channels[1].messages;
        (messages[0].mark, messages[1].mark) = (messages[1].mark, messages[0].mark);
    };
    assert_eq!(faults(spoil), Faults { reordered: 1, moved: 2, ..Faults::default() });
}

#[test]
fn what_nobody_sent_there_is_a_stranger() {
    let marks = [
        None,
        Some(Mark { connection: 9, number: 0 }),
        Some(Mark { connection: 2, number: 3 }),
        Some(Mark { connection: 0, number: 0 }),
    ];
    for mark in marks {
        let spoil = |channels: &mut Vec<ReadBack>| {
            channels[1].messages.push(Stored { seq: 3, mark });
            channels[1].max_seq = 3;
        };
        assert_eq!(faults(spoil), Faults { strangers: 1, ..Faults::default() }, "{mark:?}");
    }
}
