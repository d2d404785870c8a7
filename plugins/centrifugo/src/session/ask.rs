//! Questions to the tenant's backend, and what its answers do (section 13).
//!
//! While a question is on its way the connection's later commands wait, so that the backend decides about them in the
//! client's order.

mod refresh;

use std::sync::Arc;

use bytes::Bytes;
use natter_core::Draft;
use natter_node::session::{Close, CloseKind, SessionOut};
use natter_protocol::centrifuge::codes::{ClientError, Disconnect};
use natter_protocol::centrifuge::schema::{
    self, ConnectRequest, PublishRequest, Reply, RpcRequest, RpcResult as ShownRpcResult, SubscribeRequest,
};

use super::connect::Admission;
use super::grant::{Grant, is_refreshed_by_client};
use super::subscription::Origin;
use super::task::TaskResult;
use super::{ClientSession, close};
use crate::proxy::{
    Answer, Asker, ConnectQuestion, ConnectResult, ProxyError, PublishQuestion, PublishResult, RpcQuestion, RpcResult,
    SubscribeQuestion, SubscribeResult,
};
use crate::shared::ResolvedChannel;

/// What came back of a question.
pub(super) type Answered<T> = Result<Answer<T>, ProxyError>;

/// A backend's answer, as far as the client's command is concerned.
pub(super) enum Decision<T> {
    Granted(T),
    Refused(schema::Error),
}

pub(super) fn decide<T>(answered: Answered<T>) -> Result<Decision<T>, Close> {
    match answered {
        Ok(Answer::Result(result)) => Ok(Decision::Granted(result)),
        Ok(Answer::Error(error)) => Ok(Decision::Refused(error)),
        Ok(Answer::Disconnect(disconnect)) => Err(close(disconnect, CloseKind::Auth)),
        Err(error) => Ok(Decision::Refused(error.client_error().into())),
    }
}

impl ClientSession {
    /// This connection, as a backend is told of it.
    pub(super) fn asker(&self) -> Asker {
        let connected = self.connected_ref();
        Asker {
            client: self.client.to_string(),
            transport: self.transport.name,
            encoding: self.transport.encoding,
            user: connected.map_or_else(String::new, |connected| connected.user.to_string()),
            meta: connected.and_then(|connected| connected.meta.clone()),
            headers: self.transport.headers.clone(),
            emulated_headers: self.transport.emulated_headers.clone().unwrap_or_default(),
        }
    }

    pub(super) fn ask_connect(
        &mut self,
        id: u32,
        mut request: ConnectRequest,
        out: &mut SessionOut<'_>,
    ) -> Result<(), Close> {
        if !request.headers.is_empty() {
            self.transport.emulated_headers = Some(Arc::new(std::mem::take(&mut request.headers)));
        }
        let question = ConnectQuestion {
            data: request.data.clone(),
            name: request.name.clone(),
            version: request.version.clone(),
            channels: request.subs.keys().cloned().collect(),
        };
        let call = self.shared.proxies.load().connect(&self.asker(), &question);
        self.wait_for(Box::pin(async move { TaskResult::Connect { id, request, answered: call.await }.boxed() }), out);
        Ok(())
    }

    pub(super) fn connect_answered(
        &mut self,
        id: u32,
        request: &ConnectRequest,
        answered: Answered<Option<ConnectResult>>,
        out: &mut SessionOut<'_>,
    ) -> Result<(), Close> {
        let result = match decide(answered)? {
            Decision::Granted(Some(result)) => result,
            Decision::Granted(None) => return self.connect_without_token(id, request, out),
            Decision::Refused(error) => return self.refuse_connect_as(id, error, out),
        };
        if result.expire_at.is_some_and(|expire_at| !is_to_come(expire_at, out.now_ms())) {
            return self.refuse_connect(id, ClientError::EXPIRED, out);
        }
        let tenant = self.shared.tenants.get(&self.settings.centrifugo.tenant);
        let tenant = tenant.ok_or_else(|| close(Disconnect::INTERNAL, CloseKind::Error))?;
        let channels = result.channels.into_iter().map(|channel| (channel, Grant::default()));
        let subs = result.subs.into_iter().map(|(channel, options)| (channel, Grant::from_options(options)));
        let admission = Admission {
            user: result.user,
            info: result.info.unwrap_or_default(),
            expire_at: unix_seconds(result.expire_at),
            is_own_token: false,
            subscriptions: channels.chain(subs).collect(),
            data: result.data.unwrap_or_default(),
            meta: result.meta,
            login: None,
        };
        self.admit(id, tenant, admission, request, out)
    }

