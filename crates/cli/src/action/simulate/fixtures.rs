//! The fixtures file: everything that an action meets outside of itself, written down.
//!
//! `docs/actions-testing.md` describes each member; a member that is not known is refused.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use quorate_registry::alloy_primitives::U256;
use quorate_wire::LimitsRequest;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::{logins::FixtureLogin, world::bytes_of};

/// Largest fixtures file, in bytes.
const FILE_BYTES_MAX: u64 = 32 << 20;
/// How a request can fail.
const FETCH_ERRORS: [&str; 3] = ["fetch_refused", "fetch_failed", "fetch_redirected"];
/// When a simulated execution takes place unless its fixtures say otherwise: 2026-01-01, in milliseconds.
pub(crate) const TIME_MS: u64 = 1_767_225_600_000;

/// A fixtures file.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Fixtures {
    /// When the execution takes place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) time: Option<Time>,
    /// The network's login domains, by which nodes know logins; a development network's if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) login_domains: Option<Vec<String>>,
    /// Any text; random values and `Math.random` come of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) seed: Option<String>,
    /// Who asks.
    #[serde(skip_serializing_if = "Caller::is_empty")]
    pub(super) auth: Caller,
    /// The keys that exist, by a name of the file's own.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) pkps: BTreeMap<String, Pkp>,
    /// Other actions: those that are called, and those that grants name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) actions: BTreeMap<String, OtherAction>,
    /// What other servers answer, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) fetch: Vec<Fetch>,
    /// What the chains that the operator configured hold.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) chains: BTreeMap<String, Chain>,
    /// The committee.
    #[serde(skip_serializing_if = "Nodes::is_default")]
    pub(super) nodes: Nodes,
    /// For each name of `broadcastAndCollect`, the values of the other nodes.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) collect: BTreeMap<String, Vec<String>>,
    /// For each name of `runOnce` that another node leads, what that node found.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) run_once: BTreeMap<String, Led>,
    /// What ciphertexts open to: by `dataToEncryptHash`, or by a container's 32 random bytes, in hexadecimal digits without
    /// `0x`. A value that begins with `base64:` is of bytes.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) plaintexts: BTreeMap<String, String>,
    /// Limits that are lower than the network's.
    #[serde(skip_serializing_if = "is_unlimited")]
    pub(super) limits: LimitsRequest,
}

/// A moment: milliseconds since 1970, or `2026-01-31T12:00:00Z`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Time {
    Ms(u64),
    Text(String),
}

/// Who asks for the execution, as `Lit.Auth` shows it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Caller {
    /// The wallet that signed the session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) address: Option<String>,
    /// How the caller has logged in beside the wallet. `authMethodContexts` then has what a node would make of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) logins: Vec<FixtureLogin>,
    /// `authMethodContexts`, where no `logins` are.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) contexts: Vec<Value>,
    /// `resources`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) resources: Vec<String>,
    /// `customAuthResource`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) custom_auth_resource: String,
    /// Names of the keys that the session allows this very action to use.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) keys: Vec<String>,
}

impl Caller {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A key of the network.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Pkp {
    /// The real key's public key. Without it the simulation makes a key of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) public_key: Option<String>,
    /// Who holds the token; none where it is burnt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) owner: Option<String>,
    /// What may use it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) grants: Vec<Grant>,
}

/// The right of one subject: exactly one of `action`, `address` and `auth_method` is there.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Grant {
    /// `self`, a name in `actions`, or a CID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) action: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) address: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) auth_method: Option<AuthMethod>,
    /// `sign-anything`, `personal-sign`, `sign-logins`, `decrypt`, `no-single-node`; empty: the subject may authenticate and no more.
    #[serde(default)]
    pub(super) scopes: Vec<Scope>,
}

/// A way to log in.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AuthMethod {
    /// Its number.
    #[serde(rename = "type")]
    pub(super) kind: MethodType,
    /// The user's id on chain, in hexadecimal digits.
    pub(super) id: String,
    /// `user_pubkey`, in hexadecimal digits.
    #[serde(default)]
    pub(super) user_pubkey: String,
}

/// The type of an auth method: a number, or text of one in decimal or hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "NumberOrText", into = "NumberOrText")]
pub(super) struct MethodType(pub(super) U256);

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum NumberOrText {
    Number(u64),
    Text(String),
}

