//! The contracts on the embedded chain: gas of every write beside a plain token's mint, sizes, and times of reads.

use std::{net::SocketAddr, time::Instant};

use anyhow::{Context as _, Result, ensure};
use ed25519_dalek::SigningKey as HeadKey;
use k256::ecdsa::SigningKey;
use quorate_registry::{
    abi::{PKPNFT, PKPPermissions, Validators},
    alloy_primitives::{Address, B256, Bytes, U256, keccak256},
    artifacts::{self, Companions, Contracts},
    chain::{BOUNDS, ChainConfig, ChainServer, Genesis, address_of, genesis_hash, serve},
    deploy::{Founding, addresses, creation_codes, deploy, deploy_companions},
    encode::{self, MintTerms},
    follow::{CATCH_UP_MAX, FollowConfig, Follower, Trust, follow},
    subject::{CommitteeNode, DEFAULT_KEY_SET_ID, KEY_TYPE_ECDSA_K256, RootKey, Subject},
    tx_client::TxClient,
    view::{At, RegistryView, ViewCall},
};
use quorate_wire::{
    Digest, DirectoryChange, MinterAdmission, NodeVote, PublicKey, RootKeys, VoteDomain, directory_digest,
    gather, minter_digest, root_keys_digest,
};
use tokio::sync::oneshot;

use crate::table::Table;

const CHAIN_ID: u64 = 7470;
const PLAIN: &str = include_str!("../../../contracts/artifacts/test/PlainToken.json");
const PLAIN_LISTED: &str = include_str!("../../../contracts/artifacts/test/PlainListedToken.json");
/// Sizes of committees that are read.
const COMMITTEES: [u8; 3] = [3, 10, 32];

fn key(name: &str) -> Result<SigningKey> {
    Ok(SigningKey::from_slice(keccak256(format!("quorate bench {name}")).as_slice())?)
}

fn head_key() -> HeadKey {
    HeadKey::from_bytes(&[7; 32])
}

fn committee(size: u8) -> Result<Vec<CommitteeNode>> {
    (0..size)
        .map(|index| {
            let node = key(&format!("node {index}"))?;
            Ok(CommitteeNode {
                address: quorate_registry::chain::address_of(node.verifying_key()),
                transport_key_hash: B256::repeat_byte(index + 1),
                statement_key: B256::repeat_byte(index + 101),
                url: format!("http://127.0.0.1:{}", 7470 + u16::from(index)),
            })
        })
        .collect()
}

/// A chain with everything deployed, and what follows it.
struct World {
    _server: ChainServer,
    _follower: Follower,
    _stop: [oneshot::Sender<()>; 2],
    owner: TxClient,
    view: RegistryView,
    contracts: Contracts,
    companions: Companions,
    /// Of the code of PKPHelper, which nodes admit as a minter.
    helper_code: B256,
}

impl World {
    async fn new() -> Result<World> {
        let rich = U256::from(10).pow(U256::from(24));
        let account = |name: &str| Ok::<_, anyhow::Error>(address_of(key(name)?.verifying_key()));
        let accounts = ["deployer", "owner"]
            .into_iter()
            .map(|name| Ok((account(name)?, rich)))
            .collect::<Result<_>>()?;
        let head = B256::from(head_key().verifying_key().to_bytes());
        let genesis = Genesis::new(CHAIN_ID, head, accounts, account("deployer")?);
        let hash = genesis_hash(&genesis);
        let (stop_chain, stopped) = oneshot::channel();
        let config = ChainConfig {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            data_dir: None,
            genesis,
            head_key: head_key(),
            host_names: Vec::new(),
            proxies: Vec::new(),
            bounds: BOUNDS,
            block_time_s: None,
            faucet: None,
        };
        let server = serve(config, async { drop(stopped.await) }).await?;
        let url = server.url();
        let deployer = TxClient::new(&url, CHAIN_ID, key("deployer")?)?;
        let contracts = deploy(&deployer, &founding(&committee(3)?)).await?.contracts;
        let deployed = deploy_companions(&deployer, &contracts).await?;
        let (companions, helper_code) = (deployed.addresses, deployed.code_hashes.pkp_helper);
        let (stop_follower, stopped) = oneshot::channel();
        let config = FollowConfig {
            rpc_url: url.clone().into(),
            genesis_hash: hash,
            head_key: B256::from(head_key().verifying_key().to_bytes()),
            contracts,
            creations: Vec::new(),
            catch_up_max: CATCH_UP_MAX,
            state: None,
            trust: Trust::default(),
            snapshot: None,
        };
        let (view, follower) = follow(config, async { drop(stopped.await) })?;
        let owner = TxClient::new(&url, CHAIN_ID, key("owner")?)?;
        Ok(World {
            _server: server,
            _follower: follower,
            _stop: [stop_chain, stop_follower],
            owner,
            view,
            contracts,
            companions,
            helper_code,
        })
    }

