use std::cell::Cell;
use std::process::Command;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::Value;

use super::{PARTS_MAX, Pulse, Refused, prepare};
use crate::limits::LimitHit;

fn compute(op: i32, parts: &[Vec<u8>]) -> Result<Vec<u8>, Refused> {
    watched(op, parts, &|| None)
}

fn watched(op: i32, parts: &[Vec<u8>], look: &dyn Fn() -> Option<LimitHit>) -> Result<Vec<u8>, Refused> {
    assert!(parts.len() <= PARTS_MAX);
    let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    prepare(op, &parts)?.run(&mut Pulse::new(look))
}

fn bytes(hex: &str) -> Vec<u8> {
    hex::decode(hex).expect("hex")
}

fn n(number: u32) -> Vec<u8> {
    number.to_le_bytes().to_vec()
}

#[test]
fn every_case_of_openssl_gives_the_same_here() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/native/cases.mjs");
    let output = Command::new("node").arg(script).output().expect("node runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut cases = 0;
    for line in String::from_utf8(output.stdout).expect("text").lines() {
        let case: Value = serde_json::from_str(line).expect("a case");
        let parts: Vec<Vec<u8>> = case[1].as_array().expect("parts").iter().map(part).collect();
        let op = i32::try_from(case[0].as_i64().expect("an operation")).expect("a small number");
        assert_eq!(compute(op, &parts), Ok(bytes(case[2].as_str().expect("a result"))), "{line}");
        cases += 1;
    }
    assert!(cases > 2_000, "{cases}");
}

fn part(value: &Value) -> Vec<u8> {
    match value.as_u64() {
        Some(number) => n(u32::try_from(number).expect("32 bits")),
        None => bytes(value.as_str().expect("hex")),
    }
}

/// Made and verified by the same library: here it is about which way round, domains and refusals.
#[test]
fn bls_signatures_verify_both_ways_round_and_for_their_domain_only() {
    let seed = [7; 32];
    let message = b"message".to_vec();
    let domain = b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_NUL_".to_vec();
    let secret = blst::min_pk::SecretKey::key_gen(&seed, &[]).expect("a key");
    let key = secret.sk_to_pk().compress().to_vec();
    let signature = secret.sign(&message, &domain, &[]).compress().to_vec();
    let case = |domain: &[u8], key: &[u8]| {
        compute(13, &[n(1), message.clone(), signature.clone(), key.to_vec(), domain.to_vec()])
    };
    assert_eq!(case(&domain, &key), Ok(vec![1]));
    assert_eq!(case(b"OTHER", &key), Ok(vec![0]));
    // The point at infinity is nobody's key.
    let mut nobody = vec![0; 48];
    nobody[0] = 0xc0;
    assert_eq!(case(&domain, &nobody), Ok(vec![0]));

    let secret = blst::min_sig::SecretKey::key_gen(&seed, &[]).expect("a key");
    let key = secret.sk_to_pk().compress().to_vec();
    let signature = secret.sign(&message, &domain, &[]).compress().to_vec();
    assert_eq!(
        compute(13, &[n(2), message.clone(), signature.clone(), key.clone(), domain.clone()]),
        Ok(vec![1])
    );
    assert_eq!(compute(13, &[n(1), message, signature, key, domain]), Ok(vec![0]));
}

#[test]
fn secp256k1_operations_fit_together() {
    for seed in 1..40_u8 {
        let (secret, digest) = (vec![seed; 32], vec![seed ^ 0x55; 32]);
        let key = compute(5, &[secret.clone(), n(0)]).expect("a public key");
        let signed = compute(6, &[digest.clone(), secret.clone()]).expect("a signature");
        let (signature, id) = (signed[..64].to_vec(), u32::from(signed[64]));
        assert_eq!(compute(8, &[digest.clone(), signature.clone(), n(id)]), Ok(key.clone()));
        assert_eq!(compute(7, &[digest.clone(), signature.clone(), key.clone()]), Ok(vec![1]));
        assert_eq!(compute(7, &[secret.clone(), signature, key.clone()]), Ok(vec![0]));
        let other = compute(5, &[vec![seed + 1; 32], n(1)]).expect("a public key");
        let here = compute(9, &[secret, other.clone()]);
        assert_eq!(here, compute(9, &[vec![seed + 1; 32], key.clone()]));
        assert_eq!(compute(19, &[key.clone(), other.clone()]), compute(19, &[other, key]));
    }
}

