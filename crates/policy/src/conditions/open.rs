//! Whether a policy lets someone open, by one node's reading.

use base64::Engine as _;
use quorate_auth::Session;
use quorate_wire::{ActionCid, Address, BlockRef, ErrorCode, Problem, PublicKey, TokenId};

use super::{
    Policy,
    abi::{self, Encoded},
    compare::{Found, decimal},
    facts::{ReadPolicyFacts, Unreadable},
    question::{Call, Question, Term, What, action_of, batch_parts},
    tree::{Condition, Group, Item, Operator},
};
use crate::{At, Grant, SCOPE_DECRYPT, SCOPE_NO_SINGLE_NODE, SCOPE_SIGN_ANYTHING, Subject, subjects};

/// How often a policy is read anew because the chain went on meanwhile.
const READINGS_MAX: usize = 3;

/// Who wants to open.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    /// The session of whoever asks; `None` where it does not name this policy.
    pub caller: Option<&'a Session>,
    /// The innermost running action; `None` outside of actions.
    pub action: Option<ActionCid>,
    /// This node's own clock, in milliseconds since the epoch.
    pub unix_ms: u64,
    /// Whether the run knows a value that was taken from one node.
    pub single_node: bool,
}

/// Why a node does not open.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {path}: {detail}")]
pub struct Denial {
    /// `policy_denied`, `policy_unreadable`, `policy_parameter`, or what [`Policy::check_supported`] finds.
    pub code: ErrorCode,
    /// The condition, such as `[2][0]`.
    pub path: String,
    /// The block at which was read.
    pub block: Option<BlockRef>,
    /// A sentence that tells no more than the policy and the public chain do.
    pub detail: String,
}

impl From<Denial> for Problem {
    /// Says which condition decided, and at which block it was read.
    fn from(denial: Denial) -> Self {
        let Denial { code, path, block, detail } = denial;
        let read = block.map(|block| format!(", read at block {}", block.number)).unwrap_or_default();
        Problem::new(code, format!("policy{path}: {detail}{read}"))
    }
}

/// Whether the policy is satisfied at the finalized block *and* at the latest one.
///
/// Rights so wait for finality, and what is taken away is gone at once. Time counts only where the block's time and this
/// node's own clock both pass the test.
///
/// # Errors
/// A [`Denial`] with the path of the condition that decided, and the block.
pub fn may_open(policy: &Policy, registry: &dyn ReadPolicyFacts, who: &Reader<'_>) -> Result<(), Denial> {
    policy.check_supported().map_err(|error| Denial {
        code: error.code,
        path: error.path,
        block: None,
        detail: error.detail,
    })?;
    for at in [At::Finalized, At::Latest] {
        open_at(policy, registry, who, at)?;
    }
    Ok(())
}

/// The whole tree at one block. Where the chain goes on meanwhile, it is read anew.
fn open_at(policy: &Policy, registry: &dyn ReadPolicyFacts, who: &Reader<'_>, at: At) -> Result<(), Denial> {
    let unreadable = |detail: &str| Denial {
        code: ErrorCode::PolicyUnreadable,
        path: String::new(),
        block: None,
        detail: detail.to_owned(),
    };
    let block =
        || registry.policy_block(at).map_err(|_| unreadable("this node has no such block of the chain"));
    for _ in 0..READINGS_MAX {
        let before = block()?;
        let outcome = Scene { registry, who, at, block: before }.group(&policy.root);
        if block()? == before {
            return match outcome {
                Outcome::Yes => Ok(()),
                Outcome::No(denial) | Outcome::Unknown(denial) => Err(*denial),
            };
        }
    }
    Err(unreadable("the chain went on at every reading"))
}

/// What is known of a condition or a group.
enum Outcome {
    Yes,
    No(Box<Denial>),
    Unknown(Box<Denial>),
}

impl Outcome {
    /// Three values: an unknown operand that the other one outweighs does not matter, any other makes all unknown.
    fn join(self, operator: Operator, right: Outcome) -> Outcome {
        match (operator, self, right) {
            (Operator::And, Outcome::No(why), _) | (Operator::And, _, Outcome::No(why)) => Outcome::No(why),
            (Operator::Or, Outcome::Yes, _) | (Operator::Or, _, Outcome::Yes) => Outcome::Yes,
            (_, Outcome::Unknown(why), _) | (_, _, Outcome::Unknown(why)) => Outcome::Unknown(why),
            (Operator::And, Outcome::Yes, Outcome::Yes) => Outcome::Yes,
            (Operator::Or, Outcome::No(why), Outcome::No(_)) => Outcome::No(why),
        }
    }
}

