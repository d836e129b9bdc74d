//! Answers with a part exchanged: what a client takes for a node's share, and what it does not.

use ed25519_dalek::SigningKey;
use quorate_wire::{
    Address, Admission, Capability, CapabilityPolicy, ChainParameters, ContractRecord, Contracts,
    FoundingNode, NetworkId, NodeEndpoint, StatementKey, TransportKey,
};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng as _};

use super::*;
use crate::{ClientOptions, LoginBuilder, Wallet};

const POLICY: Digest = Digest([0x22; 32]);
/// The generator of G2: a point, so that it may be a share.
const POINT: &str = "93e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e\
                     024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8";

fn secret(node: u8) -> SigningKey {
    SigningKey::from_bytes(&[node; 32])
}

fn index(node: u8) -> NodeIndex {
    NodeIndex::new(node).unwrap()
}

fn network() -> quorate_wire::NetworkFile {
    let record = ContractRecord { address: Address([1; 20]), code_hash: Digest([1; 32]) };
    let endpoint = NodeEndpoint::unsigned("http://127.0.0.1:1", "127.0.0.1:1");
    let node = |node: u8| FoundingNode {
        transport_key: TransportKey(secret(0x40 + node).verifying_key().to_bytes()),
        statement_key: StatementKey(secret(node).verifying_key().to_bytes()),
        chain_address: Address([node; 20]),
    };
    quorate_wire::NetworkFile {
        version: quorate_wire::NetworkFile::VERSION_BEFORE,
        name: "test".to_owned(),
        chain: ChainParameters {
            id: 31_337,
            genesis: Digest([1; 32]),
            head_key: StatementKey(secret(0x50).verifying_key().to_bytes()),
        },
        contracts: Contracts {
            pkp_nft: record,
            pubkey_router: record,
            pkp_permissions: record,
            node_registry: record,
            directory: record,
        },
        threshold: 2,
        nodes: (1..=3).map(node).collect(),
        wildcard_sessions: true,
        admission: Admission::Open,
        limits: quorate_wire::ActionLimits::default(),
        allow_hosts: None,
        founding: None,
        approvals: Vec::new(),
        endpoints: vec![endpoint; 3],
    }
}

/// A client that has asked all three nodes.
struct Bench {
    client: Client,
    asked: BTreeMap<NodeIndex, Asked>,
}

impl Bench {
    fn new() -> Self {
        let client = Client::new(network(), ClientOptions::default()).unwrap();
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let policy = CapabilityPolicy::Named(POLICY);
        let builder =
            LoginBuilder::new(client.network_file(), "localhost").allow(Capability::Decrypt { policy });
        let wallet = Wallet::from_bytes(&[7; 32]).unwrap();
        let login = builder.sign_in(&wallet, now_ms().unwrap(), &mut rng).unwrap();
        let identity = Identity::Container { network: client.id, policy: POLICY, salt: [5; 32] };
        let policy = RawValue::from_string("[]".to_owned()).unwrap();
        let opening = Opening { policy, form: PolicyForm::Unified, identity };
        let asked = Asked::of_all(&client, (&login, &opening), &mut rng).unwrap();
        Bench { client, asked }
    }

    /// What a node seals: these bytes, to the key of one request, as its answer to another.
    fn sealed(&self, (reader, request): (u8, u8), bytes: &[u8]) -> Vec<u8> {
        let context = sealed::context(&self.asked[&index(request)].id, index(request));
        let reader = *self.asked[&index(reader)].reader.public();
        sealed::seal(&reader, &context, bytes, &mut ChaCha20Rng::seed_from_u64(2)).unwrap()
    }

    fn body(&self, node: u8) -> ShareStatement {
        let asked = &self.asked[&index(node)];
        let block = BlockRef { number: 1, hash: Digest([1; 32]) };
        ShareStatement {
            network: self.client.id,
            epoch: 1,
            request: asked.id,
            login: asked.login,
            identity: asked.identity,
            latest: block,
            finalized: block,
            sealed: Digest([0; 32]),
        }
    }

