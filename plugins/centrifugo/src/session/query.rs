//! `presence`, `presence_stats` and `history` (section 7).

use std::sync::Arc;

use natter_core::{ClientInfo, HistoryPage, HistoryQuery, PresenceStats, Refusal, Request, Since};
use natter_node::session::{Close, SessionOut};
use natter_protocol::centrifuge::codes::ClientError;
use natter_protocol::centrifuge::schema::{HistoryRequest, HistoryResult, PresenceResult, PresenceStatsResult, Reply};

use super::grant::{Access, permits};
use super::reply::client_error;
use super::token::{Pending, Token};
use super::{ClientSession, bad_request, inexpressible};
use crate::codec;
use crate::shared::ResolvedChannel;

impl ClientSession {
    /// What the connection's user may read of a channel.
    pub(super) fn access(&mut self, channel: &ResolvedChannel) -> Result<Access, Close> {
        let is_insecure = self.is_insecure();
        let connected = self.connected()?;
        let rules = &channel.rules.rules;
        let is_subscribed = connected.subscriptions.is_subscribed(channel.key.name());
        let may = |client, subscriber, anonymous| {
            is_insecure || permits(client, subscriber, anonymous, &connected.user, is_subscribed)
        };
        Ok(Access {
            presence: may(
                rules.allow_presence,
                rules.allow_presence_for_subscriber,
                rules.allow_presence_for_anonymous,
            ),
            history: may(rules.allow_history, rules.allow_history_for_subscriber, rules.allow_history_for_anonymous),
        })
    }

    pub(super) fn presence(&mut self, id: u32, channel: &str, out: &mut SessionOut<'_>) -> Result<(), Close> {
        match self.presence_channel(channel)? {
            Ok(channel) => {
                let token = Token::pack(Pending::Presence, id);
                let options = Arc::clone(&channel.rules.options);
                out.request(token, channel.key, options, Request::Presence { reply: () });
                Ok(())
            }
            Err(error) => self.refuse(id, error, out),
        }
    }

    pub(super) fn presence_stats(&mut self, id: u32, channel: &str, out: &mut SessionOut<'_>) -> Result<(), Close> {
        match self.presence_channel(channel)? {
            Ok(channel) => {
                let token = Token::pack(Pending::PresenceStats, id);
                let options = Arc::clone(&channel.rules.options);
                out.request(token, channel.key, options, Request::PresenceStats { reply: () });
                Ok(())
            }
            Err(error) => self.refuse(id, error, out),
        }
    }

    fn presence_channel(&mut self, name: &str) -> Result<Result<ResolvedChannel, ClientError>, Close> {
        if name.is_empty() {
            return Err(bad_request());
        }
        let channel = match self.resolve(name) {
            Ok(channel) => channel,
            Err(error) => return Ok(Err(error)),
        };
        if !channel.rules.rules.presence {
            return Ok(Err(ClientError::NOT_AVAILABLE));
        }
        Ok(if self.access(&channel)?.presence { Ok(channel) } else { Err(ClientError::PERMISSION_DENIED) })
    }

    pub(super) fn present(
        &mut self,
        id: u32,
        result: Result<Vec<Arc<ClientInfo>>, Refusal>,
        out: &mut SessionOut<'_>,
    ) -> Result<(), Close> {
        match result {
            Ok(members) => {
                let presence = members.iter().map(|info| (info.client.clone(), (**info).clone())).collect();
                self.reply(&Reply { id, presence: Some(PresenceResult { presence }), ..Reply::default() }, out)
            }
            Err(refusal) => self.refuse(id, client_error(refusal), out),
        }
    }

    pub(super) fn counted(
        &mut self,
        id: u32,
        result: Result<PresenceStats, Refusal>,
        out: &mut SessionOut<'_>,
    ) -> Result<(), Close> {
        match result {
            Ok(stats) => {
                let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
                let presence_stats =
                    PresenceStatsResult { num_clients: count(stats.num_clients), num_users: count(stats.num_users) };
                self.reply(&Reply { id, presence_stats: Some(presence_stats), ..Reply::default() }, out)
            }
            Err(refusal) => self.refuse(id, client_error(refusal), out),
        }
    }

    pub(super) fn history(&mut self, id: u32, request: HistoryRequest, out: &mut SessionOut<'_>) -> Result<(), Close> {
        if request.channel.is_empty() {
            return Err(bad_request());
        }
        let channel = match self.resolve(&request.channel) {
            Ok(channel) => channel,
            Err(error) => return self.refuse(id, error, out),
        };
        if !channel.rules.rules.keeps_history() {
            return self.refuse(id, ClientError::NOT_AVAILABLE, out);
        }
        if !self.access(&channel)?.history {
            return self.refuse(id, ClientError::PERMISSION_DENIED, out);
        }
        let limit_max = self.settings.limits.history_publications_max;
        // A negative limit asks for as many as there may be.
        let limit = usize::try_from(request.limit).unwrap_or(limit_max).min(limit_max);
        let since = request.since.map(|since| Since { offset: since.offset, epoch: since.epoch });
        let query = HistoryQuery { limit, since, reverse: request.reverse };
        let token = Token::pack(Pending::History, id);
        let options = Arc::clone(&channel.rules.options);
        out.request(token, channel.key, options, Request::History { query, reply: () });
        Ok(())
    }

    pub(super) fn history_read(
        &mut self,
        id: u32,
        result: Result<Box<HistoryPage>, Refusal>,
        out: &mut SessionOut<'_>,
    ) -> Result<(), Close> {
        let page = match result {
            Ok(page) => page,
            Err(refusal) => return self.refuse(id, client_error(refusal), out),
        };
        let encoding = self.transport.encoding;
        let shown = page.publications.iter().map(|publication| codec::reference(publication).to_publication(encoding));
        let history = HistoryResult {
            publications: shown.collect::<Result<_, _>>().map_err(|_| inexpressible())?,
            epoch: page.epoch.as_str().to_owned(),
            offset: page.offset,
        };
        self.reply(&Reply { id, history: Some(history), ..Reply::default() }, out)
    }
}
