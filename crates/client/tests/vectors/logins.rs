//! Logins of people without wallets: what binds them, how they are hashed, and how they are sent.

use quorate_wire::{
    BlockRef, Capability, Digest, Login, LoginTerms, NetworkId, OidcLogin, PasskeyLogin, Proof, SessionKey,
    SessionTerms, login_challenge, login_nonce,
};
use serde_json::{Value, json};

const ISSUER: &str = "https://issuer.example";
const CLIENT: &str = "an-application";
const SUBJECT: &str = "248289761001";
const RP_ID: &str = "app.example";

/// A token and an assertion whose signatures are nothing: what is shown here is what is made of their bytes.
pub(crate) fn vectors(
    network: &NetworkId,
    session: SessionKey,
    expires_ms: u64,
    all: &[Capability],
) -> Value {
    let (rz, block) = (Digest([0x5a; 32]), BlockRef { number: 4_711, hash: Digest([0x0b; 32]) });
    let bound = |block| LoginTerms { session, expires_ms, capabilities: all, rz, block };
    let capabilities = all.iter().map(Capability::to_string).collect();
    let terms = SessionTerms { session, expires_ms, capabilities, rz };
    let oidc = Proof::Oidc(OidcLogin { token: "eyJh.eyJp.c2ln".to_owned(), terms: terms.clone() });
    let public_key = vec![0xa5, 0x01, 0x02];
    let passkey = Proof::Passkey(PasskeyLogin {
        rp_id: RP_ID.to_owned(),
        public_key: public_key.clone(),
        authenticator_data: vec![0x11; 37],
        client_data: br#"{"type":"webauthn.get"}"#.to_vec(),
        signature: vec![0x30, 0x06],
        credential_id: Some("Y3JlZGVudGlhbA".to_owned()),
        block,
        terms,
    });
    let id = |id: [u8; 32]| Digest(id);
    let login = |login: Login| json!({ "hash": login.hash(), "login": login });
    json!({
        "oidc": {
            "client": CLIENT,
            "nonce": login_nonce(network, CLIENT, &bound(None)),
            "issuer": ISSUER,
            "subject": SUBJECT,
            "id": id(quorate_auth::oidc::oidc_id(ISSUER, CLIENT, SUBJECT)),
            "shown": login(oidc.clone().into()),
        },
        "passkey": {
            "rp_id": RP_ID,
            "block": block,
            "challenge": hex::encode(login_challenge(network, RP_ID, &bound(Some(block.hash)))),
            "public_key": hex::encode(&public_key),
            "id": id(quorate_auth::passkey::passkey_id(RP_ID, &public_key)),
            "shown": login(passkey.clone().into()),
        },
        "several": login(Login::several(vec![oidc, passkey]).unwrap()),
    })
}
