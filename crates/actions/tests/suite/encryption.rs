//! What an action encrypts, and what opens for it.

use quorate_actions::ActionLimits;
use quorate_encryption::{Recipient, RootKey, seal_bytes};
use quorate_policy::Policy;
use quorate_wire::{ActionCid, ErrorCode, HostCall, NetworkId};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng as _};

use super::scripted::OWN_CODE;
use super::support::{engine, failure, inputs, response, run, run_with, scripted_host};

fn conditions(cid: &str) -> String {
    format!(
        r#"[{{ conditionType: 'evmBasic', contractAddress: '', standardContractType: '', chain: 'ethereum', method: '',
            parameters: [':currentActionIpfsId'], returnValueTest: {{ comparator: '=', value: '{cid}' }} }}]"#
    )
}

fn own() -> String {
    conditions(&ActionCid::of_code(OWN_CODE).to_string())
}

/// A script with `conditions` at hand, whose result is the response.
fn script(conditions: &str, body: &str) -> String {
    format!(
        "const conditions = {conditions}; (async () => {{ {body} }})().then((response) => Lit.Actions.setResponse({{ response }}));"
    )
}

fn thrown(code: &str) -> String {
    let caught = format!(
        "try {{ {code}; return 'nothing was thrown'; }} catch (error) {{ return error.code + ' ' + error.message; }}"
    );
    response(&run(&script(&own(), &caught))).to_owned()
}

