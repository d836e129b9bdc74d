//! A member that keeps every login and every request under it, of wallets, passkeys, an issuer and several together. It has
//! a session, a wallet, a passkey and an account with the issuer of its own. What it shows again, or with a part exchanged,
//! is refused by every other node, to it as a caller and as a peer: row by row, each with its code.

use std::collections::BTreeSet;

use quorate_auth::{SiweMessage, did_key, parse_did_key};
use quorate_engine::Report;
use quorate_wire::{
    ErrorCode, ExecutionRequest, Login, NetworkId, PeerMessage, Proof, SessionTerms, Submission, request_id,
};

use crate::{
    harness::{
        Caller, Net, UNIX_MS, network,
        people::{Passkey, Terms, Token, by_wallet},
    },
    sign_ins::{ACTION, own},
};

mod denied;
mod kinds;
mod later;
mod parts;

/// The member that keeps everything.
const MALICIOUS: u8 = 3;
/// Marks of session keys: the recorder's, and the first of the person's.
const OWN: u8 = 8;
const FIRST: u8 = 20;
/// The person's wallet, passkey and name with the issuer; the recorder's are the next ones.
const WALLET: u8 = 7;
const PASSKEY: u8 = 1;
const SUBJECT: &str = "alice";
/// How long sessions live from the beginning of the test on.
const LIFE_MS: u64 = 3_600_000;
const BRIEF_MS: u64 = 5_000;

/// How somebody logs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Wallet,
    Oidc,
    Passkey,
    Several,
}

const KINDS: [Kind; 4] = [Kind::Wallet, Kind::Oidc, Kind::Passkey, Kind::Several];

impl Kind {
    /// The person's proofs of this kind.
    fn proofs(self, terms: &Terms<'_>) -> Vec<Proof> {
        match self {
            Kind::Wallet => vec![by_wallet(WALLET, terms)],
            Kind::Oidc => vec![Token::of(SUBJECT).allows(terms)],
            Kind::Passkey => vec![Passkey::of(PASSKEY).allows(terms)],
            Kind::Several => vec![Token::of(SUBJECT).allows(terms), Passkey::of(PASSKEY).allows(terms)],
        }
    }
}

fn login(mut proofs: Vec<Proof>) -> Login {
    match proofs.len() {
        1 => proofs.remove(0).into(),
        _ => Login::several(proofs).unwrap(),
    }
}

/// Somebody with a session key, whose login is still to be made.
fn bare(mark: u8) -> Caller {
    Caller::may(mark, own()).running(ACTION)
}

/// The person, with a session that they allow in one way.
fn person(kind: Kind, mark: u8, life_ms: u64) -> Caller {
    let mut person = bare(mark);
    person.login = allowed_in(network().id(), kind, &person, life_ms);
    person
}

fn allowed_in(network: NetworkId, kind: Kind, person: &Caller, life_ms: u64) -> Login {
    let (session, expires_ms) = (person.session_key(), UNIX_MS + life_ms);
    login(kind.proofs(&Terms { network, session, capabilities: &[own()], expires_ms }))
}

/// What crossed under one login.
struct Session {
    caller: Caller,
    /// A request that was answered, and one that never arrived anywhere but at the recorder.
    sent: Submission,
    held: Submission,
    /// The same session allowed in another network.
    elsewhere: Login,
    /// The person's second session, of which no other node has seen anything.
    unseen: Caller,
    /// A request of a session that ends soon.
    brief: Submission,
}

/// All that the recorder has.
struct Seen {
    sessions: Vec<Session>,
}

impl Seen {
    /// Each session asks for something, is answered, and asks for more.
    fn new(net: &mut Net) -> Self {
        let sessions = (FIRST..).zip(KINDS).map(|(mark, kind)| {
            let caller = person(kind, mark, LIFE_MS);
            let (sent, held) = (caller.request(1).1, caller.request(2).1);
            let elsewhere = allowed_in(NetworkId([9; 32]), kind, &caller, LIFE_MS);
            let unseen = person(kind, mark + 20, LIFE_MS);
            let brief = person(kind, mark + 40, BRIEF_MS).request(3).1;
            let to = net.submit(1, &sent);
            net.advance(100);
            assert!(net.answer(to).unwrap().is_ok(), "{kind:?}: {:?}", net.answer(to));
            Session { caller, sent, held, elsewhere, unseen, brief }
        });
        Seen { sessions: sessions.collect() }
    }

