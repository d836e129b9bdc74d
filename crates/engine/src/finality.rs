//! What was final stays final: the newest final head that this node knows, kept over its starts, and whether the
//! registry still shows it. Steps are those of `docs/protocols/execution.md`, "What was final".
//!
//! Whoever puts an older chain back takes revocations and burns back with it, and no signature of the chain shows that.
//! So a head is remembered when the registry has shown it, and when a peer shows the chain's own signature of it: one
//! node that remembers is enough, and what is not signed by the chain changes nothing.

use std::collections::VecDeque;

use borsh::{BorshDeserialize, BorshSerialize};
use quorate_wire::{
    BlockRef, Digest, ErrorCode, NetworkFile, NodeIndex, PeerMessage, SignedHead, StatementKey,
};

use crate::{
    Config, ReadRegistry, Report, StartError, Stored, Write,
    peers::{bytes, read},
    turn::Turn,
};

/// The newest final head that the registry has shown this node.
const SHOWN: &str = "final_head";
/// A final head that a peer has proven and the registry has not shown since.
const TOLD: &str = "final_head/told";
/// Two statements of the chain that contradict each other.
const TWO: &str = "final_head/two";
/// To which heads the operator has gone back.
const WENT_BACK: &str = "final_head/went_back";

/// A head that nothing was decided by is written down no later than this.
const WRITE_MS: u64 = 1_000;
/// For so long the registry may be behind before the operator is told: a peer is often some moments ahead.
const TELL_AFTER_MS: u64 = 2_000;
/// How often the operator is told again.
const TELL_AGAIN_MS: u64 = 60_000;
/// How often peers are told of heads, at most.
const HEADS_MS: u64 = 3_000;
/// Statements of the registry that are kept in memory, to be held against those of peers.
const RECENT_MAX: usize = 32;
/// How many blocks a chain that was put back may have made before a node accepts it: so much later, what the operator
/// named is not what the registry shows any more.
const MADE_SINCE_MAX: u64 = 64;

/// Words of the operator that are remembered, the newest: each is taken once. Between two of one head there would have
/// to be as many others.
const WENT_BACK_MAX: usize = 64;

/// A final head and who has told of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
struct Told {
    by: NodeIndex,
    head: SignedHead,
}

/// Two final blocks of one number, both by the chain's word, and who has shown the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
struct Two {
    heads: [SignedHead; 2],
    by: Option<NodeIndex>,
}

/// An operator's word that the chain went back, as it was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
struct WentBack {
    /// Where the chain goes on from.
    to: BlockRef,
    /// Statements with lower numbers were made before: what they show and the registry does not is given up.
    since: u64,
}

pub(crate) struct Finality {
    genesis: Digest,
    head_key: StatementKey,
    shown: Option<SignedHead>,
    told: Option<Told>,
    told_on_disk: bool,
    told_unwritten_since_mono_ms: Option<u64>,
    /// What the registry has shown in this process, the newest last.
    recent: VecDeque<SignedHead>,
    /// The chain has shown two histories, and no operator has decided for one yet.
    two: Option<Two>,
    /// What peers were told last.
    passed_on: [Option<BlockRef>; 2],
    next_heads_mono_ms: u64,
    /// The newest last.
    went_back: Vec<WentBack>,
    /// What the operator's configuration says.
    accepted: Option<BlockRef>,
    unwritten_since_mono_ms: Option<u64>,
    missing_since_mono_ms: Option<u64>,
    tell_mono_ms: u64,
}

