//! What is refused, with which code, and that nothing is signed then.

use std::{net::IpAddr, sync::Arc};

use quorate_auth::checksum_address;
use quorate_engine::{Input, SCOPE_PERSONAL_SIGN, SCOPE_SIGN_ANYTHING, SCOPE_SIGN_LOGINS};
use quorate_wire::{
    ActionCid, BlockRef, Digest, ErrorCode, HostCall, MessageKind, NetworkId, PeerMessage, PublicKey, Status,
    Submission, limits,
};

use crate::harness::{CODE, Caller, Net, UNIX_MS, with_wallet};

/// Submits at node 1 and returns the code with which it is refused.
fn refused(net: &mut Net, submission: &Submission) -> ErrorCode {
    let to = net.submit(1, submission);
    net.advance(50);
    assert!(net.nodes.values().all(|node| {
        node.reports.iter().all(|report| !matches!(report, quorate_engine::Report::Signed { .. }))
    }));
    net.error(to)
}

#[test]
fn each_unsound_submission_has_its_code() {
    let mut net = Net::ready();
    let (_, sound) = Caller::new(1).request(1);
    let wrong = |change: &dyn Fn(&mut Submission)| {
        let mut submission = sound.clone();
        change(&mut submission);
        submission
    };
    // A login that is unsound, and named by its request all the same.
    let unsound_login = |change: &dyn Fn(&mut Caller)| {
        let mut caller = Caller::new(1);
        change(&mut caller);
        caller.request(1).1
    };
    let cases = [
        (wrong(&|s| s.code = Some("other".to_owned())), ErrorCode::CidMismatch),
        (wrong(&|s| s.code = Some(" ".repeat(limits::CODE_BYTES_MAX + 1))), ErrorCode::CodeTooLarge),
        (wrong(&|s| s.sig[0] ^= 1), ErrorCode::SessionSignatureInvalid),
        (wrong(&|s| s.sig.clear()), ErrorCode::SessionSignatureInvalid),
        (wrong(&|s| s.request.push(b'x')), ErrorCode::MalformedRequest),
        (wrong(&|s| with_wallet(&mut s.login, |login| login.message.push('x'))), ErrorCode::LoginMismatch),
        (wrong(&|s| with_wallet(&mut s.login, |login| login.rz = Digest([0; 32]))), ErrorCode::LoginMismatch),
        (
            unsound_login(&|c| with_wallet(&mut c.login, |login| login.message.push('x'))),
            ErrorCode::LoginInvalid,
        ),
        (
            unsound_login(&|c| with_wallet(&mut c.login, |login| login.rz = Digest([0; 32]))),
            ErrorCode::LoginInvalid,
        ),
    ];
    for (submission, code) in cases {
        assert_eq!(refused(&mut net, &submission), code);
    }
}

#[test]
fn each_request_out_of_place_or_time_has_its_code() {
    let mut net = Net::ready();
    let with = |change: &dyn Fn(&mut Caller)| {
        let mut caller = Caller::new(1);
        change(&mut caller);
        caller.request(1).1
    };
    let block = |number, mark| BlockRef { number, hash: Digest([mark; 32]) };
    let cases = [
        (with(&|c| c.network = NetworkId([0; 32])), ErrorCode::WrongNetwork),
        (with(&|c| c.block = block(101, 101)), ErrorCode::BlockAhead),
        (with(&|c| c.block = block(99, 1)), ErrorCode::BlockUnknown),
        (with(&|c| c.time_ms = UNIX_MS - 1), ErrorCode::RequestPredatesNode),
        (with(&|c| c.time_ms = UNIX_MS - 61_000), ErrorCode::RequestExpired),
        (with(&|c| c.time_ms = UNIX_MS + 10_000), ErrorCode::RequestFromFuture),
    ];
    for (submission, code) in cases {
        assert_eq!(refused(&mut net, &submission), code);
    }
    net.node(1).registry.superseded_ms = limits::BLOCK_AGE_MS_MAX + 1;
    net.head(1);
    assert_eq!(refused(&mut net, &Caller::new(1).request(1).1), ErrorCode::BlockTooOld);
}

#[test]
fn an_expired_session_is_refused_though_its_login_was_good_before() {
    let mut net = Net::ready();
    let mut caller = Caller::living(1, 5_000);
    let to = net.submit(1, &caller.request(1).1);
    net.advance(6_000);
    assert!(net.answer(to).unwrap().is_ok());
    caller.time_ms = net.unix_ms;
    let to = net.submit(1, &caller.request(2).1);
    assert_eq!(net.error(to), ErrorCode::SessionExpired);
}

