//! `connect`: who is there, and what is it subscribed to from the start (sections 4, 6.8 and 9).

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use natter_core::ClientInfo;
use natter_node::auth::{ConnectionClaims, TokenError, TokenPurpose};
use natter_node::domain::{Access, Domain, Visitor};
use natter_node::limits::Allowance;
use natter_node::session::{Close, CloseKind, SessionOut};
use natter_node::tenant::Tenant;
use natter_protocol::centrifuge::codes::{ClientError, Disconnect};
use natter_protocol::centrifuge::schema::{
    ConnectRequest, ConnectResult, Error, Reply, SubscribeRequest, SubscribeResult,
};

use super::deadlines::{milliseconds, time_left};
use super::grant::Grant;
use super::subscription::{Origin, Subscriptions};
use super::task::TaskResult;
use super::{ClientSession, Connected, Phase, bad_request, close};
use crate::namespaces::personal_channel;

/// What Centrifugo's clients show as the server's version.
const VERSION: &str = concat!("natter ", env!("CARGO_PKG_VERSION"));

/// A connect whose server-side subscriptions are on their way.
pub(super) struct Connecting {
    pub(super) connected: Connected,
    id: u32,
    result: ConnectResult,
    /// Server-side subscriptions that have not been answered.
    open: usize,
}

/// A connection that has been let in, by its token, by the tenant's backend, or as an anonymous one.
#[derive(Default)]
pub(crate) struct Admission {
    pub(crate) user: String,
    pub(crate) info: Bytes,
    /// Unix seconds.
    pub(crate) expire_at: Option<u64>,
    /// Whether natter itself has issued its token: the tenant's backend is not asked about it.
    pub(crate) is_own_token: bool,
    pub(crate) subscriptions: BTreeMap<String, Grant>,
    pub(crate) data: Bytes,
    pub(crate) meta: Option<Bytes>,
    /// The login that its token belongs to.
    pub(crate) login: Option<Arc<str>>,
}

impl Admission {
    fn from_token(claims: ConnectionClaims) -> Self {
        let grant = |options| Grant { is_from_connection_token: true, ..Grant::from_options(options) };
        let channels = claims.channels.into_iter().map(|channel| (channel, grant(Default::default())));
        let mut subscriptions: BTreeMap<_, _> = channels.collect();
        subscriptions.extend(claims.subs.into_iter().map(|(channel, options)| (channel, grant(options))));
        Self {
            user: claims.user,
            info: claims.info.unwrap_or_default(),
            expire_at: claims.expire_at,
            is_own_token: claims.purpose.is_some() || claims.login.is_some(),
            subscriptions,
            data: Bytes::new(),
            meta: claims.meta,
            login: claims.login,
        }
    }
}

impl ClientSession {
    pub(super) fn connect(&mut self, id: u32, request: ConnectRequest, out: &mut SessionOut<'_>) -> Result<(), Close> {
        let config = &self.settings.centrifugo;
        if !request.token.is_empty() {
            let authenticator = self.shared.authenticator.load();
            let verified = authenticator.authenticate_connection(&request.token, &config.tenant, SystemTime::now());
            return self.once_verified(
                verified,
                move |result| TaskResult::ConnectionToken { id, request, result },
                out,
            );
        }
        if config.client.proxy.connect.enabled {
            return self.ask_connect(id, request, out);
        }
        self.connect_without_token(id, &request, out)
    }

    /// Lets an anonymous connection in, or one that a trusted proxy in front vouches for, if that is allowed.
    pub(super) fn connect_without_token(
        &mut self,
        id: u32,
        request: &ConnectRequest,
        out: &mut SessionOut<'_>,
    ) -> Result<(), Close> {
        let config = &self.settings.centrifugo;
        let user = match self.transport.user_header.take() {
            _ if config.allow_anonymous || config.insecure => String::new(),
            Some(user) => user,
            None => return Err(bad_request()),
        };
        let tenant = self.shared.tenants.get(&config.tenant).ok_or_else(bad_request)?;
        self.admit(id, tenant, Admission { user, ..Admission::default() }, request, out)
    }

