//! Reading: forms, bounds, places of faults; and the words.

use quorate_policy::{CONDITIONS_MAX, POLICY_BYTES_MAX, Policy, PolicyForm};
use quorate_wire::ErrorCode::{self, PolicyComparator, PolicyInvalid, PolicyTooLarge, PolicyUnsupported};
use serde_json::{Value, json};

use crate::world::{CALLER, basic, cid, key, leaf, parse};

fn fault(list: &Value, form: PolicyForm) -> (ErrorCode, String) {
    let error = Policy::parse(&list.to_string(), form).expect_err("no policy");
    (error.code, error.path)
}

#[test]
fn refuses_lists_of_another_form_with_the_place() {
    let (and, t) = (json!({ "operator": "and" }), leaf('T'));
    let with = |name: &str, value: Value| {
        let mut condition = leaf('T');
        condition[name] = value;
        condition
    };
    for (list, code, path) in [
        (json!([]), PolicyInvalid, ""),
        (json!({}), PolicyInvalid, ""),
        (json!("x"), PolicyInvalid, ""),
        (json!([[]]), PolicyInvalid, "[0]"),
        (json!([and]), PolicyInvalid, "[0]"),
        (json!([and, t]), PolicyInvalid, "[0]"),
        (json!([t, and]), PolicyInvalid, ""),
        (json!([t, t]), PolicyInvalid, "[1]"),
        (json!([t, and, [t, and]]), PolicyInvalid, "[2]"),
        (json!([t, and, and, t]), PolicyInvalid, "[2]"),
        (json!([t, and, t, [t]]), PolicyInvalid, "[3]"),
        (json!([t, { "operator": "AND" }, t]), PolicyInvalid, "[1].operator"),
        (json!([t, { "operator": "or", "x": 1 }, t]), PolicyInvalid, "[1].x"),
        (json!([1]), PolicyInvalid, "[0]"),
        (json!([t, and, null]), PolicyInvalid, "[2]"),
        (json!([{}]), PolicyInvalid, "[0].returnValueTest"),
        (json!([with("expires", json!(1))]), PolicyInvalid, "[0].expires"),
        (json!([with("conditionType", json!("solRpc"))]), PolicyInvalid, "[0].conditionType"),
        (
            json!([with("returnValueTest", json!({ "comparator": "==", "value": "" }))]),
            PolicyComparator,
            "[0].returnValueTest.comparator",
        ),
        (
            json!([with("returnValueTest", json!({ "value": "" }))]),
            PolicyComparator,
            "[0].returnValueTest.comparator",
        ),
        (
            json!([with("returnValueTest", json!({ "comparator": "=", "value": "", "key": "" }))]),
            PolicyInvalid,
            "[0].returnValueTest.key",
        ),
    ] {
        assert_eq!(fault(&list, PolicyForm::Unified), (code, path.to_owned()), "{list}");
    }
    assert_eq!(
        fault(&json!([{ "method": "", "params": [], "returnValueTest": {} }]), PolicyForm::Unified).1,
        "[0].pdaKey"
    );
}

#[test]
fn only_the_oldest_form_may_leave_the_operators_out() {
    let (t, f) = (leaf('T'), leaf('F'));
    let text = json!([t, [t, f], t]).to_string();
    assert!(Policy::parse(&text, PolicyForm::EvmBasic).is_ok());
    assert_eq!(fault(&json!([t, f]), PolicyForm::Unified), (PolicyInvalid, "[1]".into()));
    // One operator anywhere, and all must be there.
    assert_eq!(
        fault(&json!([t, [t, { "operator": "or" }, t], t]), PolicyForm::EvmBasic),
        (PolicyInvalid, "[1]".into())
    );
}

#[test]
fn everything_has_a_bound() {
    let many = |count: usize| {
        let mut list = vec![leaf('T')];
        for _ in 1..count {
            list.extend([json!({ "operator": "or" }), leaf('T')]);
        }
        Value::Array(list)
    };
    assert!(Policy::parse(&many(CONDITIONS_MAX).to_string(), PolicyForm::Unified).is_ok());
    assert_eq!(fault(&many(CONDITIONS_MAX + 1), PolicyForm::Unified), (PolicyTooLarge, "[60]".into()));
    let nested = |depth: usize| (1..depth).fold(json!([leaf('T')]), |inner, _| json!([inner]));
    assert!(Policy::parse(&nested(16).to_string(), PolicyForm::Unified).is_ok());
    assert_eq!(fault(&nested(17), PolicyForm::Unified).0, PolicyTooLarge);
    let long = " ".repeat(POLICY_BYTES_MAX + 1);
    assert_eq!(Policy::parse(&long, PolicyForm::Unified).unwrap_err().code, PolicyTooLarge);
    let calls = |count: usize| {
        let list =
            (0..2 * count - 1).map(|at| if at % 2 == 0 { leaf('U') } else { json!({ "operator": "or" }) });
        parse(&Value::Array(list.collect::<Vec<_>>())).check_supported()
    };
    assert_eq!(calls(8), Ok(()));
    assert_eq!(calls(9).unwrap_err().code, PolicyTooLarge);
}

#[test]
fn a_cut_or_changed_text_never_panics() {
    let text = json!([leaf('T'), { "operator": "or" }, [leaf('U')]]).to_string();
    for length in 0..text.len() {
        assert!(Policy::parse(&text[..length], PolicyForm::Unified).is_err());
    }
    for at in 0..text.len() {
        for byte in [b'"', b'\\', b'[', b'0', b' ', b'-'] {
            let mut bytes = text.clone().into_bytes();
            bytes[at] = byte;
            let changed = String::from_utf8(bytes).unwrap();
            if let Ok(policy) = Policy::parse(&changed, PolicyForm::Unified) {
                let _ = (policy.check_supported(), policy.words());
            }
        }
    }
}