#[test]
fn a_request_older_than_the_node_is_refused_after_a_restart() {
    let mut net = Net::ready();
    let (_, submission) = Caller::new(1).request(1);
    let to = net.submit(1, &submission);
    net.advance(100);
    assert!(net.answer(to).unwrap().is_ok());
    net.kill(1);
    net.start(1);
    net.advance(50);
    let to = net.submit(1, &submission);
    assert_eq!(net.error(to), ErrorCode::RequestPredatesNode);
}

#[test]
fn an_action_without_a_grant_is_denied() {
    let mut net = Net::ready();
    let (id, submission) = Caller::new(1).running("another action").request(1);
    let to = net.submit(1, &submission);
    net.advance(50);
    let problem = net.answer(to).unwrap().as_ref().unwrap_err();
    let execution = problem.execution.as_ref().unwrap();
    assert_eq!((problem.code, execution.status), (ErrorCode::NotGranted, Status::Denied));
    assert!(execution.signatures.is_empty() && execution.receipt.statements.len() >= 2);
    assert!((1..=3).all(|node| net.signatures(node, id) == 0));
}

/// A key that owns itself and is granted for personal messages is made to sign a login of its own address. With
/// that login anybody would own the key.
#[test]
fn a_grant_for_texts_signs_no_login() {
    let scope = |scope: u32| 1u64 << scope;
    let login = |key: &PublicKey| {
        format!(
            "localhost wants you to sign in with your Ethereum account:\n{}\n\n\nURI: did:key:z6Mk\nVersion: 1",
            checksum_address(&key.address())
        )
    };
    let cases = [
        (scope(SCOPE_PERSONAL_SIGN), true, Err(ErrorCode::ScopeMissing)),
        (scope(SCOPE_PERSONAL_SIGN), false, Ok(MessageKind::Personal)),
        (scope(SCOPE_SIGN_LOGINS), true, Ok(MessageKind::Login)),
        (scope(SCOPE_SIGN_LOGINS), false, Err(ErrorCode::ScopeMissing)),
        (scope(SCOPE_SIGN_ANYTHING), true, Ok(MessageKind::Login)),
        (scope(SCOPE_PERSONAL_SIGN) | scope(SCOPE_SIGN_LOGINS), true, Ok(MessageKind::Login)),
    ];
    for (scopes, is_login, expected) in cases {
        let mut net = Net::ready();
        net.text = Some(if is_login { login(&net.key) } else { "a text".to_owned() });
        for node in 1..=3 {
            net.node(node).registry.scopes = scopes;
            net.head(node);
        }
        let to = net.submit(1, &Caller::new(1).request(1).1);
        net.advance(50);
        let came = match net.answer(to).unwrap() {
            Ok(reply) => Ok(reply.receipt.statements[0].body.intents[0].kind),
            Err(problem) => Err(problem.code),
        };
        assert_eq!(came, expected, "scopes {scopes:b}, login: {is_login}");
    }
}

#[test]
fn a_grant_must_stand_at_the_head_and_at_the_finalized_block() {
    for (revoked, unfinalized) in [(true, false), (false, true)] {
        let mut net = Net::ready();
        for node in 1..=3 {
            let registry = &mut net.node(node).registry;
            (registry.revoked, registry.unfinalized) = (revoked, unfinalized);
            net.head(node);
        }
        let (_, submission) = Caller::new(1).request(1);
        assert_eq!(refused(&mut net, &submission), ErrorCode::NotGranted);
    }
}

#[test]
fn a_key_that_the_registry_does_not_know_is_unknown() {
    let mut net = Net::ready();
    net.key = "0x02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5".parse().unwrap();
    assert_eq!(refused(&mut net, &Caller::new(1).request(1).1), ErrorCode::PkpUnknown);
    // A registry that lies about which key id a key has is found out as well.
    for node in 1..=3 {
        let key = net.key;
        net.node(node).registry.mint(key, [1; 32]);
        net.node(node).registry.permit(&key, CODE);
        net.head(node);
    }
    assert_eq!(refused(&mut net, &Caller::new(1).request(2).1), ErrorCode::PkpUnknown);
}

