//! The chain as a process: HTTP in front, a writer behind, one head statement a second.

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    sync::{Arc, mpsc::RecvTimeoutError},
    time::Duration,
};

use alloy_primitives::B256;
use axum::{
    Extension, Router,
    body::{Body, Bytes},
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
    routing::post,
};
use ed25519_dalek::SigningKey;
use http_body_util::channel::Channel;
use quorate_door::{
    Bounds, Place, Places, Server,
    body::{self, BodyError},
};
use quorate_wire::Payer;
use tokio::{sync::oneshot, task::JoinHandle};

use super::{faucet::Faucet, genesis::Genesis, rpc::Rpc, sequencer::Sequencer, ws::Sockets};
use crate::error::ChainError;

/// What connections to a chain are held to, unless its configuration says otherwise.
pub const BOUNDS: Bounds = Bounds { upgrades: true, ..Bounds::new(512) };
/// Files that a chain has open besides connections: its log, its lock, and what the system's libraries read.
const OTHER_FILES: usize = 64;
/// Bytes of one request body: a batch with a few of the largest transactions.
const BODY_BYTES_MAX: usize = 1024 * 1024;
/// Requests that are received or worked on at once, by HTTP and over sockets together. One address gets half; more are told to come back.
const REQUESTS_MAX: usize = 256;
/// How long a request waits for a place: libraries send hundreds at once, and do not ask again.
const PLACE_WAIT: Duration = Duration::from_secs(5);
/// A longer answer is written piece by piece, and counts as a request until it has been read…
const ANSWER_PIECE_BYTES: usize = 64 * 1024;
/// …or for so long, and then the connection ends.
const ANSWER_MAX: Duration = Duration::from_secs(30);
/// How often a head is signed when nothing happens.
const HEAD_INTERVAL: Duration = Duration::from_secs(1);
/// How long open requests may take to end when the process stops.
const DRAIN_MAX: Duration = Duration::from_secs(3);

/// What a chain process needs.
pub struct ChainConfig {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Folder of the block log; `None` keeps the chain in memory.
    pub data_dir: Option<PathBuf>,
    /// Block 0. Must be the same at every start.
    pub genesis: Genesis,
    /// Signs heads and blocks; its public half is in the genesis.
    pub head_key: SigningKey,
    /// Names under which it may be asked, besides `localhost` and addresses in figures.
    pub host_names: Vec<String>,
    /// Proxies in front of it, by their addresses: their word counts for who calls.
    pub proxies: Vec<IpAddr>,
    /// What its connections are held to: [`BOUNDS`], if in doubt.
    pub bounds: Bounds,
    /// Makes a block without transactions when the newest one is so many seconds old; blocks are for transactions only
    /// without it.
    pub block_time_s: Option<u64>,
    /// The account that gives money to whoever asks: for development.
    pub faucet: Option<k256::ecdsa::SigningKey>,
}

impl std::fmt::Debug for ChainConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChainConfig")
            .field("listen", &self.listen)
            .field("data_dir", &self.data_dir)
            .field("genesis", &self.genesis)
            .field("head_key", &"[redacted]")
            .field("host_names", &self.host_names)
            .field("proxies", &self.proxies)
            .field("bounds", &self.bounds)
            .field("block_time_s", &self.block_time_s)
            .finish()
    }
}

/// A running chain.
#[derive(Debug)]
pub struct ChainServer {
    /// Where it listens.
    pub address: SocketAddr,
    /// Names the chain.
    pub genesis_hash: B256,
    task: JoinHandle<Result<(), ChainError>>,
}

impl ChainServer {
    /// The URL of the JSON-RPC.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Waits until the chain has stopped.
    ///
    /// # Errors
    /// If it stopped because its disk or socket failed.
    pub async fn wait(self) -> Result<(), ChainError> {
        match self.task.await {
            Ok(result) => result,
            Err(error) => Err(ChainError::io("run the chain")(std::io::Error::other(error))),
        }
    }
}

