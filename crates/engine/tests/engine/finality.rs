//! What was final stays final: an older chain that was put back is not believed.

use quorate_engine::Report;
use quorate_wire::{BlockRef, ErrorCode, Hello, PeerMessage, SignedHead};

use crate::harness::{Caller, Done, HEAD, Net, block, final_head};

/// What one node's registry shows as final.
fn show(net: &mut Net, node: u8, finalized: BlockRef, sequence: u64) {
    net.node(node).registry.final_head = final_head(finalized, sequence);
}

/// What every node's registry shows as final, told to those that live.
fn show_all(net: &mut Net, number: u64, sequence: u64) {
    for node in 1..=3 {
        show(net, node, block(number, false), sequence);
        net.head(node);
    }
}

fn restart(net: &mut Net, nodes: &[u8]) {
    for node in nodes {
        net.kill(*node);
    }
    for node in nodes {
        net.start(*node);
    }
    net.advance(100);
}

fn waits(net: &Net, node: u8) -> Option<ErrorCode> {
    net.engine(node).status().waiting_code
}

/// What a caller is told by node 1, if it is not signed for.
fn refused(net: &mut Net) -> Option<ErrorCode> {
    net.advance(50);
    let mut caller = Caller::new(1);
    caller.time_ms = net.unix_ms;
    let to = net.submit(1, &caller.request(1).1);
    net.advance(500);
    net.answer(to).expect("answered").as_ref().err().map(|problem| problem.code)
}

fn told(net: &Net, node: u8) -> Vec<Report> {
    let loud = |report: &&Report| {
        matches!(
            report,
            Report::RegistryRolledBack { .. }
                | Report::RegistryCaughtUp
                | Report::RegistryWentBack { .. }
                | Report::PeerFault { .. }
        )
    };
    net.nodes[&node].reports.iter().filter(loud).cloned().collect()
}

const ROLLED_BACK: Option<ErrorCode> = Some(ErrorCode::RegistryRolledBack);

#[test]
fn an_older_chain_under_all_nodes_is_not_believed_after_their_restart() {
    let mut net = Net::ready();
    show_all(&mut net, 103, 1_003);
    net.advance(2_000);
    for node in 1..=3 {
        net.kill(node);
    }
    // It is signed by the chain and newer than all statements before; only its blocks are fewer.
    for node in 1..=3 {
        show(&mut net, node, HEAD, 5_000);
        net.start(node);
    }
    net.advance(100);
    for node in 1..=3 {
        assert_eq!(waits(&net, node), ROLLED_BACK);
        let text = net.engine(node).status().waiting_for.unwrap();
        assert!(text.contains("block 103") && text.contains("block 100"), "{text}");
    }
    assert_eq!(refused(&mut net), ROLLED_BACK);
    net.advance(3_000);
    let missing = block(103, false);
    let loud = Report::RegistryRolledBack { missing, shown: HEAD, told_by: None };
    assert_eq!(told(&net, 1), std::slice::from_ref(&loud));
    // The chain is put back as it was.
    show_all(&mut net, 103, 5_001);
    net.advance(100);
    assert_eq!(told(&net, 1), [loud, Report::RegistryCaughtUp]);
    assert_eq!(refused(&mut net), None);
}

#[test]
fn another_chain_of_the_same_height_is_not_believed() {
    let mut net = Net::ready();
    show_all(&mut net, 103, 1_003);
    net.advance(2_000);
    for node in 1..=3 {
        net.node(node).registry.branch = Some(102);
        show(&mut net, node, block(110, true), 5_000);
    }
    restart(&mut net, &[1, 2, 3]);
    assert_eq!(refused(&mut net), ROLLED_BACK);
}

#[test]
fn a_chain_that_goes_back_under_a_running_node_bars_its_votes() {
    let mut net = Net::ready();
    show_all(&mut net, 103, 1_003);
    net.advance(100);
    let mut caller = Caller::new(1);
    caller.time_ms = net.unix_ms;
    caller.code = None;
    // The runs wait for their code meanwhile.
    let (id, submission) = caller.request(1);
    let to = net.submit(1, &submission);
    net.advance(50);
    show_all(&mut net, 100, 5_000);
    for node in 1..=3 {
        let run = net.node(node).searches.pop().unwrap();
        net.input(node, quorate_engine::Input::Code { run, code: Ok(crate::harness::CODE.into()) });
    }
    net.advance(1_000);
    assert!(net.answer(to).unwrap().is_err());
    assert_eq!((1..=3).map(|node| net.signatures(node, id)).sum::<usize>(), 0);
}