#[test]
fn digests_that_can_not_be_signed_have_their_codes() {
    let order = hex::decode("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141").unwrap();
    let order = order.try_into().expect("32 bytes");
    let mut net = Net::ready();
    for (digest, nonce) in [[0; 32], order].into_iter().zip(0..) {
        for node in 1..=3 {
            net.node(node).digest = digest;
        }
        assert_eq!(refused(&mut net, &Caller::new(1).request(nonce).1), ErrorCode::DigestInvalid);
    }
}

#[test]
fn a_signature_name_is_used_once_and_has_a_length() {
    let mut net = Net::ready();
    net.names = vec![""];
    assert_eq!(refused(&mut net, &Caller::new(1).request(1).1), ErrorCode::SignatureNameInvalid);
    net.names = vec!["same", "same"];
    let to = net.submit(1, &Caller::new(1).request(2).1);
    net.advance(50);
    let problem = net.answer(to).unwrap().as_ref().unwrap_err();
    assert_eq!(problem.code, ErrorCode::SignatureNameDuplicate);
    let reply = problem.execution.as_ref().unwrap();
    assert_eq!(reply.receipt.statements[0].body.intents.len(), 1, "the first one was made");
    assert!(reply.signatures.is_empty(), "a run that ended in an error gives none");
}

#[test]
fn a_grant_revoked_between_vote_and_last_message_releases_nothing() {
    let mut net = Net::ready();
    // Rounds are held back until everybody has voted and the attempt has begun.
    net.links = Box::new(|_, _, message| !matches!(message, PeerMessage::Round(_)));
    let (id, submission) = Caller::new(1).request(1);
    let to = net.submit(1, &submission);
    net.advance(20);
    assert!(net.sent(1, 2).any(|message| matches!(message, PeerMessage::Round(_))));
    for node in 1..=3 {
        net.node(node).registry.revoked = true;
        net.head(node);
    }
    net.links = Box::new(|_, _, _| true);
    net.advance(6_000);
    assert_eq!(net.error(to), ErrorCode::NotGranted);
    for node in 1..=3 {
        assert_eq!(net.signatures(node, id), 0);
        for peer in (1..=3).filter(|peer| *peer != node) {
            assert!(net.sent(node, peer).all(|message| !is_last(message)), "the third round releases it");
        }
    }
}

fn is_last(message: &PeerMessage) -> bool {
    matches!(message, PeerMessage::Round(round) if round.payload.get(2) == Some(&3))
}

#[test]
fn one_node_that_sees_the_revocation_first_holds_its_own_part_back() {
    let mut net = Net::ready();
    net.kill(3);
    // Node 2 has voted for it; the revocation reaches it while the rounds run.
    net.links = Box::new(|_, _, message| !matches!(message, PeerMessage::Round(_)));
    let (_, submission) = Caller::new(1).request(1);
    net.submit(1, &submission);
    net.advance(20);
    net.node(2).registry.revoked = true;
    net.head(2);
    net.links = Box::new(|_, _, _| true);
    net.advance(6_000);
    assert!(net.sent(2, 1).all(|message| !is_last(message)));
}

#[test]
fn a_stale_registry_denies() {
    let mut net = Net::ready();
    net.heads = false;
    net.advance(limits::HEAD_AGE_MS_MAX + 1);
    let mut caller = Caller::new(1);
    caller.time_ms = net.unix_ms;
    assert_eq!(refused(&mut net, &caller.request(1).1), ErrorCode::RegistryStale);
}

/// What the node says of a request when its last head statement was asked for and made so long ago.
fn refused_at_age(asked_ms: u64, stated_ms: i64) -> Option<ErrorCode> {
    let mut net = Net::ready();
    net.heads = false;
    net.advance(2 * limits::HEAD_AGE_MS_MAX);
    let mut view = net.node(1).registry.clone();
    view.asked_mono_ms = net.mono_ms - asked_ms;
    view.stated_unix_ms = net.unix_ms.saturating_add_signed(-stated_ms);
    net.input(1, Input::Registry(Arc::new(view)));
    let mut caller = Caller::new(1);
    caller.time_ms = net.unix_ms;
    let reply_to = net.submit(1, &caller.request(1).1);
    net.answer(reply_to).map(|answer| answer.as_ref().unwrap_err().code)
}

