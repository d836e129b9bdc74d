//! Transactions that wait: for the next block, or for those of their sender that come before them.
//!
//! A transaction is **ready** if its sender's nonce leads to it without a gap: it is in the next block that has room, and
//! who sent it hears when that is on disk. One that is **ahead** waits, for a while and in memory only.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use alloy_consensus::Transaction as _;
use alloy_primitives::{Address, B256, U256};
use tokio::sync::oneshot;

use super::{genesis::BLOCK_TXS_MAX, tx::DecodedTx};

/// Transactions that wait, ready or ahead, and their bytes. Half of both is for ready ones, and a ready one that finds no room
/// takes that of those that are ahead: what may never run keeps out nothing that can.
const WAITING_MAX: usize = 2_048;
const BYTES_MAX: usize = 32 << 20;
/// How far ahead of its sender's nonce a transaction may be: so many of one sender wait.
const NONCES_MAX: u64 = BLOCK_TXS_MAX as u64;
/// How long a transaction waits for those before it.
const LIFETIME: Duration = Duration::from_secs(300);
/// Gas of the least transaction.
const GAS_MIN: u64 = 21_000;

/// What became of a transaction: its hash, or why it is in no block.
pub(crate) type Fate = Result<B256, String>;

struct Waiting {
    tx: DecodedTx,
    /// Where the answer goes; none once it was given.
    answer: Option<oneshot::Sender<Fate>>,
    since: Instant,
    /// Whether its sender's nonce leads to it, also where nobody waits for it.
    ready: bool,
    /// Place in the order of arrival.
    place: u64,
}

/// What the chain knows of a sender.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sender {
    pub(crate) balance: U256,
    /// The nonce of its next transaction.
    pub(crate) nonce: u64,
}

/// All transactions that wait.
#[derive(Default)]
pub(crate) struct Pool {
    senders: BTreeMap<Address, BTreeMap<u64, Waiting>>,
    count: usize,
    bytes: usize,
    arrived: u64,
    closed: bool,
}

impl Pool {
    /// Takes a transaction in. A ready one is answered when it is in a block or cannot be in one; one that is ahead is
    /// taken in without an answer to wait for.
    pub(crate) fn add(
        &mut self,
        tx: DecodedTx,
        sender: Sender,
        now: Instant,
    ) -> Result<Option<oneshot::Receiver<Fate>>, String> {
        self.forget_old(now);
        let nonce = tx.envelope.nonce();
        let ready_until = self.next_nonce(tx.from, sender.nonce);
        let known = self.senders.get(&tx.from).and_then(|waiting| waiting.get(&nonce));
        if self.closed {
            return Err("the chain is stopping".to_owned());
        }
        if nonce < sender.nonce {
            return Err("nonce too low".to_owned());
        }
        if known.is_some_and(|known| known.tx.hash == tx.hash) {
            return Err("already known".to_owned());
        }
        let ready = nonce <= ready_until;
        if !ready {
            check_alone(&tx, sender.balance)?;
        }
        if nonce - sender.nonce >= NONCES_MAX {
            return Err(format!("nonce too high: at most {NONCES_MAX} transactions of one sender wait"));
        }
        // A ready one is on its way into a block: nothing takes its place any more.
        if known.is_some_and(|known| nonce < ready_until || !pays_more(&tx, &known.tx)) {
            return Err("replacement transaction underpriced".to_owned());
        }
        let mut before =
            known.map_or((self.count, self.bytes), |old| (self.count - 1, self.bytes - old.tx.raw.len()));
        let part = if ready { 1 } else { 2 };
        let full = |(count, bytes): (usize, usize)| {
            count >= WAITING_MAX / part || bytes + tx.raw.len() > BYTES_MAX / part
        };
        while full(before) {
            if !ready || !self.make_room(tx.from) {
                return Err("txpool is full".to_owned());
            }
            before = (self.count, self.bytes);
        }
        self.remove(tx.from, nonce);
        let (answer, receive) = oneshot::channel();
        self.count += 1;
        self.bytes += tx.raw.len();
        self.arrived += 1;
        let answer = ready.then_some(answer);
        let waiting = Waiting { answer, since: now, ready, place: self.arrived, tx };
        let of_sender = self.senders.entry(waiting.tx.from).or_default();
        of_sender.insert(nonce, waiting);
        if ready {
            // It may have led to those after it.
            let after = of_sender.range_mut(nonce..).zip(nonce..);
            for ((_, next), _) in after.take_while(|((found, _), wanted)| *found == wanted) {
                next.ready = true;
            }
        }
        Ok(ready.then_some(receive))
    }

    /// The nonce that a sender's next transaction should have, counting those that are ready.
    pub(crate) fn next_nonce(&self, sender: Address, nonce: u64) -> u64 {
        self.ready_of(sender, nonce).last().map_or(nonce, |(last, _)| last + 1)
    }

    fn ready_of(&self, sender: Address, nonce: u64) -> impl Iterator<Item = (u64, &Waiting)> {
        let waiting = self.senders.get(&sender).into_iter().flat_map(move |all| all.range(nonce..));
        waiting
            .zip(nonce..)
            .take_while(|((found, _), wanted)| *found == wanted)
            .map(|((n, one), _)| (*n, one))
    }

