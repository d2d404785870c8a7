//! What the tests of the durability judges share: a stand-in that is really killed, and the verdict over it.
//!
//! The server is the test program again: a small script starts it with only its test `serve_when_told`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use loadtest::client::address::Address;
use loadtest::client::session::Target;
use loadtest::client::token::Tokens;
use loadtest::client::wire::Encoding;
use loadtest::report::text::Progress;
use loadtest::scenario::durability::{self, DurabilityOptions, Interface};
use loadtest::scenario::{Setting, Verdict};

/// A stand-in, by the variables that tell its process what to do.
pub(crate) struct Standin {
    /// Names the configuration.
    pub(crate) config: &'static str,
    /// Names the fault.
    pub(crate) fault: &'static str,
}

impl Standin {
    /// The configuration and the fault, in a process that is to serve.
    pub(crate) fn told(&self) -> Option<(PathBuf, String)> {
        Some((std::env::var_os(self.config)?.into(), std::env::var(self.fault).ok()?))
    }

    /// Called as `script serve --config FILE`.
    fn script(&self, folder: &Path, fault: &str) -> PathBuf {
        let (path, program) = (folder.join("standin"), std::env::current_exe().unwrap());
        let line = format!(
            "{}=\"$3\" {}={fault} exec '{}' --exact serve_when_told --nocapture",
            self.config,
            self.fault,
            program.display()
        );
        fs::write(&path, format!("#!/bin/sh\n{line}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    /// The verdict over a stand-in with this fault, and the figures of the report.
    pub(crate) fn judge(&self, interface: Interface, fault: &str) -> (Verdict, serde_json::Value) {
        let folder = tempfile::tempdir().unwrap();
        let verdict = durability::run(&setting(folder.path()), &self.options(interface, folder.path(), fault)).unwrap();
        let report = fs::read(folder.path().join("report.json")).unwrap();
        let mut report: serde_json::Value = serde_json::from_slice(&report).unwrap();
        let figures = report["figures"].take();
        assert_eq!(figures["seed"], 7);
        assert_eq!(figures["rounds"].as_array().map(Vec::len), Some(3));
        (verdict, figures)
    }

    fn options(&self, interface: Interface, folder: &Path, fault: &str) -> DurabilityOptions {
        DurabilityOptions {
            interface,
            program: self.script(folder, fault),
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
            folder: Some(folder.to_owned()),
            keep: false,
        }
    }
}

fn setting(folder: &Path) -> Setting {
    let address = Address::parse("ws://127.0.0.1:1/connection/websocket").unwrap();
    Setting {
        target: Target { address, encoding: Encoding::Json, tokens: Tokens::Anonymous },
        pid: None,
        json: Some(folder.join("report.json")),
        warmup: Duration::ZERO,
        duration: Duration::ZERO,
        threads: 1,
        stop: Arc::new(AtomicBool::new(false)),
        progress: Progress::silent(),
    }
}
