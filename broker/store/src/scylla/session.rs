//! The connection to the cluster, and the three ways to use it: read, write conditionally, write plainly.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream;
use parking_lot::Mutex;
use scylla::client::execution_profile::ExecutionProfile;
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use scylla::deserialize::row::DeserializeRow;
use scylla::errors::{DbError, ExecutionError, RequestAttemptError};
use scylla::policies::address_translator::AddressTranslator;
use scylla::policies::load_balancing::{DefaultPolicy, LoadBalancingPolicy};
use scylla::policies::retry::{DefaultRetryPolicy, FallthroughRetryPolicy};
use scylla::policies::speculative_execution::SimpleSpeculativeExecutionPolicy;
use scylla::policies::timestamp_generator::MonotonicTimestampGenerator;
use scylla::response::query_result::QueryResult;
use scylla::response::{PagingState, PagingStateResponse};
use scylla::serialize::row::SerializeRow;
use scylla::statement::Consistency;
use scylla::statement::batch::{Batch, BatchType};
use scylla::statement::bound::BoundStatement;
use scylla::statement::prepared::PreparedStatement;
use scylla::value::{CqlValue, Row};
use uuid::Uuid;

use super::errors::{damaged, is_outage, may_have_happened, unavailable};
use super::options::ScyllaOptions;
use super::schema;
use super::server::Server;
use super::statements::{Preparer, Statements, consistencies, serial};
use super::tls::Tunnels;
use crate::store::StoreError;

/// Further replicas that a read may ask.
const SPECULATIONS_MAX: usize = 2;
/// Plain writes of one call that are under way at once.
const PLAIN_WRITES_AT_ONCE: usize = 32;

/// How often a contended serial read is tried, and the first pause in between.
const SERIAL_ATTEMPTS_MAX: u32 = 4;
const CONTENTION_PAUSE: Duration = Duration::from_millis(20);

/// Values of one statement.
pub(super) type Values = Vec<CqlValue>;

/// How a conditional write ended.
#[derive(Debug)]
pub(super) enum Cas {
    /// The condition held, and it is done.
    Applied,
    /// The condition did not hold.
    NotApplied,
    /// It is not done and will not be.
    Failed(StoreError),
    /// It may be done, now or later.
    Unknown(StoreError),
}

impl Cas {
    /// The error of a write that certainly was not done; any other outcome is for a reading to tell.
    pub(super) fn into_certain_failure(self) -> Result<(), StoreError> {
        if let Self::Failed(error) = self { Err(error) } else { Ok(()) }
    }
}

/// An open connection with everything prepared.
pub(super) struct Cql {
    session: Arc<Session>,
    pub(super) statements: Statements,
    options: ScyllaOptions,
    /// Ends with the session.
    _tunnels: Option<Arc<Tunnels>>,
    /// Since when calls have found no cluster, and why the first of them did not.
    failing: Mutex<Option<(Instant, String)>>,
}

/// For how long nothing may have answered before calls are refused without being tried.
const OUTAGE_AFTER: Duration = Duration::from_secs(3);

impl Cql {
    /// Connects, makes or migrates the schema, and prepares.
    pub(super) async fn connect(options: ScyllaOptions) -> Result<Self, StoreError> {
        options.check()?;
        let tunnels = match &options.tls {
            Some(tls) => Some(Arc::new(Tunnels::new(tls, &options.contact_points)?)),
            None => None,
        };
        let session = builder(&options, tunnels.as_ref()).await?.build().await.map_err(unavailable)?;
        let server = Server::ask(&session).await?;
        schema::migrate(&session, &server, &options).await?;
        let reads = profile(&options, true).into_handle();
        let statements = Box::pin(Statements::prepare(&Preparer::new(&session, reads, &options))).await?;
        Ok(Self { session: Arc::new(session), statements, options, _tunnels: tunnels, failing: Mutex::default() })
    }

    pub(super) fn options(&self) -> &ScyllaOptions {
        &self.options
    }

    /// Why nothing has answered for a while, if so. A single node that is slow or away is no outage: others answer.
    pub(super) fn outage(&self) -> Option<String> {
        let failing = self.failing.lock();
        let lasting = failing.as_ref().filter(|(since, _)| since.elapsed() >= OUTAGE_AFTER);
        lasting.map(|(_, reason)| reason.clone())
    }

    /// Remembers whether the cluster answered.
    fn note<T>(&self, answer: &Result<T, ExecutionError>) {
        match answer {
            Err(error) if is_outage(error) => self.note_failure(|| error.to_string()),
            _ => *self.failing.lock() = None,
        }
    }

    fn note_failure(&self, reason: impl FnOnce() -> String) {
        self.failing.lock().get_or_insert_with(|| (Instant::now(), reason()));
    }

    /// Asks for something small, to see whether the cluster answers within a time.
    pub(super) async fn ping(&self, patience: Duration) {
        let asked = self.first::<(Option<i32>,)>(&self.statements.version.plain, ());
        if tokio::time::timeout(patience, asked).await.is_err() {
            self.note_failure(|| format!("no answer within {} s", patience.as_secs()));
        }
    }

