//! The committee of the epoch, and this node's place in it.

use ed25519_dalek::SigningKey;
use quorate_threshold::{Params, PartyIndex};
use quorate_wire::{ActionLimits, Digest, NetworkFile, NetworkId, NodeIndex, Signable, Signed};

use crate::{Config, LoginRule, Rates, ReadRegistry, StartError};

pub(crate) struct Committee {
    pub(crate) id: NetworkId,
    pub(crate) network: NetworkFile,
    pub(crate) epoch: u64,
    pub(crate) me: NodeIndex,
    pub(crate) params: Params,
    pub(crate) guest: Digest,
    pub(crate) limits: ActionLimits,
    pub(crate) rates: Rates,
    statement_key: SigningKey,
}

impl Committee {
    /// The rule about domains of logins, by a reading of the registry.
    pub(crate) fn logins(&self, registry: &dyn ReadRegistry) -> LoginRule {
        LoginRule::read(registry, self.network.wildcard_sessions)
    }

    pub(crate) fn new(config: Config) -> Result<Self, StartError> {
        let contradiction = |text: &str| StartError::Config(text.to_owned());
        let Config { network, me, statement_key, guest, limits, rates, .. } = config;
        let listed = network.node(me).ok_or_else(|| contradiction("this node is not in the network file"))?;
        if listed.statement_key.0 != statement_key.verifying_key().to_bytes() {
            return Err(contradiction(
                "the statement key is not the one that the network file gives this node",
            ));
        }
        let n = u8::try_from(network.nodes.len()).map_err(|_| contradiction("too many nodes"))?;
        let params = Params::new(network.threshold, n).map_err(|error| contradiction(&error.to_string()))?;
        Ok(Committee { id: network.id(), network, epoch: 1, me, params, guest, limits, rates, statement_key })
    }

    pub(crate) fn threshold(&self) -> usize {
        usize::from(self.params.threshold())
    }

    pub(crate) fn size(&self) -> usize {
        usize::from(self.params.share_count())
    }

    pub(crate) fn members(&self) -> impl Iterator<Item = NodeIndex> + use<'_> {
        self.network.indices()
    }

    pub(crate) fn peers(&self) -> impl Iterator<Item = NodeIndex> + use<'_> {
        self.members().filter(|&member| member != self.me)
    }

    pub(crate) fn is_member(&self, node: NodeIndex) -> bool {
        self.network.node(node).is_some()
    }

    pub(crate) fn sign<T: Signable>(&self, body: T) -> Signed<T> {
        Signed::new(self.me, body, &self.statement_key)
    }

    /// Whether a member of the committee signed this.
    pub(crate) fn signed_by_member<T: Signable>(&self, signed: &Signed<T>) -> bool {
        self.network.node(signed.node).is_some_and(|node| signed.verify(&node.statement_key).is_ok())
    }
}

/// The party of a node inside the protocols.
///
/// # Panics
/// Never for members: a committee has at most as many nodes as a protocol has parties.
pub(crate) fn party(node: NodeIndex) -> PartyIndex {
    PartyIndex::new(node.get()).expect("members are parties")
}

/// The node of a party.
pub(crate) fn node(party: PartyIndex) -> NodeIndex {
    NodeIndex::new(party.get()).expect("parties count from 1")
}

/// All pairs of an ascending list, in ascending order.
pub(crate) fn pairs_of(signers: &[NodeIndex]) -> Vec<(NodeIndex, NodeIndex)> {
    let mut pairs = Vec::new();
    for (place, a) in signers.iter().enumerate() {
        pairs.extend(signers[place + 1..].iter().map(|b| (*a, *b)));
    }
    pairs
}
