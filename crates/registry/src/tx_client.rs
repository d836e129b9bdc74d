//! Sends transactions as one account, waits for them, and says readably why one was refused.

use std::time::Duration;

use alloy_primitives::{Address, B256, Bytes, Log, U256, keccak256};
use alloy_sol_types::{SolCall, SolEvent as _};
use k256::ecdsa::SigningKey;
use quorate_wire::{DirectoryChange, MinterAdmission, NodeVote};
use serde_json::{Value, json};
use tokio::{sync::Mutex, time::Instant};

use crate::{
    abi::PKPNFT,
    artifacts::Contracts,
    chain::{Genesis, TxRequest, address_of, sign_1559},
    encode::{self, MintTerms},
    revert,
    rpc_client::{CallBounds, RpcCallError, RpcClient},
    subject::{RootKey, Subject},
};

/// How long a transaction may take to be in a block.
const RECEIPT_DEADLINE: Duration = Duration::from_secs(20);
/// Pause between two looks for a receipt.
const RECEIPT_PAUSE: Duration = Duration::from_millis(50);

/// Why a transaction did not do what it should.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TxClientError {
    /// The chain did not answer or refused.
    #[error(transparent)]
    Call(#[from] RpcCallError),
    /// The contract said no.
    #[error("the contract refused: {0}")]
    Reverted(String),
    /// It is not in a block in time.
    #[error("transaction {0} is not in a block yet, and may still come: look for it before you send another")]
    NoReceipt(B256),
    /// It was sent, and the chain does not say what became of it.
    #[error("transaction {hash} was sent, and what became of it is not known: {reason}")]
    Unknown {
        /// The transaction.
        hash: B256,
        /// What was wrong with the answer.
        reason: String,
    },
    /// A deployment is not where its plan says.
    #[error("the deployment is off its plan: {0}")]
    OffPlan(String),
    /// An answer has another form than it should.
    #[error("the chain's answer has another form: {0}")]
    BadForm(&'static str),
}

/// A transaction in a block.
#[derive(Clone, Debug)]
pub struct TxReceipt {
    /// Its hash.
    pub hash: B256,
    /// In which block.
    pub block_number: u64,
    /// That block's hash.
    pub block_hash: B256,
    /// What it cost.
    pub gas_used: u64,
    /// The created contract, if it created one.
    pub contract_address: Option<Address>,
    /// What it emitted.
    pub logs: Vec<Log>,
}

/// A minted key.
#[derive(Clone, Debug)]
pub struct Minted {
    /// Its token.
    pub token_id: U256,
    /// 65 bytes.
    pub public_key: Bytes,
    /// Where it happened.
    pub receipt: TxReceipt,
}

/// Reads contracts; needs no key.
#[derive(Clone, Debug)]
pub struct ChainReader {
    rpc: RpcClient,
    /// Whom contracts see as the caller.
    from: Address,
}

impl ChainReader {
    /// Has the faucet of a chain for development give an account money; the transaction that does is in a block then.
    ///
    /// # Errors
    /// If the chain has no faucet, the account has had its sum, or the answer has another form.
    pub async fn faucet(&self, account: Address) -> Result<B256, TxClientError> {
        let hash = self.rpc.call("quorate_faucet", json!([account]), CallBounds::default()).await?;
        serde_json::from_value(hash).map_err(|_| TxClientError::BadForm("transaction hash"))
    }

    /// Block 0 of an embedded chain, in full: its hash says whether it is the one that was meant.
    ///
    /// # Errors
    /// If the chain does not answer, or is none that says what it began with.
    pub async fn genesis(&self) -> Result<Genesis, TxClientError> {
        let genesis = self.rpc.call("quorate_genesis", json!([]), CallBounds::default()).await?;
        serde_json::from_value(genesis).map_err(|_| TxClientError::BadForm("block 0"))
    }

    /// For a chain's JSON-RPC.
    ///
    /// # Errors
    /// If the URL is none.
    pub fn new(rpc_url: &str) -> Result<Self, TxClientError> {
        Ok(Self { rpc: RpcClient::new(rpc_url)?, from: Address::ZERO })
    }

    /// The same over a connection that was prepared.
    #[must_use]
    pub fn by(rpc: RpcClient) -> Self {
        Self { rpc, from: Address::ZERO }
    }

    /// How many transactions an account has sent: up to the `latest` block, or with those that are `pending`.
    ///
    /// # Errors
    /// If the chain does not answer.
    pub async fn next_nonce(&self, account: Address, block: &str) -> Result<u64, TxClientError> {
        let nonce =
            self.rpc.call("eth_getTransactionCount", json!([account, block]), CallBounds::default()).await?;
        parse_quantity(&nonce).ok_or(TxClientError::BadForm("nonce"))
    }

    /// Calls a contract without changing anything.
    ///
    /// # Errors
    /// If it reverts or its answer does not decode.
    pub async fn read<C: SolCall>(&self, to: Address, call: &C) -> Result<C::Return, TxClientError> {
        let output = self.eth_call(to, call.abi_encode().into()).await?;
        C::abi_decode_returns_validate(&output).map_err(|_| TxClientError::BadForm("return values"))
    }

    /// The chain's id, and Keccak-256 of the code at an address.
    ///
    /// # Errors
    /// If the chain does not answer.
    pub async fn identity(&self, contract: Address) -> Result<(u64, B256), TxClientError> {
        let id = self.rpc.call("eth_chainId", json!([]), CallBounds::default()).await?;
        let id = parse_quantity(&id).ok_or(TxClientError::BadForm("chain id"))?;
        Ok((id, keccak256(&self.code(contract).await?)))
    }

    /// The code at an address.
    ///
    /// # Errors
    /// If the chain does not answer.
    pub async fn code(&self, contract: Address) -> Result<Bytes, TxClientError> {
        let code = self.rpc.call("eth_getCode", json!([contract, "latest"]), CallBounds::default()).await?;
        serde_json::from_value(code).map_err(|_| TxClientError::BadForm("code"))
    }

    async fn eth_call(&self, to: Address, data: Bytes) -> Result<Bytes, TxClientError> {
        let params = json!([{ "from": self.from, "to": to, "data": data }, "latest"]);
        let answer = self
            .rpc
            .call("eth_call", params, CallBounds::default())
            .await
            .map_err(TxClientError::Call)
            .map_err(readable)?;
        serde_json::from_value(answer).map_err(|_| TxClientError::BadForm("call result"))
    }
}

/// Sends transactions as one account.
pub struct TxClient {
    reader: ChainReader,
    key: SigningKey,
    /// What transactions are signed for. Never what the server says: it could name a chain on which the account is rich.
    chain_id: u64,
    /// Keeps two transactions from taking one nonce.
    sending: Mutex<()>,
}

impl std::fmt::Debug for TxClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TxClient")
            .field("rpc", &self.reader.rpc)
            .field("address", &self.reader.from)
            .finish_non_exhaustive()
    }
}