#[test]
fn what_an_action_encrypts_opens_for_it_and_is_equal_on_all_nodes() {
    let there_and_back = script(
        &own(),
        "const sealed = await Lit.Actions.encrypt({ accessControlConditions: conditions, to_encrypt: 'a secret: ä😀' });
         const plain = await Lit.Actions.decryptAndCombine({ accessControlConditions: conditions, authSig: null, chain: 'ethereum', ...sealed });
         return JSON.stringify([sealed, plain]);",
    );
    let first = response(&run(&there_and_back)).to_owned();
    assert!(first.ends_with(r#","a secret: ä😀"]"#), "{first}");
    assert_eq!(response(&run(&there_and_back)), first, "two nodes make one ciphertext");
    let twice = script(
        &own(),
        "const one = await Lit.Actions.encrypt({ accessControlConditions: conditions, to_encrypt: new Uint8Array(3) });
         await fetch('https://host.test/json');
         const two = await Lit.Actions.encrypt({ accessControlConditions: conditions, to_encrypt: new Uint8Array(3) });
         return `${one.ciphertext === two.ciphertext} ${one.dataToEncryptHash === two.dataToEncryptHash}`;",
    );
    assert_eq!(response(&run(&twice)), "false true", "no two ciphertexts are equal");
}

#[test]
fn every_form_of_conditions_is_taken_and_lists_without_operators_only_in_the_oldest() {
    let member = "const [own] = conditions; const { conditionType, ...old } = own;";
    let seal = |call: &str| {
        thrown(&format!(
            "{member} const sealed = await Lit.Actions.encrypt({{ {call}, to_encrypt: 'x' }}); return 'sealed'"
        ))
    };
    assert_eq!(seal("unifiedAccessControlConditions: conditions"), "sealed");
    assert_eq!(seal("accessControlConditions: [old, old]"), "sealed");
    assert!(seal("accessControlConditions: [own, own]").starts_with("policy_invalid"));
    assert!(
        seal("accessControlConditions: [old], unifiedAccessControlConditions: conditions")
            .contains("two members")
    );
    assert!(seal("solRpcConditions: [{ method: '', params: [], chain: 'solana', returnValueTest: { key: '', comparator: '=', value: '1' } }]").starts_with("policy_unsupported"));
    assert!(
        seal("accessControlConditions: [{ ...old, returnValueTest: { comparator: '~', value: 'x' } }]")
            .starts_with("policy_comparator")
    );
}

#[test]
fn what_does_not_open_has_a_code_and_nothing_of_the_plaintext() {
    let sealed = "const sealed = await Lit.Actions.encrypt({ accessControlConditions: conditions, to_encrypt: 'top secret' });";
    let open = |change: &str| {
        let text = thrown(&format!(
            "{sealed} return await Lit.Actions.decryptAndCombine({{ accessControlConditions: conditions, ...sealed, {change} }})"
        ));
        assert!(!text.contains("top secret"), "{text}");
        text
    };
    assert!(open("authSig: { sig: '0x', address: '0x' }").starts_with("auth_sig_refused "));
    assert!(open("dataToEncryptHash: '00'.repeat(32)").starts_with("ciphertext_invalid "));
    assert!(open("ciphertext: sealed.ciphertext.slice(0, -4)").starts_with("ciphertext_invalid "));
    assert!(open("ciphertext: sealed.ciphertext + 'AAAA'").starts_with("ciphertext_invalid "));
    assert!(open("ciphertext: 'no base64!'").starts_with("ciphertext_invalid "));
    assert!(open("ciphertext: ''").starts_with("ciphertext_invalid "));
    assert!(open("encoding: 'hex'").contains("encoding must be"));
    let other = conditions(&ActionCid::of_code(b"another action").to_string());
    let denied = open(&format!("accessControlConditions: {other}"));
    assert!(denied.starts_with("policy_denied "), "{denied}");
}

#[test]
fn bytes_that_are_no_text_come_as_base64_or_not_at_all() {
    let open = |encoding: &str| {
        thrown(&format!(
            "const sealed = await Lit.Actions.encrypt({{ accessControlConditions: conditions, to_encrypt: new Uint8Array([255, 0, 254]) }});
             return await Lit.Actions.decryptAndCombine({{ accessControlConditions: conditions, ...sealed{encoding} }})"
        ))
    };
    assert!(open("").starts_with("plaintext_not_text "));
    assert_eq!(open(", encoding: 'base64'"), "/wD+");
}

#[test]
fn a_node_that_is_not_the_one_is_given_an_empty_text() {
    let body = "const sealed = await Lit.Actions.encrypt({ accessControlConditions: conditions, to_encrypt: 'x' });
        return JSON.stringify(await Lit.Actions.decryptToSingleNode({ accessControlConditions: conditions, ...sealed }));";
    assert_eq!(response(&run(&script(&own(), body))), "\"\"");
    let alone = "return await Lit.Actions.runOnce({ name: 'k', waitForResponse: true }, async () => {
        try { await Lit.Actions.decryptAndCombine({}); return 'opened'; } catch (error) { return error.code; } });";
    assert_eq!(response(&run(&script(&own(), alone))), "run_once_operation");
}

#[test]
fn a_container_opens_in_an_action_and_no_changed_one_does() {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let secret = blst::min_pk::SecretKey::key_gen(&[7; 32], &[]).unwrap();
    let policy = Policy::to_action(&ActionCid::of_code(OWN_CODE));
    let recipient = Recipient {
        network: NetworkId([3; 32]),
        root: RootKey::from_bytes(&secret.sk_to_pk().compress()).unwrap(),
        policy: policy.canonical(),
        policy_hash: policy.hash(),
    };
    let container = seal_bytes(&recipient, &mut ChaCha20Rng::seed_from_u64(1), b"an API key").unwrap();
    let open = |bytes: &[u8]| {
        let text = STANDARD.encode(bytes);
        thrown(&format!("return await Lit.Actions.decryptAndCombine({{ container: '{text}' }})"))
    };
    assert_eq!(open(&container), "an API key");
    for place in [0, 8, 20, 60, container.len() / 2, container.len() - 1] {
        let mut changed = container.clone();
        changed[place] ^= 1;
        let text = open(&changed);
        assert!(text.starts_with("container_") || text.starts_with("policy_"), "{place}: {text}");
    }
    assert!(open(&container[..container.len() - 1]).starts_with("container_invalid "));
    assert!(open(&[]).starts_with("container_invalid "));
    // The bytes themselves, as a file or an answer gives them.
    let body = format!(
        "const container = new Uint8Array({container:?});
         const plain = await Lit.Actions.decryptAndCombine({{ container }});
         const coded = await Lit.Actions.decryptAndCombine({{ container: Array.from(container), encoding: 'base64' }});
         container[container.length - 1] ^= 1;
         const changed = await Lit.Actions.decryptAndCombine({{ container }}).catch((error) => error.code);
         return JSON.stringify([plain, coded, changed]);"
    );
    let expected = r#"["an API key","YW4gQVBJIGtleQ==","container_invalid"]"#;
    assert_eq!(response(&run(&script(&own(), &body))), expected);
}

