//! What is tried with parts of one proof, and with proofs put together.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use quorate_wire::{
    ActionCid, BlockRef, Capability, CapabilityAction, CapabilityKey, Digest, ErrorCode, OidcLogin,
    PasskeyLogin, Proof, Submission, WalletLogin,
};

use super::{Kind, OWN, PASSKEY, Row, SUBJECT, Seen, bare, login};
use crate::harness::{
    Caller, UNIX_MS,
    people::{BLOCK, Passkey, Token, by_wallet, cose_key},
};

/// What another issuer is called, which the network takes as well, and the number of its key.
pub(super) const OTHER: &str = "https://other.example";
pub(super) const OTHER_ALIAS: &str = "other.example";
pub(super) const OTHER_KEY: u8 = 5;

fn token_of(all: &Seen) -> OidcLogin {
    let Some(Proof::Oidc(token)) = all.proofs(Kind::Oidc).pop() else { panic!("a token") };
    token
}

fn assertion_of(all: &Seen) -> PasskeyLogin {
    let Some(Proof::Passkey(assertion)) = all.proofs(Kind::Passkey).pop() else { panic!("an assertion") };
    assertion
}

fn text_of(all: &Seen) -> WalletLogin {
    let Some(Proof::Wallet(text)) = all.proofs(Kind::Wallet).pop() else { panic!("a text") };
    text
}

/// A token that was seen, with something else in it.
fn with_token(all: &Seen, change: impl FnOnce(&mut OidcLogin)) -> Submission {
    let mut token = token_of(all);
    change(&mut token);
    all.under(Proof::Oidc(token).into())
}

/// An assertion that was seen, with something else in it.
fn with_assertion(all: &Seen, change: impl FnOnce(&mut PasskeyLogin)) -> Submission {
    let mut assertion = assertion_of(all);
    change(&mut assertion);
    all.under(Proof::Passkey(assertion).into())
}

/// A token for its own session, by whoever says this.
fn told(all: &Seen, token: Token<'_>) -> Submission {
    all.lured(|terms| vec![token.allows(terms)])
}

/// An assertion for its own session, made like this.
fn asserted(all: &Seen, passkey: Passkey<'_>) -> Submission {
    all.lured(|terms| vec![passkey.allows(terms)])
}

