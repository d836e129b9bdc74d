//! Assertions that another program made: the software authenticator and client of the crate `passkey` 0.6.
//!
//! They were recorded once. The crate itself would bring 125 packages into the tree.

use quorate_auth::passkey::{Assertion, verify_assertion};
use serde_json::Value;

const RECORDED: &str = include_str!("../corpus/recorded.json");

#[test]
fn recorded_assertions_are_accepted() {
    let recorded: Value = serde_json::from_str(RECORDED).unwrap();
    let challenge: [u8; 32] =
        hex::decode(recorded["challenge"].as_str().unwrap()).unwrap().try_into().unwrap();
    let rows = recorded["assertions"].as_array().unwrap();
    for row in rows {
        let bytes = |name: &str| hex::decode(row[name].as_str().unwrap()).unwrap();
        let (cose_key, authenticator_data) = (bytes("cose_key"), bytes("authenticator_data"));
        let (client_data, signature) = (bytes("client_data"), bytes("signature"));
        let assertion = Assertion {
            rp_id: row["rp_id"].as_str().unwrap(),
            cose_key: &cose_key,
            authenticator_data: &authenticator_data,
            client_data: &client_data,
            signature: &signature,
        };
        let name = &row["name"];
        verify_assertion(&assertion, &challenge).unwrap_or_else(|error| panic!("{name}: {error:?}"));
        assert!(verify_assertion(&assertion, &[0; 32]).is_err(), "{name}");
    }
    assert!(rows.len() >= 2);
}
