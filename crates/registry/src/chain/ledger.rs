//! The list of blocks and the state that it gives: used alike by the process that makes blocks and by those that
//! follow it. A [`Ledger`] is what is known after one block, for readers; a [`LedgerWriter`] takes further blocks over.

mod writer;

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
    time::Instant,
};

use alloy_consensus::{
    Eip658Value, Header, Receipt, ReceiptEnvelope, ReceiptWithBloom, Transaction as _, TxEnvelope,
    proofs::{calculate_receipt_root, calculate_transaction_root},
};
use alloy_primitives::{Address, B256, Bloom, Bytes, Log, TxKind, U256};
use revm::{bytecode::Bytecode, primitives::KECCAK_EMPTY};

pub(crate) use self::writer::LedgerWriter;
pub(crate) use super::store::BlockMeta;
use super::{
    body,
    evm::{BlockExecutor, Environment},
    genesis::{BLOCK_BYTES_MAX, BLOCK_GAS_LIMIT, BLOCK_TXS_MAX, Genesis},
    price,
    state::{Account, SlotKey, StateAt, slot_key},
    store::{Changed, Changes, Pending, Snapshot, StoreError, account_key},
    trie::{self, EMPTY_ROOT, NodeKey, NodeSource, TrieId},
    tx::DecodedTx,
};
use crate::error::ReadError;

/// A transaction in a block, with what it did.
#[derive(Clone, Debug)]
pub(crate) struct IncludedTx {
    pub(crate) tx: DecodedTx,
    pub(crate) success: bool,
    pub(crate) gas_used: u64,
    pub(crate) cumulative_gas: u64,
    pub(crate) logs: Vec<Log>,
    /// Number of logs in the block before those of this transaction.
    pub(crate) first_log: u64,
    pub(crate) created: Option<Address>,
    pub(crate) bloom: Bloom,
}

/// A block with its transactions.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    pub(crate) header: Header,
    pub(crate) hash: B256,
    pub(crate) txs: Vec<IncludedTx>,
}

/// Whether whole blocks are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    /// For JSON-RPC: transactions, receipts and logs of every block.
    Everything,
    /// For a node: only hashes, times and the state.
    Hashes,
}

/// A block that was executed and not yet taken over.
pub(crate) struct Executed {
    pub(crate) block: Block,
    meta: BlockMeta,
    changes: Changes,
}

/// A transaction that did not get into a block.
pub(crate) enum Left {
    /// It can be in a later block.
    Full,
    /// It cannot be executed as things are.
    Invalid(String),
}

/// A transaction that did not get into a block, with its place among those that were wanted.
pub(crate) type LeftOut = (usize, DecodedTx, Left);

/// Why a block that exists is not taken over.
#[derive(Debug)]
pub(crate) enum Unreplayable {
    /// It does not follow from its transactions.
    Wrong(String),
    /// What it follows on cannot be read.
    Read(ReadError),
}

impl From<ReadError> for Unreplayable {
    fn from(error: ReadError) -> Self {
        Self::Read(error)
    }
}

/// Where the next logs are that somebody asks for.
pub(crate) enum NextLogs {
    /// In this block, perhaps.
    In(u64),
    /// In none of the range.
    Nowhere,
    /// It was not found in time; not before this block.
    NotYet(u64),
}

/// What is known after one block. It is cheap to clone and never changes.
#[derive(Clone, Debug)]
pub(crate) struct Ledger(Arc<Known>);

#[derive(Debug)]
struct Known {
    genesis: Arc<Genesis>,
    genesis_hash: B256,
    snapshot: Arc<Snapshot>,
    /// Blocks up to the head that are not written yet: nothing of before the head is readable then.
    pending: Option<Arc<RwLock<Pending>>>,
    head: u64,
    head_meta: BlockMeta,
    oldest: u64,
}

