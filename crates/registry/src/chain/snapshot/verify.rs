//! Reads a snapshot, and believes nothing in it that does not follow from block 0 and the hash of its block.
//!
//! One thread reads rows, writes them down and makes leaves; one follows the headers, one makes the tries, and one fills the
//! database.

use std::{
    collections::BTreeSet,
    fs::File,
    io::{BufReader, Read},
    path::Path,
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::ScopedJoinHandle,
};

use alloy_consensus::Header;
use alloy_primitives::{B256, keccak256};
use alloy_trie::nodes::RlpNode;
use revm::{bytecode::Bytecode, primitives::KECCAK_EMPTY};

use super::{
    SNAPSHOT_BYTES_MAX, SnapshotError,
    rows::{HeaderRow, Row, read_head},
};
use crate::chain::{
    genesis::Genesis,
    head::BlockId,
    ledger::{BlockMeta, genesis_hash, genesis_meta, header_after},
    state::Account,
    store::{self, Base, Checkpoint, Fill, LEFT_OUT, LogMark, Metas, State, Store, StoreError, Sum},
    trie::{Leaves, NodeChanges, SortedTrie, TrieId},
};

/// Different codes of one state.
const CODES_MAX: usize = 1 << 20;
/// Headers, rows, nodes and codes that are handed on at a time, and how often ahead of whoever takes them.
const HEADERS: usize = 512;
const ROWS: usize = 4_096;
const NODES: usize = 1_024;
const CODES: usize = 16;
const AHEAD: usize = 4;
/// Each header has its parent's hash, so one after the other is hashed. Meanwhile the state is read.
const HEADERS_AHEAD: usize = 64;

/// What a snapshot is of, once all of it was verified.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    pub(crate) block: BlockId,
    pub(crate) meta: BlockMeta,
    pub(crate) genesis: B256,
}

impl Found {
    /// Of a store that has this, and nothing of before.
    pub(crate) fn checkpoint(&self) -> Checkpoint {
        let BlockId { number, .. } = self.block;
        Checkpoint { genesis: self.genesis, head: number, oldest: number, log: LogMark::default() }
    }
}

/// Which block a snapshot says that it is of.
pub(crate) fn block_of(path: &Path) -> Result<BlockId, SnapshotError> {
    let mut file = File::open(path).map_err(|error| SnapshotError::file(&error))?;
    Ok(read_head(&mut file)?.1)
}

/// Reads a whole snapshot and fills an empty store with it, or fills nothing; the store's rows are beside a path, or in
/// memory. The block is the one that it has to be of.
pub(crate) fn load(
    path: &Path,
    genesis: &Genesis,
    wanted: Option<BlockId>,
    store: Option<(&mut Store, Option<&Path>)>,
) -> Result<(Found, Sum), SnapshotError> {
    let file = File::open(path).map_err(|error| SnapshotError::file(&error))?;
    let length = file.metadata().map_err(|error| SnapshotError::file(&error))?.len();
    if length > SNAPSHOT_BYTES_MAX {
        return Err(SnapshotError::TooLong);
    }
    let mut input = BufReader::with_capacity(1 << 20, file.take(length));
    let (named, block) = read_head(&mut input)?;
    if named != genesis_hash(genesis) {
        return Err(SnapshotError::OtherChain(named));
    }
    if wanted.is_some_and(|wanted| wanted != block) {
        return Err(SnapshotError::OtherBlock { number: block.number, hash: block.hash });
    }
    let (store, (mut metas, state)) = match store {
        Some((store, scratch)) => (Some(store), store::begin(scratch)?),
        None => (None, store::nothing()),
    };
    metas.push(&genesis_meta(genesis))?;
    let verifying = Verifying { block, parent: genesis_meta(genesis), genesis: named };
    let Some(store) = store else {
        let (found, ..) = verifying.run(&mut input, metas, state, None)?;
        return Ok((found, Sum::default()));
    };
    let (fills, filling) = sync_channel(AHEAD);
    let (found, base, sum) = std::thread::scope(|scope| {
        let writer = scope.spawn(|| store.fill(filling));
        let verified = verifying.run(&mut input, metas, state, Some(fills));
        // A database that fails ends the reading too, with less to say.
        let written = writer.join().unwrap_or(Err(StoreError::Damaged("pages")))?;
        let (found, metas, state) = verified?;
        let sum = written.ok_or(StoreError::Damaged("pages"))?;
        Ok::<_, SnapshotError>((found, Base::new(metas, state)?, sum))
    })?;
    store.put_below(base);
    Ok((found, sum))
}

