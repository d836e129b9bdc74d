//! A wallet's login: a SIWE text that it has signed.

use quorate_wire::{LoginId, LoginTerms, NetworkFile, Problem, WalletLogin, login_nonce};

use super::{capabilities, check_begun, check_life, check_session_key, invalid};
use crate::{Method, Session, SiweMessage, Who, eip191, parse_did_key};

/// The chain id is informative, since an externally owned account is the same on every chain.
pub(super) fn verify(network: &NetworkFile, login: &WalletLogin, now_ms: u64) -> Result<Session, Problem> {
    let message = SiweMessage::parse(&login.message).map_err(|error| invalid(error.to_string()))?;
    check_life(message.issued_at_ms, message.expires_ms, now_ms)?;
    check_begun(message.not_before_ms, now_ms)?;
    let key = parse_did_key(&message.uri)
        .ok_or_else(|| invalid("the URI must be the did:key of an ed25519 key"))?;
    check_session_key(&key)?;
    let capabilities = capabilities(&message.resources)?;
    let terms = LoginTerms {
        session: key,
        expires_ms: message.expires_ms,
        capabilities: &capabilities,
        rz: login.rz,
        block: None,
    };
    if message.nonce != login_nonce(&network.id(), &message.domain, &terms) {
        return Err(invalid(
            "the nonce does not bind the login to this network, session, end and capabilities",
        ));
    }
    let signature = eip191::parse_signature(&login.signature).map_err(|error| invalid(error.to_string()))?;
    let signer = eip191::recover(&eip191::hash(login.message.as_bytes()), &signature)
        .map_err(|error| invalid(error.to_string()))?;
    if signer != message.address {
        return Err(invalid("the login is not signed by the wallet that it names"));
    }
    let method = Method {
        who: Who::Wallet(message.address),
        id: LoginId::of_wallet(&message.address),
        audience: message.domain,
        proven_ms: message.issued_at_ms,
    };
    Ok(Session {
        key,
        id: method.id,
        methods: vec![method],
        capabilities,
        expires_ms: message.expires_ms,
        resources: message.resources,
    })
}
