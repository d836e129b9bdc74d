//! Sets and values where several members coordinate, honest ones and liars.

use std::collections::BTreeSet;

use quorate_engine::{Answer, Input, Report};
use quorate_wire::{
    Decision, Digest, HostCall, LeaderValue, NodeIndex, PeerMessage, Recipient, RequestId, SignKey,
    SignMessage, SignRequest, Signed, Vote,
};

use crate::harness::{CODE, Caller, Net, index, of_five, operation, signed};

fn given(net: &Net, call: u32) -> Vec<(u8, String)> {
    let of_call = net.answers.iter().filter(|(_, number, _)| *number == call);
    let mut given: Vec<(u8, String)> = of_call
        .filter_map(|(node, _, answer)| match answer {
            Ok(Answer::Value(value)) => Some((*node, value.clone())),
            _ => None,
        })
        .collect();
    given.sort();
    given
}

/// Node 3 was asked first, and hears of node 2's value a moment later than node 1 has waited for it.
#[test]
fn a_coordinator_that_was_asked_later_fixes_no_set_of_its_own() {
    let mut net = Net::ready();
    net.wanted = Some((
        |node| vec![HostCall::Collect { name: "price".to_owned(), value: format!("{}", 100 + node) }],
        false,
    ));
    net.links = Box::new(|from, to, message| {
        !matches!(message, PeerMessage::Vote(_)) || (from, to) == (1, 3) || (from, to) == (3, 1)
    });
    let (_, submission) = Caller::new(1).request(1);
    let first = net.submit(3, &submission);
    net.advance(20);
    let second = net.submit(1, &submission);
    // Node 1 has no coordinator with a lower number beside it, node 3 has.
    net.advance(1_150);
    assert!(given(&net, 1).is_empty(), "nobody has fixed a set yet: {:?}", given(&net, 1));
    net.links =
        Box::new(|from, to, message| !matches!(message, PeerMessage::Vote(_)) || (from, to) != (2, 1));
    net.advance(3_000);
    let values: Vec<String> = given(&net, 1).into_iter().map(|(_, value)| value).collect();
    assert_eq!(values.len(), 3, "{values:?}");
    assert!(values.iter().all(|value| *value == values[0] && value.contains("102")), "{values:?}");
    for to in [first, second] {
        assert!(net.answer(to).is_some_and(Result::is_ok), "{:?}", net.answer(to));
    }
}

/// Whoever asked first and says nothing costs its three seconds once.
#[test]
fn a_coordinator_that_was_asked_later_waits_for_a_silent_one_once() {
    let mut net = Net::ready();
    net.wanted = Some((
        |node| {
            let collect = |name: &str| HostCall::Collect { name: name.to_owned(), value: node.to_string() };
            vec![collect("a"), collect("b"), collect("c")]
        },
        false,
    ));
    net.links = Box::new(|from, _, message| {
        from != 3 || matches!(message, PeerMessage::Execute(_) | PeerMessage::Ping(_))
    });
    let (_, submission) = Caller::new(1).request(1);
    net.submit(3, &submission);
    net.advance(20);
    let to = net.submit(1, &submission);
    net.advance(2_500);
    // It has a set itself, which reaches nobody.
    assert!(given(&net, 1).iter().all(|(node, _)| *node == 3), "{:?}", given(&net, 1));
    net.advance(6_500);
    assert!(net.answer(to).is_some_and(Result::is_ok), "{:?}", net.answer(to));
}

/// Of which members nodes said that their values make a set.
fn sets_fixed_by(net: &Net, nodes: std::ops::RangeInclusive<u8>) -> BTreeSet<Vec<NodeIndex>> {
    let sent = nodes.clone().flat_map(|from| nodes.clone().map(move |to| (from, to)));
    let sent = sent.filter(|(from, to)| from != to).flat_map(|(from, to)| net.sent(from, to));
    sent.filter_map(|message| match message {
        PeerMessage::Decided { decision: Decision::Collected(votes), .. } => {
            Some(votes.iter().map(|vote| vote.node).collect())
        }
        _ => None,
    })
    .collect()
}

