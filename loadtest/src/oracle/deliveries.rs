//! Deliveries against the history: what anybody saw is there, at the same offset, with the same bytes (I2, I5).

use std::collections::HashMap;

use super::history::{Histories, Stored};
use super::log::Event;
use super::verdict::{Invariant, Judgement};

/// Judges every delivery by itself.
pub(super) fn judge(events: &[Event], histories: &Histories<'_>, judgement: &mut Judgement) {
    let mut channels: HashMap<u64, &str> = HashMap::new();
    for event in events {
        match event {
            Event::SessionStart { session, channel, .. } => {
                channels.insert(*session, channel);
            }
            Event::Delivery { session, offset, id, hash, .. } => {
                judgement.deliveries += 1;
                let channel = channels.get(session).copied().unwrap_or_default();
                judge_delivery(channel, *offset, Stored { id, hash: *hash }, histories, judgement);
            }
            _ => {}
        }
    }
}

fn judge_delivery(channel: &str, offset: u64, seen: Stored<'_>, histories: &Histories<'_>, judgement: &mut Judgement) {
    let id = seen.id;
    match histories.of(channel).at(offset) {
        Some(stored) if stored == seen => {}
        Some(stored) => judgement.violated(Invariant::I2DenseOrder, || {
            format!(
                "{channel}: {id} was delivered at offset {offset}, where {} is stored (or its bytes differ)",
                stored.id
            )
        }),
        None => judgement.violated(Invariant::I5NoPhantom, || {
            format!("{channel}: {id} was delivered at offset {offset}, which is not in the history")
        }),
    }
}
