//! A small JSON-RPC client: every call has a deadline and a bound on its answer.

use std::{error::Error as _, fmt, io, sync::Arc, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use quorate_wire::SecretUrl;
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use serde_json::{Value, json};

/// A connection is used again within this, well before the chain ends it as idle: a call on one that is just being closed
/// would fail.
const IDLE_MAX: Duration = Duration::from_secs(5);

/// Bounds of one call.
#[derive(Clone, Copy, Debug)]
pub struct CallBounds {
    /// How long it may take altogether.
    pub deadline: Duration,
    /// How long the answer may be.
    pub answer_bytes_max: usize,
}

impl Default for CallBounds {
    fn default() -> Self {
        Self { deadline: Duration::from_secs(5), answer_bytes_max: 4 * 1024 * 1024 }
    }
}

/// Why a call gave no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RpcCallError {
    /// Neither an `http://` nor an `https://` URL.
    #[error("the chain's URL must begin with http:// or https://")]
    BadUrl,
    /// No answer in time.
    #[error("the chain did not answer within {} ms", .0.as_millis())]
    Timeout(Duration),
    /// The file of authorities has none.
    #[error("the file of the chain's certificate authorities has none in PEM")]
    NoAuthority,
    /// No connection, or it broke.
    #[error("the chain cannot be reached")]
    Transport,
    /// Whoever answers has not shown to be the server of the URL's name.
    #[error("the certificate of the chain's server is not one for its name by an authority that is trusted")]
    Certificate,
    /// The answer is not JSON-RPC, or too long.
    #[error("the chain's answer is not understood")]
    BadAnswer,
    /// The chain's own error.
    #[error("{message}")]
    Refused {
        /// JSON-RPC code.
        code: i64,
        /// The chain's text.
        message: String,
        /// Revert data, if any.
        data: Option<alloy_primitives::Bytes>,
    },
}

/// Most authorities of one file.
const AUTHORITIES_MAX: usize = 1024;

/// Whose word counts for who a server is. By default that of the public authorities.
#[derive(Clone, Default)]
pub struct Trust(Option<Arc<RootCertStore>>);

impl Trust {
    /// The authorities of a PEM file, and no other.
    ///
    /// # Errors
    /// If there is none in it, one cannot be read, or there are more than a thousand.
    pub fn only(pem: &[u8]) -> Result<Self, RpcCallError> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem).take(AUTHORITIES_MAX + 1) {
            let certificate = certificate.map_err(|_| RpcCallError::NoAuthority)?;
            roots.add(certificate).map_err(|_| RpcCallError::NoAuthority)?;
        }
        if roots.is_empty() || roots.len() > AUTHORITIES_MAX {
            return Err(RpcCallError::NoAuthority);
        }
        Ok(Self(Some(Arc::new(roots))))
    }

    fn roots(&self) -> Arc<RootCertStore> {
        let public = || Arc::new(webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect());
        self.0.clone().unwrap_or_else(public)
    }
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() {
            "Trust(a file's authorities)"
        } else {
            "Trust(public authorities)"
        })
    }
}

/// Calls one JSON-RPC server over HTTP or HTTPS.
#[derive(Clone)]
pub struct RpcClient {
    http: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    /// It may hold a key.
    url: axum::http::Uri,
}

impl fmt::Debug for RpcClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = SecretUrl::from(self.url.to_string());
        f.debug_struct("RpcClient").field("url", &url).finish_non_exhaustive()
    }
}

impl RpcClient {
    /// For an `http://` or `https://` URL, whose server the public authorities vouch for.
    ///
    /// # Errors
    /// If it is not one.
    pub fn new(url: &str) -> Result<Self, RpcCallError> {
        Self::trusting(url, &Trust::default())
    }

    /// As [`RpcClient::new`], with the authorities that count.
    ///
    /// # Errors
    /// If the URL is not one.
    pub fn trusting(url: &str, trust: &Trust) -> Result<Self, RpcCallError> {
        let url: axum::http::Uri = url.parse().map_err(|_| RpcCallError::BadUrl)?;
        if !matches!(url.scheme_str(), Some("http" | "https")) || url.host().is_none() {
            return Err(RpcCallError::BadUrl);
        }
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(Duration::from_secs(2)));
        connector.set_nodelay(true);
        connector.enforce_http(false);
        let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|_| RpcCallError::BadUrl)?
            .with_root_certificates(trust.roots())
            .with_no_client_auth();
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .wrap_connector(connector);
        let http = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_MAX)
            .build(connector);
        Ok(Self { http, url })
    }

    /// Calls a method.
    ///
    /// # Errors
    /// See [`RpcCallError`].
    pub async fn call(&self, method: &str, params: Value, bounds: CallBounds) -> Result<Value, RpcCallError> {
        tokio::time::timeout(bounds.deadline, self.call_inner(method, params, bounds.answer_bytes_max))
            .await
            .map_err(|_| RpcCallError::Timeout(bounds.deadline))?
    }

    async fn call_inner(&self, method: &str, params: Value, bytes_max: usize) -> Result<Value, RpcCallError> {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string();
        let request = axum::http::Request::post(self.url.clone())
            .header("content-type", "application/json")
            .body(Full::new(Bytes::from(body)))
            .map_err(|_| RpcCallError::BadUrl)?;
        let response = self.http.request(request).await.map_err(|error| unreached(&error))?;
        if !response.status().is_success() {
            return Err(RpcCallError::BadAnswer);
        }
        let body = Limited::new(response.into_body(), bytes_max)
            .collect()
            .await
            .map_err(|_| RpcCallError::BadAnswer)?
            .to_bytes();
        let mut answer: Value = serde_json::from_slice(&body).map_err(|_| RpcCallError::BadAnswer)?;
        if let Some(error) = answer.get("error").filter(|error| !error.is_null()) {
            return Err(RpcCallError::Refused {
                code: error.get("code").and_then(Value::as_i64).unwrap_or_default(),
                message: error
                    .get("message")
                    .and_then(Value::as_str)
                    .unwrap_or_default()
                    .chars()
                    .take(500)
                    .collect(),
                data: error.get("data").and_then(Value::as_str).and_then(|data| data.parse().ok()),
            });
        }
        answer.get_mut("result").map(Value::take).ok_or(RpcCallError::BadAnswer)
    }
}

/// Why there was no answer: a certificate that is refused is the operator's to put in order.
fn unreached(error: &hyper_util::client::legacy::Error) -> RpcCallError {
    match error.source().is_some_and(is_of_certificate) {
        true => RpcCallError::Certificate,
        false => RpcCallError::Transport,
    }
}

fn is_of_certificate(error: &(dyn std::error::Error + 'static)) -> bool {
    if let Some(error) = error.downcast_ref::<rustls::Error>() {
        return matches!(error, rustls::Error::InvalidCertificate(_));
    }
    // What an error of input and output has within is not what it names as its source.
    let within = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    match within {
        Some(within) => is_of_certificate(within),
        None => error.source().is_some_and(is_of_certificate),
    }
}
