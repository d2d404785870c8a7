//! The Centrifugo client protocol.
//!
//! * [`schema`]: every message, for both encodings.
//! * [`request`]: which request a command holds.
//! * [`framing`]: frames of messages to bytes and back.
//! * [`publication`]: the push of a publication, written without intermediate types.
//! * [`codes`]: numbers of errors, ended subscriptions and closed connections.
//! * [`filter`]: filters on the tags of publications.

pub mod codes;
pub mod filter;
pub mod framing;
pub(crate) mod json_field;
pub mod publication;
pub mod request;
pub mod schema;
#[cfg(test)]
mod tests;
