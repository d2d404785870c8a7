//! What handlers, and connections that take over, want done for the sockets of one connection, in order, on its way to
//! the connection's session.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use natter_core::{ChannelKey, ChannelOptions};
use natter_node::realtime::{Command, Driver, EmitError, FollowForm};
use natter_node::session::SessionWaker;
use parking_lot::Mutex;
use tokio::sync::oneshot;

/// Commands that wait at most.
const COMMANDS_MAX: usize = 16_384;

/// Something to be done for the socket in a namespace.
pub(crate) enum Job {
    /// What a handler wants.
    Command(Command),
    /// What a connection wants to know that takes over; answered with nothing when it cannot.
    Show { offset: String, reply: oneshot::Sender<Shown> },
    /// It takes over: everything behind the offset is its, and this socket ends.
    HandOver { offset: String, reply: oneshot::Sender<Vec<Bytes>> },
}

/// What a connection has to know of a socket that it takes over.
pub(crate) struct Shown {
    pub(crate) id: Arc<str>,
    pub(crate) follows: Vec<(ChannelKey, Arc<ChannelOptions>, FollowForm)>,
}

/// A job and the namespace of its socket.
pub(crate) type Addressed = (Arc<str>, Job);

/// The commands of one connection.
pub(crate) struct Outbox {
    bytes_max: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    commands: VecDeque<Addressed>,
    bytes: usize,
    waker: Option<SessionWaker>,
    /// The session is going to look by itself.
    is_woken: bool,
    is_closed: bool,
}

impl Outbox {
    /// Holds commands of so many bytes at most.
    pub(crate) fn new(bytes_max: usize) -> Arc<Self> {
        Arc::new(Self { bytes_max, state: Mutex::default() })
    }

    /// The session can be woken from now on.
    pub(crate) fn open(&self, waker: SessionWaker) {
        self.state.lock().waker = Some(waker);
    }

    /// From here on nothing is taken any more.
    pub(crate) fn close(&self) {
        let mut state = self.state.lock();
        *state = State { is_closed: true, ..State::default() };
    }

    /// The session looks after what it is about to do: nobody need wake it.
    pub(crate) fn hold(&self) {
        self.state.lock().is_woken = true;
    }

    /// Takes the next command; when there is none, the session has to be woken for the next.
    pub(crate) fn take(&self) -> Option<Addressed> {
        let mut state = self.state.lock();
        let command = state.commands.pop_front();
        match &command {
            Some((_, job)) => state.bytes = state.bytes.saturating_sub(size_of(job)),
            None => {
                state.is_woken = false;
                // Most connections are idle most of the time: they keep no room for commands.
                state.commands = VecDeque::new();
            }
        }
        command
    }
}

fn size_of(job: &Job) -> usize {
    match job {
        Job::Command(Command::Emit { event, args, .. }) => event.len() + args.len(),
        _ => 0,
    }
}

impl Driver for Outbox {
    fn command(&self, namespace: &Arc<str>, command: Command) -> Result<(), EmitError> {
        self.put(namespace, Job::Command(command))
    }
}

impl Outbox {
    /// Puts a job in.
    pub(crate) fn put(&self, namespace: &Arc<str>, job: Job) -> Result<(), EmitError> {
        let waker = {
            let mut state = self.state.lock();
            if state.is_closed {
                return Err(EmitError::Closed);
            }
            let bytes = state.bytes + size_of(&job);
            // One command is always taken: whether it is too large is the connection's queue to say.
            if !state.commands.is_empty() && (bytes > self.bytes_max || state.commands.len() >= COMMANDS_MAX) {
                return Err(EmitError::Full);
            }
            state.bytes = bytes;
            state.commands.push_back((Arc::clone(namespace), job));
            match std::mem::replace(&mut state.is_woken, true) {
                true => None,
                false => state.waker.clone(),
            }
        };
        if let Some(waker) = waker {
            waker.wake();
        }
        Ok(())
    }
}
