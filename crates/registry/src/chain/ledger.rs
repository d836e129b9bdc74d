//! The list of blocks and the state that it gives: used alike by the process that makes blocks and by those that
//! follow it.

use std::{collections::HashMap, sync::Arc};

use alloy_consensus::{
    Eip658Value, Header, Receipt, ReceiptEnvelope, ReceiptWithBloom, Transaction as _, TxEnvelope,
    proofs::{calculate_receipt_root, calculate_transaction_root},
};
use alloy_primitives::{Address, B256, Bloom, Bytes, Log, U256, keccak256};

use super::{
    evm::{BlockExecutor, Environment},
    genesis::{BLOCK_BYTES_MAX, BLOCK_GAS_LIMIT, BLOCK_TXS_MAX, Genesis},
    state::{BlockHashes, Changes, State, StateAt},
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

/// What is kept of every block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BlockMeta {
    pub(crate) hash: B256,
    pub(crate) timestamp: u64,
    pub(crate) state_root: B256,
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
    changes: Changes,
}

/// A transaction that did not get into a block.
pub(crate) enum Left {
    /// It can be in a later block.
    Full,
    /// It cannot be executed as things are.
    Invalid(String),
}

pub(crate) struct Ledger {
    genesis: Genesis,
    state: State,
    metas: Vec<BlockMeta>,
    keep: Keep,
    blocks: Vec<Arc<Block>>,
    tx_index: HashMap<B256, (u64, usize)>,
}

impl BlockHashes for Vec<BlockMeta> {
    fn block_hash(&self, number: u64) -> Option<B256> {
        self.get(usize::try_from(number).ok()?).map(|meta| meta.hash)
    }
}

impl Ledger {
    pub(crate) fn new(genesis: Genesis, keep: Keep) -> Self {
        let block = genesis_block(&genesis);
        let state = State::new(&genesis);
        let meta =
            BlockMeta { hash: block.hash, timestamp: genesis.timestamp, state_root: block.header.state_root };
        let blocks = if keep == Keep::Everything { vec![Arc::new(block)] } else { Vec::new() };
        Self { genesis, state, metas: vec![meta], keep, blocks, tx_index: HashMap::new() }
    }

    pub(crate) fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    pub(crate) fn genesis_hash(&self) -> B256 {
        self.metas[0].hash
    }

    /// Number of the newest block.
    pub(crate) fn head(&self) -> u64 {
        self.metas.len() as u64 - 1
    }

    pub(crate) fn head_meta(&self) -> BlockMeta {
        self.metas[self.metas.len() - 1]
    }

    pub(crate) fn meta(&self, number: u64) -> Option<BlockMeta> {
        self.metas.get(usize::try_from(number).ok()?).copied()
    }

    pub(crate) fn number_of(&self, hash: B256) -> Option<u64> {
        // Asked for recent blocks, so the newest come first.
        let back = self.metas.iter().rev().position(|meta| meta.hash == hash)?;
        Some(self.head() - back as u64)
    }

    /// A whole block; `None` also when only hashes are kept.
    pub(crate) fn block(&self, number: u64) -> Option<&Arc<Block>> {
        self.blocks.get(usize::try_from(number).ok()?)
    }

    pub(crate) fn tx(&self, hash: B256) -> Option<(&Arc<Block>, usize)> {
        let (number, index) = self.tx_index.get(&hash)?;
        Some((self.block(*number)?, *index))
    }

    /// Whether the state after a block can be read.
    pub(crate) fn check_readable(&self, number: u64) -> Result<(), ReadError> {
        if number > self.head() {
            return Err(ReadError::Ahead(number));
        }
        if number < self.state.oldest() {
            return Err(ReadError::Pruned(number));
        }
        Ok(())
    }

