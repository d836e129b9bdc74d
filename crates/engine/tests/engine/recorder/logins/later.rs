//! What is tried after something has changed: the network's lists, an issuer's keys, the clock, a node's memory.

use std::sync::Arc;

use quorate_engine::{Input, IssuerKeys};
use quorate_wire::{Ends, ErrorCode, IssuerRule, Issuers, Submission, TokenAlgorithm, limits};

use super::{BRIEF_MS, FIRST, KINDS, Kind, LIFE_MS, PASSKEY, SUBJECT, Seen, denied, person, refused};
use crate::harness::{
    Net, UNIX_MS, domains,
    people::{ISSUER, Passkey, Token, held},
};

/// What changes, and what is refused from then on.
struct Stage {
    about: &'static str,
    change: fn(&mut Net),
    /// Kinds whose held requests are refused, and the code.
    held: (&'static [Kind], ErrorCode),
    /// What else is.
    rows: &'static [super::Row],
}

fn with_issuers(net: &mut Net, place: usize, issuers: Vec<IssuerRule>) {
    let issuers = Arc::new(Issuers::new(issuers).unwrap());
    for node in 1..=3 {
        net.node(node).registry.issuers[place] = issuers.clone();
        net.head(node);
    }
}

fn without_issuer(net: &mut Net, place: usize) {
    with_issuers(net, place, denied::issuers().split_off(1));
}

fn with_keys(net: &mut Net, shown: &[u8], withdrawn: Option<(&[u8], u64)>, blocked: &[&str]) {
    let held = held(shown, withdrawn).without(blocked.iter().map(|kid| (*kid).to_owned()).collect());
    let keys = IssuerKeys::new([(ISSUER.to_owned(), held.into())].into());
    for node in 1..=3 {
        net.input(node, Input::IssuerKeys(keys.clone()));
    }
}

fn restart(net: &mut Net) {
    for node in 1..=3 {
        net.kill(node);
        net.advance(10);
        net.start(node);
    }
    net.advance(1_000);
}

/// The person's sessions of these kinds sign out.
fn sign_out(net: &mut Net, kinds: &[Kind], ends: Ends) {
    for kind in kinds {
        let session = person(*kind, FIRST + *kind as u8, LIFE_MS);
        net.sign_out(1, &session.sign_out(ends));
    }
    net.advance(1_000);
}

const BY_ISSUER: &[Kind] = &[Kind::Oidc, Kind::Several];
const AT_DOMAIN: &[Kind] = &[Kind::Wallet, Kind::Passkey, Kind::Several];

/// A login that no node but the recorder has seen, with a request.
fn unseen(all: &Seen, kind: Kind) -> Submission {
    all.of(kind).unseen.request(1).1
}

const STAGES: &[Stage] = &[
    Stage {
        about: "the issuer was taken out",
        change: |net| without_issuer(net, 0),
        held: (BY_ISSUER, ErrorCode::LoginIssuerUnknown),
        rows: &[(
            "a token that nobody has seen, of an issuer that was taken out",
            |all| unseen(all, Kind::Oidc),
            ErrorCode::LoginIssuerUnknown,
        )],
    },
    Stage {
        about: "the issuer is not final yet",
        change: |net| without_issuer(net, 1),
        held: (BY_ISSUER, ErrorCode::LoginIssuerUnknown),
        rows: &[],
    },
    Stage {
        about: "the issuer's rule was changed",
        change: |net| {
            let mut issuers = denied::issuers();
            issuers[0].algorithms.push(TokenAlgorithm::Es256);
            for place in [0, 1] {
                with_issuers(net, place, issuers.clone());
            }
        },
        held: (BY_ISSUER, ErrorCode::LoginIssuerUnknown),
        rows: &[],
    },
    Stage {
        about: "the domain was taken out",
        change: |net| {
            for node in 1..=3 {
                net.node(node).registry.login_domains = domains(&["other.example"]);
                net.head(node);
            }
        },
        held: (AT_DOMAIN, ErrorCode::LoginInvalid),
        rows: &[(
            "an assertion that nobody has seen, for a domain that was taken out",
            |all| unseen(all, Kind::Passkey),
            ErrorCode::LoginInvalid,
        )],
    },
    Stage {
        about: "the issuer withdrew its key",
        change: |net| with_keys(net, &[2], Some((&[1], UNIX_MS)), &[]),
        held: (&[], ErrorCode::LoginInvalid),
        rows: &[
            (
                "a token by a withdrawn key, dated when it was withdrawn",
                |all| {
                    let later = Token { issued_s: UNIX_MS / 1_000, ..Token::of(SUBJECT) };
                    all.lured(|terms| vec![later.allows(terms)])
                },
                ErrorCode::LoginInvalid,
            ),
            (
                "a token by a withdrawn key, dated after",
                |all| {
                    let later = Token { issued_s: UNIX_MS / 1_000 + 1, ..Token::of(SUBJECT) };
                    all.lured(|terms| vec![later.allows(terms)])
                },
                ErrorCode::LoginInvalid,
            ),
            (
                "a token by a withdrawn key under the name of the new one",
                |all| all.lured(|terms| vec![Token { key_name: "2", ..Token::of(SUBJECT) }.allows(terms)]),
                ErrorCode::LoginInvalid,
            ),
        ],
    },
    Stage {
        about: "the operator blocked the issuer's key",
        change: |net| with_keys(net, &[2], Some((&[1], UNIX_MS)), &["1"]),
        held: (&[], ErrorCode::LoginKeysUnavailable),
        rows: &[(
            "a token by a blocked key, dated before",
            |all| all.lured(|terms| vec![Token::of(SUBJECT).allows(terms)]),
            ErrorCode::LoginKeysUnavailable,
        )],
    },
    Stage {
        about: "the chain is a day further",
        change: |net| {
            for node in 1..=3 {
                net.node(node).registry.block_time_s = UNIX_MS / 1_000 - 24 * 3_600;
                net.head(node);
            }
        },
        held: (&[], ErrorCode::LoginInvalid),
        rows: &[(
            "an assertion at a block of a day ago",
            |all| all.lured(|terms| vec![Passkey::of(PASSKEY).allows(terms)]),
            ErrorCode::LoginInvalid,
        )],
    },
    Stage {
        about: "all nodes were restarted and have no keys yet",
        change: restart,
        held: (&[Kind::Wallet, Kind::Passkey], ErrorCode::RequestPredatesNode),
        rows: &[
            (
                "a token that was shown before the start, and no keys",
                |all| all.of(Kind::Oidc).held.clone(),
                ErrorCode::LoginKeysUnavailable,
            ),
            (
                "an answered request under a passkey, after a start",
                |all| all.of(Kind::Passkey).sent.clone(),
                ErrorCode::RequestPredatesNode,
            ),
            (
                "a session key of its own under the passkey's login, after a start",
                |all| all.under(all.of(Kind::Passkey).caller.login.clone()),
                ErrorCode::SessionSignatureInvalid,
            ),
        ],
    },
    Stage {
        about: "all nodes were restarted and have the keys again",
        change: |net| {
            restart(net);
            for node in 1..=3 {
                net.input(node, Input::IssuerKeys(denied::keys()));
            }
        },
        held: (&KINDS, ErrorCode::RequestPredatesNode),
        rows: &[
            (
                "an answered request under a token, after a start",
                |all| all.of(Kind::Oidc).sent.clone(),
                ErrorCode::RequestPredatesNode,
            ),
            (
                "a session key of its own under several, after a start",
                |all| all.under(all.of(Kind::Several).caller.login.clone()),
                ErrorCode::SessionSignatureInvalid,
            ),
        ],
    },
    Stage {
        about: "sessions have ended",
        change: |net| net.advance(BRIEF_MS),
        held: (&[], ErrorCode::SessionExpired),
        rows: &[
            (
                "a wallet's session that ended",
                |all| all.of(Kind::Wallet).brief.clone(),
                ErrorCode::SessionExpired,
            ),
            (
                "a token's session that ended",
                |all| all.of(Kind::Oidc).brief.clone(),
                ErrorCode::SessionExpired,
            ),
            (
                "a passkey's session that ended",
                |all| all.of(Kind::Passkey).brief.clone(),
                ErrorCode::SessionExpired,
            ),
            (
                "the session of several that ended",
                |all| all.of(Kind::Several).brief.clone(),
                ErrorCode::SessionExpired,
            ),
        ],
    },
    Stage {
        about: "a minute has passed",
        change: |net| net.advance(limits::REQUEST_AGE_MS_MAX),
        held: (&KINDS, ErrorCode::RequestExpired),
        rows: &[],
    },
    Stage {
        about: "answers are forgotten",
        change: |net| net.advance(limits::REQUEST_AGE_MS_MAX + 2 * limits::EXECUTION_MS_MAX),
        held: (&[], ErrorCode::RequestExpired),
        rows: &[
            (
                "a wallet's request, long after",
                |all| all.of(Kind::Wallet).sent.clone(),
                ErrorCode::RequestExpired,
            ),
            (
                "a token's request, long after",
                |all| all.of(Kind::Oidc).sent.clone(),
                ErrorCode::RequestExpired,
            ),
            (
                "a passkey's request, long after",
                |all| all.of(Kind::Passkey).sent.clone(),
                ErrorCode::RequestExpired,
            ),
            (
                "a request of several, long after",
                |all| all.of(Kind::Several).sent.clone(),
                ErrorCode::RequestExpired,
            ),
        ],
    },
    Stage {
        about: "each session was signed out",
        change: |net| sign_out(net, &KINDS, Ends::Session),
        held: (&KINDS, ErrorCode::SessionRevoked),
        rows: &[
            (
                "a wallet's request, signed out",
                |all| all.of(Kind::Wallet).sent.clone(),
                ErrorCode::SessionRevoked,
            ),
            (
                "a token's request, signed out",
                |all| all.of(Kind::Oidc).sent.clone(),
                ErrorCode::SessionRevoked,
            ),
            (
                "a passkey's request, signed out",
                |all| all.of(Kind::Passkey).sent.clone(),
                ErrorCode::SessionRevoked,
            ),
            (
                "a request of several, signed out",
                |all| all.of(Kind::Several).sent.clone(),
                ErrorCode::SessionRevoked,
            ),
        ],
    },
    Stage {
        about: "the passkey has signed out everywhere",
        change: |net| sign_out(net, &[Kind::Passkey], Ends::Everywhere),
        held: (&[Kind::Passkey, Kind::Several], ErrorCode::SessionRevoked),
        rows: &[
            (
                "the passkey's session that nobody has seen",
                |all| unseen(all, Kind::Passkey),
                ErrorCode::SessionRevoked,
            ),
            (
                "a session of several, the passkey among them, that nobody has seen",
                |all| unseen(all, Kind::Several),
                ErrorCode::SessionRevoked,
            ),
        ],
    },
    Stage {
        about: "all signed out everywhere, and every node started again",
        change: |net| {
            sign_out(net, &KINDS, Ends::Everywhere);
            restart(net);
            with_keys(net, &[1], None, &[]);
        },
        held: (&KINDS, ErrorCode::SessionRevoked),
        rows: &[
            (
                "the wallet's session that nobody has seen",
                |all| unseen(all, Kind::Wallet),
                ErrorCode::SessionRevoked,
            ),
            (
                "the token's session that nobody has seen",
                |all| unseen(all, Kind::Oidc),
                ErrorCode::SessionRevoked,
            ),
        ],
    },
];

/// Names of rows, and for how many kinds each is.
pub(super) fn rows() -> impl Iterator<Item = (&'static str, usize)> {
    STAGES.iter().flat_map(|stage| {
        let rows = stage.rows.iter().map(|row| (row.0, 1));
        std::iter::once((stage.about, stage.held.0.len())).chain(rows)
    })
}

#[test]
fn what_has_ended_is_not_brought_back() {
    for Stage { about, change, held: (kinds, code), rows } in STAGES {
        let mut net = denied::ready();
        let all = Seen::new(&mut net);
        change(&mut net);
        for kind in *kinds {
            refused(&mut net, &format!("{about}: {kind:?}"), &all.of(*kind).held, *code);
        }
        for (row, make, code) in *rows {
            refused(&mut net, row, &make(&all), *code);
        }
    }
}