    /// One page of a read, and where the next begins, if there is one.
    pub(super) async fn page<R>(
        &self,
        statement: &PreparedStatement,
        values: impl SerializeRow,
        from: PagingState,
    ) -> Result<(Vec<R>, Option<PagingState>), StoreError>
    where
        R: for<'f, 'm> DeserializeRow<'f, 'm>,
    {
        let values = statement.clone().bind(&values).map_err(damaged)?;
        let answer = self.patiently(&values, from).await;
        self.note(&answer);
        let (result, next) = answer.map_err(unavailable)?;
        let next = match next {
            PagingStateResponse::HasMorePages { state } => Some(state),
            PagingStateResponse::NoMorePages => None,
        };
        Ok((typed(result)?, next))
    }

    /// Executes a read. Serial ones can time out because others write the same partition, so they are tried again.
    async fn patiently(
        &self,
        read: &BoundStatement,
        from: PagingState,
    ) -> Result<(QueryResult, PagingStateResponse), ExecutionError> {
        let mut pause = CONTENTION_PAUSE;
        for _ in 1..SERIAL_ATTEMPTS_MAX {
            match self.session.execute_bound_single_page(read, from.clone()).await {
                Err(error) if is_contention(&error) => tokio::time::sleep(jittered(pause)).await,
                answer => return answer,
            }
            pause *= 2;
        }
        self.session.execute_bound_single_page(read, from).await
    }

    /// The first row of a read that has at most one.
    pub(super) async fn first<R>(
        &self,
        statement: &PreparedStatement,
        values: impl SerializeRow,
    ) -> Result<Option<R>, StoreError>
    where
        R: for<'f, 'm> DeserializeRow<'f, 'm>,
    {
        Ok(self.page(statement, values, PagingState::start()).await?.0.into_iter().next())
    }

    /// All rows of a read that its statement bounds.
    pub(super) async fn all<R>(
        &self,
        statement: &PreparedStatement,
        values: impl SerializeRow + Clone,
    ) -> Result<Vec<R>, StoreError>
    where
        R: for<'f, 'm> DeserializeRow<'f, 'm>,
    {
        let (mut rows, mut next) = self.page(statement, values.clone(), PagingState::start()).await?;
        while let Some(from) = next {
            let (more, after) = self.page(statement, values.clone(), from).await?;
            rows.extend(more);
            next = after;
        }
        Ok(rows)
    }

    /// One conditional write.
    pub(super) async fn cas(&self, statement: &PreparedStatement, values: Values) -> Cas {
        self.cas_batch(vec![(statement, values)]).await
    }

    /// Conditional writes to one partition, all or none of which are done.
    pub(super) async fn cas_batch(&self, writes: Vec<(&PreparedStatement, Values)>) -> Cas {
        let mut batch = Batch::new(BatchType::Unlogged);
        batch.set_consistency(consistencies(self.options.consistency).1);
        batch.set_serial_consistency(Some(serial(self.options.serial_consistency)));
        batch.set_is_idempotent(false);
        batch.set_retry_policy(Some(Arc::new(FallthroughRetryPolicy::new())));
        let mut values = Vec::with_capacity(writes.len());
        for (statement, row) in writes {
            batch.append_statement(statement.clone());
            values.push(row);
        }
        self.settle(batch, values).await
    }

    #[cfg(not(feature = "cql-tests"))]
    async fn settle(&self, batch: Batch, values: Vec<Values>) -> Cas {
        self.judge(self.session.batch(&batch, values).await)
    }

    /// Does a conditional write, or what a fault makes of it.
    #[cfg(feature = "cql-tests")]
    async fn settle(&self, batch: Batch, values: Vec<Values>) -> Cas {
        use super::faults::CqlFault;
        let session = Arc::clone(&self.session);
        match self.options.faults.as_ref().map_or(CqlFault::None, |faults| faults.next()) {
            CqlFault::None => return self.judge(session.batch(&batch, values).await),
            CqlFault::LoseRequest => {}
            CqlFault::LoseAnswer => drop(session.batch(&batch, values).await),
            CqlFault::ArriveLate(after) => {
                tokio::spawn(async move {
                    tokio::time::sleep(after).await;
                    drop(session.batch(&batch, values).await);
                });
            }
        }
        Cas::Unknown(StoreError::Unavailable("an injected time-out".into()))
    }

    fn judge(&self, answer: Result<QueryResult, ExecutionError>) -> Cas {
        self.note(&answer);
        match answer {
            Ok(result) => match applied(result) {
                Ok(true) => Cas::Applied,
                Ok(false) => Cas::NotApplied,
                Err(error) => Cas::Unknown(error),
            },
            Err(error) if may_have_happened(&error) => Cas::Unknown(unavailable(error)),
            Err(error) => Cas::Failed(unavailable(error)),
        }
    }

