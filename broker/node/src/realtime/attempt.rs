//! A client that wants to connect to a namespace, and what is said to that.

use std::any::Any;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;

use super::args::Args;
use crate::tenant::Tenant;

/// What is kept of the request that a connection began with. Not all of its headers: a connection costs memory for as
/// long as it lives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Handshake {
    /// The query, as it was written.
    pub query: String,
    /// The header `Authorization`.
    pub authorization: Option<String>,
    /// The header `Cookie`.
    pub cookie: Option<String>,
    /// The header `Origin`: there is one when a page of another site connects.
    pub origin: Option<String>,
    /// Where the client is, if the listener tells.
    pub address: Option<SocketAddr>,
    /// When it began, in milliseconds since the Unix epoch.
    pub time_ms: i64,
}

/// A client that wants to connect to a namespace.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// The namespace, with its slash.
    pub namespace: Arc<str>,
    /// The JSON object that the client sends along; `{}` when it sends none.
    pub auth: Bytes,
    /// How its connection began.
    pub handshake: Arc<Handshake>,
}

impl Attempt {
    /// A text member of the object that the client sends along.
    pub fn auth_text(&self, name: &str) -> Option<String> {
        let auth: serde_json::Value = serde_json::from_slice(&self.auth).ok()?;
        auth.get(name)?.as_str().map(str::to_owned)
    }

    /// The token that the client shows: `auth.token`, else `token` in the query, else the bearer in `Authorization`.
    pub fn token(&self) -> Option<String> {
        let from_query = || {
            let mut parameters = form_urlencoded(&self.handshake.query);
            parameters.find_map(|(name, value)| (name == "token").then_some(value))
        };
        let bearer = |header: &String| {
            let (scheme, token) = header.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
        };
        let from_header = || self.handshake.authorization.as_ref().and_then(bearer);
        self.auth_text("token").or_else(from_query).or_else(from_header).filter(|token| !token.is_empty())
    }
}

/// The pairs of a query.
fn form_urlencoded(query: &str) -> impl Iterator<Item = (String, String)> {
    serde_urlencoded::from_str::<Vec<(String, String)>>(query).unwrap_or_default().into_iter()
}

/// Who a client is.
pub struct Identity {
    /// Its tenant.
    pub tenant: Arc<Tenant>,
    /// The user; empty for an anonymous one.
    pub user: Arc<str>,
    /// What the app keeps with the socket; [`Socket::state`](super::Socket::state) gives it back.
    pub state: Arc<dyn Any + Send + Sync>,
}

/// Why a client is not let in, as it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The message of the error that the client gets.
    pub message: String,
    /// The error's `data`, as one argument.
    pub data: Option<Args>,
}

impl Refused {
    /// Refuses with a message alone.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), data: None }
    }

    /// With `data` for the application on the client.
    pub fn with_data<T: serde::Serialize + ?Sized>(self, data: &T) -> Self {
        Self { data: Some(Args::one(data)), ..self }
    }
}

/// What an app says to a client.
pub enum Verdict {
    /// It is not one of this app's; the next app of the namespace is asked.
    NotMine,
    /// It is let in.
    Accepted(Identity),
    /// It is refused, and nobody else is asked.
    Refused(Refused),
}

/// A verdict that may take a while.
pub type Verdicts = Pin<Box<dyn Future<Output = Verdict> + Send>>;

/// Decides which clients are an app's.
pub trait Authenticator: Send + Sync + 'static {
    /// Decides about one client.
    fn authenticate(&self, attempt: Attempt) -> Verdicts;
}

impl<F, V> Authenticator for F
where
    F: Fn(Attempt) -> V + Send + Sync + 'static,
    V: Future<Output = Verdict> + Send + 'static,
{
    fn authenticate(&self, attempt: Attempt) -> Verdicts {
        Box::pin(self(attempt))
    }
}
