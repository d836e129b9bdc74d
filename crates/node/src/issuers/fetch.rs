//! Asking an issuer for its keys: its discovery document, and the document of keys that this names.

use std::{collections::BTreeSet, time::Duration};

use quorate_wire::IssuerRule;
use serde::Deserialize;

use crate::egress::{AddressGuard, Egress, Fetched, Policy};

/// Longest discovery document.
const DISCOVERY_BYTES_MAX: usize = 64 << 10;
/// Longest document of keys.
const KEYS_BYTES_MAX: usize = 256 << 10;
/// How long a document of keys is believed at least and at most, whatever its headers say; and if they say nothing.
const FRESH_MIN: Duration = Duration::from_secs(5 * 60);
const FRESH_MAX: Duration = Duration::from_secs(24 * 60 * 60);
const FRESH_DEFAULT: Duration = Duration::from_secs(60 * 60);
/// Requests at the same time.
const PLACES: usize = 32;

/// What an issuer answered.
pub(super) struct Answer {
    /// Its document of keys, not yet read.
    pub(super) text: String,
    /// How long it need not be asked again.
    pub(super) fresh_for: Duration,
}

/// The members of a discovery document that count (OpenID Connect Discovery 1.0, section 3).
#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

/// The way to issuers, behind the guard that actions have.
pub(crate) struct Fetcher {
    egress: Egress,
    guard: Box<dyn Fn() -> AddressGuard + Send + Sync>,
}

impl Fetcher {
    /// The public internet, but for what the guard denies.
    ///
    /// # Errors
    /// If TLS cannot be set up.
    pub(crate) fn new(guard: impl Fn() -> AddressGuard + Send + Sync + 'static) -> anyhow::Result<Self> {
        let egress = Egress::new(Policy::default(), guard(), PLACES)?;
        Ok(Fetcher { egress, guard: Box::new(guard) })
    }

    /// Fetches an issuer's keys. A rule without TLS, which only development networks have, is for this machine.
    pub(super) async fn fetch(&self, rule: &IssuerRule) -> Result<Answer, String> {
        let local;
        let egress = if rule.is_plain() {
            let ports = std::iter::once(&rule.issuer).chain(&rule.jwks_uri).filter_map(|url| port_of(url));
            let policy = Policy {
                allow_http: true,
                loopback_ports: ports.collect::<BTreeSet<u16>>(),
                ..Policy::default()
            };
            local = Egress::new(policy, (self.guard)(), PLACES).map_err(|error| error.to_string())?;
            &local
        } else {
            &self.egress
        };
        let jwks_uri = match &rule.jwks_uri {
            Some(uri) => uri.clone(),
            None => discover(egress, rule).await?,
        };
        let answer = get(egress, &jwks_uri, KEYS_BYTES_MAX).await?;
        let fresh_for = fresh_for(&answer);
        let text = String::from_utf8(answer.body).map_err(|_| "its document of keys is no text")?;
        Ok(Answer { text, fresh_for })
    }
}

async fn discover(egress: &Egress, rule: &IssuerRule) -> Result<String, String> {
    let url = format!("{}/.well-known/openid-configuration", rule.issuer.trim_end_matches('/'));
    let answer = get(egress, &url, DISCOVERY_BYTES_MAX).await?;
    let discovery: Discovery = serde_json::from_slice(&answer.body)
        .map_err(|_| "its discovery document names no issuer and keys".to_owned())?;
    if discovery.issuer != rule.issuer {
        return Err("its discovery document names another issuer".to_owned());
    }
    if !discovery.jwks_uri.starts_with("https://") && !rule.is_plain() {
        return Err("its discovery document has keys without TLS".to_owned());
    }
    Ok(discovery.jwks_uri)
}

async fn get(egress: &Egress, url: &str, bytes_max: usize) -> Result<Fetched, String> {
    let answer = egress.download(url, Some("application/json"), bytes_max).await;
    let answer = answer.map_err(|error| format!("{url}: {}", error.code()))?;
    if answer.status == 200 { Ok(answer) } else { Err(format!("{url} answers {}", answer.status)) }
}

/// How long an answer is fresh, by its `Cache-Control` (RFC 9111, section 5.2.2.1), within bounds.
fn fresh_for(answer: &Fetched) -> Duration {
    let controls = answer.headers.iter().filter(|(name, _)| name == "cache-control");
    let mut directives = controls.flat_map(|(_, value)| value.split(',')).map(str::trim);
    let max_age = directives.find_map(|directive| {
        let (name, seconds) = directive.split_once('=')?;
        if name.eq_ignore_ascii_case("max-age") { seconds.trim_matches('"').parse().ok() } else { None }
    });
    max_age.map_or(FRESH_DEFAULT, Duration::from_secs).clamp(FRESH_MIN, FRESH_MAX)
}

/// The port of a URL of this machine.
fn port_of(url: &str) -> Option<u16> {
    let rest = url.strip_prefix("http://")?;
    let authority = rest.split('/').next()?;
    match authority.rsplit_once(':') {
        Some((_, port)) => port.parse().ok(),
        None => Some(80),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_believed_within_bounds() {
        let of = |value: &str| {
            let headers = vec![("cache-control".to_owned(), value.to_owned())];
            fresh_for(&Fetched { status: 200, headers, body: Vec::new(), url: String::new() }).as_secs()
        };
        assert_eq!(of("public, max-age=19800, must-revalidate"), 19_800);
        assert_eq!(of("Max-Age=\"600\""), 600);
        assert_eq!(of("max-age=1"), 300);
        assert_eq!(of("max-age=99999999999"), 86_400);
        for other in ["", "no-store", "s-maxage=7", "max-age=x"] {
            assert_eq!(of(other), 3_600, "{other}");
        }
    }

    #[test]
    fn the_port_of_an_issuer_of_this_machine_is_read() {
        assert_eq!(port_of("http://localhost:3000/oidc"), Some(3_000));
        assert_eq!(port_of("http://[::1]:81"), Some(81));
        assert_eq!(port_of("http://localhost/x"), Some(80));
        assert_eq!(port_of("https://localhost:1"), None);
    }
}
