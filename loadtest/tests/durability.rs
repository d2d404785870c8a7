//! The durability judge from end to end, against a stand-in that is really killed: an honest one passes, one that
//! acknowledges before it writes, forgets idempotency keys or skips deliveries does not.
//!
//! The server is this test program again: a small script starts it with only [`serve_when_told`].

#![expect(clippy::unwrap_used, reason = "test code")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use durable_standin::Fault;
use loadtest::client::address::Address;
use loadtest::client::session::Target;
use loadtest::client::token::Tokens;
use loadtest::client::wire::Encoding;
use loadtest::report::text::Progress;
use loadtest::scenario::durability::{self, DurabilityOptions, Interface};
use loadtest::scenario::{Setting, Verdict};

mod durable_standin;

const CONFIG: &str = "LOADTEST_STANDIN_CONFIG";
const FAULT: &str = "LOADTEST_STANDIN_FAULT";

/// Not a test of its own: the server process, when the script has named a configuration.
#[test]
fn serve_when_told() {
    let (Some(config), Ok(fault)) = (std::env::var_os(CONFIG), std::env::var(FAULT)) else { return };
    let fault = match fault.as_str() {
        "ack_before_write" => Fault::AckBeforeWrite,
        "forget_keys" => Fault::ForgetKeys,
        "drop_delivery" => Fault::DropDelivery,
        _ => Fault::None,
    };
    tokio::runtime::Runtime::new().unwrap().block_on(durable_standin::serve(Path::new(&config), fault));
}

/// Called as `script serve --config FILE`.
fn script(folder: &Path, fault: &str) -> PathBuf {
    let (path, program) = (folder.join("standin"), std::env::current_exe().unwrap());
    let line =
        format!("{CONFIG}=\"$3\" {FAULT}={fault} exec '{}' --exact serve_when_told --nocapture", program.display());
    fs::write(&path, format!("#!/bin/sh\n{line}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

fn judge(fault: &str) -> Verdict {
    let folder = tempfile::tempdir().unwrap();
    let address = Address::parse("ws://127.0.0.1:1/connection/websocket").unwrap();
    let setting = Setting {
        target: Target { address, encoding: Encoding::Json, tokens: Tokens::Anonymous },
        pid: None,
        json: Some(folder.path().join("report.json")),
        warmup: Duration::ZERO,
        duration: Duration::ZERO,
        threads: 1,
        stop: Arc::new(AtomicBool::new(false)),
        progress: Progress::silent(),
    };
    let options = DurabilityOptions {
        interface: Interface::Centrifugo,
        program: script(folder.path(), fault),
        config: None,
        kills: 3,
        seed: 7,
        connections: 8,
        channels: 2,
        subscribers_per_channel: 2,
        rate: 800.0,
        round: Duration::from_millis(400),
        namespace: "durable".into(),
        api_key: "demo-api-key".into(),
        folder: Some(folder.path().to_owned()),
        keep: false,
    };
    let verdict = durability::run(&setting, &options).unwrap();
    let report: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.path().join("report.json")).unwrap()).unwrap();
    assert_eq!(report["figures"]["seed"], 7);
    assert_eq!(report["figures"]["rounds"].as_array().map(Vec::len), Some(3));
    assert!(report["figures"]["stored"].as_u64() > Some(0));
    verdict
}

#[test]
fn an_honest_server_passes() {
    assert_eq!(judge("none"), Verdict::Clean);
}

#[test]
fn an_acknowledgement_before_the_write_is_caught() {
    assert!(matches!(judge("ack_before_write"), Verdict::Failed(_)));
}

#[test]
fn forgotten_idempotency_keys_are_caught() {
    assert!(matches!(judge("forget_keys"), Verdict::Failed(_)));
}

#[test]
fn skipped_deliveries_are_caught() {
    assert!(matches!(judge("drop_delivery"), Verdict::Failed(_)));
}
