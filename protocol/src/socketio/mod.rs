//! Socket.IO, revisions 4 and 5: packets on top of Engine.IO messages.
//!
//! Arguments are never parsed into values here: a packet's JSON is checked and handed on as text, so that what one
//! client writes another reads unchanged. Bytes travel as attachments behind the packet, and stand in its JSON as
//! placeholders.
//!
//! * [`packet`]: reading one packet.
//! * [`event`]: an event's name and arguments, and what placeholders point at.
//! * [`encode`]: writing packets.

pub mod encode;
pub mod event;
pub mod packet;

#[cfg(test)]
mod tests;

/// Attachments of one packet at most; the official parsers refuse more as well.
pub const ATTACHMENTS_MAX: usize = 10;
