//! The rules of the document, one file for each group of its routes.

pub(crate) mod admins;
pub(crate) mod communities;
pub(crate) mod create;
pub(crate) mod explore;
pub(crate) mod extra;
pub(crate) mod files;
pub(crate) mod found;
pub(crate) mod join;
pub(crate) mod list;
pub(crate) mod messages;
pub(crate) mod people;
pub(crate) mod removal;
pub(crate) mod requests;
pub(crate) mod sent;
pub(crate) mod update;
pub(crate) mod view;

/// Calls of the domain that one request makes side by side.
const AT_ONCE: usize = 32;
