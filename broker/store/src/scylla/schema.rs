//! The tables, made and changed by natter itself.
//!
//! Migrations are numbered. One node at a time does them: it holds a lease in a table of its own, and the version goes
//! up by a conditional write after each. The other nodes that start wait until the version is theirs. Every statement
//! may be repeated, so that a node which dies half-way is followed by another. A schema that is newer than this build
//! is refused.

use std::time::{Duration, Instant};

use scylla::client::session::Session;
use scylla::statement::unprepared::Statement;
use scylla::statement::{Consistency, SerialConsistency};
use uuid::Uuid;
use xxhash_rust::xxh3::xxh3_128;

use super::errors::{damaged, of_schema, unavailable};
use super::options::ScyllaOptions;
use super::server::{Server, quoted};
use super::statements::{consistencies, serial};
use crate::store::StoreError;

/// What each version adds to the one before it, as statements that may be repeated.
const MIGRATIONS: &[&[&str]] = &[&[
    "CREATE TABLE IF NOT EXISTS channels (tenant text, channel text, log uuid, epoch text, first_offset bigint, \
     newest_bucket bigint, cleared_bucket bigint, deleting boolean, PRIMARY KEY ((tenant, channel)))",
    "CREATE TABLE IF NOT EXISTS log (tenant text, channel text, log uuid, bucket bigint, kind tinyint, key blob, \
     last_offset bigint static, last_seq bigint static, opened_ms bigint static, seq bigint, event blob, op uuid, \
     at bigint, expires_ms bigint, PRIMARY KEY ((tenant, channel, log, bucket), kind, key))",
    "CREATE TABLE IF NOT EXISTS log_index (tenant text, channel text, log uuid, slice tinyint, kind tinyint, \
     key blob, at bigint, PRIMARY KEY ((tenant, channel, log, slice), kind, key))",
    "CREATE TABLE IF NOT EXISTS rows (tenant text, tbl text, part text, row text, version bigint, value blob, \
     op uuid, PRIMARY KEY ((tenant, tbl, part), row))",
]];
/// How long a node may hold the lease without a sign of life.
const LEASE_SECONDS: u32 = 60;
/// How often to look whether another node is done, or whether a cluster that has only just started can be worked with.
const POLL: Duration = Duration::from_millis(250);
/// How long to try.
const PATIENCE: Duration = Duration::from_secs(180);

/// Makes the keyspace and brings its tables to this build's version.
///
/// Every step may be repeated, and is: nodes of a cluster that starts together with natter do not all know each other yet,
/// so they disagree for a while about what there is.
pub(super) async fn migrate(session: &Session, server: &Server, options: &ScyllaOptions) -> Result<(), StoreError> {
    let migrator = Migrator::new(session, options);
    let until = Instant::now() + PATIENCE;
    let mut has_version_table = false;
    loop {
        let reason = match migrator.go_on(server, options, &mut has_version_table).await {
            Ok(true) => return Ok(()),
            Ok(false) => format!("another node did not finish migrating {}", quoted(&options.keyspace)),
            Err(StoreError::Unavailable(reason)) => {
                tracing::warn!(reason, "the schema cannot be looked after; this is tried again");
                reason
            }
            Err(error) => return Err(error),
        };
        if Instant::now() > until {
            return Err(StoreError::Unavailable(reason));
        }
        tokio::time::sleep(POLL).await;
    }
}

/// Makes the table of the version. Its id follows from the keyspace's name, so that nodes which make it at the same moment
/// make the same one: everything after it is done under its lease.
fn version_table(keyspace: &str) -> String {
    let id = Uuid::from_u128(xxh3_128(keyspace.as_bytes()));
    format!("CREATE TABLE IF NOT EXISTS schema_version (id int PRIMARY KEY, version int, holder uuid) WITH id = {id}")
}

struct Migrator<'a> {
    session: &'a Session,
    /// This node, in the lease.
    holder: Uuid,
    consistency: Consistency,
    serial: SerialConsistency,
}

impl<'a> Migrator<'a> {
    fn new(session: &'a Session, options: &ScyllaOptions) -> Self {
        let consistency = consistencies(options.consistency).1;
        Self { session, holder: Uuid::new_v4(), consistency, serial: serial(options.serial_consistency) }
    }

