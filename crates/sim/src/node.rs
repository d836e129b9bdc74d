//! One node of the world: an engine in its surroundings.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use quorate_engine::{Effect, Engine, Now, RunNumber, Stored};
use quorate_wire::{ActionCid, NodeIndex, OperationNumber, Proposal, PublicKey, RequestId};
use rand_chacha::ChaCha8Rng;

use crate::{
    byzantine::Byzantine,
    chain::View,
    host::Run,
    inbox::Inbox,
    invariants::{Asked, Life},
    issuer::Shell,
};

/// Virtual wall-clock time at which the fixtures are founded.
pub(crate) const FOUNDED_UNIX_MS: u64 = 1_760_000_000_000;

/// A node, or a second instance of one.
pub(crate) struct Node {
    pub(crate) slot: usize,
    pub(crate) index: NodeIndex,
    /// How often this slot has started.
    pub(crate) generation: u32,
    /// None while the node is down.
    pub(crate) engine: Option<Engine>,
    pub(crate) store: Stored,
    /// A copy of the store, put aside.
    pub(crate) image: Stored,
    pub(crate) rng: ChaCha8Rng,
    pub(crate) started_us: u64,
    pub(crate) skew_ms: i64,
    pub(crate) lag_us: u64,
    pub(crate) deaf: bool,
    pub(crate) view: Option<Arc<View>>,
    pub(crate) runs: BTreeMap<RunNumber, Run>,
    pub(crate) tick_us: Option<u64>,
    /// What waits to be handled.
    pub(crate) inbox: Inbox,
    /// What follows from what was handled last.
    pub(crate) effects: VecDeque<Effect>,
    /// Whether the next write has been synchronised.
    pub(crate) synced: bool,
    /// Until then it is busy.
    pub(crate) free_us: u64,
    /// When an event wakes it.
    pub(crate) wakes_us: Option<u64>,
    /// Whether it is at work at this moment of the simulation.
    pub(crate) working: bool,
    /// Ticks in a row that left a deadline in the past.
    pub(crate) spins: u32,
    /// After so many more effects the process ends.
    pub(crate) fuse: Option<u32>,
    /// Writes and sends since its start.
    pub(crate) points: u64,
    pub(crate) byzantine: Option<Byzantine>,
    /// Proposals that came before this node's own run asked.
    pub(crate) proposals: Vec<Proposal>,
    /// The signatures that its runs asked for.
    pub(crate) asked: BTreeMap<(RequestId, OperationNumber), Asked>,
    /// What its runs wanted opened: for which action, under which key.
    pub(crate) opens: BTreeMap<(RequestId, OperationNumber), (ActionCid, PublicKey)>,
    /// What asks the issuer for its keys.
    pub(crate) shell: Shell,
}

impl Node {
    pub(crate) fn life(&self) -> Life {
        Life { slot: self.slot, generation: self.generation, node: self.index }
    }

    /// Its place among the members, which a second instance shares.
    pub(crate) fn place(&self) -> usize {
        usize::from(self.index.get()) - 1
    }

    /// What it was doing is over, and nothing waits.
    pub(crate) fn drop_work(&mut self) {
        self.inbox = Inbox::default();
        self.effects.clear();
        (self.synced, self.free_us, self.wakes_us) = (false, 0, None);
    }

    pub(crate) fn alive(&self) -> bool {
        self.engine.is_some()
    }

    pub(crate) fn honest(&self) -> bool {
        self.byzantine.is_none()
    }

    /// Both clocks. The monotonic one starts at an odd value, since nothing may rely on where it starts.
    pub(crate) fn now(&self, now_us: u64, epoch_unix_ms: u64) -> Now {
        let unix_ms = epoch_unix_ms + now_us / 1_000;
        Now { mono_ms: self.mono_ms(now_us), unix_ms: unix_ms.saturating_add_signed(self.skew_ms) }
    }

    pub(crate) fn mono_ms(&self, now_us: u64) -> u64 {
        MONO_BEGIN_MS + (now_us - self.started_us) / 1_000
    }

    /// When the monotonic clock will show this.
    pub(crate) fn at_us(&self, mono_ms: u64) -> u64 {
        self.started_us + mono_ms.saturating_sub(MONO_BEGIN_MS) * 1_000
    }
}

const MONO_BEGIN_MS: u64 = 1_717;
