//! The proxies against a backend of our own on this machine.

mod answers;
mod bounds;
mod headers;
mod keys;
mod maps;
mod questions;
mod routes;
mod standin;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::http::HeaderMap;
use bytes::Bytes;
use natter_node::config::{Centrifugo, Proxy};
use natter_protocol::centrifuge::framing::Encoding;

use self::standin::Backend;
use super::{Asker, Proxies};

/// Proxies that all ask one backend, each at a path of its own.
fn proxies(backend: &Backend, change: impl Fn(&mut Proxy)) -> Proxies {
    let proxy = |path: &str| {
        let mut proxy = Proxy { enabled: true, endpoint: backend.url(path), ..Proxy::default() };
        // What a slow machine needs; the tests of the timeout set their own.
        proxy.timeout = std::time::Duration::from_secs(20);
        change(&mut proxy);
        proxy
    };
    let mut config = Centrifugo::default();
    config.client.proxy.connect = proxy("/connect");
    config.client.proxy.refresh = proxy("/refresh");
    config.channel.proxy.subscribe = proxy("/subscribe");
    config.channel.proxy.publish = proxy("/publish");
    config.channel.proxy.sub_refresh = proxy("/sub_refresh");
    config.channel.proxy.map_publish = proxy("/map_publish");
    config.channel.proxy.map_remove = proxy("/map_remove");
    config.channel.proxy.shared_poll_refresh = proxy("/keys");
    config.rpc.proxy = proxy("/rpc");
    config.proxies = vec![Proxy { name: "second".to_owned(), ..proxy("/second") }];
    Proxies::new(&config)
}

fn asker() -> Asker {
    Asker {
        client: "c1".to_owned(),
        transport: "websocket",
        encoding: Encoding::Json,
        user: "ada".to_owned(),
        meta: Some(Bytes::from_static(b"{\"m\":1}")),
        headers: Some(Arc::new(HeaderMap::new())),
        emulated_headers: Arc::new(BTreeMap::new()),
    }
}
