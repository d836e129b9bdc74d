//! A client in front of nodes that are gone, slow, busy or lying: small servers on loopback that answer
//! with receipts signed by the keys of the network file.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic as tests may")]

#[path = "fail_over/moved.rs"]
mod moved;

use std::{
    net::TcpListener as StdListener,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::{get, post},
};
use ed25519_dalek::SigningKey;
use quorate_client::{
    ActionSource, Client, ClientError, ClientOptions, ExecutionCall, Login, LoginBuilder, VerifyError, Wallet,
};
use quorate_wire::{
    Address, Admission, ChainParameters, ContractRecord, Contracts, Digest, ErrorCode, ExecutionReply,
    ExecutionRequest, FoundingNode, FoundingTerms, HeadView, NetworkFile, NetworkView, NodeEndpoint,
    NodeIndex, NodeView, Problem, Receipt, Signed, Statement, StatementKey, Status, Submission, TransportKey,
    Usage,
};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng as _};

/// What a node of the test does with executions.
#[derive(Clone, Copy, PartialEq)]
enum Manner {
    /// Answers, with the receipt of nodes 1 and 2.
    Honest,
    /// Says that it has too much work.
    Busy,
    /// Refuses for good.
    Refusing,
    /// Takes the request and never answers.
    Slow,
    /// Answers with another response than the members signed.
    Lying,
}

struct Server {
    number: u8,
    manner: Manner,
    network: Mutex<Option<NetworkFile>>,
    seen: Mutex<Vec<Bytes>>,
    /// How often it was asked for its view, and where it says that others are.
    viewed: AtomicUsize,
    told: Mutex<Vec<(u8, NodeEndpoint)>>,
}

fn statement_signer(number: u8) -> SigningKey {
    SigningKey::from_bytes(&[number; 32])
}

fn index(number: u8) -> NodeIndex {
    NodeIndex::new(number).unwrap()
}

async fn view(State(server): State<Arc<Server>>) -> impl IntoResponse {
    let network = server.network.lock().unwrap().clone().unwrap();
    server.viewed.fetch_add(1, Ordering::Relaxed);
    let told = server.told.lock().unwrap().clone();
    let node = |(number, endpoint): (u8, NodeEndpoint)| NodeView {
        index: index(number),
        connected: true,
        set_up: true,
        banned: false,
        guest: None,
        operator: None,
        endpoint: Some(endpoint),
        silent_ms: None,
        fault: None,
    };
    let head = HeadView { number: 5, hash: Digest([5; 32]), time_ms: 1 };
    let view = NetworkView {
        login_domains: vec!["localhost".to_owned()],
        network: network.id(),
        epoch: 1,
        threshold: network.threshold,
        node: index(server.number),
        operator: None,
        endpoint: None,
        time_ms: 1,
        head: Some(head),
        finalized: None,
        head_age_ms: Some(1),
        root: None,
        ready: true,
        waiting_for: None,
        guest: Digest([4; 32]),
        nodes: told.into_iter().map(node).collect(),
    };
    json(StatusCode::OK, &view)
}

async fn execute(State(server): State<Arc<Server>>, body: Bytes) -> impl IntoResponse {
    let network = server.network.lock().unwrap().clone().unwrap();
    server.seen.lock().unwrap().push(body.clone());
    let problem = |code: ErrorCode| {
        let problem = Problem::of(code);
        json(StatusCode::from_u16(problem.status).unwrap(), &problem)
    };
    match server.manner {
        Manner::Honest => json(StatusCode::OK, &reply(&network, &body, "done")),
        Manner::Lying => json(StatusCode::OK, &reply(&network, &body, "undone")),
        Manner::Busy => problem(ErrorCode::Overloaded),
        Manner::Refusing => problem(ErrorCode::SessionScope),
        Manner::Slow => std::future::pending().await,
    }
}

fn json(status: StatusCode, value: &impl serde::Serialize) -> axum::response::Response {
    (status, [(header::CONTENT_TYPE, "application/json")], serde_json::to_vec(value).unwrap()).into_response()
}

