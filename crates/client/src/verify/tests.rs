use ed25519_dalek::SigningKey as StatementSigner;
use k256::ecdsa::{Signature, SigningKey};
use quorate_wire::{
    ActionCid, Address, Admission, BlockRef, ChainParameters, ContractRecord, Contracts, Digest, ErrorCode,
    FoundingNode, Lane, MessageKind, NodeEndpoint, OddNode, OperationNumber, Recipient, Refusal, Signed,
    StatementKey, Status, TransportKey, Usage, Verdict, Vote, limits::EXECUTION_OPERATIONS_MAX,
};

use super::*;

const REQUEST: &str = r#"{"v":1,"network":"NETWORK","session":"0000000000000000000000000000000000000000000000000000000000000004","login":"0x0000000000000000000000000000000000000000000000000000000000000006","action":"ACTION","params":{"a":1},"block":{"number":3,"hash":"0x0000000000000000000000000000000000000000000000000000000000000002"},"time_ms":5,"nonce":"00000000000000000000000000000003"}"#;

pub(crate) fn statement_signer(number: u8) -> StatementSigner {
    StatementSigner::from_bytes(&[number; 32])
}

pub(crate) fn index(number: u8) -> NodeIndex {
    NodeIndex::new(number).unwrap()
}

/// Three nodes, threshold two.
pub(crate) fn network() -> NetworkFile {
    let contract = ContractRecord { address: Address([1; 20]), code_hash: Digest([2; 32]) };
    let node = |number: u8| FoundingNode {
        transport_key: TransportKey([number; 32]),
        statement_key: StatementKey(statement_signer(number).verifying_key().to_bytes()),
        chain_address: Address([number; 20]),
    };
    let endpoint = NodeEndpoint::unsigned(String::new(), String::new());
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
        nodes: (1..=3).map(node).collect(),
        wildcard_sessions: false,
        admission: Admission::Open,
        limits: quorate_wire::ActionLimits::default(),
        allow_hosts: None,
        founding: None,
        approvals: Vec::new(),
        endpoints: vec![endpoint; 3],
    }
}

fn request() -> Vec<u8> {
    REQUEST
        .replace("NETWORK", &network().id().to_string())
        .replace("ACTION", &ActionCid::of_code(b"a").to_string())
        .into_bytes()
}

fn pkp() -> SigningKey {
    SigningKey::from_slice(&[7; 32]).unwrap()
}

fn operation(number: u32) -> OperationNumber {
    OperationNumber::from_u32(number).unwrap()
}

fn intent(name: &str, digest: u8) -> Intent {
    Intent {
        operation: operation(u32::from(name != "one")),
        action: ActionCid::of_code(b"a"),
        key: PublicKey::from_sec1(&pkp().verifying_key().to_sec1_bytes()).unwrap(),
        scheme: Scheme::EcdsaK256Sha256,
        kind: MessageKind::Digest,
        digest: Digest([digest; 32]),
        name: name.to_owned(),
        recipient: Recipient::Caller,
        guest: Digest([4; 32]),
    }
}

pub(crate) fn statement() -> Statement {
    let parsed = ExecutionRequest::parse(&request()).unwrap();
    Statement {
        network: network().id(),
        epoch: 1,
        request: request_id(&network().id(), &request()),
        login: parsed.login,
        action: parsed.action,
        params: parsed.params_hash(),
        block: parsed.block,
        intents: vec![intent("one", 1), intent("two", 2)],
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
    }
}

fn signed(number: u8, statement: Statement) -> Signed<Statement> {
    Signed::new(index(number), statement, &statement_signer(number))
}

fn receipt(statement: &Statement) -> Receipt {
    let statements = vec![signed(1, statement.clone()), signed(3, statement.clone())];
    Receipt { statements, odd: Vec::new(), faults: Vec::new() }
}

fn view(intent: &Intent) -> SignatureView {
    let (signature, id) = pkp().sign_prehash_recoverable(&intent.digest.0);
    SignatureView {
        scheme: intent.scheme,
        public_key: intent.key,
        digest: intent.digest,
        signature: format!("0x{}", hex::encode(signature.to_bytes())),
        recovery_id: Some(id.to_byte()),
    }
}

