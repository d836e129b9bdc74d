//! The only module that knows the EVM library: runs transactions and calls against a state.

use alloy_eips::eip2930::{AccessList, AccessListItem};
use alloy_primitives::{Address, B256, Bytes, Log, TxKind, U256};
use revm::{
    Context, DatabaseCommit as _, DatabaseRef, ExecuteEvm as _, MainBuilder as _, MainContext as _,
    bytecode::Bytecode,
    context::{
        BlockEnv, CfgEnv, TxEnv,
        result::{EVMError, ExecutionResult},
    },
    context_interface::block::BlobExcessGasAndPrice,
    database::{CacheDB, EmptyDB},
    primitives::{KECCAK_EMPTY, hardfork::SpecId},
    state::{AccountInfo, EvmState},
};

use std::collections::BTreeMap;

use super::{genesis::BLOCK_GAS_LIMIT, state::StateAt};
use crate::error::ReadError;

/// The least that gas for blobs costs; there are none here.
pub(crate) const BLOB_BASE_FEE: u128 = 1;
/// Gas of a call that changes nothing: so much computes for some tenths of a second at most.
pub(crate) const CALL_GAS_MAX: u64 = 10_000_000;
/// Runs of one estimate…
const ESTIMATE_RUNS_MAX: usize = 20;
/// …and the gas that they use together; after that it is what is known to be enough.
const ESTIMATE_GAS_MAX: u64 = 5 * CALL_GAS_MAX;

/// What a transaction did.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) success: bool,
    pub(crate) gas_used: u64,
    pub(crate) logs: Vec<Log>,
    pub(crate) output: Bytes,
    pub(crate) created: Option<Address>,
    /// The machine stopped for another reason than a revert.
    pub(crate) halt: Option<String>,
}

/// Where in the chain something runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Environment {
    pub(crate) chain_id: u64,
    pub(crate) number: u64,
    pub(crate) timestamp: u64,
    pub(crate) beneficiary: Address,
    pub(crate) gas_limit: u64,
    pub(crate) base_fee: u64,
    pub(crate) blob_base_fee: u128,
    pub(crate) prevrandao: B256,
}

impl Environment {
    pub(crate) fn new(chain_id: u64, number: u64, timestamp: u64, base_fee: u64) -> Self {
        Self {
            chain_id,
            number,
            timestamp,
            beneficiary: Address::ZERO,
            gas_limit: BLOCK_GAS_LIMIT,
            base_fee,
            blob_base_fee: BLOB_BASE_FEE,
            // No contract of ours reads it, and a value that looks random would only mislead.
            prevrandao: B256::ZERO,
        }
    }

    fn block(&self) -> BlockEnv {
        let (excess_blob_gas, blob_gasprice) = (0, self.blob_base_fee);
        BlockEnv {
            number: U256::from(self.number),
            timestamp: U256::from(self.timestamp),
            beneficiary: self.beneficiary,
            gas_limit: self.gas_limit,
            basefee: self.base_fee,
            difficulty: U256::ZERO,
            prevrandao: Some(self.prevrandao),
            blob_excess_gas_and_price: Some(BlobExcessGasAndPrice { excess_blob_gas, blob_gasprice }),
            slot_num: 0,
        }
    }

    fn cfg(&self) -> CfgEnv {
        let mut cfg = CfgEnv::new_with_spec(SpecId::OSAKA);
        cfg.chain_id = self.chain_id;
        cfg
    }
}

/// Runs the transactions of one block, one after the other.
pub(crate) struct BlockExecutor<'a> {
    environment: Environment,
    cache: CacheDB<StateAt<'a>>,
    touched: Touched,
}

/// What transactions touched, whether or not it is different now.
#[derive(Debug, Default)]
pub(crate) struct Touched {
    /// `None` is an account that is gone.
    pub(crate) accounts: BTreeMap<Address, Option<AccountInfo>>,
    /// Slots of these accounts that were written.
    pub(crate) slots: BTreeMap<(Address, U256), U256>,
    pub(crate) codes: BTreeMap<B256, Bytecode>,
}

impl<'a> BlockExecutor<'a> {
    pub(crate) fn new(parent: StateAt<'a>, environment: Environment) -> Self {
        Self { environment, cache: CacheDB::new(parent), touched: Touched::default() }
    }