/// A leaf's trouble: no, or not known.
enum Trouble {
    No(&'static str),
    Unreadable(&'static str),
    Parameter(String),
}

impl From<Unreadable> for Trouble {
    fn from(unreadable: Unreadable) -> Self {
        Trouble::Unreadable(match unreadable {
            Unreadable::State => "this node could not read the chain's state",
            Unreadable::Reverted => "the contract reverted the call, or its gas did not suffice",
        })
    }
}

struct Scene<'a> {
    registry: &'a dyn ReadPolicyFacts,
    who: &'a Reader<'a>,
    at: At,
    block: BlockRef,
}

impl Scene<'_> {
    /// All operands, in order, left to right.
    fn group(&self, group: &Group) -> Outcome {
        let first = self.item(&group.first);
        group.rest.iter().fold(first, |left, (operator, item)| left.join(*operator, self.item(item)))
    }

    fn item(&self, item: &Item) -> Outcome {
        match item {
            Item::Group(group) => self.group(group),
            Item::Condition(condition) => self.condition(condition),
        }
    }

    fn condition(&self, condition: &Condition) -> Outcome {
        let denial = |code, detail: &str| {
            let (path, block) = (condition.path.clone(), Some(self.block));
            Box::new(Denial { code, path, block, detail: detail.to_owned() })
        };
        let question = match Question::of(condition) {
            Ok(question) => question,
            Err(error) => return Outcome::Unknown(denial(error.code, &error.detail)),
        };
        match self.answer(&question) {
            Ok(true) => Outcome::Yes,
            Ok(false) => Outcome::No(denial(ErrorCode::PolicyDenied, "the condition is not satisfied")),
            Err(Trouble::No(detail)) => Outcome::No(denial(ErrorCode::PolicyDenied, detail)),
            Err(Trouble::Unreadable(detail)) => Outcome::Unknown(denial(ErrorCode::PolicyUnreadable, detail)),
            Err(Trouble::Parameter(detail)) => Outcome::Unknown(denial(ErrorCode::PolicyParameter, &detail)),
        }
    }

    fn answer(&self, question: &Question) -> Result<bool, Trouble> {
        let value = self.resolve(&question.value)?;
        let holds = |found: &Found| {
            let answer = found.holds(question.comparator, &value);
            answer
                .ok_or_else(|| Trouble::Parameter("the value to compare with is of another type".to_owned()))
        };
        match &question.what {
            What::Term(Term::Caller) => holds(&Found::Address(self.caller()?)),
            What::Term(term) => holds(&Found::Text(self.resolve(term)?)),
            // What the login says counts where the session asks as that person, and nowhere else.
            What::Domain => {
                let domain = self.session()?.domain().ok_or(NO_WALLET)?;
                holds(&Found::Text(domain.to_owned()))
            }
            What::Resources => holds(&Found::Texts(self.session()?.resources.clone())),
            What::Time => {
                let block_s = self.registry.block_time_s(self.at)?;
                let own_s = self.who.unix_ms / 1_000;
                Ok(holds(&Found::Uint(number(block_s)))? && holds(&Found::Uint(number(own_s)))?)
            }
            What::Balance(account) => {
                let account = self.address(account)?;
                holds(&Found::Uint(self.registry.balance(&account, self.at)?))
            }
            What::Call(call) => holds(&self.call(call)?),
            What::Batch { to, owners, ids } => {
                let (owners, ids) = (self.resolve(owners)?, self.resolve(ids)?);
                let (owners, ids) = batch_parts(&owners, &ids)
                    .ok_or_else(|| Trouble::Parameter("a parameter is no list of this call".to_owned()))?;
                let selector = abi::selector_of("balanceOfBatch(address[],uint256[])");
                let data = abi::call_with_lists(selector, &owners, &ids);
                let answer = self.registry.call(to, &data, self.at)?;
                let found = abi::decode_list(&answer, ids.len()).ok_or(OTHER_FORM)?;
                found.into_iter().try_fold(false, |any, balance| Ok(holds(&Found::Uint(balance))? || any))
            }
            What::ActionPermitted { token, action } => {
                let action = match action {
                    Term::Action => self.who.action.ok_or(Trouble::No("no action is running"))?,
                    term @ (Term::Caller | Term::Parameter(_) | Term::Text(_)) => {
                        action_of(&self.resolve(term)?)
                            .ok_or_else(|| Trouble::Parameter("a parameter is no action".to_owned()))?
                    }
                };
                holds(&Found::Bool(self.grant(token, &Subject::Action(action))?.member))
            }
            What::CallerPermitted { token } => {
                let subject = Subject::Address(self.caller()?);
                holds(&Found::Bool(self.grant(token, &subject)?.member))
            }
            What::Decrypt(key) => self.decrypt(key),
        }
    }