/// Checks the submission as a node does, and answers it.
fn reply(network: &NetworkFile, body: &[u8], response: &str) -> ExecutionReply {
    let submission = Submission::parse(body).unwrap();
    let request = ExecutionRequest::parse(&submission.request).unwrap();
    let session =
        quorate_auth::verify_login(network, &submission.login, &quorate_auth::NoFacts, request.time_ms)
            .unwrap();
    let id = quorate_auth::verify_request(&network.id(), &session, &submission).unwrap();
    assert!(session.may_run(&request.action));
    let statement = Statement {
        network: network.id(),
        epoch: 1,
        request: id,
        login: submission.login.hash(),
        action: request.action,
        params: request.params_hash(),
        block: request.block,
        intents: Vec::new(),
        refusals: Vec::new(),
        collected: Vec::new(),
        single_node: Vec::new(),
        opened: Vec::new(),
        draws: Vec::new(),
        claims: Vec::new(),
        failed: Vec::new(),
        wildcard: false,
        status: Status::Completed,
        error: None,
        response: Some(Statement::response_hash("done")),
        guest: Digest([4; 32]),
    };
    let signed = |number| Signed::new(index(number), statement.clone(), &statement_signer(number));
    ExecutionReply {
        request_id: id,
        status: Status::Completed,
        error: None,
        response: Some(response.to_owned()),
        signatures: std::collections::BTreeMap::new(),
        claims: Vec::new(),
        logs: String::new(),
        usage: Usage::default(),
        receipt: Receipt { statements: vec![signed(1), signed(2)], odd: Vec::new(), faults: Vec::new() },
    }
}

/// A network of nodes with these manners; `None` is a node that is gone. The servers end with the
/// test's runtime.
struct Net {
    client: Client,
    login: Login,
    servers: Vec<Option<Arc<Server>>>,
}

fn network(endpoints: Vec<NodeEndpoint>) -> NetworkFile {
    let contract = ContractRecord { address: Address([1; 20]), code_hash: Digest([2; 32]) };
    let node = |number: u8| FoundingNode {
        transport_key: TransportKey([number; 32]),
        statement_key: StatementKey(statement_signer(number).verifying_key().to_bytes()),
        chain_address: Address([number; 20]),
    };
    let count = u8::try_from(endpoints.len()).unwrap();
    NetworkFile {
        version: NetworkFile::VERSION_BEFORE,
        name: "test".to_owned(),
        chain: ChainParameters { id: 1, genesis: Digest([0; 32]), head_key: StatementKey([9; 32]) },
        contracts: Contracts {
            pkp_nft: contract,
            pubkey_router: contract,
            pkp_permissions: contract,
            node_registry: contract,
            directory: contract,
        },
        threshold: 2,
        nodes: (1..=count).map(node).collect(),
        wildcard_sessions: false,
        admission: Admission::Open,
        limits: quorate_wire::ActionLimits::default(),
        allow_hosts: None,
        founding: None,
        approvals: Vec::new(),
        endpoints,
    }
}

async fn start(manners: &[Option<Manner>]) -> Net {
    let mut endpoints = Vec::new();
    let mut servers = Vec::new();
    for (number, manner) in (1..).zip(manners) {
        // A port that was free a moment ago and that nobody listens on, for nodes that are gone.
        let listener = StdListener::bind("127.0.0.1:0").unwrap();
        let http = format!("http://{}", listener.local_addr().unwrap());
        endpoints.push(NodeEndpoint::unsigned(http, String::new()));
        servers.push(manner.map(|manner| {
            let server = Arc::new(Server {
                number,
                manner,
                network: Mutex::new(None),
                seen: Mutex::default(),
                viewed: AtomicUsize::new(0),
                told: Mutex::default(),
            });
            let router = Router::new()
                .route("/v1/network", get(view))
                .route("/v1/executions", post(execute))
                .with_state(server.clone());
            listener.set_nonblocking(true).unwrap();
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            tokio::spawn(async move { axum::serve(listener, router).await });
            server
        }));
    }
    let network = network(endpoints);
    for server in servers.iter().flatten() {
        *server.network.lock().unwrap() = Some(network.clone());
    }
    let wallet = Wallet::from_bytes(&[3; 32]).unwrap();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let login = LoginBuilder::new(&network, "localhost")
        .allow("quorate:key/*/action/*".parse().unwrap())
        .sign_in(&wallet, u64::try_from(now.as_millis()).unwrap(), &mut ChaCha20Rng::seed_from_u64(1))
        .unwrap();
    assert_eq!(login.session().wallet(), Some(wallet.address()));
    let options = ClientOptions {
        hedge: Duration::from_millis(50),
        deadline: Duration::from_secs(2),
        ..ClientOptions::default()
    };
    Net { client: Client::new(network, options).unwrap(), login, servers }
}

