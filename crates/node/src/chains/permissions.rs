//! Questions of actions about who may use a key. Whatever knows the grants is asked the same way, so that a
//! simulation answers as a node does.

use quorate_registry::{
    alloy_primitives::{Address, Bytes, U256, hex},
    subject::{Grant, Subject, TYPE_ACTION, TYPE_ADDRESS},
};
use quorate_wire::{ActionCid, ErrorCode, RegistryQuery};
use serde_json::{Value, json};

/// Who may use which key, at one block.
pub trait ReadGrants {
    /// Who owns the token: nobody if it was burnt or never minted.
    ///
    /// # Errors
    /// If that cannot be read.
    fn owner(&self, token: U256) -> Result<Option<Address>, ErrorCode>;

    /// Every subject that has a grant, actions and addresses included: kind, id, and the key that was recorded
    /// with it.
    ///
    /// # Errors
    /// If that cannot be read.
    fn permitted(&self, token: U256) -> Result<Vec<(U256, Bytes, Bytes)>, ErrorCode>;

    /// What a subject may do.
    ///
    /// # Errors
    /// If that cannot be read.
    fn grant(&self, token: U256, subject: &Subject) -> Result<Grant, ErrorCode>;
}

/// The answer to a question, as the action sees it. Of a token that was never minted it is `false`, or empty.
///
/// # Errors
/// `malformed_request` if the question names no action; and those of reading.
pub fn answer_registry(query: &RegistryQuery, from: &impl ReadGrants) -> Result<Value, ErrorCode> {
    Ok(match query {
        RegistryQuery::IsPermittedAction { token, cid } => {
            let action: ActionCid = cid.parse().map_err(|_| ErrorCode::MalformedRequest)?;
            json!(from.grant(number(token), &Subject::Action(action.multihash()))?.member)
        }
        RegistryQuery::IsPermittedAddress { token, address } => {
            let (token, address) = (number(token), Address::from(*address));
            let owns = from.owner(token)? == Some(address);
            json!(owns || from.grant(token, &Subject::Address(address))?.member)
        }
        RegistryQuery::IsPermittedAuthMethod { token, method, id } => {
            json!(from.grant(number(token), &auth_method(method, id))?.member)
        }
        RegistryQuery::PermittedActions { token } => {
            let ids = ids(from, number(token), TYPE_ACTION)?;
            let cids = ids.iter().filter_map(|id| ActionCid::from_multihash(id).ok());
            json!(cids.map(|cid| cid.to_string()).collect::<Vec<_>>())
        }
        RegistryQuery::PermittedAddresses { token } => {
            // As the contract answers: the owner first.
            let token = number(token);
            let ids = ids(from, token, TYPE_ADDRESS)?;
            let granted = ids.iter().filter_map(|id| Address::try_from(id.as_ref()).ok());
            let all = from.owner(token)?.into_iter().chain(granted);
            json!(all.map(hex::encode_prefixed).collect::<Vec<_>>())
        }
        RegistryQuery::PermittedAuthMethods { token } => {
            let all = from.permitted(number(token))?.into_iter().map(|(kind, id, key)| {
                json!({
                    "auth_method_type": format!("{kind:#x}"),
                    "id": hex::encode_prefixed(id),
                    "user_pubkey": hex::encode_prefixed(key),
                })
            });
            Value::Array(all.collect())
        }
        RegistryQuery::PermittedAuthMethodScopes { token, method, id, scopes } => {
            let grant = from.grant(number(token), &auth_method(method, id))?;
            let has = |scope: u32| u8::try_from(scope).is_ok_and(|scope| grant.scopes.has(scope));
            json!((0..*scopes).map(has).collect::<Vec<_>>())
        }
    })
}

fn number(word: &[u8; 32]) -> U256 {
    U256::from_be_bytes(*word)
}

fn auth_method(method: &[u8; 32], id: &[u8]) -> Subject {
    Subject::AuthMethod { kind: number(method), id: id.to_vec() }
}

fn ids(from: &impl ReadGrants, token: U256, of_kind: u64) -> Result<Vec<Bytes>, ErrorCode> {
    let all = from.permitted(token)?.into_iter();
    Ok(all.filter(|(kind, _, _)| *kind == U256::from(of_kind)).map(|(_, id, _)| id).collect())
}
