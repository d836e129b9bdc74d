//! Every encoding is frozen: of generated values of each type that crosses a process, a hash is committed.
//!
//! A type's values are made from its fields and variants by name, so that a field or a variant that is missing here does
//! not compile, and fields that change places are noticed.

#[macro_use]
#[path = "golden/source.rs"]
mod source;
#[path = "golden/hashes.rs"]
mod hashes;
#[path = "golden/host_calls.rs"]
mod host_calls;
#[path = "golden/types.rs"]
mod types;

use std::{collections::BTreeSet, fs, path::Path};

use hashes::Hashes;
use quorate_wire::*;
use source::Source;

const FILE: &str = "tests/golden/hashes.txt";
const HOW: &str = "cargo test -p quorate-wire --test golden";

/// Types of which there is no line: parts of others that are private, or texts alone.
const WITHOUT: [&str; 0] = [];

macro_rules! lines {
    ($hashes:ident $kind:ident: $($name:ty)*) => { $($hashes.$kind::<$name>(stringify!($name));)* };
}

#[test]
fn encodings_are_what_they_were() {
    all().compare(FILE, HOW);
}

#[test]
fn every_type_with_an_encoding_has_a_line() {
    let hashes = all();
    let listed: BTreeSet<&str> = hashes.types().collect();
    let mut missing = Vec::new();
    let mut files = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut seen = 0;
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        for name in encoded(&fs::read_to_string(path).unwrap()) {
            seen += 1;
            if !listed.contains(name.as_str()) && !WITHOUT.contains(&name.as_str()) {
                missing.push(name);
            }
        }
    }
    assert!(missing.is_empty(), "without a line in tests/golden.rs: {missing:?}");
    assert!(seen > 100, "{seen} types only: the sources are read wrongly");
}

/// The public types of a source that can be written down.
fn encoded(source: &str) -> Vec<String> {
    let mut derived = String::new();
    let mut names = Vec::new();
    for line in source.lines() {
        let item = line.strip_prefix("pub struct ").or_else(|| line.strip_prefix("pub enum "));
        if let Some(item) = item {
            if derived.contains("Serialize") {
                names.push(item.chars().take_while(char::is_ascii_alphanumeric).collect());
            }
            derived.clear();
        } else if line.is_empty() || line.starts_with('}') {
            derived.clear();
        } else if !line.trim_start().starts_with("//") {
            derived.push_str(line);
        }
        // Written by hand.
        if let Some((_, name)) = line.split_once("Serialize for ").filter(|_| line.starts_with("impl")) {
            names.push(name.chars().take_while(char::is_ascii_alphanumeric).collect());
        }
    }
    names
}

fn all() -> Hashes {
    let mut hashes = Hashes::default();
    peers(&mut hashes);
    documents(&mut hashes);
    signed(&mut hashes);
    hashed(&mut hashes);
    hashes
}

/// What nodes say to each other, and what they keep of it.
fn peers(hashes: &mut Hashes) {
    hashes.binary_variants::<PeerMessage>("PeerMessage");
    hashes.binary_variants::<Decision>("Decision");
    hashes.binary_variants::<Verdict>("Verdict");
    hashes.binary_variants::<Proof>("Proof");
    hashes.binary_variants::<HostCall>("HostCall");
    hashes.binary_variants::<HostReply>("HostReply");
    hashes.binary_variants::<RegistryQuery>("RegistryQuery");
    hashes.binary_variants::<RpcMethod>("RpcMethod");
    hashes.binary_variants::<SignMessage>("SignMessage");
    for code in ErrorCode::ALL {
        let text = code.as_str();
        hashes.add(&format!("ErrorCode::{text} binary"), |_| borsh::to_vec(code).expect("memory"));
    }
    lines!(hashes binary:
        Hello StartNotice PairSetUp BanNotice CeremonyMessage ConfirmedRoot ConfirmShare RefuseShare Offer Proposal
        RoundMessage LeaderValue OutcomeMessage Intent Scheme MessageKind Recipient OpenTo Seen Vote Evidence Refusal
        Collected SingleNode Opened Claim Statement Status OddNode FaultNotice WrongPartial RootKeys Purpose
        DirectoryChange BlockWord ProbeWord BlockRef SignedHead NodeEndpoint PrivateEndpoint EndpointWord Login
        WalletLogin OidcLogin PasskeyLogin SessionTerms LoginId Submission HeldRevocation RevocationSubmission Ends
        ShareStatement PolicyForm Identity Usage ActionLimits NetworkApproval NodeVote NodeIndex ActionCid Lane OperationNumber
        PublicKey ValuePoint NetworkId RequestId Digest KeyId TokenId Address StatementKey TransportKey SessionKey
        SignRequest SignKey OpenRequest OpenWhat FetchRequest Redirect ContractCall CallBlock EcdsaAnswer);
    lines!(hashes written:
        ChainParameters ContractRecord Contracts FoundingNode Admission FoundingTerms PlannedContract FoundingValue);
}

