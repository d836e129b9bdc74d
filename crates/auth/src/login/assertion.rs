//! A passkey's login: an assertion whose challenge binds the session, and a block before it.

use quorate_wire::{Digest, ErrorCode, LoginId, NetworkFile, PasskeyLogin, Problem, login_challenge};

use super::{LoginBlock, LoginFacts, bound, check_life, invalid, read_terms, session_of};
use crate::{
    Method, Session, Who,
    passkey::{self, Assertion},
};

/// The block stands for the assertion's time, which it does not have: nobody could know its hash before it was made.
pub(super) fn verify(
    network: &NetworkFile,
    login: &PasskeyLogin,
    facts: &dyn LoginFacts,
    now_ms: u64,
) -> Result<Session, Problem> {
    let terms = &login.terms;
    let capabilities = read_terms(terms)?;
    let made_ms = match facts.login_block(&login.block) {
        LoginBlock::MadeAt(made_ms) => made_ms,
        LoginBlock::Ahead => return Err(ErrorCode::BlockAhead.into()),
        LoginBlock::Unknown => return Err(invalid("the assertion's block is not one of this chain")),
    };
    check_life(made_ms, terms.expires_ms, now_ms)?;
    if login.credential_id.as_ref().is_some_and(|id| !is_credential_id(id)) {
        return Err(invalid("the credential's id is base64url of 1 to 1023 bytes"));
    }
    let bound = bound(terms, &capabilities, Some(login.block.hash));
    let challenge = login_challenge(&network.id(), &login.rp_id, &bound);
    let assertion = Assertion {
        rp_id: &login.rp_id,
        cose_key: &login.public_key,
        authenticator_data: &login.authenticator_data,
        client_data: &login.client_data,
        signature: &login.signature,
    };
    let shown = passkey::verify_assertion(&assertion, &challenge)
        .map_err(|error| invalid(format!("the assertion: {error}")))?;
    let method = Method {
        who: Who::Passkey {
            public_key: login.public_key.clone(),
            credential_id: login.credential_id.clone(),
        },
        id: LoginId(Digest(shown.id)),
        audience: login.rp_id.clone(),
        proven_ms: made_ms,
    };
    Ok(session_of(terms, capabilities, method))
}

/// Bytes of a credential's id, WebAuthn section 4, in base64url.
fn is_credential_id(text: &str) -> bool {
    let digits = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    digits && !text.is_empty() && text.len() <= 1_364
}
