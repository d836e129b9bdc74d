//! Each kind of condition, satisfied and not.

use quorate_policy::{
    Policy, Reader, SCOPE_DECRYPT, SCOPE_NO_SINGLE_NODE, SCOPE_PERSONAL_SIGN, SCOPE_SIGN_ANYTHING, Subject,
    may_open,
};
use quorate_wire::ErrorCode::{PolicyDenied, PolicyParameter};
use serde_json::{Value, json};

use crate::world::{
    CALLER, NOW_S, OTHER, TOKEN, World, address_word, basic, caller, cid, code, data, granted, key, pkp,
    session, word,
};

const DENIED: Option<quorate_wire::ErrorCode> = Some(PolicyDenied);

#[test]
fn an_address_opens_in_any_case_and_on_any_chain() {
    let world = World::default();
    let mut condition = basic("", "", &[":userAddress"], ("=", &format!("0x{}", "AB".repeat(20))));
    condition["chain"] = json!("ethereum");
    assert_eq!(code(&world, &condition, &caller()), None);
    assert_eq!(code(&world, &condition, &Reader { caller: Some(&session(OTHER, &[])), ..caller() }), DENIED);
    assert_eq!(code(&world, &condition, &Reader { caller: None, ..caller() }), DENIED);
    assert!(may_open(&Policy::to_address(&CALLER), &world, &caller()).is_ok());
    assert!(may_open(&Policy::to_address(&OTHER), &world, &caller()).is_err());
}

#[test]
fn an_action_opens_alone() {
    let (world, own, other) = (World::default(), cid("own"), cid("other"));
    let run = |action| Reader { action, ..caller() };
    let policy = Policy::to_action(&own);
    assert!(may_open(&policy, &world, &run(Some(own))).is_ok());
    assert!(may_open(&policy, &world, &run(Some(other))).is_err());
    assert!(may_open(&policy, &world, &run(None)).is_err());
    let listed = basic("", "", &[":currentActionIpfsId"], ("!=", &other.to_string()));
    assert_eq!(code(&world, &listed, &run(Some(own))), None);
    assert_eq!(code(&world, &listed, &run(Some(other))), DENIED);
}

#[test]
fn logins_are_seen_by_domain_and_resources() {
    let world = World::default();
    let session = session(CALLER, &["quorate:decrypt/*", "x"]);
    let who = Reader { caller: Some(&session), ..caller() };
    for (parameter, test, expected) in [
        (":domain", ("=", "app.example"), None),
        (":domain", ("=", "evil.example"), DENIED),
        (":domain", ("!=", "app.example"), DENIED),
        (":resources", ("contains", "x"), None),
        (":resources", ("contains", "quorate"), DENIED),
        (":resources", ("!contains", "x"), DENIED),
        (":resources", ("!contains", "y"), None),
    ] {
        assert_eq!(
            code(&world, &basic("SIWE", "", &[parameter], test), &who),
            expected,
            "{parameter} {test:?}"
        );
    }
}

#[test]
fn time_counts_where_both_clocks_pass() {
    let at = |block_s, own_s| {
        (
            World::default().both(|head| head.time_s = block_s),
            Reader { unix_ms: own_s * 1_000 + 999, ..caller() },
        )
    };
    for (comparator, block_s, own_s, opens) in [
        (">=", NOW_S, NOW_S, true),
        (">=", NOW_S - 1, NOW_S, false),
        (">=", NOW_S, NOW_S - 1, false),
        (">", NOW_S + 1, NOW_S + 1, true),
        (">", NOW_S, NOW_S + 1, false),
        (">", NOW_S + 1, NOW_S, false),
        ("<", NOW_S - 1, NOW_S - 1, true),
        ("<", NOW_S, NOW_S - 1, false),
        ("<", NOW_S - 1, NOW_S, false),
        ("<=", NOW_S, NOW_S, true),
        ("<=", NOW_S, NOW_S + 1, false),
        ("=", NOW_S, NOW_S, true),
        ("=", NOW_S, NOW_S + 1, false),
        ("!=", NOW_S - 1, NOW_S + 1, true),
        ("!=", NOW_S, NOW_S + 1, false),
        ("!=", NOW_S + 1, NOW_S, false),
    ] {
        let (world, who) = at(block_s, own_s);
        let condition = basic(
            "timestamp",
            "eth_getBlockByNumber",
            &["latest", "false"],
            (comparator, &NOW_S.to_string()),
        );
        let expected = if opens { None } else { DENIED };
        assert_eq!(code(&world, &condition, &who), expected, "{comparator} {block_s} {own_s}");
    }
}

