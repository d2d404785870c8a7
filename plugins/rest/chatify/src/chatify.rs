//! What can be done, for routes and for sockets alike.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use arc_swap::ArcSwap;
use axum::extract::FromRef;
use natter_accounts::{Accounts, AccountsParts};
use natter_chat::{Chat, User};
use natter_core::{EntityId, TenantId};
use natter_node::Broker;
use natter_node::auth::{ConnectionClaims, InvalidReason, KeyError, TokenError, TokenSource, Verified};
use natter_node::config::{self, Config};
use natter_node::tenant::Tenant;
use natter_outbox::Outbox;
use natter_rest::{Rejection, Rest, Unauthorized};
use natter_store::{Clock, Store};
use tokio::sync::Semaphore;

use crate::admission::Caller;
use crate::doors::Doors;
use crate::live::LiveSockets;
use crate::tokens::{AccessTokens, Shown};

/// Mails that are being prepared at a time.
const MAILS_AT_ONCE: usize = 64;

/// Chatify on a node. Cheap to clone.
#[derive(Clone)]
pub struct Chatify(Arc<Inner>);

struct Inner {
    chat: Chat,
    rest: Arc<Rest>,
    accounts: Accounts,
    outbox: Outbox,
    clock: Clock,
    settings: ArcSwap<Settings>,
    files: config::Files,
    public_url: String,
    live: LiveSockets,
    mails: Arc<Semaphore>,
}

/// What a configuration says.
pub(crate) struct Settings {
    pub(crate) registrations_per_minute: u32,
    pub(crate) tokens: AccessTokens,
}

/// What Chatify is made of.
pub struct ChatifyParts {
    /// Opens and closes connections.
    pub broker: Broker,
    /// The domain.
    pub chat: Chat,
    /// What it shares with the node's other dialects.
    pub rest: Arc<Rest>,
    /// Has the accounts.
    pub store: Arc<dyn Store>,
    /// Takes mails.
    pub outbox: Outbox,
    /// Unix milliseconds.
    pub clock: Clock,
}

/// A user whose token and session are good.
pub(crate) struct Admitted {
    pub(crate) tenant: Arc<Tenant>,
    pub(crate) user: Arc<User>,
    pub(crate) shown: Shown,
}

impl Settings {
    fn new(config: &Config) -> Result<Self, KeyError> {
        let named = config.plugins.chatify.tenant.as_str();
        let mut tenants = config.tenants.iter();
        let tenant = tenants.find(|tenant| named.is_empty() || tenant.id == named).cloned().unwrap_or_default();
        let registrations_per_minute = config.plugins.chatify.registrations_per_minute;
        Ok(Self { registrations_per_minute, tokens: AccessTokens::new(&tenant)? })
    }
}

impl Chatify {
    /// Puts the parts together. Its tokens open real-time connections from now on.
    ///
    /// # Errors
    /// The tenant's key cannot be used.
    pub fn new(config: &Config, parts: ChatifyParts) -> Result<Self, KeyError> {
        let ChatifyParts { broker, chat, rest, store, outbox, clock } = parts;
        let settings = Settings::new(config)?;
        if !settings.tokens.can_issue() {
            tracing::warn!(
                tenant = settings.tokens.tenant(),
                "chatify's tenant has no token_secret: nobody can sign in"
            );
        }
        let accounts = Accounts::new(AccountsParts { chat: chat.clone(), store, clock: Arc::clone(&clock) });
        accounts.watch(Arc::new(Doors::new(chat.clone(), broker.clone())));
        let chatify = Self(Arc::new(Inner {
            chat,
            rest,
            accounts,
            outbox,
            clock,
            settings: ArcSwap::from_pointee(settings),
            files: config.files.clone(),
            public_url: config.server.public_url.trim_end_matches('/').to_owned(),
            live: LiveSockets::default(),
            mails: Arc::new(Semaphore::new(MAILS_AT_ONCE)),
        }));
        broker.token_sources().register(Arc::new(chatify.clone()));
        Ok(chatify)
    }

    /// Takes a new configuration over.
    ///
    /// # Errors
    /// The tenant's key cannot be used; nothing has changed then.
    pub fn reload(&self, config: &Config) -> Result<(), KeyError> {
        self.0.settings.store(Arc::new(Settings::new(config)?));
        Ok(())
    }