    fn session(&self) -> Result<&Session, Trouble> {
        self.who.caller.ok_or(Trouble::No("no caller whose session names this policy"))
    }

    fn caller(&self) -> Result<Address, Trouble> {
        self.session()?.wallet().ok_or(NO_WALLET)
    }

    fn grant(&self, token: &TokenId, subject: &Subject) -> Result<Grant, Trouble> {
        Ok(self.registry.policy_grant(token, subject, self.at)?)
    }

    /// A term's text. Whoever is not there makes the condition false, whatever it tests.
    fn resolve(&self, term: &Term) -> Result<String, Trouble> {
        match term {
            Term::Text(text) => Ok(text.clone()),
            Term::Caller => Ok(self.caller()?.to_string()),
            Term::Action => match self.who.action {
                Some(action) => Ok(action.to_string()),
                None => Err(Trouble::No("no action is running")),
            },
            Term::Parameter(name) => parameter(&self.session()?.resources, name).ok_or_else(|| {
                let shown: String = name.chars().filter(|c| !c.is_control()).take(64).collect();
                Trouble::Parameter(format!("the login has no resource litParam:{shown}:<value>"))
            }),
        }
    }

    fn address(&self, term: &Term) -> Result<Address, Trouble> {
        let text = self.resolve(term)?;
        text.parse().map_err(|_| Trouble::Parameter("a parameter is no address".to_owned()))
    }

    fn call(&self, call: &Call) -> Result<Found, Trouble> {
        let argument = |(kind, term): &(abi::AbiType, Term)| -> Result<Encoded, Trouble> {
            let text = self.resolve(term)?;
            let other = || Trouble::Parameter(format!("a parameter is no {}", kind.name()));
            kind.encode(&text).ok_or_else(other)
        };
        let arguments = call.inputs.iter().map(argument).collect::<Result<_, _>>()?;
        let answer = self.registry.call(&call.to, &abi::call(call.selector, arguments), self.at)?;
        call.output.decode(&answer, call.place).ok_or(OTHER_FORM)
    }

    /// Whether a key's grants let the running action, or else the caller, open what is encrypted to the key.
    fn decrypt(&self, key: &PublicKey) -> Result<bool, Trouble> {
        let found = self.registry.policy_pkp(key, self.at)?;
        let Some(pkp) = found.filter(|pkp| pkp.token == key.token_id()) else {
            return Err(Trouble::No("no such key is registered"));
        };
        if let Some(action) = self.who.action {
            let grant = self.grant(&pkp.token, &Subject::Action(action))?;
            if opens(&grant) {
                return self.restricted(&grant);
            }
        }
        for subject in self.who.caller.map(subjects).unwrap_or_default() {
            let grant = self.grant(&pkp.token, &subject)?;
            let owns = matches!(subject, Subject::Address(address) if pkp.owner == Some(address));
            if owns || opens(&grant) {
                return self.restricted(&grant);
            }
        }
        Err(Trouble::No("the key is granted neither to the running action nor to the caller, to decrypt"))
    }

    fn restricted(&self, grant: &Grant) -> Result<bool, Trouble> {
        if self.who.single_node && grant.allows(SCOPE_NO_SINGLE_NODE) {
            return Err(Trouble::No("the grant bars runs that know a value of one node only"));
        }
        Ok(true)
    }
}

const NO_WALLET: Trouble = Trouble::No("the caller has not logged in with a wallet");
const OTHER_FORM: Trouble = Trouble::Unreadable("the contract answered in another form");

fn opens(grant: &Grant) -> bool {
    grant.allows(SCOPE_DECRYPT) || grant.allows(SCOPE_SIGN_ANYTHING)
}

fn number(value: u64) -> [u8; 32] {
    decimal(&value.to_string()).unwrap_or([0xff; 32])
}

/// The value of `litParam:NAME:VALUE` among the resources of a login. Other resources are skipped.
fn parameter(resources: &[String], name: &str) -> Option<String> {
    resources.iter().find_map(|resource| {
        let (found, value) = resource.strip_prefix("litParam:")?.rsplit_once(':')?;
        if found != name {
            return None;
        }
        let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(value).ok()?;
        String::from_utf8(bytes).ok()
    })
}