fn reply_of(statement: &Statement) -> ExecutionReply {
    ExecutionReply {
        request_id: statement.request,
        status: statement.status,
        error: statement.error,
        response: Some("done".to_owned()),
        signatures: statement.shown().into_iter().map(|(name, intent)| (name, view(intent))).collect(),
        claims: statement.claims.clone(),
        logs: String::new(),
        usage: Usage::default(),
        receipt: receipt(statement),
    }
}

/// The verdict on a good reply after one change.
fn changed(change: impl FnOnce(&mut ExecutionReply)) -> Option<VerifyError> {
    let mut reply = reply_of(&statement());
    change(&mut reply);
    verify_execution(&network(), &request(), &reply).err()
}

fn odd_node(number: u8, place: u32, field: &str, mut verdict: Verdict) -> OddNode {
    let statement = statement();
    let operation = operation(place);
    if let Verdict::Intent(intent) = &mut verdict {
        intent.operation = operation;
    }
    let vote = Vote {
        network: statement.network,
        epoch: 1,
        request: statement.request,
        operation,
        verdict,
        seen: Vec::new(),
    };
    OddNode {
        node: index(number),
        operation,
        field: field.to_owned(),
        intent: vote.hash(),
        vote: Signed::new(index(number), vote, &statement_signer(number)),
        against: None,
    }
}

fn with_odd(odd: OddNode) -> Option<VerifyError> {
    changed(|reply| reply.receipt.odd.push(odd))
}

#[test]
fn a_good_reply_is_proven_by_the_members_that_signed() {
    let reply = reply_of(&statement());
    let verified = verify_execution(&network(), &request(), &reply).unwrap();
    assert_eq!(verified.members, [index(1), index(3)]);
    assert_eq!(verified.statement, statement());
    // It survives the JSON in which it travels.
    let text = serde_json::to_string(&reply).unwrap();
    assert_eq!(serde_json::from_str::<ExecutionReply>(&text).unwrap(), reply);
}

#[test]
fn refuses_receipts_of_fewer_than_t_distinct_members() {
    let two = network().threshold;
    let too_few = |found| Some(VerifyError::TooFewMembers { found, threshold: two });
    assert_eq!(changed(|reply| reply.receipt.statements.clear()), too_few(0));
    assert_eq!(changed(|reply| reply.receipt.statements.truncate(1)), too_few(1));
    assert_eq!(
        changed(|reply| reply.receipt.statements[1] = reply.receipt.statements[0].clone()),
        Some(VerifyError::MemberTwice(index(1)))
    );
}

#[test]
fn refuses_statements_that_no_member_signed() {
    assert_eq!(
        changed(|reply| reply.receipt.statements[1] = signed(4, statement())),
        Some(VerifyError::NotMember(index(4)))
    );
    // Signed by another member's key, under this member's name.
    assert_eq!(
        changed(|reply| {
            reply.receipt.statements[1] = Signed::new(index(2), statement(), &statement_signer(3));
        }),
        Some(VerifyError::StatementSignature(index(2)))
    );
    assert_eq!(
        changed(|reply| reply.receipt.statements[1].node = index(2)),
        Some(VerifyError::StatementSignature(index(2)))
    );
}

#[test]
fn refuses_statements_that_differ() {
    let mut other = statement();
    other.response = None;
    assert_eq!(
        changed(|reply| reply.receipt.statements[1] = signed(3, other)),
        Some(VerifyError::UnequalStatement(index(3)))
    );
}

#[test]
fn refuses_accounts_of_something_else() {
    let about = |change: fn(&mut Statement)| {
        let mut statement = statement();
        change(&mut statement);
        changed(|reply| reply.receipt = receipt(&statement))
    };
    assert_eq!(
        about(|statement| statement.network = quorate_wire::NetworkId([1; 32])),
        Some(VerifyError::WrongNetwork)
    );
    assert_eq!(about(|statement| statement.epoch = 2), Some(VerifyError::WrongEpoch(2)));
    assert_eq!(about(|statement| statement.request = RequestId([1; 32])), Some(VerifyError::WrongRequest));
    assert_eq!(
        about(|statement| statement.action = ActionCid::of_code(b"b")),
        Some(VerifyError::WrongExecution)
    );
    assert_eq!(about(|statement| statement.login = Digest([1; 32])), Some(VerifyError::OtherLogin));
    assert_eq!(about(|statement| statement.params = Digest([1; 32])), Some(VerifyError::WrongExecution));
    assert_eq!(
        about(|statement| statement.block = BlockRef { number: 4, ..statement.block }),
        Some(VerifyError::WrongExecution)
    );
    assert_eq!(changed(|reply| reply.request_id = RequestId([1; 32])), Some(VerifyError::WrongRequest));
    let reply = reply_of(&statement());
    assert_eq!(
        verify_execution(&network(), b"{}", &reply).err(),
        Some(VerifyError::WrongRequest),
        "other request bytes"
    );
}