    /// The user of a token, if the session that it came of is open. `None` for a token that is not this plugin's.
    pub(crate) async fn admit(&self, token: &str) -> Option<Result<Admitted, TokenError>> {
        let shown = self.settings().tokens.read(token, self.now())?;
        Some(match shown {
            Ok(shown) => self.admit_shown(shown).await,
            Err(error) => Err(error),
        })
    }

    async fn admit_shown(&self, shown: Shown) -> Result<Admitted, TokenError> {
        let void = || TokenError::Invalid(InvalidReason::Claims);
        let tenant = self.0.rest.callers().tenants().get(&shown.claims.tenant).ok_or_else(void)?;
        let is_open = self.0.accounts.is_open(tenant.id(), &shown.user, shown.session).await;
        if !is_open.map_err(|_| TokenError::KeysUnavailable)? {
            return Err(void());
        }
        let user = self.0.chat.user(tenant.id(), &shown.user).await.map_err(|_| TokenError::KeysUnavailable)?;
        let user = user.filter(|user| user.accepts_token(shown.issued_at())).ok_or_else(void)?;
        Ok(Admitted { tenant, user, shown })
    }

    /// Who is calling with a token.
    pub(crate) async fn caller(&self, token: &str) -> Result<Caller, Rejection> {
        let foreign = Rejection::Unauthorized(Unauthorized::TokenInvalid("issuer"));
        let Admitted { tenant, user, shown } = self.admit(token).await.ok_or(foreign)??;
        Ok(Caller::new(tenant.id().clone(), user, shown.session))
    }

    /// An access token of a session.
    pub(crate) fn access_token(&self, user: &User, session: EntityId) -> Result<String, Rejection> {
        self.settings().tokens.issue(user, session, self.now_ms().div_euclid(1_000))
    }

    /// The tenant whose users sign in here.
    pub(crate) fn tenant(&self) -> Result<TenantId, Rejection> {
        let settings = self.settings();
        let tenant = self.0.rest.callers().tenants().get(settings.tokens.tenant());
        let tenant = tenant.filter(|_| settings.tokens.can_issue()).ok_or_else(Rejection::unavailable)?;
        Ok(tenant.id().clone())
    }

    pub(crate) fn settings(&self) -> Arc<Settings> {
        self.0.settings.load_full()
    }

    pub(crate) fn accounts(&self) -> &Accounts {
        &self.0.accounts
    }

    pub(crate) fn chat(&self) -> &Chat {
        &self.0.chat
    }

    pub(crate) fn rest(&self) -> &Arc<Rest> {
        &self.0.rest
    }

    pub(crate) fn outbox(&self) -> &Outbox {
        &self.0.outbox
    }

    pub(crate) fn files(&self) -> &config::Files {
        &self.0.files
    }

    pub(crate) fn live(&self) -> &LiveSockets {
        &self.0.live
    }

    pub(crate) fn mails(&self) -> &Arc<Semaphore> {
        &self.0.mails
    }

    /// The API's base, without a slash at its end.
    pub(crate) fn public_url(&self) -> &str {
        &self.0.public_url
    }

    /// Whether browsers reach the API over TLS.
    pub(crate) fn is_secure(&self) -> bool {
        self.0.public_url.starts_with("https:")
    }

    pub(crate) fn now_ms(&self) -> i64 {
        (self.0.clock)()
    }

    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(self.now_ms().unsigned_abs())
    }
}

impl FromRef<Chatify> for Arc<Rest> {
    fn from_ref(chatify: &Chatify) -> Self {
        Arc::clone(chatify.rest())
    }
}

/// Access tokens open Centrifugo's connections too.
impl TokenSource for Chatify {
    fn connection(&self, token: &str, now: SystemTime) -> Option<Verified<ConnectionClaims>> {
        let shown = match self.settings().tokens.read(token, now)? {
            Ok(shown) => shown,
            Err(error) => return Some(Verified::Done(Err(error))),
        };
        let chatify = self.clone();
        Some(Verified::Pending(Box::pin(async move {
            let Admitted { shown, .. } = chatify.admit_shown(shown).await?;
            Ok(shown.claims)
        })))
    }
}