#[test]
fn either_clock_alone_makes_the_registry_stale() {
    let (age, ahead) = (limits::HEAD_AGE_MS_MAX, limits::HEAD_AHEAD_MS_MAX);
    let (signed_age, signed_ahead) = (i64::try_from(age).unwrap(), i64::try_from(ahead).unwrap());
    let stale = Some(ErrorCode::RegistryStale);
    // The one that nobody sets: a wall clock that stands still, or was set back, helps nobody.
    assert_eq!(refused_at_age(age, 0), None);
    assert_eq!(refused_at_age(age + 1, 0), stale);
    // The statement's own time: it was held back before it was handed out.
    assert_eq!(refused_at_age(0, signed_age), None);
    assert_eq!(refused_at_age(0, signed_age + 1), stale);
    // What says that it is of the future is not younger for it.
    assert_eq!(refused_at_age(0, -signed_ahead), None);
    assert_eq!(refused_at_age(0, -signed_ahead - 1), stale);
}

/// A caller whose action's code nobody has found yet: its runs go on.
fn waiting(mark: u8) -> Caller {
    let mut caller = Caller::new(mark);
    caller.code = None;
    caller
}

/// Another address than that of most callers.
fn elsewhere() -> IpAddr {
    IpAddr::from([192, 0, 2, 1])
}

#[test]
fn many_logins_at_one_address_have_one_share_also_of_what_a_peer_passed_on_first() {
    let mut net = Net::ready();
    let half = u8::try_from(limits::EXECUTIONS_RUNNING_MAX / 2).unwrap();
    // A peer brings them with a login for each, and calls as well, so that they are the address'.
    for mark in 1..=half {
        net.forge(1, 2, &PeerMessage::Execute(waiting(mark).request(0).1));
        let to = net.submit(2, &waiting(mark).request(0).1);
        assert!(net.answer(to).is_none(), "{mark}: {:?}", net.answer(to));
    }
    let to = net.submit(2, &waiting(half + 1).request(0).1);
    assert_eq!(net.error(to), ErrorCode::Overloaded);
    // What it calls for beyond that stays its own.
    let quarter = half / 2;
    for mark in half + 1..=half + quarter {
        net.forge(1, 2, &PeerMessage::Execute(waiting(mark).request(0).1));
        net.submit(2, &waiting(mark).request(0).1);
    }
    let running = usize::from(half + quarter);
    assert_eq!(net.engine(2).status().running, running);
    net.forge(1, 2, &PeerMessage::Execute(waiting(250).request(0).1));
    assert_eq!(net.engine(2).status().running, running, "the peer has its share, too");
    net.source = elsewhere();
    let to = net.submit(2, &waiting(251).request(0).1);
    assert!(net.answer(to).is_none(), "a caller elsewhere is served");
    net.advance(limits::EXECUTION_MS_MAX + 1_000);
    assert_eq!(net.engine(2).status().running, 0);
    net.source = IpAddr::from([127, 0, 0, 1]);
    let mut caller = waiting(252);
    caller.time_ms = net.unix_ms;
    let to = net.submit(2, &caller.request(0).1);
    assert!(net.answer(to).is_none(), "what has ended does not count");
}

#[test]
fn repeating_a_callers_request_uses_up_nothing_of_the_callers() {
    let mut net = Net::ready();
    let submission = waiting(1).request(0).1;
    // As every node can that has seen it.
    for last in 1..=2 {
        net.source = IpAddr::from([192, 0, 2, last]);
        let answers: Vec<_> = (0..300).map(|_| net.submit(1, &submission)).collect();
        assert!(answers[..2].iter().all(|to| net.answer(*to).is_none()));
        assert!(answers[2..].iter().all(|to| net.error(*to) == ErrorCode::Overloaded));
    }
    net.source = IpAddr::from([127, 0, 0, 1]);
    for nonce in [0, 1] {
        let to = net.submit(1, &waiting(1).request(nonce).1);
        assert!(net.answer(to).is_none(), "the caller is served: {:?}", net.answer(to));
    }
}

#[test]
fn who_brings_bad_signatures_pays_for_looking_at_them() {
    let mut net = Net::ready();
    let mut submission = waiting(1).request(0).1;
    submission.sig[0] ^= 1;
    let errors: Vec<_> = (0..401)
        .map(|_| {
            let to = net.submit(1, &submission);
            net.error(to)
        })
        .collect();
    assert!(errors[..400].iter().all(|code| *code == ErrorCode::SessionSignatureInvalid));
    assert_eq!(errors[400], ErrorCode::RateLimited);
    for _ in 0..1_601 {
        net.forge(3, 2, &PeerMessage::Execute(submission.clone()));
    }
    let limited =
        |message: &&PeerMessage| matches!(message, PeerMessage::Refused { code: ErrorCode::RateLimited, .. });
    assert_eq!(net.sent(2, 3).filter(limited).count(), 1);
    let to = net.submit(2, &waiting(2).request(0).1);
    assert!(net.answer(to).is_none(), "callers pay for themselves");
}

