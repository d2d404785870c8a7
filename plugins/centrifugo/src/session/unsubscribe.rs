//! `unsubscribe` (section 6.2), and subscriptions that are ended from our side.

use natter_node::session::{Close, CloseKind, SessionOut};
use natter_protocol::centrifuge::codes::{Disconnect, Unsubscribed};
use natter_protocol::centrifuge::schema::{Push, Reply, UnsubscribeResult};

use super::subscription::State;
use super::{ClientSession, bad_request, close};

impl ClientSession {
    pub(super) fn unsubscribe(&mut self, id: u32, channel: &str, out: &mut SessionOut<'_>) -> Result<(), Close> {
        if channel.is_empty() {
            return Err(bad_request());
        }
        let connected = self.connected()?;
        let Some(subscription) = connected.subscriptions.get_mut(channel) else {
            return self.reply_unsubscribed(id, out);
        };
        match &mut subscription.state {
            State::Starting(start) => {
                start.unsubscribed_by = Some(id);
                self.waits += 1;
                Ok(())
            }
            State::Paging(paging) if paging.is_open() => {
                paging.unsubscribed_by = Some(id);
                self.waits += 1;
                Ok(())
            }
            State::Active(_) if !connected.open_publications.is_empty() => {
                connected.waiting_unsubscribes.push((id, subscription.number));
                self.waits += 1;
                Ok(())
            }
            State::Active(_) | State::Paging(_) => {
                let number = subscription.number;
                self.unsubscribe_numbered(id, number, out)
            }
        }
    }

    /// Carries out the unsubscriptions that came behind publications, once those are answered: their publisher is still
    /// to get its own.
    pub(super) fn unsubscribe_after_publications(&mut self, out: &mut SessionOut<'_>) -> Result<(), Close> {
        let connected = self.connected()?;
        if !connected.open_publications.is_empty() {
            return Ok(());
        }
        for (id, number) in std::mem::take(&mut connected.waiting_unsubscribes) {
            self.unsubscribe_numbered(id, number, out)?;
            self.waited(out)?;
        }
        Ok(())
    }

    fn unsubscribe_numbered(&mut self, id: u32, number: u32, out: &mut SessionOut<'_>) -> Result<(), Close> {
        if let Some(subscription) = self.connected()?.subscriptions.remove(number) {
            subscription.leave(out);
        }
        self.reply_unsubscribed(id, out)
    }

    fn reply_unsubscribed(&self, id: u32, out: &mut SessionOut<'_>) -> Result<(), Close> {
        self.reply(&Reply { id, unsubscribe: Some(UnsubscribeResult::default()), ..Reply::default() }, out)
    }

    /// Ends a subscription from our side: a client-side one by a push, after which its client may come again; a
    /// server-side one with the connection.
    pub(super) fn end_subscription(
        &mut self,
        number: u32,
        why: Unsubscribed,
        disconnect: Disconnect,
        out: &mut SessionOut<'_>,
    ) -> Result<(), Close> {
        let Some(subscription) = self.connected()?.subscriptions.remove(number) else { return Ok(()) };
        if subscription.is_server_side {
            self.connected()?.subscriptions.push(subscription);
            return Err(close(disconnect, CloseKind::Protocol));
        }
        let channel = subscription.channel.key.name().to_string();
        subscription.leave(out);
        self.push(Push { channel, unsubscribe: Some(why.into()), ..Push::default() }, out)
    }

    /// Carries out the unsubscription that came before the answer to its subscription, and lets go on what waited for it.
    pub(super) fn unsubscribe_waited(
        &mut self,
        command: Option<u32>,
        number: u32,
        out: &mut SessionOut<'_>,
    ) -> Result<(), Close> {
        let Some(id) = command else { return Ok(()) };
        self.unsubscribe_numbered(id, number, out)?;
        self.waited(out)
    }
}
