//! TCP listeners: bind, accept, and a task for each connection until it has become a WebSocket or ended.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use hyper_util::server::graceful::GracefulShutdown;
use parking_lot::Mutex;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::http;
use crate::routes::RouteTable;

/// Connections that the system may keep for us before we accept them.
const BACKLOG: u32 = 4096;
/// HTTP connections at a time, over all listeners. A WebSocket gives its place back once it is one.
const HTTP_CONNECTIONS_MAX: usize = 65_536;
/// After a failed accept, which happens when descriptors run out: time for some to come back.
const ACCEPT_RETRY: Duration = Duration::from_millis(50);

/// Binds an address.
///
/// # Errors
/// The address is taken or not this machine's; the message says which one.
pub(crate) fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let open = || -> io::Result<TcpListener> {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        // A restarted node need not wait for old connections to be forgotten.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    };
    open().with_context(|| format!("cannot listen on {address}"))
}

/// The acceptors of all listeners, and how they end.
pub(crate) struct Acceptors {
    seats: Arc<Semaphore>,
    stop: CancellationToken,
    graceful: Mutex<Option<GracefulShutdown>>,
}

impl Acceptors {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            seats: Arc::new(Semaphore::new(HTTP_CONNECTIONS_MAX)),
            stop: CancellationToken::new(),
            graceful: Mutex::new(Some(GracefulShutdown::new())),
        })
    }

    /// Serves a listener until [`Acceptors::stop`].
    pub(crate) fn serve(self: &Arc<Self>, listener: TcpListener, table: RouteTable) {
        let (acceptors, table) = (Arc::clone(self), Arc::new(table));
        tokio::spawn(async move {
            let stop = acceptors.stop.clone();
            tokio::select! {
                () = stop.cancelled() => {}
                () = acceptors.accept_all(&listener, &table) => {}
            }
        });
    }

    /// Takes no more connections, and lets those that speak HTTP finish what they are at.
    pub(crate) async fn stop(&self) {
        self.stop.cancel();
        let graceful = self.graceful.lock().take();
        if let Some(graceful) = graceful {
            graceful.shutdown().await;
        }
    }

    async fn accept_all(&self, listener: &TcpListener, table: &Arc<RouteTable>) {
        // The semaphore is never closed.
        while let Ok(seat) = Arc::clone(&self.seats).acquire_owned().await {
            match listener.accept().await {
                Ok((stream, peer)) => self.take(stream, peer, table, seat),
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_RETRY).await;
                }
            }
        }
    }

    fn take(&self, stream: TcpStream, peer: SocketAddr, table: &Arc<RouteTable>, seat: OwnedSemaphorePermit) {
        // A peer that is already gone is found by whoever reads.
        let _ = stream.set_nodelay(true);
        let Some(watcher) = self.graceful.lock().as_ref().map(GracefulShutdown::watcher) else { return };
        let table = Arc::clone(table);
        tokio::spawn(async move {
            http::serve(stream, peer, table, watcher).await;
            drop(seat);
        });
    }
}
