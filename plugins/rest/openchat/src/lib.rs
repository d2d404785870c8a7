//! Open Chat API v2: shops and their customers, in rooms of two, for partners who register themselves.
//!
//! A partner is a tenant of its own. A room is a conversation of the domain between the users `shop:<shop_id>` and
//! `user:<user_id>` of that tenant; what only this document knows of it (the partner's own ids, display names, a message's
//! type) stands in `extra` under [`room::EXTRA`].
//!
//! [`OpenChat`] has what can be done, for routes and for sockets alike; `routes` reads requests and writes answers, `live`
//! is the app on sockets; what sockets and webhooks are shown is made in [`events`] by pure functions. Every error passes
//! through one table, `errors`.

mod accounts;
mod admission;
mod caller;
mod check;
mod envelope;
mod errors;
pub mod events;
mod files;
mod hooks;
mod list;
mod live;
mod message;
mod messages;
mod notify;
mod open_chat;
mod plugin;
mod previous_version;
pub mod room;
mod rooms;
mod routes;
mod side;
mod sockets;
mod time;

pub use accounts::{Account, Accounts, RegisterBody, Scoped, SocketTokenBody};
pub use caller::Caller;
pub use envelope::{Envelope, Failure};
pub use errors::{ApiError, Code, OpenChatDialect};
pub use live::{Live, PartnerSockets};
pub use message::{MessageType, MessageView, RoomMessage};
pub use messages::{MarkRead, MarkReadBody, SendBody, Sent, Target};
pub use open_chat::{OpenChat, OpenChatParts};
pub use plugin::OpenChatPlugin;
pub use rooms::NewRoom;
pub use side::{Side, SideId};
pub use sockets::{Sockets, UnknownSocket};
