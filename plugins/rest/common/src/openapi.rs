//! OpenAPI documents: one for each plugin, from the routes themselves, and one of all.
//!
//! Names of schemas, operations and security schemes begin with the plugin's: documents of several plugins are merged,
//! and equal names would silently become one.

use axum::Router;
use serde_json::{Map, Value, json};
use utoipa_axum::router::OpenApiRouter;

use crate::paging;

/// The kinds of components whose names are made a plugin's own.
const COMPONENTS: &str = "/components/";
const SCHEMAS: &str = "#/components/schemas/";
/// Keys whose values are data, whatever they look like.
const DATA: [&str; 5] = ["example", "examples", "default", "enum", "const"];

/// What one plugin's routes look like to a program.
#[derive(Clone, Debug)]
pub struct ApiDocument {
    plugin: &'static str,
    document: Value,
}

impl ApiDocument {
    /// Takes a dialect's routes and their description apart. `title` and `description` are shown to people.
    pub fn describe<S: Clone + Send + Sync + 'static>(
        plugin: &'static str,
        title: &str,
        description: &str,
        routes: OpenApiRouter<S>,
    ) -> (Router<S>, Self) {
        let (router, document) = routes.split_for_parts();
        // What utoipa makes always has a JSON form.
        let mut document = serde_json::to_value(document).unwrap_or_default();
        inline_paging(&mut document);
        rename(&mut document, plugin);
        tag(&mut document, plugin);
        document["info"] = json!({ "title": title, "description": description, "version": env!("CARGO_PKG_VERSION") });
        (router, Self { plugin, document })
    }

    /// The plugin.
    pub fn plugin(&self) -> &'static str {
        self.plugin
    }

    /// The document.
    pub fn json(&self) -> &Value {
        &self.document
    }

    /// References that lead nowhere. There are none when every schema that a parameter names is inlined
    /// (`#[param(inline)]`) or a component; the types of paging are inlined here.
    pub fn dangling_references(&self) -> Vec<String> {
        let mut references = Vec::new();
        collect_references(&self.document, &mut references);
        references.retain(|reference| self.document.pointer(reference.trim_start_matches('#')).is_none());
        references
    }

    /// The document of all plugins together. Paths of the plugins are not the same; if one were, the first would stay.
    pub fn merged(documents: &[Self], server: &str) -> Value {
        let mut all = json!({
            "openapi": "3.1.0",
            "info": { "title": "natter", "version": env!("CARGO_PKG_VERSION") },
            "servers": [{ "url": server }],
            "paths": {},
            "components": {},
        });
        let mut tags = Vec::new();
        for document in documents {
            tags.push(json!({ "name": document.plugin, "description": document.document["info"]["description"] }));
            merge(&mut all["paths"], &document.document["paths"]);
            if let Some(components) = document.document["components"].as_object() {
                for (kind, named) in components {
                    merge(&mut all["components"][kind], named);
                }
            }
        }
        all["tags"] = tags.into();
        all
    }
}

/// Adds the entries of an object that are not there yet.
pub(crate) fn merge(into: &mut Value, from: &Value) {
    if into.is_null() {
        *into = Map::new().into();
    }
    if let (Some(into), Some(from)) = (into.as_object_mut(), from.as_object()) {
        for (key, value) in from {
            into.entry(key).or_insert_with(|| value.clone());
        }
    }
}

fn collect_references(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect_references(item, into)),
        Value::Object(object) => {
            for (key, value) in object {
                match (key.as_str(), value) {
                    ("$ref", Value::String(reference)) => into.push(reference.clone()),
                    ("responses", Value::Object(responses)) => {
                        responses.values().for_each(|response| collect_references(response, into));
                    }
                    (key, _) if DATA.contains(&key) => {}
                    (_, value) => collect_references(value, into),
                }
            }
        }
        _ => {}
    }
}

/// Puts the schemas of paging's types where they are used: utoipa names them in parameters, but describes them nowhere.
fn inline_paging(value: &mut Value) {
    let named = value.get("$ref").and_then(Value::as_str).and_then(|reference| reference.strip_prefix(SCHEMAS));
    if let Some(schema) = named.and_then(paging::schema_of) {
        *value = schema;
        return;
    }
    match value {
        Value::Array(items) => items.iter_mut().for_each(inline_paging),
        Value::Object(object) => {
            let parts = object.iter_mut().filter(|(key, _)| !DATA.contains(&key.as_str()));
            parts.for_each(|(_, value)| inline_paging(value));
        }
        _ => {}
    }
}

/// Makes the names of components and operations the plugin's own.
pub(crate) fn rename(document: &mut Value, plugin: &str) {
    if let Some(components) = document["components"].as_object_mut() {
        for named in components.values_mut().filter_map(Value::as_object_mut) {
            *named = std::mem::take(named).into_iter().map(|(name, value)| (own_name(plugin, &name), value)).collect();
        }
    }
    rename_uses(document, plugin);
}

fn own_name(plugin: &str, name: &str) -> String {
    format!("{plugin}_{name}")
}

/// Follows the new names to where they are used: references, operations and their security.
fn rename_uses(value: &mut Value, plugin: &str) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| rename_uses(item, plugin)),
        Value::Object(object) => {
            for (key, value) in object.iter_mut() {
                match (key.as_str(), &mut *value) {
                    ("$ref", Value::String(reference)) => rename_reference(reference, plugin),
                    ("operationId", Value::String(name)) => *name = own_name(plugin, name),
                    ("security", Value::Array(requirements)) => rename_security(requirements, plugin),
                    ("mapping", Value::Object(mapping)) => {
                        for reference in mapping.values_mut() {
                            if let Value::String(reference) = reference {
                                rename_reference(reference, plugin);
                            }
                        }
                    }
                    // Among responses `default` is one like the others.
                    ("responses", Value::Object(responses)) => {
                        responses.values_mut().for_each(|response| rename_uses(response, plugin));
                    }
                    (key, _) if DATA.contains(&key) => {}
                    (_, value) => rename_uses(value, plugin),
                }
            }
        }
        _ => {}
    }
}

fn rename_reference(reference: &mut String, plugin: &str) {
    let is_component = reference.starts_with('#') && reference.contains(COMPONENTS);
    if is_component && let Some((path, name)) = reference.rsplit_once('/') {
        *reference = format!("{path}/{}", own_name(plugin, name));
    }
}

fn rename_security(requirements: &mut [Value], plugin: &str) {
    for requirement in requirements.iter_mut().filter_map(Value::as_object_mut) {
        let named = std::mem::take(requirement).into_iter();
        *requirement = named.map(|(name, scopes)| (own_name(plugin, &name), scopes)).collect();
    }
}

/// Every operation is under its plugin's tag alone.
fn tag(document: &mut Value, plugin: &str) {
    let Some(paths) = document["paths"].as_object_mut() else { return };
    for operation in paths.values_mut().filter_map(Value::as_object_mut).flat_map(Map::values_mut) {
        if let Some(operation) = operation.as_object_mut().filter(|operation| operation.contains_key("responses")) {
            operation.insert("tags".to_owned(), json!([plugin]));
        }
    }
}

#[cfg(test)]
mod tests;