    pub(super) fn connection_verified(
        &mut self,
        id: u32,
        request: ConnectRequest,
        result: Result<ConnectionClaims, TokenError>,
        out: &mut SessionOut<'_>,
    ) -> Result<(), Close> {
        let claims = match result {
            Ok(claims) => claims,
            Err(error) => return self.connect_token_refused(id, error, out),
        };
        let config = &self.settings.centrifugo;
        if claims.user.is_empty() && config.disallow_anonymous_connection_tokens && !config.insecure {
            return Err(close(Disconnect::PERMISSION_DENIED, CloseKind::Auth));
        }
        if claims.purpose == Some(TokenPurpose::Rest) {
            return Err(invalid_token());
        }
        let tenant = self.shared.tenants.get(&claims.tenant).ok_or_else(invalid_token)?;
        match self.shared.broker.domain().filter(|_| !claims.user.is_empty()) {
            Some(domain) => {
                self.ask_admission(id, Arc::clone(domain), tenant, claims, request, out);
                Ok(())
            }
            None => self.admit(id, tenant, Admission::from_token(claims), &request, out),
        }
    }

    fn ask_admission(
        &mut self,
        id: u32,
        domain: Arc<dyn Domain>,
        tenant: Arc<Tenant>,
        claims: ConnectionClaims,
        request: ConnectRequest,
        out: &mut SessionOut<'_>,
    ) {
        let visitor = Visitor {
            tenant: tenant.id().clone(),
            user: claims.user.clone(),
            issued_at: claims.issued_at.and_then(|at| i64::try_from(at).ok()),
            is_own_token: claims.purpose.is_some(),
        };
        let admission = Box::new(Admission::from_token(claims));
        let work = async move {
            let answer = domain.admit(visitor).await;
            TaskResult::Admitted { id, tenant, admission, request, answer }.boxed()
        };
        self.wait_for(Box::pin(work), out);
    }

    /// The domain has answered whether a user may come in.
    pub(super) fn admitted(
        &mut self,
        id: u32,
        tenant: Arc<Tenant>,
        mut admission: Admission,
        request: &ConnectRequest,
        answer: Result<Vec<String>, Access>,
        out: &mut SessionOut<'_>,
    ) -> Result<(), Close> {
        match answer {
            Ok(channels) => {
                let granted = channels.into_iter().map(|channel| (channel, Grant::default()));
                admission.subscriptions.extend(granted);
                self.admit(id, tenant, admission, request, out)
            }
            Err(Access::Unavailable) => self.refuse_connect(id, ClientError::INTERNAL, out),
            Err(_) => Err(invalid_token()),
        }
    }

    fn connect_token_refused(&mut self, id: u32, error: TokenError, out: &mut SessionOut<'_>) -> Result<(), Close> {
        crate::metrics::token_failure(error);
        match error {
            TokenError::Expired => self.refuse_connect(id, ClientError::TOKEN_EXPIRED, out),
            TokenError::Invalid(_) => Err(invalid_token()),
            TokenError::KeysUnavailable => self.refuse_connect(id, ClientError::INTERNAL, out),
        }
    }

    /// Answers the connect with an error; the client goes, or is gone with 3000 after a while.
    pub(super) fn refuse_connect(
        &mut self,
        id: u32,
        error: ClientError,
        out: &mut SessionOut<'_>,
    ) -> Result<(), Close> {
        self.refuse_connect_as(id, error.into(), out)
    }

    /// As [`Self::refuse_connect`], with an error of the backend's.
    pub(super) fn refuse_connect_as(&mut self, id: u32, error: Error, out: &mut SessionOut<'_>) -> Result<(), Close> {
        self.phase = Phase::Refused;
        self.deadlines.refused(out.now_ms());
        self.reply(&Reply { id, error: Some(error), ..Reply::default() }, out)
    }