impl Finality {
    pub(crate) fn load(config: &Config, stored: &Stored) -> Result<Self, StartError> {
        let shown: Option<SignedHead> = read(stored, SHOWN)?;
        let told: Option<Told> = read(stored, TOLD)?;
        Ok(Finality {
            genesis: config.network.chain.genesis,
            head_key: config.network.chain.head_key,
            shown,
            told,
            told_on_disk: told.is_some(),
            told_unwritten_since_mono_ms: None,
            recent: shown.into_iter().collect(),
            two: read(stored, TWO)?,
            passed_on: [None; 2],
            next_heads_mono_ms: 0,
            went_back: read(stored, WENT_BACK)?.unwrap_or_default(),
            accepted: config.accept_rollback_to,
            unwritten_since_mono_ms: None,
            missing_since_mono_ms: None,
            tell_mono_ms: 0,
        })
    }

    /// The newest final head that this node knows, to show it to others.
    pub(crate) fn newest(&self) -> Option<SignedHead> {
        let told = self.told.map(|told| told.head);
        [self.shown, told].into_iter().flatten().max_by_key(|head| head.finalized.number)
    }

    /// Whether the registry shows every final head that this node knows.
    ///
    /// # Errors
    /// `registry_rolled_back`; `registry_stale` if it shows nothing at all.
    pub(crate) fn check(&self, registry: &dyn ReadRegistry) -> Result<(), ErrorCode> {
        if registry.final_head().is_none() {
            return Err(ErrorCode::RegistryStale);
        }
        match self.missing(registry) {
            None if self.two.is_none() => Ok(()),
            _ => Err(ErrorCode::RegistryRolledBack),
        }
    }

    /// For operators: which head the registry does not show, and who has told of it.
    pub(crate) fn waiting_for(&self, network: &NetworkFile, registry: &dyn ReadRegistry) -> Option<String> {
        if let Some(Two { heads: [one, other], by }) = &self.two {
            let (one, other) = (one.finalized, other.finalized);
            let by = by.map_or_else(|| "the registry".to_owned(), |by| network.named(by));
            return Some(format!(
                "the operators: the chain's key has signed two final blocks {}, {} and {} (shown by {by}); which history \
                 goes on, accept_rollback_to says",
                one.number, one.hash, other.hash
            ));
        }
        let shown = registry.final_head()?.finalized;
        let (missing, by) = self.missing(registry)?;
        let by = by.map(|by| format!(" by the chain's word that {} has shown", network.named(by)));
        // Beside the head that is missing the registry may have another block of its number.
        let shown = match registry.final_hash(missing.number) {
            Some(hash) => BlockRef { number: missing.number, hash },
            None => shown,
        };
        Some(format!(
            "block {} ({}), which was final{}: the registry shows block {} ({}) as final",
            missing.number,
            missing.hash,
            by.unwrap_or_default(),
            shown.number,
            shown.hash
        ))
    }

    /// A final head that the registry does not show, and who has told of it.
    fn missing(&self, registry: &dyn ReadRegistry) -> Option<(BlockRef, Option<NodeIndex>)> {
        self.lost(registry).next().map(|(head, by)| (head.finalized, by))
    }

    fn lost(&self, registry: &dyn ReadRegistry) -> impl Iterator<Item = (SignedHead, Option<NodeIndex>)> {
        // A statement that is newer than the registry's own says that this node is behind, which its age bounds. After a
        // chain was put back its statements have higher numbers, so what was lost is always in an older one: by its
        // number, or by the chain's clock where the chain numbers two histories apart.
        let latest = registry.final_head();
        let older = move |head: &SignedHead| {
            latest.is_some_and(|latest| head.sequence <= latest.sequence || head.time_ms < latest.time_ms)
        };
        let known = self.known().into_iter().flatten();
        known
            .filter(move |(head, by)| by.is_none() || older(head) || beside(registry, &head.finalized))
            .filter(|(head, _)| !shows(registry, &head.finalized))
    }

    fn known(&self) -> [Option<(SignedHead, Option<NodeIndex>)>; 2] {
        [self.shown.map(|head| (head, None)), self.told.map(|told| (told.head, Some(told.by)))]
    }