    /// One write that may be repeated.
    pub(super) async fn write(
        &self,
        statement: &PreparedStatement,
        values: impl SerializeRow,
    ) -> Result<(), StoreError> {
        let answer = self.session.execute_unpaged(statement, values).await;
        self.note(&answer);
        answer.map(drop).map_err(unavailable)
    }

    /// Groups of writes that may be repeated, each to one partition.
    pub(super) async fn write_groups(
        &self,
        statement: &PreparedStatement,
        groups: Vec<Vec<Values>>,
    ) -> Result<(), StoreError> {
        let mut writes = stream::iter(groups.into_iter().map(|group| self.write_group(statement, group)))
            .buffer_unordered(PLAIN_WRITES_AT_ONCE);
        while let Some(written) = writes.next().await {
            written?;
        }
        Ok(())
    }

    async fn write_group(&self, statement: &PreparedStatement, group: Vec<Values>) -> Result<(), StoreError> {
        let mut batch = Batch::new(BatchType::Unlogged);
        batch.set_consistency(consistencies(self.options.consistency).1);
        batch.set_is_idempotent(true);
        group.iter().for_each(|_| batch.append_statement(statement.clone()));
        let answer = self.session.batch(&batch, group).await;
        self.note(&answer);
        answer.map(drop).map_err(unavailable)
    }
}

async fn builder(options: &ScyllaOptions, tunnels: Option<&Arc<Tunnels>>) -> Result<SessionBuilder, StoreError> {
    let builder = SessionBuilder::new()
        .default_execution_profile_handle(profile(options, false).into_handle())
        .timestamp_generator(Arc::new(MonotonicTimestampGenerator::new()))
        .connection_timeout(options.request_timeout)
        .schema_agreement_timeout(Duration::from_secs(60))
        .fetch_full_schema_metadata(false)
        .tcp_nodelay(true);
    let builder = match &options.credentials {
        Some(credentials) => builder.user(&credentials.username, &credentials.password),
        None => builder,
    };
    let Some(tunnels) = tunnels else { return Ok(builder.known_nodes(&options.contact_points)) };
    let entrances = tunnels.entrances(&options.contact_points).await?;
    let translator = Arc::clone(tunnels) as Arc<dyn AddressTranslator>;
    // Shards are chosen by the port that a connection comes from, which a tunnel does not pass on.
    Ok(builder.known_nodes_addr(entrances).address_translator(translator).disallow_shard_aware_port(true))
}

/// How requests are executed: to the replicas of their partition first; reads with speculation.
fn profile(options: &ScyllaOptions, speculates: bool) -> ExecutionProfile {
    let mut policy = DefaultPolicy::builder().token_aware(true).permit_dc_failover(true);
    if let Some(datacenter) = &options.datacenter {
        policy = policy.prefer_datacenter(datacenter.clone());
    }
    let policy: Arc<dyn LoadBalancingPolicy> = policy.build();
    let speculation = options.speculate_after.filter(|_| speculates).map(|retry_interval| {
        let simple = SimpleSpeculativeExecutionPolicy { max_retry_count: SPECULATIONS_MAX, retry_interval };
        Arc::new(simple) as Arc<_>
    });
    ExecutionProfile::builder()
        .load_balancing_policy(policy)
        .retry_policy(Arc::new(DefaultRetryPolicy::new()))
        .speculative_execution_policy(speculation)
        .consistency(consistencies(options.consistency).1)
        .request_timeout(Some(options.request_timeout))
        .build()
}

/// Whether a read gave up because too many others write to its partition.
fn is_contention(error: &ExecutionError) -> bool {
    let ExecutionError::LastAttemptError(RequestAttemptError::DbError(error, _)) = error else { return false };
    match error {
        DbError::ReadTimeout { consistency, .. } | DbError::WriteTimeout { consistency, .. } => {
            matches!(consistency, Consistency::Serial | Consistency::LocalSerial)
        }
        _ => false,
    }
}

/// A pause of this length or up to twice as long, so that those who met do not meet again.
pub(super) fn jittered(pause: Duration) -> Duration {
    let (low, _) = Uuid::new_v4().as_u64_pair();
    pause + pause.mul_f64((low >> 11) as f64 / (1_u64 << 53) as f64)
}

fn typed<R>(result: QueryResult) -> Result<Vec<R>, StoreError>
where
    R: for<'f, 'm> DeserializeRow<'f, 'm>,
{
    let rows = result.into_rows_result().map_err(damaged)?;
    rows.rows::<R>().map_err(damaged)?.collect::<Result<_, _>>().map_err(damaged)
}

/// Whether a conditional write was applied. Servers differ in what else they answer, so only this column is looked at.
pub(super) fn applied(result: QueryResult) -> Result<bool, StoreError> {
    let rows = result.into_rows_result().map_err(damaged)?;
    let place = rows.column_specs().get_by_name("[applied]").map(|(place, _)| place);
    let row = rows.first_row::<Row>().map_err(damaged)?;
    let value = place.and_then(|place| row.columns.into_iter().nth(place)).flatten();
    value.as_ref().and_then(CqlValue::as_boolean).ok_or_else(|| damaged("an answer without [applied]"))
}