    pub(super) fn admit(
        &mut self,
        id: u32,
        tenant: Arc<Tenant>,
        admission: Admission,
        request: &ConnectRequest,
        out: &mut SessionOut<'_>,
    ) -> Result<(), Close> {
        self.check_limits(&tenant, &admission.user)?;
        let user: Arc<str> = Arc::from(admission.user.as_str());
        let client = Arc::clone(&self.client);
        let info = ClientInfo {
            user: admission.user,
            client: client.to_string(),
            conn_info: admission.info,
            ..ClientInfo::default()
        };
        out.identify(Arc::clone(&tenant), Arc::clone(&user));
        if self.is_only_one_of(&user) {
            out.supersede(close(Disconnect::CONNECTION_LIMIT, CloseKind::Limit));
        }
        let now_ms = out.now_ms();
        let is_refreshed_by_client = admission.is_own_token || !self.shared.proxies.load().has_refresh();
        let result = self.connect_result(&client, admission.expire_at, is_refreshed_by_client, admission.data, now_ms);
        self.set_expiry(admission.expire_at, is_refreshed_by_client);
        let connected = Connected {
            tenant,
            user,
            client,
            info: Arc::new(info),
            meta: admission.meta,
            login: admission.login,
            is_refreshed_by_client,
            subscriptions: Subscriptions::default(),
            recent: None,
            publish_allowance: Allowance::default(),
            open_publications: VecDeque::new(),
            waiting_unsubscribes: Vec::new(),
        };
        self.phase = Phase::Connecting(Box::new(Connecting { connected, id, result, open: 0 }));
        out.cork();
        self.begin_server_side(admission.subscriptions, request, out)?;
        self.finish_connect(out)
    }

    fn check_limits(&self, tenant: &Tenant, user: &str) -> Result<(), Close> {
        let limits = &self.settings.limits;
        let own = tenant.settings().limits.clone();
        let tenant_max = own.max_connections.unwrap_or(limits.max_connections_per_tenant);
        let user_max = own.max_connections_per_user.unwrap_or(limits.max_connections_per_user);
        // Whoever comes again takes the place of the one before.
        let is_bounded = user_max > 0 && !self.is_only_one_of(user);
        let is_user_full = is_bounded && self.shared.broker.user_connections(tenant.id(), user) >= user_max;
        if tenant.connections() >= tenant_max || is_user_full {
            metrics::counter!("natter_limited_total", "scope" => "connect").increment(1);
            return Err(close(Disconnect::CONNECTION_LIMIT, CloseKind::Limit));
        }
        Ok(())
    }

    /// Whether a user may have one connection only (`subscribe_to_user_personal_channel.single_connection`).
    fn is_only_one_of(&self, user: &str) -> bool {
        let personal = &self.settings.centrifugo.subscribe_to_user_personal_channel;
        personal.enabled && personal.single_connection && !user.is_empty()
    }

    fn connect_result(
        &self,
        client: &str,
        expire_at: Option<u64>,
        is_refreshed_by_client: bool,
        data: Bytes,
        now_ms: i64,
    ) -> ConnectResult {
        let config = &self.settings.centrifugo;
        let (expires, ttl) = if is_refreshed_by_client { time_left(expire_at, now_ms) } else { (false, 0) };
        let ping = if self.transport.has_native_pings { 0 } else { config.ping_interval.as_secs() };
        ConnectResult {
            client: client.to_owned(),
            version: VERSION.to_owned(),
            expires,
            ttl,
            data,
            ping: u32::try_from(ping).unwrap_or_default(),
            pong: ping > 0 && !config.pong_timeout.is_zero(),
            time: if config.connect_include_server_time { now_ms } else { 0 },
            ..ConnectResult::default()
        }
    }

    /// Sets when the connection expires: after a while for its client to refresh it, or at once where a backend does.
    pub(super) fn set_expiry(&mut self, expire_at: Option<u64>, is_refreshed_by_client: bool) {
        let grace_ms = match is_refreshed_by_client {
            true => milliseconds(self.settings.centrifugo.expired_close_delay),
            false => 0,
        };
        self.deadlines.expiry_ms = expire_at.map_or(i64::MAX, |at| {
            i64::try_from(at).unwrap_or(i64::MAX / 1_000).saturating_mul(1_000).saturating_add(grace_ms)
        });
    }