/// What a snapshot is compared with.
struct Verifying {
    genesis: B256,
    block: BlockId,
    /// Block 0.
    parent: BlockMeta,
}

/// A row of the state, for whoever makes the tries.
enum StateRow {
    Account(B256, Account),
    /// With its leaf.
    Slot(B256, RlpNode),
    /// There are no more.
    End,
}

impl Verifying {
    fn run(
        self,
        input: &mut impl Read,
        metas: Metas,
        state: State,
        fills: Option<SyncSender<Fill>>,
    ) -> Result<(Found, Metas, State), SnapshotError> {
        let Self { block, parent, genesis } = self;
        let wrong = AtomicBool::new(false);
        let (meta, metas, state, codes) = std::thread::scope(|scope| {
            let (headers, header_rows) = sync_channel(HEADERS_AHEAD);
            let (rows, state_rows) = sync_channel(AHEAD);
            let follower = scope.spawn(|| follow_all(parent, block, header_rows, metas, &wrong));
            let nodes = fills.clone();
            let hasher = scope.spawn(move || state_root(state_rows, nodes));
            let reading =
                Reading { block, headers: Some(headers), rows, state, wrong: &wrong, fills: fills.clone() };
            let mut reached = Reached::Headers;
            let read = reading.read(input, &mut reached);
            let followed = joined(follower);
            let hashed = joined(hasher);
            // In the order of what is in the file.
            let (meta, metas) = followed?;
            if reached >= Reached::State && meta.hash != block.hash {
                return Err(SnapshotError::Headers(meta.hash));
            }
            if let Some(found) = hashed?
                && found != meta.state_root
            {
                return Err(SnapshotError::StateRoot { found, header: meta.state_root });
            }
            let (state, codes) = read?;
            Ok((meta, metas, state, codes))
        })?;
        let found = Found { block, meta, genesis };
        hand_on(fills.as_ref(), Fill { codes, end: Some(found.checkpoint()), ..Fill::default() })?;
        Ok((found, metas, state))
    }
}

fn joined<T>(thread: ScopedJoinHandle<'_, Result<T, SnapshotError>>) -> Result<T, SnapshotError> {
    thread.join().unwrap_or(Err(SnapshotError::Damaged("it cannot be verified")))
}

fn hand_on(fills: Option<&SyncSender<Fill>>, fill: Fill) -> Result<(), SnapshotError> {
    // Whoever writes has failed, and says why.
    fills.map_or(Ok(()), |fills| fills.send(fill).map_err(|_| StoreError::Damaged("pages").into()))
}

/// How far a snapshot was read.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Reached {
    Headers,
    State,
}

/// Code that is not handed on yet.
type Codes = Vec<(B256, Bytecode)>;

/// Reads what is in a snapshot, and hands it on.
struct Reading<'a> {
    block: BlockId,
    headers: Option<SyncSender<Vec<HeaderRow>>>,
    rows: SyncSender<Vec<StateRow>>,
    state: State,
    /// That the headers do not lead to the block.
    wrong: &'a AtomicBool,
    fills: Option<SyncSender<Fill>>,
}