impl Known {
    /// What of the newest state is not written yet.
    fn pending<T>(&self, read: impl FnOnce(&Pending) -> Option<T>) -> Option<T> {
        let pending = self.pending.as_ref()?.read().unwrap_or_else(PoisonError::into_inner);
        read(&pending)
    }
}

impl NodeSource for Known {
    fn node(&self, key: &NodeKey) -> Result<Option<Vec<u8>>, StoreError> {
        match self.pending(|pending| pending.node(key)) {
            Some(node) => Ok(node),
            None => self.snapshot.node(key),
        }
    }
}

impl Ledger {
    pub(crate) fn genesis(&self) -> &Genesis {
        &self.0.genesis
    }

    pub(crate) fn genesis_hash(&self) -> B256 {
        self.0.genesis_hash
    }

    /// Number of the newest block.
    pub(crate) fn head(&self) -> u64 {
        self.0.head
    }

    pub(crate) fn head_meta(&self) -> BlockMeta {
        self.0.head_meta
    }

    pub(crate) fn meta(&self, number: u64) -> Result<Option<BlockMeta>, ReadError> {
        if number == self.0.head {
            return Ok(Some(self.0.head_meta));
        }
        if let Some(meta) = self.0.pending(|pending| pending.meta(number)) {
            return Ok(Some(meta));
        }
        Ok(self.0.snapshot.meta(number)?)
    }

    pub(crate) fn number_of(&self, hash: B256) -> Result<Option<u64>, ReadError> {
        Ok(self.0.snapshot.number_of(hash)?)
    }

    /// A whole block; `None` also when only hashes are kept.
    pub(crate) fn block(&self, number: u64) -> Result<Option<Arc<Block>>, ReadError> {
        let Some(body) = self.0.snapshot.body(number)? else { return Ok(None) };
        let block = body::decode(&body).inspect_err(|_| self.0.snapshot.is_damaged("bodies"))?;
        Ok(Some(Arc::new(block)))
    }

    /// Time and raw transactions of a block, compared with its hash.
    pub(crate) fn raw_block(&self, number: u64) -> Result<Option<(BlockMeta, Vec<Bytes>)>, ReadError> {
        let Some(meta) = self.meta(number)? else { return Ok(None) };
        let body = self.0.snapshot.body(number)?.unwrap_or_default();
        let (_, raw) = body::raw(&body, meta.hash).inspect_err(|_| self.0.snapshot.is_damaged("bodies"))?;
        Ok(Some((meta, raw)))
    }

    pub(crate) fn tx(&self, hash: B256) -> Result<Option<(Arc<Block>, usize)>, ReadError> {
        let Some((number, index)) = self.0.snapshot.tx(hash)? else { return Ok(None) };
        let Some(block) = self.block(number)? else { return Ok(None) };
        let index = usize::try_from(index).unwrap_or(usize::MAX);
        if block.txs.get(index).is_none_or(|found| found.tx.hash != hash) {
            return Err(self.0.snapshot.damaged("transactions").into());
        }
        Ok(Some((block, index)))
    }

    /// Whether a transaction is in a block.
    pub(crate) fn has_tx(&self, hash: B256) -> Result<bool, ReadError> {
        Ok(self.0.snapshot.tx(hash)?.is_some())
    }

    /// The first block from one to another that may have a log for each of these lists of addresses or topics.
    pub(crate) fn next_with_logs(
        &self,
        wanted: &[Vec<body::LogTag>],
        (from, to): (u64, u64),
        until: Instant,
    ) -> Result<NextLogs, ReadError> {
        let mut at = from;
        loop {
            let mut furthest = at;
            for alternatives in wanted {
                if Instant::now() > until {
                    return Ok(NextLogs::NotYet(furthest));
                }
                match self.0.snapshot.next_with_log(alternatives, furthest, to)? {
                    Some(block) => furthest = block,
                    None => return Ok(NextLogs::Nowhere),
                }
            }
            if furthest == at {
                return Ok(NextLogs::In(at));
            }
            at = furthest;
        }
    }