/// Opens the chain, replays it, and serves it until `shutdown` is ready. Returns as soon as it listens.
///
/// # Errors
/// If the configuration does not fit the stored chain, the log is damaged, the address cannot be bound, or the system
/// allows too few open files.
pub async fn serve(
    config: ChainConfig,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<ChainServer, ChainError> {
    let ChainConfig {
        listen,
        data_dir,
        genesis,
        head_key,
        host_names,
        proxies,
        bounds,
        block_time_s,
        faucet,
    } = config;
    quorate_door::descriptors::allow(bounds.connections + OTHER_FILES)?;
    let genesis_hash = super::genesis_hash(&genesis);
    let opened = tokio::task::spawn_blocking(move || Sequencer::open(genesis, head_key, data_dir.as_deref()));
    let (sequencer, writer, unread) =
        opened.await.map_err(|error| ChainError::io("open the chain")(std::io::Error::other(error)))??;
    let server = Server::bind(listen, bounds).await.map_err(ChainError::io("listen"))?;
    let address = server.local_address().map_err(ChainError::io("listen"))?;

    // The writer blocks on the disk, so it has a thread of its own; its end ends the server.
    let (writer_done, writer_result) = oneshot::channel();
    std::thread::Builder::new()
        .name("chain-writer".to_owned())
        .spawn(move || {
            // The database panics on some pages that are damaged.
            let run = std::panic::AssertUnwindSafe(|| writer.run(block_time_s));
            let ended = std::panic::catch_unwind(run).unwrap_or(Err(ChainError::WriterDied));
            drop(writer_done.send(ended));
        })
        .map_err(ChainError::io("start the writer"))?;

    let (log_checked, log_result) = oneshot::channel();
    std::thread::Builder::new()
        .name("chain-log".to_owned())
        .spawn(move || drop(log_checked.send(unread.map_or(Ok(()), |unread| unread.check()))))
        .map_err(ChainError::io("start to read the log"))?;

    let rpc = Arc::new(
        Rpc::new(sequencer, faucet.map(Faucet::new)).map_err(ChainError::io("start threads that read"))?,
    );
    let ended = oneshot::channel();
    let ticking = Arc::clone(&rpc);
    let (stop_ticks, stopped) = std::sync::mpsc::channel();
    std::thread::Builder::new()
        .name("chain-heads".to_owned())
        .spawn(move || drop(ended.0.send(tick(&ticking, &stopped))))
        .map_err(ChainError::io("start to sign heads"))?;
    let threads = Threads { writer: writer_result, log: log_result, heads: ended.1, _stop_heads: stop_ticks };
    let asked = Asked { host_names, proxies: proxies.iter().map(IpAddr::to_canonical).collect() };
    let app = router(Arc::clone(&rpc), asked, bounds.body);
    let task = tokio::spawn(run(rpc, app, server, threads, shutdown));
    Ok(ChainServer { address, genesis_hash, task })
}

/// What becomes of the threads.
struct Threads {
    writer: oneshot::Receiver<Result<(), ChainError>>,
    /// Of the part of the log that was not read at the start.
    log: oneshot::Receiver<Result<(), ChainError>>,
    heads: oneshot::Receiver<Result<(), ChainError>>,
    /// Heads are signed while this lives.
    _stop_heads: std::sync::mpsc::Sender<()>,
}

/// Signs heads, whatever else is asked of the process: on a thread of its own, and from a copy.
fn tick(rpc: &Rpc, stopped: &std::sync::mpsc::Receiver<()>) -> Result<(), ChainError> {
    while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(HEAD_INTERVAL) {
        rpc.tick()?;
    }
    Ok(())
}

async fn run(
    rpc: Arc<Rpc>,
    app: Router,
    server: Server,
    Threads { mut writer, mut log, mut heads, _stop_heads: stop_heads }: Threads,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ChainError> {
    let (stop, stopped) = tokio::sync::watch::channel(false);
    // Nobody looks for the door's sign of life: a chain that accepts nobody is told by those who follow it.
    let mut server = tokio::spawn(server.run(app, stopped, || {}));
    tokio::pin!(shutdown);
    let mut log_read = false;
    let outcome = loop {
        tokio::select! {
            () = &mut shutdown => break Ok(()),
            ended = &mut writer => break ended.unwrap_or(Err(ChainError::WriterDied)),
            checked = &mut log, if !log_read => {
                log_read = true;
                match checked {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => break Err(error),
                    Err(_) => break Err(ChainError::io("read the log")(std::io::Error::other("the thread died"))),
                }
            }
            ended = &mut heads => break ended.unwrap_or_else(|_| {
                Err(ChainError::io("sign heads")(std::io::Error::other("the thread died")))
            }),
            ended = &mut server => {
                let reason = ended.err().map_or_else(|| "the door has closed".to_owned(), |error| error.to_string());
                break Err(ChainError::io("serve")(std::io::Error::other(reason)));
            }
        }
    };
    let _ = stop.send(true);
    if !server.is_finished() && tokio::time::timeout(DRAIN_MAX, &mut server).await.is_err() {
        server.abort();
    }
    drop(stop_heads);
    // The last user of the queue ends the writer; when it has ended, the log is closed and unlocked.
    drop(rpc);
    if outcome.is_ok() {
        let _ = tokio::time::timeout(DRAIN_MAX, writer).await;
    }
    outcome
}

struct Shared {
    rpc: Arc<Rpc>,
    /// Those of requests, from their first byte to their answer's last.
    places: Arc<Places>,
    /// A body arrives within this.
    within: Duration,
    sockets: Sockets,
}

/// Under which names the chain is asked, and through whom.
struct Asked {
    host_names: Vec<String>,
    proxies: Vec<IpAddr>,
}

/// Whose call it is.
#[derive(Clone, Copy)]
struct Source(IpAddr);

fn router(rpc: Arc<Rpc>, asked: Asked, within: Duration) -> Router {
    let places = Places::new(REQUESTS_MAX);
    let sockets = Sockets::new(Arc::clone(&rpc), Arc::clone(&places));
    let shared = Arc::new(Shared { rpc, places, within, sockets });
    Router::new()
        .route("/", post(answer).options(|| async { StatusCode::NO_CONTENT }).get(open_socket))
        .layer(middleware::from_fn_with_state(Arc::new(asked), guard))
        .with_state(shared)
}

async fn answer(
    State(shared): State<Arc<Shared>>,
    Extension(Source(source)): Extension<Source>,
    request: Body,
) -> Response {
    // Before the body: megabytes that are on their way count as well.
    let payers = Payer::of_source(source);
    let Ok(Some(place)) = tokio::time::timeout(PLACE_WAIT, shared.places.take(&payers)).await else {
        return busy();
    };
    let request = match body::receive(request, BODY_BYTES_MAX, shared.within).await {
        Ok(request) => request,
        Err(error) => return (status_of(error), error.to_string()).into_response(),
    };
    match shared.rpc.answer(&request, source).await {
        None => StatusCode::NO_CONTENT.into_response(),
        Some(answer) => {
            let length = answer.len().to_string();
            let headers =
                [(header::CONTENT_TYPE, "application/json".to_owned()), (header::CONTENT_LENGTH, length)];
            (headers, written(answer, place, ANSWER_MAX)).into_response()
        }
    }
}

/// Wallets and libraries open a WebSocket at the address where they post.
async fn open_socket(
    State(shared): State<Arc<Shared>>,
    Extension(Source(source)): Extension<Source>,
    request: Request,
) -> Response {
    shared.sockets.open(request, source)
}

/// What a caller gets whose address has its share of the requests.
fn busy() -> Response {
    const BODY: &str = concat!(
        r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32005,"#,
        r#""message":"the chain is busy with your other requests: try again"}}"#
    );
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::RETRY_AFTER, "1")];
    (StatusCode::SERVICE_UNAVAILABLE, headers, BODY).into_response()
}

