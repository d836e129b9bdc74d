//! Who may open what is encrypted: policies, which are trees of conditions.
//!
//! The text is the one of Lit's SDKs, and [`Policy::hash`] is the hash that these compute. Every kind is read and hashed;
//! what this network evaluates is in `docs/policies.md`.

mod abi;
mod compare;
mod facts;
mod json;
mod open;
mod question;
mod tree;
mod words;

use quorate_wire::{
    ActionCid, Address, Digest, ErrorCode, PolicyForm, Problem, PublicKey, limits::POLICY_BYTES_MAX,
};
use sha2::{Digest as _, Sha256};

pub use facts::{POLICY_CALL_GAS_MAX, ReadPolicyFacts, Unreadable};
pub use open::{Denial, Reader, may_open};

use json::Json;
use question::Question;
use tree::{Group, Item};

/// Most conditions of a policy.
pub const CONDITIONS_MAX: usize = 30;
/// Deepest nesting of groups, the outermost list included.
pub const DEPTH_MAX: usize = 16;
/// Most calls of contracts by one policy.
pub const POLICY_CALLS_MAX: usize = 8;

/// Why a text is no policy, or none that is evaluated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {path}: {detail}")]
pub struct PolicyError {
    /// `policy_invalid`, `policy_comparator`, `policy_too_large` or `policy_unsupported`.
    pub code: ErrorCode,
    /// The place, such as `[2][0].returnValueTest.value`; empty for the whole.
    pub path: String,
    /// What is wrong there.
    pub detail: String,
}

impl PolicyError {
    fn new(code: ErrorCode, path: impl Into<String>, detail: impl Into<String>) -> Self {
        PolicyError { code, path: path.into(), detail: detail.into() }
    }

    fn invalid(path: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(ErrorCode::PolicyInvalid, path, detail)
    }

    fn comparator(path: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(ErrorCode::PolicyComparator, path, detail)
    }

    fn too_large(path: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(ErrorCode::PolicyTooLarge, path, detail)
    }

    fn unsupported(path: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(ErrorCode::PolicyUnsupported, path, detail)
    }
}

impl From<PolicyError> for Problem {
    fn from(error: PolicyError) -> Self {
        Problem::new(error.code, format!("policy{}: {}", error.path, error.detail))
    }
}

/// A policy: conditions in groups, joined left to right without precedence.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    form: PolicyForm,
    root: Group,
    canonical: String,
}

impl Policy {
    /// Reads a policy.
    ///
    /// # Errors
    /// [`PolicyError`] with the path.
    pub fn parse(text: &str, form: PolicyForm) -> Result<Self, PolicyError> {
        if text.len() > POLICY_BYTES_MAX {
            return Err(PolicyError::too_large("", format!("a policy has at most {POLICY_BYTES_MAX} bytes")));
        }
        Self::read(&json::parse(text)?, form)
    }

    fn read(list: &Json, form: PolicyForm) -> Result<Self, PolicyError> {
        let (root, list) = tree::read(list, form)?;
        let mut canonical = String::new();
        list.write(&mut canonical);
        Ok(Policy { form, root, canonical })
    }

    /// A policy that one action alone satisfies.
    #[must_use]
    pub fn to_action(action: &ActionCid) -> Self {
        Self::of("", "", ":currentActionIpfsId", &action.to_string())
    }

    /// A policy that the holder of an address satisfies.
    #[must_use]
    pub fn to_address(holder: &Address) -> Self {
        Self::of("", "", ":userAddress", &holder.to_string())
    }

    /// A policy that whoever may decrypt with a PKP satisfies, at the moment of opening.
    #[must_use]
    pub fn to_key(key: &PublicKey) -> Self {
        Self::of("PKPPermissions", "decrypt", &key.to_string(), "true")
    }

    /// One condition of the first kind.
    fn of(standard: &str, method: &str, parameter: &str, value: &str) -> Self {
        let object = |members: &[(&str, Json)]| {
            Json::Object(members.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect())
        };
        let test = object(&[("comparator", Json::text("=")), ("value", Json::text(value))]);
        let condition = object(&[
            ("contractAddress", Json::text("")),
            ("chain", Json::text(question::CHAIN)),
            ("standardContractType", Json::text(standard)),
            ("method", Json::text(method)),
            ("parameters", Json::List(vec![Json::text(parameter)])),
            ("returnValueTest", test),
        ]);
        let list = Json::List(vec![condition]);
        Self::read(&list, PolicyForm::Unified).expect("one condition with all its members is a policy")
    }

    /// The form in which it was read.
    #[must_use]
    pub fn form(&self) -> PolicyForm {
        self.form
    }

    /// The text that is hashed: known members in their order, as `JSON.stringify` writes them.
    #[must_use]
    pub fn canonical(&self) -> &str {
        &self.canonical
    }

    /// SHA-256 of the canonical text.
    #[must_use]
    pub fn hash(&self) -> Digest {
        Digest(Sha256::digest(self.canonical.as_bytes()).into())
    }

    /// Whether this network evaluates the policy, with everything checked that needs no chain.
    ///
    /// # Errors
    /// [`PolicyError`] with the path of the first condition that is not evaluated or malformed.
    pub fn check_supported(&self) -> Result<(), PolicyError> {
        self.calls().map(|_| ())
    }

    /// How many contracts it calls, at each of the two heads.
    ///
    /// # Errors
    /// As [`Policy::check_supported`].
    pub fn calls(&self) -> Result<usize, PolicyError> {
        let mut calls = 0;
        check(&self.root, &mut calls)?;
        if calls > POLICY_CALLS_MAX {
            return Err(PolicyError::too_large(
                "",
                format!("a policy calls contracts at most {POLICY_CALLS_MAX} times"),
            ));
        }
        Ok(calls)
    }

    /// The policy in plain words: a line for each condition and operator, groups indented.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        words::of(&self.root)
    }
}

fn check(group: &Group, calls: &mut usize) -> Result<(), PolicyError> {
    for item in std::iter::once(&*group.first).chain(group.rest.iter().map(|(_, item)| item)) {
        match item {
            Item::Group(group) => check(group, calls)?,
            Item::Condition(condition) => *calls += Question::of(condition)?.calls(),
        }
    }
    Ok(())
}
