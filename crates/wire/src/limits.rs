//! The maxima that several crates or nodes have to agree on, each with its reason. Others are bounded where they live.

mod action;
mod host_call;

pub use action::{ActionLimits, LimitsRequest};
pub use host_call::*;

/// Longest value of the Directory: the contract takes no longer one.
pub const DIRECTORY_VALUE_BYTES_MAX: usize = 4_096;
/// Members of a committee at most: pairwise set-up grows with the square.
pub const COMMITTEE_MAX: u8 = 32;
/// Longest network file, in bytes.
pub const NETWORK_FILE_BYTES_MAX: usize = 256 << 10;
/// Longest body of `POST /v1/executions`: code, parameters and their base64 forms.
pub const HTTP_BODY_BYTES_MAX: usize = 6 << 20;
/// Longest source of an action. Upstream documents 5 MB; bundles seen in the wild are below 2 MB.
pub const CODE_BYTES_MAX: usize = 4 << 20;
/// Longest request text, parameters included.
pub const REQUEST_BYTES_MAX: usize = 256 << 10;
/// Longest request text to store code.
pub const CODE_REQUEST_BYTES_MAX: usize = 1 << 10;
/// Longest text of a login: what a wallet shows and signs, its capabilities included.
pub const LOGIN_MESSAGE_BYTES_MAX: usize = 16 << 10;
/// Longest signature of a login, as text. A wallet's has 132 characters.
pub const LOGIN_SIGNATURE_BYTES_MAX: usize = 1 << 10;
/// Longest proof of a login that is no wallet's: an ID token or an assertion, with its terms.
pub const LOGIN_PROOF_BYTES_MAX: usize = 12 << 10;
/// Methods that one login shows together.
pub const LOGIN_METHODS_MAX: usize = 4;
/// Longest login, of all its methods.
pub const LOGIN_BYTES_MAX: usize = LOGIN_MESSAGE_BYTES_MAX + LOGIN_SIGNATURE_BYTES_MAX;
/// Capabilities of one session.
pub const CAPABILITIES_MAX: usize = 32;
/// Longest frame between nodes: an execution with its code is the largest.
pub const PEER_FRAME_BYTES_MAX: usize = CODE_BYTES_MAX + REQUEST_BYTES_MAX + LOGIN_BYTES_MAX + (64 << 10);
/// Longest payload of one round message. A DKLs23 message of one pair is about 50 KB.
pub const ROUND_PAYLOAD_BYTES_MAX: usize = 512 << 10;
/// Operations (host calls on keys) of one execution.
pub const OPERATIONS_MAX: u32 = 10;
/// Child actions that one run may call: a child's number is four bits of its operations' numbers.
pub const CHILDREN_PER_RUN_MAX: u32 = 15;
/// Depth of child actions below the action that the caller asked for.
pub const CHILD_DEPTH_MAX: u32 = 5;
/// Attempts of one operation that a signer joins for one coordinator. They are counted for each
/// coordinator, so that a corrupt one can use up its own and nobody else's.
///
/// Ten are all sets of three out of five: with two liars that spoil what they are in, the honest set comes.
pub const ATTEMPTS_MAX: u8 = 10;
/// Highest number of an attempt: a proposal that no signer joined takes a number, but is no attempt.
pub const PROPOSALS_MAX: u8 = 32;
/// Longest name of a signature.
pub const SIGNATURE_NAME_BYTES_MAX: usize = 128;
/// Longest response text of an action.
pub const RESPONSE_BYTES_MAX: usize = 100 << 10;
/// Longest log of one execution.
pub const LOG_BYTES_MAX: usize = 100 << 10;
/// Largest linear memory of an action that a network may allow: the size of a slot of the instance pool.
pub const ACTION_MEMORY_BYTES_MAX: u64 = 256 << 20;
/// Bytes that an execution takes once its deadline is over: its id, and a node's account of how it ended. A longer account is
/// not kept (`reply_not_kept`). How many ids are remembered follows from a node's rates; it never forgets one early.
pub const ENDED_BYTES_MAX: usize = 1_536;
/// Bytes of texts (responses, logs, parameters, code) that remembered executions may hold.
pub const REMEMBERED_BYTES_MAX: usize = 256 << 20;
/// Of these, what all peers together can make a node keep by what they say of operations: each has an equal
/// share, so that no peer's messages make a node refuse executions, and one peer leaves the others theirs.
pub const PEERS_KEPT_BYTES_MAX: usize = REMEMBERED_BYTES_MAX / 2;
/// Runs under way at once in one node, those of child actions included. One login, one address, or one peer that
/// passes requests on, gets more only while it has less than is free: 128 at most.
pub const EXECUTIONS_RUNNING_MAX: usize = 256;
/// Sessions for which round messages are kept before their proposal arrives.
pub const EARLY_SESSIONS_MAX: usize = 512;