/// Whoever is silent was asked first, and gives its value to the second of the honest coordinators behind it only.
fn one_set_behind(silent: &[u8], net: impl Fn() -> Net) {
    for (first, second) in [(1, 2), (2, 1)] {
        let mut net = net();
        net.wanted = Some((
            |node| vec![HostCall::Collect { name: "price".to_owned(), value: node.to_string() }],
            false,
        ));
        let liars = silent.to_vec();
        net.links = Box::new(move |from, to, message| match message {
            PeerMessage::Execute(_) | PeerMessage::Ping(_) => true,
            PeerMessage::Vote(_) => !liars.contains(&from) || to == second,
            _ => !liars.contains(&from),
        });
        let (_, submission) = Caller::new(1).request(1);
        let callers: Vec<_> = [silent, &[first, second]]
            .concat()
            .into_iter()
            .map(|node| {
                let to = net.submit(node, &submission);
                net.advance(5);
                to
            })
            .collect();
        net.advance(9_000);
        let sets = sets_fixed_by(&net, 1..=silent[0] - 1);
        assert_eq!(sets.len(), 1, "{first} before {second}: {sets:?}");
        for to in &callers[silent.len()..] {
            assert!(net.answer(*to).is_some_and(Result::is_ok), "{:?}", net.answer(*to));
        }
    }
}

#[test]
fn two_coordinators_behind_a_silent_one_fix_one_set() {
    one_set_behind(&[3], Net::ready);
}

#[test]
fn two_coordinators_behind_two_silent_ones_fix_one_set() {
    one_set_behind(&[4, 5], || Net::ready_in(of_five));
}

/// A member says that one node ran a function, of an operation of another kind to which the coordinator's own run comes last.
#[test]
fn a_value_of_one_node_fixes_nothing_but_a_function_that_one_node_runs() {
    fn collect(_: u8) -> Vec<HostCall> {
        vec![HostCall::Collect { name: "price".to_owned(), value: "7".to_owned() }]
    }
    fn sign(_: u8) -> Vec<HostCall> {
        let message = SignMessage::Bytes(b"hello".to_vec());
        let (name, recipient) = ("own".to_owned(), Recipient::Caller);
        vec![HostCall::Sign(SignRequest { key: SignKey::Own, message, name, recipient })]
    }
    for (wanted, nonces) in [(collect as fn(u8) -> Vec<HostCall>, 1..=4), (sign, 5..=8)] {
        for nonce in nonces {
            let mut net = Net::ready();
            net.wanted = Some((wanted, false));
            let (request, mut submission) = Caller::new(1).request(nonce);
            submission.code = None;
            let to = net.submit(1, &submission);
            net.advance(10);
            let found = |net: &mut Net, node: u8| {
                let run = net.node(node).searches.remove(0);
                net.input(node, Input::Code { run, code: Ok(CODE.into()) });
            };
            // The liar's own vote comes to the coordinator first, then its word, then the vote of the second node.
            found(&mut net, 3);
            net.advance(10);
            let vote = net.sent(3, 1).find_map(|message| match message {
                PeerMessage::Vote(vote) => Some(vote.body.clone()),
                _ => None,
            });
            let vote = vote.expect("voted");
            let value = LeaderValue {
                network: vote.network,
                epoch: vote.epoch,
                request,
                operation: operation(0),
                intent: vote.hash(),
                result: Ok("made up".to_owned()),
            };
            let decision = Decision::Led(signed(3, value));
            net.forge(3, 1, &PeerMessage::Decided { request, operation: operation(0), decision });
            found(&mut net, 2);
            net.advance(1_500);
            found(&mut net, 1);
            net.advance(5_000);
            let led = |message: &PeerMessage| {
                matches!(message, PeerMessage::Decided { decision: Decision::Led(_), .. })
            };
            assert!(!net.sent(1, 2).any(led), "request {nonce}: an honest coordinator repeats it");
            let blamed =
                |report: &Report| matches!(report, Report::PeerFault { peer, .. } if *peer == index(1));
            assert_eq!(net.reported(2, blamed), 0, "request {nonce}");
            assert!(net.answer(to).is_some_and(Result::is_ok), "request {nonce}: {:?}", net.answer(to));
        }
    }
}

