//! A domain with accounts.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use bytes::Bytes;
use natter_chat::{Chat, ChatParts, NoWork, Renderer};
use natter_core::{EntityId, Publication, TenantId};
use natter_node::domain::Rendered;
use natter_node::limits::ConnectionLimits;
use natter_node::worker::{self, BrokerOptions};
use natter_store::{Clock, MemoryStore, Store, system_clock};
use parking_lot::Mutex;

use crate::{AccountError, Accounts, AccountsParts, Credentials, NewAccount, SessionWatch, SignedIn};

pub(super) const PASSWORD: &str = "correct horse";
pub(super) const HOME: &str = "10.0.0.1";

struct Plain;

impl Renderer for Plain {
    fn render(&self, _publication: &Publication) -> Rendered {
        Rendered { data: Bytes::from_static(b"{}"), tags: None }
    }
}

/// Remembers sessions that have ended.
#[derive(Default)]
pub(super) struct Ended(pub(super) Mutex<Vec<EntityId>>);

impl SessionWatch for Ended {
    fn ended(&self, _tenant: &TenantId, _user: &str, session: EntityId) {
        self.0.lock().push(session);
    }
}

pub(super) struct Bench {
    pub(super) accounts: Accounts,
    pub(super) chat: Chat,
    pub(super) store: Arc<dyn Store>,
    pub(super) ended: Arc<Ended>,
    ahead: Arc<AtomicI64>,
}

pub(super) fn demo() -> TenantId {
    TenantId::new("demo")
}

impl Bench {
    pub(super) fn new() -> Self {
        Self::on(Arc::new(MemoryStore::new()))
    }

    /// Accounts over a store, as after a restart.
    pub(super) fn on(store: Arc<dyn Store>) -> Self {
        let connection_limits = ConnectionLimits::default();
        let options = BrokerOptions { workers: 1, channels_max: 1_000, connection_limits, store: Arc::clone(&store) };
        let (broker, _threads) = worker::start(options).unwrap();
        let chat = Chat::start(ChatParts { broker, renderer: Arc::new(Plain), work: Arc::new(NoWork) });
        let ahead = Arc::new(AtomicI64::new(0));
        let (shift, system) = (Arc::clone(&ahead), system_clock());
        let clock: Clock = Arc::new(move || system() + shift.load(Ordering::Relaxed));
        let accounts = Accounts::new(AccountsParts { chat: chat.clone(), store: Arc::clone(&store), clock });
        let ended = Arc::new(Ended::default());
        accounts.watch(Arc::<Ended>::clone(&ended));
        Self { accounts, chat, store, ended, ahead }
    }

    pub(super) fn pass(&self, ms: i64) {
        self.ahead.fetch_add(ms, Ordering::Relaxed);
    }

    pub(super) async fn register(&self, email: &str) -> Result<SignedIn, AccountError> {
        let new = NewAccount { name: "Ada".to_owned(), email: email.to_owned(), password: PASSWORD.to_owned() };
        self.accounts.register(&demo(), new).await
    }

    pub(super) async fn login(&self, email: &str, password: &str) -> Result<SignedIn, AccountError> {
        self.accounts.login(&demo(), Credentials { email, password, place: HOME }).await
    }

    pub(super) async fn refresh(&self, token: &str) -> Result<SignedIn, AccountError> {
        self.accounts.refresh(&demo(), token).await
    }

    pub(super) async fn is_open(&self, signed_in: &SignedIn) -> bool {
        self.accounts.is_open(&demo(), &signed_in.user.id, signed_in.session).await.unwrap()
    }
}