/// What stands in files, requests and replies.
fn documents(hashes: &mut Hashes) {
    lines!(hashes json:
        ExecutionRequest Submission DecryptionRequest DecryptionSubmission DecryptionReply RevocationRequest
        RevocationSubmission RevocationReply CodeRequest CodeSubmission CodeStored Login BlockRef LimitsRequest
        ExecutionReply SignatureView Usage Receipt OddNode Problem HeadView NetworkView FoundingView KeysView NodeView
        NodeFault ErrorCode PkpView GrantView RootCommitment RootKeys Purpose ConfirmShare ConfirmedRoot Claim Statement Status
        Intent Scheme MessageKind Recipient Verdict OpenTo Seen Vote Refusal Collected SingleNode Opened FaultNotice WrongPartial
        NetworkFile ChainParameters ContractRecord Contracts FoundingNode Admission FoundingTerms PlannedContract FoundingValue
        NetworkApproval Approval ActionLimits NodeEndpoint PrivateEndpoint EndpointWord Card IssuerRule TokenAlgorithm
        DirectoryChange MinterAdmission NodeVote BlockWord HeldRevocation Ends ShareStatement PolicyForm Identity
        WalletLogin OidcLogin PasskeyLogin SessionTerms LoginId NodeIndex ActionCid Lane OperationNumber PublicKey ValuePoint NetworkId
        RequestId Digest KeyId TokenId Address StatementKey TransportKey SessionKey);
    hashes.add("SecretUrl json", |from| {
        let url: String = from.take();
        serde_json::to_vec(&SecretUrl::from(url)).expect("a text")
    });
    hashes.add("Capability text", |from| from.take::<Capability>().to_string().into_bytes());
}

/// What nodes sign: the signatures, by which the domain is covered.
fn signed(hashes: &mut Hashes) {
    lines!(hashes binary:
        Signed<StartNotice> Signed<BanNotice> Signed<ConfirmShare> Signed<RefuseShare> Signed<LeaderValue> Signed<Vote>
        Signed<Statement> Signed<FaultNotice> Signed<HeldRevocation> Signed<ShareStatement> Signed<NetworkApproval> Signed<BlockWord>);
    lines!(hashes json: Signed<Vote> Signed<Statement>);
    let key = types::key;
    hashes.add("SignedHead signed", |from| from.take::<SignedHead>().signed(&key(from)).signature.to_vec());
    hashes.add("NodeEndpoint signed", |from| {
        borsh::to_vec(&from.take::<NodeEndpoint>().signed(from.take(), &key(from))).expect("memory")
    });
    hashes.add("root_keys_digest", |from| {
        digest(root_keys_digest(&from.take(), &from.take::<String>(), &from.take()))
    });
    hashes.add("directory_digest", |from| digest(directory_digest(&from.take(), &from.take::<Vec<_>>())));
    hashes.add("minter_digest", |from| digest(minter_digest(&from.take(), &from.take())));
    hashes.add("action_signature_digest", |from| {
        digest(action_signature_digest(&from.take(), &from.take::<Vec<u8>>()))
    });
    hashes.add("login_challenge", |from| {
        let capabilities: Vec<Capability> = from.take();
        let terms = LoginTerms {
            session: from.take(),
            expires_ms: from.take(),
            capabilities: &capabilities,
            rz: from.take(),
            block: from.take(),
        };
        login_challenge(&from.take(), &from.take::<String>(), &terms).to_vec()
    });
}

/// Hashes that nodes compare.
fn hashed(hashes: &mut Hashes) {
    let bytes = |from: &mut Source| from.take::<Vec<u8>>();
    hashes.add("request_id", |from| request_id(&from.take(), &bytes(from)).0.to_vec());
    hashes.add("code_request_id", |from| code_request_id(&from.take(), &bytes(from)).0.to_vec());
    hashes.add("decryption_request_id", |from| decryption_request_id(&from.take(), &bytes(from)).0.to_vec());
    hashes.add("revocation_request_id", |from| revocation_request_id(&from.take(), &bytes(from)).0.to_vec());
    hashes.add("ExecutionRequest params_hash", |from| digest(from.take::<ExecutionRequest>().params_hash()));
    hashes.add("Vote hash", |from| digest(from.take::<Vote>().hash()));
    hashes.add("Vote full_hash", |from| digest(from.take::<Vote>().full_hash()));
    hashes.add("Login hash", |from| digest(from.take::<Login>().hash()));
    hashes.add("LoginId of_wallet", |from| digest(LoginId::of_wallet(&from.take()).0));
    hashes.add("LoginId of_several", |from| digest(LoginId::of_several(from.take()).0));
    hashes.add("Identity bytes", |from| from.take::<Identity>().bytes());
    hashes.add("Identity hash", |from| digest(from.take::<Identity>().hash()));
    hashes.add("NetworkFile id", |from| from.take::<NetworkFile>().id().0.to_vec());
    hashes.add("Statement response_hash", |from| digest(Statement::response_hash(&from.take::<String>())));
    hashes.add("Collected hash", |from| {
        let values: Vec<String> = from.take();
        digest(Collected::hash(values.iter().map(String::as_str)))
    });
    hashes.add("SingleNode hash", |from| digest(SingleNode::hash(&from.take())));
    hashes.add("capabilities_hash", |from| capabilities_hash(&from.take::<Vec<_>>()).to_vec());
    hashes.add("action_key_id", |from| action_key_id(&from.take()).0.to_vec());
    hashes.add("claim_key_id", |from| claim_key_id(&from.take(), &from.take::<String>()).0.to_vec());
}

fn digest(digest: Digest) -> Vec<u8> {
    digest.0.to_vec()
}