    /// Whether the state after a block can be read.
    pub(crate) fn check_readable(&self, number: u64) -> Result<(), ReadError> {
        if number > self.0.head {
            return Err(ReadError::Ahead(number));
        }
        if number < self.0.oldest {
            return Err(ReadError::Pruned(number));
        }
        Ok(())
    }

    pub(crate) fn state_at(&self, number: u64) -> Result<StateAt<'_>, ReadError> {
        self.check_readable(number)?;
        Ok(StateAt { ledger: self, block: number })
    }

    pub(crate) fn slot(&self, address: Address, key: U256, number: u64) -> Result<U256, ReadError> {
        self.check_readable(number)?;
        self.slot_at(&slot_key(account_key(address), key), number)
    }

    /// `None` for the newest block, which needs no look at what was before.
    fn at(&self, number: u64) -> Option<u64> {
        (number < self.0.head).then_some(number)
    }

    pub(super) fn account_at(&self, key: B256, number: u64) -> Result<Option<Account>, ReadError> {
        let at = self.at(number);
        match self.0.pending(|pending| pending.account(key)) {
            Some(account) if at.is_none() => Ok(account),
            _ => Ok(self.0.snapshot.account(key, at)?),
        }
    }

    pub(super) fn slot_at(&self, key: &SlotKey, number: u64) -> Result<U256, ReadError> {
        let at = self.at(number);
        match self.0.pending(|pending| pending.slot(key)) {
            Some(word) if at.is_none() => Ok(word),
            _ => Ok(self.0.snapshot.slot(key, at)?),
        }
    }

    /// A whole block as it is stored; `None` also when only hashes are kept.
    pub(super) fn body(&self, number: u64) -> Result<Option<Vec<u8>>, ReadError> {
        Ok(self.0.snapshot.body(number)?)
    }

    /// The next account behind a key, as it was after a block.
    pub(super) fn next_account(
        &self,
        behind: Option<B256>,
        number: u64,
    ) -> Result<Option<(B256, Option<Account>)>, ReadError> {
        Ok(self.0.snapshot.next_account(behind, self.at(number))?)
    }

    /// The slots of an account behind a key, as they were after a block, until `each` is false: the last one then.
    pub(super) fn slots_behind(
        &self,
        account: B256,
        behind: Option<B256>,
        number: u64,
        each: impl FnMut(B256, U256) -> bool,
    ) -> Result<Option<B256>, ReadError> {
        Ok(self.0.snapshot.slots_behind(account, behind, self.at(number), each)?)
    }

    /// Code, if there is any with this hash.
    pub(super) fn known_code(&self, hash: B256) -> Result<Option<Bytecode>, ReadError> {
        Ok(self.0.snapshot.code(hash)?)
    }

    pub(super) fn code_by_hash(&self, hash: B256) -> Result<Bytecode, ReadError> {
        if hash == KECCAK_EMPTY {
            return Ok(Bytecode::default());
        }
        if let Some(code) = self.0.pending(|pending| pending.code(hash)) {
            return Ok(code);
        }
        // No account names code that is not there.
        Ok(self.0.snapshot.code(hash)?.ok_or(StoreError::Damaged("codes"))?)
    }

    fn environment(&self, number: u64, timestamp: u64, base_fee: u64) -> Environment {
        Environment::new(self.genesis().chain_id, number, timestamp, base_fee)
    }

    /// Where a call on the state after a block runs.
    pub(crate) fn call_environment(&self, number: u64) -> Result<Environment, ReadError> {
        self.check_readable(number)?;
        let meta = self.meta(number)?.ok_or(ReadError::Ahead(number))?;
        Ok(self.environment(number, meta.timestamp, meta.base_fee))
    }

    /// What gas costs in a block that is made at this time, in seconds.
    pub(crate) fn next_base_fee(&self, timestamp: u64) -> u64 {
        price::after(&self.0.head_meta, timestamp).base_fee
    }

    /// Runs a call on the state after a block.
    #[cfg(test)]
    pub(crate) fn call(&self, request: &super::evm::Call, number: u64) -> super::evm::Called {
        super::evm::call(self.state_at(number)?, self.call_environment(number)?, request)
    }

    /// Executes the next block. What cannot be in it is left out and named by its place in `txs`.
    pub(crate) fn execute(
        &self,
        timestamp: u64,
        txs: Vec<DecodedTx>,
        gas_max: u64,
    ) -> Result<(Executed, Vec<LeftOut>), ReadError> {
        let parent = self.head_meta();
        let number = self.head() + 1;
        let price = price::after(&parent, timestamp);
        let state = StateAt { ledger: self, block: self.head() };
        let mut executor = BlockExecutor::new(state, self.environment(number, timestamp, price.base_fee));
        let (mut included, mut left) = (Vec::new(), Vec::new());
        let (mut gas, mut bytes, mut logs) = (0_u64, 0_usize, 0_u64);
        for (place, tx) in txs.into_iter().enumerate() {
            if gas.saturating_add(tx.envelope.gas_limit()) > gas_max
                || bytes.saturating_add(tx.raw.len()) > BLOCK_BYTES_MAX
                || included.len() >= BLOCK_TXS_MAX
            {
                left.push((place, tx, Left::Full));
                continue;
            }
            if tx.envelope.kind() == TxKind::Create
                && !self.genesis().may_create(tx.from, tx.envelope.nonce())
            {
                left.push((place, tx, Left::Invalid(CREATION_CLOSED.to_owned())));
                continue;
            }
            match executor.run(tx.env())? {
                Err(reason) => left.push((place, tx, Left::Invalid(reason))),
                Ok(outcome) => {
                    gas += outcome.gas_used;
                    bytes += tx.raw.len();
                    let first_log = logs;
                    logs += outcome.logs.len() as u64;
                    included.push(IncludedTx {
                        tx,
                        success: outcome.success,
                        gas_used: outcome.gas_used,
                        cumulative_gas: gas,
                        bloom: outcome.logs.iter().collect(),
                        logs: outcome.logs,
                        first_log,
                        created: outcome.created,
                    });
                }
            }
        }
        let (changes, state_root) = self.changes(executor.finish(), parent.state_root)?;
        let (template, price) = header_after(&parent, number, timestamp);
        let header = Header {
            gas_used: gas,
            state_root,
            transactions_root: calculate_transaction_root(
                &included.iter().map(|tx| tx.tx.envelope.clone()).collect::<Vec<_>>(),
            ),
            receipts_root: calculate_receipt_root(&included.iter().map(receipt).collect::<Vec<_>>()),
            logs_bloom: included.iter().fold(Bloom::ZERO, |bloom, tx| bloom | tx.bloom),
            ..template
        };
        let block = Block { hash: header.hash_slow(), header, txs: included };
        let meta = BlockMeta {
            hash: block.hash,
            timestamp,
            state_root,
            base_fee: price.base_fee,
            excess_gas: price.excess_gas.saturating_add(gas),
        };
        Ok((Executed { block, meta, changes }, left))
    }

    /// Everything that is different after a block, under hashed keys, and the root of the state with it.
    fn changes(&self, touched: super::evm::Touched, state_root: B256) -> Result<(Changes, B256), ReadError> {
        let head = self.head();
        let mut changes = Changes { codes: touched.codes, ..Changes::default() };
        let mut leaves = BTreeMap::new();
        let mut slots = touched.slots.into_iter().peekable();
        for (address, info) in touched.accounts {
            let key = account_key(address);
            let before = self.account_at(key, head)?;
            let mut storage = BTreeMap::new();
            while let Some(((_, slot), after)) = slots.next_if(|((owner, _), _)| *owner == address) {
                let slot = slot_key(key, slot);
                let was = self.slot_at(&slot, head)?;
                if was != after {
                    changes.slots.insert(slot, Changed { before: was, after });
                    let leaf = (!after.is_zero()).then(|| alloy_rlp::encode(after));
                    storage.insert(B256::from_slice(&slot[32..]), leaf);
                }
            }
            let mut storage_root = before.map_or(EMPTY_ROOT, |account| account.storage_root);
            if !storage.is_empty() {
                let of_account = TrieId::Storage(key);
                storage_root =
                    trie::update(&*self.0, of_account, storage_root, &storage, &mut changes.nodes)?;
            }
            let after = info.map(|info| Account {
                balance: info.balance,
                nonce: info.nonce,
                code_hash: info.code_hash,
                storage_root,
            });
            if before != after {
                changes.accounts.insert(key, Changed { before, after });
                leaves.insert(key, after.map(Account::to_rlp));
            }
        }
        let state_root = trie::update(&*self.0, TrieId::Accounts, state_root, &leaves, &mut changes.nodes)?;
        Ok((changes, state_root))
    }

    /// Executes a block that exists already: every transaction must be in it.
    pub(crate) fn replay(&self, timestamp: u64, raw: &[Bytes]) -> Result<Executed, Unreplayable> {
        let wrong = |reason: String| Err(Unreplayable::Wrong(reason));
        if raw.len() > BLOCK_TXS_MAX {
            return wrong(format!("{} transactions", raw.len()));
        }
        let parent = self.head_meta().timestamp;
        if timestamp < parent {
            return wrong("its time is before its parent's".to_owned());
        }
        // Such a block says what time it is, and nothing else: one a second at most.
        if raw.is_empty() && timestamp == parent {
            return wrong("no transactions, and its parent's time".to_owned());
        }
        let decode = |raw| DecodedTx::decode(raw, self.genesis().chain_id);
        let txs = match raw.iter().map(decode).collect::<Result<Vec<_>, _>>() {
            Ok(txs) => txs,
            Err(error) => return wrong(error.to_string()),
        };
        let (executed, left) = self.execute(timestamp, txs, BLOCK_GAS_LIMIT)?;
        match left.first() {
            None => Ok(executed),
            Some((place, _, Left::Full)) => wrong(format!("transaction {place} does not fit")),
            Some((place, _, Left::Invalid(reason))) => wrong(format!("transaction {place}: {reason}")),
        }
    }

    /// Balance and nonce of an account after a block.
    pub(crate) fn account(&self, address: Address, number: u64) -> Result<(U256, u64), ReadError> {
        self.check_readable(number)?;
        let account = self.account_at(account_key(address), number)?;
        Ok(account.map_or((U256::ZERO, 0), |account| (account.balance, account.nonce)))
    }

    /// Code of an account after a block.
    pub(crate) fn code(&self, address: Address, number: u64) -> Result<Bytes, ReadError> {
        self.check_readable(number)?;
        let Some(account) = self.account_at(account_key(address), number)? else { return Ok(Bytes::new()) };
        Ok(self.code_by_hash(account.code_hash)?.original_bytes())
    }

    /// An account and slots of it at the head, with the nodes that prove them (EIP-1186).
    pub(crate) fn proof(&self, address: Address, slots: &[U256]) -> Result<Proof, ReadError> {
        let key = account_key(address);
        let snapshot = &*self.0;
        let nodes = trie::prove(snapshot, TrieId::Accounts, self.head_meta().state_root, key)?;
        let account = self.account_at(key, self.head())?.unwrap_or_else(|| Account::with_balance(U256::ZERO));
        let storage = slots
            .iter()
            .map(|slot| {
                let place = slot_key(key, *slot);
                let value = self.slot_at(&place, self.head())?;
                let hashed = B256::from_slice(&place[32..]);
                let nodes = trie::prove(snapshot, TrieId::Storage(key), account.storage_root, hashed)?;
                Ok((*slot, value, nodes))
            })
            .collect::<Result<_, ReadError>>()?;
        Ok(Proof { account, nodes, storage })
    }
}