impl TxClient {
    /// For a chain's JSON-RPC, the id of the chain that is meant, and an account's key.
    ///
    /// # Errors
    /// If the URL is none.
    pub fn new(rpc_url: &str, chain_id: u64, key: SigningKey) -> Result<Self, TxClientError> {
        Ok(Self::by(RpcClient::new(rpc_url)?, chain_id, key))
    }

    /// As [`TxClient::new`], by a client that knows whom to trust.
    #[must_use]
    pub fn by(rpc: RpcClient, chain_id: u64, key: SigningKey) -> Self {
        let reader = ChainReader { rpc, from: address_of(key.verifying_key()) };
        Self { reader, key, chain_id, sending: Mutex::new(()) }
    }

    /// The account.
    #[must_use]
    pub fn address(&self) -> Address {
        self.reader.from
    }

    /// The chain that transactions are signed for.
    #[must_use]
    pub fn chain_id(&self) -> u64 {
        self.chain_id
    }

    /// The JSON-RPC client beneath.
    #[must_use]
    pub fn rpc(&self) -> &RpcClient {
        &self.reader.rpc
    }

    /// Sends a transaction and waits until it is in a block. Creates a contract if `to` is none.
    ///
    /// # Errors
    /// If it would revert, is refused, or is not mined in time.
    pub async fn send(&self, to: Option<Address>, data: Bytes) -> Result<TxReceipt, TxClientError> {
        self.send_with(to, U256::ZERO, data).await
    }

