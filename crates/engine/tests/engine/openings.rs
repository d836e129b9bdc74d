//! Opening: for an action, by shares that members give each other; for a caller, by each node's own answer.

use std::{collections::BTreeMap, sync::Arc};

use quorate_encryption::sealed::{self, Reader};
use quorate_engine::{Answer, Input, Report};
use quorate_policy::Policy;
use quorate_threshold::{
    Params, PartyIndex,
    value::{self, Partial, combine},
};
use quorate_wire::{
    ActionCid, Capability, CapabilityPolicy, Decision, Digest, ErrorCode, HostCall, Identity, OpenRequest,
    OpenTo, OpenWhat, Opened, PeerMessage, PolicyForm, Purpose, ValuePoint, decryption_request_id,
};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng as _};

use crate::harness::{CODE, Caller, Net, Registry, index, network, operation, some_key};

const DATA: Digest = Digest([0xda; 32]);

fn policy() -> Policy {
    Policy::to_action(&ActionCid::of_code(CODE.as_bytes()))
}

pub(super) fn identity() -> Identity {
    Identity::Lit { policy: policy().hash(), data: DATA }
}

fn open(policy: &Policy, to: OpenTo) -> HostCall {
    let (policy, form) = (policy.canonical().to_owned(), PolicyForm::Unified);
    HostCall::Open(OpenRequest { policy, form, what: OpenWhat::Lit { data: DATA }, to })
}

pub(super) fn opens(_: u8) -> Vec<HostCall> {
    vec![open(&policy(), OpenTo::All)]
}

/// Asks for something else under the same policy.
pub(super) fn of_other_data() -> HostCall {
    let (policy, form) = (policy().canonical().to_owned(), PolicyForm::Unified);
    let what = OpenWhat::Lit { data: Digest([0xdb; 32]) };
    HostCall::Open(OpenRequest { policy, form, what, to: OpenTo::All })
}

/// What a node's run was given.
pub(super) fn given(net: &Net, node: u8) -> Vec<Result<Answer, ErrorCode>> {
    net.answers.iter().filter(|(of, ..)| *of == node).map(|(_, _, answer)| answer.clone()).collect()
}

pub(super) fn value_of(answer: &Result<Answer, ErrorCode>) -> ValuePoint {
    let Ok(Answer::Value(text)) = answer else { panic!("{answer:?}") };
    serde_json::from_str(text).unwrap()
}

pub(super) fn is_share(message: &PeerMessage) -> bool {
    matches!(message, PeerMessage::Share { .. })
}

pub(super) fn named(net: &Net, node: u8, peer: u8) -> usize {
    let about = |report: &Report| matches!(report, Report::PeerFault { peer: of, check: "partial" } if *of == index(peer));
    net.reported(node, about)
}

pub(super) fn decrypt_root(net: &Net) -> Vec<u8> {
    net.engine(1).status().roots.unwrap().get(Purpose::Decrypt).to_vec()
}

#[test]
fn all_nodes_are_given_the_one_value_that_opens_and_state_what_was_opened() {
    let mut net = Net::ready();
    net.wanted = Some((opens, false));
    let (_, submission) = Caller::new(1).request(1);
    let to = net.submit(1, &submission);
    net.advance(100);
    let value = value_of(&given(&net, 1)[0]);
    assert!(value::verify(&decrypt_root(&net), &identity().bytes(), &value.0).unwrap());
    assert_eq!((given(&net, 2), given(&net, 3)), (given(&net, 1), given(&net, 1)));
    let reply = net.answer(to).unwrap().as_ref().unwrap();
    let action = ActionCid::of_code(CODE.as_bytes());
    let opened = Opened { operation: operation(0), action, identity: identity(), to: OpenTo::All };
    for statement in &reply.receipt.statements {
        assert_eq!(statement.body.opened, [opened]);
    }
    // Votes may be shown to callers: no share is in one.
    let of_votes = net.sent(2, 1).filter(|message| matches!(message, PeerMessage::Vote(_)));
    let share = ValuePoint(value.0);
    for vote in of_votes {
        let bytes = borsh::to_vec(vote).unwrap();
        assert!(bytes.len() < 600 && !bytes.windows(48).any(|part| share.0.windows(48).any(|of| of == part)));
    }
}