/// What a lying coordinator, node 1, can say to node 2 of a function that one node runs.
struct Words {
    net: Net,
    request: RequestId,
    vote: Vote,
    /// What was fixed. Node 2 has not heard of it.
    right: Signed<LeaderValue>,
    /// Whose turn it is not.
    usurper: u8,
}

impl Words {
    fn new() -> Words {
        let mut net = Net::ready();
        net.wanted = Some((|_| vec![HostCall::RunOnce { name: "post".to_owned(), wait: true }], false));
        net.links = Box::new(|_, _, message| !matches!(message, PeerMessage::Decided { .. }));
        let (request, submission) = Caller::new(1).request(1);
        net.submit(1, &submission);
        net.advance(50);
        let fixed = net.sent(1, 2).chain(net.sent(1, 3)).find_map(|message| match message {
            PeerMessage::Decided { decision: Decision::Led(value), .. } => Some(value.clone()),
            _ => None,
        });
        let vote = net.sent(2, 1).find_map(|message| match message {
            PeerMessage::Vote(vote) => Some(vote.body.clone()),
            _ => None,
        });
        let right = fixed.expect("fixed");
        let usurper = (1..=3).find(|node| index(*node) != right.node && *node != 2).unwrap();
        Words { net, request, vote: vote.expect("voted"), right, usurper }
    }

    fn value(&self, intent: Digest, result: &str) -> LeaderValue {
        LeaderValue {
            network: self.vote.network,
            epoch: self.vote.epoch,
            request: self.request,
            operation: operation(0),
            intent,
            result: Ok(result.to_owned()),
        }
    }

    fn usurped(&self, result: &str) -> Signed<LeaderValue> {
        signed(self.usurper, self.value(self.vote.hash(), result))
    }

    fn tell(&mut self, value: Signed<LeaderValue>) {
        let decision = Decision::Led(value);
        let message = PeerMessage::Decided { request: self.request, operation: operation(0), decision };
        self.net.forge(1, 2, &message);
    }

    fn answered(&self) -> bool {
        let given = [1, 1_001].into_iter().flat_map(|call| given(&self.net, call));
        given.into_iter().any(|(node, value)| node == 2 && !value.contains("run"))
    }

    fn faults(&self) -> usize {
        self.net.reported(2, |report| matches!(report, Report::PeerFault { check: "leader_value", .. }))
    }
}

/// A coordinator says first what nobody can take, and then what is right.
#[test]
fn a_second_word_of_a_coordinator_is_taken_if_it_is_right() {
    let mut words = Words::new();
    words.tell(words.usurped("usurped"));
    words.tell(signed(words.usurper, words.value(Digest([7; 32]), "usurped")));
    assert!(!words.answered(), "nobody takes it: {:?}", words.net.answers);
    words.tell(words.right.clone());
    assert!(words.answered(), "{:?}", words.net.answers);
}

/// Each word costs signature checks. Three are judged beside the first; a member that has said so many is not heard any more.
#[test]
fn few_further_words_of_a_coordinator_are_judged() {
    for (further, taken) in [(2, true), (3, false)] {
        let mut words = Words::new();
        for number in 0..=further {
            words.tell(words.usurped(&format!("usurped {number}")));
        }
        words.tell(words.right.clone());
        assert_eq!(words.answered(), taken, "after {further}: {:?}", words.net.answers);
    }
}

#[test]
fn a_further_word_that_can_never_be_right_is_a_fault() {
    let mut words = Words::new();
    words.tell(words.usurped("usurped"));
    assert_eq!(words.faults(), 0, "it may become right");
    let mut forged = words.right.clone();
    forged.body.result = Ok("another".to_owned());
    words.tell(forged);
    assert_eq!(words.faults(), 1);
}
