//! What a channel's owner answers to a subscription, and what its client is told of it (section 6.1).

use std::collections::BTreeMap;
use std::sync::Arc;

use natter_core::{Publication, Recovery, Refusal, Subscribed};
use natter_node::domain::Domain;
use natter_node::session::{Close, CloseKind, SessionOut};
use natter_protocol::centrifuge::codes::{ClientError, Disconnect};
use natter_protocol::centrifuge::filter::Filter;
use natter_protocol::centrifuge::framing::{EncodeError, Encoding};
use natter_protocol::centrifuge::publication::PublicationRef;
use natter_protocol::centrifuge::schema::{
    Publication as ShownPublication, Push, Reply, Subscribe as SubscribePush, SubscribeResult,
};

use super::deadlines::time_left;
use super::reply::client_error;
use super::subscription::{Origin, Start, State, Subscription};
use super::{ClientSession, close, inexpressible};
use crate::codec;

impl ClientSession {
    /// The channel's owner has answered.
    pub(super) fn subscribed(
        &mut self,
        number: u32,
        result: Result<Box<Subscribed>, Refusal>,
        out: &mut SessionOut<'_>,
    ) -> Result<(), Close> {
        let encoding = self.transport.encoding;
        let now_ms = out.now_ms();
        let shared = Arc::clone(&self.shared);
        let Some(subscription) = self.connected()?.subscriptions.numbered(number) else { return Ok(()) };
        let subscribed = match result {
            Ok(subscribed) => subscribed,
            Err(refusal) => return self.subscribe_failed(number, client_error(refusal), out),
        };
        let State::Starting(start) = std::mem::replace(&mut subscription.state, State::Active(subscribed.handle))
        else {
            return Ok(());
        };
        let renderer = shared.codecs.renderer(subscription.channel.key.name());
        let shown = show(subscription, &start, &subscribed, encoding, renderer, now_ms);
        let variant = shared.codecs.variant(subscription.channel.key.name(), encoding, subscription.has_delta);
        subscription.attach(subscribed.handle, variant, start.filter, out);
        subscription.hold_presence(out);
        crate::metrics::resumed(subscribed.recovery.as_ref());
        let result = match shown {
            Ok(result) => self.shown_as_polled(number, result),
            Err(Unshown::Inexpressible) => return Err(inexpressible()),
            Err(Unshown::NotRecovered) => {
                self.subscribe_failed_after(number, start.origin, ClientError::UNRECOVERABLE_POSITION, out)?;
                return self.unsubscribe_waited(start.unsubscribed_by, number, out);
            }
        };
        self.tell_subscribed(number, start.origin, result, out)?;
        self.unsubscribe_waited(start.unsubscribed_by, number, out)
    }

    fn tell_subscribed(
        &mut self,
        number: u32,
        origin: Origin,
        result: SubscribeResult,
        out: &mut SessionOut<'_>,
    ) -> Result<(), Close> {
        let Some(subscription) = self.connected()?.subscriptions.numbered(number) else { return Ok(()) };
        let channel = subscription.channel.key.name().to_string();
        match origin {
            Origin::Command(id) => self.reply(&Reply { id, subscribe: Some(result), ..Reply::default() }, out),
            Origin::Connect => self.server_side_subscribed(channel, Some(result), out),
            Origin::Server => {
                let subscribe = SubscribePush {
                    recoverable: result.recoverable,
                    epoch: result.epoch,
                    offset: result.offset,
                    positioned: result.positioned,
                    data: result.data,
                };
                self.push(Push { channel, subscribe: Some(subscribe), ..Push::default() }, out)
            }
        }
    }

    fn subscribe_failed(&mut self, number: u32, error: ClientError, out: &mut SessionOut<'_>) -> Result<(), Close> {
        let Some(subscription) = self.connected()?.subscriptions.remove(number) else { return Ok(()) };
        let State::Starting(start) = subscription.state else { return Ok(()) };
        match start.origin {
            Origin::Command(id) => self.refuse(id, error, out)?,
            Origin::Connect => self.server_side_subscribed(subscription.channel.key.name().to_string(), None, out)?,
            Origin::Server => {}
        }
        self.unsubscribe_waited(start.unsubscribed_by, number, out)
    }

