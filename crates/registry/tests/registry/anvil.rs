//! The same deployment and the same transactions on this chain and on one of another make.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use alloy_sol_types::{SolCall, SolEvent as _};
use ed25519_dalek::SigningKey as HeadKey;
use quorate_registry::{
    abi::{Directory, PKPNFT, PKPNFTWithoutKeySet, PKPPermissions, PubkeyRouter, Validators},
    alloy_primitives::{Address, B256, Bytes, Log, U256, hex},
    artifacts::{Companions, Contracts},
    chain::{BOUNDS, ChainConfig, Genesis, serve},
    deploy::{deploy, deploy_companions},
    encode::{self, MintTerms},
    rpc_client::CallBounds,
    subject::{DEFAULT_KEY_SET_ID, Subject},
    tx_client::{TxClient, TxClientError},
};
use quorate_wire::{Digest, DirectoryChange, MinterAdmission, directory_digest, minter_digest};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::network::{
    ACCOUNTS, committee, domain, founding, genesis, key, loopback, root_votes, roots, votes, wire,
};

const CHAIN_ID: u64 = 31_337;
const TRANSACTIONS: usize = 200;
/// Who sends, in turn.
const SENDERS: [&str; 3] = ["owner", "second", "third"];

/// A chain of another make, as npm has it.
pub(crate) struct Anvil {
    process: Child,
    pub(crate) url: String,
}

impl Anvil {
    /// Gives money to accounts.
    pub(crate) async fn fund(&self, chain_id: u64, names: impl Iterator<Item = &str>) {
        for name in names {
            let client = TxClient::new(&self.url, chain_id, key(name)).unwrap();
            let params = json!([client.address(), "0x8ac7230489e80000000"]);
            client.rpc().call("anvil_setBalance", params, CallBounds::default()).await.unwrap();
        }
    }

