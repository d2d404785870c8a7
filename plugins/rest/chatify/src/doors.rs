//! What a session has opened, closed with it.

use std::time::Duration;

use natter_accounts::SessionWatch;
use natter_chat::Chat;
use natter_core::{EntityId, TenantId};
use natter_node::Broker;
use natter_node::session::{Close, CloseKind, Control, Target};

use crate::live::SocketLogin;

/// The close code "invalid token" of Centrifugo's protocol: a client does not come back with the same token.
const INVALID_TOKEN: u16 = 3500;
/// When connections are looked for again: one that was opening when its session ended may have been let in just before.
const AGAIN: [Duration; 3] = [Duration::from_millis(250), Duration::from_secs(2), Duration::from_secs(10)];

/// Closes connections.
pub(crate) struct Doors {
    chat: Chat,
    broker: Broker,
}

impl Doors {
    pub(crate) fn new(chat: Chat, broker: Broker) -> Self {
        Self { chat, broker }
    }
}

impl SessionWatch for Doors {
    fn ended(&self, tenant: &TenantId, user: &str, session: EntityId) {
        for socket in self.chat.sockets_of(tenant, user) {
            if socket.state::<SocketLogin>().is_some_and(|login| login.session() == session) {
                socket.disconnect(true);
            }
        }
        close(&self.broker, tenant, user, session);
        let (broker, tenant, user) = (self.broker.clone(), tenant.clone(), user.to_owned());
        self.broker.runtime().spawn(async move {
            for pause in AGAIN {
                tokio::time::sleep(pause).await;
                close(&broker, &tenant, &user, session);
            }
        });
    }
}

/// Ends the connections that were opened with tokens of a session.
fn close(broker: &Broker, tenant: &TenantId, user: &str, session: EntityId) {
    let session = Some(session.to_hex());
    let target = Target { tenant: tenant.clone(), user: user.to_owned(), client: None, session, except: Vec::new() };
    let close = Close { code: INVALID_TOKEN, reason: "invalid token".into(), kind: CloseKind::Auth };
    broker.control(target, Control::Disconnect(close));
}
