//! What clients send along with an event: an object, or where the document names one value also that value alone.

use natter_node::realtime::Args;
use natter_rest::{Rejection, decode_json};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::check;
use crate::errors::ApiError;
use crate::messages::{SendBody, Target};
use crate::rooms::NewRoom;
use crate::side::{Side, SideId};

/// The first argument of an event; what comes behind it is not looked at.
pub(super) struct Payload(Option<Box<RawValue>>);

/// A room that is named.
#[derive(Deserialize, ToSchema)]
pub(crate) struct RoomNamed {
    /// 24 hexadecimal digits.
    pub(super) room_id: String,
    /// Has to be the caller's, if given.
    pub(super) username: Option<String>,
}

/// A side that may be named.
pub(super) struct SideNamed {
    pub(super) side: Option<SideId>,
    pub(super) username: Option<String>,
}

/// A side as clients name it: `by` and `id`, or one of the ids alone.
#[derive(Deserialize, ToSchema)]
pub(crate) struct SideBody {
    by: Option<Side>,
    id: Option<String>,
    user_id: Option<String>,
    shop_id: Option<String>,
    /// Has to be the caller's, if given.
    username: Option<String>,
}

impl Payload {
    pub(super) fn of(args: &Args) -> Self {
        Self(args.read::<(Option<Box<RawValue>>,)>().ok().and_then(|(first,)| first))
    }

    /// The object; nothing at all counts as an empty one.
    pub(super) fn body<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        Ok(decode_json(self.0.as_ref().map_or("", |json| json.get()).as_bytes())?)
    }

    /// The value, if it is a text alone.
    fn text(&self) -> Option<String> {
        serde_json::from_str(self.0.as_ref()?.get()).ok()
    }

    /// `room_id` or `{room_id}`.
    pub(super) fn room(&self) -> Result<RoomNamed, ApiError> {
        match self.text() {
            Some(room_id) => Ok(RoomNamed { room_id, username: None }),
            None => self.body(),
        }
    }

    /// `{by, id}`; also `user_id` or `{user_id}`, and `{shop_id}`.
    pub(super) fn side(&self) -> Result<SideNamed, ApiError> {
        let (by, id, username) = match self.text() {
            Some(id) => (Some(Side::User), Some(id), None),
            None => {
                let SideBody { by, id, user_id, shop_id, username } = self.body()?;
                match (user_id, shop_id) {
                    _ if by.is_some() || id.is_some() => (by, id, username),
                    (Some(id), _) => (Some(Side::User), Some(id), username),
                    (None, Some(id)) => (Some(Side::Shop), Some(id), username),
                    (None, None) => (None, None, username),
                }
            }
        };
        let side = match (by, id) {
            (Some(by), Some(id)) => Some(SideId { by, id }),
            (None, None) => None,
            (None, Some(_)) => return Err(Rejection::invalid("by", "is required beside id").into()),
            (Some(_), None) => return Err(Rejection::invalid("id", "is required beside by").into()),
        };
        side.as_ref().map_or(Ok(()), |side| check::id("id", &side.id))?;
        Ok(SideNamed { side, username })
    }

    /// A message, and where it goes: to `room_id`, or between `shop_id` and `user_id`.
    pub(super) fn message(&self) -> Result<(Target, SendBody), ApiError> {
        let mut body: Map<String, Value> = self.body()?;
        let is_between =
            !body.contains_key("room_id") && (body.contains_key("shop_id") || body.contains_key("user_id"));
        if !is_between {
            let body: SendBody = self.body()?;
            return Ok((Target::Room(body.room_id.clone()), body));
        }
        let new: NewRoom = self.body()?;
        body.insert("room_id".to_owned(), Value::String(String::new()));
        let body = serde_json::to_vec(&body).map_err(|error| Rejection::internal(&error))?;
        Ok((Target::Between(new), decode_json(&body)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payload(text: &str) -> Payload {
        Payload::of(&Args::from_text(text, Vec::new()))
    }

    #[test]
    fn a_room_is_named_bare_or_in_an_object() {
        for text in ["\"r1\"", "{\"room_id\":\"r1\"}", "\"r1\",2", "{\"room_id\":\"r1\",\"more\":1}"] {
            assert_eq!(payload(text).room().ok().map(|named| named.room_id).as_deref(), Some("r1"), "{text}");
        }
        for text in ["", "null", "5", "{}", "[]", "{\"room_id\":5}", "true"] {
            let failure = payload(text).room().err().map(|error| error.failure());
            assert_eq!(failure.map(|failure| failure.code), Some("1000"), "{text}");
        }
    }

    #[test]
    fn a_side_is_named_in_any_of_four_ways_or_not_at_all() {
        let side = |text| payload(text).side().ok().map(|named| named.side.map(|side| (side.by, side.id)));
        let user = || Some(Some((Side::User, "u".to_owned())));
        for text in ["\"u\"", "{\"user_id\":\"u\"}", "{\"by\":\"user\",\"id\":\"u\"}"] {
            assert_eq!(side(text), user(), "{text}");
        }
        assert_eq!(side("{\"shop_id\":\"s\"}"), Some(Some((Side::Shop, "s".to_owned()))));
        assert_eq!((side(""), side("null"), side("{}")), (Some(None), Some(None), Some(None)));
        for text in ["{\"by\":\"shop\"}", "{\"id\":\"u\"}", "{\"by\":\"x\",\"id\":\"u\"}", "\"\"", "7"] {
            assert_eq!(side(text), None, "{text}");
        }
    }

    #[test]
    fn a_message_goes_to_a_room_or_between_two() {
        let rest = r#""sender_by":"user","sender_id":"u","sender_name":"U","message":"hi""#;
        let message = |place: &str| payload(&format!("{{{place}{rest}}}")).message();
        assert!(matches!(message("\"room_id\":\"r\","), Ok((Target::Room(room), _)) if room == "r"));
        let between = message("\"shop_id\":\"s\",\"user_id\":\"u\",\"user_name\":\"U\",");
        assert!(matches!(between, Ok((Target::Between(new), _)) if new.shop_id == "s" && new.user_name.is_some()));
        for place in ["", "\"shop_id\":\"s\","] {
            let failure = message(place).err().map(|error| error.failure()).unwrap();
            assert!(failure.message.contains("_id"), "{}", failure.message);
        }
    }
}