    pub(crate) fn state_at(&self, number: u64) -> Result<StateAt<'_>, ReadError> {
        self.check_readable(number)?;
        Ok(StateAt { state: &self.state, hashes: &self.metas, block: number })
    }

    pub(crate) fn slot(&self, address: Address, key: U256, number: u64) -> Result<U256, ReadError> {
        self.check_readable(number)?;
        Ok(self.state.slot(address, key, number))
    }

    fn environment(&self, number: u64, timestamp: u64) -> Environment {
        Environment::new(self.genesis.chain_id, number, timestamp)
    }

    /// Where a call on the state after a block runs.
    pub(crate) fn call_environment(&self, number: u64) -> Result<Environment, ReadError> {
        self.check_readable(number)?;
        Ok(self.environment(number, self.meta(number).map_or(0, |meta| meta.timestamp)))
    }

    /// Runs a call on the state after a block.
    #[cfg(test)]
    pub(crate) fn call(
        &self,
        request: &super::evm::Call,
        number: u64,
    ) -> Result<Result<super::evm::Outcome, String>, ReadError> {
        Ok(super::evm::call(self.state_at(number)?, self.call_environment(number)?, request))
    }

    /// Executes the next block. What cannot be in it is left out and named by its place in `txs`.
    pub(crate) fn execute(
        &self,
        timestamp: u64,
        txs: Vec<DecodedTx>,
    ) -> (Executed, Vec<(usize, DecodedTx, Left)>) {
        let parent = self.head_meta();
        let number = self.head() + 1;
        let state = StateAt { state: &self.state, hashes: &self.metas, block: self.head() };
        let mut executor = BlockExecutor::new(state, self.environment(number, timestamp));
        let (mut included, mut left) = (Vec::new(), Vec::new());
        let (mut gas, mut bytes, mut logs) = (0_u64, 0_usize, 0_u64);
        for (place, tx) in txs.into_iter().enumerate() {
            if gas.saturating_add(tx.envelope.gas_limit()) > BLOCK_GAS_LIMIT
                || bytes.saturating_add(tx.raw.len()) > BLOCK_BYTES_MAX
                || included.len() >= BLOCK_TXS_MAX
            {
                left.push((place, tx, Left::Full));
                continue;
            }
            match executor.run(tx.env()) {
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
        let changes = executor.finish();
        let header = Header {
            parent_hash: parent.hash,
            number,
            timestamp,
            gas_limit: BLOCK_GAS_LIMIT,
            gas_used: gas,
            state_root: next_state_root(parent.state_root, &changes),
            transactions_root: calculate_transaction_root(
                &included.iter().map(|tx| tx.tx.envelope.clone()).collect::<Vec<_>>(),
            ),
            receipts_root: calculate_receipt_root(&included.iter().map(receipt).collect::<Vec<_>>()),
            logs_bloom: included.iter().fold(Bloom::ZERO, |bloom, tx| bloom | tx.bloom),
            ..header_template()
        };
        let block = Block { hash: header.hash_slow(), header, txs: included };
        (Executed { block, changes }, left)
    }

    /// Executes a block that exists already: every transaction must be in it.
    pub(crate) fn replay(&self, timestamp: u64, raw: &[Bytes]) -> Result<Executed, String> {
        if raw.len() > BLOCK_TXS_MAX {
            return Err(format!("{} transactions", raw.len()));
        }
        let parent = self.head_meta().timestamp;
        if timestamp < parent {
            return Err("its time is before its parent's".to_owned());
        }
        // Such a block says what time it is, and nothing else: one a second at most.
        if raw.is_empty() && timestamp == parent {
            return Err("no transactions, and its parent's time".to_owned());
        }
        let txs = raw
            .iter()
            .map(|raw| DecodedTx::decode(raw, self.genesis.chain_id))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| error.to_string())?;
        let (executed, left) = self.execute(timestamp, txs);
        match left.first() {
            None => Ok(executed),
            Some((place, _, Left::Full)) => Err(format!("transaction {place} does not fit")),
            Some((place, _, Left::Invalid(reason))) => Err(format!("transaction {place}: {reason}")),
        }
    }

    /// Takes over an executed block. It must have been executed on this very head.
    pub(crate) fn commit(&mut self, executed: Executed) -> Arc<Block> {
        let Executed { block, changes } = executed;
        assert_eq!(
            block.header.number,
            self.head() + 1,
            "a block is committed on the head it was executed on"
        );
        assert_eq!(block.header.parent_hash, self.head_meta().hash, "a block is committed on its parent");
        self.state.apply(block.header.number, block.header.timestamp, changes);
        self.metas.push(BlockMeta {
            hash: block.hash,
            timestamp: block.header.timestamp,
            state_root: block.header.state_root,
        });
        let block = Arc::new(block);
        if self.keep == Keep::Everything {
            for (index, tx) in block.txs.iter().enumerate() {
                self.tx_index.insert(tx.tx.hash, (block.header.number, index));
            }
            self.blocks.push(Arc::clone(&block));
        }
        block
    }

    /// Balance and nonce of an account after a block.
    pub(crate) fn account(&self, address: Address, number: u64) -> Result<(U256, u64), ReadError> {
        self.check_readable(number)?;
        Ok(self
            .state
            .account(address, number)
            .map_or((U256::ZERO, 0), |account| (account.balance, account.nonce)))
    }

    /// Code of an account after a block.
    pub(crate) fn code(&self, address: Address, number: u64) -> Result<Bytes, ReadError> {
        self.check_readable(number)?;
        let code = self.state.account(address, number).and_then(|account| self.state.code(account.code_hash));
        Ok(code.map_or_else(Bytes::new, |code| code.original_bytes()))
    }
}

