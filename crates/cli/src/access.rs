//! Which network a command talks to, through which chain, as whom.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use k256::ecdsa::SigningKey;
use quorate_client::{Client, Wallet};
use quorate_registry::alloy_primitives::hex;
use quorate_registry::artifacts::Contracts;
use quorate_registry::tx_client::{ChainReader, TxClient};
use quorate_wire::{NetworkFile, PublicKey};

use crate::action::refused;
use crate::args::{Access, KeyName, Place, RegistryAccess, Subject, WalletKey};
use crate::failure::Failure;
use crate::source;
use crate::state::{State, read_network, read_secret};

impl Place {
    /// The network file.
    pub(crate) fn network_file(&self) -> Result<NetworkFile> {
        let path = self.network.clone().unwrap_or_else(|| State::at(&self.dir).network_path());
        read_network(&path).context("start a network with `quorate dev`, or name one with --dir or --network")
    }
}

impl WalletKey {
    fn path(&self, place: &Place) -> PathBuf {
        self.key.clone().unwrap_or_else(|| State::at(&place.dir).wallet_path())
    }

    /// The file, for a message about it.
    fn shown(path: &Path) -> String {
        format!("the wallet's key {} (--key names another)", path.display())
    }
}

impl Access {
    /// The network file.
    pub(crate) fn network_file(&self) -> Result<NetworkFile> {
        self.place.network_file()
    }

    /// The caller's wallet.
    pub(crate) fn wallet(&self) -> Result<Wallet> {
        let path = self.wallet.path(&self.place);
        Wallet::from_file(&path).with_context(|| WalletKey::shown(&path))
    }
}

impl RegistryAccess {
    /// The registry's addresses.
    pub(crate) fn contracts(&self) -> Result<Contracts> {
        Ok(contracts(&self.place.network_file()?))
    }

    /// The chain, to read it.
    pub(crate) fn reader(&self) -> Result<ChainReader> {
        Ok(ChainReader::new(&self.rpc()?)?)
    }

    /// The chain, written to and read with the caller's wallet.
    pub(crate) fn chain(&self, wallet: &WalletKey) -> Result<TxClient> {
        Ok(TxClient::new(&self.rpc()?, self.signing_key(wallet)?)?)
    }

    fn rpc(&self) -> Result<String> {
        match &self.rpc {
            Some(url) => Ok(url.clone()),
            None => Ok(State::at(&self.place.dir).running()?.chain_rpc),
        }
    }

    fn signing_key(&self, wallet: &WalletKey) -> Result<SigningKey> {
        let path = wallet.path(&self.place);
        let secret = read_secret(&path).with_context(|| WalletKey::shown(&path))?;
        SigningKey::from_slice(secret.as_ref())
            .map_err(|_| anyhow::anyhow!("{} does not hold a secp256k1 private key", path.display()))
    }
}

impl KeyName {
    /// The public key; of a token, nodes are asked for it.
    pub(crate) async fn public_key(self, client: &Client) -> Result<PublicKey, Failure> {
        match self {
            KeyName::Key(key) => Ok(key),
            KeyName::Token(token) => Ok(client.pkp(&token).await.map_err(refused)?.public_key),
        }
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
        if let Some(method) = &self.auth_method {
            let named = format!("auth method {}:0x{}", method.kind, hex::encode(&method.id));
            return Ok((Registered::AuthMethod { kind: method.kind, id: method.id.clone() }, named));
        }
        let text = self.action.as_deref().context("--action, --address or --auth-method is needed")?;
        let cid = source::named(text)?.cid();
        Ok((Registered::Action(cid.multihash()), format!("action {cid}")))
    }
}