#[test]
fn what_is_out_of_range_is_refused_before_any_work() {
    let code = |op, parts: &[Vec<u8>]| compute(op, parts).expect_err("it is refused").code;
    assert_eq!(code(99, &[]), "compute_input");
    assert_eq!(code(0, &[n(1)]), "compute_input");
    assert_eq!(code(0, &[n(77), vec![]]), "compute_input");
    assert_eq!(code(1, &[n(6), vec![], vec![]]), "compute_input");
    assert_eq!(code(2, &[n(2), vec![], vec![], n(u32::MAX), n(32)]), "compute_limit");
    assert_eq!(code(2, &[n(2), vec![], vec![], n(1), n(u32::MAX)]), "compute_limit");
    assert_eq!(code(3, &[n(2), vec![], vec![], vec![], n(255 * 32 + 1)]), "compute_limit");
    assert_eq!(code(4, &[vec![], vec![], n(1 << 31), n(8), n(1), n(64)]), "compute_limit");
    assert_eq!(code(4, &[vec![], vec![], n(3), n(8), n(1), n(64)]), "compute_input");
    // A salt is hashed for each block that comes of it.
    assert_eq!(code(2, &[n(2), vec![], vec![0; 8 << 20], n(1), n(4096)]), "compute_limit");
    assert_eq!(code(4, &[vec![], vec![0; 1 << 20], n(2), n(1 << 19), n(1), n(64)]), "compute_limit");
    assert_eq!(code(6, &[vec![1; 32], vec![0; 32]]), "compute_input");
    assert_eq!(code(8, &[vec![1; 32], vec![0xff; 64], n(0)]), "compute_failed");
    assert_eq!(code(14, &[n(0), vec![1; 16], vec![0; 16], vec![9; 32]]), "compute_failed");
    assert_eq!(code(15, &[vec![1; 16], vec![0; 16], n(1), vec![0; 33]]), "compute_input");
    assert_eq!(code(16, &[n(0), vec![1; 16], vec![0; 12], vec![0; 3], vec![], n(16)]), "compute_failed");
    assert_eq!(code(17, &[b"no address".to_vec()]), "invalid_url");
}

#[test]
fn addresses_are_read_and_changed_as_the_standard_says() {
    let members = |op, parts: &[&str]| -> Value {
        let parts: Vec<Vec<u8>> = parts.iter().map(|part| part.as_bytes().to_vec()).collect();
        serde_json::from_slice(&compute(op, &parts).expect("an address")).expect("JSON")
    };
    let url = members(17, &["HTTPS://User:pass@Ex\u{e4}mple.test:443/a/../b?x=1#y"]);
    assert_eq!(url["href"], "https://User:pass@xn--exmple-cua.test/b?x=1#y");
    assert_eq!(
        (&url["port"], &url["origin"]),
        (&Value::from(""), &Value::from("https://xn--exmple-cua.test"))
    );
    assert_eq!(members(17, &["../c?d", "https://h.test/a/b/"])["pathname"], "/a/c");
    assert_eq!(members(18, &["https://h.test/", "port", "99999"])["href"], "https://h.test/");
    assert_eq!(members(18, &["https://h.test/", "search", "a b"])["href"], "https://h.test/?a%20b");
}

/// The dearest operations that there can be: as much work as one may cost, or as memory holds.
fn dearest() -> Vec<(&'static str, i32, Vec<Vec<u8>>)> {
    let many = |bytes: usize| vec![0x5a; bytes];
    // Sixteen units a byte.
    let all = 124_000_000;
    let whole = 18_000_000;
    let signature = vec![1; 64];
    // The base point is a key, so the whole message is hashed.
    let mut key = vec![0x66; 32];
    key[0] = 0x58;
    let url = format!("https://h.test/{}", "\u{e4}?".repeat(340_000)).into_bytes();
    let mut operations = vec![
        ("PBKDF2", 2, vec![n(2), many(8), many(8), n(660_000), n(32)]),
        ("PBKDF2 with SHA-512", 2, vec![n(4), many(8), many(8), n(660_000), n(64)]),
        ("PBKDF2 of many blocks", 2, vec![n(1), many(8), many(8), n(3_200), n(4_096)]),
        ("PBKDF2 of a long password", 2, vec![n(2), many(all), many(8), n(1), n(32)]),
        ("PBKDF2 of a long salt", 2, vec![n(2), many(8), many(all), n(1), n(32)]),
        ("HKDF", 3, vec![n(2), many(whole), many(8), many(8), n(32)]),
        ("HKDF of many blocks", 3, vec![n(2), many(8), many(8), many(70_000), n(255 * 32)]),
        ("scrypt", 4, vec![many(8), many(8), n(1 << 17), n(8), n(1), n(64)]),
        ("scrypt of wide blocks", 4, vec![many(8), many(8), n(2), n(1 << 16), n(1), n(64)]),
        ("scrypt of many lanes", 4, vec![many(8), many(8), n(2), n(1), n(1 << 16), n(64)]),
        ("HMAC of a long key", 1, vec![n(4), many(all), many(8)]),
        ("HMAC", 1, vec![n(5), many(8), many(all)]),
        ("AES-CBC", 14, vec![n(1), many(32), many(16), many(all)]),
        ("AES-CBC back", 14, vec![n(0), many(32), many(16), many(all / 16 * 16)]),
        ("AES-CTR", 15, vec![many(32), many(16), n(64), many(all)]),
        ("AES-GCM", 16, vec![n(1), many(32), many(12), many(all / 2), many(8), n(16)]),
        ("AES-GCM of associated data", 16, vec![n(1), many(32), many(12), many(8), many(all), n(16)]),
        ("Ed25519", 12, vec![many(whole), signature, key]),
        ("URL", 17, vec![url]),
    ];
    for algorithm in 1..=6 {
        operations.push(("hash", 0, vec![n(algorithm), many(all)]));
    }
    operations
}

