//! What is accepted of the recorder as anybody's request, and gives it nothing: every node denies it the person's key.

use std::sync::Arc;

use quorate_engine::{Input, IssuerKeys, TYPE_OIDC, TYPE_PASSKEY};
use quorate_policy::TYPE_UPSTREAM_PASSKEY;
use quorate_wire::{Digest, ErrorCode, IssuerRule, Issuers, keccak256};
use sha2::{Digest as _, Sha256};

use super::{
    PASSKEY, Row, SUBJECT, Seen, WALLET, given,
    parts::{OTHER, OTHER_ALIAS, OTHER_KEY},
};
use crate::harness::{
    Caller, Net, UNIX_MS,
    people::{ISSUER, Passkey, Token, by_wallet, cose_key, held, known_as, passkey_of, rule},
};

/// The id of the person's credential.
const CREDENTIAL: &str = "Y3JlZGVudGlhbA";

/// Another issuer, which the network takes as well.
fn other() -> IssuerRule {
    IssuerRule { aliases: vec![OTHER_ALIAS.to_owned()], ..rule("Another", OTHER) }
}

/// The issuers of the network.
pub(super) fn issuers() -> Vec<IssuerRule> {
    vec![rule("An issuer", ISSUER), other()]
}

/// Their keys.
pub(super) fn keys() -> IssuerKeys {
    let of = |keys: &[u8]| Arc::new(held(keys, None));
    IssuerKeys::new([(ISSUER.to_owned(), of(&[1])), (OTHER.to_owned(), of(&[OTHER_KEY]))].into())
}

/// A network whose key is the person's, in every way.
pub(super) fn ready() -> Net {
    let mut net = Net::ready();
    let (key, token) = (net.key, net.key.token_id());
    for node in 1..=3 {
        let registry = &mut net.node(node).registry;
        registry.block_time_s = UNIX_MS / 1_000 - 10;
        let issuers = Arc::new(Issuers::new(issuers()).unwrap());
        registry.issuers = [issuers.clone(), issuers];
        registry.give(&key, Caller::wallet(WALLET));
        registry.methods.insert((token, TYPE_PASSKEY, passkey_of(PASSKEY).0));
        registry.methods.insert((token, TYPE_OIDC, known_as(SUBJECT).0));
        let credential = Digest(keccak256(format!("{CREDENTIAL}:lit").as_bytes()));
        let public_key = Digest(Sha256::digest(cose_key(PASSKEY)).into());
        registry.recorded.insert((token, TYPE_UPSTREAM_PASSKEY, credential, public_key));
        net.head(node);
        net.input(node, Input::IssuerKeys(keys()));
    }
    net
}

pub(super) const ROWS: &[Row] = &[
    ("its own wallet", |all| all.lured(|terms| vec![by_wallet(WALLET + 1, terms)]), ErrorCode::NotGranted),
    (
        "its own passkey",
        |all| all.lured(|terms| vec![Passkey::of(PASSKEY + 1).allows(terms)]),
        ErrorCode::NotGranted,
    ),
    (
        "its own passkey, called by the id of the person's",
        |all| {
            let credential_id = Some(CREDENTIAL);
            all.lured(|terms| vec![Passkey { credential_id, ..Passkey::of(PASSKEY + 1) }.allows(terms)])
        },
        ErrorCode::NotGranted,
    ),
    (
        "its own account with the issuer",
        |all| all.lured(|terms| vec![Token::of("mallory").allows(terms)]),
        ErrorCode::NotGranted,
    ),
    (
        "the person's account, at an application of its own",
        |all| {
            let (audience, asked_for) = (r#""another-application""#, "another-application");
            all.lured(|terms| vec![Token { audience, asked_for, ..Token::of(SUBJECT) }.allows(terms)])
        },
        ErrorCode::NotGranted,
    ),
    (
        "an account of the person's name with another issuer",
        |all| {
            let theirs = Token { issuer: OTHER, key: OTHER_KEY, key_name: "5", ..Token::of(SUBJECT) };
            all.lured(|terms| vec![theirs.allows(terms)])
        },
        ErrorCode::NotGranted,
    ),
    (
        "an account of the person's name under another issuer's alias",
        |all| {
            let theirs = Token { issuer: OTHER_ALIAS, key: OTHER_KEY, key_name: "5", ..Token::of(SUBJECT) };
            all.lured(|terms| vec![theirs.allows(terms)])
        },
        ErrorCode::NotGranted,
    ),
    (
        "its own passkey and its own account together",
        |all| {
            all.lured(|terms| {
                vec![Token::of("mallory").allows(terms), Passkey::of(PASSKEY + 1).allows(terms)]
            })
        },
        ErrorCode::NotGranted,
    ),
];

#[test]
fn what_the_recorder_is_by_itself_gives_it_nothing_of_the_persons() {
    let mut net = ready();
    let all = Seen::new(&mut net);
    for (about, make, code) in ROWS {
        let before = given(&net);
        let to = net.submit(super::MALICIOUS, &make(&all));
        net.advance(200);
        assert_eq!(net.error(to), *code, "{about}");
        assert_eq!(given(&net), before, "{about}: something was given");
    }
    // The check finds what is given.
    let before = given(&net);
    let credential_id = Some(CREDENTIAL);
    let granted = all.lured(|terms| vec![Passkey { credential_id, ..Passkey::of(PASSKEY) }.allows(terms)]);
    let to = net.submit(super::MALICIOUS, &granted);
    net.advance(200);
    assert!(net.answer(to).unwrap().is_ok() && given(&net) > before);
}
