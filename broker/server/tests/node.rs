//! A running node: health, metrics, listeners, demo page, reload, shutdown.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails the test")]

mod support;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;

use rustix::process::Signal;
use serde_json::{Value, json};
use support::{Node, free_port, get, natter, post, run, stderr, stdout};

#[test]
fn a_node_is_healthy_ready_and_measured() {
    let node = Node::start("");
    assert_eq!(get(node.internal, "/healthz").unwrap().0, 200);
    let (status, page) = get(node.internal, "/metrics").unwrap();
    assert_eq!(status, 200);
    for expected in [
        "natter_build_info{version=",
        "natter_node_state{state=\"ready\"} 1",
        "natter_node_state{state=\"draining\"} 0",
        "natter_store_queue_depth{store=\"embedded\"} 0",
        "natter_store_op_duration_seconds_count{store=\"embedded\",op=\"scan_rows\"}",
        "process_resident_memory_bytes",
        "process_open_fds",
        "\nnatter_metric_series ",
    ] {
        assert!(page.contains(expected), "{expected} in {page}");
    }
    assert_eq!(get(node.internal, "/elsewhere").unwrap(), (404, r#"{"error":"not found"}"#.to_owned()));
}

#[test]
fn a_listener_answers_404_in_plain_json() {
    let node = Node::start("");
    assert_eq!(get(node.port, "/nowhere").unwrap(), (404, r#"{"error":"not found"}"#.to_owned()));
    assert_eq!(get(node.port, "/metrics").unwrap().0, 404);
    assert_eq!(get(node.port, &format!("/{}", "x".repeat(9_000))).unwrap().0, 414);
}

#[test]
fn the_demo_page_has_tokens_for_its_users() {
    let node = Node::start("");
    assert!(get(node.port, "/").unwrap().1.contains("<title>natter demo</title>"));
    assert_eq!(get(node.port, "/demo/centrifuge.js").unwrap().0, 200);
    let (status, body) = get(node.port, "/demo/token?user=alice").unwrap();
    assert_eq!(status, 200);
    let token: Value = serde_json::from_str(&body).unwrap();
    let text = stdout(&run(
        node.folder.path(),
        &["token", "inspect", token["token"].as_str().unwrap(), "--config", "natter.toml"],
    ));
    assert!(text.contains("\"sub\": \"alice\"") && text.contains("a valid connection token"), "{text}");
    assert_eq!(get(node.port, "/demo/token?user=").unwrap().0, 400);
}

#[test]
fn the_demo_page_goes_with_the_published_secret() {
    let node = Node::start("[[tenants]]\nid = \"demo\"\ntoken_secret = \"a-secret-of-more-than-thirty-two-bytes\"\n");
    assert_eq!(get(node.port, "/").unwrap().0, 404);
    assert_eq!(get(node.port, "/demo/token?user=alice").unwrap().0, 404);
}

#[test]
fn a_second_node_on_the_same_folder_is_refused() {
    let node = Node::start("");
    let output = natter(node.folder.path())
        .args(["serve", "--config", "natter.toml"])
        .env("NATTER__SERVER__INTERNAL_ADDRESS", format!("127.0.0.1:{}", free_port()))
        .env("NATTER__LISTENERS__0__ADDRESS", format!("127.0.0.1:{}", free_port()))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("is in use by another natter process"), "{}", stderr(&output));
    let taken = run(node.folder.path(), &["serve", "--config", "natter.toml"]);
    assert!(stderr(&taken).contains(&format!("cannot listen on 127.0.0.1:{}", node.port)), "{}", stderr(&taken));
    assert_eq!(get(node.internal, "/readyz").unwrap().0, 200);
}

#[test]
fn a_hang_up_reloads_and_a_bad_file_changes_nothing() {
    let node = Node::start("");
    let file = node.path("natter.toml");
    let before = fs::read_to_string(&file).unwrap();
    let tenants = "[[tenants]]\nid = \"new\"\napi_keys = [\"new-key\"]\n[[tenants]]\nid = \"demo\"\n";
    fs::write(&file, format!("{before}{tenants}")).unwrap();
    assert_eq!(post(node.port, "/centrifugo/api/info", "new-key", &json!({})).0, 401);
    node.signal(Signal::HUP);
    node.wait_for_log("the configuration was reloaded");
    assert_eq!(post(node.port, "/centrifugo/api/info", "new-key", &json!({})).0, 200);
    assert_eq!(post(node.port, "/centrifugo/api/info", "demo-api-key", &json!({})).0, 401);

    fs::write(&file, format!("{before}[limits]\nframe_bytes_max = \"many\"\n")).unwrap();
    node.signal(Signal::HUP);
    node.wait_for_log("the configuration was not reloaded: natter.toml:");
    assert_eq!(post(node.port, "/centrifugo/api/info", "new-key", &json!({})).0, 200);
    let page = get(node.internal, "/metrics").unwrap().1;
    assert!(page.contains("natter_config_reload_total{result=\"ok\"} 1"), "{page}");
    assert!(page.contains("natter_config_reload_total{result=\"failed\"} 1"));
    assert!(page.contains("natter_config_last_reload_success 0"));
}

#[test]
fn a_terminated_node_says_goodbye_and_exits_with_0() {
    let mut node = Node::start("");
    let mut socket = websocket(node.port);
    node.signal(Signal::TERM);
    let mut rest = Vec::new();
    socket.read_to_end(&mut rest).unwrap();
    // A close frame (RFC 6455 section 5.5.1) with Centrifugo's code for a shutdown.
    let goodbye = [&3001u16.to_be_bytes()[..], b"shutdown"].concat();
    assert!(rest.windows(goodbye.len()).any(|part| part == goodbye), "{rest:?}");
    assert_eq!(node.wait().code(), Some(0));
    assert!(node.log().contains("stopped"), "{}", node.log());
}

/// A connection that has been greeted.
fn websocket(port: u16) -> TcpStream {
    let token = get(port, "/demo/token?user=alice").unwrap().1;
    let token: Value = serde_json::from_str(&token).unwrap();
    let mut socket = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let head = "GET /connection/websocket HTTP/1.1\r\nHost: natter\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
    socket.write_all(head.as_bytes()).unwrap();
    read_until(&mut socket, b"\r\n\r\n");
    let command = json!({ "id": 1, "connect": { "token": token["token"] } }).to_string();
    let length = u16::try_from(command.len()).unwrap().to_be_bytes();
    // A masked text frame; a mask of zeros changes nothing.
    socket.write_all(&[&[0x81, 0xfe][..], &length[..], &[0; 4][..], command.as_bytes()].concat()).unwrap();
    read_until(&mut socket, b"}}");
    socket
}

fn read_until(socket: &mut TcpStream, end: &[u8]) {
    let mut seen = Vec::new();
    let mut byte = [0];
    while !seen.ends_with(end) {
        assert_eq!(socket.read(&mut byte).unwrap(), 1, "{seen:?}");
        seen.extend(byte);
    }
}

#[test]
fn the_reference_configuration_boots() {
    let folder = tempfile::tempdir().unwrap();
    let ports: Vec<u16> = (0..6).map(|_| free_port()).collect();
    let address = |index: usize| format!("127.0.0.1:{}", ports[index]);
    let mut command = natter(folder.path());
    command
        .args(["serve", "--config", concat!(env!("CARGO_MANIFEST_DIR"), "/../../natter.toml")])
        .env("NATTER__SERVER__INTERNAL_ADDRESS", address(4))
        .env("NATTER__QUIC__ADDRESS", address(5))
        .env("NATTER__STORE__PATH", folder.path().join("store"));
    for listener in 0..4 {
        command.env(format!("NATTER__LISTENERS__{listener}__ADDRESS"), address(listener));
    }
    let node = Node::spawn(command, folder, ports[0], ports[4]);
    for port in &ports[..4] {
        assert_eq!(get(*port, "/nowhere").unwrap().0, 404);
    }
    let info = |port: u16, path: &str| post(port, path, "demo-api-key", &json!({})).0;
    assert_eq!(info(ports[0], "/centrifugo/api/info"), 200);
    assert_eq!(info(ports[0], "/api/info"), 404);
    assert_eq!(info(ports[1], "/api/info"), 200);
    assert_eq!(info(ports[2], "/centrifugo/api/info"), 404);
    assert!(node.path("store/admin.token").exists());
}
