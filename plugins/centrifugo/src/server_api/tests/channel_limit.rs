//! `limits.channels_per_tenant_max` and a tenant's own `channels_max`.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Api, error};

/// Demo may have three channels, other tenants two.
fn narrow() -> Api {
    Api::with(|config| {
        config.limits.channels_per_tenant_max = 2;
        config.tenants[0].limits.channels_max = Some(3);
    })
}

fn publish(channel: &str) -> Value {
    json!({"channel": channel, "data": 1})
}

#[tokio::test]
async fn each_tenant_has_its_own_bound() {
    let api = narrow();
    for channel in ["a", "b", "c"] {
        assert_eq!(api.call("publish", publish(channel)).await["result"]["offset"], 1);
    }
    assert_eq!(api.call("publish", publish("d")).await, error(106, "limit exceeded"));
    for channel in ["a", "b"] {
        assert_eq!(api.call_as_other("publish", publish(channel)).await["result"]["offset"], 1);
    }
    assert_eq!(api.call_as_other("publish", publish("c")).await, error(106, "limit exceeded"));
    assert_eq!(api.call("publish", publish("a")).await["result"]["offset"], 2, "what is there goes on");
}

#[tokio::test]
async fn an_emptied_channel_makes_way() {
    let api = narrow();
    for channel in ["a", "b", "c"] {
        api.call("publish", publish(channel)).await;
    }
    assert_eq!(api.call("publish", publish("d")).await, error(106, "limit exceeded"));
    api.call("history_remove", json!({"channel": "a"})).await;
    for _ in 0..100 {
        if api.call("publish", publish("d")).await["result"]["offset"] == 1 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the place of an emptied channel is never free");
}
