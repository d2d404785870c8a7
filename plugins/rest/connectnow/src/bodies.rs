//! What the calls take. A call that edits takes any part of it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::errors::ApiError;
use crate::fields::Fields;
use natter_core::EntityId;

/// Characters of a company's and a chat's name.
const NAME: std::ops::RangeInclusive<usize> = 1..=255;
/// Characters of a chat user's name.
const USER_NAME: std::ops::RangeInclusive<usize> = 1..=200;
/// Characters of a company's website.
const WEBSITE: std::ops::RangeInclusive<usize> = 0..=2_048;
/// Characters of a message.
const MESSAGE: std::ops::RangeInclusive<usize> = 1..=5_000;
/// Characters of a chat's password.
const PASSWORD: std::ops::RangeInclusive<usize> = 1..=255;

/// A company.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct CompanyBody {
    /// 1 to 255 characters.
    #[schema(example = "Acme")]
    pub(crate) name: Option<String>,
    /// `null` clears it.
    #[schema(value_type = Option<String>, example = "https://acme.example")]
    pub(crate) website: Option<Option<String>>,
}

/// A chat.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ChatBody {
    /// A company of the caller's.
    #[schema(value_type = Option<String>, example = "664a1b2c3d4e5f6a7b8c9d0e")]
    #[serde(skip)]
    pub(crate) company_id: Option<EntityId>,
    /// 1 to 255 characters.
    #[schema(example = "Support")]
    pub(crate) name: Option<String>,
    /// Whether it takes messages; true for a new one.
    pub(crate) open: Option<bool>,
}

/// A chat user.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ChatUserBody {
    /// An address that nobody else in the chat has.
    #[schema(example = "visitor@example.com")]
    pub(crate) email: Option<String>,
    /// 1 to 200 characters; the part of the address before its `@` for a new one without.
    pub(crate) name: Option<String>,
}

/// A message.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct MessageBody {
    /// 1 to 5,000 characters.
    #[schema(example = "Hello!")]
    pub(crate) message: String,
}

/// Who wants a code.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct SendCodeBody {
    /// Where the code goes.
    pub(crate) email: String,
    /// What somebody who joins is called.
    pub(crate) name: Option<String>,
    /// The chat's password: lets somebody join.
    pub(crate) password: Option<String>,
}

/// A code for a token.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct GetTokenBody {
    /// Where the code was sent.
    pub(crate) email: String,
    /// The code, as a number or a text.
    #[serde(rename = "auth-code")]
    #[schema(value_type = u32, example = 123_456)]
    pub(crate) auth_code: String,
}

/// What becomes of a chat's password.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ShareBody {
    /// Whether there is to be a new one.
    pub(crate) rotate: Option<bool>,
}

/// How far a chat user has read.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ReadBody {
    /// A message of the chat.
    #[serde(skip)]
    #[schema(value_type = String)]
    pub(crate) message_id: EntityId,
}

impl CompanyBody {
    pub(crate) fn read(fields: &Fields, is_new: bool) -> Result<Self, ApiError> {
        let mut check = fields.check();
        if is_new || check.has("name") {
            check.require("name");
        }
        let name = check.text("name", NAME);
        let website =
            check.has("website").then(|| check.text("website", WEBSITE).filter(|website| !website.is_empty()));
        check.done()?;
        Ok(Self { name, website })
    }
}

impl ChatBody {
    pub(crate) fn read(fields: &Fields, is_new: bool) -> Result<Self, ApiError> {
        let mut check = fields.check();
        for name in ["company_id", "name"] {
            if is_new || check.has(name) {
                check.require(name);
            }
        }
        let body =
            Self { company_id: check.id("company_id"), name: check.text("name", NAME), open: check.flag("open") };
        check.done()?;
        Ok(body)
    }
}

impl ChatUserBody {
    pub(crate) fn read(fields: &Fields, is_new: bool) -> Result<Self, ApiError> {
        let mut check = fields.check();
        if is_new || check.has("email") {
            check.require("email");
        }
        let body = Self { email: check.email("email"), name: user_name(&mut check) };
        check.done()?;
        Ok(body)
    }
}

/// A display name, in which nobody can hide line ends.
fn user_name(check: &mut crate::fields::Checker<'_>) -> Option<String> {
    let name = check.text("name", USER_NAME)?;
    if name.chars().any(char::is_control) {
        check.wrong("name", "must not have control characters");
        return None;
    }
    Some(name)
}

impl MessageBody {
    pub(crate) fn read(fields: &Fields) -> Result<Self, ApiError> {
        let mut check = fields.check();
        check.require("message");
        let message = check.exact_text("message", MESSAGE);
        check.done()?;
        Ok(Self { message: message.unwrap_or_default() })
    }
}

impl SendCodeBody {
    pub(crate) fn read(fields: &Fields) -> Result<Self, ApiError> {
        let mut check = fields.check();
        check.require("email");
        let (email, name) = (check.email("email"), user_name(&mut check));
        let password = check.text("password", PASSWORD);
        check.done()?;
        Ok(Self { email: email.unwrap_or_default(), name, password })
    }
}

impl GetTokenBody {
    pub(crate) fn read(fields: &Fields) -> Result<Self, ApiError> {
        let mut check = fields.check();
        check.require("email");
        check.require("auth-code");
        let (email, auth_code) = (check.email("email"), check.digits("auth-code"));
        check.done()?;
        Ok(Self { email: email.unwrap_or_default(), auth_code: auth_code.unwrap_or_default() })
    }
}

impl ShareBody {
    pub(crate) fn read(fields: &Fields) -> Result<Self, ApiError> {
        let mut check = fields.check();
        let rotate = check.flag("rotate");
        check.done()?;
        Ok(Self { rotate })
    }
}

impl ReadBody {
    pub(crate) fn read(fields: &Fields) -> Result<Self, ApiError> {
        let mut check = fields.check();
        check.require("message_id");
        let id = check.id("message_id");
        check.done()?;
        id.map(|message_id| Self { message_id }).ok_or_else(|| ApiError::invalid("message_id", "is invalid"))
    }
}
