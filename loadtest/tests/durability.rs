//! The durability judge from end to end, against a stand-in that is really killed: an honest one passes, one that
//! acknowledges before it writes, forgets idempotency keys or skips deliveries does not.

#![expect(clippy::unwrap_used, reason = "test code")]

use durable_standin::Fault;
use killed::Standin;
use loadtest::scenario::Verdict;
use loadtest::scenario::durability::Interface;

mod durable_standin;
mod killed;

const STANDIN: Standin = Standin { config: "LOADTEST_STANDIN_CONFIG", fault: "LOADTEST_STANDIN_FAULT" };

/// Not a test of its own: the server process, when the script has named a configuration.
#[test]
fn serve_when_told() {
    let Some((config, fault)) = STANDIN.told() else { return };
    let fault = match fault.as_str() {
        "ack_before_write" => Fault::AckBeforeWrite,
        "forget_keys" => Fault::ForgetKeys,
        "drop_delivery" => Fault::DropDelivery,
        _ => Fault::None,
    };
    tokio::runtime::Runtime::new().unwrap().block_on(durable_standin::serve(&config, fault));
}

fn judge(fault: &str) -> Verdict {
    let (verdict, figures) = STANDIN.judge(Interface::Centrifugo, fault);
    assert!(figures["stored"].as_u64() > Some(0));
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
