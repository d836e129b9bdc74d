//! The connection itself: to a checked address, verified for the name, one request and one answer.

use std::{net::IpAddr, sync::Arc};

use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::{
    Request, Response,
    body::Incoming,
    client::conn::http1,
    header::{self, HeaderMap, HeaderValue},
};
use hyper_util::rt::TokioIo;
use quorate_wire::{Redirect, limits};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use super::{
    FetchError, Fetched,
    plan::{Hop, Plan},
};

/// Addresses of one host that are tried.
const ADDRESSES_TRIED_MAX: usize = 3;

pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Makes connections, with one TLS configuration for all.
pub(super) struct Exchanger {
    tls: TlsConnector,
}

impl Exchanger {
    pub(super) fn new() -> Result<Self, rustls::Error> {
        let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        // Sessions are not resumed: a server must not recognise one action by another's connection.
        config.resumption = rustls::client::Resumption::disabled();
        Ok(Exchanger { tls: TlsConnector::from(Arc::new(config)) })
    }

    /// Connects to one of the checked addresses.
    pub(super) async fn connect(
        &self,
        plan: &Plan,
        addresses: &[IpAddr],
    ) -> Result<Box<dyn Stream>, FetchError> {
        for &address in addresses.iter().take(ADDRESSES_TRIED_MAX) {
            let Ok(stream) = TcpStream::connect((address, plan.port())).await else { continue };
            // Small requests must not wait for more bytes that never come.
            let _ = stream.set_nodelay(true);
            if plan.is_plain() {
                return Ok(Box::new(stream));
            }
            let stream =
                self.tls.connect(plan.server_name()?, stream).await.map_err(|_| FetchError::Failed)?;
            return Ok(Box::new(stream));
        }
        Err(FetchError::Failed)
    }

    /// Sends the request and reads what comes back.
    pub(super) async fn exchange(
        &self,
        plan: &Plan,
        stream: Box<dyn Stream>,
        bytes_max: usize,
    ) -> Result<Hop, FetchError> {
        let failed = |_| FetchError::Failed;
        let (mut sender, connection) = http1::Builder::new()
            .max_buf_size(limits::FETCH_ANSWER_HEAD_BYTES_MAX)
            .max_headers(limits::FETCH_ANSWER_HEADERS_MAX)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(failed)?;
        let exchanging = async {
            let answer = sender.send_request(request(plan)?).await.map_err(failed)?;
            read(plan, answer, bytes_max).await
        };
        tokio::pin!(connection, exchanging);
        tokio::select! {
            hop = &mut exchanging => hop,
            // The connection may end before its answer has been read to the end.
            _ = &mut connection => exchanging.await,
        }
    }
}

fn request(plan: &Plan) -> Result<Request<Full<bytes::Bytes>>, FetchError> {
    let mut request = Request::new(Full::new(plan.body.clone()));
    *request.method_mut() = plan.method.clone();
    *request.uri_mut() = plan.target()?;
    let mut headers = plan.headers.clone();
    headers.insert(header::HOST, plan.host_header()?);
    headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    headers.entry(header::USER_AGENT).or_insert(HeaderValue::from_static("quorate"));
    headers.entry(header::ACCEPT).or_insert(HeaderValue::from_static("*/*"));
    *request.headers_mut() = headers;
    Ok(request)
}

async fn read(plan: &Plan, answer: Response<Incoming>, bytes_max: usize) -> Result<Hop, FetchError> {
    let status = answer.status().as_u16();
    let redirects = matches!(status, 301 | 302 | 303 | 307 | 308);
    match plan.redirect {
        Redirect::Error if redirects => return Err(FetchError::Redirected),
        Redirect::Follow if redirects => {
            if let Some(location) = answer.headers().get(header::LOCATION) {
                let location = location.to_str().map_err(|_| FetchError::Failed)?.to_owned();
                return Ok(Hop::Redirect { status, location });
            }
        }
        Redirect::Follow | Redirect::Error | Redirect::Manual => {}
    }
    // What was asked for is the plain form; a packed one could be a thousand times longer than it looks.
    let packed = answer.headers().get(header::CONTENT_ENCODING).is_some_and(|value| value != "identity");
    if packed || status < 200 {
        return Err(FetchError::Failed);
    }
    let headers = answer_headers(answer.headers())?;
    let body = Limited::new(answer.into_body(), bytes_max).collect().await.map_err(|error| {
        if !error.is::<LengthLimitError>() {
            tracing::debug!("an answer to an action's request ended early");
        }
        FetchError::Failed
    })?;
    Ok(Hop::Answer(Fetched { status, headers, body: body.to_bytes().to_vec(), url: plan.url().to_string() }))
}

fn answer_headers(headers: &HeaderMap) -> Result<Vec<(String, String)>, FetchError> {
    let mut bytes = 0;
    let mut list = Vec::with_capacity(headers.len());
    for (name, value) in headers {
        // A value that is no text cannot be shown to JavaScript; it is left out on every node alike.
        let Ok(value) = value.to_str() else { continue };
        bytes += name.as_str().len() + value.len();
        list.push((name.as_str().to_owned(), value.to_owned()));
    }
    if bytes <= limits::FETCH_ANSWER_HEADERS_BYTES_MAX { Ok(list) } else { Err(FetchError::Failed) }
}