    /// Starts the subscriptions that the connection has from the start.
    fn begin_server_side(
        &mut self,
        mut granted: BTreeMap<String, Grant>,
        request: &ConnectRequest,
        out: &mut SessionOut<'_>,
    ) -> Result<(), Close> {
        let personal = self.settings.centrifugo.subscribe_to_user_personal_channel.clone();
        let user = Arc::clone(&self.connected()?.user);
        if personal.enabled && !user.is_empty() {
            granted.entry(personal_channel(&personal.personal_channel_namespace, &user)).or_default();
        }
        let channels_max = self.settings.limits.channels_per_connection;
        for (name, grant) in granted {
            // A token or a backend that names a channel that cannot be is the tenant's mistake.
            let found = self.resolve(&name).ok().filter(|channel| channel.rules.options.keyed.is_none());
            let channel = found.ok_or_else(|| close(Disconnect::BAD_REQUEST, CloseKind::Protocol))?;
            self.begin_one(channel, grant, request.subs.get(&name), channels_max, out)?;
        }
        for (name, wanted) in &request.subs {
            if self.connected()?.subscriptions.get(name).is_some() {
                continue;
            }
            let channel = match self.resolve(name) {
                Ok(channel) => channel,
                Err(ClientError::UNKNOWN_CHANNEL) => return Err(bad_request()),
                Err(_) => continue,
            };
            if channel.rules.options.keyed.is_none() && self.is_permitted_by_rules(&channel) {
                self.begin_one(channel, Grant::default(), Some(wanted), channels_max, out)?;
            }
        }
        Ok(())
    }

    fn begin_one(
        &mut self,
        channel: crate::shared::ResolvedChannel,
        grant: Grant,
        wanted: Option<&SubscribeRequest>,
        channels_max: usize,
        out: &mut SessionOut<'_>,
    ) -> Result<(), Close> {
        if self.connected()?.subscriptions.len() >= channels_max {
            return Err(close(Disconnect::CHANNEL_LIMIT, CloseKind::Limit));
        }
        let nothing = SubscribeRequest::default();
        self.begin(Origin::Connect, channel, grant, wanted.unwrap_or(&nothing), out)?;
        if let Phase::Connecting(connecting) = &mut self.phase {
            connecting.open += 1;
        }
        Ok(())
    }

    /// A server-side subscription of a connect has been answered; `None`: the channel's owner refused it.
    pub(super) fn server_side_subscribed(
        &mut self,
        channel: String,
        result: Option<SubscribeResult>,
        out: &mut SessionOut<'_>,
    ) -> Result<(), Close> {
        let Phase::Connecting(connecting) = &mut self.phase else { return Ok(()) };
        let result = result.ok_or_else(|| close(Disconnect::INTERNAL, CloseKind::Error))?;
        connecting.result.subs.insert(channel, result.into());
        connecting.open -= 1;
        self.finish_connect(out)
    }

    /// Answers the connect once nothing is open any more.
    fn finish_connect(&mut self, out: &mut SessionOut<'_>) -> Result<(), Close> {
        match std::mem::replace(&mut self.phase, Phase::New) {
            Phase::Connecting(connecting) if connecting.open == 0 => {
                let Connecting { connected, id, result, .. } = *connecting;
                self.phase = Phase::Connected(Box::new(connected));
                self.deadlines.connected(&self.settings.centrifugo, out.now_ms());
                self.reply(&Reply { id, connect: Some(result), ..Reply::default() }, out)?;
                out.uncork();
                self.resume(out)
            }
            phase => {
                self.phase = phase;
                Ok(())
            }
        }
    }
}

fn invalid_token() -> Close {
    close(Disconnect::INVALID_TOKEN, CloseKind::Auth)
}
