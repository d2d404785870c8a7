//! Where connections go and where they come from.
//!
//! A loopback target is reached from several 127.0.0.x source addresses, so that the ports of one do not run out.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use socket2::{Domain, Protocol, Socket, Type};
use tungstenite::http::Uri;

/// Connections from one source address, well below the usual range of 28,232 local ports.
const CONNECTIONS_PER_SOURCE: usize = 8000;

/// How long a connect may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A resolved `ws://` address.
#[derive(Debug, Clone)]
pub struct Address {
    /// The URL as given.
    pub uri: Uri,
    /// Where it leads.
    pub socket: SocketAddr,
}

impl Address {
    /// Parses and resolves `url`.
    ///
    /// # Errors
    /// When it is no `ws://` URL or its host does not resolve.
    pub fn parse(url: &str) -> Result<Self> {
        let uri: Uri = url.parse().with_context(|| format!("bad URL {url}"))?;
        if uri.scheme_str() != Some("ws") {
            bail!("{url}: only ws:// is supported");
        }
        let host = uri.host().with_context(|| format!("{url}: no host"))?;
        let port = uri.port_u16().unwrap_or(80);
        let socket = (host, port).to_socket_addrs()?.next().with_context(|| format!("{host} does not resolve"))?;
        Ok(Self { uri, socket })
    }

    /// Opens the TCP connection number `index`, with Nagle's algorithm off.
    ///
    /// # Errors
    /// When the socket cannot be bound or connected in time.
    pub fn connect(&self, index: usize) -> std::io::Result<TcpStream> {
        connect(self.socket, index)
    }
}

/// Opens the TCP connection number `index` to `target`, with Nagle's algorithm off.
///
/// # Errors
/// When the socket cannot be bound or connected in time.
pub fn connect(target: SocketAddr, index: usize) -> std::io::Result<TcpStream> {
    let socket = Socket::new(Domain::for_address(target), Type::STREAM, Some(Protocol::TCP))?;
    if let Some(source) = source(target, index) {
        socket.bind(&SocketAddr::new(source, 0).into())?;
    }
    socket.connect_timeout(&target.into(), CONNECT_TIMEOUT)?;
    socket.set_tcp_nodelay(true)?;
    Ok(socket.into())
}

/// The loopback source of connection number `index`; `None` leaves the first ones and other networks to the kernel.
fn source(target: SocketAddr, index: usize) -> Option<IpAddr> {
    let group = index / CONNECTIONS_PER_SOURCE;
    let loopback = matches!(target.ip(), IpAddr::V4(ip) if ip.is_loopback());
    (loopback && group > 0).then(|| IpAddr::V4(Ipv4Addr::new(127, 0, 1 + (group / 250) as u8, 1 + (group % 250) as u8)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolves_ws_addresses_only() {
        let address = Address::parse("ws://127.0.0.1:8000/connection/websocket").unwrap();
        assert_eq!(address.socket.to_string(), "127.0.0.1:8000");
        assert!(Address::parse("http://127.0.0.1/").is_err());
        assert!(Address::parse("ws:///").is_err());
    }

    #[test]
    fn sources_change_before_ports_run_out() {
        let local = "127.0.0.1:1".parse().unwrap();
        assert_eq!(source(local, 7999), None);
        assert_ne!(source(local, 8000), source(local, 16000));
        assert_eq!(source("10.0.0.1:1".parse().unwrap(), 8000), None);
    }
}