/// Requests with the longest code that one payer's tokens are enough for at once.
const LONG_AT_ONCE: usize = 6;

#[test]
fn what_requests_bring_counts_before_it_is_swept() {
    let mut net = Net::ready();
    let code = format!("//{}", "x".repeat(limits::CODE_BYTES_MAX - 2));
    let all = limits::REMEMBERED_BYTES_MAX / code.len();
    let mut errors = Vec::new();
    for caller in 1..=u8::try_from(all / LONG_AT_ONCE + 2).unwrap() {
        // Of other networks, too: these have their shares as well.
        net.source = [192, 0, caller, 1].into();
        for nonce in 0..u8::try_from(LONG_AT_ONCE).unwrap() {
            let to = net.submit(1, &Caller::new(caller).running(&code).request(nonce).1);
            errors.push(net.answer(to).and_then(|answer| answer.as_ref().err()).map(|problem| problem.code));
        }
    }
    let taken = errors.iter().filter(|error| error.is_none()).count();
    assert!((all - LONG_AT_ONCE..=all).contains(&taken), "{taken} of {all}");
    let overloaded = errors.iter().filter(|error| **error == Some(ErrorCode::Overloaded)).count();
    assert_eq!(taken + overloaded, errors.len(), "{errors:?}");
}

/// What is long costs more: it is hashed here, and passed on to everybody.
#[test]
fn who_brings_long_requests_pays_by_their_length() {
    let mut net = Net::ready();
    let code = format!("//{}", "x".repeat(limits::CODE_BYTES_MAX - 2));
    let submit = |net: &mut Net, nonce| {
        let to = net.submit(1, &Caller::new(1).running(&code).request(nonce).1);
        net.answer(to).and_then(|answer| answer.as_ref().err()).map(|problem| problem.code)
    };
    for nonce in 0..u8::try_from(LONG_AT_ONCE).unwrap() {
        assert_eq!(submit(&mut net, nonce), None);
    }
    assert_eq!(submit(&mut net, 100), Some(ErrorCode::RateLimited));
    let to = net.submit(1, &waiting(1).request(0).1);
    assert!(net.answer(to).is_none(), "a short one is taken still");
}

#[test]
fn one_login_leaves_room_for_the_runs_of_another() {
    let mut net = Net::ready();
    let half = u8::try_from(limits::EXECUTIONS_RUNNING_MAX / 2).unwrap();
    for nonce in 0..half {
        let to = net.submit(1, &waiting(1).request(nonce).1);
        assert!(net.answer(to).is_none(), "{nonce}: {:?}", net.answer(to));
    }
    let to = net.submit(1, &waiting(1).request(half).1);
    assert_eq!(net.error(to), ErrorCode::Overloaded);
    let detail = &net.answer(to).unwrap().as_ref().unwrap_err().detail;
    assert!(detail.contains("as one may have"), "{detail}");
    net.source = elsewhere();
    let to = net.submit(1, &waiting(2).request(0).1);
    assert!(net.answer(to).is_none(), "another login is served");
    assert_eq!(net.engine(1).status().running, usize::from(half) + 1);
}

#[test]
fn runs_of_child_actions_count_for_their_login_until_they_end() {
    let mut net = Net::ready();
    let children = |_: u8| {
        let child = ActionCid::of_code(b"a child");
        (0..14).map(|_| HostCall::Call { cid: child.to_string(), params: "{}".to_owned() }).collect()
    };
    net.wanted = Some((children, true));
    // The root and its children are fifteen runs: the ninth root has seven children too many.
    for nonce in 0..9 {
        let to = net.submit(1, &Caller::new(1).request(nonce).1);
        assert!(net.answer(to).is_none(), "{nonce}");
    }
    assert_eq!(net.engine(1).status().running, limits::EXECUTIONS_RUNNING_MAX / 2);
    let refused =
        net.answers.iter().filter(|(node, _, answer)| (*node, answer) == (1, &Err(ErrorCode::Overloaded)));
    assert_eq!(refused.count(), 7);
    let to = net.submit(1, &Caller::new(1).request(9).1);
    assert_eq!(net.error(to), ErrorCode::Overloaded);
    net.source = elsewhere();
    let to = net.submit(1, &Caller::new(2).request(0).1);
    assert!(net.answer(to).is_none(), "another login's action has its children");
    assert_eq!(net.engine(1).status().running, limits::EXECUTIONS_RUNNING_MAX / 2 + 15);
    net.advance(limits::EXECUTION_MS_MAX + 1_000);
    assert_eq!(net.engine(1).status().running, 0);
    let mut caller = Caller::new(1);
    caller.time_ms = net.unix_ms;
    let to = net.submit(1, &caller.request(10).1);
    assert!(net.answer(to).is_none(), "what has ended does not count");
}

