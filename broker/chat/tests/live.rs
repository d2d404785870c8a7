//! Sockets follow what their users belong to.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails the test")]

mod support;

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use natter_chat::{Chat, chat_channel, user_channel};
use natter_core::EntityId;
use natter_node::limits::ConnectionLimits;
use natter_node::realtime::{Command, Driver, EmitError, Identity, NewSocket, Socket, Sockets};
use natter_node::tenant::Tenant;
use natter_node::worker::{self, BrokerOptions};
use natter_store::MemoryStore;
use parking_lot::Mutex;
use support::{group, say, tenant, users};

/// A connection that does what it is told, and remembers what it follows.
#[derive(Default)]
struct Connection {
    follows: Mutex<BTreeSet<String>>,
    is_gone: OnceLock<()>,
}

impl Driver for Connection {
    fn command(&self, _namespace: &Arc<str>, command: Command) -> Result<(), EmitError> {
        if self.is_gone.get().is_some() {
            return Err(EmitError::Closed);
        }
        match command {
            Command::Follow { channel, done, .. } => {
                self.follows.lock().insert(channel.name().to_string());
                let _ = done.send(Ok(()));
            }
            Command::Unfollow { channel, done } => {
                self.follows.lock().remove(&**channel.name());
                let _ = done.send(());
            }
            _ => {}
        }
        Ok(())
    }
}

impl Connection {
    fn follows(&self, names: &[String]) -> bool {
        *self.follows.lock() == names.iter().cloned().collect()
    }
}

fn socket(id: &str, user: &str, connection: &Arc<Connection>) -> Socket {
    let options = BrokerOptions {
        workers: 1,
        channels_max: 10,
        connection_limits: ConnectionLimits::default(),
        store: Arc::new(MemoryStore::new()),
    };
    let settings = toml::from_str("id = \"demo\"\ntoken_secret = \"demo-secret-demo-secret-demo-secret\"").unwrap();
    Socket::new(NewSocket {
        id: id.into(),
        app: "test",
        namespace: "/".into(),
        identity: Identity { tenant: Arc::new(Tenant::new(settings)), user: user.into(), state: Arc::new(()) },
        handshake: Arc::default(),
        auth: bytes::Bytes::from_static(b"{}"),
        is_recovered: false,
        driver: Arc::<Connection>::clone(connection),
        sockets: Sockets::new(worker::start(options).unwrap().0),
    })
}

fn names(user: &str, channels: &[EntityId]) -> Vec<String> {
    let chats = channels.iter().map(|channel| chat_channel(&tenant(), *channel));
    std::iter::once(user_channel(&tenant(), user)).chain(chats).collect()
}

async fn attached(chat: &Chat, id: &str, user: &str) -> (Socket, Arc<Connection>) {
    let connection = Arc::new(Connection::default());
    let socket = socket(id, user, &connection);
    chat.attach_socket(&socket).await.unwrap();
    (socket, connection)
}

#[tokio::test]
async fn a_socket_follows_its_users_channels_as_they_come_and_go() {
    let chat = support::chat();
    let people = users(&chat, 3).await;
    let first = group(&chat, &people[..2]).await.id;
    let (_, phone) = attached(&chat, "phone", &people[1]).await;
    let (_, tablet) = attached(&chat, "tablet", &people[1]).await;
    assert!(phone.follows(&names(&people[1], &[first])));

    let second = group(&chat, &[people[0].clone(), people[1].clone()]).await.id;
    let third = group(&chat, &[people[0].clone(), people[2].clone()]).await.id;
    assert!(phone.follows(&names(&people[1], &[first, second])), "not what others belong to");
    chat.add_members(&tenant(), &people[0], third, &[people[1].clone()]).await.unwrap();
    assert!(phone.follows(&names(&people[1], &[first, second, third])));

    chat.remove_member(&tenant(), &people[0], first, &people[1]).await.unwrap();
    chat.delete_channel(&tenant(), &people[0], second).await.unwrap();
    assert!(phone.follows(&names(&people[1], &[third])));
    assert!(tablet.follows(&names(&people[1], &[third])), "every device of a user");
    say(&chat, &people[1], third, "still here").await;
}

#[tokio::test]
async fn a_socket_that_is_gone_is_forgotten_and_holds_nobody_up() {
    let chat = support::chat();
    let people = users(&chat, 2).await;
    let (phone, connection) = attached(&chat, "phone", &people[1]).await;
    let (tablet, _) = attached(&chat, "tablet", &people[1]).await;
    connection.is_gone.set(()).unwrap();
    group(&chat, &people).await;
    chat.detach_socket(&phone);
    let left: Vec<_> = chat.sockets_of(&tenant(), &people[1]).iter().map(|socket| socket.id().clone()).collect();
    assert_eq!(left, [tablet.id().clone()]);
    chat.detach_socket(&tablet);
    assert!(chat.sockets_of(&tenant(), &people[1]).is_empty());
}
