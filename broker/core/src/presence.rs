//! Who is subscribed to a channel now.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::ClientInfo;

/// How many connections and distinct users are present; anonymous connections count as one user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PresenceStats {
    /// Connections.
    pub num_clients: usize,
    /// Distinct user ids.
    pub num_users: usize,
}

/// The members of one channel, by connection id.
#[derive(Debug, Default)]
pub(crate) struct Presence {
    members: BTreeMap<Arc<str>, Arc<ClientInfo>>,
    connections_of: HashMap<String, u32>,
}

impl Presence {
    /// Lists a connection, unless `members_max` are listed already.
    pub(crate) fn join(&mut self, client: Arc<str>, info: Arc<ClientInfo>, members_max: usize) {
        if self.members.len() >= members_max && !self.members.contains_key(&client) {
            return;
        }
        let user = info.user.clone();
        if let Some(replaced) = self.members.insert(client, info) {
            self.forget_user(&replaced.user);
        }
        *self.connections_of.entry(user).or_default() += 1;
    }

    /// Replaces what is shown of a connection that is listed; another one is not listed by it.
    pub(crate) fn update(&mut self, client: &Arc<str>, info: Arc<ClientInfo>) {
        if self.members.contains_key(client) {
            self.join(Arc::clone(client), info, usize::MAX);
        }
    }

    pub(crate) fn leave(&mut self, client: &str) {
        if let Some(info) = self.members.remove(client) {
            self.forget_user(&info.user);
        }
    }

    pub(crate) fn stats(&self) -> PresenceStats {
        PresenceStats { num_clients: self.members.len(), num_users: self.connections_of.len() }
    }

    pub(crate) fn members(&self) -> Vec<Arc<ClientInfo>> {
        self.members.values().cloned().collect()
    }

    fn forget_user(&mut self, user: &str) {
        if let Some(count) = self.connections_of.get_mut(user) {
            *count -= 1;
            if *count == 0 {
                self.connections_of.remove(user);
            }
        }
    }
}

#[cfg(test)]
mod tests;
