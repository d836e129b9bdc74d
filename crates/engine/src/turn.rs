//! One call of [`Engine::handle`](crate::Engine::handle): its clocks, its entropy, and the effects it gathers.

use std::collections::VecDeque;

use quorate_wire::{NodeIndex, OperationNumber, PeerMessage, RequestId, encode};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::{Effect, Now, Report, Write};

pub(crate) struct Turn<'a> {
    pub(crate) now: Now,
    pub(crate) rng: &'a mut dyn CryptoRng,
    pub(crate) effects: Vec<Effect>,
    /// Whether something was decided by the registry, at its present head.
    pub(crate) by_registry: bool,
    /// This node.
    pub(crate) me: NodeIndex,
    /// What this node has said to itself and not yet heard, first in, first out.
    pub(crate) to_self: VecDeque<ToSelf>,
}

/// What one part of a node says to another part of it.
pub(crate) enum ToSelf {
    /// What it says to a peer as well.
    Said(Box<PeerMessage>),
    /// The coordinator gives up an attempt of its own.
    Abandon { request: RequestId, operation: OperationNumber, attempt: u8 },
}

impl Turn<'_> {
    /// Says something to a node. What is for this node itself is handled within the same turn.
    pub(crate) fn send(&mut self, to: NodeIndex, message: PeerMessage) {
        if to == self.me {
            self.to_self.push_back(ToSelf::Said(Box::new(message)));
        } else {
            self.effects.push(Effect::Send { to, frame: encode(&message) });
        }
    }

    /// Says one message to several nodes, encoding it once.
    pub(crate) fn send_all(&mut self, to: impl IntoIterator<Item = NodeIndex>, message: PeerMessage) {
        let (me, mut to_me) = (self.me, false);
        let mut others = to
            .into_iter()
            .filter(|to| {
                to_me |= *to == me;
                *to != me
            })
            .peekable();
        if others.peek().is_some() {
            let frame = encode(&message);
            self.effects.extend(others.map(|to| Effect::Send { to, frame: frame.clone() }));
        }
        if to_me {
            self.to_self.push_back(ToSelf::Said(Box::new(message)));
        }
    }

    /// Tells the member of this node that a coordinator here gives up its attempt.
    pub(crate) fn abandon(&mut self, request: RequestId, operation: OperationNumber, attempt: u8) {
        self.to_self.push_back(ToSelf::Abandon { request, operation, attempt });
    }

    pub(crate) fn persist(&mut self, writes: impl IntoIterator<Item = (String, Option<Zeroizing<Vec<u8>>>)>) {
        let writes = writes.into_iter().map(|(key, value)| Write { key, value }).collect();
        self.effects.push(Effect::Persist(writes));
    }

    /// Makes a write durable before anything that this turn does.
    pub(crate) fn persist_first(&mut self, write: Write) {
        self.effects.insert(0, Effect::Persist(vec![write]));
    }

    pub(crate) fn report(&mut self, report: Report) {
        self.effects.push(Effect::Report(report));
    }

    pub(crate) fn fault(&mut self, peer: NodeIndex, check: &'static str) {
        self.report(Report::PeerFault { peer, check });
    }

    pub(crate) fn ceremony(&mut self, what: &'static str, event: impl Into<String>) {
        self.report(Report::Ceremony { what, event: event.into() });
    }

    /// 32 bytes that were never used before and never will be again.
    pub(crate) fn fresh(&mut self) -> [u8; 32] {
        let mut bytes = [0u8; 32];
        self.rng.fill_bytes(&mut bytes);
        bytes
    }

    pub(crate) fn halt(&mut self, reason: impl Into<String>) {
        self.effects.push(Effect::Halt { reason: reason.into(), newer: None });
    }
}
