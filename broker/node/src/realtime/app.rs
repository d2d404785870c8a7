//! What a dialect does on sockets: its namespace, its events, who is let in.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use natter_core::Publication;

use super::args::{Args, FromArgs};
use super::attempt::{Authenticator, Refused};
use super::socket::{DisconnectReason, Socket};

/// An event of a client.
#[derive(Clone, Debug)]
pub struct Event {
    /// Its name.
    pub name: Arc<str>,
    /// Its arguments.
    pub args: Args,
    /// Whether the client waits for an acknowledgement.
    pub wants_ack: bool,
}

/// An event that is being handled; what comes out is the acknowledgement, if the client wants one.
pub type Handling = Pin<Box<dyn Future<Output = Option<Args>> + Send>>;

type EventHandler = Box<dyn Fn(Socket, Event) -> Handling + Send + Sync>;
type Done = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What is done before a client is told that it is connected; it may still be refused.
pub type Connecting = Pin<Box<dyn Future<Output = Result<(), Refused>> + Send>>;

/// Shows what is published to channels that sockets follow, as events. Called once for each publication and form on the
/// wire, however many sockets follow; must be quick and must not block.
pub trait Render: Send + Sync + 'static {
    /// Emits the events that a publication becomes, in order; none when it is not shown.
    fn render(&self, channel: &str, publication: &Publication, emit: &mut dyn FnMut(&str, &Args));
}

/// A dialect on sockets. Immutable once registered.
pub struct App {
    name: &'static str,
    namespace: Arc<str>,
    authenticator: Box<dyn Authenticator>,
    events: HashMap<&'static str, EventHandler>,
    others: Option<EventHandler>,
    connecting: Option<Box<dyn Fn(Socket) -> Connecting + Send + Sync>>,
    connected: Option<Box<dyn Fn(Socket) -> Done + Send + Sync>>,
    disconnected: Option<Box<dyn Fn(Socket, DisconnectReason) -> Done + Send + Sync>>,
    render: Option<Arc<dyn Render>>,
    has_everyone: bool,
}

impl App {
    /// Begins an app: `name` tells it from all others of the node, `namespace` begins with a slash.
    pub fn new(name: &'static str, namespace: &str, authenticator: impl Authenticator) -> Self {
        Self {
            name,
            namespace: Arc::from(namespace),
            authenticator: Box::new(authenticator),
            events: HashMap::new(),
            others: None,
            connecting: None,
            connected: None,
            disconnected: None,
            render: None,
            has_everyone: false,
        }
    }

    /// Handles an event of this name, with its arguments as a tuple. Arguments of other types are acknowledged with
    /// `{"error": "invalid arguments"}` and not handled.
    pub fn on<T, F, H>(self, event: &'static str, handler: F) -> Self
    where
        T: FromArgs + Send,
        F: Fn(Socket, T) -> H + Send + Sync + 'static,
        H: Future<Output = Option<Args>> + Send + 'static,
    {
        self.on_event(
            event,
            Box::new(move |socket, event| match event.args.read::<T>() {
                Ok(arguments) => Box::pin(handler(socket, arguments)),
                Err(error) => {
                    tracing::debug!(event = %event.name, %error, "an event's arguments do not fit");
                    Box::pin(async { Some(Args::one(&serde_json::json!({ "error": "invalid arguments" }))) })
                }
            }),
        )
    }

    /// Handles an event of this name, with its arguments as they are.
    pub fn on_raw<F, H>(self, event: &'static str, handler: F) -> Self
    where
        F: Fn(Socket, Event) -> H + Send + Sync + 'static,
        H: Future<Output = Option<Args>> + Send + 'static,
    {
        self.on_event(event, Box::new(move |socket, event| Box::pin(handler(socket, event))))
    }

    fn on_event(mut self, event: &'static str, handler: EventHandler) -> Self {
        self.events.insert(event, handler);
        self
    }

    /// Handles events that have no handler of their own; without this they are ignored.
    pub fn on_others<F, H>(mut self, handler: F) -> Self
    where
        F: Fn(Socket, Event) -> H + Send + Sync + 'static,
        H: Future<Output = Option<Args>> + Send + 'static,
    {
        self.others = Some(Box::new(move |socket, event| Box::pin(handler(socket, event))));
        self
    }

    /// What is done before a socket is told that it is connected: entering rooms, following channels. What happens there
    /// from then on arrives, after the client has been told. To emit is for [`App::on_connected`].
    pub fn on_connecting<F, H>(mut self, hook: F) -> Self
    where
        F: Fn(Socket) -> H + Send + Sync + 'static,
        H: Future<Output = Result<(), Refused>> + Send + 'static,
    {
        self.connecting = Some(Box::new(move |socket| Box::pin(hook(socket))));
        self
    }

    /// What is done when a socket has been told that it is connected; its events wait until that is done.
    pub fn on_connected<F, H>(mut self, hook: F) -> Self
    where
        F: Fn(Socket) -> H + Send + Sync + 'static,
        H: Future<Output = ()> + Send + 'static,
    {
        self.connected = Some(Box::new(move |socket| Box::pin(hook(socket))));
        self
    }

    /// What is done when a socket is gone. It has left its rooms by then, but still knows which ones they were.
    pub fn on_disconnected<F, H>(mut self, hook: F) -> Self
    where
        F: Fn(Socket, DisconnectReason) -> H + Send + Sync + 'static,
        H: Future<Output = ()> + Send + 'static,
    {
        self.disconnected = Some(Box::new(move |socket, reason| Box::pin(hook(socket, reason))));
        self
    }

    /// How publications of followed channels are shown.
    pub fn rendered_by(mut self, render: impl Render) -> Self {
        self.render = Some(Arc::new(render));
        self
    }

    /// Lets [`Sockets::everyone`](super::Sockets::everyone) reach this app's sockets: each is a member of one room more.
    pub fn with_everyone(mut self) -> Self {
        self.has_everyone = true;
        self
    }

    /// The name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The namespace.
    pub fn namespace(&self) -> &Arc<str> {
        &self.namespace
    }

    /// Who decides which clients are this app's.
    pub fn authenticator(&self) -> &dyn Authenticator {
        self.authenticator.as_ref()
    }

    /// What shows publications.
    pub fn render(&self) -> Option<&Arc<dyn Render>> {
        self.render.as_ref()
    }

    /// Whether sockets join the room of all.
    pub fn has_everyone(&self) -> bool {
        self.has_everyone
    }

    /// Begins to handle an event; `None` when the app has no ear for it.
    pub fn handle(&self, socket: Socket, event: Event) -> Option<Handling> {
        let handler = self.events.get(&*event.name).or(self.others.as_ref())?;
        Some(handler(socket, event))
    }

    /// What is to be done before a socket is told that it is connected.
    pub fn connecting(&self, socket: Socket) -> Option<Connecting> {
        self.connecting.as_ref().map(|hook| hook(socket))
    }

    /// What is to be done now that a socket is connected.
    pub fn connected(&self, socket: Socket) -> Option<Pin<Box<dyn Future<Output = ()> + Send>>> {
        self.connected.as_ref().map(|hook| hook(socket))
    }

    /// What is to be done now that a socket is gone.
    pub fn disconnected(
        &self,
        socket: Socket,
        reason: DisconnectReason,
    ) -> Option<Pin<Box<dyn Future<Output = ()> + Send>>> {
        self.disconnected.as_ref().map(|hook| hook(socket, reason))
    }
}
