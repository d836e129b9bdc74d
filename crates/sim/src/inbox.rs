//! What waits to be handled by a node, in queues as a real node has them.
//!
//! What callers, actions and the node itself bring comes first. Peers take turns by the time that their
//! frames took of late (`docs/protocols/execution.md`, Work of peers).

use std::collections::{BTreeMap, VecDeque};

use quorate_engine::Input;
use quorate_wire::NodeIndex;

use crate::world::Work;

/// So many of the node's own things are handled in a row while peers wait.
const OWN_IN_A_ROW: u32 = 4;
/// For how long the time that a peer used is remembered.
const USED_US: u64 = 4_000_000;

#[derive(Default)]
pub(crate) struct Inbox {
    own: VecDeque<Work>,
    own_in_a_row: u32,
    peers: BTreeMap<NodeIndex, PeerQueue>,
    /// Who brought what is being handled.
    brought_by: Option<NodeIndex>,
}

#[derive(Default)]
struct PeerQueue {
    work: VecDeque<Work>,
    /// When its frames were handled, and what they took.
    used: VecDeque<(u64, u64)>,
}

impl PeerQueue {
    fn used_us(&mut self, now_us: u64) -> u64 {
        while self.used.front().is_some_and(|(at_us, _)| at_us + USED_US <= now_us) {
            self.used.pop_front();
        }
        self.used.iter().map(|(_, us)| us).sum()
    }
}

impl Inbox {
    pub(crate) fn push(&mut self, work: Work) {
        match &work {
            // A deadline waits for what is being handled, and for nothing that is not.
            Work::Input(Input::Tick, _) => self.own.push_front(work),
            Work::Input(Input::Peer { from: peer, .. }, _)
            | Work::Input(Input::PeerConnected { peer } | Input::PeerDisconnected { peer }, _) => {
                self.peers.entry(*peer).or_default().work.push_back(work);
            }
            Work::Input(..) | Work::Head(_) | Work::Host(..) | Work::Keys(_) => self.own.push_back(work),
        }
    }

    /// The next thing to handle.
    pub(crate) fn next(&mut self, now_us: u64) -> Option<Work> {
        let peers_wait = self.peers.values().any(|queue| !queue.work.is_empty());
        let due = matches!(self.own.front(), Some(Work::Input(Input::Tick, _)));
        if (due || !peers_wait || self.own_in_a_row < OWN_IN_A_ROW)
            && let Some(work) = self.own.pop_front()
        {
            self.own_in_a_row += 1;
            self.brought_by = None;
            return Some(work);
        }
        self.own_in_a_row = 0;
        let waiting = self.peers.iter_mut().filter(|(_, queue)| !queue.work.is_empty());
        let (_, peer) = waiting.map(|(peer, queue)| (queue.used_us(now_us), *peer)).min()?;
        self.brought_by = Some(peer);
        self.peers.get_mut(&peer)?.work.pop_front()
    }

    /// What is being handled takes time, or what follows from it does.
    pub(crate) fn charge(&mut self, now_us: u64, us: u64) {
        let Some(peer) = self.brought_by.filter(|_| us > 0) else { return };
        self.peers.entry(peer).or_default().used.push_back((now_us, us));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(index: u8) -> NodeIndex {
        NodeIndex::new(index).unwrap()
    }

    fn frame(inbox: &mut Inbox, from: u8) {
        inbox.push(Work::Input(Input::Peer { from: node(from), frame: Vec::new() }, None));
    }

    /// Who brought what is handled next: 0 for the node itself.
    fn next(inbox: &mut Inbox, now_us: u64) -> Option<u8> {
        inbox.next(now_us).map(|_| inbox.brought_by.map_or(0, NodeIndex::get))
    }

    #[test]
    fn callers_do_not_wait_behind_frames_of_peers_and_peers_take_turns_by_time() {
        let mut inbox = Inbox::default();
        for _ in 0..3 {
            frame(&mut inbox, 1);
            frame(&mut inbox, 2);
        }
        for _ in 0..6 {
            inbox.push(Work::Input(Input::Drain, None));
        }
        let mut order = Vec::new();
        while let Some(by) = next(&mut inbox, 0) {
            inbox.charge(0, if by == 1 { 10 } else { 1 });
            order.push(by);
        }
        assert_eq!(order, [0, 0, 0, 0, 1, 0, 0, 2, 2, 2, 1, 1]);
        frame(&mut inbox, 1);
        frame(&mut inbox, 2);
        assert_eq!(next(&mut inbox, USED_US), Some(1), "what was used is forgotten");
    }
}
