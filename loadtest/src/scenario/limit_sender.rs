//! The child process of the limit measurement: accepts sockets, waits for the word, sends, and tells what it took.

use std::io::{BufRead, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::time::{ClockId, clock_gettime};

use super::limit::Rate;
use crate::client::descriptors;
use crate::client::frame::{self, Opcode};
use crate::client::marker::{Marker, Template};

/// What the child process is given.
#[derive(Debug, Clone)]
pub struct SenderOptions {
    /// Sockets to accept.
    pub sockets: usize,
    /// Payload size in bytes.
    pub size: usize,
    /// Frames per write.
    pub batch: usize,
    /// The channel named in each frame.
    pub channel: String,
    /// How long to send.
    pub duration: Duration,
}

/// Runs the child process; its standard streams belong to the parent.
///
/// # Errors
/// When sockets cannot be accepted or written to.
pub fn run(options: &SenderOptions) -> Result<()> {
    let _ = descriptors::raise();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    println!("{}", listener.local_addr()?.port());
    std::io::stdout().flush()?;
    let mut sockets = Vec::with_capacity(options.sockets);
    for _ in 0..options.sockets {
        let (socket, _) = listener.accept().context("accept")?;
        socket.set_nodelay(true)?;
        sockets.push(socket);
    }
    std::io::stdin().lock().read_line(&mut String::new())?;
    let rate = send(&mut sockets, &frames(options), options)?;
    println!("{}", serde_json::to_string(&rate)?);
    Ok(())
}

/// The bytes of one write: a batch of publication pushes.
fn frames(options: &SenderOptions) -> Vec<u8> {
    let marker = Marker { run: 0, stream: 0, sequence: 0, sent_ns: 0 };
    let payload = String::from_utf8_lossy(Template::new(options.size).fill(marker)).into_owned();
    let channel = serde_json::Value::from(options.channel.as_str());
    let push = format!("{{\"push\":{{\"channel\":{channel},\"pub\":{{\"data\":{payload}}}}}}}");
    let mut bytes = Vec::new();
    for _ in 0..options.batch {
        frame::write_unmasked(&mut bytes, Opcode::Text, push.as_bytes());
    }
    bytes
}

fn send(sockets: &mut [TcpStream], frames: &[u8], options: &SenderOptions) -> Result<Rate> {
    let (began, cpu_before, mut deliveries) = (Instant::now(), cpu_seconds(), 0);
    while began.elapsed() < options.duration {
        for socket in &mut *sockets {
            socket.write_all(frames)?;
        }
        deliveries += (sockets.len() * options.batch) as u64;
    }
    Ok(Rate::new(deliveries, began.elapsed().as_secs_f64(), cpu_seconds() - cpu_before))
}

/// CPU time of this process, finer than the proc file system has it.
fn cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}
