//! The Rust SDK: sessions, requests, verification, receipts.
//!
//! A client trusts the network file and nothing else. It makes a login with the caller's wallet, signs
//! requests with the session's key, asks one node after another with the same bytes, and returns an
//! answer only after it has checked the signatures and the receipt in it: at least t distinct members
//! have signed the same account of the execution, and every signature in the answer is in it.
//!
//! What a node says beside that is not proven, and marked so where it is returned: logs, usage, the
//! head of the chain, the view of a key.
//!
//! Entry types: [`LoginBuilder`] and [`Wallet`] make a [`Login`]; [`Client`] asks the nodes;
//! [`verify_receipt`] and [`verify_reply`] check what they answered, offline.
//!
//! ```
//! use quorate_client::Wallet;
//! let wallet = Wallet::from_hex("0x0000000000000000000000000000000000000000000000000000000000000001").unwrap();
//! assert_eq!(wallet.address().to_string(), "0x7e5f4552091a69125d5dfcb7b8c2659029395bdf");
//! ```

mod ask;
mod call;
mod client;
mod code;
mod decrypt;
mod error;
mod http;
mod keys;
mod login;
mod places;
mod session;
mod sign_out;
mod verify;
mod wallet;

pub use call::{ActionSource, ExecutionCall, PreparedRequest};
pub use client::{Client, ClientOptions, Execution};
pub use code::StoredBy;
pub use decrypt::{Opening, OpeningValue, Said};
pub use error::{ClientError, Tried};
pub use keys::{KeysError, verify_keys};
pub use login::{Login, LoginBuilder, LoginError, PendingLogin};
pub use session::{OwnFacts, PasskeyAssertion, PendingSession};
pub use sign_out::SignedOut;
pub use verify::{Verified, VerifyError, verify_execution, verify_login, verify_receipt, verify_reply};
pub use wallet::{Wallet, WalletError};