#[test]
fn one_node_is_given_what_only_one_is_to_have() {
    let mut net = Net::ready();
    net.wanted = Some((|_| vec![open(&policy(), OpenTo::One)], false));
    let (_, submission) = Caller::new(1).request(1);
    let to = net.submit(1, &submission);
    net.advance(100);
    let empty = Ok(Answer::Value("\"\"".to_owned()));
    let with = (1..=3).filter(|node| given(&net, *node)[0] != empty).count();
    assert_eq!(with, 1);
    assert!(net.answer(to).unwrap().is_ok());
}

#[test]
fn another_action_is_denied_by_every_node() {
    let mut net = Net::ready();
    net.wanted = Some((opens, false));
    let (_, submission) = Caller::new(1).running("the same with a byte more").request(1);
    net.submit(1, &submission);
    net.advance(100);
    for node in 1..=3 {
        assert_eq!(given(&net, node), [Err(ErrorCode::PolicyDenied)]);
        assert!(!net.sent(node, node % 3 + 1).any(is_share), "no share leaves a node that says no");
    }
}

#[test]
fn one_node_opens_nothing_alone_and_two_of_three_open_without_the_third() {
    let mut net = Net::ready();
    net.wanted = Some((opens, false));
    net.links = Box::new(|_, _, message| !is_share(message));
    let (_, submission) = Caller::new(1).request(1);
    let to = net.submit(1, &submission);
    net.advance(1_000);
    assert!((1..=3).all(|node| given(&net, node).is_empty()));
    net.links = Box::new(|from, to, _| from != 3 && to != 3);
    net.advance(1_000);
    assert_eq!((given(&net, 1).len(), given(&net, 3).len()), (1, 0));
    assert_eq!(given(&net, 1), given(&net, 2));
    assert!(net.answer(to).unwrap().is_ok());
    net.links = Box::new(|_, _, _| true);
    net.advance(1_000);
    assert_eq!(given(&net, 3), given(&net, 1), "who comes late is told");
}

/// A net in which node 1 has heard no share yet, and what the others would have told it.
pub(super) fn waiting() -> (Net, quorate_engine::ReplyTo, BTreeMap<u8, PeerMessage>) {
    let mut net = Net::ready();
    net.wanted = Some((opens, false));
    net.links = Box::new(|_, to, message| {
        to != 1 || !is_share(message) && !matches!(message, PeerMessage::Decided { .. })
    });
    let (_, submission) = Caller::new(1).request(1);
    let to = net.submit(1, &submission);
    net.advance(50);
    assert!(given(&net, 1).is_empty());
    let shares =
        [2, 3].map(|node| (node, net.sent(node, 1).find(|message| is_share(message)).unwrap().clone()));
    (net, to, shares.into())
}

pub(super) fn with_share(message: &PeerMessage, other: ValuePoint) -> PeerMessage {
    let mut message = message.clone();
    if let PeerMessage::Share { share, .. } = &mut message {
        *share = other;
    }
    message
}

#[test]
fn a_wrong_share_opens_nothing_else_and_its_node_is_named() {
    let (mut net, to, shares) = waiting();
    let PeerMessage::Share { share: of_three, .. } = shares[&3] else { panic!("a share") };
    net.forge(2, 1, &with_share(&shares[&2], of_three));
    assert!(given(&net, 1).is_empty());
    assert_eq!(named(&net, 1, 2), 1);
    net.forge(3, 1, &shares[&3]);
    assert_eq!(given(&net, 1), given(&net, 2));
    net.advance(50);
    assert!(net.answer(to).unwrap().is_ok());
}

#[test]
fn what_is_no_point_is_a_fault_and_two_of_three_wrong_end_the_run_with_a_code() {
    let mut infinity = [0; 96];
    infinity[0] = 0xc0;
    for bad in [[0u8; 96], [0xff; 96], infinity] {
        let (mut net, _, shares) = waiting();
        net.forge(2, 1, &with_share(&shares[&2], ValuePoint(bad)));
        assert_eq!(named(&net, 1, 2), 1);
        net.forge(3, 1, &with_share(&shares[&3], ValuePoint(bad)));
        let ended = |report: &Report| {
            matches!(report, Report::Ended { error: Some(ErrorCode::DecryptionFailed), .. })
        };
        assert_eq!(net.reported(1, ended), 1);
    }
}

