//! Forms of requests and answers.

use natter_chat::{Profile, User, UserPatch};
use natter_core::EntityId;
use natter_rest::decode_json;
use serde_json::{Map, json};

use super::channel::ChatSdkChannelPatch;
use super::message::ChatSdkNewMessage;
use super::token::ChatSdkTokenRequest;
use super::user::{ChatSdkProfile, ChatSdkSavedUser, ChatSdkSyncedUser};
use super::value::{ChatSdkId, ChatSdkTime};

#[test]
fn an_id_is_shown_and_read_as_a_uuid_of_version_8() {
    let id = ChatSdkId(EntityId::parse_hex("018f3c2a9b1ef001a2b3c4d5").unwrap());
    let text = serde_json::to_string(&id).unwrap();
    assert_eq!(text, "\"018f3c2a-9b1e-8f00-81a2-b3c4d5000000\"");
    assert_eq!(serde_json::from_str::<ChatSdkId>(&text).unwrap(), id);
    for wrong in ["018f3c2a9b1ef001a2b3c4d5", "018f3c2a-9b1e-4f00-81a2-b3c4d5000000", "", "channel-uuid"] {
        assert!(serde_json::from_value::<ChatSdkId>(json!(wrong)).is_err(), "{wrong}");
    }
}

#[test]
fn times_have_milliseconds_and_a_z() {
    for (ms, text) in [(1_704_110_400_000, "2024-01-01T12:00:00.000Z"), (7, "1970-01-01T00:00:00.007Z")] {
        assert_eq!(serde_json::to_value(ChatSdkTime(ms)).unwrap(), json!(text));
    }
}

#[test]
fn a_field_that_is_left_out_stays_and_null_clears_it() {
    let profile: ChatSdkProfile = decode_json(br#"{"email": null, "image": "https://a.example/b.png"}"#).unwrap();
    let patch = UserPatch::from(profile);
    assert_eq!((patch.name, patch.email, patch.custom), (None, Some(None), None));
    assert_eq!(patch.image, Some(Some("https://a.example/b.png".to_owned())));
    let synced: ChatSdkSyncedUser = decode_json(br#"{"id": "ada", "name": null, "custom": {"a": 1}}"#).unwrap();
    let patch = UserPatch::from(synced.profile);
    assert_eq!((patch.name, patch.email, patch.image), (Some(None), None, None));
    assert_eq!(patch.custom.flatten().unwrap()["a"], 1);
    let patch: ChatSdkChannelPatch = decode_json(br#"{"description": null}"#).unwrap();
    let patch = natter_chat::ChannelPatch::from(patch);
    assert_eq!((patch.name, patch.description, patch.image), (None, Some(None), None));
}

#[test]
fn a_token_request_takes_no_unknown_field() {
    assert!(decode_json::<ChatSdkTokenRequest>(br#"{"userId": "ada"}"#).is_ok());
    let error = decode_json::<ChatSdkTokenRequest>(br#"{"userId": "ada", "admin": true}"#).unwrap_err();
    assert_eq!(error.message(), "admin is not known");
}

#[test]
fn a_message_s_wrong_field_is_named() {
    for (body, field) in [
        (r#"{"text": 1}"#, "text"),
        (r#"{"text": "a", "parentId": "x"}"#, "parentId"),
        (r#"{"attachments": [{"type": "page", "url": "https://a", "name": "a"}]}"#, "attachments[0].type"),
        (r#"{"attachments": [{"type": "file", "name": "a"}]}"#, "attachments[0].url"),
    ] {
        let error = decode_json::<ChatSdkNewMessage>(body.as_bytes()).unwrap_err();
        assert!(error.message().starts_with(field), "{body}: {}", error.message());
    }
}

#[test]
fn a_saved_user_s_own_data_repeats_the_address() {
    let custom = Map::from_iter([("role".to_owned(), json!("admin"))]);
    let profile = Profile { name: "Ada".into(), email: Some("ada@example.com".into()), image: None, custom };
    let user = User {
        id: "ada".into(),
        entity: EntityId([1; 12]),
        profile,
        created_at: 1,
        updated_at: 1,
        tokens_valid_from: None,
        deleted_at: None,
        is_leaving: false,
    };
    let shown = serde_json::to_value(ChatSdkSavedUser::from(&user)).unwrap();
    let wanted = json!({
        "id": "ada", "name": "Ada", "image": null, "email": "ada@example.com",
        "custom": { "role": "admin", "email": "ada@example.com" },
    });
    assert_eq!(shown, wanted);
}