    /// Sends wei to an account, and waits until that is in a block.
    ///
    /// # Errors
    /// As [`TxClient::send`].
    pub async fn pay(&self, to: Address, wei: U256) -> Result<TxReceipt, TxClientError> {
        self.send_with(Some(to), wei, Bytes::new()).await
    }

    /// As [`TxClient::send`], with money.
    async fn send_with(
        &self,
        to: Option<Address>,
        value: U256,
        data: Bytes,
    ) -> Result<TxReceipt, TxClientError> {
        let hash = {
            let _sending = self.sending.lock().await;
            let estimated = self
                .quantity(
                    "eth_estimateGas",
                    json!([{ "from": self.address(), "to": to, "value": value, "data": data }]),
                )
                .await
                .map_err(readable)?;
            let nonce = self.quantity("eth_getTransactionCount", json!([self.address(), "pending"])).await?;
            let request = TxRequest {
                chain_id: self.chain_id,
                nonce,
                // A fifth more: the state may have changed until the transaction runs.
                gas_limit: estimated.saturating_mul(6) / 5,
                // Only what gas costs is paid, and that may rise while others fill blocks.
                max_fee_per_gas: u128::from(self.quantity("eth_gasPrice", json!([])).await?) * 5,
                max_priority_fee_per_gas: 0,
                to,
                value,
                data,
            };
            let (hash, raw) = sign_1559(&self.key, request);
            self.reader
                .rpc
                .call("eth_sendRawTransaction", json!([raw]), CallBounds::default())
                .await
                .map_err(TxClientError::Call)
                .map_err(readable)?;
            hash
        };
        self.receipt(hash).await.map_err(|error| match error {
            TxClientError::Call(_) | TxClientError::BadForm(_) => {
                TxClientError::Unknown { hash, reason: error.to_string() }
            }
            known => known,
        })
    }

    /// Waits for a transaction's receipt.
    ///
    /// # Errors
    /// If it reverted or is not mined in time.
    pub async fn receipt(&self, hash: B256) -> Result<TxReceipt, TxClientError> {
        let deadline = Instant::now() + RECEIPT_DEADLINE;
        loop {
            let answer = self
                .reader
                .rpc
                .call("eth_getTransactionReceipt", json!([hash]), CallBounds::default())
                .await?;
            if !answer.is_null() {
                return parse_receipt(hash, &answer);
            }
            if Instant::now() >= deadline {
                return Err(TxClientError::NoReceipt(hash));
            }
            tokio::time::sleep(RECEIPT_PAUSE).await;
        }
    }

    /// What reads, as this account.
    #[must_use]
    pub fn reader(&self) -> &ChainReader {
        &self.reader
    }

    /// Calls a contract without changing anything.
    ///
    /// # Errors
    /// As [`ChainReader::read`].
    pub async fn read<C: SolCall>(&self, to: Address, call: &C) -> Result<C::Return, TxClientError> {
        self.reader.read(to, call).await
    }

    /// Mints a key to this account.
    ///
    /// # Errors
    /// As [`TxClient::send`].
    pub async fn mint_next(&self, contracts: &Contracts, key_set: &str) -> Result<Minted, TxClientError> {
        minted(self.send(Some(contracts.pkp_nft), encode::mint_next(key_set)).await?, contracts)
    }

