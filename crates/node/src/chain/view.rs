//! The engine's questions, answered from the replayed chain. What cannot be read is denied.

use std::sync::{Arc, Mutex, PoisonError};

use quorate_auth::LoginBlock;
use quorate_engine::{
    At, BlockStanding, Grant, Heard, LoginLists, LoginRule, POLICY_CALL_GAS_MAX, Pkp, ReadPolicyFacts,
    ReadRegistry, ReadRights, Subject, Unreadable, registry_fresh,
};
use quorate_registry::{
    alloy_primitives::{self, U256},
    error::ReadError,
    follow,
    moment::Moment,
    subject::{self, RootKey},
    view::{self, RegistryView, ViewCall},
};
use quorate_wire::{
    ActionCid, Address, BlockRef, Digest, ErrorCode, Issuers, KeyId, LoginDomains, NetworkFile, PublicKey,
    RootKeys, SignedHead, TokenId, limits,
};

use sha2::{Digest as _, Sha256};

use crate::clock::Clock;

// Follower and engine mean the same by an old statement.
const _: () = {
    assert!(follow::STATEMENT_AGE_MS_MAX == limits::HEAD_AGE_MS_MAX);
    assert!(follow::STATEMENT_AHEAD_MS_MAX == limits::HEAD_AHEAD_MS_MAX);
};

// The engine decides by its own numbers of scopes; the contracts' grants must mean the same.
const _: () = {
    assert!(subject::SCOPE_SIGN_ANYTHING as u32 == quorate_engine::SCOPE_SIGN_ANYTHING);
    assert!(subject::SCOPE_PERSONAL_SIGN as u32 == quorate_engine::SCOPE_PERSONAL_SIGN);
    assert!(subject::SCOPE_NO_SINGLE_NODE as u32 == quorate_engine::SCOPE_NO_SINGLE_NODE);
    assert!(subject::SCOPE_SIGN_LOGINS as u32 == quorate_engine::SCOPE_SIGN_LOGINS);
    assert!(subject::SCOPE_DECRYPT as u32 == quorate_engine::SCOPE_DECRYPT);
    assert!(POLICY_CALL_GAS_MAX <= view::CALL_GAS_MAX);
};

/// The registry's address type of ours.
pub(crate) fn address(address: &Address) -> alloy_primitives::Address {
    alloy_primitives::Address::from(address.0)
}

/// The engine's reading of the registry.
pub(crate) struct EngineView {
    view: RegistryView,
    clock: Clock,
    last: Mutex<BlockRef>,
}

impl EngineView {
    pub(crate) fn new(view: RegistryView, clock: Clock) -> Self {
        let genesis = BlockRef { number: 0, hash: Digest([0; 32]) };
        let last = view.head().map_or(genesis, |head| block_ref(&head.latest));
        EngineView { view, clock, last: Mutex::new(last) }
    }

    fn read_pkp(&self, key: &PublicKey, when: At) -> Result<Option<Pkp>, ReadError> {
        let found = self.view.pkp_by_public_key(key.as_bytes(), at(when))?;
        let found = found.as_ref().and_then(pkp).filter(|(registered, _)| registered == key);
        Ok(found.map(|(_, pkp)| pkp))
    }

    fn read_grant(&self, token: &TokenId, who: &Subject, when: At) -> Result<Grant, ReadError> {
        let (token, when) = (U256::from_be_bytes(token.0), at(when));
        let subject = match who {
            Subject::Action(action) => subject::Subject::Action(action.multihash()),
            Subject::Address(holder) => subject::Subject::Address(address(holder)),
            Subject::Method { kind, id, .. } => {
                subject::Subject::AuthMethod { kind: U256::from(*kind), id: id.0.to_vec() }
            }
        };
        if let Subject::Method { recorded: Some(recorded), .. } = who {
            let key = self.view.user_pubkey(token, &subject, when)?;
            if Sha256::digest(&key)[..] != recorded.0 {
                return Ok(Grant::default());
            }
        }
        let found = self.view.grant(token, &subject, when)?;
        let mut grant = Grant { member: found.member, scopes: found.scopes.bits().as_limbs()[0] };
        // The owner of a live token counts as granted, to sign anything; scopes that only restrict are not added.
        if let Subject::Address(holder) = who
            && let Some(pkp) = self.view.pkp(token, when)?
            && pkp.owner == Some(address(holder))
        {
            grant.member = true;
            grant.scopes |= 1 << subject::SCOPE_SIGN_ANYTHING | 1 << subject::SCOPE_PERSONAL_SIGN;
        }
        Ok(grant)
    }
}

