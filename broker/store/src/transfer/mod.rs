//! Everything that a store keeps, carried elsewhere: into a backup file, into an empty folder, into another engine.
//!
//! - A store is walked in [`Entry`]s: rows, then each log with its events and the idempotency keys in force. An event is
//!   carried as the bytes that every engine stores of it, so what arrives is what was there, ids and checksums included.
//! - What has been walked is counted, and summed so that the order does not matter ([`Digest`]). Two stores that hold
//!   the same have the same digest, whichever engine they are of. Keys are counted only, since they expire.
//! - A [`Checker`] sees the same entries and says what is wrong with them.
//! - What damage keeps from being an entry is a finding. Whoever copies stops at the first one.

mod checker;
mod codec;
mod digest;
mod entry;
mod file;
#[cfg(feature = "scylla")]
mod migration;
mod sink;
#[cfg(test)]
mod tests;

pub use self::checker::{Checker, Report};
pub use self::digest::Digest;
pub use self::entry::{Entry, RowName};
pub use self::file::{BackupReader, BackupWriter};
#[cfg(feature = "scylla")]
pub use self::migration::{Migrated, Migration, is_unfinished};
pub use self::sink::{Batches, Both, Sink};

#[cfg(feature = "scylla")]
pub(crate) use self::migration::MARKER_TABLE;
