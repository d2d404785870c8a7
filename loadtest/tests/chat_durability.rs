//! The durability judge of a chat from end to end, against a stand-in that is really killed: an honest one passes; one
//! that acknowledges before it writes, forgets `clientId`s or read positions, or skips events does not.
//!
//! The server is this test program again: a small script starts it with only [`serve_when_told`].

#![expect(clippy::unwrap_used, reason = "test code")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use chat_standin::Fault;
use loadtest::client::address::Address;
use loadtest::client::session::Target;
use loadtest::client::token::Tokens;
use loadtest::client::wire::Encoding;
use loadtest::report::text::Progress;
use loadtest::scenario::durability::{self, DurabilityOptions, Interface};
use loadtest::scenario::{Setting, Verdict};

#[expect(dead_code, reason = "shared with the test of sends, which serves within its own process")]
mod chat_standin;

const CONFIG: &str = "LOADTEST_CHAT_STANDIN_CONFIG";
const FAULT: &str = "LOADTEST_CHAT_STANDIN_FAULT";

/// Not a test of its own: the server process, when the script has named a configuration.
#[test]
fn serve_when_told() {
    let (Some(config), Ok(fault)) = (std::env::var_os(CONFIG), std::env::var(FAULT)) else { return };
    let serving = chat_standin::serve(Path::new(&config), Fault::named(&fault));
    tokio::runtime::Runtime::new().unwrap().block_on(serving);
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

/// The verdict over a stand-in with this fault, and the findings.
fn judge(fault: &str) -> (Verdict, String) {
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
        interface: Interface::ChatSdk,
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
    let figures = &report["figures"];
    assert_eq!(figures["rounds"].as_array().map(Vec::len), Some(3));
    for number in 0..3 {
        assert!(figures["changes"][number].as_u64() > Some(0), "{figures}");
    }
    assert!(figures["deliveries"].as_u64() > Some(0), "{figures}");
    assert!(figures["sessions"][1].as_u64() > Some(0), "somebody came back: {figures}");
    (verdict, figures["findings"].to_string())
}

#[test]
fn an_honest_server_passes() {
    let (verdict, findings) = judge("none");
    assert_eq!(verdict, Verdict::Clean, "{findings}");
}

#[test]
fn every_fault_is_caught_by_its_invariant() {
    for (fault, invariant) in [
        ("ack_before_write", "I1 no loss"),
        ("forget_client_ids", "I3 no duplicate"),
        ("drop_event", "I4 continuity"),
        ("forget_reads", "I6 read position"),
    ] {
        let (verdict, findings) = judge(fault);
        assert!(matches!(verdict, Verdict::Failed(_)), "{fault} was not caught");
        assert!(findings.contains(invariant), "{fault}: {findings}");
    }
}