impl Reading<'_> {
    fn read(mut self, input: &mut impl Read, reached: &mut Reached) -> Result<(State, Codes), SnapshotError> {
        let next = self.read_headers(input)?;
        *reached = Reached::State;
        let (named, next) = self.read_state(input, next)?;
        let codes = self.read_codes(input, next, named)?;
        if input.read(&mut [0]).map_err(|error| SnapshotError::file(&error))? > 0 {
            return Err(SnapshotError::After);
        }
        Ok((self.state, codes))
    }

    /// As many headers as there are blocks, and the row behind them.
    fn read_headers(&mut self, input: &mut impl Read) -> Result<Row, SnapshotError> {
        let headers = self.headers.take();
        let send = |some| match headers.as_ref().map(|headers| headers.send(some)) {
            Some(Ok(())) => Ok(()),
            // Whoever follows them has found a wrong one, and says which.
            _ => Err(SnapshotError::Damaged("a header does not follow")),
        };
        let (mut number, mut some) = (0, Vec::with_capacity(HEADERS));
        let next = loop {
            match Row::read(input)? {
                Row::Header(row) if number < self.block.number => {
                    number += 1;
                    some.push(*row);
                    if some.len() == HEADERS {
                        send(std::mem::replace(&mut some, Vec::with_capacity(HEADERS)))?;
                    }
                }
                Row::Header(_) => return Err(SnapshotError::Damaged("it has more headers than blocks")),
                _ if number < self.block.number => {
                    return Err(SnapshotError::Damaged("it has fewer headers than blocks"));
                }
                next => break next,
            }
        };
        send(some)?;
        Ok(next)
    }

    /// All accounts, each with its slots; the hashes of the code that they name, and the row behind them.
    fn read_state(
        &mut self,
        input: &mut impl Read,
        mut next: Row,
    ) -> Result<(BTreeSet<B256>, Row), SnapshotError> {
        let mut codes = BTreeSet::new();
        let mut some = Vec::with_capacity(ROWS);
        while let Row::Account(key, account) = next {
            if account.code_hash != KECCAK_EMPTY {
                codes.insert(account.code_hash);
                if codes.len() > CODES_MAX {
                    return Err(SnapshotError::Damaged("it has more code than a chain"));
                }
            }
            some.push(StateRow::Account(key, account));
            next = Row::read(input)?;
            let mut leaves = Leaves::default();
            while let Row::Slot(slot, word) = next {
                let leaf = leaves.add(slot, alloy_rlp::encode(word));
                some.extend(leaf.map(|(slot, leaf)| StateRow::Slot(slot, leaf)));
                self.state.slot(slot, word)?;
                self.send_full(&mut some)?;
                next = Row::read(input)?;
            }
            some.extend(leaves.finish().map(|(slot, leaf)| StateRow::Slot(slot, leaf)));
            self.state.account(key, account)?;
            self.send_full(&mut some)?;
        }
        some.push(StateRow::End);
        self.send(some)?;
        Ok((codes, next))
    }

    fn send_full(&self, some: &mut Vec<StateRow>) -> Result<(), SnapshotError> {
        if some.len() < ROWS {
            return Ok(());
        }
        self.send(std::mem::replace(some, Vec::with_capacity(ROWS)))
    }

    fn send(&self, some: Vec<StateRow>) -> Result<(), SnapshotError> {
        // Whoever takes them has found a wrong one, and says which.
        if self.wrong.load(Ordering::Relaxed) || self.rows.send(some).is_err() {
            return Err(SnapshotError::Damaged("a row does not follow"));
        }
        Ok(())
    }

    /// All code that accounts name, each once and in the order of their hashes, and nothing else.
    fn read_codes(
        &self,
        input: &mut impl Read,
        mut next: Row,
        named: BTreeSet<B256>,
    ) -> Result<Codes, SnapshotError> {
        let mut codes = Codes::new();
        for hash in named {
            let Row::Code(code) = next else {
                return Err(SnapshotError::Damaged("a contract has no code"));
            };
            if keccak256(&code) != hash {
                return Err(SnapshotError::Damaged("a code is not the one that accounts name"));
            }
            let code = Bytecode::new_raw_checked(code.into())
                .map_err(|_| SnapshotError::Damaged("a code cannot be run"))?;
            codes.push((hash, code));
            if codes.len() == CODES {
                let codes = std::mem::take(&mut codes);
                hand_on(self.fills.as_ref(), Fill { codes, ..Fill::default() })?;
            }
            next = Row::read(input)?;
        }
        match next {
            Row::End => Ok(codes),
            _ => Err(SnapshotError::Damaged("there is more than accounts name")),
        }
    }
}