    /// Does what is missing; `false` while another node is at it.
    async fn go_on(
        &self,
        server: &Server,
        options: &ScyllaOptions,
        has_version_table: &mut bool,
    ) -> Result<bool, StoreError> {
        if !*has_version_table {
            self.run(&server.keyspace_statement(options)).await?;
            server.check_keyspace(self.session, &options.keyspace).await?;
            self.session.use_keyspace(&options.keyspace, true).await.map_err(unavailable)?;
            self.run(&version_table(&options.keyspace)).await?;
            *has_version_table = true;
        }
        Ok(self.is_current().await? || self.migrate_alone().await?)
    }

    /// Changes the schema, and waits until all nodes know.
    async fn run(&self, text: &str) -> Result<(), StoreError> {
        let mut statement = Statement::new(text);
        statement.set_is_idempotent(true);
        statement.set_request_timeout(Some(Duration::from_secs(60)));
        self.session.query_unpaged(statement, ()).await.map(drop).map_err(of_schema)
    }

    /// Whether the tables are as this build wants them.
    async fn is_current(&self) -> Result<bool, StoreError> {
        let found = self.version().await?;
        let known = MIGRATIONS.len();
        if found > known {
            return Err(StoreError::Invalid(format!(
                "the keyspace is of version {found}, this build knows versions up to {known}: start a newer build"
            )));
        }
        Ok(found == known)
    }

    async fn version(&self) -> Result<usize, StoreError> {
        let mut statement = Statement::new("SELECT version FROM schema_version WHERE id = 0");
        statement.set_consistency(match self.serial {
            SerialConsistency::Serial => Consistency::Serial,
            SerialConsistency::LocalSerial => Consistency::LocalSerial,
        });
        statement.set_is_idempotent(true);
        let result = self.session.query_unpaged(statement, ()).await.map_err(of_schema)?;
        let rows = result.into_rows_result().map_err(damaged)?;
        let row = rows.maybe_first_row::<(Option<i32>,)>().map_err(damaged)?;
        Ok(row.and_then(|(version,)| version).map_or(0, |version| usize::try_from(version).unwrap_or(0)))
    }

    /// Takes the lease and does what is missing; `false` when another node holds it.
    async fn migrate_alone(&self) -> Result<bool, StoreError> {
        if !self.take_lease().await? {
            return Ok(false);
        }
        for (version, statements) in MIGRATIONS.iter().enumerate().skip(self.version().await?) {
            for statement in *statements {
                self.run(statement).await?;
            }
            self.raise_version(version).await?;
            tracing::info!(version = version + 1, "the schema was migrated");
        }
        self.give_back_lease().await;
        Ok(true)
    }

    async fn take_lease(&self) -> Result<bool, StoreError> {
        let text = format!(
            "UPDATE schema_version USING TTL {LEASE_SECONDS} SET holder = {} WHERE id = 0 IF holder = null",
            self.holder
        );
        self.conditional(&text).await
    }

    /// The lease would also end by itself.
    async fn give_back_lease(&self) {
        let text = format!("UPDATE schema_version SET holder = null WHERE id = 0 IF holder = {}", self.holder);
        if let Err(error) = self.conditional(&text).await {
            tracing::debug!(%error, "the lease on the schema ends by itself");
        }
    }

    /// Says that the migration after `version` is done. Another node that took over may have said so already.
    async fn raise_version(&self, version: usize) -> Result<(), StoreError> {
        let condition = if version == 0 { "null".to_owned() } else { version.to_string() };
        let text = format!("UPDATE schema_version SET version = {} WHERE id = 0 IF version = {condition}", version + 1);
        self.conditional(&text).await.map(drop)
    }

    async fn conditional(&self, text: &str) -> Result<bool, StoreError> {
        let mut statement = Statement::new(text);
        statement.set_consistency(self.consistency);
        statement.set_serial_consistency(Some(self.serial));
        let result = self.session.query_unpaged(statement, ()).await.map_err(of_schema)?;
        super::session::applied(result)
    }
}
