//! The registry as a model: one block a second, grants that change, and each node's own view of it.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

use ed25519_dalek::SigningKey;
use quorate_auth::LoginBlock;
use quorate_engine::{
    At, BlockStanding, Grant, Heard, Pkp, ReadPolicyFacts, ReadRegistry, ReadRights, SCOPE_SIGN_ANYTHING,
    Subject, Unreadable,
};
use quorate_threshold::derive;
use quorate_wire::{
    ActionCid, Address, BlockRef, Digest, Issuers, KeyId, LoginDomains, PublicKey, RootKeys, SignedHead,
    TokenId,
};
use sha2::{Digest as _, Sha256};

use crate::issuer::listed;

/// Hash of block 0.
pub(crate) const GENESIS: Digest = Digest([1; 32]);

/// Signs the chain's heads.
pub(crate) fn head_key() -> SigningKey {
    SigningKey::from_bytes(&[0x4d; 32])
}

/// How far behind the head the finalized block is.
const FINALITY_BLOCKS: usize = 2;

/// A subject of grants, ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Granted {
    Action(ActionCid),
    Address(Address),
    Method(u64, Digest),
}

impl From<&Subject> for Granted {
    fn from(subject: &Subject) -> Self {
        match subject {
            Subject::Action(action) => Granted::Action(*action),
            Subject::Address(address) => Granted::Address(*address),
            Subject::Method { kind, id, .. } => Granted::Method(*kind, *id),
        }
    }
}

/// The registry's state at one block.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    pub(crate) roots: Option<RootKeys>,
    pub(crate) pkps: BTreeMap<PublicKey, Pkp>,
    pub(crate) grants: BTreeMap<(TokenId, Granted), Grant>,
    /// Wei, big-endian; others have nothing.
    pub(crate) balances: BTreeMap<Address, [u8; 32]>,
    /// What contracts answer; any other call reverts.
    pub(crate) answers: BTreeMap<(Address, Vec<u8>), Vec<u8>>,
    /// The rule of the issuer of this world, by number.
    pub(crate) issuer_rule: Option<u8>,
}

impl State {
    /// Registers a key under the root.
    pub(crate) fn mint(&mut self, key_id: [u8; 32], owner: Option<Address>) -> Option<PublicKey> {
        let key = derive::public_key(self.roots?.sign_secp256k1.as_bytes(), &key_id).ok()?;
        let key = PublicKey::from_sec1(&key).ok()?;
        self.pkps.insert(key, Pkp { token: key.token_id(), key_id: KeyId(key_id), owner });
        Some(key)
    }

    pub(crate) fn grant(&mut self, key: &PublicKey, subject: Granted, scopes: Option<u64>) {
        let grant = scopes.map_or(Grant::default(), |scopes| Grant { member: true, scopes });
        self.grants.insert((key.token_id(), subject), grant);
    }

    pub(crate) fn granted(&self, token: &TokenId, subject: Granted) -> Grant {
        let mut grant = self.grants.get(&(*token, subject)).copied().unwrap_or_default();
        // The owner of a live token counts as granted, to sign anything; scopes that only restrict are not added.
        if let Granted::Address(address) = subject
            && self.pkps.values().any(|pkp| pkp.token == *token && pkp.owner == Some(address))
        {
            grant = Grant { member: true, scopes: grant.scopes | 1 << SCOPE_SIGN_ANYTHING };
        }
        grant
    }
}

/// A block of the model.
#[derive(Debug)]
pub(crate) struct Block {
    reference: BlockRef,
    unix_ms: u64,
    state: State,
    /// What the chain signs of it.
    head: SignedHead,
}

/// The chain that all nodes follow.
pub(crate) struct Chain {
    blocks: Arc<Vec<Arc<Block>>>,
    /// What the next block will hold.
    pending: State,
}

impl Chain {
    pub(crate) fn new(unix_ms: u64, state: State) -> Self {
        let mut chain = Chain { blocks: Arc::default(), pending: state };
        // Genesis and enough blocks for the first finalized one to hold the state.
        for age in (0..=2 * FINALITY_BLOCKS as u64).rev() {
            chain.produce(unix_ms - age * 1_000);
        }
        chain
    }

    /// Makes the next block.
    pub(crate) fn produce(&mut self, unix_ms: u64) {
        let number = self.blocks.len() as u64;
        let hash = Sha256::new().chain_update("block").chain_update(number.to_be_bytes()).finalize();
        let reference = BlockRef { number, hash: Digest(hash.into()) };
        let behind = self.blocks.len().saturating_sub(FINALITY_BLOCKS);
        let head = SignedHead {
            genesis: GENESIS,
            sequence: number + 1,
            latest: reference,
            finalized: self.blocks.get(behind).map_or(reference, |block| block.reference),
            time_ms: unix_ms,
            signature: [0; 64],
        }
        .signed(&head_key());
        let block = Arc::new(Block { reference, unix_ms, state: self.pending.clone(), head });
        Arc::make_mut(&mut self.blocks).push(block);
    }

    /// State of the next block, to change it.
    pub(crate) fn pending(&mut self) -> &mut State {
        &mut self.pending
    }

    /// Somebody sends roots with votes: they stand if all have voted for them and none stand yet.
    pub(crate) fn submit(&mut self, roots: RootKeys) {
        self.pending.roots.get_or_insert(roots);
    }

    /// The roots that stand.
    pub(crate) fn roots(&self) -> Option<RootKeys> {
        self.pending.roots
    }

