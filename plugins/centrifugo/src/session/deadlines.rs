//! What a connection has to have done by when: connect, answer pings, refresh.

use natter_node::config::Centrifugo;
use natter_node::session::{Close, CloseKind, SessionOut};
use natter_protocol::centrifuge::codes::Disconnect;
use natter_protocol::centrifuge::schema::Reply;

use super::{ClientSession, Phase, bad_request, close};

const NEVER: i64 = i64::MAX;

/// The deadlines of one connection, in milliseconds since the Unix epoch.
#[derive(Debug)]
pub(super) struct Deadlines {
    /// The connection is closed as stale unless it has connected by then.
    stale_ms: i64,
    /// The next ping is due.
    ping_ms: i64,
    /// The last ping must have been answered.
    pong_ms: i64,
    /// The connection expires; the client has a while longer to refresh it.
    pub(super) expiry_ms: i64,
    /// Whether a ping is unanswered.
    is_ping_open: bool,
    /// Whether clients are expected to answer pings.
    expects_pongs: bool,
}

impl Deadlines {
    pub(super) fn new(config: &Centrifugo, now_ms: i64) -> Self {
        Self {
            stale_ms: now_ms + milliseconds(config.stale_close_delay),
            ping_ms: NEVER,
            pong_ms: NEVER,
            expiry_ms: NEVER,
            is_ping_open: false,
            expects_pongs: !config.pong_timeout.is_zero(),
        }
    }

    /// The connection is established: pings begin, after a random part of the interval (section 4, 6).
    pub(super) fn connected(&mut self, config: &Centrifugo, now_ms: i64) {
        self.stale_ms = NEVER;
        let interval_ms = milliseconds(config.ping_interval);
        if interval_ms > 0 {
            self.ping_ms = now_ms + interval_ms / 2 + rand::random_range(0..(interval_ms / 2).max(1));
        }
    }

    /// The connect was refused: the client has a while to go by itself.
    pub(super) fn refused(&mut self, now_ms: i64) {
        const REFUSED_MS: i64 = 5_000;
        self.stale_ms = now_ms + REFUSED_MS;
    }

    /// The client has answered a ping; an answer without one breaks the protocol.
    pub(super) fn pong(&mut self) -> Result<(), Close> {
        if !self.is_ping_open {
            return Err(bad_request());
        }
        self.is_ping_open = false;
        self.pong_ms = NEVER;
        Ok(())
    }

    /// The peer has answered a ping of the transport; it may also send an answer without one.
    pub(super) fn native_pong(&mut self) {
        self.pong_ms = NEVER;
    }

    fn nearest_ms(&self) -> i64 {
        self.stale_ms.min(self.ping_ms).min(self.pong_ms).min(self.expiry_ms)
    }
}

impl ClientSession {
    pub(super) fn next_deadline_ms(&self) -> i64 {
        let own_ms = self.deadlines.nearest_ms();
        match &self.phase {
            Phase::Connected(connected) => own_ms.min(connected.subscriptions.next_deadline_ms()),
            _ => own_ms,
        }
    }

    pub(super) fn deadline(&mut self, out: &mut SessionOut<'_>) -> Result<(), Close> {
        let now_ms = out.now_ms();
        if self.deadlines.stale_ms <= now_ms && matches!(self.phase, Phase::Refused) {
            return Err(close(Disconnect::CONNECTION_CLOSED, CloseKind::Auth));
        }
        if self.deadlines.stale_ms <= now_ms {
            return Err(close(Disconnect::STALE, CloseKind::Idle));
        }
        if self.deadlines.pong_ms <= now_ms {
            return Err(close(Disconnect::NO_PONG, CloseKind::Idle));
        }
        if self.deadlines.ping_ms <= now_ms {
            self.ping(now_ms, out)?;
        }
        if self.deadlines.expiry_ms <= now_ms {
            self.connection_expired(out)?;
        }
        self.tracked_due(now_ms, out)?;
        self.subscriptions_expired(now_ms, out)
    }

    fn ping(&mut self, now_ms: i64, out: &mut SessionOut<'_>) -> Result<(), Close> {
        // A connection sees a reloaded configuration at its next ping.
        self.settings = self.shared.settings();
        if let Ok(connected) = self.connected() {
            connected.recent = None;
        }
        let config = &self.settings.centrifugo;
        self.deadlines.ping_ms = now_ms + milliseconds(config.ping_interval).max(1_000);
        if self.deadlines.expects_pongs {
            self.deadlines.pong_ms = now_ms + milliseconds(config.pong_timeout);
        }
        if self.transport.has_native_pings {
            out.ping();
            return Ok(());
        }
        self.deadlines.is_ping_open = true;
        self.reply(&Reply::default(), out)
    }
}

pub(super) fn milliseconds(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX / 4)
}

/// `expires` and `ttl` of something that expires at a time; a ttl is at most a year.
pub(super) fn time_left(expire_at: Option<u64>, now_ms: i64) -> (bool, u32) {
    const YEAR_SECONDS: u64 = 365 * 24 * 60 * 60;
    let Some(expire_at) = expire_at else { return (false, 0) };
    let left = expire_at.saturating_sub(u64::try_from(now_ms / 1_000).unwrap_or_default());
    (true, u32::try_from(left.min(YEAR_SECONDS)).unwrap_or(u32::MAX))
}