fn status_of(error: BodyError) -> StatusCode {
    match error {
        BodyError::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
        BodyError::EndedEarly => StatusCode::BAD_REQUEST,
        BodyError::TooSlow => StatusCode::REQUEST_TIMEOUT,
    }
}

/// A long answer holds its place until it has been read, or for so long.
fn written(answer: String, place: Place, most: Duration) -> Body {
    if answer.len() <= ANSWER_PIECE_BYTES {
        return Body::from(answer);
    }
    let (mut sender, body) = Channel::<Bytes, std::io::Error>::new(1);
    tokio::spawn(async move {
        let _place = place;
        let pieces = async {
            for piece in answer.as_bytes().chunks(ANSWER_PIECE_BYTES) {
                if sender.send_data(Bytes::copy_from_slice(piece)).await.is_err() {
                    break;
                }
            }
        };
        if tokio::time::timeout(most, pieces).await.is_err() {
            sender.abort(std::io::Error::from(std::io::ErrorKind::TimedOut));
        }
    });
    Body::new(body)
}

/// Checks `Host` and lets browsers' wallets in: any origin may read a public chain, but only under a name of this
/// machine, so that a page cannot reach it through a name of its own (DNS rebinding).
async fn guard(
    State(asked): State<Arc<Asked>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    mut request: Request,
    next: Next,
) -> Response {
    if !is_served_host(request.headers(), &asked.host_names) {
        return (StatusCode::FORBIDDEN, "this name is not served here").into_response();
    }
    let source = source(peer.ip().to_canonical(), request.headers(), &asked.proxies);
    request.extensions_mut().insert(Source(source));
    let preflight = request.method() == Method::OPTIONS;
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    // A head that somebody keeps for a while is an old one.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if preflight {
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST, OPTIONS"));
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("content-type"));
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    }
    response
}