    async fn gas(&self, to: Address, data: Bytes) -> Result<u64> {
        Ok(self.owner.send(Some(to), data).await?.gas_used)
    }

    async fn minted(&self) -> Result<U256> {
        Ok(self.owner.mint_next(&self.contracts, DEFAULT_KEY_SET_ID).await?.token_id)
    }
}

#[expect(clippy::cast_precision_loss, reason = "gas is far below 2^52")]
fn add_gas(table: &mut Table, name: &str, gas: u64, plain: f64) {
    table.add(&format!("gas: {name}"), gas as f64, "gas", Some(plain));
}

/// What a plain token's second mint takes.
async fn plain_mint(world: &World, artifact: &str) -> Result<u64> {
    let artifact: artifacts::Artifact = serde_json::from_str(artifact)?;
    let token = world.owner.send(None, artifact.bytecode).await?.contract_address.context("no contract")?;
    let mint = |id: u8| {
        let mut data = keccak256("mint(uint256)")[..4].to_vec();
        data.extend_from_slice(B256::with_last_byte(id).as_slice());
        Bytes::from(data)
    };
    world.gas(token, mint(1)).await?;
    world.gas(token, mint(2)).await
}

pub(crate) async fn run(table: &mut Table) -> Result<()> {
    let world = World::new().await?;
    sizes(table);
    #[expect(clippy::cast_precision_loss, reason = "gas is far below 2^52")]
    let plain = plain_mint(&world, PLAIN).await? as f64;
    table.add("gas: mint of a plain ERC-721", plain, "gas", None);
    add_gas(table, "mint of a plain ERC-721 with lists", plain_mint(&world, PLAIN_LISTED).await?, plain);
    votes(table, &world, plain).await?;
    let token = mints(table, &world, plain).await?;
    let subject = grants(table, &world, plain, token).await?;
    reads(table, &world, token, &subject).await
}

fn sizes(table: &mut Table) {
    for (name, artifact) in [
        ("NodeRegistry", artifacts::node_registry()),
        ("PubkeyRouter", artifacts::pubkey_router()),
        ("PKPPermissions", artifacts::pkp_permissions()),
        ("PKPNFT", artifacts::pkp_nft()),
        ("Directory", artifacts::directory()),
        ("PKPHelper", artifacts::pkp_helper()),
        ("PriceFeed", artifacts::price_feed()),
        ("Ledger", artifacts::ledger()),
        ("PaymentDelegation", artifacts::payment_delegation()),
        ("ContractResolver", artifacts::contract_resolver()),
    ] {
        #[expect(clippy::cast_precision_loss, reason = "some kilobytes")]
        let bytes = artifact.deployed_bytecode.len() as f64;
        table.add(&format!("size: {name}"), bytes, "bytes", None);
    }
}

/// What nodes sign together, handed over by somebody else.
async fn votes(table: &mut Table, world: &World, plain: f64) -> Result<()> {
    let contracts = world.contracts;
    let keys = RootKeys {
        sign_secp256k1: PublicKey::from_sec1(key("root")?.verifying_key().to_sec1_point(false).as_bytes())?,
        sign_p256: [3; 33],
        sign_ed25519: [5; 32],
        decrypt: [1; 48],
        session: [7; 48],
        random: [8; 48],
    };
    let roots = RootKey::list(&keys);
    let router = domain(contracts.pubkey_router);
    let votes = signed(&root_keys_digest(&router, DEFAULT_KEY_SET_ID, &keys), 3)?;
    let set = encode::set_root_keys(contracts.node_registry, DEFAULT_KEY_SET_ID, &roots, &votes);
    add_gas(table, "roots with 3 signatures", world.gas(contracts.pubkey_router, set).await?, plain);
    for (version, length) in [(1, 32), (2, 4096)] {
        let value = vec![b'v'; length];
        let changes = [DirectoryChange { name: "login-domains".to_owned(), version, value }];
        let votes = signed(&directory_digest(&domain(contracts.directory), &changes), 2)?;
        let gas = world.gas(contracts.directory, encode::set_directory(&changes, &votes)).await?;
        add_gas(table, &format!("value of {length} bytes with 2 signatures"), gas, plain);
    }
    let (minter, code) = (world.companions.pkp_helper, world.helper_code);
    let admission = MinterAdmission { minter: wire(minter), code_hash: Digest(code.0), number: 1 };
    let votes = signed(&minter_digest(&router, &admission), 2)?;
    let gas = world.gas(contracts.pubkey_router, encode::admit_minter(&admission, &votes)).await?;
    add_gas(table, "further minter with 2 signatures", gas, plain);
    Ok(())
}