/// What a chain says to a contract of a stranger where only the registry has code.
pub(crate) const CREATION_CLOSED: &str =
    "contract creation is closed: this chain has the registry's contracts only";

/// An account with proofs.
pub(crate) struct Proof {
    pub(crate) account: Account,
    pub(crate) nodes: Vec<Bytes>,
    /// Each slot with its value and nodes.
    pub(crate) storage: Vec<(U256, U256, Vec<Bytes>)>,
}

fn header_template() -> Header {
    Header {
        base_fee_per_gas: Some(super::genesis::BASE_FEE_MIN),
        withdrawals_root: Some(alloy_consensus::EMPTY_ROOT_HASH),
        blob_gas_used: Some(0),
        excess_blob_gas: Some(0),
        parent_beacon_block_root: Some(B256::ZERO),
        requests_hash: Some(alloy_eips::eip7685::EMPTY_REQUESTS_HASH),
        ..Header::default()
    }
}

/// What of a block's header follows from its parent and its time, and the price that it begins with.
pub(crate) fn header_after(parent: &BlockMeta, number: u64, timestamp: u64) -> (Header, price::Price) {
    let price = price::after(parent, timestamp);
    let header = Header {
        parent_hash: parent.hash,
        number,
        timestamp,
        gas_limit: BLOCK_GAS_LIMIT,
        base_fee_per_gas: Some(price.base_fee),
        ..header_template()
    };
    (header, price)
}

