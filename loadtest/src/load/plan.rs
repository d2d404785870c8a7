//! Who publishes what, and who has to receive it.
//!
//! A stream is one dense sequence of numbers. It is published into one channel by one publisher; several streams may share
//! a channel (fan-out with many publishers), and a subscriber expects a range of them.

use std::ops::Range;

use crate::client::session::Target;

/// How publishers decide when to send.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pace {
    /// As fast as answers come back, with this many publishes outstanding per publisher.
    Window(usize),
    /// This many publishes per second over all publishers, whether or not answers come back.
    Rate(f64),
}

/// One load: channels, publishers and subscribers.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Where connections go.
    pub target: Target,
    /// The channel of each stream.
    pub channels: Vec<String>,
    /// Publishing connections; stream `s` belongs to number `s` modulo this.
    pub publishers: usize,
    /// The streams that each subscriber expects; it subscribes to their channels.
    pub subscribers: Vec<Range<u32>>,
    /// When publishers send.
    pub pace: Pace,
    /// Payload size in bytes.
    pub size: usize,
    /// Reading threads.
    pub threads: usize,
}

impl Plan {
    /// The distinct channels of a range of streams.
    #[must_use]
    pub fn channels_of(&self, streams: &Range<u32>) -> Vec<&str> {
        let mut channels: Vec<&str> =
            self.channels[streams.start as usize..streams.end as usize].iter().map(String::as_str).collect();
        channels.dedup();
        channels
    }

    /// How many subscribers expect each stream.
    #[must_use]
    pub fn audience(&self) -> Vec<u64> {
        let mut audience = vec![0; self.channels.len()];
        for stream in self.subscribers.iter().flat_map(Clone::clone) {
            audience[stream as usize] += 1;
        }
        audience
    }

    /// Every connection of the load.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.subscribers.len() + self.publishers
    }
}