/// Any two of a committee act.
fn founding(committee: &[CommitteeNode]) -> Founding<'_> {
    Founding { committee, threshold: 2, salt: B256::ZERO }
}

/// For what votes for one of the contracts count.
fn domain(contract: Address) -> VoteDomain {
    VoteDomain { chain_id: CHAIN_ID, contract: wire(contract), salt: Digest([0; 32]) }
}

/// The signatures of the first nodes, in the order in which the contracts want them.
fn signed(digest: &Digest, nodes: u8) -> Result<Vec<NodeVote>> {
    let votes = (0..nodes).map(|node| Ok(NodeVote::sign(digest, &key(&format!("node {node}"))?)));
    Ok(gather(digest, votes.collect::<Result<Vec<_>>>()?))
}

fn wire(address: Address) -> quorate_wire::Address {
    quorate_wire::Address(address.0.0)
}

fn alloy_encode<C: alloy_sol_types::SolCall>(call: &C) -> Bytes {
    call.abi_encode().into()
}

fn action(index: u8) -> [u8; 34] {
    let mut id = [index; 34];
    id[..2].copy_from_slice(&[0x12, 0x20]);
    id
}

fn login(name: &str) -> Subject {
    Subject::AuthMethod { kind: U256::from(6), id: keccak256(name).to_vec() }
}

/// The mints; the first of each kind pays for fresh counters and does not count.
async fn mints(table: &mut Table, world: &World, plain: f64) -> Result<U256> {
    let (nft, helper) = (world.contracts.pkp_nft, world.companions.pkp_helper);
    world.minted().await?;
    let minted = world.owner.mint_next(&world.contracts, DEFAULT_KEY_SET_ID).await?;
    add_gas(table, "mint", minted.receipt.gas_used, plain);
    let burnt = |index| encode::mint_grant_and_burn_next(DEFAULT_KEY_SET_ID, &action(index));
    world.gas(nft, burnt(1)).await?;
    add_gas(table, "mint, grant and burn", world.gas(nft, burnt(2)).await?, plain);
    let grants = vec![(login("one"), Vec::new(), vec![1]), (login("two"), Vec::new(), vec![1])];
    for (name, self_owned, burn) in [
        ("two logins, to the caller", false, false),
        ("two logins, to itself", true, false),
        ("two logins, burnt", false, true),
    ] {
        let terms = MintTerms { grants: grants.clone(), self_owned, burn };
        let data = || encode::mint_with(DEFAULT_KEY_SET_ID, &terms);
        world.gas(helper, data()).await?;
        add_gas(table, &format!("mint with {name}"), world.gas(helper, data()).await?, plain);
    }
    claim(table, world, plain).await?;
    let token = world.minted().await?;
    let transfer = encode::transfer(world.owner.address(), Address::repeat_byte(9), token);
    add_gas(table, "transfer", world.gas(nft, transfer).await?, plain);
    let token = world.minted().await?;
    add_gas(table, "burn", world.gas(nft, encode::burn(token)).await?, plain);
    Ok(minted.token_id)
}

async fn claim(table: &mut Table, world: &World, plain: f64) -> Result<()> {
    let key_id = B256::repeat_byte(1);
    let owner = world.owner.address();
    let digest = PKPNFT::claimDigestCall {
        keyType: U256::from(KEY_TYPE_ECDSA_K256),
        keySetId: DEFAULT_KEY_SET_ID.to_owned(),
        derivedKeyId: key_id,
        receiver: owner,
        minter: owner,
        byAll: false,
    };
    let digest = world.owner.read(world.contracts.pkp_nft, &digest).await?;
    let mut nodes = [key("node 0")?, key("node 1")?];
    nodes.sort_by_key(|node| quorate_registry::chain::address_of(node.verifying_key()));
    let signatures = nodes
        .iter()
        .map(|node| {
            let (signature, id) = node.sign_prehash_recoverable(digest.as_slice());
            let (r, s) = signature.split_bytes();
            PKPNFT::Signature { r: B256::from_slice(&r), s: B256::from_slice(&s), v: 27 + id.to_byte() }
        })
        .collect();
    let call = PKPNFT::claimAndMintCall {
        realmId: U256::ONE,
        keyType: U256::from(KEY_TYPE_ECDSA_K256),
        keySetId: DEFAULT_KEY_SET_ID.to_owned(),
        derivedKeyId: key_id,
        signatures,
        stakingContractAddress: world.contracts.node_registry,
    };
    add_gas(table, "claim, two nodes", world.gas(world.contracts.pkp_nft, alloy_encode(&call)).await?, plain);
    Ok(())
}

