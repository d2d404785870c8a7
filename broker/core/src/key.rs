//! Who owns a channel and what it is called.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use xxhash_rust::xxh3::Xxh3;

/// The name of a tenant: 1 to 128 bytes, validated where configuration or the admin API takes it in.
///
/// It is part of every key, so that no code path can reach another tenant's data by accident.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TenantId(Arc<str>);

impl TenantId {
    /// Wraps an already validated name.
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self(name.into())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A channel of one tenant, with the stable hash that decides its shard.
///
/// The hash does not depend on the process, the platform or the version of the standard library:
/// a cluster routes by it.
#[derive(Clone, Debug)]
pub struct ChannelKey {
    hash: u64,
    tenant: TenantId,
    name: Arc<str>,
}

impl ChannelKey {
    /// Names the channel `name` (1 to 255 bytes) of `tenant`.
    pub fn new(tenant: TenantId, name: impl Into<Arc<str>>) -> Self {
        let name = name.into();
        let mut hasher = Xxh3::new();
        hasher.update(tenant.as_str().as_bytes());
        hasher.update(&[0]);
        hasher.update(name.as_bytes());
        Self { hash: hasher.digest(), tenant, name }
    }

    /// The stable hash of tenant and name.
    pub fn stable_hash(&self) -> u64 {
        self.hash
    }

    /// The tenant that owns the channel.
    pub fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// The channel's name within its tenant.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }
}

impl PartialEq for ChannelKey {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash && self.name == other.name && self.tenant == other.tenant
    }
}

impl Eq for ChannelKey {}

impl Hash for ChannelKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl fmt::Display for ChannelKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.tenant, self.name)
    }
}

/// Passes a channel's stable hash on as the map's hash.
#[derive(Default)]
pub(crate) struct StableHash(u64);

impl Hasher for StableHash {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}
