//! The one chat domain under every REST API and real-time protocol: users, channels, members, messages, reactions, pins,
//! receipts, unread counts, typing, presence, workspaces, devices.
//!
//! A channel's content is its durable log: every message, edit, deletion, reaction, pin and change of membership is an
//! [`event::Event`] that the broker numbers, stores and delivers. Everything else follows from the log: [`hot`] folds it
//! into what lists and counts need, in memory, and [`projection`] writes what reads need into rows, both again after a
//! crash. Users, channels, members and the like are rows under compare-and-set ([`rows`]).
//!
//! Nothing here knows of HTTP or of a document's shapes: plugins call [`Chat`] and render what it answers.

mod blocks;
mod channels;
mod chat;
mod conversations;
mod devices;
mod domain;
mod email;
mod error;
pub mod event;
mod followup;
mod hot;
mod invites;
mod live;
mod members;
mod memory;
mod messages;
mod model;
mod names;
mod preferences;
mod presence;
mod projection;
mod publish;
mod receipts;
pub mod rows;
mod search;
#[cfg(test)]
mod testing;
mod typing;
mod unread;
mod users;
mod validate;
mod webhooks;
mod work;
mod workspaces;

pub use chat::{Chat, ChatParts, Renderer};
pub use conversations::Conversation;
pub use email::{is_email, is_plain_email};
pub use error::{ChatError, Missing};
pub use followup::{FollowUps, NOTICE_USERS_MAX, Notice};
pub use members::administration::Removal;
pub use members::change::SettingsPatch;
pub use messages::{Cursor, DeleteRule, Page};
pub use model::*;
pub use names::{chat_channel, user_channel};
pub use receipts::Receipts;
pub use webhooks::Webhook;
pub use work::{Happened, NoWork, Work};