    /// Forgets, of other senders, the last that came of those that are ahead; false if there is none.
    fn make_room(&mut self, but: Address) -> bool {
        let others = self.all().filter(|waiting| !waiting.ready && waiting.tx.from != but);
        let last = others.max_by_key(|waiting| waiting.place);
        let Some((sender, nonce)) = last.map(|last| (last.tx.from, last.tx.envelope.nonce())) else {
            return false;
        };
        self.remove(sender, nonce).is_some()
    }

    /// Those for the next block. Senders take turns, so that one with many holds up nobody; within a turn it is the order of
    /// arrival.
    pub(crate) fn ready(&self, nonce_of: impl Fn(Address) -> u64) -> Vec<DecodedTx> {
        let mut ready = Vec::new();
        for sender in self.senders.keys() {
            let of_sender = self.ready_of(*sender, nonce_of(*sender)).enumerate();
            ready.extend(of_sender.map(|(turn, (_, waiting))| ((turn, waiting.place), &waiting.tx)));
        }
        ready.sort_by_key(|(turn, _)| *turn);
        ready.into_iter().take(BLOCK_TXS_MAX).map(|(_, tx)| tx.clone()).collect()
    }

    /// Answers those that are in a block, and those that cannot be in one. Who waited for a transaction that is ahead by
    /// now, because one before it was refused, is told that it waits.
    pub(crate) fn settle(
        &mut self,
        included: &[DecodedTx],
        refused: Vec<(DecodedTx, String)>,
        nonce_of: impl Fn(Address) -> u64,
    ) {
        let fates = included.iter().map(|tx| (tx, Ok(tx.hash)));
        let refusals = refused.iter().map(|(tx, reason)| (tx, Err(reason.clone())));
        for (tx, fate) in fates.chain(refusals) {
            let waiting = self.senders.get(&tx.from).and_then(|all| all.get(&tx.envelope.nonce()));
            if waiting.is_none_or(|waiting| waiting.tx.hash != tx.hash) {
                continue;
            }
            if let Some(Waiting { answer: Some(answer), .. }) = self.remove(tx.from, tx.envelope.nonce()) {
                drop(answer.send(fate));
            }
        }
        for (tx, _) in refused {
            let ready_until = self.next_nonce(tx.from, nonce_of(tx.from));
            for (_, waiting) in
                self.senders.get_mut(&tx.from).into_iter().flat_map(|all| all.range_mut(ready_until..))
            {
                waiting.ready = false;
                if let Some(answer) = waiting.answer.take() {
                    drop(answer.send(Ok(waiting.tx.hash)));
                }
            }
        }
    }

    /// A transaction that waits.
    pub(crate) fn tx(&self, hash: B256) -> Option<&DecodedTx> {
        self.all().map(|waiting| &waiting.tx).find(|tx| tx.hash == hash)
    }

    /// How many are ready, and how many are ahead.
    pub(crate) fn counts(&self, nonce_of: impl Fn(Address) -> u64) -> (usize, usize) {
        let ready = self.senders.keys().map(|sender| self.ready_of(*sender, nonce_of(*sender)).count()).sum();
        (ready, self.count.saturating_sub(ready))
    }

    /// Takes nothing more, and lets nobody wait.
    pub(crate) fn close(&mut self) {
        *self = Pool { closed: true, ..Pool::default() };
    }

    fn all(&self) -> impl Iterator<Item = &Waiting> {
        self.senders.values().flat_map(BTreeMap::values)
    }

    fn remove(&mut self, sender: Address, nonce: u64) -> Option<Waiting> {
        let all = self.senders.get_mut(&sender)?;
        let gone = all.remove(&nonce)?;
        if all.is_empty() {
            self.senders.remove(&sender);
        }
        self.count -= 1;
        self.bytes -= gone.tx.raw.len();
        Some(gone)
    }

    /// Forgets what has waited for too long. Whoever still waits for one of them is told.
    pub(crate) fn forget_old(&mut self, now: Instant) {
        let old = |waiting: &&Waiting| now.saturating_duration_since(waiting.since) > LIFETIME;
        let old: Vec<_> =
            self.all().filter(old).map(|waiting| (waiting.tx.from, waiting.tx.envelope.nonce())).collect();
        for (sender, nonce) in old {
            if let Some(Waiting { answer: Some(answer), .. }) = self.remove(sender, nonce) {
                drop(
                    answer.send(Err(format!("dropped: it was in no block within {} s", LIFETIME.as_secs()))),
                );
            }
        }
    }
}

/// What can be known of a transaction before its turn.
fn check_alone(tx: &DecodedTx, balance: U256) -> Result<(), String> {
    let gas = tx.envelope.gas_limit();
    if gas < GAS_MIN {
        return Err(format!("intrinsic gas too low: gas {gas}, minimum needed {GAS_MIN}"));
    }
    let fee = U256::from(gas).saturating_mul(U256::from(tx.envelope.max_fee_per_gas()));
    let cost = fee.saturating_add(tx.envelope.value());
    if cost > balance {
        return Err(format!("insufficient funds for gas * price + value: balance {balance}, cost {cost}"));
    }
    Ok(())
}

/// Whether a transaction may take another's place: it pays a tenth more at least, in both fees.
fn pays_more(new: &DecodedTx, old: &DecodedTx) -> bool {
    let more = |new: u128, old: u128| new > old && new >= old.saturating_add(old / 10);
    let tip =
        |tx: &DecodedTx| tx.envelope.max_priority_fee_per_gas().unwrap_or(tx.envelope.max_fee_per_gas());
    more(new.envelope.max_fee_per_gas(), old.envelope.max_fee_per_gas()) && more(tip(new), tip(old))
}
