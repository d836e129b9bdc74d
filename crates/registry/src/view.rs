//! The read side: keys, grants and committee at a block that this process replayed itself.

mod directory;
mod grants;
mod reader;

use directory::Kept;

use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::{SolCall, SolValue as _};
use quorate_wire::{Issuers, LoginDomains, SignedHead};
use tokio::sync::watch;

use crate::{
    abi::{NodeRegistry, PKPNFT, PKPPermissions, PubkeyRouter},
    artifacts::{self, Contracts},
    chain::{
        BlockId,
        evm::{self, Call, Outcome},
        ledger::Ledger,
    },
    error::{ChainFault, ReadError},
    moment::Moment,
    subject::{Committee, CommitteeNode, Grant, Pkp, RootKey, Subject, token_id},
};

use reader::{Reader, address_of_word, mapping_slot};

/// Longest key of a login that the contract records.
const USER_PUBKEY_BYTES_MAX: usize = 1024;

/// At which block a read happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// The newest block that this process knows.
    Latest,
    /// The newest block that the chain will never take back.
    Finalized,
    /// A block of the kept history.
    Number(u64),
}

/// Most gas that a call of an action may use on the view's own state: reads of contracts take far less, and what a
/// precompile is paid least for takes a processor some hundredths of a second.
pub const CALL_GAS_MAX: u64 = 3_000_000;

/// Gas in which a further minter says who owns a token: the permissions ask it with as much.
const OWNER_GAS: u64 = 100_000;

/// A call that changes nothing.
#[derive(Clone, Debug)]
pub struct ViewCall {
    /// Who it says calls.
    pub from: Address,
    /// Whom it calls.
    pub to: Address,
    /// Wei.
    pub value: U256,
    /// The call's data.
    pub data: Bytes,
    /// Gas, if it is to be less than three million.
    pub gas: Option<u64>,
}

/// What a call came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Called {
    /// What it gave, or what it was reverted with.
    pub output: Result<Bytes, Bytes>,
    /// The gas that it used.
    pub gas: u64,
}

/// A block as the view names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockInfo {
    /// Height.
    pub number: u64,
    /// Hash.
    pub hash: B256,
    /// Time, unix milliseconds (the chain counts seconds).
    pub time_ms: u64,
}

/// Where the view is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The newest block.
    pub latest: BlockInfo,
    /// The newest finalized block.
    pub finalized: BlockInfo,
    /// Before the last head statement whose head this view has replayed was asked for.
    pub asked: Moment,
    /// The chain's clock in that statement, unix milliseconds.
    pub chain_time_ms: u64,
    /// That statement's number.
    pub sequence: u64,
}

/// A shared, cheap to clone view of the registry.
#[derive(Clone)]
pub struct RegistryView(Arc<Shared>);

pub(crate) struct Shared {
    state: RwLock<ViewState>,
    contracts: Contracts,
    slots: Slots,
    changed: watch::Sender<u64>,
    /// The committee as it was read last, and at which block.
    committee: Mutex<Option<(B256, Committee)>>,
    /// The login domains as they were read last, and at which blocks: the latest and the finalized one.
    login_domains: Kept<LoginDomains>,
    issuers: Kept<Issuers>,
    #[cfg(test)]
    committee_reads: std::sync::atomic::AtomicUsize,
}

#[derive(Default)]
pub(crate) struct ViewState {
    pub(crate) ledger: Option<Ledger>,
    /// Whether this process replayed what led to it, and not only verified a snapshot.
    pub(crate) replayed: bool,
    pub(crate) status: Option<Status>,
    /// The newest authentic statement, whether or not it was caught up with: its number, and when it was asked for
    /// first.
    pub(crate) judged: Option<(u64, Moment)>,
    pub(crate) fault: Option<ChainFault>,
}

/// What the last counted head statement said.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Status {
    pub(crate) finalized: BlockId,
    pub(crate) asked: Moment,
    pub(crate) time_ms: u64,
    pub(crate) sequence: u64,
    /// The whole statement, to show it to others.
    pub(crate) signed: SignedHead,
}

/// Where the contracts keep what is read here; taken from the committed artifacts.
struct Slots {
    grants: U256,
    lists: U256,
    perm_epoch: U256,
    user_pubkeys: U256,
    routes: U256,
    minters: U256,
    key_sets: U256,
    owners: U256,
    entries: U256,
}