#[test]
fn balances_and_owners_are_read() {
    let own = CALLER.to_string();
    let world = World::default().both(|head| {
        head.balances.insert(CALLER, 1_000);
        let mut answer = |signature: &str, words: &[[u8; 32]], answer: &[[u8; 32]]| {
            head.answers.insert((TOKEN, data(signature, words)), answer.as_flattened().to_vec());
        };
        let (owner, other) = (address_word(CALLER), address_word(OTHER));
        answer("balanceOf(address)", &[owner], &[word(3)]);
        answer("ownerOf(uint256)", &[word(258)], &[owner]);
        answer("balanceOf(address,uint256)", &[owner, word(5)], &[word(1)]);
        let batch = [word(64), word(160), word(2), owner, other, word(2), word(5), word(6)];
        answer("balanceOfBatch(address[],uint256[])", &batch, &[word(32), word(2), word(0), word(4)]);
    });
    let lists = format!("{own}, {OTHER}");
    for (standard, method, parameters, test, expected) in [
        ("", "eth_getBalance", vec![":userAddress", "latest"], (">=", "1000"), None),
        ("", "eth_getBalance", vec![own.as_str()], (">", "1000"), DENIED),
        (
            "",
            "eth_getBalance",
            vec!["0x2222222222222222222222222222222222222222", "latest"],
            ("=", "0"),
            None,
        ),
        ("ERC20", "balanceOf", vec![":userAddress"], (">", "2"), None),
        ("ERC721", "balanceOf", vec![":userAddress"], (">", "20"), DENIED),
        ("ERC721", "ownerOf", vec!["258"], ("=", ":userAddress"), None),
        ("ERC721", "ownerOf", vec!["258"], ("!=", ":userAddress"), DENIED),
        ("ERC1155", "balanceOf", vec![":userAddress", "5"], (">", "0"), None),
        ("ERC1155", "balanceOfBatch", vec![lists.as_str(), "5,6"], (">", "3"), None),
        ("ERC1155", "balanceOfBatch", vec![lists.as_str(), "5,6"], (">", "4"), DENIED),
    ] {
        assert_eq!(
            code(&world, &basic(standard, method, &parameters, test), &caller()),
            expected,
            "{method} {test:?}"
        );
    }
}

fn contract(
    inputs: &[&str],
    parameters: &[&str],
    outputs: &Value,
    (key, comparator, value): (&str, &str, &str),
) -> Value {
    let inputs: Vec<Value> = inputs.iter().map(|kind| json!({ "name": "", "type": kind })).collect();
    json!({
        "contractAddress": TOKEN.to_string(), "functionName": "f", "functionParams": parameters, "chain": "quorate",
        "functionAbi": { "name": "f", "inputs": inputs, "outputs": outputs, "stateMutability": "view" },
        "returnValueTest": { "key": key, "comparator": comparator, "value": value },
    })
}

#[test]
fn contracts_are_asked_by_their_abi() {
    let outputs = json!([
        { "name": "a", "type": "bool" }, { "name": "b", "type": "string" }, { "name": "c", "type": "address" },
        { "name": "d", "type": "uint8" }, { "name": "e", "type": "bytes" },
    ]);
    let mut text = [0; 32];
    text[..2].copy_from_slice("\u{e9}".as_bytes());
    let answer = [word(1), word(160), address_word(CALLER), word(7), word(160), word(2), text];
    let mut pattern = [0; 32];
    pattern[..2].copy_from_slice(&[0xbe, 0xef]);
    let negative = [0xff; 32];
    let words = [address_word(CALLER), pattern, negative, word(1)];
    let world = World::default().both(|head| {
        head.answers
            .insert((TOKEN, data("f(address,bytes2,int256,bool)", &words)), answer.as_flattened().to_vec());
    });
    let ask = |test| {
        contract(
            &["address", "bytes2", "int", "bool"],
            &[":userAddress", "0xbeef", "-1", "true"],
            &outputs,
            test,
        )
    };
    for (test, expected) in [
        (("", "=", "true"), None),
        (("a", "!=", "true"), DENIED),
        (("b", "=", "\u{e9}"), None),
        (("b", "<", "f"), DENIED),
        (("c", "=", ":userAddress"), None),
        (("d", ">=", "7"), None),
        (("d", ">", "7"), DENIED),
    ] {
        assert_eq!(code(&world, &ask(test), &caller()), expected, "{test:?}");
    }
    for (condition, place) in [
        (ask(("x", "=", "1")), "returnValueTest.key"),
        (contract(&["address"], &[], &outputs, ("a", "=", "true")), "functionParams"),
        (contract(&["uint8"], &["256"], &outputs, ("a", "=", "true")), "functionParams[0]"),
    ] {
        let error = crate::world::parse(&json!([condition])).check_supported().unwrap_err();
        assert_eq!(error.path, format!("[0].{place}"));
    }
    for condition in [ask(("e", "=", "1")), contract(&["uint8[]"], &["1"], &outputs, ("a", "=", "true"))] {
        let error = crate::world::parse(&json!([condition])).check_supported().unwrap_err();
        assert_eq!(error.code, quorate_wire::ErrorCode::PolicyUnsupported);
    }
}

