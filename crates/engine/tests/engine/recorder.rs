//! Somebody who records all that is sent and answered, and has a login, a session and one-time keys of its own. What it
//! sends again, or with a part exchanged, opens nothing: row by row, each with its code.

use std::collections::{BTreeMap, BTreeSet};

use quorate_encryption::sealed::{self, Reader};
use quorate_policy::Policy;
use quorate_threshold::{
    Params, PartyIndex,
    value::{self, Partial, combine},
};
use quorate_wire::{
    ActionCid, Capability, CapabilityAction, CapabilityKey, CapabilityPolicy, DecryptionReply,
    DecryptionRequest, DecryptionSubmission, Digest, ErrorCode, Identity, NetworkId, NodeIndex, PolicyForm,
    RequestId, Submission, decryption_request_id, limits,
};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng as _};
use serde_json::value::RawValue;

use crate::{
    harness::{Caller, Net, index, network, with_wallet},
    openings::{decrypt_root, named_right, timely, to_seven},
};

mod logins;
mod members;

/// All that crossed between a caller and three nodes, and what its recorder has besides.
struct Records {
    owner: Caller,
    /// The recorder's own login: it names the policy, as anybody's can.
    own: Caller,
    policy: Policy,
    identity: Identity,
    /// The owner's requests, by node, and what was answered.
    sent: BTreeMap<u8, (DecryptionSubmission, DecryptionReply)>,
    /// A request of the owner's to node 1 that never arrived, and one of a session that ends soon.
    held: DecryptionSubmission,
    brief: DecryptionSubmission,
    owner_reader: Reader,
    own_reader: Reader,
}

impl Records {
    fn new(net: &mut Net) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(31);
        let (policy, identity) = to_seven();
        let owner = timely(net, Caller::may(7, named_right(&policy)));
        let own = timely(net, Caller::may(8, named_right(&policy)));
        let (owner_reader, own_reader) = (Reader::new(&mut rng), Reader::new(&mut rng));
        let ask = |caller: &Caller, node, nonce| {
            caller.opening_at(node, policy.canonical(), identity, (*owner_reader.public(), nonce))
        };
        let sent = (1..=3).map(|node| {
            let request = ask(&owner, node, 1);
            let reply = net.share(node, &request).unwrap();
            (node, (request, *reply))
        });
        let sent = sent.collect();
        let brief = ask(&timely(net, Caller::living(7, 5_000)), 1, 3);
        let held = ask(&owner, 1, 2);
        Records { owner, own, policy, identity, sent, held, brief, owner_reader, own_reader }
    }

    /// A request as it was held back, with parts exchanged, under the owner's signature.
    fn changed(&self, change: impl FnOnce(&mut DecryptionRequest)) -> DecryptionSubmission {
        let mut request = DecryptionRequest::parse(&self.held.request).unwrap();
        change(&mut request);
        DecryptionSubmission { request: serde_json::to_vec(&request).unwrap(), ..self.held.clone() }
    }

    /// The same, made the recorder's own: its session, its login, its signature.
    fn owned(&self, change: impl FnOnce(&mut DecryptionRequest)) -> DecryptionSubmission {
        self.owned_by(&self.own, change)
    }

    fn owned_by(&self, caller: &Caller, change: impl FnOnce(&mut DecryptionRequest)) -> DecryptionSubmission {
        let mut request = DecryptionRequest::parse(&self.held.request).unwrap();
        (request.session, request.login) = (caller.session(), caller.login.hash());
        change(&mut request);
        caller.opening_of(&request)
    }

    /// The recorder with a session that may do this.
    fn able(&self, capability: Capability) -> Caller {
        let mut caller = Caller::may(8, capability);
        caller.time_ms = self.own.time_ms;
        caller
    }

    /// With what this capability allows the recorder.
    fn allowed(&self, capability: Capability) -> DecryptionSubmission {
        let caller = self.able(capability);
        self.owned_by(&caller, |_| {})
    }

    /// The policy that the recorder satisfies.
    fn own_policy() -> Policy {
        Policy::to_address(&Caller::wallet(8))
    }

    fn own_identity() -> Identity {
        let policy = Records::own_policy().hash();
        Identity::Container { network: network().id(), policy, salt: [5; 32] }
    }

    /// What the recorder may well have opened: something of its own.
    fn of_its_own(&self, node: u8, reader: [u8; 32], nonce: u8) -> DecryptionSubmission {
        let right = named_right(&Records::own_policy());
        let caller = self.able(right);
        let policy = Records::own_policy();
        caller.opening_at(node, policy.canonical(), Records::own_identity(), (reader, nonce))
    }
}

