//! Multipart forms (RFC 7578): text fields, and files that go to the file store while they arrive.
//!
//! Invariants: no part is held whole but texts, each bounded; a file is cut off at its limit, not after it; what was
//! taken is gone again when the request fails, is dropped, or its handler does not keep it.

mod parts;
mod upload;

#[cfg(test)]
mod tests;

pub(crate) use self::parts::{DigestSlot, Parts, digest_parts};
pub use self::upload::{Upload, UploadRules, is_multipart};
