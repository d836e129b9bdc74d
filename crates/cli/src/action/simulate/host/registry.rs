//! Reads of the registry: a node's own answers, out of the grants of the fixtures.

use quorate_node::{ReadGrants, answer_registry};
use quorate_registry::alloy_primitives::{Address, Bytes, U256};
use quorate_registry::subject::{Grant, Subject};
use quorate_wire::{ErrorCode, RegistryQuery, TokenId};
use serde_json::Value;

use super::{Host, Refused, coded};
use crate::action::simulate::world::World;

impl Host<'_> {
    pub(super) fn registry(&self, query: &RegistryQuery) -> Result<Value, Refused> {
        answer_registry(query, self.world).map_err(coded)
    }
}

/// A token that the fixtures do not have was never minted.
impl ReadGrants for World {
    fn owner(&self, token: U256) -> Result<Option<Address>, ErrorCode> {
        let owner = name_of(self, token).and_then(|name| self.owner(name));
        Ok(owner.map(|owner| Address::from(owner.0)))
    }

    fn permitted(&self, token: U256) -> Result<Vec<(U256, Bytes, Bytes)>, ErrorCode> {
        let mut all: Vec<(U256, Bytes, Bytes)> = Vec::new();
        for grant in name_of(self, token).map_or(&[][..], |name| self.grants(name)) {
            // As in the contract, scopes that come later add to what is there.
            if let Some((kind, id)) = self.subject(grant)
                && !all.iter().any(|(has_kind, has_id, _)| (has_kind, has_id) == (&kind, &id))
            {
                all.push((kind, id, grant.user_pubkey().unwrap_or_default().into()));
            }
        }
        Ok(all)
    }

    fn grant(&self, token: U256, subject: &Subject) -> Result<Grant, ErrorCode> {
        let scopes = name_of(self, token).and_then(|name| self.scopes(name, subject));
        let Some(scopes) = scopes else { return Ok(Grant::default()) };
        let bits = scopes.iter().map(|scope| U256::ONE << scope.number());
        Ok(Grant::from_word(bits.fold(U256::ONE, |word, bit| word | bit)))
    }
}

fn name_of(world: &World, token: U256) -> Option<&str> {
    world.key_of_token(&TokenId(token.to_be_bytes())).map(|(name, _)| name)
}
