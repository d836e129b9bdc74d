//! Addresses of servers that may hold a key of the operator's.

use std::{convert::Infallible, fmt, net::IpAddr, str::FromStr};

use serde::{Deserialize, Serialize, Serializer};

/// What stands in the place of what is not shown.
const HIDDEN: &str = "…";

/// A URL that may hold a key: in its path, in its query, before an `@`, or in the name of its host. However it is printed, only
/// its scheme is shown, and a host that is an address. Only [`SecretUrl::expose`] gives it away.
#[derive(Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(transparent)]
pub struct SecretUrl(String);

impl SecretUrl {
    /// The URL itself, for the request to it or for a file of secrets.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for SecretUrl {
    fn from(url: String) -> Self {
        SecretUrl(url)
    }
}

impl From<&str> for SecretUrl {
    fn from(url: &str) -> Self {
        SecretUrl(url.to_owned())
    }
}

impl FromStr for SecretUrl {
    type Err = Infallible;

    fn from_str(url: &str) -> Result<Self, Infallible> {
        Ok(url.into())
    }
}

impl fmt::Display for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((scheme, rest)) = self.0.split_once("://") else { return f.write_str(HIDDEN) };
        if !matches!(scheme, "http" | "https") {
            return f.write_str(HIDDEN);
        }
        let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
        match host_and_port(authority) {
            Some((host @ IpAddr::V4(_), port)) => write!(f, "{scheme}://{host}{port}/{HIDDEN}"),
            Some((host @ IpAddr::V6(_), port)) => write!(f, "{scheme}://[{host}]{port}/{HIDDEN}"),
            None => write!(f, "{scheme}://{HIDDEN}"),
        }
    }
}

/// The address that is a host, and its port as it is written; nothing if the host is a name or there is more.
fn host_and_port(authority: &str) -> Option<(IpAddr, String)> {
    if let Ok(socket) = authority.parse::<std::net::SocketAddr>() {
        return Some((socket.ip(), format!(":{}", socket.port())));
    }
    let bare = authority.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(authority);
    Some((bare.parse().ok()?, String::new()))
}

impl fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// As it is shown: what is written down for people and programs is not where a key belongs.
impl Serialize for SecretUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_could_be_a_key_is_shown() {
        for (url, shown) in [
            ("http://127.0.0.1:8545", "http://127.0.0.1:8545/…"),
            ("http://192.0.2.1/path/key?key#key", "http://192.0.2.1/…"),
            ("https://[2001:db8::1]:8545/key", "https://[2001:db8::1]:8545/…"),
            ("https://[2001:db8::1]/key", "https://[2001:db8::1]/…"),
            ("https://key.rpc.example/v1", "https://…"),
            ("https://localhost/key", "https://…"),
            ("http://key@127.0.0.1:8545/", "http://…"),
            ("http://a:key@127.0.0.1/", "http://…"),
            ("http://127.0.0.1:key/", "http://…"),
            ("http://127.0.0.1\\@key/", "http://127.0.0.1/…"),
            ("key://127.0.0.1/", "…"),
            ("key", "…"),
            ("", "…"),
        ] {
            let secret = SecretUrl::from(url);
            let printed = [secret.to_string(), format!("{secret:?}"), format!("{:#?}", Some(&secret))];
            assert!(printed.iter().all(|text| !text.contains("key")), "{url}: {printed:?}");
            assert_eq!(printed[0], shown, "{url}");
            assert_eq!(serde_json::to_string(&secret).unwrap(), format!("{shown:?}"), "{url}");
            assert_eq!(secret.expose(), url);
        }
        let read: SecretUrl = serde_json::from_str("\"https://a.example/key\"").unwrap();
        assert_eq!(read.expose(), "https://a.example/key");
    }
}
