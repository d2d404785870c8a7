//! Results of work that a session has waited for.

use std::sync::Arc;

use bytes::Bytes;
use natter_node::auth::{ConnectionClaims, SubscriptionClaims, TokenError, Verified};
use natter_node::domain::Access;
use natter_node::session::{Close, CloseKind, SessionOut, WorkResult};
use natter_node::tenant::Tenant;
use natter_protocol::centrifuge::codes::Disconnect;
use natter_protocol::centrifuge::schema::{ConnectRequest, SubscribeRequest};

use super::ask::Answered;
use super::connect::Admission;
use super::{ClientSession, close};
use crate::proxy::{
    ConnectResult, MapPublishResult, MapQuestion, MapRemoveResult, PublishResult, RefreshResult, RpcResult,
    SubscribeResult,
};
use crate::shared::ResolvedChannel;

/// What work brings back.
pub(super) enum TaskResult {
    ConnectionToken {
        id: u32,
        request: ConnectRequest,
        result: Result<ConnectionClaims, TokenError>,
    },
    RefreshToken {
        id: u32,
        result: Result<ConnectionClaims, TokenError>,
    },
    SubscriptionToken {
        id: u32,
        request: SubscribeRequest,
        channel: ResolvedChannel,
        result: Result<SubscriptionClaims, TokenError>,
    },
    SubRefreshToken {
        id: u32,
        channel: String,
        result: Result<SubscriptionClaims, TokenError>,
    },
    Connect {
        id: u32,
        request: ConnectRequest,
        answered: Answered<Option<ConnectResult>>,
    },
    Refresh {
        answered: Answered<RefreshResult>,
    },
    Subscribe {
        id: u32,
        request: SubscribeRequest,
        channel: ResolvedChannel,
        answered: Answered<SubscribeResult>,
    },
    Admitted {
        id: u32,
        tenant: Arc<Tenant>,
        admission: Box<Admission>,
        request: ConnectRequest,
        answer: Result<Vec<String>, Access>,
    },
    Domain {
        id: u32,
        request: SubscribeRequest,
        channel: ResolvedChannel,
        access: Access,
    },
    Publish {
        id: u32,
        channel: ResolvedChannel,
        data: Bytes,
        answered: Answered<PublishResult>,
    },
    SetKey {
        id: u32,
        channel: ResolvedChannel,
        question: MapQuestion,
        answered: Answered<MapPublishResult>,
    },
    RemoveKey {
        id: u32,
        channel: ResolvedChannel,
        key: Arc<str>,
        answered: Answered<MapRemoveResult>,
    },
    SubRefresh {
        number: u32,
        answered: Answered<RefreshResult>,
    },
    Rpc {
        id: u32,
        answered: Answered<RpcResult>,
    },
}

impl TaskResult {
    pub(super) fn boxed(self) -> WorkResult {
        Box::new(self)
    }
}

impl ClientSession {
    /// Goes on where the session has waited.
    pub(super) fn task_done(&mut self, result: WorkResult, out: &mut SessionOut<'_>) -> Result<(), Close> {
        let Ok(result) = result.downcast::<TaskResult>() else {
            return Err(close(Disconnect::INTERNAL, CloseKind::Error));
        };
        self.go_on(*result, out)?;
        self.waited(out)
    }

    /// Goes on with a token, at once or when what decides about it has been read.
    pub(super) fn once_verified<T: 'static>(
        &mut self,
        verified: Verified<T>,
        next: impl FnOnce(Result<T, TokenError>) -> TaskResult + Send + 'static,
        out: &mut SessionOut<'_>,
    ) -> Result<(), Close> {
        match verified {
            Verified::Done(result) => self.go_on(next(result), out),
            Verified::Pending(pending) => {
                self.wait_for(Box::pin(async move { next(pending.await).boxed() }), out);
                Ok(())
            }
        }
    }

    fn go_on(&mut self, result: TaskResult, out: &mut SessionOut<'_>) -> Result<(), Close> {
        match result {
            TaskResult::ConnectionToken { id, request, result } => self.connection_verified(id, request, result, out),
            TaskResult::RefreshToken { id, result } => self.refresh_verified(id, result, out),
            TaskResult::SubscriptionToken { id, request, channel, result } => {
                self.subscription_verified(id, request, channel, result, out)
            }
            TaskResult::SubRefreshToken { id, channel, result } => self.sub_refresh_verified(id, &channel, result, out),
            TaskResult::Connect { id, request, answered } => self.connect_answered(id, &request, answered, out),
            TaskResult::Refresh { answered } => self.refresh_answered(answered, out),
            TaskResult::Subscribe { id, request, channel, answered } => {
                self.subscribe_answered(id, &request, channel, answered, out)
            }
            TaskResult::Admitted { id, tenant, admission, request, answer } => {
                self.admitted(id, tenant, *admission, &request, answer, out)
            }
            TaskResult::Domain { id, request, channel, access } => {
                self.domain_answered(id, &request, channel, access, out)
            }
            TaskResult::Publish { id, channel, data, answered } => {
                self.publish_answered(id, channel, data, answered, out)
            }
            TaskResult::SetKey { id, channel, question, answered } => {
                self.set_key_answered(id, channel, question, answered, out)
            }
            TaskResult::RemoveKey { id, channel, key, answered } => {
                self.remove_key_answered(id, channel, key, answered, out)
            }
            TaskResult::SubRefresh { number, answered } => self.sub_refresh_answered(number, answered, out),
            TaskResult::Rpc { id, answered } => self.rpc_answered(id, answered, out),
        }
    }
}
