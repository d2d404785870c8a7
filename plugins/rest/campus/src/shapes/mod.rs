//! The document's forms.

pub(crate) mod chat;
pub(crate) mod error;
pub(crate) mod event;
pub(crate) mod message;
pub(crate) mod participant;
pub(crate) mod reel;
pub(crate) mod request;
pub(crate) mod sync;
pub(crate) mod user;
pub(crate) mod value;