    /// A peer shows a head. What the chain has not signed, or what is known, changes nothing.
    pub(crate) fn on_head(
        &mut self,
        (by, head): (NodeIndex, SignedHead),
        registry: Option<&dyn ReadRegistry>,
        turn: &mut Turn<'_>,
    ) {
        let block = head.finalized;
        let known = self.known().into_iter().flatten().any(|(known, _)| known.finalized == block);
        if known || registry.is_some_and(|registry| shows(registry, &block)) || self.given_up(&head) {
            return;
        }
        // Of two that the registry does not show the higher one stays, unless the other can never be shown.
        let beside = |block: &BlockRef| registry.is_some_and(|registry| beside(registry, block));
        let goes_beyond = self.told.is_none_or(|told| {
            (beside(&block), block.number) > (beside(&told.head.finalized), told.head.finalized.number)
        });
        let twin = self.twin(&head);
        if !goes_beyond && twin.is_none() {
            return;
        }
        if head.genesis != self.genesis || head.verify(&self.head_key).is_err() {
            turn.fault(by, "final_head");
            return;
        }
        if let Some(twin) = twin {
            self.contradicted([twin, head], Some(by), turn);
        }
        if goes_beyond {
            self.learn(Told { by, head }, registry, turn);
        }
    }

    /// Keeps what a peer has proven. Most often the registry shows it a moment later: then it is not written at all.
    fn learn(&mut self, told: Told, registry: Option<&dyn ReadRegistry>, turn: &mut Turn<'_>) {
        self.told = Some(told);
        let block = told.head.finalized;
        let lost = registry.is_none_or(|registry| self.lost(registry).any(|(head, _)| head == told.head));
        if lost {
            self.write_told(turn);
        } else {
            self.told_unwritten_since_mono_ms.get_or_insert(turn.now.mono_ms);
        }
        // The peer is shown why the two cannot both be right.
        if registry.is_some_and(|registry| beside(registry, &block)) {
            let up_to = self.recent.iter().rev().find(|head| head.finalized.number <= block.number);
            if let Some(own) = up_to.copied().or(self.shown) {
                turn.send(told.by, PeerMessage::Head(own));
            }
        }
    }

    fn write_told(&mut self, turn: &mut Turn<'_>) {
        self.told_unwritten_since_mono_ms = None;
        if self.told.is_some() || self.told_on_disk {
            self.told_on_disk = self.told.is_some();
            turn.persist([(TOLD.to_owned(), self.told.as_ref().map(bytes))]);
        }
    }

    /// The statement of another final block with the number of this one, unless two are known already.
    fn twin(&self, head: &SignedHead) -> Option<SignedHead> {
        let told = self.told.map(|told| told.head);
        let known = self.recent.iter().copied().chain(self.shown).chain(told).filter(|_| self.two.is_none());
        let (number, hash) = (head.finalized.number, head.finalized.hash);
        known.into_iter().find(|known| known.finalized.number == number && known.finalized.hash != hash)
    }

    fn contradicted(&mut self, heads: [SignedHead; 2], by: Option<NodeIndex>, turn: &mut Turn<'_>) {
        let two = Two { heads, by };
        self.two = Some(two);
        turn.persist([(TWO.to_owned(), Some(bytes(&two)))]);
        turn.report(Report::TwoHistories { heads: Box::new(heads), told_by: by });
    }

    /// Heads of which all peers are to be told now: they have changed since they were told last.
    pub(crate) fn heads_to_tell(&mut self, now_mono_ms: u64) -> Vec<SignedHead> {
        let known = self.known().map(|known| known.map(|(head, _)| head));
        let blocks = known.map(|head| head.map(|head| head.finalized));
        if now_mono_ms < self.next_heads_mono_ms || blocks == self.passed_on {
            return Vec::new();
        }
        (self.next_heads_mono_ms, self.passed_on) = (now_mono_ms + HEADS_MS, blocks);
        known.into_iter().flatten().collect()
    }

    /// Whether the head was given up when the operator went back.
    fn given_up(&self, head: &SignedHead) -> bool {
        self.went_back.last().is_some_and(|went| head.sequence < went.since)
    }

