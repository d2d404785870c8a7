//! The durability judge of a chat from end to end, against a stand-in that is really killed: an honest one passes; one
//! that acknowledges before it writes, forgets `clientId`s or read positions, or skips events does not.

#![expect(clippy::unwrap_used, reason = "test code")]

use chat_standin::Fault;
use killed::Standin;
use loadtest::scenario::Verdict;
use loadtest::scenario::durability::Interface;

#[expect(dead_code, reason = "shared with the test of sends, which serves within its own process")]
mod chat_standin;
mod killed;

const STANDIN: Standin = Standin { config: "LOADTEST_CHAT_STANDIN_CONFIG", fault: "LOADTEST_CHAT_STANDIN_FAULT" };

/// Not a test of its own: the server process, when the script has named a configuration.
#[test]
fn serve_when_told() {
    let Some((config, fault)) = STANDIN.told() else { return };
    tokio::runtime::Runtime::new().unwrap().block_on(chat_standin::serve(&config, Fault::named(&fault)));
}

/// The verdict over a stand-in with this fault, and the findings.
fn judge(fault: &str) -> (Verdict, String) {
    let (verdict, figures) = STANDIN.judge(Interface::ChatSdk, fault);
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
