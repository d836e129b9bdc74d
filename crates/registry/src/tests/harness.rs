//! A chain without processes: transactions go straight into the ledger.

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::SolCall;
use ed25519_dalek::SigningKey as HeadKey;
use k256::ecdsa::SigningKey;

use crate::{
    artifacts::Contracts,
    chain::{
        BlockId, Genesis, HeadStatement, TxRequest, address_of,
        evm::Call,
        ledger::{IncludedTx, Keep, Ledger},
        sign_1559,
    },
    deploy, encode, revert,
    subject::{CommitteeNode, DEFAULT_KEY_SET_ID, KEY_TYPE_ECDSA_K256, RootKey},
    view::{RegistryView, Status},
};

/// Key number `index` of a test; not a key that anybody else uses.
pub(super) fn key(index: u8) -> SigningKey {
    SigningKey::from_slice(keccak256([b"quorate test key".as_slice(), &[index]].concat()).as_slice())
        .expect("a hash is a scalar")
}

pub(super) const NODES: u8 = 3;
const DEPLOYER: u8 = 100;

pub(super) struct Harness {
    pub(super) view: RegistryView,
    pub(super) contracts: Contracts,
    clock: u64,
}

impl Harness {
    /// Three nodes with threshold two, contracts deployed, no roots yet.
    pub(super) fn deployed() -> Self {
        let head_key = HeadKey::from_bytes(&[7; 32]);
        let genesis = Genesis::new(
            7470,
            B256::from(head_key.verifying_key().to_bytes()),
            std::collections::BTreeMap::new(),
        );
        let contracts = deploy::addresses(address_of(key(DEPLOYER).verifying_key()), 0);
        let view = RegistryView::new(contracts);
        view.write().unwrap().ledger = Some(Ledger::new(genesis, Keep::Everything));
        let mut harness = Self { view, contracts, clock: 1_000 };
        for (code, address) in deploy::creation_codes(&contracts, &committee(), 2) {
            let tx = harness.send(DEPLOYER, None, code).expect("deployment succeeds");
            assert_eq!(tx.created, Some(address));
        }
        harness
    }

    /// The same with a root that all nodes voted for.
    pub(super) fn with_root() -> Self {
        let mut harness = Self::deployed();
        let root = key(200).verifying_key().to_sec1_point(false).as_bytes().to_vec();
        harness.vote_all(DEFAULT_KEY_SET_ID, &root);
        harness
    }

    pub(super) fn vote_all(&mut self, key_set: &str, root: &[u8]) {
        for node in 0..NODES {
            self.vote(node, key_set, root).expect("the vote counts");
        }
    }

    pub(super) fn vote(&mut self, node: u8, key_set: &str, root: &[u8]) -> Result<IncludedTx, String> {
        let data = encode::vote_for_root_keys(self.contracts.node_registry, key_set, &[root_key(root)]);
        self.send(node, Some(self.contracts.pubkey_router), data)
    }

    /// Puts a transaction into a block of its own; an error is what the contract said.
    pub(super) fn send(&mut self, from: u8, to: Option<Address>, data: Bytes) -> Result<IncludedTx, String> {
        let key = key(from);
        let address = address_of(key.verifying_key());
        self.clock += 1;
        let mut state = self.view.write().unwrap();
        let ledger = state.ledger.as_mut().unwrap();
        let (_, nonce) = ledger.account(address, ledger.head()).unwrap();
        let reason = {
            let call = Call { from: address, to, data: data.clone(), ..Call::default() };
            let outcome = ledger.call(&call, ledger.head()).unwrap().unwrap();
            revert::sentence(&outcome.output)
        };
        let (_, raw) = sign_1559(
            &key,
            TxRequest {
                chain_id: ledger.genesis().chain_id,
                nonce,
                gas_limit: 10_000_000,
                max_fee_per_gas: 0,
                max_priority_fee_per_gas: 0,
                to,
                value: U256::ZERO,
                data,
            },
        );
        let executed = ledger.replay(self.clock, &[raw]).expect("the transaction is valid");
        let block = ledger.commit(executed);
        let head = BlockId { number: ledger.head(), hash: ledger.head_meta().hash };
        state.status = Some(Status {
            finalized: head,
            asked: crate::moment::Moment::now(),
            time_ms: self.clock * 1000,
            sequence: head.number,
            signed: HeadStatement::sign(
                &ed25519_dalek::SigningKey::from_bytes(&[1; 32]),
                ledger.genesis_hash(),
                head.number,
                (head, head),
                self.clock * 1000,
            )
            .as_passed_on(),
        });
        let tx = block.txs[0].clone();
        if tx.success { Ok(tx) } else { Err(reason) }
    }

    pub(super) fn call<C: SolCall>(&self, to: Address, call: &C) -> Result<C::Return, String> {
        let state = self.view.read().unwrap();
        let ledger = state.ledger.as_ref().unwrap();
        let request = Call { to: Some(to), data: call.abi_encode().into(), ..Call::default() };
        let outcome = ledger.call(&request, ledger.head()).unwrap().unwrap();
        if !outcome.success {
            return Err(revert::sentence(&outcome.output));
        }
        Ok(C::abi_decode_returns_validate(&outcome.output).expect("the contract's return values decode"))
    }

    pub(super) fn address(&self, account: u8) -> Address {
        address_of(key(account).verifying_key())
    }
}

pub(super) fn root_key(root: &[u8]) -> RootKey {
    RootKey { public_key: Bytes::copy_from_slice(root), key_type: U256::from(KEY_TYPE_ECDSA_K256) }
}

pub(super) fn committee() -> Vec<CommitteeNode> {
    (0..NODES)
        .map(|index| CommitteeNode {
            address: address_of(key(index).verifying_key()),
            transport_key_hash: B256::repeat_byte(index + 1),
            statement_key: B256::repeat_byte(index + 101),
            url: format!("http://127.0.0.1:{}", 7470 + u16::from(index)),
        })
        .collect()
}