impl RegistryView {
    pub(crate) fn new(contracts: Contracts) -> Self {
        let slots = Slots {
            grants: artifacts::pkp_permissions().slot("_grants"),
            lists: artifacts::pkp_permissions().slot("_lists"),
            perm_epoch: artifacts::pkp_permissions().slot("permEpoch"),
            user_pubkeys: artifacts::pkp_permissions().slot("_userPubkeys"),
            routes: artifacts::pubkey_router().slot("_routes"),
            minters: artifacts::pubkey_router().slot("_minters"),
            key_sets: artifacts::pubkey_router().slot("_keySets"),
            owners: artifacts::pkp_nft().slot("_owners"),
            entries: artifacts::directory().slot("_entries"),
        };
        Self(Arc::new(Shared {
            state: RwLock::default(),
            contracts,
            slots,
            changed: watch::Sender::new(0),
            committee: Mutex::default(),
            login_domains: Kept::default(),
            issuers: Kept::default(),
            #[cfg(test)]
            committee_reads: std::sync::atomic::AtomicUsize::new(0),
        }))
    }

    /// The contracts that it reads.
    #[must_use]
    pub fn contracts(&self) -> &Contracts {
        &self.0.contracts
    }

    /// The chain's number for EIP-155, by the genesis whose hash was compared.
    ///
    /// # Errors
    /// As [`RegistryView::head`].
    pub fn chain_id(&self) -> Result<u64, ReadError> {
        Ok(self.read()?.ready()?.0.genesis().chain_id)
    }

    /// Where it is.
    ///
    /// # Errors
    /// Before the first verified head statement, and for ever after the chain contradicted itself.
    pub fn head(&self) -> Result<Head, ReadError> {
        let state = self.read()?;
        let (ledger, status) = state.ready()?;
        let info = |number: u64| {
            let meta = ledger.meta(number)?.ok_or(ReadError::Ahead(number))?;
            Ok::<_, ReadError>(BlockInfo {
                number,
                hash: meta.hash,
                time_ms: meta.timestamp.saturating_mul(1000),
            })
        };
        Ok(Head {
            latest: info(ledger.head())?,
            finalized: info(status.finalized.number)?,
            asked: status.asked,
            chain_time_ms: status.time_ms,
            sequence: status.sequence,
        })
    }

    /// The last head statement whose head this view has replayed, with the chain's signature.
    ///
    /// # Errors
    /// As [`RegistryView::head`].
    pub fn statement(&self) -> Result<SignedHead, ReadError> {
        Ok(self.read()?.ready()?.1.signed)
    }

    /// The hash of the block at a height; `None` above the newest finalized block.
    ///
    /// # Errors
    /// If the view is not ready or the chain is faulty.
    pub fn finalized_hash(&self, number: u64) -> Result<Option<B256>, ReadError> {
        self.read()?.finalized_hash(number)
    }

    /// The hash of a block up to which this process has replayed the chain itself; `None` above the newest finalized
    /// block. What a process says to others of a block is this.
    ///
    /// # Errors
    /// If the view is not ready, the chain is faulty, or a snapshot is read that was not replayed yet.
    pub fn replayed_hash(&self, number: u64) -> Result<Option<B256>, ReadError> {
        let state = self.read()?;
        if state.replayed { state.finalized_hash(number) } else { Err(ReadError::NotReady) }
    }

    /// How long ago the last head statement was asked for, in milliseconds; `None` before the first and after a
    /// fault. Whoever decides denies when this is `None` or too large.
    #[must_use]
    pub fn head_age_ms(&self, now: Moment) -> Option<u64> {
        let head = self.head().ok()?;
        u64::try_from(now.since(head.asked).as_millis()).ok()
    }

    /// What the chain did wrong, if it did.
    #[must_use]
    pub fn fault(&self) -> Option<ChainFault> {
        self.read().ok().and_then(|state| state.fault.clone())
    }

