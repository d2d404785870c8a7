//! Which shops and users of a partner have sockets on this node, and whether they are shown as online.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dashmap::DashMap;
use natter_core::TenantId;
use parking_lot::Mutex;
use tokio::sync::OwnedMutexGuard;

use crate::side::{Side, SideId};

/// The partners that have sockets.
#[derive(Default)]
pub(super) struct Partners(DashMap<TenantId, Arc<Partner>>);

/// A partner that has sockets.
#[derive(Default)]
pub(super) struct Partner {
    sockets: AtomicU64,
    sides: Mutex<HashMap<SideId, Arc<SideState>>>,
}

/// A shop or user that has sockets, or had some a moment ago.
#[derive(Default)]
pub(super) struct SideState {
    turn: Arc<tokio::sync::Mutex<()>>,
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    registered: usize,
    online: usize,
    /// How often a socket has come.
    arrivals: u64,
    /// Its counterparts believe that it is online.
    is_shown: bool,
}

/// Whoever holds it is the only one who changes what is shown of a side, and tells of it.
pub(super) type Turn = OwnedMutexGuard<()>;

impl Partners {
    pub(super) fn of(&self, tenant: &TenantId) -> Arc<Partner> {
        Arc::clone(&self.0.entry(tenant.clone()).or_default())
    }

    pub(super) fn get(&self, tenant: &TenantId) -> Option<Arc<Partner>> {
        self.0.get(tenant).map(|partner| Arc::clone(&partner))
    }

    /// Forgets a partner that nobody is connected for.
    pub(super) fn tidy(&self, tenant: &TenantId) {
        self.0.remove_if(tenant, |_, partner| Arc::strong_count(partner) == 1 && partner.is_idle());
    }
}

impl Partner {
    pub(super) fn socket_came(&self) {
        self.sockets.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn socket_went(&self) {
        self.sockets.fetch_sub(1, Ordering::Relaxed);
    }

    pub(super) fn sockets(&self) -> u64 {
        self.sockets.load(Ordering::Relaxed)
    }

    fn is_idle(&self) -> bool {
        self.sockets() == 0 && self.sides.lock().is_empty()
    }

    pub(super) fn side(&self, side: &SideId) -> Arc<SideState> {
        Arc::clone(self.sides.lock().entry(side.clone()).or_default())
    }

    /// Whether some socket gets a side's messages.
    pub(super) fn is_registered(&self, side: &SideId) -> bool {
        self.sides.lock().get(side).is_some_and(|state| state.counts.lock().registered > 0)
    }

    /// Whether some socket gets the messages of any side.
    pub(super) fn has_sides(&self) -> bool {
        !self.sides.lock().is_empty()
    }

    /// The shops, or the users, that somebody is there for.
    pub(super) fn present(&self, by: Side) -> Vec<String> {
        let sides = self.sides.lock();
        let present = sides.iter().filter(|(side, state)| side.by == by && state.is_present());
        present.map(|(side, _)| side.id.clone()).collect()
    }

    /// Forgets a side that nobody is there for.
    pub(super) fn tidy(&self, side: &SideId) {
        if let Entry::Occupied(entry) = self.sides.lock().entry(side.clone())
            && Arc::strong_count(entry.get()) == 1
            && entry.get().is_idle()
        {
            entry.remove();
        }
    }
}

impl SideState {
    pub(super) async fn turn(&self) -> Turn {
        Arc::clone(&self.turn).lock_owned().await
    }

    fn is_present(&self) -> bool {
        let counts = self.counts.lock();
        counts.registered > 0 || counts.online > 0
    }

    fn is_idle(&self) -> bool {
        !self.is_present() && !self.counts.lock().is_shown
    }

    /// A socket gets its messages from now on.
    pub(super) fn register(&self) {
        self.counts.lock().registered += 1;
    }

    /// A socket gets them no more.
    pub(super) fn deregister(&self) {
        let mut counts = self.counts.lock();
        counts.registered = counts.registered.saturating_sub(1);
    }

    /// A socket is online as this side; whether that is news to its counterparts.
    pub(super) fn come(&self) -> bool {
        let mut counts = self.counts.lock();
        counts.online += 1;
        counts.arrivals += 1;
        !std::mem::replace(&mut counts.is_shown, true)
    }

    /// A socket is so no more. When it was the last one: how many had come by then.
    pub(super) fn go(&self) -> Option<u64> {
        let mut counts = self.counts.lock();
        counts.online = counts.online.saturating_sub(1);
        (counts.online == 0 && counts.is_shown).then_some(counts.arrivals)
    }

    /// The side is offline now if nobody is online as it; whether that is news.
    pub(super) fn hide(&self) -> bool {
        let mut counts = self.counts.lock();
        counts.online == 0 && std::mem::take(&mut counts.is_shown)
    }

    /// [`Self::hide`], unless somebody has come since.
    pub(super) fn hide_since(&self, arrivals: u64) -> bool {
        let has_come = self.counts.lock().arrivals != arrivals;
        !has_come && self.hide()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(by: Side) -> SideId {
        SideId { by, id: "a".to_owned() }
    }

    #[test]
    fn the_first_socket_is_news_and_the_end_of_the_last_one() {
        let state = SideState::default();
        assert!(state.come() && !state.come());
        assert_eq!(state.go(), None);
        let arrivals = state.go().unwrap();
        assert!(state.hide_since(arrivals) && !state.hide_since(arrivals) && !state.hide());
        assert!(state.come());
    }

    #[test]
    fn a_socket_that_comes_back_in_time_is_no_news() {
        let state = SideState::default();
        state.come();
        let arrivals = state.go().unwrap();
        assert!(!state.come());
        assert!(!state.hide_since(arrivals));
        let later = state.go().unwrap();
        assert!(!state.hide_since(arrivals) && state.hide_since(later), "the later end has a grace of its own");
    }

    #[test]
    fn others_are_there_while_one_leaves() {
        let state = SideState::default();
        state.come();
        state.come();
        state.go();
        assert!(!state.hide());
    }

    #[test]
    fn who_is_gone_is_forgotten() {
        let (partners, tenant) = (Partners::default(), TenantId::new("openchat.a"));
        let partner = partners.of(&tenant);
        partner.side(&side(Side::Shop)).register();
        partner.side(&side(Side::User)).come();
        assert_eq!(partner.present(Side::Shop), ["a"]);
        assert!(partner.is_registered(&side(Side::Shop)) && !partner.is_registered(&side(Side::User)));
        partner.tidy(&side(Side::Shop));
        assert!(partner.is_registered(&side(Side::Shop)), "it is still there");
        partner.side(&side(Side::Shop)).deregister();
        partner.side(&side(Side::User)).go();
        partner.side(&side(Side::User)).hide();
        for by in [Side::Shop, Side::User] {
            partner.tidy(&side(by));
        }
        assert!(!partner.has_sides());
        drop(partner);
        partners.tidy(&tenant);
        assert!(partners.get(&tenant).is_none());
    }
}
