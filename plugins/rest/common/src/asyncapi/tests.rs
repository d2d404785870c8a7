//! What a program can rely on in a document of events.

use serde_json::Value;
use utoipa::ToSchema;

use super::EventsDocument;

#[derive(ToSchema)]
#[allow(dead_code, reason = "only its description is looked at")]
struct Author {
    name: String,
}

#[derive(ToSchema)]
#[allow(dead_code, reason = "only its description is looked at")]
struct Line {
    author: Author,
    text: String,
}

fn document(plugin: &'static str) -> EventsDocument {
    EventsDocument::new(plugin, "What is said.")
        .sends::<Line>("chat:{tenant}:{channel}", "line.new", "Somebody said something.")
        .sends::<Author>("chat:{tenant}:{channel}", "author.new", "Somebody came.")
        .receives::<Line>("/socket.io/", "line.new", "Say something.")
}

/// All references of a document.
fn references(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(items) => items.iter().flat_map(references).collect(),
        Value::Object(object) => {
            let own = object.get("$ref").and_then(Value::as_str);
            own.into_iter().chain(object.values().flat_map(references)).collect()
        }
        _ => Vec::new(),
    }
}

fn dangling(document: &Value) -> Vec<&str> {
    let leads = |reference: &&str| document.pointer(reference.trim_start_matches('#')).is_none();
    references(document).into_iter().filter(leads).collect()
}

#[test]
fn an_event_is_described_with_all_that_it_refers_to() {
    let document = document("shop");
    assert_eq!(dangling(document.json()), [""; 0]);
    let message = &document.json()["components"]["messages"]["shop_sends_line.new"];
    assert_eq!(message["name"], "line.new");
    assert_eq!(message["payload"]["properties"]["author"]["$ref"], "#/components/schemas/shop_Author");
    assert_eq!(document.json()["channels"]["shop_chat__tenant___channel"]["address"], "chat:{tenant}:{channel}");
    let parameters = document.json()["channels"]["shop_chat__tenant___channel"]["parameters"].as_object();
    assert_eq!(parameters.map(|named| named.keys().cloned().collect::<Vec<_>>()).unwrap(), ["channel", "tenant"]);
    assert_eq!(document.names(), ["line.new", "author.new", "line.new"]);
}

#[test]
fn who_sends_is_said() {
    let document = document("shop");
    let operations = document.json()["operations"].as_object().unwrap();
    let of = |action: &str| operations.values().filter(|operation| operation["action"] == action).count();
    assert_eq!((of("send"), of("receive")), (2, 1));
}

#[test]
fn documents_of_several_plugins_keep_apart() {
    let merged = EventsDocument::merged(&[document("shop"), document("school")]);
    assert_eq!(dangling(&merged), [""; 0]);
    assert_eq!(merged["components"]["messages"].as_object().map(|messages| messages.len()), Some(6));
    assert_eq!(merged["channels"].as_object().map(|channels| channels.len()), Some(4));
}
