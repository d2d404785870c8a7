//! Tokens that are no tenant's: a plugin has made them, in a form of its own, and opens connections with them.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use parking_lot::RwLock;

use super::claims::ConnectionClaims;
use super::verifier::Verified;

/// Verifies connection tokens that a plugin has made.
pub trait TokenSource: Send + Sync + 'static {
    /// Takes up a token that has the form of this source's; `None` leaves it to the others. Must not block: what has to be
    /// looked up goes into [`Verified::Pending`].
    fn connection(&self, token: &str, now: SystemTime) -> Option<Verified<ConnectionClaims>>;
}

/// The sources of a node, asked before the tenants' keys. Cheap to clone; all clones are one.
#[derive(Clone, Default)]
pub struct TokenSources(Arc<RwLock<Vec<Arc<dyn TokenSource>>>>);

impl TokenSources {
    /// Adds a source; the earlier one is asked first.
    pub fn register(&self, source: Arc<dyn TokenSource>) {
        self.0.write().push(source);
    }

    pub(super) fn connection(&self, token: &str, now: SystemTime) -> Option<Verified<ConnectionClaims>> {
        self.0.read().iter().find_map(|source| source.connection(token, now))
    }
}

impl fmt::Debug for TokenSources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenSources({})", self.0.read().len())
    }
}
