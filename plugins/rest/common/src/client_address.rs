//! Whose address a request comes from, through proxies that are believed and no others.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRef, FromRequestParts};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use natter_node::config::AddressRange;

use crate::rest::Rest;

const X_FORWARDED_FOR: &str = "x-forwarded-for";

/// The client's address: the peer's, or what the proxies of `server.trusted_proxies` say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

impl ClientAddress {
    /// Walks `X-Forwarded-For` from its end, where our own proxy has written, for as long as the writer is trusted.
    ///
    /// What an untrusted peer put there is not looked at; a part that is no address ends the walk.
    pub(crate) fn new(peer: IpAddr, headers: &HeaderMap, trusted: &[AddressRange]) -> Self {
        let is_trusted = |address: IpAddr| trusted.iter().any(|range| range.contains(address));
        let lines: Vec<&str> =
            headers.get_all(X_FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok()).collect();
        let mut address = peer.to_canonical();
        for part in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
            if !is_trusted(address) {
                break;
            }
            let Some(previous) = parse(part.trim()) else { break };
            address = previous.to_canonical();
        }
        Self(address)
    }
}

/// An address, alone or with a port as some proxies write it.
fn parse(text: &str) -> Option<IpAddr> {
    text.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()))
}

impl<S: Send + Sync> FromRequestParts<S> for ClientAddress
where
    Arc<Rest>: FromRef<S>,
{
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        Ok(Arc::<Rest>::from_ref(state).client_address(parts))
    }
}

/// The other end of the connection; a request that came without one, as in tests, is nobody's.
pub(crate) fn peer(parts: &Parts) -> IpAddr {
    let connection = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    connection.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(peer)| peer.ip())
}