async fn grants(table: &mut Table, world: &World, plain: f64, token: U256) -> Result<Subject> {
    let permissions = world.contracts.pkp_permissions;
    let (subject, user) = (Subject::Action(action(3)), Subject::Address(Address::repeat_byte(0xaa)));
    let add = |subject: &Subject, scopes: &[u8]| encode::add_permitted(token, subject, scopes);
    world.gas(permissions, add(&Subject::Action(action(4)), &[1])).await?;
    add_gas(table, "permit an action", world.gas(permissions, add(&subject, &[1])).await?, plain);
    add_gas(table, "permit an address", world.gas(permissions, add(&user, &[1])).await?, plain);
    let (kind, id) = login("a login with a key").auth_method();
    let call = PKPPermissions::addPermittedAuthMethodCall {
        tokenId: token,
        authMethod: PKPPermissions::AuthMethod {
            authMethodType: kind,
            id,
            userPubkey: Bytes::from(vec![4; 65]),
        },
        scopes: vec![U256::ONE],
    };
    add_gas(table, "permit a login with a key", world.gas(permissions, alloy_encode(&call)).await?, plain);
    let scope = encode::add_scope(token, &subject, 2);
    add_gas(table, "add a scope", world.gas(permissions, scope).await?, plain);
    let scope = encode::remove_scope(token, &subject, 2);
    add_gas(table, "take a scope away", world.gas(permissions, scope).await?, plain);
    let remove = encode::remove_permitted(token, &user);
    add_gas(table, "take an address away", world.gas(permissions, remove).await?, plain);
    Ok(subject)
}

/// Microseconds of one call on the view, over so many.
fn each(rounds: u32, mut call: impl FnMut() -> Result<()>) -> Result<f64> {
    let begun = Instant::now();
    for _ in 0..rounds {
        call()?;
    }
    Ok(begun.elapsed().as_secs_f64() * 1e6 / f64::from(rounds))
}

async fn reads(table: &mut Table, world: &World, token: U256, subject: &Subject) -> Result<()> {
    let registries = {
        let mut all = Vec::new();
        for size in COMMITTEES {
            let codes = creation_codes(&addresses(Address::ZERO, 0), &founding(&committee(size)?));
            let code = codes.into_iter().next().context("no code")?.0;
            let receipt = world.owner.send(None, code).await?;
            all.push((size, receipt.contract_address.context("no contract")?, receipt.block_number));
        }
        all
    };
    let last = registries.iter().map(|entry| entry.2).max().unwrap_or_default();
    let mut changes = world.view.watch();
    while world.view.head().map_or(0, |head| head.finalized.number) < last {
        changes.changed().await?;
    }
    let view = &world.view;
    let slot = U256::from_be_bytes(keccak256("any").0);
    let bare = each(200_000, || {
        std::hint::black_box(view.slot(world.contracts.pkp_permissions, slot, At::Latest)?);
        Ok(())
    })?;
    table.add("a bare slot", bare, "us", None);
    let grant = each(100_000, || {
        ensure!(view.grant(token, subject, At::Latest)?.member, "the grant is there");
        Ok(())
    })?;
    table.add("a grant, by slots", grant, "us", Some(bare));
    let recorded = login("a login with a key");
    let user_pubkey = each(100_000, || {
        ensure!(view.user_pubkey(token, &recorded, At::Latest)?.len() == 65, "the key is there");
        Ok(())
    })?;
    table.add("a login's key, by slots", user_pubkey, "us", Some(bare));
    let domains = each(100_000, || {
        std::hint::black_box(view.login_domains(At::Latest)?);
        Ok(())
    })?;
    table.add("login domains of the Directory, kept", domains, "us", Some(bare));
    for (size, registry, _) in registries {
        let call = Validators::getActiveUnkickedValidatorStructsAndCountsCall { realmId: U256::ONE };
        let call = ViewCall {
            from: Address::ZERO,
            to: registry,
            value: U256::ZERO,
            data: alloy_encode(&call),
            gas: None,
        };
        let time = each(500, || {
            ensure!(view.call_contract(&call, At::Latest)?.output.is_ok(), "the call succeeds");
            Ok(())
        })?;
        table.add(&format!("validators of {size} nodes, by call"), time, "us", Some(bare));
    }
    Ok(())
}