impl TryFrom<NumberOrText> for MethodType {
    type Error = String;

    fn try_from(given: NumberOrText) -> Result<Self, String> {
        match given {
            NumberOrText::Number(number) => Ok(Self(U256::from(number))),
            NumberOrText::Text(text) => {
                let number = match text.strip_prefix("0x") {
                    Some(digits) => U256::from_str_radix(digits, 16),
                    None => U256::from_str_radix(&text, 10),
                };
                let number = number.ok().filter(|_| !text.is_empty() && text != "0x");
                number.map(Self).ok_or_else(|| format!("type: {text:?} is no number of 256 bits"))
            }
        }
    }
}

impl From<MethodType> for NumberOrText {
    fn from(MethodType(number): MethodType) -> Self {
        u64::try_from(number).map_or_else(|_| Self::Text(format!("{number:#x}")), Self::Number)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Scope {
    SignAnything,
    PersonalSign,
    /// Not for a run that may know what one node alone has said.
    NoSingleNode,
    SignLogins,
    Decrypt,
}

impl Grant {
    /// The key that was recorded with it.
    pub(super) fn user_pubkey(&self) -> Option<Vec<u8>> {
        bytes_of(&self.auth_method.as_ref()?.user_pubkey)
    }
}

impl Scope {
    pub(super) const fn number(self) -> usize {
        match self {
            Self::SignAnything => 1,
            Self::PersonalSign => 2,
            Self::NoSingleNode => 3,
            Self::SignLogins => 4,
            Self::Decrypt => 5,
        }
    }
}

/// Another action: a file beside the fixtures, or a CID alone where it only has to have a name.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OtherAction {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) file: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) cid: Option<String>,
    /// Nobody has its code: a call of it fails as it does on the network.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) missing: bool,
}

/// A request and its answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fetch {
    #[serde(default = "get", skip_serializing_if = "is_get")]
    pub(super) method: String,
    pub(super) url: String,
    /// Matches only requests with this body: text as it is, or JSON by value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) body: Option<Value>,
    /// Matches only requests with these headers among theirs.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) headers: BTreeMap<String, String>,
    pub(super) reply: Reply,
    /// Answers any number of requests; otherwise one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) repeat: bool,
}

fn is_unlimited(limits: &LimitsRequest) -> bool {
    *limits == LimitsRequest::default()
}

fn get() -> String {
    "GET".to_owned()
}

fn is_get(method: &String) -> bool {
    method == "GET"
}

/// An answer: exactly one of `json`, `text`, `base64` and `error`, or none for an empty body.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Reply {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) status: Option<u16>,
    /// The address that answered in the end, if the request was redirected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) url: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) headers: BTreeMap<String, HeaderValues>,
    /// The body's JSON as it is written, but for white space between its parts.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub(super) json: Option<Box<RawValue>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) base64: Option<String>,
    /// One of [`FETCH_ERRORS`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<String>,
}

/// A member that is there, also where it is `null`.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Box::<RawValue>::deserialize(deserializer).map(Some)
}

/// What a header says: once, or several times.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum HeaderValues {
    One(String),
    Several(Vec<String>),
}

impl HeaderValues {
    pub(super) fn as_slice(&self) -> &[String] {
        match self {
            Self::One(value) => std::slice::from_ref(value),
            Self::Several(values) => values,
        }
    }
}

/// JSON text without white space between its parts; all else stays as it is, also what another writer would change:
/// the order of members, members that are there twice, digits, escapes.
pub(super) fn compact(json: &RawValue) -> String {
    let (mut in_text, mut escaped) = (false, false);
    let mut keep = |c: &char| {
        let white = !in_text && c.is_ascii_whitespace();
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = in_text,
            '"' => in_text = !in_text,
            _ => {}
        }
        !white
    };
    json.get().chars().filter(|c| keep(c)).collect()
}

/// One chain as a node of it answers.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Chain {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) chain_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) block_number: Option<u64>,
    /// What `getRpcUrl` gives out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) public_url: Option<String>,
    /// Next nonces by address.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) nonces: BTreeMap<String, u64>,
    /// Reads of contracts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) calls: Vec<ChainCall>,
    /// Where `--record` asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rpc: Option<String>,
}