#[test]
fn refuses_an_altered_response_or_status() {
    let other = Some(VerifyError::ResponseMismatch);
    assert_eq!(changed(|reply| reply.response = Some("done!".to_owned())), other);
    assert_eq!(changed(|reply| reply.response = None), other);
    let other = Some(VerifyError::StatusMismatch);
    assert_eq!(changed(|reply| reply.status = Status::Denied), other);
    assert_eq!(changed(|reply| reply.error = Some(ErrorCode::NotGranted)), other);
}

#[test]
fn refuses_signatures_that_the_members_did_not_ask_for() {
    let unknown = |name: &str| Some(VerifyError::UnknownSignature(name.to_owned()));
    assert_eq!(
        changed(|reply| {
            reply.signatures.insert("three".to_owned(), view(&intent("three", 3)));
        }),
        unknown("three")
    );
    // A true signature of the key, on another digest.
    assert_eq!(
        changed(|reply| {
            reply.signatures.insert("one".to_owned(), view(&intent("one", 3)));
        }),
        unknown("one")
    );
    // The two swapped between their names.
    assert_eq!(
        changed(|reply| {
            let two = reply.signatures["two"].clone();
            let one = reply.signatures.insert("one".to_owned(), two).unwrap();
            reply.signatures.insert("two".to_owned(), one);
        }),
        unknown("one")
    );
}

#[test]
fn refuses_an_answer_that_withholds_a_signature() {
    let without = changed(|reply| {
        reply.signatures.remove("two");
    });
    assert_eq!(without, Some(VerifyError::SignatureWithheld("two".to_owned())));
}

#[test]
fn refuses_signatures_that_are_swapped_malleated_or_misformed() {
    let one =
        |change: fn(&mut SignatureView)| changed(|reply| change(reply.signatures.get_mut("one").unwrap()));
    let name = || "one".to_owned();
    let invalid = Some(VerifyError::SignatureInvalid(name()));
    assert_eq!(one(|one| one.signature = view(&intent("two", 2)).signature), invalid);
    assert_eq!(one(|one| one.recovery_id = one.recovery_id.map(|id| id ^ 1)), invalid);
    assert_eq!(one(|one| one.signature = format!("0x{}", "00".repeat(64))), invalid);

    let high = one(|one| {
        let bytes = hex::decode(&one.signature[2..]).unwrap();
        let (r, s) = Signature::from_slice(&bytes).unwrap().split_scalars();
        one.signature = format!("0x{}", hex::encode(Signature::from_scalars(r, -s).unwrap().to_bytes()));
        one.recovery_id = one.recovery_id.map(|id| id ^ 1);
    });
    assert_eq!(high, Some(VerifyError::SignatureHighS(name())));

    let form = Some(VerifyError::SignatureForm(name()));
    assert_eq!(one(|one| one.signature.truncate(128)), form);
    assert_eq!(one(|one| one.signature.push_str("00")), form);
    assert_eq!(one(|one| one.signature = one.signature[2..].to_owned()), form);
    assert_eq!(one(|one| one.recovery_id = None), form);
    assert_eq!(one(|one| one.recovery_id = Some(2)), form);
}

#[test]
fn odd_nodes_are_shown_by_their_own_votes() {
    let digest = Verdict::Intent(intent("one", 9));
    assert_eq!(with_odd(odd_node(2, 0, "digest", digest.clone())), None);
    assert_eq!(with_odd(odd_node(2, 1, "permission", Verdict::Denied(ErrorCode::NotGranted))), None);
    // The members' statement says nothing of a third operation: they may have voted just so.
    assert_eq!(with_odd(odd_node(2, 2, "operation", digest)), Some(VerifyError::NotOdd(index(2))));
}