#[test]
fn a_head_is_on_disk_before_what_was_decided_by_it_leaves() {
    let mut net = Net::ready();
    net.advance(2_000);
    show_all(&mut net, 101, 1_001);
    for node in 1..=3 {
        net.node(node).done.clear();
    }
    // At once: a head by which nothing is decided is written down a little later.
    let mut caller = Caller::new(1);
    caller.time_ms = net.unix_ms;
    let to = net.submit(1, &caller.request(1).1);
    net.advance(500);
    assert!(net.answer(to).unwrap().is_ok());
    for node in 1..=3 {
        let done = &net.nodes[&node].done;
        let written = |done: &Done| matches!(done, Done::Persisted(keys) if keys == &["final_head"]);
        let voted =
            |done: &Done| matches!(done, Done::Sent(_, message) if matches!(**message, PeerMessage::Vote(_)));
        let (written, voted) = (done.iter().position(written), done.iter().position(voted));
        assert!(
            written.is_some() && voted.is_none_or(|voted| written < Some(voted)),
            "{written:?} {voted:?}"
        );
    }
}

/// All nodes are down, the chain is put back, and of the nodes only the second has its disk.
fn one_remembers() -> Net {
    let mut net = Net::ready();
    let stores: Vec<_> = [1, 3].iter().map(|node| (*node, net.nodes[node].store.clone())).collect();
    show_all(&mut net, 103, 1_003);
    net.advance(2_000);
    for node in 1..=3 {
        net.kill(node);
        show(&mut net, node, HEAD, 5_000);
    }
    for (node, mut store) in stores {
        store.insert("incarnation".to_owned(), net.nodes[&node].store["incarnation"].clone());
        net.node(node).store = store;
    }
    for node in 1..=3 {
        net.start(node);
    }
    net.advance(100);
    net
}

#[test]
fn one_node_that_remembers_is_enough() {
    let mut net = one_remembers();
    for node in 1..=3 {
        assert_eq!(waits(&net, node), ROLLED_BACK);
    }
    assert_eq!(refused(&mut net), ROLLED_BACK);
    net.advance(3_000);
    let loud = |report: &Report| matches!(report, Report::RegistryRolledBack { told_by: Some(_), .. });
    assert_eq!((net.reported(1, loud), net.reported(2, loud)), (1, 0));
    // What was proven is kept: they need not hear it again.
    net.kill(2);
    restart(&mut net, &[1, 3]);
    assert_eq!((waits(&net, 1), waits(&net, 3)), (ROLLED_BACK, ROLLED_BACK));
    // And it ends by itself once the registry has come so far.
    show_all(&mut net, 104, 5_004);
    net.advance(100);
    assert_eq!(refused(&mut net), None);
}

/// A greeting of node 3 to node 1, so many after its last, that shows a head.
fn hello(net: &Net, head: SignedHead, after: u64) -> PeerMessage {
    let last = net.hello(3, 1);
    PeerMessage::Hello(Hello { serial: last.serial + after, final_head: Some(head), ..last })
}

#[test]
fn a_head_that_the_chain_has_not_signed_changes_nothing() {
    let mut net = Net::ready();
    let claims = [
        // Signed for block 103, shown for block 900.
        SignedHead { finalized: BlockRef { number: 900, ..HEAD }, ..final_head(block(103, false), 9) },
        // Another chain's.
        SignedHead { genesis: quorate_wire::Digest([2; 32]), ..final_head(block(103, false), 9) },
        SignedHead { signature: [7; 64], ..final_head(block(100, true), 9) },
    ];
    for (serial, claim) in (1..).zip(claims) {
        net.forge(3, 1, &hello(&net, claim, serial));
    }
    // Older than what is known, but true: no fault, and no news.
    net.forge(3, 1, &hello(&net, final_head(block(50, false), 9), 9));
    net.advance(3_000);
    let fault = Report::PeerFault { peer: crate::harness::index(3), check: "final_head" };
    assert_eq!(told(&net, 1), vec![fault; 3]);
    assert_eq!(refused(&mut net), None);
}

#[test]
fn a_proven_other_block_of_a_known_height_bars_everything() {
    let mut net = Net::ready();
    net.forge(3, 1, &hello(&net, final_head(block(90, true), 9), 1));
    net.forge(3, 1, &hello(&net, final_head(block(150, false), 9), 2));
    net.advance(100);
    assert_eq!(waits(&net, 1), ROLLED_BACK);
    show_all(&mut net, 160, 1_060);
    net.advance(100);
    assert_eq!(waits(&net, 1), ROLLED_BACK, "the chain has signed two blocks 90");
}