/// A read of a contract: exactly one of `result` and `error`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChainCall {
    pub(super) to: String,
    #[serde(default = "no_bytes")]
    pub(super) data: String,
    /// Matches only calls in the name of this address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) from: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) result: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<String>,
}

fn no_bytes() -> String {
    "0x".to_owned()
}

/// How many nodes there are and which of them is simulated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Nodes {
    pub(super) count: u8,
    #[serde(rename = "self")]
    pub(super) own: u8,
}

impl Default for Nodes {
    fn default() -> Self {
        Self { count: 3, own: 1 }
    }
}

impl Nodes {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// What the leader of a `runOnce` found: exactly one of `value` and `error`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Led {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) value: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<String>,
}

impl Fixtures {
    /// Reads a file.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let shown = path.display();
        let length = std::fs::metadata(path).with_context(|| format!("reading {shown}"))?.len();
        if length > FILE_BYTES_MAX {
            bail!("{shown} is longer than {FILE_BYTES_MAX} bytes");
        }
        let text = std::fs::read_to_string(path).with_context(|| format!("reading {shown}"))?;
        let fixtures: Self = serde_json::from_str(&text).with_context(|| format!("{shown}"))?;
        fixtures.check().with_context(|| format!("{shown}"))?;
        Ok(fixtures)
    }

    /// Takes fixtures that a test wrote.
    pub(crate) fn from_json(text: &str) -> Result<Self> {
        let fixtures: Self = serde_json::from_str(text).context("the fixtures")?;
        fixtures.check().context("the fixtures")?;
        Ok(fixtures)
    }

    /// The execution's time in milliseconds.
    pub(super) fn time_ms(&self) -> Result<u64> {
        match &self.time {
            None => Ok(TIME_MS),
            Some(Time::Ms(ms)) => Ok(*ms),
            Some(Time::Text(text)) => {
                parse_time(text).with_context(|| format!("time: {text:?} is not like 2026-01-31T12:00:00Z"))
            }
        }
    }

    fn check(&self) -> Result<()> {
        self.time_ms()?;
        if !(1..=32).contains(&self.nodes.count) || !(1..=self.nodes.count).contains(&self.nodes.own) {
            bail!("nodes: count is 1 to 32, self is one of them");
        }
        for (name, pkp) in &self.pkps {
            for grant in &pkp.grants {
                let subjects = [grant.action.is_some(), grant.address.is_some(), grant.auth_method.is_some()];
                exactly_one(&subjects, || {
                    format!("pkps.{name}.grants: one of `action`, `address`, `auth_method`")
                })?;
            }
        }
        for (name, action) in &self.actions {
            if name == "self" {
                bail!("actions: the name `self` is the running action's");
            }
            exactly_one(&[action.file.is_some(), action.cid.is_some()], || {
                format!("actions.{name}: one of `file`, `cid`")
            })?;
            if action.missing && action.file.is_some() {
                bail!("actions.{name}: with `file` its code is not missing");
            }
        }
        for fetch in &self.fetch {
            let reply = &fetch.reply;
            let bodies =
                [reply.json.is_some(), reply.text.is_some(), reply.base64.is_some(), reply.error.is_some()];
            if bodies.iter().filter(|there| **there).count() > 1 {
                bail!("fetch {}: one of `json`, `text`, `base64`, `error`", fetch.url);
            }
            if reply.base64.as_ref().is_some_and(|text| STANDARD.decode(text).is_err()) {
                bail!("fetch {}: `base64` is not base64", fetch.url);
            }
            if reply.error.as_deref().is_some_and(|code| !FETCH_ERRORS.contains(&code)) {
                bail!("fetch {}: error is one of `{}`", fetch.url, FETCH_ERRORS.join("`, `"));
            }
        }
        for (name, chain) in &self.chains {
            for call in &chain.calls {
                exactly_one(&[call.result.is_some(), call.error.is_some()], || {
                    format!("chains.{name}.calls: one of `result`, `error`")
                })?;
            }
        }
        for (name, led) in &self.run_once {
            exactly_one(&[led.value.is_some(), led.error.is_some()], || {
                format!("run_once.{name}: one of `value`, `error`")
            })?;
        }
        for name in &self.auth.keys {
            if !self.pkps.contains_key(name) {
                bail!("auth.keys: there is no `pkps.{name}`");
            }
        }
        Ok(())
    }
}