    /// Runs one transaction. The inner error says why it cannot be in this block; it changed nothing then.
    pub(crate) fn run(&mut self, tx: TxEnv) -> Result<Result<Outcome, String>, ReadError> {
        let created_at = match tx.kind {
            TxKind::Create => Some(tx.caller.create(tx.nonce)),
            TxKind::Call(_) => None,
        };
        let mut evm = Context::mainnet()
            .with_db(&mut self.cache)
            .with_cfg(self.environment.cfg())
            .with_block(self.environment.block())
            .build_mainnet();
        let executed = match evm.transact(tx) {
            Ok(executed) => executed,
            Err(EVMError::Database(error)) => return Err(error),
            Err(error) => return Ok(Err(error.to_string())),
        };
        drop(evm);
        self.touched.collect(&executed.state);
        self.cache.commit(executed.state);
        Ok(Ok(outcome(executed.result, created_at)))
    }

    /// Everything that the block touched.
    pub(crate) fn finish(self) -> Touched {
        self.touched
    }
}

impl Touched {
    fn collect(&mut self, state: &EvmState) {
        for (address, account) in state.iter().filter(|(_, account)| account.is_touched()) {
            // Since Cancun an account can only be destroyed in the transaction that creates it: it has no older slots.
            if account.is_selfdestructed() || account.is_empty() {
                self.accounts.insert(*address, None);
                continue;
            }
            self.accounts.insert(*address, Some(account.info.clone()));
            if account.info.code_hash != KECCAK_EMPTY
                && account.is_created()
                && let Some(code) = &account.info.code
            {
                self.codes.insert(account.info.code_hash, code.clone());
            }
            for (key, slot) in account.changed_storage_slots() {
                self.slots.insert((*address, *key), slot.present_value);
            }
        }
    }
}

fn outcome(result: ExecutionResult, created_at: Option<Address>) -> Outcome {
    let gas_used = result.tx_gas_used();
    match result {
        ExecutionResult::Success { logs, output, .. } => Outcome {
            success: true,
            gas_used,
            logs,
            output: output.into_data(),
            created: created_at,
            halt: None,
        },
        ExecutionResult::Revert { output, .. } => {
            Outcome { success: false, gas_used, logs: Vec::new(), output, created: None, halt: None }
        }
        ExecutionResult::Halt { reason, .. } => Outcome {
            success: false,
            gas_used,
            logs: Vec::new(),
            output: Bytes::new(),
            created: None,
            halt: Some(format!("{reason:?}")),
        },
    }
}

/// A call that changes nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Call {
    pub(crate) from: Address,
    pub(crate) to: Option<Address>,
    pub(crate) value: U256,
    pub(crate) data: Bytes,
    pub(crate) gas_limit: Option<u64>,
    pub(crate) access_list: AccessList,
}

/// What a call came to; the inner error is why it could not even begin.
pub(crate) type Called = Result<Result<Outcome, String>, ReadError>;

/// Runs a call on a state. Neither balance nor nonce of the caller limits it.
pub(crate) fn call<S: DatabaseRef<Error = ReadError>>(
    state: S,
    environment: Environment,
    call: &Call,
) -> Called {
    Ok(transact(state, environment, call)?.map(|(outcome, _)| outcome))
}

/// Runs a call, and names what it read and wrote beside its own accounts: with that list, further runs are cheaper.
pub(crate) fn access_list<S: DatabaseRef<Error = ReadError> + Copy>(
    state: S,
    environment: Environment,
    request: &Call,
) -> Result<Result<(AccessList, Outcome), String>, ReadError> {
    let touched = match transact(state, environment, request)? {
        Ok((_, touched)) => touched,
        Err(refused) => return Ok(Err(refused)),
    };
    let own = [Some(request.from), request.to, Some(environment.beneficiary)];
    let precompile = |address: &Address| address.as_slice().starts_with(&[0; 18]);
    let mut items: Vec<AccessListItem> = touched
        .iter()
        .filter(|(address, account)| {
            !account.storage.is_empty() || !(own.contains(&Some(**address)) || precompile(address))
        })
        .map(|(address, account)| {
            let mut storage_keys: Vec<B256> = account.storage.keys().map(|key| B256::from(*key)).collect();
            storage_keys.sort_unstable();
            AccessListItem { address: *address, storage_keys }
        })
        .collect();
    items.sort_unstable_by_key(|item| item.address);
    let list = AccessList(items);
    let outcome = call(state, environment, &Call { access_list: list.clone(), ..request.clone() })?;
    Ok(outcome.map(|outcome| (list, outcome)))
}

