//! A small JSON-RPC client: every call has a deadline and a bound on its answer.

use std::{fmt, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use quorate_wire::SecretUrl;
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
    /// Not an `http://` URL. Chains behind TLS are read through a local proxy or light client.
    #[error(
        "the chain's URL must begin with http://; of a chain behind https, run a local proxy or a light client and name that"
    )]
    BadUrl,
    /// No answer in time.
    #[error("the chain did not answer within {} ms", .0.as_millis())]
    Timeout(Duration),
    /// No connection, or it broke.
    #[error("the chain cannot be reached")]
    Transport,
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

/// Calls one JSON-RPC server over HTTP.
#[derive(Clone)]
pub struct RpcClient {
    http: Client<HttpConnector, Full<Bytes>>,
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
    /// For an `http://` URL.
    ///
    /// # Errors
    /// If it is not one.
    pub fn new(url: &str) -> Result<Self, RpcCallError> {
        let url: axum::http::Uri = url.parse().map_err(|_| RpcCallError::BadUrl)?;
        if url.scheme_str() != Some("http") || url.host().is_none() {
            return Err(RpcCallError::BadUrl);
        }
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(Duration::from_secs(2)));
        connector.set_nodelay(true);
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
        let response = self.http.request(request).await.map_err(|_| RpcCallError::Transport)?;
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
