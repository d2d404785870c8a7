//! Every statement, prepared once, each with the consistency, idempotence and retry policy that fits it.
//!
//! Four kinds. *Plain reads* and *serial reads* may be repeated and asked of several replicas. *Conditional writes*
//! are sent once and never repeated by the driver: whoever sent one resolves an unknown outcome by reading. *Plain
//! writes* write the same whenever they are repeated.

use std::sync::Arc;

use scylla::client::execution_profile::ExecutionProfileHandle;
use scylla::client::session::Session;
use scylla::policies::retry::FallthroughRetryPolicy;
use scylla::statement::prepared::PreparedStatement;
use scylla::statement::{Consistency, SerialConsistency};

use super::errors::unavailable;
use super::layout::BUCKET_EVENTS;
use super::options::{CqlConsistency, CqlSerialConsistency, ScyllaOptions};
use crate::store::StoreError;

/// How long the server remembers an idempotency key, and what is left of a deleted row.
const DAY_SECONDS: u32 = 24 * 60 * 60;
/// How long the end of a forgotten bucket is remembered, so that nobody who is late can open it once more.
const FORGOTTEN_SECONDS: u32 = 10 * DAY_SECONDS;
/// Rows of a page; those of events are as large as their payloads.
const EVENTS_PAGE: i32 = 64;
const ROWS_PAGE: i32 = 256;
/// A bucket has at most its events, a key and an id for each.
const KEYS_PAGE: i32 = 2 * BUCKET_EVENTS as i32;

/// A read at both consistencies.
pub(super) struct Read {
    pub(super) plain: PreparedStatement,
    pub(super) serial: PreparedStatement,
}

impl Read {
    pub(super) fn at(&self, serial: bool) -> &PreparedStatement {
        if serial { &self.serial } else { &self.plain }
    }
}

macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident: $kind:ident = $text:expr;)*) => {
        /// The prepared statements.
        pub(super) struct Statements {
            $($(#[$doc])* pub(super) $name: statements!(@type $kind),)*
        }

        impl Statements {
            /// Prepares all of them in the session's keyspace.
            pub(super) async fn prepare(preparer: &Preparer<'_>) -> Result<Self, StoreError> {
                Ok(Self { $($name: preparer.$kind($text).await?,)* })
            }
        }
    };
    (@type conditional) => { PreparedStatement };
    (@type plain) => { PreparedStatement };
    (@type $read:ident) => { Read };
}

/// The key of a channel.
const P: &str = "tenant = ? AND channel = ?";
/// The key of a bucket of its log.
const B: &str = "tenant = ? AND channel = ? AND log = ? AND bucket = ?";
/// The key of a slice of the log's index.
const I: &str = "tenant = ? AND channel = ? AND log = ? AND slice = ?";
/// The row of a bucket's version; it has the bucket for itself, so its key is always the same.
const VERSION_ROW: &str = "(tenant, channel, log, bucket, kind, key, at, event) VALUES (?, ?, ?, ?, 3, 0x00, ?, ?)";
/// The key of an entity's row.
const R: &str = "tenant = ? AND tbl = ? AND part = ? AND row = ?";

statements! {
    version: read = "SELECT version FROM schema_version WHERE id = 0".to_owned();
    channel: read = format!("SELECT log, epoch, first_offset, newest_bucket, cleared_bucket, deleting FROM channels WHERE {P}");
    create_channel: conditional = "INSERT INTO channels (tenant, channel, log, epoch, first_offset, newest_bucket, \
        cleared_bucket, deleting) VALUES (?, ?, ?, ?, 1, 0, 0, false) IF NOT EXISTS".to_owned();
    raise_newest: conditional = format!("UPDATE channels SET newest_bucket = ? WHERE {P} IF log = ? AND newest_bucket < ?");
    raise_first: conditional = format!("UPDATE channels SET first_offset = ? WHERE {P} IF log = ? AND first_offset < ?");
    raise_cleared: conditional = format!("UPDATE channels SET cleared_bucket = ? WHERE {P} IF log = ? AND cleared_bucket < ?");
    mark_deleting: conditional = format!("UPDATE channels SET deleting = true WHERE {P} IF log = ?");
    drop_channel: conditional = format!("DELETE FROM channels WHERE {P} IF log = ?");

    bucket_end: read = format!("SELECT last_offset, last_seq, opened_ms FROM log WHERE {B} LIMIT 1");
    events_up: read_events = format!("SELECT key, event FROM log WHERE {B} AND kind = 0 AND key >= ?");
    events_down: read_events = format!("SELECT key, event FROM log WHERE {B} AND kind = 0 AND key <= ? AND key >= ? \
        ORDER BY kind DESC, key DESC");
    numbers: read_keys = format!("SELECT key, seq FROM log WHERE {B} AND kind = 0 AND key >= ?");
    event_op: read = format!("SELECT op FROM log WHERE {B} AND kind = 0 AND key = ?");
    bucket_entries: read_keys = format!("SELECT kind, key, at, expires_ms FROM log WHERE {B} AND kind >= 1");
    bucket_version: read = format!("SELECT at, event FROM log WHERE {B} AND kind = 3");
    bucket_some: read_keys = format!("SELECT key, at FROM log WHERE {B} AND kind = ? AND key IN ?");

    open_bucket: conditional = format!("UPDATE log SET last_offset = ?, last_seq = ?, opened_ms = ? WHERE {B} IF last_offset = null");
    advance: conditional = format!("UPDATE log SET last_offset = ?, last_seq = ? WHERE {B} IF last_offset = ? AND last_seq = ?");
    fence_empty: conditional = format!("UPDATE log SET last_offset = ? WHERE {B} IF last_offset = null");
    fence: conditional = format!("UPDATE log SET last_offset = ? WHERE {B} IF last_offset = ?");
    let_expire: conditional = format!("UPDATE log USING TTL {FORGOTTEN_SECONDS} SET last_offset = ?, last_seq = ?, opened_ms = null WHERE {B} IF last_offset = ?");
    insert_event: conditional = "INSERT INTO log (tenant, channel, log, bucket, kind, key, seq, event, op) \
        VALUES (?, ?, ?, ?, 0, ?, ?, ?, ?)".to_owned();
    insert_key: conditional = format!("INSERT INTO log (tenant, channel, log, bucket, kind, key, at, expires_ms) \
        VALUES (?, ?, ?, ?, 1, ?, ?, ?) IF NOT EXISTS USING TTL {DAY_SECONDS}");
    insert_id: conditional = "INSERT INTO log (tenant, channel, log, bucket, kind, key, at) VALUES (?, ?, ?, ?, 2, ?, ?)".to_owned();
    insert_version: conditional = format!("INSERT INTO log {VERSION_ROW}");
    clear_rows: plain = format!("DELETE FROM log USING TIMESTAMP ? WHERE {B} AND kind >= 0");

    index_some: read_keys = format!("SELECT key, at FROM log_index WHERE {I} AND kind = ? AND key IN ?");
    insert_index: plain = "INSERT INTO log_index (tenant, channel, log, slice, kind, key, at) VALUES (?, ?, ?, ?, ?, ?, ?) USING TTL ?".to_owned();
    delete_index: plain = format!("DELETE FROM log_index WHERE {I} AND kind = ? AND key = ?");
    drop_index: plain = "DELETE FROM log_index WHERE tenant = ? AND channel = ? AND log = ? AND slice = ?".to_owned();

    row: read = format!("SELECT version, value, op FROM rows WHERE {R}");
    rows_from: read_rows = "SELECT row, version, value FROM rows WHERE tenant = ? AND tbl = ? AND part = ?".to_owned();
    rows_after: read_rows = "SELECT row, version, value FROM rows WHERE tenant = ? AND tbl = ? AND part = ? AND row > ?".to_owned();
    create_row: conditional = format!("UPDATE rows SET version = ?, value = ?, op = ? WHERE {R} IF version = null");
    change_row: conditional = format!("UPDATE rows SET version = ?, value = ?, op = ? WHERE {R} IF version = ?");
    bury_row: conditional = format!("UPDATE rows USING TTL {DAY_SECONDS} SET version = ?, value = null, op = ? WHERE {R} IF version = ?");
    set_row: plain = "INSERT INTO rows (tenant, tbl, part, row, version, value) VALUES (?, ?, ?, ?, 0, ?)".to_owned();
    all_channels: read = "SELECT tenant, channel, deleting FROM channels".to_owned();
    all_rows: read_rows = "SELECT tenant, tbl, part, row, version, value FROM rows".to_owned();
    any_row: read = "SELECT tenant, tbl FROM rows LIMIT 1".to_owned();
    import_channel: conditional = "INSERT INTO channels (tenant, channel, log, epoch, first_offset, newest_bucket, \
        cleared_bucket, deleting) VALUES (?, ?, ?, ?, ?, ?, ?, false) IF NOT EXISTS".to_owned();
    import_key: conditional = "INSERT INTO log (tenant, channel, log, bucket, kind, key, at, expires_ms) \
        VALUES (?, ?, ?, ?, 1, ?, ?, ?) IF NOT EXISTS USING TTL ?".to_owned();
    import_version: conditional = format!("INSERT INTO log {VERSION_ROW} IF NOT EXISTS");
    remove_row: plain = format!("DELETE FROM rows WHERE {R}");
}

/// Prepares statements for a session.
pub(super) struct Preparer<'a> {
    pub(super) session: &'a Session,
    /// How reads are executed: with speculation.
    pub(super) reads: ExecutionProfileHandle,
    pub(super) read_consistency: Consistency,
    pub(super) write_consistency: Consistency,
    pub(super) serial: SerialConsistency,
}

