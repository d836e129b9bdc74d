//! The committee of an epoch: who its members are, and how many of them act.

use crate::{FoundingNode, NetworkFile, NodeIndex, Signable, Signed, StatementKey};

/// The epoch of the founding committee, which the network file lists.
const FOUNDING_EPOCH: u64 = 1;

/// The members of one epoch, and their threshold. Whoever checks what a member signed asks for the committee of the
/// epoch that the signed bytes name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committee {
    /// The epoch.
    pub epoch: u64,
    /// t: any t members act, t−1 learn nothing.
    pub threshold: u8,
    members: Vec<FoundingNode>,
}

impl NetworkFile {
    /// The committee that founded the network.
    #[must_use]
    pub fn founding_committee(&self) -> Committee {
        Committee { epoch: FOUNDING_EPOCH, threshold: self.threshold, members: self.nodes.clone() }
    }

    /// The committee of an epoch, as far as this file shows it.
    #[must_use]
    pub fn committee(&self, epoch: u64) -> Option<Committee> {
        Some(self.founding_committee()).filter(|committee| committee.epoch == epoch)
    }
}

impl Committee {
    /// How many members there are.
    #[must_use]
    pub fn size(&self) -> usize {
        self.members.len()
    }

    /// The indices of all members, ascending.
    pub fn indices(&self) -> impl Iterator<Item = NodeIndex> + use<> {
        (1..=u8::MAX).map_while(NodeIndex::new).take(self.members.len())
    }

    /// A member.
    #[must_use]
    pub fn member(&self, index: NodeIndex) -> Option<&FoundingNode> {
        self.members.get(usize::from(index.get()) - 1)
    }

    /// The place of a member with this statement key.
    #[must_use]
    pub fn index_of(&self, key: &StatementKey) -> Option<NodeIndex> {
        self.indices()
            .zip(&self.members)
            .find(|(_, member)| member.statement_key == *key)
            .map(|(index, _)| index)
    }

    /// Whether the member that it names signed this.
    #[must_use]
    pub fn has_signed<T: Signable>(&self, signed: &Signed<T>) -> bool {
        self.member(signed.node).is_some_and(|member| signed.verify(&member.statement_key).is_ok())
    }
}
