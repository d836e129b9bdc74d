//! Logic, and what must not become a permission.

use std::cell::Cell;

use quorate_policy::{
    At, Grant, Pkp, Policy, ReadPolicyFacts, ReadRights, Reader, Subject, Unreadable, may_open,
};
use quorate_wire::{
    Address, BlockRef, Digest,
    ErrorCode::{self, PolicyDenied, PolicyUnreadable},
    PublicKey, TokenId,
};
use serde_json::{Value, json};

use crate::world::{TOKEN, World, basic, caller, code, data, leaf, open};

/// `T`, `F`, `U` (cannot be read), `&`, `|` and brackets as a list.
fn list(text: &mut std::str::Chars<'_>) -> Value {
    let mut items = Vec::new();
    while let Some(next) = text.next() {
        match next {
            '&' => items.push(json!({ "operator": "and" })),
            '|' => items.push(json!({ "operator": "or" })),
            '(' => items.push(list(text)),
            ')' => break,
            which => items.push(leaf(which)),
        }
    }
    Value::Array(items)
}

#[test]
fn a_tree_is_judged_left_to_right_groups_first() {
    let (yes, no, unknown) = (None, Some(PolicyDenied), Some(PolicyUnreadable));
    let cases: [(&str, Option<ErrorCode>, &str); 30] = [
        ("T", yes, ""),
        ("F", no, "[0]"),
        ("U", unknown, "[0]"),
        ("T&T", yes, ""),
        ("T&F", no, "[2]"),
        ("F&T", no, "[0]"),
        ("F&F", no, "[0]"),
        ("T|T", yes, ""),
        ("T|F", yes, ""),
        ("F|T", yes, ""),
        ("F|F", no, "[0]"),
        // What cannot be read matters only where it could change the outcome.
        ("U&T", unknown, "[0]"),
        ("T&U", unknown, "[2]"),
        ("U&F", no, "[2]"),
        ("F&U", no, "[0]"),
        ("U|T", yes, ""),
        ("T|U", yes, ""),
        ("U|F", unknown, "[0]"),
        ("F|U", unknown, "[2]"),
        // No precedence: (T|T)&F, (F&F)|T, (F|T)&F.
        ("T|T&F", no, "[4]"),
        ("F&F|T", yes, ""),
        ("F|T&F", no, "[4]"),
        ("T|(T&F)", yes, ""),
        ("F&(F|T)", no, "[0]"),
        ("(F|T)&(F|F)", no, "[2][0]"),
        ("(U|F)&F", no, "[2]"),
        ("(U|F)|T", yes, ""),
        ("T&(F|(U&T))", unknown, "[2][2][0]"),
        ("U|F&T", unknown, "[0]"),
        ("((T))", yes, ""),
    ];
    for (text, expected, path) in cases {
        let policy = list(&mut text.chars());
        let found = open(&World::default(), &policy, &caller()).err();
        assert_eq!(found.as_ref().map(|denial| denial.code), expected, "{text}");
        assert_eq!(found.map_or(String::new(), |denial| denial.path), path, "{text}");
    }
}

#[test]
fn both_heads_must_allow() {
    let condition = basic("", "eth_getBalance", &[":userAddress"], (">", "0"));
    let rich = World::default().both(|head| {
        head.balances.insert(crate::world::CALLER, 1);
    });
    let poor = World::default();
    for (finalized, latest, expected) in
        [(&rich, &rich, None), (&rich, &poor, Some(9)), (&poor, &rich, Some(7)), (&poor, &poor, Some(7))]
    {
        let world = World { finalized: finalized.finalized.clone(), latest: latest.latest.clone() };
        let found = open(&world, &condition, &caller()).err();
        assert_eq!(found.map(|denial| denial.block.unwrap().number), expected);
    }
}

#[test]
fn an_outage_is_no_permission() {
    let mut down = World::default();
    down.latest.down = true;
    let token = "1";
    for condition in [
        basic("", "eth_getBalance", &[":userAddress"], ("!=", "1")),
        basic("ERC721", "ownerOf", &["1"], ("!=", ":userAddress")),
        basic("timestamp", "eth_getBlockByNumber", &[], ("!=", "1")),
        basic("PKPPermissions", "isPermittedAction", &[token, ":currentActionIpfsId"], ("!=", "true")),
        basic("PKPPermissions", "isPermittedAddress", &[token], ("=", "false")),
    ] {
        let who = Reader { action: Some(crate::world::cid("x")), ..caller() };
        assert_eq!(code(&down, &condition, &who), Some(PolicyUnreadable), "{condition}");
    }
    // A contract that reverts, answers nothing (no code there), too little, or another form.
    let asked = data("balanceOf(address)", &[crate::world::address_word(crate::world::CALLER)]);
    let condition = leaf('U');
    assert_eq!(code(&World::default(), &condition, &caller()), Some(PolicyUnreadable));
    for answer in [vec![], vec![0; 31]] {
        let world = World::default().both(|head| {
            head.answers.insert((TOKEN, asked.clone()), answer.clone());
        });
        assert_eq!(code(&world, &condition, &caller()), Some(PolicyUnreadable));
    }
}

