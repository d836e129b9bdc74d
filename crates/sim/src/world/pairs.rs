//! What the checker is told about pairwise set-ups.

use quorate_engine::{Effect, Write};
use quorate_wire::{NodeIndex, PeerMessage, decode, limits};

use super::World;
use crate::scenario::Kind;

impl World {
    /// An honest node's effects, before any of them happens.
    pub(super) fn observe_pairs(&mut self, slot: usize, effects: &[Effect]) {
        let life = self.nodes[slot].life();
        let lived_us = self.now_us - self.nodes[slot].started_us;
        for effect in effects {
            match effect {
                Effect::Send { to, frame } => {
                    if let Ok(PeerMessage::Pair(message)) = decode(frame, limits::PEER_FRAME_BYTES_MAX) {
                        self.checker.sets_up(life, *to, message.session, lived_us);
                    }
                }
                Effect::Persist(writes) => {
                    let thrown_away = |write: &Write| self.thrown_away(write);
                    for peer in writes.iter().filter_map(thrown_away).collect::<Vec<_>>() {
                        let behind = self.fenced.contains(&peer) || self.fenced.contains(&life.node);
                        self.checker.thrown_away(life, peer, behind);
                    }
                }
                _ => {}
            }
        }
    }

    /// Looks at whether all honest nodes are ready for each other, in worlds in which they must be at all times.
    pub(super) fn check_pairs(&mut self) {
        if self.plan.kind != Kind::ByzantineStarts {
            return;
        }
        for slot in 0..self.nodes.len() {
            if self.nodes[slot].honest() {
                let life = self.nodes[slot].life();
                let what = self.lacks(slot);
                self.checker.lacks(life, what);
            }
        }
    }

    /// What an honest node still lacks to be ready, and for every other honest one.
    pub(super) fn lacks(&self, slot: usize) -> Option<String> {
        let Some(engine) = &self.nodes[slot].engine else { return Some(format!("slot {slot} is down")) };
        let status = engine.status();
        if !status.ready {
            return Some(format!("slot {slot} is not ready: {:?}", status.waiting_for));
        }
        let honest = |peer: &NodeIndex| self.nodes[usize::from(peer.get()) - 1].honest();
        let lacking =
            status.peers.iter().find(|peer| honest(&peer.index) && !(peer.connected && peer.set_up));
        lacking.map(|peer| format!("slot {slot} has {peer:?}"))
    }
}

impl World {
    /// The peer whose pairwise state a write removes.
    fn thrown_away(&self, write: &Write) -> Option<NodeIndex> {
        let (_, peer) = write.key.split_once("/pair/").filter(|_| write.value.is_none())?;
        self.committee.network.founding_committee().index_of(&peer.parse().ok()?)
    }
}