    /// Mints a key, grants it to one action, and burns it: one transaction.
    ///
    /// # Errors
    /// As [`TxClient::send`].
    pub async fn mint_grant_and_burn_next(
        &self,
        contracts: &Contracts,
        key_set: &str,
        action: &[u8; 34],
    ) -> Result<Minted, TxClientError> {
        let data = encode::mint_grant_and_burn_next(key_set, action);
        minted(self.send(Some(contracts.pkp_nft), data).await?, contracts)
    }

    /// Mints a key with everything that goes with it, by the contract `helper`: one transaction.
    ///
    /// # Errors
    /// As [`TxClient::send`].
    pub async fn mint_with(
        &self,
        contracts: &Contracts,
        helper: Address,
        key_set: &str,
        terms: &MintTerms,
    ) -> Result<Minted, TxClientError> {
        minted(self.send(Some(helper), encode::mint_with(key_set, terms)).await?, contracts)
    }

    /// Grants a subject, or adds scopes to its grant.
    ///
    /// # Errors
    /// As [`TxClient::send`].
    pub async fn add_permitted(
        &self,
        contracts: &Contracts,
        token_id: U256,
        subject: &Subject,
        scopes: &[u8],
    ) -> Result<TxReceipt, TxClientError> {
        self.send(Some(contracts.pkp_permissions), encode::add_permitted(token_id, subject, scopes)).await
    }

    /// Takes a subject's grant away.
    ///
    /// # Errors
    /// As [`TxClient::send`].
    pub async fn remove_permitted(
        &self,
        contracts: &Contracts,
        token_id: U256,
        subject: &Subject,
    ) -> Result<TxReceipt, TxClientError> {
        self.send(Some(contracts.pkp_permissions), encode::remove_permitted(token_id, subject)).await
    }

    /// Burns a token of this account.
    ///
    /// # Errors
    /// As [`TxClient::send`].
    pub async fn burn(&self, contracts: &Contracts, token_id: U256) -> Result<TxReceipt, TxClientError> {
        self.send(Some(contracts.pkp_nft), encode::burn(token_id)).await
    }

    /// Gives a token of this account to another.
    ///
    /// # Errors
    /// As [`TxClient::send`].
    pub async fn transfer(
        &self,
        contracts: &Contracts,
        to: Address,
        token_id: U256,
    ) -> Result<TxReceipt, TxClientError> {
        self.send(Some(contracts.pkp_nft), encode::transfer(self.address(), to, token_id)).await
    }

    /// Hands over the signatures of all nodes for the roots of a key set. This account needs to be no node.
    ///
    /// # Errors
    /// As [`TxClient::send`].
    pub async fn set_root_keys(
        &self,
        contracts: &Contracts,
        key_set: &str,
        roots: &[RootKey],
        votes: &[NodeVote],
    ) -> Result<TxReceipt, TxClientError> {
        let data = encode::set_root_keys(contracts.node_registry, key_set, roots, votes);
        self.send(Some(contracts.pubkey_router), data).await
    }

    /// Hands over the signatures of t nodes for a further minter.
    ///
    /// # Errors
    /// As [`TxClient::send`].
    pub async fn admit_minter(
        &self,
        router: Address,
        admission: &MinterAdmission,
        votes: &[NodeVote],
    ) -> Result<TxReceipt, TxClientError> {
        self.send(Some(router), encode::admit_minter(admission, votes)).await
    }

    /// Hands over the signatures of t nodes for values of the Directory, which are set all or none.
    ///
    /// # Errors
    /// As [`TxClient::send`].
    pub async fn set_directory(
        &self,
        directory: Address,
        changes: &[DirectoryChange],
        votes: &[NodeVote],
    ) -> Result<TxReceipt, TxClientError> {
        self.send(Some(directory), encode::set_directory(changes, votes)).await
    }