#[test]
fn refuses_odd_nodes_that_are_not_shown_to_be_odd() {
    let node = index(2);
    let different = || Verdict::Intent(intent("one", 9));
    assert_eq!(
        with_odd(odd_node(2, 0, "digest", Verdict::Intent(intent("one", 1)))),
        Some(VerifyError::NotOdd(node))
    );
    assert_eq!(with_odd(odd_node(2, 0, "name", different())), Some(VerifyError::OddField(node)));
    assert_eq!(with_odd(odd_node(4, 0, "digest", different())), Some(VerifyError::NotMember(index(4))));

    let with = |change: fn(&mut OddNode)| {
        let mut odd = odd_node(2, 0, "digest", different());
        change(&mut odd);
        with_odd(odd)
    };
    assert_eq!(with(|odd| odd.node = index(1)), Some(VerifyError::OddVote(index(1))));
    assert_eq!(with(|odd| odd.operation = operation(1)), Some(VerifyError::OddVote(index(2))));
    assert_eq!(with(|odd| odd.intent = Digest([0; 32])), Some(VerifyError::OddVote(index(2))));
    let forged = with(|odd| odd.vote = Signed::new(odd.node, odd.vote.body.clone(), &statement_signer(1)));
    assert_eq!(forged, Some(VerifyError::StatementSignature(node)));
    let stale = with(|odd| {
        let mut body = odd.vote.body.clone();
        body.request = RequestId([1; 32]);
        odd.intent = body.hash();
        odd.vote = Signed::new(odd.node, body, &statement_signer(2));
    });
    assert_eq!(stale, Some(VerifyError::OddVote(node)));

    let many = changed(|reply| {
        reply.receipt.odd = vec![odd_node(2, 0, "digest", different()); 3 * EXECUTION_OPERATIONS_MAX + 1]
    });
    assert_eq!(many, Some(VerifyError::TooManyOdd));
}

#[test]
fn a_name_says_which_run_asked_for_the_signature() {
    let mut statement = statement();
    let of_child = OperationNumber::FIRST.lane().child(2).unwrap().operation(0).unwrap();
    let of_root = intent("one", 1);
    let child = Intent { operation: of_child, ..intent("one", 2) };
    statement.intents = vec![of_root, child.clone()];
    assert_eq!(shown(&statement), ["one", "one#2"]);
    // What the caller's own run names like a child's is told apart as well.
    statement.intents[0].name = "one#2".to_owned();
    assert_eq!(shown(&statement), ["one#2#0", "one#2"]);

    // The caller's own signature of that name was refused: the child's does not stand in for it.
    statement.intents = vec![child];
    statement.refusals = vec![Refusal { operation: operation(0), code: ErrorCode::NotGranted }];
    let mut reply = reply_of(&statement);
    assert_eq!(reply.signatures.keys().collect::<Vec<_>>(), ["one#2"]);
    assert!(verify_execution(&network(), &request(), &reply).is_ok());
    let child = reply.signatures.remove("one#2").unwrap();
    reply.signatures.insert("one".to_owned(), child);
    let renamed = verify_execution(&network(), &request(), &reply).err();
    assert_eq!(renamed, Some(VerifyError::UnknownSignature("one".to_owned())));
}

/// Under which names a reply shows signatures.
fn shown(statement: &Statement) -> Vec<String> {
    statement.shown().into_iter().map(|(name, _)| name).collect()
}

#[test]
fn a_reply_has_no_signature_that_an_action_kept_or_made_before_it_failed() {
    let mut kept = statement();
    kept.intents[0].recipient = Recipient::Action;
    let names = shown(&kept);
    assert!(!names.contains(&"one".to_owned()) && names.len() == kept.intents.len() - 1);
    let mut reply = reply_of(&kept);
    assert!(verify_execution(&network(), &request(), &reply).is_ok());
    // A node that shows it all the same is not believed to have answered as t nodes said.
    reply.signatures.insert("one".to_owned(), view(&kept.intents[0]));
    let shown_all_the_same = verify_execution(&network(), &request(), &reply).err();
    assert_eq!(shown_all_the_same, Some(VerifyError::UnknownSignature("one".to_owned())));

    let mut failed = statement();
    failed.status = Status::Failed;
    failed.error = Some(ErrorCode::ActionThrew);
    assert!(shown(&failed).is_empty());

    // A child that failed gives nothing, nor does what it had called; its parent's own are shown.
    let mut of_child = statement();
    let (child, other) = (Lane::ROOT.child(1).unwrap(), Lane::ROOT.child(2).unwrap());
    of_child.intents = vec![intent("one", 1)];
    for lane in [child, child.child(3).unwrap(), other] {
        of_child.intents.push(Intent { operation: lane.operation(0).unwrap(), ..intent("one", 2) });
    }
    of_child.failed = vec![child];
    assert_eq!(shown(&of_child), ["one", "one#2"]);
}

