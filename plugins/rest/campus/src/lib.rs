//! The campus communities' `/chats` on the chat domain.
//!
//! A chat of two is the domain's conversation, a group chat its `group` channel: what happens here shows in every other API, and
//! the other way round. What only this document knows of a chat (its category, whether joining is restricted) stands in the
//! channel's `extra`; the users, follows, blocks, connections, events, reels and tags that it assumes are told by the
//! tenant's backend with `PUT /chats-sync` and kept in rows of [`graph`].
//!
//! A route reads its request and calls [`Campus`] once; the rules of the document are in `chats`, its forms in `shapes`, its
//! events in `live` and `happened`. Users and chats are shown by their 24 hexadecimal digits, whatever the tenant calls them.

mod admission;
mod campus;
mod chats;
mod errors;
mod events;
mod graph;
mod happened;
mod live;
mod plugin;
mod push;
mod routes;
mod shapes;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use campus::{Campus, CampusParts};
pub use live::app;
pub use plugin::CampusPlugin;
