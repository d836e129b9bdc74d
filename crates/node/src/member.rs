//! Who this node is, and whether it takes part in the network that its file names.

use std::{path::Path, sync::Arc};

use anyhow::{Context as _, bail};
use quorate_actions::Guest;
use quorate_engine::{Effect, Engine, Stored};
use quorate_registry::follow::StateFile;
use quorate_wire::{Digest, NetworkFile, NodeEndpoint, NodeIndex};
use sha2::{Digest as _, Sha256};

use crate::{
    clock::Clock,
    config::Config,
    keys::{KeyFiles, NodeKeys},
    store::Store,
};

/// Who this node is.
pub(crate) struct Member {
    pub(crate) network: Arc<NetworkFile>,
    pub(crate) keys: NodeKeys,
    pub(crate) me: NodeIndex,
    pub(crate) guest: Guest,
    /// Pays for what this node sends to the chain; without it, it sends nothing.
    pub(crate) payer: Option<k256::ecdsa::SigningKey>,
    /// Where its operator says that it is reached.
    pub(crate) place: Option<NodeEndpoint>,
    rates: quorate_engine::Rates,
}

impl Member {
    pub(crate) fn load(config: &Config) -> anyhow::Result<Self> {
        config.check()?;
        let network = Arc::new(config.load_network()?);
        check_approval(config, &network)?;
        let keys = NodeKeys::load(&config.keys)?;
        let me = index_of(&network, &keys)?;
        let payer =
            config.payer.as_deref().map(crate::keys::load_chain_key).transpose().context("the payer")?;
        let guest = Guest::load(&Guest::locate(config.guest.as_deref())?)?;
        let limits = &config.limits;
        let rates = quorate_engine::Rates {
            executions_per_second: limits.executions_per_second,
            login_per_second: limits.login_per_second,
        };
        Ok(Member { network, keys, me, guest, payer, place: config.place()?, rates })
    }

    pub(crate) fn guest_hash(&self) -> Digest {
        Digest(self.guest.hash())
    }

    /// Opens the store, and reads it; a new one is not made unless this node may begin in this network.
    pub(crate) fn open_store(&self, config: &Config) -> anyhow::Result<(Store, Stored)> {
        crate::moving::check_not_halted(&config.data_folder)?;
        if lies_beside(&config.keys, &config.data_folder) {
            tracing::warn!(
                "the sealing key lies beside the store: who copies the disk can read the node's share"
            );
        }
        open_store(&config.data_folder, &self.keys.sealing, &self.network, self.guest_hash())
    }

    pub(crate) fn engine(
        &self,
        config: &Config,
        stored: &Stored,
        clock: Clock,
    ) -> anyhow::Result<(Engine, Vec<Effect>)> {
        let config = quorate_engine::Config {
            network: (*self.network).clone(),
            me: self.me,
            statement_key: self.keys.statement.clone(),
            chain_key: self.keys.chain.clone(),
            place: self.place.clone(),
            guest: self.guest_hash(),
            limits: self.network.limits,
            accept_rollback_to: config.rollback()?,
            rates: self.rates,
        };
        Ok(Engine::new(config, stored, clock.now())?)
    }

    /// Where the registry's state is kept, and the secret under which this node knows it as its own.
    pub(crate) fn registry_state(&self, config: &Config) -> StateFile {
        let mut secret = Sha256::new();
        secret.update(b"quorate/registry-state/v1");
        secret.update(self.keys.sealing.as_slice());
        StateFile { path: config.data_folder.join("registry.redb"), secret: secret.finalize().into() }
    }
}

/// Whether a node's store has anything of this network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    New,
    Known,
}

/// Compares the network file with what this node's operator approved, where that is kept.
pub(crate) fn check_approval(config: &Config, network: &NetworkFile) -> anyhow::Result<()> {
    let Some((path, approved)) = config.load_approved()? else { return Ok(()) };
    if approved.id() == network.id() {
        return Ok(());
    }
    let (file, approved_file) = (config.network_file.display(), path.display());
    let difference = network.first_difference(&approved).unwrap_or_else(|| "their ids differ".to_owned());
    bail!(
        "what is in {file} is not what this node approved: {difference} (the one is {file}, the other {approved_file})"
    )
}

fn open_store(
    folder: &Path,
    sealing: &[u8; 32],
    network: &NetworkFile,
    guest: Digest,
) -> anyhow::Result<(Store, Stored)> {
    if !Store::is_in(folder) {
        check_founding(network, guest, Standing::New)?;
    }
    let store = Store::open(folder, sealing, network.id())?;
    let stored = store.load_all()?;
    let standing = if stored.is_empty() { Standing::New } else { Standing::Known };
    check_founding(network, guest, standing)?;
    Ok((store, stored))
}

/// Whether the operators approved what this node is about to begin or to go on with.
fn check_founding(network: &NetworkFile, guest: Digest, standing: Standing) -> anyhow::Result<()> {
    let Some(founding) = &network.founding else {
        if standing == Standing::New {
            bail!(
                "a network file of version {} has no approvals, and this node's store knows no such network: a new node \
                 begins only in a network that all operators have approved (docs/operating.md)",
                network.version
            );
        }
        return Ok(());
    };
    network.check_approvals().map_err(anyhow::Error::msg).context("the network file")?;
    let approved = founding.guest;
    if guest != approved {
        if standing == Standing::New {
            bail!(
                "the operators approved a network that begins with the guest {approved}, and this release has the guest \
                 {guest}: begin with the release that was approved"
            );
        }
        tracing::warn!(%approved, %guest, "this release has another guest than the one that the network began with");
    }
    Ok(())
}