    /// A node's answer: sealed bytes, and its word about them with something exchanged.
    fn stated(&self, node: u8, sealed: Vec<u8>, change: impl FnOnce(&mut ShareStatement)) -> DecryptionReply {
        let mut body = ShareStatement { sealed: Digest(Sha256::digest(&sealed).into()), ..self.body(node) };
        change(&mut body);
        DecryptionReply { sealed, statement: Signed::new(index(node), body, &secret(node)) }
    }

    fn right(&self, node: u8) -> DecryptionReply {
        self.stated(node, self.sealed((node, node), &point()), |_| {})
    }

    fn word(&self, change: impl FnOnce(&mut ShareStatement)) -> DecryptionReply {
        self.stated(1, self.sealed((1, 1), &point()), change)
    }

    fn carried(&self, sealed: Vec<u8>) -> DecryptionReply {
        self.stated(1, sealed, |_| {})
    }
}

fn point() -> Vec<u8> {
    hex::decode(POINT).unwrap()
}

/// What is exchanged in node 1's answer. What is not its word about this request is told from what is no share for us.
type Row = (&'static str, fn(&Bench) -> DecryptionReply, VerifyError);

const ROWS: &[Row] = &[
    ("another node's answer", |all| all.right(2), VerifyError::ShareStatement),
    (
        "another node's word under this one's name",
        |all| {
            let mut reply = all.right(2);
            reply.statement.node = index(1);
            reply
        },
        VerifyError::ShareStatement,
    ),
    (
        "a word that another node signed",
        |all| {
            let DecryptionReply { sealed, statement } = all.right(1);
            DecryptionReply { sealed, statement: Signed::new(index(1), statement.body, &secret(2)) }
        },
        VerifyError::ShareStatement,
    ),
    ("another network", |all| all.word(|of| of.network = NetworkId([9; 32])), VerifyError::ShareStatement),
    ("another epoch", |all| all.word(|of| of.epoch = 2), VerifyError::ShareStatement),
    (
        "another request",
        |all| all.word(|of| of.request = all.asked[&index(2)].id),
        VerifyError::ShareStatement,
    ),
    ("another login", |all| all.word(|of| of.login = Digest([9; 32])), VerifyError::ShareStatement),
    (
        "another identity",
        |all| {
            let network = all.client.id;
            all.word(|of| of.identity = Identity::Container { network, policy: POLICY, salt: [6; 32] })
        },
        VerifyError::ShareStatement,
    ),
    (
        "a word about other bytes",
        |all| all.word(|of| of.sealed = Digest([9; 32])),
        VerifyError::ShareStatement,
    ),
    (
        "other bytes under the word",
        |all| DecryptionReply { sealed: all.sealed((1, 1), &[0; 96]), ..all.right(1) },
        VerifyError::ShareStatement,
    ),
    ("sealed to another key", |all| all.carried(all.sealed((2, 1), &point())), VerifyError::Share),
    ("sealed as the answer of another", |all| all.carried(all.right(2).sealed), VerifyError::Share),
    ("sealed, and no point", |all| all.carried(all.sealed((1, 1), &[0x5a; 96])), VerifyError::Share),
    ("sealed, and a byte short", |all| all.carried(all.sealed((1, 1), &point()[..95])), VerifyError::Share),
    ("nothing", |all| all.carried(Vec::new()), VerifyError::Share),
];

#[tokio::test]
async fn an_answer_counts_only_as_that_nodes_word_about_this_request() {
    let all = Bench::new();
    let taken = |reply| all.asked[&index(1)].share(&all.client, (index(1), reply));
    for (about, exchanged, expected) in ROWS {
        match taken(exchanged(&all)) {
            Err(Trouble::Unproven(error)) => assert_eq!(&error, expected, "{about}"),
            Err(_) => panic!("{about}: another trouble"),
            Ok(_) => panic!("{about}: it was taken"),
        }
    }
    assert!(taken(all.right(1)).is_ok());
}