    /// Asks the chain's own `ecrecover` (the precompile at address 1) who signed a digest. `v` is 27 or 28.
    ///
    /// # Errors
    /// If the chain does not answer.
    pub async fn ecrecover(
        &self,
        digest: B256,
        v: u8,
        r: B256,
        s: B256,
    ) -> Result<Option<Address>, TxClientError> {
        let mut input = digest.to_vec();
        input.extend_from_slice(&U256::from(v).to_be_bytes::<32>());
        input.extend_from_slice(r.as_slice());
        input.extend_from_slice(s.as_slice());
        let output = self.reader.eth_call(Address::with_last_byte(1), input.into()).await?;
        match output.len() {
            0 => Ok(None),
            32 => Ok(Some(Address::from_slice(&output[12..]))),
            _ => Err(TxClientError::BadForm("ecrecover")),
        }
    }

    async fn quantity(&self, method: &str, params: Value) -> Result<u64, TxClientError> {
        let answer = self.reader.rpc.call(method, params, CallBounds::default()).await?;
        parse_quantity(&answer).ok_or(TxClientError::BadForm("quantity"))
    }
}

fn readable(error: TxClientError) -> TxClientError {
    match error {
        TxClientError::Call(RpcCallError::Refused { code: 3, data: Some(data), .. }) => {
            TxClientError::Reverted(revert::sentence(&data))
        }
        other => other,
    }
}

fn minted(receipt: TxReceipt, contracts: &Contracts) -> Result<Minted, TxClientError> {
    let events: Vec<_> = receipt
        .logs
        .iter()
        .filter(|log| log.address == contracts.pkp_nft)
        .filter_map(|log| PKPNFT::PKPMinted::decode_log(log).ok())
        .collect();
    match events.as_slice() {
        [event] if event.tokenId == U256::from_be_bytes(keccak256(&event.pubkey).0) => {
            Ok(Minted { token_id: event.tokenId, public_key: event.pubkey.clone(), receipt })
        }
        _ => {
            let reason = "its logs do not name the one key that it minted".to_owned();
            Err(TxClientError::Unknown { hash: receipt.hash, reason })
        }
    }
}

fn parse_quantity(value: &Value) -> Option<u64> {
    u64::from_str_radix(value.as_str()?.strip_prefix("0x")?, 16).ok()
}

fn parse_receipt(hash: B256, answer: &Value) -> Result<TxReceipt, TxClientError> {
    let quantity =
        |name: &str| answer.get(name).and_then(parse_quantity).ok_or(TxClientError::BadForm("receipt"));
    if quantity("status")? != 1 {
        return Err(TxClientError::Reverted(format!("transaction {hash} failed in its block")));
    }
    let field = |name: &str| answer.get(name).cloned().unwrap_or(Value::Null);
    let bad = |_| TxClientError::BadForm("receipt");
    let logs = answer
        .get("logs")
        .and_then(Value::as_array)
        .ok_or(TxClientError::BadForm("receipt"))?
        .iter()
        .map(parse_log)
        .collect::<Option<Vec<_>>>()
        .ok_or(TxClientError::BadForm("logs"))?;
    Ok(TxReceipt {
        hash,
        block_number: quantity("blockNumber")?,
        block_hash: serde_json::from_value(field("blockHash")).map_err(bad)?,
        gas_used: quantity("gasUsed")?,
        contract_address: serde_json::from_value(field("contractAddress")).map_err(bad)?,
        logs,
    })
}

fn parse_log(value: &Value) -> Option<Log> {
    let address = serde_json::from_value(value.get("address")?.clone()).ok()?;
    let topics = serde_json::from_value(value.get("topics")?.clone()).ok()?;
    let data = serde_json::from_value(value.get("data")?.clone()).ok()?;
    Log::new(address, topics, data)
}
