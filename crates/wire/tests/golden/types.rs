//! What each type of the crate is made of.

use ed25519_dalek::SigningKey;
use quorate_wire::*;

use crate::source::{Sample, Source};

records! {
    Hello { start, guest, heard, serial, answer, set_ups, bans, final_head, endpoints }
    StartNotice { network, node, incarnation, start }
    PairSetUp { peer, id }
    BanNotice { network, epoch, by, counterparty, set_up }
    CeremonyMessage { session, payload }
    ConfirmedRoot { purpose, result }
    ConfirmShare { network, epoch, session, roots, results }
    RefuseShare { network, epoch, session }
    Offer { request, operation, attempt, fresh }
    Proposal { request, operation, coordinator, attempt, intent, signers, set_ups }
    RoundMessage { session, payload }
    LeaderValue { network, epoch, request, operation, intent, result }
    OutcomeMessage { statement, response, signatures, logs, usage, detail, faults }
    Intent { operation, action, key, scheme, kind, digest, name, recipient, guest }
    Seen { url, url_hash, status, body }
    Vote { network, epoch, request, operation, verdict, seen }
    Evidence { votes, statements }
    Refusal { operation, code }
    Collected { operation, nodes, values }
    SingleNode { operation, node, value }
    Opened { operation, action, identity, to }
    Claim { operation, action, key_id, public_key }
    Statement {
        network, epoch, request, login, action, params, block, intents, refusals, collected,
        single_node, draws, opened, claims, failed, wildcard, status, error, response, guest
    }
    OddNode { node, operation, field, intent, vote, against }
    FaultNotice { network, epoch, request, wrong_partials }
    WrongPartial { operation, node }
    Receipt { statements, odd, faults }
    RootKeys { sign_secp256k1, sign_p256, sign_ed25519, decrypt, session, random }
    DirectoryChange { name, version, value }
    MinterAdmission { minter, code_hash, number }
    VoteDomain { chain_id, contract, salt }
    BlockWord { network, genesis, block }
    ProbeWord { time_ms, release, guest, running }
    BlockRef { number, hash }
    SignedHead { genesis, sequence, latest, finalized, time_ms, signature }
    NodeEndpoint { http, quic, private, word }
    PrivateEndpoint { http, quic }
    EndpointWord { number, signature }
    WalletLogin { message, signature, rz }
    OidcLogin { token, terms }
    PasskeyLogin {
        rp_id, public_key, authenticator_data, client_data, signature, credential_id, block,
        terms
    }
    SessionTerms { session, expires_ms, capabilities, rz }
    Submission { request, sig, login, code }
    ExecutionRequest { v, network, session, login, action, params, block, time_ms, nonce, limits }
    HeldRevocation { network, epoch, revocation }
    RevocationRequest { v, network, session, login, ends, time_ms }
    RevocationSubmission { request, sig, login }
    RevocationReply { held, of, done }
    ShareStatement { network, epoch, request, login, identity, latest, finalized, sealed }
    DecryptionRequest { v, network, node, session, login, policy, form, identity, reader, time_ms, nonce }
    DecryptionSubmission { request, sig, login }
    DecryptionReply { sealed, statement }
    CodeRequest { v, network, session, login, action, time_ms }
    CodeSubmission { request, sig, login, code }
    CodeStored { action, bytes, new }
    ExecutionReply { request_id, status, error, response, signatures, claims, logs, usage, receipt }
    SignatureView { scheme, public_key, digest, signature, recovery_id }
    Usage {
        fuel, wall_ms, host_ms, memory_bytes, response_bytes, log_bytes, fetches, fetched_bytes,
        signatures, collects, contract_calls, claims, randoms, decryptions, children, pending,
        timers, host_calls
    }
    HeadView { number, hash, time_ms }
    NetworkView {
        network, epoch, threshold, node, operator, endpoint, time_ms, head, finalized,
        head_age_ms, root, ready, waiting_for, guest, login_domains, nodes
    }
    FoundingView { network, roots, votes, set }
    KeysView { network, epoch, keys, certificate, decrypt_polynomial }
    NodeView { index, connected, set_up, banned, guest, operator, endpoint, silent_ms, fault }
    NodeFault { check, count }
    PkpView { token_id, public_key, address, key_id, owner, burnt, grants, block }
    GrantView { kind, id, scopes }
    Problem { code, status, title, detail, retryable, retry_after_ms, request_id, nodes, odd, execution }
    ChainParameters { id, genesis, head_key }
    ContractRecord { address, code_hash }
    Contracts { pkp_nft, pubkey_router, pkp_permissions, node_registry, directory }
    FoundingNode { transport_key, statement_key, chain_address }
    FoundingTerms { guest, deployer, contracts, values, operators }
    PlannedContract { name, address, creation, code_hash }
    FoundingValue { name, value }
    NetworkApproval { network }
    Approval { word, vote }
    NetworkFile {
        version, name, chain, contracts, threshold, nodes, wildcard_sessions, admission, limits,
        allow_hosts, founding, endpoints, approvals
    }
    IssuerRule { name, issuer, aliases, algorithms, jwks_uri }
    ActionLimits {
        wall_ms, total_ms, fuel, memory_bytes, stack_bytes, code_bytes, params_bytes,
        response_bytes, log_bytes, fetches, fetched_bytes, signatures, collects, contract_calls,
        claims, randoms, decryptions, children, depth, pending, timers, host_calls
    }
    LimitsRequest {
        wall_ms, total_ms, fuel, memory_bytes, stack_bytes, code_bytes, params_bytes,
        response_bytes, log_bytes, fetches, fetched_bytes, signatures, collects, contract_calls,
        claims, randoms, decryptions, children, depth, pending, timers, host_calls
    }
}