/// Which member this node is: all of its keys must be those of one entry of the network file.
pub(crate) fn index_of(network: &NetworkFile, keys: &NodeKeys) -> anyhow::Result<NodeIndex> {
    let public = keys.public();
    let mut indices = network.indices();
    let me = indices
        .find(|&index| network.node(index).is_some_and(|node| node.transport_key == public.transport_key));
    let Some(me) = me else { bail!("no member of the network file has this node's transport key") };
    if network.node(me) != Some(&public) {
        bail!(
            "the statement key or the chain key is not the one that the network file has for {}",
            network.named(me)
        );
    }
    Ok(me)
}

/// Whether one copy of a folder takes both the store and the key that opens it.
fn lies_beside(keys: &KeyFiles, data_folder: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let (key, data) = (real(&keys.sealing), real(data_folder));
    let key_folder = key.parent();
    key.starts_with(&data)
        || key_folder.is_some_and(|folder| data.starts_with(folder))
        || (key_folder.is_some() && key_folder.and_then(Path::parent) == data.parent())
}

#[cfg(test)]
mod tests {
    use quorate_engine::Write;
    use zeroize::Zeroizing;

    use super::*;
    use crate::testing::{self, TestFolder};

    const GUEST: u8 = 5;

    fn refused(outcome: anyhow::Result<()>) -> String {
        format!("{:#}", outcome.unwrap_err())
    }

    #[test]
    fn a_new_node_begins_only_where_all_operators_approved_and_with_their_guest() {
        let (network, _) = testing::founded(GUEST);
        let check =
            |network: &NetworkFile, guest, standing| check_founding(network, Digest([guest; 32]), standing);
        check(&network, GUEST, Standing::New).unwrap();
        let other = refused(check(&network, 6, Standing::New));
        assert!(
            other.contains(&Digest([5; 32]).to_string()) && other.contains(&Digest([6; 32]).to_string()),
            "{other}"
        );
        check(&network, 6, Standing::Known).unwrap();
        for standing in [Standing::New, Standing::Known] {
            let mut short = network.clone();
            short.approvals.pop();
            assert!(refused(check(&short, GUEST, standing)).contains("node 3 (Operator 3) is missing"));
            let mut other = network.clone();
            other.threshold = 3;
            assert!(refused(check(&other, GUEST, standing)).contains("approved another proposal"));
        }
        let before = testing::network();
        assert!(refused(check(&before, GUEST, Standing::New)).contains("version 4"));
        check(&before, GUEST, Standing::Known).unwrap();
    }

    #[test]
    fn what_this_node_approved_is_what_it_founds() {
        let folder = TestFolder::new();
        let config = Config { network_file: folder.path().join("network.json"), ..Config::default() };
        let (network, _) = testing::founded(GUEST);
        check_approval(&config, &network).unwrap();
        let mut approved = network.clone();
        approved.approvals.clear();
        let write = |approved: &NetworkFile| {
            std::fs::write(folder.path().join("approved.json"), serde_json::to_string(approved).unwrap())
                .unwrap();
        };
        write(&approved);
        check_approval(&config, &network).unwrap();
        approved.threshold = 3;
        write(&approved);
        let said = refused(check_approval(&config, &network));
        assert!(said.contains("threshold is 2 in one and 3 in the other"), "{said}");
        assert!(said.contains("network.json, the other") && said.contains("approved.json)"), "{said}");
    }

    #[test]
    fn a_refused_start_leaves_no_store_and_a_store_that_knows_an_earlier_network_goes_on() {
        let folder = TestFolder::new();
        let (founded, keys) = testing::founded(GUEST);
        let before = NetworkFile {
            version: NetworkFile::VERSION_BEFORE,
            founding: None,
            approvals: Vec::new(),
            ..founded.clone()
        };
        let (guest, other, sealing) = (Digest([GUEST; 32]), Digest([6; 32]), &keys[0].sealing);
        for (name, network, guest) in [("before", &before, guest), ("guest", &founded, other)] {
            let folder = folder.path().join(name);
            let refused = refused(open_store(&folder, sealing, network, guest).map(drop));
            assert!(refused.contains("version 4") || refused.contains("guest"), "{refused}");
            assert!(!Store::is_in(&folder), "{name}");
            // One that an earlier start has made, and that knows nothing, is as new as none.
            Store::open(&folder, sealing, network.id()).unwrap().close().unwrap();
            assert!(open_store(&folder, sealing, network, guest).is_err(), "{name}");
            let store = Store::open(&folder, sealing, network.id()).unwrap();
            store.apply(&[Write { key: "a".to_owned(), value: Some(Zeroizing::new(vec![1])) }]).unwrap();
            store.close().unwrap();
            let (_store, stored) = open_store(&folder, sealing, network, guest).unwrap();
            assert_eq!(stored.len(), 1);
        }
        assert!(open_store(&folder.path().join("new"), sealing, &founded, guest).is_ok());
    }
}