fn transact<S: DatabaseRef<Error = ReadError>>(
    state: S,
    environment: Environment,
    call: &Call,
) -> Result<Result<(Outcome, EvmState), String>, ReadError> {
    let mut cfg = environment.cfg();
    cfg.disable_balance_check = true;
    cfg.disable_base_fee = true;
    cfg.disable_eip3607 = true;
    cfg.disable_nonce_check = true;
    let tx = TxEnv {
        // A list costs gas, so an estimate without it would be too low.
        tx_type: u8::from(!call.access_list.0.is_empty()),
        access_list: call.access_list.clone(),
        caller: call.from,
        gas_limit: call.gas_limit.unwrap_or(CALL_GAS_MAX).min(CALL_GAS_MAX).min(environment.gas_limit),
        gas_price: 0,
        kind: call.to.map_or(TxKind::Create, TxKind::Call),
        value: call.value,
        data: call.data.clone(),
        chain_id: Some(environment.chain_id),
        ..TxEnv::default()
    };
    let mut evm =
        Context::mainnet().with_ref_db(state).with_cfg(cfg).with_block(environment.block()).build_mainnet();
    match evm.transact(tx) {
        Ok(executed) => Ok(Ok((outcome(executed.result, None), executed.state))),
        Err(EVMError::Database(error)) => Err(error),
        Err(error) => Ok(Err(error.to_string())),
    }
}

/// Runs creations of one account on an empty chain, one after the other: the runtime code of each, or what it reverted with.
pub(crate) fn create_all(
    chain_id: u64,
    (creator, nonce): (Address, u64),
    codes: &[Bytes],
) -> Vec<Result<Bytes, Bytes>> {
    let environment = Environment::new(chain_id, 1, 0, 0);
    let mut state = CacheDB::new(EmptyDB::default());
    state.insert_account_info(creator, AccountInfo { nonce, ..AccountInfo::default() });
    let mut created = Vec::new();
    for (code, nonce) in codes.iter().zip(nonce..) {
        let tx = TxEnv {
            caller: creator,
            nonce,
            gas_limit: CALL_GAS_MAX,
            gas_price: 0,
            kind: TxKind::Create,
            data: code.clone(),
            chain_id: Some(chain_id),
            ..TxEnv::default()
        };
        let mut evm = Context::mainnet()
            .with_db(&mut state)
            .with_cfg(environment.cfg())
            .with_block(environment.block())
            .build_mainnet();
        let Ok(executed) = evm.transact(tx) else {
            // It could not even begin, such as one with too much code.
            created.push(Err(Bytes::new()));
            continue;
        };
        drop(evm);
        state.commit(executed.state);
        let outcome = outcome(executed.result, None);
        created.push(if outcome.success { Ok(outcome.output) } else { Err(outcome.output) });
    }
    created
}

/// The least gas with which a call succeeds, found by bisection as go-ethereum does; or what the call came to with all
/// the gas that there is.
pub(crate) fn estimate_gas<S: DatabaseRef<Error = ReadError> + Copy>(
    state: S,
    environment: Environment,
    request: &Call,
) -> Result<Result<u64, Box<Outcome>>, ReadError> {
    let attempt = |gas: u64| call(state, environment, &Call { gas_limit: Some(gas), ..request.clone() });
    let most = CALL_GAS_MAX.min(environment.gas_limit);
    let limit = request.gas_limit.unwrap_or(most).min(most);
    let first = match attempt(limit)? {
        Ok(first) if first.success => first,
        Ok(failed) => return Ok(Err(Box::new(failed))),
        Err(refused) => return Ok(Err(Box::new(Outcome::refused(refused)))),
    };
    let (mut low, mut high) = (first.gas_used.saturating_sub(1), limit);
    let (mut runs, mut spent) = (1, first.gas_used);
    // Most calls need little more than what they used (refunds, the 1/64 rule): try that first.
    let mut next = first.gas_used.saturating_mul(65) / 64 + 2_300;
    // Three parts in a thousand are exact enough and save half of the runs.
    while low + 1 < high
        && (high - low) * 1000 >= high * 3
        && runs < ESTIMATE_RUNS_MAX
        && spent < ESTIMATE_GAS_MAX
    {
        let gas = if next < high && next > low { next } else { low + (high - low) / 2 };
        next = 0;
        runs += 1;
        let outcome = attempt(gas)?;
        spent = spent.saturating_add(outcome.as_ref().map_or(0, |outcome| outcome.gas_used));
        if outcome.is_ok_and(|outcome| outcome.success) {
            high = gas;
        } else {
            low = gas;
        }
    }
    Ok(Ok(high))
}

impl Outcome {
    /// Of what could not even begin.
    fn refused(reason: String) -> Self {
        Self {
            success: false,
            gas_used: 0,
            logs: Vec::new(),
            output: Bytes::new(),
            created: None,
            halt: Some(reason),
        }
    }
}
