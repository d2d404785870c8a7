//! Opening, renewing and ending sessions.

use std::sync::Arc;

use natter_chat::User;
use natter_chat::rows::Table;
use natter_core::{EntityId, TenantId};

use crate::account::Account;
use crate::accounts::{Accounts, SignedIn};
use crate::error::AccountError;
use crate::session::{RefreshToken, Session, Standing};

/// Sessions: partition the user's 24 digits, row the session's.
const SESSIONS: Table<Session> = Table::new("account_sessions");
/// Sessions that a user has at a time; a further one ends the oldest.
const SESSIONS_MAX: usize = 100;
/// Sessions that are read of a user, with room for those that came side by side.
const READ_MAX: usize = 10 * SESSIONS_MAX;

impl Accounts {
    /// Whether a session is open. It is read from the store each time: what has ended is known everywhere at once.
    ///
    /// # Errors
    /// The store fails.
    pub async fn is_open(&self, tenant: &TenantId, user: &str, session: EntityId) -> Result<bool, AccountError> {
        let found = SESSIONS.get(self.store(), tenant, user, &session.to_hex()).await?;
        Ok(found.is_some_and(|found| !found.value.is_over(self.now_ms())))
    }

    /// Opens a session.
    pub(crate) async fn open(
        &self,
        tenant: &TenantId,
        account: Account,
        user: Arc<User>,
    ) -> Result<SignedIn, AccountError> {
        let session = self.new_id()?;
        self.make_room(tenant, &user.id).await?;
        let now_ms = self.now_ms();
        // Directly after all tokens of the user were made void, those made now bear a time that is a little ahead.
        let begins_at = user.token_time(now_ms.div_euclid(1_000)).saturating_mul(1_000).max(now_ms);
        let (row, token) = Session::begin(account.user, session, now_ms)?;
        let row = row.begun_at(begins_at);
        SESSIONS.create(self.store(), tenant, &user.id, &session.to_hex(), &row).await?;
        Ok(SignedIn { account, user, session, refresh_token: token.text() })
    }

    /// Gives a new refresh token for one that has not been used.
    ///
    /// # Errors
    /// [`AccountError::BadToken`]; for one that was used before, its session has ended by then.
    pub async fn refresh(&self, tenant: &TenantId, refresh_token: &str) -> Result<SignedIn, AccountError> {
        let token = RefreshToken::parse(refresh_token).ok_or(AccountError::BadToken)?;
        let user = token.user.to_hex();
        let next = token.next()?;
        let mut standing = Standing::Void;
        let now_ms = self.now_ms();
        let renew = |session: Option<&Session>| {
            standing = session.map_or(Standing::Void, |session| session.standing(&token, now_ms));
            let renewed =
                session.filter(|_| standing == Standing::Newest).map(|session| session.renewed(&next, now_ms));
            Ok::<_, AccountError>(renewed)
        };
        let found = SESSIONS.update(self.store(), tenant, &user, &token.session.to_hex(), renew).await?;
        if standing == Standing::Used {
            tracing::warn!(%tenant, user, "a refresh token was used twice; its session ends");
            self.end_session(tenant, &user, token.session).await?;
        }
        let session = found.filter(|_| standing == Standing::Newest).ok_or(AccountError::BadToken)?.value;
        let account = self.account_of(tenant, &user).await?;
        let known = self.chat().user(tenant, &user).await?;
        let begun_s = session.created_at.div_euclid(1_000);
        match (account, known.filter(|known| known.accepts_token(Some(begun_s)))) {
            (Some(account), Some(user)) => {
                Ok(SignedIn { account, user, session: token.session, refresh_token: next.text() })
            }
            _ => {
                self.end_session(tenant, &user, token.session).await?;
                Err(AccountError::BadToken)
            }
        }
    }

    /// Ends a session, and with it all tokens that came of it. Ending it again changes nothing.
    ///
    /// # Errors
    /// The store fails.
    pub async fn end_session(&self, tenant: &TenantId, user: &str, session: EntityId) -> Result<(), AccountError> {
        SESSIONS.delete(self.store(), tenant, user, &session.to_hex()).await?;
        self.tell_ended(tenant, user, session);
        Ok(())
    }

    /// Ends all sessions of a user but one.
    pub(crate) async fn end_others(
        &self,
        tenant: &TenantId,
        user: &str,
        kept: Option<EntityId>,
    ) -> Result<(), AccountError> {
        for (session, _) in self.sessions_of(tenant, user).await? {
            if Some(session) != kept {
                self.end_session(tenant, user, session).await?;
            }
        }
        Ok(())
    }

    /// Ends what is over, and the oldest sessions if there is no room for another one.
    async fn make_room(&self, tenant: &TenantId, user: &str) -> Result<(), AccountError> {
        let now_ms = self.now_ms();
        let (over, mut open): (Vec<_>, Vec<_>) =
            self.sessions_of(tenant, user).await?.into_iter().partition(|(_, session)| session.is_over(now_ms));
        open.sort_by_key(|(_, session)| session.expires_at);
        let surplus = (open.len() + 1).saturating_sub(SESSIONS_MAX);
        for (session, _) in over.into_iter().chain(open.into_iter().take(surplus)) {
            self.end_session(tenant, user, session).await?;
        }
        Ok(())
    }

    async fn sessions_of(&self, tenant: &TenantId, user: &str) -> Result<Vec<(EntityId, Session)>, AccountError> {
        let rows = SESSIONS.all(self.store(), tenant, user, READ_MAX).await?;
        Ok(rows.into_iter().filter_map(|(id, row)| Some((EntityId::parse_hex(&id)?, row.value))).collect())
    }
}
