//! HTTP to addresses that strangers choose: a client that reaches the public internet and nothing else.
//!
//! A name is checked where it is resolved for the connection, so what was checked is what is connected to, whatever the
//! name meant a moment ago. Addresses in URLs are checked before, in the form that the URL standard gives them: `0x7f.1`,
//! `2130706433` and `[::ffff:127.0.0.1]` are seen for what they are. Redirects are followed here, one checked hop at a time.

mod address;
mod allowed;
mod client;
mod errors;
mod resolve;

pub use address::is_public;
pub use allowed::AllowedHosts;
pub use client::{Answer, FetchLimits, Fetched, GuardedClient, GuardedClientOptions};
pub(crate) use client::{build, content_type};
pub use errors::{ClientError, FetchError};
pub use resolve::{Lookup, SystemLookup};

#[cfg(test)]
mod tests;
