//! Loads against the stand-in server: a clean run is clean, and each fault of the server is found.

#![expect(clippy::unwrap_used, reason = "test code")]

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use loadtest::client::address::Address;
use loadtest::client::session::Target;
use loadtest::client::token::Tokens;
use loadtest::client::wire::Encoding;
use loadtest::load::checker::Faults;
use loadtest::load::plan::{Pace, Plan};
use loadtest::report::text::Progress;
use loadtest::scenario::measured::{Figures, measure};
use loadtest::scenario::{Setting, Verdict};
use standin::Fault;

mod standin;

/// Runs `plan` against a fresh stand-in.
fn run(encoding: Encoding, fault: Fault, plan: impl FnOnce(Target) -> Plan) -> Figures {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let address = runtime.block_on(standin::start(encoding, fault, 0));
    let address = Address::parse(&format!("ws://{address}/connection/websocket")).unwrap();
    let target = Target { address, encoding, tokens: Tokens::Anonymous };
    let setting = Setting {
        target: target.clone(),
        pid: Some(std::process::id()),
        json: None,
        warmup: Duration::from_millis(50),
        duration: Duration::from_millis(400),
        threads: 2,
        stop: Arc::new(AtomicBool::new(false)),
        progress: Progress::silent(),
    };
    let figures = measure(&setting, plan(target)).unwrap();
    runtime.shutdown_background();
    figures
}

fn fanout(pace: Pace, publishers: usize) -> impl FnOnce(Target) -> Plan {
    move |target| Plan {
        target,
        channels: vec!["fast:fanout".to_owned(); publishers],
        publishers,
        subscribers: vec![0..publishers as u32; 10],
        pace,
        size: 128,
        threads: 2,
    }
}

#[test]
fn a_clean_fanout_is_clean_in_both_encodings() {
    for encoding in [Encoding::Json, Encoding::Protobuf] {
        let figures = run(encoding, Fault::None, fanout(Pace::Window(8), 2));
        assert_eq!(figures.verdict(), Verdict::Clean, "{:?}", figures.reasons);
        let [sent, acknowledged, refused, unanswered] = figures.published;
        assert_eq!((acknowledged, refused, unanswered), (sent, 0, 0));
        assert_eq!(figures.delivered, sent * 10);
        assert!(figures.delivery_latency.count > 0 && figures.publish_latency.count > 0);
        assert!(figures.text("fanout").finish().contains("deliveries/server CPU s") || figures.server.is_some());
    }
}

#[test]
fn a_fixed_rate_is_kept_without_answers_in_between() {
    let figures = run(Encoding::Json, Fault::None, fanout(Pace::Rate(500.0), 3));
    assert_eq!(figures.verdict(), Verdict::Clean, "{:?}", figures.reasons);
    assert!(figures.published[0] > 0);
}

#[test]
fn rooms_check_each_channel_apart() {
    let figures = run(Encoding::Json, Fault::None, |target| Plan {
        target,
        channels: (0..40).map(|room| format!("fast:room-{room}")).collect(),
        publishers: 3,
        subscribers: (0..20).flat_map(|group| vec![group * 2..group * 2 + 2; 2]).collect(),
        pace: Pace::Window(4),
        size: 64,
        threads: 2,
    });
    assert_eq!(figures.verdict(), Verdict::Clean, "{:?}", figures.reasons);
    assert_eq!(figures.delivered, figures.published[0] * 2);
}

#[test]
fn each_fault_of_the_server_is_found() {
    let faults = |fault| run(Encoding::Json, fault, fanout(Pace::Window(4), 1));
    let expect = |fault, expected: Faults| {
        let figures = faults(fault);
        assert_eq!(figures.faults, expected, "{fault:?}");
        assert!(matches!(figures.verdict(), Verdict::Failed(_)), "{fault:?}");
    };
    expect(Fault::Drop(20), Faults { lost: 1, ..Faults::default() });
    expect(Fault::Swap(20), Faults { reordered: 10, ..Faults::default() });
    expect(Fault::Repeat(20), Faults { duplicated: 10, ..Faults::default() });
}

#[test]
fn a_refused_publish_is_told_but_is_no_loss() {
    let figures = run(Encoding::Json, Fault::Refuse(20), fanout(Pace::Window(4), 1));
    assert_eq!(figures.verdict(), Verdict::Clean, "{:?}", figures.reasons);
    assert_eq!(figures.published[2], 1);
    assert_eq!(figures.reasons, ["publish refused: 111 too many requests"]);
}

#[test]
fn a_subscriber_that_is_cut_off_fails_the_run() {
    let figures = run(Encoding::Json, Fault::Cut(20), fanout(Pace::Window(4), 1));
    assert_eq!(figures.connections_lost, 1);
    assert!(figures.faults.lost > 0);
    assert_eq!(figures.reasons, ["closed by the server: 3008 slow"]);
}
