//! A client that wants into a namespace: the apps are asked in turn, and the first that knows it has it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use natter_node::realtime::{App, Attempt, DisconnectReason, Identity, NewSocket, Refused, Socket, Verdict};
use natter_node::session::{Close, SessionOut, WorkResult};
use natter_protocol::engineio::Revision;
use natter_protocol::socketio::packet::Kind;
use serde_json::json;

use super::acks::Acks;
use super::layer::{Joined, Layer, NAMESPACES_MAX, TaskResult};
use crate::endpoint::{Recoverable, random_id};

/// How a client's attempt has ended.
pub(super) struct Decided {
    attempt: Attempt,
    outcome: Outcome,
}

enum Outcome {
    Accepted(Arc<App>, Identity),
    Refused(Refused),
}

/// A client whose app has done what comes before the client is told that it is connected.
pub(super) struct Prepared {
    socket: Socket,
    result: Result<(), Refused>,
}

/// A client that is let in, on its way.
pub(super) struct Admission {
    pub(super) app: Arc<App>,
    pub(super) identity: Identity,
    pub(super) attempt: Attempt,
}

impl Layer {
    /// A client wants in.
    pub(super) fn connect(&mut self, namespace: &Arc<str>, auth: Bytes, out: &mut SessionOut<'_>) -> Result<(), Close> {
        if self.index_of(namespace).is_some() || self.joined.len() >= NAMESPACES_MAX {
            return Err(self.fault(DisconnectReason::ForcedServerClose));
        }
        let apps = self.endpoint.sockets.apps_of(namespace);
        let attempt = Attempt { namespace: Arc::clone(namespace), auth, handshake: Arc::clone(&self.handshake) };
        let work: Pin<Box<dyn Future<Output = Decided> + Send>> = Box::pin(decide(apps, attempt));
        match self.poll_once(work) {
            Ok(decided) => self.decided(decided, out),
            Err(work) => {
                self.set_busy();
                out.start(1, Box::pin(async move { Box::new(TaskResult::Decided(work.await)) as WorkResult }));
                self.drain(out)
            }
        }
    }

