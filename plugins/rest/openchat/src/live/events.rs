//! What clients say, event by event.

use natter_node::realtime::{App, Event, Socket};
use natter_rest::{Rejection, Unauthorized};
use serde_json::json;

use super::Live;
use super::admission::Visitor;
use super::payload::{Payload, SideNamed};
use super::reply::{Reply, answer};
use crate::caller::Caller;
use crate::errors::ApiError;
use crate::messages::{MarkReadBody, Target};
use crate::side::SideId;

/// An event of a client.
struct Request {
    socket: Socket,
    payload: Payload,
}

/// The app with its events.
pub(super) fn handled(app: App, live: &Live) -> App {
    let app = on(app, live, "join-room", async |live, request| live.on_join(request).await);
    let app = on(app, live, "leave-room", async |live, request| live.on_leave(request).await);
    let app = on(app, live, "send", async |live, request| live.on_send(request).await);
    let app = on(app, live, "mark-read", async |live, request| live.on_mark_read(request).await);
    let app = on(app, live, "user-register", async |live, request| live.on_register(request).await);
    let app = on(app, live, "online", async |live, request| live.on_online(request).await);
    on(app, live, "offline", async |live, request| live.on_offline(request).await)
}

fn on<F, H>(app: App, live: &Live, name: &'static str, handle: F) -> App
where
    F: Fn(Live, Request) -> H + Copy + Send + Sync + 'static,
    H: Future<Output = Result<Reply, ApiError>> + Send,
{
    let live = live.clone();
    app.on_raw(name, move |socket: Socket, event: Event| {
        let live = live.clone();
        async move {
            let request = Request { socket: socket.clone(), payload: Payload::of(&event.args) };
            answer(&socket, event.wants_ack, handle(live, request).await)
        }
    })
}

impl Request {
    /// Who says it.
    ///
    /// # Errors
    /// 4001 for a client that has named no partner.
    fn caller(&self) -> Result<&Caller, ApiError> {
        let missing = || Rejection::Unauthorized(Unauthorized::TokenMissing).into();
        Visitor::of(&self.socket).and_then(Visitor::caller).ok_or_else(missing)
    }
}

impl Live {
    async fn on_join(&self, request: Request) -> Result<Reply, ApiError> {
        let caller = request.caller()?;
        let named = request.payload.room()?;
        caller.check_username(named.username.as_deref())?;
        let room = self.0.open_chat.room(caller, &named.room_id).await?;
        let room_id = room.id.to_hex();
        self.join(&request.socket, room).await?;
        Ok(Reply::new("Joined the chatroom", json!({ "room_id": room_id })))
    }

    async fn on_leave(&self, request: Request) -> Result<Reply, ApiError> {
        let caller = request.caller()?;
        let named = request.payload.room()?;
        caller.check_username(named.username.as_deref())?;
        let room_id = crate::check::object_id("room_id", &named.room_id)?;
        self.leave(&request.socket, room_id).await;
        Ok(Reply::new("Left the chatroom", json!({ "room_id": room_id.to_hex() })))
    }

    async fn on_send(&self, request: Request) -> Result<Reply, ApiError> {
        let caller = request.caller()?;
        let (target, body) = request.payload.message()?;
        if let Target::Between(new) = &target {
            caller.check_username(new.username.as_deref())?;
        }
        let (sent, _) = self.0.open_chat.send_to(caller, target, body, None).await?;
        Ok(Reply::new("Message sent successfully", sent))
    }

    async fn on_mark_read(&self, request: Request) -> Result<Reply, ApiError> {
        let body: MarkReadBody = request.payload.body()?;
        let read = self.0.open_chat.mark_read(request.caller()?, body).await?;
        Ok(Reply::new("Room marked as read", read))
    }

    async fn on_register(&self, request: Request) -> Result<Reply, ApiError> {
        let side = self.side_of(&request, None)?;
        self.register(&request.socket, &side).await?;
        let socket_id = &**request.socket.id();
        Ok(Reply::new("Registered", json!({ "by": side.by, "id": side.id, "socket_id": socket_id })))
    }

    async fn on_online(&self, request: Request) -> Result<Reply, ApiError> {
        let side = self.side_of(&request, self.registered(&request.socket))?;
        self.go_online(&request.socket, &side).await?;
        Ok(Reply::new("Online", json!({ "by": side.by, "id": side.id, "status": "online" })))
    }

    async fn on_offline(&self, request: Request) -> Result<Reply, ApiError> {
        let side = self.side_of(&request, self.registered(&request.socket))?;
        self.go_offline(&request.socket, &side).await;
        Ok(Reply::new("Offline", json!({ "by": side.by, "id": side.id, "status": "offline" })))
    }

    /// The side that an event is about: the one it names, else the one it is known to be from.
    fn side_of(&self, request: &Request, known: Option<SideId>) -> Result<SideId, ApiError> {
        let caller = request.caller()?;
        let SideNamed { side, username } = request.payload.side()?;
        caller.check_username(username.as_deref())?;
        let side = side.or(known).or_else(|| caller.scope().cloned());
        let side =
            side.ok_or_else(|| Rejection::invalid("id", "is required: the socket is not registered as a side"))?;
        caller.require_side(side.by, &side.id)?;
        Ok(side)
    }
}
