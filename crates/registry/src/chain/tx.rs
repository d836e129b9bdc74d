//! Raw transactions: what is accepted, who signed it, how one is made.

use alloy_consensus::{
    SignableTransaction, Signed, Transaction as _, TxEip1559, TxEnvelope, Typed2718 as _,
    transaction::RlpEcdsaEncodableTx as _,
};
use alloy_eips::{eip2718::Decodable2718 as _, eip2930::AccessList};
use alloy_primitives::{Address, B256, Bytes, Signature, TxKind, U256, keccak256};
use k256::ecdsa::{RecoveryId, SigningKey, VerifyingKey};
use revm::context::TxEnv;

use super::genesis::{TX_BYTES_MAX, TX_GAS_LIMIT};

/// Why a raw transaction is refused before it runs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TxError {
    /// Longer than the limit.
    #[error("transaction too large: more than {TX_BYTES_MAX} bytes")]
    TooLarge,
    /// Not an encoding of a transaction.
    #[error("malformed transaction")]
    Malformed,
    /// Blob and delegation transactions have no use here.
    #[error("transaction type not supported: {0}")]
    Unsupported(u8),
    /// For another chain, or for any chain (a signature before EIP-155 can be replayed).
    #[error("invalid chain id: this is chain {expected}")]
    WrongChain {
        /// Our chain id.
        expected: u64,
    },
    /// No address, or a high s.
    #[error("invalid signature")]
    BadSignature,
    /// More gas than a transaction may have (EIP-7825).
    #[error("transaction gas limit too high (cap: {TX_GAS_LIMIT}, tx: {0})")]
    TooMuchGas(u64),
}

/// A transaction whose sender is known.
#[derive(Clone, Debug)]
pub(crate) struct DecodedTx {
    pub(crate) envelope: TxEnvelope,
    pub(crate) from: Address,
    pub(crate) hash: B256,
    pub(crate) raw: Bytes,
}

impl DecodedTx {
    pub(crate) fn decode(raw: &Bytes, chain_id: u64) -> Result<Self, TxError> {
        if raw.len() > TX_BYTES_MAX {
            return Err(TxError::TooLarge);
        }
        // Type bytes 3 and 4 are refused before anything of them is parsed.
        if let Some(&kind @ 3..=0x7f) = raw.first() {
            return Err(TxError::Unsupported(kind));
        }
        let mut rest: &[u8] = raw;
        let envelope = TxEnvelope::decode_2718(&mut rest).map_err(|_| TxError::Malformed)?;
        if !rest.is_empty() {
            return Err(TxError::Malformed);
        }
        let (signature, signing_hash) = match &envelope {
            TxEnvelope::Legacy(tx) => (tx.signature(), tx.signature_hash()),
            TxEnvelope::Eip2930(tx) => (tx.signature(), tx.signature_hash()),
            TxEnvelope::Eip1559(tx) => (tx.signature(), tx.signature_hash()),
            other => return Err(TxError::Unsupported(other.ty())),
        };
        if envelope.chain_id() != Some(chain_id) {
            return Err(TxError::WrongChain { expected: chain_id });
        }
        if envelope.gas_limit() > TX_GAS_LIMIT {
            return Err(TxError::TooMuchGas(envelope.gas_limit()));
        }
        let from = recover(signature, signing_hash).ok_or(TxError::BadSignature)?;
        let hash = *envelope.tx_hash();
        // Two encodings of one transaction would be two raw forms of one hash: only the canonical one is kept.
        if hash != keccak256(raw) {
            return Err(TxError::Malformed);
        }
        Ok(Self { envelope, from, hash, raw: raw.clone() })
    }

    /// One that was decoded before, and stored with its sender.
    pub(crate) fn stored(raw: &Bytes, from: Address) -> Option<Self> {
        let envelope = TxEnvelope::decode_2718(&mut raw.as_ref()).ok()?;
        let hash = *envelope.tx_hash();
        Some(Self { envelope, from, hash, raw: raw.clone() })
    }

    pub(crate) fn env(&self) -> TxEnv {
        let tx = &self.envelope;
        let mut env = TxEnv {
            tx_type: tx.ty(),
            caller: self.from,
            gas_limit: tx.gas_limit(),
            gas_price: tx.max_fee_per_gas(),
            kind: tx.kind(),
            value: tx.value(),
            data: tx.input().clone(),
            nonce: tx.nonce(),
            chain_id: tx.chain_id(),
            gas_priority_fee: tx.max_priority_fee_per_gas(),
            ..TxEnv::default()
        };
        env.access_list = tx.access_list().cloned().unwrap_or_default();
        env
    }
}

/// The address that signed, for a low-s signature (EIP-2).
fn recover(signature: &Signature, digest: B256) -> Option<Address> {
    if signature.normalize_s().is_some() {
        return None;
    }
    let parsed = k256::ecdsa::Signature::from_scalars(
        k256::FieldBytes::from(signature.r().to_be_bytes::<32>()),
        k256::FieldBytes::from(signature.s().to_be_bytes::<32>()),
    )
    .ok()?;
    let id = RecoveryId::new(signature.v(), false);
    let key = VerifyingKey::recover_from_prehash(digest.as_slice(), &parsed, id).ok()?;
    Some(address_of(&key))
}

/// The Ethereum address of a public key.
#[must_use]
pub fn address_of(key: &VerifyingKey) -> Address {
    let point = key.to_sec1_point(false);
    Address::from_slice(&keccak256(&point.as_bytes()[1..])[12..])
}

/// What a transaction says, before it is signed.
#[derive(Clone, Debug)]
pub struct TxRequest {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Number of earlier transactions of the signer.
    pub nonce: u64,
    /// Most gas that it may use.
    pub gas_limit: u64,
    /// Most wei for one gas.
    pub max_fee_per_gas: u128,
    /// Wei for one gas that go to whoever makes the block.
    pub max_priority_fee_per_gas: u128,
    /// The called contract; `None` creates one.
    pub to: Option<Address>,
    /// Wei sent along.
    pub value: U256,
    /// Call data or creation code.
    pub data: Bytes,
}

/// Signs an EIP-1559 transaction; returns its hash and raw form.
#[must_use]
pub fn sign_1559(key: &SigningKey, request: TxRequest) -> (B256, Bytes) {
    let tx = TxEip1559 {
        chain_id: request.chain_id,
        nonce: request.nonce,
        gas_limit: request.gas_limit,
        max_fee_per_gas: request.max_fee_per_gas,
        max_priority_fee_per_gas: request.max_priority_fee_per_gas,
        to: request.to.map_or(TxKind::Create, TxKind::Call),
        value: request.value,
        access_list: AccessList::default(),
        input: request.data,
    };
    let (signature, id) = key.sign_prehash_recoverable(tx.signature_hash().as_slice());
    let (r, s) = signature.split_bytes();
    let signature = Signature::new(U256::from_be_slice(&r), U256::from_be_slice(&s), id.is_y_odd());
    let signature = signature.normalize_s().unwrap_or(signature);
    let signed: Signed<TxEip1559> = tx.into_signed(signature);
    let mut raw = Vec::with_capacity(signed.tx().eip2718_encoded_length(signed.signature()));
    signed.eip2718_encode(&mut raw);
    (*signed.hash(), Bytes::from(raw))
}
