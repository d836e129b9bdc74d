//! Transactions that wait: for the next block, or for those of their sender that come before them.
//!
//! A transaction is **ready** if its sender's nonce leads to it without a gap, and it offers what gas costs now: it is in
//! the next block that has room, and who sent it hears when that is on disk. Any other waits **ahead**, for a while and in
//! memory only. Blocks take those that pay most; before them come those that take rights away, which have a lane and room
//! of their own.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap},
    net::IpAddr,
    time::{Duration, Instant},
};

use alloy_consensus::{Transaction as _, TxEnvelope};
use alloy_primitives::{Address, B256, U256};
use quorate_quota::Held;
use quorate_wire::Payer;
use tokio::sync::oneshot;

use super::{
    genesis::{BASE_FEE_MIN, BLOCK_TXS_MAX},
    lane::{Kind, LANE_SIGNED_MAX, LANE_TXS_MAX, Lane},
    tx::DecodedTx,
};

/// Transactions that wait, ready or ahead, and their bytes. Half of both is for ready ones, and a ready one that finds no room
/// takes that of one that pays less or is ahead: what may never run keeps out nothing that can.
const WAITING_MAX: usize = 2_048;
const BYTES_MAX: usize = 32 << 20;
/// Further room for those of the lane, and how many of it one sender has.
const LANE_WAITING_MAX: usize = 256;
const LANE_OF_SENDER_MAX: usize = 4;
/// Transactions of one sender that wait.
pub(crate) const OF_SENDER_MAX: u64 = 64;
/// How many of them may be missing before one that waits.
pub(crate) const AHEAD_MAX: u64 = 16;
/// One that is further ahead waits for nothing: so many are signed in advance, and no more.
const FAR_MAX: u64 = 1_024;
/// How long a transaction waits for those before it.
const LIFETIME: Duration = Duration::from_secs(300);
/// Gas of the least transaction.
const GAS_MIN: u64 = 21_000;

/// What became of a transaction: its hash, or why it is in no block.
pub(crate) type Fate = Result<B256, String>;

/// Why a transaction is not taken in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NotTaken {
    /// It is too far from its sender's next one, which may change with the next block.
    TooFar,
    /// It is refused.
    Refused(String),
}

impl NotTaken {
    /// What its sender is told.
    pub(crate) fn reason(self) -> String {
        match self {
            Self::TooFar => format!(
                "nonce too high: at most {OF_SENDER_MAX} transactions of one sender wait, and {AHEAD_MAX} before them may be missing"
            ),
            Self::Refused(reason) => reason,
        }
    }
}

struct Waiting {
    tx: DecodedTx,
    /// Where the answer goes; none once it was given.
    answer: Option<oneshot::Sender<Fate>>,
    since: Instant,
    /// Whether its sender's nonce leads to it, also where nobody waits for it.
    ready: bool,
    /// Place in the order of arrival.
    place: u64,
    /// Who handed it in.
    payers: Vec<Payer>,
    /// In whose room it waits.
    lane: bool,
    /// It is in the block that is being made: nothing takes its place any more.
    in_flight: bool,
}

impl Waiting {
    /// What it pays above a base fee, for a gas; none if it does not pay that.
    fn tip(&self, base_fee: u64) -> Option<u128> {
        self.tx.envelope.effective_tip_per_gas(base_fee)
    }

    /// What it pays for a gas now: by this it keeps its place.
    fn offer(&self, base_fee: u64) -> u128 {
        offer(&self.tx, base_fee)
    }
}

/// What a transaction pays for a gas at a base fee, or the cap that keeps it out of blocks.
fn offer(tx: &DecodedTx, base_fee: u64) -> u128 {
    tx.envelope.effective_gas_price(Some(base_fee))
}

/// What waits of one sender, by nonce.
#[derive(Default)]
struct Queue {
    /// The nonce of its next transaction, as the newest block has it.
    next: u64,
    waiting: BTreeMap<u64, Waiting>,
}

impl Queue {
    /// Those that its nonce leads to.
    fn ready(&self) -> impl Iterator<Item = (u64, &Waiting)> {
        let waiting = self.waiting.range(self.next..).zip(self.next..);
        waiting.take_while(|((found, _), wanted)| *found == wanted).map(|((nonce, one), _)| (*nonce, one))
    }

    /// The nonce that its next transaction should have, counting those that are ready.
    fn end(&self) -> u64 {
        self.ready().last().map_or(self.next, |(last, _)| last + 1)
    }
}

/// What the chain knows of a sender.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sender {
    pub(crate) balance: U256,
    /// The nonce of its next transaction.
    pub(crate) nonce: u64,
}

