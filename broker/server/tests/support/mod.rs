//! Runs the binary: commands that end, and nodes that are stopped when the test ends.

#![allow(dead_code, reason = "each test program uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a helper of tests fails the test")]

use std::fs::File;
use std::io::Write;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

/// How long anything may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// The binary, without variables of the caller that could change what it does.
pub(crate) fn natter(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_natter"));
    let ours = std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("NATTER"));
    ours.for_each(|(name, _)| {
        command.env_remove(name);
    });
    command.env_remove("RUST_LOG").current_dir(folder);
    command
}

/// Runs a command to its end.
pub(crate) fn run(folder: &Path, arguments: &[&str]) -> Output {
    natter(folder).args(arguments).output().unwrap()
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A port that nobody listens on now.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// A running node in a folder of its own.
pub(crate) struct Node {
    pub(crate) folder: TempDir,
    pub(crate) port: u16,
    pub(crate) internal: u16,
    child: Child,
}

impl Node {
    /// Starts a node on this configuration, whose addresses are chosen here, and waits until it is ready.
    pub(crate) fn start(configuration: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self::start_in(folder, configuration)
    }

    /// As [`Node::start`], in a folder that may hold the data of another run.
    pub(crate) fn start_in(folder: TempDir, configuration: &str) -> Self {
        let (port, internal) = (free_port(), free_port());
        let text = format!(
            "{configuration}\n[server]\ninternal_address = \"127.0.0.1:{internal}\"\nworkers = 2\n\
             [[listeners]]\naddress = \"127.0.0.1:{port}\"\n"
        );
        File::create(folder.path().join("natter.toml")).unwrap().write_all(text.as_bytes()).unwrap();
        let mut command = natter(folder.path());
        command.args(["serve", "--config", "natter.toml"]);
        Self::spawn(command, folder, port, internal)
    }

    /// Starts a prepared command and waits until the node is ready.
    pub(crate) fn spawn(mut command: Command, folder: TempDir, port: u16, internal: u16) -> Self {
        let log = File::create(folder.path().join("log")).unwrap();
        let child = command.stderr(log).stdout(Stdio::null()).spawn().unwrap();
        let mut node = Self { folder, port, internal, child };
        let started = Instant::now();
        while get(node.internal, "/readyz").is_none_or(|(status, _)| status != 200) {
            assert!(node.child.try_wait().unwrap().is_none(), "the node ended: {}", node.log());
            assert!(started.elapsed() < PATIENCE, "the node is not ready: {}", node.log());
            sleep(Duration::from_millis(20));
        }
        node
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn child(&self) -> &Child {
        &self.child
    }

    /// Ends the node at once and keeps its folder.
    pub(crate) fn into_folder(mut self) -> TempDir {
        let _ = self.child.kill();
        let _ = self.child.wait();
        std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap())
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for the end.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(started.elapsed() < PATIENCE, "the node did not end: {}", self.log());
            sleep(Duration::from_millis(20));
        }
    }

    /// Waits until a text shows up in the log.
    pub(crate) fn wait_for_log(&self, text: &str) {
        let started = Instant::now();
        while !self.log().contains(text) {
            assert!(started.elapsed() < PATIENCE, "no {text:?} in: {}", self.log());
            sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `GET` of a path; nothing when nobody answers.
pub(crate) fn get(port: u16, path: &str) -> Option<(u16, String)> {
    request(port, path, None)
}

/// `GET` with headers of one's own.
pub(crate) fn request(port: u16, path: &str, bearer: Option<&str>) -> Option<(u16, String)> {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let mut request = agent.get(format!("http://127.0.0.1:{port}{path}"));
    if let Some(bearer) = bearer {
        request = request.header("authorization", format!("Bearer {bearer}"));
    }
    let mut response = request.call().ok()?;
    Some((response.status().as_u16(), response.body_mut().read_to_string().unwrap()))
}

/// `POST` of JSON with an API key.
pub(crate) fn post(port: u16, path: &str, api_key: &str, body: &Value) -> (u16, Value) {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let request = agent.post(format!("http://127.0.0.1:{port}{path}")).header("x-api-key", api_key);
    let mut response = request.send_json(body).unwrap();
    let text = response.body_mut().read_to_string().unwrap();
    (response.status().as_u16(), serde_json::from_str(&text).unwrap_or(Value::Null))
}
