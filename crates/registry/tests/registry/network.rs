//! A served chain with deployed contracts, and what tests do with it.

use std::{net::SocketAddr, path::Path, time::Duration};

use ed25519_dalek::SigningKey as HeadKey;
use k256::ecdsa::SigningKey;
use quorate_registry::{
    alloy_primitives::{Address, B256, U256, keccak256},
    artifacts::Contracts,
    chain::{BOUNDS, ChainConfig, ChainServer, Genesis, address_of, serve},
    deploy::{Deployment, Founding, deploy},
    follow::{CATCH_UP_MAX, FollowConfig, FollowError, Follower, SnapshotFile, StateFile, Trust, follow},
    subject::{CommitteeNode, DEFAULT_KEY_SET_ID, RootKey},
    tx_client::TxClient,
    view::RegistryView,
};
use quorate_wire::{Digest, NodeVote, PublicKey, RootKeys, VoteDomain, gather, root_keys_digest};
use tokio::sync::oneshot;

/// Stops what it was made for when it is dropped.
pub(crate) type Stop = oneshot::Sender<()>;

pub(crate) fn key(name: &str) -> SigningKey {
    SigningKey::from_slice(keccak256(format!("quorate test {name}")).as_slice()).expect("a hash is a scalar")
}

/// The chain of these tests.
pub(crate) const CHAIN_ID: u64 = 7470;

/// The salt of the founding.
const SALT: B256 = B256::repeat_byte(0x5a);

/// Who has money.
pub(crate) const ACCOUNTS: [&str; 7] = ["owner", "second", "third", "deployer", "node 0", "node 1", "node 2"];

/// Further accounts that have money: "sender 0" and so on.
pub(crate) const SENDERS: u8 = 64;

pub(crate) fn head_key() -> HeadKey {
    HeadKey::from_bytes(&keccak256("quorate test head").0)
}

pub(crate) fn head_public() -> B256 {
    B256::from(head_key().verifying_key().to_bytes())
}

pub(crate) fn genesis() -> Genesis {
    let rich = U256::from(10).pow(U256::from(21));
    let account = |name: &str| address_of(key(name).verifying_key());
    let senders = (0..SENDERS).map(|number| account(&format!("sender {number}")));
    let accounts = ACCOUNTS.map(account).into_iter().chain(senders).map(|who| (who, rich)).collect();
    Genesis::new(CHAIN_ID, head_public(), accounts, account("deployer"))
}

pub(crate) async fn chain_at(listen: SocketAddr, folder: Option<&Path>) -> (ChainServer, Stop) {
    chain_of(listen, folder, None).await
}

/// A chain that makes a block at least every so many seconds.
pub(crate) async fn chain_of(
    listen: SocketAddr,
    folder: Option<&Path>,
    block_time_s: Option<u64>,
) -> (ChainServer, Stop) {
    start(ChainConfig { block_time_s, ..config(listen, folder) }).await
}

pub(crate) fn config(listen: SocketAddr, folder: Option<&Path>) -> ChainConfig {
    ChainConfig {
        listen,
        data_dir: folder.map(Path::to_owned),
        genesis: genesis(),
        head_key: head_key(),
        host_names: Vec::new(),
        proxies: Vec::new(),
        bounds: BOUNDS,
        block_time_s: None,
        faucet: None,
    }
}

pub(crate) async fn start(config: ChainConfig) -> (ChainServer, Stop) {
    let (stop, stopped) = oneshot::channel();
    let server = serve(config, async { drop(stopped.await) }).await.expect("the chain starts");
    (server, stop)
}

pub(crate) async fn chain() -> (ChainServer, Stop) {
    chain_at(loopback(), None).await
}

pub(crate) fn loopback() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

pub(crate) fn committee() -> Vec<CommitteeNode> {
    (0..3)
        .map(|index| CommitteeNode {
            address: address_of(key(&format!("node {index}")).verifying_key()),
            transport_key_hash: B256::repeat_byte(index + 1),
            statement_key: B256::repeat_byte(index + 101),
            url: format!("http://127.0.0.1:{}", 7470 + u16::from(index)),
        })
        .collect()
}

/// What the contracts of tests are created with: any two of the committee act.
pub(crate) fn founding(committee: &[CommitteeNode]) -> Founding<'_> {
    Founding { committee, threshold: 2, salt: SALT }
}

/// For what votes for one of the contracts count.
pub(crate) fn domain(chain_id: u64, contract: Address) -> VoteDomain {
    VoteDomain { chain_id, contract: wire(contract), salt: Digest(SALT.0) }
}

