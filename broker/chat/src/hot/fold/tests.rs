use natter_core::{EntityId, MESSAGE, Publication};
use proptest::prelude::*;

use super::{Fold, LastMessage};
use crate::event::{CHANGE, Deletion, Event, EventBody, Posted};
use crate::model::{Member, Role, UserBrief};

const CHANNEL: EntityId = EntityId([1; 12]);

fn id_of(seq: u64) -> EntityId {
    EntityId::new(seq, 7)
}

fn user(number: u8) -> String {
    format!("user-{number}")
}

fn post(fold: &mut Fold, sender: u8) {
    let posted = Posted {
        id: id_of(fold.seq + 1),
        sender: UserBrief { id: user(sender), entity: EntityId([sender; 12]), name: user(sender), image: None },
        text: "hello".to_owned(),
        attachments: Vec::new(),
        parent: None,
        mentions: Vec::new(),
        client_id: None,
        extra: serde_json::Map::new(),
    };
    let publication = Publication { offset: fold.offset + 1, seq: fold.seq + 1, kind: MESSAGE, ..Default::default() };
    fold.apply(CHANNEL, &publication, &Event::of(CHANNEL, EventBody::Message(Box::new(posted))));
}

fn delete(fold: &mut Fold, seq: u64, sender: u8) {
    let deletion = Deletion { message: id_of(seq), seq, sender: user(sender), by: user(sender) };
    let publication = Publication { offset: fold.offset + 1, seq: fold.seq, kind: CHANGE, ..Default::default() };
    fold.apply(CHANNEL, &publication, &Event::of(CHANNEL, EventBody::Deleted(deletion)));
}

fn member(number: u8, fold: &Fold) -> Member {
    Member {
        user: user(number),
        id: EntityId([9; 12]),
        role: Role::Member,
        joined_at: 0,
        last_read_seq: fold.seq,
        last_read_id: None,
        last_read_at: None,
        own_at_read: fold.sent_by(&user(number)),
        starred: false,
        muted: false,
    }
}

#[derive(Clone, Debug)]
enum Step {
    Post(u8),
    Delete(prop::sample::Index),
    Read(u8),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..4_u8).prop_map(Step::Post),
        1 => any::<prop::sample::Index>().prop_map(Step::Delete),
        2 => (0..4_u8).prop_map(Step::Read),
    ];
    prop::collection::vec(step, 0..120)
}

proptest! {
    /// The arithmetic agrees with counting messages one by one.
    #[test]
    fn unread_is_what_others_have_sent_and_nobody_has_read_or_deleted(steps in steps()) {
        let mut fold = Fold::default();
        let mut members: Vec<Member> = (0..4).map(|number| member(number, &fold)).collect();
        let mut messages: Vec<(u8, bool)> = Vec::new();
        for step in steps {
            match step {
                Step::Post(sender) => {
                    post(&mut fold, sender);
                    messages.push((sender, true));
                }
                Step::Delete(index) if !messages.is_empty() => {
                    let place = index.index(messages.len());
                    if messages[place].1 {
                        messages[place].1 = false;
                        delete(&mut fold, place as u64 + 1, messages[place].0);
                    }
                }
                Step::Delete(_) => {}
                Step::Read(number) => members[usize::from(number)] = member(number, &fold),
            }
            for (number, member) in members.iter().enumerate() {
                let above = &messages[member.last_read_seq as usize..];
                let counted = above.iter().filter(|(sender, is_there)| *is_there && usize::from(*sender) != number);
                prop_assert_eq!(fold.unread(member), counted.count() as u64);
            }
        }
    }
}

#[test]
fn a_deletion_of_the_newest_message_says_where_to_look_for_the_one_before() {
    let mut fold = Fold::default();
    post(&mut fold, 1);
    post(&mut fold, 2);
    delete(&mut fold, 1, 1);
    assert!(matches!(&fold.last, LastMessage::Known(last) if last.seq == 2));
    delete(&mut fold, 2, 2);
    assert_eq!(fold.last, LastMessage::Below(2));
    post(&mut fold, 1);
    assert!(matches!(&fold.last, LastMessage::Known(last) if last.seq == 3));
}

#[test]
fn places_pass_over_what_is_deleted() {
    let deleted = |seqs: &[u64]| seqs.iter().map(|seq| (*seq, "ann".to_owned())).collect();
    let fold = Fold { seq: 6, deleted: deleted(&[1, 2, 5]), ..Fold::default() };
    assert_eq!((0..5).map(|place| fold.seq_at(place)).collect::<Vec<_>>(), [Some(3), Some(4), Some(6), None, None]);
    assert_eq!(fold.present(), 3);
    let all = Fold { seq: 2, deleted: deleted(&[1, 2]), ..Fold::default() };
    assert_eq!((all.seq_at(0), all.present()), (None, 0));
    assert_eq!(Fold { seq: 2, ..Fold::default() }.seq_at(u64::MAX), None);
}