/// A transaction on its way in.
pub(crate) struct Arriving {
    pub(crate) tx: DecodedTx,
    pub(crate) sender: Sender,
    /// Who hands it in, if it came from somewhere.
    pub(crate) source: Option<IpAddr>,
    /// What gas costs now.
    pub(crate) base_fee: u64,
    pub(crate) now: Instant,
}

/// All transactions that wait.
#[derive(Default)]
pub(crate) struct Pool {
    senders: BTreeMap<Address, Queue>,
    lane: Lane,
    count: usize,
    lane_count: usize,
    bytes: usize,
    by_payer: Held<Payer>,
    lane_by_payer: Held<Payer>,
    arrived: u64,
    closed: bool,
}

impl Pool {
    /// A pool that knows which transactions take rights away.
    pub(crate) fn new(lane: Lane) -> Self {
        Self { lane, ..Self::default() }
    }

    /// Takes a transaction in. A ready one is answered when it is in a block or cannot be in one; one that is ahead is
    /// taken in without an answer to wait for.
    pub(crate) fn add(&mut self, arriving: Arriving) -> Result<Option<oneshot::Receiver<Fate>>, NotTaken> {
        let Arriving { tx, sender, source, base_fee, now } = arriving;
        let refused = |reason: &str| Err(NotTaken::Refused(reason.to_owned()));
        self.forget_old(now);
        let nonce = tx.envelope.nonce();
        if let Some(queue) = self.senders.get_mut(&tx.from) {
            queue.next = queue.next.max(sender.nonce);
        }
        let ready_until = self.next_nonce(tx.from, sender.nonce);
        let known = self.senders.get(&tx.from).and_then(|queue| queue.waiting.get(&nonce));
        if self.closed {
            return refused("the chain is stopping");
        }
        if nonce < sender.nonce {
            return refused("nonce too low");
        }
        if known.is_some_and(|known| known.tx.hash == tx.hash) {
            return refused("already known");
        }
        check_alone(&tx, sender.balance).map_err(NotTaken::Refused)?;
        if nonce - sender.nonce > FAR_MAX {
            return Err(NotTaken::Refused(NotTaken::TooFar.reason()));
        }
        if nonce - sender.nonce >= OF_SENDER_MAX || nonce > ready_until.saturating_add(AHEAD_MAX) {
            return Err(NotTaken::TooFar);
        }
        if known.is_some_and(|known| known.in_flight) {
            return refused("replacement transaction underpriced: the one before is in a block already");
        }
        if known.is_some_and(|known| !pays_more(&tx, &known.tx)) {
            return refused("replacement transaction underpriced");
        }
        let payers = source.map(Payer::of_source).map_or_else(Vec::new, |payers| payers.to_vec());
        let ready = nonce <= ready_until;
        let pays = tx.envelope.max_fee_per_gas() >= u128::from(base_fee);
        // A place in the lane is held by what can be in the next block, and not by what waits behind others.
        let lane = ready
            && pays
            && self.lane.kind(&tx.envelope).is_some()
            && self.pay_before(tx.from, nonce, base_fee)
            && self.has_lane_room(&tx, &payers);
        if !lane {
            self.make_room_for(&tx, &payers, ready, base_fee)?;
        }
        self.end(tx.from, nonce, "replaced by a transaction that pays more");
        let (answer, receive) = oneshot::channel();
        let from = tx.from;
        self.enter(&tx, &payers, lane);
        self.arrived += 1;
        let waits = ready && pays;
        let answer = waits.then_some(answer);
        let waiting =
            Waiting { answer, since: now, ready, place: self.arrived, payers, lane, in_flight: false, tx };
        let queue = self.senders.entry(from).or_default();
        queue.next = queue.next.max(sender.nonce);
        let of_sender = &mut queue.waiting;
        of_sender.insert(nonce, waiting);
        if ready {
            // It may have led to those after it.
            let after = of_sender.range_mut(nonce..).zip(nonce..);
            for ((_, next), _) in after.take_while(|((found, _), wanted)| *found == wanted) {
                next.ready = true;
            }
            self.find_lane(from, nonce, base_fee);
        }
        Ok(waits.then_some(receive))
    }