/// The claims of a token with something else in them, under its signature.
fn with_claims(all: &Seen, from: &str, to: &str) -> Submission {
    with_token(all, |shown| {
        let parts: Vec<&str> = shown.token.split('.').collect();
        let claims = String::from_utf8(URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
        assert!(claims.contains(from), "{claims}");
        let claims = URL_SAFE_NO_PAD.encode(claims.replace(from, to));
        shown.token = format!("{}.{claims}.{}", parts[0], parts[2]);
    })
}

/// The parts of the person's login by two methods, one of them perhaps replaced, under its own session key.
fn several(all: &Seen, change: impl FnOnce(&mut Vec<Proof>)) -> Submission {
    let mut proofs = all.proofs(Kind::Several);
    change(&mut proofs);
    all.under(login(proofs))
}

pub(super) const ROWS: &[Row] = &[
    // Tokens.
    (
        "a token for another application, whose nonce is for this one",
        |all| told(all, Token { audience: r#""another-application""#, ..Token::of(SUBJECT) }),
        ErrorCode::LoginInvalid,
    ),
    (
        "a token for two applications",
        |all| told(all, Token { audience: r#"["an-application","another"]"#, ..Token::of(SUBJECT) }),
        ErrorCode::LoginInvalid,
    ),
    (
        "a token in which another person stands",
        |all| with_claims(all, r#""sub":"alice""#, r#""sub":"bob""#),
        ErrorCode::LoginInvalid,
    ),
    (
        "a token in which another application stands",
        |all| with_claims(all, "an-application", "another-app"),
        ErrorCode::LoginInvalid,
    ),
    (
        "a token with the terms of another one",
        |all| {
            let other = all.of(Kind::Oidc).unseen.login.proofs()[0].clone();
            let Proof::Oidc(other) = other else { panic!("a token") };
            with_token(all, |token| token.terms = other.terms)
        },
        ErrorCode::LoginInvalid,
    ),
    (
        "a token with the terms of the passkey",
        |all| with_token(all, |token| token.terms = assertion_of(all).terms),
        ErrorCode::LoginInvalid,
    ),
    (
        "a token that it signed itself by the name of the issuer's key",
        |all| told(all, Token { key: 9, ..Token::of(SUBJECT) }),
        ErrorCode::LoginInvalid,
    ),
    (
        "a token that it signed itself by a name of its own",
        |all| told(all, Token { key: 9, key_name: "9", ..Token::of(SUBJECT) }),
        ErrorCode::LoginKeysUnavailable,
    ),
    (
        "a token that nobody signed",
        |all| told(all, Token { algorithm: "none", ..Token::of(SUBJECT) }),
        ErrorCode::LoginInvalid,
    ),
    (
        "a token by an algorithm that the issuer does not use",
        |all| told(all, Token { algorithm: "ES256", ..Token::of(SUBJECT) }),
        ErrorCode::LoginInvalid,
    ),
    (
        "a token whose signature is cut",
        |all| with_token(all, |shown| shown.token.truncate(shown.token.len() - 4)),
        ErrorCode::LoginInvalid,
    ),
    (
        "a token of the issuer in another issuer's name",
        |all| told(all, Token { issuer: OTHER, ..Token::of(SUBJECT) }),
        ErrorCode::LoginKeysUnavailable,
    ),
    (
        "a token of the issuer in another issuer's name, by the name of that one's key",
        |all| told(all, Token { issuer: OTHER, key_name: "5", ..Token::of(SUBJECT) }),
        ErrorCode::LoginInvalid,
    ),
    (
        "a token of another issuer in the issuer's name",
        |all| told(all, Token { key: OTHER_KEY, key_name: "5", ..Token::of(SUBJECT) }),
        ErrorCode::LoginKeysUnavailable,
    ),
    (
        "a token in which another issuer's alias stands",
        |all| with_claims(all, "https://issuer.example", OTHER_ALIAS),
        ErrorCode::LoginKeysUnavailable,
    ),
    (
        "a token under another issuer's alias, by the name of that one's key",
        |all| told(all, Token { issuer: OTHER_ALIAS, key_name: "5", ..Token::of(SUBJECT) }),
        ErrorCode::LoginInvalid,
    ),
    (
        "a token of an issuer that the network does not take",
        |all| told(all, Token { issuer: "https://nobody.example", ..Token::of(SUBJECT) }),
        ErrorCode::LoginIssuerUnknown,
    ),
    (
        "a token from more than a day before the session's end",
        |all| told(all, Token { issued_s: UNIX_MS / 1_000 - 24 * 3_600, ..Token::of(SUBJECT) }),
        ErrorCode::LoginInvalid,
    ),
    (
        "a token from the future",
        |all| told(all, Token { issued_s: UNIX_MS / 1_000 + 3_000, ..Token::of(SUBJECT) }),
        ErrorCode::SessionExpired,
    ),
    // Assertions.
    (
        "an assertion for a page below",
        |all| {
            let rp_id = "games.localhost";
            let passkey = Passkey::of(PASSKEY);
            asserted(all, Passkey { rp_id, used_for: rp_id, origin: "http://games.localhost", ..passkey })
        },
        ErrorCode::LoginInvalid,
    ),
    (
        "an assertion for another relying party",
        |all| {
            let rp_id = "evil.example";
            let passkey = Passkey::of(PASSKEY);
            asserted(all, Passkey { rp_id, used_for: rp_id, origin: "https://evil.example", ..passkey })
        },
        ErrorCode::LoginInvalid,
    ),
    (
        "another relying party beside an assertion",
        |all| with_assertion(all, |shown| shown.rp_id = "evil.example".to_owned()),
        ErrorCode::LoginInvalid,
    ),
    (
        "an assertion whose authenticator was used for another relying party",
        |all| asserted(all, Passkey { used_for: "evil.example", ..Passkey::of(PASSKEY) }),
        ErrorCode::LoginInvalid,
    ),
    (
        "an assertion on another page",
        |all| asserted(all, Passkey { origin: "https://evil.example", ..Passkey::of(PASSKEY) }),
        ErrorCode::LoginInvalid,
    ),
    (
        "an assertion on a page whose name ends alike",
        |all| asserted(all, Passkey { origin: "http://evillocalhost", ..Passkey::of(PASSKEY) }),
        ErrorCode::LoginInvalid,
    ),
    (
        "an assertion inside of another page",
        |all| asserted(all, Passkey { cross_origin: true, ..Passkey::of(PASSKEY) }),
        ErrorCode::LoginInvalid,
    ),
    (
        "a registration in an assertion's place",
        |all| asserted(all, Passkey { ceremony: "webauthn.create", ..Passkey::of(PASSKEY) }),
        ErrorCode::LoginInvalid,
    ),
    (
        "a registration's data in an assertion",
        |all| asserted(all, Passkey { flags: 0x45, ..Passkey::of(PASSKEY) }),
        ErrorCode::LoginInvalid,
    ),
    (
        "an assertion whose user was not verified",
        |all| asserted(all, Passkey { flags: 0x01, ..Passkey::of(PASSKEY) }),
        ErrorCode::LoginInvalid,
    ),
    (
        "an assertion whose user was not there",
        |all| asserted(all, Passkey { flags: 0x04, ..Passkey::of(PASSKEY) }),
        ErrorCode::LoginInvalid,
    ),
    (
        "another public key under an assertion",
        |all| with_assertion(all, |shown| shown.public_key = cose_key(PASSKEY + 1)),
        ErrorCode::LoginInvalid,
    ),
    (
        "its own assertion, the person's public key",
        |all| {
            all.lured(|terms| {
                let Proof::Passkey(mut own) = Passkey::of(PASSKEY + 1).allows(terms) else { panic!() };
                own.public_key = cose_key(PASSKEY);
                vec![Proof::Passkey(own)]
            })
        },
        ErrorCode::LoginInvalid,
    ),
    (
        "another credential's id under an assertion",
        |all| with_assertion(all, |shown| shown.credential_id = Some("b3RoZXI".to_owned())),
        ErrorCode::SessionSignatureInvalid,
    ),
    (
        "another credential's id beside a request",
        |all| {
            let mut shown = assertion_of(all);
            shown.credential_id = Some("b3RoZXI".to_owned());
            all.beside(Kind::Passkey, Proof::Passkey(shown).into())
        },
        ErrorCode::LoginMismatch,
    ),
    (
        "a block that is none under an assertion",
        |all| with_assertion(all, |shown| shown.block.hash = Digest([7; 32])),
        ErrorCode::LoginInvalid,
    ),
    (
        "a block to come under an assertion",
        |all| with_assertion(all, |shown| shown.block.number += 1),
        ErrorCode::BlockAhead,
    ),
    (
        "an assertion at a block that is none",
        |all| {
            let block = BlockRef { hash: Digest([7; 32]), ..BLOCK };
            asserted(all, Passkey { block, ..Passkey::of(PASSKEY) })
        },
        ErrorCode::LoginInvalid,
    ),
    (
        "an assertion with another one's signature",
        |all| {
            let Some(Proof::Passkey(other)) = all.proofs(Kind::Several).pop() else { panic!("an assertion") };
            with_assertion(all, |shown| shown.signature = other.signature)
        },
        ErrorCode::LoginInvalid,
    ),
    (
        "an assertion with another one's client data",
        |all| {
            let Some(Proof::Passkey(other)) = all.proofs(Kind::Several).pop() else { panic!("an assertion") };
            with_assertion(all, |shown| shown.client_data = other.client_data)
        },
        ErrorCode::LoginInvalid,
    ),
    // Several.
    (
        "half of several beside a request",
        |all| all.beside(Kind::Several, all.proofs(Kind::Several).remove(0).into()),
        ErrorCode::LoginMismatch,
    ),
    (
        "the other half of several beside a request",
        |all| all.beside(Kind::Several, all.proofs(Kind::Several).remove(1).into()),
        ErrorCode::LoginMismatch,
    ),
    (
        "half of several named in a request",
        |all| all.renamed(Kind::Several, all.proofs(Kind::Several).remove(1).into()),
        ErrorCode::SessionSignatureInvalid,
    ),
    (
        "half of several under a session key of its own",
        |all| several(all, |proofs| drop(proofs.pop())),
        ErrorCode::SessionSignatureInvalid,
    ),
    (
        "several in another order beside a request",
        |all| {
            let mut proofs = all.proofs(Kind::Several);
            proofs.reverse();
            all.beside(Kind::Several, login(proofs))
        },
        ErrorCode::LoginMismatch,
    ),
    (
        "several in another order named in a request",
        |all| {
            let mut proofs = all.proofs(Kind::Several);
            proofs.reverse();
            all.renamed(Kind::Several, login(proofs))
        },
        ErrorCode::SessionSignatureInvalid,
    ),
    ("one proof twice", |all| several(all, |proofs| proofs[1] = proofs[0].clone()), ErrorCode::LoginInvalid),
    (
        "a method twice, by two proofs of its own",
        |all| {
            all.lured(|terms| {
                let one = Passkey::of(PASSKEY + 1);
                vec![one.allows(terms), Passkey { flags: 0x1d, ..one }.allows(terms)]
            })
        },
        ErrorCode::LoginInvalid,
    ),
    (
        "a token and an assertion of two sessions of one person",
        |all| several(all, |proofs| proofs[1] = all.proofs(Kind::Passkey).remove(0)),
        ErrorCode::LoginInvalid,
    ),
    (
        "a token and an assertion of two single logins",
        |all| all.under(login(vec![Proof::Oidc(token_of(all)), Proof::Passkey(assertion_of(all))])),
        ErrorCode::LoginInvalid,
    ),
    (
        "the person's token and its own passkey, each for its own session",
        |all| all.lured(|terms| vec![Proof::Oidc(token_of(all)), Passkey::of(PASSKEY + 1).allows(terms)]),
        ErrorCode::LoginInvalid,
    ),
    (
        "its own wallet and the person's text",
        |all| all.lured(|terms| vec![by_wallet(OWN, terms), Proof::Wallet(text_of(all))]),
        ErrorCode::LoginInvalid,
    ),
    (
        "its own passkey added to the person's login beside a request",
        |all| all.beside(Kind::Several, joined(all)),
        ErrorCode::LoginMismatch,
    ),
    (
        "its own passkey added to the person's login named in a request",
        |all| all.renamed(Kind::Several, joined(all)),
        ErrorCode::SessionSignatureInvalid,
    ),
    // One kind as another.
    (
        "an assertion as a token",
        |all| {
            let shown = assertion_of(all);
            let parts = [shown.client_data, shown.authenticator_data, shown.signature];
            let token = parts.map(|part| URL_SAFE_NO_PAD.encode(part)).join(".");
            all.under(Proof::Oidc(OidcLogin { token, terms: shown.terms }).into())
        },
        ErrorCode::LoginInvalid,
    ),
    (
        "a token as an assertion",
        |all| {
            let shown = token_of(all);
            let parts: Vec<_> =
                shown.token.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).unwrap()).collect();
            with_assertion(all, |assertion| {
                assertion.client_data.clone_from(&parts[1]);
                assertion.signature.clone_from(&parts[2]);
                assertion.terms = shown.terms;
            })
        },
        ErrorCode::LoginInvalid,
    ),
    (
        "a wallet's text as a token",
        |all| with_token(all, |shown| shown.token = text_of(all).message),
        ErrorCode::LoginInvalid,
    ),
    (
        "a token as a wallet's text",
        |all| all.under(WalletLogin { message: token_of(all).token, ..text_of(all) }.into()),
        ErrorCode::LoginInvalid,
    ),
    (
        "a wallet's signature under an assertion",
        |all| {
            let signature = hex::decode(&text_of(all).signature[2..]).unwrap();
            with_assertion(all, |shown| shown.signature = signature[..64].to_vec())
        },
        ErrorCode::LoginInvalid,
    ),
    (
        "a wallet's text, signed by its own wallet",
        |all| {
            let signature = bare(OWN).login.wallet().unwrap().signature.clone();
            all.under(WalletLogin { signature, ..text_of(all) }.into())
        },
        ErrorCode::LoginInvalid,
    ),
    // Its own session, for what it may not do.
    (
        "a session of its own for another action",
        |_| {
            let action = CapabilityAction::Named(ActionCid::of_code(b"any"));
            let capability = Capability::Use { key: CapabilityKey::Own, action };
            Caller::may(OWN, capability).running(super::ACTION).request(1).1
        },
        ErrorCode::SessionScope,
    ),
];

/// The person's login by two methods, and the recorder's passkey for the person's session.
fn joined(all: &Seen) -> quorate_wire::Login {
    let session = all.of(Kind::Several).caller.session_key();
    let terms = super::Terms {
        network: super::network().id(),
        session,
        capabilities: &[super::own()],
        expires_ms: UNIX_MS + super::LIFE_MS,
    };
    let mut proofs = all.proofs(Kind::Several);
    proofs.push(Passkey::of(PASSKEY + 1).allows(&terms));
    login(proofs)
}
