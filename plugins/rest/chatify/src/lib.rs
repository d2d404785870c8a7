//! ChatifyAPI: people with an email address and a password, who talk in conversations of two.
//!
//! Accounts and their sessions are those of `natter-accounts`, a conversation is the domain's conversation of two, so it is
//! the same in every other API of the tenant, and what is said elsewhere is shown here in this document's shape.
//!
//! [`Chatify`] has what can be done, for routes and for sockets alike; `routes` reads requests and writes answers; `views`
//! has the document's shapes, made by pure functions. Every error passes through one table, `errors`. [`tokens`] makes and
//! reads access tokens, which open real-time connections as well; `live` is what a connection over Socket.IO sees.

mod admission;
mod chatify;
mod check;
mod conversations;
mod cookie;
mod doors;
mod envelope;
mod errors;
mod live;
mod mail;
mod messages;
mod plugin;
mod routes;
#[cfg(test)]
mod testing;
mod tokens;
mod users;
mod views;

pub use chatify::{Chatify, ChatifyParts};
pub use plugin::ChatifyPlugin;
pub use tokens::ISSUER;