#[test]
fn a_share_of_something_else_is_nobodys_fault_and_opens_nothing() {
    let (mut net, _, shares) = waiting();
    let mut foreign = shares[&2].clone();
    if let PeerMessage::Share { identity, .. } = &mut foreign {
        *identity = Digest([9; 32]);
    }
    net.forge(2, 1, &foreign);
    assert!(given(&net, 1).is_empty());
    assert_eq!(named(&net, 1, 2), 0);
    net.forge(3, 1, &shares[&3]);
    assert_eq!(given(&net, 1), given(&net, 3));
}

#[test]
fn a_value_is_taken_from_anybody_if_it_opens_and_from_nobody_if_not() {
    for right in [true, false] {
        let (mut net, _, _) = waiting();
        let mut value = value_of(&given(&net, 2)[0]);
        if !right {
            let other = net.sent(2, 3).find_map(|message| match message {
                PeerMessage::Share { share, .. } => Some(*share),
                _ => None,
            });
            value = other.unwrap();
        }
        let request = match net.sent(2, 1).find(|message| is_share(message)).unwrap() {
            PeerMessage::Share { request, .. } => *request,
            _ => panic!("a share"),
        };
        let decision = Decision::Opened(value);
        net.forge(3, 1, &PeerMessage::Decided { request, operation: operation(0), decision });
        assert_eq!(!given(&net, 1).is_empty(), right);
        let blamed = |report: &Report| matches!(report, Report::PeerFault { .. });
        assert_eq!(net.reported(1, blamed), 0, "it may be of what its own run has come to");
    }
}

#[test]
fn a_caller_opens_in_an_action_only_where_the_session_names_both() {
    let action = ActionCid::of_code(CODE.as_bytes());
    let to_me = Policy::to_address(&Caller::wallet(7));
    let asks = |_| vec![open(&Policy::to_address(&Caller::wallet(7)), OpenTo::All)];
    let run = |mut caller: Caller| {
        let mut net = Net::ready();
        net.wanted = Some((asks, false));
        caller.time_ms = net.unix_ms;
        let (_, submission) = caller.request(1);
        net.submit(1, &submission);
        net.advance(100);
        given(&net, 1).into_iter().next()
    };
    let anything = run(Caller::new(7));
    assert_eq!(anything, Some(Err(ErrorCode::PolicyDenied)), "a right to run is no right to read");
    let both = [
        Capability::DecryptIn { policy: to_me.hash(), action },
        Capability::Use {
            key: quorate_wire::CapabilityKey::Any,
            action: quorate_wire::CapabilityAction::Any,
        },
    ];
    assert!(matches!(run(Caller::may_all(7, &both)), Some(Ok(Answer::Value(_)))));
    let direct = [
        Capability::Decrypt { policy: CapabilityPolicy::Any },
        Capability::Use {
            key: quorate_wire::CapabilityKey::Any,
            action: quorate_wire::CapabilityAction::Any,
        },
    ];
    assert_eq!(run(Caller::may_all(7, &direct)), Some(Err(ErrorCode::PolicyDenied)));
    assert_eq!(run(Caller::may_all(8, &both)), Some(Err(ErrorCode::PolicyDenied)), "another person");
}

/// What a person asks for whose wallet has the mark 7, under the policy of its address.
pub(super) fn to_seven() -> (Policy, Identity) {
    let policy = Policy::to_address(&Caller::wallet(7));
    let identity = Identity::Container { network: network().id(), policy: policy.hash(), salt: [5; 32] };
    (policy, identity)
}

pub(super) fn timely(net: &Net, mut caller: Caller) -> Caller {
    caller.time_ms = net.unix_ms;
    caller
}

pub(super) fn named_right(policy: &Policy) -> Capability {
    Capability::Decrypt { policy: CapabilityPolicy::Named(policy.hash()) }
}

