//! The committee of the epoch, and this node's place in it.

use ed25519_dalek::SigningKey;
use quorate_threshold::{Params, PartyIndex};
use quorate_wire::{
    ActionLimits, Address, Committee as Members, Digest, NetworkFile, NetworkId, NodeEndpoint, NodeIndex,
    NodeVote, PublicKey, Signable, Signed, StatementKey,
};

use crate::{Config, LoginRule, Rates, ReadRegistry, StartError};

pub(crate) struct Committee {
    pub(crate) id: NetworkId,
    pub(crate) network: NetworkFile,
    /// Who the members of the epoch are.
    members: Members,
    pub(crate) epoch: u64,
    pub(crate) me: NodeIndex,
    pub(crate) params: Params,
    pub(crate) guest: Digest,
    pub(crate) limits: ActionLimits,
    pub(crate) rates: Rates,
    statement_key: SigningKey,
    /// The key of this node's account.
    chain_key: k256::ecdsa::SigningKey,
}

impl Committee {
    /// The rule about domains of logins, by a reading of the registry.
    pub(crate) fn logins(&self, registry: &dyn ReadRegistry) -> LoginRule {
        LoginRule::read(registry, self.network.wildcard_sessions)
    }

    pub(crate) fn new(config: Config) -> Result<Self, StartError> {
        let contradiction = |text: &str| StartError::Config(text.to_owned());
        let Config { network, me, statement_key, chain_key, guest, limits, rates, .. } = config;
        let members = network.founding_committee();
        let listed =
            members.member(me).ok_or_else(|| contradiction("this node is not in the network file"))?;
        if listed.statement_key.0 != statement_key.verifying_key().to_bytes() {
            return Err(contradiction(
                "the statement key is not the one that the network file gives this node",
            ));
        }
        if listed.chain_address != address_of(&chain_key) {
            return Err(contradiction(
                "the chain key is not that of the account which the network file gives this node",
            ));
        }
        let n = u8::try_from(members.size()).map_err(|_| contradiction("too many nodes"))?;
        let params = Params::new(members.threshold, n).map_err(|error| contradiction(&error.to_string()))?;
        let (id, epoch) = (network.id(), members.epoch);
        Ok(Committee {
            id,
            network,
            members,
            epoch,
            me,
            params,
            guest,
            limits,
            rates,
            statement_key,
            chain_key,
        })
    }

    pub(crate) fn threshold(&self) -> usize {
        usize::from(self.params.threshold())
    }

    pub(crate) fn size(&self) -> usize {
        usize::from(self.params.share_count())
    }

    pub(crate) fn members(&self) -> impl Iterator<Item = NodeIndex> + use<'_> {
        self.members.indices()
    }

    pub(crate) fn peers(&self) -> impl Iterator<Item = NodeIndex> + use<'_> {
        self.members().filter(|&member| member != self.me)
    }

    pub(crate) fn is_member(&self, node: NodeIndex) -> bool {
        self.members.member(node).is_some()
    }

    /// The statement key of a member.
    ///
    /// # Panics
    /// Never for members.
    pub(crate) fn key_of(&self, member: NodeIndex) -> StatementKey {
        self.members.member(member).expect("asked for members only").statement_key
    }

    /// The place of a member in this epoch, by its statement key.
    pub(crate) fn index_of(&self, key: &StatementKey) -> Option<NodeIndex> {
        self.members.index_of(key)
    }

    /// The place in the store of what belongs to this epoch.
    pub(crate) fn record(&self, name: &str) -> String {
        format!("epoch/{}/{name}", self.epoch)
    }

    pub(crate) fn sign<T: Signable>(&self, body: T) -> Signed<T> {
        Signed::new(self.me, body, &self.statement_key)
    }

    /// This node's vote on a digest, as the contracts take it.
    pub(crate) fn vote(&self, digest: &Digest) -> NodeVote {
        NodeVote::sign(digest, &self.chain_key)
    }

    /// The account of a member on the chain.
    ///
    /// # Panics
    /// Never for members.
    pub(crate) fn account_of(&self, member: NodeIndex) -> Address {
        self.members.member(member).expect("asked for members only").chain_address
    }

    /// This node's word of where it is reached.
    pub(crate) fn say_place(&self, place: NodeEndpoint, number: u64) -> NodeEndpoint {
        place.signed(number, &self.statement_key)
    }

    /// Whether a member of the committee signed this.
    pub(crate) fn signed_by_member<T: Signable>(&self, signed: &Signed<T>) -> bool {
        self.members.has_signed(signed)
    }
}

/// The account of a key.
fn address_of(key: &k256::ecdsa::SigningKey) -> Address {
    let public = PublicKey::from_sec1(key.verifying_key().to_sec1_point(true).as_bytes());
    public.expect("a key has a public key").address()
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
