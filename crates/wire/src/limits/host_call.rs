//! Bounds of host calls and of their answers. A test of `actions` compares them with the guest's JavaScript and with the table
//! of a `fetch` in `docs/actions.md` (`execution/host/tests/javascript.rs`).

/// Longest address of a `fetch`, in bytes.
pub const FETCH_URL_BYTES_MAX: usize = 8 << 10;
/// Methods of a `fetch`.
pub const FETCH_METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
/// Headers of a `fetch`.
pub const FETCH_HEADERS_MAX: usize = 64;
/// Names and values of all headers of a `fetch`, in bytes.
pub const FETCH_HEADERS_BYTES_MAX: usize = 16 << 10;
/// Longest body of a `fetch`.
pub const FETCH_BODY_BYTES_MAX: usize = 1 << 20;
/// Headers of the answer to a `fetch`.
pub const FETCH_ANSWER_HEADERS_MAX: usize = 96;
/// The head of an answer, status line and separators included, in bytes.
pub const FETCH_ANSWER_HEAD_BYTES_MAX: usize = 32 << 10;
/// Names and values of all headers that an action is given of an answer, in bytes.
pub const FETCH_ANSWER_HEADERS_BYTES_MAX: usize = 30 << 10;
/// Longest body of an answer to a `fetch`.
pub const FETCH_ANSWER_BODY_BYTES_MAX: usize = 1 << 20;
/// Redirects that are followed.
pub const FETCH_REDIRECTS_MAX: usize = 5;
/// Resolving and connecting, TLS included, in milliseconds; for each redirect anew.
pub const FETCH_CONNECT_MS: u64 = 3_000;
/// The whole of a `fetch`, redirects included, in milliseconds. A run that asks a silent server once has its answer within
/// ten seconds.
pub const FETCH_MS: u64 = 8_000;

/// Longest JSON text of parameters between a node and its worker. What a request may have is less.
pub const PARAMS_FRAME_BYTES_MAX: usize = 1 << 20;
/// Longest name of a signature that a worker may send: a longer one than allowed gets its code, not a dead worker.
pub const SIGNATURE_NAME_FRAME_BYTES_MAX: usize = 512;
/// Longest text, or bytes, that are signed without being hashed by the action.
pub const SIGN_MESSAGE_BYTES_MAX: usize = 256 << 10;
/// Longest text that may be a CID.
pub const CID_TEXT_BYTES_MAX: usize = 128;
/// The longest pause that an action can ask for, in milliseconds; its limit of time in all is shorter.
pub const PAUSE_MS_MAX: u32 = 600_000;
/// Longest id of an auth method.
pub const AUTH_METHOD_ID_BYTES_MAX: usize = 1 << 10;
/// Scopes that are asked for at once.
pub const SCOPES_MAX: u32 = 256;
/// Longest name of a chain.
pub const CHAIN_NAME_BYTES_MAX: usize = 64;
/// Longest data of a call of a contract: that of the largest transaction that nodes of Ethereum pass on.
pub const CALL_DATA_BYTES_MAX: usize = 128 << 10;
/// Longest JSON text that a call is answered with; one node's value in it has far less.
pub const VALUE_FRAME_BYTES_MAX: usize = 8 << 20;
/// Longest description of a failure; longer ones are cut, which the description shows.
pub const FAILURE_BYTES_MAX: usize = 8 << 10;
/// Longest code of an error that a host call is answered with.
pub const ERROR_CODE_BYTES_MAX: usize = 64;

const _: () = {
    use super::{
        COMMITTEE_MAX, REQUEST_BYTES_MAX, SIGNATURE_NAME_BYTES_MAX, VALUE_BYTES_MAX, VALUE_NAME_BYTES_MAX,
    };
    assert!(REQUEST_BYTES_MAX <= PARAMS_FRAME_BYTES_MAX, "parameters fit their frame");
    assert!(SIGNATURE_NAME_BYTES_MAX <= SIGNATURE_NAME_FRAME_BYTES_MAX, "a signature's name fits its frame");
    assert!(VALUE_NAME_BYTES_MAX < SIGNATURE_NAME_FRAME_BYTES_MAX, "names are short");
    assert!(
        FETCH_ANSWER_HEADERS_BYTES_MAX < FETCH_ANSWER_HEAD_BYTES_MAX,
        "headers that fit a head are given to an action"
    );
    assert!(FETCH_CONNECT_MS < FETCH_MS, "a server that is reached has time to answer");
    // One character takes six bytes of JSON at most, and `{"node":NN,"value":""},` is 23 more.
    let committee = COMMITTEE_MAX as usize;
    assert!(
        (VALUE_BYTES_MAX * 6 + 23) * committee + 2 <= VALUE_FRAME_BYTES_MAX,
        "a whole committee's values"
    );
};
