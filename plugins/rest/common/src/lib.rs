//! What the REST plugins share, so that a dialect is its routes, its mapping and its shape of an error.
//!
//! A dialect implements [`Dialect`], builds its routes with `utoipa_axum` and hands them to [`Rest::serve`], which puts
//! around them what every API has: the answers to unknown paths and methods, browsers' cross-origin rules, metrics, and a
//! net under panics. Everything that can go wrong before a handler runs is a [`Rejection`], and only the dialect says
//! what it looks like.
//!
//! Invariants: no body is read past its limit; nothing internal reaches an answer; what is kept per caller (windows of
//! rate limits, work under an idempotency key) is bounded.

mod alias;
mod asyncapi;
mod body;
mod callers;
mod client_address;
mod cors;
mod dialect;
mod docs;
mod files;
mod form;
mod idempotency;
mod json;
mod labels;
mod list;
mod multipart;
mod openapi;
mod paging;
mod path;
mod query;
mod rate;
mod rejection;
mod rest;
mod rest_plugin;
mod secret_text;
mod serde_error;
mod serve;
mod time;

#[cfg(test)]
mod testing;

pub use alias::also_at;
pub use asyncapi::EventsDocument;
pub use body::{BODY_BYTES_DEFAULT, BodyLimit, body_limit, read_body};
pub use callers::{ApiKey, Bearer, Callers, User};
pub use client_address::ClientAddress;
pub use dialect::{Dialect, Rejected, reject};
pub use docs::docs_mounts;
pub use form::Form;
pub use idempotency::{CallerScope, Idempotency, IdempotencyKey, idempotent};
pub use json::Json;
pub use list::{Entries, streamed_list};
pub use multipart::{Upload, UploadRules, is_multipart};
pub use openapi::ApiDocument;
pub use paging::{InRange, Limit, Offset, Page};
pub use path::Path;
pub use query::Query;
pub use rate::{Rate, RateLimits, address_key};
pub use rejection::{FieldError, Rejection, Unauthorized};
pub use rest::Rest;
pub use rest_plugin::RestPlugin;
pub use secret_text::{random_text, sha256_hex};
pub use serde_error::decode_json;
pub use time::iso;
