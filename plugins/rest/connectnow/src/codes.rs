//! Codes: six digits that are mailed to an address, and exchanged for a chat-user token.
//!
//! There is one row for each address of a chat; a new code takes the place of the one before. A code is good for 15
//! minutes, once, and dies after five wrong tries. Whether somebody has an address is told by neither call: what is asked
//! for an address that nobody has counts and is limited as if somebody had it.

use natter_chat::Member;
use natter_core::EntityId;
use natter_rest::{Rejection, sha256_hex};
use serde::{Deserialize, Serialize};

use crate::access::ChatExtra;
use crate::bodies::{GetTokenBody, SendCodeBody};
use crate::connect_now::ConnectNow;
use crate::errors::ApiError;
use crate::rows::{CODES, folded};
use crate::shapes::{TokenView, iso};

/// How long a code is good.
const LIFETIME_MS: i64 = 15 * 60 * 1_000;
/// Wrong tries that end a code.
const TRIES: u8 = 5;
/// Codes that can be asked for in an hour, for an address and a chat.
const ASKED_MAX: usize = 5;
const ASKED_WITHIN_MS: i64 = 3_600 * 1_000;
/// The range of codes.
const LEAST: u32 = 100_000;
const COUNT: u32 = 900_000;
/// Draws for one code; nearly every one brings it.
const DRAWS_MAX: usize = 64;

/// The codes of an address in a chat.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Code {
    /// Of the present code, with chat and address; `None` once it was used or has died.
    hash: Option<String>,
    /// Unix milliseconds.
    expires_at: i64,
    tries_left: u8,
    /// When codes were asked for, in Unix milliseconds; of the last hour.
    asked: Vec<i64>,
    /// For somebody who joins with it.
    joining: Option<Joining>,
}

/// Somebody who has shown the chat's password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Joining {
    name: Option<String>,
}

/// What a try at a code comes to.
enum Tried {
    Right(Option<Joining>),
    Wrong,
}

impl ConnectNow {
    /// Mails a code to somebody who was made a chat user. There is no limit: the API user asks for it.
    pub(crate) async fn send_first_code(&self, chat: EntityId, name: &str, email: &str) -> Result<(), ApiError> {
        let code = new_code()?;
        self.put_code(chat, email, &code, None, false).await?;
        self.mail_code(chat, name, email, &code).await
    }

    /// Mails a code to somebody who is in the chat, or who has its password.
    ///
    /// # Errors
    /// 404; 422 for a wrong password; 429.
    pub(crate) async fn send_code(&self, chat_id: &str, body: SendCodeBody) -> Result<(), ApiError> {
        let (chat, name, _) = self.chat_of_code(chat_id).await?;
        let is_invited = match &body.password {
            Some(password) if !self.is_password(chat, password).await? => {
                return Err(ApiError::invalid("password", "is incorrect"));
            }
            password => password.is_some(),
        };
        let is_member = self.member_with_email(chat, &body.email).await?.is_some();
        if !is_member && !is_invited {
            return self.count_stranger(chat, &body.email);
        }
        let joining = (!is_member).then_some(Joining { name: body.name });
        let code = new_code()?;
        self.put_code(chat, &body.email, &code, joining, true).await?;
        self.mail_code(chat, &name, &body.email, &code).await
    }

    /// Exchanges a code for a token.
    ///
    /// # Errors
    /// 404; 422 for a wrong code and for an address that has none.
    pub(crate) async fn get_token(&self, chat_id: &str, body: GetTokenBody) -> Result<TokenView, ApiError> {
        let (chat, _, extra) = self.chat_of_code(chat_id).await?;
        let Tried::Right(joining) = self.try_code(chat, &body).await? else { return Err(wrong_code()) };
        let member = match (self.member_with_email(chat, &body.email).await?, joining) {
            (Some(member), _) => member,
            (None, Some(joining)) => self.join(chat, &extra, &body.email, joining).await?,
            (None, None) => return Err(wrong_code()),
        };
        let (chat_user_token, expires_at) = self.make_token(chat, &member).await?;
        let chat_user = self.chat_user_view(chat, &member).await?;
        Ok(TokenView { chat_user_token, expires_at: iso(expires_at), chat_user })
    }

    /// The chat is gone.
    pub(crate) async fn forget_codes(&self, chat: EntityId) -> Result<(), ApiError> {
        CODES.delete_all(self.store(), &self.tenant(), &chat.to_hex()).await?;
        self.forget_password(chat).await
    }

    async fn join(&self, chat: EntityId, extra: &ChatExtra, email: &str, joining: Joining) -> Result<Member, ApiError> {
        match self.make_chat_user(chat, &extra.owner, email, joining.name).await {
            // Somebody with the same address was quicker; whoever has the code has that address.
            Err(ApiError::Rejection(Rejection::Invalid(_))) => {
                self.member_with_email(chat, email).await?.ok_or_else(wrong_code)
            }
            made => made,
        }
    }

    /// A chat that somebody wants to enter who is nobody yet.
    async fn chat_of_code(&self, chat_id: &str) -> Result<(EntityId, String, ChatExtra), ApiError> {
        let id = EntityId::parse_hex(chat_id).ok_or(ApiError::NotFound)?;
        let channel = self.channel_of(id).await?.ok_or(ApiError::NotFound)?;
        let extra = ChatExtra::of(&channel.extra).ok_or(ApiError::NotFound)?;
        Ok((id, channel.name, extra))
    }

