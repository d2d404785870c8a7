//! Who is heard of: in revision 4 the server pings, in revision 3 the client does.

use std::time::Duration;

use natter_protocol::engineio::Revision;

use crate::options::Options;

const NEVER: i64 = i64::MAX;
/// Times below this are too short for the lane's wheel, and get a timer.
const COARSE_MS: i64 = 2_000;

/// The deadlines of one session, in milliseconds since the Unix epoch.
#[derive(Debug)]
pub(super) struct Heartbeat {
    revision: Revision,
    interval_ms: i64,
    timeout_ms: i64,
    /// The next ping is due; never in revision 3.
    ping_ms: i64,
    /// The client must have been heard of.
    expires_ms: i64,
    /// Whether a timer is running, which only short times need.
    has_timer: bool,
}

impl Heartbeat {
    pub(super) fn new(options: &Options, revision: Revision, now_ms: i64) -> Self {
        let milliseconds = |value: u64| i64::try_from(value).unwrap_or(NEVER / 8).min(NEVER / 8);
        let mut heartbeat = Self {
            revision,
            interval_ms: milliseconds(options.ping_interval_ms),
            timeout_ms: milliseconds(options.ping_timeout_ms),
            ping_ms: NEVER,
            expires_ms: NEVER,
            has_timer: false,
        };
        heartbeat.heard(now_ms);
        heartbeat
    }

    /// The client has pinged, or answered a ping.
    pub(super) fn heard(&mut self, now_ms: i64) {
        match self.revision {
            Revision::V3 => self.expires_ms = now_ms + self.interval_ms + self.timeout_ms,
            Revision::V4 => {
                self.ping_ms = now_ms + self.interval_ms;
                self.expires_ms = NEVER;
            }
        }
    }

    /// The client is gone, and nothing is expected of it.
    pub(super) fn stop(&mut self) {
        (self.ping_ms, self.expires_ms) = (NEVER, NEVER);
    }

    /// Whether a ping is to be sent now; its answer is then waited for.
    pub(super) fn takes_ping(&mut self, now_ms: i64) -> bool {
        if self.ping_ms > now_ms {
            return false;
        }
        // A little lateness of ours is taken from the client's time, so that the sum is what it has been told.
        let on_time_ms = self.ping_ms + self.timeout_ms;
        self.expires_ms = on_time_ms.max(now_ms + self.timeout_ms * 3 / 4);
        self.ping_ms = NEVER;
        true
    }

    pub(super) fn is_expired(&self, now_ms: i64) -> bool {
        self.expires_ms <= now_ms
    }

    pub(super) fn expires_ms(&self) -> i64 {
        self.expires_ms
    }

    pub(super) fn deadline_ms(&self) -> i64 {
        self.ping_ms.min(self.expires_ms)
    }

    /// How long a timer has to run, if one is needed now.
    pub(super) fn takes_timer(&mut self, now_ms: i64) -> Option<Duration> {
        let is_coarse = self.interval_ms >= COARSE_MS && self.timeout_ms >= COARSE_MS;
        if is_coarse || self.has_timer || self.deadline_ms() == NEVER {
            return None;
        }
        self.has_timer = true;
        Some(Duration::from_millis(self.deadline_ms().saturating_sub(now_ms).max(1).unsigned_abs()))
    }

    pub(super) fn timer_fired(&mut self) {
        self.has_timer = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heartbeat(revision: Revision) -> Heartbeat {
        let options = Options { ping_interval_ms: 300, ping_timeout_ms: 200, ..Options::default() };
        Heartbeat::new(&options, revision, 1_000)
    }

    #[test]
    fn in_revision_4_the_server_pings_and_the_client_answers() {
        let mut heartbeat = heartbeat(Revision::V4);
        assert!(!heartbeat.takes_ping(1_299), "not before its time");
        assert!(heartbeat.takes_ping(1_310) && !heartbeat.takes_ping(1_400), "once");
        assert!(!heartbeat.is_expired(1_499) && heartbeat.is_expired(1_500));
        heartbeat.heard(1_450);
        assert_eq!((heartbeat.deadline_ms(), heartbeat.is_expired(1_700)), (1_750, false));
    }

    #[test]
    fn a_late_ping_leaves_the_client_most_of_its_time() {
        let mut heartbeat = heartbeat(Revision::V4);
        assert!(heartbeat.takes_ping(1_800));
        assert_eq!(heartbeat.expires_ms(), 1_950);
    }

    #[test]
    fn in_revision_3_the_client_has_to_ping() {
        let mut heartbeat = heartbeat(Revision::V3);
        assert!(!heartbeat.takes_ping(9_999));
        assert_eq!(heartbeat.expires_ms(), 1_500);
        heartbeat.heard(1_400);
        assert_eq!(heartbeat.expires_ms(), 1_900);
    }

    #[test]
    fn only_short_times_need_a_timer() {
        assert_eq!(heartbeat(Revision::V4).takes_timer(1_000), Some(Duration::from_millis(300)));
        let mut usual = Heartbeat::new(&Options::default(), Revision::V4, 0);
        assert_eq!(usual.takes_timer(0), None);
    }
}
