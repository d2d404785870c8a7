//! One session: Engine.IO's packets and heartbeat, and above them Socket.IO or an echo.

mod acks;
mod connect;
mod events;
mod follows;
mod heartbeat;
mod incoming;
mod layer;
mod leave;
mod park;
mod recover;

use std::sync::Arc;

use natter_core::{ChannelHandle, Reply};
use natter_node::realtime::{DisconnectReason, Handshake};
use natter_node::session::{Close, CloseKind, Control, NodeClose, Session, SessionOut, Target, WorkResult};
use natter_protocol::engineio::handshake::Open;
use natter_protocol::engineio::packet::{Packet, append_binary_frame, append_message_frame, text_frame};
use natter_protocol::engineio::{Revision, packet::PacketError};

use self::heartbeat::Heartbeat;
use self::layer::Layer as SocketIoLayer;
use crate::endpoint::Endpoint;
use crate::link::{Link, Stage};
use crate::options::{Layer, Options};
use crate::transport::closed;

/// The token of the timer that is finer than the lane's wheel; no request has it.
const TIMER: u64 = 0;

/// One session's state.
pub(crate) struct EngineSession {
    options: Arc<Options>,
    link: Arc<Link>,
    heartbeat: Heartbeat,
    upper: Upper,
}

/// What is spoken above Engine.IO.
enum Upper {
    SocketIo(Box<SocketIoLayer>),
    Echo,
}

impl EngineSession {
    pub(crate) fn new(endpoint: Arc<Endpoint>, link: Arc<Link>, handshake: Arc<Handshake>, now_ms: i64) -> Self {
        let options = endpoint.options.load_full();
        let heartbeat = Heartbeat::new(&options, link.revision, now_ms);
        let upper = match options.layer {
            Layer::Echo => Upper::Echo,
            Layer::SocketIo => {
                let layer = SocketIoLayer::new(endpoint, &options, Arc::clone(&link), handshake, now_ms);
                Upper::SocketIo(Box::new(layer))
            }
        };
        Self { options, link, heartbeat, upper }
    }

    fn open_packet(&self) -> String {
        let open = Open {
            sid: &self.link.sid,
            has_upgrade: self.link.stage() != Stage::WebSocket,
            ping_interval_ms: self.options.ping_interval_ms,
            ping_timeout_ms: self.options.ping_timeout_ms,
            payload_bytes_max: self.options.payload_bytes_max,
        };
        open.packet()
    }

    fn packet(&mut self, packet: Result<Packet<'_>, PacketError>, out: &mut SessionOut<'_>) -> Result<(), Close> {
        match packet {
            Ok(Packet::Message(text)) => self.text(text, out),
            Ok(Packet::Binary(bytes)) => self.bytes(&bytes, out),
            Ok(Packet::Ping(text)) if self.link.revision == Revision::V3 => {
                out.send_frames(text_frame(&format!("3{text}")));
                self.heartbeat.heard(out.now_ms());
                Ok(())
            }
            Ok(Packet::Pong(_)) if self.link.revision == Revision::V4 => {
                self.heartbeat.heard(out.now_ms());
                Ok(())
            }
            Ok(Packet::Ping(_) | Packet::Pong(_)) => {
                Err(self.end(DisconnectReason::TransportError, CloseKind::Protocol))
            }
            Ok(Packet::Close) => self.lose(DisconnectReason::TransportClose, CloseKind::Client),
            // Out of place but harmless, and the protocol's own server lets it pass.
            Ok(Packet::Open(_) | Packet::Upgrade | Packet::Noop) => Ok(()),
            Err(_) => Err(self.end(DisconnectReason::ParseError, CloseKind::Protocol)),
        }
    }

    fn text(&mut self, text: &str, out: &mut SessionOut<'_>) -> Result<(), Close> {
        match &mut self.upper {
            Upper::SocketIo(layer) => layer.text(text, out),
            Upper::Echo => {
                let mut frame = Default::default();
                append_message_frame(text.as_bytes(), &mut frame);
                out.send_frames(frame.freeze());
                Ok(())
            }
        }
    }

    fn bytes(&mut self, bytes: &[u8], out: &mut SessionOut<'_>) -> Result<(), Close> {
        match &mut self.upper {
            Upper::SocketIo(layer) => layer.bytes(bytes, out),
            Upper::Echo => {
                let mut frame = Default::default();
                append_binary_frame(self.link.revision, self.link.has_binary, bytes, &mut frame);
                out.send_frames(frame.freeze());
                Ok(())
            }
        }
    }

    fn end(&self, reason: DisconnectReason, kind: CloseKind) -> Close {
        self.link.set_reason(reason);
        closed(kind)
    }

