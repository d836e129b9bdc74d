//! Client data are read to their end or refused, and another text is never signed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quorate_auth::passkey::PasskeyError;

mod edits;
mod passkeys;

use passkeys::GOOD;

fuzz_target!(|script: &[u8]| {
    let Some((which, script)) = script.split_first() else { return };
    let good = &GOOD[usize::from(*which) % GOOD.len()];
    let mut changed = good.clone();
    changed.client_data = edits::edited(&good.client_data, script);
    let found = changed.verify();
    if changed == *good {
        assert!(found.is_ok());
        return;
    }
    // The next check after the text is the signature, since nothing else was changed.
    if found == Err(PasskeyError::Signature) {
        let text: serde_json::Value = serde_json::from_slice(&changed.client_data).unwrap();
        assert_eq!(text["type"], "webauthn.get");
        assert_eq!(text["challenge"], "xcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcU");
        let origin = text["origin"].as_str().unwrap();
        let host = origin.split_once("://").unwrap().1.split(':').next().unwrap();
        assert!(
            host == good.rp_id || host.ends_with(&format!(".{}", good.rp_id)),
            "an origin of the relying party"
        );
    } else {
        assert!(found.is_err(), "another text is not signed");
    }
});
