//! Requests and answers as the document writes them. Nothing here decides anything.

pub(crate) mod channel;
pub(crate) mod device;
pub(crate) mod error;
pub(crate) mod event;
pub(crate) mod file;
pub(crate) mod member;
pub(crate) mod message;
pub(crate) mod paging;
pub(crate) mod preferences;
pub(crate) mod reaction;
pub(crate) mod receipt;
pub(crate) mod token;
pub(crate) mod user;
pub(crate) mod value;
pub(crate) mod webhook;
pub(crate) mod workspace;

#[cfg(test)]
mod tests;