    /// At the end of each turn: remembers what the registry shows, and tells if it does not show what it should.
    ///
    /// What the turn has decided by the registry is done only once the head is on disk.
    pub(crate) fn settle(&mut self, registry: Option<&dyn ReadRegistry>, turn: &mut Turn<'_>) {
        match registry.and_then(|registry| Some((registry, registry.final_head()?))) {
            Some((registry, shown)) => self.look(registry, shown, turn),
            None => self.missing_since_mono_ms = None,
        }
        let due = |since: u64| turn.by_registry || turn.now.mono_ms >= since + WRITE_MS;
        if self.unwritten_since_mono_ms.is_some_and(due) {
            self.unwritten_since_mono_ms = None;
            let write = Write { key: SHOWN.to_owned(), value: self.shown.as_ref().map(bytes) };
            turn.persist_first(write);
        }
        if self.told_unwritten_since_mono_ms.is_some_and(|since| turn.now.mono_ms >= since + WRITE_MS) {
            self.write_told(turn);
        }
    }

    fn look(&mut self, registry: &dyn ReadRegistry, shown: SignedHead, turn: &mut Turn<'_>) {
        if self.told.is_some_and(|told| shows(registry, &told.head.finalized)) {
            self.told = None;
            self.write_told(turn);
        }
        if self.go_back(registry, shown, turn) {
            return;
        }
        if let Some(twin) = self.twin(&shown) {
            self.contradicted([twin, shown], None, turn);
        }
        if let Some((missing, by)) = self.missing(registry) {
            self.tell(missing, shown.finalized, by, turn);
            return;
        }
        if self.missing_since_mono_ms.take().is_some() && self.tell_mono_ms > 0 {
            self.tell_mono_ms = 0;
            turn.report(Report::RegistryCaughtUp);
        }
        if self.shown.is_none_or(|before| before.finalized.number < shown.finalized.number) {
            self.shown = Some(shown);
            if self.recent.len() == RECENT_MAX {
                self.recent.pop_front();
            }
            self.recent.push_back(shown);
            self.unwritten_since_mono_ms.get_or_insert(turn.now.mono_ms);
        }
    }

    /// Takes the operator's word, once, that the chain has gone back to the head that it names: also where this node
    /// misses nothing yet, as a peer may show what is lost at any time.
    fn go_back(&mut self, registry: &dyn ReadRegistry, shown: SignedHead, turn: &mut Turn<'_>) -> bool {
        let Some(to) = self.accepted else { return false };
        let used = self.went_back.iter().any(|went| went.to == to);
        let near = shown.finalized.number.checked_sub(to.number).is_some_and(|made| made <= MADE_SINCE_MAX);
        if used || !near || !shows(registry, &to) {
            return false;
        }
        let lost: Vec<SignedHead> = self.lost(registry).map(|(head, _)| head).collect();
        let own = self.shown.filter(|head| !shows(registry, &head.finalized));
        // The chain is another one already below the head that was named. What only a peer remembers may be lost for longer.
        let deeper = own.is_some_and(|head| head.finalized.number <= to.number);
        // The chain has not gone back yet.
        let early = lost.is_empty()
            && self.two.is_none()
            && self.shown.is_some_and(|head| head.finalized.number > to.number);
        if deeper || early {
            return false;
        }
        let given_up =
            self.two.iter().flat_map(|two| two.heads).filter(|head| !shows(registry, &head.finalized));
        let after_lost =
            lost.iter().copied().chain(given_up).map(|head| head.sequence.saturating_add(1)).max();
        if self.went_back.len() == WENT_BACK_MAX {
            self.went_back.remove(0);
        }
        self.went_back.push(WentBack { to, since: after_lost.unwrap_or(0).max(shown.sequence) });
        self.shown = Some(shown);
        self.told = self.told.filter(|told| !lost.contains(&told.head));
        self.told_on_disk = self.told.is_some();
        self.told_unwritten_since_mono_ms = None;
        self.two = None;
        self.recent = [shown].into();
        self.unwritten_since_mono_ms = None;
        self.missing_since_mono_ms = None;
        self.tell_mono_ms = 0;
        turn.persist([
            (WENT_BACK.to_owned(), Some(bytes(&self.went_back))),
            (SHOWN.to_owned(), Some(bytes(&shown))),
            (TOLD.to_owned(), self.told.as_ref().map(bytes)),
            (TWO.to_owned(), None),
        ]);
        turn.report(Report::RegistryWentBack { to });
        true
    }

