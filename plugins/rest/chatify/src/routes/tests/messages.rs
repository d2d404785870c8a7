//! Messages.

use axum::body::Body;
use axum::http::Request;
use futures_util::stream::{self, StreamExt};
use serde_json::{Value, json};

use crate::testing::{Bench, Person};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0";

async fn pair(bench: &Bench) -> (Person, Person, String) {
    let (ada, bob) = (bench.person("Ada").await, bench.person("Bob").await);
    let conversation = bench.conversation(&ada, &bob).await;
    (ada, bob, conversation)
}

async fn unread(bench: &Bench, person: &Person) -> Value {
    let list = bench.get("/api/v1/conversation", &person.token).await;
    list.data(200)["conversations"][0]["unread"].clone()
}

fn contents(messages: &Value) -> Vec<&str> {
    messages.as_array().unwrap().iter().map(|message| message["content"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_message_is_sent_and_read() {
    let bench = Bench::start().await;
    let (ada, bob, conversation) = pair(&bench).await;
    let sent =
        bench.post("/api/v1/message", &ada.token, json!({ "convo_id": conversation, "message": "Hello!" })).await;
    let message = &sent.data(201)["message"];
    assert_eq!((&message["conversation"], &message["sender"]), (&json!(conversation), &json!(ada.id)));
    assert_eq!((&message["content"], &message["files"], &message["seq"]), (&json!("Hello!"), &json!([]), &json!(1)));
    bench.say(&ada, &conversation, "Anybody there?").await;
    assert_eq!((unread(&bench, &bob).await, unread(&bench, &ada).await), (json!(2), json!(0)));
    let read = bench.get(&format!("/api/v1/message/{conversation}"), &bob.token).await;
    let messages = &read.data(200)["messages"];
    assert_eq!(contents(messages), ["Hello!", "Anybody there?"]);
    assert_eq!(messages[0]["sender"], json!({ "_id": ada.id, "name": "Ada" }));
    assert_eq!((&messages[0]["_id"], &messages[0]["createdAt"]), (&message["_id"], &message["createdAt"]));
    assert!(messages[0].get("conversation").is_none());
    assert_eq!(unread(&bench, &bob).await, json!(0));
}

#[tokio::test]
async fn pages_mark_what_they_return() {
    let bench = Bench::start().await;
    let (ada, bob, conversation) = pair(&bench).await;
    let mut ids = Vec::new();
    for number in 1..=5 {
        ids.push(bench.say(&ada, &conversation, &number.to_string()).await);
    }
    let page = async |query: String| {
        let answer = bench.get(&format!("/api/v1/message/{conversation}?{query}"), &bob.token).await;
        contents(&answer.data(200)["messages"]).join("")
    };
    assert_eq!(page(format!("before={}&limit=2", ids[3])).await, "23");
    assert_eq!(unread(&bench, &bob).await, json!(2));
    assert_eq!(page(format!("after={}&limit=1", ids[0])).await, "2");
    assert_eq!(unread(&bench, &bob).await, json!(2));
    assert_eq!(page(format!("after={}", ids[0])).await, "2345");
    assert_eq!(page("limit=2".to_owned()).await, "45");
    assert_eq!(page(String::new()).await, "12345");
    assert_eq!(unread(&bench, &bob).await, json!(0));
    for (query, status) in [
        ("limit=0", 400),
        ("limit=x", 400),
        ("before=x", 400),
        ("after=672c05fc60f3fb044dc2d12c", 404),
        ("before=672c05fc60f3fb044dc2d12c&after=672c05fc60f3fb044dc2d12c", 400),
    ] {
        bench.get(&format!("/api/v1/message/{conversation}?{query}"), &bob.token).await.fails(status);
    }
}

#[tokio::test]
async fn long_conversations_come_whole() {
    let bench = Bench::start().await;
    let (ada, bob, conversation) = pair(&bench).await;
    let sends = stream::iter(0..1_203).map(|_| bench.say(&ada, &conversation, "x"));
    sends.buffer_unordered(100).collect::<Vec<_>>().await;
    let read = bench.get(&format!("/api/v1/message/{conversation}"), &bob.token).await;
    let seqs: Vec<_> = read.data(200)["messages"].as_array().unwrap().iter().map(|each| each["seq"].as_u64()).collect();
    assert_eq!(seqs, (1..=1_203).map(Some).collect::<Vec<_>>());
    assert_eq!(unread(&bench, &bob).await, json!(0));
}

#[tokio::test]
async fn conversations_of_others_are_closed() {
    let bench = Bench::start().await;
    let (_, _, conversation) = pair(&bench).await;
    let eve = bench.person("Eve").await;
    let say =
        |convo_id: Value| bench.post("/api/v1/message", &eve.token, json!({ "convo_id": convo_id, "message": "x" }));
    say(json!(conversation)).await.fails(403);
    say(json!("672c05fc60f3fb044dc2d12c")).await.fails(404);
    say(json!("x")).await.fails(400);
    say(Value::Null).await.fails(400);
    bench.get(&format!("/api/v1/message/{conversation}"), &eve.token).await.fails(403);
    bench.get("/api/v1/message/672c05fc60f3fb044dc2d12c", &eve.token).await.fails(404);
    bench.get("/api/v1/message/x", &eve.token).await.fails(400);
}

#[tokio::test]
async fn a_message_has_words_or_files() {
    let bench = Bench::start().await;
    let (ada, _, conversation) = pair(&bench).await;
    for message in [json!(""), json!(" \n"), Value::Null, json!("x".repeat(5_001))] {
        let body = json!({ "convo_id": conversation, "message": message });
        bench.post("/api/v1/message", &ada.token, body).await.fails(400);
    }
    bench.say(&ada, &conversation, &"ü".repeat(5_000)).await;
    let request = Request::post("/api/v1/message")
        .header("authorization", format!("Bearer {}", ada.token))
        .header("content-type", "application/x-www-form-urlencoded");
    let body = Body::from(format!("convo_id={conversation}&message=caf%C3%A9+%26+cake"));
    let sent = bench.send(request.body(body).unwrap()).await;
    assert_eq!(sent.data(201)["message"]["content"], "café & cake");
}

#[tokio::test]
async fn files_come_with_their_message_or_not_at_all() {
    let bench = Bench::start().await;
    let (ada, bob, conversation) = pair(&bench).await;
    let convo = ("convo_id", None, conversation.as_bytes());
    let (cat, note) = (("files", Some("cat.png"), PNG), ("files[]", Some("note.txt"), &b"hello"[..]));
    let sent = bench.form("/api/v1/message", &ada.token, &[convo, cat, note]).await;
    let files = sent.data(201)["message"]["files"].as_array().unwrap().clone();
    assert_eq!((files.len(), sent.text("/data/message/content").as_str()), (2, ""));
    for (file, name) in files.iter().zip(["cat.png", "note.txt"]) {
        let url = file.as_str().unwrap();
        assert!(url.starts_with("https://chat.example/files/") && url.ends_with(name), "{url}");
    }
    let list = bench.get("/api/v1/conversation", &bob.token).await;
    assert_eq!(list.data(200)["conversations"][0]["lastMessage"], "cat.png");
    assert_eq!(bench.files(2).await, 2);
    let big = [7; 1_001];
    let unknown = ("convo_id", None, &b"672c05fc60f3fb044dc2d12c"[..]);
    for (parts, status) in [
        (&[convo, cat, note, cat][..], 413),
        (&[convo, ("files", Some("big"), &big)][..], 413),
        (&[convo, cat, ("message", None, &[b'x'; 5_001])][..], 400),
        (&[unknown, cat][..], 404),
        (&[cat][..], 400),
        (&[convo][..], 400),
        (&[convo, ("photo", Some("cat.png"), PNG)][..], 400),
    ] {
        bench.form("/api/v1/message", &ada.token, parts).await.fails(status);
        assert_eq!(bench.files(2).await, 2);
    }
}

#[tokio::test]
async fn a_repeat_with_its_key_sends_nothing() {
    let bench = Bench::start().await;
    let (ada, bob, conversation) = pair(&bench).await;
    let say = |text: &str| {
        let body = json!({ "convo_id": conversation, "message": text }).to_string();
        let request = Request::post("/api/v1/message")
            .header("authorization", format!("Bearer {}", ada.token))
            .header("content-type", "application/json")
            .header("idempotency-key", "once");
        bench.send(request.body(Body::from(body)).unwrap())
    };
    let first = say("Hello!").await;
    assert_eq!(say("Hello!").await.data(201), first.data(201));
    say("Something else").await.fails(422);
    let read = bench.get(&format!("/api/v1/message/{conversation}"), &bob.token).await;
    assert_eq!(contents(&read.data(200)["messages"]), ["Hello!"]);
}

#[tokio::test]
async fn a_message_is_changed_and_deleted_by_its_sender() {
    let bench = Bench::start().await;
    let (ada, bob, conversation) = pair(&bench).await;
    let first = bench.say(&ada, &conversation, "Helo").await;
    let second = bench.say(&ada, &conversation, "Second").await;
    let edit = async |person: &Person, id: &str, text: Value| {
        bench.call("PUT", &format!("/api/v1/message/{id}"), &person.token, Some(json!({ "message": text }))).await
    };
    let edited = edit(&ada, &first, json!("Hello")).await;
    let message = &edited.data(200)["message"];
    assert_eq!((&message["_id"], &message["content"], &message["seq"]), (&json!(first), &json!("Hello"), &json!(1)));
    edit(&bob, &first, json!("Mine")).await.fails(403);
    edit(&ada, &first, json!("")).await.fails(400);
    edit(&ada, &first, json!("x".repeat(5_001))).await.fails(400);
    edit(&ada, "672c05fc60f3fb044dc2d12c", json!("x")).await.fails(404);
    edit(&ada, "x", json!("x")).await.fails(400);
    let delete = async |person: &Person, id: &str| {
        bench.call("DELETE", &format!("/api/v1/message/{id}"), &person.token, None).await
    };
    delete(&bob, &second).await.fails(403);
    assert_eq!(*delete(&ada, &second).await.data(200), json!({}));
    delete(&ada, &second).await.fails(404);
    let eve = bench.person("Eve").await;
    delete(&eve, &first).await.fails(404);
    let list = bench.get("/api/v1/conversation", &bob.token).await;
    let shown = &list.data(200)["conversations"][0];
    assert_eq!((&shown["lastMessage"], &shown["unread"]), (&json!("Hello"), &json!(1)));
    let read = bench.get(&format!("/api/v1/message/{conversation}"), &bob.token).await;
    assert_eq!(contents(&read.data(200)["messages"]), ["Hello"]);
}