    pub(crate) fn height(&self) -> usize {
        self.blocks.len() - 1
    }

    /// The view of a node that has come to this height.
    pub(crate) fn view(&self, height: usize, asked_mono_ms: u64) -> Arc<View> {
        let height = height.min(self.height());
        let heard = Heard { asked_mono_ms, stated_unix_ms: self.blocks[height].unix_ms };
        Arc::new(View { blocks: Arc::clone(&self.blocks), height, heard, head: self.blocks[height].head })
    }

    /// The view of a node under which the chain was put back to this height: it signs as ever.
    pub(crate) fn old_view(&self, height: usize, asked_mono_ms: u64, unix_ms: u64) -> Arc<View> {
        let heard = Heard { asked_mono_ms, stated_unix_ms: unix_ms };
        let (sequence, before) = (self.blocks.len() as u64 + 1, self.blocks[height].head);
        let head = SignedHead { sequence, time_ms: unix_ms, ..before }.signed(&head_key());
        Arc::new(View { blocks: Arc::clone(&self.blocks), height, heard, head })
    }
}

/// One node's view.
pub(crate) struct View {
    blocks: Arc<Vec<Arc<Block>>>,
    height: usize,
    heard: Heard,
    head: SignedHead,
}

impl View {
    pub(crate) fn height(&self) -> usize {
        self.height
    }

    /// Wall clock of the world when its head was made.
    pub(crate) fn made_unix_ms(&self) -> u64 {
        self.blocks[self.height].unix_ms
    }

    /// The head's parent: what a caller names who does not want to be ahead of the other nodes.
    /// With the moment at which it was made.
    pub(crate) fn parent(&self) -> (BlockRef, u64) {
        let block = &self.blocks[self.height.saturating_sub(1)];
        (block.reference, block.unix_ms)
    }

    pub(crate) fn state(&self, at: At) -> &State {
        &self.block(at).state
    }

    /// The issuer's rule, if both heads have the same one.
    pub(crate) fn issuer_rule(&self) -> Option<u8> {
        let [latest, finalized] = [At::Latest, At::Finalized].map(|at| self.state(at).issuer_rule);
        latest.filter(|_| latest == finalized)
    }

    fn block(&self, at: At) -> &Block {
        let height = match at {
            At::Latest => self.height,
            At::Finalized => self.height.saturating_sub(FINALITY_BLOCKS),
        };
        &self.blocks[height]
    }
}

impl ReadRights for View {
    fn pkp(&self, key: &PublicKey, at: At) -> Option<Pkp> {
        self.state(at).pkps.get(key).copied()
    }

    fn grant(&self, token: &TokenId, subject: &Subject, at: At) -> Grant {
        self.state(at).granted(token, subject.into())
    }
}

impl ReadPolicyFacts for View {
    fn policy_block(&self, at: At) -> Result<BlockRef, Unreadable> {
        Ok(self.block(at).reference)
    }

    fn block_time_s(&self, at: At) -> Result<u64, Unreadable> {
        Ok(self.block(at).unix_ms / 1_000)
    }

    fn balance(&self, account: &Address, at: At) -> Result<[u8; 32], Unreadable> {
        Ok(self.state(at).balances.get(account).copied().unwrap_or_default())
    }

    fn call(&self, to: &Address, data: &[u8], at: At) -> Result<Vec<u8>, Unreadable> {
        self.state(at).answers.get(&(*to, data.to_vec())).cloned().ok_or(Unreadable::Reverted)
    }
}

impl ReadRegistry for View {
    fn head(&self) -> BlockRef {
        self.blocks[self.height].reference
    }

    fn heard(&self) -> Heard {
        self.heard
    }

    fn final_head(&self) -> Option<SignedHead> {
        Some(self.head)
    }

    fn final_hash(&self, number: u64) -> Option<Digest> {
        let finalized = self.head.finalized.number;
        let block = self.blocks.get(usize::try_from(number).ok()?)?;
        (number <= finalized).then_some(block.reference.hash)
    }

    fn standing(&self, block: &BlockRef, unix_ms: u64) -> BlockStanding {
        let Ok(number) = usize::try_from(block.number) else { return BlockStanding::Ahead };
        if number > self.height {
            return BlockStanding::Ahead;
        }
        if self.blocks[number].reference != *block {
            return BlockStanding::Unknown;
        }
        let superseded_ms =
            if number == self.height { 0 } else { unix_ms.saturating_sub(self.blocks[number + 1].unix_ms) };
        BlockStanding::Canonical { superseded_ms }
    }

    fn issuers(&self, at: At) -> Arc<Issuers> {
        listed(self.state(at).issuer_rule)
    }

    fn login_block(&self, block: &BlockRef) -> LoginBlock {
        match usize::try_from(block.number) {
            Ok(number) if number <= self.height && self.blocks[number].reference == *block => {
                LoginBlock::MadeAt(self.blocks[number].unix_ms)
            }
            Ok(number) if number <= self.height => LoginBlock::Unknown,
            _ => LoginBlock::Ahead,
        }
    }

    fn login_domains(&self, _: At) -> Arc<LoginDomains> {
        static DOMAINS: OnceLock<Arc<LoginDomains>> = OnceLock::new();
        let domains = || LoginDomains::new(vec!["localhost".to_owned()]).expect("a domain").into();
        DOMAINS.get_or_init(domains).clone()
    }

    fn roots(&self, at: At) -> Option<RootKeys> {
        self.state(at).roots
    }
}
