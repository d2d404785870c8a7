//! Which proxy is asked.

use natter_node::config::{Centrifugo, RpcNamespace};
use natter_protocol::centrifuge::codes::ClientError;

use super::asker;
use crate::proxy::{ConnectQuestion, Proxies, ProxyError};

#[test]
fn remote_methods_find_their_proxy() {
    let mut config = Centrifugo::default();
    assert_eq!(Proxies::new(&config).rpc_route("m"), Err(ClientError::NOT_AVAILABLE));
    assert_eq!(Proxies::new(&config).rpc_route("ns:m"), Err(ClientError::NOT_AVAILABLE));
    let namespace = |name: &str, proxy_enabled| RpcNamespace {
        name: name.to_owned(),
        proxy_enabled,
        proxy_name: "second".to_owned(),
    };
    config.rpc.namespaces = vec![namespace("on", true), namespace("off", false)];
    let proxies = Proxies::new(&config);
    assert_eq!(proxies.rpc_route("on:m:n"), Ok("second"));
    assert_eq!(proxies.rpc_route("off:m"), Err(ClientError::NOT_AVAILABLE));
    assert_eq!(proxies.rpc_route("other:m"), Err(ClientError::METHOD_NOT_FOUND));
    assert_eq!(proxies.rpc_route("m"), Err(ClientError::NOT_AVAILABLE));
    config.rpc.without_namespace.proxy_enabled = true;
    assert_eq!(Proxies::new(&config).rpc_route("m"), Ok("default"));
}

#[tokio::test]
async fn what_is_not_configured_is_not_asked() {
    let proxies = Proxies::new(&Centrifugo::default());
    assert!(!proxies.has_connect() && !proxies.has_refresh());
    let answer = proxies.connect(&asker(), &ConnectQuestion::default()).await;
    assert!(matches!(answer, Err(ProxyError::NotConfigured)));
    assert!(matches!(proxies.sub_refresh("nobody", &asker(), "a").await, Err(ProxyError::NotConfigured)));
}
