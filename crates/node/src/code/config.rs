//! `[code]` of `node.toml`.

use quorate_wire::{
    SecretUrl,
    limits::{CODE_BYTES_MAX, HTTP_BODY_BYTES_MAX},
};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::config::Bound;

/// The least that a bound on bytes can be: one source of full length and what it takes on disk.
const LEAST_BYTES: u64 = CODE_BYTES_MAX as u64 + (64 << 10);
/// Gateways at most: each is asked for each source that no node has.
const GATEWAYS_MAX: usize = 16;

/// Where sources come from that are asked for by their CID, and how many are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CodeConfig {
    /// Base URLs of IPFS gateways, asked for `<base>/ipfs/<CID>`. None are asked unless they are named here. They may hold a
    /// key: no log is shown them.
    pub gateways: Vec<SecretUrl>,
    /// Ports of this machine's loopback at which a gateway may be. Only in networks with `wildcard_sessions`, which are
    /// for development.
    pub allow_loopback_ports: Vec<u16>,
    /// Bytes of sources in memory.
    pub memory_bytes: u64,
    /// Bytes on disk of sources that were found; the least recently used go first.
    pub cache_bytes: u64,
    /// Bytes on disk of sources that callers have stored. Those that no run has used go first when there is no room.
    pub store_bytes: u64,
    /// Of these, the most of one login.
    #[serde(alias = "store_bytes_per_wallet")]
    pub store_bytes_per_login: u64,
    /// Bytes that one login may store in an hour.
    #[serde(alias = "store_bytes_per_wallet_hour")]
    pub store_bytes_per_login_hour: u64,
    /// Bytes that one address may send in an hour to be stored, whatever comes of it; addresses of version 6 by their
    /// first 64 bits.
    pub store_bytes_per_source_hour: u64,
}

impl Default for CodeConfig {
    fn default() -> Self {
        CodeConfig {
            gateways: Vec::new(),
            allow_loopback_ports: Vec::new(),
            memory_bytes: 64 << 20,
            cache_bytes: 1 << 30,
            store_bytes: 4 << 30,
            store_bytes_per_login: 64 << 20,
            store_bytes_per_login_hour: 32 << 20,
            store_bytes_per_source_hour: 128 << 20,
        }
    }
}

impl CodeConfig {
    /// What each number may be.
    pub(crate) fn bounds(&self) -> [Bound; 6] {
        let bound = |setting, value, least| Bound { setting, value, least, most: None };
        [
            bound("code.memory_bytes", self.memory_bytes, LEAST_BYTES),
            bound("code.cache_bytes", self.cache_bytes, LEAST_BYTES),
            bound("code.store_bytes", self.store_bytes, LEAST_BYTES),
            bound("code.store_bytes_per_login", self.store_bytes_per_login, LEAST_BYTES),
            bound("code.store_bytes_per_login_hour", self.store_bytes_per_login_hour, LEAST_BYTES),
            // One request.
            bound(
                "code.store_bytes_per_source_hour",
                self.store_bytes_per_source_hour,
                HTTP_BODY_BYTES_MAX as u64,
            ),
        ]
    }

    /// Checks what else can be checked without a network file.
    ///
    /// # Errors
    /// The setting and what is wrong with it.
    pub(crate) fn check(&self) -> Result<(), (&'static str, String)> {
        if self.gateways.len() > GATEWAYS_MAX {
            return Err(("code.gateways", format!("names more than {GATEWAYS_MAX}")));
        }
        for (place, gateway) in (1..).zip(&self.gateways) {
            base(gateway).map_err(|reason| ("code.gateways", format!("number {place} {reason}")))?;
        }
        Ok(())
    }
}

/// A gateway's base URL without a slash at its end.
pub(crate) fn base(url: &SecretUrl) -> Result<String, &'static str> {
    let url = Url::parse(url.expose()).map_err(|_| "is no URL")?;
    let plain = matches!(url.scheme(), "http" | "https") && url.has_host();
    let bare = url.query().is_none() && url.fragment().is_none();
    let anonymous = url.username().is_empty() && url.password().is_none();
    if plain && bare && anonymous {
        Ok(url.as_str().trim_end_matches('/').to_owned())
    } else {
        Err("is not an http or https URL without a query")
    }
}