    /// Gives those of a sender that are ready behind a nonce their places in the lane, which they could not have before.
    fn find_lane(&mut self, sender: Address, nonce: u64, base_fee: u64) {
        let queue = self.senders.get(&sender).into_iter().flat_map(Queue::ready);
        let behind = queue.filter(|(other, waiting)| *other > nonce && !waiting.lane && !waiting.in_flight);
        let behind = behind.filter(|(_, waiting)| self.lane.kind(&waiting.tx.envelope).is_some());
        let behind: Vec<_> =
            behind.map(|(other, waiting)| (other, waiting.tx.clone(), waiting.payers.clone())).collect();
        for (other, tx, payers) in behind {
            let pays = tx.envelope.effective_tip_per_gas(base_fee).is_some();
            if !pays || !self.pay_before(sender, other, base_fee) || !self.has_lane_room(&tx, &payers) {
                continue;
            }
            self.leave(&tx, &payers, false);
            self.enter(&tx, &payers, true);
            let queue = self.senders.get_mut(&sender);
            if let Some(waiting) = queue.and_then(|queue| queue.waiting.get_mut(&other)) {
                waiting.lane = true;
            }
        }
    }

    /// Whether all that a sender has before a nonce pay what gas costs.
    fn pay_before(&self, sender: Address, nonce: u64, base_fee: u64) -> bool {
        let queue = self.senders.get(&sender).into_iter().flat_map(Queue::ready);
        queue.take_while(|(other, _)| *other < nonce).all(|(_, waiting)| waiting.tip(base_fee).is_some())
    }

    /// Whether the lane has room, and this sender and source a share of it.
    fn has_lane_room(&self, tx: &DecodedTx, payers: &[Payer]) -> bool {
        let nonce = tx.envelope.nonce();
        let queue = self.senders.get(&tx.from);
        let of_sender = queue.into_iter().flat_map(|queue| &queue.waiting);
        let of_sender = of_sender.filter(|(other, waiting)| **other != nonce && waiting.lane).count();
        let free = LANE_WAITING_MAX.saturating_sub(self.lane_count);
        free > 0 && of_sender < LANE_OF_SENDER_MAX && self.lane_by_payer.may_enter(payers, 1, free)
    }

    /// Finds room in the share of the source, or takes that of another that pays less.
    fn make_room_for(
        &mut self,
        tx: &DecodedTx,
        payers: &[Payer],
        ready: bool,
        base_fee: u64,
    ) -> Result<(), NotTaken> {
        let (from, nonce) = (tx.from, tx.envelope.nonce());
        let offer = offer(tx, base_fee);
        let part = if ready { 1 } else { 2 };
        loop {
            let replaced = self.senders.get(&from).and_then(|queue| queue.waiting.get(&nonce));
            let (count, bytes) = replaced
                .filter(|old| !old.lane)
                .map_or((self.count, self.bytes), |old| (self.count - 1, self.bytes - old.tx.raw.len()));
            let free = (WAITING_MAX / part).saturating_sub(count);
            let has_room = free > 0 && bytes + tx.raw.len() <= BYTES_MAX / part;
            // One source gets more only while it holds less than is then free.
            let fair = self.by_payer.may_enter(payers, 1, free);
            if has_room && fair {
                return Ok(());
            }
            // Where others have left it too little, it may take the place of one of its own.
            let of = (has_room && !fair).then(|| payers.first()).flatten().copied();
            if !ready || !self.drop_one(from, of, (offer, base_fee)) {
                return Err(NotTaken::Refused("txpool is full".to_owned()));
            }
        }
    }

    /// Drops, of other senders, the last that came of those that are ahead, or else the one that offers least, if that
    /// is a tenth less than this offer. With a payer, only what came from it.
    fn drop_one(&mut self, but: Address, of: Option<Payer>, (offer, base_fee): (u128, u64)) -> bool {
        let droppable = |waiting: &&Waiting| {
            waiting.tx.from != but
                && !waiting.lane
                && !waiting.in_flight
                && of.is_none_or(|of| waiting.payers.first() == Some(&of))
        };
        let ahead = self.all().filter(droppable).filter(|waiting| !waiting.ready);
        let last = ahead.max_by_key(|waiting| waiting.place);
        // Of each sender only the last can go, or those behind it would be ahead.
        let tails = self.senders.values().filter_map(|queue| queue.waiting.values().next_back());
        let least = || {
            tails
                .filter(droppable)
                .map(|waiting| (waiting.offer(base_fee), waiting))
                .filter(|(theirs, _)| offer > theirs.saturating_add(theirs / 10))
                .min_by_key(|(theirs, waiting)| (*theirs, Reverse(waiting.place)))
                .map(|(_, waiting)| waiting)
        };
        let Some((sender, nonce)) = last.or_else(least).map(|gone| (gone.tx.from, gone.tx.envelope.nonce()))
        else {
            return false;
        };
        self.end(sender, nonce, "dropped: others pay more, and there is no room")
    }