/// What this thread has had of the processor: what others had of it meanwhile says nothing of an operation.
fn worked() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(time).expect("a thread's time is positive")
}

#[test]
fn no_operation_runs_on_for_long_without_a_look_at_whether_it_may() {
    let mut late = Vec::new();
    for (name, op, parts) in dearest() {
        let longest = (0..3).map(|_| {
            let begun = worked();
            let (last, gap) = (Cell::new(begun), Cell::new(Duration::ZERO));
            let look = || {
                gap.set(gap.get().max(worked() - last.get()));
                last.set(worked());
                None
            };
            let done = watched(op, &parts, &look);
            assert!(
                done.as_ref().map_or_else(|refused| refused.code != "compute_limit", |_| true),
                "{name}: {done:?}"
            );
            let all = worked() - begun;
            let gap = gap.get().max(worked() - last.get());
            println!("{name}: {all:?} in all, {gap:?} between two looks");
            gap
        });
        let longest = longest.min().expect("three");
        // By how much an execution may be late at its end. What the dearest takes between two looks is about half of it.
        if longest > Duration::from_millis(100) {
            late.push(format!("{name}: {longest:?}"));
        }
    }
    assert!(late.is_empty(), "{}", late.join("\n"));
}

#[test]
fn an_operation_that_may_not_go_on_stops_there() {
    for (name, op, parts) in dearest() {
        let looks = Cell::new(0);
        let look = || {
            looks.set(looks.get() + 1);
            (looks.get() == 3).then(LimitHit::cancelled)
        };
        let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        let mut pulse = Pulse::new(&look);
        let done = prepare(op, &parts).and_then(|job| job.run(&mut pulse));
        // What is not sliced never looks.
        let stopped = looks.get() == 3 && done.is_err() && pulse.late() == Some(LimitHit::cancelled());
        assert!(stopped || looks.get() == 0, "{name}: {} looks, {done:?}", looks.get());
    }
}

proptest! {
    /// Ours run in slices; the libraries' give the same.
    #[test]
    fn keys_from_passwords_are_those_of_the_libraries(
        password in proptest::collection::vec(any::<u8>(), 0..300),
        salt in proptest::collection::vec(any::<u8>(), 0..100),
        iterations in 1_u32..1_100,
        length in 1_u32..200,
        (log_n, r, p) in (1_u8..8, 1_u32..5, 1_u32..4),
    ) {
        let mut expected = vec![0; length as usize];
        pbkdf2::pbkdf2_hmac::<sha2::Sha512>(&password, &salt, iterations, &mut expected);
        let given = compute(2, &[n(4), password.clone(), salt.clone(), n(iterations), n(length)]);
        prop_assert_eq!(given, Ok(expected.clone()));
        let parameters = scrypt::Params::new(log_n, r, p).expect("N is small");
        scrypt::scrypt(&password, &salt, &parameters, &mut expected).expect("a length");
        let given = compute(4, &[password, salt, n(1 << log_n), n(r), n(p), n(length)]);
        prop_assert_eq!(given, Ok(expected));
    }
}

proptest! {
    /// Whatever an action passes, there is an answer and its price is known.
    #[test]
    fn no_input_breaks_an_operation(
        op in 0_i32..21,
        parts in proptest::collection::vec(
            prop_oneof![
                (0_u32..20).prop_map(n),
                proptest::collection::vec(any::<u8>(), 0..100),
                proptest::collection::vec(any::<u8>(), 32),
                proptest::collection::vec(any::<u8>(), 64),
                proptest::collection::vec(any::<u8>(), 128..140),
            ],
            0..8,
        ),
    ) {
        let slices: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        if let Ok(job) = prepare(op, &slices) {
            prop_assert!(job.fuel > 0);
            let _ = job.run(&mut Pulse::new(&|| None));
        }
    }
}
