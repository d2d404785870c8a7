//! What the server is, as far as conditional writes need to know.
//!
//! ScyllaDB spreads a keyspace either over virtual nodes or over tablets, and learnt conditional writes on tablets only
//! in 2025.4. So natter asks before it makes a keyspace, and looks again at one that it finds.

use scylla::client::session::Session;

use super::errors::{damaged, unavailable};
use super::options::ScyllaOptions;
use crate::store::StoreError;

/// The first version whose tablets take conditional writes.
const TABLETS_WITH_CONDITIONS: (u32, u32) = (2025, 4);

/// What answers at the contact points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Server {
    /// Apache Cassandra, or what passes for it.
    Cassandra,
    /// ScyllaDB.
    Scylla {
        /// Year (or major) and minor version, if it tells.
        version: Option<(u32, u32)>,
        /// Whether it knows of tablets at all.
        has_tablets: bool,
    },
}

impl Server {
    /// Asks the server what it is.
    pub(super) async fn ask(session: &Session) -> Result<Self, StoreError> {
        let columns = "SELECT column_name FROM system_schema.columns \
                       WHERE keyspace_name = 'system_schema' AND table_name = 'scylla_keyspaces'";
        let columns: Vec<(String,)> = select(session, columns).await?;
        if columns.is_empty() {
            return Ok(Self::Cassandra);
        }
        let has_tablets = columns.iter().any(|(name,)| name == "initial_tablets");
        // A version that is not told is taken for one that cannot do it.
        let version = select(session, "SELECT version FROM system.versions").await.unwrap_or_default();
        let version = version.first().and_then(|(text,): &(String,)| parse_version(text));
        Ok(Self::Scylla { version, has_tablets })
    }

    fn conditions_on_tablets(&self) -> bool {
        matches!(self, Self::Scylla { version: Some(version), .. } if *version >= TABLETS_WITH_CONDITIONS)
    }

    /// The statement that makes natter's keyspace, so that conditional writes work in it.
    pub(super) fn keyspace_statement(&self, options: &ScyllaOptions) -> String {
        let tablets = match self {
            Self::Scylla { has_tablets: true, .. } if !self.conditions_on_tablets() => {
                " AND tablets = {'enabled': false}"
            }
            _ => "",
        };
        format!(
            "CREATE KEYSPACE IF NOT EXISTS {} WITH replication = \
             {{'class': 'NetworkTopologyStrategy', 'replication_factor': {}}}{tablets}",
            quoted(&options.keyspace),
            options.replication_factor
        )
    }

    /// Refuses a keyspace on which conditional writes do not work.
    pub(super) async fn check_keyspace(&self, session: &Session, keyspace: &str) -> Result<(), StoreError> {
        if !matches!(self, Self::Scylla { has_tablets: true, .. }) || self.conditions_on_tablets() {
            return Ok(());
        }
        let query =
            format!("SELECT initial_tablets FROM system_schema.scylla_keyspaces WHERE keyspace_name = '{keyspace}'");
        let rows: Vec<(Option<i32>,)> = select(session, &query).await?;
        if rows.iter().any(|(tablets,)| tablets.is_some()) {
            return Err(StoreError::Invalid(format!(
                "the keyspace {keyspace} uses tablets, on which this version of ScyllaDB has no conditional writes: \
                 make it anew with tablets = {{'enabled': false}}, or use ScyllaDB 2025.4 or newer"
            )));
        }
        Ok(())
    }
}

/// A name that keeps its letter case.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}

/// The first two numbers of a version such as `2025.4.1-0.20251231` or `6.2.0`.
fn parse_version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.split(|c: char| !c.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

async fn select<R>(session: &Session, query: &str) -> Result<Vec<R>, StoreError>
where
    R: for<'f, 'm> scylla::deserialize::row::DeserializeRow<'f, 'm>,
{
    let result = session.query_unpaged(query, ()).await.map_err(unavailable)?;
    let rows = result.into_rows_result().map_err(damaged)?;
    rows.rows::<R>().map_err(damaged)?.collect::<Result<_, _>>().map_err(damaged)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scylla(version: Option<(u32, u32)>, has_tablets: bool) -> Server {
        Server::Scylla { version, has_tablets }
    }

    #[test]
    fn versions_are_read() {
        assert_eq!(parse_version("2025.4.1-0.20251231.abc"), Some((2025, 4)));
        assert_eq!(parse_version("6.2.0-rc1"), Some((6, 2)));
        assert_eq!(parse_version("666.development"), None);
        assert_eq!(parse_version(""), None);
    }

    #[test]
    fn tablets_are_turned_off_where_conditions_need_it() {
        let options = ScyllaOptions::new(vec!["127.0.0.1:9042".into()], "natter");
        let off = |server: Server| server.keyspace_statement(&options).contains("tablets = {'enabled': false}");
        assert!(off(scylla(Some((6, 2)), true)) && off(scylla(Some((2025, 3)), true)) && off(scylla(None, true)));
        assert!(!off(Server::Cassandra) && !off(scylla(Some((5, 4)), false)) && !off(scylla(Some((2025, 4)), true)));
        assert_eq!(
            Server::Cassandra.keyspace_statement(&options),
            "CREATE KEYSPACE IF NOT EXISTS \"natter\" WITH replication = \
             {'class': 'NetworkTopologyStrategy', 'replication_factor': 3}"
        );
    }
}
