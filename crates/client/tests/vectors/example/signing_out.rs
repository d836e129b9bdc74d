//! A request to sign out, and one node's answer.

use quorate_auth::verify_revocation_request;
use quorate_wire::{
    Ends, HeldRevocation, RevocationReply, RevocationRequest, RevocationSubmission, Signable as _,
    revocation_request_id,
};

use super::{
    Login, NOW_MS, NetworkFile, Signed, Transcript, Value, index, json, secret, session_request_digest,
};

pub(super) fn vector(network: &NetworkFile, login: &Login) -> Value {
    let request = RevocationRequest {
        v: 1,
        network: network.id(),
        session: login.login.session().key,
        login: login.login.hash(),
        ends: Ends::Everywhere,
        time_ms: NOW_MS,
    };
    let bytes = serde_json::to_vec(&request).unwrap();
    let id = revocation_request_id(&network.id(), &bytes);
    let body = RevocationSubmission {
        request: bytes.clone(),
        sig: login.login.sign_request(&id).to_vec(),
        login: login.login.proof().clone(),
    };
    verify_revocation_request(&network.id(), login.login.session(), &body).unwrap();
    let held = |node| {
        let body = HeldRevocation { network: network.id(), epoch: 1, revocation: id };
        Signed::new(index(node), body, &secret(node))
    };
    let statement_bytes = borsh::to_vec(&held(1).body).unwrap();
    let signed = Transcript::new(HeldRevocation::DOMAIN).number(1).field(&statement_bytes).finish();
    json!({
        "bytes": std::str::from_utf8(&bytes).unwrap(),
        "id": id,
        "signed": hex::encode(session_request_digest(&id)),
        "body": body,
        "statement_bytes": hex::encode(&statement_bytes),
        "statement_signed": hex::encode(signed),
        "reply": RevocationReply { held: vec![held(1), held(2)], of: 3, done: true },
    })
}
