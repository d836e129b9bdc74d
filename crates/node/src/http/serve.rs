//! Accepting HTTP connections: bounded in number, and none may be slow for ever.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, extract::ConnectInfo};
use hyper::{
    body::Incoming,
    server::conn::http1,
    service::{Service as _, service_fn},
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use quorate_actions::Payer;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    task::JoinSet,
};

use crate::{metrics::Heartbeat, places::Places};

/// A request's head arrives within this; it also ends idle connections.
const HEAD: Duration = Duration::from_secs(10);
/// A connection takes no further request after this.
const LIFE: Duration = Duration::from_secs(120);
/// What was asked for by then is answered and taken within this: the longest execution and some time.
const LAST_ANSWER: Duration = Duration::from_secs(45);
/// Bytes of a request's head.
const HEAD_BYTES_MAX: usize = 32 << 10;
/// Headers of a request.
const HEADERS_MAX: usize = 64;
/// Pause after the system has refused a connection, when it is out of descriptors.
const PAUSE: Duration = Duration::from_millis(100);

/// The listening socket.
pub(crate) struct Server {
    listener: TcpListener,
    places: Arc<Semaphore>,
    shares: Arc<Places>,
}

impl Server {
    pub(crate) async fn bind(listen: SocketAddr, connections: usize) -> io::Result<Self> {
        let listener = TcpListener::bind(listen).await?;
        let places = Arc::new(Semaphore::new(connections));
        Ok(Server { listener, places, shares: Places::new(connections) })
    }

    pub(crate) fn local_address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `stop` turns true; then no new request is taken, and those in progress are answered.
    pub(crate) async fn run(self, router: Router, mut stop: watch::Receiver<bool>, heartbeat: Heartbeat) {
        let mut connections = JoinSet::new();
        loop {
            heartbeat.beat();
            let place = tokio::select! {
                _ = stop.wait_for(|stop| *stop) => break,
                Some(_) = connections.join_next() => continue,
                () = tokio::time::sleep(Heartbeat::INTERVAL) => continue,
                // Beyond the limit, callers wait in the system's own bounded queue.
                place = self.places.clone().acquire_owned() => place,
            };
            let Ok(place) = place else { break };
            let accepted = tokio::select! {
                _ = stop.wait_for(|stop| *stop) => break,
                () = tokio::time::sleep(Heartbeat::INTERVAL) => continue,
                accepted = self.listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, caller)) => {
                    // Whoever opens connections and says nothing on them leaves others theirs.
                    let source = Payer::of_source(caller.ip());
                    let Some(share) = self.shares.try_take(&source, 1) else { continue };
                    let (router, stop) = (router.clone(), stop.clone());
                    connections.spawn(async move {
                        connection(stream, caller, router, stop).await;
                        drop((place, share));
                    });
                }
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

async fn connection(stream: TcpStream, caller: SocketAddr, router: Router, mut stop: watch::Receiver<bool>) {
    // Answers are small and must not wait for more.
    let _ = stream.set_nodelay(true);
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(caller));
        router.call(request)
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(HEAD_BYTES_MAX)
        .max_headers(HEADERS_MAX)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(serving);
    // A connection that fails has failed its caller only.
    tokio::select! {
        _ = serving.as_mut() => return,
        () = tokio::time::sleep(LIFE) => serving.as_mut().graceful_shutdown(),
        _ = stop.wait_for(|stop| *stop) => serving.as_mut().graceful_shutdown(),
    }
    // Whoever does not take its answer by then loses it.
    let _ = tokio::time::timeout(LAST_ANSWER, serving).await;
}
