//! One request as it will be sent, its text checked: method, address, headers, sizes.

use std::net::{IpAddr, Ipv4Addr};

use hyper::{
    Method, Uri,
    header::{HeaderMap, HeaderName, HeaderValue},
};
use quorate_wire::{Redirect, limits};
use rustls::pki_types::ServerName;
use url::{Host, Url};

use super::{Fetch, FetchError, Fetched};

/// Headers that steer the connection instead of saying something to the server.
const REFUSED_HEADERS: &[&str] = &[
    "host",
    "connection",
    "expect",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];
/// Headers that libraries set out of habit and that are made anew here.
const REPLACED_HEADERS: &[&str] = &["accept-encoding", "content-length"];
/// Headers that are for one origin only.
const CREDENTIAL_HEADERS: &[&str] = &["authorization", "cookie"];

/// What a server said.
pub(super) enum Hop {
    /// Look elsewhere.
    Redirect {
        /// The status.
        status: u16,
        /// Where, as written.
        location: String,
    },
    /// This is it.
    Answer(Fetched),
}

/// A checked request.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) method: Method,
    pub(super) headers: HeaderMap,
    pub(super) body: bytes::Bytes,
    pub(super) redirect: Redirect,
    url: Url,
}

/// Ports below 1024 are services of their own, except the web's.
pub(super) fn port_allowed(port: u16) -> bool {
    matches!(port, 80 | 443 | 1024..)
}

impl Plan {
    pub(super) fn new(fetch: Fetch) -> Result<Self, FetchError> {
        let known = limits::FETCH_METHODS.contains(&fetch.method.as_str());
        let method: Method = fetch.method.parse().ok().filter(|_| known).ok_or(FetchError::Refused)?;
        let bodiless = matches!(method, Method::GET | Method::HEAD);
        if fetch.body.len() > limits::FETCH_BODY_BYTES_MAX || (bodiless && !fetch.body.is_empty()) {
            return Err(FetchError::Refused);
        }
        let url = parse(&fetch.url, None)?;
        let headers = headers(&fetch.headers)?;
        Ok(Plan { method, headers, body: fetch.body.into(), redirect: fetch.redirect, url })
    }

    /// The request that a redirect asks for.
    pub(super) fn redirected(mut self, status: u16, location: &str) -> Result<Self, FetchError> {
        let url = parse(location, Some(&self.url))?;
        // Never out of the protection of TLS; into it is what gateways and old addresses do.
        if self.url.scheme() == "https" && url.scheme() != "https" {
            return Err(FetchError::Refused);
        }
        if url.origin() != self.url.origin() {
            for name in CREDENTIAL_HEADERS {
                self.headers.remove(*name);
            }
        }
        let to_get = match status {
            303 => self.method != Method::HEAD,
            301 | 302 => self.method == Method::POST,
            _ => false,
        };
        if to_get {
            self.method = Method::GET;
            self.body = bytes::Bytes::new();
            for name in ["content-type", "content-language", "content-location"] {
                self.headers.remove(name);
            }
        }
        self.url = url;
        Ok(self)
    }

    pub(super) fn is_plain(&self) -> bool {
        self.url.scheme() == "http"
    }

    pub(super) fn port(&self) -> u16 {
        self.url.port_or_known_default().unwrap_or(0)
    }

    pub(super) fn url(&self) -> &Url {
        &self.url
    }

    /// What goes into the request line.
    pub(super) fn target(&self) -> Result<Uri, FetchError> {
        let query = self.url.query().map(|query| format!("?{query}")).unwrap_or_default();
        format!("{}{query}", self.url.path()).parse().map_err(|_| FetchError::Failed)
    }

    /// What goes into the `Host` header.
    pub(super) fn host_header(&self) -> Result<HeaderValue, FetchError> {
        let host = self.url.host_str().unwrap_or_default();
        let text = match self.url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        text.try_into().map_err(|_| FetchError::Failed)
    }

    /// The name that the server's certificate must be for.
    pub(super) fn server_name(&self) -> Result<ServerName<'static>, FetchError> {
        match self.url.host() {
            Some(Host::Domain(name)) => {
                ServerName::try_from(name.trim_end_matches('.').to_owned()).map_err(|_| FetchError::Failed)
            }
            Some(Host::Ipv4(address)) => Ok(ServerName::from(IpAddr::V4(address))),
            Some(Host::Ipv6(address)) => Ok(ServerName::from(IpAddr::V6(address))),
            None => Err(FetchError::Refused),
        }
    }

    /// The host as the URL has it: a name in lower case, perhaps with a dot at its end, or an address.
    pub(super) fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// The host's own address, or the name to resolve.
    pub(super) fn place(&self) -> Result<Place<'_>, FetchError> {
        let name = match self.url.host() {
            Some(Host::Ipv4(address)) => return Ok(Place::Address(address.into())),
            Some(Host::Ipv6(address)) => return Ok(Place::Address(address.into())),
            Some(Host::Domain(name)) => name,
            None => return Err(FetchError::Refused),
        };
        // These names mean this machine by definition (RFC 6761), whatever a resolver says.
        let bare = name.strip_suffix('.').unwrap_or(name);
        if bare == "localhost" || bare.ends_with(".localhost") {
            return Ok(Place::Address(Ipv4Addr::LOCALHOST.into()));
        }
        Ok(Place::Name(name))
    }
}

/// Where a request goes.
pub(super) enum Place<'a> {
    /// To this address.
    Address(IpAddr),
    /// To whatever this name stands for.
    Name(&'a str),
}

fn parse(text: &str, base: Option<&Url>) -> Result<Url, FetchError> {
    if text.len() > limits::FETCH_URL_BYTES_MAX {
        return Err(FetchError::Refused);
    }
    let url = Url::options().base_url(base).parse(text).map_err(|_| FetchError::Refused)?;
    let plain = matches!(url.scheme(), "http" | "https");
    let anonymous = url.username().is_empty() && url.password().is_none();
    let reachable = url.has_host() && url.port_or_known_default().is_some_and(|port| port != 0);
    if plain && anonymous && reachable { Ok(url) } else { Err(FetchError::Refused) }
}

fn headers(given: &[(String, String)]) -> Result<HeaderMap, FetchError> {
    let bytes: usize = given.iter().map(|(name, value)| name.len() + value.len()).sum();
    if given.len() > limits::FETCH_HEADERS_MAX || bytes > limits::FETCH_HEADERS_BYTES_MAX {
        return Err(FetchError::Refused);
    }
    let mut headers = HeaderMap::new();
    for (name, value) in given {
        let name: HeaderName = name.parse().map_err(|_| FetchError::Refused)?;
        let value: HeaderValue = value.parse().map_err(|_| FetchError::Refused)?;
        if REFUSED_HEADERS.contains(&name.as_str()) {
            return Err(FetchError::Refused);
        }
        if !REPLACED_HEADERS.contains(&name.as_str()) {
            headers.append(name, value);
        }
    }
    Ok(headers)
}