#[test]
fn who_is_not_there_satisfies_no_test() {
    let nobody = Reader { caller: None, ..caller() };
    let other = "0x2222222222222222222222222222222222222222";
    for condition in [
        basic("", "", &[":userAddress"], ("!=", other)),
        basic("", "", &[":currentActionIpfsId"], ("=", "")),
        basic("", "", &[":currentActionIpfsId"], ("!=", &crate::world::cid("x").to_string())),
        basic("", "eth_getBalance", &[":userAddress"], ("=", "0")),
        basic("ERC721", "ownerOf", &["1"], ("!=", ":userAddress")),
        basic("PKPPermissions", "isPermittedAddress", &["1"], ("=", "false")),
    ] {
        assert_eq!(code(&World::default(), &condition, &nobody), Some(PolicyDenied), "{condition}");
    }
}

#[test]
fn only_a_whole_parameter_is_replaced() {
    let own = crate::world::CALLER.to_string();
    for parameter in
        ["x:userAddress", ":userAddress ", ":useraddress", "::userAddress", ":userAddress:userAddress"]
    {
        // Compared as text, and equal to itself alone.
        assert_eq!(
            code(&World::default(), &basic("", "", &[parameter], ("=", &own)), &caller()),
            Some(PolicyDenied)
        );
        assert_eq!(code(&World::default(), &basic("", "", &[parameter], ("=", parameter)), &caller()), None);
    }
    let both = basic("ERC1155", "balanceOfBatch", &[":userAddress,:userAddress", "1,2"], (">", "0"));
    assert_eq!(code(&World::default(), &both, &caller()), Some(ErrorCode::PolicyInvalid));
}

#[test]
fn what_is_not_evaluated_lets_nobody_open() {
    let foreign =
        json!({ "path": "x", "chain": "cosmos", "returnValueTest": { "comparator": "=", "value": "" } });
    let policy = json!([leaf('T'), { "operator": "or" }, foreign]);
    let denial = open(&World::default(), &policy, &caller()).unwrap_err();
    assert_eq!((denial.code, denial.path.as_str()), (ErrorCode::PolicyUnsupported, "[2]"));
    assert_eq!(
        Policy::parse(&policy.to_string(), quorate_policy::PolicyForm::Unified).unwrap().words()[1],
        "or"
    );
}

/// A chain that goes on while it is read: `moves` times, then it stands.
struct Moving {
    world: World,
    moves: Cell<u64>,
}

impl ReadRights for Moving {
    fn pkp(&self, key: &PublicKey, at: At) -> Option<Pkp> {
        self.world.pkp(key, at)
    }

    fn grant(&self, token: &TokenId, subject: &Subject, at: At) -> Grant {
        self.world.grant(token, subject, at)
    }
}

impl ReadPolicyFacts for Moving {
    fn policy_block(&self, _: At) -> Result<BlockRef, Unreadable> {
        let left = self.moves.get();
        self.moves.set(left.saturating_sub(1));
        Ok(BlockRef { number: 100 - left, hash: Digest([0; 32]) })
    }

    fn block_time_s(&self, at: At) -> Result<u64, Unreadable> {
        self.world.block_time_s(at)
    }

    fn balance(&self, account: &Address, at: At) -> Result<[u8; 32], Unreadable> {
        self.world.balance(account, at)
    }

    fn call(&self, to: &Address, data: &[u8], at: At) -> Result<Vec<u8>, Unreadable> {
        self.world.call(to, data, at)
    }
}

#[test]
fn two_conditions_are_read_at_one_block() {
    let policy = crate::world::parse(&json!([leaf('T'), { "operator": "and" }, leaf('T')]));
    for (moves, expected) in
        [(0, None), (1, None), (4, None), (6, Some(PolicyUnreadable)), (50, Some(PolicyUnreadable))]
    {
        let chain = Moving { world: World::default(), moves: Cell::new(moves) };
        let found = may_open(&policy, &chain, &caller()).err();
        assert_eq!(found.map(|denial| denial.code), expected, "{moves}");
    }
}
