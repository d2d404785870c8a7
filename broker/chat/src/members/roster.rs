//! All members of a channel in memory.

use std::collections::HashMap;

use parking_lot::RwLock;

use crate::model::Member;
use crate::rows::Versioned;

/// The members by user. Whatever order changes come in, the newest version of a row stays.
pub(crate) struct Roster(RwLock<HashMap<String, Versioned<Member>>>);

impl Roster {
    pub(crate) fn new(members: impl Iterator<Item = Versioned<Member>>) -> Self {
        Self(RwLock::new(members.map(|member| (member.value.user.clone(), member)).collect()))
    }

    pub(crate) fn get(&self, user: &str) -> Option<Member> {
        self.0.read().get(user).map(|member| member.value.clone())
    }

    pub(crate) fn all(&self) -> Vec<Member> {
        self.0.read().values().map(|member| member.value.clone()).collect()
    }

    /// The first member that something holds for.
    pub(crate) fn find(&self, holds: impl Fn(&Member) -> bool) -> Option<Member> {
        self.0.read().values().map(|member| &member.value).find(|member| holds(member)).cloned()
    }

    /// Users of whom something holds, without copying the others.
    pub(crate) fn users(&self, holds: impl Fn(&Member) -> bool) -> Vec<String> {
        let members = self.0.read();
        members
            .values()
            .map(|member| &member.value)
            .filter(|member| holds(member))
            .map(|member| member.user.clone())
            .collect()
    }

    pub(crate) fn put(&self, member: Versioned<Member>) {
        let mut members = self.0.write();
        match members.get(&member.value.user) {
            Some(known) if known.version >= member.version => {}
            _ => {
                members.insert(member.value.user.clone(), member);
            }
        }
    }

    pub(crate) fn remove(&self, user: &str) {
        self.0.write().remove(user);
    }
}
