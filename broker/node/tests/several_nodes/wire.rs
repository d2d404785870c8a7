//! An engine that joins the nodes of one process, and fails as a network does when it is told to.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use natter_core::{Carried, ChannelKey};
use natter_node::engine::{Arrivals, Engine};
use natter_node::session::{Control, Target};
use parking_lot::Mutex;

/// What happens to what is said from one node to another, by its number.
type Fate = fn(usize) -> usize;

/// What lies between the nodes.
pub struct Wire {
    nodes: Mutex<Vec<Node>>,
    carried: AtomicUsize,
    controls: AtomicUsize,
    /// How often the message with this number arrives.
    fate: Mutex<Fate>,
}

#[derive(Default)]
struct Node {
    arrivals: Option<Arrivals>,
    followed: HashSet<ChannelKey>,
}

/// A node's end of the wire.
pub struct Port {
    wire: Arc<Wire>,
    index: usize,
}

impl Wire {
    /// A wire between so many nodes, that carries everything once.
    pub fn between(nodes: usize) -> Arc<Self> {
        Arc::new(Self {
            nodes: Mutex::new((0..nodes).map(|_| Node::default()).collect()),
            carried: AtomicUsize::new(0),
            controls: AtomicUsize::new(0),
            fate: Mutex::new(|_| 1),
        })
    }

    pub fn port(self: &Arc<Self>, index: usize) -> Port {
        Port { wire: Arc::clone(self), index }
    }

    pub fn fails_by(&self, fate: Fate) {
        *self.fate.lock() = fate;
    }

    /// From now on everything is carried once; what was lost before is admitted.
    pub fn mend(&self) {
        self.fails_by(|_| 1);
        for node in self.nodes.lock().iter() {
            let Some(arrivals) = &node.arrivals else { continue };
            node.followed.iter().for_each(|channel| arrivals.missed(channel.clone()));
        }
    }

    pub fn controls(&self) -> usize {
        self.controls.load(Ordering::SeqCst)
    }
}

impl Port {
    /// The ways into the other nodes that are meant.
    fn others(&self, is_meant: impl Fn(&Node) -> bool) -> Vec<Arrivals> {
        let nodes = self.wire.nodes.lock();
        let others = nodes.iter().enumerate().filter(|(index, node)| *index != self.index && is_meant(node));
        others.filter_map(|(_, node)| node.arrivals.clone()).collect()
    }
}

impl Engine for Port {
    fn name(&self) -> &'static str {
        "wire"
    }

    fn start(&self, arrivals: Arrivals) {
        self.wire.nodes.lock()[self.index].arrivals = Some(arrivals);
    }

    fn follow(&self, channel: &ChannelKey, is_followed: bool) {
        let followed = &mut self.wire.nodes.lock()[self.index].followed;
        match is_followed {
            true => _ = followed.insert(channel.clone()),
            false => _ = followed.remove(channel),
        }
    }

    fn published(&self, channel: &ChannelKey, carried: &Carried) {
        let number = self.wire.carried.fetch_add(1, Ordering::SeqCst);
        let times = (*self.wire.fate.lock())(number);
        // Word of a channel goes to those who follow it, and to nobody else.
        for arrivals in self.others(|node| node.followed.contains(channel)) {
            (0..times).for_each(|_| assert!(arrivals.published(channel.clone(), carried.clone()), "there is room"));
        }
    }

    fn control(&self, target: &Target, control: &Control) {
        self.wire.controls.fetch_add(1, Ordering::SeqCst);
        for arrivals in self.others(|_| true) {
            arrivals.control(target.clone(), control.clone());
        }
    }
}
