//! The good assertions of the corpus.

use std::sync::LazyLock;

use quorate_auth::passkey::{Assertion, Passkey, PasskeyError, verify_assertion};
use serde_json::Value;

const CORPUS: &str = include_str!("../../crates/auth/tests/corpus/assertions.json");
pub const CHALLENGE: [u8; 32] = [0xc5; 32];

/// An assertion that is accepted.
#[derive(Clone, PartialEq)]
pub struct Good {
    pub rp_id: String,
    pub cose_key: Vec<u8>,
    pub authenticator_data: Vec<u8>,
    pub client_data: Vec<u8>,
    pub signature: Vec<u8>,
}

pub static GOOD: LazyLock<Vec<Good>> = LazyLock::new(|| {
    let corpus: Value = serde_json::from_str(CORPUS).unwrap();
    let good = corpus["good"].as_array().unwrap().iter().map(|row| {
        let bytes = |name: &str| hex::decode(row[name].as_str().unwrap()).unwrap();
        Good {
            rp_id: row["rp_id"].as_str().unwrap().to_owned(),
            cose_key: bytes("cose_key"),
            authenticator_data: bytes("authenticator_data"),
            client_data: bytes("client_data"),
            signature: bytes("signature"),
        }
    });
    good.collect()
});

impl Good {
    pub fn verify(&self) -> Result<Passkey, PasskeyError> {
        let assertion = Assertion {
            rp_id: &self.rp_id,
            cose_key: &self.cose_key,
            authenticator_data: &self.authenticator_data,
            client_data: &self.client_data,
            signature: &self.signature,
        };
        verify_assertion(&assertion, &CHALLENGE)
    }
}
