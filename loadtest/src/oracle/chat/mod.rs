//! Judgement of a chat's operation log. The invariants are those of a broker's log, for what a chat adds to it:
//!
//! - **I1** a message that was acknowledged is there; so is the newest acknowledged edit (or a later one) and every
//!   reaction. Nothing is refused, since all that a call rests on was acknowledged before;
//! - **I2** `seq` runs 1, 2, 3 … to `maxSeq`, one epoch, and all watchers see the same event at an offset;
//! - **I3** one `clientId` has one message, whatever was retried; a reaction is there, and told, once;
//! - **I4** a watcher sees a gap-free run of offsets across every restart, and what it may not be told is a gap of fewer
//!   than 1,000 events; the run tells of each message once, in the order of `seq`, and of each acknowledged change;
//! - **I5** nothing is there, or told, that nobody did;
//! - **I6** a read position never goes back, and is where it was answered to be.

mod calls;
mod changes;
mod log;
mod messages;
mod news;
mod reads;
#[cfg(test)]
mod scene;
mod sends;
pub mod text;

use self::calls::Calls;
pub use self::log::{Answer, Call, ChatEvent, News};
use self::messages::Messages;
use super::history::Histories;
use super::log::Event;
use super::verdict::Judgement;

/// Whether a log is of a chat.
pub(super) fn is_chat(events: &[Event]) -> bool {
    events.iter().any(|event| matches!(event, Event::Chat(_)))
}

/// Judges a whole log, which must end with what was read back of every channel.
pub(super) fn judge(events: &[Event]) -> Judgement {
    let mut judgement = Judgement::default();
    let (calls, messages) = (Calls::read(events), Messages::read(events));
    messages.judge(&mut judgement);
    sends::judge(&calls, &messages, &mut judgement);
    changes::judge(&calls, &messages, &mut judgement);
    reads::judge(&calls, events, &messages, &mut judgement);
    super::sessions::judge(events, &Histories::read(events), &mut judgement);
    news::judge(events, &calls, &messages, &mut judgement);
    judgement
}
