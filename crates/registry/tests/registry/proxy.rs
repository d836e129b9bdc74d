//! A proxy in front of a chain, with or without TLS, that buffers each request and each answer.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use quorate_registry::follow::Trust;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    },
};

/// What a proxy does to those behind it.
#[derive(Clone)]
pub(crate) struct Behaviour {
    /// Where the chain is.
    pub(crate) chain: SocketAddr,
    /// How long an answer is held back.
    pub(crate) delay: Duration,
    /// Whether heads come from a store of older answers.
    pub(crate) stores: bool,
    /// As what the chain is asked.
    pub(crate) host: &'static str,
}

pub(crate) struct Proxy {
    pub(crate) url: String,
    behaviour: Arc<Mutex<Behaviour>>,
    task: tokio::task::JoinHandle<()>,
}

/// The authority that vouches for the proxy: made for these tests, and worth nothing elsewhere.
pub(crate) fn authority() -> Trust {
    Trust::only(include_bytes!("tls/ca.pem")).unwrap()
}

impl Proxy {
    pub(crate) async fn start(chain: SocketAddr, tls: bool) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let url = format!("{}://localhost:{port}", if tls { "https" } else { "http" });
        let behaviour = Behaviour { chain, delay: Duration::ZERO, stores: false, host: "localhost" };
        let behaviour = Arc::new(Mutex::new(behaviour));
        let (shared, stored) = (Arc::clone(&behaviour), Arc::default());
        let task = tokio::spawn(async move {
            let acceptor = acceptor();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (shared, stored) = (Arc::clone(&shared), Arc::clone(&stored));
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    if !tls {
                        return drop(pass_on(stream, &shared, &stored).await);
                    }
                    if let Ok(stream) = acceptor.accept(stream).await {
                        drop(pass_on(stream, &shared, &stored).await);
                    }
                });
            }
        });
        Self { url, behaviour, task }
    }

    pub(crate) fn now(&self, change: impl FnOnce(&mut Behaviour)) {
        change(&mut self.behaviour.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn acceptor() -> TlsAcceptor {
    let chain = CertificateDer::pem_slice_iter(include_bytes!("tls/server.pem"));
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("tls/server.key")).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain.collect::<Result<_, _>>().unwrap(), key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

async fn pass_on(
    mut caller: impl AsyncRead + AsyncWrite + Unpin,
    shared: &Mutex<Behaviour>,
    stored: &Mutex<Option<Vec<u8>>>,
) -> std::io::Result<()> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(caller.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&request).to_lowercase();
    let length = head.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next());
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    caller.read_exact(&mut body).await?;
    let Behaviour { chain, delay, stores, host } =
        shared.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let is_head = String::from_utf8_lossy(&body).contains("quorate_waitHead");
    let from_store = || stored.lock().unwrap().clone().filter(|_| stores && is_head);
    let answer = match from_store() {
        Some(answer) => answer,
        None => {
            let mut upstream = TcpStream::connect(chain).await?;
            let head = format!(
                "POST / HTTP/1.1\r\nhost: {host}\r\ncontent-length: {}\r\nx-forwarded-for: 203.0.113.7\r\n\
                connection: close\r\n\r\n",
                body.len()
            );
            upstream.write_all(head.as_bytes()).await?;
            upstream.write_all(&body).await?;
            let mut answer = Vec::new();
            upstream.read_to_end(&mut answer).await?;
            if is_head {
                *stored.lock().unwrap() = Some(answer.clone());
            }
            answer
        }
    };
    tokio::time::sleep(delay).await;
    caller.write_all(&answer).await?;
    caller.shutdown().await
}
