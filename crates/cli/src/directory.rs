//! The Directory's values: votes for them, and what is known of them.

use anyhow::{Context as _, Result, bail};
use quorate_registry::abi::Directory;
use quorate_registry::alloy_primitives::{Address, B256};
use quorate_registry::tx_client::{ChainReader, TxClient};
use quorate_wire::LoginDomains;
use serde::Deserialize;

/// Longest value.
pub(crate) const VALUE_BYTES_MAX: usize = 4_096;
/// Names of further contracts begin with this.
pub(crate) const CONTRACTS: &str = "contracts/";

/// A further contract, as a value names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NamedContract {
    /// Where it is.
    pub(crate) address: Address,
    /// Keccak-256 of its runtime code.
    pub(crate) code_hash: B256,
}

/// What became of a vote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Voted {
    /// The value stands already, at this version: nothing was sent.
    Stands(u64),
    /// The vote was counted, and set the value at this version.
    Set(u64),
    /// The vote was counted for this version; more are needed.
    Counted(u64),
}

/// Checks a value that some release of a node or client reads under its name.
///
/// # Errors
/// What is wrong with the name, or with the value under it.
pub(crate) fn check(name: &str, value: &[u8]) -> Result<()> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._/-".contains(&byte);
    if name.is_empty() || name.len() > 64 || !name.bytes().all(plain) {
        bail!("a name of the Directory has 1 to 64 characters of a-z, 0-9, and . _ / -: {name:?} has others");
    }
    if value.len() > VALUE_BYTES_MAX {
        bail!("a value of the Directory has at most {VALUE_BYTES_MAX} bytes, and this one has more");
    }
    if name == LoginDomains::NAME {
        LoginDomains::parse(value).map_err(anyhow::Error::msg).with_context(|| {
            format!("{name} is a JSON array of domains, such as [\"app.example\",\"localhost\"]")
        })?;
    } else if name.starts_with(CONTRACTS) && !value.is_empty() {
        serde_json::from_slice::<NamedContract>(value).with_context(|| {
            format!("{name} is a JSON object with the members address and code_hash, in hexadecimal digits")
        })?;
    } else if !name.starts_with(CONTRACTS) {
        bail!(
            "{name:?} is no name that anything reads. Names: {}, {CONTRACTS}… for further contracts",
            LoginDomains::NAME
        );
    }
    Ok(())
}

/// The value under a name, and its version.
pub(crate) async fn read(chain: &ChainReader, directory: Address, name: &str) -> Result<(u64, Vec<u8>)> {
    let found = chain.read(directory, &Directory::getCall { name: name.to_owned() }).await?;
    Ok((found.version, found.value.to_vec()))
}

/// Votes with a node's account, unless the value stands already.
pub(crate) async fn vote(client: &TxClient, directory: Address, name: &str, value: &[u8]) -> Result<Voted> {
    let chain = client.reader();
    let (version, standing) = read(chain, directory, name).await?;
    if version > 0 && standing == value {
        return Ok(Voted::Stands(version));
    }
    let version = version + 1;
    client.vote_for_value(directory, name, version, value).await?;
    let (now, standing) = read(chain, directory, name).await?;
    Ok(if now >= version && standing == value { Voted::Set(now) } else { Voted::Counted(version) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_that_nothing_could_read_are_refused() {
        let contract =
            format!("{{\"address\":\"0x{}\",\"code_hash\":\"0x{}\"}}", "01".repeat(20), "02".repeat(32));
        for (name, value) in [
            ("login-domains", "[]"),
            ("login-domains", ""),
            ("login-domains", "[\"app.example\"]"),
            ("contracts/pkp-helper", contract.as_str()),
            ("contracts/pkp-helper", ""),
        ] {
            check(name, value.as_bytes()).unwrap();
        }
        for (name, value) in [
            ("login-domains", "app.example"),
            ("login-domains", "[\"https://app.example\"]"),
            ("contracts/pkp-helper", "{}"),
            ("contracts/pkp-helper", "0x00"),
            ("login_domains", "[]"),
            ("Login-domains", "[]"),
            ("", "[]"),
        ] {
            check(name, value.as_bytes()).unwrap_err();
        }
        let long = serde_json::to_vec(&vec![0; 4_000]).unwrap();
        assert!(check("login-domains", &long).unwrap_err().to_string().contains("4096"));
    }
}