/// What is kept of block 0.
pub(crate) fn genesis_meta(genesis: &Genesis) -> BlockMeta {
    meta_of(&genesis_block(genesis).0)
}

fn meta_of(genesis: &Block) -> BlockMeta {
    BlockMeta {
        hash: genesis.hash,
        timestamp: genesis.header.timestamp,
        state_root: genesis.header.state_root,
        base_fee: genesis.header.base_fee_per_gas.unwrap_or_default(),
        excess_gas: 0,
    }
}

fn genesis_block(genesis: &Genesis) -> (Block, Changes) {
    let mut changes = Changes::default();
    let mut leaves = BTreeMap::new();
    for (address, balance) in genesis.accounts.iter().filter(|(_, balance)| !balance.is_zero()) {
        let account = Account::with_balance(*balance);
        let key = account_key(*address);
        changes.accounts.insert(key, Changed { before: None, after: Some(account) });
        leaves.insert(key, Some(account.to_rlp()));
    }
    let state_root = trie::update(&trie::Nothing, TrieId::Accounts, EMPTY_ROOT, &leaves, &mut changes.nodes)
        .unwrap_or(EMPTY_ROOT);
    let header = Header {
        timestamp: genesis.timestamp,
        gas_limit: BLOCK_GAS_LIMIT,
        state_root,
        extra_data: genesis.commitment().0.into(),
        ..header_template()
    };
    (Block { hash: header.hash_slow(), header, txs: Vec::new() }, changes)
}

/// The hash of the first block of a chain: its name.
#[must_use]
pub fn genesis_hash(genesis: &Genesis) -> B256 {
    genesis_block(genesis).0.hash
}

fn receipt(tx: &IncludedTx) -> ReceiptEnvelope {
    let receipt = ReceiptWithBloom {
        receipt: Receipt {
            status: Eip658Value::Eip658(tx.success),
            cumulative_gas_used: tx.cumulative_gas,
            logs: tx.logs.clone(),
        },
        logs_bloom: tx.bloom,
    };
    match &tx.tx.envelope {
        TxEnvelope::Eip2930(_) => ReceiptEnvelope::Eip2930(receipt),
        TxEnvelope::Eip1559(_) => ReceiptEnvelope::Eip1559(receipt),
        // Decoding lets no other types through.
        _ => ReceiptEnvelope::Legacy(receipt),
    }
}
