//! The Directory's values: their forms, and what stands.

use anyhow::{Context as _, Result, bail};
use k256::ecdsa::SigningKey;
use quorate_registry::abi::Directory;
use quorate_registry::alloy_primitives::{Address, B256};
use quorate_registry::tx_client::{ChainReader, TxClient};
use quorate_wire::{
    DirectoryChange, Issuers, LoginDomains, NetworkFile, NodeVote, directory_digest, gather,
    limits::DIRECTORY_VALUE_BYTES_MAX,
};
use serde::{Deserialize, Serialize};

/// Names of further contracts begin with this.
pub(crate) const CONTRACTS: &str = "contracts/";

/// Contracts beside those of the network file, and what the Directory calls them.
pub(crate) const COMPANIONS: [(&str, &str); 5] = [
    ("PKPHelper", "contracts/pkp-helper"),
    ("PriceFeed", "contracts/price-feed"),
    ("Ledger", "contracts/ledger"),
    ("PaymentDelegation", "contracts/payment-delegation"),
    ("ContractResolver", "contracts/contract-resolver"),
];

/// A further contract, as a value names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NamedContract {
    /// Where it is.
    pub(crate) address: Address,
    /// Keccak-256 of its runtime code.
    pub(crate) code_hash: B256,
}

/// The bytes to vote for: the one form of a value that nodes or clients read under this name, so that votes for one value
/// are votes for the same bytes. No bytes take a value away.
///
/// # Errors
/// What is wrong with the name, or with the value under it.
pub(crate) fn canonical(name: &str, value: &[u8]) -> Result<Vec<u8>> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._/-".contains(&byte);
    if name.is_empty() || name.len() > 64 || !name.bytes().all(plain) {
        bail!("a name of the Directory has 1 to 64 characters of a-z, 0-9, and . _ / -: {name:?} has others");
    }
    if value.len() > DIRECTORY_VALUE_BYTES_MAX {
        bail!(
            "a value of the Directory has at most {DIRECTORY_VALUE_BYTES_MAX} bytes, and this one has more"
        );
    }
    if name == LoginDomains::NAME {
        if value.is_empty() {
            return Ok(Vec::new());
        }
        let domains = LoginDomains::parse(value).map_err(anyhow::Error::msg).with_context(|| {
            format!("{name} is a JSON array of domains, such as [\"app.example\",\"localhost\"]")
        })?;
        return Ok(domains.value());
    }
    if name == Issuers::NAME {
        if value.is_empty() {
            return Ok(Vec::new());
        }
        let issuers = Issuers::parse(value).map_err(anyhow::Error::msg).with_context(|| {
            format!("{name} is a JSON array of objects with name, issuer and algorithms, and perhaps aliases and jwks_uri")
        })?;
        return Ok(issuers.value());
    }
    if name.strip_prefix(CONTRACTS).is_none_or(str::is_empty) {
        bail!(
            "nothing reads the name {name:?}. Names: {} and {} for nodes; {CONTRACTS}NAME, a further contract, for clients",
            LoginDomains::NAME,
            Issuers::NAME
        );
    }
    if value.is_empty() {
        return Ok(Vec::new());
    }
    let contract: NamedContract = serde_json::from_slice(value).with_context(|| {
        format!("{name} is a JSON object with the members address and code_hash, in hexadecimal digits")
    })?;
    Ok(serde_json::to_vec(&contract)?)
}

/// The value under a name, and its version.
pub(crate) async fn read(chain: &ChainReader, directory: Address, name: &str) -> Result<(u64, Vec<u8>)> {
    let found = chain.read(directory, &Directory::getCall { name: name.to_owned() }).await?;
    Ok((found.version, found.value.to_vec()))
}

/// Sets values with as many nodes' keys as it takes, where they do not stand already: all in one transaction.
pub(crate) async fn set(
    client: &TxClient,
    network: &NetworkFile,
    values: Vec<(String, Vec<u8>)>,
    keys: &[SigningKey],
) -> Result<()> {
    let at = Address::from(network.contracts.directory.address.0);
    let mut changes = Vec::new();
    for (name, value) in values {
        let (version, standing) = read(client.reader(), at, &name).await?;
        if version == 0 || standing != value {
            changes.push(DirectoryChange { name, version: version + 1, value });
        }
    }
    if changes.is_empty() {
        return Ok(());
    }
    let digest = directory_digest(&network.directory_domain(), &changes);
    let votes = gather(&digest, keys.iter().map(|key| NodeVote::sign(&digest, key)));
    client.set_directory(at, &changes, &votes).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_has_one_form_and_what_nothing_could_read_is_refused() {
        let (address, hash) = ("01".repeat(20), "02".repeat(32));
        let contract = format!("{{\"address\":\"0x{address}\",\"code_hash\":\"0x{hash}\"}}");
        let spaced = format!("{{ \"code_hash\": \"0x{hash}\",\n \"address\": \"0x{address}\" }}\n");
        for (name, value, form) in [
            ("login-domains", "[ ]", "[]"),
            ("login-domains", "", ""),
            ("login-domains", " [\"app.example\",\n\"localhost\"]\n", "[\"app.example\",\"localhost\"]"),
            ("contracts/pkp-helper", spaced.as_str(), contract.as_str()),
            ("contracts/pkp-helper", "", ""),
        ] {
            assert_eq!(canonical(name, value.as_bytes()).unwrap(), form.as_bytes(), "{name} {value}");
        }
        for (name, value) in [
            ("login-domains", "app.example"),
            ("login-domains", "[\"https://app.example\"]"),
            ("contracts/pkp-helper", "{}"),
            ("contracts/pkp-helper", "0x00"),
            ("contracts/", contract.as_str()),
            ("contracts", contract.as_str()),
            ("login_domains", "[]"),
            ("Login-domains", "[]"),
            ("", "[]"),
        ] {
            canonical(name, value.as_bytes()).unwrap_err();
        }
        let long = serde_json::to_vec(&vec![0; 4_000]).unwrap();
        assert!(canonical("login-domains", &long).unwrap_err().to_string().contains("4096"));
    }
}