/// Everything that can be seen without a chain is seen when encrypting.
#[test]
fn refuses_at_once_what_could_never_be_evaluated() {
    let own = CALLER.to_string();
    let chained = |mut condition: Value, chain: &str| {
        condition["chain"] = json!(chain);
        condition
    };
    for (condition, code, path) in [
        (basic("", "", &[":userAddress"], (">", &own)), PolicyComparator, ".returnValueTest.comparator"),
        (basic("", "", &[":userAddress"], ("=", "0x12")), PolicyInvalid, ".returnValueTest.value"),
        (
            basic("", "", &[":userAddress"], ("=", ":currentActionIpfsId")),
            PolicyInvalid,
            ".returnValueTest.value",
        ),
        (basic("", "", &[], ("=", &own)), PolicyInvalid, ".parameters"),
        (basic("", "", &[":currentActionIpfsId"], ("=", "QmX")), PolicyInvalid, ".returnValueTest.value"),
        (basic("", "eth_getBalance", &["0x1", "latest"], (">", "1")), PolicyInvalid, ".parameters[0]"),
        (basic("", "eth_getBalance", &[&own, "earliest"], (">", "1")), PolicyInvalid, ".parameters[1]"),
        (basic("", "eth_getBalance", &[&own], (">", "1.5")), PolicyInvalid, ".returnValueTest.value"),
        (
            basic("", "eth_getBalance", &[&own], ("contains", "1")),
            PolicyComparator,
            ".returnValueTest.comparator",
        ),
        (basic("ERC20", "balanceOf", &[], (">", "1")), PolicyInvalid, ".parameters"),
        (basic("ERC20", "balanceOf", &["x:userAddress"], (">", "1")), PolicyInvalid, ".parameters[0]"),
        (basic("ERC20", "balanceOf", &[":litParam:"], (">", "1")), PolicyInvalid, ".parameters[0]"),
        (basic("ERC721", "ownerOf", &["0x01"], ("=", &own)), PolicyInvalid, ".parameters[0]"),
        (basic("ERC1155", "balanceOfBatch", &[&own, "1,2"], (">", "0")), PolicyInvalid, ".parameters"),
        (basic("SIWE", "", &[":domain"], ("contains", "x")), PolicyComparator, ".returnValueTest.comparator"),
        (basic("SIWE", "", &[":resources"], ("=", "x")), PolicyComparator, ".returnValueTest.comparator"),
        (basic("SIWE", "", &[":uri"], ("=", "x")), PolicyInvalid, ".parameters[0]"),
        (
            basic("PKPPermissions", "isPermittedAction", &["x", "y"], ("=", "true")),
            PolicyInvalid,
            ".parameters[0]",
        ),
        (
            basic("PKPPermissions", "isPermittedAction", &["1", "y"], ("=", "true")),
            PolicyInvalid,
            ".parameters[1]",
        ),
        (
            basic("PKPPermissions", "isPermittedAction", &["1", ":currentActionIpfsId"], ("=", "yes")),
            PolicyInvalid,
            ".returnValueTest.value",
        ),
        (
            basic("PKPPermissions", "isPermittedAddress", &["1", &own], ("=", "true")),
            PolicyInvalid,
            ".parameters[1]",
        ),
        (basic("PKPPermissions", "decrypt", &["02"], ("=", "true")), PolicyInvalid, ".parameters[0]"),
        (
            basic("PKPPermissions", "decrypt", &[&key().to_string()], ("!=", "false")),
            PolicyInvalid,
            ".returnValueTest",
        ),
        (basic("PKPPermissions", "ownerOf", &[], ("=", "true")), PolicyUnsupported, ""),
        (basic("LitAction", "go", &[], ("=", "true")), PolicyUnsupported, ""),
        (basic("POAP", "tokenURI", &[], ("=", "x")), PolicyUnsupported, ""),
        (basic("ERC20", "allowance", &[], ("=", "1")), PolicyUnsupported, ""),
        (chained(leaf('T'), "ethereum"), PolicyUnsupported, ""),
        (chained(leaf('U'), "base"), PolicyUnsupported, ""),
        (
            json!({ "path": "x", "chain": "cosmos", "returnValueTest": { "comparator": "=", "value": "" } }),
            PolicyUnsupported,
            "",
        ),
    ] {
        let error = parse(&json!([condition])).check_supported().unwrap_err();
        assert_eq!((error.code, error.path.as_str()), (code, format!("[0]{path}").as_str()), "{condition}");
        assert!(parse(&json!([condition])).words()[0].starts_with("nobody"), "{condition}");
    }
}

#[test]
fn a_policy_says_itself_in_words() {
    let action = cid("x");
    let said = |policy: Policy| {
        policy.check_supported().unwrap();
        policy.words().join("\n")
    };
    assert_eq!(said(Policy::to_address(&CALLER)), format!("whoever holds the address {CALLER}"));
    assert_eq!(said(Policy::to_action(&action)), format!("the action {action} alone"));
    assert!(said(Policy::to_key(&key())).starts_with(&format!("whoever may decrypt with the key {}", key())));
    let late = basic("timestamp", "eth_getBlockByNumber", &["latest"], (">=", "1798761600"));
    let list = json!([leaf('U'), { "operator": "and" }, [late, { "operator": "or" }, leaf('T')]]);
    assert_eq!(
        parse(&list).words(),
        [
            "balanceOf(the caller) of the contract 0xcccccccccccccccccccccccccccccccccccccccc is not 0",
            "and",
            "  not before 2027-01-01T00:00:00Z (both the chain's and the node's clock)",
            "  or",
            "  after 1970-01-01T00:00:00Z (both the chain's and the node's clock)",
        ]
    );
}