/// What is sent to which node, and with which code it is refused.
type Row = (&'static str, u8, fn(&Records) -> DecryptionSubmission, ErrorCode);

/// What was recorded, as it was or at another place.
const REPLAYED: &[Row] = &[
    ("the same bytes again", 1, |all| all.sent[&1].0.clone(), ErrorCode::RequestReplayed),
    ("the same bytes to another node", 2, |all| all.sent[&1].0.clone(), ErrorCode::MalformedRequest),
    (
        "the signature of the request to another node",
        1,
        |all| DecryptionSubmission { sig: all.sent[&2].0.sig.clone(), ..all.held.clone() },
        ErrorCode::SessionSignatureInvalid,
    ),
    (
        "the signature under an execution",
        1,
        |all| {
            let sig = all.owner.sign(all.held.request.clone()).1.sig;
            DecryptionSubmission { sig, ..all.held.clone() }
        },
        ErrorCode::SessionSignatureInvalid,
    ),
    (
        "a bit of the signature",
        1,
        |all| {
            let mut sent = all.held.clone();
            sent.sig[40] ^= 1;
            sent
        },
        ErrorCode::SessionSignatureInvalid,
    ),
    (
        "a signature that is cut",
        1,
        |all| DecryptionSubmission { sig: all.held.sig[..63].to_vec(), ..all.held.clone() },
        ErrorCode::SessionSignatureInvalid,
    ),
    (
        "a blank behind the bytes",
        1,
        |all| DecryptionSubmission { request: [&all.held.request[..], b" "].concat(), ..all.held.clone() },
        ErrorCode::SessionSignatureInvalid,
    ),
    (
        "a member twice",
        1,
        |all| {
            let mut request = all.held.request.clone();
            request.pop();
            request.extend_from_slice(b",\"v\":1}");
            DecryptionSubmission { request, ..all.held.clone() }
        },
        ErrorCode::MalformedRequest,
    ),
];

/// One part of a recorded request exchanged.
const EXCHANGED: &[Row] = &[
    ("another node", 2, |all| all.changed(|of| of.node = index(2)), ErrorCode::SessionSignatureInvalid),
    (
        "an own session key",
        1,
        |all| all.changed(|of| of.session = all.own.session()),
        ErrorCode::SessionSignatureInvalid,
    ),
    (
        "another one-time key",
        1,
        |all| all.changed(|of| of.reader = Digest(*all.own_reader.public())),
        ErrorCode::SessionSignatureInvalid,
    ),
    (
        "another policy",
        1,
        |all| all.changed(|of| of.policy = text(Records::own_policy().canonical())),
        ErrorCode::SessionSignatureInvalid,
    ),
    (
        "the policy with a blank",
        1,
        |all| all.changed(|of| of.policy = text(&of.policy.get().replacen('[', "[ ", 1))),
        ErrorCode::SessionSignatureInvalid,
    ),
    (
        "the policy in another form",
        1,
        |all| all.changed(|of| of.form = PolicyForm::EvmBasic),
        ErrorCode::SessionSignatureInvalid,
    ),
    (
        "another identity",
        1,
        |all| all.changed(|of| of.identity = salted(of.identity, 6)),
        ErrorCode::SessionSignatureInvalid,
    ),
    (
        "the identity of Lit's form",
        1,
        |all| all.changed(|of| of.identity = lit(of.identity)),
        ErrorCode::SessionSignatureInvalid,
    ),
    ("another time", 1, |all| all.changed(|of| of.time_ms += 1), ErrorCode::SessionSignatureInvalid),
    (
        "another body under the same nonce, another nonce under the same body",
        1,
        |all| all.changed(|of| of.nonce = "ab".repeat(16)),
        ErrorCode::SessionSignatureInvalid,
    ),
    ("another network", 1, |all| all.changed(|of| of.network = NetworkId([9; 32])), ErrorCode::WrongNetwork),
    ("another version", 1, |all| all.changed(|of| of.v = 2), ErrorCode::UnsupportedVersion),
    (
        "the recorder's login beside it",
        1,
        |all| DecryptionSubmission { login: all.own.login.clone(), ..all.held.clone() },
        ErrorCode::LoginMismatch,
    ),
    (
        "the recorder's login named in it",
        1,
        |all| DecryptionSubmission {
            login: all.own.login.clone(),
            ..all.changed(|of| of.login = all.own.login.hash())
        },
        ErrorCode::SessionSignatureInvalid,
    ),
    (
        "the recorder's wallet behind the owner's session",
        1,
        |all| {
            let login = Caller::login_for(7, 8);
            let sent = all.changed(|of| of.login = login.hash());
            DecryptionSubmission { login, ..sent }
        },
        ErrorCode::SessionSignatureInvalid,
    ),
];

/// Requests of the recorder's own, with something of the owner's in them.
const OWN: &[Row] = &[
    ("all as the owner had it", 1, |all| all.owned(|_| {}), ErrorCode::PolicyDenied),
    (
        "with an own one-time key",
        2,
        |all| all.owned(|of| (of.node, of.reader) = (index(2), Digest(*all.own_reader.public()))),
        ErrorCode::PolicyDenied,
    ),
    (
        "the owner's login, the recorder's session",
        1,
        |all| {
            let sent = all.owned(|of| of.login = all.owner.login.hash());
            DecryptionSubmission { login: all.owner.login.clone(), ..sent }
        },
        ErrorCode::SessionSignatureInvalid,
    ),
    (
        "the owner's login and session, the recorder's signature",
        1,
        |all| {
            let owners = |of: &mut DecryptionRequest| {
                (of.session, of.login) = (all.owner.session(), all.owner.login.hash());
            };
            DecryptionSubmission { login: all.owner.login.clone(), ..all.owned(owners) }
        },
        ErrorCode::SessionSignatureInvalid,
    ),
    (
        "a login in the owner's name, signed by another wallet",
        1,
        |all| {
            let mut login = Caller::login_for(8, 7);
            let own = all.own.login.wallet().unwrap();
            with_wallet(&mut login, |login| login.signature.clone_from(&own.signature));
            let sent = all.owned(|of| of.login = login.hash());
            DecryptionSubmission { login, ..sent }
        },
        ErrorCode::LoginInvalid,
    ),
    (
        "an own policy for the recorded identity",
        1,
        |all| all.owned(|of| of.policy = text(Records::own_policy().canonical())),
        ErrorCode::IdentityMismatch,
    ),
    (
        "an own policy's identity for the recorded policy",
        1,
        |all| all.owned(|of| of.identity = Records::own_identity()),
        ErrorCode::IdentityMismatch,
    ),
    (
        "another container under the policy",
        1,
        |all| all.owned(|of| of.identity = salted(of.identity, 6)),
        ErrorCode::PolicyDenied,
    ),
    (
        "Lit's form under the policy",
        1,
        |all| all.owned(|of| of.identity = lit(of.identity)),
        ErrorCode::PolicyDenied,
    ),
    (
        "another network's container",
        1,
        |all| {
            let (network, policy) = (NetworkId([9; 32]), all.policy.hash());
            all.owned(|of| of.identity = Identity::Container { network, policy, salt: [5; 32] })
        },
        ErrorCode::CiphertextForeign,
    ),
    (
        "from the future",
        1,
        |all| all.owned(|of| of.time_ms += limits::REQUEST_AHEAD_MS_MAX + 1),
        ErrorCode::RequestFromFuture,
    ),
    (
        "a session that runs actions",
        1,
        |all| all.allowed(Capability::Use { key: CapabilityKey::Any, action: CapabilityAction::Any }),
        ErrorCode::SessionScope,
    ),
    (
        "a session for another policy",
        1,
        |all| all.allowed(named_right(&Records::own_policy())),
        ErrorCode::SessionScope,
    ),
    (
        "a session for the policy in an action, used outside of it",
        1,
        |all| {
            let action = ActionCid::of_code(b"any");
            all.allowed(Capability::DecryptIn { policy: all.policy.hash(), action })
        },
        ErrorCode::SessionScope,
    ),
    (
        "a session for every policy",
        1,
        |all| all.allowed(Capability::Decrypt { policy: CapabilityPolicy::Any }),
        ErrorCode::PolicyDenied,
    ),
    ("the one-time key 0", 1, |all| all.of_its_own(1, low(0), 9), ErrorCode::ReaderKeyInvalid),
    ("the one-time key 1", 1, |all| all.of_its_own(1, low(1), 9), ErrorCode::ReaderKeyInvalid),
    ("a one-time key of order 8", 1, |all| all.of_its_own(1, ORDER_8, 9), ErrorCode::ReaderKeyInvalid),
];

/// After node 1 has started anew, after a session has ended, and after a minute.
const RESTARTED: &[Row] = &[
    ("answered before the start", 1, |all| all.sent[&1].0.clone(), ErrorCode::RequestPredatesNode),
    ("held back since before the start", 1, |all| all.held.clone(), ErrorCode::RequestPredatesNode),
];
const ENDED: &[Row] =
    &[("a request of a session that has ended", 1, |all| all.brief.clone(), ErrorCode::SessionExpired)];
const A_MINUTE_LATER: &[Row] = &[
    ("answered a minute ago", 2, |all| all.sent[&2].0.clone(), ErrorCode::RequestExpired),
    ("held back for a minute", 1, |all| all.held.clone(), ErrorCode::RequestExpired),
];

fn text(policy: &str) -> Box<RawValue> {
    RawValue::from_string(policy.to_owned()).unwrap()
}

fn salted(identity: Identity, salt: u8) -> Identity {
    match identity {
        Identity::Container { network, policy, .. } => {
            Identity::Container { network, policy, salt: [salt; 32] }
        }
        other @ Identity::Lit { .. } => other,
    }
}

fn lit(identity: Identity) -> Identity {
    Identity::Lit { policy: identity.policy(), data: Digest([5; 32]) }
}

fn low(u: u8) -> [u8; 32] {
    let mut key = [0; 32];
    key[0] = u;
    key
}

/// A point of order 8 of Curve25519: whatever it is multiplied with, the secret is 0 (RFC 7748, section 6.1).
const ORDER_8: [u8; 32] = [
    0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda,
    0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00,
];

/// Partials that were got out of sealed answers, by the node that they are said to be of.
type Haul = BTreeSet<(NodeIndex, Vec<u8>)>;

/// Opens every answer with a key, in every context that anybody has seen.
fn opened(reader: &Reader, answers: &[DecryptionReply], requests: &BTreeSet<RequestId>) -> Haul {
    let contexts = requests.iter().flat_map(|id| (1..=3).map(move |node| (id, index(node))));
    let tried = contexts.flat_map(|(id, node)| answers.iter().map(move |reply| (id, node, reply)));
    let shares = tried.filter_map(|(id, node, reply)| {
        let share = reader.open(&sealed::context(id, node), &reply.sealed)?;
        Some((node, share.to_vec()))
    });
    shares.collect()
}

/// Whether any two of these are enough, whoever is said to have given them.
fn combines(net: &Net, haul: &Haul, identity: &Identity) -> bool {
    let places = [(1, 2), (1, 3), (2, 3), (2, 1), (3, 1), (3, 2)];
    let pairs = haul.iter().flat_map(|one| haul.iter().map(move |other| (one, other)));
    pairs.filter(|(one, other)| one != other).any(|((_, one), (_, other))| {
        places.iter().any(|(first, second)| {
            let of = |node: &u8, share: &[u8]| {
                Some((PartyIndex::new(*node).unwrap(), Partial::from_bytes(share).ok()?))
            };
            let Some(both) = of(first, one).zip(of(second, other)) else { return false };
            let Ok(sum) = combine(Params::new(2, 3).unwrap(), &[both.0, both.1].into()) else { return false };
            value::verify(&decrypt_root(net), &identity.bytes(), &sum.to_bytes()).unwrap()
        })
    })
}

/// Sends the rows of a table.
fn refused(net: &mut Net, all: &Records, rows: &[Row]) {
    for (about, node, make, code) in rows {
        let problem = net.share(*node, &make(all)).expect_err(about);
        assert_eq!(problem.code, *code, "{about}: {}", problem.detail);
    }
}

#[test]
fn nothing_that_is_recorded_or_exchanged_opens() {
    let mut net = Net::ready();
    let all = Records::new(&mut net);
    let tables = [REPLAYED, EXCHANGED, OWN, RESTARTED, ENDED, A_MINUTE_LATER];
    let names: BTreeSet<&str> = tables.iter().flat_map(|rows| rows.iter().map(|row| row.0)).collect();
    let count: usize = tables.iter().map(|rows| rows.len()).sum();
    assert!(count >= 40 && names.len() == count, "{count} rows, {} names", names.len());

    for rows in [REPLAYED, EXCHANGED, OWN] {
        refused(&mut net, &all, rows);
    }
    // Not one refusal has used up what the owner holds, nor what the recorder may have: its own.
    assert!(net.share(1, &all.of_its_own(1, *all.own_reader.public(), 1)).is_ok());
    let as_execution = Submission {
        request: all.held.request.clone(),
        sig: all.held.sig.clone(),
        login: all.held.login.clone(),
        code: None,
    };
    let to = net.submit(1, &as_execution);
    assert_eq!(net.error(to), ErrorCode::MalformedRequest, "as an execution");

    // What it holds: all answers to the owner, answers of its own, and its key. None of it is enough.
    let got = [1, 2, 3].map(|node| {
        let own = all.of_its_own(node, *all.own_reader.public(), 2);
        let reply = net.share(node, &own).unwrap();
        (own, *reply)
    });
    let seen = all.sent.values().chain(&got);
    let answers: Vec<DecryptionReply> = seen.clone().map(|(_, reply)| reply.clone()).collect();
    let requests = seen.map(|(sent, _)| decryption_request_id(&network().id(), &sent.request)).collect();
    let haul = opened(&all.own_reader, &answers, &requests);
    assert_eq!(haul.len(), 3, "its own three, and no other");
    assert!(!combines(&net, &haul, &all.identity));
    assert!(combines(&net, &haul, &Records::own_identity()), "the check finds what does combine");
    let haul = opened(&all.owner_reader, &answers, &requests);
    assert_eq!(haul.len(), 3);
    assert!(combines(&net, &haul, &all.identity) && !combines(&net, &haul, &Records::own_identity()));

    net.kill(1);
    net.advance(10);
    net.start(1);
    net.advance(1_000);
    refused(&mut net, &all, RESTARTED);
    net.advance(5_000);
    refused(&mut net, &all, ENDED);
    net.advance(limits::REQUEST_AGE_MS_MAX);
    refused(&mut net, &all, A_MINUTE_LATER);
}

/// A sealed answer, changed, and what is opened of it by whom and as what.
type Sealing = (&'static str, fn(&Records) -> Option<Vec<u8>>);

fn open_as(reader: &Reader, (all, request, node): (&Records, u8, u8), sealed: &[u8]) -> Option<Vec<u8>> {
    let id = decryption_request_id(&network().id(), &all.sent[&request].0.request);
    reader.open(&sealed::context(&id, index(node)), sealed).map(|share| share.to_vec())
}

const SEALED: &[Sealing] = &[
    ("with another one-time key", |all| open_as(&all.own_reader, (all, 1, 1), &all.sent[&1].1.sealed)),
    ("as another node's", |all| open_as(&all.owner_reader, (all, 1, 2), &all.sent[&1].1.sealed)),
    ("as the answer to another request", |all| {
        open_as(&all.owner_reader, (all, 2, 1), &all.sent[&1].1.sealed)
    }),
    ("another node's in its place", |all| open_as(&all.owner_reader, (all, 1, 1), &all.sent[&2].1.sealed)),
    ("cut", |all| {
        let sealed = &all.sent[&1].1.sealed;
        open_as(&all.owner_reader, (all, 1, 1), &sealed[..sealed.len() - 1])
    }),
    ("with the tag of another", |all| {
        let (one, other) = (&all.sent[&1].1.sealed, &all.sent[&2].1.sealed);
        let at = one.len() - 16;
        open_as(&all.owner_reader, (all, 1, 1), &[&one[..at], &other[at..]].concat())
    }),
    ("under another sender's key", |all| {
        let (one, other) = (&all.sent[&1].1.sealed, &all.sent[&2].1.sealed);
        open_as(&all.owner_reader, (all, 1, 1), &[&other[..32], &one[32..]].concat())
    }),
    ("under a sender's key of low order", |all| {
        open_as(&all.owner_reader, (all, 1, 1), &[&ORDER_8[..], &all.sent[&1].1.sealed[32..]].concat())
    }),
    ("with a bit changed", |all| {
        let mut sealed = all.sent[&1].1.sealed.clone();
        sealed[50] ^= 1;
        open_as(&all.owner_reader, (all, 1, 1), &sealed)
    }),
];

#[test]
fn a_sealed_share_opens_for_one_key_as_one_answer_of_one_node() {
    let mut net = Net::ready();
    let all = Records::new(&mut net);
    for (about, open) in SEALED {
        assert!(open(&all).is_none(), "{about}");
    }
    for node in 1..=3 {
        assert!(open_as(&all.owner_reader, (&all, node, node), &all.sent[&node].1.sealed).is_some());
    }
}
