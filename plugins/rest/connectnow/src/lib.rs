//! Connect Now's Chat API: companies whose chats people join with an email address and a code, without an account.
//!
//! A chat is a `group` channel of the domain, owned by the API user as a user of the domain who does not appear in the
//! chat. A chat user is a user of the domain who is a member of that one channel; a message is a message. What the domain
//! does not know stands in rows of this plugin ([`rows`]): companies, email addresses, codes, passwords, and hashes of
//! tokens.
//!
//! [`ConnectNow`] has what can be done; `routes` reads requests and writes answers; `live` shows a chat to sockets. Every
//! error passes through one table, `errors`.

mod access;
mod admission;
mod api_users;
mod bodies;
mod caller;
mod chat_users;
mod chats;
mod codes;
mod companies;
mod connect_now;
mod errors;
mod fields;
mod join;
mod live;
mod mails;
mod messages;
mod paging;
mod passwords;
mod plugin;
mod routes;
mod rows;
mod shapes;
mod tokens;

pub use api_users::{ApiUser, NewApiToken, issue_api_token};
pub use connect_now::{ConnectNow, ConnectNowParts};
pub use errors::ConnectNowDialect;
pub use plugin::ConnectNowPlugin;
