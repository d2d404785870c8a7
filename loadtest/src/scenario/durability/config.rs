//! The configuration of the server under test: a given file or a small one, with addresses, folders and the size of the
//! tested namespace's history replaced.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use toml::{Table, Value};

use super::ports::Ports;
use super::{DurabilityOptions, Interface};

/// Messages that the tested channels keep: more than any run publishes.
const HISTORY_SIZE: i64 = 10_000_000;

/// A week; no run is as long.
const HISTORY_TTL_SECONDS: i64 = 604_800;

/// More calls than any run makes.
const CALLS_PER_MINUTE: i64 = 1_000_000_000;

/// The configuration without a given file. The tenant is natter's demo tenant.
const SMALL: &str = r#"
[server]
[store]
kind = "embedded"
durability = "sync"
[[tenants]]
id = "demo"
api_keys = ["demo-api-key"]
token_secret = "demo-secret-demo-secret-demo-secret"
[plugins.centrifugo]
tenant = "demo"
"#;

/// Writes the configuration into `folder`.
///
/// # Errors
/// When the given file cannot be read or is not TOML, or the new one cannot be written.
pub(super) fn write(options: &DurabilityOptions, ports: Ports, folder: &Path) -> Result<PathBuf> {
    let base = match &options.config {
        Some(path) => std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?,
        None => SMALL.to_owned(),
    };
    let mut table = adapt(base.parse().context("the configuration is not TOML")?, &options.namespace, ports, folder);
    if options.interface == Interface::ChatSdk {
        serve_chat(&mut table);
    }
    let path = folder.join("natter.toml");
    std::fs::write(&path, table.to_string())?;
    Ok(path)
}

fn adapt(mut table: Table, namespace: &str, ports: Ports, folder: &Path) -> Table {
    let local = |port: u16| Value::from(format!("127.0.0.1:{port}"));
    let inside = |name: &str| Value::from(folder.join(name).to_string_lossy().into_owned());
    set(&mut table, "server", "internal_address", local(ports.internal));
    set(&mut table, "server", "public_url", Value::from(format!("http://127.0.0.1:{}", ports.client)));
    set(&mut table, "store", "path", inside("data"));
    for (section, key, value) in [
        ("quic", "address", local(ports.quic)),
        ("files", "path", inside("files")),
        ("mail", "outbox", inside("outbox")),
    ] {
        if table.contains_key(section) {
            set(&mut table, section, key, value);
        }
    }
    let listener = [("address", local(ports.client)), ("plugins", Value::from(vec!["centrifugo"]))];
    let listener: Table = listener.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    table.insert("listeners".into(), Value::Array(vec![listener.into()]));
    keep_everything(&mut table, namespace);
    table
}

/// Serves ChatSDK's API beside the client protocol, as often as anybody asks.
fn serve_chat(table: &mut Table) {
    let listener = table.get_mut("listeners").and_then(|listeners| listeners.get_mut(0)).and_then(Value::as_table_mut);
    if let Some(listener) = listener {
        listener.insert("plugins".into(), Value::from(vec!["centrifugo", "chatsdk"]));
    }
    let Some(plugin) = section(table, "plugins").and_then(|plugins| section(plugins, "chatsdk")) else { return };
    for limit in ["tokens_per_minute", "messages_per_minute", "requests_per_minute"] {
        set(plugin, "limits", limit, Value::from(CALLS_PER_MINUTE));
    }
}

fn section<'a>(table: &'a mut Table, name: &str) -> Option<&'a mut Table> {
    table.entry(name).or_insert_with(|| Table::new().into()).as_table_mut()
}

fn set(table: &mut Table, name: &str, key: &str, value: Value) {
    if let Some(section) = section(table, name) {
        section.insert(key.into(), value);
    }
}

/// Gives the tested namespace a history that nothing falls out of, and makes it if it is not there.
fn keep_everything(table: &mut Table, name: &str) {
    let Some(plugin) = section(table, "plugins").and_then(|plugins| section(plugins, "centrifugo")) else { return };
    let namespaces = plugin.entry("namespaces").or_insert_with(|| Value::Array(Vec::new()));
    let Some(namespaces) = namespaces.as_array_mut() else { return };
    let known = |value: &Value| value.get("name").and_then(Value::as_str) == Some(name);
    if !namespaces.iter().any(known) {
        namespaces.push(Table::from_iter([("name".to_owned(), Value::from(name))]).into());
    }
    for namespace in namespaces.iter_mut().filter(|value| known(value)).filter_map(Value::as_table_mut) {
        for key in ["allow_subscribe", "allow_publish", "allow_history", "force_recovery", "durable"] {
            namespace.insert(key.into(), Value::from(true));
        }
        namespace.insert("history_size".into(), Value::from(HISTORY_SIZE));
        namespace.insert("history_ttl_seconds".into(), Value::from(HISTORY_TTL_SECONDS));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PORTS: Ports = Ports { client: 1, internal: 2, quic: 3 };

    #[test]
    fn the_small_configuration_gets_a_durable_namespace_and_own_folders() {
        let table = adapt(SMALL.parse().unwrap(), "durable", PORTS, Path::new("/somewhere"));
        assert_eq!(table["store"]["path"].as_str(), Some("/somewhere/data"));
        assert_eq!(table["listeners"][0]["address"].as_str(), Some("127.0.0.1:1"));
        let namespace = &table["plugins"]["centrifugo"]["namespaces"][0];
        assert_eq!(namespace["history_size"].as_integer(), Some(HISTORY_SIZE));
        assert!(!table.contains_key("quic"));
    }

    #[test]
    fn a_chat_is_served_without_limits() {
        let mut table = adapt(SMALL.parse().unwrap(), "durable", PORTS, Path::new("/somewhere"));
        serve_chat(&mut table);
        let plugins = table["listeners"][0]["plugins"].as_array().unwrap();
        assert_eq!(plugins.iter().filter_map(Value::as_str).collect::<Vec<_>>(), ["centrifugo", "chatsdk"]);
        assert_eq!(table["plugins"]["chatsdk"]["limits"]["messages_per_minute"].as_integer(), Some(CALLS_PER_MINUTE));
    }

    #[test]
    fn a_given_configuration_keeps_what_is_not_replaced() {
        let given = "[[listeners]]\naddress = \"x\"\n[[listeners]]\naddress = \"y\"\n[quic]\naddress = \"z\"\n\
                     [plugins.centrifugo]\nallow_anonymous = true\n[[plugins.centrifugo.namespaces]]\nname = \"durable\"\n\
                     presence = true\n";
        let table = adapt(given.parse().unwrap(), "durable", PORTS, Path::new("/somewhere"));
        assert_eq!(table["listeners"].as_array().map(Vec::len), Some(1));
        assert_eq!(table["quic"]["address"].as_str(), Some("127.0.0.1:3"));
        let plugin = &table["plugins"]["centrifugo"];
        assert_eq!(plugin["allow_anonymous"].as_bool(), Some(true));
        assert_eq!(plugin["namespaces"].as_array().map(Vec::len), Some(1));
        assert_eq!(plugin["namespaces"][0]["presence"].as_bool(), Some(true));
    }
}