    pub(crate) fn start(chain_id: u64, hardfork: &str) -> Anvil {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../cli/tests/anvil");
        let program = folder.join("node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil");
        assert!(program.exists(), "anvil is missing, run: npm ci --prefix crates/cli/tests/anvil");
        let mut process = Command::new(program)
            .args(["--host", "127.0.0.1", "--port", "0", "--hardfork", hardfork])
            .args(["--chain-id", &chain_id.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let url = loop {
            let line = lines.next().expect("anvil says where it listens").unwrap();
            if let Some(address) = line.strip_prefix("Listening on ") {
                break format!("http://{}", address.trim());
            }
        };
        // What it says further is not read, but must not fill up.
        std::thread::spawn(move || lines.for_each(drop));
        Anvil { process, url }
    }
}

impl Drop for Anvil {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What came of a transaction.
#[derive(Debug, PartialEq, Eq)]
enum Came {
    Done { gas: u64, logs: Vec<Log> },
    Refused(String),
}

/// A chain with everything deployed.
struct Side {
    url: String,
    contracts: Contracts,
    companions: Companions,
    /// Of the code of PKPHelper, which nodes admit as a minter.
    helper_code: B256,
    /// What came of each step.
    came: Vec<Came>,
    /// What reads gave in the end.
    reads: Vec<Bytes>,
    tokens: Vec<U256>,
}

impl Side {
    async fn new(url: &str) -> Side {
        let deployer = TxClient::new(url, CHAIN_ID, key("deployer")).unwrap();
        let contracts =
            deploy(&deployer, &founding(&committee())).await.expect("deployment succeeds").contracts;
        let deployed = deploy_companions(&deployer, &contracts).await.expect("deployment succeeds");
        let (companions, helper_code) = (deployed.addresses, deployed.code_hashes.pkp_helper);
        let mut side = Side {
            url: url.to_owned(),
            contracts,
            companions,
            helper_code,
            came: Vec::new(),
            reads: Vec::new(),
            tokens: Vec::new(),
        };
        let votes = root_votes(CHAIN_ID, contracts.pubkey_router);
        for votes in [&votes[1..], &votes] {
            let set = encode::set_root_keys(contracts.node_registry, DEFAULT_KEY_SET_ID, &roots(), votes);
            side.send("owner", contracts.pubkey_router, set).await;
        }
        side
    }

    async fn send(&mut self, from: &str, to: Address, data: Bytes) {
        let client = TxClient::new(&self.url, CHAIN_ID, key(from)).unwrap();
        let came = match client.send(Some(to), data).await {
            Ok(receipt) => {
                for log in &receipt.logs {
                    if let Ok(minted) = PKPNFT::PKPMinted::decode_log(log) {
                        self.tokens.push(minted.data.tokenId);
                    }
                }
                Came::Done { gas: receipt.gas_used, logs: receipt.logs }
            }
            Err(TxClientError::Reverted(reason)) => Came::Refused(reason),
            Err(other) => panic!("{other}"),
        };
        self.came.push(came);
    }

    /// The token that was minted so many mints ago.
    fn token(&self, back: usize) -> U256 {
        self.tokens.len().checked_sub(1 + back).map_or(U256::ONE, |place| self.tokens[place])
    }

    /// Transaction number `number`; every chain gets the same.
    async fn step(&mut self, number: usize) {
        let sender = SENDERS[number / 20 % SENDERS.len()];
        let (contracts, helper) = (self.contracts, self.companions.pkp_helper);
        let (nft, permissions) = (contracts.pkp_nft, contracts.pkp_permissions);
        let own = TxClient::new(&self.url, CHAIN_ID, key(sender)).unwrap().address();
        let other = TxClient::new(&self.url, CHAIN_ID, key(SENDERS[(number + 1) % 3])).unwrap().address();
        let action = Subject::Action({
            let mut id = [u8::try_from(number % 7).unwrap(); 34];
            id[..2].copy_from_slice(&[0x12, 0x20]);
            id
        });
        let login =
            Subject::AuthMethod { kind: U256::from(6), id: format!("user {}", number % 5).into_bytes() };
        let terms =
            vec![(action.clone(), Vec::new(), vec![1]), (login.clone(), vec![3; number % 70], vec![2, 255])];
        let mint_with = |self_owned, burn| {
            encode::mint_with(DEFAULT_KEY_SET_ID, &MintTerms { grants: terms.clone(), self_owned, burn })
        };
        let (from, to, data): (&str, Address, Bytes) = match number % 20 {
            0 => (sender, nft, encode::mint_next(DEFAULT_KEY_SET_ID)),
            1 | 2 => (sender, permissions, encode::add_permitted(self.token(0), &action, &[1, 2])),
            3 => (sender, permissions, encode::add_permitted(self.token(0), &login, &[255])),
            4 => (sender, permissions, encode::add_scope(self.token(0), &login, 7)),
            5 => (sender, permissions, encode::remove_scope(self.token(0), &login, 255)),
            6 => (sender, permissions, encode::remove_permitted(self.token(0), &action)),
            7 => (sender, permissions, encode::remove_permitted(self.token(0), &action)),
            8 => (sender, helper, mint_with(false, false)),
            9 => (sender, helper, mint_with(true, false)),
            10 => (sender, helper, mint_with(false, true)),
            11 => (sender, nft, encode::mint_grant_and_burn_next("naga-keyset1", &[0x12; 34])),
            12 => {
                let mut id = [9; 34];
                id[..2].copy_from_slice(&[0x12, 0x20]);
                (sender, nft, encode::mint_grant_and_burn_next("naga-keyset1", &id))
            }
            13 => {
                let call = PKPNFTWithoutKeySet::mintNextCall { keyType: U256::from(2) };
                (sender, nft, call_data(&call))
            }
            14 => (sender, nft, encode::transfer(own, other, self.token(0))),
            15 => (sender, nft, encode::burn(self.token(4))),
            16 => (sender, nft, encode::burn(self.token(0))),
            17 => {
                let changes = [DirectoryChange {
                    name: "login-domains".to_owned(),
                    // Each is handed over three times.
                    version: u64::try_from(number / 60).unwrap() + 1,
                    value: vec![b'v'; number / 60],
                }];
                let digest = directory_digest(&domain(CHAIN_ID, contracts.directory), &changes);
                (sender, contracts.directory, encode::set_directory(&changes, &votes(&digest, 2)))
            }
            18 => {
                let (router, code) = (contracts.pubkey_router, self.helper_code);
                let admission =
                    MinterAdmission { minter: wire(helper), code_hash: Digest(code.0), number: 1 };
                let digest = minter_digest(&domain(CHAIN_ID, router), &admission);
                // One is too few.
                let votes = votes(&digest, 1 + number / 20 % 2);
                (sender, router, encode::admit_minter(&admission, &votes))
            }
            _ => {
                let call = PKPNFT::claimAndMintCall {
                    realmId: U256::ONE,
                    keyType: U256::from(2),
                    keySetId: DEFAULT_KEY_SET_ID.to_owned(),
                    derivedKeyId: B256::repeat_byte(1),
                    signatures: vec![PKPNFT::Signature { r: B256::ZERO, s: B256::ZERO, v: 27 }; 2],
                    stakingContractAddress: contracts.node_registry,
                };
                (sender, nft, call_data(&call))
            }
        };
        let from = from.to_owned();
        self.send(&from, to, data).await;
    }

    async fn read(&mut self, to: Address, data: Bytes) {
        let client = TxClient::new(&self.url, CHAIN_ID, key("owner")).unwrap();
        let params = json!([{ "to": to, "data": data }, "latest"]);
        let answer: Value = client.rpc().call("eth_call", params, CallBounds::default()).await.unwrap();
        self.reads.push(serde_json::from_value(answer).unwrap());
    }

    async fn read_all(&mut self) {
        let (contracts, companions) = (self.contracts, self.companions);
        for token in self.tokens.clone() {
            let reads = [
                (
                    contracts.pkp_permissions,
                    call_data(&PKPPermissions::getPermittedAuthMethodsCall { tokenId: token }),
                ),
                (contracts.pkp_permissions, call_data(&PKPPermissions::permEpochCall { tokenId: token })),
                (contracts.pkp_nft, call_data(&PKPNFT::existsCall { tokenId: token })),
                (contracts.pubkey_router, call_data(&PubkeyRouter::getRoutingDataCall { tokenId: token })),
                (contracts.pubkey_router, call_data(&PubkeyRouter::minterOfCall { tokenId: token })),
            ];
            for (to, data) in reads {
                self.read(to, data).await;
            }
        }
        let validators = Validators::getActiveUnkickedValidatorStructsAndCountsCall { realmId: U256::ONE };
        self.read(contracts.node_registry, call_data(&validators)).await;
        let name = "login-domains".to_owned();
        self.read(contracts.directory, call_data(&Directory::getCall { name })).await;
        let minter = PubkeyRouter::isMinterCall { account: companions.pkp_helper };
        self.read(contracts.pubkey_router, call_data(&minter)).await;
        self.read(contracts.pkp_nft, call_data(&PKPNFT::getNextDerivedKeyIdCall {})).await;
    }
}

fn call_data<C: SolCall>(call: &C) -> Bytes {
    call.abi_encode().into()
}

async fn run(url: &str) -> Side {
    let mut side = Side::new(url).await;
    for number in 0..TRANSACTIONS {
        side.step(number).await;
    }
    side.read_all().await;
    side
}

#[tokio::test(flavor = "multi_thread")]
async fn another_chain_gives_the_same_addresses_gas_logs_and_values() {
    let anvil = Anvil::start(CHAIN_ID, "osaka");
    anvil.fund(CHAIN_ID, ACCOUNTS.into_iter()).await;
    let (stop, stopped) = oneshot::channel::<()>();
    let config = ChainConfig {
        listen: loopback(),
        data_dir: None,
        genesis: Genesis { chain_id: CHAIN_ID, ..genesis() },
        head_key: HeadKey::from_bytes(&crate::network::head_key().to_bytes()),
        host_names: Vec::new(),
        proxies: Vec::new(),
        bounds: BOUNDS,
        block_time_s: None,
        faucet: None,
    };
    let server = serve(config, async { drop(stopped.await) }).await.expect("the chain starts");
    let url = server.url();
    let (ours, theirs) = tokio::join!(run(&url), run(&anvil.url));
    assert_eq!((ours.contracts, ours.companions), (theirs.contracts, theirs.companions));
    for (number, (ours, theirs)) in ours.came.iter().zip(&theirs.came).enumerate() {
        assert_eq!(ours, theirs, "transaction {number}");
    }
    let done = ours.came.iter().filter(|came| matches!(came, Came::Done { .. })).count();
    assert!(done > TRANSACTIONS / 2 && done < TRANSACTIONS, "{done} of {TRANSACTIONS} succeeded");
    assert_eq!((ours.came.len(), ours.tokens.len()), (theirs.came.len(), theirs.tokens.len()));
    for (number, (ours, theirs)) in ours.reads.iter().zip(&theirs.reads).enumerate() {
        assert_eq!(hex::encode(ours), hex::encode(theirs), "read {number}");
    }
    assert!(ours.reads.len() > 100 && ours.reads.len() == theirs.reads.len());
    drop(stop);
}