    fn enter(&mut self, tx: &DecodedTx, payers: &[Payer], lane: bool) {
        let held = if lane { &mut self.lane_by_payer } else { &mut self.by_payer };
        held.enter(payers, 1);
        if lane {
            self.lane_count += 1;
            return;
        }
        self.count += 1;
        self.bytes += tx.raw.len();
    }

    /// The nonce that a sender's next transaction should have, counting those that are ready.
    pub(crate) fn next_nonce(&self, sender: Address, nonce: u64) -> u64 {
        let known = self.senders.get(&sender).filter(|queue| queue.next >= nonce);
        known.map_or(nonce, Queue::end)
    }

    /// Those for the next block: first the lane's, then those that pay the highest tip, each sender's by nonce. Among equal
    /// ones senders take turns, so that one with many holds up nobody; within a turn it is the order of arrival.
    pub(crate) fn ready(&mut self, base_fee: u64) -> Vec<DecodedTx> {
        let chosen = self.choose(base_fee);
        for tx in &chosen {
            let queue = self.senders.get_mut(&tx.from);
            if let Some(waiting) = queue.and_then(|queue| queue.waiting.get_mut(&tx.envelope.nonce())) {
                waiting.in_flight = true;
            }
        }
        chosen
    }

    fn choose(&self, base_fee: u64) -> Vec<DecodedTx> {
        let mut queues: BTreeMap<Address, _> = BTreeMap::new();
        let mut heads = BinaryHeap::new();
        // In the lane it is the order of turns and arrival: nobody pays his way past others there.
        let head = |turn: usize, waiting: &Waiting| {
            let tip = waiting.tip(base_fee)?;
            let by = if waiting.lane { 0 } else { tip };
            Some((waiting.lane, by, Reverse((turn, waiting.place)), waiting.tx.from, tip))
        };
        for (sender, queue) in &self.senders {
            let mut queue = queue.ready().map(|(_, waiting)| waiting).peekable();
            if let Some(first) = queue.peek().and_then(|first| head(0, first)) {
                heads.push(first);
                queues.insert(*sender, queue);
            }
        }
        let (mut ready, mut in_lane, mut signed) = (Vec::new(), BTreeSet::new(), 0);
        while let Some((lane, _, order, sender, tip)) = heads.pop() {
            if ready.len() >= BLOCK_TXS_MAX {
                break;
            }
            let Some(queue) = queues.get_mut(&sender) else { continue };
            if lane {
                let kind = queue.peek().and_then(|waiting| self.lane.kind(&waiting.tx.envelope));
                let by_nodes = kind == Some(Kind::Signed);
                let full = in_lane.len() >= LANE_TXS_MAX || (by_nodes && signed >= LANE_SIGNED_MAX);
                // A lane that is full is none: what does not fit takes its turn by its price.
                if full || !in_lane.insert(sender) {
                    heads.push((false, tip, order, sender, tip));
                    continue;
                }
                signed += usize::from(by_nodes);
            }
            let Some(waiting) = queue.next() else { continue };
            ready.push(waiting.tx.clone());
            let Reverse((turn, _)) = order;
            if let Some(next) = queue.peek().and_then(|next| head(turn + 1, next)) {
                heads.push(next);
            }
        }
        ready
    }

    /// Answers those that are in a block, and those that cannot be in one. Who waited for a transaction that is ahead by
    /// now, because one before it was refused, is told that it waits.
    pub(crate) fn settle(&mut self, included: &[DecodedTx], refused: Vec<(DecodedTx, String)>) {
        for queue in self.senders.values_mut() {
            queue.waiting.values_mut().for_each(|waiting| waiting.in_flight = false);
        }
        for tx in included {
            if let Some(queue) = self.senders.get_mut(&tx.from) {
                queue.next = queue.next.max(tx.envelope.nonce() + 1);
            }
            self.answer(tx, Ok(tx.hash));
        }
        for (tx, reason) in &refused {
            self.answer(tx, Err(reason.clone()));
        }
        for (tx, _) in refused {
            let Some(queue) = self.senders.get_mut(&tx.from) else { continue };
            let end = queue.end();
            for (_, waiting) in queue.waiting.range_mut(end..) {
                waiting.ready = false;
                if let Some(answer) = waiting.answer.take() {
                    drop(answer.send(Ok(waiting.tx.hash)));
                }
            }
        }
    }