#[test]
fn each_node_gives_a_caller_its_share_sealed_and_signed() {
    let mut net = Net::ready();
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let (policy, identity) = to_seven();
    let caller = timely(&net, Caller::may(7, named_right(&policy)));
    let (reader, other) = (Reader::new(&mut rng), Reader::new(&mut rng));
    let mut partials = BTreeMap::new();
    for node in [1, 3] {
        let submission = caller.opening_at(node, policy.canonical(), identity, (*reader.public(), 1));
        let id = decryption_request_id(&network().id(), &submission.request);
        let elsewhere = net.share(4 - node, &submission).unwrap_err();
        assert_eq!(elsewhere.code, ErrorCode::MalformedRequest, "it is for one node");
        let reply = net.share(node, &submission).unwrap();
        let statement = &reply.statement.body;
        assert_eq!(
            (reply.statement.node, statement.request, statement.identity),
            (index(node), id, identity)
        );
        let context = sealed::context(&id, index(node));
        assert!(other.open(&context, &reply.sealed).is_none(), "nobody else reads it");
        assert!(reader.open(&sealed::context(&id, index(2)), &reply.sealed).is_none());
        let share = reader.open(&context, &reply.sealed).unwrap();
        partials.insert(PartyIndex::new(node).unwrap(), Partial::from_bytes(&share).unwrap());
        assert_eq!(net.share(node, &submission).unwrap_err().code, ErrorCode::RequestReplayed);
    }
    let sum = combine(Params::new(2, 3).unwrap(), &partials).unwrap();
    assert!(value::verify(&decrypt_root(&net), &identity.bytes(), &sum.to_bytes()).unwrap());
}

#[test]
fn every_other_request_for_a_share_is_refused_with_its_code() {
    let mut net = Net::ready();
    let mut rng = ChaCha20Rng::seed_from_u64(2);
    let reader = *Reader::new(&mut rng).public();
    let (policy, identity) = to_seven();
    let text = policy.canonical();
    let seven = |net: &Net| timely(net, Caller::may(7, named_right(&policy)));
    let refused = |net: &mut Net, submission| net.share(1, &submission).unwrap_err().code;
    // Another person, with a session that names the policy.
    let eight = timely(&net, Caller::may(8, named_right(&policy))).opening(text, identity, (reader, 1));
    assert_eq!(refused(&mut net, eight), ErrorCode::PolicyDenied);
    // The person, with sessions that do not name it.
    for capability in [
        Capability::Use {
            key: quorate_wire::CapabilityKey::Any,
            action: quorate_wire::CapabilityAction::Any,
        },
        Capability::Decrypt { policy: CapabilityPolicy::Named(Digest([1; 32])) },
        Capability::DecryptIn { policy: policy.hash(), action: ActionCid::of_code(b"") },
    ] {
        let submission = timely(&net, Caller::may(7, capability)).opening(text, identity, (reader, 2));
        assert_eq!(refused(&mut net, submission), ErrorCode::SessionScope);
    }
    // Policy and identity that do not belong together; another network's container.
    let other = Policy::to_address(&Caller::wallet(8));
    let submission = timely(&net, Caller::may(8, Capability::Decrypt { policy: CapabilityPolicy::Any }));
    let submission = submission.opening(other.canonical(), identity, (reader, 3));
    assert_eq!(refused(&mut net, submission), ErrorCode::IdentityMismatch);
    let foreign = Identity::Container {
        network: quorate_wire::NetworkId([9; 32]),
        policy: policy.hash(),
        salt: [5; 32],
    };
    let submission = seven(&net).opening(text, foreign, (reader, 4));
    assert_eq!(refused(&mut net, submission), ErrorCode::CiphertextForeign);
    // A one-time key of low order.
    let submission = seven(&net).opening(text, identity, ([0; 32], 5));
    assert_eq!(refused(&mut net, submission), ErrorCode::ReaderKeyInvalid);
    // Times, signature, login.
    let mut old = seven(&net);
    old.time_ms = net.unix_ms - 60_000;
    assert_eq!(refused(&mut net, old.opening(text, identity, (reader, 6))), ErrorCode::RequestExpired);
    let mut unsigned = seven(&net).opening(text, identity, (reader, 7));
    unsigned.sig[5] ^= 1;
    assert_eq!(refused(&mut net, unsigned), ErrorCode::SessionSignatureInvalid);
    let mut lent = seven(&net).opening(text, identity, (reader, 8));
    lent.login = Caller::may(8, named_right(&policy)).login;
    assert_eq!(refused(&mut net, lent), ErrorCode::LoginMismatch);
    // An action's policy is for no person.
    let for_action = Policy::to_action(&ActionCid::of_code(CODE.as_bytes()));
    let submission = timely(&net, Caller::may(7, Capability::Decrypt { policy: CapabilityPolicy::Any }));
    let identity = Identity::Lit { policy: for_action.hash(), data: DATA };
    let submission = submission.opening(for_action.canonical(), identity, (reader, 9));
    assert_eq!(refused(&mut net, submission), ErrorCode::PolicyDenied);
}

