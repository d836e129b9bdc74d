//! Which network a command talks to, through which chain, as whom.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use k256::ecdsa::SigningKey;
use quorate_auth::oidc::oidc_id;
use quorate_auth::passkey::{check_key, passkey_id};
use quorate_client::{Client, Wallet};
use quorate_node::read_secret;
use quorate_policy::{TYPE_OIDC, TYPE_PASSKEY};
use quorate_registry::alloy_primitives::{U256, hex};
use quorate_registry::artifacts::Contracts;
use quorate_registry::tx_client::{ChainReader, TxClient};
use quorate_wire::{NetworkFile, PublicKey, SecretUrl};
use zeroize::Zeroizing;

use crate::action::refused;
use crate::args::{Access, KeyName, Place, RegistryAccess, Subject, WalletKey};
use crate::failure::Failure;
use crate::output::quoted;
use crate::source;
use crate::state::{State, read_network};

impl Place {
    /// The network file.
    pub(crate) fn network_file(&self) -> Result<NetworkFile> {
        self.network_path().map(|(_, network)| network)
    }

    /// The network file, and where it is.
    pub(crate) fn network_path(&self) -> Result<(PathBuf, NetworkFile)> {
        let path = match &self.network {
            Some(path) => path.clone(),
            None => State::known(&self.dir)?.network_path(),
        };
        let network = read_network(&path)?;
        Ok((path, network))
    }
}

impl WalletKey {
    fn path(&self, place: &Place) -> Result<PathBuf> {
        match &self.key {
            Some(path) => Ok(path.clone()),
            None => Ok(State::known(&place.dir)?.wallet_path()),
        }
    }

    /// The private key, in a file that only this user may read.
    fn secret(&self, place: &Place) -> Result<Zeroizing<[u8; 32]>> {
        let path = self.path(place)?;
        read_secret(&path).with_context(|| WalletKey::shown(&path))
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
        Ok(Wallet::from_bytes(&*self.wallet.secret(&self.place)?)?)
    }
}

impl RegistryAccess {
    /// The registry's addresses.
    pub(crate) fn contracts(&self) -> Result<Contracts> {
        Ok(contracts(&self.place.network_file()?))
    }

    /// The chain, to read it.
    pub(crate) fn reader(&self) -> Result<ChainReader> {
        Ok(ChainReader::new(self.rpc()?.expose())?)
    }

    /// The chain, written to and read with the caller's wallet.
    pub(crate) fn chain(&self, wallet: &WalletKey) -> Result<TxClient> {
        // What is signed is for the chain of the network file, whatever the server says of itself.
        let chain = self.place.network_file()?.chain.id;
        let secret = wallet.secret(&self.place)?;
        let key = SigningKey::from_slice(secret.as_ref()).context("the wallet's key is no secp256k1 key")?;
        Ok(TxClient::new(self.rpc()?.expose(), chain, key)?)
    }

    /// Compares a chain with the network file: its id, and the code of its Directory.
    pub(crate) async fn must_be_its_chain(&self, chain: &ChainReader) -> Result<()> {
        let network = self.place.network_file()?;
        let record = network.contracts.directory;
        let (id, code) = chain.identity(record.address.0.into()).await?;
        ensure!(
            id == network.chain.id && code.0 == record.code_hash.0,
            "the chain that was asked is not this network's: it has another id, or another Directory"
        );
        Ok(())
    }

    fn rpc(&self) -> Result<SecretUrl> {
        match &self.rpc {
            Some(url) => Ok(url.clone()),
            None => Ok(State::known(&self.place.dir)?.running()?.chain_rpc.into()),
        }
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
        directory: address(&network.contracts.directory),
    }
}

/// The id of the passkey that a file describes.
fn passkey_in(path: &Path) -> Result<[u8; 32]> {
    /// Longest file.
    const BYTES_MAX: u64 = 16 << 10;
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Passkey {
        rp_id: String,
        public_key: String,
    }
    let mut text = Vec::new();
    let file = File::open(path).with_context(|| format!("{}", path.display()))?;
    file.take(BYTES_MAX).read_to_end(&mut text)?;
    let passkey: Passkey = serde_json::from_slice(&text)
        .with_context(|| format!("{}: a passkey has the members rp_id and public_key", path.display()))?;
    let key = URL_SAFE_NO_PAD
        .decode(&passkey.public_key)
        .ok()
        .context("public_key is base64url without padding")?;
    check_key(&key).context("public_key")?;
    Ok(passkey_id(&passkey.rp_id, &key))
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
        if let Some([issuer, client, subject]) = self.oidc.as_deref() {
            let id = oidc_id(issuer, client, subject).to_vec();
            let named = format!("{} at {}", quoted(subject), quoted(issuer));
            return Ok((Registered::AuthMethod { kind: U256::from(TYPE_OIDC), id }, named));
        }
        if let Some(path) = &self.passkey {
            let id = passkey_in(path)?.to_vec();
            return Ok((
                Registered::AuthMethod { kind: U256::from(TYPE_PASSKEY), id },
                "the passkey".to_owned(),
            ));
        }
        let text =
            self.action.as_deref().context("whom it is for is needed, such as --action or --address")?;
        let cid = source::named(text)?.cid();
        Ok((Registered::Action(cid.multihash()), format!("action {cid}")))
    }
}