choices! {
    PeerMessage {
        Hello(one),
        Stale(one),
        Ping(one),
        Execute(one),
        Refused { request, code, detail },
        Vote(one),
        Offer(one),
        Propose(one),
        Round(one),
        Stalled { request, operation, attempt, waiting_for },
        AttemptFailed { request, operation, attempt, culprits },
        Signature { request, operation, signature, recovery_id },
        Diverged { request, operation, evidence },
        Outcome(one),
        Ban(one),
        StartKeygen { attempt, fresh },
        StartPair { fresh },
        JoinPair { fresh, joined },
        Keygen(one),
        Pair(one),
        Confirm(one),
        Refuse(one),
        Certificate(one),
        RootsVote { roots, vote },
        Led(one),
        Leading { request, operation },
        Share { request, operation, identity, share },
        Revocation(one),
        HeldRevocation(one),
        RefusedRevocation { revocation },
        Head(one),
        Decided { request, operation, decision },
    }
    Decision {
        Collected(one),
        Led(one),
        Signed(one),
        Drawn(one),
        Opened(one),
    }
    Verdict {
        Intent(one),
        Denied(one),
        Observed { name, value },
        Once { name },
        Open { identity, to },
        Draw { partial },
    }
    Scheme { EcdsaK256Sha256 }
    MessageKind { Digest, Personal, Action, Login }
    Recipient { Caller, Action }
    OpenTo { All, One }
    Status { Completed, Denied, Failed }
    Ends { Session, Everywhere }
    PolicyForm { Unified, EvmBasic, EvmContract, SolRpc }
    Proof { Wallet(one), Oidc(one), Passkey(one) }
    Admission { Open, Granted, List(one), Logins(one) }
    Identity { Lit { policy, data }, Container { network, policy, salt } }
    Purpose { SignSecp256k1, SignP256, SignEd25519, Decrypt, Session, Random }
    TokenAlgorithm { Rs256, Es256, EdDsa }
    Capability { Use { key, action }, Decrypt { policy }, DecryptIn { policy, action } }
    CapabilityKey { Named(one), Own, Any }
    CapabilityAction { Named(one), Any }
    CapabilityPolicy { Named(one), Any }
}

macro_rules! bytes {
    ($($name:ident)*) => {$(
        impl Sample for $name {
            fn sample(from: &mut Source) -> Self {
                $name(from.bytes())
            }
        }
    )*};
}

bytes!(NetworkId RequestId Digest KeyId TokenId Address StatementKey TransportKey SessionKey ValuePoint NodeVote RootCommitment);

impl Sample for LoginId {
    fn sample(from: &mut Source) -> Self {
        LoginId(from.take())
    }
}

impl Sample for NodeIndex {
    fn sample(from: &mut Source) -> Self {
        NodeIndex::new(from.byte().max(1)).expect("not 0")
    }
}

impl Sample for ActionCid {
    fn sample(from: &mut Source) -> Self {
        ActionCid::of_code(&from.bytes::<8>())
    }
}

impl Sample for Lane {
    fn sample(from: &mut Source) -> Self {
        Lane::from_u32(from.take::<u32>() >> 12).expect("20 bits")
    }
}

impl Sample for OperationNumber {
    fn sample(from: &mut Source) -> Self {
        OperationNumber::from_u32(from.take::<u32>() >> 2).expect("30 bits")
    }
}

impl Sample for ErrorCode {
    /// One of those that were there when this list was begun, so that a further code changes nothing else.
    fn sample(from: &mut Source) -> Self {
        ErrorCode::ALL[from.below(64)]
    }
}

impl Sample for PublicKey {
    /// Every second number is the first coordinate of a point.
    fn sample(from: &mut Source) -> Self {
        loop {
            let mut bytes = from.bytes::<33>();
            bytes[0] = 2 + bytes[0] % 2;
            if let Ok(key) = PublicKey::from_sec1(&bytes) {
                return key;
            }
        }
    }
}

impl Sample for Login {
    fn sample(from: &mut Source) -> Self {
        if from.take() {
            from.take::<Proof>().into()
        } else {
            Login::several(vec![from.take(), from.take()]).expect("two are several")
        }
    }
}

/// Really signed, so that the line of a type that is signed covers its domain, too.
impl<T: Sample + Signable> Sample for Signed<T> {
    fn sample(from: &mut Source) -> Self {
        Signed::new(from.take(), from.take(), &key(from))
    }
}

impl Sample for Card {
    fn sample(from: &mut Source) -> Self {
        let (transport, statement) = (key(from), key(from));
        let chain = k256::ecdsa::SigningKey::from_slice(&[from.byte().max(1); 32]).expect("a scalar");
        let secret = CardKeys { transport: &transport, statement: &statement, chain: &chain };
        Card::sign(from.take(), from.take(), from.take(), secret)
    }
}

/// A key that signs.
pub(crate) fn key(from: &mut Source) -> SigningKey {
    SigningKey::from_bytes(&from.bytes())
}
