//! A client that comes back (connection state recovery): its new connection takes over what the earlier one has.
//!
//! The new connection first follows everything that the earlier one does, holding back what arrives, and only then asks
//! for what was missed. Whatever was published before it followed has reached the earlier connection by then, as both go
//! through the same mailbox in order, so that nothing is lost between the two; what came twice is left out by its offset.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use natter_node::realtime::{App, DisconnectReason, Socket};
use natter_node::session::{Close, SessionOut, WorkResult};
use serde::Deserialize;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::connect::Admission;
use super::layer::{Layer, TaskResult};
use crate::endpoint::Recoverable;
use crate::outbox::{Job, Shown};
use crate::replay::without_repeats;

/// How long an earlier connection may take to answer.
const ANSWER_TIME: Duration = Duration::from_secs(2);

/// What a client sends that comes back.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Place {
    pid: String,
    #[serde(default)]
    offset: String,
}

/// A take-over that is under way.
pub(super) struct Recovering {
    earlier: Recoverable,
    place: Place,
    /// Made when the earlier connection has shown what it has.
    taken: Option<(Arc<App>, Socket)>,
    is_asked: bool,
}

/// The other side of it.
pub(super) struct HandingOver {
    namespace: Arc<str>,
    offset: String,
    reply: oneshot::Sender<Vec<Bytes>>,
}

impl Layer {
    /// The socket that a client wants to go on with, if it was this user's.
    pub(super) fn recoverable(&self, admission: &Admission) -> Option<(Recoverable, Place)> {
        if !self.form.has_offsets || self.recovering.is_some() {
            return None;
        }
        let place: Place = serde_json::from_slice(&admission.attempt.auth).ok()?;
        let earlier = self.endpoint.recoverable.get(place.pid.as_str())?.clone();
        let is_same = earlier.namespace == admission.attempt.namespace
            && earlier.tenant == *admission.identity.tenant.id()
            && earlier.user == admission.identity.user
            && !Arc::ptr_eq(&earlier.outbox, &self.outbox);
        is_same.then_some((earlier, place))
    }

    /// Asks the earlier connection what it has.
    pub(super) fn ask_earlier(
        &mut self,
        earlier: Recoverable,
        place: Place,
        admission: Admission,
        out: &mut SessionOut<'_>,
    ) {
        let (reply, answer) = oneshot::channel();
        // When it is gone, the answer tells.
        let _ = earlier.outbox.put(&earlier.namespace, Job::Show { offset: place.offset.clone(), reply });
        self.recovering = Some(Recovering { earlier, place, taken: None, is_asked: false });
        self.set_busy();
        let work = async move {
            let shown = timeout(ANSWER_TIME, answer).await.ok().and_then(Result::ok);
            Box::new(TaskResult::Shown(Box::new(admission), shown)) as WorkResult
        };
        out.start(1, Box::pin(work));
    }

    /// The earlier connection has answered: this one follows what it did, or the client starts afresh.
    pub(super) fn shown(
        &mut self,
        admission: Admission,
        shown: Option<Shown>,
        out: &mut SessionOut<'_>,
    ) -> Result<(), Close> {
        let (Some(shown), Some(recovering)) = (shown, &self.recovering) else {
            self.recovering = None;
            return self.admit(admission, out);
        };
        let recovery_id: Arc<str> = recovering.place.pid.as_str().into();
        self.set_busy();
        let app = Arc::clone(&admission.app);
        out.cork();
        let socket = self.add(admission, shown.id, Some(recovery_id), out);
        if let Some(recovering) = &mut self.recovering {
            recovering.taken = Some((app, socket));
        }
        let index = self.joined.len().saturating_sub(1);
        for (channel, options, form) in shown.follows {
            self.follow(index, channel, options, form, oneshot::channel().0, out);
        }
        self.go_on_recovering(out)
    }

    /// Everything is followed: the earlier connection hands over.
    pub(super) fn go_on_recovering(&mut self, out: &mut SessionOut<'_>) -> Result<(), Close> {
        let Some(Recovering { earlier, place, taken: Some((_, socket)), is_asked: false }) = &self.recovering else {
            return Ok(());
        };
        if self.is_asking(socket.id()) {
            return Ok(());
        }
        let (reply, answer) = oneshot::channel();
        // When it is gone, the answer tells.
        let _ = earlier.outbox.put(&earlier.namespace, Job::HandOver { offset: place.offset.clone(), reply });
        if let Some(recovering) = &mut self.recovering {
            recovering.is_asked = true;
        }
        let work = async move {
            let missed = timeout(ANSWER_TIME, answer).await.ok().and_then(Result::ok);
            Box::new(TaskResult::HandedOver(missed)) as WorkResult
        };
        out.start(1, Box::pin(work));
        Ok(())
    }

    /// What was missed goes out, then the greeting, then what has arrived meanwhile.
    pub(super) fn handed_over(&mut self, missed: Option<Vec<Bytes>>, out: &mut SessionOut<'_>) -> Result<(), Close> {
        let Some(Recovering { place, taken: Some((app, socket)), .. }) = self.recovering.take() else { return Ok(()) };
        // The earlier connection has ended between its two answers: the client comes back once more, and starts afresh.
        let Some(missed) = missed else { return Err(self.fault(DisconnectReason::ForcedClose)) };
        if let Some(replay) = &self.link.replay {
            replay.lock().begin(socket.namespace(), &place.offset);
        }
        let keep = Box::new(without_repeats(&missed));
        let greeting = self.greeting(&socket, Some(&place.pid));
        out.uncork_with(missed.into_iter().chain([greeting]).collect(), keep);
        self.connected(&app, socket, out)
    }

    /// A connection asks that wants to take over.
    pub(super) fn show(&self, namespace: &str, offset: &str, reply: oneshot::Sender<Shown>) {
        let Some(index) = self.index_of(namespace) else { return };
        let is_known = self.link.replay.as_ref().is_some_and(|replay| replay.lock().after(namespace, offset).is_some());
        if is_known {
            let id = Arc::clone(self.joined[index].socket.id());
            let follows = self.followed(&id);
            // Whoever asked may have given up.
            let _ = reply.send(Shown { id, follows });
        }
    }

    /// It takes over. What still waits to be written has to be noted first; for that the client is given up.
    pub(super) fn begin_hand_over(&mut self, namespace: Arc<str>, offset: String, reply: oneshot::Sender<Vec<Bytes>>) {
        if self.link.park(DisconnectReason::TransportError) {
            self.handing_over = Some(HandingOver { namespace, offset, reply });
            self.link.ask_sync();
        }
    }

    /// Everything is noted: the other connection gets what its client has missed.
    pub(super) fn finish_hand_over(&mut self, out: &mut SessionOut<'_>) -> Result<(), Close> {
        if self.handing_over.is_none() || !self.link.takes_synced() {
            return Ok(());
        }
        let Some(HandingOver { namespace, offset, reply }) = self.handing_over.take() else { return Ok(()) };
        let Some(index) = self.index_of(&namespace) else { return Ok(()) };
        let missed = self.link.replay.as_ref().and_then(|replay| replay.lock().after(&namespace, &offset));
        let Some(missed) = missed else { return Ok(()) };
        // Whoever asked may have given up; its client has then seen the end of its connection as well.
        let _ = reply.send(missed);
        self.give_up(index, out)
    }
}