    fn of(&self, kind: Kind) -> &Session {
        &self.sessions[usize::from(kind as u8)]
    }

    /// The proofs that were shown, of a kind.
    fn proofs(&self, kind: Kind) -> Vec<Proof> {
        self.of(kind).caller.login.proofs().to_vec()
    }

    /// Its own request under a login.
    fn under(&self, login: Login) -> Submission {
        let mut own = bare(OWN);
        own.login = login;
        own.request(1).1
    }

    /// Its own request under what somebody lets its own session do: it can lure anybody to its own page.
    fn lured(&self, proofs: impl FnOnce(&Terms<'_>) -> Vec<Proof>) -> Submission {
        let (network, session) = (network().id(), bare(OWN).session_key());
        let terms = Terms { network, session, capabilities: &[own()], expires_ms: UNIX_MS + LIFE_MS };
        self.under(login(proofs(&terms)))
    }

    /// A request that was held back, with parts exchanged, under its signature.
    fn exchanged(&self, kind: Kind, change: impl FnOnce(&mut ExecutionRequest)) -> Submission {
        let held = &self.of(kind).held;
        let mut request = ExecutionRequest::parse(&held.request).unwrap();
        change(&mut request);
        Submission { request: serde_json::to_vec(&request).unwrap(), ..held.clone() }
    }

    /// The same with another login, which it names.
    fn renamed(&self, kind: Kind, login: Login) -> Submission {
        let sent = self.exchanged(kind, |request| request.login = login.hash());
        Submission { login, ..sent }
    }

    /// A request that was held back, with another login beside it.
    fn beside(&self, kind: Kind, login: Login) -> Submission {
        Submission { login, ..self.of(kind).held.clone() }
    }
}

/// A login whose terms say something else, all of them the same. What was signed stays as it was.
fn with_terms(of: &Login, change: impl Fn(&mut SessionTerms)) -> Login {
    let proofs = of.proofs().iter().cloned().map(|mut proof| {
        match &mut proof {
            Proof::Oidc(shown) => change(&mut shown.terms),
            Proof::Passkey(shown) => change(&mut shown.terms),
            Proof::Wallet(shown) => {
                let mut text = SiweMessage::parse(&shown.message).unwrap();
                let session = parse_did_key(&text.uri).unwrap();
                let (expires_ms, capabilities) = (text.expires_ms, text.resources);
                let mut terms = SessionTerms { session, expires_ms, capabilities, rz: shown.rz };
                change(&mut terms);
                text.uri = did_key(&terms.session);
                (text.expires_ms, text.resources, shown.rz) =
                    (terms.expires_ms, terms.capabilities, terms.rz);
                shown.message = text.render().unwrap();
            }
        }
        proof
    });
    login(proofs.collect())
}

/// What is sent, and with which code it is refused.
type Row = (&'static str, fn(&Seen) -> Submission, ErrorCode);
/// The same for each kind of login.
type KindRow = (&'static str, fn(&Seen, Kind) -> Submission, ErrorCode);

/// What the nodes have sent to each other that is part of a signature or of what is opened.
fn given(net: &Net) -> usize {
    let part = |message: &&PeerMessage| match message {
        PeerMessage::Vote(vote) => vote.body.intent().is_some(),
        PeerMessage::Offer(_) | PeerMessage::Propose(_) | PeerMessage::Round(_) => true,
        PeerMessage::Signature { .. } | PeerMessage::Share { .. } | PeerMessage::Decided { .. } => true,
        _ => false,
    };
    sent(net).filter(part).count()
}

/// The same, and all else that belongs to an execution: that it was passed on, its runs, its statements.
fn begun(net: &Net) -> (usize, usize, usize) {
    let belongs = |message: &&PeerMessage| {
        let outcome = matches!(message, PeerMessage::Outcome(_) | PeerMessage::Diverged { .. });
        outcome || matches!(message, PeerMessage::Vote(_) | PeerMessage::Execute(_))
    };
    let runs = (1..=3).map(|node| net.reported(node, |report| matches!(report, Report::Started(_))));
    (given(net), sent(net).filter(belongs).count(), runs.sum())
}

fn sent(net: &Net) -> impl Iterator<Item = &PeerMessage> {
    (1..=3).flat_map(move |from| (1..=3).flat_map(move |to| net.sent(from, to)))
}

/// How nodes refuse something: to a caller, and to the malicious member.
fn refusals(net: &mut Net, about: &str, submission: &Submission) -> BTreeSet<ErrorCode> {
    let id = request_id(&network().id(), &submission.request);
    let mut codes = BTreeSet::new();
    for node in 1..=3 {
        let to = net.submit(node, submission);
        let answer = net.answer(to).unwrap_or_else(|| panic!("{about}: node {node} does not refuse"));
        codes.insert(answer.as_ref().expect_err(about).code);
    }
    let before = [1, 2].map(|node| net.sent(node, MALICIOUS).count());
    for node in [1, 2] {
        net.forge(MALICIOUS, node, &PeerMessage::Execute(submission.clone()));
    }
    // What could come in a moment is waited for.
    let waits = codes.contains(&ErrorCode::BlockAhead) || codes.contains(&ErrorCode::LoginKeysUnavailable);
    net.advance(if waits { 1_100 } else { 5 });
    for (node, before) in [1, 2].into_iter().zip(before) {
        let mut refused = net.sent(node, MALICIOUS).skip(before).filter_map(|message| match message {
            PeerMessage::Refused { request, code, .. } if *request == id => Some(*code),
            _ => None,
        });
        codes.insert(refused.next().unwrap_or_else(|| panic!("{about}: node {node} is silent")));
    }
    codes
}

/// Sends one row: every node refuses it, no run begins, and nothing leaves anybody.
fn refused(net: &mut Net, about: &str, submission: &Submission, code: ErrorCode) {
    let before = begun(net);
    let codes = refusals(net, about, submission);
    assert_eq!(codes, BTreeSet::from([code]), "{about}");
    assert_eq!(begun(net), before, "{about}: something was given");
}

/// What the recorder did has used up nothing: the person goes on.
fn goes_on(net: &mut Net, all: &Seen) {
    for kind in KINDS {
        let to = net.submit(1, &all.of(kind).held);
        net.advance(100);
        assert!(net.answer(to).unwrap().is_ok(), "{kind:?}: {:?}", net.answer(to));
    }
}

#[test]
fn there_are_at_least_forty_different_rows() {
    let of_kinds = kinds::ROWS.iter().map(|row| (row.0, KINDS.len()));
    let others = parts::ROWS.iter().chain(denied::ROWS).map(|row| (row.0, 1));
    let rows: Vec<(&str, usize)> = of_kinds.chain(others).chain(later::rows()).collect();
    let names: BTreeSet<&str> = rows.iter().map(|row| row.0).collect();
    assert_eq!(names.len(), rows.len(), "each row has a name of its own");
    assert!(rows.iter().map(|row| row.1).sum::<usize>() >= 40);
}

#[test]
fn no_login_of_any_kind_is_of_use_to_another_session_or_for_another_request() {
    let mut net = denied::ready();
    let all = Seen::new(&mut net);
    for kind in KINDS {
        for (about, make, code) in kinds::ROWS {
            refused(&mut net, &format!("{kind:?}: {about}"), &make(&all, kind), *code);
        }
    }
    goes_on(&mut net, &all);
}

#[test]
fn no_proof_stands_for_another_one() {
    let mut net = denied::ready();
    let all = Seen::new(&mut net);
    for (about, make, code) in parts::ROWS {
        refused(&mut net, about, &make(&all), *code);
    }
    goes_on(&mut net, &all);
}
