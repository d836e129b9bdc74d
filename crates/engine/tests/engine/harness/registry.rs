//! The registry as one node sees it; tests change each node's view as they like.

use std::collections::{BTreeMap, BTreeSet};

use quorate_engine::{
    At, BlockStanding, Grant, Heard, Pkp, ReadRegistry, SCOPE_NO_SINGLE_NODE, SCOPE_SIGN_ANYTHING, Subject,
};
use quorate_wire::{ActionCid, Address, BlockRef, Digest, KeyId, PublicKey, TokenId};

pub(crate) const HEAD: BlockRef = BlockRef { number: 100, hash: Digest([100; 32]) };

#[derive(Clone)]
pub(crate) struct Registry {
    /// With what every grant comes.
    pub(crate) scopes: u64,
    pub(crate) root: Option<PublicKey>,
    pub(crate) asked_mono_ms: u64,
    pub(crate) stated_unix_ms: u64,
    pub(crate) superseded_ms: u64,
    /// Actions whose grant is gone at the head, though the finalized block still has it.
    pub(crate) revoked: bool,
    /// This node has not seen the head yet.
    pub(crate) behind: bool,
    /// Grants bar runs that know a value of one node.
    pub(crate) bars_single_node: bool,
    /// The grant is there at the head only.
    pub(crate) unfinalized: bool,
    pkps: BTreeMap<PublicKey, Pkp>,
    permitted: BTreeSet<(TokenId, String)>,
}

impl Default for Registry {
    fn default() -> Self {
        Registry {
            bars_single_node: false,
            scopes: 1 << SCOPE_SIGN_ANYTHING,
            root: None,
            asked_mono_ms: 0,
            stated_unix_ms: 0,
            superseded_ms: 0,
            revoked: false,
            behind: false,
            unfinalized: false,
            pkps: BTreeMap::new(),
            permitted: BTreeSet::new(),
        }
    }
}

impl Registry {
    pub(crate) fn mint(&mut self, key: PublicKey, key_id: [u8; 32]) {
        let owner = Some(Address([0xee; 20]));
        self.pkps.insert(key, Pkp { token: key.token_id(), key_id: KeyId(key_id), owner });
    }

    /// Gives a key's token to an owner.
    pub(crate) fn give(&mut self, key: &PublicKey, owner: Address) {
        self.pkps.entry(*key).and_modify(|pkp| pkp.owner = Some(owner));
    }

    pub(crate) fn permit(&mut self, key: &PublicKey, code: &str) {
        self.permitted.insert((key.token_id(), ActionCid::of_code(code.as_bytes()).to_string()));
    }
}

impl ReadRegistry for Registry {
    fn head(&self) -> BlockRef {
        HEAD
    }

    fn heard(&self) -> Heard {
        Heard { asked_mono_ms: self.asked_mono_ms, stated_unix_ms: self.stated_unix_ms }
    }

    fn standing(&self, block: &BlockRef, _: u64) -> BlockStanding {
        if block.number > HEAD.number || (self.behind && block.number == HEAD.number) {
            BlockStanding::Ahead
        } else if *block == HEAD {
            BlockStanding::Canonical { superseded_ms: self.superseded_ms }
        } else {
            BlockStanding::Unknown
        }
    }

    fn root(&self, _: At) -> Option<PublicKey> {
        self.root
    }

    fn pkp(&self, key: &PublicKey, _: At) -> Option<Pkp> {
        self.pkps.get(key).copied()
    }

    fn grant(&self, token: &TokenId, subject: &Subject, at: At) -> Grant {
        let Subject::Action(action) = subject else { return Grant::default() };
        let hidden = match at {
            At::Latest => self.revoked,
            At::Finalized => self.unfinalized,
        };
        let member = !hidden && self.permitted.contains(&(*token, action.to_string()));
        let barred = u64::from(self.bars_single_node) << SCOPE_NO_SINGLE_NODE;
        Grant { member, scopes: if member { self.scopes | barred } else { 0 } }
    }
}