/// Who calls. A proxy adds whom it has heard to the end of the list; what stands before that, the caller wrote, in any
/// bytes. Where one proxy of ours has heard another, the entry before is that one's. Who is no proxy of ours speaks for
/// nobody else, and a proxy that names nobody is itself the caller.
fn source(peer: IpAddr, headers: &HeaderMap, proxies: &[IpAddr]) -> IpAddr {
    if !proxies.contains(&peer) {
        return peer;
    }
    let lists = headers.get_all("x-forwarded-for").iter().rev();
    let entries = lists.flat_map(|list| list.as_bytes().rsplit(|byte| *byte == b','));
    let heard = entries.map(entry).find(|address| address.is_none_or(|address| !proxies.contains(&address)));
    heard.flatten().unwrap_or(peer)
}

fn entry(bytes: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(bytes).ok()?.trim();
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse().or_else(|_| text.parse().map(|socket: SocketAddr| socket.ip()));
    address.ok().map(|address| address.to_canonical())
}

fn is_served_host(headers: &HeaderMap, host_names: &[String]) -> bool {
    let Some(host) = headers.get(header::HOST).and_then(|host| host.to_str().ok()) else {
        return false;
    };
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost")
        || host_names.iter().any(|served| name.eq_ignore_ascii_case(served))
        || bare.parse::<std::net::IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_proxy_of_ours_says_who_calls_and_only_by_the_last_entry() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let (proxy, stranger) = (ip("10.0.0.1"), ip("203.0.113.9"));
        let heard = |peer, lists: &[&str]| {
            let mut headers = HeaderMap::new();
            for list in lists {
                headers.append("x-forwarded-for", HeaderValue::from_bytes(list.as_bytes()).unwrap());
            }
            source(peer, &headers, &[proxy, ip("fd00::1")])
        };
        assert_eq!(heard(stranger, &["198.51.100.1"]), stranger, "a stranger speaks for nobody else");
        assert_eq!(heard(proxy, &["198.51.100.1, 198.51.100.2"]), ip("198.51.100.2"));
        assert_eq!(heard(proxy, &["198.51.100.1", "192.0.2.1,198.51.100.3"]), ip("198.51.100.3"));
        assert_eq!(heard(ip("fd00::1"), &["2001:db8::1"]), ip("2001:db8::1"));
        assert_eq!(heard(proxy, &["[2001:db8::2]:443"]), ip("2001:db8::2"));
        assert_eq!(heard(proxy, &["::ffff:198.51.100.4"]), ip("198.51.100.4"));
        assert_eq!(
            heard(proxy, &["\u{e9}, 198.51.100.5"]),
            ip("198.51.100.5"),
            "what the caller wrote is skipped"
        );
        assert_eq!(
            heard(proxy, &["198.51.100.6, fd00::1"]),
            ip("198.51.100.6"),
            "of two proxies the first hears"
        );
        assert_eq!(heard(proxy, &["198.51.100.6", "fd00::1, 10.0.0.1"]), ip("198.51.100.6"));
        assert_eq!(heard(proxy, &["fd00::1"]), proxy);
        for nobody in
            [&[][..], &[""], &["198.51.100.1,"], &["unknown"], &["198.51.100.1, somebody"], &["\u{e9}"]]
        {
            assert_eq!(heard(proxy, nobody), proxy, "{nobody:?}");
        }
    }

    /// Memory that a stranger makes the chain hold is bounded by the requests at a time only if an answer that nobody
    /// reads still counts as one.
    #[tokio::test]
    async fn a_long_answer_counts_until_it_has_been_read_or_for_a_while() {
        let places = Places::new(2);
        let place = || places.try_take(&[], 1).unwrap();
        let text = "x".repeat(5 * ANSWER_PIECE_BYTES + 1);
        let unread = written(text.clone(), place(), Duration::from_millis(50));
        let read = written(text.clone(), place(), ANSWER_MAX);
        assert!(places.try_take(&[], 1).is_none());
        let bytes = axum::body::to_bytes(read, usize::MAX).await.unwrap();
        assert!(bytes == text.as_bytes());
        let free = || tokio::time::timeout(ANSWER_MAX / 2, places.take(&[]));
        let first = free().await.expect("what has been read counts no more");
        let second = free().await.expect("nor does what nobody reads for too long");
        drop((first, second));
        assert!(axum::body::to_bytes(unread, usize::MAX).await.is_err(), "and it does not look complete");
    }
}