    pub(super) fn ask_subscribe(
        &mut self,
        id: u32,
        request: SubscribeRequest,
        channel: ResolvedChannel,
        out: &mut SessionOut<'_>,
    ) -> Result<(), Close> {
        let question = SubscribeQuestion {
            channel: request.channel.clone(),
            token: request.token.clone(),
            data: request.data.clone(),
        };
        let proxies = self.shared.proxies.load();
        let call = proxies.subscribe(&channel.rules.rules.subscribe_proxy_name, &self.asker(), &question);
        let work = async move { TaskResult::Subscribe { id, request, channel, answered: call.await }.boxed() };
        self.wait_for(Box::pin(work), out);
        Ok(())
    }

    pub(super) fn subscribe_answered(
        &mut self,
        id: u32,
        request: &SubscribeRequest,
        channel: ResolvedChannel,
        answered: Answered<SubscribeResult>,
        out: &mut SessionOut<'_>,
    ) -> Result<(), Close> {
        match decide(answered)? {
            Decision::Refused(error) => self.refuse_as(id, error, out),
            Decision::Granted(SubscribeResult { expire_at: Some(at), .. }) if !is_to_come(at, out.now_ms()) => {
                self.refuse(id, ClientError::EXPIRED, out)
            }
            Decision::Granted(result) => {
                let expire_at = unix_seconds(result.expire_at);
                let is_refreshed_by_client = is_refreshed_by_client(&channel);
                let grant = Grant { expire_at, is_refreshed_by_client, ..Grant::from_options(result.options) };
                self.begin(Origin::Command(id), channel, grant, request, out)
            }
        }
    }

    pub(super) fn ask_publish(
        &mut self,
        id: u32,
        request: PublishRequest,
        channel: ResolvedChannel,
        out: &mut SessionOut<'_>,
    ) -> Result<(), Close> {
        let data = Bytes::copy_from_slice(&request.data);
        let question = PublishQuestion { channel: request.channel, data: data.clone() };
        let proxies = self.shared.proxies.load();
        let call = proxies.publish(&channel.rules.rules.publish_proxy_name, &self.asker(), &question);
        let work = async move { TaskResult::Publish { id, channel, data, answered: call.await }.boxed() };
        self.wait_for(Box::pin(work), out);
        Ok(())
    }

    pub(super) fn publish_answered(
        &mut self,
        id: u32,
        channel: ResolvedChannel,
        data: Bytes,
        answered: Answered<PublishResult>,
        out: &mut SessionOut<'_>,
    ) -> Result<(), Close> {
        match decide(answered)? {
            Decision::Refused(error) => self.refuse_as(id, error, out),
            Decision::Granted(result) => {
                let mut draft = Draft { data, ..Draft::default() };
                result.apply(&mut draft);
                self.send_publication(id, channel, draft, out)
            }
        }
    }

    pub(super) fn rpc(&mut self, id: u32, request: RpcRequest, out: &mut SessionOut<'_>) -> Result<(), Close> {
        let proxies = self.shared.proxies.load_full();
        let name = match proxies.rpc_route(&request.method) {
            Ok(name) => name,
            Err(error) => return self.refuse(id, error, out),
        };
        let question = RpcQuestion { method: request.method, data: request.data };
        let call = proxies.rpc(name, &self.asker(), &question);
        self.wait_for(Box::pin(async move { TaskResult::Rpc { id, answered: call.await }.boxed() }), out);
        Ok(())
    }

    pub(super) fn rpc_answered(
        &mut self,
        id: u32,
        answered: Answered<RpcResult>,
        out: &mut SessionOut<'_>,
    ) -> Result<(), Close> {
        match decide(answered)? {
            Decision::Refused(error) => self.refuse_as(id, error, out),
            Decision::Granted(result) => {
                let rpc = Some(ShownRpcResult { data: result.data });
                self.reply(&Reply { id, rpc, ..Reply::default() }, out)
            }
        }
    }

    /// Answers a command with an error of the backend's.
    pub(super) fn refuse_as(&self, id: u32, error: schema::Error, out: &mut SessionOut<'_>) -> Result<(), Close> {
        let is_known = error.code != ClientError::INTERNAL.code;
        crate::metrics::authz_denied(if is_known { "backend" } else { "backend_failed" });
        self.reply(&Reply { id, error: Some(error), ..Reply::default() }, out)
    }
}

/// Whether a time in Unix seconds is still to come.
fn is_to_come(seconds: i64, now_ms: i64) -> bool {
    seconds.saturating_mul(1_000) > now_ms
}

fn unix_seconds(seconds: Option<i64>) -> Option<u64> {
    seconds.and_then(|seconds| u64::try_from(seconds).ok())
}