fn exactly_one(there: &[bool], what: impl FnOnce() -> String) -> Result<()> {
    if there.iter().filter(|there| **there).count() == 1 { Ok(()) } else { bail!("exactly {}", what()) }
}

/// `2026-01-31T12:00:00Z`, with or without milliseconds, as milliseconds since 1970.
fn parse_time(text: &str) -> Option<u64> {
    let (date, clock) = text.strip_suffix('Z')?.split_once('T')?;
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let numbers = |text: &str, by: char| -> Option<Vec<i64>> {
        text.split(by)
            .map(|part| {
                (!part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
                    .then(|| part.parse().ok())
                    .flatten()
            })
            .collect()
    };
    let [year, month, day] = numbers(date, '-')?.try_into().ok()?;
    let [hour, minute, second] = numbers(clock, ':')?.try_into().ok()?;
    let [ms] = numbers(&format!("{fraction:0<3}"), '.')?.try_into().ok()?;
    let valid = (1970..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60
        && fraction.len() <= 3;
    // Days since 1970 by the usual arithmetic on years that begin in March.
    let (y, m) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719_468;
    let total = (((days * 24 + hour) * 60 + minute) * 60 + second) * 1000 + ms;
    u64::try_from(total).ok().filter(|_| valid)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixtures(text: &str) -> Result<Fixtures> {
        Fixtures::from_json(text)
    }

    #[test]
    fn refuses_members_that_it_does_not_know() {
        for text in [
            r#"{"tme": 1}"#,
            r#"{"auth": {"adress": "0x"}}"#,
            r#"{"pkps": {"a": {"grant": []}}}"#,
            r#"{"fetch": [{"url": "https://a.test", "reply": {}, "replies": {}}]}"#,
            r#"{"chains": {"ethereum": {"block": 1}}}"#,
        ] {
            let error = format!("{:#}", fixtures(text).unwrap_err());
            assert!(error.contains("unknown field"), "{text}: {error}");
        }
    }

    #[test]
    fn refuses_fixtures_that_say_two_things() {
        for text in [
            r#"{"pkps": {"a": {"grants": [{"action": "self", "address": "0x00"}]}}}"#,
            r#"{"fetch": [{"url": "https://a.test", "reply": {"text": "", "json": null}}]}"#,
            r#"{"fetch": [{"url": "https://a.test", "reply": {"error": "other"}}]}"#,
            r#"{"fetch": [{"url": "https://a.test", "reply": {"base64": "?"}}]}"#,
            r#"{"pkps": {"a": {"grants": [{"auth_method": {"type": "0x", "id": "0x"}}]}}}"#,
            r#"{"pkps": {"a": {"grants": [{"auth_method": {"type": "six", "id": "0x"}}]}}}"#,
            r#"{"chains": {"ethereum": {"calls": [{"to": "0x00"}]}}}"#,
            r#"{"run_once": {"a": {}}}"#,
            r#"{"nodes": {"count": 3, "self": 4}}"#,
            r#"{"auth": {"keys": ["nobody"]}}"#,
            r#"{"actions": {"self": {"file": "a.js"}}}"#,
            r#"{"time": "tomorrow"}"#,
        ] {
            assert!(fixtures(text).is_err(), "{text}");
        }
    }

    #[test]
    fn types_of_auth_methods_have_256_bits() {
        let kind = |json: &str| serde_json::from_str::<MethodType>(json);
        let largest = format!("\"{:#x}\"", U256::MAX);
        for (json, written) in [("6", "6"), ("\"6\"", "6"), ("\"0x15f85\"", "89989"), (&largest, &largest)] {
            assert_eq!(serde_json::to_string(&kind(json).unwrap()).unwrap(), written);
        }
        assert!(kind(&format!("\"{:#x}0\"", U256::MAX)).is_err());
    }

    #[test]
    fn reads_times_as_a_clock_does() {
        assert_eq!(parse_time("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(parse_time("2026-01-01T00:00:00Z"), Some(TIME_MS));
        assert_eq!(parse_time("2024-02-29T23:59:59.5Z"), Some(1_709_251_199_500));
        for bad in ["2026-01-01", "2026-13-01T00:00:00Z", "2026-01-01T24:00:00Z", "-1-1-1T0:0:0Z"] {
            assert_eq!(parse_time(bad), None, "{bad}");
        }
    }
}