    /// Runs work as far as it gets at once: most of it has nothing to wait for, and then needs no task.
    pub(super) fn poll_once<T>(
        &self,
        mut work: Pin<Box<dyn Future<Output = T> + Send>>,
    ) -> Result<T, Pin<Box<dyn Future<Output = T> + Send>>> {
        // What it starts by itself, timers as well, belongs to the runtime where it goes on.
        let _entered = self.endpoint.broker.runtime().enter();
        // The session looks at the commands itself when this is over.
        self.outbox.hold();
        match work.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(result) => Ok(result),
            Poll::Pending => Err(work),
        }
    }

    /// It has been decided whether the client is let in.
    pub(super) fn decided(&mut self, decided: Decided, out: &mut SessionOut<'_>) -> Result<(), Close> {
        let Decided { attempt, outcome } = decided;
        match outcome {
            Outcome::Accepted(_, identity) if !self.has_place_for(&identity) => {
                metrics::counter!("natter_limited_total", "scope" => "connect").increment(1);
                self.refuse(&attempt.namespace, &Refused::new("too many connections"), out);
                self.drain(out)
            }
            Outcome::Accepted(app, identity) => {
                let admission = Admission { app, identity, attempt };
                match self.recoverable(&admission) {
                    Some((earlier, place)) => {
                        self.ask_earlier(earlier, place, admission, out);
                        self.drain(out)
                    }
                    None => self.admit(admission, out),
                }
            }
            Outcome::Refused(refused) => {
                self.refuse(&attempt.namespace, &refused, out);
                self.drain(out)
            }
        }
    }

    /// Whether the tenant and the user may have this connection; its further namespaces are not counted again.
    fn has_place_for(&self, identity: &Identity) -> bool {
        let options = self.endpoint.options.load();
        let own = &identity.tenant.settings().limits;
        let tenant_max = own.max_connections.unwrap_or(options.connections_per_tenant_max);
        let user_max = own.max_connections_per_user.unwrap_or(options.connections_per_user_max);
        let of_user = || self.endpoint.broker.user_connections(identity.tenant.id(), &identity.user);
        self.identified.is_some()
            || identity.tenant.connections() < tenant_max && (user_max == 0 || of_user() < user_max)
    }

    fn refuse(&self, namespace: &str, refused: &Refused, out: &mut SessionOut<'_>) {
        let message = json!(refused.message);
        let json = match (self.link.revision, &refused.data) {
            (Revision::V4, None) => format!("{{\"message\":{message}}}"),
            (Revision::V4, Some(data)) => format!("{{\"message\":{message},\"data\":{}}}", data.text()),
            // The older revision has one value alone.
            (Revision::V3, Some(data)) => data.text().to_owned(),
            (Revision::V3, None) => message.to_string(),
        };
        out.send_frames(self.form.plain(Kind::ConnectError, namespace, &json));
    }

    /// A client is let in, as one who has not been here.
    pub(super) fn admit(&mut self, admission: Admission, out: &mut SessionOut<'_>) -> Result<(), Close> {
        let id = self.socket_id(&admission.attempt.namespace);
        let recovery_id = self.form.has_offsets.then(random_id);
        let app = Arc::clone(&admission.app);
        let socket = self.add(admission, id, recovery_id, out);
        let Some(connecting) = app.connecting(socket.clone()) else {
            return self.prepared(Prepared { socket, result: Ok(()) }, out);
        };
        // What comes of the channels that are followed now waits until the client knows that it is connected.
        out.cork();
        let work = async move { Prepared { socket, result: connecting.await } };
        match self.poll_once(Box::pin(work)) {
            Ok(prepared) => {
                self.drain(out)?;
                self.prepared(prepared, out)
            }
            Err(work) => {
                self.set_busy();
                out.start(1, Box::pin(async move { Box::new(TaskResult::Prepared(work.await)) as WorkResult }));
                self.drain(out)
            }
        }
    }

    /// A client is told that it is connected, unless its app has thought otherwise.
    pub(super) fn prepared(&mut self, prepared: Prepared, out: &mut SessionOut<'_>) -> Result<(), Close> {
        let Prepared { socket, result } = prepared;
        // A handler may have put it out meanwhile.
        let Some(index) = self.index_of(socket.namespace()) else {
            out.uncork();
            return self.drain(out);
        };
        if let Err(refused) = result {
            self.refuse(socket.namespace(), &refused, out);
            self.discard(index, out);
            out.uncork();
            return self.drain(out);
        }
        let app = Arc::clone(&self.joined[index].app);
        let recovery_id = self.joined[index].recovery_id.clone();
        if let Some(replay) = &self.link.replay {
            replay.lock().begin(socket.namespace(), "");
        }
        let greeting = self.greeting(&socket, recovery_id.as_deref());
        out.uncork_with(vec![greeting], Box::new(|frame| frame));
        if app.has_everyone() {
            self.follow_everyone(index, out);
        }
        self.connected(&app, socket, out)
    }

    /// Makes a client's socket.
    pub(super) fn add(
        &mut self,
        admission: Admission,
        id: Arc<str>,
        recovery_id: Option<Arc<str>>,
        out: &mut SessionOut<'_>,
    ) -> Socket {
        let Admission { app, identity, attempt } = admission;
        if self.identified.is_none() {
            let (tenant, user) = (Arc::clone(&identity.tenant), Arc::clone(&identity.user));
            out.identify(Arc::clone(&tenant), Arc::clone(&user));
            self.identified = Some((tenant, user));
        }
        let socket = Socket::new(NewSocket {
            id,
            app: app.name(),
            namespace: Arc::clone(app.namespace()),
            identity,
            handshake: attempt.handshake,
            auth: attempt.auth,
            is_recovered: self.recovering.is_some(),
            driver: Arc::clone(&self.outbox) as Arc<dyn natter_node::realtime::Driver>,
            sockets: self.endpoint.sockets.clone(),
        });
        self.endpoint.sockets.add(&socket);
        if let Some(id) = &recovery_id {
            let recoverable = Recoverable {
                outbox: Arc::clone(&self.outbox),
                namespace: Arc::clone(socket.namespace()),
                tenant: socket.tenant().id().clone(),
                user: Arc::clone(socket.user()),
            };
            self.endpoint.recoverable.insert(Arc::clone(id), recoverable);
            self.link.with(|state| state.may_park = true);
        }
        let acks = Acks::default();
        if self.joined.is_empty() {
            // Nearly all clients are in one namespace: room for four at once would be for nothing.
            self.joined.reserve_exact(1);
        }
        self.joined.push(Joined { app, socket: socket.clone(), acks, recovery_id, is_lost: false });
        socket
    }

    /// In the older revision a client works out its id by itself.
    fn socket_id(&self, namespace: &str) -> Arc<str> {
        match (self.link.revision, namespace) {
            (Revision::V4, _) => random_id(),
            (Revision::V3, "/") => Arc::clone(&self.link.sid),
            (Revision::V3, namespace) => format!("{namespace}#{}", self.link.sid).into(),
        }
    }

    /// What a client is told that is in.
    pub(super) fn greeting(&self, socket: &Socket, recovery_id: Option<&str>) -> Bytes {
        let json = match (self.link.revision, recovery_id) {
            (Revision::V4, Some(id)) => format!("{{\"sid\":\"{}\",\"pid\":\"{id}\"}}", socket.id()),
            (Revision::V4, None) => format!("{{\"sid\":\"{}\"}}", socket.id()),
            (Revision::V3, _) => String::new(),
        };
        self.form.plain(Kind::Connect, socket.namespace(), &json)
    }
}

/// Asks the apps of the namespace in turn.
async fn decide(apps: Vec<Arc<App>>, attempt: Attempt) -> Decided {
    let mut outcome = match apps.is_empty() {
        true => Outcome::Refused(Refused::new("Invalid namespace")),
        false => Outcome::Refused(Refused::new("not authorized")),
    };
    for app in apps {
        match app.authenticator().authenticate(attempt.clone()).await {
            Verdict::NotMine => {}
            Verdict::Refused(refused) => {
                outcome = Outcome::Refused(refused);
                break;
            }
            Verdict::Accepted(identity) => {
                outcome = Outcome::Accepted(app, identity);
                break;
            }
        }
    }
    Decided { attempt, outcome }
}