#[test]
fn parameters_come_from_the_login() {
    let condition = basic("", "eth_getBalance", &[":litParam:account"], (">", ":litParam:least"));
    let world = World::default().both(|head| {
        head.balances.insert(CALLER, 11);
    });
    let run = |resources: &[&str]| {
        code(&world, &condition, &Reader { caller: Some(&session(CALLER, resources)), ..caller() })
    };
    // base64url of the address, of "10" and of "11".
    let account = "litParam:account:MHhhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFi";
    assert_eq!(run(&["a", "a:b", "::::", account, "litParam:least:MTA"]), None);
    assert_eq!(run(&[account, "litParam:least:MTE"]), DENIED);
    for wrong in [
        &[account][..],
        &[account, "litParam:least"],
        &[account, "litParam:least:?"],
        &[account, "litParam:least:YQ"],
        &["litParam:account:MTA", "litParam:least:MTA"],
    ] {
        assert_eq!(run(wrong), Some(PolicyParameter), "{wrong:?}");
    }
}

#[test]
fn grants_on_a_key_are_read() {
    let (own, other, token) = (cid("own"), cid("other"), key().token_id());
    let world = World::default().both(|head| {
        head.grants = vec![granted(Subject::Action(own), &[]), granted(Subject::Address(CALLER), &[])];
    });
    let token = token.to_string();
    let hex: String = own.multihash().iter().map(|byte| format!("{byte:02x}")).collect();
    let action =
        |parameter: &str, test| basic("PKPPermissions", "isPermittedAction", &[&token, parameter], test);
    let run = |action| Reader { action, ..caller() };
    for (condition, who, expected) in [
        (action(&hex, ("=", "true")), caller(), None),
        (action(&own.to_string(), ("=", "true")), caller(), None),
        (action(&other.to_string(), ("=", "true")), caller(), DENIED),
        (action(":currentActionIpfsId", ("=", "true")), run(Some(own)), None),
        (action(":currentActionIpfsId", ("=", "true")), run(Some(other)), DENIED),
        (action(":currentActionIpfsId", ("=", "false")), run(Some(other)), None),
        (action(":currentActionIpfsId", ("=", "false")), run(None), DENIED),
        (basic("PKPPermissions", "isPermittedAddress", &[&token], ("=", "true")), caller(), None),
        (
            basic("PKPPermissions", "isPermittedAddress", &[&token, ":userAddress"], ("=", "true")),
            Reader { caller: Some(&session(OTHER, &[])), ..caller() },
            DENIED,
        ),
    ] {
        assert_eq!(code(&world, &condition, &who), expected, "{condition}");
    }
}

#[test]
fn a_key_is_opened_by_its_grants_of_the_moment() {
    let own = cid("own");
    let policy = Policy::to_key(&key());
    let action = Subject::Action(own);
    let run = Reader { caller: None, action: Some(own), ..caller() };
    let mixed = Reader { single_node: true, ..run };
    let world = |owner, grants: &[(Subject, &[u32])]| {
        World::default().both(|head| {
            head.pkp = Some(pkp(owner));
            head.grants = grants.iter().map(|(subject, scopes)| granted(*subject, scopes)).collect();
        })
    };
    let opens = |world: &World, who: &Reader<'_>| may_open(&policy, world, who).is_ok();
    let with = |scopes: &[u32]| world(Some(OTHER), &[(action, scopes)]);
    for (scopes, plain, single) in [
        (&[SCOPE_DECRYPT][..], true, true),
        (&[SCOPE_SIGN_ANYTHING], true, true),
        (&[SCOPE_DECRYPT, SCOPE_NO_SINGLE_NODE], true, false),
        (&[SCOPE_PERSONAL_SIGN], false, false),
        (&[], false, false),
    ] {
        assert_eq!((opens(&with(scopes), &run), opens(&with(scopes), &mixed)), (plain, single), "{scopes:?}");
    }
    assert!(!opens(&with(&[SCOPE_DECRYPT]), &Reader { action: Some(cid("other")), ..run }));
    assert!(!opens(&World::default(), &run));
    // The owner, and granted addresses.
    assert!(opens(&world(Some(CALLER), &[]), &caller()));
    assert!(!opens(&world(Some(CALLER), &[]), &Reader { caller: None, ..caller() }));
    assert!(!opens(&world(Some(OTHER), &[]), &caller()));
    assert!(opens(&world(Some(OTHER), &[(Subject::Address(CALLER), &[SCOPE_DECRYPT])]), &caller()));
    // Revoked at the head: closed at once. Granted at the head only: not yet open.
    let (given, none) = (with(&[SCOPE_DECRYPT]), world(Some(OTHER), &[]));
    let revoked = World { latest: none.latest.clone(), ..given.clone() };
    let fresh = World { finalized: none.finalized, ..given };
    assert_eq!(may_open(&policy, &revoked, &run).unwrap_err().block.unwrap().number, 9);
    assert_eq!(may_open(&policy, &fresh, &run).unwrap_err().block.unwrap().number, 7);
    // Burnt: what was granted goes on, and nobody owns it.
    let burnt = world(None, &[(action, &[SCOPE_DECRYPT])]);
    assert!(opens(&burnt, &run) && !opens(&burnt, &caller()));
}