#[test]
fn a_peer_with_logins_of_its_own_leaves_room_for_callers_and_other_peers() {
    let mut net = Net::ready();
    let execute = |mark, nonce| PeerMessage::Execute(waiting(mark).request(nonce).1);
    let half = limits::EXECUTIONS_RUNNING_MAX / 2;
    for number in 0..half {
        let number = u8::try_from(number).unwrap();
        net.forge(1, 2, &execute(1 + number / 32, number % 32));
    }
    assert_eq!(net.engine(2).status().running, half);
    net.forge(1, 2, &execute(9, 0));
    assert_eq!(net.engine(2).status().running, half, "the peer has its share");
    let refused = net
        .sent(2, 1)
        .filter(|message| matches!(message, PeerMessage::Refused { code: ErrorCode::Overloaded, .. }));
    assert_eq!(refused.count(), 1);
    net.forge(3, 2, &execute(10, 0));
    let to = net.submit(2, &waiting(11).request(0).1);
    assert!(net.answer(to).is_none(), "a caller of this node is served");
    assert_eq!(net.engine(2).status().running, half + 2);
    // What a caller asks this node for as well is no longer the peer's.
    net.submit(2, &waiting(1).request(0).1);
    net.submit(2, &waiting(1).request(1).1);
    net.submit(2, &waiting(1).request(2).1);
    net.forge(1, 2, &execute(9, 0));
    assert_eq!(net.engine(2).status().running, half + 3);
}

/// Whoever overhears a request passes it on with a login of its own for the caller's session.
#[test]
fn a_request_with_the_login_of_another_wallet_for_its_session_is_run_nowhere() {
    let mut net = Net::ready();
    let (id, submission) = Caller::new(1).request(1);
    let stolen = Submission { login: Caller::login_for(1, 9), ..submission.clone() };
    for node in [1, 2] {
        net.forge(3, node, &PeerMessage::Execute(stolen.clone()));
        assert_eq!(net.reported(node, |r| matches!(r, quorate_engine::Report::Started(_))), 0, "node {node}");
        let refused = |message: &PeerMessage| matches!(message, PeerMessage::Refused { request, code: ErrorCode::LoginMismatch, .. } if *request == id);
        assert_eq!(net.sent(node, 3).filter(|message| refused(message)).count(), 1, "node {node}");
    }
    let to = net.submit(1, &submission);
    net.advance(50);
    let reply = net.answer(to).unwrap().as_ref().unwrap();
    assert_eq!(reply.receipt.statements[0].body.login, submission.login.hash());
    // It is neither attached nor answered with what the caller got, while it goes on or later.
    let to = net.submit(2, &stolen);
    assert_eq!(net.error(to), ErrorCode::LoginMismatch);
}

#[test]
fn a_login_that_nodes_know_is_none_for_a_request_that_names_another() {
    let mut net = Net::ready();
    let (_, submission) = Caller::new(1).request(1);
    let other = Submission { login: Caller::new(2).request(1).1.login, ..submission.clone() };
    for caller in [1, 2] {
        let to = net.submit(1, &Caller::new(caller).request(2).1);
        net.advance(50);
        assert!(net.answer(to).unwrap().is_ok());
    }
    let to = net.submit(1, &other);
    assert_eq!(net.error(to), ErrorCode::LoginMismatch);
}

#[test]
fn the_bytes_of_a_login_are_bounded_and_paid_for() {
    let mut net = Net::ready();
    let (_, submission) = Caller::new(1).request(1);
    let mut long = submission.clone();
    let digits = "0".repeat(limits::LOGIN_SIGNATURE_BYTES_MAX + 1);
    with_wallet(&mut long.login, |login| login.signature = digits);
    let to = net.submit(1, &long);
    assert_eq!(net.error(to), ErrorCode::LoginInvalid);
    // 400 tokens are there at once; this one takes more.
    with_wallet(&mut long.login, |login| login.message = "x".repeat(400 * (16 << 10)));
    let to = net.submit(1, &long);
    assert_eq!(net.error(to), ErrorCode::RateLimited);
}
