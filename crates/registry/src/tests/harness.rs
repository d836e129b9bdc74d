//! A chain without processes: transactions go straight into the ledger.

use alloy_primitives::{Address, B256, Bytes, Signature, U256, keccak256};
use alloy_sol_types::{SolCall, SolValue as _};
use ed25519_dalek::SigningKey as HeadKey;
use k256::ecdsa::SigningKey;
use quorate_wire::{Digest, NodeVote, VoteDomain, root_keys_digest};

use crate::{
    abi::PKPNFT,
    artifacts::{Artifact, Companions, Contracts},
    chain::{
        BlockId, Genesis, HeadStatement, LogMark, TxRequest, address_of,
        evm::Call,
        ledger::{IncludedTx, Keep, LedgerWriter},
        sign_1559,
    },
    deploy, encode, revert,
    subject::{CommitteeNode, DEFAULT_KEY_SET_ID, RootKey},
    view::{RegistryView, Status},
};

/// Key number `index` of a test; not a key that anybody else uses.
pub(super) fn key(index: u8) -> SigningKey {
    SigningKey::from_slice(keccak256([b"quorate test key".as_slice(), &[index]].concat()).as_slice())
        .expect("a hash is a scalar")
}

pub(super) const NODES: u8 = 3;
pub(super) const ALL_NODES: &[u8] = &[0, 1, 2];
pub(super) const CHAIN_ID: u64 = 7470;
/// An account that is no node, and hands over what nodes signed.
pub(super) const STRANGER: u8 = 60;
/// The salt of the founding.
pub(super) const SALT: Digest = Digest([0x5a; 32]);
const DEPLOYER: u8 = 100;

pub(super) struct Harness {
    pub(super) view: RegistryView,
    books: LedgerWriter,
    pub(super) contracts: Contracts,
    pub(super) companions: Companions,
    clock: u64,
}

impl Harness {
    /// Three nodes with threshold two, contracts deployed, no roots yet.
    pub(super) fn deployed() -> Self {
        Self::of(&committee(), 2)
    }

    /// Any committee, contracts deployed, no roots yet.
    pub(super) fn of(committee: &[CommitteeNode], threshold: u32) -> Self {
        Self::salted(committee, threshold, SALT)
    }

    /// The same of a founding with another salt.
    pub(super) fn salted(committee: &[CommitteeNode], threshold: u32, salt: Digest) -> Self {
        let head_key = HeadKey::from_bytes(&[7; 32]);
        let deployer = address_of(key(DEPLOYER).verifying_key());
        let rich = U256::from(10).pow(U256::from(24));
        let accounts = (0..=u8::MAX).map(|index| (address_of(key(index).verifying_key()), rich)).collect();
        let genesis =
            Genesis::new(CHAIN_ID, B256::from(head_key.verifying_key().to_bytes()), accounts, deployer);
        let contracts = deploy::addresses(deployer, 0);
        let companions = deploy::companion_addresses(deployer, 0);
        let view = RegistryView::new(contracts);
        let books = LedgerWriter::in_memory(genesis, Keep::Everything).unwrap();
        view.write().unwrap().ledger = Some(books.ledger().clone());
        let mut harness = Self { view, books, contracts, companions, clock: 1_000 };
        let mut codes = deploy::creation_codes(
            &contracts,
            &deploy::Founding { committee, threshold, salt: salt.0.into() },
        )
        .to_vec();
        codes.extend(deploy::companion_codes(&contracts, &companions));
        for (code, address) in codes {
            let tx = harness.send(DEPLOYER, None, code).expect("deployment succeeds");
            assert_eq!(tx.created, Some(address));
        }
        harness
    }

    /// The same with a root that all nodes signed.
    pub(super) fn with_root() -> Self {
        let mut harness = Self::deployed();
        harness.set_roots(ALL_NODES, DEFAULT_KEY_SET_ID, &root(200)).expect("all nodes signed");
        harness
    }

    /// Hands over the signatures of these accounts for a root, as somebody who is no node.
    pub(super) fn set_roots(
        &mut self,
        nodes: &[u8],
        key_set: &str,
        root: &[u8],
    ) -> Result<IncludedTx, String> {
        let roots = root_keys(root);
        let named = RootKey::read(&roots).expect("the root is a point");
        let router = self.contracts.pubkey_router;
        let votes = self.votes(nodes, &root_keys_digest(&domain(router), key_set, &named));
        let data = encode::set_root_keys(self.contracts.node_registry, key_set, &roots, &votes);
        self.send(STRANGER, Some(router), data)
    }

    /// The signatures of these accounts, in the order in which the contracts want them.
    pub(super) fn votes(&self, accounts: &[u8], digest: &Digest) -> Vec<NodeVote> {
        let mut accounts = accounts.to_vec();
        accounts.sort_by_key(|account| self.address(*account));
        accounts.into_iter().map(|account| NodeVote::sign(digest, &key(account))).collect()
    }