    async fn put_code(
        &self,
        chat: EntityId,
        email: &str,
        code: &str,
        joining: Option<Joining>,
        is_counted: bool,
    ) -> Result<(), ApiError> {
        let (now_ms, email) = (self.now_ms(), folded(email));
        let hash = hash(chat, &email, code);
        let put = |known: Option<&Code>| {
            let mut asked = recent(known.map(|known| known.asked.clone()).unwrap_or_default(), now_ms);
            if is_counted {
                take_turn(&mut asked, now_ms)?;
            }
            let (hash, joining) = (Some(hash.clone()), joining.clone());
            let code = Code { hash, expires_at: now_ms + LIFETIME_MS, tries_left: TRIES, asked, joining };
            Ok::<_, ApiError>(Some(code))
        };
        CODES.update(self.store(), &self.tenant(), &chat.to_hex(), &email, put).await.map(drop)
    }

    async fn try_code(&self, chat: EntityId, body: &GetTokenBody) -> Result<Tried, ApiError> {
        let (now_ms, email) = (self.now_ms(), folded(&body.email));
        let offered = hash(chat, &email, &body.auth_code);
        let mut tried = Tried::Wrong;
        let try_once = |known: Option<&Code>| {
            tried = Tried::Wrong;
            let living = known.filter(|code| code.hash.is_some() && code.expires_at > now_ms);
            let Some(mut code) = living.cloned() else { return Ok::<_, ApiError>(None) };
            if code.hash.as_deref() == Some(offered.as_str()) {
                tried = Tried::Right(code.joining.take());
                code.hash = None;
                return Ok(Some(code));
            }
            code.tries_left = code.tries_left.saturating_sub(1);
            if code.tries_left == 0 {
                code.hash = None;
            }
            Ok(Some(code))
        };
        CODES.update(self.store(), &self.tenant(), &chat.to_hex(), &email, try_once).await?;
        Ok(tried)
    }

    /// Counts what was asked for an address that nobody has, in memory: a row for every address that somebody makes up
    /// would be without bound.
    fn count_stranger(&self, chat: EntityId, email: &str) -> Result<(), ApiError> {
        let (now_ms, key) = (self.now_ms(), (chat, folded(email)));
        let mut refused = Ok(());
        self.0.strangers.entry(key).and_upsert_with(|known| {
            let mut asked = recent(known.map(moka::Entry::into_value).unwrap_or_default(), now_ms);
            refused = take_turn(&mut asked, now_ms);
            asked
        });
        refused
    }
}

/// Counts one more call within the hour.
fn take_turn(asked: &mut Vec<i64>, now_ms: i64) -> Result<(), ApiError> {
    if let Some(first) = asked.first().filter(|_| asked.len() >= ASKED_MAX) {
        let retry_after_seconds = (first + ASKED_WITHIN_MS - now_ms).unsigned_abs().div_ceil(1_000);
        return Err(Rejection::RateLimited { retry_after_seconds }.into());
    }
    asked.push(now_ms);
    Ok(())
}

fn recent(mut asked: Vec<i64>, now_ms: i64) -> Vec<i64> {
    asked.retain(|at| now_ms - at < ASKED_WITHIN_MS);
    asked
}

fn wrong_code() -> ApiError {
    ApiError::invalid("auth-code", "is invalid")
}

fn hash(chat: EntityId, email: &str, code: &str) -> String {
    sha256_hex(&format!("{}\n{email}\n{code}", chat.to_hex()))
}

/// Six digits, all equally likely.
fn new_code() -> Result<String, Rejection> {
    let even_below = u32::MAX - u32::MAX % COUNT;
    for _ in 0..DRAWS_MAX {
        let mut bytes = [0; 4];
        getrandom::fill(&mut bytes).map_err(|error| Rejection::internal(&error))?;
        let number = u32::from_be_bytes(bytes);
        if number < even_below {
            return Ok((LEAST + number % COUNT).to_string());
        }
    }
    Err(Rejection::internal(&"the system's randomness is poor"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_six_digits_and_no_leading_zero() {
        for _ in 0..1_000 {
            let code: u32 = new_code().unwrap().parse().unwrap();
            assert!((100_000..=999_999).contains(&code));
        }
    }

    #[test]
    fn five_codes_an_hour_and_then_one_for_each_that_is_old() {
        let mut asked = Vec::new();
        for minute in 0..5 {
            take_turn(&mut asked, minute * 60_000).unwrap();
        }
        let Err(ApiError::Rejection(Rejection::RateLimited { retry_after_seconds })) = take_turn(&mut asked, 300_000)
        else {
            panic!("six within an hour");
        };
        assert_eq!(retry_after_seconds, 3_300);
        let mut asked = recent(asked, 3_600_000);
        assert!(take_turn(&mut asked, 3_600_000).is_ok() && take_turn(&mut asked, 3_600_000).is_err());
    }

    #[test]
    fn a_code_is_good_for_its_chat_and_address_only() {
        let (one, other) = (EntityId([1; 12]), EntityId([2; 12]));
        let expected = hash(one, "a@b.co", "123456");
        for (chat, email, code) in [(other, "a@b.co", "123456"), (one, "a@b.c", "o123456"), (one, "a@b.co", "123457")] {
            assert_ne!(hash(chat, email, code), expected);
        }
    }
}
