//! What a verified token says: the claims of connections and of subscriptions.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::errors::{InvalidReason, TokenError};
use super::raw::{RawClaims, RawOptions, Seconds, bytes};

/// Claims of a connection token.
#[derive(Debug, Clone, PartialEq)]
pub struct ConnectionClaims {
    /// The tenant whose key signed it.
    pub tenant: Arc<str>,
    /// `sub`: the user; empty is an anonymous one.
    pub user: String,
    /// Unix seconds at which the connection expires; `None` is never.
    pub expire_at: Option<u64>,
    /// `iat` in Unix seconds.
    pub issued_at: Option<u64>,
    /// `info` or `b64info`: shown to others with the user.
    pub info: Option<Bytes>,
    /// `channels`: server-side subscriptions without options.
    pub channels: Vec<String>,
    /// `subs`: server-side subscriptions with options; a channel named here too has these.
    pub subs: BTreeMap<String, SubscribeOptions>,
    /// `meta`: JSON object for the tenant's own backends, never shown to clients.
    pub meta: Option<Bytes>,
    /// `use`: what natter itself has made the token for; `None` for a tenant's own, which opens everything.
    pub purpose: Option<TokenPurpose>,
    /// What a [`TokenSource`](super::TokenSource) knows the token's login by: a connection opened with the token is meant by
    /// it in [`Target::session`](crate::session::Target::session).
    pub login: Option<Arc<str>>,
}

/// What a token that natter has made opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenPurpose {
    /// Calls of a REST API.
    Rest,
    /// Real-time connections.
    Realtime,
}

/// Claims of a subscription token.
#[derive(Debug, Clone, PartialEq)]
pub struct SubscriptionClaims {
    /// `sub`: the user, which must be the connection's.
    pub user: String,
    /// `channel`: the channel, exactly.
    pub channel: String,
    /// `client`: the connection, if the token is for one only.
    pub client: Option<String>,
    /// Unix seconds at which the subscription expires; `None` is never.
    pub expire_at: Option<u64>,
    /// Info, data and overrides.
    pub options: SubscribeOptions,
}

/// What a token says about one subscription.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SubscribeOptions {
    /// `info` or `b64info`: shown to others in this channel.
    pub info: Option<Bytes>,
    /// `data` or `b64data`: for the subscriber itself.
    pub data: Option<Bytes>,
    /// `override`: options that differ from the namespace's.
    pub overriding: Override,
}

/// Options of a namespace that a token sets otherwise; `None` leaves the namespace's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Override {
    /// Keep who is subscribed.
    #[serde(deserialize_with = "flag")]
    pub presence: Option<bool>,
    /// Tell others who comes and goes.
    #[serde(deserialize_with = "flag")]
    pub join_leave: Option<bool>,
    /// Be told who comes and goes.
    #[serde(deserialize_with = "flag")]
    pub force_push_join_leave: Option<bool>,
    /// Recover.
    #[serde(deserialize_with = "flag")]
    pub force_recovery: Option<bool>,
    /// Watch the position.
    #[serde(deserialize_with = "flag")]
    pub force_positioning: Option<bool>,
}

/// `{"value": true}`.
fn flag<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    #[derive(Deserialize)]
    struct Flag {
        #[serde(default)]
        value: bool,
    }
    Ok(Option::<Flag>::deserialize(deserializer)?.map(|flag| flag.value))
}

const CLAIMS: TokenError = TokenError::Invalid(InvalidReason::Claims);

impl ConnectionClaims {
    /// Reads the claims of a token whose signature is verified.
    pub(super) fn read(raw: RawClaims, tenant: Arc<str>, rules: Rules) -> Result<Self, TokenError> {
        let expire_at = rules.expiry(&raw)?;
        // A token for one channel must not open a connection.
        if raw.channel.is_some_and(|channel| !channel.is_empty()) {
            return Err(CLAIMS);
        }
        if raw.meta.as_ref().is_some_and(|meta| !meta.get().starts_with('{')) {
            return Err(TokenError::Invalid(InvalidReason::Malformed));
        }
        let subs = raw.subs.unwrap_or_default().into_iter();
        Ok(Self {
            tenant,
            user: raw.sub.unwrap_or_default(),
            expire_at,
            issued_at: raw.iat.and_then(|iat| u64::try_from(iat.0).ok()),
            info: bytes(raw.info, raw.b64info)?,
            channels: raw.channels.unwrap_or_default(),
            subs: subs.map(|(channel, options)| Ok((channel, options.read()?))).collect::<Result<_, TokenError>>()?,
            meta: bytes(raw.meta, None)?,
            purpose: raw.purpose,
            login: None,
        })
    }
}

impl SubscriptionClaims {
    /// Reads the claims of a token whose signature is verified.
    pub(super) fn read(raw: RawClaims, rules: Rules) -> Result<Self, TokenError> {
        let expire_at = rules.expiry(&raw)?;
        let options = RawOptions {
            info: raw.info,
            b64info: raw.b64info,
            data: raw.data,
            b64data: raw.b64data,
            overriding: raw.overriding,
        };
        Ok(Self {
            user: raw.sub.unwrap_or_default(),
            channel: raw.channel.filter(|channel| !channel.is_empty()).ok_or(CLAIMS)?,
            client: raw.client.filter(|client| !client.is_empty()),
            expire_at,
            options: options.read()?,
        })
    }

    /// Whether the token is for this user, channel and connection.
    ///
    /// # Errors
    /// It is for others.
    pub fn check(&self, user: &str, channel: &str, client: &str) -> Result<(), TokenError> {
        let fits =
            self.user == user && self.channel == channel && self.client.as_deref().is_none_or(|own| own == client);
        if fits { Ok(()) } else { Err(CLAIMS) }
    }
}

impl RawOptions {
    fn read(self) -> Result<SubscribeOptions, TokenError> {
        Ok(SubscribeOptions {
            info: bytes(self.info, self.b64info)?,
            data: bytes(self.data, self.b64data)?,
            overriding: self.overriding.unwrap_or_default(),
        })
    }
}

/// When a token counts. There is no leeway: a backend whose clock is off sets `exp` and `nbf` accordingly.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    now: i64,
    require_exp: bool,
}

impl Rules {
    pub(super) fn new(now: SystemTime, require_exp: bool) -> Self {
        let since = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        Self { now: i64::try_from(since).unwrap_or(i64::MAX), require_exp }
    }

    /// Checks `nbf` and `exp`, and says when what the token opens expires.
    fn expiry(&self, raw: &RawClaims) -> Result<Option<u64>, TokenError> {
        let exp = raw.exp.filter(|exp| *exp != Seconds(0));
        if exp.is_none() && self.require_exp {
            return Err(CLAIMS);
        }
        let early = raw.nbf.is_some_and(|nbf| nbf.0 > self.now);
        let expire_at = raw.expire_at.map_or(exp, |own| Some(own).filter(|own| *own != Seconds(0)));
        let over = |time: Option<Seconds>| time.is_some_and(|time| time.0 <= self.now);
        if early || over(exp) || over(expire_at) {
            return Err(TokenError::Expired);
        }
        Ok(expire_at.and_then(|time| u64::try_from(time.0).ok()))
    }
}
