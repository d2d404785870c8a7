//! Conversations and users.

use natter_chat::{ChannelType, NewChannel, UserPatch};
use natter_core::TenantId;
use serde_json::{Map, Value, json};

use crate::testing::Bench;

#[tokio::test]
async fn two_have_one_conversation_from_either_side() {
    let bench = Bench::start().await;
    let (ada, bob) = (bench.person("Ada").await, bench.person("Bob").await);
    let made = bench.post("/api/v1/conversation", &ada.token, json!({ "receiver_id": bob.id })).await;
    let conversation = made.data(201)["conversation"].clone();
    assert_eq!(conversation["participants"], json!([ada.id, bob.id]));
    assert_eq!((&conversation["lastMessage"], &conversation["unread"]), (&Value::Null, &json!(0)));
    assert_eq!(conversation["createdAt"].as_str().unwrap().len(), "2024-01-15T12:00:00.000Z".len());
    assert_eq!(conversation["updatedAt"], conversation["createdAt"]);
    for (one, other) in [(&ada, &bob), (&bob, &ada)] {
        let again = bench.post("/api/v1/conversation", &one.token, json!({ "receiver_id": other.id })).await;
        assert_eq!(again.data(200)["conversation"], conversation);
    }
}

#[tokio::test]
async fn a_receiver_is_another_user() {
    let bench = Bench::start().await;
    let ada = bench.person("Ada").await;
    for (receiver, status) in [
        (json!(ada.id), 400),
        (json!("x"), 400),
        (json!(""), 400),
        (Value::Null, 400),
        (json!("672c05fc60f3fb044dc2d12c"), 404),
    ] {
        bench.post("/api/v1/conversation", &ada.token, json!({ "receiver_id": receiver })).await.fails(status);
    }
}

#[tokio::test]
async fn the_list_has_the_newest_first_in_pages() {
    let bench = Bench::start().await;
    let ada = bench.person("Ada").await;
    let mut made = Vec::new();
    for name in ["Bob", "Cid", "Dan"] {
        let other = bench.person(name).await;
        let conversation = bench.conversation(&ada, &other).await;
        bench.say(&other, &conversation, &format!("I am {name}")).await;
        made.push(conversation);
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    bench.say(&ada, &made[0], "Welcome back").await;
    let list = bench.get("/api/v1/conversation", &ada.token).await;
    let list = list.data(200)["conversations"].as_array().unwrap().clone();
    let ids: Vec<_> = list.iter().map(|each| each["_id"].as_str().unwrap()).collect();
    assert_eq!(ids, [&made[0], &made[2], &made[1]]);
    assert_eq!((&list[0]["lastMessage"], &list[0]["unread"]), (&json!("Welcome back"), &json!(1)));
    assert_eq!(list[1]["lastMessage"], "I am Dan");
    let first = bench.get("/api/v1/conversation?limit=1", &ada.token).await;
    assert_eq!(first.data(200)["conversations"], json!([list[0]]));
    let rest = bench.get(&format!("/api/v1/conversation?before={}", made[0]), &ada.token).await;
    assert_eq!(rest.data(200)["conversations"], json!([list[1], list[2]]));
    for (query, status) in
        [("limit=0", 400), ("limit=1001", 400), ("before=x", 400), ("before=672c05fc60f3fb044dc2d12c", 404)]
    {
        bench.get(&format!("/api/v1/conversation?{query}"), &ada.token).await.fails(status);
    }
}

#[tokio::test]
async fn what_other_apis_make_is_here_if_it_is_between_two() {
    let bench = Bench::start().await;
    let (ada, tenant) = (bench.person("Ada").await, TenantId::new("demo"));
    let named = UserPatch { name: Some(Some("Zoe".to_owned())), ..UserPatch::default() };
    let (zoe, _) = bench.chat.upsert_user(&tenant, "zoe:1", named).await.unwrap();
    let channel = |kind, name: &str| NewChannel {
        kind,
        name: name.to_owned(),
        description: None,
        image: None,
        members: vec![ada.id.clone()],
        workspace: None,
        extra: Map::new(),
    };
    let (made, _) = bench.chat.create_channel(&tenant, "zoe:1", channel(ChannelType::Messaging, "")).await.unwrap();
    let (group, _) = bench.chat.create_channel(&tenant, "zoe:1", channel(ChannelType::Group, "All")).await.unwrap();
    let list = bench.get("/api/v1/conversation", &ada.token).await;
    let list = &list.data(200)["conversations"];
    assert_eq!(list.as_array().unwrap().len(), 1);
    assert_eq!(list[0]["_id"], made.channel.id.to_hex());
    assert_eq!(list[0]["participants"], json!([zoe.entity.to_hex(), ada.id]));
    bench.get(&format!("/api/v1/message/{}", group.channel.id.to_hex()), &ada.token).await.fails(404);
    let same = bench.post("/api/v1/conversation", &ada.token, json!({ "receiver_id": zoe.entity.to_hex() })).await;
    assert_eq!(same.data(200)["conversation"]["_id"], list[0]["_id"]);
}

#[tokio::test]
async fn users_are_found_by_parts_of_name_and_email() {
    let bench = Bench::start().await;
    let ada = bench.person("Ada").await;
    let mut adams = Vec::new();
    for _ in 0..22 {
        adams.push(bench.person("Adam").await);
    }
    let zoe = bench.person("Zoe").await;
    let found = bench.get("/api/v1/user?keyword=aDaM", &ada.token).await;
    assert_eq!(found.data(200)["users"].as_array().unwrap().len(), 20);
    let found = bench.get(&format!("/api/v1/user?keyword={}", zoe.email.to_uppercase()), &ada.token).await;
    assert_eq!(found.data(200)["users"], json!([{ "_id": zoe.id, "name": "Zoe", "email": zoe.email }]));
    let own = bench.get("/api/v1/user?keyword=zoe", &zoe.token).await;
    assert_eq!(own.data(200)["users"], json!([]));
    assert_eq!(bench.get("/api/v1/user?keyword=nobody", &ada.token).await.data(200)["users"], json!([]));
    for query in ["", "?keyword=", "?keyword=%20"] {
        bench.get(&format!("/api/v1/user{query}"), &ada.token).await.fails(400);
    }
}