fn header_template() -> Header {
    Header {
        base_fee_per_gas: Some(0),
        withdrawals_root: Some(alloy_consensus::EMPTY_ROOT_HASH),
        blob_gas_used: Some(0),
        excess_blob_gas: Some(0),
        parent_beacon_block_root: Some(B256::ZERO),
        ..Header::default()
    }
}

fn genesis_block(genesis: &Genesis) -> Block {
    let header = Header {
        timestamp: genesis.timestamp,
        gas_limit: BLOCK_GAS_LIMIT,
        state_root: genesis.commitment(),
        extra_data: Bytes::from_static(b"quorate"),
        ..header_template()
    };
    Block { hash: header.hash_slow(), header, txs: Vec::new() }
}

/// The hash of the first block of a chain: its name.
#[must_use]
pub fn genesis_hash(genesis: &Genesis) -> B256 {
    genesis_block(genesis).hash
}

/// The state root of this chain is a running hash over everything that blocks changed: a follower that computes
/// another state cannot arrive at the same block hash. It is not a trie root and gives no proofs.
fn next_state_root(parent: B256, changes: &Changes) -> B256 {
    let mut bytes = Vec::with_capacity(64 + changes.accounts.len() * 93 + changes.slots.len() * 84);
    bytes.extend_from_slice(b"quorate/state/v1");
    bytes.extend_from_slice(parent.as_slice());
    bytes.extend_from_slice(&(changes.accounts.len() as u64).to_be_bytes());
    for (address, account) in &changes.accounts {
        bytes.extend_from_slice(address.as_slice());
        match account {
            None => bytes.push(0),
            Some(account) => {
                bytes.push(1);
                bytes.extend_from_slice(&account.balance.to_be_bytes::<32>());
                bytes.extend_from_slice(&account.nonce.to_be_bytes());
                bytes.extend_from_slice(account.code_hash.as_slice());
            }
        }
    }
    for ((address, key), value) in &changes.slots {
        bytes.extend_from_slice(address.as_slice());
        bytes.extend_from_slice(&key.to_be_bytes::<32>());
        bytes.extend_from_slice(&value.to_be_bytes::<32>());
    }
    keccak256(bytes)
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
