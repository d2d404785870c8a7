//! Connections and subscriptions that have expired, and that the tenant's backend decides about (sections 4, 6.7 and 13).
//!
//! A backend that cannot be asked is asked again later. One that answers must name a time to come: an error, and a time
//! that is over, mean the end, so that a session never asks in a circle.

use bytes::Bytes;
use natter_node::session::{Close, CloseKind, SessionOut};
use natter_protocol::centrifuge::codes::{Disconnect, Unsubscribed};

use super::{Answered, is_to_come, unix_seconds};
use crate::proxy::{Answer, REFRESH_RETRY_SECONDS, RefreshResult};
use crate::session::task::TaskResult;
use crate::session::{ClientSession, close};

/// What becomes of something that has expired.
enum Renewal<T> {
    /// It may go on, if the result says so.
    Answered(T),
    Ended,
    /// Nobody knows yet.
    Unanswered,
}

fn renewal<T>(answered: Answered<T>) -> Result<Renewal<T>, Close> {
    match answered {
        Ok(Answer::Result(result)) => Ok(Renewal::Answered(result)),
        Ok(Answer::Error(_)) => Ok(Renewal::Ended),
        Ok(Answer::Disconnect(disconnect)) => Err(close(disconnect, CloseKind::Auth)),
        Err(_) => Ok(Renewal::Unanswered),
    }
}

impl ClientSession {
    pub(in crate::session) fn ask_refresh(&mut self, out: &mut SessionOut<'_>) -> Result<(), Close> {
        self.deadlines.expiry_ms = i64::MAX;
        let call = self.shared.proxies.load().refresh(&self.asker());
        self.wait_for(Box::pin(async move { TaskResult::Refresh { answered: call.await }.boxed() }), out);
        Ok(())
    }

    pub(in crate::session) fn refresh_answered(
        &mut self,
        answered: Answered<RefreshResult>,
        out: &mut SessionOut<'_>,
    ) -> Result<(), Close> {
        let result = match renewal(answered)? {
            Renewal::Unanswered => {
                self.set_expiry(Some(retry_at(out.now_ms())), false);
                return Ok(());
            }
            Renewal::Answered(result) if !result.expired => result,
            Renewal::Answered(_) | Renewal::Ended => return Err(connection_expired()),
        };
        let expire_at = result.expire_at.filter(|at| is_to_come(*at, out.now_ms())).ok_or_else(connection_expired)?;
        if let Some(info) = result.info {
            self.replace_info(info, out)?;
        }
        let connected = self.connected()?;
        connected.meta = result.meta.or(connected.meta.take());
        self.set_expiry(unix_seconds(Some(expire_at)), false);
        Ok(())
    }

    pub(in crate::session) fn ask_sub_refresh(&mut self, number: u32, out: &mut SessionOut<'_>) -> Result<(), Close> {
        let asker = self.asker();
        let proxies = self.shared.proxies.load_full();
        let Some(subscription) = self.connected()?.subscriptions.numbered(number) else { return Ok(()) };
        let name = &subscription.channel.rules.rules.sub_refresh_proxy_name;
        let call = proxies.sub_refresh(name, &asker, subscription.channel.key.name());
        self.wait_for(Box::pin(async move { TaskResult::SubRefresh { number, answered: call.await }.boxed() }), out);
        Ok(())
    }

    pub(in crate::session) fn sub_refresh_answered(
        &mut self,
        number: u32,
        answered: Answered<RefreshResult>,
        out: &mut SessionOut<'_>,
    ) -> Result<(), Close> {
        let now_ms = out.now_ms();
        let goes_on = |result: &RefreshResult| {
            !result.expired && result.expire_at.is_none_or(|expire_at| is_to_come(expire_at, now_ms))
        };
        let (expire_at, info) = match renewal(answered)? {
            Renewal::Unanswered => (Some(retry_at(now_ms)), None),
            Renewal::Answered(result) if goes_on(&result) => (unix_seconds(result.expire_at), result.info),
            Renewal::Answered(_) | Renewal::Ended => {
                return self.end_subscription(number, Unsubscribed::EXPIRED, Disconnect::SUBSCRIPTION_EXPIRED, out);
            }
        };
        let deadline_ms = self.subscription_deadline_ms(expire_at, false);
        let Some(subscription) = self.connected()?.subscriptions.numbered(number) else { return Ok(()) };
        subscription.expire_at = expire_at;
        subscription.deadline_ms = deadline_ms;
        if let Some(info) = info.filter(|info: &Bytes| !info.is_empty()) {
            subscription.replace_info(info, out);
        }
        Ok(())
    }
}

fn connection_expired() -> Close {
    close(Disconnect::CONNECTION_EXPIRED, CloseKind::Auth)
}

/// When to ask again about something whose backend could not be asked.
fn retry_at(now_ms: i64) -> u64 {
    unix_seconds(Some(now_ms / 1_000 + REFRESH_RETRY_SECONDS)).unwrap_or_default()
}