impl<'a> Preparer<'a> {
    pub(super) fn new(session: &'a Session, reads: ExecutionProfileHandle, options: &ScyllaOptions) -> Self {
        let (read_consistency, write_consistency) = consistencies(options.consistency);
        Self { session, reads, read_consistency, write_consistency, serial: serial(options.serial_consistency) }
    }

    async fn prepare(&self, text: String) -> Result<PreparedStatement, StoreError> {
        self.session.prepare(text).await.map_err(unavailable)
    }

    async fn read_paged(&self, text: String, page: i32) -> Result<Read, StoreError> {
        let mut plain = self.prepare(text).await?;
        plain.set_consistency(self.read_consistency);
        plain.set_is_idempotent(true);
        plain.set_execution_profile_handle(Some(self.reads.clone()));
        plain.set_page_size(page);
        let mut serial = plain.clone();
        serial.set_consistency(match self.serial {
            SerialConsistency::Serial => Consistency::Serial,
            SerialConsistency::LocalSerial => Consistency::LocalSerial,
        });
        Ok(Read { plain, serial })
    }

    async fn read(&self, text: String) -> Result<Read, StoreError> {
        self.read_paged(text, ROWS_PAGE).await
    }

    async fn read_events(&self, text: String) -> Result<Read, StoreError> {
        self.read_paged(text, EVENTS_PAGE).await
    }

    async fn read_keys(&self, text: String) -> Result<Read, StoreError> {
        self.read_paged(text, KEYS_PAGE).await
    }

    async fn read_rows(&self, text: String) -> Result<Read, StoreError> {
        self.read_paged(text, EVENTS_PAGE).await
    }

    async fn conditional(&self, text: String) -> Result<PreparedStatement, StoreError> {
        let mut statement = self.prepare(text).await?;
        statement.set_consistency(self.write_consistency);
        statement.set_serial_consistency(Some(self.serial));
        statement.set_is_idempotent(false);
        statement.set_retry_policy(Some(Arc::new(FallthroughRetryPolicy::new())));
        Ok(statement)
    }

    async fn plain(&self, text: String) -> Result<PreparedStatement, StoreError> {
        let mut statement = self.prepare(text).await?;
        statement.set_consistency(self.write_consistency);
        statement.set_is_idempotent(true);
        Ok(statement)
    }
}

/// The consistencies of ordinary reads and of writes.
pub(super) fn consistencies(consistency: CqlConsistency) -> (Consistency, Consistency) {
    match consistency {
        CqlConsistency::LocalQuorum => (Consistency::LocalQuorum, Consistency::LocalQuorum),
        CqlConsistency::Quorum => (Consistency::Quorum, Consistency::Quorum),
        // No server takes reads at EACH_QUORUM.
        CqlConsistency::EachQuorum => (Consistency::Quorum, Consistency::EachQuorum),
        CqlConsistency::All => (Consistency::All, Consistency::All),
    }
}

/// The driver's word for it.
pub(super) fn serial(consistency: CqlSerialConsistency) -> SerialConsistency {
    match consistency {
        CqlSerialConsistency::Serial => SerialConsistency::Serial,
        CqlSerialConsistency::LocalSerial => SerialConsistency::LocalSerial,
    }
}
