//! Rights on keys, out of the grants of the fixtures, as a node reads them out of the registry.

use quorate_auth::{Method, Session, Who};
use quorate_policy::{
    At, Grant, Pkp, ReadPolicyFacts, ReadRights, SCOPE_PERSONAL_SIGN, SCOPE_SIGN_ANYTHING, Subject,
    Unreadable, contexts,
};
use quorate_registry::{alloy_primitives::U256, subject};
use quorate_wire::{
    Address, BlockRef, Capability, CapabilityAction, CapabilityKey, Digest, KeyId, LoginId, PublicKey,
    SessionKey, TokenId,
};

use serde_json::{Value, json};

use crate::action::simulate::world::World;
use crate::dev::LOGIN_DOMAIN;

/// How long a session of a simulation goes on.
const SESSION_MS: u64 = 3_600_000;

impl World {
    /// The wallet of the caller.
    pub(super) fn wallet(&self) -> Option<Address> {
        self.fixtures.auth.address.as_deref()?.parse().ok()
    }

    /// Whether anybody calls.
    pub(super) fn has_caller(&self) -> bool {
        self.wallet().is_some() || !self.fixtures.auth.logins.is_empty()
    }

    /// `authMethodContexts`: those that the fixtures write down, or those of their logins, as a node makes them.
    pub(super) fn contexts(&self) -> Vec<Value> {
        let auth = &self.fixtures.auth;
        if auth.logins.is_empty() {
            return auth.contexts.clone();
        }
        contexts(&self.session()).into_iter().map(|context| json!(context)).collect()
    }

    /// The session of the caller. It names the keys of the fixtures for the action that is simulated, and none without a
    /// caller. Of its resources, those that let an action open for the caller count as on a node.
    pub(super) fn session(&self) -> Session {
        let (called, action) = (self.has_caller(), CapabilityAction::Named(self.cid));
        let keys = self.fixtures.auth.keys.iter().filter(|_| called);
        let named = keys.filter_map(|name| Some(CapabilityKey::Named(self.keys.get(name)?.public)));
        let resources = &self.fixtures.auth.resources;
        let opened = resources.iter().filter_map(|text| text.parse().ok());
        let opened = opened.filter(|one| called && matches!(one, Capability::DecryptIn { .. }));
        let domain = self.fixtures.login_domains.as_ref().and_then(|domains| domains.first());
        let domain = domain.map_or(LOGIN_DOMAIN, String::as_str);
        let now_ms = self.fixtures.time_ms().unwrap_or_default();
        let wallet = self.wallet().map(|wallet| Method {
            who: Who::Wallet(wallet),
            id: LoginId::of_wallet(&wallet),
            audience: domain.to_owned(),
            proven_ms: now_ms,
        });
        let others = self.fixtures.auth.logins.iter().map(|login| login.method(now_ms));
        Session {
            key: SessionKey([0; 32]),
            id: LoginId(Digest([0; 32])),
            methods: wallet.into_iter().chain(others).collect(),
            capabilities: named.map(|key| Capability::Use { key, action }).chain(opened).collect(),
            expires_ms: now_ms + SESSION_MS,
            resources: resources.clone(),
        }
    }
}

/// The fixtures have no blocks: the latest one is final.
impl ReadRights for World {
    fn pkp(&self, key: &PublicKey, _: At) -> Option<Pkp> {
        let (name, key) = self.key(key)?;
        // No key has a root here, and nothing is derived from the id.
        Some(Pkp { token: key.public.token_id(), key_id: KeyId([0; 32]), owner: self.owner(name) })
    }

    fn grant(&self, token: &TokenId, who: &Subject, _: At) -> Grant {
        let Some((name, _)) = self.key_of_token(token) else { return Grant::default() };
        let subject = match who {
            Subject::Action(action) => subject::Subject::Action(action.multihash()),
            Subject::Address(holder) => subject::Subject::Address(holder.0.into()),
            // No fixture records keys with a grant.
            Subject::Method { recorded: Some(_), .. } => return Grant::default(),
            Subject::Method { kind, id, recorded: None } => {
                subject::Subject::AuthMethod { kind: U256::from(*kind), id: id.0.to_vec() }
            }
        };
        let scopes = self.scopes(name, &subject);
        let mut grant = Grant { member: scopes.is_some(), scopes: 0 };
        for scope in scopes.unwrap_or_default() {
            grant.scopes |= 1 << scope.number();
        }
        // The owner of a live token counts as granted.
        if let Subject::Address(holder) = who
            && self.owner(name) == Some(*holder)
        {
            grant.member = true;
            grant.scopes |= 1 << SCOPE_SIGN_ANYTHING | 1 << SCOPE_PERSONAL_SIGN;
        }
        grant
    }
}

/// The fixtures have a time and grants, and no state of contracts: what asks for that is `policy_unreadable`.
impl ReadPolicyFacts for World {
    fn policy_block(&self, _: At) -> Result<BlockRef, Unreadable> {
        Ok(BlockRef { number: 0, hash: Digest([0; 32]) })
    }

    fn block_time_s(&self, _: At) -> Result<u64, Unreadable> {
        Ok(self.fixtures.time_ms().map_err(|_| Unreadable::State)? / 1_000)
    }

    fn balance(&self, _: &Address, _: At) -> Result<[u8; 32], Unreadable> {
        Err(Unreadable::State)
    }

    fn call(&self, _: &Address, _: &[u8], _: At) -> Result<Vec<u8>, Unreadable> {
        Err(Unreadable::State)
    }
}