fn block_ref(block: &view::BlockInfo) -> BlockRef {
    BlockRef { number: block.number, hash: Digest(block.hash.0) }
}

fn at(at: At) -> view::At {
    match at {
        At::Latest => view::At::Latest,
        At::Finalized => view::At::Finalized,
    }
}

/// A key as the engine and the HTTP interface know it, if it belongs to this network's key set.
pub(crate) fn pkp(found: &subject::Pkp) -> Option<(PublicKey, Pkp)> {
    if found.key_set != subject::DEFAULT_KEY_SET_ID {
        return None;
    }
    let key = PublicKey::from_sec1(&found.public_key).ok()?;
    let owner = found.owner.map(|owner| Address(owner.into_array()));
    Some((key, Pkp { token: TokenId(found.token_id.to_be_bytes()), key_id: KeyId(found.key_id.0), owner }))
}

/// The network's roots, once they stand.
pub(crate) fn roots(view: &RegistryView, at: view::At) -> Option<RootKeys> {
    RootKey::read(&view.root_keys(subject::DEFAULT_KEY_SET_ID, at).ok()?)
}

/// A block that a passkey's login names, at the latest head.
pub(crate) fn login_block(view: &RegistryView, block: &BlockRef) -> LoginBlock {
    let Ok(head) = view.head() else { return LoginBlock::Unknown };
    if block.number > head.latest.number {
        return LoginBlock::Ahead;
    }
    match (view.canonical_hash(block.number), view.block_time_ms(block.number)) {
        (Ok(Some(hash)), Ok(Some(made_ms))) if hash.0 == block.hash.0 => LoginBlock::MadeAt(made_ms),
        _ => LoginBlock::Unknown,
    }
}

/// What logins may be for by both heads; nothing where it cannot be read.
pub(crate) fn logins(view: &RegistryView, network: &NetworkFile) -> LoginRule {
    let read = |at| LoginLists {
        domains: view.login_domains(at).unwrap_or_default(),
        issuers: view.issuers(at).unwrap_or_default(),
    };
    LoginRule {
        finalized: read(view::At::Finalized),
        latest: read(view::At::Latest),
        development: network.wildcard_sessions,
    }
}

/// What logins may be for, if the last head statement is recent enough to decide by.
///
/// # Errors
/// `not_ready` or `registry_stale`.
pub(crate) fn fresh_logins(
    view: &RegistryView,
    network: &NetworkFile,
    now_ms: u64,
) -> Result<LoginRule, ErrorCode> {
    let head = view.head().map_err(|_| ErrorCode::NotReady)?;
    let waited_ms = view.head_age_ms(Moment::now()).ok_or(ErrorCode::NotReady)?;
    let heard = Heard { asked_mono_ms: 0, stated_unix_ms: head.chain_time_ms };
    registry_fresh(heard, waited_ms, now_ms)?;
    Ok(logins(view, network))
}

/// Whether a key is granted to an action at the latest head. What cannot be read is not granted.
pub(crate) fn is_granted(view: &RegistryView, key: &PublicKey, action: &ActionCid) -> bool {
    let token = U256::from_be_bytes(key.token_id().0);
    let subject = subject::Subject::Action(action.multihash());
    view.grant(token, &subject, view::At::Latest).is_ok_and(|grant| grant.member)
}

impl ReadRights for EngineView {
    fn pkp(&self, key: &PublicKey, when: At) -> Option<Pkp> {
        self.read_pkp(key, when).ok()?
    }

    fn grant(&self, token: &TokenId, who: &Subject, when: At) -> Grant {
        self.read_grant(token, who, when).unwrap_or_default()
    }
}

