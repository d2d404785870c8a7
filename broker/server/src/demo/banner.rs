//! What a development node says when it is up.

use std::fmt::Write as _;
use std::path::absolute;

use natter_node::config::{Config, StoreKind};

use super::is_served;

/// The banner of a node that was started without a file.
pub(crate) fn banner(config: &Config) -> String {
    let mut text = String::from("\n  natter is ready. It is a development node: no file was given.\n\n");
    let mut line = |name: &str, value: &str| {
        // Writing to a text cannot fail.
        let _ = writeln!(text, "  {name:<15} {value}");
    };
    for listener in &config.listeners {
        let address = listener.address;
        if is_served(listener, config) {
            line("demo page", &format!("http://{address}/"));
        }
        if listener.serves("centrifugo") {
            line("WebSocket", &format!("ws://{address}/connection/websocket"));
            line("HTTP API", &format!("http://{address}/centrifugo/api/"));
        }
    }
    line("internal", &format!("http://{0}/metrics, /healthz, /readyz", config.server.internal_address));
    for tenant in &config.tenants {
        let keys: Vec<&str> = tenant.api_keys.iter().map(|key| key.reveal()).collect();
        line("tenant", &tenant.id);
        line("API key", &keys.join(", "));
    }
    line("data", &place(config));
    line("user token", "natter token create --user alice");
    line("configuration", "natter config --print-default > natter.toml; natter serve --config natter.toml");
    text.push('\n');
    text
}

fn place(config: &Config) -> String {
    if config.store.kind == StoreKind::Memory {
        return "in memory only".to_owned();
    }
    absolute(&config.store.path).unwrap_or_else(|_| config.store.path.clone()).display().to_string()
}
