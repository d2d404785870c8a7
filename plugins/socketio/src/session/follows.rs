//! The rooms and channels that the sockets of a connection are attached to.

use std::sync::Arc;

use natter_core::{ChannelHandle, ChannelKey, ChannelOptions, ClientInfo, Refusal, Request, Subscribed, Subscriber};
use natter_node::realtime::{FollowError, FollowForm, RoomFilter, Socket, room_channel};
use natter_node::session::{PublicationFilter, SessionOut, Subscription, Variant};
use tokio::sync::oneshot;

use super::layer::Layer;
use crate::codec::room_variant;
use crate::endpoint::random_id;

type Done = oneshot::Sender<Result<(), FollowError>>;

/// Attachments of a connection that its apps have chosen.
const RENDERED_MAX: usize = 10_000;

/// The attachments of one connection, over all of its namespaces.
pub(super) struct Follows {
    max: usize,
    /// The connection, as the owners of channels know it. Not a socket's id, which outlives its connection when that is
    /// recovered.
    subscriber: Arc<str>,
    last_token: u64,
    all: Vec<Follow>,
}

struct Follow {
    token: u64,
    socket: Arc<str>,
    channel: ChannelKey,
    options: Arc<ChannelOptions>,
    form: FollowForm,
    variant: Variant,
    stage: FollowStage,
}

impl Follow {
    fn is_room(&self) -> bool {
        matches!(self.form, FollowForm::Room(_))
    }
}

enum FollowStage {
    /// The channel's owner has been asked; told to all of these how it went.
    Asked {
        waiting: Vec<Done>,
        leaving: Vec<oneshot::Sender<()>>,
    },
    Attached {
        handle: ChannelHandle,
        subscriber: Subscriber,
    },
}

impl Follows {
    pub(super) fn new(max: usize) -> Self {
        Self { max, subscriber: random_id(), last_token: 0, all: Vec::new() }
    }

    /// Whether a connection has as many attachments of a kind as it may. Rooms are what clients ask for; what an app lets
    /// a socket follow grows with the user's memberships.
    fn is_full(&self, form: &FollowForm) -> bool {
        match form {
            FollowForm::Room(_) => self.all.iter().filter(|follow| follow.is_room()).count() >= self.max,
            FollowForm::Rendered => self.all.len() >= RENDERED_MAX,
        }
    }

    fn index_of(&self, socket: &str, channel: &ChannelKey) -> Option<usize> {
        self.all.iter().position(|follow| *follow.socket == *socket && follow.channel == *channel)
    }
}

impl Layer {
    /// Attaches a socket to a channel.
    pub(super) fn follow(
        &mut self,
        index: usize,
        channel: ChannelKey,
        options: Arc<ChannelOptions>,
        form: FollowForm,
        done: Done,
        out: &mut SessionOut<'_>,
    ) {
        let socket = self.joined[index].socket.clone();
        if let Some(known) = self.follows.index_of(socket.id(), &channel) {
            return match &mut self.follows.all[known].stage {
                FollowStage::Asked { waiting, .. } => waiting.push(done),
                FollowStage::Attached { .. } => tell(done, Ok(())),
            };
        }
        let variant = match &form {
            FollowForm::Room(_) => Some(room_variant(self.form)),
            FollowForm::Rendered => self.endpoint.codecs.variant(&self.joined[index].app, self.form),
        };
        let refusal = match &variant {
            None => Some(FollowError::NoRender),
            Some(_) if self.follows.is_full(&form) => Some(FollowError::TooMany),
            Some(_) => None,
        };
        let (Some(variant), None) = (variant, refusal) else {
            return tell(done, Err(refusal.unwrap_or(FollowError::NoRender)));
        };
        self.ask(&socket, channel, options, form, variant, vec![done], out);
    }

