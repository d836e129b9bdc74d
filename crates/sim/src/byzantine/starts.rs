//! A member that lies about starts: it says without proof that others are behind, and has pairs set up again and again.

use std::collections::BTreeMap;

use quorate_wire::{
    BlockRef, Digest, Hello, NodeIndex, PeerMessage, Signed, SignedHead, StartNotice, StatementKey, encode,
};

use super::Byzantine;
use crate::committee::Committee;

/// Starts of one node that it remembers, at most.
const KNOWN: usize = 8;

/// How it lies, for the whole of its life, each per thousand moments.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct StartHabits {
    /// It says that others are behind.
    pub(crate) claims: u32,
    /// It proposes set-ups to whomever it may.
    pub(crate) proposes: u32,
    /// So often it tells one peer that it has no set-up. Each costs the simulator some.
    pub(crate) loses: u32,
}

/// What it knows.
#[derive(Default)]
pub(super) struct StartLies {
    notices: BTreeMap<NodeIndex, Vec<Signed<StartNotice>>>,
    own: Option<Hello>,
    lost: bool,
}

impl Byzantine {
    pub(super) fn see_start(&mut self, from: NodeIndex, message: &PeerMessage) {
        let PeerMessage::Hello(hello) = message else { return };
        let known = self.starts.notices.entry(from).or_default();
        if hello.start.node == from && !known.contains(&hello.start) && known.len() < KNOWN {
            known.push(hello.start.clone());
        }
        if from == self.me {
            self.starts.own = Some(hello.clone());
        }
    }

    /// What it says about starts and set-ups, at a moment of its own choice.
    pub(super) fn lie_about_starts(&mut self) -> Vec<(NodeIndex, Vec<u8>)> {
        let habits = self.habits.starts;
        let mut lies = Vec::new();
        let Some(peer) = self.dice.pick(&self.peers).copied() else { return lies };
        if self.dice.happens(habits.claims) {
            let claim = self.forged_start(peer);
            lies.push((peer, encode(&PeerMessage::Stale(claim))));
        }
        if self.me < peer && self.dice.happens(habits.proposes) {
            lies.push((peer, encode(&PeerMessage::StartPair { fresh: self.dice.bytes() })));
        }
        if !self.starts.lost
            && self.dice.happens(habits.loses)
            && let Some(mut hello) = self.starts.own.clone()
        {
            self.starts.lost = true;
            hello.serial += 1 << 20;
            hello.set_ups.clear();
            lies.push((peer, encode(&PeerMessage::Hello(hello))));
        }
        lies
    }

    /// The statement key of a member; of nobody, one that is no key.
    pub(super) fn name_of(&self, node: NodeIndex) -> StatementKey {
        self.members.member(node).map_or(StatementKey([0; 32]), |member| member.statement_key)
    }

    /// A claim that a node is behind which does not prove it.
    pub(super) fn forged_start(&mut self, of: NodeIndex) -> Signed<StartNotice> {
        let later = StartNotice {
            network: self.network,
            node: self.name_of(of),
            incarnation: self.dice.between(0, 1 << 40),
            start: self.dice.bytes(),
        };
        let known = self.starts.notices.get(&of).cloned().unwrap_or_default();
        let all: Vec<_> = self.starts.notices.values().flatten().cloned().collect();
        let seen = match self.dice.between(0, 4) {
            // In its own name, and in that of the other.
            0 => return Signed::new(self.me, later, &self.key),
            1 => return Signed::new(of, later, &self.key),
            2 => self.dice.pick(&known),
            3 => self.dice.pick(&all),
            _ => {
                let altered = self.dice.pick(&known).cloned();
                return altered.map_or_else(
                    || Signed::new(of, later, &self.key),
                    |mut notice| {
                        notice.body = later;
                        notice
                    },
                );
            }
        };
        seen.cloned().unwrap_or_else(|| Signed::new(of, later, &self.key))
    }

    /// A greeting of a start that it never made, without any set-up.
    pub(super) fn forged_hello(&mut self) -> Hello {
        let start = StartNotice {
            network: self.network,
            node: self.name_of(self.me),
            incarnation: self.dice.between(0, 9),
            start: self.dice.bytes(),
        };
        Hello {
            start: Signed::new(self.me, start, &self.key),
            guest: Committee::guest(),
            heard: self.dice.happens(500).then(|| self.dice.bytes()),
            serial: self.dice.between(0, 1 << 40),
            answer: self.dice.happens(500),
            set_ups: Vec::new(),
            bans: Vec::new(),
            final_head: self.forged_head(),
            endpoints: Vec::new(),
        }
    }

    /// A final head that the chain has not signed.
    fn forged_head(&mut self) -> Option<SignedHead> {
        self.dice.happens(500).then(|| SignedHead {
            genesis: crate::chain::GENESIS,
            sequence: self.dice.between(0, 1 << 40),
            latest: BlockRef { number: 1 << 20, hash: Digest(self.dice.bytes()) },
            finalized: BlockRef { number: self.dice.between(0, 1 << 20), hash: Digest(self.dice.bytes()) },
            time_ms: 0,
            signature: [9; 64],
        })
    }
}
