//! Which network a command talks to, through which chain, as whom.

use anyhow::{Context as _, Result};
use k256::ecdsa::SigningKey;
use quorate_registry::{artifacts::Contracts, tx_client::TxClient};
use quorate_wire::{ActionCid, NetworkFile};

use crate::args::{Access, Subject};
use crate::state::{State, read_network, read_secret};

impl Access {
    /// The network file.
    pub(crate) fn network_file(&self) -> Result<NetworkFile> {
        let path = self.network.clone().unwrap_or_else(|| State::at(&self.dir).network_path());
        read_network(&path).context("start a network with `quorate dev`, or name one with --dir or --network")
    }

    /// The caller's wallet.
    pub(crate) fn wallet(&self) -> Result<SigningKey> {
        let path = self.key.clone().unwrap_or_else(|| State::at(&self.dir).wallet_path());
        let secret = read_secret(&path)?;
        SigningKey::from_slice(secret.as_ref())
            .map_err(|_| anyhow::anyhow!("{} does not hold a secp256k1 private key", path.display()))
    }

    /// The chain, written to and read with the caller's wallet.
    pub(crate) fn chain(&self) -> Result<TxClient> {
        let url = match &self.rpc {
            Some(url) => url.clone(),
            None => State::at(&self.dir).running()?.chain_rpc,
        };
        Ok(TxClient::new(&url, self.wallet()?)?)
    }
}

/// The registry's addresses, out of the network file.
pub(crate) fn contracts(network: &NetworkFile) -> Contracts {
    let address = |record: &quorate_wire::ContractRecord| record.address.0.into();
    Contracts {
        node_registry: address(&network.contracts.node_registry),
        pubkey_router: address(&network.contracts.pubkey_router),
        pkp_permissions: address(&network.contracts.pkp_permissions),
        pkp_nft: address(&network.contracts.pkp_nft),
    }
}

impl Subject {
    /// The subject in the registry's terms, and for people.
    pub(crate) fn resolve(&self) -> Result<(quorate_registry::subject::Subject, String)> {
        use quorate_registry::subject::Subject as Registered;
        if let Some(address) = self.address {
            return Ok((Registered::Address(address.0.into()), format!("address {address}")));
        }
        let text = self.action.as_deref().context("--action or --address is needed")?;
        let cid = match text.parse::<ActionCid>() {
            Ok(cid) => cid,
            Err(_) => ActionCid::of_code(
                &std::fs::read(text)
                    .with_context(|| format!("{text} is neither a CID nor a file that can be read"))?,
            ),
        };
        Ok((Registered::Action(cid.multihash()), format!("action {cid}")))
    }
}
