//! Hosts that the operator trusts to be wherever they are.

use std::collections::HashSet;
use std::sync::Arc;

/// A list of exempt hosts. An entry is a name or an address as a URL spells it; an address in it exempts URLs with that
/// address, not names that lead there.
#[derive(Clone, Debug, Default)]
pub struct AllowedHosts(Arc<HashSet<String>>);

impl AllowedHosts {
    /// Takes a configured list.
    pub fn new(hosts: &[String]) -> Self {
        Self(Arc::new(hosts.iter().map(|host| plain(host)).collect()))
    }

    /// Whether a host, as in a URL, is exempt.
    pub fn contains(&self, host: &str) -> bool {
        self.0.contains(&plain(host))
    }
}

/// One spelling for all: lower case, without the brackets of IPv6 and the dot of the root.
fn plain(host: &str) -> String {
    host.trim_end_matches('.').trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase()
}
