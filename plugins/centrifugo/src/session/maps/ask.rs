//! Keys that the tenant's backend decides about (sections 8 and 13): whether a client may set or remove one, and what
//! becomes of it then.

use std::sync::Arc;

use bytes::Bytes;
use natter_core::{Draft, KeyedDraft, KeyedRequest};
use natter_node::session::{Close, SessionOut};

use crate::proxy::{MapPublishResult, MapQuestion, MapRemoveResult};
use crate::session::ClientSession;
use crate::session::ask::{Answered, Decision, decide};
use crate::session::publish::signed;
use crate::session::task::TaskResult;
use crate::shared::ResolvedChannel;

impl ClientSession {
    pub(super) fn ask_set_key(
        &mut self,
        id: u32,
        channel: ResolvedChannel,
        (key, data): (Arc<str>, Bytes),
        out: &mut SessionOut<'_>,
    ) -> Result<(), Close> {
        let question = MapQuestion { channel: Arc::clone(channel.key.name()), key, data };
        let proxies = self.shared.proxies.load();
        let call = proxies.map_publish(&channel.rules.rules.map.publish_proxy_name, &self.asker(), &question);
        let work = async move { TaskResult::SetKey { id, channel, question, answered: call.await }.boxed() };
        self.wait_for(Box::pin(work), out);
        Ok(())
    }

    pub(in crate::session) fn set_key_answered(
        &mut self,
        id: u32,
        channel: ResolvedChannel,
        question: MapQuestion,
        answered: Answered<MapPublishResult>,
        out: &mut SessionOut<'_>,
    ) -> Result<(), Close> {
        let result = match decide(answered)? {
            Decision::Refused(error) => return self.refuse_as(id, error, out),
            Decision::Granted(result) => result,
        };
        let draft = Draft { data: question.data, ..Draft::default() };
        let mut wanted = KeyedDraft { key: question.key, draft, ..KeyedDraft::default() };
        result.apply(&mut wanted);
        wanted.draft = signed(self.connected()?, &channel, wanted.draft);
        self.change_key(id, channel, KeyedRequest::Publish(Box::new(wanted)), out)
    }

    pub(super) fn ask_remove_key(
        &mut self,
        id: u32,
        channel: ResolvedChannel,
        key: Arc<str>,
        out: &mut SessionOut<'_>,
    ) -> Result<(), Close> {
        let question = MapQuestion { channel: Arc::clone(channel.key.name()), key, data: Bytes::new() };
        let proxies = self.shared.proxies.load();
        let call = proxies.map_remove(&channel.rules.rules.map.remove_proxy_name, &self.asker(), &question);
        let key = question.key;
        let work = async move { TaskResult::RemoveKey { id, channel, key, answered: call.await }.boxed() };
        self.wait_for(Box::pin(work), out);
        Ok(())
    }

    pub(in crate::session) fn remove_key_answered(
        &mut self,
        id: u32,
        channel: ResolvedChannel,
        key: Arc<str>,
        answered: Answered<MapRemoveResult>,
        out: &mut SessionOut<'_>,
    ) -> Result<(), Close> {
        match decide(answered)? {
            Decision::Refused(error) => self.refuse_as(id, error, out),
            Decision::Granted(result) => self.change_key(id, channel, result.removal_of(key), out),
        }
    }
}
