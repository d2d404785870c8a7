//! The resolver that connections use: it answers with public addresses only.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use async_trait::async_trait;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::address::is_public;
use super::allowed::AllowedHosts;
use super::errors::BlockedAddress;

/// Turns a name into addresses.
#[async_trait]
pub trait Lookup: Send + Sync + 'static {
    /// All addresses of a name.
    ///
    /// # Errors
    /// The name has none, or nobody knows.
    async fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>>;
}

/// The machine's resolver.
#[derive(Debug, Default)]
pub struct SystemLookup;

#[async_trait]
impl Lookup for SystemLookup {
    async fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        Ok(tokio::net::lookup_host((host, 0)).await?.map(|address| address.ip()).collect())
    }
}

/// A look-up that leaves out what is not public.
#[derive(Clone)]
pub(super) struct GuardedResolver {
    lookup: Arc<dyn Lookup>,
    allowed: AllowedHosts,
}

impl GuardedResolver {
    pub(super) fn new(lookup: Arc<dyn Lookup>, allowed: AllowedHosts) -> Self {
        Self { lookup, allowed }
    }

    /// The addresses of a host that may be connected to.
    pub(super) async fn resolve_host(
        &self,
        host: &str,
    ) -> Result<Vec<IpAddr>, Box<dyn std::error::Error + Send + Sync>> {
        let mut addresses = self.lookup.addresses(host).await?;
        if !self.allowed.contains(host) {
            addresses.retain(|address| is_public(*address));
            if addresses.is_empty() {
                return Err(BlockedAddress.into());
            }
        }
        Ok(addresses)
    }

    /// Whether a host has an address that may not be connected to.
    pub(super) async fn is_suspect(&self, host: &str) -> io::Result<bool> {
        let addresses = self.lookup.addresses(host).await?;
        Ok(!self.allowed.contains(host) && !addresses.iter().copied().all(is_public))
    }
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let resolver = self.clone();
        Box::pin(async move {
            let addresses = resolver.resolve_host(name.as_str()).await?;
            // Port 0 stands for the URL's.
            Ok(Box::new(addresses.into_iter().map(|address| SocketAddr::new(address, 0))) as Addrs)
        })
    }
}
