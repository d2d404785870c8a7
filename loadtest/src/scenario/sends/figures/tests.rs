use super::*;
use crate::scenario::sends::connection::SendLog;
use crate::scenario::sends::judge::Stored;
use crate::scenario::sends::metrics::Disk;
use crate::scenario::sends::setup::{Lane, PlannedChannel};

/// One connection that sent twice in half a second, with two milliseconds of the server's CPU time and one sync.
fn figures(spoil: impl FnOnce(&mut Found, &mut Vec<ReadBack>)) -> WorkloadFigures {
    let plan = Plan {
        lanes: vec![Lane { token: String::new(), channel: 0 }],
        channels: vec![PlannedChannel { id: String::new(), token: String::new() }],
    };
    let mut latency = crate::report::hdr::latency();
    latency.saturating_record(1_000_000);
    let usage = Usage { cpu_seconds: 0.002, ..Usage::default() };
    let mut found = Found {
        run: 1,
        seconds: 0.5,
        interrupted: false,
        acknowledged: 2,
        latency,
        server: Some(usage),
        generator: usage,
        disk: Some(Disk { syncs: 1.0, sync_seconds: 0.25, events: 2.0 }),
        logs: vec![SendLog { channel: 0, acknowledged: vec![1, 2], sent: 2 }],
        errors: 0,
        reasons: Vec::new(),
    };
    let mark = |number| Some(crate::scenario::sends::marker::Mark { connection: 0, number });
    let messages = vec![Stored { seq: 1, mark: mark(0) }, Stored { seq: 2, mark: mark(1) }];
    let mut channels = vec![ReadBack { max_seq: 2, messages }];
    spoil(&mut found, &mut channels);
    WorkloadFigures::new(Workload::Alone, &plan, found, &channels)
}

#[test]
fn figures_are_per_second_and_per_send() {
    let figures = figures(|_, _| {});
    assert!((figures.sends_per_second - 4.0).abs() < 1e-9);
    assert!((figures.server_cpu_us_per_send.unwrap() - 1000.0).abs() < 1e-9);
    let disk = DiskFigures { syncs: 1.0, syncs_per_second: 2.0, events_per_sync: 2.0, sync_ms: 250.0 };
    assert_eq!(figures.disk, Some(disk));
    assert_eq!(figures.verdict(), Ok(()));
    let text = figures.text();
    assert!(text.finish().contains("2.00 events per sync"), "{}", text.finish());
}

#[test]
fn every_kind_of_wrong_fails_the_run() {
    let verdicts = [
        figures(|_, channels| channels[0].max_seq = 3).verdict(),
        figures(|found, _| {
            found.errors = 1;
            found.reasons = vec!["status 429".into()];
        })
        .verdict(),
        figures(|found, _| found.logs[0].sent = 3).verdict(),
        figures(|found, _| found.latency.reset()).verdict(),
    ];
    for (verdict, word) in verdicts.into_iter().zip(["gaps: 1", "status 429", "no answer", "nothing was sent"]) {
        assert!(verdict.clone().is_err_and(|reason| reason.contains(word)), "{word}: {verdict:?}");
    }
}