/// What a policy asks. Here a failed reading is told apart from "none".
impl ReadPolicyFacts for EngineView {
    fn policy_block(&self, when: At) -> Result<BlockRef, Unreadable> {
        let head = self.view.head().map_err(unreadable)?;
        Ok(block_ref(match when {
            At::Latest => &head.latest,
            At::Finalized => &head.finalized,
        }))
    }

    fn block_time_s(&self, when: At) -> Result<u64, Unreadable> {
        let number = self.policy_block(when)?.number;
        let time_ms = self.view.block_time_ms(number).map_err(unreadable)?;
        Ok(time_ms.ok_or(Unreadable::State)? / 1_000)
    }

    fn balance(&self, account: &Address, when: At) -> Result<[u8; 32], Unreadable> {
        let balance = self.view.balance(address(account), at(when)).map_err(unreadable)?;
        Ok(balance.to_be_bytes())
    }

    fn call(&self, to: &Address, data: &[u8], when: At) -> Result<Vec<u8>, Unreadable> {
        let call = ViewCall {
            from: alloy_primitives::Address::ZERO,
            to: address(to),
            value: U256::ZERO,
            data: data.to_vec().into(),
            gas: Some(POLICY_CALL_GAS_MAX),
        };
        let called = self.view.call_contract(&call, at(when)).map_err(unreadable)?;
        called.output.map(|output| output.to_vec()).map_err(|_| Unreadable::Reverted)
    }

    fn policy_pkp(&self, key: &PublicKey, when: At) -> Result<Option<Pkp>, Unreadable> {
        self.read_pkp(key, when).map_err(unreadable)
    }

    fn policy_grant(&self, token: &TokenId, who: &Subject, when: At) -> Result<Grant, Unreadable> {
        self.read_grant(token, who, when).map_err(unreadable)
    }
}

fn unreadable(_: ReadError) -> Unreadable {
    Unreadable::State
}

impl ReadRegistry for EngineView {
    fn head(&self) -> BlockRef {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Ok(head) = self.view.head() {
            *last = block_ref(&head.latest);
        }
        *last
    }

    fn heard(&self) -> Heard {
        // After a fault of the chain nothing was ever heard: stale, and every other answer is "none" as well.
        self.view.head().map_or(Heard { asked_mono_ms: 0, stated_unix_ms: 0 }, |head| Heard {
            asked_mono_ms: self.clock.mono_ms(head.asked),
            stated_unix_ms: head.chain_time_ms,
        })
    }

    fn final_head(&self) -> Option<SignedHead> {
        self.view.statement().ok()
    }

    fn final_hash(&self, number: u64) -> Option<Digest> {
        self.view.finalized_hash(number).ok().flatten().map(|hash| Digest(hash.0))
    }

    fn standing(&self, block: &BlockRef, unix_ms: u64) -> BlockStanding {
        let Ok(head) = self.view.head() else { return BlockStanding::Unknown };
        if block.number > head.latest.number {
            return BlockStanding::Ahead;
        }
        match self.view.canonical_hash(block.number) {
            Ok(Some(hash)) if hash.0 == block.hash.0 => {}
            _ => return BlockStanding::Unknown,
        }
        let superseded_ms = match self.view.block_time_ms(block.number.saturating_add(1)) {
            Ok(Some(next_ms)) => unix_ms.saturating_sub(next_ms),
            Ok(None) => 0,
            Err(_) => return BlockStanding::Unknown,
        };
        BlockStanding::Canonical { superseded_ms }
    }

    fn login_domains(&self, when: At) -> Arc<LoginDomains> {
        self.view.login_domains(at(when)).unwrap_or_default()
    }

    fn issuers(&self, when: At) -> Arc<Issuers> {
        self.view.issuers(at(when)).unwrap_or_default()
    }

    fn login_block(&self, block: &BlockRef) -> LoginBlock {
        login_block(&self.view, block)
    }

    fn roots(&self, when: At) -> Option<RootKeys> {
        roots(&self.view, at(when))
    }
}
