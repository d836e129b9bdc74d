//! A chain that tests write, at both heads.

use std::{collections::BTreeMap, sync::LazyLock};

use quorate_auth::Session;
use quorate_policy::{
    At, Denial, Grant, Pkp, Policy, PolicyForm, ReadPolicyFacts, ReadRights, Reader, Subject, Unreadable,
    may_open,
};
use quorate_wire::{ActionCid, Address, BlockRef, Digest, ErrorCode, KeyId, PublicKey, SessionKey, TokenId};
use serde_json::{Value, json};

pub(crate) const CALLER: Address = Address([0xab; 20]);
pub(crate) const OTHER: Address = Address([0x22; 20]);
pub(crate) const TOKEN: Address = Address([0xcc; 20]);
/// 2027-01-01.
pub(crate) const NOW_S: u64 = 1_798_761_600;

/// The chain at one block.
#[derive(Clone, Default)]
pub(crate) struct Head {
    /// Nothing can be read.
    pub(crate) down: bool,
    pub(crate) time_s: u64,
    pub(crate) balances: BTreeMap<Address, u64>,
    /// What contracts answer; anything else reverts.
    pub(crate) answers: BTreeMap<(Address, Vec<u8>), Vec<u8>>,
    pub(crate) pkp: Option<Pkp>,
    pub(crate) grants: Vec<(TokenId, Subject, Grant)>,
}

#[derive(Clone)]
pub(crate) struct World {
    pub(crate) finalized: Head,
    pub(crate) latest: Head,
}

impl Default for World {
    fn default() -> Self {
        let head = Head { time_s: NOW_S, ..Head::default() };
        World { finalized: head.clone(), latest: head }
    }
}

impl World {
    fn at(&self, at: At) -> &Head {
        match at {
            At::Finalized => &self.finalized,
            At::Latest => &self.latest,
        }
    }

    fn readable(&self, at: At) -> Result<&Head, Unreadable> {
        let head = self.at(at);
        if head.down { Err(Unreadable::State) } else { Ok(head) }
    }

    /// Changes both heads.
    pub(crate) fn both(mut self, change: impl Fn(&mut Head)) -> Self {
        change(&mut self.finalized);
        change(&mut self.latest);
        self
    }
}

impl ReadRights for World {
    fn pkp(&self, key: &PublicKey, at: At) -> Option<Pkp> {
        self.at(at).pkp.filter(|pkp| pkp.token == key.token_id())
    }

    fn grant(&self, token: &TokenId, subject: &Subject, at: At) -> Grant {
        let found = self.at(at).grants.iter().find(|(of, to, _)| of == token && to == subject);
        found.map_or(Grant::default(), |(_, _, grant)| *grant)
    }
}

impl ReadPolicyFacts for World {
    fn policy_block(&self, at: At) -> Result<BlockRef, Unreadable> {
        self.readable(at)?;
        let number = if at == At::Latest { 9 } else { 7 };
        Ok(BlockRef { number, hash: Digest([0; 32]) })
    }

    fn block_time_s(&self, at: At) -> Result<u64, Unreadable> {
        Ok(self.readable(at)?.time_s)
    }

    fn balance(&self, account: &Address, at: At) -> Result<[u8; 32], Unreadable> {
        Ok(word(self.readable(at)?.balances.get(account).copied().unwrap_or_default()))
    }

    fn call(&self, to: &Address, data: &[u8], at: At) -> Result<Vec<u8>, Unreadable> {
        self.readable(at)?.answers.get(&(*to, data.to_vec())).cloned().ok_or(Unreadable::Reverted)
    }
}

pub(crate) fn word(number: u64) -> [u8; 32] {
    let mut word = [0; 32];
    word[24..].copy_from_slice(&number.to_be_bytes());
    word
}

pub(crate) fn address_word(address: Address) -> [u8; 32] {
    let mut word = [0; 32];
    word[12..].copy_from_slice(&address.0);
    word
}

/// Data of a call with arguments of one word each.
pub(crate) fn data(signature: &str, words: &[[u8; 32]]) -> Vec<u8> {
    let mut data = quorate_wire::keccak256(signature.as_bytes())[..4].to_vec();
    data.extend(words.as_flattened());
    data
}

pub(crate) fn cid(code: &str) -> ActionCid {
    ActionCid::of_code(code.as_bytes())
}

/// The generator of secp256k1, for a key.
pub(crate) fn key() -> PublicKey {
    "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798".parse().expect("a point")
}

pub(crate) fn pkp(owner: Option<Address>) -> Pkp {
    Pkp { token: key().token_id(), key_id: KeyId([0; 32]), owner }
}

pub(crate) fn granted(subject: Subject, scopes: &[u32]) -> (TokenId, Subject, Grant) {
    let bits = scopes.iter().fold(0, |bits, scope| bits | 1 << scope);
    (key().token_id(), subject, Grant { member: true, scopes: bits })
}

/// The caller, outside of actions.
pub(crate) fn caller() -> Reader<'static> {
    static SESSION: LazyLock<Session> = LazyLock::new(|| session(CALLER, &[]));
    Reader { caller: Some(&SESSION), action: None, unix_ms: NOW_S * 1_000, single_node: false }
}

/// A session of a wallet with these resources.
pub(crate) fn session(wallet: Address, resources: &[&str]) -> Session {
    let resources = resources.iter().map(|text| (*text).to_owned()).collect();
    Session { resources, ..Session::of_wallet(SessionKey([1; 32]), wallet, "app.example") }
}

/// One condition of the first kind.
pub(crate) fn basic(
    standard: &str,
    method: &str,
    parameters: &[&str],
    (comparator, value): (&str, &str),
) -> Value {
    json!({
        "contractAddress": if standard.starts_with("ERC") { TOKEN.to_string() } else { String::new() },
        "standardContractType": standard, "chain": "quorate", "method": method, "parameters": parameters,
        "returnValueTest": { "comparator": comparator, "value": value },
    })
}

/// A condition that is true, false or not to be read.
pub(crate) fn leaf(which: char) -> Value {
    match which {
        'T' => basic("timestamp", "eth_getBlockByNumber", &[], (">", "0")),
        'F' => basic("timestamp", "eth_getBlockByNumber", &[], ("<", "1")),
        _ => basic("ERC20", "balanceOf", &[":userAddress"], ("!=", "0")),
    }
}

pub(crate) fn parse(list: &Value) -> Policy {
    Policy::parse(&list.to_string(), PolicyForm::Unified).expect("a policy")
}

/// Whether one condition or a list lets someone open.
pub(crate) fn open(world: &World, policy: &Value, who: &Reader<'_>) -> Result<(), Denial> {
    let list = if policy.is_array() { policy.clone() } else { json!([policy]) };
    may_open(&parse(&list), world, who)
}

pub(crate) fn code(world: &World, policy: &Value, who: &Reader<'_>) -> Option<ErrorCode> {
    open(world, policy, who).err().map(|denial| denial.code)
}
