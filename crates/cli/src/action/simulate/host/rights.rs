//! Rights on keys, out of the grants of the fixtures, as a node reads them out of the registry.

use quorate_auth::Session;
use quorate_policy::{
    At, Grant, Pkp, ReadPolicyFacts, ReadRights, SCOPE_PERSONAL_SIGN, SCOPE_SIGN_ANYTHING, Subject,
    Unreadable,
};
use quorate_registry::subject;
use quorate_wire::{
    Address, BlockRef, Capability, CapabilityAction, CapabilityKey, Digest, KeyId, PublicKey, SessionKey,
    TokenId,
};

use crate::action::simulate::world::World;
use crate::dev::LOGIN_DOMAIN;

impl World {
    /// Who calls.
    pub(super) fn caller(&self) -> Option<Address> {
        self.fixtures.auth.address.as_deref()?.parse().ok()
    }

    /// The session of the caller. It names the keys of the fixtures for the action that is simulated, and none without a
    /// caller. Of its resources, those that let an action open for the caller count as on a node.
    pub(super) fn session(&self) -> Session {
        let (caller, action) = (self.caller(), CapabilityAction::Named(self.cid));
        let keys = self.fixtures.auth.keys.iter().filter(|_| caller.is_some());
        let named = keys.filter_map(|name| Some(CapabilityKey::Named(self.keys.get(name)?.public)));
        let resources = &self.fixtures.auth.resources;
        let opened = resources.iter().filter_map(|text| text.parse().ok());
        let opened = opened.filter(|one| caller.is_some() && matches!(one, Capability::DecryptIn { .. }));
        let domain = self.fixtures.login_domains.as_ref().and_then(|domains| domains.first());
        Session {
            key: SessionKey([0; 32]),
            wallet: caller.unwrap_or(Address([0; 20])),
            capabilities: named.map(|key| Capability::Use { key, action }).chain(opened).collect(),
            expires_ms: u64::MAX,
            domain: domain.cloned().unwrap_or_else(|| LOGIN_DOMAIN.to_owned()),
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
