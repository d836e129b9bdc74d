//! Nothing but the assertion itself is accepted, whichever of its parts is changed.
#![no_main]

use libfuzzer_sys::fuzz_target;

mod edits;
mod passkeys;

use passkeys::GOOD;

fuzz_target!(|script: &[u8]| {
    let [which, part, script @ ..] = script else { return };
    let good = &GOOD[usize::from(*which) % GOOD.len()];
    let mut changed = good.clone();
    let place = match part % 5 {
        0 => &mut changed.cose_key,
        1 => &mut changed.authenticator_data,
        2 => &mut changed.client_data,
        3 => &mut changed.signature,
        _ => {
            changed.rp_id =
                String::from_utf8_lossy(&edits::edited(good.rp_id.as_bytes(), script)).into_owned();
            // The id of a relying party is in what is signed.
            assert_eq!(changed.verify().is_ok(), changed == *good, "only what was made is accepted");
            return;
        }
    };
    *place = edits::edited(place, script);
    // Both values of s are good, and they are in the corpus.
    let known = GOOD.contains(&changed);
    assert_eq!(changed.verify().is_ok(), known, "only what was made is accepted");
});