/// Deploys, and sets a root that all nodes signed.
pub(crate) async fn founded(url: &str) -> Deployment {
    let deployer = TxClient::new(url, CHAIN_ID, key("deployer")).unwrap();
    let deployment = deploy(&deployer, &founding(&committee())).await.expect("deployment succeeds");
    let votes = root_votes(CHAIN_ID, deployment.contracts.pubkey_router);
    deployer
        .set_root_keys(&deployment.contracts, DEFAULT_KEY_SET_ID, &roots(), &votes)
        .await
        .expect("the signatures count");
    deployment
}

/// The signatures of all nodes for the roots.
pub(crate) fn root_votes(chain_id: u64, router: Address) -> Vec<NodeVote> {
    let digest = root_keys_digest(&domain(chain_id, router), DEFAULT_KEY_SET_ID, &root_keys());
    votes(&digest, 3)
}

/// The signatures of the first nodes, in the order in which the contracts want them.
pub(crate) fn votes(digest: &Digest, nodes: usize) -> Vec<NodeVote> {
    gather(digest, (0..nodes).map(|index| NodeVote::sign(digest, &key(&format!("node {index}")))))
}

/// An address in the words of the wire.
pub(crate) fn wire(address: Address) -> quorate_wire::Address {
    quorate_wire::Address(address.0.0)
}

pub(crate) fn roots() -> Vec<RootKey> {
    RootKey::list(&root_keys())
}

fn root_keys() -> RootKeys {
    let root = PublicKey::from_sec1(key("root").verifying_key().to_sec1_point(false).as_bytes());
    RootKeys {
        sign_secp256k1: root.expect("a point"),
        sign_p256: [3; 33],
        sign_ed25519: [5; 32],
        decrypt: [1; 48],
        session: [7; 48],
        random: [8; 48],
    }
}

pub(crate) fn follower(url: &str, contracts: Contracts) -> (RegistryView, Follower, Stop) {
    impatient(url, contracts, CATCH_UP_MAX)
}

/// A follower that fetches the blocks up to one statement for so long.
pub(crate) fn impatient(
    url: &str,
    contracts: Contracts,
    catch_up_max: Duration,
) -> (RegistryView, Follower, Stop) {
    Following { catch_up_max, ..Following::of(url, contracts) }.start()
}

/// How a chain is followed.
pub(crate) struct Following {
    pub(crate) url: String,
    pub(crate) contracts: Contracts,
    pub(crate) catch_up_max: Duration,
    pub(crate) state: Option<StateFile>,
    pub(crate) trust: Trust,
    pub(crate) snapshot: Option<SnapshotFile>,
}

impl Following {
    pub(crate) fn of(url: &str, contracts: Contracts) -> Self {
        let (trust, catch_up_max) = (Trust::default(), CATCH_UP_MAX);
        Self { url: url.to_owned(), contracts, catch_up_max, state: None, trust, snapshot: None }
    }

    pub(crate) fn start(self) -> (RegistryView, Follower, Stop) {
        let (stop, stopped) = oneshot::channel();
        let config = FollowConfig {
            rpc_url: self.url.as_str().into(),
            genesis_hash: quorate_registry::chain::genesis_hash(&genesis()),
            head_key: head_public(),
            contracts: self.contracts,
            creations: Vec::new(),
            catch_up_max: self.catch_up_max,
            state: self.state,
            trust: self.trust,
            snapshot: self.snapshot,
        };
        let (view, follower) =
            follow(config, async { drop(stopped.await) }).expect("the configuration is good");
        (view, follower, stop)
    }
}

/// Waits until a view has replayed a block and counted the statement that finalizes it.
pub(crate) async fn until_block(view: &RegistryView, number: u64) {
    let mut changes = view.watch();
    bounded(async {
        while view.head().map_or(0, |head| head.finalized.number) < number {
            changes.changed().await.expect("the view lives");
        }
    })
    .await;
}

/// Waits until a follower reports an error for which `wanted` holds.
pub(crate) async fn until_error(follower: &Follower, wanted: impl Fn(&FollowError) -> bool) -> FollowError {
    let mut errors = follower.errors();
    bounded(async {
        errors
            .wait_for(|error| error.as_ref().is_some_and(&wanted))
            .await
            .expect("the follower lives")
            .clone()
    })
    .await
    .expect("the condition holds for an error only")
}

/// A test that waits for longer than this has failed.
pub(crate) async fn bounded<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(std::time::Duration::from_secs(60), future)
        .await
        .expect("it happens within a minute")
}

pub(crate) fn action(fill: u8) -> [u8; 34] {
    let mut id = [fill; 34];
    id[0] = 0x12;
    id[1] = 0x20;
    id
}