#[test]
fn a_peer_that_is_some_blocks_ahead_stops_and_reports_nothing() {
    let mut net = Net::ready();
    net.forge(3, 1, &hello(&net, final_head(block(101, false), 1_001), 1));
    // The chain has just said so: who is behind by a statement has lost nothing.
    assert_eq!(waits(&net, 1), None);
    assert_eq!(refused(&mut net), None);
    show_all(&mut net, 101, 1_002);
    net.advance(3_000);
    assert_eq!((waits(&net, 1), told(&net, 1)), (None, Vec::new()));
    assert!(!net.nodes[&1].store.contains_key("final_head/told"));
}

#[test]
fn operators_go_back_to_the_head_that_they_name_and_only_once() {
    let mut net = one_remembers();
    let stands = |net: &mut Net, accepted: BlockRef| {
        for node in 1..=3 {
            net.node(node).accept_rollback_to = Some(accepted);
        }
        restart(net, &[1, 2, 3]);
        refused(net)
    };
    assert_eq!(stands(&mut net, block(100, true)), ROLLED_BACK, "a head that the chain does not have");
    assert_eq!(stands(&mut net, block(20, false)), ROLLED_BACK, "a head that is long past");
    assert_eq!(stands(&mut net, HEAD), None);
    let back = Report::RegistryWentBack { to: HEAD };
    assert_eq!(net.reported(2, |report| *report == back), 1);
    // A peer whose operator has not said so still shows what is lost: it holds nobody.
    net.forge(3, 1, &hello(&net, final_head(block(103, false), 1_003), 1));
    net.advance(100);
    assert_eq!(waits(&net, 1), None);
    // The chain goes on, and the same is done to it again with the setting left as it was.
    for node in 1..=3 {
        net.node(node).registry.branch = Some(101);
        show(&mut net, node, block(102, true), 5_010);
    }
    net.advance(2_000);
    assert_eq!(refused(&mut net), None);
    for node in 1..=3 {
        net.node(node).registry.branch = None;
        show(&mut net, node, HEAD, 9_000);
    }
    restart(&mut net, &[1, 2, 3]);
    assert_eq!(refused(&mut net), ROLLED_BACK);
}

#[test]
fn what_was_given_up_stays_given_up_after_the_chain_went_back_again() {
    let mut net = one_remembers();
    let accept = |net: &mut Net, accepted: BlockRef| {
        for node in 1..=3 {
            net.node(node).accept_rollback_to = Some(accepted);
        }
        restart(net, &[1, 2, 3]);
        assert_eq!(refused(net), None);
    };
    accept(&mut net, HEAD);
    let lost = hello(&net, final_head(block(103, false), 1_003), 1);
    for node in 1..=3 {
        net.node(node).registry.branch = Some(101);
        show(&mut net, node, block(120, true), 5_010);
    }
    net.advance(2_000);
    assert_eq!(refused(&mut net), None);
    for node in 1..=3 {
        show(&mut net, node, block(110, true), 9_000);
    }
    accept(&mut net, block(110, true));
    net.forge(3, 1, &lost);
    net.advance(100);
    assert_eq!(waits(&net, 1), None, "of the first time");
    net.forge(3, 1, &hello(&net, final_head(block(115, true), 5_005), 2));
    net.advance(100);
    assert_eq!(waits(&net, 1), None, "of the second time");
}

/// A setting that is put back as it was before the last one is no new word.
#[test]
fn a_head_that_was_named_before_the_last_one_is_not_taken_again() {
    let mut net = one_remembers();
    let stands = |net: &mut Net, accepted: BlockRef| {
        for node in 1..=3 {
            net.node(node).accept_rollback_to = Some(accepted);
        }
        restart(net, &[1, 2, 3]);
        refused(net)
    };
    let goes_on = |net: &mut Net, head: BlockRef, sequence: u64| {
        for node in 1..=3 {
            net.node(node).registry.branch = Some(101);
            show(net, node, head, sequence);
        }
        net.advance(2_000);
    };
    assert_eq!(stands(&mut net, HEAD), None);
    goes_on(&mut net, block(110, true), 5_010);
    for node in 1..=3 {
        show(&mut net, node, block(105, true), 9_000);
    }
    assert_eq!(stands(&mut net, block(105, true)), None, "another word");
    goes_on(&mut net, block(112, true), 9_010);
    for node in 1..=3 {
        net.node(node).registry.branch = None;
        show(&mut net, node, HEAD, 12_000);
    }
    assert_eq!(stands(&mut net, HEAD), ROLLED_BACK, "the first word again");
}