#[test]
fn a_key_opens_for_its_owner_until_it_is_given_away() {
    let mut net = Net::ready();
    let mut rng = ChaCha20Rng::seed_from_u64(3);
    let reader = *Reader::new(&mut rng).public();
    let key = some_key();
    let policy = Policy::to_key(&key);
    let identity = Identity::Lit { policy: policy.hash(), data: DATA };
    let caller = timely(&net, Caller::may(7, named_right(&policy)));
    let give = |net: &mut Net, owner| {
        for node in 1..=3 {
            let registry: &mut Registry = &mut net.node(node).registry;
            registry.mint(key, [7; 32]);
            registry.give(&key, Caller::wallet(owner));
            net.head(node);
        }
    };
    give(&mut net, 7);
    assert!(net.share(1, &caller.opening(policy.canonical(), identity, (reader, 1))).is_ok());
    give(&mut net, 8);
    let refused = net.share(1, &caller.opening(policy.canonical(), identity, (reader, 2))).unwrap_err();
    assert_eq!(refused.code, ErrorCode::PolicyDenied);
    assert!(
        refused.detail.contains("policy[0]") && refused.detail.contains("block 100"),
        "{}",
        refused.detail
    );
}

#[test]
fn a_node_whose_chain_is_silent_gives_no_share() {
    let mut net = Net::ready();
    let mut rng = ChaCha20Rng::seed_from_u64(4);
    let reader = *Reader::new(&mut rng).public();
    let (policy, identity) = to_seven();
    net.heads = false;
    net.advance(40_000);
    let caller = timely(&net, Caller::may(7, named_right(&policy)));
    let refused = net.share(1, &caller.opening(policy.canonical(), identity, (reader, 1))).unwrap_err();
    assert_eq!(refused.code, ErrorCode::RegistryStale);
    let view = net.node(1).registry.clone();
    net.input(1, Input::Registry(Arc::new(view)));
}

#[test]
fn policies_that_have_contracts_read_are_paid_for_by_who_asks() {
    let mut net = Net::ready();
    let mut rng = ChaCha20Rng::seed_from_u64(5);
    let reader = *Reader::new(&mut rng).public();
    let balance = serde_json::json!({
        "contractAddress": format!("0x{}", "11".repeat(20)), "standardContractType": "ERC20", "chain": "quorate",
        "method": "balanceOf", "parameters": [":userAddress"],
        "returnValueTest": { "comparator": ">", "value": "0" },
    });
    let mut list = vec![balance.clone()];
    for _ in 1..8 {
        list.extend([serde_json::json!({ "operator": "or" }), balance.clone()]);
    }
    let text = serde_json::Value::from(list).to_string();
    let policy = Policy::parse(&text, PolicyForm::Unified).unwrap();
    assert_eq!(policy.calls(), Ok(8));
    let identity = Identity::Lit { policy: policy.hash(), data: DATA };
    let caller = timely(&net, Caller::may(7, named_right(&policy)));
    let asked = |net: &mut Net, nonce| {
        net.share(1, &caller.opening(&text, identity, (reader, nonce))).unwrap_err().code
    };
    // The harness's contracts revert, which is no "no".
    let codes: Vec<ErrorCode> = (1..=3).map(|nonce| asked(&mut net, nonce)).collect();
    assert_eq!(codes, [ErrorCode::PolicyUnreadable, ErrorCode::PolicyUnreadable, ErrorCode::RateLimited]);
    let (address, identity) = to_seven();
    let other = timely(&net, Caller::may(7, named_right(&address)));
    let free = other.opening(address.canonical(), identity, (reader, 9));
    assert!(net.share(1, &free).is_ok(), "what needs no contract costs as little as before");
}