    fn tell(&mut self, missing: BlockRef, shown: BlockRef, by: Option<NodeIndex>, turn: &mut Turn<'_>) {
        let now = turn.now.mono_ms;
        let since = *self.missing_since_mono_ms.get_or_insert(now);
        if now >= since + TELL_AFTER_MS && now >= self.tell_mono_ms {
            self.tell_mono_ms = now + TELL_AGAIN_MS;
            turn.report(Report::RegistryRolledBack { missing, shown, told_by: by });
        }
    }

    /// When something is to be written or told.
    pub(crate) fn next_deadline(&self) -> Option<u64> {
        let write = self.unwritten_since_mono_ms.map(|since| since + WRITE_MS);
        let tell = self.missing_since_mono_ms.map(|since| self.tell_mono_ms.max(since + TELL_AFTER_MS));
        let told = self.told_unwritten_since_mono_ms.map(|since| since + WRITE_MS);
        let blocks = self.known().map(|known| known.map(|(head, _)| head.finalized));
        let heads = (blocks != self.passed_on).then_some(self.next_heads_mono_ms);
        [write, tell, told, heads].into_iter().flatten().min()
    }
}

/// Whether the registry has this very block among its final ones.
fn shows(registry: &dyn ReadRegistry, block: &BlockRef) -> bool {
    registry.final_hash(block.number) == Some(block.hash)
}

/// Whether the registry has another block of this number among its final ones.
fn beside(registry: &dyn ReadRegistry, block: &BlockRef) -> bool {
    registry.final_hash(block.number).is_some_and(|hash| hash != block.hash)
}

#[cfg(test)]
mod tests {
    use sha2::{Digest as _, Sha256};

    use super::*;

    #[test]
    fn records_are_written_as_they_were() {
        let block = |number: u8| BlockRef { number: number.into(), hash: Digest([number; 32]) };
        let head = |first: u8| SignedHead {
            genesis: Digest([first; 32]),
            sequence: u64::from(first) + 1,
            latest: block(first + 2),
            finalized: block(first + 3),
            time_ms: u64::from(first) + 4,
            signature: [first + 5; 64],
        };
        let by = NodeIndex::new(7).unwrap();
        let records = [
            (SHOWN, bytes(&head(10)), "6c43152dfcf3ef5067ed7add0dbabee7130867ca37eff91d24dfba37a775dd19"),
            (
                TOLD,
                bytes(&Told { by, head: head(20) }),
                "8162b492a4dd09cfb417d7821869bdda72a6bd4fb30e47ec46268c979988535e",
            ),
            (
                TWO,
                bytes(&Two { heads: [head(30), head(40)], by: Some(by) }),
                "1323abed5d0c00aa5f958ff922cbd8f2ea4e3672bb7d974280553dbd45cb988f",
            ),
            (
                WENT_BACK,
                bytes(&VecDeque::from([WentBack { to: block(50), since: 51 }])),
                "e53f9879e77e50b8b86978e4b08070acc23231564ac87b36536bdef7749d3dd8",
            ),
        ];
        for (place, record, hash) in records {
            let found = hex::encode(Sha256::digest(&record));
            assert_eq!(found, hash, "{place}: what a store has from before is read no more");
        }
    }
}
