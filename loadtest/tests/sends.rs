//! The scenario `sends` from end to end, against a stand-in: an honest one passes with figures, one that loses, repeats or
//! refuses a message does not.

#![expect(clippy::unwrap_used, reason = "test code")]

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use chat_standin::Fault;
use loadtest::client::address::Address;
use loadtest::client::session::Target;
use loadtest::client::token::Tokens;
use loadtest::client::wire::Encoding;
use loadtest::report::text::Progress;
use loadtest::scenario::sends::{self, SendsOptions};
use loadtest::scenario::{Setting, Verdict};
use serde_json::Value;

#[expect(dead_code, reason = "shared with the durability test, which serves by configuration")]
mod chat_standin;

/// A run of three connections, and its report.
fn run(fault: Fault, client_ids: bool) -> (Verdict, Value) {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (api, metrics) = runtime.block_on(chat_standin::start(folder.path(), fault));
    let address = Address::parse("ws://127.0.0.1:1/connection/websocket").unwrap();
    let report = folder.path().join("report.json");
    let setting = Setting {
        target: Target { address, encoding: Encoding::Json, tokens: Tokens::Signed(String::new()) },
        pid: Some(std::process::id()),
        json: Some(report.clone()),
        warmup: Duration::from_millis(100),
        duration: Duration::from_millis(300),
        threads: 2,
        stop: Arc::new(AtomicBool::new(false)),
        progress: Progress::silent(),
    };
    let options = SendsOptions {
        api: format!("http://{api}"),
        api_key: "demo-api-key".into(),
        metrics: Some(format!("http://{metrics}/metrics")),
        connections: 3,
        size: 64,
        client_ids,
    };
    let verdict = sends::run(&setting, &options).unwrap();
    let report: Value = serde_json::from_slice(&std::fs::read(report).unwrap()).unwrap();
    (verdict, report["figures"]["workloads"].clone())
}

#[test]
fn an_honest_server_passes_with_every_figure() {
    for client_ids in [false, true] {
        let (verdict, workloads) = run(Fault::None, client_ids);
        assert_eq!(verdict, Verdict::Clean);
        let workloads = workloads.as_array().unwrap();
        let extents: Vec<_> =
            workloads.iter().map(|one| (one["connections"].clone(), one["channels"].clone())).collect();
        assert_eq!(extents, [(1.into(), 1.into()), (3.into(), 3.into()), (3.into(), 1.into())]);
        for workload in workloads {
            assert!(workload["latency"]["count"].as_u64() > Some(0), "{workload}");
            assert!(workload["sends_per_second"].as_f64() > Some(0.0), "{workload}");
            assert!(workload["server"]["resident_bytes"].as_u64() > Some(0), "{workload}");
            assert_eq!(workload["judged"]["stored"], workload["judged"]["acknowledged"], "{workload}");
            // The stand-in writes every message by itself.
            assert_eq!(workload["disk"]["events_per_sync"], 1.0, "{workload}");
        }
    }
}

#[test]
fn a_lost_or_repeated_message_fails_the_run() {
    for fault in [Fault::LoseMessage, Fault::RepeatMessage] {
        let (verdict, _) = run(fault, false);
        assert!(matches!(&verdict, Verdict::Failed(reason) if reason.contains("Faults")), "{verdict:?}");
    }
}

#[test]
fn a_refusal_ends_the_run_and_is_named() {
    let (verdict, workloads) = run(Fault::Refuse, false);
    assert!(matches!(&verdict, Verdict::Failed(reason) if reason.contains("status 429")), "{verdict:?}");
    assert_eq!(workloads.as_array().map(Vec::len), Some(1));
    assert_eq!(workloads[0]["errors"], 1);
}