/// Follows headers from block 0, and writes down their blocks: the last one.
fn follow_all(
    mut meta: BlockMeta,
    block: BlockId,
    headers: Receiver<Vec<HeaderRow>>,
    mut metas: Metas,
    wrong: &AtomicBool,
) -> Result<(BlockMeta, Metas), SnapshotError> {
    let mut number = 0;
    for row in headers.into_iter().flatten() {
        number += 1;
        meta = follows(&meta, number, &row)?;
        metas.push(&meta)?;
    }
    wrong.store(meta.hash != block.hash, Ordering::Relaxed);
    Ok((meta, metas))
}

/// The root of all accounts, each of which names that of its slots; none if they end before their end.
fn state_root(
    rows: Receiver<Vec<StateRow>>,
    fills: Option<SyncSender<Fill>>,
) -> Result<Option<B256>, SnapshotError> {
    let mut accounts = SortedTrie::without(TrieId::Accounts, LEFT_OUT);
    let mut nodes = NodeChanges::new();
    let mut open: Option<(B256, Account, SortedTrie)> = None;
    for row in rows.into_iter().flatten() {
        if let StateRow::Slot(slot, leaf) = &row {
            let Some((_, _, storage)) = &mut open else {
                return Err(SnapshotError::Damaged("a slot has no account"));
            };
            if !storage.add_leaf(*slot, leaf.clone(), &mut nodes) {
                return Err(SnapshotError::Damaged("slots are not in order"));
            }
        } else if let Some((key, account, storage)) = open.take() {
            if storage.finish(&mut nodes) != account.storage_root {
                return Err(SnapshotError::Damaged("an account's slots do not give the root that it names"));
            }
            if !accounts.add(key, account.to_rlp(), &mut nodes) {
                return Err(SnapshotError::Damaged("accounts are not in order"));
            }
        }
        if nodes.len() >= NODES {
            hand_on(fills.as_ref(), Fill { nodes: std::mem::take(&mut nodes), ..Fill::default() })?;
        }
        match row {
            StateRow::Account(key, account) => {
                open = Some((key, account, SortedTrie::without(TrieId::Storage(key), LEFT_OUT)));
            }
            StateRow::Slot(..) => {}
            StateRow::End => {
                let root = accounts.finish(&mut nodes);
                hand_on(fills.as_ref(), Fill { nodes, ..Fill::default() })?;
                return Ok(Some(root));
            }
        }
    }
    Ok(None)
}

/// The next block of one, from what does not follow.
fn follows(parent: &BlockMeta, number: u64, row: &HeaderRow) -> Result<BlockMeta, SnapshotError> {
    if row.timestamp < parent.timestamp {
        return Err(SnapshotError::Damaged("a block's time is before its parent's"));
    }
    let (template, price) = header_after(parent, number, row.timestamp);
    let header = Header {
        gas_used: row.gas_used,
        state_root: row.state_root,
        transactions_root: row.transactions_root,
        receipts_root: row.receipts_root,
        logs_bloom: row.logs_bloom,
        ..template
    };
    Ok(BlockMeta {
        hash: header.hash_slow(),
        timestamp: row.timestamp,
        state_root: row.state_root,
        base_fee: price.base_fee,
        excess_gas: price.excess_gas.saturating_add(row.gas_used),
    })
}
