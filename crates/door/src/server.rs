//! The listening socket, and what its connections are held to.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, extract::ConnectInfo};
use hyper::{
    body::Incoming,
    server::conn::http1,
    service::{Service as _, service_fn},
    upgrade::OnUpgrade,
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use quorate_wire::Payer;
use tokio::{
    net::{TcpListener, TcpSocket},
    sync::{Semaphore, watch},
    task::JoinSet,
};

use crate::{body, places::Places, socket::Socket};

/// The loop that accepts comes round at least this often.
const BEAT: Duration = Duration::from_secs(1);
/// Connections that wait in the system's queue to be accepted. Where it is full, a caller's first packet is dropped and
/// comes again after a second: one page that asks for 200 things at once is no reason.
const BACKLOG: u32 = 1_024;
/// Pause after the system has refused a connection, when it is out of descriptors.
const PAUSE: Duration = Duration::from_millis(100);

/// What connections are held to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Open connections, those that were upgraded included. One address gets half.
    pub connections: usize,
    /// A request's head arrives within this; it also ends idle connections.
    pub head: Duration,
    /// A request's body arrives within this, where its handler takes it by [`body::receive`].
    pub body: Duration,
    /// A connection takes no further request after this.
    pub life: Duration,
    /// What was asked for by then is answered and taken within this.
    pub last_answer: Duration,
    /// Bytes of a request's head, 8 KiB at least.
    pub head_bytes_max: usize,
    /// Headers of a request.
    pub headers_max: usize,
    /// Whether a handler may take a connection over, as for a WebSocket. Then it holds its place until the handler lets go
    /// of it: what it is held to is the handler's to say.
    pub upgrades: bool,
}

impl Bounds {
    /// The usual ones, with so many connections. No connection can be taken over.
    #[must_use]
    pub const fn new(connections: usize) -> Self {
        Bounds {
            connections,
            head: Duration::from_secs(10),
            body: body::WITHIN,
            life: Duration::from_secs(120),
            // The longest execution and some time.
            last_answer: Duration::from_secs(45),
            head_bytes_max: 32 << 10,
            headers_max: 64,
            upgrades: false,
        }
    }
}

/// The listening socket.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    bounds: Bounds,
    places: Arc<Semaphore>,
    shares: Arc<Places>,
}

impl Server {
    /// Listens, and accepts nobody yet. Up to 1,024 connections wait to be accepted.
    ///
    /// # Errors
    /// If the address cannot be had.
    pub async fn bind(listen: SocketAddr, bounds: Bounds) -> io::Result<Self> {
        let socket = if listen.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        socket.set_reuseaddr(true)?;
        socket.bind(listen)?;
        let listener = socket.listen(BACKLOG)?;
        let places = Arc::new(Semaphore::new(bounds.connections));
        Ok(Server { listener, bounds, places, shares: Places::new(bounds.connections) })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// If the system does not say.
    pub fn local_address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `stop` turns true; then no new request is taken, and those in progress are answered. Connections that
    /// handlers have taken over are not waited for. Handlers find the caller's address as [`ConnectInfo`]. The loop says at
    /// least once a second, by `heartbeat`, that it lives.
    pub async fn run(self, router: Router, mut stop: watch::Receiver<bool>, heartbeat: impl Fn() + Send) {
        let mut connections = JoinSet::new();
        loop {
            heartbeat();
            while connections.try_join_next().is_some() {}
            let place = tokio::select! {
                _ = stop.wait_for(|stop| *stop) => break,
                () = tokio::time::sleep(BEAT) => continue,
                // Beyond the limit, callers wait in the system's own bounded queue.
                place = self.places.clone().acquire_owned() => place,
            };
            let Ok(place) = place else { break };
            let accepted = tokio::select! {
                _ = stop.wait_for(|stop| *stop) => break,
                () = tokio::time::sleep(BEAT) => continue,
                accepted = self.listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, caller)) => {
                    // Whoever opens connections and says nothing on them leaves others theirs.
                    let source = Payer::of_source(caller.ip());
                    let Some(share) = self.shares.try_take(&source, 1) else { continue };
                    // Answers are small and must not wait for more.
                    let _ = stream.set_nodelay(true);
                    let socket = Socket::new(stream, place, share);
                    connections.spawn(connection(socket, caller, self.bounds, router.clone(), stop.clone()));
                }
                Err(error) if is_the_callers(error.kind()) => {}
                Err(error) => {
                    tracing::warn!(kind = ?error.kind(), "a connection was not accepted");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
        drop(self.listener);
        while connections.join_next().await.is_some() {}
    }
}

/// Whether a connection failed by its caller, and others are no worse off.
fn is_the_callers(kind: io::ErrorKind) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(kind, ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// Serves one connection until it ends or a handler takes it over.
async fn connection(
    socket: Socket,
    caller: SocketAddr,
    bounds: Bounds,
    router: Router,
    mut stop: watch::Receiver<bool>,
) {
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(caller));
        if !bounds.upgrades {
            request.extensions_mut().remove::<OnUpgrade>();
        }
        router.call(request)
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(bounds.head)
        .max_buf_size(bounds.head_bytes_max)
        .max_headers(bounds.headers_max)
        .serve_connection(TokioIo::new(socket), service)
        .with_upgrades();
    tokio::pin!(serving);
    // A connection that fails has failed its caller only.
    tokio::select! {
        _ = serving.as_mut() => return,
        () = tokio::time::sleep(bounds.life) => serving.as_mut().graceful_shutdown(),
        _ = stop.wait_for(|stop| *stop) => serving.as_mut().graceful_shutdown(),
    }
    // Whoever does not take its answer by then loses it.
    let _ = tokio::time::timeout(bounds.last_answer, serving).await;
}
