//! The registry as one node sees it; tests change each node's view as they like.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use ed25519_dalek::SigningKey;
use quorate_auth::LoginBlock;
use quorate_engine::{
    At, BlockStanding, Grant, Heard, Pkp, ReadPolicyFacts, ReadRegistry, ReadRights, SCOPE_NO_SINGLE_NODE,
    SCOPE_SIGN_ANYTHING, Subject, Unreadable,
};
use quorate_wire::{
    ActionCid, Address, BlockRef, Digest, Issuers, KeyId, LoginDomains, PublicKey, RootKeys, SignedHead,
    TokenId,
};

pub(crate) const HEAD: BlockRef = BlockRef { number: 100, hash: Digest([100; 32]) };

/// Signs the chain's heads.
pub(crate) fn head_key() -> SigningKey {
    SigningKey::from_bytes(&[0x4d; 32])
}

/// What the chain signs when a block is final; branches of it differ in the blocks from one on.
pub(crate) fn final_head(finalized: BlockRef, sequence: u64) -> SignedHead {
    let genesis = Digest([1; 32]);
    SignedHead { genesis, sequence, latest: finalized, finalized, time_ms: 0, signature: [0; 64] }
        .signed(&head_key())
}

#[derive(Clone)]
pub(crate) struct Registry {
    /// With what every grant comes.
    pub(crate) scopes: u64,
    /// The newest final head.
    pub(crate) final_head: SignedHead,
    /// Hashes of blocks from this number on are those of another branch.
    pub(crate) branch: Option<u64>,
    pub(crate) roots: Option<RootKeys>,
    /// The roots are there at the head only.
    pub(crate) roots_unfinalized: bool,
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
    /// Domains of logins at the head.
    pub(crate) login_domains: Arc<LoginDomains>,
    /// Domains of logins at the finalized block.
    pub(crate) final_login_domains: Arc<LoginDomains>,
    /// Issuers of logins at the head, and at the finalized block.
    pub(crate) issuers: [Arc<Issuers>; 2],
    /// Grants on keys to logins of another kind than a wallet's.
    pub(crate) methods: BTreeSet<(TokenId, u64, Digest)>,
    /// Grants that count for the key which a token has recorded with them.
    pub(crate) recorded: BTreeSet<(TokenId, u64, Digest, Digest)>,
    /// Time of every block, in seconds since the epoch.
    pub(crate) block_time_s: u64,
    /// Balances in wei, big-endian; others have nothing.
    pub(crate) balances: BTreeMap<Address, [u8; 32]>,
    /// What contracts answer; any other call reverts.
    pub(crate) answers: BTreeMap<(Address, Vec<u8>), Vec<u8>>,
    pkps: BTreeMap<PublicKey, Pkp>,
    permitted: BTreeSet<(TokenId, String)>,
}

impl Default for Registry {
    fn default() -> Self {
        Registry {
            final_head: final_head(HEAD, 1_000),
            branch: None,
            bars_single_node: false,
            scopes: 1 << SCOPE_SIGN_ANYTHING,
            roots: None,
            roots_unfinalized: false,
            asked_mono_ms: 0,
            stated_unix_ms: 0,
            superseded_ms: 0,
            revoked: false,
            behind: false,
            unfinalized: false,
            issuers: [Arc::default(), Arc::default()],
            methods: BTreeSet::new(),
            recorded: BTreeSet::new(),
            block_time_s: 0,
            balances: BTreeMap::new(),
            answers: BTreeMap::new(),
            pkps: BTreeMap::new(),
            permitted: BTreeSet::new(),
            login_domains: domains(&["localhost"]),
            final_login_domains: domains(&["localhost"]),
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

/// A list of login domains.
pub(crate) fn domains(names: &[&str]) -> Arc<LoginDomains> {
    Arc::new(LoginDomains::new(names.iter().map(|name| (*name).to_owned()).collect()).unwrap())
}

/// A block of the chain, or of its other branch.
pub(crate) fn block(number: u64, other: bool) -> BlockRef {
    let mark = u8::try_from(number).unwrap();
    BlockRef { number, hash: Digest([if other { 255 - mark } else { mark }; 32]) }
}

impl ReadRights for Registry {
    fn pkp(&self, key: &PublicKey, _: At) -> Option<Pkp> {
        self.pkps.get(key).copied()
    }

    fn grant(&self, token: &TokenId, subject: &Subject, at: At) -> Grant {
        let hidden = match at {
            At::Latest => self.revoked,
            At::Finalized => self.unfinalized,
        };
        let member = !hidden
            && match subject {
                Subject::Action(action) => self.permitted.contains(&(*token, action.to_string())),
                Subject::Address(_) => false,
                Subject::Method { kind, id, recorded: None } => self.methods.contains(&(*token, *kind, *id)),
                Subject::Method { kind, id, recorded: Some(key) } => {
                    self.recorded.contains(&(*token, *kind, *id, *key))
                }
            };
        let barred = u64::from(self.bars_single_node) << SCOPE_NO_SINGLE_NODE;
        Grant { member, scopes: if member { self.scopes | barred } else { 0 } }
    }
}

impl ReadPolicyFacts for Registry {
    fn policy_block(&self, at: At) -> Result<BlockRef, Unreadable> {
        Ok(match at {
            At::Latest => HEAD,
            At::Finalized => self.final_head.finalized,
        })
    }

    fn block_time_s(&self, _: At) -> Result<u64, Unreadable> {
        Ok(self.block_time_s)
    }

    fn balance(&self, account: &Address, _: At) -> Result<[u8; 32], Unreadable> {
        Ok(self.balances.get(account).copied().unwrap_or_default())
    }

    fn call(&self, to: &Address, data: &[u8], _: At) -> Result<Vec<u8>, Unreadable> {
        self.answers.get(&(*to, data.to_vec())).cloned().ok_or(Unreadable::Reverted)
    }
}

impl ReadRegistry for Registry {
    fn final_head(&self) -> Option<SignedHead> {
        Some(self.final_head)
    }

    fn final_hash(&self, number: u64) -> Option<Digest> {
        let other = self.branch.is_some_and(|from| number >= from);
        (number <= self.final_head.finalized.number).then(|| block(number, other).hash)
    }

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

    fn login_domains(&self, at: At) -> Arc<LoginDomains> {
        match at {
            At::Latest => self.login_domains.clone(),
            At::Finalized => self.final_login_domains.clone(),
        }
    }

    fn issuers(&self, at: At) -> Arc<Issuers> {
        match at {
            At::Latest => self.issuers[0].clone(),
            At::Finalized => self.issuers[1].clone(),
        }
    }

    fn login_block(&self, block: &BlockRef) -> LoginBlock {
        match self.standing(block, 0) {
            BlockStanding::Canonical { .. } => LoginBlock::MadeAt(self.block_time_s * 1_000),
            BlockStanding::Ahead => LoginBlock::Ahead,
            BlockStanding::Unknown => LoginBlock::Unknown,
        }
    }

    fn roots(&self, at: At) -> Option<RootKeys> {
        self.roots.filter(|_| at == At::Latest || !self.roots_unfinalized)
    }
}