    /// Lets go of a transaction that was in the writer's hands, and says what became of it.
    fn answer(&mut self, tx: &DecodedTx, fate: Fate) {
        let nonce = tx.envelope.nonce();
        let waiting = self.senders.get(&tx.from).and_then(|queue| queue.waiting.get(&nonce));
        if waiting.is_some_and(|waiting| waiting.tx.hash == tx.hash)
            && let Some(Waiting { answer: Some(answer), .. }) = self.remove(tx.from, nonce)
        {
            drop(answer.send(fate));
        }
    }

    /// Lets go of a transaction that is in no block and will be in none; false if there was none.
    fn end(&mut self, sender: Address, nonce: u64, reason: &str) -> bool {
        let Some(gone) = self.remove(sender, nonce) else { return false };
        if let Some(answer) = gone.answer {
            drop(answer.send(Err(reason.to_owned())));
        }
        true
    }

    /// A transaction that waits.
    pub(crate) fn tx(&self, hash: B256) -> Option<&DecodedTx> {
        self.all().map(|waiting| &waiting.tx).find(|tx| tx.hash == hash)
    }

    /// How many are ready, and how many are ahead.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let ready = self.senders.values().map(|queue| queue.ready().count()).sum();
        (ready, (self.count + self.lane_count).saturating_sub(ready))
    }

    /// Takes nothing more, and lets nobody wait.
    pub(crate) fn close(&mut self) {
        *self = Pool { closed: true, ..Pool::default() };
    }

    fn all(&self) -> impl Iterator<Item = &Waiting> {
        self.senders.values().flat_map(|queue| queue.waiting.values())
    }

    fn remove(&mut self, sender: Address, nonce: u64) -> Option<Waiting> {
        let queue = self.senders.get_mut(&sender)?;
        let gone = queue.waiting.remove(&nonce)?;
        if queue.waiting.is_empty() {
            self.senders.remove(&sender);
        }
        self.leave(&gone.tx, &gone.payers, gone.lane);
        Some(gone)
    }

    fn leave(&mut self, tx: &DecodedTx, payers: &[Payer], lane: bool) {
        let held = if lane { &mut self.lane_by_payer } else { &mut self.by_payer };
        held.leave(payers, 1);
        if lane {
            self.lane_count -= 1;
        } else {
            self.count -= 1;
            self.bytes -= tx.raw.len();
        }
    }

    /// Forgets what has waited for too long. Whoever still waits for one of them is told.
    pub(crate) fn forget_old(&mut self, now: Instant) {
        let old = |waiting: &&Waiting| {
            !waiting.in_flight && now.saturating_duration_since(waiting.since) > LIFETIME
        };
        let old: Vec<_> =
            self.all().filter(old).map(|waiting| (waiting.tx.from, waiting.tx.envelope.nonce())).collect();
        let reason = format!("dropped: it was in no block within {} s", LIFETIME.as_secs());
        for (sender, nonce) in old {
            self.end(sender, nonce, &reason);
        }
    }
}

/// The gas that a transaction takes before it runs (yellow paper, section 6.2; EIP-2930, EIP-3860), or the floor of its data
/// (EIP-7623), whichever is more.
fn intrinsic_gas(tx: &TxEnvelope) -> u64 {
    let input = tx.input();
    let zeros = input.iter().filter(|byte| **byte == 0).count() as u64;
    let tokens = zeros + 4 * (input.len() as u64 - zeros);
    let creation = if tx.kind().is_create() { 32_000 + 2 * (input.len() as u64).div_ceil(32) } else { 0 };
    let listed = tx.access_list().map_or(0, |list| {
        list.0.iter().map(|item| 2_400 + 1_900 * item.storage_keys.len() as u64).sum::<u64>()
    });
    GAS_MIN + (4 * tokens + creation + listed).max(10 * tokens)
}

/// What can be known of a transaction before its turn.
fn check_alone(tx: &DecodedTx, balance: U256) -> Result<(), String> {
    let gas = tx.envelope.gas_limit();
    let least = intrinsic_gas(&tx.envelope);
    if gas < least {
        return Err(format!("intrinsic gas too low: gas {gas}, minimum needed {least}"));
    }
    let (most, tip) = (tx.envelope.max_fee_per_gas(), tx.envelope.max_priority_fee_per_gas());
    if most < u128::from(BASE_FEE_MIN) {
        return Err(format!(
            "max fee per gas less than block base fee: maxFeePerGas: {most}, baseFee: {BASE_FEE_MIN}"
        ));
    }
    if let Some(tip) = tip.filter(|tip| *tip > most) {
        return Err(format!(
            "max priority fee per gas higher than max fee per gas: maxPriorityFeePerGas: {tip}, maxFeePerGas: {most}"
        ));
    }
    let cost = U256::from(gas).saturating_mul(U256::from(most)).saturating_add(tx.envelope.value());
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