#[test]
fn a_container_of_more_than_a_mebibyte_is_refused_before_anybody_is_asked() {
    let body = "const container = new Uint8Array((1 << 20) + 1);
        container.set([0x89, 0x51, 0x55, 0x4f, 0x52, 0x41, 0x54, 0x45]);
        return Lit.Actions.decryptAndCombine({ container }).catch((error) => error.code);";
    let code = script(&own(), body);
    let finished = run_with(&engine(), &inputs(&code), |call, op| {
        assert!(!matches!(op, HostCall::Open(_)), "nobody is asked");
        scripted_host(call, op)
    });
    assert_eq!(response(&finished), "container_invalid");
}

#[test]
fn what_a_script_changes_meanwhile_does_not_spoil_what_it_encrypts() {
    let body = "const message = new Uint8Array([104, 105]);
        const sealing = Lit.Actions.encrypt({ accessControlConditions: conditions, to_encrypt: message });
        message.fill(0);
        const sealed = await sealing;
        const plain = await Lit.Actions.decryptAndCombine({ accessControlConditions: conditions, ...sealed });
        const again = await Promise.all([1, 2, 3].map((i) => Lit.Actions.encrypt({ accessControlConditions: conditions, to_encrypt: `${i}` })));
        const asked = again.map(({ ciphertext }) => ciphertext.length).join();
        return `${plain} ${asked}`;";
    let mut keys = 0;
    let code = script(&own(), body);
    let finished = run_with(&engine(), &inputs(&code), |call, op| {
        keys += u32::from(matches!(op, HostCall::DecryptRoot));
        scripted_host(call, op)
    });
    let text = response(&finished);
    assert!(text.starts_with("hi "), "{text}");
    assert_eq!(keys, 1, "the key is asked for once");
}

#[test]
fn each_step_has_its_own_words_for_what_is_missing() {
    let open = |params: &str| thrown(&format!("return await Lit.Actions.decryptAndCombine({params})"));
    assert!(open("undefined").contains("takes"));
    assert!(open("{}").contains("ciphertext must be a string"));
    assert!(open("{ ciphertext: 'AA==', dataToEncryptHash: 'ab' }").contains("dataToEncryptHash"));
    assert!(open("{ container: 7 }").contains("container"));
    let none = open("{ ciphertext: 'AA==', dataToEncryptHash: '00'.repeat(32) }");
    assert!(none.contains("accessControlConditions is missing"), "{none}");
}

#[test]
fn ciphertexts_that_are_opened_are_counted() {
    let body = "const sealed = await Lit.Actions.encrypt({ accessControlConditions: conditions, to_encrypt: 'x' });
        for (let i = 0; i < 3; i++) await Lit.Actions.decryptAndCombine({ accessControlConditions: conditions, ...sealed });
        return 'all';";
    let code = script(&own(), body);
    let mut opened = 0;
    let mut limited = inputs(&code);
    let finished = run_with(&engine(), &limited, |call, op| {
        opened += u32::from(matches!(op, HostCall::Open(_)));
        scripted_host(call, op)
    });
    assert_eq!((response(&finished), finished.usage.decryptions, opened), ("all", 3, 3));
    limited.limits = ActionLimits { decryptions: 2, ..ActionLimits::default() };
    let finished = run_with(&engine(), &limited, scripted_host);
    assert_eq!(failure(&finished).0, ErrorCode::LimitDecryptions);
}