impl Net {
    async fn execute(&self) -> Result<quorate_client::Execution, ClientError> {
        let action = ActionSource::Code("Lit.Actions.setResponse({response: 'done'})".to_owned());
        let call = ExecutionCall::new(action, &serde_json::json!({"a": 1})).unwrap();
        self.client.execute(&self.login, &call).await
    }

    fn seen(&self, number: usize) -> Vec<Bytes> {
        self.servers[number - 1].as_ref().unwrap().seen.lock().unwrap().clone()
    }
}

#[tokio::test]
async fn a_node_that_refuses_the_connection_is_passed_over() {
    let net = start(&[None, Some(Manner::Honest)]).await;
    let execution = net.execute().await.unwrap();
    assert_eq!(execution.node, index(2));
    assert_eq!(execution.reply.response.as_deref(), Some("done"));
    assert_eq!(execution.verified.members, [index(1), index(2)]);
}

#[tokio::test]
async fn a_busy_node_and_a_slow_node_cost_no_second_execution() {
    let net = start(&[Some(Manner::Busy), Some(Manner::Slow), Some(Manner::Honest)]).await;
    let execution = net.execute().await.unwrap();
    assert_eq!(execution.node, index(3));
    let bodies = [net.seen(1), net.seen(2), net.seen(3)];
    assert_eq!(bodies[0].len(), 1);
    assert_eq!(bodies[0], bodies[1], "the same bytes, so the same request");
    assert_eq!(bodies[1], bodies[2], "the same bytes, so the same request");
}

#[tokio::test]
async fn an_answer_that_does_not_prove_itself_is_never_returned() {
    let net = start(&[Some(Manner::Lying), Some(Manner::Honest)]).await;
    assert_eq!(net.execute().await.unwrap().node, index(2));
    let net = start(&[Some(Manner::Lying), Some(Manner::Busy)]).await;
    let error = net.execute().await.unwrap_err();
    assert_eq!(error, ClientError::Verification { node: index(1), error: VerifyError::ResponseMismatch });
}

#[tokio::test]
async fn a_refusal_of_two_nodes_is_final_and_that_of_one_is_not() {
    let net = start(&[Some(Manner::Refusing), Some(Manner::Refusing)]).await;
    match net.execute().await.unwrap_err() {
        ClientError::Problem(problem) => assert_eq!(problem.code, ErrorCode::SessionScope),
        other => panic!("{other}"),
    }
    let net = start(&[Some(Manner::Refusing), Some(Manner::Honest)]).await;
    assert_eq!(net.execute().await.unwrap().node, index(2));
}

#[tokio::test]
async fn all_nodes_that_were_tried_are_named() {
    let net = start(&[None, None]).await;
    match net.execute().await.unwrap_err() {
        ClientError::Unreachable { tried } => {
            assert_eq!(tried.iter().map(|one| one.node).collect::<Vec<_>>(), [index(1), index(2)]);
        }
        other => panic!("{other}"),
    }
    let net = start(&[Some(Manner::Slow), None]).await;
    match net.execute().await.unwrap_err() {
        ClientError::Unreachable { tried } => assert_eq!(tried.len(), 2),
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_node_of_another_network_is_refused() {
    let net = start(&[Some(Manner::Honest), Some(Manner::Honest)]).await;
    let server = net.servers[0].as_ref().unwrap();
    server.network.lock().unwrap().as_mut().unwrap().name = "other".to_owned();
    let error = net.client.network(index(1)).await.unwrap_err();
    assert_eq!(error, ClientError::Verification { node: index(1), error: VerifyError::WrongNetwork });
    assert_eq!(net.client.head().await.unwrap().0, index(2));
}

#[tokio::test]
async fn a_proposal_that_an_operator_has_not_approved_is_no_network_to_ask() {
    let net = start(&[None, None]).await;
    let founding = FoundingTerms {
        guest: Digest([4; 32]),
        deployer: Address([5; 20]),
        contracts: Vec::new(),
        values: Vec::new(),
        operators: vec!["Example Ltd".to_owned(), "Other Ltd".to_owned()],
    };
    let network = net.client.network_file().clone();
    let proposal = NetworkFile { version: NetworkFile::VERSION, founding: Some(founding), ..network };
    let error = Client::new(proposal, ClientOptions::default()).unwrap_err();
    let said = "the network file cannot be used: the approval of node 1 (Example Ltd) is missing";
    assert_eq!(error.to_string(), said);
}
