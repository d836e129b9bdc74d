//! Reads of the registry, answered from the grants of the fixtures.

use quorate_actions::RegistryQuery;
use quorate_auth::checksum_address;
use quorate_wire::{ActionCid, Address, ErrorCode, TokenId};
use serde_json::{Value, json};

use super::{Host, Refused, coded, malformed};
use crate::action::simulate::fixtures::Grant;
use crate::action::simulate::world::Subject;

impl Host<'_> {
    pub(super) fn registry(&self, query: &RegistryQuery) -> Result<Value, Refused> {
        match query {
            RegistryQuery::IsPermittedAction { token, cid } => {
                let cid: ActionCid =
                    cid.parse().map_err(|_| malformed("this is not the CID of an action"))?;
                self.is_permitted(token, Subject::Action(cid))
            }
            RegistryQuery::IsPermittedAddress { token, address } => {
                self.is_permitted(token, Subject::Address(Address(*address)))
            }
            RegistryQuery::IsPermittedAuthMethod { token, method, id } => {
                self.is_permitted(token, Subject::AuthMethod { kind: *method, id })
            }
            RegistryQuery::PermittedActions { token } => self.permitted(token, |grant| {
                let action = self.world.action(grant.action.as_deref()?)?;
                Some(json!(action))
            }),
            RegistryQuery::PermittedAddresses { token } => self.permitted(token, |grant| {
                let address: Address = grant.address.as_deref()?.parse().ok()?;
                Some(json!(checksum_address(&address)))
            }),
            RegistryQuery::PermittedAuthMethods { token } => self.permitted(token, |grant| {
                let method = grant.auth_method.as_ref()?;
                let user_pubkey = if method.user_pubkey.is_empty() { "0x" } else { &method.user_pubkey };
                Some(json!({
                    "auth_method_type": method.kind, "id": method.id, "user_pubkey": user_pubkey
                }))
            }),
            RegistryQuery::PermittedAuthMethodScopes { token, method, id, scopes } => {
                let name = self.name(token)?;
                let has = self.world.scopes(name, Subject::AuthMethod { kind: *method, id });
                let has = has.unwrap_or_default();
                let count = usize::try_from(*scopes).unwrap_or(0);
                Ok((0..count).map(|number| has.iter().any(|scope| scope.number() == number)).collect())
            }
        }
    }

    fn name(&self, token: &[u8; 32]) -> Result<&str, Refused> {
        let found = self.world.key_of_token(&TokenId(*token));
        found.map(|(name, _)| name).ok_or_else(|| coded(ErrorCode::PkpUnknown))
    }

    fn is_permitted(&self, token: &[u8; 32], subject: Subject<'_>) -> Result<Value, Refused> {
        Ok(json!(self.world.scopes(self.name(token)?, subject).is_some()))
    }

    fn permitted(&self, token: &[u8; 32], shown: impl Fn(&Grant) -> Option<Value>) -> Result<Value, Refused> {
        let mut list: Vec<Value> = Vec::new();
        for entry in self.world.grants(self.name(token)?).iter().filter_map(shown) {
            if !list.contains(&entry) {
                list.push(entry);
            }
        }
        Ok(Value::Array(list))
    }
}