    /// Tells of every change: the value is the newest block's number.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.0.changed.subscribe()
    }

    /// The hash of the block at a height; `None` above the head.
    ///
    /// # Errors
    /// If the view is not ready or the chain is faulty.
    pub fn canonical_hash(&self, number: u64) -> Result<Option<B256>, ReadError> {
        let state = self.read()?;
        Ok(state.ready()?.0.meta(number)?.map(|meta| meta.hash))
    }

    /// The time of the block at a height, unix milliseconds; `None` above the head.
    ///
    /// # Errors
    /// If the view is not ready or the chain is faulty.
    pub fn block_time_ms(&self, number: u64) -> Result<Option<u64>, ReadError> {
        let state = self.read()?;
        Ok(state.ready()?.0.meta(number)?.map(|meta| meta.timestamp.saturating_mul(1000)))
    }

    /// One word of a contract's storage.
    ///
    /// # Errors
    /// If the block cannot be read.
    pub fn slot(&self, address: Address, key: U256, at: At) -> Result<U256, ReadError> {
        let state = self.read()?;
        state.reader(self, at)?.slot(address, key)
    }

    /// A key by its token; `None` if it was never minted (at that block).
    ///
    /// # Errors
    /// If the block cannot be read.
    pub fn pkp(&self, token_id: U256, at: At) -> Result<Option<Pkp>, ReadError> {
        let state = self.read()?;
        let reader = state.reader(self, at)?;
        let router = self.0.contracts.pubkey_router;
        let route = mapping_slot(token_id, self.0.slots.routes);
        let x = reader.slot(router, route)?;
        if x.is_zero() {
            return Ok(None);
        }
        let y = reader.slot(router, route.wrapping_add(U256::from(1)))?;
        let key_id = reader.slot(router, route.wrapping_add(U256::from(2)))?;
        let key_set_hash = reader.slot(router, route.wrapping_add(U256::from(3)))?;
        let key_set = reader.string(router, mapping_slot(key_set_hash, self.0.slots.key_sets))?;
        let minter = reader.slot(router, mapping_slot(token_id, self.0.slots.minters))?;
        let number = reader.number;
        let owner = if minter.is_zero() {
            address_of_word(
                reader.slot(self.0.contracts.pkp_nft, mapping_slot(token_id, self.0.slots.owners))?,
            )
        } else {
            drop(state);
            self.owner_at_minter(address_of_word(minter), token_id, number)?
        };
        let mut public_key = [4; 65];
        public_key[1..33].copy_from_slice(&x.to_be_bytes::<32>());
        public_key[33..].copy_from_slice(&y.to_be_bytes::<32>());
        Ok(Some(Pkp {
            token_id,
            public_key,
            key_id: B256::from(key_id),
            key_set,
            owner: (!owner.is_zero()).then_some(owner),
            further_minter: (!minter.is_zero()).then(|| address_of_word(minter)),
        }))
    }

    /// What a further minter says of a token of its own, as the permissions ask it; zero if it does not live. A minter
    /// that answers nonsense says so of its own tokens only.
    fn owner_at_minter(&self, minter: Address, token_id: U256, number: u64) -> Result<Address, ReadError> {
        let call = ViewCall {
            from: self.0.contracts.pkp_permissions,
            to: minter,
            value: U256::ZERO,
            data: PKPNFT::ownerOfCall { tokenId: token_id }.abi_encode().into(),
            gas: Some(OWNER_GAS),
        };
        let output = self.call_contract(&call, At::Number(number))?.output.unwrap_or_default();
        Ok(PKPNFT::ownerOfCall::abi_decode_returns_validate(&output).unwrap_or_default())
    }

    /// A key by its public key, compressed (33 bytes) or not (65).
    ///
    /// # Errors
    /// If the block cannot be read. Bytes that are no public key are simply not found.
    pub fn pkp_by_public_key(&self, public_key: &[u8], at: At) -> Result<Option<Pkp>, ReadError> {
        use k256::elliptic_curve::sec1::ToSec1Point as _;
        let Ok(key) = k256::PublicKey::from_sec1_bytes(public_key) else {
            return Ok(None);
        };
        let point = key.to_sec1_point(false);
        let Ok(bytes) = <&[u8; 65]>::try_from(point.as_bytes()) else {
            return Ok(None);
        };
        self.pkp(token_id(bytes), at)
    }

    /// What a subject may do with a key. Ownership is not a grant: see [`Pkp::owner`].
    ///
    /// # Errors
    /// If the block cannot be read.
    pub fn grant(&self, token_id: U256, subject: &Subject, at: At) -> Result<Grant, ReadError> {
        let state = self.read()?;
        let reader = state.reader(self, at)?;
        let permissions = self.0.contracts.pkp_permissions;
        let key = self.grant_key(&reader, token_id, subject)?;
        Ok(Grant::from_word(reader.slot(permissions, mapping_slot(key, self.0.slots.grants))?))
    }

    /// The key that was recorded with a login of a token; empty if the login is not permitted or has none.
    ///
    /// # Errors
    /// If the block cannot be read.
    pub fn user_pubkey(&self, token_id: U256, subject: &Subject, at: At) -> Result<Bytes, ReadError> {
        let state = self.read()?;
        let reader = state.reader(self, at)?;
        let permissions = self.0.contracts.pkp_permissions;
        let key = self.grant_key(&reader, token_id, subject)?;
        let slot = mapping_slot(key, self.0.slots.user_pubkeys);
        Ok(reader.bytes(permissions, slot, USER_PUBKEY_BYTES_MAX)?.into())
    }

    /// Under which key the permissions keep what they know of a subject of a token.
    fn grant_key(&self, reader: &Reader, token_id: U256, subject: &Subject) -> Result<U256, ReadError> {
        let place = mapping_slot(token_id, self.0.slots.perm_epoch);
        let epoch = reader.slot(self.0.contracts.pkp_permissions, place)?;
        Ok(U256::from_be_bytes(keccak256((token_id, epoch, subject.hash()).abi_encode()).0))
    }

    /// Every subject that has a grant on a key: kind, id, and the key that was recorded with it.
    ///
    /// # Errors
    /// If the block cannot be read or the contract does not answer.
    pub fn permitted(&self, token_id: U256, at: At) -> Result<Vec<(U256, Bytes, Bytes)>, ReadError> {
        let call = PKPPermissions::getPermittedAuthMethodsCall { tokenId: token_id };
        let methods = self.call(self.0.contracts.pkp_permissions, &call, at)?;
        Ok(methods.into_iter().map(|method| (method.authMethodType, method.id, method.userPubkey)).collect())
    }

    /// Runs a call on the state of a block.
    ///
    /// # Errors
    /// If the block cannot be read.
    pub fn call_contract(&self, call: &ViewCall, at: At) -> Result<Called, ReadError> {
        let number = self.read()?.number(at)?;
        let gas = call.gas.unwrap_or(CALL_GAS_MAX).min(CALL_GAS_MAX);
        let request = Call {
            from: call.from,
            to: Some(call.to),
            value: call.value,
            data: call.data.clone(),
            gas_limit: Some(gas),
            ..Call::default()
        };
        Ok(match self.run(&request, number)? {
            Ok(Outcome { success: true, output, gas_used, .. }) => {
                Called { output: Ok(output), gas: gas_used }
            }
            Ok(Outcome { output, gas_used, .. }) => Called { output: Err(output), gas: gas_used },
            // It is too little even to begin.
            Err(_) => Called { output: Err(Bytes::new()), gas },
        })
    }

    /// An account's balance after a block, in wei.
    ///
    /// # Errors
    /// If the block cannot be read.
    pub fn balance(&self, account: Address, at: At) -> Result<U256, ReadError> {
        let state = self.read()?;
        Ok(state.ready()?.0.account(account, state.number(at)?)?.0)
    }

    /// How many transactions an account has sent up to a block.
    ///
    /// # Errors
    /// If the block cannot be read.
    pub fn transaction_count(&self, account: Address, at: At) -> Result<u64, ReadError> {
        let state = self.read()?;
        Ok(state.ready()?.0.account(account, state.number(at)?)?.1)
    }

    /// The roots of a key set; empty until they are set.
    ///
    /// # Errors
    /// If the block cannot be read or the contract does not answer.
    pub fn root_keys(&self, key_set: &str, at: At) -> Result<Vec<RootKey>, ReadError> {
        let call = PubkeyRouter::getRootKeysCall {
            stakingContract: self.0.contracts.node_registry,
            keySetId: key_set.to_owned(),
        };
        let roots = self.call(self.0.contracts.pubkey_router, &call, at)?;
        Ok(roots
            .into_iter()
            .map(|root| RootKey { public_key: root.pubkey, key_type: root.keyType })
            .collect())
    }

    /// The committee: its nodes in order, and the threshold.
    ///
    /// # Errors
    /// If the block cannot be read or the contract does not answer.
    pub fn committee(&self, at: At) -> Result<Committee, ReadError> {
        let (at, hash) = {
            let state = self.read()?;
            let number = state.number(at)?;
            (At::Number(number), state.ready()?.0.meta(number)?.ok_or(ReadError::Ahead(number))?.hash)
        };
        // Anybody may ask for it again and again; it is read once for each block.
        let mut kept = self.0.committee.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, committee)) = kept.as_ref().filter(|(read_at, _)| *read_at == hash) {
            return Ok(committee.clone());
        }
        let committee = self.read_committee(at)?;
        *kept = Some((hash, committee.clone()));
        Ok(committee)
    }

    fn read_committee(&self, at: At) -> Result<Committee, ReadError> {
        #[cfg(test)]
        self.0.committee_reads.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let registry = self.0.contracts.node_registry;
        let nodes = self.call(registry, &NodeRegistry::nodesCall {}, at)?;
        let threshold = self.call(registry, &NodeRegistry::thresholdCall {}, at)?;
        let epoch = self.call(registry, &NodeRegistry::epochNumberCall {}, at)?;
        Ok(Committee {
            epoch: u64::try_from(epoch).map_err(|_| ReadError::Contract(registry))?,
            threshold: u32::try_from(threshold).map_err(|_| ReadError::Contract(registry))?,
            nodes: nodes
                .into_iter()
                .map(|node| CommitteeNode {
                    address: node.nodeAddress,
                    transport_key_hash: node.transportKeyHash,
                    statement_key: node.statementKey,
                    url: node.url,
                })
                .collect(),
        })
    }

    /// Keccak-256 of the code at an address; `None` if there is none. To be compared with the network file.
    ///
    /// # Errors
    /// If the block cannot be read.
    pub fn code_hash(&self, address: Address, at: At) -> Result<Option<B256>, ReadError> {
        let state = self.read()?;
        let reader = state.reader(self, at)?;
        let code = reader.ledger.code(address, reader.number)?;
        Ok((!code.is_empty()).then(|| keccak256(&code)))
    }

    fn call<C: SolCall>(&self, to: Address, call: &C, at: At) -> Result<C::Return, ReadError> {
        let number = self.read()?.reader(self, at)?.number;
        let request = Call { to: Some(to), data: call.abi_encode().into(), ..Call::default() };
        let outcome = self.run(&request, number)?.map_err(|_| ReadError::Contract(to))?;
        if !outcome.success {
            return Err(ReadError::Contract(to));
        }
        C::abi_decode_returns_validate(&outcome.output).map_err(|_| ReadError::Contract(to))
    }

    /// Runs a call on the state after a block, which no later one changes: nobody waits for it.
    fn run(&self, request: &Call, number: u64) -> evm::Called {
        let ledger = self.read()?.ready()?.0.clone();
        evm::call(ledger.state_at(number)?, ledger.call_environment(number)?, request)
    }

    pub(crate) fn read(&self) -> Result<RwLockReadGuard<'_, ViewState>, ReadError> {
        // What is kept there is exchanged whole: a panic beside it leaves nothing half done.
        Ok(self.0.state.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn write(&self) -> Result<RwLockWriteGuard<'_, ViewState>, ReadError> {
        Ok(self.0.state.write().unwrap_or_else(PoisonError::into_inner))
    }

    #[cfg(test)]
    pub(crate) fn committee_reads(&self) -> usize {
        self.0.committee_reads.load(std::sync::atomic::Ordering::Relaxed)
    }

    pub(crate) fn announce(&self, number: u64) {
        self.0.changed.send_replace(number);
    }
}