#[test]
fn no_honest_node_is_odd_on_the_word_of_a_liar() {
    let named = |name: &str| Verdict::Observed { name: name.to_owned(), value: "7".to_owned() };
    let mut statement = statement();
    statement.intents.clear();
    statement.collected = vec![quorate_wire::Collected {
        operation: operation(0),
        nodes: vec![index(1), index(3)],
        values: Digest([1; 32]),
    }];
    statement.single_node =
        vec![quorate_wire::SingleNode { operation: operation(1), node: index(1), value: Digest([1; 32]) }];
    // Node 3 is corrupt and signs whatever makes node 2 look odd.
    let with = |statement: &Statement, mut odd: OddNode, against: Option<Verdict>| {
        odd.against = against.map(|verdict| odd_node(3, odd.operation.get(), "", verdict).vote);
        let mut reply = reply_of(statement);
        reply.receipt.odd.push(odd);
        verify_execution(&network(), &request(), &reply).err()
    };
    let not_odd = Some(VerifyError::NotOdd(index(2)));
    for against in [None, Some(named("other"))] {
        let odd = odd_node(2, 0, "name", named("price"));
        assert_eq!(with(&statement, odd, against), not_odd);
    }
    let once = || Verdict::Once { name: "post".to_owned() };
    let other = Some(Verdict::Once { name: "other".to_owned() });
    assert_eq!(with(&statement, odd_node(2, 1, "name", once()), other), not_odd);
    // An operation that was never decided.
    let signs = || Verdict::Intent(intent("one", 9));
    let other = Some(Verdict::Intent(intent("one", 8)));
    assert_eq!(with(&statement, odd_node(2, 2, "digest", signs()), other), not_odd);
    // What the statement itself shows needs no witness.
    assert_eq!(with(&statement, odd_node(2, 0, "function", signs()), None), None);
    assert_eq!(with(&statement, odd_node(2, 1, "function", named("price")), None), None);

    // Runs that were ended because no two votes were alike: all three votes show it, two do not.
    statement.status = Status::Failed;
    statement.error = Some(ErrorCode::IntentsDiverged);
    let vote = |node: u8, digest: u8| odd_node(node, 2, "digest", Verdict::Intent(intent("one", digest)));
    let listed = |votes: &[OddNode]| {
        let mut reply = reply_of(&statement);
        reply.receipt.odd = votes.to_vec();
        verify_execution(&network(), &request(), &reply).err()
    };
    assert_eq!(listed(&[vote(1, 1), vote(2, 2), vote(3, 3)]), None);
    assert_eq!(listed(&[vote(2, 2), vote(3, 3)]), not_odd);
}

#[test]
fn refuses_claims_that_the_members_did_not_sign() {
    let claim = quorate_wire::Claim {
        operation: operation(2),
        action: ActionCid::of_code(b"a"),
        key_id: "alice".to_owned(),
        public_key: intent("one", 1).key,
    };
    assert_eq!(changed(|reply| reply.claims.push(claim.clone())), Some(VerifyError::ClaimsMismatch));
    let mut statement = statement();
    statement.claims.push(claim);
    let mut reply = reply_of(&statement);
    assert!(verify_execution(&network(), &request(), &reply).is_ok());
    reply.claims.clear();
    let withheld = verify_execution(&network(), &request(), &reply).err();
    assert_eq!(withheld, Some(VerifyError::ClaimsMismatch));
}

#[test]
fn a_vote_of_the_quorum_beside_an_odd_one_must_show_the_difference() {
    let with = |node: u8, field: &str, against: Verdict| {
        let mut odd = odd_node(2, 0, field, Verdict::Intent(intent("one", 9)));
        odd.against = Some(odd_node(node, 0, "", against).vote);
        with_odd(odd)
    };
    assert_eq!(with(3, "digest", Verdict::Intent(intent("one", 1))), None);
    let field = Some(VerifyError::OddField(index(2)));
    assert_eq!(with(3, "digest", Verdict::Denied(ErrorCode::NotGranted)), field);
    assert_eq!(with(3, "digest", Verdict::Intent(intent("one", 9))), field);
    let outsider = Some(VerifyError::NotMember(index(4)));
    assert_eq!(with(4, "digest", Verdict::Intent(intent("one", 1))), outsider);
}

