//! AsyncAPI documents: what travels without being asked for, described from the same types that are sent.
//!
//! As in [`openapi`](crate::openapi) the names of a plugin's parts begin with its own, so that documents can be merged.

use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::openapi::{merge, rename};

/// The kinds of parts of a document, each a map by name.
const PARTS: [&str; 2] = ["channels", "operations"];

/// What one plugin's events look like to a program.
#[derive(Clone, Debug)]
pub struct EventsDocument {
    plugin: &'static str,
    document: Value,
}

/// Who sends an event.
#[derive(Clone, Copy)]
enum Direction {
    FromNode,
    FromClient,
}

impl EventsDocument {
    /// Begins a document. `description` is shown to people.
    pub fn new(plugin: &'static str, description: &str) -> Self {
        let info = json!({
            "title": format!("Events of {plugin}"),
            "description": description,
            "version": env!("CARGO_PKG_VERSION"),
        });
        let components = json!({ "messages": {}, "schemas": {} });
        let document = json!({
            "asyncapi": "3.0.0", "info": info, "channels": {}, "operations": {}, "components": components,
        });
        Self { plugin, document }
    }

    /// Adds an event that clients get: on a channel, under a name, with a payload of this type.
    pub fn sends<T: ToSchema>(self, channel: &str, event: &str, summary: &str) -> Self {
        self.with::<T>(Direction::FromNode, channel, event, summary)
    }

    /// Adds an event that clients send.
    pub fn receives<T: ToSchema>(self, channel: &str, event: &str, summary: &str) -> Self {
        self.with::<T>(Direction::FromClient, channel, event, summary)
    }

    fn with<T: ToSchema>(mut self, direction: Direction, channel: &str, event: &str, summary: &str) -> Self {
        let (action, verb) = match direction {
            Direction::FromNode => ("send", "sends"),
            Direction::FromClient => ("receive", "receives"),
        };
        let plugin = self.plugin;
        let key = format!("{plugin}_{}", part_name(channel));
        let message = format!("{plugin}_{verb}_{}", part_name(event));
        let document = &mut self.document;
        let place = &mut document["channels"][&key];
        if place.is_null() {
            *place = json!({ "address": channel, "parameters": parameters(channel), "messages": {} });
        }
        place["messages"][&message] = reference(&["components", "messages", &message]);
        document["operations"][format!("{key}_{message}")] = json!({
            "action": action,
            "channel": reference(&["channels", &key]),
            "messages": [reference(&["channels", &key, "messages", &message])],
        });
        let described = described::<T>(plugin);
        merge(&mut document["components"]["schemas"], &described["components"]["schemas"]);
        document["components"]["messages"][&message] =
            json!({ "name": event, "summary": summary, "payload": described["payload"] });
        self
    }

    /// The plugin.
    pub fn plugin(&self) -> &'static str {
        self.plugin
    }

    /// The document.
    pub fn json(&self) -> &Value {
        &self.document
    }

    /// The names of all events of one direction, as clients see them.
    #[cfg(test)]
    pub(crate) fn names(&self) -> Vec<&str> {
        let messages = self.document["components"]["messages"].as_object().into_iter().flat_map(Map::values);
        messages.filter_map(|message| message["name"].as_str()).collect()
    }

    /// The document of all plugins together.
    pub fn merged(documents: &[Self]) -> Value {
        let mut all = Self::new("natter", "Events of all plugins that this listener serves.").document;
        all["info"]["title"] = json!("natter");
        for document in documents {
            for part in PARTS {
                merge(&mut all[part], &document.document[part]);
            }
            for part in ["messages", "schemas"] {
                merge(&mut all["components"][part], &document.document["components"][part]);
            }
        }
        all
    }
}

/// A type's schema as `payload`, with all that it refers to as components under the plugin's own names.
fn described<T: ToSchema>(plugin: &str) -> Value {
    let mut named = Vec::new();
    T::schemas(&mut named);
    // What utoipa makes always has a JSON form.
    let schemas: Map<String, Value> =
        named.into_iter().map(|(name, schema)| (name, serde_json::to_value(schema).unwrap_or_default())).collect();
    let payload = serde_json::to_value(T::schema()).unwrap_or_default();
    let mut described = json!({ "payload": payload, "components": { "schemas": schemas } });
    rename(&mut described, plugin);
    described
}

/// A channel's address or an event's name as a key: letters, digits, `_`, `-` and `.`.
fn part_name(text: &str) -> String {
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "_-.".contains(character);
    let plain: String = text.chars().map(|character| if is_plain(character) { character } else { '_' }).collect();
    plain.trim_matches('_').to_owned()
}

/// What stands in braces in an address.
fn parameters(address: &str) -> Value {
    let names = address.split('{').skip(1).filter_map(|rest| rest.split_once('}'));
    names.map(|(name, _)| (name.to_owned(), json!({}))).collect::<Map<_, _>>().into()
}

fn reference(path: &[&str]) -> Value {
    json!({ "$ref": format!("#/{}", path.join("/")) })
}

#[cfg(test)]
mod tests;