    /// Puts a transaction into a block of its own; an error is what the contract said.
    pub(super) fn send(&mut self, from: u8, to: Option<Address>, data: Bytes) -> Result<IncludedTx, String> {
        let key = key(from);
        let address = address_of(key.verifying_key());
        self.clock += 1;
        let ledger = self.books.ledger();
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
                max_fee_per_gas: 100 * u128::from(crate::chain::BASE_FEE_MIN),
                max_priority_fee_per_gas: 0,
                to,
                value: U256::ZERO,
                data,
            },
        );
        let executed = ledger.replay(self.clock, &[raw]).expect("the transaction is valid");
        let block = self.books.commit(executed, LogMark::default()).unwrap();
        let ledger = self.books.ledger();
        let mut state = self.view.write().unwrap();
        state.ledger = Some(ledger.clone());
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

    /// Puts a contract without constructor arguments on the chain.
    pub(super) fn create(&mut self, artifact: &Artifact) -> Address {
        let tx = self.send(DEPLOYER, None, artifact.bytecode.clone()).expect("deployment succeeds");
        tx.created.expect("a contract was created")
    }

    /// A contract that does what it is told.
    pub(super) fn puppet(&mut self) -> Address {
        let artifact = include_str!("../../../../contracts/artifacts/test/Puppet.json");
        self.create(&serde_json::from_str(artifact).expect("committed artifacts are well formed"))
    }

    /// Has a puppet make calls, all or none.
    pub(super) fn act(
        &mut self,
        from: u8,
        puppet: Address,
        calls: &[(Address, Bytes)],
    ) -> Result<IncludedTx, String> {
        let call = Puppet::actCall { calls: puppet_calls(calls) };
        self.send(from, Some(puppet), call.abi_encode().into())
    }

    /// The signatures of these nodes for a claim, in the order in which the contract wants them.
    pub(super) fn attest(&self, nodes: &[u8], claim: &Claim) -> Vec<PKPNFT::Signature> {
        let digest = claim.digest(CHAIN_ID, self.contracts.pkp_nft);
        let mut nodes = nodes.to_vec();
        nodes.sort_by_key(|node| self.address(*node));
        nodes.into_iter().map(|node| sign(node, digest)).collect()
    }
}

/// What nodes attest.
#[derive(Clone, Copy, Debug)]
pub(super) struct Claim {
    pub(super) key_id: B256,
    pub(super) receiver: Address,
    pub(super) minter: Address,
    pub(super) by_all: bool,
}

impl Claim {
    /// The digest of the typed text, written down a second time.
    pub(super) fn digest(&self, chain_id: u64, contract: Address) -> B256 {
        let domain = (
            keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
            keccak256("Quorate"),
            keccak256("1"),
            U256::from(chain_id),
            contract,
        );
        let name = if self.by_all { "ClaimByAll" } else { "Claim" };
        let text = (
            keccak256(format!(
                "{name}(uint256 keyType,string keySetId,bytes32 derivedKeyId,address receiver,address minter)"
            )),
            U256::from(2),
            keccak256(DEFAULT_KEY_SET_ID),
            self.key_id,
            self.receiver,
            self.minter,
        );
        let hashes = [keccak256(domain.abi_encode()), keccak256(text.abi_encode())].concat();
        keccak256([&[0x19, 0x01][..], &hashes].concat())
    }
}

/// An account's signature over a digest, with low s.
pub(super) fn sign(account: u8, digest: B256) -> PKPNFT::Signature {
    let (signature, id) = key(account).sign_prehash_recoverable(digest.as_slice());
    let (r, s) = signature.split_bytes();
    let signature = Signature::new(U256::from_be_slice(&r), U256::from_be_slice(&s), id.is_y_odd());
    let signature = signature.normalize_s().unwrap_or(signature);
    PKPNFT::Signature { r: signature.r().into(), s: signature.s().into(), v: 27 + u8::from(signature.v()) }
}

pub(super) fn puppet_calls(calls: &[(Address, Bytes)]) -> Vec<Puppet::Call> {
    calls.iter().map(|(to, data)| Puppet::Call { to: *to, data: data.clone() }).collect()
}

alloy_sol_types::sol! {
    /// Does what tests tell it.
    interface Puppet {
        struct Call {
            address to;
            bytes data;
        }

        function act(Call[] calls) external payable;
        function setOwner(uint256 tokenId, address owner) external;
        function setWhenReceived(Call[] calls) external;
    }
}

/// For what votes for one of the contracts count.
pub(super) fn domain(contract: Address) -> VoteDomain {
    VoteDomain { chain_id: CHAIN_ID, contract: wire(contract), salt: SALT }
}

/// An address in the words of the wire.
pub(super) fn wire(address: Address) -> quorate_wire::Address {
    quorate_wire::Address(address.0.0)
}

/// A secp256k1 root, as the contracts have it.
pub(super) fn root(index: u8) -> Vec<u8> {
    key(index).verifying_key().to_sec1_point(false).as_bytes().to_vec()
}

/// The roots of a key set whose secp256k1 root is this one; of the others the registry knows the form only.
pub(super) fn root_keys(root: &[u8]) -> Vec<RootKey> {
    let form = [(2u64, 65usize), (3, 33), (5, 32), (1, 48), (65_537, 48), (65_538, 48)];
    let others = form.iter().map(|(key_type, length)| RootKey {
        public_key: vec![0xa0; *length].into(),
        key_type: U256::from(*key_type),
    });
    let mut roots: Vec<RootKey> = others.collect();
    roots[0].public_key = Bytes::copy_from_slice(root);
    roots
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