/// Operations of one execution, all its runs together: what the limits on signatures, values, claims, random
/// values and ciphertexts allow, and a little. A peer can not make this node keep more for it.
pub const EXECUTION_OPERATIONS_MAX: usize = 80;
/// Random values that one execution has agreed on, all its runs together.
pub const RANDOMS_MAX: u32 = 16;
/// Ciphertexts that one execution has opened, all its runs together.
pub const DECRYPTIONS_MAX: u32 = 10;
/// Longest text of a policy.
pub const POLICY_BYTES_MAX: usize = 64 << 10;
/// Longest request to sign out.
pub const REVOCATION_REQUEST_BYTES_MAX: usize = 1 << 10;
/// Bytes of revocations that a node keeps. One source or peer gets more only while it has less than is free.
pub const REVOCATIONS_BYTES_MAX: usize = 64 << 20;
/// What a revocation counts for beside its bytes.
pub const REVOCATION_BYTES: usize = 1 << 10;
/// Revocations of one login that a node keeps: each is of another session.
pub const REVOCATIONS_PER_LOGIN_MAX: usize = 256;
/// Longest request to open something: its policy, and a little.
pub const DECRYPTION_REQUEST_BYTES_MAX: usize = POLICY_BYTES_MAX + (4 << 10);
/// Longest name of an operation on values.
pub const VALUE_NAME_BYTES_MAX: usize = 128;
/// Longest value of one node in one operation.
pub const VALUE_BYTES_MAX: usize = 32 << 10;
/// Bytes of all values that one node gives in one execution, so that sets of a whole committee fit below.
pub const OWN_VALUES_BYTES_MAX: usize = 128 << 10;
/// Longest value of a function that one node runs for all.
pub const LEADER_VALUE_BYTES_MAX: usize = 100 << 10;
/// Bytes of values, of what was seen and of names that one peer can make a node keep for an execution.
pub const EXECUTION_VALUES_BYTES_MAX: usize = 8 << 20;
/// What an operation takes that a peer speaks of before the own run has come to it; it counts as the peer's until then.
pub const OPERATION_BYTES: usize = 4 << 10;
/// Longest id that an action gives to a key which it claims.
pub const CLAIM_KEY_ID_BYTES_MAX: usize = 256;
/// Answers of other servers that a vote names: the newest.
pub const SEEN_MAX: usize = 16;
/// Longest address in a vote.
pub const SEEN_URL_BYTES_MAX: usize = 160;
/// A coordinator with t values waits this long for the others before it fixes the set.
pub const COLLECT_GRACE_MS: u64 = 1_000;
/// A node that was to run a function for all and has not come to it after this is passed over.
pub const LEADER_SILENT_MS: u64 = 1_000;
/// What a node that has come to it gets before the next one may run the function.
pub const LEADER_MS: u64 = 10_000;

/// A request may be this much older than a node's clock.
pub const REQUEST_AGE_MS_MAX: u64 = 60_000;
/// A request may be this much ahead of a node's clock.
pub const REQUEST_AHEAD_MS_MAX: u64 = 2_000;
/// Longest execution, from acceptance to reply.
pub const EXECUTION_MS_MAX: u64 = 30_000;
/// A signing attempt ends after this.
pub const SIGNING_ROUND_MS: u64 = 2_000;
/// An attempt that has not ended by now is reported as stalled, and another set is tried.
pub const HEDGE_MS: u64 = 500;
/// Interval of engine-level pings.
pub const PING_MS: u64 = 300;
/// A peer that has said nothing for this long counts as unreachable.
pub const PEER_SILENT_MS: u64 = 1_200;
/// A caller is told of a lost quorum after this: below the two seconds that are promised.
pub const NO_QUORUM_MS: u64 = 1_500;
/// The block that a request names may have been the head at most this long ago.
pub const BLOCK_AGE_MS_MAX: u64 = 120_000;
/// Older head statements deny everything, by either clock.
pub const HEAD_AGE_MS_MAX: u64 = 30_000;
/// The chain's clock may be so far ahead of a node's; what it says is from further ahead denies everything.
pub const HEAD_AHEAD_MS_MAX: u64 = 5_000;
/// Longest life of a wallet login.
pub const SESSION_MS_MAX: u64 = 24 * 60 * 60 * 1_000;

const _: () = assert!(HEDGE_MS < SIGNING_ROUND_MS, "a stall is reported before the attempt ends");
const _: () = assert!(PING_MS * 3 < PEER_SILENT_MS, "one lost ping does not make a peer silent");
const _: () = assert!(PEER_SILENT_MS < NO_QUORUM_MS && NO_QUORUM_MS < 2_000, "a lost quorum is told in time");
const _: () =
    assert!(CODE_BYTES_MAX + REQUEST_BYTES_MAX * 2 < HTTP_BODY_BYTES_MAX, "what is allowed fits the body");
