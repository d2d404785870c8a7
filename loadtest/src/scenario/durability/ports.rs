//! Ports for a server that is down now and then.
//!
//! They lie below the range from which the kernel takes the local ports of outgoing connections. Inside it, a client that
//! tries to reconnect while the server is down may be given the server's own port, and the restart would fail.

use std::fs;
use std::net::{Ipv4Addr, TcpListener, UdpSocket};

use anyhow::{Context, Result};

/// The lowest port that is tried.
const LOWEST: u16 = 10_240;

/// Where outgoing ports usually begin.
const USUAL_OUTGOING: u16 = 32_768;

/// How many ports are tried.
const TRIES: usize = 1000;

/// The ports of one server, kept over its restarts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ports {
    pub(super) client: u16,
    pub(super) internal: u16,
    pub(super) quic: u16,
}

impl Ports {
    /// Three ports that are free now, over TCP and UDP.
    pub(super) fn free() -> Result<Self> {
        let end = outgoing_begin();
        // Each listener is held until all are found, so that no port is found twice.
        let mut held = Vec::new();
        let mut next = || {
            let (port, listener) = (0..TRIES).find_map(|_| try_port(rand::random_range(LOWEST..end)))?;
            held.push(listener);
            Some(port)
        };
        let ports = next().zip(next()).zip(next()).context("no free ports")?;
        let ((client, internal), quic) = ports;
        Ok(Self { client, internal, quic })
    }
}

fn try_port(port: u16) -> Option<(u16, TcpListener)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok()?;
    UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).ok()?;
    Some((port, listener))
}

/// The first port that outgoing connections get; the usual one when the kernel's cannot be used.
fn outgoing_begin() -> u16 {
    let range = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap_or_default();
    let begin = range.split_ascii_whitespace().next().and_then(|begin| begin.parse().ok());
    begin.filter(|begin| *begin > LOWEST).unwrap_or(USUAL_OUTGOING)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_differ_and_are_not_for_outgoing_connections() {
        let Ports { client, internal, quic } = Ports::free().unwrap();
        assert!(client != internal && internal != quic && quic != client);
        assert!([client, internal, quic].into_iter().all(|port| (LOWEST..outgoing_begin()).contains(&port)));
    }
}