    #[allow(clippy::too_many_arguments)]
    fn ask(
        &mut self,
        socket: &Socket,
        channel: ChannelKey,
        options: Arc<ChannelOptions>,
        form: FollowForm,
        variant: Variant,
        waiting: Vec<Done>,
        out: &mut SessionOut<'_>,
    ) {
        self.follows.last_token += 1;
        let token = self.follows.last_token;
        let is_listed = matches!(form, FollowForm::Room(_));
        let info = is_listed.then(|| {
            Arc::new(ClientInfo {
                user: socket.user().to_string(),
                client: socket.id().to_string(),
                ..ClientInfo::default()
            })
        });
        let subscriber = Subscriber { lane: out.lane(), client: Arc::clone(&self.follows.subscriber), info };
        let request = Request::Subscribe { subscriber, recover: None, reply: () };
        out.request(token, channel.clone(), Arc::clone(&options), request);
        let stage = FollowStage::Asked { waiting, leaving: Vec::new() };
        let socket = Arc::clone(socket.id());
        self.follows.all.push(Follow { token, socket, channel, options, form, variant, stage });
    }

    /// A socket joins the room of all.
    pub(super) fn follow_everyone(&mut self, index: usize, out: &mut SessionOut<'_>) {
        let socket = &self.joined[index].socket;
        let room = self.endpoint.sockets.everyone_room();
        let channel = room_channel(socket.tenant().id(), self.joined[index].app.name(), room);
        let options = Arc::clone(self.endpoint.sockets.room_options());
        self.follow(index, channel, options, FollowForm::Room(room.into()), oneshot::channel().0, out);
    }

    /// The channel's owner has answered.
    pub(super) fn subscribed(
        &mut self,
        token: u64,
        result: Result<Box<Subscribed>, Refusal>,
        out: &mut SessionOut<'_>,
    ) {
        let Some(at) = self.follows.all.iter().position(|follow| follow.token == token) else {
            // The socket has gone since: what was granted is given back.
            return result.into_iter().for_each(|subscribed| give_back(*subscribed, out));
        };
        let FollowStage::Asked { waiting, leaving } = &mut self.follows.all[at].stage else { return };
        let (waiting, leaving) = (std::mem::take(waiting), std::mem::take(leaving));
        let outcome = match result {
            Ok(subscribed) if leaving.is_empty() => {
                self.attach(at, *subscribed, out);
                Ok(())
            }
            Ok(subscribed) => {
                give_back(*subscribed, out);
                self.follows.all.swap_remove(at);
                Ok(())
            }
            Err(refusal) => {
                self.follows.all.swap_remove(at);
                Err(FollowError::Refused(refusal))
            }
        };
        waiting.into_iter().for_each(|done| tell(done, outcome));
        leaving.into_iter().for_each(|done| tell(done, ()));
    }

    fn attach(&mut self, at: usize, subscribed: Subscribed, out: &mut SessionOut<'_>) {
        let Subscribed { subscriber, handle, .. } = subscribed;
        let follow = &mut self.follows.all[at];
        let socket = self.joined.iter().map(|joined| &joined.socket).find(|socket| *socket.id() == follow.socket);
        let mut filter: Option<Box<dyn PublicationFilter>> = None;
        if let (Some(socket), FollowForm::Room(room)) = (socket, &follow.form) {
            socket.rooms().lock().push(Arc::clone(room));
            filter = Some(Box::new(RoomFilter { socket: Arc::clone(socket.id()), rooms: Arc::clone(socket.rooms()) }));
        }
        out.attach(Subscription {
            channel: handle,
            key: follow.channel.clone(),
            variant: follow.variant,
            wants_presence_edges: false,
            filter,
        });
        follow.stage = FollowStage::Attached { handle, subscriber };
    }