#[test]
fn a_refused_operation_is_compared_with_its_refusal() {
    let mut statement = statement();
    statement.intents.remove(0);
    statement.refusals = vec![Refusal { operation: operation(0), code: ErrorCode::NotGranted }];
    let with = |odd: OddNode| {
        let mut reply = reply_of(&statement);
        reply.receipt.odd.push(odd);
        verify_execution(&network(), &request(), &reply).err()
    };
    let allowed = || Verdict::Intent(intent("one", 1));
    assert_eq!(with(odd_node(2, 0, "permission", allowed())), None);
    // In what else votes may have differed, a statement of a refusal does not show.
    assert_eq!(with(odd_node(2, 0, "digest", allowed())), Some(VerifyError::OddField(index(2))));
    assert_eq!(with(odd_node(2, 0, "refusal", Verdict::Denied(ErrorCode::ScopeMissing))), None);
    for field in ["permission", "refusal"] {
        let same = Verdict::Denied(ErrorCode::NotGranted);
        assert_eq!(with(odd_node(2, 0, field, same)), Some(VerifyError::NotOdd(index(2))));
    }
    let same = Verdict::Intent(intent("two", 2));
    assert_eq!(with(odd_node(2, 1, "digest", same)), Some(VerifyError::NotOdd(index(2))));
}

#[test]
fn votes_of_which_no_two_are_alike_prove_that_the_nodes_diverged() {
    let vote = |node, digest| odd_node(node, 0, "digest", Verdict::Intent(intent("one", digest)));
    let shown = |code, votes: &[OddNode]| {
        let mut problem = Problem::of(code);
        problem.odd = votes.to_vec();
        verify_problem(&network(), &request(), &problem).unwrap();
        shows_divergence(&network(), &problem)
    };
    let diverged = ErrorCode::IntentsDiverged;
    assert!(shown(diverged, &[vote(1, 1), vote(2, 2), vote(3, 3)]));
    assert!(!shown(ErrorCode::NotGranted, &[vote(1, 1), vote(2, 2), vote(3, 3)]));
    // Two of three may still agree.
    assert!(!shown(diverged, &[]));
    assert!(!shown(diverged, &[vote(1, 1), vote(2, 2)]));
    assert!(!shown(diverged, &[vote(1, 1), vote(2, 2), vote(3, 2)]));
    // One member's two votes stand for nothing.
    assert!(!shown(diverged, &[vote(1, 1), vote(2, 2), vote(2, 3)]));
    assert!(!shown(diverged, &[vote(1, 1), vote(2, 2), vote(2, 3), vote(3, 4)]));
}

#[test]
fn problems_are_checked_for_what_they_prove() {
    let with = |change: fn(&mut Problem)| {
        let mut problem = Problem::of(ErrorCode::IntentsDiverged);
        change(&mut problem);
        verify_problem(&network(), &request(), &problem).err()
    };
    assert_eq!(with(|_| {}), None);
    assert_eq!(
        with(|problem| problem.request_id = Some(RequestId([1; 32]))),
        Some(VerifyError::WrongRequest)
    );
    assert_eq!(
        with(|problem| problem.odd = vec![odd_node(2, 0, "digest", Verdict::Intent(intent("a", 1)))]),
        None
    );
    assert_eq!(
        with(|problem| {
            let mut odd = odd_node(2, 0, "digest", Verdict::Intent(intent("a", 1)));
            odd.intent = Digest([1; 32]);
            problem.odd = vec![odd];
        }),
        Some(VerifyError::OddVote(index(2)))
    );
    let failed = || {
        let mut statement = statement();
        (statement.status, statement.error) = (Status::Failed, Some(ErrorCode::ActionThrew));
        let mut problem = Problem::of(ErrorCode::ActionThrew);
        problem.execution = Some(Box::new(reply_of(&statement)));
        problem
    };
    assert_eq!(verify_problem(&network(), &request(), &failed()), Ok(()));
    let mut other = failed();
    other.code = ErrorCode::LimitCpu;
    assert_eq!(verify_problem(&network(), &request(), &other), Err(VerifyError::StatusMismatch));
    let mut other = failed();
    other.execution.as_mut().unwrap().receipt.statements.truncate(1);
    assert!(verify_problem(&network(), &request(), &other).is_err());
}