    /// Does what is due, and sees to it that the next time is not missed.
    fn beat(&mut self, out: &mut SessionOut<'_>) -> Result<(), Close> {
        let now_ms = out.now_ms();
        if self.heartbeat.is_expired(now_ms) {
            return self.lose(DisconnectReason::PingTimeout, CloseKind::Idle);
        }
        if self.heartbeat.takes_ping(now_ms) {
            out.send_frames(text_frame("2"));
        }
        if let Upper::SocketIo(layer) = &mut self.upper {
            layer.deadline(now_ms)?;
        }
        self.arm(out);
        Ok(())
    }

    fn arm(&mut self, out: &mut SessionOut<'_>) {
        self.link.set_expiry(self.heartbeat.expires_ms());
        if let Some(wait) = self.heartbeat.takes_timer(out.now_ms()) {
            out.start(
                TIMER,
                Box::pin(async move {
                    tokio::time::sleep(wait).await;
                    Box::new(()) as WorkResult
                }),
            );
        }
    }
}

impl Session for EngineSession {
    fn on_opened(&mut self, out: &mut SessionOut<'_>) -> Result<(), Close> {
        out.send_frames(text_frame(&self.open_packet()));
        self.arm(out);
        if self.link.replay.is_some() {
            let waker = out.waker();
            self.link.with(|state| state.session = Some(waker));
        }
        match &mut self.upper {
            Upper::SocketIo(layer) => layer.opened(out),
            Upper::Echo => Ok(()),
        }
    }

    fn on_message(&mut self, message: &[u8], out: &mut SessionOut<'_>) -> Result<(), Close> {
        let result = self.packet(Packet::from_text(self.link.revision, message), out);
        self.arm(out);
        result
    }

    fn on_binary(&mut self, message: &[u8], out: &mut SessionOut<'_>) -> Result<(), Close> {
        self.packet(Packet::from_binary(self.link.revision, message), out)
    }

    /// Pongs of the transport count for nothing: Engine.IO has its own.
    fn on_pong(&mut self) {}

    fn is_ready(&self) -> bool {
        match &self.upper {
            Upper::SocketIo(layer) => layer.is_ready(),
            Upper::Echo => true,
        }
    }

    fn on_reply(&mut self, token: u64, reply: Reply, out: &mut SessionOut<'_>) -> Result<(), Close> {
        match &mut self.upper {
            Upper::SocketIo(layer) => layer.replied(token, reply, out),
            Upper::Echo => Ok(()),
        }
    }

    fn on_task(&mut self, token: u64, result: WorkResult, out: &mut SessionOut<'_>) -> Result<(), Close> {
        match &mut self.upper {
            _ if token == TIMER => {
                self.heartbeat.timer_fired();
                self.beat(out)
            }
            Upper::SocketIo(layer) => layer.done(result, out),
            Upper::Echo => Ok(()),
        }
    }

    fn on_wake(&mut self, out: &mut SessionOut<'_>) -> Result<(), Close> {
        match &mut self.upper {
            Upper::SocketIo(layer) => layer.drain(out)?,
            Upper::Echo => {}
        }
        self.look_after_park(out);
        Ok(())
    }

    fn on_control(&mut self, control: &Control, out: &mut SessionOut<'_>) -> Result<(), Close> {
        match (&mut self.upper, control) {
            (Upper::SocketIo(layer), Control::Disconnect(_)) => Err(layer.disconnect_all(out)),
            (Upper::SocketIo(layer), Control::Unsubscribe { channel }) => {
                layer.unfollow_by_name(channel.as_deref(), out);
                Ok(())
            }
            // A socket subscribes by its handlers, and does not expire.
            _ => Ok(()),
        }
    }

    fn on_invalidated(&mut self, channel: ChannelHandle, out: &mut SessionOut<'_>) -> Result<(), Close> {
        if let Upper::SocketIo(layer) = &mut self.upper {
            layer.invalidated(channel, out);
        }
        Ok(())
    }

    fn deadline_ms(&self) -> i64 {
        let heartbeat_ms = self.heartbeat.deadline_ms();
        match &self.upper {
            Upper::SocketIo(layer) => heartbeat_ms.min(layer.deadline_ms()),
            Upper::Echo => heartbeat_ms,
        }
    }

    fn on_deadline(&mut self, out: &mut SessionOut<'_>) -> Result<(), Close> {
        self.beat(out)
    }

    fn on_closed(&mut self, out: &mut SessionOut<'_>) {
        let reason = self.link.reason();
        if let Upper::SocketIo(layer) = &mut self.upper {
            layer.closed(reason, out);
        }
    }

    fn node_close(&self, cause: NodeClose) -> Close {
        match cause {
            NodeClose::Slow | NodeClose::Inexpressible => self.end(DisconnectReason::ForcedClose, CloseKind::Slow),
            NodeClose::Shutdown => self.end(DisconnectReason::ServerShuttingDown, CloseKind::Drain),
        }
    }

    fn is_target(&self, target: &Target) -> bool {
        match &self.upper {
            Upper::SocketIo(layer) => layer.is_target(target),
            Upper::Echo => false,
        }
    }
}