impl std::fmt::Debug for RegistryView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RegistryView").field("head", &self.head()).finish_non_exhaustive()
    }
}

impl ViewState {
    fn ready(&self) -> Result<(&Ledger, &Status), ReadError> {
        if let Some(fault) = &self.fault {
            return Err(ReadError::Faulty(fault.clone()));
        }
        match (&self.ledger, &self.status) {
            (Some(ledger), Some(status)) => Ok((ledger, status)),
            _ => Err(ReadError::NotReady),
        }
    }

    fn finalized_hash(&self, number: u64) -> Result<Option<B256>, ReadError> {
        let (ledger, status) = self.ready()?;
        let meta = ledger.meta(number)?.filter(|_| number <= status.finalized.number);
        Ok(meta.map(|meta| meta.hash))
    }

    fn number(&self, at: At) -> Result<u64, ReadError> {
        let (ledger, status) = self.ready()?;
        Ok(match at {
            At::Latest => ledger.head(),
            At::Finalized => status.finalized.number,
            At::Number(number) => number,
        })
    }

    fn reader(&self, view: &RegistryView, at: At) -> Result<Reader, ReadError> {
        let (ledger, _) = self.ready()?;
        let number = self.number(at)?;
        ledger.check_readable(number)?;
        // Without the contracts every slot reads as zero, which would look like "nobody is granted anything". That
        // denies as well, but says the wrong thing.
        let router = view.0.contracts.pubkey_router;
        if ledger.account(router, number)?.1 == 0 {
            return Err(ReadError::Contract(router));
        }
        Ok(Reader { ledger: ledger.clone(), number })
    }
}