    /// Refuses a subscription that the channel's owner has granted.
    fn subscribe_failed_after(
        &mut self,
        number: u32,
        origin: Origin,
        error: ClientError,
        out: &mut SessionOut<'_>,
    ) -> Result<(), Close> {
        if let Some(subscription) = self.connected()?.subscriptions.remove(number) {
            subscription.leave(out);
        }
        match origin {
            Origin::Command(id) => self.refuse(id, error, out),
            Origin::Connect | Origin::Server => Err(close(Disconnect::INSUFFICIENT_STATE, CloseKind::Protocol)),
        }
    }
}

/// Why a granted subscription cannot be shown to its client.
enum Unshown {
    NotRecovered,
    Inexpressible,
}

/// The result that a client is shown (section 6.1).
fn show(
    subscription: &Subscription,
    start: &Start,
    subscribed: &Subscribed,
    encoding: Encoding,
    renderer: Option<&dyn Domain>,
    now_ms: i64,
) -> Result<SubscribeResult, Unshown> {
    let recovery = subscribed.recovery.as_ref();
    let is_recovered = recovery.is_some_and(|recovery| recovery.recovered);
    if recovery.is_some() && !is_recovered && start.must_recover {
        return Err(Unshown::NotRecovered);
    }
    let publications = match recovery {
        Some(Recovery { recovered: true, publications }) => {
            let rendered = codec::rendered(publications, renderer);
            show_publications(&rendered, subscription.has_delta, start.filter.as_ref(), encoding)
                .map_err(|_| Unshown::Inexpressible)?
        }
        _ => Vec::new(),
    };
    let features = &subscription.features;
    let epoch = subscribed.epoch.as_ref().filter(|_| features.is_positioned);
    // After a recovery the client counts on from its own offset through the publications.
    let offset = if is_recovered { start.recovers_from.unwrap_or_default() } else { subscribed.offset };
    let (expires, ttl) = match subscription.is_refreshed_by_client {
        true => time_left(subscription.expire_at, now_ms),
        false => (false, 0),
    };
    Ok(SubscribeResult {
        expires,
        ttl,
        recoverable: features.is_recoverable,
        epoch: epoch.map(|epoch| epoch.as_str().to_owned()).unwrap_or_default(),
        publications,
        recovered: is_recovered,
        offset: if features.is_positioned { offset } else { 0 },
        positioned: features.is_positioned,
        data: start.data.clone(),
        was_recovering: recovery.is_some(),
        delta: subscription.has_delta,
        ..SubscribeResult::default()
    })
}

/// Recovered publications as they are shown: with deltas the first is full and each of the others may be a patch.
fn show_publications(
    publications: &[Arc<Publication>],
    has_delta: bool,
    filter: Option<&Filter>,
    encoding: Encoding,
) -> Result<Vec<ShownPublication>, EncodeError> {
    let no_tags = BTreeMap::new();
    let passes = |publication: &&Arc<Publication>| {
        filter.is_none_or(|filter| filter.matches(publication.tags.as_deref().unwrap_or(&no_tags)))
    };
    let mut previous: Option<&Arc<Publication>> = None;
    let mut shown = Vec::with_capacity(publications.len());
    for publication in publications.iter().filter(passes) {
        let base = previous.filter(|_| has_delta && publication.delta);
        let patch = base.and_then(|base| codec::make_patch(encoding, &base.data, &publication.data));
        let reference = PublicationRef {
            data: patch.as_deref().unwrap_or(&publication.data),
            delta: patch.is_some(),
            data_as_string: has_delta,
            ..codec::reference(publication)
        };
        shown.push(reference.to_publication(encoding)?);
        previous = Some(publication);
    }
    Ok(shown)
}
