//! The server under test: started in a process group of its own, killed with SIGKILL, started again on the same data.

use std::fs::File;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process_group};

use super::ports::Ports;
use super::{DurabilityOptions, Interface, config};
use crate::client::address::Address;

/// How long a start may take, recovery included.
const READY_TIMEOUT: Duration = Duration::from_secs(60);

/// A server and where it lives.
#[derive(Debug)]
pub(super) struct Server {
    program: PathBuf,
    config: PathBuf,
    folder: PathBuf,
    ports: Ports,
    child: Option<Child>,
}

impl Server {
    /// Writes the configuration; nothing is started yet.
    pub(super) fn prepare(options: &DurabilityOptions, folder: &Path) -> Result<Self> {
        let program = options.program.canonicalize().with_context(|| format!("no {}", options.program.display()))?;
        let ports = Ports::free()?;
        let config = config::write(options, ports, folder)?;
        Ok(Self { program, config, folder: folder.to_owned(), ports, child: None })
    }

    /// Where clients connect.
    pub(super) fn address(&self) -> Result<Address> {
        Address::parse(&format!("ws://127.0.0.1:{}/connection/websocket", self.ports.client))
    }

    /// The base of the API that messages are sent through.
    pub(super) fn api_url(&self, interface: Interface) -> String {
        let path = match interface {
            Interface::Centrifugo => "/centrifugo/api",
            Interface::ChatSdk => "",
        };
        format!("http://127.0.0.1:{}{path}", self.ports.client)
    }

    /// Starts the server and waits until it is ready.
    pub(super) fn start(&mut self) -> Result<()> {
        let output = File::options().create(true).append(true).open(self.folder.join("server.log"))?;
        let child = Command::new(&self.program)
            .args(["serve", "--config"])
            .arg(&self.config)
            .env("NATTER__STORE__PATH", self.folder.join("data"))
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start {}", self.program.display()))?;
        self.child = Some(child);
        self.await_ready()
    }

    fn await_ready(&mut self) -> Result<()> {
        let url = format!("http://127.0.0.1:{}/readyz", self.ports.internal);
        let agent: ureq::Agent =
            ureq::Agent::config_builder().timeout_global(Some(Duration::from_secs(1))).build().into();
        let began = Instant::now();
        while began.elapsed() < READY_TIMEOUT {
            if agent.get(&url).call().is_ok() {
                return Ok(());
            }
            if let Some(status) = self.child.as_mut().map(Child::try_wait).transpose()?.flatten() {
                bail!("the server ended while starting: {status}; see server.log");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        bail!("the server was not ready within {} s", READY_TIMEOUT.as_secs())
    }

    /// Kills the server with SIGKILL and waits for its end.
    ///
    /// # Errors
    /// When it had ended by itself before.
    pub(super) fn kill(&mut self) -> Result<()> {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        if let Some(status) = child.try_wait()? {
            bail!("the server ended by itself: {status}");
        }
        kill_group(&child)?;
        let status = child.wait()?;
        if status.signal() != Some(Signal::KILL.as_raw()) {
            bail!("the server ended by itself: {status}");
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // After a failed run; the failure is what gets reported.
            let _ = kill_group(&child);
            let _ = child.wait();
        }
    }
}

fn kill_group(child: &Child) -> Result<()> {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).context("bad process id")?;
    Ok(kill_process_group(pid, Signal::KILL)?)
}
