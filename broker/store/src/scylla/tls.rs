//! TLS to the cluster.
//!
//! The driver can be built with TLS only together with a second provider of cryptography, and natter has one. So natter
//! encrypts itself: for each node it listens on a port of loopback, hands the driver that port for the node's address,
//! and carries each connection on to the node through TLS. On Linux an entrance takes connections of this very process
//! only, so that nobody else on the machine can use natter's way to the cluster.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use scylla::errors::{CustomTranslationError, TranslationError};
use scylla::policies::address_translator::{AddressTranslator, UntranslatedPeer};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream, lookup_host};
use tokio::sync::Mutex;
use tokio::task::{AbortHandle, JoinSet};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};

use super::options::CqlTls;
use crate::store::StoreError;

/// Connections that are carried to one node at once.
const CONNECTIONS_MAX: usize = 1024;

/// The tunnels to all nodes that the driver has asked for.
pub(super) struct Tunnels {
    connector: TlsConnector,
    /// The port on which every node listens.
    port: u16,
    open: Mutex<HashMap<SocketAddr, Tunnel>>,
}

/// A way to one node; closed when it is dropped.
struct Tunnel {
    entrance: SocketAddr,
    task: AbortHandle,
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Tunnels {
    pub(super) fn new(tls: &CqlTls, contact_points: &[String]) -> Result<Self, StoreError> {
        let port = contact_points.first().and_then(|point| point.rsplit_once(':')?.1.parse().ok());
        let port = port.ok_or_else(|| StoreError::Invalid("a contact point needs a port".into()))?;
        let connector = TlsConnector::from(Arc::new(client_config(tls)?));
        Ok(Self { connector, port, open: Mutex::default() })
    }

    /// Entrances for the contact points, of which at least one must have an address.
    pub(super) async fn entrances(&self, contact_points: &[String]) -> Result<Vec<SocketAddr>, StoreError> {
        let mut entrances = Vec::new();
        for point in contact_points {
            let addresses = lookup_host(point.as_str()).await;
            let address = addresses.ok().and_then(|mut addresses| addresses.next());
            let Some(address) = address else { continue };
            let host = point.rsplit_once(':').map_or(point.as_str(), |(host, _)| host);
            let name = ServerName::try_from(host.to_owned()).unwrap_or_else(|_| address.ip().into());
            entrances.push(self.entrance(address, name).await.map_err(unusable)?);
        }
        if entrances.is_empty() {
            return Err(StoreError::Unavailable("no contact point has an address".into()));
        }
        Ok(entrances)
    }

    async fn entrance(&self, node: SocketAddr, name: ServerName<'static>) -> io::Result<SocketAddr> {
        let mut open = self.open.lock().await;
        if let Some(tunnel) = open.get(&node) {
            return Ok(tunnel.entrance);
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let entrance = listener.local_addr()?;
        let task = tokio::spawn(serve(listener, self.connector.clone(), node, name)).abort_handle();
        open.insert(node, Tunnel { entrance, task });
        Ok(entrance)
    }
}

#[async_trait]
impl AddressTranslator for Tunnels {
    async fn translate_address(&self, peer: &UntranslatedPeer) -> Result<SocketAddr, TranslationError> {
        // The driver takes the port of the connection that it asked, which is an entrance's.
        let node = SocketAddr::new(peer.untranslated_address().ip(), self.port);
        let entrance = self.entrance(node, node.ip().into()).await;
        entrance.map_err(|error| CustomTranslationError::new(error).into())
    }
}

/// Carries connections to a node for as long as the tunnel is there.
async fn serve(listener: TcpListener, connector: TlsConnector, node: SocketAddr, name: ServerName<'static>) {
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        if connections.len() >= CONNECTIONS_MAX {
            connections.join_next().await;
        }
        let (inside, from) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%node, %error, "a connection to the cluster cannot be taken");
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                continue;
            }
        };
        if !is_ours(from) {
            tracing::warn!(%from, "another process tried to use the way to the cluster");
            continue;
        }
        let (connector, name) = (connector.clone(), name.clone());
        connections.spawn(async move {
            if let Err(error) = carry(inside, connector, node, name).await {
                tracing::debug!(%node, %error, "a connection to the cluster has ended");
            }
        });
    }
}

async fn carry(
    mut inside: TcpStream,
    connector: TlsConnector,
    node: SocketAddr,
    name: ServerName<'static>,
) -> io::Result<()> {
    inside.set_nodelay(true)?;
    let outside = TcpStream::connect(node).await?;
    outside.set_nodelay(true)?;
    let mut outside = connector.connect(name, outside).await.inspect_err(|error| {
        tracing::warn!(%node, %error, "tls with a node of the cluster failed");
    })?;
    copy_bidirectional(&mut inside, &mut outside).await.map(drop)
}

/// Whether the other end of a connection on loopback is a socket of this process.
#[cfg(target_os = "linux")]
fn is_ours(from: SocketAddr) -> bool {
    let Some(inode) = inode_of(from) else { return false };
    let wanted = format!("socket:[{inode}]");
    let Ok(mut descriptors) = std::fs::read_dir("/proc/self/fd") else { return false };
    descriptors.any(|entry| {
        let target = entry.and_then(|entry| std::fs::read_link(entry.path()));
        target.is_ok_and(|target| target.to_str() == Some(wanted.as_str()))
    })
}

/// The inode of the socket that is bound to a local address.
#[cfg(target_os = "linux")]
fn inode_of(address: SocketAddr) -> Option<String> {
    let SocketAddr::V4(address) = address else { return None };
    // The kernel prints the address as one number in its own byte order.
    let wanted = format!("{:08X}:{:04X}", u32::from_ne_bytes(address.ip().octets()), address.port());
    let table = std::fs::read_to_string("/proc/self/net/tcp").ok()?;
    let inode = table.lines().skip(1).find_map(|line| {
        let mut columns = line.split_whitespace();
        (columns.nth(1)? == wanted).then(|| columns.nth(7).map(str::to_owned))?
    });
    inode.filter(|inode| inode != "0")
}

#[cfg(not(target_os = "linux"))]
fn is_ours(_from: SocketAddr) -> bool {
    true
}

fn client_config(tls: &CqlTls) -> Result<ClientConfig, StoreError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(&tls.authorities)? {
        roots.add(certificate).map_err(unusable)?;
    }
    let provider = Arc::new(crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(unusable)?.with_root_certificates(roots);
    let Some((chain, key)) = &tls.identity else { return Ok(builder.with_no_client_auth()) };
    let key = PrivateKeyDer::from_pem_file(key).map_err(|error| unreadable(key, &error))?;
    builder.with_client_auth_cert(certificates(chain)?, key).map_err(unusable)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, StoreError> {
    let found = CertificateDer::pem_file_iter(path).map_err(|error| unreadable(path, &error))?;
    let found: Vec<_> = found.collect::<Result<_, _>>().map_err(|error| unreadable(path, &error))?;
    if found.is_empty() {
        return Err(StoreError::Invalid(format!("{} holds no certificate", path.display())));
    }
    Ok(found)
}

fn unreadable(path: &Path, error: &impl std::fmt::Display) -> StoreError {
    StoreError::Invalid(format!("{} cannot be read: {error}", path.display()))
}

fn unusable(error: impl std::fmt::Display) -> StoreError {
    StoreError::Unavailable(format!("tls to the cluster: {error}"))
}
