//! One bounded HTTP exchange with a node.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{Method, Request, StatusCode, Uri, header};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};

/// Longest answer that is read: a receipt of the largest committee with the longest response and log.
const ANSWER_BYTES_MAX: usize = 4 << 20;

/// Why an exchange gave no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HttpError {
    #[error("its address is not an http or https URL")]
    BadUrl,
    #[error("it cannot be reached")]
    Transport,
    #[error("its answer is too long or breaks off")]
    Answer,
}

#[derive(Clone, Debug)]
pub(crate) struct Http(Client<HttpsConnector<HttpConnector>, Full<Bytes>>);

impl Http {
    pub(crate) fn new(connect_timeout: Duration) -> Result<Self, rustls::Error> {
        let mut connector = HttpConnector::new();
        connector.enforce_http(false);
        connector.set_connect_timeout(Some(connect_timeout));
        connector.set_nodelay(true);
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_webpki_roots(rustls::crypto::ring::default_provider())?
            .https_or_http()
            .enable_http1()
            .wrap_connector(connector);
        Ok(Http(Client::builder(TokioExecutor::new()).build(connector)))
    }

    pub(crate) async fn get(&self, url: &str) -> Result<(StatusCode, Bytes), HttpError> {
        self.exchange(Method::GET, url, Bytes::new()).await
    }

    pub(crate) async fn post(&self, url: &str, json: Bytes) -> Result<(StatusCode, Bytes), HttpError> {
        self.exchange(Method::POST, url, json).await
    }

    pub(crate) async fn put(&self, url: &str, json: Bytes) -> Result<(StatusCode, Bytes), HttpError> {
        self.exchange(Method::PUT, url, json).await
    }

    async fn exchange(
        &self,
        method: Method,
        url: &str,
        body: Bytes,
    ) -> Result<(StatusCode, Bytes), HttpError> {
        let uri: Uri = url.parse().map_err(|_| HttpError::BadUrl)?;
        let mut request =
            Request::builder().method(method).uri(uri).header(header::ACCEPT, "application/json");
        if !body.is_empty() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let request = request.body(Full::new(body)).map_err(|_| HttpError::BadUrl)?;
        let response = self.0.request(request).await.map_err(|_| HttpError::Transport)?;
        let status = response.status();
        let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX)
            .collect()
            .await
            .map_err(|_| HttpError::Answer)?;
        Ok((status, body.to_bytes()))
    }
}