#[test]
fn the_word_of_an_operator_is_taken_before_a_peer_shows_what_is_lost_and_long_after() {
    let mut net = Net::ready();
    for node in 1..=3 {
        net.node(node).registry.branch = Some(101);
        show(&mut net, node, block(110, true), 2_000);
        net.node(node).store.remove("final_head");
    }
    net.node(1).accept_rollback_to = Some(HEAD);
    restart(&mut net, &[1, 2, 3]);
    assert_eq!(
        net.reported(1, |report| matches!(report, Report::RegistryWentBack { .. })),
        1,
        "nothing is missing"
    );
    for node in [1, 2] {
        let last = net.hello(3, node);
        let final_head = Some(final_head(block(103, false), 1_003));
        net.forge(3, node, &PeerMessage::Hello(Hello { serial: last.serial + 1, final_head, ..last }));
    }
    net.advance(100);
    assert_eq!((waits(&net, 1), waits(&net, 2)), (None, ROLLED_BACK));
    for node in 1..=3 {
        show(&mut net, node, block(200, true), 9_000);
    }
    net.node(2).accept_rollback_to = Some(HEAD);
    restart(&mut net, &[2]);
    assert_eq!(waits(&net, 2), ROLLED_BACK, "a word of long ago is no word for what was lost since");
    net.node(2).accept_rollback_to = Some(block(190, true));
    restart(&mut net, &[2]);
    assert_eq!(waits(&net, 2), None, "what only a peer shows is given up with a block of now");
}

/// Node 3 is shown another chain than the others, all of them after they have connected.
fn two_histories(sequence: u64) -> Net {
    let mut net = Net::ready();
    net.advance(4_000);
    net.node(3).registry.branch = Some(102);
    show(&mut net, 3, block(105, true), sequence);
    for node in [1, 2] {
        show(&mut net, node, block(105, false), 1_005);
    }
    net.advance(10_000);
    net
}

#[test]
fn two_histories_are_noticed_after_the_connection_and_stop_both_sides_until_operators_decide() {
    for sequence in [1_005, 1 << 40] {
        let mut net = two_histories(sequence);
        for node in 1..=3 {
            assert_eq!(waits(&net, node), ROLLED_BACK, "node {node}");
            let proven = |report: &Report| matches!(report, Report::TwoHistories { .. });
            assert_eq!(net.reported(node, proven), 1, "node {node}");
            let text = net.engine(node).status().waiting_for.unwrap();
            let both = [block(105, false), block(105, true)].map(|block| block.hash.to_string());
            assert!(both.iter().all(|hash| text.contains(hash)) && text.contains("shown by node"), "{text}");
        }
        // One history alone does not undo that there were two.
        net.node(3).registry.branch = None;
        show_all(&mut net, 106, 1 << 41);
        restart(&mut net, &[1, 2, 3]);
        assert_eq!(refused(&mut net), ROLLED_BACK);
        for node in 1..=3 {
            net.node(node).accept_rollback_to = Some(block(101, false));
        }
        restart(&mut net, &[1, 2, 3]);
        assert_eq!(refused(&mut net), None);
        assert!((1..=3).all(|node| !net.nodes[&node].store.contains_key("final_head/two")));
    }
}

#[test]
fn a_second_history_that_the_chain_has_not_signed_is_no_proof() {
    let mut net = Net::ready();
    for claim in [
        SignedHead { signature: [7; 64], ..final_head(block(100, true), 9) },
        SignedHead { genesis: quorate_wire::Digest([2; 32]), ..final_head(block(100, true), 9) },
    ] {
        net.forge(3, 1, &PeerMessage::Head(claim));
    }
    let fault = Report::PeerFault { peer: crate::harness::index(3), check: "final_head" };
    assert_eq!((told(&net, 1), waits(&net, 1)), (vec![fault; 2], None));
    assert!(!net.nodes[&1].store.contains_key("final_head/two"));
}

#[test]
fn heads_are_told_every_few_seconds_and_only_if_they_change() {
    let mut net = Net::ready();
    net.advance(4_000);
    let heads = |net: &Net| net.sent(1, 2).filter(|message| matches!(message, PeerMessage::Head(_))).count();
    let before = heads(&net);
    net.advance(20_000);
    assert_eq!(heads(&net), before);
    for number in 101..=120 {
        show_all(&mut net, number, 1_000 + number);
        net.advance(1_000);
    }
    assert!((5..=8).contains(&(heads(&net) - before)), "{}", heads(&net) - before);
}