    /// Detaches a socket from a channel.
    pub(super) fn unfollow(
        &mut self,
        index: usize,
        channel: &ChannelKey,
        done: oneshot::Sender<()>,
        out: &mut SessionOut<'_>,
    ) {
        let socket = self.joined[index].socket.clone();
        let Some(at) = self.follows.index_of(socket.id(), channel) else { return tell(done, ()) };
        if let FollowStage::Asked { leaving, .. } = &mut self.follows.all[at].stage {
            return leaving.push(done);
        }
        let follow = self.follows.all.swap_remove(at);
        if let FollowForm::Room(room) = &follow.form {
            socket.rooms().lock().retain(|own| own != room);
        }
        detach(follow, out);
        tell(done, ());
    }

    /// Detaches all sockets of the connection from a channel, or from all.
    pub(super) fn unfollow_by_name(&mut self, channel: Option<&str>, out: &mut SessionOut<'_>) {
        let is_meant = |follow: &Follow| {
            matches!(follow.form, FollowForm::Rendered) && channel.is_none_or(|name| **follow.channel.name() == *name)
        };
        let (meant, others) = std::mem::take(&mut self.follows.all).into_iter().partition(is_meant);
        self.follows.all = others;
        let meant: Vec<Follow> = meant;
        meant.into_iter().for_each(|follow| detach(follow, out));
    }

    /// A socket is gone: it leaves everything, but its rooms stay noted with it.
    pub(super) fn unfollow_all(&mut self, socket: &str, out: &mut SessionOut<'_>) {
        let (own, others) =
            std::mem::take(&mut self.follows.all).into_iter().partition(|follow| *follow.socket == *socket);
        self.follows.all = others;
        let own: Vec<Follow> = own;
        own.into_iter().for_each(|follow| detach(follow, out));
    }

    /// A channel's life has ended: its followers are attached to the next one.
    pub(super) fn follow_anew(&mut self, handle: ChannelHandle, out: &mut SessionOut<'_>) {
        let is_ended = |follow: &Follow| matches!(&follow.stage, FollowStage::Attached { handle: attached, .. } if *attached == handle);
        let (ended, others) = std::mem::take(&mut self.follows.all).into_iter().partition(is_ended);
        self.follows.all = others;
        let ended: Vec<Follow> = ended;
        for follow in ended {
            let Some(socket) = self.socket(&follow.socket) else { continue };
            if let FollowForm::Room(room) = &follow.form {
                socket.rooms().lock().retain(|own| own != room);
            }
            let Follow { channel, options, form, variant, .. } = follow;
            self.ask(&socket, channel, options, form, variant, Vec::new(), out);
        }
    }

    /// Whether channels' owners still have to answer for a socket.
    pub(super) fn is_asking(&self, socket: &str) -> bool {
        let is_open = |follow: &Follow| matches!(follow.stage, FollowStage::Asked { .. });
        self.follows.all.iter().any(|follow| *follow.socket == *socket && is_open(follow))
    }

    /// What a socket follows.
    pub(super) fn followed(&self, socket: &str) -> Vec<(ChannelKey, Arc<ChannelOptions>, FollowForm)> {
        let own = self.follows.all.iter().filter(|follow| *follow.socket == *socket);
        own.map(|follow| (follow.channel.clone(), Arc::clone(&follow.options), follow.form.clone())).collect()
    }

    fn socket(&self, id: &str) -> Option<Socket> {
        self.joined.iter().map(|joined| &joined.socket).find(|socket| **socket.id() == *id).cloned()
    }
}

/// Tells somebody who may have given up waiting.
fn tell<T>(waiting: oneshot::Sender<T>, outcome: T) {
    let _ = waiting.send(outcome);
}

/// Leaves a channel. What has only been asked for is given back when it is granted.
fn detach(follow: Follow, out: &mut SessionOut<'_>) {
    if let FollowStage::Attached { handle, subscriber } = follow.stage {
        out.detach(handle);
        out.tell(follow.channel, follow.options, Request::Unsubscribe { subscriber, handle });
    }
}

fn give_back(subscribed: Subscribed, out: &mut SessionOut<'_>) {
    let request = Request::Unsubscribe { subscriber: subscribed.subscriber, handle: subscribed.handle };
    out.tell(subscribed.channel, Arc::default(), request);
}
